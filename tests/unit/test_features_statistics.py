"""Statistics against sums in exact fractions, against scipy, and against TA-Lib where extremes are equal."""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from catalogue import Series, from_candles, made_up
from literals import Bars, Floats, Literal, faults, of_closes

from tickloom.features.columns import BAR
from tickloom.features.declare import Use
from tickloom.features.plan import ViewPlan
from tickloom.features.view import FeatureView
from tickloom.testing.numbers import rows_of
from tickloom_plugins.features.indicators import statistics, terms

talib = pytest.importorskip("talib", reason="TA-Lib is not installed")
stats = pytest.importorskip("scipy.stats")

FAMILY = "statistics"


def exact(values: Sequence[float] | Floats) -> list[Fraction]:
    return [Fraction(float(x)) for x in values]


def mean(x: list[Fraction]) -> Fraction:
    return sum(x, Fraction(0)) / len(x)


def covariance(x: list[Fraction], y: list[Fraction]) -> Fraction:
    mean_x, mean_y = mean(x), mean(y)
    return sum(((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)), Fraction(0)) / len(x)


def line(closes: Floats, n: int) -> tuple[Fraction, Fraction]:
    """Slope, and mean, of the straight line through the last n closes."""
    y, x = exact(closes[-n:]), [Fraction(k) for k in range(n)]
    return covariance(x, y) / covariance(x, x), mean(y)


def slope(bars: Bars, n: int) -> float:
    return float(line(bars.close, n)[0])


def angle(bars: Bars, n: int) -> float:
    return math.degrees(math.atan(slope(bars, n)))


def before(n: int, **_: float) -> int:
    return n - 1


def along(place: Callable[[int], int]) -> Literal:
    """Tell the height of the line, so many rows after its oldest value."""

    def at(bars: Bars, n: int) -> float:
        rise, middle = line(bars.close, n)
        return float(middle + rise * (place(n) - Fraction(n - 1, 2)))

    return before, at


def correlation_of(x: list[Fraction], y: list[Fraction]) -> float:
    both = covariance(x, x) * covariance(y, y)
    return float(covariance(x, y)) / math.sqrt(both) if both else 0.0


def correlation(bars: Bars, n: int) -> float:
    return correlation_of(exact(bars.close[-n:]), exact(bars.volume[-n:]))


def changes(values: Floats) -> list[Fraction]:
    x = exact(values)
    return [(b - a) / a if a else Fraction(0) for a, b in pairwise(x)]


def beta(bars: Bars, n: int) -> float:
    market, other = changes(bars.close[-n - 1 :]), changes(bars.volume[-n - 1 :])
    spread = covariance(market, market)
    return float(covariance(market, other) / spread) if spread else 0.0


def variance(bars: Bars, n: int) -> float:
    x = exact(bars.close[-n:])
    return float(covariance(x, x))


def deviation(bars: Bars, n: int, deviations: float) -> float:
    return math.sqrt(variance(bars, n)) * deviations


def percentile(bars: Bars, n: int, percent: float) -> float:
    """Find the smallest value that so many percent of all do not exceed."""
    window = bars.close[-n:].tolist()
    return next(x for x in sorted(window) if 100 * sum(one <= x for one in window) >= percent * n)


def rank(bars: Bars, n: int) -> float:
    return float(stats.percentileofscore(bars.close[-n - 1 : -1], bars.close[-1], kind="strict"))


LITERALS: dict[str, Literal] = {
    "linear_slope": (before, slope),
    "linear_angle": (before, angle),
    "linear_regression": along(lambda n: n - 1),
    "linear_forecast": along(lambda n: n),
    "linear_intercept": along(lambda n: 0),
    "correlation": (before, correlation),
    "beta": (lambda n: n, beta),
    "variance": (before, variance),
    "standard_deviation": (before, deviation),
    "percentile": (before, percentile),
    "percent_rank": (lambda n: n, rank),
}


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("name", LITERALS)
def test_a_statistic_is_what_its_definition_gives_in_exact_fractions(name: str, which: int) -> None:
    assert faults(FAMILY, name, LITERALS[name], which) == []


