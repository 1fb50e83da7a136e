"""Volume indicators that TA-Lib lacks against formulas, pandas and talipp; and markets in which nothing is traded."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from catalogue import made_up
from literals import Bars, Literal, computed, faults, mean, some_series, spread

from tickloom.features.columns import BAR
from tickloom.features.plan import ViewPlan
from tickloom.features.view import FeatureView
from tickloom_plugins.features.indicators import volume
from tickloom_plugins.features.indicators.averages import KINDS

talib = pytest.importorskip("talib", reason="TA-Lib is not installed")
talipp = pytest.importorskip("talipp.indicators", reason="talipp is not installed")
ohlcv = pytest.importorskip("talipp.ohlcv")

FAMILY = "volume"
VOLUME = BAR.columns.index("volume")


def average(values: list[float], n: int) -> float:
    """EMA, seeded with the mean of the first n values."""
    found = mean(values[:n])
    for x in values[n:]:
        found += 2 / (n + 1) * (x - found)
    return found


def zone(bars: Bars, n: int) -> float:
    volumes = bars.volume[1:].tolist()
    directions = np.sign(np.diff(bars.close)).tolist()
    return 100 * average([v * sign for v, sign in zip(volumes, directions, strict=True)], n) / average(volumes, n)


def change(bars: Bars, n: int) -> float:
    return 100 * (bars.volume[-1] / bars.volume[-1 - n] - 1) if bars.volume[-1 - n] else 0.0


def score(bars: Bars, n: int) -> float:
    deviation = math.sqrt(spread(bars.volume[-n:]))
    return (bars.volume[-1] - mean(bars.volume[-n:])) / deviation if deviation else 0.0


def usual(bars: Bars, n: int) -> float:
    return mean(bars.volume[-n:]) / bars.volume[-1] if bars.volume[-1] else 0.0


def deviation(bars: Bars, n: int) -> float:
    return math.sqrt(spread(bars.volume[-n:], 1)) / bars.volume[-1] if bars.volume[-1] else 0.0


def weighted(bars: Bars, n: int) -> float:
    moved = (np.abs(bars.close[1:] / bars.close[:-1] - 1) * bars.volume[1:])[-n:]
    return math.sqrt(spread(moved, 1)) / mean(moved) if moved.any() else 0.0


def parts(bars: Bars, n: int) -> tuple[float, float]:
    changes = np.diff(bars.volume)[-n:]
    whole = math.fsum(abs(changes))
    return (math.fsum(changes.clip(0)) / whole, math.fsum((-changes).clip(0)) / whole) if whole else (0.0, 0.0)


LITERALS: dict[str, Literal] = {
    "vzo": (lambda n: n, zone),
    "volume_roc": (lambda n: n, change),
    "volume_zscore": (lambda n: n - 1, score),
    "qlib_vma": (lambda n: n - 1, usual),
    "qlib_vstd": (lambda n: n - 1, deviation),
    "qlib_wvma": (lambda n: n, weighted),
    "qlib_vsump": (lambda n: n, lambda bars, n: parts(bars, n)[0]),
    "qlib_vsumn": (lambda n: n, lambda bars, n: parts(bars, n)[1]),
    "qlib_vsumd": (lambda n: n, lambda bars, n: parts(bars, n)[0] - parts(bars, n)[1]),
}


# A jump of hundreds of times the other moves leaves its rounding error in the moments until they begin anew.
@pytest.mark.parametrize("which", [0, 1], ids=["random", "still"])
@pytest.mark.parametrize("name", LITERALS)
def test_a_measure_of_volume_is_what_its_formula_gives(name: str, which: int) -> None:
    assert faults(FAMILY, name, LITERALS[name], which, 1e-10 if name == "qlib_wvma" else 1e-12) == []


def found(name: str) -> list[tuple[list[Any], np.ndarray[Any, Any]]]:
    """Return what a feature gives of a random series, under two sets of parameters."""
    return [(list(use.values.values()), got[0]) for use, got in computed(FAMILY, 0).items() if use.feature.name == name]


def agree(got: np.ndarray[Any, Any], expected: np.ndarray[Any, Any], tolerance: float = 1e-12) -> None:
    assert (np.isnan(got) == np.isnan(expected)).all()
    assert np.nanmax(np.abs(got - expected)) <= tolerance * np.nanmax(np.abs(expected))


def candles() -> list[Any]:
    return [ohlcv.OHLCV(*row[:5]) for row in some_series()[0].rows.tolist()]


def test_ease_of_movement_is_that_of_talipp() -> None:
    for (n,), got in found("emv"):
        agree(got, np.array(list(talipp.EMV(n, 1, candles())), float))


def test_klinger_is_that_of_talipp() -> None:
    for (fast, slow), got in found("kvo"):
        agree(got, np.array(list(talipp.KVO(fast, slow, candles())), float))


def test_the_qlib_measures_are_the_expressions_of_qlib_in_pandas() -> None:
    series = some_series()[0]
    v, c = pd.Series(series.column("volume")), pd.Series(series.column("close"))
    moved, moves = (c / c.shift() - 1).abs() * v, v.diff()
    for (n,), got in found("qlib_vstd"):
        agree(got, (v.rolling(n).std() / v).to_numpy())
    for (n,), got in found("qlib_wvma"):
        # The series has a jump that is hundreds of times the other moves; pandas keeps its rounding error.
        agree(got, (moved.rolling(n).std() / moved.rolling(n).mean()).to_numpy(), 1e-9)
    for (n,), got in found("qlib_vsumd"):
        agree(got, ((2 * moves.clip(lower=0) - moves.abs()).rolling(n).sum() / moves.abs().rolling(n).sum()).to_numpy())


def test_each_kind_of_volume_oscillator_is_talibs() -> None:
    series = made_up("random", 3)
    uses = [volume.pvo(fast=5, slow=13, kind=kind) for kind in KINDS]
    uses.append(volume.pvo(fast=20, slow=6))
    out = FeatureView(ViewPlan(BAR, uses)).run(series.rows)[0].T
    numbers = (0, 1, 2, 3, 4, 5, 6, 8, 9, 12, 13)
    for number, got in zip(numbers, out, strict=False):
        agree(got, talib.PVO(series.column("volume"), 5, 13, number))
    agree(out[-1], talib.PVO(series.column("volume"), 20, 6, 1))


#: Features that say 0 where there is nothing to compare with.
ZERO = ("cmf", "marketfi", "emv", "efi", "mfi", "kvo", "vzo", "pvo", "rvol", "adosc", "volume_roc", "volume_zscore")
QLIB = ("qlib_vma", "qlib_vstd", "qlib_wvma", "qlib_vsump", "qlib_vsumn", "qlib_vsumd")


def test_without_any_volume_every_measure_is_zero() -> None:
    rows = made_up("random", 3, 150).rows.copy()
    rows[:, VOLUME] = 0.0
    out = FeatureView(ViewPlan(BAR, [getattr(volume, name)() for name in (*ZERO, *QLIB)])).run(rows)[0]
    assert (out[-1] == 0.0).all()


@pytest.mark.parametrize("largest", [1.0, 1e4, 1e9])
def test_a_stretch_without_volume_leaves_nothing_of_the_volume_before(largest: float) -> None:
    rows = made_up("random", 3, 300).rows.copy()
    rows[:, VOLUME] *= largest * 1e-3 ** np.linspace(0, 4, 300)
    rows[200:, VOLUME] = 0.0
    uses = [volume.cmf(n=20), volume.mfi(n=20), volume.rvol(n=20), volume.qlib_wvma(n=20), volume.qlib_vsump(n=20)]
    out = FeatureView(ViewPlan(BAR, uses)).run(rows)[0]
    assert (out[222:] == 0.0).all()


def test_a_typical_price_that_differs_in_its_last_bits_has_not_changed() -> None:
    rows = np.full((40, BAR.width), 1.0)
    rows[:, 1:4] = 0.07101, 0.07099, 0.071
    # The same three prices in another order; their sum differs by a rounding.
    rows[1::2, 1:4] = 0.071, 0.07101, 0.07099
    (got,) = FeatureView(ViewPlan(BAR, [volume.mfi(n=5)])).run(rows)[0].T
    assert (got[5:] == 0.0).all()
