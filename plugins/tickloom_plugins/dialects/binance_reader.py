"""Makes rows of the lines of a Binance capture: trades, quotes, and the book by the venue's rules of sequence.

What cannot be used becomes a SOURCE_STATUS row (SKIPPED, if nothing else is said); its place is the line, counted
from 1.

====================  ===============================================================================================
MALFORMED             no message of a stream that is read here; a price that is no decimal number
UNSORTED              the receive time stepped back: the row is kept, at the time of the line before it
DUPLICATE             a trade, quote or update of the book that was there before
NOT_A_NUMBER          a price or quantity of NaN or infinity
NOT_POSITIVE          a price or quantity that must be above 0 (a level alone, where it is one of many)
OFF_GRID              no whole number of ticks or lots; nothing is rounded
INCONSISTENT          a price or quantity beyond 2**53 steps
CROSSED_BOOK          GAP: bid at or above ask after an update, until RECOVERED; SKIPPED: a crossed quote
UNKNOWN_SYMBOL        a message of another instrument than the first message's
SEQUENCE_GAP          GAP: updates are missing; the book is emptied, and stays empty until RECOVERED, when the capture
                      holds another snapshot. LOST, at the end: it did not, or never held one
TRUNCATED             LOST, at the end: the file ends in the middle; everything before that has been used
====================  ===============================================================================================

Trades that are none of the market (`tickloom_plugins.dialects.binance.Trade`) and updates that a snapshot already
holds are no bad input and leave no row.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from tickloom.codes import BadInput, Feed
from tickloom.instruments import Instrument
from tickloom_kernels import rows as r
from tickloom_plugins.dialects import binance
from tickloom_plugins.dialects.batch import Batch
from tickloom_plugins.dialects.binance_sequence import Sequence, Verdict
from tickloom_plugins.dialects.crossed import CrossedCheck

#: Raised by every change that makes other rows of the same lines: part of the key of what is kept.
REVISION = 1

#: Updates of the book that are kept while there is no snapshot they could continue.
WAITING = 10_000

#: Trades that may come late by this many ids before they count as duplicates.
LATE_TRADES = 1_000


class Reader:
    """The lines of one instrument's capture, with what must be remembered from one line to the next.

    Parameters
    ----------
    symbol : str
        Whose capture; messages of others are left out.
    futures : bool
        Whose rules of sequence.
    instrument : Instrument
        Whose grid.
    """

    def __init__(self, symbol: str, futures: bool, instrument: Instrument) -> None:
        #: A spot or USD-margined snapshot does not say whose it is.
        self._symbols = (symbol, "")
        self._batch = Batch(instrument.tick_size, instrument.lot_size)
        self._sequence = Sequence(futures)
        self._check = CrossedCheck()
        self._waiting: deque[tuple[int, binance.Difference]] = deque(maxlen=WAITING)
        #: Line of the gap that no snapshot has closed yet.
        self._gap = 0
        self._trades = _Trades()
        self._quote_id = -1
        self._place = 0
        self._now = 0
        self._handlers: dict[type[binance.Message], Callable[[Any, int], None]] = {
            binance.Quote: self._quote,
            binance.Trade: self._trade,
            binance.Difference: self._difference,
            binance.Snapshot: self._snapshot,
        }

    def read(self, lines: list[bytes]) -> NDArray[np.int64]:
        """Make rows of the next lines.

        Parameters
        ----------
        lines : list of bytes
            ``<receive time, UNIX nanoseconds> <message>``, without their ends.

        Returns
        -------
        int64, shape (n, 12)
            In the order of the lines, and of ``ts_init``.
        """
        if not self._now:
            self._now = next(filter(None, (_receive_time(line.partition(b" ")[0]) for line in lines)), 0)
        for line in lines:
            self._place += 1
            stamp, _, text = line.partition(b" ")
            now = _receive_time(stamp)
            self._now = max(self._now, now)
            try:
                message = binance.decode(text)
            except (ValueError, RecursionError, msgspec.DecodeError):
                self._tell(Feed.SKIPPED, BadInput.MALFORMED)
                continue
            if not now:
                self._tell(Feed.SKIPPED, BadInput.MALFORMED)
            elif message.symbol not in self._symbols:
                self._tell(Feed.SKIPPED, BadInput.UNKNOWN_SYMBOL)
            else:
                if now < self._now:
                    self._tell(Feed.SKIPPED, BadInput.UNSORTED)
                self._handlers[type(message)](message, message.time or message.sent)
        return self._rows()

    def end(self, truncated: bool) -> NDArray[np.int64]:
        """Make rows of what is wrong with the capture as a whole: int64, shape (n, 12), n at most 2."""
        if self._waiting:
            place = self._gap or self._waiting[0][0]
            self._batch.status(place, self._now, 0, Feed.LOST, BadInput.SEQUENCE_GAP)
        if truncated:
            self._tell(Feed.LOST, BadInput.TRUNCATED)
        return self._rows()

    def _rows(self) -> NDArray[np.int64]:
        """Make rows of what has been read."""
        rows, places = self._batch.rows()
        # The exchange's times are still as they were sent; 0 where there was none, and then the receive time stands in.
        wire = rows[:, r.TS_EVENT]
        rows[:, r.TS_EVENT] = np.where(wire == 0, rows[:, r.TS_INIT], binance.nanoseconds(wire))
        return self._check.told(rows, places)

    def _tell(self, feed: Feed, reason: BadInput) -> None:
        """Add news about this line."""
        self._batch.status(self._place, self._now, 0, feed, reason)

    def _quote(self, quote: binance.Quote, time: int) -> None:
        """Add a best bid and ask."""
        if quote.update_id == self._quote_id:
            self._tell(Feed.SKIPPED, BadInput.DUPLICATE)
            return
        self._quote_id = quote.update_id
        texts = (quote.bid, quote.bid_quantity, quote.ask, quote.ask_quantity)
        self._batch.quote(self._place, self._now, time, texts)

    def _trade(self, trade: binance.Trade, time: int) -> None:
        """Add a trade, unless it is known, or no trade of the market."""
        if self._trades.known(trade.trade_id):
            self._tell(Feed.SKIPPED, BadInput.DUPLICATE)
        elif trade.kind == "MARKET":
            aggressor = -1 if trade.buyer_is_maker else 1
            self._batch.trade(self._place, self._now, time, trade.price, trade.quantity, aggressor, trade.trade_id)

    def _difference(self, difference: binance.Difference, time: int, place: int = 0) -> None:
        """Add an update of the book as the rules of sequence say; ``place`` is its line, where that is not this one."""
        place = place or self._place
        verdict = self._sequence.judge(difference)
        if verdict is Verdict.NEXT:
            self._batch.levels(place, self._now, time, difference.numbers, difference.bids, difference.asks)
        elif verdict is Verdict.WAIT:
            self._waiting.append((place, difference))
        elif verdict is Verdict.REPEATED:
            self._tell(Feed.SKIPPED, BadInput.DUPLICATE)
        elif verdict is Verdict.GAP:
            self._gap = place
            self._batch.status(place, self._now, time, Feed.GAP, BadInput.SEQUENCE_GAP)
            # An empty book is safer than a wrong one.
            self._batch.levels(place, self._now, time, "", 0, 0, r.FLAG_CLEAR)
            self._waiting.append((place, difference))

    def _snapshot(self, snapshot: binance.Snapshot, time: int) -> None:
        """Begin the book, and go through the updates that came before; a book that is whole needs no snapshot."""
        if self._sequence.whole:
            return
        self._sequence.start(snapshot.last)
        flags = r.FLAG_CLEAR | r.FLAG_SNAPSHOT
        self._batch.levels(self._place, self._now, time, snapshot.numbers, snapshot.bids, snapshot.asks, flags)
        if self._gap:
            self._tell(Feed.RECOVERED, BadInput.NONE)
            self._gap = 0
        waiting = list(self._waiting)
        self._waiting.clear()
        for place, difference in waiting:
            self._difference(difference, difference.time or difference.sent, place)


def _receive_time(stamp: bytes) -> int:
    """Read a receive time (UNIX time in nanoseconds, UTC); 0 where it is none."""
    if not stamp.isdigit() or len(stamp) > 19:
        return 0
    time = int(stamp)
    return time if time < 2**63 else 0


class _Trades:
    """Tells trades that were there before from trades that come late; ids of one instrument have no holes."""

    def __init__(self) -> None:
        self._highest = -1
        self._missing: set[int] = set()

    def known(self, trade_id: int) -> bool:
        """Tell whether a trade was there before, and remember it."""
        if trade_id in self._missing:
            self._missing.remove(trade_id)
            return False
        if trade_id <= self._highest:
            return True
        if trade_id != self._highest + 1:
            self._missing.update(range(max(self._highest + 1, trade_id - LATE_TRADES), trade_id))
            self._missing = {missing for missing in self._missing if missing >= trade_id - LATE_TRADES}
        self._highest = trade_id
        return False
