"""How far one sample has moved from another: statistics for features that change and for models that grow worse."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: What stands in for the share of an empty bin, as is usual for the population stability index.
LEAST_SHARE = 1e-4
#: Up to so many pairs of values the p-value of Kolmogorov and Smirnov is exact, beyond it is the limit (as in R).
_EXACT_PAIRS = 10_000

#: Words of the state of `page_hinkley`.
PH_COUNT, PH_MEAN, PH_UP, PH_LOWEST, PH_DOWN, PH_HIGHEST, PH_WORDS = range(7)


@njit(cache=True, nogil=True)
def shares(values: Floats, edges: Floats) -> Floats:
    """Share of the values in each bin.

    Parameters
    ----------
    values : float64, shape (n,)
        At least one.
    edges : float64, shape (bins - 1,)
        Inner edges, ascending; a value on an edge belongs to the bin above it. The outer bins are open.

    Returns
    -------
    float64, shape (bins,)
        Sums to 1.
    """
    found = np.zeros(len(edges) + 1)
    for value in values:
        found[np.searchsorted(edges, value, side="right")] += 1.0
    return found / len(values)


@njit(cache=True, nogil=True)
def stability_index(before: Floats, now: Floats) -> float:
    """Give the population stability index of two lists of shares: ``sum((now - before) * ln(now / before))``.

    An empty bin counts as 1e-4. By custom 0.1 is a small change and 0.25 a large one.
    """
    total = 0.0
    for k in range(len(before)):
        p, q = max(before[k], LEAST_SHARE), max(now[k], LEAST_SHARE)
        total += (q - p) * math.log(q / p)
    return total


@njit(cache=True, nogil=True)
def jensen_shannon(before: Floats, now: Floats) -> float:
    """Jensen-Shannon divergence of two lists of shares, in nats: 0 for the same, ln 2 for disjoint ones (Lin 1991)."""
    total = 0.0
    for k in range(len(before)):
        p, q = before[k], now[k]
        middle = (p + q) / 2.0
        if p > 0.0:
            total += p * math.log(p / middle)
        if q > 0.0:
            total += q * math.log(q / middle)
    return max(total / 2.0, 0.0)


@njit(cache=True, nogil=True)
def kolmogorov_smirnov(before: Floats, now: Floats) -> float:
    """Largest distance between the distribution functions of two samples.

    Parameters
    ----------
    before, now : float64, shapes (m,), (n,)
        Ascending.
    """
    m, n, i, j = len(before), len(now), 0, 0
    largest = 0.0
    while i < m and j < n:
        value = min(before[i], now[j])
        while i < m and before[i] == value:
            i += 1
        while j < n and now[j] == value:
            j += 1
        largest = max(largest, abs(i / m - j / n))
    return largest


@njit(cache=True, nogil=True)
def smirnov_p(distance: float, m: int, n: int) -> float:
    """Probability of such a distance or a larger one between two samples of one continuous distribution.

    Exact by counting paths where ``m * n`` is at most 10,000, beyond that Kolmogorov's limit. With ties it is too
    large: the test is conservative.

    Parameters
    ----------
    distance : float
        Of `kolmogorov_smirnov`.
    m, n : int
        Sizes of the samples.
    """
    if distance <= 0.0:
        return 1.0
    if m * n > _EXACT_PAIRS:
        return _limit(distance * math.sqrt(m / (m + n) * n))
    # Half a step below: distances are multiples of 1 / (m n), and the one at hand counts.
    bound = (math.floor(distance * m * n + 0.5) - 0.5) / (m * n)
    # Chance that a path of m and n steps has touched the bound, weighted so that it is a chance and not a count.
    outside = np.zeros(n + 1)
    for i in range(m + 1):
        for j in range(n + 1):
            if abs(i / m - j / n) > bound:
                outside[j] = 1.0
            elif i == 0 and j == 0:
                outside[j] = 0.0
            elif i == 0:
                outside[j] = outside[j - 1]
            elif j > 0:
                outside[j] = (i * outside[j] + j * outside[j - 1]) / (i + j)
    return outside[n]


@njit(cache=True, nogil=True)
def _limit(z: float) -> float:
    """Kolmogorov's limit, by whichever of its two series converges quickly."""
    if z < 1.0:
        total = 0.0
        for k in range(1, 20):
            total += math.exp(-((2 * k - 1) ** 2) * math.pi**2 / (8.0 * z * z))
        return 1.0 - math.sqrt(2.0 * math.pi) / z * total
    total, sign = 0.0, 1.0
    for k in range(1, 20):
        total += sign * math.exp(-2.0 * k * k * z * z)
        sign = -sign
    return 2.0 * total


@njit(cache=True, nogil=True)
def page_hinkley(state: Floats, values: Floats, delta: float, limit: float) -> int:
    """Look for a change of the mean, upwards or downwards, and stop after the first value that shows one.

    The sum of what lies above the mean so far by more than ``delta`` is compared with its own smallest value, and
    alike below. After an alarm the state begins anew.

    Parameters
    ----------
    state : float64, shape (PH_WORDS,)
        Begins as zeros; written.
    values : float64, shape (n,)
    delta : float
        Changes of the mean up to this are tolerated (unit of the values).
    limit : float
        Sum of what exceeds them that is an alarm (unit of the values).

    Returns
    -------
    int
        Place of the value at which the alarm is given, or -1. What follows it has not been looked at.

    References
    ----------
    Page, "Continuous inspection schemes", Biometrika 41 (1954).
    """
    for k in range(len(values)):
        x = values[k]
        state[PH_COUNT] += 1.0
        state[PH_MEAN] += (x - state[PH_MEAN]) / state[PH_COUNT]
        state[PH_UP] += x - state[PH_MEAN] - delta
        state[PH_LOWEST] = min(state[PH_LOWEST], state[PH_UP])
        state[PH_DOWN] += x - state[PH_MEAN] + delta
        state[PH_HIGHEST] = max(state[PH_HIGHEST], state[PH_DOWN])
        if state[PH_UP] - state[PH_LOWEST] > limit or state[PH_HIGHEST] - state[PH_DOWN] > limit:
            state[:] = 0.0
            return k
    return -1
