"""Runs a strategy that places its orders in numba: the loop's order of events, row by row, without Python.

Everything on the road of an order is done by the functions that the Python road calls too: table, gate, latency lines,
venue, ledger. What happens is written into a log (`tickloom_kernels.compiled.log`), named as the loop names it.
"""

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from tickloom_kernels import rows as r
from tickloom_kernels.compiled import desk as d
from tickloom_kernels.compiled import log as lg
from tickloom_kernels.compiled.calling import caller_of_seven
from tickloom_kernels.intrinsics import borrowed, inlined
from tickloom_kernels.market import newest as nw
from tickloom_kernels.orders import gate
from tickloom_kernels.orders import line as ln
from tickloom_kernels.orders import session as both
from tickloom_kernels.orders import table as t
from tickloom_kernels.venue import scan, session
from tickloom_kernels.venue import state as v

# Words of the head `h` behind those of the log: number of the chunk's first row, how far a row has got (`BEGUN`, ...),
# orders in the table, the strategy, why the driver came back.
BASE = 3
PHASE = 4
ORDERS = 5
STRATEGY = 6
WHY = 7
#: 1 while the kill switch is engaged.
KILLED = 8
HEAD_WORDS = 12

# How far the row at hand has got.
BEGUN = 0
MET_VENUE = 1
COMMITTED = 2

# Why the driver came back.
#: All rows are done.
DONE = 0
#: The log, the table, or a line must be longer; a call with the same row goes on where it was.
FULL_LOG = 1
FULL_TABLE = 2
FULL_OUT = 3
FULL_BACK = 4
#: The kernel leaves more commands than a desk holds.
FULL_DESK = 5
#: A sum of money would not fit into an int64.
OVERFLOW = 6
#: A command is for no instrument, no side, no quantity or no price.
BAD_COMMAND = 7

#: Entries of the log that one step needs at most: each command is one, a refusal two more.
RESERVE = 3 * d.CAPACITY + 8

_ints = types.Array(types.int64, 1, "C")
_table = types.Array(types.int64, 2, "C")
_cube = types.Array(types.int64, 3, "C")
_floats = types.Array(types.float64, 1, "C")

_call = caller_of_seven(d.ORDER_KERNEL)
_ROW_ITSELF = np.int64(0)
_MANY = np.int64(1 << 40)
_NONE = np.int64(0)
_NOBODY = np.int64(-1)
_MARKET = np.int64(1)
_LIMIT = np.int64(2)
_DENIAL = np.int64(6)
_NO_CANCEL = np.int64(7)
_NO_AMEND = np.int64(8)


@njit(cache=True, nogil=True)
def refuse(
    log: NDArray[np.int64],
    h: NDArray[np.int64],
    table: NDArray[np.int64],
    row: int,
    order_id: int,
    report: int,
    by: int,
    now: int,
    cause_row: int,
    cause_sub: int,
) -> None:
    """Log a refusal on our side of the line."""
    entry = lg.name(log, h, lg.ORDER_UPDATE, cause_row, cause_sub)
    fields = log[entry, lg.FIELDS :]
    known = row >= 0
    fields[0] = now
    fields[1] = now
    fields[2] = order_id
    fields[3] = table[row, t.ACCOUNT] if known else _NOBODY
    fields[4] = table[row, t.INSTRUMENT] if known else _NOBODY
    fields[5] = report
    fields[6] = table[row, t.STATUS] if known else t.DENIED
    fields[7] = table[row, t.PRICE] if known else _NONE
    fields[8] = table[row, t.LEAVES] if known else _NONE
    fields[9] = _NONE
    fields[10] = by


@inlined
def has_flaw(desk: NDArray[np.int64], instruments: int) -> bool:
    """Whether a command on the desk cannot be; what a command names is an index into arrays."""
    for n in range(desk[d.COUNT]):
        at = d.HEAD_WORDS + n * d.COMMAND_WORDS
        what, price, quantity = desk[at + d.WHAT], desk[at + d.PRICE], desk[at + d.QUANTITY]
        if what != t.SUBMIT:
            if what == t.AMEND and (price <= 0 or quantity <= 0):
                return True
            continue
        if not 0 <= desk[at + d.INSTRUMENT] < instruments or abs(desk[at + d.SIDE]) != 1:
            return True
        if price < 0 or quantity <= 0 or desk[at + d.TIME_IN_FORCE] not in (d.GTC, d.IOC):
            return True
    return False


