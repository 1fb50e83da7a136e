"""Views given one bar each of some symbols: what each gets, whichever way round they are gone through."""

from typing import Any

import numpy as np
import pytest
from views import bars, summed, view

from tickloom.features.columns import BAR
from tickloom.features.view import BadRowError

#: Outputs for two units.
MANY = [summed(n=n) for n in range(1, 31)]


def closes_of(instants: int, symbols: int) -> np.ndarray:
    """Make closes of some symbols at some instants."""
    return np.random.default_rng(2).uniform(1.0, 9.0, (instants, symbols))


@pytest.mark.parametrize("policy", ["skip", "hold"])
@pytest.mark.parametrize("missing", [[], [(3, 2), (7, 0), (8, 4)]])
def test_each_symbol_of_an_instant_gets_what_it_gets_alone(policy: Any, missing: list[tuple[int, int]]) -> None:
    """The oracle is a view for that symbol alone, over all of its bars in one call."""
    closes = closes_of(40, 5)
    for instant, symbol in missing:
        closes[instant, symbol] = np.nan
    together, got = view(*MANY, symbols=5, policy=policy), []
    for instant in range(40):
        rows = bars(closes[instant].tolist())
        rows[:, BAR.column("time")] = 60.0 * instant
        # Now and then not all of them have a bar.
        there = np.flatnonzero(np.arange(5) != instant % 7)
        got.append((there, *together.run(rows[there], there)))
    for symbol in range(5):
        alone = view(*MANY, policy=policy)
        own = [instant for instant in range(40) if instant % 7 != symbol]
        out, ready = alone.run(bars(closes[own, symbol].tolist()))
        mine = [(vectors[at], flags[at]) for there, vectors, flags in got for at in np.flatnonzero(there == symbol)]
        assert np.array_equal(np.array([vector for vector, _ in mine]), out, equal_nan=True)
        assert [bool(flag) for _, flag in mine] == ready.tolist()


def test_several_bars_of_a_symbol_in_one_call_are_taken_in_their_order() -> None:
    """Also in the call after one that went through the symbols from the first to the last; by hand."""
    one, rows = view(summed(n=2), symbols=2), bars([1.0, 2.0])
    rows[:, BAR.column("time")] = 0.0
    one.run(rows, [0, 1])
    out, _ = one.run(bars([10.0, 20.0, 40.0]), [0, 1, 1])
    assert out[:, 0].tolist() == [11.0, 22.0, 60.0]


@pytest.mark.parametrize(("column", "value", "said"), [("close", np.nan, "close is nan"), ("time", -1.0, "time goes")])
def test_a_bar_of_an_instant_that_is_refused_leaves_those_before_it_taken(column: str, value: float, said: str) -> None:
    one = view(*MANY, symbols=4)
    one.run(bars([1.0, 2.0, 3.0, 4.0]), range(4))
    rows = bars([10.0, 20.0, 30.0, 40.0])
    rows[2, BAR.column(column)] = value
    with pytest.raises(BadRowError, match=f"row 2: {said}") as caught:
        one.run(rows, range(4))
    assert caught.value.out[:, :2].tolist() == [[10.0, 11.0], [20.0, 22.0]]
    # The others go on with their next bar.
    rows = bars([10.0, 20.0, 30.0, 40.0])
    assert one.run(rows[2:], [2, 3])[0][:, 1].tolist() == [33.0, 44.0]
