"""Fewer points for a picture, exact at extremes: no peak and no trough of a long series is lost on the page."""

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def extremes(values: NDArray[np.float64], buckets: int) -> NDArray[np.int64]:
    """Choose the points to draw: the lowest and the highest of every bucket, and the first and last of all.

    Buckets hold equally many neighbouring points (to within one). Of equal values the first is taken. NaN is not
    compared; a bucket of NaN alone keeps its first point, so that a gap stays a gap.

    Parameters
    ----------
    values : float64, shape (n,)
        The series, in any unit.
    buckets : int
        How many buckets, at least 1; the answer has at most ``2 * buckets + 2`` points.

    Returns
    -------
    int64, shape (k,)
        Indices into ``values``, strictly ascending. All of them where ``n <= 2 * buckets + 2``.
    """
    count = values.shape[0]
    if count <= 2 * buckets + 2:
        return np.arange(count)
    chosen = np.empty(2 * buckets + 2, np.int64)
    chosen[0] = 0
    used = 1
    for bucket in range(buckets):
        start = bucket * count // buckets
        stop = (bucket + 1) * count // buckets
        lowest = start
        highest = start
        for index in range(start + 1, stop):
            value = values[index]
            if np.isnan(value):
                continue
            if np.isnan(values[lowest]) or value < values[lowest]:
                lowest = index
            if np.isnan(values[highest]) or value > values[highest]:
                highest = index
        for index in (min(lowest, highest), max(lowest, highest)):
            if index > chosen[used - 1]:
                chosen[used] = index
                used += 1
    if count - 1 > chosen[used - 1]:
        chosen[used] = count - 1
        used += 1
    return chosen[:used]
