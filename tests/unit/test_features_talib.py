"""Every indicator that TA-Lib has, against TA-Lib 0.8.2, on made-up and on real series.

Where the values begin must be the same; those of class ``exact`` must be the same bits, all others within 1e-12 of the
output's scale, once they have converged.
"""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from catalogue import FAMILIES, Series, by_stream, from_candles, made_up

from tickloom.features.columns import BAR
from tickloom.features.declare import Choice, Use
from tickloom.features.plan import ViewPlan
from tickloom.features.view import FeatureView
from tickloom.testing.numbers import rows_of

talib = pytest.importorskip("talib", reason="TA-Lib is not installed")
abstract = pytest.importorskip("talib.abstract")

#: Inputs of functions of any two series, as our declarations have them.
INPUTS = {
    "CORREL": ("close", "volume"),
    "BETA": ("close", "volume"),
    "MAVP": ("close", "volume"),
}
#: Functions that give the number of a row, where ours say how many rows ago it was.
PLACES = ("MAXINDEX", "MININDEX")
#: TA-Lib's numbers of the kinds of moving averages.
KINDS = ("sma", "ema", "wma", "dema", "tema", "trima", "kama", "mama", "t3", "hma", "none", "default", "zlema", "rma")
#: Functions that are less exact than ours: TA-Lib's sums are off by 7e-9 in a price of 50 000, where exact fractions
#: show ours to be off by 4e-12, and the percentages that are made of them are small.
#: The slopes, correlations and cycles of TA-Lib stand on such sums, too; test_features_statistics.py and
#: test_features_cycles.py hold ours to 1e-12 against sums without error.
ROUGH = {
    # A percentage of standard deviations: after a jump TA-Lib's is off by 5e-10, ours by 2e-9, from two passes.
    "RVI": 5e-11,
    "FOSC": 1e-11,
    "LINEARREG_SLOPE": 1e-11,
    "LINEARREG_ANGLE": 2e-9,
    "CORREL": 1e-11,
    "BETA": 2e-8,
    "HT_DCPERIOD": 2e-11,
    "HT_PHASOR": 5e-12,
    "HT_DCPHASE": 1e-10,
    "HT_SINE": 5e-10,
    "MAMA": 5e-12,
}
REAL = ("BTC", "DOGE", "XRP")


def against_talib(family: str) -> list[Use]:
    return [use for use in by_stream(family).get("bar", []) if use.feature.oracle.startswith("talib.")]


def names_of(use: Use) -> tuple[str, ...]:
    """Return the names of the series that a TA-Lib function takes, in its order."""
    name = use.feature.oracle.removeprefix("talib.")
    if name in INPUTS:
        return INPUTS[name]
    found: list[str] = []
    for given in abstract.Function(name).input_names.values():
        found += [given] if isinstance(given, str) else given
    return tuple(found)


def truth(use: Use, series: Series) -> list[np.ndarray]:
    """Return what TA-Lib says, an array per output."""
    function = getattr(talib, use.feature.oracle.removeprefix("talib."))
    given = [
        KINDS.index(value) if isinstance(declared, Choice) else value
        for declared, value in zip(use.feature.parameters.values(), use.values.values(), strict=True)
    ]
    found: Any = function(*(series.column(name) for name in names_of(use)), *given)
    series_of = [np.asarray(one, float) for one in (found if isinstance(found, tuple) else (found,))]
    if function.__name__ in PLACES:
        return [np.arange(len(one)) - one for one in series_of]
    return series_of


@cache
def view_of(family: str) -> FeatureView:
    # Of all features of the family, and not only of those that TA-Lib has: other tests have compiled that already.
    return FeatureView(ViewPlan(BAR, by_stream(family)["bar"]))


def compare(family: str, series: Series, *, seeds: bool = False) -> None:
    """Require what TA-Lib says, and of what converges, with ``seeds``, from the first value on."""
    view = view_of(family)
    view.reset()
    out, _ = view.run(series.rows)
    wrong = []
    for use in against_talib(family):
        places = [n for n, column in enumerate(view.plan.columns) if column.use is use]
        for at, expected in zip(places, truth(use, series), strict=True):
            column = view.plan.columns[at]
            fault = difference(use, out[:, at], expected, 0 if seeds else column.converged)
            wrong += [f"{column.name}: {fault}"] if fault else []
    assert wrong == []


def difference(use: Use, got: np.ndarray, expected: np.ndarray, converged: int) -> str:
    """Say what is wrong, if anything is."""
    # Where TA-Lib gives whole numbers (patterns, places), what is not there yet is 0 and not NaN.
    first = int(np.argmin(np.isnan(got)))
    missing = np.isnan(expected)
    if missing.any() and int(np.argmin(missing)) != first:
        return f"begins at row {first}, TA-Lib's at row {int(np.argmin(missing))}"
    if use.feature.stability == "exact":
        differs = got[first:] != expected[first:]
    else:
        begin = max(first, converged if use.feature.stability == "converging" else 0)
        scale = np.abs(expected[begin:]).max(initial=0.0) or 1.0
        tolerance = ROUGH.get(use.feature.oracle.removeprefix("talib."), 1e-12)
        first, differs = begin, np.abs(got[begin:] - expected[begin:]) > tolerance * scale
    if not differs.any():
        return ""
    row = first + int(np.argmax(differs))
    return f"row {row} is {got[row]!r}, TA-Lib's {expected[row]!r} ({int(differs.sum())} rows differ)"


WITH_ORACLE = [family for family in FAMILIES if against_talib(family)]


@pytest.mark.parametrize("seed", [3, 11])
@pytest.mark.parametrize("family", WITH_ORACLE)
def test_indicators_are_what_talib_says_of_a_random_series(family: str, seed: int) -> None:
    compare(family, made_up(f"random {seed}", seed))


@pytest.mark.parametrize("symbol", REAL)
@pytest.mark.parametrize("family", WITH_ORACLE)
def test_indicators_are_what_talib_says_of_real_candles(family: str, symbol: str, market_data: Path) -> None:
    compare(family, from_candles(market_data, symbol))


#: The phase of a cycle that is not there is a matter of rounding.
STILL = [family for family in WITH_ORACLE if family != "cycles"]


@pytest.mark.parametrize("family", STILL)
def test_seeds_and_stretches_in_which_nothing_moves_are_as_talib_has_them(family: str) -> None:
    compare(family, Series("still", rows_of(BAR, 1500, 5)), seeds=True)


@pytest.mark.parametrize("family", STILL)
def test_indicators_are_what_talib_says_where_nothing_has_ever_moved(family: str) -> None:
    rows = rows_of(BAR, 300, 1)
    rows[:, :4] = 100.0
    compare(family, Series("flat", rows), seeds=True)
