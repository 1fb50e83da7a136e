"""The market as told so far: the newest trade, quote and bar of each instrument, and the best of its book.

``newest`` is int64, shape (instruments, 3, 12): the newest TRADE, QUOTE and BAR row of each instrument. Where the data
have a book and no quotes, the second is the best bid and ask of that book, and of kind BOOK_DELTA.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tickloom_kernels import rows as r
from tickloom_kernels.intrinsics import borrowed, inlined
from tickloom_kernels.market import book as b

_NO_LOG = np.int64(0)


@inlined
def remember(newest: NDArray[np.int64], rows: NDArray[np.int64], k: int) -> None:
    """Take in a row that is not of a book."""
    kind, i = rows[k, r.KIND], rows[k, r.INSTRUMENT]
    if i < 0 or kind > r.BAR or kind == r.BOOK_DELTA:
        return
    column = 0 if kind == r.TRADE else 1 if kind == r.QUOTE else 2
    # Word by word: a slice would be counted in and out at every row.
    for w in range(r.WORDS):
        newest[i, column, w] = rows[k, w]


@inlined
def take_top(newest: NDArray[np.int64], a: NDArray[np.int64], bids: int, instrument: int, ts: int) -> None:
    """Let the best of a book stand for a quote, where there has been none.

    Parameters
    ----------
    newest : int64, shape (instruments, 3, 12)
    a : int64
        An array with the instrument's book in it, at ``bids``.
    ts : int
        When it was told (UNIX time in nanoseconds, UTC).
    """
    if newest[instrument, 1, r.KIND] == r.QUOTE:
        return
    bid, ask = b.best(a, bids), b.best(a, bids + b.SIDE_WORDS)
    if bid == 0 or ask == 0:
        newest[instrument, 1, r.KIND] = 0
        newest[instrument, 1, r.QUOTE_BID_QUANTITY] = 0
        return
    newest[instrument, 1, r.KIND] = r.BOOK_DELTA
    newest[instrument, 1, r.TS_INIT] = ts
    newest[instrument, 1, r.INSTRUMENT] = instrument
    newest[instrument, 1, r.QUOTE_BID_PRICE] = a[bid]
    newest[instrument, 1, r.QUOTE_BID_QUANTITY] = a[bid + 1]
    newest[instrument, 1, r.QUOTE_ASK_PRICE] = a[ask]
    newest[instrument, 1, r.QUOTE_ASK_QUANTITY] = a[ask + 1]


@inlined
def see(newest: NDArray[np.int64], a: NDArray[np.int64], bids: int, rows: NDArray[np.int64], k: int) -> None:
    """Take in a row; the book of its instrument, which lies in ``a`` at ``bids``, knows it already."""
    if rows[k, r.KIND] == r.BOOK_DELTA:
        take_top(newest, a, bids, rows[k, r.INSTRUMENT], rows[k, r.TS_INIT])
    else:
        remember(newest, rows, k)


@njit(cache=True, nogil=True)
def follow(newest: NDArray[np.int64], books: NDArray[np.int64], rows: NDArray[np.int64], start: int, stop: int) -> None:
    """Take in rows ``[start, stop)``, and let books that stand one after the other, by instrument, follow them."""
    newest, books, rows = borrowed(newest), borrowed(books), borrowed(rows)
    for k in range(start, stop):
        if rows[k, r.KIND] == r.BOOK_DELTA:
            b.apply_delta(books, _NO_LOG, rows[k, r.INSTRUMENT] * b.BOOK_WORDS, rows, k)
        else:
            remember(newest, rows, k)
    # Nobody looks in between.
    for i in range(len(books) // b.BOOK_WORDS):
        take_top(newest, books, i * b.BOOK_WORDS, i, rows[stop - 1, r.TS_INIT])


@njit(cache=True, nogil=True)
def latest(newest: NDArray[np.int64], instrument: int) -> int:
    """Column of the newest of trade, quote and bar of an instrument, or -1 where there is none.

    A quote counts where both its sides have a quantity; at one time the first of the columns counts.
    """
    found = -1
    for column in range(3):
        kind = newest[instrument, column, r.KIND]
        # The best of a book in place of a quote is no row that was told.
        if kind in (0, r.BOOK_DELTA):
            continue
        if kind == r.QUOTE and (
            newest[instrument, column, r.QUOTE_BID_QUANTITY] == 0
            or newest[instrument, column, r.QUOTE_ASK_QUANTITY] == 0
        ):
            continue
        if found < 0 or newest[instrument, column, r.TS_INIT] > newest[instrument, found, r.TS_INIT]:
            found = column
    return found


@njit(cache=True, nogil=True)
def price_of(newest: NDArray[np.int64], instrument: int, column: int) -> int:
    """Price (ticks) of the newest row in a column: of a trade, a quote's mid (rounded down), a bar's close."""
    if column == 0:
        return newest[instrument, 0, r.TRADE_PRICE]
    if column == 1:
        return (newest[instrument, 1, r.QUOTE_BID_PRICE] + newest[instrument, 1, r.QUOTE_ASK_PRICE]) // 2
    return newest[instrument, 2, r.BAR_CLOSE]


@njit(cache=True, nogil=True)
def twice_mid(newest: NDArray[np.int64], instrument: int) -> int:
    """Bid + ask of the newest quote (ticks), twice the last price without a quote on both sides, 0 before any."""
    column = latest(newest, instrument)
    if newest[instrument, 1, r.QUOTE_BID_QUANTITY] > 0 and newest[instrument, 1, r.QUOTE_ASK_QUANTITY] > 0:
        return newest[instrument, 1, r.QUOTE_BID_PRICE] + newest[instrument, 1, r.QUOTE_ASK_PRICE]
    return 2 * price_of(newest, instrument, column) if column >= 0 else 0
