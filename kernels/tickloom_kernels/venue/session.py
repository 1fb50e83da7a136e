"""One session with the simulated venue: a command comes off the line and meets it, and what it says goes back.

Only here the venue's truth changes: its ledger books its fills, and what it holds back for resting orders follows them.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tickloom_kernels.intrinsics import borrowed, inlined
from tickloom_kernels.money import ledger
from tickloom_kernels.orders import line as ln
from tickloom_kernels.orders import table as t
from tickloom_kernels.venue import arrival, funds
from tickloom_kernels.venue import outcomes as o
from tickloom_kernels.venue import state as v

#: There was not enough room on the line back: `commit` has still to be called, with a longer one.
NO_ROOM = -1
#: A sum of money would not fit into an int64.
OVERFLOW = -2
DONE = 0

_NOTHING = np.int64(0)


@inlined
def meet(
    a: NDArray[np.int64],
    g: NDArray[np.int64],
    f: NDArray[np.int64],
    table: NDArray[np.int64],
    what: int,
    row: int,
    price: int,
    quantity: int,
) -> None:
    """Let a command of the order in a row of the table meet the venue; it leaves outcomes.

    Parameters
    ----------
    a, g, f : int64
        The venue's state, its ledger, and what it holds back for resting orders.
    table : int64, shape (n, ROW_WORDS)
    what : int
        `order_table.SUBMIT`, `CANCEL` or `AMEND`.
    price, quantity : int
        Of an amendment (ticks, lots).
    """
    instrument = table[row, t.INSTRUMENT]
    if what == t.SUBMIT:
        reason = funds.refusal(a, g, f, table, row)
        if reason != o.NO_REASON:
            v.refuse(a, o.REJECTED, row, table[row, t.PRICE], reason, instrument)
            return
        arrival.submit(
            a,
            instrument,
            table[row, t.SIDE],
            table[row, t.ORDER_TYPE],
            table[row, t.TIME_IN_FORCE],
            table[row, t.POST_ONLY],
            table[row, t.PRICE],
            table[row, t.QUANTITY],
            row,
        )
    elif what == t.CANCEL:
        arrival.cancel(a, instrument, row)
    else:
        slot = v.slot_of(a, row)
        reason = funds.objection(a, g, f, table, row, slot, price, quantity) if slot != 0 else o.NO_REASON
        if reason != o.NO_REASON:
            a[v.OUTCOMES] = 0
            v.report(a, o.AMEND_REJECTED, slot, _NOTHING, reason)
            return
        arrival.amend(a, instrument, row, price, quantity)


@inlined
def commit(
    a: NDArray[np.int64],
    g: NDArray[np.int64],
    f: NDArray[np.int64],
    table: NDArray[np.int64],
    back: NDArray[np.int64],
    numbering: NDArray[np.int64],
    ts: int,
    cause_row: int,
    cause_sub: int,
) -> int:
    """Make the outcomes of the venue its truth, and put the news of them on the line back.

    Parameters
    ----------
    numbering : int64, shape (1,)
        Items put on lines so far, over the whole run.
    ts : int
        When it happened at the venue (UNIX time in nanoseconds, UTC).
    cause_row, cause_sub : int
        Name of the event that it follows from.

    Returns
    -------
    int
        `DONE`; `NO_ROOM`, and nothing has happened; or `OVERFLOW`.
    """
    count = a[v.OUTCOMES]
    if back[ln.COUNT] + count > back[ln.CAPACITY]:
        return NO_ROOM
    for k in range(count):
        at = a[v.OUTCOMES_AT] + k * o.WORDS
        code, row = a[at + o.CODE], a[at + o.ORDER_ID]
        price, quantity = a[at + o.PRICE], a[at + o.QUANTITY]
        instrument = a[at + o.INSTRUMENT]
        fee = _NOTHING
        if code == o.FILL:
            account, side = table[row, t.ACCOUNT], table[row, t.SIDE]
            fee = ledger.fee(g, instrument, price, quantity, a[at + o.MAKER])
            if ledger.fill(g, account, instrument, side, price, quantity, fee, ledger.IN_SETTLEMENT) == 0:
                return OVERFLOW
        if code != o.CANCEL_REJECTED:
            slot = v.slot_of(a, row)
            if slot != 0:
                funds.follow(g, f, table, row, a[slot + v.PRICE], a[slot + v.LEAVES])
            else:
                funds.follow(g, f, table, row, _NOTHING, _NOTHING)
        numbering[0] += 1
        ln.send(
            back,
            numbering[0],
            ts,
            code,
            row,
            price,
            quantity,
            a[at + o.LEAVES],
            a[at + o.MAKER],
            a[at + o.REASON],
            fee,
            ts,
            cause_row,
            cause_sub,
        )
    a[v.OUTCOMES] = 0
    return DONE


@njit(cache=True, nogil=True)
def arrive(
    a: NDArray[np.int64],
    g: NDArray[np.int64],
    f: NDArray[np.int64],
    table: NDArray[np.int64],
    out: NDArray[np.int64],
    back: NDArray[np.int64],
    numbering: NDArray[np.int64],
    until: int,
    most: int,
) -> int:
    """Let commands from the line out meet the venue, one after the other, and send the news of them.

    Parameters
    ----------
    until : int
        Those that arrive at or before it (UNIX time in nanoseconds, UTC), and before any news that is due on ``back``.
    most : int
        Commands at most.

    Returns
    -------
    int
        `DONE`; `NO_ROOM`: to be called again with a longer line back; or `OVERFLOW`.
    """
    a, g, f, table = borrowed(a), borrowed(g), borrowed(f), borrowed(table)
    out, back, numbering = borrowed(out), borrowed(back), borrowed(numbering)
    done = DONE
    if a[v.OUTCOMES] > 0:
        # There was no room for the news of the command taken last.
        at = out[ln.TAKEN]
        done = commit(a, g, f, table, back, numbering, out[at], out[at + 6], out[at + 7])
    while done == DONE and most > 0 and out[ln.DUE] <= until and out[ln.DUE] <= back[ln.DUE]:
        at = ln.take(out)
        meet(a, g, f, table, out[at + 2], out[at + 3], out[at + 4], out[at + 5])
        done = commit(a, g, f, table, back, numbering, out[at], out[at + 6], out[at + 7])
        most -= 1
    return done
