"""One Protocol per kind of plugin, and what the loop gives a plugin in return (`Context`).

A plugin may subclass its Protocol (then the handlers it does not write do nothing) or just look like it.
Settings are constructor parameters, by name: the loader checks a config's keys against the signature, so an attrs
class with validators is the natural form. Nothing here is called below the loop except bound handlers.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any, Protocol

from tickloom.events import (
    AmendOrder,
    Bar,
    BookDelta,
    CancelOrder,
    Event,
    Features,
    Fill,
    OrderUpdate,
    Quote,
    Signal,
    SubmitOrder,
    TimerFired,
    Trade,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tickloom.instruments import Instrument
    from tickloom.ledger import Ledger
    from tickloom.orders.table import Order, OrderTable
    from tickloom.record import RunRecord
    from tickloom.report.section import Section

    type_rows = NDArray[np.int64]

#: What a person may write for a price or a quantity: a decimal number, its text, or an int of ticks or lots.
Amount = Decimal | str | int

Command = SubmitOrder | CancelOrder | AmendOrder


class Context(Protocol):
    """What the loop gives a plugin: time, chance, timers, commands, its orders and positions, and the market so far.

    All of it is as known at the event being handled: nothing here looks ahead, and nothing is the venue's own truth.
    """

    #: Seeded from (run seed, plugin instance name): the plugin's only source of randomness.
    rng: Random
    #: The run's instruments, by index.
    instruments: Sequence["Instrument"]

    @property
    def clock(self) -> int:
        """Logical time of the event being handled (UNIX time in nanoseconds, UTC); never the wall clock."""
        ...

    def instrument(self, name: str) -> int:
        """Index of the instrument called ``VENUE.SYMBOL`` (or ``SYMBOL`` where only one venue has it)."""
        ...

    def timer(self, at: int, name: str) -> None:
        """Ask for `on_timer` at ``at`` (UNIX time in nanoseconds, UTC), or at once if that has passed."""
        ...

    def submit(
        self,
        instrument: int,
        side: int,
        quantity: Amount,
        price: Amount | None = None,
        *,
        time_in_force: int = 1,
        post_only: bool = False,
        algorithm: str = "direct",
        tag: str = "",
    ) -> int:
        """Send an order (a market order where ``price`` is None) and return its id, which is known at once."""
        ...

    def cancel(self, order_id: int) -> None:
        """Ask for the rest of an order to be taken off the market."""
        ...

    def amend(self, order_id: int, quantity: Amount, price: Amount) -> None:
        """Ask for another total quantity and price; only less at the same price keeps the place in the queue."""
        ...

    def subscribe(self, kind: type[Event], instrument: int) -> None:
        """Wake the plugin on further rows, from the next input on."""
        ...

    def publish(self, instrument: int, value: float) -> None:
        """Send a signal of an instrument, as a model does; a strategy's own `on_signal` hears it."""
        ...

    def order(self, order_id: int) -> "Order":
        """One order of this plugin, as far as news of it has arrived."""
        ...

    def open_orders(self) -> Sequence["Order"]:
        """Orders of this plugin that may still fill, oldest first."""
        ...

    def position(self, instrument: int) -> int:
        """Position in lots (signed) of the plugin's account at the instrument's venue, by the fills it has heard of."""
        ...

    def cash(self, asset: str) -> Decimal:
        """Cash of the plugin's accounts in one asset."""
        ...

    def trade(self, instrument: int) -> Trade | None:
        """Return the newest trade, or None before the first."""
        ...

    def quote(self, instrument: int) -> Quote | None:
        """Return the newest best bid and ask (of the book where the source gives no quotes), or None."""
        ...

    def book(self, instrument: int, depth: int = 10) -> tuple["type_rows", "type_rows"]:
        """Bids and asks, best first: int64 arrays of shape (levels, 2) with price (ticks) and quantity (lots)."""
        ...

    def features(self, view: str, instrument: int) -> Features | None:
        """Return the newest vector of a feature view, or None before its warm-up is over."""
        ...


