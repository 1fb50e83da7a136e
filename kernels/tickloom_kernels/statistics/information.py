"""What one number tells of another, by the distances between neighbours (Kraskov, Stoegbauer and Grassberger 2004)."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_EULER = 0.57721566490153286061


@njit(cache=True, nogil=True)
def mutual_information(x: Floats, y: Floats, neighbours: int) -> float:
    """Mutual information of two samples in nats, by the first of the estimators of Kraskov and others.

    Neighbours are looked for along x, outwards, until the distance in x alone is larger than that of the neighbours
    found; about ``n * sqrt(n)`` steps in all.

    Parameters
    ----------
    x, y : float64, shape (n,)
        Of continuous distributions: ties must have been broken by noise. Their scales should be alike.
    neighbours : int
        k, below n.

    Returns
    -------
    float
        At least 0.
    """
    n = len(x)
    order = np.argsort(x)
    x, y = x[order], y[order]
    ordered = np.sort(y)
    psi = _digamma(n)
    best = np.empty(neighbours)
    total = 0.0
    for i in range(n):
        # Strictly nearer than the k-th neighbour, as numbers of this size can say it.
        radius = np.nextafter(_distance(x, y, i, best), 0.0)
        total += psi[_within(x, i, radius)] + psi[_within(ordered, np.searchsorted(ordered, y[i]), radius)]
    return max(psi[n] + psi[neighbours] - total / n, 0.0)


@njit(cache=True, nogil=True)
def _digamma(n: int) -> Floats:
    """Digamma of 1 ... n; the first word is not used."""
    psi = np.empty(n + 1)
    psi[0], psi[1] = np.nan, -_EULER
    for k in range(1, n):
        psi[k + 1] = psi[k] + 1.0 / k
    return psi


@njit(cache=True, nogil=True)
def _distance(x: Floats, y: Floats, i: int, best: Floats) -> float:
    """Distance (the larger of the two) of point i to its k-th neighbour; x ascends."""
    k, n = len(best), len(x)
    best[:] = math.inf
    left, right = i - 1, i + 1
    while left >= 0 or right < n:
        to_left = x[i] - x[left] if left >= 0 else math.inf
        to_right = x[right] - x[i] if right < n else math.inf
        if min(to_left, to_right) >= best[k - 1]:
            break
        if to_left <= to_right:
            distance = max(to_left, abs(y[i] - y[left]))
            left -= 1
        else:
            distance = max(to_right, abs(y[right] - y[i]))
            right += 1
        place = k - 1
        if distance < best[place]:
            while place > 0 and best[place - 1] > distance:
                best[place] = best[place - 1]
                place -= 1
            best[place] = distance
    return best[k - 1]


@njit(cache=True, nogil=True)
def _within(ordered: Floats, i: int, radius: float) -> int:
    """Count ascending values within a radius of the one at a place, itself included."""
    low, high = 0, i
    while low < high:
        middle = (low + high) // 2
        if ordered[i] - ordered[middle] <= radius:
            high = middle
        else:
            low = middle + 1
    first, low, high = low, i, len(ordered) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if ordered[middle] - ordered[i] <= radius:
            low = middle
        else:
            high = middle - 1
    return low - first + 1
