"""A simulated venue driven by hand: rows in a few words, commands one by one, and what it says of them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickloom.events import SubmitOrder
from tickloom.instruments import Instrument
from tickloom.ledger import Ledger
from tickloom.orders.table import OrderTable
from tickloom_kernels import rows as r
from tickloom_kernels.orders import line as ln
from tickloom_kernels.orders import table as t
from tickloom_kernels.venue import outcomes as o
from tickloom_plugins.venues.simulated import Simulated

BUY, SELL = 1, -1
MARKET, LIMIT = 1, 2
GTC, IOC = 1, 3
FAR = 1 << 62

#: One tick times one lot is one unit of quote, so that sums of money are sums of price times quantity.
COIN = Instrument(symbol="COIN", base="COIN", quote="USD", tick_size="1", lot_size="1", quote_precision=0)

#: A row without its times: instrument and payload, and the kind.
Row = tuple[list[int], int]


class Told(NamedTuple):
    """An outcome as it travels on the line back, with the order's id in place of its row."""

    code: int
    order_id: int
    price: int
    quantity: int
    leaves: int
    maker: int
    reason: int
    fee: int


def trade(price: int, quantity: int, aggressor: int, instrument: int = 0) -> list[Row]:
    """Make a print."""
    return [([instrument, price, quantity, aggressor], r.TRADE)]


def quote(bid: int, bid_quantity: int, ask: int, ask_quantity: int, instrument: int = 0) -> list[Row]:
    """Make a quote."""
    return [([instrument, bid, bid_quantity, ask, ask_quantity], r.QUOTE)]


def level(side: int, price: int, quantity: int, flags: int = r.FLAG_LAST, instrument: int = 0) -> list[Row]:
    """One level of the book, alone in its update."""
    return [([instrument, price, quantity, side, flags], r.BOOK_DELTA)]


def update(bids: dict[int, int], asks: dict[int, int], flags: int = 0, instrument: int = 0) -> list[Row]:
    """Several levels in one update: price to quantity."""
    sides = [(BUY, price, quantity) for price, quantity in bids.items()]
    sides += [(SELL, price, quantity) for price, quantity in asks.items()]
    made = [level(*one, flags, instrument)[0] for one in sides]
    made[-1][0][4] |= r.FLAG_LAST
    return made


def emptied(instrument: int = 0) -> list[Row]:
    """Make the row that a source sends at a gap: the book is emptied, and nothing follows."""
    return level(0, 0, 0, r.FLAG_CLEAR | r.FLAG_LAST, instrument)


def snapshot(bids: dict[int, int], asks: dict[int, int], instrument: int = 0) -> list[Row]:
    """Make a whole book: a row that empties it, then its levels."""
    empty = level(0, 0, 0, r.FLAG_CLEAR | r.FLAG_SNAPSHOT, instrument)
    return empty + update(bids, asks, r.FLAG_SNAPSHOT, instrument)


def candle(low: int, high: int, close: int, volume: int, series: int = 0, instrument: int = 0) -> list[Row]:
    """Make a candle that opened where it closed."""
    return [([instrument, series, close, high, low, close, volume], r.BAR)]


def status(trading: bool, instrument: int = 0) -> list[Row]:
    """Halt an instrument, or let it trade again."""
    return [([instrument, int(trading)], r.INSTRUMENT_STATUS)]


def array(rows: Sequence[Row], start: int = 0, lengths: Sequence[int] = ()) -> NDArray[np.int64]:
    """Rows as kernels read them, one nanosecond apart; ``lengths``: how far back each opened (candles), 1 else."""
    made = np.zeros((len(rows), r.WORDS), np.int64)
    for k, (words, kind) in enumerate(rows):
        made[k, r.TS_INIT] = start + k
        made[k, r.TS_EVENT] = start + k - (lengths[k] if lengths else 1)
        made[k, r.INSTRUMENT : r.INSTRUMENT + len(words)] = words
        made[k, r.KIND] = kind
    return made


