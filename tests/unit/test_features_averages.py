"""Moving averages that TA-Lib lacks, against their formulas, talipp and pandas; and the kinds of averages."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from catalogue import made_up
from literals import Bars, Literal, computed, faults, mean, some_series

from tickloom.features.columns import BAR
from tickloom.features.declare import Use
from tickloom.features.plan import ViewPlan
from tickloom.features.view import FeatureView
from tickloom_plugins.features.indicators import averages
from tickloom_plugins.features.indicators.terms import typical_price

talib = pytest.importorskip("talib", reason="TA-Lib is not installed")
talipp = pytest.importorskip("talipp.indicators", reason="talipp is not installed")

FAMILY = "averages"
#: What TA-Lib calls the kinds.
FUNCTIONS = ("SMA", "EMA", "WMA", "DEMA", "TEMA", "TRIMA", "KAMA", "T3", "HMA", "ZLEMA", "RMA")


def momentum_paced(bars: Bars, n: int) -> float:
    closes = bars.close.tolist()
    average = closes[n - 1]
    for k in range(n, len(closes)):
        changes = [closes[j] - closes[j - 1] for j in range(k - n + 1, k + 1)]
        up, down = sum(c for c in changes if c > 0), -sum(c for c in changes if c < 0)
        oscillator = abs(up - down) / (up + down) if up + down else 0.0
        average += 2 / (n + 1) * oscillator * (closes[k] - average)
    return average


def by_volume(bars: Bars, n: int) -> float:
    prices, volumes = ((bars.high + bars.low + bars.close) / 3)[-n:], bars.volume[-n:]
    return math.fsum(prices * volumes) / math.fsum(volumes) if volumes.any() else mean(prices)


def fractal(bars: Bars, half: int) -> float:
    average, dimension = (bars.high[2 * half - 1] + bars.low[2 * half - 1]) / 2, 1.0
    for k in range(2 * half - 1, len(bars.close)):
        middle = k + 1 - half

        def reach(begin: int, end: int) -> float:
            return float(max(bars.high[begin:end]) - min(bars.low[begin:end])) / (end - begin)

        newer, older, whole = reach(middle, k + 1), reach(middle - half, middle), reach(middle - half, k + 1)
        if newer > 0 and older > 0 and whole > 0:
            dimension = (math.log(newer + older) - math.log(whole)) / math.log(2)
        pace = min(max(math.exp(-4.6 * (dimension - 1)), 0.01), 1)
        if k > 2 * half - 1:
            average = pace * (bars.high[k] + bars.low[k]) / 2 + (1 - pace) * average
    return float(average)


def butterworth(bars: Bars, n: int) -> float:
    x = bars.close.tolist()
    a = math.exp(-math.sqrt(2) * math.pi / n)
    b = 2 * a * math.cos(math.sqrt(2) * math.pi / n)
    smooth = x[:2]
    for k in range(2, len(x)):
        smooth.append((1 - b + a * a) * (x[k] + x[k - 1]) / 2 + b * smooth[-1] - a * a * smooth[-2])
    return float(smooth[-1])


def four_elements(bars: Bars, gamma: float) -> float:
    old = [bars.close[0]] * 4
    for x in bars.close[1:]:
        new = [(1 - gamma) * x + gamma * old[0]]
        for j in range(1, 4):
            new.append(-gamma * new[j - 1] + old[j - 1] + gamma * old[j])
        old = new
    return float(old[0] + 2 * old[1] + 2 * old[2] + old[3]) / 6


LITERALS: dict[str, Literal] = {
    "vidya": (lambda n: n, momentum_paced),
    "vwap_rolling": (lambda n: n - 1, by_volume),
    "frama": (lambda half: 2 * half - 1, fractal),
    "super_smoother": (lambda n: 2, butterworth),
    "laguerre": (lambda gamma: 3, four_elements),
}


@pytest.mark.parametrize("which", [0, 1], ids=["random", "still"])
@pytest.mark.parametrize("name", LITERALS)
def test_an_average_is_what_its_formula_gives(name: str, which: int) -> None:
    assert faults(FAMILY, name, LITERALS[name], which) == []


def found(name: str) -> list[tuple[dict[str, Any], np.ndarray[Any, Any]]]:
    """Return what a feature gives of a random series, under two sets of parameters."""
    return [(use.values, got[0]) for use, got in computed(FAMILY, 0).items() if use.feature.name == name]


def agree(got: np.ndarray[Any, Any], expected: np.ndarray[Any, Any]) -> None:
    assert (np.isnan(got) == np.isnan(expected)).all()
    assert np.nanmax(np.abs(got - expected)) <= 1e-13 * np.nanmax(np.abs(expected))


def test_ema_first_is_the_unadjusted_mean_of_pandas() -> None:
    closes = pd.Series(some_series()[0].column("close"))
    for chosen, got in found("ema_first"):
        expected = closes.ewm(span=chosen["n"], adjust=False, min_periods=chosen["n"]).mean()
        agree(got, expected.to_numpy())


def test_alma_is_that_of_talipp() -> None:
    closes = some_series()[0].column("close").tolist()
    for chosen, got in found("alma"):
        agree(got, np.array(list(talipp.ALMA(*chosen.values(), closes)), float))


def test_mcginley_is_that_of_talipp() -> None:
    closes = some_series()[0].column("close").tolist()
    for chosen, got in found("mcginley"):
        agree(got, np.array(list(talipp.McGinleyDynamic(chosen["n"], closes)), float))


def run(uses: list[Use], rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return FeatureView(ViewPlan(BAR, uses)).run(rows)[0].T


def test_mcginley_does_not_pass_a_price_that_collapsed() -> None:
    rows = made_up("random", 3, 60).rows.copy()
    rows[30:, :4] *= 0.1
    (got,) = run([averages.mcginley(n=14)], rows)
    assert got[30:].min() >= rows[30:, 3].min()


def test_each_kind_of_average_is_talibs() -> None:
    series = made_up("random", 3)
    got = run([averages.ma(n=12, kind=kind) for kind in averages.KINDS], series.rows)
    for function, column in zip(FUNCTIONS, got, strict=True):
        agree(column, getattr(talib, function)(series.column("close"), 12))


def test_an_average_of_another_feature_is_that_of_its_values() -> None:
    series = made_up("random", 5)
    got = run([kind(typical_price(), n=7) for kind in averages.KINDS.values() if kind.name != "t3"], series.rows)
    prices = talib.TYPPRICE(*(series.column(name) for name in ("high", "low", "close")))
    for function, column in zip([name for name in FUNCTIONS if name != "T3"], got, strict=True):
        agree(column, getattr(talib, function)(prices, 7))


def test_an_average_of_one_row_is_the_row() -> None:
    series = made_up("random", 5, 400)
    got = run([averages.KINDS[kind](n=1) for kind in averages.KINDS if kind not in ("kama", "zlema")], series.rows)
    assert np.abs(got - series.column("close")).max() <= 1e-12


def test_without_volume_all_rows_weigh_the_same() -> None:
    rows = made_up("random", 3, 100).rows.copy()
    rows[40:70, BAR.columns.index("volume")] = 0.0
    (got,) = run([averages.vwma(n=10)], rows)
    assert got[60] == pytest.approx(mean(rows[51:61, 3]), rel=1e-14)
    assert got[45] == pytest.approx(np.average(rows[36:46, 3], weights=rows[36:46, 4]), rel=1e-14)


def test_vwap_is_the_typical_price_until_there_is_volume() -> None:
    rows = made_up("random", 3, 50).rows.copy()
    rows[:10, BAR.columns.index("volume")] = 0.0
    typical, got = run([typical_price(), averages.vwap()], rows)
    assert (got[:11] == typical[:11]).all()
    assert got[11] != typical[11]
