"""The market as of the row being handled: newest trade, quote and bar, the book to a depth, and no look ahead."""

from collections.abc import Mapping

import attrs
import numpy as np
from numpy.typing import NDArray

from tickloom.engine.context import Moment
from tickloom.events import Quote, Trade
from tickloom_kernels import rows as r
from tickloom_kernels.market import book as b
from tickloom_kernels.market import newest as n

Rows = NDArray[np.int64]
_NO_ROWS = np.empty((0, r.WORDS), np.int64)


@attrs.frozen(eq=False)
class Glimpses:
    """The market as somebody saw it who has gone through a chunk already.

    Attributes
    ----------
    rows : dict
        Row of the chunk to place in ``newest``.
    newest : int64, shape (n, instruments, 3, 12)
        Newest rows as of these.
    last, books : int64
        Newest rows and books as of the last row.
    """

    rows: Mapping[int, int]
    newest: Rows
    last: Rows
    books: Rows


class Market:
    """What the rows have said, followed up to the moment at hand, when somebody asks and not before.

    Parameters
    ----------
    instruments : int
        How many the run has.
    moment : Moment
        Says which row is being handled: nothing behind it is shown.
    """

    def __init__(self, instruments: int, moment: Moment) -> None:
        self._moment = moment
        #: Newest TRADE, QUOTE and BAR row by instrument (`tickloom_kernels.market.newest`).
        self.newest_rows = np.zeros((instruments, 3, r.WORDS), np.int64)
        #: One after the other by instrument; empty while the data have none.
        self._books = np.zeros(0, np.int64)
        self._rows = _NO_ROWS
        self._followed = 0
        self._glimpses: Glimpses | None = None

    def enter(self, rows: Rows, present: int, glimpses: Glimpses | None = None) -> None:
        """Take up a chunk whose kinds are the bits of ``present``; nothing of it is visible yet.

        Where somebody has seen it ahead, his glimpses spare following the rows; what is told is the same.
        """
        self._rows = rows
        self._followed = 0
        self._glimpses = glimpses
        if present >> r.BOOK_DELTA & 1 and not len(self._books):
            self._books = np.zeros(len(self.newest_rows) * b.BOOK_WORDS, np.int64)

    def leave(self, consumed: int) -> None:
        """Take in what the first ``consumed`` rows of the chunk said, and let go of it."""
        glimpses = self._glimpses
        if glimpses is not None and self._followed < consumed == len(self._rows):
            self.newest_rows[:] = glimpses.last
            b.copy(glimpses.books[: len(self._books)], self._books)
        else:
            self._follow(consumed)
        self._rows, self._glimpses = _NO_ROWS, None
        self._followed = 0

    def skip(self, stop: int) -> None:
        """Take the rows before ``stop`` as followed: a kernel has kept `newest_rows` itself."""
        self._followed = stop

    def _follow(self, stop: int) -> None:
        followed, stop = self._followed, min(stop, len(self._rows))
        if stop > followed:
            n.follow(self.newest_rows, self._books, self._rows, followed, stop)
            self._followed = stop

    def _see(self, stop: int) -> None:
        """Make `newest_rows` those as of the row before ``stop``; to follow the rows later on ends in the same."""
        place = self._glimpses.rows.get(stop - 1, -1) if self._glimpses is not None else -1
        if place < 0 or stop == self._followed:
            self._follow(stop)
        else:
            self.newest_rows[:] = self._glimpses.newest[place]  # type: ignore[union-attr]

    def _row(self, column: int, instrument: int) -> list[int] | None:
        self._see(self._moment.position + 1)
        row: list[int] = self.newest_rows[instrument, column].tolist()
        return row if row[r.KIND] else None

    def trade(self, instrument: int) -> Trade | None:
        """Newest trade of an instrument."""
        row = self._row(0, instrument)
        return Trade(*row[:7]) if row else None

    def quote(self, instrument: int) -> Quote | None:
        """Newest best bid and ask: of the quotes, or of the book where the source gives none."""
        row = self._row(1, instrument)
        if row and row[r.KIND] == r.BOOK_DELTA:
            row[r.TS_INIT] = row[r.TS_EVENT] = self._moment.clock
        return Quote(*row[:7]) if row else None

    def book(self, instrument: int, depth: int) -> tuple[Rows, Rows]:
        """Bids and asks, best first: int64, shape (levels, 2), price (ticks) and quantity (lots)."""
        if not len(self._books):
            none = np.empty((0, 2), np.int64)
            return none, none
        self._follow(self._moment.position + 1)
        bids = instrument * b.BOOK_WORDS
        return b.top_levels(self._books, bids, depth), b.top_levels(self._books, bids + b.SIDE_WORDS, depth)

    def newest(self, instrument: int) -> tuple[int, int] | None:
        """Price (ticks) and ``ts_init`` of the newest of trade, quote (mid, rounded down) and bar."""
        self._see(self._moment.position + 1)
        column = n.latest(self.newest_rows, instrument)
        if column < 0:
            return None
        return n.price_of(self.newest_rows, instrument, column), self.newest_rows.item(instrument, column, 0)

    def known(self) -> Rows:
        """Newest rows as of the row being handled: `newest_rows`, followed up to it."""
        self._see(self._moment.position + 1)
        return self.newest_rows

    def twice_mid(self, instrument: int) -> int:
        """Bid + ask (ticks), twice the last price where there are no quotes, 0 before any price."""
        self._see(self._moment.position + 1)
        twice: int = n.twice_mid(self.newest_rows, instrument)
        return twice
