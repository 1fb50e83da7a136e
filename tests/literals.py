"""Compares features with literal references: a function of the rows up to one, slow and as the definition reads."""

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
from catalogue import Series, features_of, made_up, uses_of

from tickloom.features.columns import BAR
from tickloom.features.declare import Use
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


def some_series() -> list[Series]:
    """Make a random walk, and one with a stretch in which nothing moves."""
    return [made_up("random", 3, 700), Series("with a still stretch", rows_of(BAR, 900, 5))]


@cache
def view_of(family: str) -> tuple[tuple[Use, ...], FeatureView]:
    """All features of a family under two sets of parameters each."""
    uses = tuple(use for one in features_of(family) if not one.across for use in uses_of(one))
    return uses, FeatureView(ViewPlan(BAR, uses))


@cache
def computed(family: str, which: int) -> dict[Use, Floats]:
    """Columns of each use, shape (outputs, rows)."""
    uses, view = view_of(family)
    view.reset()
    out = view.run(some_series()[which].rows)[0].T
    ends = np.cumsum([len(use.feature.outputs) for use in uses]).tolist()
    return {use: out[end - len(use.feature.outputs) : end] for use, end in zip(uses, ends, strict=True)}


def faults(family: str, name: str, literal: Literal, which: int, tolerance: float = 1e-12) -> list[str]:
    """Say where a feature is not what its literal reference gives; differences are in parts of the largest value."""
    rows = some_series()[which].rows
    found = []
    for use, got in computed(family, which).items():
        if use.feature.name == name:
            first, at = literal[0](**use.values), literal[1]
            for n, values in enumerate(got):
                begins = int(np.argmin(np.isnan(values)))
                found += [f"{use.label} output {n} begins at {begins}, not {first}"] if begins != first else []
            for k in chosen(first, len(rows)):
                expected = at(Bars(rows[: k + 1]), **use.values)
                for n, value in enumerate(expected if isinstance(expected, Sequence) else [expected]):
                    scale = float(np.abs(got[n][first:]).max()) or 1.0
                    if not abs(got[n][k] - value) <= tolerance * scale:
                        found.append(f"{use.label} output {n} row {k} is {got[n][k]!r}, not {value!r}")
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