@inlined
def carry_out(
    desk: NDArray[np.int64],
    accounts: NDArray[np.int64],
    table: NDArray[np.int64],
    exposure: NDArray[np.int64],
    out: NDArray[np.int64],
    numbering: NDArray[np.int64],
    newest: NDArray[np.int64],
    g: NDArray[np.int64],
    limits: NDArray[np.int64],
    numbers: NDArray[np.int64],
    refusals: NDArray[np.int64],
    log: NDArray[np.int64],
    h: NDArray[np.int64],
    now: int,
) -> None:
    """Carry out the commands on the desk in their order, and then what was refused, as the queue of commands does."""
    refused = 0
    base = h[lg.STREAM_ROW]
    for n in range(desk[d.COUNT]):
        at = d.HEAD_WORDS + n * d.COMMAND_WORDS
        what, row = desk[at + d.WHAT], desk[at + d.ROW]
        price, quantity = desk[at + d.PRICE], desk[at + d.QUANTITY]
        if what == t.SUBMIT:
            order_id = enter(desk, at, accounts, table, newest, log, h, now)
        else:
            known = 0 <= row < h[ORDERS]
            order_id = table[row, t.ORDER_ID] if known else _NONE
            kind = lg.CANCEL_ORDER if what == t.CANCEL else lg.AMEND_ORDER
            entry = lg.name(log, h, kind, base, _ROW_ITSELF)
            log[entry, lg.FIELDS] = now
            log[entry, lg.FIELDS + 1] = order_id
            log[entry, lg.FIELDS + 2] = price
            log[entry, lg.FIELDS + 3] = quantity
            row = row if known else _NOBODY
        by = gate.send(
            table, exposure, out, numbering, newest, g, limits, numbers, h[KILLED], what, row, price, quantity, now,
            base, h[lg.STREAM_SUB], refusals[refused, 5:],
        )  # fmt: skip
        if by != lg.BY_VENUE:
            refusals[refused, 0] = row
            refusals[refused, 1] = order_id
            refusals[refused, 2] = _DENIAL if what == t.SUBMIT else _NO_CANCEL if what == t.CANCEL else _NO_AMEND
            refusals[refused, 3] = by
            refusals[refused, 4] = h[lg.STREAM_SUB]
            refused += 1
    desk[d.COUNT] = 0
    for n in range(refused):
        row, order_id, report, by, sub = refusals[n, 0], refusals[n, 1], refusals[n, 2], refusals[n, 3], refusals[n, 4]
        refuse(log, h, table, row, order_id, report, by, now, base, sub)
        if by == lg.BY_GATE:
            entry = h[lg.LOGGED]
            h[lg.LOGGED] += 1
            log[entry, lg.TYPE_ID] = lg.DETAIL
            for word in range(13):
                log[entry, lg.FIELDS + word] = refusals[n, 5 + word]


@inlined
def enter(
    desk: NDArray[np.int64],
    at: int,
    accounts: NDArray[np.int64],
    table: NDArray[np.int64],
    newest: NDArray[np.int64],
    log: NDArray[np.int64],
    h: NDArray[np.int64],
    now: int,
) -> int:
    """Enter a new order into the table and the log; return its id."""
    row, instrument, price = desk[at + d.ROW], desk[at + d.INSTRUMENT], desk[at + d.PRICE]
    order_id = (h[STRATEGY] << 32) + row + 1
    kind = _MARKET if price == 0 else _LIMIT
    t.enter(
        table,
        row,
        order_id,
        _NONE,
        h[STRATEGY],
        accounts[instrument],
        instrument,
        desk[at + d.SIDE],
        kind,
        desk[at + d.TIME_IN_FORCE],
        desk[at + d.POST_ONLY],
        price,
        desk[at + d.QUANTITY],
        now,
        nw.twice_mid(newest, instrument),
    )
    h[ORDERS] = row + 1
    entry = lg.name(log, h, lg.SUBMIT_ORDER, h[lg.STREAM_ROW], _ROW_ITSELF)
    log[entry, lg.FIELDS] = now
    for word in range(t.ORDER_ID, t.QUANTITY + 1):
        log[entry, lg.FIELDS + 1 + word] = table[row, word]
    log[entry, lg.TEXTS] = _NONE
    return order_id


