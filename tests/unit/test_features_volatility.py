"""Volatility, realised measures and spreads of bars against their formulas, computed slowly, and against pandas."""

import math
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
import pytest
from catalogue import CATALOGUE, by_stream, features_of, from_candles, made_up
from literals import Bars, Literal, computed, faults, faults_at_least, mean, some_series, spread

from tickloom.features.columns import BAR
from tickloom.features.declare import Use
from tickloom.features.plan import ViewPlan
from tickloom.features.view import FeatureView

FAMILY = "volatility"


def deviations(bars: Bars, n: int) -> float:
    sd = math.sqrt(spread(bars.close[-n:]))
    return (bars.close[-1] - mean(bars.close[-n:])) / sd if sd else 0.0


def ulcer(bars: Bars, n: int) -> float:
    closes = bars.close.tolist()
    falls = [100 * (closes[k] / max(closes[k - n + 1 : k + 1]) - 1) for k in range(len(closes) - n, len(closes))]
    return math.sqrt(mean([fall**2 for fall in falls]))


def yearly(bars: Bars, n: int, periods_per_year: float) -> float:
    return math.sqrt(spread(bars.returns[-n:], 1) * periods_per_year)


def weighted(bars: Bars, decay: float) -> float:
    variance = bars.returns[0] ** 2
    for r in bars.returns[1:]:
        variance = decay * variance + (1 - decay) * r * r
    return math.sqrt(variance)


def garch(bars: Bars, omega: float, alpha: float, beta: float) -> float:
    variance = bars.returns[0] ** 2
    for r in bars.returns:
        variance = omega + alpha * r * r + beta * variance
    return math.sqrt(variance)


def squares(bars: Bars, n: int) -> float:
    return math.fsum(r * r for r in bars.returns[-n:])


def bipower(bars: Bars, n: int) -> float:
    sizes = abs(bars.returns[-n:]).tolist()
    return math.pi / 2 * n / (n - 1) * math.fsum(sizes[k] * sizes[k - 1] for k in range(1, n))


def jump(bars: Bars, n: int) -> float:
    return max(squares(bars, n) - bipower(bars, n), 0)


def smallest(bars: Bars, n: int) -> float:
    sizes = abs(bars.returns[-n:]).tolist()
    return math.pi / (math.pi - 2) * n / (n - 1) * math.fsum(min(sizes[k - 1 : k + 1]) ** 2 for k in range(1, n))


def middle(bars: Bars, n: int) -> float:
    sizes = abs(bars.returns[-n:]).tolist()
    factor = math.pi / (6 - 4 * math.sqrt(3) + math.pi) * n / (n - 2)
    return factor * math.fsum(median(sizes[k - 2 : k + 1]) ** 2 for k in range(2, n))


def halves(bars: Bars, n: int) -> list[float]:
    recent = bars.returns[-n:]
    return [math.fsum(r * r for r in recent if r < 0), math.fsum(r * r for r in recent if r > 0)]


def third(bars: Bars, n: int) -> float:
    rv = squares(bars, n)
    return math.sqrt(n) * math.fsum(r**3 for r in bars.returns[-n:]) / rv**1.5 if rv else 0.0


def fourth(bars: Bars, n: int) -> float:
    rv = squares(bars, n)
    return n * math.fsum(r**4 for r in bars.returns[-n:]) / rv**2 if rv else 0.0


def of_volatility(bars: Bars, n: int, m: int) -> float:
    r = bars.returns
    return math.sqrt(spread([math.sqrt(math.fsum(r[k - n : k] ** 2)) for k in range(len(r) - m + 1, len(r) + 1)]))


def livelier(bars: Bars, fast: int, slow: int) -> float:
    below = spread(bars.returns[-slow:])
    return math.sqrt(spread(bars.returns[-fast:]) / below) if below else 1.0


def ranges(bars: Bars, n: int) -> float:
    squared = [math.log(h / lo) ** 2 for _, h, lo, _ in last(bars, n)]
    return math.sqrt(mean(squared) / (4 * math.log(2)))


def last(bars: Bars, n: int) -> list[tuple[float, float, float, float]]:
    return list(zip(bars.open[-n:], bars.high[-n:], bars.low[-n:], bars.close[-n:], strict=True))


def garman(bars: Bars, n: int) -> float:
    terms = [math.log(h / lo) ** 2 / 2 - (2 * math.log(2) - 1) * math.log(c / o) ** 2 for o, h, lo, c in last(bars, n)]
    return math.sqrt(mean(terms))


