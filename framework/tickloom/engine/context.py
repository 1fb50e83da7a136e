"""What a plugin sees of the loop: `tickloom.interfaces.Context`, made of the moment, the market and the tables."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from operator import index, length_hint
from random import Random
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from tickloom.codes import OrderType, TimeInForce
from tickloom.errors import ConfigError, OrderError, nearest
from tickloom.events import AmendOrder, Bar, BookDelta, CancelOrder, Event, Features, Quote, Signal, SubmitOrder, Trade
from tickloom.instruments import Instrument, decimal_amount
from tickloom.interfaces import Amount
from tickloom.ledger import Ledger
from tickloom.orders.table import Order, OrderTable

if TYPE_CHECKING:
    from tickloom.engine.market import Market

#: An item of the queue of commands: what to do, for whom, with what, and the number (after the row) of its cause.
Item = tuple[Callable[[Any, Any, int], None], Any, Any, int]


# Plain ints: an attribute of an enum is looked up in 0.3 us.
_MARKET, _LIMIT = OrderType.MARKET.value, OrderType.LIMIT.value
_GTC = TimeInForce.GTC.value
#: Kinds of rows that a plugin may come to listen to.
_ROW_KINDS = (Trade, Quote, BookDelta, Bar)


class Instant(Struct, frozen=True, gc=False):
    """In place of an event that nobody handles: when it was (UNIX time in nanoseconds, UTC)."""

    ts_init: int


class Moment:
    """What is being handled: a wake of the plan, or else one event; and the commands it has led to so far."""

    __slots__ = ("cause", "event", "events", "fifo", "positions", "reach", "row", "running", "wake")

    def __init__(self) -> None:
        #: Number of the wake in the plan; -1 while an internal event is handled. Not kept while `running`.
        self.wake = -1
        #: What is left of the wakes before ``reach``, while they are handed out one after the other.
        self.running: Iterator[Any] | None = None
        self.reach = 0
        self.events: Sequence[Any] = ()
        self.positions: Sequence[int] = ()
        #: Row of the chunk that the loop came to last.
        self.row = -1
        self.event: Any = None
        #: Number after the row of the event being handled; 0 for the row itself.
        self.cause = 0
        self.fifo: list[Item] = []

    @property
    def at(self) -> int:
        """Number of the wake in the plan; -1 while an internal event is handled."""
        return self.wake if self.running is None else self.reach - 1 - length_hint(self.running)

    @property
    def clock(self) -> int:
        """Logical time (UNIX time in nanoseconds, UTC)."""
        at = self.wake if self.running is None else self.reach - 1 - length_hint(self.running)
        ts: int = (self.events[at] if at >= 0 else self.event).ts_init
        return ts

    @property
    def position(self) -> int:
        """Row of the chunk up to which everything is known; -1 before its first."""
        at = self.wake if self.running is None else self.reach - 1 - length_hint(self.running)
        return self.positions[at] if at >= 0 else self.row


class Actions(Protocol):
    """What the loop does with the commands of plugins; each takes (context, payload, number of the cause)."""

    def submit(self, ctx: Any, payload: Any, cause: int, /) -> None:
        """Take up a `SubmitOrder`."""

    def cancel(self, ctx: Any, payload: Any, cause: int, /) -> None:
        """Take up a `CancelOrder`."""

    def amend(self, ctx: Any, payload: Any, cause: int, /) -> None:
        """Take up an `AmendOrder`."""

    def timer(self, ctx: Any, payload: Any, cause: int, /) -> None:
        """Take up (time, name)."""

    def subscribe(self, ctx: Any, payload: Any, cause: int, /) -> None:
        """Take up (kind, instrument)."""

    def publish(self, ctx: Any, payload: Any, cause: int, /) -> None:
        """Take up a `Signal`."""


class PluginContext:
    """One plugin's `Context`.

    Parameters
    ----------
    name : str
        Instance name.
    index : int
        Place among the strategies; the high half of its order ids.
    accounts : sequence of int
        Account by instrument; -1 where the plugin has none at the instrument's venue.
    """

    def __init__(
        self,
        name: str,
        index: int,
        seed: int,
        moment: Moment,
        market: "Market",
        orders: OrderTable,
        ledger: Ledger,
        instruments: Sequence[Instrument],
        accounts: Sequence[int],
        precisions: Mapping[str, int],
        newest: Mapping[str, Mapping[int, Features]],
        actions: Actions,
    ) -> None:
        self.name = name
        self.index = index
        self.rng = Random(f"{seed}/{name}")
        self.instruments = instruments
        self.accounts = accounts
        self._moment = moment
        self._market = market
        self._orders = orders
        self._ledger = ledger
        self._precisions = precisions
        self._newest = newest
        self._actions = actions
        self._next_id = index << 32
        #: Whose signals are its own: the index in the run's table of models.
        self.model = -1

    @property
    def clock(self) -> int:
        """Logical time of the event being handled (UNIX time in nanoseconds, UTC)."""
        return self._moment.clock

    def instrument(self, name: str) -> int:
        """Index of ``VENUE.SYMBOL``, or of ``SYMBOL`` where only one venue has it; else a `ConfigError`."""
        return find_instrument(self.instruments, name, self.name)

    def timer(self, at: int, name: str) -> None:
        """Ask for `on_timer` at ``at`` (UNIX time in nanoseconds, UTC)."""
        self._moment.fifo.append((self._actions.timer, self, (index(at), name), self._moment.cause))

    def submit(
        self,
        instrument: int,
        side: int,
        quantity: Amount,
        price: Amount | None = None,
        *,
        time_in_force: int = _GTC,
        post_only: bool = False,
        algorithm: str = "direct",
        tag: str = "",
    ) -> int:
        """Send an order; see `tickloom.interfaces.Context.submit`."""
        known = self._known(instrument)
        account = self.accounts[instrument]
        if side not in (1, -1) or account < 0:
            wrong = f"side {side} is neither 1 (buy) nor -1 (sell)" if account >= 0 else "no account at its venue"
            raise OrderError(f"{self.name}: {known.name}: {wrong}")
        lots = known.lots(quantity)
        if lots == 0:
            least = known.quantity(known.min_lots)
            raise OrderError(f"{self.name}: {known.name}: an order is for more than 0; the smallest is {least}")
        self._next_id += 1
        moment = self._moment
        order = SubmitOrder(
            moment.clock,
            self._next_id,
            0,
            self.index,
            account,
            int(instrument),
            int(side),
            _MARKET if price is None else _LIMIT,
            int(time_in_force),
            bool(post_only),
            0 if price is None else known.ticks(price),
            lots,
            algorithm,
            tag,
        )
        moment.fifo.append((self._actions.submit, self, order, moment.cause))
        return order.order_id

    def _known(self, instrument: int) -> Instrument:
        """Instrument of an index; one below 0 would be another's."""
        if not 0 <= index(instrument) < len(self.instruments):
            raise OrderError(f"{self.name}: no instrument {instrument}; the run has {len(self.instruments)}, from 0")
        return self.instruments[instrument]

    def cancel(self, order_id: int) -> None:
        """Ask for the rest of an order to be taken off the market."""
        moment = self._moment
        moment.fifo.append((self._actions.cancel, self, CancelOrder(moment.clock, index(order_id)), moment.cause))

    def amend(self, order_id: int, quantity: Amount, price: Amount) -> None:
        """Ask for another total quantity and price."""
        moment = self._moment
        known = self.instruments[self._orders[order_id].instrument]
        amended = AmendOrder(moment.clock, int(order_id), known.ticks(price), known.lots(quantity))
        moment.fifo.append((self._actions.amend, self, amended, moment.cause))

    def subscribe(self, kind: type[Event], instrument: int) -> None:
        """Wake the plugin on further rows, from the next input on."""
        self._known(instrument)
        if kind not in _ROW_KINDS:
            kinds = ", ".join(one.__name__ for one in _ROW_KINDS)
            raise ConfigError(f"{self.name}: cannot subscribe to {kind!r}; kinds of rows are {kinds}")
        self._moment.fifo.append((self._actions.subscribe, self, (kind, int(instrument)), self._moment.cause))

    def publish(self, instrument: int, value: float) -> None:
        """Send a signal of an instrument, which this plugin's own `on_signal` hears."""
        self._known(instrument)
        moment = self._moment
        signal = Signal(moment.clock, self.model, int(instrument), float(value))
        moment.fifo.append((self._actions.publish, self, signal, moment.cause))

    def order(self, order_id: int) -> Order:
        """One order, as far as news of it has arrived."""
        return self._orders[order_id]

    def open_orders(self) -> Sequence[Order]:
        """Orders of this plugin that may still fill, oldest first."""
        return self._orders.open_of(self.index)

    def position(self, instrument: int) -> int:
        """Position in lots (signed); 0 where the plugin has no account at the instrument's venue."""
        account = self.accounts[instrument]
        return int(self._orders.exposure[account, instrument, 0]) if account >= 0 else 0

    def cash(self, asset: str) -> Decimal:
        """Cash of the plugin's accounts in one asset."""
        units = sum(self._ledger.cash(account, asset) for account in sorted(set(self.accounts) - {-1}))
        return decimal_amount(units, self._precisions.get(asset, 8))

    def trade(self, instrument: int) -> Trade | None:
        """Return the newest trade."""
        return self._market.trade(instrument)

    def quote(self, instrument: int) -> Quote | None:
        """Return the newest best bid and ask."""
        return self._market.quote(instrument)

    def book(self, instrument: int, depth: int = 10) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Bids and asks, best first: int64 arrays of shape (levels, 2)."""
        return self._market.book(instrument, depth)

    def features(self, view: str, instrument: int) -> Features | None:
        """Return the newest vector of a view that the plugin named in its config, or that somebody listens to."""
        if view not in self._newest:
            raise ConfigError(f"{self.name}: no view {view!r} is listened to; {nearest(view, self._newest)}")
        return self._newest[view].get(instrument)


def find_instrument(instruments: Sequence[Instrument], name: str, where: str) -> int:
    """Index of ``VENUE.SYMBOL``, or of ``SYMBOL`` where only one venue has it.

    Raises
    ------
    ConfigError
        Where no instrument, or more than one, is called that; it lists those that there are.
    """
    found = [i for i, known in enumerate(instruments) if name in (known.name, known.symbol)]
    if len(found) == 1:
        return found[0]
    names = [known.name for known in instruments]
    if found:
        raise ConfigError(f"{where}: {name!r} is at several venues: {', '.join(names[i] for i in found)}")
    raise ConfigError(f"{where}: no instrument {name!r}; {nearest(name, names)}")
