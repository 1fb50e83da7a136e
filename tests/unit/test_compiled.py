"""Kernels of strategies: those that are not what they should be, and what Python sees when one speaks."""

from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import numpy as np
import pytest
from compiled import CONFIG, PERP, Cross, Quoter, feed, run
from journals import journalled, kept
from numba import njit
from worlds import difference

from tickloom.errors import ConfigError
from tickloom.events import CancelOrder, Fill, PluginFault, Signal, SubmitOrder
from tickloom.interfaces import Strategy
from tickloom.testing import RowSource
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


@njit(emission.EMISSION_KERNEL)
def seventh(state: Any, newest: Any, rows: Any, i: int) -> float:
    """Speak at every seventh row."""
    state[0] += 1
    return state[0] if state[0] % 7 == 0 else np.nan


class Looks(Strategy):
    """Looks at the market at every seventh row, and by a timer."""

    seen: ClassVar[list[Any]] = []

    def on_start(self) -> None:
        self.ctx.timer(self.ctx.clock + 11_300_000, "look")

    def on_timer(self, timer: Any) -> None:
        """Look at rows of no signal, too."""
        self.look(timer.ts_init % 1_000_000_000 // 100_000)
        self.ctx.timer(timer.ts_init + 11_300_000, "look")

    def look(self, row: int) -> None:
        # Not always at everything: what is not asked for is not followed.
        asked: list[Any] = [self.ctx.quote(0)]
        if row % 2:
            asked.append(self.ctx.trade(0))
        if row % 5 == 0:
            asked += [side.tolist() for side in self.ctx.book(0, 4)]
        self.seen.append((row, asked))


class Looking(Looks):
    """Hears of the row from its kernel."""

    emission_kernel = staticmethod(seventh)

    def kernel_state(self) -> Any:
        return np.zeros(1)

    def on_signal(self, signal: Any) -> None:
        self.look(int(signal.value))


class LookingTwin(Looks):
    """Is woken by every row, and counts."""

    count = 0

    def on_trade(self, trade: Any) -> None:
        self.on_book(trade)

    def on_book(self, delta: Any) -> None:
        self.count += 1
        if self.count % 7 == 0:
            self.look(self.count)


@pytest.mark.parametrize("sizes", [[400], [1], [50, 3, 90]])
def test_a_strategy_whose_kernel_speaks_sees_the_market_of_that_row(sizes: list[int]) -> None:
    """The oracle is a strategy that every row wakes; the kernel has seen the whole chunk by then."""
    rows, found = feed(400, 5), []
    plan = [(sizes[n % len(sizes)], None) for n in range(400)]
    for strategy in (Looking, LookingTwin):
        Looks.seen.clear()
        run(strategy, rows, plan=plan)
        found.append(list(Looks.seen))
    assert len(found[0]) > 400 // 7
    assert found[0] == found[1]


def test_what_python_and_kernels_named_in_one_turn_is_journalled_in_its_order(tmp_path: Path) -> None:
    """Signals are named by Python, orders and news of them by kernels; the record puts them in order by itself."""
    text = CONFIG.format(latency='{ out = "1ms", back = "1ms" }', risk="", deposits='["1000000 USDT"]')
    source = partial(RowSource, [PERP], feed(3_000, 5), [(700, None)] * 5)
    record = journalled(tmp_path, text, {"feed": source, "strategy": Cross})
    encode = msgspec.msgpack.Encoder().encode
    in_order = sorted(record.entries)
    assert kept(tmp_path) == [encode((*entry[:4], type(entry.event).TYPE_ID, entry.event)) for entry in in_order]
    assert list(record.entries) == in_order
    assert {Signal, Fill} <= {type(entry.event) for entry in in_order}
