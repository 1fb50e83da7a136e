"""Who stands beside the plugin under test: a strategy that sends everything, features, a model, and somebody idle."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tickloom.codes import TimeInForce
from tickloom.events import Features, SubmitOrder, TimerFired, Trade
from tickloom.features import Float, Int, Use, feature
from tickloom.interfaces import Command, Strategy

Floats = NDArray[np.float64]
_IOC = TimeInForce.IOC.value


class Busy(Strategy):
    """Sends orders of every sort, amends and cancels them, and comes back to a small position.

    Parameters
    ----------
    algorithm : str
        Which one works its orders.
    every : int
        Trades between two orders.
    """

    def __init__(self, algorithm: str = "direct", every: int = 5) -> None:
        self.algorithm = algorithm
        self.every = every
        self.seen = 0
        self.waiting = False

    def on_timer(self, timer: TimerFired) -> None:
        """Cancel or amend what was sent last."""
        self.waiting = False
        ctx = self.ctx
        for order in ctx.open_orders()[-3:]:
            if order.price and ctx.rng.random() < 0.5:
                ctx.amend(order.order_id, order.quantity + ctx.rng.choice((-1, 0, 2)), order.price + order.side)
            else:
                ctx.cancel(order.order_id)

    def on_trade(self, trade: Trade) -> None:
        """Send one order at every so many trades: a market order, one that takes, or one that rests."""
        ctx = self.ctx
        if not self.waiting:
            self.waiting = True
            ctx.timer(trade.ts_init + 9_000_000, "look")
        self.seen += 1
        if self.seen % self.every:
            return
        held = ctx.position(trade.instrument)
        side = ctx.rng.choice((1, -1)) if abs(held) < 40 else (-1 if held > 0 else 1)
        sort = self.seen // self.every % 4
        price = (None, trade.price + 2 * side, trade.price - side, trade.price - 5 * side)[sort]
        ctx.submit(
            trade.instrument,
            side,
            ctx.rng.randrange(1, 25),
            price,
            time_in_force=_IOC if sort == 1 else 1,
            post_only=sort == 2,
            algorithm=self.algorithm,
        )


class Hearing(Strategy):
    """Hears feature vectors, so that they are named and seen, and does nothing with them."""

    def on_features(self, features: Features) -> None:
        """Hear."""


class Idle(Strategy):
    """Wakes on what another strategy wakes on, and does nothing: what the waking itself costs."""

    @staticmethod
    def like(handlers: Sequence[str]) -> type["Idle"]:
        """Return a strategy with handlers of these names."""
        return type("Idle", (Idle,), {name: lambda self, *event: None for name in handlers})


def _average(k: int, state: tuple[float], close: float, alpha: float) -> tuple[tuple[float], float]:
    """Follow the closes, more or less quickly."""
    value = close if k == 0 else state[0] + alpha * (close - state[0])
    return (value,), value


average = feature(
    name="average", inputs=("close",), parameters={"alpha": Float(0.5, 0.0, 1.0)}, state=1, unit="price", power=1
)(_average)


def averages(count: int = 2) -> list[Use]:
    """Return moving averages of closes, each three times as slow as the one before: plausible vectors."""
    return [average(alpha=2.0 / (3.0**k + 1.0)) for k in range(count)]


def playback(table: Floats) -> list[Use]:
    """Return features that give out a table (float64, shape (n, width)) row by row, and its last row from then on."""
    last = len(table) - 1

    def step(k: int, _close: float, column: int) -> float:
        return table[min(k, last), column]  # type: ignore[no-any-return]

    shown = feature(
        name="playback", inputs=("close",), parameters={"column": Int(0, 0, table.shape[1] - 1)}, power=None
    )(step)
    return [shown(column=column) for column in range(table.shape[1])]


@feature(inputs=("close",), unit="price", power=1, stability="exact")
def nothing(k: int, close: float) -> float:
    """Give out what came in."""
    return close


class Rising:
    """Says +1 when the first value of a vector is above the last one, -1 when it is below, at a change of sides."""

    def __init__(self) -> None:
        self._sides: dict[int, float] = {}

    def predict(self, features: Features) -> float | None:
        """Return the side at a change."""
        side = float(np.sign(features.values[0] - features.values[-1]))
        if side == self._sides.get(features.instrument, 0.0):
            return None
        self._sides[features.instrument] = side
        return side


class Silent:
    """A model without an opinion, a check without an objection, and stations that change nothing."""

    def predict(self, features: Features) -> None:
        """Say nothing."""

    def check(self, command: Command) -> None:
        """Object to nothing."""

    def work(self, command: Command) -> tuple[Command]:
        """Return the command itself."""
        return (command,)

    def route(self, order: SubmitOrder) -> tuple[SubmitOrder]:
        """Return the order itself."""
        return (order,)