class Floor:
    """A simulated venue with one account.

    Parameters
    ----------
    instruments : Instrument
        One `COIN` by default.
    deposits : dict
        Smallest units by asset; enough of everything by default.
    settings
        Of `Simulated`.
    """

    def __init__(self, *instruments: Instrument, deposits: dict[str, int] | None = None, **settings: Any) -> None:
        self.instruments = instruments or (COIN,)
        self.ledger = Ledger(self.instruments, ["main"])
        rich = {asset: 10**15 for one in self.instruments for asset in (one.base, one.quote)}
        for asset, units in (rich if deposits is None else deposits).items():
            self.ledger.deposit(0, asset, units)
        self.venue = Simulated(**settings)
        self.orders = OrderTable(1, len(self.instruments))
        self.open(self.instruments)
        self._numbering = np.zeros(1, np.int64)
        self._now = 0

    def open(self, instruments: Sequence[Instrument | None]) -> None:
        """Let the venue take up the instruments that are its own."""
        self._out, self._back = self.venue.open("floor", instruments, self.ledger, 7, self.orders)

    def see(self, *rows: list[Row], lengths: Sequence[int] = ()) -> list[Told]:
        """Run through rows and return what the venue says at them, in order."""
        flat = array([one for part in rows for one in part], self._now, lengths)
        self._now += len(flat)
        said: list[Told] = []
        at = 0
        while at < len(flat):
            self.venue.checkpoint()
            at = self.venue.advance(flat, at, len(flat), FAR)
            if self.venue.pending:
                while not self.venue.commit(self._back, self._numbering, self._now, 0, 0):
                    self._back = ln.grown(self._back)
                said += self._told()
                at += 1
        return said

    def submit(
        self,
        side: int,
        quantity: int,
        price: int = 0,
        *,
        ioc: bool = False,
        post_only: bool = False,
        instrument: int = 0,
    ) -> list[Told]:
        """Let a new order arrive, a market order without a price; ids count from 1."""
        order_id = len(self.orders.row_of) + 1
        kind, force = LIMIT if price else MARKET, IOC if ioc else GTC
        order = SubmitOrder(
            self._now, order_id, 0, 0, 0, instrument, side, kind, force, post_only, price, quantity, "direct", ""
        )
        self.orders.add(order, 0)
        return self._arrive(t.SUBMIT, order_id)

    def cancel(self, order_id: int) -> list[Told]:
        """Let a cancellation arrive."""
        return self._arrive(t.CANCEL, order_id)

    def amend(self, order_id: int, price: int, quantity: int) -> list[Told]:
        """Let an amendment arrive: price (ticks) and total quantity (lots)."""
        return self._arrive(t.AMEND, order_id, price, quantity)

    def _arrive(self, what: int, order_id: int, price: int = 0, quantity: int = 0) -> list[Told]:
        row = self.orders.row_of[order_id]
        ln.send(self._out, 0, self._now, what, row, price, quantity, 0, 0, 0, 0, 0, 0, 0)
        assert self.venue.arrive(self._out, self._back, self._numbering, FAR, 1)
        return self._told()

    def _told(self) -> list[Told]:
        said = []
        while self._back[ln.COUNT]:
            _, _, code, row, *words = ln.receive(self._back)
            said.append(Told(code, self.orders.rows.item(row, t.ORDER_ID), *words[:6]))
        return said


def fills(said: Sequence[Told]) -> list[tuple[int, int, int]]:
    """(order id, price, quantity) of the fills among what was said."""
    return [(one.order_id, one.price, one.quantity) for one in said if one.code == o.FILL]


def codes(said: Sequence[Told]) -> list[int]:
    """Outcome codes, in order."""
    return [one.code for one in said]


def priced(**fields: Any) -> Instrument:
    """`COIN` with other fields."""
    given: dict[str, Any] = {
        "symbol": "COIN",
        "base": "COIN",
        "quote": "USD",
        "tick_size": "1",
        "lot_size": "1",
        "quote_precision": 0,
    }
    return Instrument(**(given | fields))
