"""Features of the top of the book, against their formulas on rows one by one, and against cases worked by hand.

The references below go over whole lists from the beginning for each row; nothing is carried along.
"""

import math
from itertools import pairwise

import numpy as np
import pytest
from microstructure import BOOK, TICK, Row, agrees, book_rows, market_with_a_lesson, named, run

from tickloom.features.columns import QUOTE
from tickloom_plugins.features.indicators import order_book as f

ROWS = book_rows(500)
SEEN = named(BOOK, ROWS)
TAU = 3.0


@pytest.fixture(scope="module")
def got() -> dict[str, np.ndarray]:
    uses = [
        f.quoted_spread(), f.relative_spread(), f.weighted_mid(), f.microprice_momentum(n=7), f.queue_imbalance(),
        f.order_flow_imbalance(), f.order_flow_imbalance_sum(n=9), f.order_flow_imbalance_decayed(seconds=TAU),
        f.bid_queue(), f.ask_queue(), f.bid_life(n=5), f.ask_life(n=5), f.bid_cancelled(), f.ask_cancelled(),
        f.bid_cancel_burst(seconds=TAU), f.ask_cancel_burst(seconds=TAU), f.traded_imbalance(seconds=TAU),
        f.trades_per_update(seconds=TAU), f.quote_intensity(seconds=TAU), f.mid_variance(seconds=TAU),
    ]  # fmt: skip
    return run(BOOK, ROWS, uses)


def faded(values: list[float], k: int, first: int = 0) -> float:
    """Sum of values up to row k, each times exp(-age / tau)."""
    return math.fsum(values[j] * math.exp((SEEN[j]["time"] - SEEN[k]["time"]) / TAU) for j in range(first, k + 1))


# --- prices ----------------------------------------------------------------------------------------------------------


def test_spreads_are_ask_less_bid(got: dict[str, np.ndarray]) -> None:
    agrees(got["quoted_spread"], [row["ask"] - row["bid"] for row in SEEN])
    agrees(got["relative_spread"], [10_000 * (row["ask"] - row["bid"]) / row["mid"] for row in SEEN])


def weighted(row: Row) -> float:
    part = row["bid_size_0"] / (row["bid_size_0"] + row["ask_size_0"])
    return part * row["ask"] + (1 - part) * row["bid"]


def test_the_weighted_mid_leans_to_the_thin_side(got: dict[str, np.ndarray]) -> None:
    agrees(got["weighted_mid"], [weighted(row) for row in SEEN], 1e-14)


def test_microprice_momentum_is_the_change_over_so_many_updates_in_basis_points(got: dict[str, np.ndarray]) -> None:
    prices = [weighted(row) for row in SEEN]
    expected = [None] * 7 + [10_000 * (prices[k] - prices[k - 7]) / prices[k - 7] for k in range(7, len(prices))]
    agrees(got["microprice_momentum_7"], expected)


def test_a_heavy_bid_gives_a_positive_queue_imbalance(got: dict[str, np.ndarray]) -> None:
    expected = [(r["bid_size_0"] - r["ask_size_0"]) / (r["bid_size_0"] + r["ask_size_0"]) for r in SEEN]
    agrees(got["queue_imbalance"], expected)


def test_features_of_the_top_say_of_quotes_what_they_say_of_the_same_books(got: dict[str, np.ndarray]) -> None:
    quotes = np.array([[r["bid"], r["bid_size_0"], r["ask"], r["ask_size_0"], r["mid"], r["time"]] for r in SEEN])
    uses = [f.weighted_mid(), f.queue_imbalance(), f.order_flow_imbalance(), f.bid_queue(), f.mid_variance(seconds=TAU)]
    for name, values in run(QUOTE, quotes, uses).items():
        np.testing.assert_array_equal(values, got[name])


def test_empty_queues_have_the_plain_mid_and_no_imbalance() -> None:
    found = run(QUOTE, np.array([[10.0, 0.0, 12.0, 0.0, 11.0, 0.0]]), [f.weighted_mid(), f.queue_imbalance()])
    assert (found["weighted_mid"][0], found["queue_imbalance"][0]) == (11.0, 0.0)


# --- flow ------------------------------------------------------------------------------------------------------------


def flow(old: Row, new: Row) -> float:
    """Cont, Kukanov and Stoikov's e_n, as the paper has it."""
    e = 0.0
    if new["bid"] >= old["bid"]:
        e += new["bid_size_0"]
    if new["bid"] <= old["bid"]:
        e -= old["bid_size_0"]
    if new["ask"] <= old["ask"]:
        e -= new["ask_size_0"]
    if new["ask"] >= old["ask"]:
        e += old["ask_size_0"]
    return e


