"""Which stream each market row belongs to, counted while nobody listens: that is all publishing costs then."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tickloom_kernels import rows as r


@njit(cache=True, nogil=True)
def number(
    rows: NDArray[np.int64], streams: NDArray[np.int32], numbers: NDArray[np.int32], counts: NDArray[np.int64]
) -> int:
    """Look up the stream of each row, and count the rows of each stream.

    Parameters
    ----------
    rows : int64, shape (n, 12)
        Market rows.
    streams : int32, shape (kinds, instruments + 1)
        Number of the stream of each kind and instrument, -1 where there is none yet; the last column is for rows that
        concern no instrument.
    numbers : int32, shape (n,)
        Takes the number of each row's stream.
    counts : int64, shape (streams,)
        Counted up.

    Returns
    -------
    int
        How many rows were done: n, or the place of the first row that has no stream yet.
    """
    for i in range(rows.shape[0]):
        # An instrument of -1 is the last column.
        found = streams[rows[i, r.KIND], rows[i, r.INSTRUMENT]]
        if found < 0:
            return i
        numbers[i] = found
        counts[found] += 1
    return rows.shape[0]
