"""An order book by price level, inside a flat int64 array, with a log that takes changes back.

One side is ``SIDE_WORDS`` words at an offset: the number of levels, then the levels from worst to best, so that a
change near the top moves little. A level is (price, quantity, consumed): ``consumed`` is what our own orders have
taken from it since its quantity was last told. Bids have sign +1, asks -1; sign * price grows towards the best.

The log is a block at an offset: the number of entries, then entries of ``UNDO_ENTRY`` words. An offset of 0 means
that nothing is logged (word 0 of a flat state is never a log).
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tickloom_kernels import rows as r

#: Levels kept per side; beyond that the worst level is forgotten.
DEPTH = 4096
LEVEL_WORDS = 3
SIDE_WORDS = 1 + LEVEL_WORDS * DEPTH
#: Words of both sides: the bids, then the asks.
BOOK_WORDS = 2 * SIDE_WORDS
UNDO_ENTRY = 5

# numpy's ints: numba compiles a function once more for every literal int that it is called with.
_NO_LOG = np.int64(0)
_NOTHING = np.int64(0)
_FIRST = np.int64(0)


@njit(cache=True, nogil=True)
def find(a: NDArray[np.int64], side: int, sign: int, price: int) -> int:
    """Index (0 to count) of the first level that is at or better than ``price``."""
    low = 0
    high = a[side]
    key = sign * price
    # Changes cluster at the best levels, which stand last.
    if high > 8 and sign * a[side + 1 + LEVEL_WORDS * (high - 8)] < key:
        low = high - 7
    while low < high:
        middle = (low + high) >> 1
        if sign * a[side + 1 + LEVEL_WORDS * middle] < key:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True, nogil=True)
def log(a: NDArray[np.int64], undo: int, side: int, sign: int, price: int, quantity: int, consumed: int) -> None:
    """Remember what a level was, unless ``undo`` is 0."""
    if undo == 0:
        return
    entry = undo + 1 + UNDO_ENTRY * a[undo]
    a[entry] = side
    a[entry + 1] = sign
    a[entry + 2] = price
    a[entry + 3] = quantity
    a[entry + 4] = consumed
    a[undo] += 1


@njit(cache=True, nogil=True)
def put(a: NDArray[np.int64], undo: int, side: int, sign: int, price: int, quantity: int, consumed: int) -> None:
    """Set one level (quantity 0 removes it), logging what stood there."""
    count = a[side]
    j = find(a, side, sign, price)
    at = side + 1 + LEVEL_WORDS * j
    end = side + 1 + LEVEL_WORDS * count
    if j < count and a[at] == price:
        log(a, undo, side, sign, price, a[at + 1], a[at + 2])
        if quantity > 0:
            a[at + 1] = quantity
            a[at + 2] = consumed
        else:
            for x in range(at, end - LEVEL_WORDS):
                a[x] = a[x + LEVEL_WORDS]
            a[side] = count - 1
        return
    if quantity <= 0:
        return
    if count == DEPTH:
        if j == 0:
            return
        worst = side + 1
        log(a, undo, side, sign, a[worst], a[worst + 1], a[worst + 2])
        log(a, undo, side, sign, price, _NOTHING, _NOTHING)
        for x in range(worst, at - LEVEL_WORDS):
            a[x] = a[x + LEVEL_WORDS]
        at -= LEVEL_WORDS
    else:
        log(a, undo, side, sign, price, _NOTHING, _NOTHING)
        for x in range(end - 1, at - 1, -1):
            a[x + LEVEL_WORDS] = a[x]
        a[side] = count + 1
    a[at] = price
    a[at + 1] = quantity
    a[at + 2] = consumed


@njit(cache=True, nogil=True)
def undo_all(a: NDArray[np.int64], undo: int) -> None:
    """Take back every logged change, newest first, and empty the log."""
    for n in range(a[undo] - 1, -1, -1):
        entry = undo + 1 + UNDO_ENTRY * n
        put(a, _NO_LOG, a[entry], a[entry + 1], a[entry + 2], a[entry + 3], a[entry + 4])
    a[undo] = 0


@njit(cache=True, nogil=True)
def best(a: NDArray[np.int64], side: int) -> int:
    """Offset of the best level of a side, or 0 where it is empty."""
    count = a[side]
    if count == 0:
        return 0
    return side + 1 + LEVEL_WORDS * (count - 1)


@njit(cache=True, nogil=True)
def quantity_at(a: NDArray[np.int64], side: int, sign: int, price: int) -> int:
    """Quantity (lots) that stands at one price (ticks), 0 where there is none."""
    j = find(a, side, sign, price)
    at = side + 1 + LEVEL_WORDS * j
    if j < a[side] and a[at] == price:
        return a[at + 1]
    return 0


@njit(cache=True, nogil=True)
def apply_delta(a: NDArray[np.int64], undo: int, book: int, rows: NDArray[np.int64], k: int) -> None:
    """Apply one BOOK_DELTA row to the book at offset ``book``. A CLEAR is not logged: it must begin a block."""
    if rows[k, r.DELTA_FLAGS] & r.FLAG_CLEAR:
        a[book] = 0
        a[book + SIDE_WORDS] = 0
    sign = rows[k, r.DELTA_SIDE]
    if sign != 0:
        side = book if sign > 0 else book + SIDE_WORDS
        put(a, undo, side, sign, rows[k, r.DELTA_PRICE], rows[k, r.DELTA_QUANTITY], _NOTHING)


@njit(cache=True, nogil=True)
def apply_top(a: NDArray[np.int64], undo: int, side: int, sign: int, price: int, quantity: int) -> bool:
    """Make one level all there is of a side that has one or none; a quantity of 0 empties it.

    Returns
    -------
    bool
        Whether anything changed: an unchanged side keeps its consumption.
    """
    top = best(a, side)
    if top != 0 and a[top] == price and a[top + 1] == quantity:
        return False
    if top == 0 and quantity == 0:
        return False
    if top != 0 and (a[top] != price or quantity == 0):
        put(a, undo, side, sign, a[top], _NOTHING, _NOTHING)
    if quantity > 0:
        put(a, undo, side, sign, price, quantity, _NOTHING)
    return True


@njit(cache=True, nogil=True)
def follow(a: NDArray[np.int64], rows: NDArray[np.int64], start: int, stop: int) -> None:
    """Apply the BOOK_DELTA rows of ``[start, stop)`` to books that stand one after the other, by instrument."""
    for k in range(start, stop):
        if rows[k, r.KIND] == r.BOOK_DELTA:
            apply_delta(a, _NO_LOG, rows[k, r.INSTRUMENT] * BOOK_WORDS, rows, k)


@njit(cache=True, nogil=True)
def top_levels(a: NDArray[np.int64], side: int, depth: int) -> NDArray[np.int64]:
    """Return the best ``depth`` levels, best first: int64, shape (levels, 2), price (ticks) and quantity (lots)."""
    count = min(depth, a[side])
    out = np.empty((count, 2), np.int64)
    for j in range(count):
        at = side + 1 + LEVEL_WORDS * (a[side] - 1 - j)
        out[j, 0] = a[at]
        out[j, 1] = a[at + 1]
    return out


@njit(cache=True, nogil=True)
def crossed(a: NDArray[np.int64], rows: NDArray[np.int64], n: int, out: NDArray[np.int64]) -> int:
    """Replay one instrument's BOOK_DELTA rows and list those after which the whole book is crossed or locked.

    Parameters
    ----------
    a : int64, shape (BOOK_WORDS,)
        The book before the first row; changed.
    rows : int64, shape (n, 12)
    out : int64, shape (n,)
        Gets the positions of LAST rows that left bid >= ask.

    Returns
    -------
    int
        How many there are.
    """
    found = 0
    for k in range(n):
        if rows[k, r.KIND] != r.BOOK_DELTA:
            continue
        apply_delta(a, _NO_LOG, _FIRST, rows, k)
        if rows[k, r.DELTA_FLAGS] & r.FLAG_LAST:
            bid = best(a, _FIRST)
            ask = best(a, _FIRST + SIDE_WORDS)
            if bid != 0 and ask != 0 and a[bid] >= a[ask]:
                out[found] = k
                found += 1
    return found