FLOWS = [math.nan, *(flow(old, new) for old, new in pairwise(SEEN))]


def test_order_flow_imbalance_is_that_of_the_paper(got: dict[str, np.ndarray]) -> None:
    agrees(got["order_flow_imbalance"], [None, *FLOWS[1:]])
    sums = [None] * 9 + [math.fsum(FLOWS[k - 8 : k + 1]) for k in range(9, len(FLOWS))]
    agrees(got["order_flow_imbalance_sum_9"], sums)
    agrees(got["order_flow_imbalance_decayed_3"], [None, *(faded(FLOWS, k, 1) for k in range(1, len(FLOWS)))])


@pytest.mark.parametrize(
    ("bid", "bid_size", "ask", "ask_size", "expected"),
    # From 5 at 10 and 7 at 12.
    [(10, 8, 12, 7, 3), (11, 2, 12, 7, 2), (9, 4, 12, 7, -5), (10, 5, 11, 1, -1), (10, 5, 13, 9, 7), (10, 5, 12, 4, 3)],
)
def test_a_queue_that_grows_counts_its_growth_and_one_that_comes_or_goes_counts_whole(
    bid: float, bid_size: float, ask: float, ask_size: float, expected: float
) -> None:
    rows = np.array([[10.0, 5.0, 12.0, 7.0, 11.0, 0.0], [bid, bid_size, ask, ask_size, (bid + ask) / 2, 1.0]])
    assert run(QUOTE, rows, [f.order_flow_imbalance()])["order_flow_imbalance"][1] == expected


# --- how long prices stand -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["bid", "ask"])
def test_a_queue_remembers_when_its_price_became_the_best_and_what_stood_there(
    side: str, got: dict[str, np.ndarray]
) -> None:
    ahead, age = [], []
    for k, row in enumerate(SEEN):
        begin = k
        while begin > 0 and SEEN[begin - 1][side] == row[side]:
            begin -= 1
        ahead.append(SEEN[begin][f"{side}_size_0"])
        age.append(row["time"] - SEEN[begin]["time"])
    agrees(got[f"{side}_queue.ahead"], ahead)
    agrees(got[f"{side}_queue.age"], age)


@pytest.mark.parametrize("side", ["bid", "ask"])
def test_the_average_life_is_of_prices_whose_begin_and_end_were_seen(side: str, got: dict[str, np.ndarray]) -> None:
    begins = [k for k in range(len(SEEN)) if k == 0 or SEEN[k][side] != SEEN[k - 1][side]]
    expected = []
    for k, row in enumerate(SEEN):
        changes = [b for b in begins if b <= k]
        lives = [SEEN[b]["time"] - SEEN[a]["time"] for a, b in pairwise(changes[1:])]
        average = lives[0] if lives else row["time"] - SEEN[changes[-1]]["time"]
        for life in lives[1:]:
            average = average * (1 - 2 / 6) + life * 2 / 6
        expected.append(average)
    agrees(got[f"{side}_life_5"], expected)


def test_what_left_a_queue_and_was_not_traded_was_cancelled(got: dict[str, np.ndarray]) -> None:
    bids: list[float] = [0.0]
    asks: list[float] = [0.0]
    for old, new in pairwise(SEEN):
        stays = new["bid_size_0"] if new["bid"] == old["bid"] else 0.0
        bids.append(0.0 if new["bid"] > old["bid"] else max(old["bid_size_0"] - stays - new["sold"], 0.0))
        stays = new["ask_size_0"] if new["ask"] == old["ask"] else 0.0
        asks.append(0.0 if new["ask"] < old["ask"] else max(old["ask_size_0"] - stays - new["bought"], 0.0))
    for side, left in (("bid", bids), ("ask", asks)):
        agrees(got[f"{side}_cancelled"], [None, *left[1:]])
        agrees(got[f"{side}_cancel_burst_3"], [None, *(faded(left, k) for k in range(1, len(left)))])


# --- rates -----------------------------------------------------------------------------------------------------------


def test_what_was_traded_and_how_often_quotes_change_fades_in_seconds(got: dict[str, np.ndarray]) -> None:
    every = range(len(SEEN))
    net, whole = [r["bought"] - r["sold"] for r in SEEN], [r["bought"] + r["sold"] for r in SEEN]
    agrees(got["traded_imbalance_3"], [faded(net, k) / faded(whole, k) if faded(whole, k) else 0.0 for k in every])
    ones, trades = [1.0] * len(SEEN), [r["buys"] + r["sells"] for r in SEEN]
    agrees(got["trades_per_update_3"], [faded(trades, k) / faded(ones, k) for k in every])
    agrees(got["quote_intensity_3"], [faded(ones, k) / TAU for k in every])


