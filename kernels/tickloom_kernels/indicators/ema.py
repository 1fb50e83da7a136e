"""The exponential moving average, one value at a time: ``e += alpha * (x - e)`` with ``alpha = 2 / (n + 1)``.

Convention: seeded with the first value (not with the mean of the first n, as TA-Lib does), NaN until n values have been
seen. A NaN among the values stays in the average for ever; feed it numbers.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

# Words of the state, all float64: a count of values is exact up to 2**53.
_ALPHA = 0
_LENGTH = 1
_COUNT = 2
_AVERAGE = 3
#: Words of the state of one average.
STATE_WORDS = 4


def new_state(n: int) -> NDArray[np.float64]:
    """Make the state before the first value.

    Parameters
    ----------
    n : int
        Length of the average, at least 1: also the number of values before the first result.

    Returns
    -------
    ndarray of float64, shape (STATE_WORDS,)
    """
    return np.array([2.0 / (n + 1.0), n, 0.0, 0.0], np.float64)


@njit(cache=True, nogil=True)
def step(state: NDArray[np.float64], value: float) -> float:
    """Take one value (any unit) and return the average in that unit, or NaN before the n-th value."""
    if state[_COUNT] == 0.0:
        state[_AVERAGE] = value
    state[_AVERAGE] += state[_ALPHA] * (value - state[_AVERAGE])
    state[_COUNT] += 1.0
    return state[_AVERAGE] if state[_COUNT] >= state[_LENGTH] else np.nan


@njit(cache=True, nogil=True)
def run(state: NDArray[np.float64], values: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """Step through a chunk.

    Parameters
    ----------
    state : ndarray of float64, shape (STATE_WORDS,)
        Of `new_state`; carried from chunk to chunk.
    values : ndarray of float64, shape (n,)
        In the order of time.
    out : ndarray of float64, shape (n, 1)
        Takes the averages.
    """
    for k in range(len(values)):
        out[k, 0] = step(state, values[k])
