"""Statistics of series against scipy, numpy, pandas and datetime, or their definitions where those have none."""

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from catalogue import CATALOGUE, from_candles
from literals import Bars, Floats, Literal, computed, faults, faults_at_least, mean, of_closes, some_series, spread
from scipy import stats

from tickloom.errors import ConfigError
from tickloom.features.columns import BAR
from tickloom.features.declare import Use
from tickloom.features.plan import ViewPlan
from tickloom_plugins.features.indicators import series
from tickloom_plugins.features.indicators.terms import log_return

FAMILY = "series"


def varied(statistic: Callable[..., Any], **options: Any) -> Callable[..., float]:
    """Make a statistic of the last n closes; 0 where all are equal."""

    def at(bars: Bars, n: int) -> float:
        window = bars.close[-n:] - bars.close[-1]
        return float(statistic(window, **options)) if np.ptp(window) else 0.0

    return at


def correlation(x: Sequence[float] | Floats, y: Sequence[float] | Floats) -> float:
    """Pearson's correlation in two passes; 0 where one of the two does not vary."""
    if not np.ptp(x) or not np.ptp(y):
        return 0.0
    covariance = mean((np.asarray(x) - mean(x)) * (np.asarray(y) - mean(y)))
    return covariance / math.sqrt(spread(x) * spread(y))


def line(bars: Bars, n: int) -> Any:
    """Fit the straight line through the last n closes less the last one."""
    return stats.linregress(np.arange(n), bars.close[-n:] - bars.close[-1])


def residual(bars: Bars, n: int) -> float:
    fit = line(bars, n)
    return -(fit.intercept + fit.slope * (n - 1)) / bars.close[-1]


def explained(bars: Bars, n: int) -> float:
    return line(bars, n).rvalue ** 2 if np.ptp(bars.close[-n:]) else 0.0


def middle_rank(bars: Bars, n: int) -> float:
    return float(stats.rankdata(bars.close[-n:])[-1]) / n


def places(bars: Bars, n: int) -> tuple[float, float]:
    return (int(np.argmax(bars.high[-n:])) + 1) / n, (int(np.argmin(bars.low[-n:])) + 1) / n


def own_past(bars: Bars, n: int, back: int) -> float:
    r = bars.returns
    return correlation(r[-n:], r[-n - back : len(r) - back])


def ratio(bars: Bars, n: int, q: int) -> float:
    logs = np.log(bars.close[-n - 1 :])
    centre = (logs[-1] - logs[0]) / n
    short = math.fsum((logs[k] - logs[k - 1] - centre) ** 2 for k in range(1, n + 1)) / (n - 1)
    long = math.fsum((logs[k] - logs[k - q] - q * centre) ** 2 for k in range(q, n + 1))
    return long / (q * (n - q + 1) * (1 - q / n)) / short if np.ptp(bars.close[-n - 1 :]) else 1.0


def halves_in(bars: Bars, n: int) -> float:
    before, moves = bars.close[-n - 1 : -1] - bars.close[-1], np.diff(bars.close[-n - 1 :])
    if not np.ptp(before):
        return n
    slope = mean((before - mean(before)) * (moves - mean(moves))) / spread(before)
    return min(-math.log(2) / slope, n) if slope < 0 else n


def slope(points: Sequence[tuple[int, Any]]) -> float:
    """Slope through points of logarithms; 0.5 where there are fewer than two."""
    if len(points) < 2:
        return 0.5
    x, y = np.log(np.array(points)).T
    return float(np.polyfit(x, y, 1)[0])


def rescaled(block: Floats) -> float:
    walk = np.concatenate([[0.0], np.cumsum(block - block.mean())])
    return float((walk.max() - walk.min()) / block.std()) if np.ptp(block) else 0.0


def blocks(window: Floats, size: int) -> list[Floats]:
    """Blocks of a size, counted back from the newest value."""
    count = len(window) // size
    return list(window[len(window) - count * size :].reshape(count, size))


def hurst(bars: Bars, n: int) -> float:
    points = []
    for size in (s for s in (8, 16, 32, 64, 128, 256) if s <= n):
        ratios = [one for one in map(rescaled, blocks(bars.returns[-n:], size)) if one]
        points += [(size, np.mean(ratios))] if ratios else []
    return slope(points)


def fluctuation(bars: Bars, n: int) -> float:
    points = []
    for size in (s for s in (4, 8, 16, 32, 64) if 4 * s <= n):
        t, squares = np.arange(size), []
        for block in blocks(bars.returns[-n:], size):
            walk = np.cumsum(block)
            squares += ((walk - np.polyval(np.polyfit(t, walk, 1), t)) ** 2).tolist()
        points += [(size, math.sqrt(np.mean(squares)))] if any(squares) else []
    return slope(points)


def weights(d: float, tau: float) -> list[float]:
    found = [1.0]
    while abs(found[-1]) >= tau:
        found.append(-found[-1] * (d - len(found) + 1) / len(found))
    return found[:-1]


