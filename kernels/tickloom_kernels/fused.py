"""Drives compiled feature units over rows: one call for many rows of many symbols, or for the one row that just came.

A *frame* is everything a view consists of, as one array of int64: sizes, addresses, and per unit the address of its
function, where its part of an arena begins and its first output column. Passing one array keeps the call from Python
short. The words of a frame are named below.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tickloom_kernels.indicators.window import call, load, load_int, store

# Words of a frame.
UNITS = 0
POLICY = 1
WIDTH_IN = 2
WIDTH_OUT = 3
WORDS = 4
CHECKED = 5
ARENAS = 6
WHICH = 7
ROWS = 8
OUT = 9
READY = 10
FIRST_CHECKED = 11
SYMBOLS = 12
#: Of the cross-symbol unit, which stands behind the others: its arena, the newest vectors, and what it gives.
ACROSS = 13
NEWEST = 14
GIVEN = 15
HEAD = 16
#: Words of a frame per unit: address of the function, first word in the arena, first column of the output.
PER_UNIT = 3

# What becomes of a row with an input that is no finite number.
RAISE = 0
SKIP = 1
HOLD = 2

# Words of the head of an arena; the values that "hold" repeats follow.
COUNT = 0
TIME = 1
HEAD_WORDS = 2


@njit(cache=True, nogil=True, error_model="numpy")
def drive(frame: NDArray[np.int64], first: int, count: int) -> int:
    """Run all units over rows ``first`` to ``first + count - 1``.

    Parameters
    ----------
    frame : int64
        Of a view. Its words name arrays: rows (float64, shape (n, width in)), the symbol of each (int64), outputs
        (float64, shape (n, width out)), ready (uint8 kept as float64: 1.0 where the row was taken).
    first, count : int
        Which rows.

    Returns
    -------
    int
        Rows taken; fewer than ``count`` where the policy is to raise and the row there has an input that is no finite
        number.
    """
    rows, which = frame[ROWS], frame[WHICH]
    j, stop = first, first + count
    while j < stop:
        symbol = load_int(which, j)
        end = j
        bad = False
        while end < stop and load_int(which, end) == symbol and not bad:
            bad = _unusable(frame, rows + 8 * end * frame[WIDTH_IN])
            end += not bad
        _run(frame, symbol, j, end - j)
        j = end
        if bad:
            if frame[POLICY] == RAISE:
                return j - first
            _mend(frame, symbol, j)
            j += 1
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def _unusable(frame: NDArray[np.int64], row: int) -> bool:
    """Whether an input that a feature uses is NaN or infinite."""
    total = 0.0
    for c in range(frame[CHECKED]):
        value = load(row, frame[frame[FIRST_CHECKED] + c])
        total += value - value
    return total != 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def _run(frame: NDArray[np.int64], symbol: int, j: int, count: int) -> None:
    """Run the units over rows of one symbol, and remember the last row for `HOLD`."""
    if count == 0:
        return
    arena = frame[ARENAS] + 8 * symbol * frame[WORDS]
    rows = frame[ROWS] + 8 * j * frame[WIDTH_IN]
    out = frame[OUT] + 8 * j * frame[WIDTH_OUT]
    store(arena, COUNT, load(arena, COUNT) + count)
    for u in range(frame[UNITS]):
        w = HEAD + PER_UNIT * u
        call(frame[w], arena + 8 * frame[w + 1], rows, out + 8 * frame[w + 2], count, frame[WIDTH_OUT])
    if frame[READY]:
        for n in range(count):
            store(frame[READY], j + n, 1.0)
    if frame[POLICY] == HOLD:
        for c in range(frame[WIDTH_IN]):
            store(arena, HEAD_WORDS + c, load(rows, (count - 1) * frame[WIDTH_IN] + c))


@njit(cache=True, nogil=True, error_model="numpy")
def across(frame: NDArray[np.int64], instants: NDArray[np.int64], count: int) -> None:
    """Run the cross-symbol unit after the rows of each instant, and give its outputs to the rows of that instant.

    Parameters
    ----------
    frame : int64
        Of a view whose rows have been driven.
    instants : int64, shape (count,)
        Equal for rows of one instant, which stand together.
    count : int
        Rows.
    """
    width, out, which = frame[WIDTH_OUT], frame[OUT], frame[WHICH]
    unit = HEAD + PER_UNIT * frame[UNITS]
    symbols, own = frame[SYMBOLS], frame[unit + 2]
    newest, given = frame[NEWEST], frame[GIVEN]
    j = 0
    while j < count:
        end = j
        while end < count and instants[end] == instants[j]:
            symbol = load_int(which, end)
            for c in range(own):
                store(newest, symbol * own + c, load(out, end * width + c))
            end += 1
        call(frame[unit], frame[ACROSS], newest, given, symbols, own)
        wide = width - own
        for row in range(j, end):
            symbol = load_int(which, row)
            for c in range(wide):
                store(out, row * width + own + c, load(given, symbol * wide + c))
        j = end


@njit(cache=True, nogil=True, error_model="numpy")
def _mend(frame: NDArray[np.int64], symbol: int, j: int) -> None:
    """Let a row with an unusable input stand still, or step with the inputs of the row before; either way not ready."""
    arena = frame[ARENAS] + 8 * symbol * frame[WORDS]
    row = frame[ROWS] + 8 * j * frame[WIDTH_IN]
    if frame[POLICY] == HOLD and load(arena, COUNT) > 0.0:
        for c in range(frame[CHECKED]):
            column = frame[frame[FIRST_CHECKED] + c]
            if load(row, column) - load(row, column) != 0.0:
                store(row, column, load(arena, HEAD_WORDS + column))
        _run(frame, symbol, j, 1)
    else:
        for c in range(frame[WIDTH_OUT]):
            store(frame[OUT], j * frame[WIDTH_OUT] + c, np.nan)
    if frame[READY]:
        store(frame[READY], j, 0.0)