class Source(Protocol):
    """Market data, as chunks of rows in the order of ``ts_init``.

    Rows number instruments from 0 in the order of `instruments` and bar series in the order of `series`; the run
    gives them their places in its own tables. What could not be read is a `SourceStatus` row, never an exception
    where the rest can still be used.
    """

    @property
    def instruments(self) -> Sequence["Instrument"]:
        """What this source gives; may open a file's head, must not read it whole."""
        ...

    @property
    def series(self) -> Sequence[str]:
        """Names of the bar series in its `Bar` rows (such as ``5m``); empty without bars."""
        ...

    def chunks(self) -> Iterator[tuple["type_rows", int]]:
        """Yield ``(rows, watermark)``.

        ``rows`` : int64, shape (n, 12), C-contiguous, ordered by ``ts_init`` within and across chunks; n may be 0.
        ``watermark`` : int, no later row has a ``ts_init`` below it (UNIX time in nanoseconds, UTC).
        The end of the iterator is the end of the source.
        """
        ...

    def progress(self) -> float:
        """Part of the input that has been read, 0 to 1."""
        ...


class Model(Protocol):
    """Features in, an opinion out."""

    def predict(self, features: Features) -> float | None:
        """Return the value of a `Signal`, or None to say nothing."""
        ...


class Strategy:
    """Decides what to hold. Write the handlers you need; the run wakes you for nothing else.

    A class and no Protocol, so that a typed strategy that writes two handlers is complete.
    """

    ctx: Context
    #: Compiled functions that look at every row in Python's place: one that sends signals
    #: (`tickloom_kernels.compiled.emission`), or one that places orders (`tickloom_kernels.compiled.desk`).
    emission_kernel: Any = None
    order_kernel: Any = None

    def kernel_state(self) -> "NDArray[np.float64]":
        """Return the memory that such a kernel starts with: float64, one dimension."""
        import numpy as np

        return np.zeros(0)

    def on_start(self) -> None:
        """Run once, before the first row; `ctx` is there."""

    def on_trade(self, trade: Trade) -> None:
        """Handle every public trade of the strategy's instruments."""

    def on_quote(self, quote: Quote) -> None:
        """Handle every change of the best bid or ask."""

    def on_book(self, delta: BookDelta) -> None:
        """Handle the last row of every update of the book, after which `Context.book` is whole."""

    def on_bar(self, bar: Bar) -> None:
        """Handle every closed bar."""

    def on_features(self, features: Features) -> None:
        """Handle every vector of a feature view, once it is warm."""

    def on_signal(self, signal: Signal) -> None:
        """Handle every signal of a model."""

    def on_order(self, update: OrderUpdate) -> None:
        """Handle news of the strategy's own orders."""

    def on_fill(self, fill: Fill) -> None:
        """Handle the strategy's own fills, after ledger and position know them."""

    def on_timer(self, timer: TimerFired) -> None:
        """Handle a timer that this plugin set."""

    def on_stop(self) -> None:
        """Run once, after the last row; commands given here go nowhere."""


class Algorithm(Protocol):
    """Works a parent order through child orders.

    One that returns every command itself, and nothing else, may say so with ``as_is = True``: it is not asked then.
    """

    ctx: Context

    def work(self, command: Command) -> Iterable[Command]:
        """Return the commands that carry out one command of a strategy, now; more may follow from timers."""
        ...


class Router(Protocol):
    """Chooses where an order goes.

    One that returns every order itself, and nothing else, may say so with ``as_is = True``: it is not asked then.
    """

    ctx: Context

    def route(self, order: SubmitOrder) -> Iterable[SubmitOrder]:
        """Return the order for one venue's instrument, or several that add up to it."""
        ...


class GateContext(Protocol):
    """What the gate gives a check: the same market as everybody's, and the gate's own numbers, as known."""

    #: The run's instruments, by index.
    instruments: Sequence["Instrument"]

    @property
    def clock(self) -> int:
        """Logical time of the command (UNIX time in nanoseconds, UTC)."""
        ...

    def exposure(self, account: int, instrument: int) -> "NDArray[np.int64]":
        """Position (signed), working buys, working sells, in lots: int64, shape (3,), a row of the gate's state."""
        ...

    def order(self, order_id: int) -> "Order":
        """Return the order that an amendment concerns."""
        ...

    def trade(self, instrument: int) -> Trade | None:
        """Return the newest trade, or None before the first."""
        ...

    def quote(self, instrument: int) -> Quote | None:
        """Return the newest best bid and ask, or None."""
        ...

    def last_price(self, instrument: int) -> tuple[int, int] | None:
        """Return price (ticks; of a trade, a quote's mid or a bar's close) and ``ts_init`` of the newest row."""
        ...

    def equity(self, account: int, asset: str) -> int:
        """Cash plus unrealised profit in one asset, in its smallest units, at the newest prices."""
        ...


