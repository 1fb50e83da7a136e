"""Events in words: names for indices, decimals for ticks, lots and smallest units; for people and for pipes.

What leaves the loop is ints and indices; what they mean stands in the tables that the publisher sends as its welcome.
"""

from collections.abc import Sequence
from decimal import Decimal
from enum import IntEnum
from typing import Any

from tickloom.bus.welcome import Welcome
from tickloom.codes import BadInput, Feed, OrderStatus, OrderType, Report, Side, TimeInForce
from tickloom.events import Event, Fill, OrderUpdate, SourceStatus, SubmitOrder
from tickloom.instruments import Instrument, asset_precisions, decimal_amount

#: Decimals of an asset that no instrument of the run names: those of most assets.
_PRECISION = 8

#: Orders whose instrument is remembered.
_MOST_ORDERS = 65_536

_PRICES = frozenset(("price", "bid_price", "ask_price", "open", "high", "low", "close", "mark", "index"))
_LOTS = frozenset(("quantity", "bid_quantity", "ask_quantity", "leaves_quantity", "volume"))
_UNITS = frozenset(("cost", "realised", "amount"))
_TABLES = {
    "account": "accounts",
    "strategy": "strategies",
    "model": "models",
    "view": "views",
    "source": "sources",
    "series": "series",
}
_CODES: dict[str, type[IntEnum]] = {
    "side": Side,
    "aggressor": Side,
    "order_type": OrderType,
    "time_in_force": TimeInForce,
    "report": Report,
}
_SWITCHES = frozenset(("trading", "engaged"))


class Words:
    """Says what events are, in the names and decimals of one run.

    Parameters
    ----------
    welcome : Welcome
        What the publisher said about itself: `tickloom.bus.Subscriber.welcome`.
    """

    def __init__(self, welcome: Welcome) -> None:
        self._instruments = welcome.instrument_table()
        self._names: dict[str, Sequence[str]] = {field: getattr(welcome, table) for field, table in _TABLES.items()}
        self._names["instrument"] = [one.name for one in self._instruments]
        self._precisions = asset_precisions(self._instruments)
        #: Instrument of every living order that was heard of: some news of an order does not repeat it.
        self._orders: dict[int, int] = {}

    def fields(self, event: Event) -> dict[str, Any]:
        """Return the fields of an event, in their order, in words.

        Returns
        -------
        dict
            Names for indices and for the codes of `tickloom.codes`; `Decimal` for prices (quote per base; None where
            there is no price), quantities (base units for spot, contracts else), amounts of money and rates. Times
            stay ints (UNIX time in nanoseconds, UTC), ids and counts stay ints, texts and floats stay. An amendment of
            an order that was not heard of before has ``price_ticks`` and ``quantity_lots``.
        """
        instrument = self._instrument(event)
        told: dict[str, Any] = {}
        for name in event.__struct_fields__:
            value = getattr(event, name)
            if instrument is None and name in ("price", "quantity"):
                told[f"{name}_{'ticks' if name == 'price' else 'lots'}"] = value
            else:
                told[name] = self._tell(event, name, value, instrument)
        return told

    def order(self, order_id: int) -> str:
        """Name of an order for people: its strategy and its number there."""
        return f"{_name(self._names['strategy'], order_id >> 32)} {order_id & 0xFFFFFFFF}"

    def _instrument(self, event: Event) -> Instrument | None:
        """Find the instrument of an event, by its order where it names none; forget orders that are over."""
        order_id = getattr(event, "order_id", None)
        index: int = getattr(event, "instrument", -1)
        if order_id is not None:
            if index < 0:
                index = self._orders.get(order_id, -1)
            elif isinstance(event, SubmitOrder):
                self._remember(order_id, index)
            elif (isinstance(event, OrderUpdate) and event.status > OrderStatus.PARTIALLY_FILLED) or (
                isinstance(event, Fill) and event.leaves_quantity == 0
            ):
                self._orders.pop(order_id, None)
        return self._instruments[index] if 0 <= index < len(self._instruments) else None

    def _remember(self, order_id: int, instrument: int) -> None:
        """Note an order's instrument; who does not hear of fills never hears that it is over, so the oldest go."""
        self._orders[order_id] = instrument
        if len(self._orders) > _MOST_ORDERS:
            del self._orders[next(iter(self._orders))]

    def _tell(self, event: Event, name: str, value: Any, instrument: Instrument | None) -> Any:
        if name in self._names:
            return _name(self._names[name], value)
        if name in _CODES:
            return _code(_CODES[name], value)
        if name in _SWITCHES:
            return bool(value)
        if instrument is not None:
            if name in _PRICES:
                return instrument.price(value) if value else None
            if name in _LOTS:
                return instrument.quantity(value)
            if name in _UNITS:
                return decimal_amount(value, instrument.settle_precision)
        return self._tell_by_kind(event, name, value)

    def _tell_by_kind(self, event: Any, name: str, value: Any) -> Any:
        """Tell the fields whose meaning depends on the kind of event."""
        if name == "status":
            return _code(Feed if isinstance(event, SourceStatus) else OrderStatus, value)
        if name == "reason" and isinstance(event, SourceStatus):
            return _code(BadInput, value)
        if name == "fee":
            return decimal_amount(value, self._precisions.get(event.fee_asset, _PRECISION))
        if name == "cash":
            return decimal_amount(value, self._precisions.get(event.asset, _PRECISION))
        if name == "rate":
            return Decimal(value).scaleb(-12)
        return list(value) if isinstance(value, tuple) else value


def _name(names: Sequence[str], index: int) -> str | None:
    """Name of an index; None where it points nowhere, as of an event that concerns no instrument."""
    return names[index] if 0 <= index < len(names) else None


def _code(codes: type[IntEnum], number: int) -> str | int | None:
    """Name of a code in small letters; None for the 0 of what is unknown; the number of one that is not ours."""
    try:
        return codes(number).name.lower()
    except ValueError:
        return number or None
