"""Both lines of a session at once: commands meet a venue in flat state, and we hear of it, in the order of time."""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tickloom_kernels import rows as r
from tickloom_kernels.compiled import log as lg
from tickloom_kernels.intrinsics import borrowed, inlined
from tickloom_kernels.lending import cube, matrix, vector
from tickloom_kernels.orders import line as ln
from tickloom_kernels.orders import news
from tickloom_kernels.venue import outcomes as o
from tickloom_kernels.venue import scan
from tickloom_kernels.venue import session as venue
from tickloom_kernels.venue import state as v

#: What is due has happened, or as much of it as there is room to note, or as somebody is woken by.
DONE = 0
#: The line back must be longer; a call with a longer one goes on where it was.
NO_ROOM = 1
#: A sum of money would not fit into an int64: at the venue, or on our side.
OVERFLOW_THERE = 2
OVERFLOW_HERE = 3

#: The log is full: a call with an empty one goes on where it was.
FULL_LOG = 4
#: There is no room on the line back for the outcomes of the row: they are still to be committed.
UNTOLD = 5

# What is lent to these kernels (`tickloom_kernels.lending`), in this order: the venue (its state, its ledger, and what
# it holds back for resting orders), the orders and the exposure (`table`), the lines out and back, the number of items
# put on lines so far over the whole run (shape (1,)), our ledger, whether a strategy handles news other than fills, and
# fills (shape (strategies, 2): behind one that does, nothing happens, for its handler is to see nothing later), a note
# that gets the newest news (`news`), and the log with its head (`tickloom_kernels.compiled.log`).
VENUE = 0
TRUTH = 1
FUNDS = 2
TABLE = 3
EXPOSURE = 4
OUT = 5
BACK = 6
NUMBERING = 7
LEDGER = 8
WAKES = 9
NOTE = 10
LOG = 11
HEAD = 12

_MANY = np.int64(1 << 40)
_ITSELF = np.int64(0)
_NOBODY: Any = np.int64(-1)
#: Entries of the log that one piece of news needs at most.
_ENTRIES = 3


@inlined
def deliver(
    out: NDArray[np.int64],
    back: NDArray[np.int64],
    table: NDArray[np.int64],
    exposure: NDArray[np.int64],
    g: NDArray[np.int64],
    note: NDArray[np.int64],
    log: NDArray[np.int64],
    h: NDArray[np.int64],
) -> bool:
    """Deliver the first news on a line back, and log it."""
    if not news.learn(back, table, exposure, g, note):
        return False
    cause_row, cause_sub = note[news.CAUSE_ROW], note[news.CAUSE_SUB]
    if note[news.CODE] != o.FILL:
        entry = lg.name(log, h, lg.ORDER_UPDATE, cause_row, cause_sub)
        for word in range(news.REASON + 1):
            log[entry, lg.FIELDS + word] = note[word]
        log[entry, lg.FIELDS + news.REASON + 1] = lg.BY_VENUE
        return True
    entry = lg.name(log, h, lg.FILL, cause_row, cause_sub)
    log[entry, lg.FIELDS] = note[news.TS]
    log[entry, lg.FIELDS + 1] = note[news.TS_VENUE]
    log[entry, lg.FIELDS + 2] = note[news.ORDER_ID]
    log[entry, lg.FIELDS + 3] = note[news.ACCOUNT]
    log[entry, lg.FIELDS + 4] = note[news.INSTRUMENT]
    log[entry, lg.FIELDS + 5] = note[news.SIDE]
    log[entry, lg.FIELDS + 6] = note[news.PRICE]
    log[entry, lg.FIELDS + 7] = note[news.QUANTITY]
    log[entry, lg.FIELDS + 8] = note[news.LEAVES]
    log[entry, lg.FIELDS + 9] = note[news.FEE]
    log[entry, lg.FIELDS + 10] = note[news.MAKER]
    fill_row, fill_sub = h[lg.STREAM_ROW], h[lg.STREAM_SUB]
    entry = lg.name(log, h, lg.POSITION_CHANGED, fill_row, fill_sub)
    log[entry, lg.FIELDS] = note[news.TS]
    log[entry, lg.FIELDS + 1] = note[news.ACCOUNT]
    log[entry, lg.FIELDS + 2] = note[news.INSTRUMENT]
    for word in range(3):
        log[entry, lg.FIELDS + 3 + word] = note[news.POSITION + word]
    entry = lg.name(log, h, lg.ACCOUNT_CHANGED, fill_row, fill_sub)
    log[entry, lg.FIELDS] = note[news.TS]
    log[entry, lg.FIELDS + 1] = note[news.ACCOUNT]
    log[entry, lg.FIELDS + 2] = note[news.INSTRUMENT]
    log[entry, lg.FIELDS + 3] = note[news.CASH]
    return True