def rogers(bars: Bars, n: int) -> float:
    log = math.log
    return mean([log(h / o) * log(h / c) + log(lo / o) * log(lo / c) for o, h, lo, c in last(bars, n)])


def yang(bars: Bars, n: int) -> float:
    gaps = np.log(bars.open[1:] / bars.close[:-1])[-n:]
    bodies = np.log(bars.close / bars.open)[-n:]
    weight = 0.34 / (1.34 + (n + 1) / (n - 1))
    return math.sqrt(spread(gaps, 1) + weight * spread(bodies, 1) + (1 - weight) * rogers(bars, n))


def two_bars(bars: Bars, k: int) -> tuple[float, float]:
    beta = math.log(bars.high[k] / bars.low[k]) ** 2 + math.log(bars.high[k - 1] / bars.low[k - 1]) ** 2
    gamma = math.log(max(bars.high[k - 1 : k + 1]) / min(bars.low[k - 1 : k + 1])) ** 2
    return beta, gamma


def corwin(bars: Bars, n: int) -> float:
    found = []
    for k in range(len(bars.close) - n, len(bars.close)):
        beta, gamma = two_bars(bars, k)
        below = 3 - 2 * math.sqrt(2)
        alpha = (math.sqrt(2 * beta) - math.sqrt(beta)) / below - math.sqrt(gamma / below)
        found.append(max(2 * (math.exp(alpha) - 1) / (1 + math.exp(alpha)), 0))
    return mean(found)


def becker(bars: Bars, n: int) -> float:
    count = len(bars.close)
    beta = mean([two_bars(bars, k)[0] for k in range(count - n, count)])
    gamma = two_bars(bars, count - 1)[1]
    scale, below = math.sqrt(8 / math.pi), 3 - 2 * math.sqrt(2)
    sigma = (2**-0.5 - 1) * math.sqrt(beta) / (scale * below) + math.sqrt(gamma / (scale**2 * below))
    return max(sigma, 0)


def abdi(bars: Bars, n: int) -> float:
    middles, closes = (np.log(bars.high) + np.log(bars.low)) / 2, np.log(bars.close)
    products = [4 * (closes[k - 1] - middles[k - 1]) * (closes[k - 1] - middles[k]) for k in range(-n, 0)]
    return mean([math.sqrt(max(one, 0)) for one in products])


def bounce(bars: Bars, n: int) -> float:
    moves = np.diff(bars.close)
    now, then = moves[-n:], moves[-n - 1 : -1]
    covariance = math.fsum((now - mean(now)) * (then - mean(then))) / (n - 1)
    return 2 * math.sqrt(max(-covariance, 0))


def illiquidity(bars: Bars, n: int) -> float:
    found = []
    for k in range(-n, 0):
        value = bars.close[k] * bars.volume[k]
        found.append(abs(bars.close[k] / bars.close[k - 1] - 1) / value if value else 0.0)
    return mean(found)


LITERALS: dict[str, Literal] = {
    "zscore": (lambda n: n - 1, deviations),
    "ulcer_index": (lambda n: 2 * n - 2, ulcer),
    "historical_volatility": (lambda n, periods_per_year: n, yearly),
    "ewma_volatility": (lambda decay: 1, weighted),
    "garch_volatility": (lambda omega, alpha, beta: 1, garch),
    "realised_variance": (lambda n: n, squares),
    "realised_volatility": (lambda n: n, lambda bars, n: math.sqrt(squares(bars, n))),
    "bipower_variation": (lambda n: n, bipower),
    "jump_variation": (lambda n: n, jump),
    "jump_ratio": (lambda n: n, lambda bars, n: jump(bars, n) / squares(bars, n) if squares(bars, n) else 0.0),
    "minrv": (lambda n: n, smallest),
    "medrv": (lambda n: n, middle),
    "realised_semivariance": (lambda n: n, halves),
    "realised_skewness": (lambda n: n, third),
    "realised_kurtosis": (lambda n: n, fourth),
    "volatility_of_volatility": (lambda n, m: n + m - 1, of_volatility),
    "volatility_ratio": (lambda fast, slow: slow, livelier),
    "parkinson": (lambda n: n - 1, ranges),
    "garman_klass": (lambda n: n - 1, garman),
    "rogers_satchell": (lambda n: n - 1, lambda bars, n: math.sqrt(rogers(bars, n))),
    "yang_zhang": (lambda n: n, yang),
    "corwin_schultz": (lambda n: n, corwin),
    "becker_parkinson": (lambda n: n, becker),
    "abdi_ranaldo": (lambda n: n, abdi),
    "roll_spread": (lambda n: n + 1, bounce),
    "amihud": (lambda n: n, illiquidity),
}