def test_the_variance_of_the_mid_is_per_second(got: dict[str, np.ndarray]) -> None:
    squares = [0.0, *(math.log(new["mid"] / old["mid"]) ** 2 for old, new in pairwise(SEEN))]
    agrees(got["mid_variance_3"], [None, *(faded(squares, k) / TAU for k in range(1, len(SEEN)))])


def test_updates_that_come_ten_times_a_second_have_an_intensity_of_ten() -> None:
    rows = np.array([[10.0, 1.0, 11.0, 1.0, 10.5, 0.1 * k] for k in range(2000)])
    # A sum of so many steps overshoots the integral by half a step in tau.
    assert run(QUOTE, rows, [f.quote_intensity(seconds=10.0)])["quote_intensity_10"][-1] == pytest.approx(10, rel=6e-3)


def test_a_clock_that_steps_back_fades_nothing() -> None:
    rows = np.array([[10.0, 1.0, 11.0, 1.0, 10.5, time] for time in (5.0, 4.0, 4.0)])
    assert run(QUOTE, rows, [f.quote_intensity(seconds=1.0)])["quote_intensity_1"].tolist() == [1.0, 2.0, 3.0]


# --- Stoikov's microprice --------------------------------------------------------------------------------------------


def fitted(rows: np.ndarray, buckets: int, spreads: int) -> np.ndarray:
    """Return the paper's G*, in ticks, by its matrices: counts over (imbalance, spread) and their mirror images."""
    bid, bid_size, ask, ask_size, mid, _ = rows.T
    imbalance = np.minimum((bid_size / (bid_size + ask_size) * buckets).astype(int), buckets - 1)
    spread = np.clip(np.rint((ask - bid) / TICK).astype(int), 1, spreads) - 1
    states = buckets * spreads
    stays, moves, gains = np.zeros((states, states)), np.zeros((states, states)), np.zeros(states)
    for k in range(len(rows) - 1):
        change = (mid[k + 1] - mid[k]) / TICK
        for image in (1, -1):
            here, there = (i if image > 0 else buckets - 1 - i for i in (imbalance[k], imbalance[k + 1]))
            x, y = here * spreads + spread[k], there * spreads + spread[k + 1]
            (stays if abs(change) < 1e-6 else moves)[x, y] += 1
            gains[x] += image * change
    times = (stays + moves).sum(axis=1)
    q, t, r = stays / times[:, None], moves / times[:, None], gains / times
    inverse = np.linalg.inv(np.eye(states) - q)
    adjustment, term = np.zeros(states), inverse @ r
    for _ in range(500):
        adjustment, term = adjustment + term, inverse @ t @ term
    return adjustment.reshape(buckets, spreads)


@pytest.mark.parametrize(("buckets", "spreads"), [(6, 2), (5, 2), (4, 1)])
def test_the_microprice_learns_the_adjustments_that_the_paper_fits(buckets: int, spreads: int) -> None:
    rows = market_with_a_lesson(30_000)
    table = fitted(rows, buckets, spreads)
    found = run(QUOTE, rows, [f.microprice_online(buckets=buckets, spreads=spreads)])
    name = f"microprice_online_{buckets}_{spreads}"
    last = rows[-2000:]
    state = np.minimum(((last[:, 1] / (last[:, 1] + last[:, 3])) * buckets).astype(int), buckets - 1)
    expected = table[state, np.clip(np.rint((last[:, 2] - last[:, 0]) / TICK).astype(int), 1, spreads) - 1] * TICK
    assert np.abs(table).max() > 0.2
    np.testing.assert_allclose(
        found[f"{name}.adjustment"][-2000:], expected, rtol=0, atol=0.02 * np.abs(table).max() * TICK
    )
    np.testing.assert_allclose(found[f"{name}.price"], rows[:, 4] + found[f"{name}.adjustment"], rtol=1e-15)


def test_the_microprice_begins_at_the_mid_and_is_there_while_the_book_is_balanced() -> None:
    rows = market_with_a_lesson(300)
    rows[::7, 1] = rows[::7, 3]
    found = run(QUOTE, rows, [f.microprice_online()])["microprice_online_10_2.adjustment"]
    assert found[0] == 0.0
    assert (found[::7] == 0.0).all()
    assert np.abs(found).max() > 0.0
