"""The table of our own orders as known, and the exposure that the gate goes by: int64 rows, changed together."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tickloom_kernels.intrinsics import inlined
from tickloom_kernels.orders import line as ln

# A row per order, in the order of submission.
ORDER_ID = 0
PARENT_ID = 1
STRATEGY = 2
ACCOUNT = 3
INSTRUMENT = 4
SIDE = 5
ORDER_TYPE = 6
TIME_IN_FORCE = 7
POST_ONLY = 8
PRICE = 9
QUANTITY = 10
FILLED = 11
#: What may still fill (lots); 0 once the order is over.
LEAVES = 12
#: A number of `tickloom.codes.OrderStatus`.
STATUS = 13
TS_SUBMIT = 14
#: Bid + ask at submission (ticks, twice the mid), 0 where there was no market.
ARRIVAL = 15
#: Words that news changes; what stands behind them is the venue's own truth of the order.
KNOWN_WORDS = 16
#: What rests of the order at its venue (lots), and what is locked there for it (smallest units; 0 for contracts).
VENUE_LEAVES = 16
VENUE_LOCKED = 17
ROW_WORDS = 18

# A row per account and instrument (lots).
POSITION = 0
WORKING_BUYS = 1
WORKING_SELLS = 2
EXPOSURE_WORDS = 3

SUBMITTED = 0
ACCEPTED = 1
PARTIALLY_FILLED = 2
FILLED_STATUS = 3
DENIED = 7


#: What a command on the line out begins with.
SUBMIT = 0
CANCEL = 1
AMEND = 2

_NOTHING = np.int64(0)


@inlined
def enter(
    table: NDArray[np.int64],
    row: int,
    order_id: int,
    parent_id: int,
    strategy: int,
    account: int,
    instrument: int,
    side: int,
    order_type: int,
    time_in_force: int,
    post_only: int,
    price: int,
    quantity: int,
    ts: int,
    arrival: int,
) -> None:
    """Enter a new order, nothing of which works in a market yet; the arguments are the words of its row."""
    table[row, ORDER_ID] = order_id
    table[row, PARENT_ID] = parent_id
    table[row, STRATEGY] = strategy
    table[row, ACCOUNT] = account
    table[row, INSTRUMENT] = instrument
    table[row, SIDE] = side
    table[row, ORDER_TYPE] = order_type
    table[row, TIME_IN_FORCE] = time_in_force
    table[row, POST_ONLY] = post_only
    table[row, PRICE] = price
    table[row, QUANTITY] = quantity
    table[row, FILLED] = 0
    table[row, LEAVES] = 0
    table[row, STATUS] = SUBMITTED
    table[row, TS_SUBMIT] = ts
    table[row, ARRIVAL] = arrival


@inlined
def dispatch(
    table: NDArray[np.int64],
    exposure: NDArray[np.int64],
    out: NDArray[np.int64],
    numbering: NDArray[np.int64],
    what: int,
    row: int,
    price: int,
    quantity: int,
    ts: int,
    cause_row: int,
    cause_sub: int,
) -> bool:
    """Put a command on the line to its venue; a new order works in the market from here on.

    Parameters
    ----------
    out : int64
        The line; False where it is full, and nothing has happened then.
    numbering : int64, shape (1,)
        Items put on lines so far, over the whole run.
    what : int
        `SUBMIT`, `CANCEL` or `AMEND`.
    price, quantity : int
        Of an amendment (ticks, lots).
    ts : int
        When it sets out (UNIX time in nanoseconds, UTC).
    cause_row, cause_sub : int
        Name of the command.
    """
    number = numbering[0] + 1
    none = _NOTHING
    if not ln.send(out, number, ts, what, row, price, quantity, cause_row, cause_sub, none, none, none, none, none):
        return False
    numbering[0] = number
    if what == SUBMIT:
        work(exposure, table, row, table[row, QUANTITY])
    return True


@inlined
def work(exposure: NDArray[np.int64], table: NDArray[np.int64], row: int, change: int) -> None:
    """Change what works in the market for an order (lots)."""
    side = WORKING_BUYS if table[row, SIDE] > 0 else WORKING_SELLS
    exposure[table[row, ACCOUNT], table[row, INSTRUMENT], side] += change
    table[row, LEAVES] += change


@njit(cache=True, nogil=True)
def fill(table: NDArray[np.int64], exposure: NDArray[np.int64], row: int, quantity: int) -> int:
    """Book the news of a fill (lots) and return what is left; news after the end of an order still counts."""
    table[row, FILLED] += quantity
    exposure[table[row, ACCOUNT], table[row, INSTRUMENT], POSITION] += table[row, SIDE] * quantity
    if table[row, LEAVES] > 0:
        work(exposure, table, row, -min(quantity, table[row, LEAVES]))
        table[row, STATUS] = PARTIALLY_FILLED if table[row, LEAVES] > 0 else FILLED_STATUS
    return table[row, LEAVES]


@njit(cache=True, nogil=True)
def close(table: NDArray[np.int64], exposure: NDArray[np.int64], row: int, status: int) -> None:
    """Book the news that an order is over."""
    work(exposure, table, row, -table[row, LEAVES])
    table[row, STATUS] = status


@njit(cache=True, nogil=True)
def change(table: NDArray[np.int64], exposure: NDArray[np.int64], row: int, price: int, leaves: int) -> None:
    """Book the news of an amendment: price (ticks) and what is left (lots)."""
    work(exposure, table, row, leaves - table[row, LEAVES])
    table[row, PRICE] = price
    table[row, QUANTITY] = table[row, FILLED] + leaves
