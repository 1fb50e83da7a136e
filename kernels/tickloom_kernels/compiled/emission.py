"""What an emission kernel is given, and how it runs: it looks at every row and speaks up when it has something to say.

An emission kernel is a function compiled by ``@njit(emission.EMISSION_KERNEL, cache=True)``:

``kernel(state, newest, rows, i) -> float``
    ``state`` : float64, what the strategy's ``kernel_state`` returned; its own memory.
    ``newest`` : int64, shape (instruments, 3, 12): the newest TRADE, QUOTE and BAR row of each instrument; where the
    data have a book and no quotes, the second is the best bid and ask of that book, of kind BOOK_DELTA.
    ``rows``, ``i`` : int64, shape (n, 12), and the row at hand. Rows behind it are the future: they may not be read.

It returns NaN to say nothing, and any other number to say that, of the row's instrument.
"""

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from tickloom_kernels import rows as r
from tickloom_kernels.compiled.calling import caller_of_four
from tickloom_kernels.intrinsics import borrowed
from tickloom_kernels.market import book as b
from tickloom_kernels.market import newest as n

_ints = types.Array(types.int64, 1, "C")
_table = types.Array(types.int64, 2, "C")
_cube = types.Array(types.int64, 3, "C")
_floats = types.Array(types.float64, 1, "C")
_cubes = types.Array(types.int64, 4, "C")

#: Signature of an emission kernel.
EMISSION_KERNEL = types.float64(_floats, _cube, _table, types.int64)

_call = caller_of_four(EMISSION_KERNEL)
_NO_LOG = np.int64(0)


@njit(
    types.int64(types.int64, _floats, _cube, _ints, _table, _ints, _floats, _cubes),
    cache=True,
    nogil=True,
)
def emit(
    kernel: int,
    state: NDArray[np.float64],
    newest: NDArray[np.int64],
    books: NDArray[np.int64],
    rows: NDArray[np.int64],
    where: NDArray[np.int64],
    values: NDArray[np.float64],
    glimpses: NDArray[np.int64],
) -> int:
    """Run a kernel over rows.

    Parameters
    ----------
    kernel : int
        Address of a function of the signature `EMISSION_KERNEL`.
    books : int64, shape (instruments * BOOK_WORDS,)
    where, values : int64 and float64, shape (n,)
        Get the rows at which it spoke, and what it said.
    glimpses : int64, shape (m, instruments, 3, 12)
        Get ``newest`` as it was when it spoke, the first m times.

    Returns
    -------
    int
        How often it spoke.
    """
    state, newest, books, rows = borrowed(state), borrowed(newest), borrowed(books), borrowed(rows)
    count = 0
    for i in range(len(rows)):
        book = rows[i, r.INSTRUMENT] * b.BOOK_WORDS
        if rows[i, r.KIND] == r.BOOK_DELTA:
            b.apply_delta(books, _NO_LOG, book, rows, i)
        n.see(newest, books, book, rows, i)
        value = _call(kernel, state, newest, rows, i)
        if not np.isnan(value):
            where[count] = i
            values[count] = value
            if count < len(glimpses):
                for instrument in range(len(newest)):
                    for column in range(newest.shape[1]):
                        for word in range(r.WORDS):
                            glimpses[count, instrument, column, word] = newest[instrument, column, word]
            count += 1
    return count
