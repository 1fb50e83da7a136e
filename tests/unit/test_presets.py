"""qlib's feature sets, column by column, against a literal computation of its formulas with pandas.

The formulas are those of qlib's Alpha158DL and Alpha360DL (contrib/data/loader.py), its operators those of data/ops.py:
``Std`` is a sample's, ``Rank`` pandas' ``rank(pct=True)``, ``IdxMax`` counts from 1 at the oldest row. The guards of
1e-12 are in them; beside amounts of 1/64 and more they change ten digits of nothing.
"""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from catalogue import Series, from_candles, made_up

from tickloom.errors import ConfigError
from tickloom.features.columns import BAR
from tickloom.features.plan import ViewPlan
from tickloom.features.view import FeatureView
from tickloom.plugins import load_plugins
from tickloom_plugins.features.indicators.ratios import lagged_ratio, range_place, ratio
from tickloom_plugins.features.presets import PRESETS, WINDOWS, preset

pandas = pytest.importorskip("pandas", reason="pandas is the oracle")

GUARD = 1e-12
#: The first row at which every window is full and every row has one before it.
WARM = 61


@cache
def view_of(name: str) -> FeatureView:
    return FeatureView(ViewPlan(BAR, preset(name)))


def found(name: str, rows: np.ndarray) -> dict[str, np.ndarray]:
    view = view_of(name)
    view.reset()
    return dict(zip(PRESETS[name], view.run(rows)[0].T, strict=True))


def bars(series: Series) -> dict[str, Any]:
    """Name the columns as qlib's formulas do; the typical price stands for the VWAP."""
    given = {name: pandas.Series(series.column(name)) for name in ("open", "high", "low", "close", "volume")}
    return given | {"vwap": (given["high"] + given["low"] + given["close"]) / 3}


def line(window: np.ndarray) -> tuple[float, float, float]:
    """Slope, residual of the last value, and share of the variance that is explained, by numpy's own fit."""
    x = np.arange(1, len(window) + 1)
    slope, intercept = np.polyfit(x, window - window[0], 1)
    explained = np.corrcoef(x, window)[0, 1] ** 2 if np.ptp(window) > 0 else 0.0
    return slope, window[-1] - window[0] - (slope * len(window) + intercept), explained


def deviation(values: Any, n: int) -> Any:
    """Deviation of a sample in two passes: pandas' own update is off by 3e-9 after a jump of the price by a third."""
    return values.rolling(n).apply(lambda window: window.std(ddof=1), raw=True)


def of_lines(close: Any, n: int, which: int) -> Any:
    return close.rolling(n).apply(lambda window: line(window)[which], raw=True)


def alpha158(series: Series) -> dict[str, Any]:
    b = bars(series)
    o, h, l, c = (b[name] for name in ("open", "high", "low", "close"))  # noqa: E741, qlib's letters
    top, bottom, size = np.maximum(o, c), np.minimum(o, c), h - l + GUARD
    columns = {
        "KMID": (c - o) / o, "KLEN": (h - l) / o, "KMID2": (c - o) / size,
        "KUP": (h - top) / o, "KUP2": (h - top) / size, "KLOW": (bottom - l) / o, "KLOW2": (bottom - l) / size,
        "KSFT": (2 * c - h - l) / o, "KSFT2": (2 * c - h - l) / size,
        "OPEN0": o / c, "HIGH0": h / c, "LOW0": l / c, "VWAP0": b["vwap"] / c,
    }  # fmt: skip
    by_row = [rolling(b, n) for n in WINDOWS]
    # In qlib's order all windows of one operator stand together.
    return columns | {f"{name}{n}": one[name] for name in by_row[0] for n, one in zip(WINDOWS, by_row, strict=True)}


