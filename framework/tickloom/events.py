"""Every kind of event, declared once: its fields, its type id and topic, and for market data its record.

Market data are rows of twelve int64 words (`tickloom_kernels.rows`); the record dtype of a kind is derived from the
Struct below by `record_dtype`, and the same bytes are the batch, the cache, the journal and what kernels read.
Everything else travels as msgpack arrays. Records hold no strings: ``instrument``, ``venue``, ``account``, ``series``,
``strategy``, ``source``, ``view`` and ``model`` are indices into the run's tables.

Times are UNIX nanoseconds (UTC): ``ts_event`` at the exchange, ``ts_init`` when this process had the row.
Prices are int ticks and quantities int lots of their instrument (`tickloom.instruments`).
"""

from typing import ClassVar

import msgspec
import numpy as np

from tickloom_kernels import rows


class Event(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What all events have in common: a type id, a topic and the revision of their fields."""

    TYPE_ID: ClassVar[int] = 0
    TOPIC: ClassVar[str] = ""
    REVISION: ClassVar[int] = 1


# --- market data: rows -----------------------------------------------------------------------------------------------


class Market(Event, frozen=True, gc=False, array_like=True):
    """A market row: when we had it, when it happened, and for which instrument."""

    ts_init: int
    ts_event: int
    instrument: int


class Trade(Market, frozen=True, gc=False, array_like=True):
    """A public trade: price (ticks), quantity (lots), aggressor (+1 bought, -1 sold, 0 unknown), the venue's id."""

    TYPE_ID: ClassVar[int] = rows.TRADE
    TOPIC: ClassVar[str] = "md.trade"
    price: int
    quantity: int
    aggressor: int
    trade_id: int


class Quote(Market, frozen=True, gc=False, array_like=True):
    """The best bid and ask: prices in ticks, quantities in lots (0: the side is empty)."""

    TYPE_ID: ClassVar[int] = rows.QUOTE
    TOPIC: ClassVar[str] = "md.quote"
    bid_price: int
    bid_quantity: int
    ask_price: int
    ask_quantity: int


class BookDelta(Market, frozen=True, gc=False, array_like=True):
    """The new total (lots) at one price (ticks) of one side; flags CLEAR, SNAPSHOT, LAST of `tickloom_kernels.rows`."""

    TYPE_ID: ClassVar[int] = rows.BOOK_DELTA
    TOPIC: ClassVar[str] = "md.delta"
    price: int
    quantity: int
    side: int
    flags: int


class Bar(Market, frozen=True, gc=False, array_like=True):
    """Open, high, low and close (ticks) and volume (lots) of ``trades`` trades; ``ts_event`` is the bar's open time."""

    TYPE_ID: ClassVar[int] = rows.BAR
    TOPIC: ClassVar[str] = "md.bar"
    series: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    trades: int
    flags: int


class MarkPrice(Market, frozen=True, gc=False, array_like=True):
    """A venue's mark price and index price (ticks), which unrealised profit and liquidation go by."""

    TYPE_ID: ClassVar[int] = rows.MARK_PRICE
    TOPIC: ClassVar[str] = "md.mark"
    mark: int
    index: int


class FundingRate(Market, frozen=True, gc=False, array_like=True):
    """The funding rate of a perpetual contract in units of 1e-12, due at ``due`` (UNIX time in nanoseconds, UTC)."""

    TYPE_ID: ClassVar[int] = rows.FUNDING_RATE
    TOPIC: ClassVar[str] = "md.funding"
    rate: int
    due: int


class InstrumentStatus(Market, frozen=True, gc=False, array_like=True):
    """Whether an instrument trades (1) or is halted (0)."""

    TYPE_ID: ClassVar[int] = rows.INSTRUMENT_STATUS
    TOPIC: ClassVar[str] = "md.status"
    trading: int


class Liquidation(Market, frozen=True, gc=False, array_like=True):
    """A public forced trade: price (ticks), quantity (lots), side of the liquidation order."""

    TYPE_ID: ClassVar[int] = rows.LIQUIDATION
    TOPIC: ClassVar[str] = "md.liquidation"
    price: int
    quantity: int
    side: int


class SourceStatus(Market, frozen=True, gc=False, array_like=True):
    """News of a source: a `tickloom.codes.Feed`, its reason (`BadInput`), and the line or row of its input."""

    TYPE_ID: ClassVar[int] = rows.SOURCE_STATUS
    TOPIC: ClassVar[str] = "sys.source"
    source: int
    status: int
    reason: int
    place: int


class KillSwitch(Market, frozen=True, gc=False, array_like=True):
    """An operator's hand: from this row on the gate refuses every new order (1), or no longer does (0)."""

    TYPE_ID: ClassVar[int] = rows.KILL_SWITCH
    TOPIC: ClassVar[str] = "sys.kill"
    engaged: int


# --- derived, commands, outcomes, state, system: messages ------------------------------------------------------------


class Features(Event, frozen=True, gc=False, array_like=True):
    """The newest vector of a feature view: float64 values in the order of the view's features."""

    TYPE_ID: ClassVar[int] = 32
    TOPIC: ClassVar[str] = "feat"
    ts_init: int
    view: int
    instrument: int
    values: tuple[float, ...]


class Signal(Event, frozen=True, gc=False, array_like=True):
    """A model's opinion of an instrument; what the value means is the model's contract."""

    TYPE_ID: ClassVar[int] = 33
    TOPIC: ClassVar[str] = "sig"
    ts_init: int
    model: int
    instrument: int
    value: float


class SubmitOrder(Event, frozen=True, gc=False, array_like=True):
    """A new order. ``order_id`` is (strategy << 32) + counter; ``parent_id`` is 0, or the order it works for."""

    TYPE_ID: ClassVar[int] = 48
    TOPIC: ClassVar[str] = "ord"
    ts_init: int
    order_id: int
    parent_id: int
    strategy: int
    account: int
    instrument: int
    side: int
    order_type: int
    time_in_force: int
    post_only: bool
    price: int
    quantity: int
    algorithm: str
    tag: str


class CancelOrder(Event, frozen=True, gc=False, array_like=True):
    """Take the rest of an order off the market."""

    TYPE_ID: ClassVar[int] = 49
    TOPIC: ClassVar[str] = "ord"
    ts_init: int
    order_id: int


class AmendOrder(Event, frozen=True, gc=False, array_like=True):
    """Change price (ticks) and total quantity (lots); only less at the same price keeps the place in the queue."""

    TYPE_ID: ClassVar[int] = 50
    TOPIC: ClassVar[str] = "ord"
    ts_init: int
    order_id: int
    price: int
    quantity: int


class OrderUpdate(Event, frozen=True, gc=False, array_like=True):
    """News of an order that is no fill: a `tickloom.codes.Report`, and when the venue (or the gate) decided."""

    TYPE_ID: ClassVar[int] = 64
    TOPIC: ClassVar[str] = "ord"
    ts_init: int
    ts_venue: int
    order_id: int
    account: int
    instrument: int
    report: int
    status: int
    price: int
    leaves_quantity: int
    reason: str


class Fill(Event, frozen=True, gc=False, array_like=True):
    """An execution: price (ticks), quantity (lots), fee in smallest units of ``fee_asset`` (negative: a rebate)."""

    TYPE_ID: ClassVar[int] = 65
    TOPIC: ClassVar[str] = "fill"
    ts_init: int
    ts_venue: int
    order_id: int
    account: int
    instrument: int
    side: int
    price: int
    quantity: int
    leaves_quantity: int
    fee: int
    fee_asset: str
    maker: bool


class Funding(Event, frozen=True, gc=False, array_like=True):
    """A funding payment: smallest units of the contract's settlement asset, positive when we received it."""

    TYPE_ID: ClassVar[int] = 66
    TOPIC: ClassVar[str] = "fill"
    ts_init: int
    ts_venue: int
    account: int
    instrument: int
    amount: int


class PositionChanged(Event, frozen=True, gc=False, array_like=True):
    """A position after a fill: lots (signed), cost and realised profit in smallest units of the settlement asset."""

    TYPE_ID: ClassVar[int] = 80
    TOPIC: ClassVar[str] = "pos"
    ts_init: int
    account: int
    instrument: int
    quantity: int
    cost: int
    realised: int


class AccountChanged(Event, frozen=True, gc=False, array_like=True):
    """Cash of one asset after a booking, in smallest units."""

    TYPE_ID: ClassVar[int] = 81
    TOPIC: ClassVar[str] = "acct"
    ts_init: int
    account: int
    asset: str
    cash: int


class TimerFired(Event, frozen=True, gc=False, array_like=True):
    """A timer that ``owner`` (a plugin's instance name) had set is due."""

    TYPE_ID: ClassVar[int] = 96
    TOPIC: ClassVar[str] = "sys.timer"
    ts_init: int
    owner: str
    name: str


class ModelSwitched(Event, frozen=True, gc=False, array_like=True):
    """A model's active version changed."""

    TYPE_ID: ClassVar[int] = 97
    TOPIC: ClassVar[str] = "sys.model"
    ts_init: int
    model: int
    version: str
    reason: str


class Alert(Event, frozen=True, gc=False, array_like=True):
    """Something a person should look at, from the named plugin or part."""

    TYPE_ID: ClassVar[int] = 98
    TOPIC: ClassVar[str] = "sys.alert"
    ts_init: int
    origin: str
    text: str


class PluginFault(Event, frozen=True, gc=False, array_like=True):
    """A plugin raised: which one, in which callback, what, and what was done about it."""

    TYPE_ID: ClassVar[int] = 99
    TOPIC: ClassVar[str] = "sys.fault"
    ts_init: int
    plugin: str
    callback: str
    error: str
    action: str


class RunStarted(Event, frozen=True, gc=False, array_like=True):
    """The first event of a run."""

    TYPE_ID: ClassVar[int] = 100
    TOPIC: ClassVar[str] = "sys.run"
    ts_init: int
    seed: int


class RunEnded(Event, frozen=True, gc=False, array_like=True):
    """The last event of a run: why it ended, and how many internal events were still due."""

    TYPE_ID: ClassVar[int] = 101
    TOPIC: ClassVar[str] = "sys.run"
    ts_init: int
    reason: str
    pending: int


#: Market kinds by type id.
MARKET_KINDS: dict[int, type[Market]] = {kind.TYPE_ID: kind for kind in Market.__subclasses__()}

#: All kinds by type id.
KINDS: dict[int, type[Event]] = {
    kind.TYPE_ID: kind for kind in (*MARKET_KINDS.values(), *Event.__subclasses__()) if kind is not Market
}


def record_dtype(kind: type[Market]) -> np.dtype[np.void]:
    """Derive the record of a market kind from its declaration.

    Parameters
    ----------
    kind : type
        A subclass of `Market`.

    Returns
    -------
    numpy.dtype
        Structured, 96 bytes: the Struct's fields in their order, each an int64, the first word first. Hence
        ``Trade(*row[:7])`` is the event of a row, and ``chunk.view(record_dtype(Trade))[:, 0]`` a table of trades.
    """
    names = kind.__struct_fields__
    return np.dtype(
        {
            "names": list(names),
            "formats": ["<i8"] * len(names),
            "offsets": [8 * word for word in range(len(names))],
            "itemsize": 8 * rows.WORDS,
        }
    )
