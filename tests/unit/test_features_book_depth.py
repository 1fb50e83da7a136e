"""Features of the whole ladder, against their formulas on lists of levels, and against cases worked by hand."""

import math
from itertools import pairwise

import numpy as np
import pytest
from microstructure import BOOK, DEPTH, Row, agrees, book_rows, named, run

from tickloom.errors import ConfigError
from tickloom.features.columns import QUOTE, book
from tickloom.features.plan import ViewPlan
from tickloom_plugins.features.indicators import book_depth as f

ROWS = book_rows(400, 2)
SEEN = named(BOOK, ROWS)
Levels = list[tuple[float, float]]


def levels(row: Row, side: str, most: int = DEPTH) -> Levels:
    """Prices and sizes of the levels that there are."""
    found = [(row[f"{side}_price_{j}"], row[f"{side}_size_{j}"]) for j in range(min(most, DEPTH))]
    return [(price, size) for price, size in found if size > 0]


def balance(bid: float, ask: float) -> float:
    return (bid - ask) / (bid + ask)


@pytest.fixture(scope="module")
def got() -> dict[str, np.ndarray]:
    uses = [
        f.depth_imbalance(levels=3), f.depth_imbalance(levels=50), f.depth_imbalance_weighted(levels=4, decay=0.7),
        f.depth_near(bps=3.3), f.sweep_price(quantity=6), f.cost_to_trade(quantity=6), f.book_slope(levels=4),
        f.book_pressure(levels=4), *(f.order_flow_imbalance_level(level=m) for m in (1, 2, 5, 6)),
        f.order_flow_imbalance_weighted(levels=5, decay=0.3),
    ]  # fmt: skip
    return run(BOOK, ROWS, uses)


def sizes(row: Row, side: str, most: int) -> float:
    return math.fsum(size for _, size in levels(row, side, most))


@pytest.mark.parametrize("most", [3, 50])
def test_depth_imbalance_is_of_the_levels_that_there_are(most: int, got: dict[str, np.ndarray]) -> None:
    agrees(got[f"depth_imbalance_{most}"], [balance(sizes(r, "bid", most), sizes(r, "ask", most)) for r in SEEN])


def test_deeper_levels_weigh_exponentially_less(got: dict[str, np.ndarray]) -> None:
    def side(row: Row, name: str) -> float:
        return math.fsum(size * math.exp(-0.7 * j) for j, (_, size) in enumerate(levels(row, name, 4)))

    agrees(got["depth_imbalance_weighted_4_0p7"], [balance(side(r, "bid"), side(r, "ask")) for r in SEEN])


@pytest.mark.parametrize("side", ["bid", "ask"])
def test_depth_near_the_mid_sums_the_levels_within_the_distance(side: str, got: dict[str, np.ndarray]) -> None:
    def near(row: Row) -> float:
        return math.fsum(size for price, size in levels(row, side) if abs(price - row["mid"]) <= 3.3e-4 * row["mid"])

    expected = [near(row) for row in SEEN]
    assert len({*expected} - {sizes(row, side, DEPTH) for row in SEEN}) > 100
    agrees(got[f"depth_near_3p3.{side}"], expected)


def price_of(row: Row, side: str, quantity: float) -> float:
    """Average over single units of a thousandth, taken from the best level on."""
    units = [price for price, size in levels(row, side) for _ in range(round(size * 1000))]
    wanted = round(quantity * 1000)
    units += [levels(row, side)[-1][0]] * (wanted - len(units))
    return math.fsum(units[:wanted]) / wanted


def test_a_sweep_pays_each_level_and_the_worst_one_for_what_is_not_there(got: dict[str, np.ndarray]) -> None:
    buys, sells = ([price_of(row, side, 6) for row in SEEN] for side in ("ask", "bid"))
    agrees(got["sweep_price_6.buy"], buys, 1e-13)
    agrees(got["sweep_price_6.sell"], sells, 1e-13)
    mids = [row["mid"] for row in SEEN]
    agrees(got["cost_to_trade_6.buy"], [1e4 * (p / m - 1) for p, m in zip(buys, mids, strict=True)], 1e-10)
    agrees(got["cost_to_trade_6.sell"], [1e4 * (1 - p / m) for p, m in zip(sells, mids, strict=True)], 1e-10)


