"""Buys what closes above its range of the last bars, sells what closes below it, and leaves at the opposite edge.

Only closed bars wake it: the trades and books underneath are seen by the run, which makes the bars, and by the venue.
"""

from collections import defaultdict, deque
from decimal import Decimal

import attrs

from tickloom import Bar, ConfigError, Instrument, Strategy


@attrs.define
class Breakout(Strategy):
    """Follows each instrument by itself.

    Attributes
    ----------
    entry : int
        Bars whose highest high and lowest low a close must leave behind to open a position.
    exit : int
        Bars whose opposite edge closes it again; fewer than ``entry``, so that a stop comes before a turn.
    notional : Decimal
        Value of a position when it is opened, in the asset of the prices.
    """

    entry: int
    exit: int
    notional: Decimal
    _bars: defaultdict[int, deque[Bar]] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Refuse lengths that would never leave a position by its stop."""
        if not 0 < self.exit < self.entry:
            raise ConfigError(f"exit = {self.exit} must be above 0 and below entry = {self.entry}")
        self._bars = defaultdict(lambda: deque(maxlen=self.entry))

    def on_bar(self, bar: Bar) -> None:
        """Compare a close with the bars before it, and act on a break."""
        past = self._bars[bar.instrument]
        if len(past) == self.entry:
            self._decide(bar, list(past))
        past.append(bar)

    def _decide(self, bar: Bar, past: list[Bar]) -> None:
        """Open at a break of the long range, close at the opposite edge of the short one."""
        if any(order.instrument == bar.instrument for order in self.ctx.open_orders()):
            return
        held = self.ctx.position(bar.instrument)
        recent = past[-self.exit :]
        up, down = bar.close > max(one.high for one in past), bar.close < min(one.low for one in past)
        stopped = (held > 0 and bar.close < min(one.low for one in recent)) or (
            held < 0 and bar.close > max(one.high for one in recent)
        )
        side = int(up) - int(down)
        if side * held > 0 or not (side or stopped):
            return
        # A break against the position closes it and opens the opposite one in a single order.
        missing = side * self._lots(bar) - held
        self.ctx.submit(bar.instrument, 1 if missing > 0 else -1, abs(missing), tag="break" if side else "stop")

    def _lots(self, bar: Bar) -> int:
        """Turn the notional into lots at the close, rounded down."""
        instrument: Instrument = self.ctx.instruments[bar.instrument]
        return int(self.notional / (instrument.price(bar.close) * instrument.quantity(1) * instrument.multiplier))
