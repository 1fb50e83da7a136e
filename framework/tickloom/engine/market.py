"""The market as of the row being handled: newest trade, quote and bar, the book to a depth, and no look ahead."""

from bisect import bisect_right

import numpy as np
from numpy.typing import NDArray

from tickloom.engine.context import Moment
from tickloom.events import Quote, Trade
from tickloom_kernels import book as b
from tickloom_kernels import marks
from tickloom_kernels import rows as r

Rows = NDArray[np.int64]
_COLUMN = {r.TRADE: 0, r.QUOTE: 1, r.BAR: 2}
_NO_ROWS = np.empty((0, r.WORDS), np.int64)


class Market:
    """Look-ups into the chunk at hand, up to the moment at hand.

    Parameters
    ----------
    instruments : int
        How many the run has.
    moment : Moment
        Says which row is being handled: nothing behind it is shown.
    """

    def __init__(self, instruments: int, moment: Moment) -> None:
        self._moment = moment
        self._newest = np.zeros((instruments, 3, r.WORDS), np.int64)
        self._books: Rows | None = None
        self._count = instruments
        self._rows = _NO_ROWS
        #: Kinds in the chunk, and in any chunk so far, as bits.
        self._present = self._ever = 0
        self._followed = 0
        self._positions: dict[tuple[int, int], list[int]] = {}

    def enter(self, rows: Rows, present: int) -> None:
        """Take up a chunk whose kinds are the bits of ``present``; nothing of it is visible yet."""
        self._rows = rows
        self._present = present
        self._ever |= present
        self._followed = 0
        self._positions.clear()
        if self._books is None and present >> r.BOOK_DELTA & 1:
            self._books = np.zeros(self._count * b.BOOK_WORDS, np.int64)
        if self._books is None or not present >> r.BOOK_DELTA & 1:
            self._followed = len(rows)

    def leave(self, consumed: int) -> None:
        """Remember what the first ``consumed`` rows of the chunk said, and let go of it."""
        self._follow(consumed)
        marks.remember(self._newest, self._rows, consumed)
        self._rows = _NO_ROWS
        self._present = 0
        self._followed = 0
        self._positions.clear()

    def _follow(self, stop: int) -> None:
        if self._books is not None and stop > self._followed:
            b.follow(self._books, self._rows, self._followed, stop)
            self._followed = stop

    def _row(self, kind: int, instrument: int) -> list[int] | None:
        if not self._ever >> kind & 1:
            return None
        if not self._present >> kind & 1:
            row: list[int] = self._newest[instrument, _COLUMN[kind]].tolist()
            return row if row[r.KIND] == kind else None
        key = (kind, instrument)
        where = self._positions.get(key)
        if where is None:
            hit = (self._rows[:, r.KIND] == kind) & (self._rows[:, r.INSTRUMENT] == instrument)
            where = self._positions[key] = np.flatnonzero(hit).tolist()
        at = bisect_right(where, self._moment.position) - 1
        row = (self._rows[where[at]] if at >= 0 else self._newest[instrument, _COLUMN[kind]]).tolist()
        return row if row[r.KIND] == kind else None

    def trade(self, instrument: int) -> Trade | None:
        """Newest trade of an instrument."""
        row = self._row(r.TRADE, instrument)
        return Trade(*row[:7]) if row else None

    def quote(self, instrument: int) -> Quote | None:
        """Newest best bid and ask: of the quotes, or of the book where the source gives none."""
        row = self._row(r.QUOTE, instrument)
        if row:
            return Quote(*row[:7])
        if self._books is None:
            return None
        bids, asks = self.book(instrument, 1)
        if not len(bids) or not len(asks):
            return None
        ts = self._moment.clock
        return Quote(ts, ts, instrument, *bids[0].tolist(), *asks[0].tolist())

    def book(self, instrument: int, depth: int) -> tuple[Rows, Rows]:
        """Bids and asks, best first: int64, shape (levels, 2), price (ticks) and quantity (lots)."""
        if self._books is None:
            none = np.empty((0, 2), np.int64)
            return none, none
        self._follow(self._moment.position + 1)
        bids = instrument * b.BOOK_WORDS
        return b.top_levels(self._books, bids, depth), b.top_levels(self._books, bids + b.SIDE_WORDS, depth)

    def newest(self, instrument: int) -> tuple[int, int] | None:
        """Price (ticks) and ``ts_init`` of the newest of trade, quote (mid, rounded down) and bar."""
        found: list[tuple[int, int]] = []
        row = self._row(r.TRADE, instrument)
        if row:
            found.append((row[r.TS_INIT], row[r.TRADE_PRICE]))
        row = self._row(r.QUOTE, instrument)
        if row and row[r.QUOTE_BID_QUANTITY] and row[r.QUOTE_ASK_QUANTITY]:
            found.append((row[r.TS_INIT], (row[r.QUOTE_BID_PRICE] + row[r.QUOTE_ASK_PRICE]) // 2))
        row = self._row(r.BAR, instrument)
        if row:
            found.append((row[r.TS_INIT], row[r.BAR_CLOSE]))
        if not found:
            return None
        ts, price = max(found, key=lambda item: item[0])
        return price, ts

    def twice_mid(self, instrument: int) -> int:
        """Bid + ask (ticks), twice the last price where there are no quotes, 0 before any price."""
        quote = self.quote(instrument)
        if quote is not None and quote.bid_quantity and quote.ask_quantity:
            return quote.bid_price + quote.ask_price
        newest = self.newest(instrument)
        return 2 * newest[0] if newest else 0