#: Quotients of sums in which the largest jump of the series, a hundred times the others, has left its rounding error:
#: they are of the same size whatever the jump was, so their scale does not grow with it.
QUOTIENTS = ("zscore", "jump_ratio", "realised_skewness", "realised_kurtosis", "volatility_ratio")


def tolerance(name: str) -> float:
    return 1e-10 if name in QUOTIENTS else 1e-12


@pytest.mark.parametrize("which", [0, 1], ids=["random", "still"])
@pytest.mark.parametrize("name", CATALOGUE[FAMILY].split())
def test_a_measure_of_volatility_is_what_its_formula_gives(name: str, which: int) -> None:
    assert faults(FAMILY, name, LITERALS[name], which, tolerance(name)) == []


def test_measures_of_volatility_of_the_fewest_rows_are_what_their_definitions_give() -> None:
    assert faults_at_least(FAMILY, LITERALS, tolerance) == []


@pytest.mark.parametrize("symbol", ["BTC", "DOGE"])
@pytest.mark.parametrize("name", CATALOGUE[FAMILY].split())
def test_a_measure_of_volatility_is_what_its_formula_gives_of_real_candles(
    name: str, symbol: str, market_data: Path
) -> None:
    assert faults(FAMILY, name, LITERALS[name], from_candles(market_data, symbol, 700), tolerance(name)) == []


def column(name: str) -> tuple[np.ndarray[Any, Any], dict[str, Any]]:
    """Look up what a feature gives under its defaults, and these."""
    use, got = next((use, got) for use, got in computed(FAMILY, 0).items() if use.feature.name == name)
    return got[0], use.values


def agree(got: np.ndarray[Any, Any], expected: pd.Series) -> None:
    assert (np.isnan(got) == expected.isna().to_numpy()).all()
    assert np.nanmax(np.abs(got - expected.to_numpy())) <= 1e-11 * np.nanmax(np.abs(got))


def test_historical_volatility_is_the_yearly_deviation_of_pandas() -> None:
    got, chosen = column("historical_volatility")
    close = pd.Series(some_series()[0].column("close"))
    agree(got, np.log(close / close.shift()).rolling(chosen["n"]).std() * math.sqrt(chosen["periods_per_year"]))


def test_ewma_volatility_is_the_unadjusted_mean_of_pandas() -> None:
    got, chosen = column("ewma_volatility")
    close = pd.Series(some_series()[0].column("close"))
    squares = np.log(close / close.shift()) ** 2
    agree(got, np.sqrt(squares.ewm(alpha=1 - chosen["decay"], adjust=False).mean()))


def test_roll_spread_is_the_covariance_of_pandas() -> None:
    got, chosen = column("roll_spread")
    moves = pd.Series(some_series()[0].column("close")).diff()
    covariance = moves.rolling(chosen["n"]).cov(moves.shift())
    agree(got, 2 * np.sqrt((-covariance).clip(lower=0)))


def test_the_semivariances_add_up_to_the_realised_variance() -> None:
    found = {use.feature.name: got for use, got in computed(FAMILY, 0).items() if use.values.get("n") == 20}
    down, up = found["realised_semivariance"]
    assert np.nanmax(np.abs(down + up - found["realised_variance"][0])) <= 1e-14 * np.nanmax(down)


@pytest.mark.parametrize("family", ["volatility", "series", "entropy"])
def test_what_is_given_in_place_of_the_close_is_taken_for_it_throughout(family: str) -> None:
    rows = made_up("opens", 4, 400).rows
    swapped = rows.copy()
    swapped[:, 3] = rows[:, 0]
    chosen = [one for one in features_of(family) if columns_of(one()) == ("close",)]
    of_opens = FeatureView(ViewPlan(BAR, [one("open") for one in chosen]))
    # Of closes, out of the family's view that other tests compile as well.
    whole = ViewPlan(BAR, by_stream(family)["bar"])
    places = [whole.names.index(name) for name in ViewPlan(BAR, [one() for one in chosen]).names]
    of_closes = FeatureView(whole).run(swapped)[0][:, places]
    np.testing.assert_array_equal(of_opens.run(rows)[0], of_closes)
    assert len(chosen) > 4


def columns_of(use: Use) -> tuple[str, ...]:
    """Columns of the bar that a feature is made of."""
    plan = ViewPlan(BAR, [use])
    return tuple(BAR.columns[place] for place in plan.used)
