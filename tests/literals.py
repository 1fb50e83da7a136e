"""Compares features with literal references: a function of the rows up to one, slow and as the definition reads."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from catalogue import Series, features_of, made_up, uses_of

from tickloom.features.columns import BAR
from tickloom.features.declare import Int, Use
from tickloom.features.plan import ViewPlan
from tickloom.features.view import FeatureView
from tickloom.testing.numbers import rows_of

Floats = np.ndarray[Any, np.dtype[np.float64]]


class Bars:
    """Columns of the rows up to one row, and what is often needed of them; newest last."""

    def __init__(self, rows: Floats) -> None:
        self.open, self.high, self.low, self.close, self.volume, self.trades, self.time = rows.T

    @property
    def returns(self) -> Floats:
        """Logarithmic returns of the closes."""
        return np.log(self.close[1:] / self.close[:-1])


#: Row of the first value, and the values at the last of some rows, one per output.
Literal = tuple[Callable[..., int], Callable[..., Any]]


@cache
def some_series() -> tuple[Series, Series]:
    """Make a random walk, and one with a stretch in which nothing moves."""
    return made_up("random", 3, 700), Series("with a still stretch", rows_of(BAR, 900, 5))


@cache
def view_of(family: str) -> tuple[tuple[Use, ...], FeatureView]:
    """All features of a family under two sets of parameters each."""
    uses = tuple(use for one in features_of(family) if not one.across for use in uses_of(one))
    return uses, FeatureView(ViewPlan(BAR, uses))


_computed: dict[tuple[str, str], dict[Use, Floats]] = {}


def computed(family: str, which: int | Series) -> dict[Use, Floats]:
    """Columns of each use, shape (outputs, rows), on one of `some_series` or on another; once for each by its name."""
    series = some_series()[which] if isinstance(which, int) else which
    key = family, series.name
    if key not in _computed:
        uses, view = view_of(family)
        view.reset()
        out = view.run(series.rows)[0].T
        ends = np.cumsum([len(use.feature.outputs) for use in uses]).tolist()
        _computed[key] = {use: out[end - len(use.feature.outputs) : end] for use, end in zip(uses, ends, strict=True)}
    return _computed[key]


def faults(family: str, name: str, literal: Literal, which: int | Series, tolerance: float = 1e-12) -> list[str]:
    """Say where a feature is not what its literal reference gives; differences are in parts of the largest value."""
    series = some_series()[which] if isinstance(which, int) else which
    named = [(use, got) for use, got in computed(family, series).items() if use.feature.name == name]
    return [fault for use, got in named for fault in differences(use, got, literal, series, tolerance)]


def differences(use: Use, got: Floats, literal: Literal, series: Series, tolerance: float) -> list[str]:
    """Say where outputs of one feature, shape (outputs, rows), are not what the literal reference gives."""
    found = []
    first, at = literal[0](**use.values), literal[1]
    for n, values in enumerate(got):
        begins = int(np.argmin(np.isnan(values)))
        found += [f"{use.label} output {n} begins at {begins}, not {first}"] if begins != first else []
    for k in chosen(first, len(series.rows)):
        expected = at(Bars(series.rows[: k + 1]), **use.values)
        for n, value in enumerate(expected if isinstance(expected, Sequence) else [expected]):
            scale = float(np.abs(got[n][first:]).max()) or 1.0
            if not abs(got[n][k] - value) <= tolerance * scale:
                found.append(f"{use.label} output {n} row {k} is {got[n][k]!r}, not {value!r}")
    return found


def faults_at_least(family: str, literals: Mapping[str, Literal], tolerance: Callable[[str], float]) -> list[str]:
    """Say where features whose whole-number parameters are as small as they may be are not what they should be."""
    series = some_series()[1]
    uses = [
        one(**{name: each.least for name, each in one.parameters.items() if isinstance(each, Int)})
        for one in features_of(family)
    ]
    out, at, found = FeatureView(ViewPlan(BAR, uses)).run(series.rows)[0].T, 0, []
    for use in uses:
        end = at + len(use.feature.outputs)
        name = use.feature.name
        found += differences(use, out[at:end], literals[name], series, tolerance(name))
        at = end
    return found


def of_closes(use: Use, closes: Floats) -> Floats:
    """First output of a feature on bars that have these closes, and nothing else of interest."""
    rows = np.ones((len(closes), BAR.width))
    rows[:, :4] = closes[:, None]
    return FeatureView(ViewPlan(BAR, [use])).run(rows)[0][:, 0]


def chosen(first: int, count: int) -> list[int]:
    """Rows to look at: the first two with a value, some in between, the last, and the still stretch row by row."""
    return sorted({first, first + 1, *range(first, count, 41), *range(450, 500, 7), *range(500, 518), count - 1})


def mean(values: Sequence[float] | Floats) -> float:
    """Mean without rounding in between."""
    return math.fsum(values) / len(values)


def spread(values: Sequence[float] | Floats, ddof: int = 0) -> float:
    """Variance in two passes; zero where all are equal."""
    if min(values) == max(values):
        return 0.0
    centre = mean(values)
    return math.fsum((x - centre) ** 2 for x in values) / (len(values) - ddof)


def exponential(values: Sequence[float] | Floats, n: int, pace: float = 0.0) -> list[float]:
    """Exponential averages seeded with the mean of the first n values; by default they move by 2 / (n + 1) per row."""
    found = [mean(values[:n])]
    for x in values[n:]:
        found.append(found[-1] + (pace or 2 / (n + 1)) * (x - found[-1]))
    return found


def line_end(values: Sequence[float] | Floats) -> float:
    """Where the least-squares line through some values ends."""
    n, centre = len(values), mean(values)
    slope = math.fsum((j - (n - 1) / 2) * x for j, x in enumerate(values)) / (n * (n * n - 1) / 12)
    return centre + slope * (n - 1) / 2


def true_ranges(bars: Bars) -> list[float]:
    """Return the true ranges, from the second bar on."""
    return [
        max(bars.high[k], bars.close[k - 1]) - min(bars.low[k], bars.close[k - 1]) for k in range(1, len(bars.close))
    ]
