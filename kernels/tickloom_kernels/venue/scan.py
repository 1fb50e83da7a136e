"""The simulated venue over market rows: run forward until a row has an outcome, and take it back when told to.

Only what a row proves is believed: a resting order fills when a print reaches it through the queue, or when the other
side of the book comes to stand at or beyond its price, and never for more than was printed or shown.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tickloom_kernels import rows as r
from tickloom_kernels.intrinsics import borrowed
from tickloom_kernels.market import book as b
from tickloom_kernels.venue import queue
from tickloom_kernels.venue import state as v

#: For what comes at every row; before types are inferred: LLVM, given it ready made, would compile each by itself, too.
_inlined = njit(cache=True, nogil=True, inline="always")


@njit(cache=True, nogil=True)
def cross(a: NDArray[np.int64], instrument: int, side: int) -> None:
    """Fill resting orders of one side that the other side of the book has come to meet, at their own price."""
    opposite = v.sides(a, instrument) + (b.SIDE_WORDS if side > 0 else 0)
    at = side * (1 << 62)
    arrival = v.BEFORE_ALL
    while True:
        slot = v.next_in_line(a, instrument, side, at, arrival)
        if slot == 0:
            break
        at = a[slot + v.PRICE]
        arrival = a[slot + v.ARRIVAL]
        taken = take_levels(a, opposite, side, at, a[slot + v.LEAVES])
        if taken == 0:
            break
        queue.fill(a, slot, taken)
    v.set_bounds(a, instrument)


@njit(cache=True, nogil=True)
def take_levels(a: NDArray[np.int64], opposite: int, side: int, limit: int, quantity: int) -> int:
    """Use up what the other side shows within a price limit; what is used up is gone until the level is told anew."""
    left = quantity
    level = b.best(a, opposite)
    while level != 0 and left > 0 and (limit - a[level]) * side >= 0:
        take = min(left, a[level + 1] - a[level + 2])
        if take > 0:
            b.log(a, a[v.UNDO_AT], opposite, -side, a[level], a[level + 1], a[level + 2])
            a[level + 2] += take
            left -= take
        level = b.worse(a, opposite, level)
    return quantity - left


@_inlined
def meet(a: NDArray[np.int64], instrument: int) -> None:
    """Fill whatever the book, now whole, has come to meet."""
    at = v.instrument_at(instrument)
    bids = v.sides(a, instrument)
    ask = b.best(a, bids + b.SIDE_WORDS)
    if ask != 0 and a[ask] <= a[at + v.BUY_BOUND]:
        cross(a, instrument, v.BUY)
    bid = b.best(a, bids)
    if bid != 0 and a[bid] >= a[at + v.SELL_BOUND]:
        cross(a, instrument, v.SELL)


@njit(cache=True, nogil=True)
def on_trade(a: NDArray[np.int64], rows: NDArray[np.int64], k: int, instrument: int) -> None:
    """Take in a print: it may reach our orders through the queue; of one without an aggressor both sides share."""
    at = v.instrument_at(instrument)
    price = rows[k, r.TRADE_PRICE]
    aggressor = rows[k, r.TRADE_AGGRESSOR]
    left = rows[k, r.TRADE_QUANTITY]
    if aggressor <= 0 and price <= a[at + v.BUY_BOUND]:
        left = queue.trade_through(a, instrument, v.BUY, price, left, a[at + v.INITIAL_QUEUE])
    if aggressor >= 0 and price >= a[at + v.SELL_BOUND]:
        queue.trade_through(a, instrument, v.SELL, price, left, a[at + v.INITIAL_QUEUE])


@_inlined
def on_delta(a: NDArray[np.int64], rows: NDArray[np.int64], k: int, instrument: int) -> None:
    """Take in a level; after the last one of an update, the book is whole and may meet our orders."""
    at = v.instrument_at(instrument)
    bids = v.sides(a, instrument)
    undo = a[v.UNDO_AT]
    side = rows[k, r.DELTA_SIDE]
    flags = rows[k, r.DELTA_FLAGS]
    a[at + v.HAS_TICKS] = 1
    if flags & r.FLAG_CLEAR:
        a[at + v.IS_NEW_BOOK] = 1
    elif a[at + v.HAS_BOOK] == 0 and side != 0:
        # Levels that are told from here on, without a snapshot: what stands there are quotes.
        b.apply_top(a, undo, bids, v.BUY, v.NOTHING, v.NOTHING)
        b.apply_top(a, undo, bids + b.SIDE_WORDS, v.SELL, v.NOTHING, v.NOTHING)
    b.apply_delta(a, undo, bids, rows, k)
    # Only emptied (side 0): until a snapshot follows, quotes are the better book.
    a[at + v.HAS_BOOK] = 1 if side != 0 else 0
    price = rows[k, r.DELTA_PRICE]
    # Without a branch for the side: bids and asks come in no order that a processor could guess.
    bound = a[at + (v.BUY_BOUND if side > 0 else v.SELL_BOUND)]
    if side != 0 and (bound - price) * side >= 0:
        queue.level_shown(a, instrument, side, price, rows[k, r.DELTA_QUANTITY], v.NOTHING)
    if flags & r.FLAG_LAST:
        if a[at + v.IS_NEW_BOOK] == 1 and side != 0:
            queue.book_told(a, instrument)
            a[at + v.IS_NEW_BOOK] = 0
        meet(a, instrument)


@njit(cache=True, nogil=True)
def cut_to(a: NDArray[np.int64], rows: NDArray[np.int64], k: int, instrument: int) -> None:
    """Let a told book follow a newer quote: what stands before the best price is gone, and the best is as quoted.

    Venues send the best prices at once and levels every so often (Binance spot: every 100 ms); between two updates a
    taker would else be filled at prices that are no longer there. A side quoted as empty is left as it was told.
    """
    at = v.instrument_at(instrument)
    undo = a[v.UNDO_AT]
    bid, bid_quantity = rows[k, r.QUOTE_BID_PRICE], rows[k, r.QUOTE_BID_QUANTITY]
    ask, ask_quantity = rows[k, r.QUOTE_ASK_PRICE], rows[k, r.QUOTE_ASK_QUANTITY]
    bids = v.sides(a, instrument)
    if bid_quantity > 0:
        top = b.best(a, bids)
        while top != 0 and a[top] > bid:
            b.put(a, undo, bids, v.BUY, a[top], v.NOTHING, v.NOTHING)
            top = b.best(a, bids)
        if b.quantity_at(a, bids, v.BUY, bid) != bid_quantity:
            b.put(a, undo, bids, v.BUY, bid, bid_quantity, v.NOTHING)
        if bid <= a[at + v.BUY_BOUND]:
            queue.level_shown(a, instrument, v.BUY, bid, bid_quantity, v.IS_BEST)
    asks = bids + b.SIDE_WORDS
    if ask_quantity > 0:
        top = b.best(a, asks)
        while top != 0 and a[top] < ask:
            b.put(a, undo, asks, v.SELL, a[top], v.NOTHING, v.NOTHING)
            top = b.best(a, asks)
        if b.quantity_at(a, asks, v.SELL, ask) != ask_quantity:
            b.put(a, undo, asks, v.SELL, ask, ask_quantity, v.NOTHING)
        if ask >= a[at + v.SELL_BOUND]:
            queue.level_shown(a, instrument, v.SELL, ask, ask_quantity, v.IS_BEST)


@njit(cache=True, nogil=True)
def on_quote(a: NDArray[np.int64], rows: NDArray[np.int64], k: int, instrument: int) -> None:
    """Take in the best bid and ask: all the book there is where no levels are told, else the top of it."""
    at = v.instrument_at(instrument)
    a[at + v.HAS_TICKS] = 1
    if a[at + v.HAS_BOOK] == 1:
        cut_to(a, rows, k, instrument)
        meet(a, instrument)
        return
    bids = v.sides(a, instrument)
    undo = a[v.UNDO_AT]
    bid, bid_quantity = rows[k, r.QUOTE_BID_PRICE], rows[k, r.QUOTE_BID_QUANTITY]
    ask, ask_quantity = rows[k, r.QUOTE_ASK_PRICE], rows[k, r.QUOTE_ASK_QUANTITY]
    if b.apply_top(a, undo, bids, v.BUY, bid, bid_quantity):
        # On an empty side every order of ours is better than the best.
        bid = bid if bid_quantity > 0 else v.NO_BUY
        if bid <= a[at + v.BUY_BOUND]:
            queue.level_shown(a, instrument, v.BUY, bid, bid_quantity, v.IS_BEST)
    if b.apply_top(a, undo, bids + b.SIDE_WORDS, v.SELL, ask, ask_quantity):
        ask = ask if ask_quantity > 0 else v.NO_SELL
        if ask >= a[at + v.SELL_BOUND]:
            queue.level_shown(a, instrument, v.SELL, ask, ask_quantity, v.IS_BEST)
    meet(a, instrument)


@njit(cache=True, nogil=True)
def on_bar(a: NDArray[np.int64], rows: NDArray[np.int64], k: int, instrument: int) -> None:
    """Take in a candle, which counts only where no ticks are told, and of several series only the shortest.

    An order fills when the candle went beyond its price, not when it only touched it; all together, buys first, never
    for more than the candle's volume.
    """
    at = v.instrument_at(instrument)
    if a[at + v.HAS_TICKS] == 1:
        return
    series = rows[k, r.BAR_SERIES] + 1
    if series != a[at + v.BAR_SERIES]:
        # A long candle reaches back before orders that shorter ones have let in, and its volume is theirs.
        length = rows[k, r.TS_INIT] - rows[k, r.TS_EVENT]
        if a[at + v.BAR_SERIES] != 0 and length >= a[at + v.BAR_LENGTH]:
            return
        a[at + v.BAR_SERIES] = series
        a[at + v.BAR_LENGTH] = length
    a[at + v.LAST] = rows[k, r.BAR_CLOSE]
    left = rows[k, r.BAR_VOLUME]
    if rows[k, r.BAR_LOW] < a[at + v.BUY_BOUND]:
        left = queue.trade_through(a, instrument, v.BUY, rows[k, r.BAR_LOW] + 1, left, v.NOTHING)
    if rows[k, r.BAR_HIGH] > a[at + v.SELL_BOUND]:
        queue.trade_through(a, instrument, v.SELL, rows[k, r.BAR_HIGH] - 1, left, v.NOTHING)


@_inlined
def take_in(a: NDArray[np.int64], rows: NDArray[np.int64], k: int) -> None:
    """Take in a row, whatever it is; it may leave outcomes."""
    kind = rows[k, r.KIND]
    instrument = rows[k, r.INSTRUMENT]
    if kind > r.BAR and kind != r.INSTRUMENT_STATUS:
        return
    at = v.HEAD_WORDS + instrument * v.INSTRUMENT_WORDS
    if instrument < 0 or a[at + v.MINE] == 0:
        return
    if kind == r.TRADE:
        a[at + v.LAST] = rows[k, r.TRADE_PRICE]
        a[at + v.HAS_TICKS] = 1
        # Most prints touch nothing of ours.
        if rows[k, r.TRADE_PRICE] <= a[at + v.BUY_BOUND] or rows[k, r.TRADE_PRICE] >= a[at + v.SELL_BOUND]:
            on_trade(a, rows, k, instrument)
    elif kind == r.BOOK_DELTA:
        on_delta(a, rows, k, instrument)
    elif kind == r.QUOTE:
        on_quote(a, rows, k, instrument)
    elif kind == r.BAR:
        on_bar(a, rows, k, instrument)
    else:
        a[at + v.IS_HALTED] = 1 - rows[k, r.STATUS_TRADING]


@njit(cache=True, nogil=True)
def _take_in(a: NDArray[np.int64], rows: NDArray[np.int64], k: int) -> None:
    """Do what `take_in` does, not inlined: the loop runs ahead where Python is woken, and costs more than a call."""
    take_in(a, rows, k)


@njit(cache=True, nogil=True)
def advance(a: NDArray[np.int64], rows: NDArray[np.int64], start: int, limit: int, ts_next: int) -> int:
    """Run the venue through rows ``[start, limit)``.

    Parameters
    ----------
    a : int64
        The venue's state (`tickloom_kernels.venue.state`).
    rows : int64, shape (n, 12)
    start, limit : int
        First row, and the row to stop before.
    ts_next : int
        Time of the next internal event (UNIX time in nanoseconds, UTC).

    Returns
    -------
    int
        The row stopped at: one with outcomes (then it has been run), or else the first that has not been run:
        one at or after ``ts_next``, one that must begin a block, or ``limit``.
    """
    a, rows = borrowed(a), borrowed(rows)
    a[v.OUTCOMES] = 0
    undo = a[v.UNDO_AT]
    for k in range(start, limit):
        if rows[k, r.TS_INIT] >= ts_next:
            return k
        # Emptying a book is not logged: such a row is a block of its own.
        empties = rows[k, r.KIND] == r.BOOK_DELTA and rows[k, r.DELTA_FLAGS] & r.FLAG_CLEAR
        if (empties and k > start) or a[undo] > v.UNDO_CAPACITY - v.UNDO_RESERVE:
            return k
        _take_in(a, rows, k)
        if a[v.OUTCOMES] > 0:
            return k
        if empties:
            return k + 1
    return limit
