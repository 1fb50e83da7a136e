"""Our orders as known: the flat table that kernels change, and the view of one order that plugins get."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from tickloom.errors import OrderError
from tickloom.events import SubmitOrder
from tickloom_kernels.orders import table as t


class Order(NamedTuple):
    """One order, as far as news of it has arrived: a row of the table.

    Prices in ticks, quantities in lots; ``ts_submit`` in UNIX nanoseconds (UTC); ``arrival`` is bid + ask at
    submission (twice the mid, ticks), 0 where there was no market.
    """

    order_id: int
    parent_id: int
    strategy: int
    account: int
    instrument: int
    side: int
    order_type: int
    time_in_force: int
    post_only: int
    price: int
    quantity: int
    filled_quantity: int
    leaves_quantity: int
    status: int
    ts_submit: int
    arrival: int

    @property
    def is_open(self) -> bool:
        """Whether it may still fill, by the news so far."""
        return self.status <= t.PARTIALLY_FILLED


class OrderTable:
    """All orders of a run, by row and by id, with the exposure (position, working quantity) that follows from them.

    Parameters
    ----------
    accounts, instruments : int
        How many the run has.
    """

    def __init__(self, accounts: int, instruments: int) -> None:
        self.rows = np.zeros((1024, t.ROW_WORDS), np.int64)
        self.exposure = np.zeros((accounts, instruments, t.EXPOSURE_WORDS), np.int64)
        self.row_of: dict[int, int] = {}

    @property
    def count(self) -> int:
        """Orders in the table."""
        return len(self.row_of)

    def double(self) -> None:
        """Make room for as many orders again."""
        rows = np.zeros((2 * len(self.rows), t.ROW_WORDS), np.int64)
        rows[: len(self.rows)] = self.rows
        self.rows = rows

    def grown_to(self, count: int) -> None:
        """Take note of the orders that kernels have entered, up to a number of rows."""
        known = len(self.row_of)
        ids = self.rows[known:count, t.ORDER_ID].tolist()
        self.row_of.update(zip(ids, range(known, count), strict=True))

    def make_room(self, count: int) -> None:
        """Make room for so many new orders."""
        while len(self.row_of) + count > len(self.rows):
            self.double()

    def add(self, order: SubmitOrder, arrival: int) -> int:
        """Enter a new order, nothing of which works in a market yet, and return its row."""
        self.make_room(1)
        row = self.row_of[order.order_id] = len(self.row_of)
        t.enter(
            self.rows,
            row,
            order.order_id,
            order.parent_id,
            order.strategy,
            order.account,
            order.instrument,
            order.side,
            order.order_type,
            order.time_in_force,
            order.post_only,
            order.price,
            order.quantity,
            order.ts_init,
            arrival,
        )
        return row

    def arrivals(self) -> dict[int, int]:
        """Bid + ask (ticks, twice the mid) at the submission of each order, by id; 0 where there was no market."""
        used = self.rows[: self.count]
        return dict(zip(used[:, t.ORDER_ID].tolist(), used[:, t.ARRIVAL].tolist(), strict=True))

    def at(self, row: int) -> Order:
        """Order in a row."""
        return Order._make(self.rows[row, : t.KNOWN_WORDS].tolist())

    def __getitem__(self, order_id: int) -> Order:
        """Order of an id; an `OrderError` where there is none."""
        if order_id not in self.row_of:
            raise OrderError(f"there is no order {order_id}")
        return self.at(self.row_of[order_id])

    def __iter__(self) -> Iterator[Order]:
        """Yield all orders, by submission."""
        return map(self.at, range(len(self.row_of)))

    def open_of(self, strategy: int) -> list[Order]:
        """Open orders of one strategy, oldest first."""
        used = self.rows[: len(self.row_of)]
        mine = (used[:, t.STRATEGY] == strategy) & (used[:, t.STATUS] <= t.PARTIALLY_FILLED)
        return [self.at(int(row)) for row in np.flatnonzero(mine)]
