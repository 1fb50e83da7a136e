"""Entries of the log as MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md), without making events.

An entry becomes what encoding (row, sub, cause row, cause sub, type id, event) gives, event an array of its fields.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tickloom_kernels.compiled import log as lg
from tickloom_kernels.intrinsics import borrowed, inlined

# What a field of an event is, by the word of the entry that it is made of.
INT = 0
#: True where the word is 1.
FLAG = 1
#: A text, found by the word: of the venue's reasons, of our refusals, of an instrument's asset, of an order.
REASON = 2
ASSET = 3
TEXTS = 4

# Words of the layout of a kind: fields of its event (an order has two texts), steps, then the steps.
COUNT = 0
STEPS = 1
FIRST_STEP = 2
LAYOUT_WORDS = 20
#: A step is what a field is times this, and the word.
STEP = 256

# Where in the table of texts those of each sort begin.
# Those of fields, in the order of these from `REASON` on; then our refusals.
REFUSALS_AT = 3

#: Bytes that an entry takes at most, texts apart.
MOST_BYTES = 9 * (lg.ENTRY_WORDS + 2)


@inlined
def _big_endian(out: NDArray[np.uint8], at: int, head: int, value: int, size: int) -> int:
    out[at] = head
    for n in range(size):
        out[at + 1 + n] = (value >> (8 * (size - 1 - n))) & 0xFF
    return at + 1 + size


@njit(cache=True, nogil=True)
def put_int(out: NDArray[np.uint8], at: int, value: int) -> int:
    """Write an int in as few bytes as it takes; return where the next thing goes."""
    if -32 <= value < 128:
        out[at] = value & 0xFF
        return at + 1
    if value >= 0:
        if value < 1 << 8:
            return _big_endian(out, at, 0xCC, value, 1)
        if value < 1 << 16:
            return _big_endian(out, at, 0xCD, value, 2)
        if value < 1 << 32:
            return _big_endian(out, at, 0xCE, value, 4)
        return _big_endian(out, at, 0xCF, value, 8)
    if value >= -(1 << 7):
        return _big_endian(out, at, 0xD0, value, 1)
    if value >= -(1 << 15):
        return _big_endian(out, at, 0xD1, value, 2)
    if value >= -(1 << 31):
        return _big_endian(out, at, 0xD2, value, 4)
    return _big_endian(out, at, 0xD3, value, 8)


@njit(cache=True, nogil=True)
def pack(
    log: NDArray[np.int64],
    start: int,
    layouts: NDArray[np.int64],
    begins: NDArray[np.int64],
    bounds: NDArray[np.int64],
    texts: NDArray[np.uint8],
    out: NDArray[np.uint8],
) -> tuple[int, int, int]:
    """Encode entries from ``start`` on, up to one whose text is none of the table.

    Parameters
    ----------
    log : int64, shape (n, ENTRY_WORDS)
    layouts : int64, shape (kinds, LAYOUT_WORDS)
        By type id.
    begins : int64, shape (4,)
        The first text of each sort.
    bounds : int64, shape (texts + 1,)
        Where each text begins in ``texts``, and the end.
    texts : uint8
        Encoded texts, one behind the other.
    out : uint8
        Room for all of it.

    Returns
    -------
    tuple of int
        The entry to go on from, how many have been encoded, and their bytes.
    """
    log, layouts, begins, bounds = borrowed(log), borrowed(layouts), borrowed(begins), borrowed(bounds)
    texts, out = borrowed(texts), borrowed(out)
    at, count = 0, 0
    for n in range(start, len(log)):
        kind = log[n, lg.TYPE_ID]
        if kind == lg.DETAIL:
            continue
        if kind == lg.ORDER_UPDATE and log[n, lg.REASON_BY] == lg.BY_GATE:
            return n, count, at
        out[at] = 0x96
        at += 1
        for word in range(lg.FIELDS):
            at = put_int(out, at, log[n, word])
        fields = layouts[kind, COUNT]
        out[at] = 0x90 | fields
        at += 1
        for step in range(layouts[kind, STEPS]):
            what, word = layouts[kind, FIRST_STEP + step] // STEP, layouts[kind, FIRST_STEP + step] % STEP
            value = log[n, word]
            if what == INT:
                at = put_int(out, at, value)
                continue
            if what == FLAG:
                out[at] = 0xC3 if value == 1 else 0xC2
                at += 1
                continue
            if what == REASON and log[n, lg.REASON_BY] != lg.BY_VENUE:
                text = begins[REFUSALS_AT] + log[n, lg.REASON_BY]
            else:
                text = begins[what - REASON] + value
            for x in range(bounds[text], bounds[text + 1]):
                out[at] = texts[x]
                at += 1
        count += 1
    return len(log), count, at
