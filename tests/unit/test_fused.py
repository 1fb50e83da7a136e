"""How rows are driven through a view: in whatever order symbols come, however the table lies in memory.

The oracle is the view itself, one row at a call: what a row gives must not depend on its neighbours.
"""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tickloom.features import Window, feature
from tickloom.features.columns import BAR
from tickloom.features.plan import ViewPlan
from tickloom.features.view import BadRowError, FeatureView
from tickloom.testing.numbers import rows_of
from tickloom_kernels.indicators.window import distances, lag, put


@feature(inputs=(Window("close", 3), "volume"), state=1, lookback=2)
def mixed(k: int, state: Any, closes: Any, volume: float) -> Any:
    """Something of a window, of a second column, and of a state that never forgets."""
    found = 0.5 * state[0] + lag(closes, min(k, 2)) - volume
    return (found,), found


@feature(inputs=("close", "open"), outputs=("few", "many"), memory=64, lookback=26)
def spreads(k: int, memory: Any, close: float, opened: float) -> Any:
    """Distances of the last 11 and of the last 27 closes from the open, summed."""
    put(memory, k % 32, close)
    put(memory, k % 32 + 32, close)
    return distances(memory, k % 32 + 22, 11, opened), distances(memory, k % 32 + 6, 27, opened)


def view(policy: Any = "raise", symbols: int = 1) -> FeatureView:
    return FeatureView(ViewPlan(BAR, [mixed(), spreads()], policy), symbols)


#: One symbol, symbols in turn, turns with gaps, runs of one symbol, and no order at all.
ORDERS = st.one_of(
    st.tuples(st.integers(1, 5), st.integers(1, 90)).map(lambda drawn: [k % drawn[0] for k in range(drawn[1])]),
    st.lists(st.sampled_from([[0, 1, 2], [0, 1, 2], [0, 1, 2], [0, 2], [1], [2, 2, 2]]), min_size=1, max_size=30).map(
        lambda turns: [symbol for turn in turns for symbol in turn]
    ),
    st.lists(st.integers(0, 4), min_size=1, max_size=90),
)


@given(which=ORDERS, bad=st.sets(st.integers(0, 89), max_size=3), policy=st.sampled_from(["skip", "hold"]))
def test_rows_give_the_same_alone_and_among_those_of_other_symbols(
    which: list[int], bad: set[int], policy: str
) -> None:
    rows = rows_of(BAR, len(which), 5)
    rows[[k for k in bad if k < len(rows)], 3] = np.nan
    together, alone = view(policy, 5), view(policy, 5)
    out, ready = together.run(rows, which)
    for k, symbol in enumerate(which):
        expected, is_ready = alone.run(rows[k : k + 1], [symbol])
        assert np.array_equal(out[k], expected[0], equal_nan=True)
        assert ready[k] == is_ready[0]
    assert all(together.snapshot(symbol) == alone.snapshot(symbol) for symbol in range(5))


def test_the_first_row_that_is_refused_is_named_whatever_its_symbol() -> None:
    rows = rows_of(BAR, 40)
    rows[[17, 23], 3] = np.nan
    one = view(symbols=3)
    with pytest.raises(BadRowError, match="row 17: close is nan"):
        one.run(rows, np.arange(40) % 3)
    other = view(symbols=3)
    other.run(rows[:17], np.arange(17) % 3)
    assert [one.snapshot(symbol) for symbol in range(3)] == [other.snapshot(symbol) for symbol in range(3)]


def wide(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Put the rows between others."""
    table = np.zeros((2 * len(rows), 3 * rows.shape[1]))
    table[::2, ::3] = rows
    return table[::2, ::3]


@pytest.mark.parametrize("lay", [np.asfortranarray, wide, lambda rows: np.ascontiguousarray(rows[::-1])[::-1]])
def test_a_table_may_lie_in_memory_in_any_way(lay: Any) -> None:
    rows = rows_of(BAR, 2000)
    assert np.array_equal(view().run(lay(rows))[0], view().run(rows)[0], equal_nan=True)


@pytest.mark.parametrize("symbol", [-1, 2])
def test_a_symbol_that_there_is_not_is_refused(symbol: int) -> None:
    with pytest.raises(ValueError, match=f"symbol is {symbol}, it must be from 0 to 1"):
        view(symbols=2).update(symbol)
    with pytest.raises(ValueError, match="which names a symbol for each of 3 rows, from 0 to 1"):
        view(symbols=2).run(rows_of(BAR, 3), [0, symbol, 1])


def test_distances_of_a_memory_are_those_of_a_plain_loop() -> None:
    rows = rows_of(BAR, 300, 7)
    out, _ = FeatureView(ViewPlan(BAR, [spreads()])).run(rows)
    for k in range(26, 300):
        terms = abs(rows[k - 26 : k + 1, 3] - rows[k, 0])
        assert out[k, 0] == pytest.approx(sum(terms[-11:]), rel=1e-12)
        assert out[k, 1] == pytest.approx(sum(terms), rel=1e-12)


def test_a_function_alone_keeps_its_view() -> None:
    plan = ViewPlan(BAR, [mixed()])
    update = FeatureView(plan).update
    with pytest.raises(TypeError, match="the symbol and nothing else"):
        update(0, 1)
    with pytest.raises(TypeError, match="str"):
        update("0")
    assert len(update(0)) == 1
