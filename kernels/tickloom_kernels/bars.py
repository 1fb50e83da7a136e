"""Bars from trades, one carried state per series, so that any split of the rows gives the same bars.

Ways to cut: by time; by number of trades, volume or turnover; by their imbalance, or the longer of their runs; by
range, by bricks (renko), by a cumulative sum of changes. All numbers are int64, so open, high, low, close and volume
are exact; only expectations are float64, kept as bits in the same array.

A time bar covers the trades with ``t0 <= ts_event < t0 + size``, ``t0`` a multiple of ``size`` since 1970 (UTC). It
closes at the first trade of its own instrument with ``ts_event >= t0 + size``, or at the internal time
``t0 + size + grace`` on the axis of ``ts_init``, whichever comes first. An interval without trades gives no bar. A
trade whose interval is over (a later bar has begun, or its own ``t0 + size + grace`` has passed) is late: it is in no
bar, and is counted. Trades of one interval may come in any order: open and close are the first and last to arrive.

A bar of any other kind closes with the trade that makes it full. That trade is not split: what it has too much stays
in the bar, and the next one begins empty. What makes it full:

- tick, volume, dollar: so many trades, lots, or price ticks times lots.
- imbalance: what buyers began less what sellers began, in trades, lots or turnover, is as large as expected:
  ``|bought - sold| >= E[T] |E[up] - E[down]|``. E[T] is the exponential average of the trades per bar, E[up] and
  E[down] those of what a trade adds to either side; all are of the bars before. E[T] begins with ``size`` and stays
  between ``size / clamp`` and ``size * clamp``: without that a long bar raises the threshold of the next, and soon
  there is no next. No bar has fewer than ``size / clamp`` trades: while both sides are even next to nothing is
  expected, and each trade would be a bar. Where nothing is expected, as in the first bar, a bar has ``size`` trades.
- run: as imbalance, of the larger side alone: ``max(bought, sold) >= E[T] max(E[up], E[down])``.
- range: its high is at least ``size`` ticks above its low. A jump may make it larger.
- renko: the price has left the last brick by a whole brick. Bricks are ``size`` ticks high, begin at multiples of
  that, and follow each other: up from the top, down from the bottom of the last one, so a turn needs two bricks of
  price. None is shown before it is whole, and none is taken back. One trade may finish several: the first of them has
  the trades and the volume since the last brick, the others have none.
- cusum: changes of price from trade to trade, summed up with a floor of 0, or down with a ceiling of 0, reach
  ``size`` ticks. The sum that did begins at 0 again, the other goes on into the next bar.

Imbalance, runs and cusum are those of Lopez de Prado, Advances in Financial Machine Learning, 2018, chapter 2. Who
began a trade is what the source says, and where it does not, what the tick rule says: the sign of the last change of
price. Before there is one, the trade counts for neither side.

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
    TRADE_AGGRESSOR,
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

#: Cut by imbalance, or by the longer run, of trades, lots, or ticks times lots: the size is trades, expected at first.
TICK_IMBALANCE = 5
VOLUME_IMBALANCE = 6
DOLLAR_IMBALANCE = 7
TICK_RUN = 8
VOLUME_RUN = 9
DOLLAR_RUN = 10
#: Cut by what the price does: the size is in price ticks.
RANGE = 11
RENKO = 12
CUSUM = 13

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
#: How full the open bar is: trades, lots, ticks times lots, or ticks. At _SIZE it closes.
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
# What is carried from bar to bar by those of imbalance, runs, renko and cusum.
#: Trades so far.
_SEEN = 19
_LAST_PRICE = 20
#: Sign of the last change of price.
_LAST_SIGN = 21
#: What buyers and sellers began in the open bar: trades, lots, or ticks times lots.
_BOUGHT = 22
_SOLD = 23
#: Trades whose side is known so far.
_SIGNED = 24
_SPAN = 25
_CLAMP = 26
# float64, kept as bits: averages per trade of what buyers and sellers began, trades that a bar is expected to have, and
# what of them both closes it.
_UP = 27
_DOWN = 28
_EXPECTED = 29
_THRESHOLD = 30
#: Edges of the last brick.
_TOP = 31
_BOTTOM = 32
#: Cumulative sums of changes, one never below 0, one never above.
_RISE = 33
_FALL = 34
#: Words of the state of one series.
STATE_WORDS = 35

_NEVER = np.iinfo(np.int64).max
_BEFORE_ALL = np.iinfo(np.int64).min
_LARGEST_GRACE = 1 << 62


def new_state(
    method: int, size: int, grace: int, instrument: int, series: int, span: int = 20, clamp: int = 4
) -> NDArray[np.int64]:
    """Make the state of a bar series before its first row.

    Parameters
    ----------
    method : int
        `TIME`, `TICK`, `VOLUME`, `DOLLAR`, one of the imbalances or runs, `RANGE`, `RENKO` or `CUSUM`.
    size : int
        How much makes a bar: ns, trades, lots, price ticks times lots, expected trades, or price ticks.
    grace : int
        How long after its end a time bar waits for a trade that closes it (ns, at most 2**62, which is never);
        0 where it is not of time.
    instrument, series : int
        Indices into the run's tables: whose trades, and what the bars are called.
    span : int
        Of imbalances and runs: their averages weigh a bar ``2 / (span + 1)``, and a trade ``2 / (span * size + 1)``.
    clamp : int
        Of imbalances and runs: the expected trades are at most so many times more, or fewer, than ``size``, and no
        bar has fewer than ``size / clamp``.

    Returns
    -------
    ndarray of int64, shape (STATE_WORDS,)

    Raises
    ------
    ValueError
        A number is out of its range.
    """
    if not TIME <= method <= CUSUM:
        raise ValueError(f"bar method {method} is none from {TIME} (time) to {CUSUM} (cusum)")
    if size < 1 or not 0 <= grace <= _LARGEST_GRACE:
        raise ValueError(f"a bar needs size >= 1 and 0 <= grace <= 2**62, not size {size} and grace {grace}")
    if span < 1 or clamp < 1:
        raise ValueError(f"a bar needs span >= 1 and clamp >= 1, not {span} and {clamp}")
    state = np.zeros(STATE_WORDS, np.int64)
    state[: _SERIES + 1] = method, size, grace, instrument, series
    state[_DEADLINE] = _NEVER
    state[_FLOOR] = _BEFORE_ALL
    state[_SPAN], state[_CLAMP] = span, clamp
    state.view(np.float64)[_EXPECTED] = size
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
    state[_BOUGHT] = 0
    state[_SOLD] = 0


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
def _has_drifted(state: NDArray[np.int64], price: int) -> bool:
    """Sum a change of price up and down, and tell whether one of the sums has come as far as the size."""
    change = price - state[_LAST_PRICE] if state[_SEEN] else 0
    state[_SEEN] += 1
    state[_LAST_PRICE] = price
    state[_RISE] = max(0, state[_RISE] + change)
    state[_FALL] = min(0, state[_FALL] + change)
    if state[_RISE] >= state[_SIZE]:
        state[_RISE] = 0
    elif -state[_FALL] >= state[_SIZE]:
        state[_FALL] = 0
    else:
        return False
    return True


@njit(cache=True, nogil=True)
def _side(state: NDArray[np.int64], price: int, aggressor: int) -> int:
    """Tell who began a trade: the aggressor, or else the sign of the last change of price; 0: nobody knows."""
    if state[_SEEN] and price != state[_LAST_PRICE]:
        state[_LAST_SIGN] = 1 if price > state[_LAST_PRICE] else -1
    state[_SEEN] += 1
    state[_LAST_PRICE] = price
    return aggressor if aggressor != 0 else state[_LAST_SIGN]


@njit(cache=True, nogil=True)
def _is_uneven(state: NDArray[np.int64], price: int, quantity: int, aggressor: int) -> bool:
    """Count a trade for its side, and tell whether the bar's imbalance or run has reached what is expected."""
    method, numbers = state[_METHOD], state.view(np.float64)
    side = _side(state, price, aggressor)
    unit = (method - TICK_IMBALANCE) % 3
    amount = 1 if unit == 0 else quantity if unit == 1 else price * quantity
    bought, sold = amount if side > 0 else 0, amount if side < 0 else 0
    state[_BOUGHT] += bought
    state[_SOLD] += sold
    if side != 0:
        state[_SIGNED] += 1
        # The plain mean, until there are as many trades as the exponential one looks back.
        weight = max(1.0 / state[_SIGNED], 2.0 / (state[_SPAN] * state[_SIZE] + 1.0))
        numbers[_UP] += weight * (bought - numbers[_UP])
        numbers[_DOWN] += weight * (sold - numbers[_DOWN])
    is_run = method >= TICK_RUN
    theta = max(state[_BOUGHT], state[_SOLD]) if is_run else abs(state[_BOUGHT] - state[_SOLD])
    if numbers[_THRESHOLD] == 0.0:
        full = state[_TRADES] >= state[_SIZE]
    else:
        full = theta >= numbers[_THRESHOLD] and state[_TRADES] * state[_CLAMP] >= state[_SIZE]
    if not full:
        return False
    expected = numbers[_EXPECTED] + 2.0 / (state[_SPAN] + 1.0) * (state[_TRADES] - numbers[_EXPECTED])
    expected = min(max(expected, state[_SIZE] / state[_CLAMP]), 1.0 * state[_SIZE] * state[_CLAMP])
    per_trade = max(numbers[_UP], numbers[_DOWN]) if is_run else abs(numbers[_UP] - numbers[_DOWN])
    numbers[_EXPECTED] = expected
    numbers[_THRESHOLD] = expected * per_trade
    return True


