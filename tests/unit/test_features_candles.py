"""Candlestick patterns against TA-Lib, row by row: real candles of half a year, and random ones full of ties and gaps.

Prices stand on decimal grids, where a body often equals an average; every pattern comes up in what is compared.
"""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from catalogue import Series, from_candles
from literals import Floats, view_of

from tickloom.features.columns import BAR
from tickloom.features.declare import Use
from tickloom.features.plan import ViewPlan
from tickloom.features.view import FeatureView
from tickloom.testing.numbers import rows_of
from tickloom_plugins.features import CATALOGUE
from tickloom_plugins.features.indicators import candles

talib = pytest.importorskip("talib", reason="TA-Lib is not installed")

FAMILY = "candles"


def wild(seed: int, count: int, body: int, gap: int, ticks: float) -> Series:
    """Draw candles of so many ticks, three times as long now and then, every other one after a gap.

    Ten of them are together not as long as the price is high.
    """
    draw = np.random.default_rng(seed)
    bodies = draw.integers(-body, body + 1, count) * np.where(draw.random(count) < 0.25, 3, 1)
    gaps = draw.integers(-gap, gap + 1, count) * (draw.random(count) < 0.5)
    opens = np.cumsum(bodies + gaps) - bodies
    up, down = (draw.integers(0, body + 1, count) * (draw.random(count) < 0.6) for _ in range(2))
    high, low = np.maximum(opens, opens + bodies) + up, np.minimum(opens, opens + bodies) - down
    ohlc = np.column_stack([opens, high, low, opens + bodies]) - low.min() + 60 * body
    return Series(f"wild {seed}", np.column_stack([ohlc / ticks, np.ones((count, 2)), 60.0 * np.arange(count)]))


def truth(use: Use, series: Series) -> Floats:
    """Return what TA-Lib says, as floats."""
    function = getattr(talib, use.feature.oracle.removeprefix("talib."))
    prices = (series.column(name) for name in ("open", "high", "low", "close"))
    return np.asarray(function(*prices, **use.values), float)


def compare(series: Series) -> Counter[str]:
    """Require that nothing differs; return how often each pattern came up."""
    (uses, view), hits = view_of(FAMILY), Counter[str]()
    view.reset()
    out, _ = view.run(series.rows)
    wrong = {}
    for use, got, column in zip(uses, out.T, view.plan.columns, strict=True):
        expected = truth(use, series)
        differs = got[column.first :] != expected[column.first :]
        hits[use.feature.name] += int(np.count_nonzero(expected))
        # Before its lookback TA-Lib says 0, and that is all it says there.
        assert not expected[: column.first].any()
        if differs.any():
            wrong[use.label] = int(differs.sum())
    assert wrong == {}
    return hits


def test_all_patterns_of_talib_are_here() -> None:
    ours = [getattr(candles, name).oracle.removeprefix("talib.") for name in CATALOGUE[FAMILY].split()]
    assert sorted(ours) == sorted(talib.get_function_groups()["Pattern Recognition"])


@pytest.mark.parametrize("symbol", ["BTC", "ETH", "DOGE", "XRP", "SOL"])
def test_no_row_of_half_a_year_of_real_candles_differs_from_talib(symbol: str, market_data: Path) -> None:
    assert compare(from_candles(market_data, symbol, 52_416)).total() > 100_000


def test_no_row_of_random_candles_differs_from_talib_and_every_pattern_comes_up() -> None:
    hits = Counter[str]()
    shapes = [(3, 2, 1.0), (6, 4, 100.0), (20, 20, 100.0), (20, 10, 10.0), (1000, 600, 1000.0)]
    for seed, (body, gap, ticks) in enumerate(shapes):
        hits += compare(wild(seed, 100_000, body, gap, ticks))
    assert {name for name in CATALOGUE[FAMILY].split() if not hits[name]} == set()


def test_patterns_are_right_again_when_an_outlier_has_left() -> None:
    """TA-Lib's are not: its sums keep the rounding error of the outlier."""
    clean = wild(9, 4000, 20, 20, 100.0)
    broken = Series("broken", clean.rows.copy())
    broken.rows[500, :4] *= 1e12
    uses, view = view_of(FAMILY)
    view.reset()
    expected = view.run(clean.rows)[0][520:]
    view.reset()
    assert (view.run(broken.rows)[0][520:] == expected).all()
    assert sum((truth(use, broken) != truth(use, clean))[520:].sum() for use in uses) > 0


def test_prices_that_stand_still_make_a_doji_and_nothing_that_points() -> None:
    rows = rows_of(BAR, 60, still=False)
    rows[20:, :4] = 100.0
    uses = [candles.doji(), candles.marubozu(), candles.engulfing(), candles.hikkake(), candles.morning_star()]
    assert FeatureView(ViewPlan(BAR, uses)).run(rows)[0][-1].tolist() == [100.0, 0.0, 0.0, 0.0, 0.0]


def test_a_deeper_penetration_finds_fewer_morning_stars() -> None:
    rows = wild(2, 50_000, 20, 20, 100.0).rows
    uses = [candles.morning_star(penetration=part) for part in (0.0, 0.3, 0.9)]
    found = np.nansum(FeatureView(ViewPlan(BAR, uses)).run(rows)[0], axis=0)
    assert found[0] > found[1] > found[2] > 0
