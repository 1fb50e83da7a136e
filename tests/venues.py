"""A simulated venue driven by hand: rows in a few words, commands one by one, and what it says of them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickloom.instruments import Instrument
from tickloom.ledger import Ledger
from tickloom.orders.table import Order
from tickloom_kernels import rows as r
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
    """An outcome as `Simulated.commit` gives it."""

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
        self.venue.open("floor", self.instruments, self.ledger, 7)
        self._orders: dict[int, Order] = {}
        self._now = 0

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
                said += self._commit()
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
        order_id = len(self._orders) + 1
        order = Order(
            order_id,
            0,
            0,
            0,
            instrument,
            side,
            LIMIT if price else MARKET,
            IOC if ioc else GTC,
            int(post_only),
            price,
            quantity,
            0,
            quantity,
            0,
            self._now,
            0,
        )
        self._orders[order_id] = order
        self.venue.submit(order)
        return self._commit()

    def cancel(self, order_id: int) -> list[Told]:
        """Let a cancellation arrive."""
        self.venue.cancel(self._orders[order_id])
        return self._commit()

    def amend(self, order_id: int, price: int, quantity: int) -> list[Told]:
        """Let an amendment arrive: price (ticks) and total quantity (lots)."""
        self.venue.amend(self._orders[order_id], price, quantity)
        return self._commit()

    def _commit(self) -> list[Told]:
        return [Told(*one) for one in self.venue.commit()]


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
