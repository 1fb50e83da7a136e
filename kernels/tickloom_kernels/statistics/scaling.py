"""Scales fitted on a window of rows: a factor and an offset per column, so that a model gets ``factor * x + offset``.

NaN says "not yet" in a table of features, so it is passed over. A column without spread has the factor 1. Whether there
is spread is asked of differences from a value of the column, which are exactly zero in a constant one; no small number
decides, so a column's unit does not matter.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@njit(cache=True, nogil=True)
def present(table: Floats, column: int) -> Floats:
    """Copy the values of a column that are there.

    Parameters
    ----------
    table : float64, shape (n, columns)
    column : int

    Returns
    -------
    float64, shape (m,)
        In the order of the rows; m <= n.
    """
    values = np.empty(len(table))
    count = 0
    for row in range(len(table)):
        if not math.isnan(table[row, column]):
            values[count] = table[row, column]
            count += 1
    return values[:count]


@njit(cache=True, nogil=True)
def moments(values: Floats) -> tuple[float, float]:
    """Mean and standard deviation (of the population, ddof 0) in two passes; exactly 0 for equal values."""
    first, total, squares = values[0], 0.0, 0.0
    for value in values:
        total += value - first
    mean = total / len(values)
    for value in values:
        d = (value - first) - mean
        squares += d * d
    return first + mean, math.sqrt(squares / len(values))


@njit(cache=True, nogil=True)
def quantile(ordered: Floats, share: float) -> float:
    """Quantile of values, linear between the two that stand sorted about its place: ``numpy.quantile``, bit for bit."""
    place = (len(ordered) - 1) * share
    below = int(place)
    t = place - below
    a, b = ordered[below], ordered[min(below + 1, len(ordered) - 1)]
    return a + (b - a) * t if t < 0.5 else b - (b - a) * (1.0 - t)


@njit(cache=True, nogil=True)
def standard(table: Floats) -> Floats:
    """Scales to mean 0 and standard deviation 1.

    Parameters
    ----------
    table : float64, shape (n, columns)
        NaN is passed over.

    Returns
    -------
    float64, shape (columns, 2)
        Factor and offset; NaN for a column without a single value.
    """
    scales = np.full((table.shape[1], 2), np.nan)
    for column in range(len(scales)):
        values = present(table, column)
        if len(values) > 0:
            centre, spread = moments(values)
            _enter(scales, column, centre, spread)
    return scales


@njit(cache=True, nogil=True)
def minmax(table: Floats) -> Floats:
    """Scales to the range 0 to 1; as `standard`."""
    scales = np.full((table.shape[1], 2), np.nan)
    for column in range(len(scales)):
        values = present(table, column)
        if len(values) > 0:
            least = values.min()
            _enter(scales, column, least, values.max() - least)
    return scales


@njit(cache=True, nogil=True)
def robust(table: Floats) -> Floats:
    """Scales to median 0 and a range of 1 between the quartiles; as `standard`."""
    scales = np.full((table.shape[1], 2), np.nan)
    for column in range(len(scales)):
        values = present(table, column)
        if len(values) > 0:
            # Sorted only as far as it is looked at.
            last, half = len(values) - 1, len(values) // 2
            below = np.array([int(last * 0.25), last // 2, int(last * 0.75)])
            values = np.partition(values, np.concatenate((below, np.minimum(below + 1, last))))
            median = values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2.0
            _enter(scales, column, median, quantile(values, 0.75) - quantile(values, 0.25))
    return scales


@njit(cache=True, nogil=True)
def _enter(scales: Floats, column: int, centre: float, spread: float) -> None:
    """Write ``(x - centre) / spread`` as a factor and an offset."""
    factor = 1.0 / spread if spread != 0.0 else 1.0
    scales[column, 0], scales[column, 1] = factor, -centre * factor
