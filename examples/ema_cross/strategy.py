"""Holds the side that two moving averages point to, told by a model or worked out on the spot.

`Follow` hears the signals of the model `crossover`. `Average` does without view and model: it computes the same two
averages from the trades it sees. Both trade alike, so both make the same fills.
"""

from decimal import Decimal

import attrs

from tickloom import Signal, Strategy, Trade


class _Hold(Strategy):
    """What both have in common: getting from the position there is to the one that is wanted."""

    quantity: Decimal
    short: bool

    def hold(self, instrument: int, side: int) -> None:
        """Buy or sell at the market what is missing from ``side`` times the quantity."""
        wanted = side * self.ctx.instruments[instrument].lots(self.quantity)
        if side < 0 and not self.short:
            wanted = 0
        # What is on its way counts as held: news of a fill comes later than the next signal may.
        coming = sum(order.side * order.leaves_quantity for order in self.ctx.open_orders())
        missing = wanted - self.ctx.position(instrument) - coming
        if missing:
            self.ctx.submit(instrument, 1 if missing > 0 else -1, abs(missing))


@attrs.define
class Follow(_Hold):
    """Turns with every signal.

    Attributes
    ----------
    quantity : Decimal
        Position to hold, in base units or contracts.
    short : bool
        Whether to hold it short as well, or else nothing (spot cannot be sold short).
    """

    quantity: Decimal
    short: bool = True

    def on_signal(self, signal: Signal) -> None:
        """Turn to the side that the model names."""
        self.hold(signal.instrument, int(signal.value))


@attrs.define
class Average(_Hold):
    """Turns when its own fast average crosses its own slow one; for one instrument.

    Attributes
    ----------
    quantity, short
        As in `Follow`.
    fast, slow : int
        Lengths of the averages (trades).
    threshold : float
        Part of the slow average by which the two must differ.
    """

    quantity: Decimal
    fast: int
    slow: int
    threshold: float = 0.0
    short: bool = True
    _averages: list[float] = attrs.field(factory=list, init=False)
    _count: int = attrs.field(default=0, init=False)
    _side: int = attrs.field(default=0, init=False)

    def on_trade(self, trade: Trade) -> None:
        """Take one price, and turn where the averages have changed sides."""
        price = self.ctx.instruments[trade.instrument].float_price(trade.price)
        if not self._averages:
            self._averages = [price, price]
        for place, length in enumerate((self.fast, self.slow)):
            self._averages[place] += 2.0 / (length + 1.0) * (price - self._averages[place])
        self._count += 1
        fast, slow = self._averages
        if self._count < max(self.fast, self.slow) or abs(fast - slow) <= self.threshold * slow:
            return
        side = 1 if fast > slow else -1
        if side != self._side:
            self._side = side
            self.hold(trade.instrument, side)
