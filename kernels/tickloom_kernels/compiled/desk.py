"""What an order kernel is given: its own state, the market, its orders, and a desk to leave commands on.

An order kernel is a function compiled by ``@njit(desk.ORDER_KERNEL, cache=True)``:

``kernel(state, desk, table, exposure, newest, rows, i)``
    ``state`` : float64, what the strategy's ``kernel_state`` returned; its own memory.
    ``desk`` : int64, for the functions below.
    ``table`` : int64, shape (n, ROW_WORDS), orders as known (`tickloom_kernels.orders.table`), by row.
    ``exposure`` : int64, shape (accounts, instruments, 3): position, working buys, working sells (lots).
    ``newest`` : int64, shape (instruments, 3, 12): the newest TRADE, QUOTE and BAR row of each instrument; where the
    data have a book and no quotes, the second is the best bid and ask of that book, of kind BOOK_DELTA.
    ``rows``, ``i`` : int64, shape (n, 12), and the row at hand. Rows behind it are the future: they may not be read
    (the prefix law; `tickloom.testing` checks it).
"""

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from tickloom_kernels.orders import table as t

_ints = types.Array(types.int64, 1, "C")
_table = types.Array(types.int64, 2, "C")
_cube = types.Array(types.int64, 3, "C")
_floats = types.Array(types.float64, 1, "C")

#: Signature of an order kernel.
ORDER_KERNEL = types.void(_floats, _ints, _table, _cube, _cube, _table, types.int64)

#: Commands that one row may lead to.
CAPACITY = 256

# Head of a desk: commands on it, the row that the next new order will have, 1 once there was no room for a command.
COUNT = 0
NEXT_ROW = 1
OVERFLOWN = 2
HEAD_WORDS = 4

# A command.
WHAT = 0
ROW = 1
INSTRUMENT = 2
SIDE = 3
PRICE = 4
QUANTITY = 5
TIME_IN_FORCE = 6
POST_ONLY = 7
COMMAND_WORDS = 8

#: Numbers of `tickloom.codes.TimeInForce`.
GTC = 1
IOC = 3

_NOTHING = np.int64(0)
_NO_ROW = np.int64(-1)
_SUBMIT = np.int64(t.SUBMIT)
_CANCEL = np.int64(t.CANCEL)
_AMEND = np.int64(t.AMEND)


def new_desk() -> NDArray[np.int64]:
    """Return an empty desk."""
    return np.zeros(HEAD_WORDS + CAPACITY * COMMAND_WORDS, np.int64)


@njit(cache=True, nogil=True)
def _leave(
    desk: NDArray[np.int64],
    what: int,
    row: int,
    instrument: int,
    side: int,
    price: int,
    quantity: int,
    time_in_force: int,
    post_only: int,
) -> None:
    if desk[COUNT] == CAPACITY:
        desk[OVERFLOWN] = 1
        return
    at = HEAD_WORDS + desk[COUNT] * COMMAND_WORDS
    desk[at + WHAT] = what
    desk[at + ROW] = row
    desk[at + INSTRUMENT] = instrument
    desk[at + SIDE] = side
    desk[at + PRICE] = price
    desk[at + QUANTITY] = quantity
    desk[at + TIME_IN_FORCE] = time_in_force
    desk[at + POST_ONLY] = post_only
    desk[COUNT] += 1


@njit(cache=True, nogil=True)
def submit(
    desk: NDArray[np.int64], instrument: int, side: int, quantity: int, price: int, time_in_force: int, post_only: int
) -> int:
    """Send an order, as `tickloom.interfaces.Context.submit` does.

    Parameters
    ----------
    side : int
        +1 buy, -1 sell.
    quantity : int
        Lots, above 0.
    price : int
        Ticks; 0 for a market order.
    time_in_force : int
        `GTC` or `IOC`.
    post_only : int
        1: rather be refused than take.

    Returns
    -------
    int
        The row that the order will have in the table, from the next row of the market on.
    """
    row = desk[NEXT_ROW]
    desk[NEXT_ROW] += 1
    _leave(desk, _SUBMIT, row, instrument, side, price, quantity, time_in_force, post_only)
    return row


@njit(cache=True, nogil=True)
def cancel(desk: NDArray[np.int64], row: int) -> None:
    """Ask for the rest of the order in a row of the table to be taken off the market."""
    _leave(desk, _CANCEL, row, _NO_ROW, _NOTHING, _NOTHING, _NOTHING, _NOTHING, _NOTHING)


@njit(cache=True, nogil=True)
def amend(desk: NDArray[np.int64], row: int, quantity: int, price: int) -> None:
    """Ask for another total quantity (lots) and price (ticks) of the order in a row of the table."""
    _leave(desk, _AMEND, row, _NO_ROW, _NOTHING, price, quantity, _NOTHING, _NOTHING)


@njit(cache=True, nogil=True)
def is_open(table: NDArray[np.int64], row: int) -> bool:
    """Whether an order may still fill, by the news so far."""
    return table[row, t.STATUS] <= t.PARTIALLY_FILLED
