"""Market rows as the numbers that features step on: ticks and lots become prices and amounts, deltas become books.

Each function goes over market rows and writes a row of float64 for every one that belongs to its stream, with the place
and the instrument of each. A ratio of an instrument is (price numerator, price denominator, quantity numerator,
quantity denominator), float64; both sides of a division are exact below 2**53, so a number is rounded once.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tickloom_kernels import rows as r
from tickloom_kernels.intrinsics import borrowed
from tickloom_kernels.market import book as b

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

#: Numbers of an instrument that are kept between rows: what was traded since the last update of its book, in lots and
#: counts (bought, sold, buys, sells), and bid + ask of its newest quote, in ticks (0: none yet).
FLOWS = 5
_QUOTED = 4
_NANOSECONDS = 1e9


@njit(cache=True, nogil=True)
def trades(flows: Ints, rows: Ints, chosen: Ints, ratios: Floats, out: Floats, where: Ints, which: Ints) -> int:
    """Write price, quantity, aggressor and time of every trade, and the mid of the newest whole quote before it.

    Parameters
    ----------
    flows : int64, shape (symbols, FLOWS)
        The newest quote of each symbol; changed.
    rows : int64, shape (n, 12)
        Market rows.
    chosen : int64, shape (instruments,)
        The symbol that each instrument is in the view, or -1.
    ratios : float64, shape (instruments, 4)
    out : float64, shape (n, 5)
        The mid is NaN while there is no quote.
    where, which : int64, shape (n,)
        Get the place among ``rows`` and the symbol of each row that was written.

    Returns
    -------
    int
        How many were written.
    """
    count = 0
    for k in range(len(rows)):
        i, kind = rows[k, r.INSTRUMENT], rows[k, r.KIND]
        if kind == r.QUOTE and chosen[i] >= 0:
            if rows[k, r.QUOTE_BID_QUANTITY] != 0 and rows[k, r.QUOTE_ASK_QUANTITY] != 0:
                flows[chosen[i], _QUOTED] = rows[k, r.QUOTE_BID_PRICE] + rows[k, r.QUOTE_ASK_PRICE]
        elif kind == r.TRADE and chosen[i] >= 0:
            both = flows[chosen[i], _QUOTED]
            out[count, 0] = rows[k, r.TRADE_PRICE] * ratios[i, 0] / ratios[i, 1]
            out[count, 1] = rows[k, r.TRADE_QUANTITY] * ratios[i, 2] / ratios[i, 3]
            out[count, 2] = rows[k, r.TRADE_AGGRESSOR]
            out[count, 3] = rows[k, r.TS_EVENT] / _NANOSECONDS
            out[count, 4] = both * ratios[i, 0] / ratios[i, 1] / 2.0 if both != 0 else np.nan
            where[count], which[count] = k, chosen[i]
            count += 1
    return count


@njit(cache=True, nogil=True)
def quotes(rows: Ints, chosen: Ints, ratios: Floats, out: Floats, where: Ints, which: Ints) -> int:
    """Write bid, its size, ask, its size, their mid and the time of every quote with two sides; as `trades`."""
    count = 0
    for k in range(len(rows)):
        i = rows[k, r.INSTRUMENT]
        if rows[k, r.KIND] != r.QUOTE or chosen[i] < 0:
            continue
        if rows[k, r.QUOTE_BID_QUANTITY] == 0 or rows[k, r.QUOTE_ASK_QUANTITY] == 0:
            continue
        out[count, 0] = rows[k, r.QUOTE_BID_PRICE] * ratios[i, 0] / ratios[i, 1]
        out[count, 1] = rows[k, r.QUOTE_BID_QUANTITY] * ratios[i, 2] / ratios[i, 3]
        out[count, 2] = rows[k, r.QUOTE_ASK_PRICE] * ratios[i, 0] / ratios[i, 1]
        out[count, 3] = rows[k, r.QUOTE_ASK_QUANTITY] * ratios[i, 2] / ratios[i, 3]
        both = rows[k, r.QUOTE_BID_PRICE] + rows[k, r.QUOTE_ASK_PRICE]
        out[count, 4] = both * ratios[i, 0] / ratios[i, 1] / 2.0
        out[count, 5] = rows[k, r.TS_EVENT] / _NANOSECONDS
        where[count], which[count] = k, chosen[i]
        count += 1
    return count


@njit(cache=True, nogil=True)
def bars(rows: Ints, series: int, chosen: Ints, ratios: Floats, out: Floats, where: Ints, which: Ints) -> int:
    """Write open, high, low, close, volume, trades and open time of every bar of a series; as `trades`."""
    count = 0
    for k in range(len(rows)):
        i = rows[k, r.INSTRUMENT]
        if rows[k, r.KIND] != r.BAR or rows[k, r.BAR_SERIES] != series or chosen[i] < 0:
            continue
        for c in range(4):
            out[count, c] = rows[k, r.BAR_OPEN + c] * ratios[i, 0] / ratios[i, 1]
        out[count, 4] = rows[k, r.BAR_VOLUME] * ratios[i, 2] / ratios[i, 3]
        out[count, 5] = rows[k, r.BAR_TRADES]
        out[count, 6] = rows[k, r.TS_EVENT] / _NANOSECONDS
        where[count], which[count] = k, chosen[i]
        count += 1
    return count


@njit(cache=True, nogil=True)
def books(
    state: Ints,
    flows: Ints,
    rows: Ints,
    chosen: Ints,
    ratios: Floats,
    depth: int,
    out: Floats,
    where: Ints,
    which: Ints,
) -> int:
    """Write the book after every whole update that leaves two sides, and what was traded since the update before.

    Parameters
    ----------
    state : int64, shape (symbols * BOOK_WORDS,)
        A book per symbol; changed.
    flows : int64, shape (symbols, FLOWS)
        What was traded since the last update, by symbol; changed.
    depth : int
        Levels per side in ``out``. A level that is not there has the price of the last one that is, and size 0.

    Returns
    -------
    int
        As `trades`.
    """
    state, rows, out = borrowed(state), borrowed(rows), borrowed(out)
    count = 0
    for k in range(len(rows)):
        i, kind = rows[k, r.INSTRUMENT], rows[k, r.KIND]
        # A trade whose aggressor nobody knows was neither bought nor sold.
        if kind == r.TRADE and chosen[i] >= 0 and rows[k, r.TRADE_AGGRESSOR] != 0:
            side = 1 if rows[k, r.TRADE_AGGRESSOR] < 0 else 0
            flows[chosen[i], side] += rows[k, r.TRADE_QUANTITY]
            flows[chosen[i], 2 + side] += 1
        if kind != r.BOOK_DELTA or chosen[i] < 0:
            continue
        base = chosen[i] * b.BOOK_WORDS
        b.apply_delta(state, np.int64(0), base, rows, k)
        if (
            not rows[k, r.DELTA_FLAGS] & r.FLAG_LAST
            or b.best(state, base) == 0
            or b.best(state, base + b.SIDE_WORDS) == 0
        ):
            continue
        _levels(state, base, ratios, i, depth, out, count, 0)
        _levels(state, base + b.SIDE_WORDS, ratios, i, depth, out, count, 2 * depth)
        at = 4 * depth
        bid, ask = state[b.best(state, base)], state[b.best(state, base + b.SIDE_WORDS)]
        out[count, at] = bid * ratios[i, 0] / ratios[i, 1]
        out[count, at + 1] = ask * ratios[i, 0] / ratios[i, 1]
        out[count, at + 2] = (bid + ask) * ratios[i, 0] / ratios[i, 1] / 2.0
        flow = flows[chosen[i]]
        out[count, at + 3] = flow[0] * ratios[i, 2] / ratios[i, 3]
        out[count, at + 4] = flow[1] * ratios[i, 2] / ratios[i, 3]
        out[count, at + 5], out[count, at + 6] = flow[2], flow[3]
        out[count, at + 7] = rows[k, r.TS_EVENT] / _NANOSECONDS
        flow[:] = 0
        where[count], which[count] = k, chosen[i]
        count += 1
    return count


@njit(cache=True, nogil=True)
def _levels(state: Ints, side: int, ratios: Floats, i: int, depth: int, out: Floats, row: int, at: int) -> None:
    """Write prices and then sizes of one side, best first."""
    level = last = b.best(state, side)
    for j in range(depth):
        out[row, at + j] = state[last] * ratios[i, 0] / ratios[i, 1]
        out[row, at + depth + j] = state[level + 1] * ratios[i, 2] / ratios[i, 3] if level != 0 else 0.0
        if level != 0:
            level = b.worse(state, side, level)
            last = level if level != 0 else last