def rolling(b: dict[str, Any], n: int) -> dict[str, Any]:
    """Compute the 29 rolling operators over one window."""
    h, l, c, v = (b[name] for name in ("high", "low", "close", "volume"))  # noqa: E741
    last, before = c.shift(1), v.shift(1)
    low, high = l.rolling(n).min(), h.rolling(n).max()
    newest = {"IMAX": h.rolling(n).apply(np.argmax, raw=True) + 1, "IMIN": l.rolling(n).apply(np.argmin, raw=True) + 1}
    moved = abs(c / last - 1) * v
    columns = {
        "ROC": c.shift(n) / c, "MA": c.rolling(n).mean() / c, "STD": deviation(c, n) / c,
        "BETA": of_lines(c, n, 0) / c, "RSQR": of_lines(c, n, 2), "RESI": of_lines(c, n, 1) / c,
        "MAX": high / c, "MIN": low / c,
        "QTLU": c.rolling(n).quantile(0.8) / c, "QTLD": c.rolling(n).quantile(0.2) / c,
        "RANK": c.rolling(n).rank(pct=True), "RSV": (c - low) / (high - low + GUARD),
        "IMAX": newest["IMAX"] / n, "IMIN": newest["IMIN"] / n, "IMXD": (newest["IMAX"] - newest["IMIN"]) / n,
        "CORR": c.rolling(n).corr(np.log(v + 1)), "CORD": (c / last).rolling(n).corr(np.log(v / before + 1)),
        "CNTP": (c > last).rolling(n).mean(), "CNTN": (c < last).rolling(n).mean(),
        "CNTD": (c > last).rolling(n).mean() - (c < last).rolling(n).mean(),
        **parts("SUM", c, last, n),
        "VMA": v.rolling(n).mean() / (v + GUARD), "VSTD": deviation(v, n) / (v + GUARD),
        "WVMA": deviation(moved, n) / (moved.rolling(n).mean() + GUARD),
        **parts("VSUM", v, before, n),
    }  # fmt: skip
    return columns


def parts(name: str, now: Any, before: Any, n: int) -> dict[str, Any]:
    """Rises and falls over the whole way."""
    change = now - before
    way = abs(change).rolling(n).sum() + GUARD
    up, down = change.clip(lower=0).rolling(n).sum(), (-change).clip(lower=0).rolling(n).sum()
    return {f"{name}P": up / way, f"{name}N": down / way, f"{name}D": (up - down) / way}


def alpha360(series: Series) -> dict[str, Any]:
    b = bars(series)
    back = range(59, -1, -1)
    prices = {
        f"{name.upper()}{n}": b[name].shift(n) / b["close"]
        for name in ("close", "open", "high", "low", "vwap")
        for n in back
    }
    return prices | {f"VOLUME{n}": b["volume"].shift(n) / (b["volume"] + GUARD) for n in back}


def compare(name: str, series: Series) -> None:
    got, expected = found(name, series.rows), {"alpha158": alpha158, "alpha360": alpha360}[name](series)
    assert list(got) == list(expected)
    wrong = {}
    for column, truth in expected.items():
        values = truth.to_numpy()[WARM:]
        off = np.abs(got[column][WARM:] - values) / max(1.0, np.abs(values).max())
        if not off.max() <= 1e-9:
            wrong[column] = float(off.max())
    assert wrong == {}


@pytest.mark.parametrize(("name", "count"), [("alpha158", 158), ("alpha360", 360)])
def test_a_preset_has_as_many_columns_as_its_name_says(name: str, count: int) -> None:
    assert len(preset(name)) == len(view_of(name).plan.columns) == count


@pytest.mark.parametrize("name", ["alpha158", "alpha360"])
def test_every_column_is_qlibs_on_random_bars(name: str) -> None:
    compare(name, made_up("bars", 5, 400))


@pytest.mark.parametrize("name", ["alpha158", "alpha360"])
def test_every_column_is_qlibs_on_real_candles(name: str, market_data: Path) -> None:
    compare(name, from_candles(market_data, "BTC", 600))


@pytest.mark.parametrize("name", ["alpha158", "alpha360"])
def test_a_preset_is_found_by_its_registered_name(name: str) -> None:
    found: Any = load_plugins().lookup("feature", name, "test")
    assert list(found) == preset(name)


def test_an_unknown_preset_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(ConfigError, match="no preset 'alpha191'; known: alpha158, alpha360"):
        preset("alpha191")


def test_ratios_over_nothing_have_their_declared_values() -> None:
    rows = made_up("bars", 5, 12).rows
    rows[5:, BAR.columns.index("volume")] = 0.0
    rows[5:, :4] = 100.0
    plan = ViewPlan(BAR, [ratio("volume", "volume"), lagged_ratio("volume", "volume", n=3), range_place(n=3)])
    assert FeatureView(plan).run(rows)[0][-1].tolist() == [0.0, 0.0, 0.0]