class RiskCheck(Protocol):
    """One more question at the gate, in front of every venue.

    A check whose limits are numbers may have them compared by a kernel, as a strategy with an order kernel needs it and
    others are faster by it. It then has ``flat(accounts) -> (limits, numbers)``, the arrays that
    `tickloom_kernels.orders.risk.check` takes, by instrument and by account, a `ConfigError` where it has none; and
    ``explain(detail) -> str``, which says why that kernel refused.
    """

    ctx: GateContext

    def check(self, command: SubmitOrder | AmendOrder) -> str | None:
        """Return why the command must not pass, or None."""
        ...


class Venue(Protocol):
    """Where orders meet a market that is replayed: a simulation over rows, which may be taken back.

    The loop hands it the instruments (with their places in the run) and accounts at wiring, then rows in blocks:
    `advance` runs ahead, `rollback` takes back everything since `checkpoint`. Its outcomes exist once `commit` has
    been called; the loop then names, delays and delivers them.
    """

    def open(
        self,
        name: str,
        instruments: Sequence["Instrument | None"],
        ledger: "Ledger",
        seed: int,
        orders: "OrderTable",
    ) -> tuple["type_rows", "type_rows"]:
        """Take up a run, and return the lines of its session, out and back (`tickloom_kernels.orders.line`).

        ``instruments`` has None where one belongs to another venue; ``ledger`` is the venue's own; orders are named by
        their row in ``orders``. What the lines draw is keyed by (seed, name, direction).
        """
        ...

    def advance(self, rows: "type_rows", start: int, limit: int, ts_next: int) -> int:
        """Run through rows ``[start, limit)``.

        Stop at the first row with an outcome (it is included; `pending` says so), before the first row with
        ``ts_init >= ts_next``, or where a block must end. Return the row stopped at, or ``limit``.
        """
        ...

    @property
    def pending(self) -> bool:
        """Whether the last `advance` stopped at a row with outcomes."""
        ...

    def checkpoint(self) -> None:
        """Remember this state."""
        ...

    def rollback(self) -> None:
        """Return to the state of the last `checkpoint`."""
        ...

    def arrive(self, out: "type_rows", back: "type_rows", numbering: "type_rows", until: int, most: int) -> bool:
        """Take commands off the line out, meet each, and `commit` what follows, at the time of its arrival.

        Those that arrive at or before ``until`` and before any news that is due on ``back``, at most ``most`` of them.
        One travels as (what, row of the order, price, quantity, cause row, cause sub), with ``what`` SUBMIT, CANCEL or
        AMEND of `tickloom_kernels.orders.table`. False where the line back is too short: the loop calls again with a
        longer one.
        """
        ...

    def commit(self, back: "type_rows", numbering: "type_rows", ts: int, cause_row: int, cause_sub: int) -> bool:
        """Make the outcomes so far the venue's truth, and put the news of them on the line back.

        They travel as (code, row of the order, price, quantity, leaves, maker, reason, fee, time, cause row, cause
        sub): numbers of `tickloom_kernels.venue.outcomes`, the fee in smallest units of the settlement asset.
        ``numbering`` counts the items on all lines. False where the line is too short: nothing has happened then, and
        the loop calls again with a longer one.
        """
        ...

    def longest(self) -> int:
        """Longest way out and back together (ns): how long after the last row news may still come."""
        ...

    def notes(self) -> Sequence[str]:
        """Say what a reader of the report must know of this venue's fills."""
        ...


class ReportSection(Protocol):
    """A part of the report: a table, a picture, one sentence."""

    def section(self, record: "RunRecord") -> "Section":
        """Make the section; an empty one says why it is empty."""
        ...
