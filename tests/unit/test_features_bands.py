"""Bands, channels and stops: formulas for those that TA-Lib lacks, TA-Lib under odd parameters, and flat markets."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from catalogue import Series, made_up
from literals import Bars, Literal, computed, faults, mean, some_series, spread

from tickloom.features.columns import BAR
from tickloom.features.declare import Use
from tickloom.features.plan import ViewPlan
from tickloom.features.view import FeatureView
from tickloom_plugins.features.indicators import bands
from tickloom_plugins.features.indicators.averages import KINDS

talib = pytest.importorskip("talib", reason="TA-Lib is not installed")
talipp = pytest.importorskip("talipp.indicators", reason="talipp is not installed")
ohlcv = pytest.importorskip("talipp.ohlcv")

FAMILY = "bands"


def bollinger(bars: Bars, n: int, width: float) -> tuple[float, float, float]:
    middle, half = mean(bars.close[-n:]), width * math.sqrt(spread(bars.close[-n:]))
    return middle + half, middle, middle - half


def place(bars: Bars, n: int, width: float) -> float:
    upper, _, lower = bollinger(bars, n, width)
    return (bars.close[-1] - lower) / (upper - lower) if upper > lower else 0.5


def bandwidth(bars: Bars, n: int, width: float) -> float:
    upper, middle, lower = bollinger(bars, n, width)
    return (upper - lower) / middle


def clouds(bars: Bars, tenkan: int, kijun: int, senkou: int) -> Sequence[float]:
    fast, slow, far = ((max(bars.high[-n:]) + min(bars.low[-n:])) / 2 for n in (tenkan, kijun, senkou))
    return [fast, slow, (fast + slow) / 2, far]


def true_ranges(bars: Bars) -> list[float]:
    return [
        max(bars.high[k], bars.close[k - 1]) - min(bars.low[k], bars.close[k - 1]) for k in range(1, len(bars.close))
    ]


def distance(bars: Bars, n: int, rows: int, kind: str) -> float:
    assert kind == "ema"
    average = mean(bars.close[:n])
    for x in bars.close[n:]:
        average += 2 / (n + 1) * (x - average)
    ranges = true_ranges(bars)
    reach = mean(ranges[:rows])
    for x in ranges[rows:]:
        reach += (x - reach) / rows
    return float((bars.close[-1] - average) / reach)


LITERALS: dict[str, Literal] = {
    "percent_b": (lambda n, width: n - 1, place),
    "bandwidth": (lambda n, width: n - 1, bandwidth),
    "ichimoku": (lambda tenkan, kijun, senkou: max(tenkan, kijun, senkou) - 1, clouds),
    "distance_from_average": (lambda n, rows, kind: max(n - 1, rows), distance),
}


@pytest.mark.parametrize("which", [0, 1], ids=["random", "still"])
@pytest.mark.parametrize("name", LITERALS)
def test_a_band_is_what_its_formula_gives(name: str, which: int) -> None:
    assert faults(FAMILY, name, LITERALS[name], which, 1e-10 if name in ("percent_b", "bandwidth") else 1e-12) == []


def test_chande_kroll_stops_are_those_of_talipp_once_the_first_true_range_is_forgotten() -> None:
    series = some_series()[0]
    bars = [ohlcv.OHLCV(*row[:5]) for row in series.rows.tolist()]
    for use, got in computed(FAMILY, 0).items():
        if use.feature.name == "chande_kroll_stop":
            n, multiplier, rows = use.values.values()
            theirs = [
                (one.short_stop, one.long_stop) for one in talipp.ChandeKrollStop(n, multiplier, rows, bars)[600:]
            ]
            assert got[:, 600:].T == pytest.approx(np.array(theirs), rel=1e-12)


#: Columns that TA-Lib's functions take, where they are not high, low and close.
TAKES = {"BBANDS": ("close",), "RVI": ("close",)} | dict.fromkeys(("SAR", "SAREXT", "MASSI", "CVI"), ("high", "low"))
#: TA-Lib's numbers of the kinds of averages.
NUMBERS = {"sma": 0, "ema": 1, "wma": 2, "dema": 3, "tema": 4, "trima": 5, "kama": 6, "t3": 8, "hma": 9, "zlema": 12}
NUMBERS["rma"] = 13


def truth(use: Use, series: Series) -> list[np.ndarray[Any, Any]]:
    """Return what TA-Lib says, one array per output."""
    name = use.feature.oracle.removeprefix("talib.")
    columns = [series.column(one) for one in TAKES.get(name, ("high", "low", "close"))]
    found = getattr(talib, name)(*columns, *(NUMBERS.get(one, one) for one in use.values.values()))
    return [np.asarray(one, float) for one in (found if isinstance(found, tuple) else (found,))]


#: Where the branches are that usual parameters leave alone.
ODD: list[Use] = [
    *(bands.bbands(n=9, up=1.5, down=2.5, kind=kind) for kind in KINDS),
    bands.keltner(n=5, rows=12, width=1.0),
    bands.supertrend(n=3, multiplier=0.1),
    bands.supertrend(n=2, multiplier=1.0),
    bands.sar(acceleration=0.3, most=0.2),
    bands.sar(acceleration=0.0, most=0.0),
    bands.sarext(start=95.0),
    bands.sarext(start=-140.0),
    bands.sarext(offset=0.05),
    bands.sarext(initial_long=0.5, long=0.3, most_long=0.25, initial_short=0.01, short=0.05, most_short=0.3),
    bands.massi(n=2, rows=2),
    bands.cvi(n=2, rows=1),
    bands.atr(n=1),
    bands.rvi(n=1, spread=2),
]


@pytest.mark.parametrize("seed", [3, 5, 8])
def test_odd_parameters_give_what_talib_gives(seed: int) -> None:
    series = made_up("random", seed, 600)
    out, at = FeatureView(ViewPlan(BAR, ODD)).run(series.rows)[0].T, 0
    for use in ODD:
        for expected in truth(use, series):
            begins = int(np.argmin(np.isnan(out[at])))
            assert np.isnan(expected).sum() in (begins, 0), use.label
            wrong = np.abs(out[at] - expected)[begins:].max() / np.abs(expected[begins:]).max()
            assert wrong <= 1e-11, (use.label, wrong)
            at += 1


#: What is said of a market in which every price is 7; TA-Lib says the same.
FLAT: dict[str, tuple[float, ...]] = {
    "atr": (0.0,),
    "natr": (0.0,),
    "cvi": (0.0,),
    "massi": (25.0,),
    "rvi": (50.0,),
    "accbands": (7.0, 7.0, 7.0),
    "keltner": (7.0, 7.0, 7.0),
    "supertrend": (7.0, 1.0),
}


@pytest.mark.parametrize("name", FLAT)
def test_a_flat_market_has_the_value_that_talib_gives(name: str) -> None:
    rows = np.full((120, BAR.width), 7.0)
    use = getattr(bands, name)()
    got = FeatureView(ViewPlan(BAR, [use])).run(rows)[0][-1]
    assert tuple(got) == pytest.approx(FLAT[name], rel=1e-15)
    assert tuple(one[-1] for one in truth(use, Series("flat", rows))) == pytest.approx(FLAT[name], rel=1e-15)
