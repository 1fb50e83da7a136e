"""Bars from trades, one carried state per series, so that any split of the rows gives the same bars.

Four ways to cut: by time, by number of trades, by volume, by turnover. All numbers are int64, so open, high, low,
close and volume are exact.

A time bar covers the trades with ``t0 <= ts_event < t0 + size``, ``t0`` a multiple of ``size`` since 1970 (UTC). It
closes at the first trade of its own instrument with ``ts_event >= t0 + size``, or at the internal time
``t0 + size + grace`` on the axis of ``ts_init``, whichever comes first. An interval without trades gives no bar. A
trade whose interval is over (a later bar has begun, or its own ``t0 + size + grace`` has passed) is late: it is in no
bar, and is counted. Trades of one interval may come in any order: open and close are the first and last to arrive.

A tick, volume or dollar bar closes with the trade that makes it full. That trade is not split: what it has too much
stays in the bar, and the next one begins empty.

Trade ids inside a bar must rise by one from trade to trade, or the bar has `rows.FLAG_GAP`; ids that are all 0 (a
source without ids) say nothing.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tickloom_kernels.rows import (
    BAR,
    BAR_CLOSE,
    BAR_FLAGS,
    BAR_HIGH,
    BAR_LOW,
    BAR_OPEN,
    BAR_SERIES,
    BAR_TRADES,
    BAR_VOLUME,
    FLAG_GAP,
    INSTRUMENT,
    KIND,
    TRADE,
    TRADE_ID,
    TRADE_PRICE,
    TRADE_QUANTITY,
    TS_EVENT,
    TS_INIT,
    WORDS,
)

#: Cut by time: the size is the interval (ns).
TIME = 1
#: Cut by number: the size is a number of trades.
TICK = 2
#: Cut by volume: the size is in lots.
VOLUME = 3
#: Cut by turnover: the size is in price ticks times lots.
DOLLAR = 4

#: In ``where[m, 1]``: the bar was closed by the trade of row ``where[m, 0]``.
BY_TRADE = -1
#: In ``where[m, 1]``: no bar, but the first late trade of the series, row ``where[m, 0]``.
LATE_TRADE = -2

# Words of the state: the series, then what is carried from row to row, then the bar being built.
_METHOD = 0
_SIZE = 1
_GRACE = 2
_INSTRUMENT = 3
_SERIES = 4
#: Number of late trades so far.
LATE = 5
#: Internal time at which the open bar closes by itself; _NEVER while none is open, and for bars that are not of time.
_DEADLINE = 6
#: Start of the newest time bar, open or closed: trades with ``ts_event`` below it are late. A trade inside a bar that
#: internal time has closed needs no bound here, since its own ``ts_init`` says that it is late.
_FLOOR = 7
#: Last trade id of the open bar.
_LAST_ID = 8
#: How full the open bar is: trades, lots, or ticks times lots. At _SIZE it closes.
_FILLED = 9
_START = 10
#: Where the open time bar ends; of no meaning otherwise.
_END = 11
_OPEN = 12
_HIGH = 13
_LOW = 14
_CLOSE = 15
_VOLUME = 16
#: Trades in the open bar; 0 while none is open.
_TRADES = 17
_FLAGS = 18
#: Words of the state of one series.
STATE_WORDS = 19

_NEVER = np.iinfo(np.int64).max
_BEFORE_ALL = np.iinfo(np.int64).min
_LARGEST_GRACE = 1 << 62


def new_state(method: int, size: int, grace: int, instrument: int, series: int) -> NDArray[np.int64]:
    """Make the state of a bar series before its first row.

    Parameters
    ----------
    method : int
        `TIME`, `TICK`, `VOLUME` or `DOLLAR`.
    size : int
        How much makes a bar: ns, trades, lots, or price ticks times lots.
    grace : int
        How long after its end a time bar waits for a trade that closes it (ns, at most 2**62, which is never);
        0 where it is not of time.
    instrument, series : int
        Indices into the run's tables: whose trades, and what the bars are called.

    Returns
    -------
    ndarray of int64, shape (STATE_WORDS,)

    Raises
    ------
    ValueError
        A number is out of its range.
    """
    if method not in (TIME, TICK, VOLUME, DOLLAR):
        raise ValueError(f"bar method {method} is not one of {TIME} (time), {TICK} (tick), {VOLUME} (volume), {DOLLAR}")
    if size < 1 or not 0 <= grace <= _LARGEST_GRACE:
        raise ValueError(f"a bar needs size >= 1 and 0 <= grace <= 2**62, not size {size} and grace {grace}")
    state = np.zeros(STATE_WORDS, np.int64)
    state[: _SERIES + 1] = method, size, grace, instrument, series
    state[_DEADLINE] = _NEVER
    state[_FLOOR] = _BEFORE_ALL
    return state


@njit(cache=True, nogil=True)
def _begin(state: NDArray[np.int64], start: int, price: int) -> None:
    """Open a bar at a first price (ticks); `_add` then counts its trade."""
    state[_START] = start
    if state[_METHOD] == TIME:
        state[_FLOOR] = start
        state[_END] = start + state[_SIZE]
        state[_DEADLINE] = state[_END] + state[_GRACE]
    state[_OPEN] = price
    state[_HIGH] = price
    state[_LOW] = price
    state[_VOLUME] = 0
    state[_FLAGS] = 0
    state[_FILLED] = 0


@njit(cache=True, nogil=True)
def _add(state: NDArray[np.int64], price: int, quantity: int, trade_id: int) -> None:
    """Count one trade (ticks, lots) into the open bar."""
    if state[_TRADES] and trade_id != state[_LAST_ID] + 1 and (trade_id | state[_LAST_ID]) != 0:
        state[_FLAGS] = FLAG_GAP
    state[_LAST_ID] = trade_id
    state[_HIGH] = max(state[_HIGH], price)
    state[_LOW] = min(state[_LOW], price)
    state[_CLOSE] = price
    state[_VOLUME] += quantity
    state[_TRADES] += 1
    if state[_METHOD] == TICK:
        state[_FILLED] += 1
    elif state[_METHOD] == VOLUME:
        state[_FILLED] += quantity
    elif state[_METHOD] == DOLLAR:
        state[_FILLED] += price * quantity


@njit(cache=True, nogil=True)
def _close(state: NDArray[np.int64], ts_init: int, out: NDArray[np.int64], m: int) -> None:
    """Write the open bar as row m of ``out``, known at ``ts_init``, and leave none open."""
    out[m, TS_INIT] = ts_init
    out[m, TS_EVENT] = state[_START]
    out[m, INSTRUMENT] = state[_INSTRUMENT]
    out[m, BAR_SERIES] = state[_SERIES]
    out[m, BAR_OPEN] = state[_OPEN]
    out[m, BAR_HIGH] = state[_HIGH]
    out[m, BAR_LOW] = state[_LOW]
    out[m, BAR_CLOSE] = state[_CLOSE]
    out[m, BAR_VOLUME] = state[_VOLUME]
    out[m, BAR_TRADES] = state[_TRADES]
    out[m, BAR_FLAGS] = state[_FLAGS]
    out[m, KIND] = BAR
    state[_TRADES] = 0
    state[_DEADLINE] = _NEVER


@njit(cache=True, nogil=True)
def build(
    state: NDArray[np.int64], rows: NDArray[np.int64], n: int, out: NDArray[np.int64], where: NDArray[np.int64]
) -> int:
    """Step through ``rows[:n]``, all streams mixed, and write the bars that close.

    Parameters
    ----------
    state : ndarray of int64, shape (STATE_WORDS,)
        Of `new_state`; carried from call to call.
    rows : ndarray of int64, shape (>= n, 12)
        Market rows in the order of the loop. Only trades of the series' instrument count, but any row's ``ts_init``
        closes a time bar whose end + grace it has reached.
    n : int
        Number of rows.
    out : ndarray of int64, shape (>= n + 1, 12)
        Takes whole BAR rows: ``ts_init`` is the moment of closing, ``ts_event`` the open time (``t0`` of a time bar,
        ``ts_event`` of the first trade otherwise). A row closes at most one bar: when it closes one by time, none is
        left that its trade could close, and a bar that it begins and fills at once is its only one. So n rows close
        at most n bars, and the first late trade, once in the life of a series, takes one more place.
    where : ndarray of int64, shape (>= n + 1, 2)
        Takes (k, T) for every emission: T >= 0, closed at internal time T, before row k; `BY_TRADE`, closed by the
        trade of row k, which for time bars belongs to the next bar and otherwise to this one; `LATE_TRADE`, no bar
        (the row of ``out`` is not written) but the first late trade of the series.

    Returns
    -------
    int
        Number of emissions, in order.
    """
    timed = state[_METHOD] == TIME
    emitted = 0
    for k in range(n):
        if rows[k, TS_INIT] >= state[_DEADLINE]:
            where[emitted, 0] = k
            where[emitted, 1] = state[_DEADLINE]
            _close(state, state[_DEADLINE], out, emitted)
            emitted += 1
        if rows[k, KIND] != TRADE or rows[k, INSTRUMENT] != state[_INSTRUMENT]:
            continue
        price = rows[k, TRADE_PRICE]
        start = rows[k, TS_EVENT]
        # The one test of a trade in the middle of its bar; what it does not settle is rare, and may divide.
        if timed and (state[_TRADES] == 0 or start < state[_FLOOR] or start >= state[_END]):
            # Floor division, so that multiples hold before 1970 too.
            interval = start // state[_SIZE] * state[_SIZE]
            if start < state[_FLOOR] or rows[k, TS_INIT] >= interval + state[_SIZE] + state[_GRACE]:
                state[LATE] += 1
                if state[LATE] == 1:
                    where[emitted, 0] = k
                    where[emitted, 1] = LATE_TRADE
                    emitted += 1
                continue
            if state[_TRADES]:
                where[emitted, 0] = k
                where[emitted, 1] = BY_TRADE
                _close(state, rows[k, TS_INIT], out, emitted)
                emitted += 1
            start = interval
        if state[_TRADES] == 0:
            _begin(state, start, price)
        _add(state, price, rows[k, TRADE_QUANTITY], rows[k, TRADE_ID])
        if not timed and state[_FILLED] >= state[_SIZE]:
            where[emitted, 0] = k
            where[emitted, 1] = BY_TRADE
            _close(state, rows[k, TS_INIT], out, emitted)
            emitted += 1
    return emitted


@njit(cache=True, nogil=True)
def flush(state: NDArray[np.int64], watermark: int, out_row: NDArray[np.int64]) -> int:
    """Close the open time bar if its end + grace lies at or before a watermark.

    Parameters
    ----------
    state : ndarray of int64, shape (STATE_WORDS,)
        Of `new_state`, after every row with ``ts_init`` below ``watermark``.
    watermark : int
        No later row has a ``ts_init`` below it (UNIX time in nanoseconds, UTC).
    out_row : ndarray of int64, shape (12,)
        Takes the BAR row; its ``ts_init`` is the internal time of closing.

    Returns
    -------
    int
        1 if a bar closed, else 0. `build` over later rows gives the same bars either way.
    """
    if watermark < state[_DEADLINE]:
        return 0
    _close(state, state[_DEADLINE], out_row.reshape((1, WORDS)), 0)
    return 1


def late(state: NDArray[np.int64]) -> int:
    """Count the trades that were left out of every bar because their interval was over."""
    return int(state[LATE])