@njit(
    types.int64(
        types.int64,
        _floats, _ints, _ints, _ints, _ints, _ints, _table, _cube, _ints, _ints, _ints, _cube, _ints, _table, _table,
        _table, _ints, _table, _table, _ints, _table, types.int64, types.int64,
    ),
    cache=True,
    nogil=True,
)  # fmt: skip
def drive(
    kernel: int,
    state: NDArray[np.float64],
    desk: NDArray[np.int64],
    a: NDArray[np.int64],
    truth: NDArray[np.int64],
    funds: NDArray[np.int64],
    accounts: NDArray[np.int64],
    table: NDArray[np.int64],
    exposure: NDArray[np.int64],
    out: NDArray[np.int64],
    back: NDArray[np.int64],
    numbering: NDArray[np.int64],
    newest: NDArray[np.int64],
    g: NDArray[np.int64],
    wakes: NDArray[np.int64],
    limits: NDArray[np.int64],
    numbers: NDArray[np.int64],
    note: NDArray[np.int64],
    refusals: NDArray[np.int64],
    log: NDArray[np.int64],
    h: NDArray[np.int64],
    rows: NDArray[np.int64],
    start: int,
    stop: int,
) -> int:
    """Run rows, and whatever is due before each of them.

    Parameters
    ----------
    kernel : int
        Address of a function of the signature `desk.ORDER_KERNEL`.
    a, truth, funds : int64
        The venue: its state, its ledger, and what it holds back for resting orders.
    accounts : int64, one per instrument
        The strategy's account.
    newest : int64, shape (instruments, 3, 12)
    g : int64
        Our ledger.
    wakes : int64, shape (strategies, 2)
        All False: nobody in Python hears news.
    limits : int64, shape (instruments, LIMIT_WORDS)
    numbers : int64, shape (accounts, n)
        The state of each account in `tickloom_kernels.orders.risk`.
    note, refusals : int64
        Room to work in.
    log : int64, shape (n, ENTRY_WORDS)
    h : int64, shape (HEAD_WORDS,)
        ``h[WHY]`` says why the driver came back.
    start, stop : int
        First row, and the row to stop before.

    Returns
    -------
    int
        The row to go on from; ``stop`` where all are done.
    """
    desk, a, truth, funds, accounts = borrowed(desk), borrowed(a), borrowed(truth), borrowed(funds), borrowed(accounts)
    table, exposure, out, back = borrowed(table), borrowed(exposure), borrowed(out), borrowed(back)
    numbering, newest, g, wakes = borrowed(numbering), borrowed(newest), borrowed(g), borrowed(wakes)
    limits = borrowed(limits)
    numbers, note, refusals = borrowed(numbers), borrowed(note), borrowed(refusals)
    log, h, rows, state = borrowed(log), borrowed(h), borrowed(rows), borrowed(state)
    for i in range(start, stop):
        ts = rows[i, r.TS_INIT]
        if h[PHASE] == BEGUN:
            if out[ln.DUE] <= ts or back[ln.DUE] <= ts:
                if i > 0:
                    lg.at(h, h[BASE] + i - 1)
                done = both.exchange_borrowed(
                    a, truth, funds, table, exposure, out, back, numbering, g, wakes, note, log, h, ts, ts, _MANY
                )[1]
                if done != both.DONE:
                    h[WHY] = FULL_LOG if done == both.FULL_LOG else FULL_BACK if done == both.NO_ROOM else OVERFLOW
                    return i
            # Nothing is taken back.
            a[a[v.UNDO_AT]] = a[v.OUTCOMES] = 0
            scan.take_in(a, rows, i)
            h[PHASE] = MET_VENUE
        lg.at(h, h[BASE] + i)
        if h[PHASE] == MET_VENUE:
            if a[v.OUTCOMES] > 0:
                done = session.commit(a, truth, funds, table, back, numbering, ts, h[BASE] + i, _ROW_ITSELF)
                if done != session.DONE:
                    h[WHY] = FULL_BACK if done == session.NO_ROOM else OVERFLOW
                    return i
            nw.see(newest, a, v.sides(a, rows[i, r.INSTRUMENT]), rows, i)
            h[PHASE] = COMMITTED
        if h[lg.LOGGED] + RESERVE > len(log):
            h[WHY] = FULL_LOG
            return i
        if h[ORDERS] + d.CAPACITY > len(table):
            h[WHY] = FULL_TABLE
            return i
        if out[ln.COUNT] + d.CAPACITY > out[ln.CAPACITY]:
            h[WHY] = FULL_OUT
            return i
        desk[d.NEXT_ROW] = h[ORDERS]
        _call(kernel, state, desk, table, exposure, newest, rows, i)
        if desk[d.COUNT] == 0:
            h[PHASE] = BEGUN
            continue
        if desk[d.OVERFLOWN] == 1 or has_flaw(desk, len(newest)):
            h[WHY] = FULL_DESK if desk[d.OVERFLOWN] == 1 else BAD_COMMAND
            desk[d.COUNT] = 0
            h[PHASE] = BEGUN
            return i
        carry_out(desk, accounts, table, exposure, out, numbering, newest, g, limits, numbers, refusals, log, h, ts)
        h[PHASE] = BEGUN
    h[WHY] = DONE
    return stop
