"""Stoikov's microprice and the table that is fitted for it.

Oracles: chains small enough to be solved by hand; the paper's matrices and its series, written out below with numpy;
and what the word promises: from where the microprice is, prices on average go nowhere.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from microstructure import BOOK, TICK, Floats, book_rows, market_with_a_lesson, run

from tickloom.errors import ConfigError, DataError
from tickloom.features import FittedTable
from tickloom.features.columns import QUOTE, TRADE
from tickloom.features.fitted.microprice import KIND, fit_microprice
from tickloom.features.fitted.table import load_table
from tickloom.testing import check_feature
from tickloom_plugins.features.indicators import order_book as f

HEAVY, LIGHT = 0.5, -0.5


def quotes(*steps: tuple[float, float], spread: float = 1.0) -> Floats:
    """Make quotes of a price of bids and an imbalance each; sizes sum to 2."""
    return np.array(
        [[bid, 1 + lean, bid + spread, 1 - lean, bid + spread / 2, k] for k, (bid, lean) in enumerate(steps)]
    )


def fit(rows: Floats, train: np.ndarray | None = None, tick: float = 1.0, **how: int) -> FittedTable:
    times = 1_000_000_000 * np.arange(len(rows))
    return fit_microprice(QUOTE, rows, times, np.arange(len(rows)) if train is None else train, tick=tick, **how)


# --- chains worked by hand -------------------------------------------------------------------------------------------

#: From a heavy bid: two steps in which nothing happens, one with a rise of a tick to a heavy ask, one to it without.
#: From a heavy ask the opposite.
CHAIN = quotes(
    (100, HEAVY), (100, HEAVY), (100, HEAVY), (101, LIGHT), (101, LIGHT), (101, LIGHT), (100, HEAVY), (100, LIGHT),
    (100, HEAVY),
)  # fmt: skip


def test_a_chain_of_two_states_has_the_adjustments_that_are_worked_by_hand() -> None:
    # g = 1/4 + (1/2) g - (1/2) g, as the mirror image has -g. By the paper: G1 = (1/4) / (1 - 1/2 + 1/4) = 1/3, and
    # B G1 = -G1 / 3, so that G* = (1/3) / (1 + 1/3) = 1/4.
    np.testing.assert_allclose(fit(CHAIN, buckets=2, spreads=1).array, [[-0.25], [0.25]], rtol=1e-14)


def test_the_microprice_is_the_mid_and_so_many_ticks_as_the_table_says() -> None:
    table = fit(CHAIN, buckets=2, spreads=1)
    found = run(QUOTE, CHAIN, [f.microprice(table=table)])
    label = f"microprice_{table.version[:8]}"
    assert found[f"{label}.price"][:4].tolist() == [100.75, 100.75, 100.75, 101.25]
    assert found[f"{label}.adjustment"][:4].tolist() == [0.25, 0.25, 0.25, -0.25]


def test_a_mid_that_only_goes_back_and_forth_is_expected_in_the_middle() -> None:
    # Up from every heavy bid and down from every heavy ask: the paper's series is 1 - 1 + 1 - ..., g = 1 - g is 1/2.
    bounce = quotes(*[(100, HEAVY), (101, LIGHT)] * 20, (100, HEAVY))
    np.testing.assert_allclose(fit(bounce, buckets=2, spreads=1).array, [[-0.5], [0.5]], rtol=1e-14)


def test_a_way_to_a_balanced_book_ends_there() -> None:
    # A heavy bid rises by 2 and is balanced; from there it is a heavy bid or a heavy ask again. So g = 2 + 0.
    rows = quotes((100, HEAVY), (102, 0.0), (102, HEAVY), (104, 0.0), (104, LIGHT), (102, 0.0))
    assert fit(rows, buckets=2, spreads=1).array.tolist() == [[-2.0], [2.0]]
    found = run(QUOTE, rows, [f.microprice(table=fit(rows, buckets=2, spreads=1))])
    assert [*found.values()][1].tolist() == [2.0, 0.0, 2.0, 0.0, -2.0, 0.0]


def test_states_that_are_never_left_and_those_without_a_move_have_no_adjustment() -> None:
    # Of 6 buckets: 5 rises and becomes 4, which stays for ever; 0 and 1 are their images; nobody saw 2 and 3.
    rows = quotes((100, 0.9), (101, 0.5), (101, 0.5), (101, 0.5))
    table = fit(rows, buckets=6, spreads=2)
    assert table.array[:, 0].tolist() == [-1.0, 0.0, 0.0, 0.0, 0.0, 1.0]
    assert table.array[:, 1].tolist() == [0.0] * 6
    assert dict(table.details) == {"transitions": 3, "states": 14, "states seen": 2}


def test_a_price_that_goes_on_for_ever_has_no_microprice() -> None:
    with pytest.raises(DataError, match="in one direction for ever where imbalances keep their sign"):
        fit(quotes(*[(100 + k, HEAVY) for k in range(9)]), buckets=4)


# --- the paper -------------------------------------------------------------------------------------------------------


def by_the_paper(rows: Floats, buckets: int, spreads: int) -> Floats:
    """Return G* in ticks by sections 3 and 4 of the paper: symmetrised data, Q, T, R, K, G1, B, and the series."""
    imbalance = rows[:, 1] / (rows[:, 1] + rows[:, 3])
    places = np.minimum((imbalance * buckets).astype(int), buckets - 1)
    wide = np.clip(np.rint((rows[:, 2] - rows[:, 0]) / TICK).astype(int), 1, spreads) - 1
    change = np.rint(2 * np.diff(rows[:, 4]) / TICK).astype(int)
    halves = np.unique(np.concatenate([change, -change]))
    moves = halves[halves != 0]
    states = buckets * spreads
    q, t, r = np.zeros((states, states)), np.zeros((states, states)), np.zeros((states, len(moves)))
    for k in range(len(rows) - 1):
        for here, there, moved in (
            (places[k], places[k + 1], change[k]),
            (buckets - 1 - places[k], buckets - 1 - places[k + 1], -change[k]),
        ):
            x, y = here * spreads + wide[k], there * spreads + wide[k + 1]
            if moved == 0:
                q[x, y] += 1
            else:
                t[x, y] += 1
                r[x, np.searchsorted(moves, moved)] += 1
    visits = q.sum(axis=1) + t.sum(axis=1)
    q, t, r = q / visits[:, None], t / visits[:, None], r / visits[:, None]
    first = np.linalg.solve(np.eye(states) - q, r @ (moves / 2))
    b = np.linalg.solve(np.eye(states) - q, t)
    total, term = np.zeros(states), first
    for _ in range(2_000):
        total, term = total + term, b @ term
    return total.reshape(buckets, spreads)


@pytest.mark.parametrize(("buckets", "spreads"), [(10, 2), (6, 2), (5, 2), (4, 1), (9, 1)])
def test_the_table_is_the_limit_of_the_papers_series(buckets: int, spreads: int) -> None:
    rows = market_with_a_lesson(20_000)
    expected = by_the_paper(rows, buckets, spreads)
    found = fit(rows, tick=TICK, buckets=buckets, spreads=spreads).array
    assert np.abs(expected).max() > 0.2
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)


def test_a_heavy_ask_has_the_opposite_of_a_heavy_bid_exactly() -> None:
    found = fit(market_with_a_lesson(3_000), tick=TICK, buckets=7).array
    assert found.tolist() == (-found[::-1]).tolist()


def test_prices_are_expected_to_go_nowhere_from_the_microprice_in_training_rows_exactly() -> None:
    rows = market_with_a_lesson(5_000)
    table = fit(rows, tick=TICK, buckets=6)
    price, adjustment = run(QUOTE, rows, [f.microprice(table=table)]).values()
    # The chain of the table is that of rows and of their mirror images: steps from a state, and from its image turned.
    steps, before = np.diff(price) / TICK, adjustment[:-1] / TICK
    for value in np.unique(np.abs(before)):
        gains = np.concatenate([steps[before == value], -steps[before == -value]])
        assert abs(gains.mean()) < 1e-9


LEANS = np.array([-0.75, -0.25, 0.25, 0.75])


def paths(draw: np.random.Generator, count: int, steps: int) -> Floats:
    """Walk a market whose state is its bucket of 4 and its spread of 1 or 2 ticks, from all states: (count, rows, 6).

    The heavier the bid, the more likely a rise by a tick, after which any imbalance comes; spreads open and close on
    either side alike. All is the same for the ask.
    """
    place, wide = np.arange(count) % 4, 1.0 + (np.arange(count) // 4 % 2)
    mid = 1_000.0 + wide / 2
    rows = np.empty((count, steps, QUOTE.width))
    for k in range(steps):
        lean = LEANS[place]
        rows[:, k] = np.column_stack([mid - wide / 2, 1 + lean, mid + wide / 2, 1 - lean, mid, np.full(count, k)])
        moves = draw.random(count) < 0.4 * np.abs(lean) * (3 - wide)
        mid = mid + np.sign(lean) * moves
        walked = np.clip(place + draw.integers(-1, 2, count), 0, 3)
        place = np.where(moves, draw.integers(0, 4, count), walked)
        new = 1.0 + (draw.random(count) < 0.3)
        mid = mid + np.abs(new - wide) / 2 * draw.choice([-1.0, 1.0], count)
        wide = new
    return rows


def test_later_mids_are_on_average_where_the_microprice_was_in_rows_that_were_not_trained_on() -> None:
    trained = paths(np.random.default_rng(1), 8_000, 50)
    # A row without a price keeps one path from going on in the next one.
    apart = np.concatenate([trained, np.full((8_000, 1, QUOTE.width), np.nan)], axis=1)
    table = fit(apart.reshape(-1, QUOTE.width), buckets=4)
    later = paths(np.random.default_rng(2), 200_000, 30)
    price, adjustment = run(QUOTE, later[:, 0], [f.microprice(table=table)]).values()
    surprise = later[:, -1, 4] - price
    assert np.unique(adjustment).size == 8
    for state in np.unique(adjustment):
        here = adjustment == state
        error = surprise[here].std() / np.sqrt(here.sum())
        assert error < 0.025
        assert abs(surprise[here].mean()) < 3 * error
        assert (later[here, -1, 4] - later[here, 0, 4]).mean() == pytest.approx(state, abs=3 * error)
    assert adjustment.max() > 0.5


# --- what counts -----------------------------------------------------------------------------------------------------


def test_only_training_rows_that_follow_each_other_count() -> None:
    rows = market_with_a_lesson(3_000)
    train = np.r_[0:1_000, 2_000:2_900]
    table = fit(rows, train, TICK, buckets=4)
    assert dict(table.details)["transitions"] == 999 + 899
    rows[1_000:2_000] = rows[2_900:] = rows[:1]
    assert fit(rows, train, TICK, buckets=4) == table


def test_a_row_without_a_price_breaks_the_chain() -> None:
    rows = np.insert(CHAIN, 3, CHAIN[2], axis=0)
    rows[3, 0] = np.nan
    assert dict(fit(rows, buckets=2, spreads=1).details)["transitions"] == len(CHAIN) - 2


def test_the_unit_of_prices_changes_the_tick_and_nothing_else() -> None:
    rows = market_with_a_lesson(2_000)
    larger = rows.copy()
    larger[:, [0, 2, 4]] *= 4
    one, other = fit(rows, tick=TICK), fit(larger, tick=4 * TICK)
    assert one.numbers == other.numbers
    assert other.constants == (("tick", 4 * TICK),)


def test_spreads_beyond_the_last_one_of_the_table_are_taken_for_it() -> None:
    table = FittedTable(
        kind=KIND, shape=(2, 2), numbers=(-0.1, -0.3, 0.1, 0.3), constants=(("tick", 1.0),), source="quote"
    )
    for spread, expected in ((1.0, 0.1), (2.0, 0.3), (9.0, 0.3), (0.0, 0.1)):
        found = run(QUOTE, quotes((100, HEAVY), spread=spread), [f.microprice(table=table)])
        assert [*found.values()][1].tolist() == [expected]


def test_a_table_can_be_fitted_on_books_and_read_from_its_file(tmp_path: Path) -> None:
    rows = book_rows(2_000)
    train = np.arange(1_500)
    table = fit_microprice(BOOK, rows, np.arange(2_000), train, tick=TICK, buckets=4)
    assert (table.source, table.rows, table.times, table.constants) == (
        "book",
        ((0, 1_500),),
        (0, 1_499),
        (("tick", TICK),),
    )
    table.save(tmp_path / "microprice.json")
    assert load_table(tmp_path / "microprice.json", KIND) == table


def test_without_a_table_the_microprice_is_the_plain_mid() -> None:
    rows = market_with_a_lesson(50)
    found = run(QUOTE, rows, [f.microprice()])
    assert found["microprice_unfitted.price"].tolist() == ((rows[:, 0] + rows[:, 2]) * 0.5).tolist()


def test_the_microprice_of_a_fitted_table_keeps_the_laws_of_features() -> None:
    check_feature(f.microprice, table=fit(market_with_a_lesson(3_000), tick=TICK))


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"tick": 0.0}, "tick is 0.0, it must be the smallest step of prices, a number above 0"),
        ({"buckets": 1}, "buckets is 1, it must be a whole number from 2 to 40"),
        ({"spreads": 11}, "spreads is 11, it must be a whole number from 1 to 10"),
    ],
)
def test_parameters_out_of_range_are_refused_with_what_is_valid(how: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        fit(CHAIN, **how)


def test_rows_that_give_nothing_to_fit_on_are_refused() -> None:
    with pytest.raises(DataError, match="there are no training rows"):
        fit(CHAIN, np.arange(0))
    with pytest.raises(DataError, match="no two training rows follow each other"):
        fit(CHAIN, np.array([0, 2, 4]))
    with pytest.raises(ConfigError, match="a microprice needs 'bid', which a view on 'trade' does not have"):
        fit_microprice(TRADE, np.zeros((5, TRADE.width)), np.arange(5), np.arange(5), tick=1.0)
    with pytest.raises(ValueError, match="training rows ascend, from 0 to 8"):
        fit(CHAIN, np.array([0, 2, 1, 3]))
    with pytest.raises(ValueError, match="training rows ascend, from 0 to 8"):
        fit(CHAIN, np.array([7, 8, 9]))
    with pytest.raises(ValueError, match="a table of 6 columns and a time per row are needed"):
        fit(CHAIN[:, :5])
