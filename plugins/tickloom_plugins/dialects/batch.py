"""Messages on their way to rows: collected one by one, made into rows all at once.

A gateway or a reader of captures tells a `Batch` what it heard, prices and quantities still as text; `Batch.rows`
reads all numbers together and writes the rows. What cannot be used becomes a `SourceStatus` row in its place, so
nothing vanishes uncounted.
"""

from collections.abc import Iterator
from decimal import Decimal
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from tickloom.codes import BadInput, Feed
from tickloom_kernels import rows as r
from tickloom_plugins.dialects.grid import Numbers, read_alike, read_each

# Words of a message: what it is, its place in the input, its times, its (price, quantity) pairs on either side, and
# two numbers that belong to the kind alone.
_KIND, _PLACE, _TS_INIT, _TS_EVENT, _BIDS, _ASKS, _FIRST, _SECOND = range(8)
_WORDS = 8


class Batch:
    """A stretch of one instrument's messages.

    Parameters
    ----------
    tick_size, lot_size : Decimal
        Steps of prices and quantities.
    """

    def __init__(self, tick_size: Decimal, lot_size: Decimal) -> None:
        self._steps = (tick_size, lot_size)
        self._messages: list[int] = []
        self._texts: list[str] = []

    def trade(
        self, place: int, ts_init: int, ts_event: int, price: str, quantity: str, aggressor: int, trade_id: int
    ) -> None:
        """Add a public trade; ``place`` is where it stands in the input, times are UNIX nanoseconds (UTC)."""
        self._messages += (r.TRADE, place, ts_init, ts_event, 1, 0, aggressor, trade_id)
        self._texts += (price, quantity)

    def quote(self, place: int, ts_init: int, ts_event: int, texts: tuple[str, str, str, str]) -> None:
        """Add a best bid and ask: ``texts`` are bid price and quantity, ask price and quantity."""
        self._messages += (r.QUOTE, place, ts_init, ts_event, 1, 1, 0, 0)
        self._texts += texts

    def levels(
        self, place: int, ts_init: int, ts_event: int, numbers: str, bids: int, asks: int, flags: int = 0
    ) -> None:
        """Add one update of the book; with FLAG_CLEAR in ``flags`` a row that empties the book comes before it.

        ``numbers`` are price, quantity, price, quantity, ... joined by commas: ``bids`` pairs, then ``asks`` pairs.
        """
        self._messages += (r.BOOK_DELTA, place, ts_init, ts_event, bids, asks, flags, 0)
        if numbers:
            self._texts.append(numbers)

    def status(self, place: int, ts_init: int, ts_event: int, feed: Feed, reason: BadInput) -> None:
        """Add news of the source itself."""
        self._messages += (r.SOURCE_STATUS, place, ts_init, ts_event, 0, 0, feed, reason)

    def rows(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Make rows of all messages, and forget the messages.

        Returns
        -------
        rows : int64, shape (n, 12)
            In the order of the messages. The last row of every update of the book has FLAG_LAST. A trade, quote or
            level with a number that cannot be used is a SOURCE_STATUS row (SKIPPED, its reason, its place).
        places : int64, shape (n,)
            Place in the input of each row.
        """
        messages = np.array(self._messages, np.int64).reshape(-1, _WORDS)
        prices, quantities = self._numbers(messages)
        self._messages, self._texts = [], []
        of = _Rows(messages)
        rows = of.rows
        rows[of.at, r.QUOTE_BID_PRICE + of.late] = prices.steps
        rows[of.at, r.QUOTE_BID_QUANTITY + of.late] = quantities.steps
        reasons = np.where(prices.reasons != 0, prices.reasons, quantities.reasons)
        reasons[(reasons == 0) & ~_positive(of.kinds[of.at], prices.steps, quantities.steps)] = BadInput.NOT_POSITIVE
        bad = np.flatnonzero(reasons)
        _tell(rows, of.at[bad], Feed.SKIPPED, reasons[bad], of.places)
        _tell(rows, _crossed_quotes(rows), Feed.SKIPPED, BadInput.CROSSED_BOOK, of.places)
        _mark_last(rows, of.messages)
        return rows, of.places

    def _numbers(self, messages: NDArray[np.int64]) -> tuple[Numbers, Numbers]:
        """Read the prices and the quantities of all messages."""
        count = int((messages[:, _BIDS] + messages[:, _ASKS]).sum())
        numbers = read_alike(",".join(self._texts), count, *self._steps)
        if numbers is None:
            each = list(self._each_text(messages))
            numbers = read_each(each[0::2], self._steps[0]), read_each(each[1::2], self._steps[1])
        return numbers

    def _each_text(self, messages: NDArray[np.int64]) -> Iterator[str]:
        """Yield price, quantity, price, quantity, ... of all messages."""
        texts = iter(self._texts)
        for kind, bids, asks in messages[:, [_KIND, _BIDS, _ASKS]].tolist():
            if kind == r.BOOK_DELTA:
                yield from next(texts).split(",") if bids + asks else ()
            else:
                yield from islice(texts, 2 * (bids + asks))


class _Rows:
    """The rows of messages, with everything but prices and quantities, and where these go.

    ``messages``, ``kinds``, ``places`` : int64, shape (n,), of each row the number of its message, its kind and its
    place in the input. ``at``, ``late`` : int64, shape (pairs,), of each (price, quantity) its row, and how many words
    after those of a bid it stands there.
    """

    def __init__(self, messages: NDArray[np.int64]) -> None:
        updates = messages[:, _KIND] == r.BOOK_DELTA
        clears = np.where(updates, messages[:, _FIRST] & r.FLAG_CLEAR, 0)
        heights = np.where(updates, messages[:, _BIDS] + messages[:, _ASKS] + clears, 1)
        wide = np.repeat(np.column_stack((messages, clears, np.cumsum(heights) - heights)), heights, axis=0)
        self.messages = np.repeat(np.arange(len(messages)), heights)
        self.kinds, self.places = wide[:, _KIND].copy(), wide[:, _PLACE].copy()
        self.rows = np.zeros((len(wide), r.WORDS), np.int64)
        self.rows[:, r.KIND] = self.kinds
        self.rows[:, r.TS_INIT] = wide[:, _TS_INIT]
        self.rows[:, r.TS_EVENT] = wide[:, _TS_EVENT]
        # Which level of its update a row is: -1 for the row that empties the book.
        level = np.arange(len(wide)) - wide[:, _WORDS + 1] - wide[:, _WORDS]
        self._fill(wide, level)
        pairs = np.where(self.kinds == r.QUOTE, 2, (level >= 0) & (self.kinds != r.SOURCE_STATUS))
        self.at = np.repeat(np.arange(len(wide)), pairs)
        self.late = np.zeros(len(self.at), np.int64)
        self.late[1:][self.at[1:] == self.at[:-1]] = r.QUOTE_ASK_PRICE - r.QUOTE_BID_PRICE

    def _fill(self, wide: NDArray[np.int64], level: NDArray[np.int64]) -> None:
        """Write what belongs to each kind alone."""
        rows = self.rows
        deltas = self.kinds == r.BOOK_DELTA
        sides = np.where(level < wide[:, _BIDS], 1, -1) * (level >= 0)
        # FLAG_CLEAR belongs to the first row of an update alone.
        flags = np.where(level >= 0, wide[:, _FIRST] & ~r.FLAG_CLEAR, wide[:, _FIRST])
        trades = self.kinds == r.TRADE
        rows[:, r.DELTA_SIDE] = np.where(deltas, sides, np.where(trades, wide[:, _FIRST], 0))
        rows[:, r.DELTA_FLAGS] = np.where(deltas, flags, np.where(trades, wide[:, _SECOND], 0))
        news = np.flatnonzero(self.kinds == r.SOURCE_STATUS)
        _tell(rows, news, wide[news, _FIRST], wide[news, _SECOND], self.places)


def _tell(
    rows: NDArray[np.int64],
    at: NDArray[np.int64],
    feed: NDArray[np.int64] | int,
    reason: NDArray[np.int64] | int,
    places: NDArray[np.int64],
) -> None:
    """Make the rows ``at`` SOURCE_STATUS rows: source 0, status, reason and place."""
    rows[at, r.PAYLOAD :] = 0
    rows[at, r.SOURCE_FEED] = feed
    rows[at, r.SOURCE_REASON] = reason
    rows[at, r.SOURCE_PLACE] = places[at]
    rows[at, r.KIND] = r.SOURCE_STATUS


def _positive(kinds: NDArray[np.int64], prices: NDArray[np.int64], quantities: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether numbers are above 0 as they must be.

    A level's quantity may be 0 (it is removed), and so may both numbers of a quote's side (it is empty).
    """
    empty = (kinds == r.QUOTE) & (quantities == 0) & (prices == 0)
    enough = (prices > 0) & (quantities >= np.where(kinds == r.TRADE, 1, 0))
    usable: NDArray[np.bool_] = enough | empty
    return usable


def _crossed_quotes(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Find quotes whose bid is at or above their ask."""
    both = (rows[:, r.QUOTE_BID_QUANTITY] > 0) & (rows[:, r.QUOTE_ASK_QUANTITY] > 0)
    crossed = both & (rows[:, r.QUOTE_BID_PRICE] >= rows[:, r.QUOTE_ASK_PRICE])
    return np.flatnonzero(crossed & (rows[:, r.KIND] == r.QUOTE))


def _mark_last(rows: NDArray[np.int64], messages: NDArray[np.int64]) -> None:
    """Give FLAG_LAST to the last row of each update that is still one of the book."""
    updates = np.flatnonzero(rows[:, r.KIND] == r.BOOK_DELTA)
    if len(updates):
        of = messages[updates]
        rows[updates[np.append(of[1:] != of[:-1], True)], r.DELTA_FLAGS] |= r.FLAG_LAST
