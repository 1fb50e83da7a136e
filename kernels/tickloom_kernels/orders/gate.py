"""The gate in flat state: what may not pass is refused, and what passes sets out for its venue.

Commands from Python whose way needs no plugin to be asked, and those of compiled strategies, both end up here.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tickloom_kernels.compiled import log as lg
from tickloom_kernels.intrinsics import borrowed, inlined
from tickloom_kernels.lending import cube, matrix, vector
from tickloom_kernels.market import newest as nw
from tickloom_kernels.money import ledger
from tickloom_kernels.money.exact import TOO_LARGE
from tickloom_kernels.orders import risk
from tickloom_kernels.orders import table as t

# Words of a command: `table.SUBMIT`, `CANCEL` or `AMEND`, the row of its order, the number (after the row) of its
# cause, whose command it is, and the number of its texts (algorithm and tag); behind them those of its event, in the
# order of a `tickloom.events.SubmitOrder`. A cancellation has two of these, an amendment price and quantity as well.
WHAT = 0
ROW = 1
CAUSE = 2
OWNER = 3
TEXTS = 4
TS = 5
ORDER_ID = 6
PARENT_ID = 7
STRATEGY = 8
ACCOUNT = 9
INSTRUMENT = 10
SIDE = 11
ORDER_TYPE = 12
TIME_IN_FORCE = 13
POST_ONLY = 14
PRICE = 15
QUANTITY = 16
COMMAND_WORDS = 17

# Words of a refusal: number of the command, row of its order (-1: there is none), what refused it
# (`tickloom_kernels.compiled.log`), number of its name after the row, and the numbers that were compared.
NUMBER = 0
REFUSED_ROW = 1
BY = 2
SUB = 3
DETAIL = 4
DETAIL_WORDS = 13
REFUSAL_WORDS = DETAIL + DETAIL_WORDS

# What is lent to `carry_out` (`tickloom_kernels.lending`), in this order: commands (shape (n, COMMAND_WORDS)) and room
# for as many refusals (shape (n, REFUSAL_WORDS)), the orders and the exposure (`table`), the line out and the number
# of items put on lines so far, the market (`tickloom_kernels.market.newest`), our ledger, the limits and the state of
# each account (`risk`), and the log with its head (`tickloom_kernels.compiled.log`).
COMMANDS = 0
REFUSALS = 1
TABLE = 2
EXPOSURE = 3
OUT = 4
NUMBERING = 5
NEWEST = 6
LEDGER = 7
LIMITS = 8
NUMBERS = 9
LOG = 10
HEAD = 11

_NONE = np.int64(0)
_NOBODY = np.int64(-1)


@inlined
def objection(
    newest: NDArray[np.int64],
    g: NDArray[np.int64],
    exposure: NDArray[np.int64],
    limits: NDArray[np.int64],
    numbers: NDArray[np.int64],
    table: NDArray[np.int64],
    row: int,
    price: int,
    quantity: int,
    added: int,
    now: int,
    detail: NDArray[np.int64],
) -> int:
    """Hold a command against the limits; ``detail`` gets the numbers that were compared."""
    account, instrument, side = table[row, t.ACCOUNT], table[row, t.INSTRUMENT], table[row, t.SIDE]
    reference, touch, age = risk.market(newest, instrument, side, now)
    worth = _NONE
    if limits[instrument, risk.MAX_NOTIONAL] != risk.OFF:
        worth = ledger.value(g, instrument, price, quantity) if price > 0 else _NONE
        if touch > 0 and (price == 0 or (price - touch) * side > 0):
            worth = max(worth, ledger.value(g, instrument, touch, quantity))
        if worth == TOO_LARGE:
            worth = np.int64(risk.OFF - 1)
    reason = risk.check(
        limits[instrument], numbers[account], exposure[account, instrument], now, side, price, quantity, added, worth,
        reference, age, _NONE,
    )  # fmt: skip
    if reason != risk.PASS:
        detail[0] = reason
        detail[1] = side
        detail[2] = price
        detail[3] = quantity
        detail[4] = added
        detail[5] = worth
        detail[6] = reference
        detail[7] = age
        detail[8] = instrument
        detail[9] = account
        for word in range(3):
            detail[10 + word] = exposure[account, instrument, word]
    return reason


@inlined
def send(
    table: NDArray[np.int64],
    exposure: NDArray[np.int64],
    out: NDArray[np.int64],
    numbering: NDArray[np.int64],
    newest: NDArray[np.int64],
    g: NDArray[np.int64],
    limits: NDArray[np.int64],
    numbers: NDArray[np.int64],
    killed: int,
    what: int,
    row: int,
    price: int,
    quantity: int,
    now: int,
    cause_row: int,
    cause_sub: int,
    detail: NDArray[np.int64],
) -> int:
    """Put a command on the line to its venue, unless something stands against it: a new order is denied then.

    Parameters
    ----------
    out : int64
        The line, with room for the command.
    newest : int64, shape (instruments, 3, 12)
        The newest TRADE, QUOTE and BAR rows; the best of a book stands for a quote where there has been none.
    g : int64
        Our ledger.
    limits : int64, shape (instruments, LIMIT_WORDS)
    numbers : int64, shape (accounts, n)
        The state of each account in `tickloom_kernels.orders.risk`.
    killed : int
        1 while the kill switch is engaged.
    row : int
        Of the order, which has been entered; -1 where there is none.
    cause_row, cause_sub : int
        Name of the command.
    detail : int64, shape (DETAIL_WORDS,)
        Gets the numbers behind a refusal of the limits.

    Returns
    -------
    int
        `log.BY_VENUE` where it is on its way, else what refuses it.
    """
    if row < 0:
        return lg.NO_SUCH_ORDER
    if table[row, t.STATUS] > t.PARTIALLY_FILLED:
        return lg.IS_OVER
    by = lg.BY_VENUE
    # Cancels always pass.
    if what != t.CANCEL:
        if killed == 1:
            by = lg.KILLED
        else:
            added = quantity if what == t.SUBMIT else quantity - table[row, t.QUANTITY]
            reason = objection(newest, g, exposure, limits, numbers, table, row, price, quantity, added, now, detail)
            by = lg.BY_VENUE if reason == risk.PASS else lg.BY_GATE
    if by == lg.BY_VENUE:
        t.dispatch(table, exposure, out, numbering, what, row, price, quantity, now, cause_row, cause_sub)
    elif what == t.SUBMIT:
        t.close(table, exposure, row, t.DENIED)
    return by


@njit(cache=True, nogil=True)
def carry_out(lent: NDArray[np.int64], count: int, killed: int, stream_row: int, stream_sub: int) -> int:
    """Carry out commands one after the other: new orders enter the table, and what passes the gate sets out.

    Parameters
    ----------
    lent : int64, shape (12, 4)
        `COMMANDS` to `HEAD`, as `tickloom_kernels.lending` lends them.
    count : int
        Commands, all given at this instant; the table, the line and the log have room for these.
    killed : int
        1 while the kill switch is engaged.
    stream_row, stream_sub : int
        The newest name.

    Returns
    -------
    int
        How many were refused.
    """
    lent = borrowed(lent)
    commands, refusals = matrix(lent, COMMANDS), matrix(lent, REFUSALS)
    table, exposure, out, numbering = (
        matrix(lent, TABLE),
        cube(lent, EXPOSURE),
        vector(lent, OUT),
        vector(lent, NUMBERING),
    )
    newest, g, limits, numbers = cube(lent, NEWEST), vector(lent, LEDGER), matrix(lent, LIMITS), matrix(lent, NUMBERS)
    log, h = matrix(lent, LOG), vector(lent, HEAD)
    h[lg.STREAM_ROW] = stream_row
    h[lg.STREAM_SUB] = stream_sub
    refused = 0
    for n in range(count):
        what, row, ts = commands[n, WHAT], commands[n, ROW], commands[n, TS]
        price, quantity = commands[n, PRICE], commands[n, QUANTITY]
        if what == t.CANCEL:
            price, quantity = _NONE, _NONE
        kind = lg.SUBMIT_ORDER if what == t.SUBMIT else lg.CANCEL_ORDER if what == t.CANCEL else lg.AMEND_ORDER
        entry = lg.name(log, h, kind, h[lg.STREAM_ROW], commands[n, CAUSE])
        log[entry, lg.FIELDS] = ts
        if what == t.SUBMIT:
            t.enter(
                table,
                row,
                commands[n, ORDER_ID],
                commands[n, PARENT_ID],
                commands[n, STRATEGY],
                commands[n, ACCOUNT],
                commands[n, INSTRUMENT],
                commands[n, SIDE],
                commands[n, ORDER_TYPE],
                commands[n, TIME_IN_FORCE],
                commands[n, POST_ONLY],
                price,
                quantity,
                ts,
                nw.twice_mid(newest, commands[n, INSTRUMENT]),
            )
            for word in range(t.ORDER_ID, t.QUANTITY + 1):
                log[entry, lg.FIELDS + 1 + word] = table[row, word]
            log[entry, lg.TEXTS] = commands[n, TEXTS]
        else:
            log[entry, lg.FIELDS + 1] = commands[n, ORDER_ID]
            log[entry, lg.FIELDS + 2] = price
            log[entry, lg.FIELDS + 3] = quantity
            if table[row, t.STRATEGY] != commands[n, OWNER]:
                row = _NOBODY
        by = send(
            table, exposure, out, numbering, newest, g, limits, numbers, killed, what, row, price, quantity, ts,
            h[lg.STREAM_ROW], h[lg.STREAM_SUB], refusals[refused, DETAIL:],
        )  # fmt: skip
        if by != lg.BY_VENUE:
            refusals[refused, NUMBER] = n
            refusals[refused, REFUSED_ROW] = row
            refusals[refused, BY] = by
            refusals[refused, SUB] = h[lg.STREAM_SUB]
            refused += 1
    return refused