def fraction(bars: Bars, d: float, tau: float) -> float:
    return math.fsum(w * x for w, x in zip(weights(d, tau), bars.close[::-1], strict=False))


def events(bars: Bars, n: int, threshold: float) -> list[float]:
    up = down = event = 0.0
    for k in range(n - 1, len(bars.returns)):
        up, down, event = max(up + bars.returns[k], 0), min(down + bars.returns[k], 0), 0.0
        limit = threshold * math.sqrt(spread(bars.returns[k - n + 1 : k + 1]))
        if down < -limit:
            event, down = -1.0, 0.0
        elif up > limit:
            event, up = 1.0, 0.0
    return [event, up, down]


def level(bars: Bars, ratio: float) -> list[float]:
    noise, guess, variance, innovation = 2.0, bars.close[0], 2.0, 0.0
    for x in bars.close[1:]:
        variance += ratio * noise
        innovation = x - guess
        gain = variance / (variance + noise)
        guess += gain * innovation
        variance *= 1 - gain
    return [guess, innovation]


def regression(bars: Bars, decay: float) -> list[float]:
    w = decay ** np.arange(len(bars.close))[::-1]
    x, y = bars.volume, bars.close
    centre_x, centre_y = math.fsum(w * x) / math.fsum(w), math.fsum(w * y) / math.fsum(w)
    slope = math.fsum(w * (x - centre_x) * (y - centre_y)) / math.fsum(w * (x - centre_x) ** 2)
    intercept = centre_y - slope * centre_x
    return [slope, intercept, y[-1] - intercept - slope * x[-1]]


def counts(bars: Bars, n: int) -> list[float]:
    moves = np.diff(bars.close)[-n:]
    up, down = float(np.mean(moves > 0)), float(np.mean(moves < 0))
    return [up, down, up - down]


def sums(bars: Bars, n: int) -> list[float]:
    moves = np.diff(bars.close)[-n:]
    up, down = math.fsum(m for m in moves if m > 0), math.fsum(-m for m in moves if m < 0)
    return [up / (up + down), down / (up + down), (up - down) / (up + down)] if up + down else [0.0, 0.0, 0.0]


def change_pairs(bars: Bars, n: int) -> float:
    volumes = [b / a if a else 1.0 for a, b in zip(bars.volume[-n - 1 : -1], bars.volume[-n:], strict=True)]
    return correlation(bars.close[-n:] / bars.close[-n - 1 : -1], np.log(np.array(volumes) + 1))


def wiggle(bars: Bars, n: int) -> float:
    x = bars.close[-n:]
    return math.sqrt(math.fsum(np.diff(x) ** 2) / spread(x)) if np.ptp(x) else 0.0


def triples(bars: Bars, n: int, back: int) -> list[Floats]:
    r = bars.returns[-n:]
    return [r[: n - 2 * back], r[back : n - back], r[2 * back :]]


def third_order(bars: Bars, n: int, back: int) -> float:
    a, b, c = triples(bars, n, back)
    return mean(a * b * c)


def backwards(bars: Bars, n: int, back: int) -> float:
    a, b, c = triples(bars, n, back)
    return mean(c * c * b - b * a * a)


def longest(flags: Floats) -> float:
    return float(max(map(len, "".join("x" if one else " " for one in flags).split()), default=0))


def strikes(bars: Bars, n: int) -> list[float]:
    x = bars.close[-n:]
    return [longest(x > np.mean(x)), longest(x < np.mean(x))]


def peaks(bars: Bars, n: int, support: int) -> float:
    x, s = bars.close[-n:], support
    return float(sum(all(x[k] > x[j] for j in range(k - s, k + s + 1) if j != k) for k in range(s, n - s)))


def on_circle(part: float) -> list[float]:
    return [math.sin(2 * math.pi * part), math.cos(2 * math.pi * part)]


def clock(bars: Bars) -> list[float]:
    now = datetime.fromtimestamp(bars.time[-1], UTC)
    return on_circle((now.hour * 3600 + now.minute * 60 + now.second) / 86400)


def from_n(n: int) -> int:
    return n - 1


def from_changes(n: int) -> int:
    return n


def from_back(n: int, back: int) -> int:
    return n


