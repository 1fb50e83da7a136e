"""Kernels of strategies that are not what they should be: one line when the run is wired, a fault when it runs."""

from typing import Any

import numpy as np
import pytest
from compiled import Cross, Quoter, feed, run
from numba import njit
from worlds import difference

from tickloom.errors import ConfigError
from tickloom.events import CancelOrder, PluginFault, SubmitOrder
from tickloom_kernels.compiled import desk, emission

#: At which row (from 1 on) they do what they should not.
WRONG = 600


def plain(*_arguments: Any) -> float:
    return np.nan


@njit(desk.ORDER_KERNEL)
def places(state: Any, orders: Any, table: Any, exposure: Any, newest: Any, rows: Any, i: int) -> None:
    pass


@njit(emission.EMISSION_KERNEL)
def divides(state: Any, newest: Any, rows: Any, i: int) -> float:
    """Speak once, and divide by zero later."""
    state[0] += 1
    if state[0] == WRONG:
        return float(1 // (i - i))
    return 1.0 if state[0] == WRONG - 200 else np.nan


@njit(desk.ORDER_KERNEL)
def divides_too(state: Any, orders: Any, table: Any, exposure: Any, newest: Any, rows: Any, i: int) -> None:
    """Leave an order far from the market, and divide by zero later."""
    state[0] += 1
    if state[0] == WRONG - 200:
        desk.submit(orders, 0, 1, 10, 100_000, desk.GTC, 1)
    state[1] = 1 // (WRONG - np.int64(state[0]))


@njit(desk.ORDER_KERNEL)
def asks_for_nothing(state: Any, orders: Any, table: Any, exposure: Any, newest: Any, rows: Any, i: int) -> None:
    """Leave an order far from the market, and later one of no quantity."""
    state[0] += 1
    if state[0] in (WRONG - 200, WRONG):
        desk.submit(orders, 0, 1, 10 if state[0] < WRONG else 0, 100_000, desk.GTC, 1)


@pytest.mark.parametrize(
    ("kernel", "said"),
    [
        (plain, "the kernel of main is no function compiled by numba"),
        (places, "the kernel of main is compiled with"),
    ],
)
def test_a_kernel_that_cannot_be_called_is_named_with_what_would_help(kernel: Any, said: str) -> None:
    class Wrong(Cross):
        emission_kernel = staticmethod(kernel)

    with pytest.raises(ConfigError, match=said) as caught:
        run(Wrong, feed(100, 7))
    assert str(caught.value).endswith("compile it by @njit(emission.EMISSION_KERNEL, cache=True)")


@pytest.mark.parametrize(
    ("parent", "name", "kernel", "error"),
    [
        (Cross, "emission_kernel", divides, "ZeroDivisionError"),
        (Quoter, "order_kernel", divides_too, "ZeroDivisionError"),
        (Quoter, "order_kernel", asks_for_nothing, "a command for no instrument"),
    ],
)
def test_a_kernel_that_fails_stops_its_strategy_at_that_row_whatever_the_chunks(
    parent: Any, name: str, kernel: Any, error: str
) -> None:
    own = {name: staticmethod(kernel), "kernel_state": lambda _self: np.zeros(2)}
    strategy, rows = type("Failing", (parent,), own), feed(1_000, 7)
    tape, record = run(strategy, rows)
    assert record.status == "ended"
    events = [(entry.row, entry.event) for entry in record.entries]
    ((row, fault),) = [(row, event) for row, event in events if isinstance(event, PluginFault)]
    assert (row, fault.plugin) == (WRONG - 1, "main")
    assert error in fault.error
    assert [row for row, event in events if isinstance(event, SubmitOrder)] == [WRONG - 201]
    if name == "order_kernel":
        assert [row for row, event in events if isinstance(event, CancelOrder)] == [WRONG - 1]
    other, _ = run(strategy, rows, plan=[(size, None) for size in (1, 399, 7, 190, 3, 400)])
    assert difference(tape, other) == ""
