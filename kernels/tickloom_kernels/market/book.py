"""An order book by price level, inside a flat int64 array, with a log that takes changes back.

One side is ``SIDE_WORDS`` words at an offset. Around its best price lies a *window* of `WINDOW` ticks in which a level
is found by its price alone, and a bit per tick says where there is one; so a change costs the same wherever it is.
What is worse than the window stands *far* from it, in a list from worst to best. The window moves when the best price
leaves it, or comes near its lower end; that copies all levels, and is rare.

A level is (price, quantity, consumed): ``consumed`` is what our own orders have taken from it since its quantity was
last told. Bids have sign +1, asks -1; sign * price is the *key* of a level and grows towards the best.

The log is a block at an offset: the number of entries, then entries of ``UNDO_ENTRY`` words. An offset of 0 means
that nothing is logged (word 0 of a flat state is never a log).
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tickloom_kernels import rows as r
from tickloom_kernels.intrinsics import borrowed, highest, inlined, lowest

#: Levels kept per side; beyond that the worst level is forgotten.
DEPTH = 4096
LEVEL_WORDS = 3
#: Ticks of the window: as many as a word has bits, squared, so that one word tells which words of bits have any.
WINDOW = 4096
#: Ticks of the window that lie behind the best price when it is moved.
_BEHIND = 3072
#: The best price this near to the window's end, and a level beyond it, move the window.
_NEAR_END = 1024

# Words of a side: levels in all, where the best one is (0: there is none), the key of the window's first tick, levels
# that are far, which words of the bits have any; then the bits, the window's levels, and the far levels.
COUNT = 0
BEST = 1
_BASE = 2
_FAR = 3
_FILLED = 4
_BITS = 8
_LEVELS = _BITS + WINDOW // 64
_FAR_AT = _LEVELS + LEVEL_WORDS * WINDOW
SIDE_WORDS = _FAR_AT + LEVEL_WORDS * DEPTH
#: Words of both sides: the bids, then the asks.
BOOK_WORDS = 2 * SIDE_WORDS
UNDO_ENTRY = 5

# numpy's ints: numba compiles a function once more for every literal int that it is called with.
_NO_LOG = np.int64(0)
_NOTHING = np.int64(0)
_FIRST = np.int64(0)
_ONE = np.int64(1)


# --- where levels are ------------------------------------------------------------------------------------------------


@inlined
def best(a: NDArray[np.int64], side: int) -> int:
    """Offset of the best level of a side, or 0 where it is empty."""
    return a[side + BEST]


@njit(cache=True, nogil=True)
def worse(a: NDArray[np.int64], side: int, level: int) -> int:
    """Offset of the next level behind one at an offset, or 0 behind the last."""
    far = side + _FAR_AT
    if level >= far:
        return level - LEVEL_WORDS if level > far else 0
    found = _below(a, side, (level - side - _LEVELS) // LEVEL_WORDS)
    if found < 0 and a[side + _FAR] > 0:
        return far + LEVEL_WORDS * (a[side + _FAR] - 1)
    return 0 if found < 0 else side + _LEVELS + LEVEL_WORDS * found


@njit(cache=True, nogil=True)
def worst(a: NDArray[np.int64], side: int) -> int:
    """Offset of the worst level of a side, or 0 where it is empty."""
    if a[side + COUNT] == 0:
        return 0
    if a[side + _FAR] > 0:
        return side + _FAR_AT
    word = lowest(a[side + _FILLED])
    return side + _LEVELS + LEVEL_WORDS * (64 * word + lowest(a[side + _BITS + word]))


@njit(cache=True, nogil=True)
def _below(a: NDArray[np.int64], side: int, tick: int) -> int:
    """Highest tick of the window below ``tick`` that has a level, or -1."""
    word = tick >> 6
    bits = a[side + _BITS + word] & ((_ONE << (tick & 63)) - 1)
    if bits == 0:
        filled = a[side + _FILLED] & ((_ONE << word) - 1)
        if filled == 0:
            return -1
        word = highest(filled)
        bits = a[side + _BITS + word]
    return 64 * word + highest(bits)


@njit(cache=True, nogil=True)
def _find_far(a: NDArray[np.int64], side: int, sign: int, price: int) -> int:
    """Offset of the first far level that is at or better than ``price``; the end of the list if there is none."""
    low, high = 0, a[side + _FAR]
    while low < high:
        middle = (low + high) >> 1
        if sign * a[side + _FAR_AT + LEVEL_WORDS * middle] < sign * price:
            low = middle + 1
        else:
            high = middle
    return side + _FAR_AT + LEVEL_WORDS * low


@njit(cache=True, nogil=True)
def level_at(a: NDArray[np.int64], side: int, sign: int, price: int) -> int:
    """Offset of the level at one price (ticks), or 0 where there is none."""
    tick = sign * price - a[side + _BASE]
    if tick >= 0:
        level = side + _LEVELS + LEVEL_WORDS * tick
        return level if tick < WINDOW and a[level + 1] > 0 else 0
    level = _find_far(a, side, sign, price)
    return level if level < side + _FAR_AT + LEVEL_WORDS * a[side + _FAR] and a[level] == price else 0


@njit(cache=True, nogil=True)
def quantity_at(a: NDArray[np.int64], side: int, sign: int, price: int) -> int:
    """Quantity (lots) that stands at one price (ticks), 0 where there is none."""
    level = level_at(a, side, sign, price)
    return a[level + 1] if level != 0 else 0


# --- changes ---------------------------------------------------------------------------------------------------------


@inlined
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
    tick = sign * price - a[side + _BASE]
    if 0 <= tick < WINDOW and 0 < a[side + COUNT] < DEPTH:
        _put_near(a, undo, side, sign, tick, price, quantity, consumed)
    else:
        _put_aside(a, undo, side, sign, price, quantity, consumed)


@inlined
def _put_near(
    a: NDArray[np.int64], undo: int, side: int, sign: int, tick: int, price: int, quantity: int, consumed: int
) -> None:
    """Set a level of the window."""
    level = side + _LEVELS + LEVEL_WORDS * tick
    bits = side + _BITS + (tick >> 6)
    was = a[level + 1]
    if quantity > 0:
        log(a, undo, side, sign, price, was, a[level + 2])
        _place(a, side, tick, price, quantity, consumed)
    elif was > 0:
        log(a, undo, side, sign, price, was, a[level + 2])
        a[level + 1] = 0
        a[bits] &= ~(_ONE << (tick & 63))
        if a[bits] == 0:
            a[side + _FILLED] &= ~(_ONE << (tick >> 6))
        a[side + COUNT] -= 1
        if level == a[side + BEST]:
            _find_best(a, side, sign, tick)


@inlined
def _place(a: NDArray[np.int64], side: int, tick: int, price: int, quantity: int, consumed: int) -> None:
    """Write a level into the window, new or not."""
    level = side + _LEVELS + LEVEL_WORDS * tick
    a[side + COUNT] += a[level + 1] == 0
    a[level] = price
    a[level + 1] = quantity
    a[level + 2] = consumed
    a[side + _BITS + (tick >> 6)] |= _ONE << (tick & 63)
    a[side + _FILLED] |= _ONE << (tick >> 6)
    a[side + BEST] = max(a[side + BEST], level)


@njit(cache=True, nogil=True)
def _find_best(a: NDArray[np.int64], side: int, sign: int, tick: int) -> None:
    """Find the best level again, below a tick of the window that has been the best and is empty."""
    found = _below(a, side, tick)
    a[side + BEST] = 0 if found < 0 else side + _LEVELS + LEVEL_WORDS * found
    if found < 0 and a[side + _FAR] > 0:
        last = side + _FAR_AT + LEVEL_WORDS * (a[side + _FAR] - 1)
        _move(a, side, sign, sign * a[last])


@njit(cache=True, nogil=True)
def _put_aside(a: NDArray[np.int64], undo: int, side: int, sign: int, price: int, quantity: int, consumed: int) -> None:
    """Set a level that is the first of its side, outside of the window, or perhaps one too many."""
    key = sign * price
    if a[side + COUNT] == 0:
        a[side + _BASE] = key - _BEHIND
    tick = key - a[side + _BASE]
    if quantity > 0:
        if a[side + COUNT] == DEPTH and level_at(a, side, sign, price) == 0:
            last = worst(a, side)
            if key < sign * a[last]:
                return
            _remove(a, undo, side, sign, last)
        if tick >= WINDOW:
            _move(a, side, sign, key)
        elif tick < 0 and a[side + BEST] < side + _LEVELS + LEVEL_WORDS * _NEAR_END:
            _move(a, side, sign, sign * a[a[side + BEST]])
        tick = key - a[side + _BASE]
    if 0 <= tick < WINDOW:
        _put_near(a, undo, side, sign, tick, price, quantity, consumed)
    elif tick < 0:
        _put_far(a, undo, side, sign, price, quantity, consumed)


@njit(cache=True, nogil=True)
def _remove(a: NDArray[np.int64], undo: int, side: int, sign: int, level: int) -> None:
    """Remove the level at an offset."""
    if level < side + _FAR_AT:
        tick = (level - side - _LEVELS) // LEVEL_WORDS
        _put_near(a, undo, side, sign, tick, a[level], _NOTHING, _NOTHING)
    else:
        _put_far(a, undo, side, sign, a[level], _NOTHING, _NOTHING)


@njit(cache=True, nogil=True)
def _put_far(a: NDArray[np.int64], undo: int, side: int, sign: int, price: int, quantity: int, consumed: int) -> None:
    """Set a level that is worse than the window."""
    level = _find_far(a, side, sign, price)
    end = side + _FAR_AT + LEVEL_WORDS * a[side + _FAR]
    if level < end and a[level] == price:
        log(a, undo, side, sign, price, a[level + 1], a[level + 2])
        if quantity == 0:
            for x in range(level, end - LEVEL_WORDS):
                a[x] = a[x + LEVEL_WORDS]
            a[side + _FAR] -= 1
            a[side + COUNT] -= 1
            return
    elif quantity == 0:
        return
    else:
        log(a, undo, side, sign, price, _NOTHING, _NOTHING)
        for x in range(end - 1, level - 1, -1):
            a[x + LEVEL_WORDS] = a[x]
        a[side + _FAR] += 1
        a[side + COUNT] += 1
    a[level] = price
    a[level + 1] = quantity
    a[level + 2] = consumed


@njit(cache=True, nogil=True)
def _move(a: NDArray[np.int64], side: int, sign: int, key: int) -> None:
    """Move the window so that ``key``, which no level is better than, lies ``_BEHIND`` ticks above its end."""
    count = a[side + COUNT]
    kept = np.empty(LEVEL_WORDS * count, np.int64)
    level = best(a, side) if best(a, side) != 0 else side + _FAR_AT + LEVEL_WORDS * (a[side + _FAR] - 1)
    for n in range(count - 1, -1, -1):
        for word in range(LEVEL_WORDS):
            kept[LEVEL_WORDS * n + word] = a[level + word]
        level = worse(a, side, level)
    clear(a, side)
    a[side + _BASE] = key - _BEHIND
    for n in range(count):
        at = LEVEL_WORDS * n
        tick = sign * kept[at] - a[side + _BASE]
        if tick >= 0:
            _place(a, side, tick, kept[at], kept[at + 1], kept[at + 2])
        else:
            _put_far(a, _NO_LOG, side, sign, kept[at], kept[at + 1], kept[at + 2])


@njit(cache=True, nogil=True)
def clear(a: NDArray[np.int64], side: int) -> None:
    """Empty a side."""
    for word in range(WINDOW // 64):
        bits = a[side + _BITS + word]
        while bits != 0:
            a[side + _LEVELS + LEVEL_WORDS * (64 * word + lowest(bits)) + 1] = 0
            bits &= bits - 1
        a[side + _BITS + word] = 0
    a[side + COUNT] = a[side + BEST] = a[side + _FAR] = a[side + _FILLED] = 0


@njit(cache=True, nogil=True)
def undo_all(a: NDArray[np.int64], undo: int) -> None:
    """Take back every logged change, newest first, and empty the log."""
    for n in range(a[undo] - 1, -1, -1):
        entry = undo + 1 + UNDO_ENTRY * n
        put(a, _NO_LOG, a[entry], a[entry + 1], a[entry + 2], a[entry + 3], a[entry + 4])
    a[undo] = 0


@inlined
def apply_delta(a: NDArray[np.int64], undo: int, book: int, rows: NDArray[np.int64], k: int) -> None:
    """Apply one BOOK_DELTA row to the book at offset ``book``. A CLEAR is not logged: it must begin a block."""
    if rows[k, r.DELTA_FLAGS] & r.FLAG_CLEAR:
        clear(a, book)
        clear(a, book + SIDE_WORDS)
    sign = rows[k, r.DELTA_SIDE]
    if sign != 0:
        side, price, quantity = (
            book if sign > 0 else book + SIDE_WORDS,
            rows[k, r.DELTA_PRICE],
            rows[k, r.DELTA_QUANTITY],
        )
        # As `put` does, without the call: it comes at every row.
        tick = sign * price - a[side + _BASE]
        if 0 <= tick < WINDOW and 0 < a[side + COUNT] < DEPTH:
            _put_near(a, undo, side, sign, tick, price, quantity, _NOTHING)
        else:
            _put_aside(a, undo, side, sign, price, quantity, _NOTHING)


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


# --- whole books -----------------------------------------------------------------------------------------------------


@njit(cache=True, nogil=True)
def copy(source: NDArray[np.int64], target: NDArray[np.int64]) -> None:
    """Make books that stand one after the other what others are; costs as much as they have levels."""
    for side in range(0, len(source), SIDE_WORDS):
        clear(target, side)
        for x in range(side, side + _LEVELS):
            target[x] = source[x]
        level = source[side + BEST]
        while level != 0:
            for x in range(level, level + LEVEL_WORDS):
                target[x] = source[x]
            level = worse(source, side, level)


@njit(cache=True, nogil=True)
def top_levels(a: NDArray[np.int64], side: int, depth: int) -> NDArray[np.int64]:
    """Return the best ``depth`` levels, best first: int64, shape (levels, 2), price (ticks) and quantity (lots)."""
    count = min(depth, a[side + COUNT])
    out = np.empty((count, 2), np.int64)
    level = best(a, side)
    for j in range(count):
        out[j, 0] = a[level]
        out[j, 1] = a[level + 1]
        level = worse(a, side, level)
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
    a, rows = borrowed(a), borrowed(rows)
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