def run(uses: Sequence[Use], rows: Floats) -> Floats:
    return FeatureView(ViewPlan(BAR, uses)).run(rows)[0]


@pytest.mark.parametrize("symbol", ["BTC", "DOGE", "XRP"])
def test_lines_and_correlations_of_real_candles_are_exact_to_a_part_in_1e12(symbol: str, market_data: Path) -> None:
    rows = from_candles(market_data, symbol).rows
    found = run([statistics.linear_slope(n=14), statistics.correlation(n=30), statistics.beta(n=5)], rows)
    looked = range(40, len(rows), 7)
    for column, (literal, n) in enumerate([(slope, 14), (correlation, 30), (beta, 5)]):
        expected = np.array([literal(Bars(rows[: k + 1]), n) for k in looked])
        assert np.abs(found[looked, column] - expected).max() <= 1e-12 * np.abs(expected).max()


def test_a_correlation_is_right_again_when_an_outlier_has_left() -> None:
    rows = rows_of(BAR, 600, 5, still=False)
    rows[300, 3] *= 1e12
    found = run([statistics.correlation(n=20), statistics.beta(n=20), statistics.linear_slope(n=20)], rows)
    for k in range(321, 600):
        assert found[k, 0] == pytest.approx(correlation(Bars(rows[: k + 1]), 20), abs=1e-11)
        assert found[k, 2] == pytest.approx(slope(Bars(rows[: k + 1]), 20), abs=1e-12)
    assert found[400, 1] == pytest.approx(beta(Bars(rows[:401]), 20), rel=1e-9)


def test_a_series_on_a_line_has_that_slope_and_goes_on_along_it() -> None:
    closes = 5.0 + 0.25 * np.arange(50)
    uses = {one: one(n=10) for one in (statistics.linear_slope, statistics.linear_forecast)}
    assert of_closes(uses[statistics.linear_slope], closes)[9:] == pytest.approx(0.25, abs=1e-14)
    assert of_closes(uses[statistics.linear_forecast], closes)[9:] == pytest.approx(closes[9:] + 0.25, abs=1e-12)


def coarse(seed: int) -> Series:
    """Prices on a grid of five, so that most extremes are equal to others, with a long stretch of one price."""
    series = made_up("coarse", seed)
    series.rows[:, 3] = np.random.default_rng(seed).integers(1, 6, len(series.rows))
    series.rows[700:900, 3] = 3.0
    return series


@pytest.mark.parametrize("n", [2, 3, 8, 30])
def test_ages_of_equal_extremes_are_those_of_talib(n: int) -> None:
    series = coarse(n)
    close, places = series.column("close"), np.arange(len(series.rows))
    found = run([statistics.lowest_age(n=n), statistics.highest_age(n=n)], series.rows)[n - 1 :]
    for column, expected in enumerate(talib.MINMAXINDEX(close, n)):
        assert (found[:, column] == (places - expected)[n - 1 :]).all()


def test_the_lowest_and_the_highest_of_one_view_are_the_minmax_of_talib() -> None:
    series = coarse(1)
    found = run([terms.lowest(n=12), terms.highest(n=12)], series.rows)
    for column, expected in enumerate(talib.MINMAX(series.column("close"), 12)):
        assert np.array_equal(found[:, column], expected, equal_nan=True)


@pytest.mark.parametrize(("percent", "expected"), [(0.0, 1.0), (20.0, 1.0), (21.0, 2.0), (50.0, 3.0), (100.0, 9.0)])
def test_a_percentile_is_one_of_the_values_and_never_between_two(percent: float, expected: float) -> None:
    closes = np.array([7.0, 9.0, 2.0, 3.0, 1.0, 5.0])
    assert of_closes(statistics.percentile(n=5, percent=percent), closes)[4] == expected