LITERALS: dict[str, Literal] = {
    "skewness": (from_n, varied(stats.skew)),
    "skewness_corrected": (from_n, varied(stats.skew, bias=False)),
    "kurtosis": (from_n, varied(stats.kurtosis)),
    "kurtosis_corrected": (from_n, varied(stats.kurtosis, bias=False)),
    "median": (from_n, lambda bars, n: float(np.median(bars.close[-n:]))),
    "quantile": (lambda n, q: n - 1, lambda bars, n, q: float(np.quantile(bars.close[-n:], q))),
    "median_absolute_deviation": (from_n, lambda bars, n: float(stats.median_abs_deviation(bars.close[-n:]))),
    "rank": (from_n, middle_rank),
    "highest_place": (from_n, lambda bars, n: places(bars, n)[0]),
    "lowest_place": (from_n, lambda bars, n: places(bars, n)[1]),
    "extreme_order": (from_n, lambda bars, n: places(bars, n)[0] - places(bars, n)[1]),
    "autocorrelation": (lambda n, back: n + back, own_past),
    "variance_ratio": (lambda n, q: n, ratio),
    "half_life": (from_changes, halves_in),
    "hurst": (from_changes, hurst),
    "detrended_fluctuation": (from_changes, fluctuation),
    "fractional_difference": (lambda d, tau: len(weights(d, tau)) - 1, fraction),
    "cusum_filter": (lambda n, threshold: n, events),
    "kalman_level": (lambda ratio: 0, level),
    "recursive_beta": (lambda decay: 2, regression),
    "up_down_counts": (from_changes, counts),
    "up_down_sums": (from_changes, sums),
    "relative_slope": (from_n, lambda bars, n: line(bars, n).slope / bars.close[-1]),
    "relative_residual": (from_n, residual),
    "line_fit": (from_n, explained),
    "price_volume_correlation": (from_n, lambda bars, n: correlation(bars.close[-n:], np.log(bars.volume[-n:] + 1))),
    "change_correlation": (from_changes, change_pairs),
    "complexity": (from_n, wiggle),
    "c3": (from_back, third_order),
    "time_reversal_asymmetry": (from_back, backwards),
    "mean_absolute_change": (from_n, lambda bars, n: mean(abs(np.diff(bars.close[-n:])))),
    "longest_strike": (from_n, strikes),
    "number_of_peaks": (lambda n, support: n - 1, peaks),
    "time_of_day": (lambda: 0, clock),
    "day_of_week": (lambda: 0, lambda bars: on_circle(datetime.fromtimestamp(bars.time[-1], UTC).weekday() / 7)),
}
#: Quotients of moments, in which the largest jump of the series, a hundred times the others, has left an error; and the
#: half-life, which is made of the small difference between a variance and a covariance.
ROUGH = {"variance_ratio": 1e-9, "line_fit": 1e-10, "complexity": 1e-10, "half_life": 1e-10}


def tolerance(name: str) -> float:
    return ROUGH.get(name, 1e-12)


@pytest.mark.parametrize("which", [0, 1], ids=["random", "still"])
@pytest.mark.parametrize("name", CATALOGUE[FAMILY].split())
def test_a_statistic_is_what_its_definition_gives(name: str, which: int) -> None:
    assert faults(FAMILY, name, LITERALS[name], which, tolerance(name)) == []


def test_statistics_of_the_fewest_rows_are_what_their_definitions_give() -> None:
    assert faults_at_least(FAMILY, LITERALS, tolerance) == []


@pytest.mark.parametrize("symbol", ["BTC", "DOGE"])
@pytest.mark.parametrize("name", CATALOGUE[FAMILY].split())
def test_a_statistic_is_what_its_definition_gives_of_real_candles(name: str, symbol: str, market_data: Path) -> None:
    assert faults(FAMILY, name, LITERALS[name], from_candles(market_data, symbol, 700), tolerance(name)) == []


@pytest.mark.parametrize("which", [0, 1], ids=["random", "still"])
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("median", lambda rolling: rolling.median()),
        ("rank", lambda rolling: rolling.rank(pct=True)),
        ("quantile", lambda rolling: rolling.quantile(0.8)),
    ],
)
def test_order_statistics_are_those_of_pandas_at_every_row(
    name: str, expected: Callable[[Any], pd.Series], which: int
) -> None:
    got = next(got[0] for use, got in computed(FAMILY, which).items() if use == getattr(series, name)())
    truth = expected(pd.Series(some_series()[which].column("close")).rolling(20)).to_numpy()
    np.testing.assert_allclose(got, truth, rtol=0 if name == "median" else 1e-14)


@pytest.mark.parametrize("name", ["skewness_corrected", "kurtosis_corrected"])
def test_corrected_moments_of_returns_are_those_of_pandas(name: str) -> None:
    closes = some_series()[0].column("close")
    got = of_closes(getattr(series, name)(log_return(), n=30), closes)
    rolling = pd.Series(np.log(closes[1:] / closes[:-1])).rolling(30)
    truth = (rolling.skew() if name.startswith("skew") else rolling.kurt()).to_numpy()
    np.testing.assert_allclose(got[1:], truth, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("choose", "message"),
    [
        (lambda: series.variance_ratio(n=5, q=5), "q is 5, it must be below n, which is 5"),
        (lambda: series.c3(n=6, back=3), "'c3': n is 6, it must be above 6, twice the lag"),
        (lambda: series.number_of_peaks(n=4, support=2), "n is 4, it must be above 4, twice the support"),
    ],
)
def test_parameters_that_do_not_go_together_are_told(choose: Callable[[], Use], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ViewPlan(BAR, [choose()])