@inlined
def exchange_borrowed(
    a: NDArray[np.int64],
    truth: NDArray[np.int64],
    funds: NDArray[np.int64],
    table: NDArray[np.int64],
    exposure: NDArray[np.int64],
    out: NDArray[np.int64],
    back: NDArray[np.int64],
    numbering: NDArray[np.int64],
    g: NDArray[np.int64],
    wakes: NDArray[np.int64],
    note: NDArray[np.int64],
    log: NDArray[np.int64],
    h: NDArray[np.int64],
    until_there: int,
    until_here: int,
    most: int,
) -> tuple[int, int]:
    """Do what `exchange` does, for kernels that have their arrays at hand."""
    while most > 0:
        if h[lg.LOGGED] + _ENTRIES > len(log):
            return _NOBODY, FULL_LOG
        if a[v.OUTCOMES] > 0 or (out[ln.DUE] <= until_there and out[ln.DUE] <= back[ln.DUE]):
            done = venue.arrive(a, truth, funds, table, out, back, numbering, until_there, _MANY)
            if done != venue.DONE:
                return _NOBODY, NO_ROOM if done == venue.NO_ROOM else OVERFLOW_THERE
        elif back[ln.DUE] <= until_here and back[ln.DUE] < out[ln.DUE]:
            if not deliver(out, back, table, exposure, g, note, log, h):
                return _NOBODY, OVERFLOW_HERE
            most -= 1
            if wakes[note[news.STRATEGY], 1 if note[news.CODE] == o.FILL else 0]:
                return note[news.STRATEGY], DONE
        else:
            break
    return _NOBODY, DONE


@inlined
def _arrays(lent: NDArray[np.int64]) -> Any:
    """Make the arrays of what is lent."""
    return (
        vector(lent, VENUE),
        vector(lent, TRUTH),
        vector(lent, FUNDS),
        matrix(lent, TABLE),
        cube(lent, EXPOSURE),
        vector(lent, OUT),
        vector(lent, BACK),
        vector(lent, NUMBERING),
        vector(lent, LEDGER),
        matrix(lent, WAKES),
        vector(lent, NOTE),
        matrix(lent, LOG),
        vector(lent, HEAD),
    )


@njit(cache=True, nogil=True)
def exchange(
    lent: NDArray[np.int64], row: int, sub: int, until_there: int, until_here: int, most: int
) -> tuple[int, int]:
    """Let commands arrive and news be delivered, whatever is due first; at one time the commands.

    Parameters
    ----------
    lent : int64, shape (13, 4)
        `VENUE` to `HEAD`.
    row, sub : int
        The newest name.
    until_there, until_here : int
        Commands and news that are due at or before it (UNIX time in nanoseconds, UTC).
    most : int
        Pieces of news.

    Returns
    -------
    tuple of int
        The strategy that is to be woken by the newest news, -1 for none; and `DONE` or what is in the way.
    """
    a, truth, funds, table, exposure, out, back, numbering, g, wakes, note, log, h = _arrays(borrowed(lent))
    h[lg.STREAM_ROW] = row
    h[lg.STREAM_SUB] = sub
    return exchange_borrowed(
        a, truth, funds, table, exposure, out, back, numbering, g, wakes, note, log, h, until_there, until_here, most
    )


@njit(cache=True, nogil=True)
def run_through(
    lent: NDArray[np.int64],
    row: int,
    sub: int,
    rows: NDArray[np.int64],
    start: int,
    limit: int,
    ts_next: int,
    base: int,
) -> tuple[int, int, int]:
    """Run a venue through rows ``[start, limit)`` for good, and before each of them what is due on its lines.

    Parameters
    ----------
    lent, row, sub
        As `exchange` takes them.
    rows : int64, shape (n, 12)
    ts_next : int
        Time of the first row to stop before (UNIX time in nanoseconds, UTC).
    base : int
        Number of the first of ``rows`` in the run.

    Returns
    -------
    tuple of int
        The row to go on from; the strategy that news has woken before it, -1 for none; and `DONE`, what is in the way,
        or `UNTOLD`.
    """
    a, truth, funds, table, exposure, out, back, numbering, g, wakes, note, log, h = _arrays(borrowed(lent))
    rows = borrowed(rows)
    h[lg.STREAM_ROW] = row
    h[lg.STREAM_SUB] = sub
    # Nothing is taken back, so no change of a book is logged.
    undo = a[v.UNDO_AT]
    a[v.UNDO_AT] = 0
    i, woken, done = start, _NOBODY, DONE
    while i < limit and rows[i, r.TS_INIT] < ts_next:
        ts = rows[i, r.TS_INIT]
        if out[ln.DUE] <= ts or back[ln.DUE] <= ts:
            if i > 0:
                lg.at(h, base + i - 1)
            woken, done = exchange_borrowed(
                a, truth, funds, table, exposure, out, back, numbering, g, wakes, note, log, h, ts, ts, _MANY
            )
            if woken >= 0 or done != DONE:
                break
        a[v.OUTCOMES] = 0
        scan.take_in(a, rows, i)
        if a[v.OUTCOMES] > 0:
            lg.at(h, base + i)
            told = venue.commit(a, truth, funds, table, back, numbering, ts, base + i, _ITSELF)
            if told != venue.DONE:
                done = UNTOLD if told == venue.NO_ROOM else OVERFLOW_THERE
                break
        i += 1
    a[v.UNDO_AT] = undo
    return i, woken, done
