"""The table of our own orders as known, and the exposure that the gate goes by: int64 rows, changed together."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

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
ROW_WORDS = 16

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


@njit(cache=True, nogil=True)
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