def test_a_sweep_worked_by_hand() -> None:
    # Two levels: 10 at 101, 5 at 103; bids 4 at 99, none below. Mid 100.
    row = np.array([[99.0, 98.0, 4.0, 0.0, 101.0, 103.0, 10.0, 5.0, 99.0, 101.0, 100.0, 0, 0, 0, 0, 0.0]])
    found = run(book(2), row, [f.sweep_price(quantity=12), f.cost_to_trade(quantity=12), f.book_slope(levels=2)])
    assert found["sweep_price_12.buy"][0] == (10 * 101 + 2 * 103) / 12
    # The 98 has no size: it is not there, so all twelve go at 99.
    assert found["sweep_price_12.sell"][0] == 99
    assert found["cost_to_trade_12.sell"][0] == 100
    # Sizes summed 10, 15 at distances of 100 and 300 basis points: (100 * 10 + 300 * 15) / (100^2 + 300^2).
    assert found["book_slope_2.ask"][0] == pytest.approx(5500 / 100_000, rel=1e-14)


@pytest.mark.parametrize("side", ["bid", "ask"])
def test_the_slope_is_that_of_a_least_squares_line_through_the_origin(side: str, got: dict[str, np.ndarray]) -> None:
    expected = []
    for row in SEEN:
        found = levels(row, side, 4)
        distances = np.array([[1e4 * abs(price - row["mid"]) / row["mid"]] for price, _ in found])
        summed = np.cumsum([size for _, size in found])
        expected.append(float(np.linalg.lstsq(distances, summed, rcond=None)[0][0]))
    agrees(got[f"book_slope_4.{side}"], expected, 1e-10)


def test_pressure_weighs_sizes_by_how_near_they_are(got: dict[str, np.ndarray]) -> None:
    def push(row: Row, side: str) -> float:
        return math.fsum(size / abs(price / row["mid"] - 1) for price, size in levels(row, side, 4))

    agrees(got["book_pressure_4"], [balance(push(r, "bid"), push(r, "ask")) for r in SEEN], 1e-10)


def flow(old: Row, new: Row, m: int) -> float:
    """Flow at level m (from 1) as Xu, Gould and Howison have it; a level that is not there is behind all others."""

    def at(row: Row, side: str, behind: float) -> tuple[float, float]:
        found = levels(row, side)
        return found[m - 1] if m <= len(found) and row[f"{side}_size_{m - 1}"] > 0 else (behind, 0.0)

    (b, q), (b_old, q_old) = (at(row, "bid", -math.inf) for row in (new, old))
    (a, p), (a_old, p_old) = (at(row, "ask", math.inf) for row in (new, old))
    bid = q if b > b_old else q - q_old if b == b_old else -q_old
    ask = p if a < a_old else p - p_old if a == a_old else -p_old
    return bid - ask


def test_order_flow_imbalance_of_a_level_is_that_of_the_paper(got: dict[str, np.ndarray]) -> None:
    pairs = list(pairwise(SEEN))
    for m in (1, 2, 5):
        agrees(got[f"order_flow_imbalance_level_{m}"], [None, *(flow(old, new, m) for old, new in pairs)])
    assert (got["order_flow_imbalance_level_6"][1:] == 0).all()
    weights = [math.exp(-0.3 * j) for j in range(5)]
    sums = [math.fsum(w * flow(old, new, j + 1) for j, w in enumerate(weights)) for old, new in pairs]
    agrees(got["order_flow_imbalance_weighted_5_0p3"], [None, *sums])


def test_an_empty_book_gives_finite_numbers() -> None:
    rows = np.zeros((3, BOOK.width))
    rows[:, BOOK.column("mid")] = 100.0
    rows[1, :] = np.where(np.arange(BOOK.width) < 4 * DEPTH, np.nan, rows[1])
    uses = [f.depth_imbalance(), f.depth_imbalance_weighted(), f.depth_near(), f.cost_to_trade(), f.book_slope(),
            f.book_pressure(), f.order_flow_imbalance_weighted()]  # fmt: skip
    found = run(BOOK, rows, uses)
    assert {name: values[-1] for name, values in found.items()} == dict.fromkeys(found, 0.0)


def test_quotes_have_no_levels() -> None:
    with pytest.raises(ConfigError, match="needs levels of the book"):
        ViewPlan(QUOTE, [f.book_slope()])
