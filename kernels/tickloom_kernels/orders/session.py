"""Both lines of a session at once: commands meet a venue in flat state, and we hear of it, in the order of time."""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tickloom_kernels.compiled import log as lg
from tickloom_kernels.intrinsics import borrowed
from tickloom_kernels.orders import line as ln
from tickloom_kernels.orders import news
from tickloom_kernels.venue import outcomes as o
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

_MANY = np.int64(1 << 40)
_NOBODY: Any = np.int64(-1)
#: Entries of the log that one piece of news needs at most.
_ENTRIES = 3

_inlined = njit(cache=True, nogil=True, forceinline=True)


@_inlined
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


@njit(cache=True, nogil=True)
def exchange(
    a: NDArray[np.int64],
    truth: NDArray[np.int64],
    funds: NDArray[np.int64],
    table: NDArray[np.int64],
    exposure: NDArray[np.int64],
    out: NDArray[np.int64],
    back: NDArray[np.int64],
    numbering: NDArray[np.int64],
    g: NDArray[np.int64],
    wakes: NDArray[np.bool_],
    note: NDArray[np.int64],
    log: NDArray[np.int64],
    h: NDArray[np.int64],
    until_there: int,
    until_here: int,
    most: int,
) -> tuple[int, int]:
    """Let commands arrive and news be delivered, whatever is due first; at one time the commands.

    Parameters
    ----------
    a, truth, funds : int64
        The venue: its state, its ledger, and what it holds back for resting orders.
    table, exposure : int64
        `tickloom_kernels.orders.table`.
    out, back : int64
        The lines.
    numbering : int64, shape (1,)
        Items put on lines so far, over the whole run.
    g : int64
        Our ledger.
    wakes : bool, shape (strategies, 2)
        Whether a strategy handles news other than fills, and fills: behind one that does, nothing happens, for its
        handler is to see nothing later.
    note : int64, shape (NOTE_WORDS,)
        Gets the newest news.
    log, h : int64
        `tickloom_kernels.compiled.log`.
    until_there, until_here : int
        Commands and news that are due at or before it (UNIX time in nanoseconds, UTC).
    most : int
        Pieces of news.

    Returns
    -------
    tuple of int
        The strategy that is to be woken by the newest news, -1 for none; and `DONE` or what is in the way.
    """
    a, truth, funds, table, exposure = (
        borrowed(a),
        borrowed(truth),
        borrowed(funds),
        borrowed(table),
        borrowed(exposure),
    )
    out, back, numbering, g, wakes = borrowed(out), borrowed(back), borrowed(numbering), borrowed(g), borrowed(wakes)
    note, log, h = borrowed(note), borrowed(log), borrowed(h)
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
