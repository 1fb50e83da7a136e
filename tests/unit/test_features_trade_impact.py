"""Lambdas against scipy's regressions; spreads paid and their parts against their formulas, and nothing too early."""

import math

import numpy as np
import pytest
from microstructure import agrees, of_trades, run, trade_rows

from tickloom.features.columns import TRADE
from tickloom_plugins.features.indicators import trade_impact as f
from tickloom_plugins.features.indicators.trade_flow import lee_ready

stats = pytest.importorskip("scipy.stats", reason="scipy is the oracle")

ROWS = trade_rows(600, 3)
PRICE, QUANTITY, SIDE, TIME, MID = ROWS.T
N = 25


@pytest.fixture(scope="module")
def got() -> dict[str, np.ndarray]:
    uses = [
        f.kyle_lambda(n=N), f.hasbrouck_lambda(n=N), f.effective_spread(), f.spread_parts(n=4),
        f.spread_parts_timed(seconds=2, waiting=64),
    ]  # fmt: skip
    return run(TRADE, ROWS, uses)


def slopes(x: np.ndarray, y: np.ndarray) -> list[float | None]:
    spans = [slice(k - N + 1, k + 1) for k in range(N, len(ROWS))]
    return [None] * N + [float(stats.linregress(x[span], y[span]).slope) for span in spans]


def test_kyles_lambda_is_the_slope_of_price_changes_on_signed_volume(got: dict[str, np.ndarray]) -> None:
    agrees(got["kyle_lambda_25"], slopes(SIDE * QUANTITY, np.diff(PRICE, prepend=np.nan)), 1e-10)


def test_hasbroucks_lambda_is_the_slope_of_returns_on_signed_roots_of_turnover(got: dict[str, np.ndarray]) -> None:
    returns = np.diff(np.log(PRICE), prepend=np.nan)
    agrees(got["hasbrouck_lambda_25"], slopes(SIDE * np.sqrt(PRICE * QUANTITY), returns), 1e-9)


def test_lambdas_find_the_impact_that_trades_were_made_with() -> None:
    draw = np.random.default_rng(2)
    side, quantity = draw.choice([-1.0, 1.0], 4000), draw.gamma(2.0, 1.0, 4000)
    price = 1000 + np.cumsum(0.003 * side * quantity + draw.normal(0, 0.002, 4000))
    rows = np.column_stack([price, quantity, side, np.arange(4000.0), price])
    assert run(TRADE, rows, [f.kyle_lambda(n=1000)])["kyle_lambda_1000"][-1] == pytest.approx(0.003, rel=0.02)


def test_trades_of_one_size_and_side_have_no_lambda() -> None:
    rows = of_trades(*[(10 + k % 3, 0.1, 1, k, 10) for k in range(50)])
    assert set(run(TRADE, rows, [f.kyle_lambda(n=10)])["kyle_lambda_10"][10:]) == {0.0}


def half(k: int) -> float:
    """Return what the taker of trade k paid beyond the mid; without a side the plain distance."""
    return float(SIDE[k] * (PRICE[k] - MID[k])) if SIDE[k] else abs(float(PRICE[k] - MID[k]))


def test_the_effective_spread_is_twice_the_distance_from_the_mid(got: dict[str, np.ndarray]) -> None:
    agrees(got["effective_spread"], [2e4 * half(k) / MID[k] for k in range(len(ROWS))])


def side(k: int) -> float:
    return float(SIDE[k]) or float(np.sign(PRICE[k] - MID[k]))


def parts(k: int, later: float) -> tuple[float, float, float]:
    """Effective spread, realised spread and impact of trade k, in basis points."""
    realised = 2 * side(k) * (PRICE[k] - later) / MID[k]
    impact = 2 * side(k) * (later - MID[k]) / MID[k]
    return 2e4 * half(k) / MID[k], 1e4 * realised, 1e4 * impact


OUTPUTS = ("effective", "realised", "impact")


def test_the_parts_of_a_spread_are_those_of_the_trade_so_many_trades_ago(got: dict[str, np.ndarray]) -> None:
    expected = [parts(k - 4, MID[k]) for k in range(4, len(ROWS))]
    for n, name in enumerate(OUTPUTS):
        agrees(got[f"spread_parts_4.{name}"], [None] * 4 + [one[n] for one in expected], 1e-10)


def test_the_parts_after_so_many_seconds_are_given_at_the_first_trade_that_comes_later(
    got: dict[str, np.ndarray],
) -> None:
    due: dict[int, list[int]] = {}
    for k in range(len(ROWS)):
        later = next((j for j in range(k + 1, len(ROWS)) if TIME[j] >= TIME[k] + 2), None)
        if later is not None:
            due.setdefault(later, []).append(k)
    now, expected = (0.0, 0.0, 0.0), []
    for j in range(len(ROWS)):
        if j in due:
            found = [parts(k, MID[j]) for k in due[j]]
            now = tuple(math.fsum(column) / len(found) for column in zip(*found, strict=True))  # type: ignore[assignment]
        expected.append(now)
    assert max(len(ks) for ks in due.values()) > 2
    for n, name in enumerate(OUTPUTS):
        agrees(got[f"spread_parts_timed_2_64.{name}"], [one[n] for one in expected], 1e-10)


def test_a_spread_taken_apart_by_hand() -> None:
    # Bought at 101 over a mid of 100; two trades later the mid is 100.5: half of what was paid was lost to the move.
    rows = of_trades((101, 1, 1, 0, 100), (99, 1, -1, 1, 100), (101, 1, 1, 2, 100.5))
    found = run(TRADE, rows, [f.spread_parts(n=2), f.spread_parts_timed(seconds=2)])
    for label in ("spread_parts_2", "spread_parts_timed_2_1024"):
        assert [found[f"{label}.{name}"][2] for name in OUTPUTS] == pytest.approx([200, 100, 100])
    assert [found[f"spread_parts_timed_2_1024.{name}"][1] for name in OUTPUTS] == [0, 0, 0]


def test_when_more_trades_wait_than_may_the_oldest_are_left_out() -> None:
    rows = of_trades(*[(101 + k, 1, 1, k, 100) for k in range(5)], (101, 1, 1, 50, 100))
    found = run(TRADE, rows, [f.spread_parts_timed(seconds=10, waiting=2)])
    # Of the five, those at 104 and 105: (8 % + 10 %) / 2.
    assert found["spread_parts_timed_10_2.effective"][-1] == pytest.approx(900)


def test_lee_and_ready_stand_in_for_the_aggressor_where_they_are_put_in_place() -> None:
    rows = of_trades((101, 1, 0, 0, 100), (99, 1, 0, 1, 100), (100, 1, 0, 2, 100))
    use = f.effective_spread("price", "mid", lee_ready())
    assert run(TRADE, rows, [use])[use.label].tolist() == [200, 200, 0]
