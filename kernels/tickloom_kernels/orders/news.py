"""News of our orders comes off the line: the table, the exposure and our ledger learn it, all in one call."""

import numpy as np
from numpy.typing import NDArray

from tickloom_kernels.intrinsics import inlined
from tickloom_kernels.money import ledger
from tickloom_kernels.orders import line as ln
from tickloom_kernels.orders import table as t
from tickloom_kernels.venue import outcomes as o

# Words of a note, in which the news is told: first those of an `OrderUpdate`, in their order.
TS = 0
TS_VENUE = 1
ORDER_ID = 2
ACCOUNT = 3
INSTRUMENT = 4
CODE = 5
STATUS = 6
PRICE = 7
LEAVES = 8
REASON = 9
CAUSE_ROW = 10
CAUSE_SUB = 11
STRATEGY = 12
SIDE = 13
QUANTITY = 14
FEE = 15
MAKER = 16
#: After a fill: position (lots), its cost and what it realised, and the cash of the settlement asset (smallest units).
POSITION = 17
COST = 18
REALISED = 19
CASH = 20
NOTE_WORDS = 21

#: Statuses (numbers of `tickloom.codes.OrderStatus`) that outcomes end an order with.
CANCELED = 4
EXPIRED = 5
REJECTED = 6


@inlined
def learn(
    back: NDArray[np.int64],
    table: NDArray[np.int64],
    exposure: NDArray[np.int64],
    g: NDArray[np.int64],
    note: NDArray[np.int64],
) -> bool:
    """Take the first news off a line back, let table, exposure and ledger learn it, and note it.

    Returns
    -------
    bool
        False where a sum of money would not fit into an int64.
    """
    at = ln.take(back)
    code, row = back[at + 2], back[at + 3]
    price, quantity, leaves = back[at + 4], back[at + 5], back[at + 6]
    account, instrument, side = table[row, t.ACCOUNT], table[row, t.INSTRUMENT], table[row, t.SIDE]
    note[TS] = back[at]
    note[CODE] = code
    note[PRICE] = price
    note[QUANTITY] = quantity
    note[MAKER] = back[at + 7]
    note[REASON] = back[at + 8]
    note[FEE] = back[at + 9]
    note[TS_VENUE] = back[at + 10]
    note[CAUSE_ROW] = back[at + 11]
    note[CAUSE_SUB] = back[at + 12]
    note[ORDER_ID] = table[row, t.ORDER_ID]
    note[STRATEGY] = table[row, t.STRATEGY]
    note[ACCOUNT] = account
    note[INSTRUMENT] = instrument
    note[SIDE] = side
    if code == o.FILL:
        leaves = t.fill(table, exposure, row, quantity)
        if ledger.fill(g, account, instrument, side, price, quantity, note[FEE], ledger.IN_SETTLEMENT) == 0:
            return False
        held = ledger.position_at(g, account, instrument)
        note[POSITION] = g[held + ledger.QUANTITY]
        note[COST] = g[held + ledger.COST]
        note[REALISED] = g[held + ledger.REALISED]
        settle = g[ledger.terms_at(g, instrument) + ledger.SETTLE]
        note[CASH] = g[ledger.holding_at(g, account, settle) + ledger.CASH]
    elif code == o.ACCEPTED:
        table[row, t.STATUS] = t.ACCEPTED
    elif code == o.AMENDED:
        t.change(table, exposure, row, price, leaves)
    elif code == o.CANCELED:
        t.close(table, exposure, row, CANCELED)
    elif code == o.EXPIRED:
        t.close(table, exposure, row, EXPIRED)
    elif code == o.REJECTED:
        t.close(table, exposure, row, REJECTED)
    note[LEAVES] = leaves
    note[STATUS] = table[row, t.STATUS]
    return True
