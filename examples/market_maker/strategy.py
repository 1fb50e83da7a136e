"""Quotes both sides of a book around its microprice, and leans against what it has collected.

The microprice is the middle weighted by the quantity on the other side: many bids and few asks put it near the ask,
where the next trade is more likely. Every lot held moves both quotes to the side on which it would be given away.
"""

import math
from decimal import Decimal

import attrs

from tickloom import BookDelta, Fill, OrderUpdate, Report, Strategy

#: News after which an order is over.
_OVER = (Report.CANCELED, Report.EXPIRED, Report.REJECTED, Report.DENIED)


@attrs.define
class _Quote:
    """One side of one instrument: the order that stands for it, its price (ticks), and whether news is awaited."""

    order_id: int = 0
    price: int = 0
    waiting: bool = False


@attrs.define
class MarketMaker(Strategy):
    """Keeps one post-only order on each side.

    Attributes
    ----------
    quantity : Decimal
        Of each quote, in base units or contracts.
    half_spread : float
        Distance of a quote from the microprice with nothing held (basis points).
    max_inventory : Decimal
        Position at which the side that would add to it is taken down.
    skew : float
        How far both quotes are moved at that position (basis points).
    requote : float
        A quote is moved when it is this far from where it should be (basis points).
    """

    quantity: Decimal
    half_spread: float
    max_inventory: Decimal
    skew: float
    requote: float
    _sizes: list[tuple[int, int]] = attrs.field(factory=list, init=False)
    _quotes: dict[tuple[int, int], _Quote] = attrs.field(factory=dict, init=False)

    def on_start(self) -> None:
        """Count quantity and largest position in lots, once and not at every update."""
        self._sizes = [(one.lots(self.quantity), one.lots(self.max_inventory)) for one in self.ctx.instruments]
        self._quotes = {(i, side): _Quote() for i in range(len(self._sizes)) for side in (1, -1)}

    def on_book(self, delta: BookDelta) -> None:
        """Put both quotes where the book, whole again, says they belong."""
        instrument = delta.instrument
        bids, asks = self.ctx.book(instrument, 1)
        if not len(bids) or not len(asks):
            return
        (bid, bid_quantity), (ask, ask_quantity) = bids[0].tolist(), asks[0].tolist()
        micro = (bid * ask_quantity + ask * bid_quantity) / (bid_quantity + ask_quantity)
        point = micro / 10_000
        held, limit = self.ctx.position(instrument), self._sizes[instrument][1]
        centre = micro - self.skew * point * held / limit
        # Rounded away from the middle, and never through the other side.
        self._put(instrument, 1, min(math.floor(centre - self.half_spread * point), ask - 1), held < limit, point)
        self._put(instrument, -1, max(math.ceil(centre + self.half_spread * point), bid + 1), held > -limit, point)

    def _put(self, instrument: int, side: int, price: int, wanted: bool, point: float) -> None:
        """Send, move or take down one quote; while news of it is awaited, it is left alone."""
        quote, lots = self._quotes[instrument, side], self._sizes[instrument][0]
        if quote.waiting or (quote.order_id == 0 and not wanted):
            return
        if quote.order_id == 0:
            quote.order_id = self.ctx.submit(instrument, side, lots, price, post_only=True)
        elif not wanted:
            self.ctx.cancel(quote.order_id)
        elif abs(quote.price - price) >= max(1.0, self.requote * point):
            # Always the full quantity again: what has been filled is added to the total.
            self.ctx.amend(quote.order_id, self.ctx.order(quote.order_id).filled_quantity + lots, price)
        else:
            return
        quote.waiting = True

    def on_order(self, update: OrderUpdate) -> None:
        """Hear what became of a command, unless its quote has been given to another order since."""
        for quote in self._quotes.values():
            if quote.order_id == update.order_id:
                quote.price, quote.waiting = update.price, False
                if update.report in _OVER:
                    quote.order_id = 0

    def on_fill(self, fill: Fill) -> None:
        """Make room for the next order when one is filled."""
        quote = self._quotes[fill.instrument, fill.side]
        if fill.leaves_quantity == 0 and quote.order_id == fill.order_id:
            quote.order_id, quote.waiting = 0, False