@njit(cache=True, nogil=True)
def _bricks(top: int, bottom: int, size: int, price: int) -> int:
    """Count the bricks that a price finishes beyond the edges of the last one: up, or negative, down."""
    if price >= top + size:
        return (price - top) // size
    if price <= bottom - size:
        return -((bottom - price) // size)
    return 0


@njit(cache=True, nogil=True)
def _lay(
    state: NDArray[np.int64],
    rows: NDArray[np.int64],
    k: int,
    out: NDArray[np.int64],
    where: NDArray[np.int64],
    emitted: int,
) -> int:
    """Write the bricks that trade k finishes, the first with what is counted in the open bar; return the emissions."""
    size, price = state[_SIZE], rows[k, TRADE_PRICE]
    if state[_SEEN] == 0:
        state[_SEEN] = 1
        state[_TOP] = state[_BOTTOM] = price // size * size
    bricks = _bricks(state[_TOP], state[_BOTTOM], size, price)
    for _ in range(abs(bricks)):
        begin = state[_TOP] if bricks > 0 else state[_BOTTOM]
        end = begin + size if bricks > 0 else begin - size
        state[_TOP], state[_BOTTOM] = max(begin, end), min(begin, end)
        state[_OPEN], state[_HIGH], state[_LOW], state[_CLOSE] = begin, state[_TOP], state[_BOTTOM], end
        where[emitted, 0] = k
        where[emitted, 1] = BY_TRADE
        _close(state, rows[k, TS_INIT], out, emitted)
        state[_START] = rows[k, TS_EVENT]
        state[_VOLUME] = 0
        state[_FLAGS] = 0
        emitted += 1
    return emitted


@njit(cache=True, nogil=True)
def room(state: NDArray[np.int64], rows: NDArray[np.int64], n: int) -> int:
    """Count the places that `build` may need for ``rows[:n]``: n + 1, and for renko the bricks beside.

    Parameters
    ----------
    state : ndarray of int64, shape (STATE_WORDS,)
        Of `new_state`, before those rows; not changed.
    rows : ndarray of int64, shape (>= n, 12)
        As `build` takes them.
    n : int

    Returns
    -------
    int
    """
    places = n + 1
    if state[_METHOD] != RENKO:
        return places
    known, top, bottom, size = state[_SEEN] > 0, state[_TOP], state[_BOTTOM], state[_SIZE]
    for k in range(n):
        if rows[k, KIND] != TRADE or rows[k, INSTRUMENT] != state[_INSTRUMENT]:
            continue
        price = rows[k, TRADE_PRICE]
        if not known:
            known, top, bottom = True, price // size * size, price // size * size
        bricks = _bricks(top, bottom, size, price)
        if bricks > 0:
            top += bricks * size
            bottom = top - size
        elif bricks < 0:
            bottom += bricks * size
            top = bottom + size
        places += abs(bricks)
    return places


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
    out : ndarray of int64, shape (>= room(state, rows, n), 12)
        Takes whole BAR rows: ``ts_init`` is the moment of closing, ``ts_event`` the open time (``t0`` of a time bar,
        ``ts_event`` of the first trade otherwise). But for bricks, a row closes at most one bar: when it closes one by
        time, none is left that its trade could close, and a bar that it begins and fills at once is its only one. So n
        rows close at most n bars, and the first late trade, once in the life of a series, takes one more place.
    where : ndarray of int64, shape (>= room(state, rows, n), 2)
        Takes (k, T) for every emission: T >= 0, closed at internal time T, before row k; `BY_TRADE`, closed by the
        trade of row k, which for time bars belongs to the next bar and otherwise to this one; `LATE_TRADE`, no bar
        (the row of ``out`` is not written) but the first late trade of the series.

    Returns
    -------
    int
        Number of emissions, in order.
    """
    method = state[_METHOD]
    timed, counts = method == TIME, TICK <= method <= DOLLAR
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
        if timed:
            continue
        if counts:
            full = state[_FILLED] >= state[_SIZE]
        elif method == RENKO:
            emitted = _lay(state, rows, k, out, where, emitted)
            continue
        elif method == RANGE:
            full = state[_HIGH] - state[_LOW] >= state[_SIZE]
        elif method == CUSUM:
            full = _has_drifted(state, price)
        else:
            full = _is_uneven(state, price, rows[k, TRADE_QUANTITY], rows[k, TRADE_AGGRESSOR])
        if full:
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
