"""The conformance suite of features finds every planted fault, and passes a good one."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tickloom.errors import ConfigError
from tickloom.features import Feature, Int, Ladder, Window, feature
from tickloom.features.columns import book
from tickloom.testing import ConformanceError, check_feature
from tickloom_kernels.indicators.window import get, lag, load, put

#: Words of a row of the book: what a step function that looks ahead jumps over.
WIDTH = book(10).width


def breach(one: Feature, *more: Any) -> str:
    with pytest.raises(ConformanceError) as caught:
        check_feature(one, *more)
    return str(caught.value)


def mean(**declared: Any) -> Callable[[Callable[..., Any]], Feature]:
    """Declare a mean of the last n closes; each test below breaks one thing of it."""
    usual: dict[str, Any] = {
        "name": "mean",
        "inputs": lambda n: (Window("close", n),),
        "parameters": {"n": Int(4)},
        "lookback": lambda n: n - 1,
        "power": 1,
    }
    return feature(**(usual | declared))


def good(k: int, closes: Any, n: int) -> float:
    """Mean of the last n closes, summed anew for every row."""
    total = 0.0
    for j in range(n):
        total += lag(closes, j)
    return total / n


def test_a_good_feature_passes() -> None:
    check_feature(mean()(good))
    check_feature(mean()(good), "quote", n=7)


def test_an_input_that_no_stream_has_is_told() -> None:
    @feature(inputs=("tea_leaves",))
    def odd(k: int, leaves: float) -> float:
        return leaves

    with pytest.raises(ConfigError, match="feature 'odd' needs 'tea_leaves', which a view on 'book' does not have"):
        check_feature(odd)


def test_a_look_ahead_is_found() -> None:
    """The levels of the next update lie behind those of this one, for who does not keep to `level`."""

    @feature(inputs=(Ladder("bid_price"),), power=1)
    def cheat(k: int, bids: Any) -> float:
        return load(bids[0], WIDTH)

    assert "feature cheat: row 0 depends on rows behind it" in breach(cheat)


def test_a_number_that_is_not_there_when_it_was_promised_is_found() -> None:
    @mean(lookback=1)
    def early(k: int, closes: Any, n: int) -> float:
        return lag(closes, 0) if k >= n - 1 else np.nan

    assert "feature mean_4: row 1: is nan, warm since row 1" in breach(early)


def test_a_division_by_a_range_of_zero_is_found() -> None:
    @feature(inputs=("high", "low"))
    def per_range(k: int, high: float, low: float) -> float:
        return 1.0 / (high - low)

    assert "is inf, warm since row 0" in breach(per_range)


def test_memory_beside_the_own_state_is_found() -> None:
    """A draw of numba's generator: it goes on where the last run left it."""

    @feature(inputs=("close",), power=1)
    def dice(k: int, close: float) -> float:
        return close * np.random.random()

    assert "the rule: any split of the rows gives the same bits" in breach(dice)


def test_another_power_of_the_price_than_declared_is_found() -> None:
    assert "prices times 4" in breach(mean(power=2)(good))


def test_a_running_sum_that_keeps_an_outlier_is_found() -> None:
    @mean(state=1)
    def naive(k: int, state: tuple[float], closes: Any, n: int) -> Any:
        total = state[0] + lag(closes, 0)
        if k >= n:
            total -= lag(closes, n)
        return (total,), total / n

    assert "after an outlier has left" in breach(naive)


def test_a_recurrence_that_remembers_for_longer_than_it_says_is_found() -> None:
    @feature(inputs=("close",), state=1, power=1, converge=3, stability="converging")
    def slow(k: int, state: tuple[float], close: float) -> Any:
        value = close if k == 0 else 0.99 * state[0] + 0.01 * close
        return (value,), value

    assert "it matters by 1e-6 at most where the stream began" in breach(slow)


def test_a_memory_is_kept_and_taken_back_with_the_state() -> None:
    @mean(inputs=("close",), memory=8, stability="exact")
    def remembered(k: int, memory: Any, close: float, n: int) -> float:
        put(memory, k, close)
        total = 0.0
        for j in range(n):
            total += get(memory, k - j)
        return total / n

    check_feature(remembered)


def test_two_outputs_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="names, each once, at least one"):
        Feature("x", good, (), ("a", "a"))
