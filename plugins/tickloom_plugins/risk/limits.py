"""The limits that every run should have: how large, how much, how far, how fast, how old, and how much may be lost.

The numbers are compared in `tickloom_kernels.orders.risk`; here the settings of a config become its rows, once per
instrument and account. `refusal` makes the sentence of a refusal.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import attrs
import numpy as np
from attrs import field
from attrs.converters import optional
from numpy.typing import NDArray

from tickloom import units
from tickloom.codes import OrderType
from tickloom.errors import ConfigError, nearest
from tickloom.events import AmendOrder, SubmitOrder
from tickloom.instruments import Instrument, asset_precisions, parse_amount
from tickloom.interfaces import GateContext
from tickloom.money import exact
from tickloom_kernels.orders import risk
from tickloom_plugins.risk.refusal import Refused

#: Collars are counted in parts of this.
_PARTS = 1_000_000
#: A window is kept as one time per command, so it must not be endless.
_LARGEST_RATE = 1_000_000

_MARKET = int(OrderType.MARKET)


def _size(value: Decimal | str | int) -> Decimal:
    """Read a limit of a quantity (base units or contracts)."""
    number = exact.read(value, "limit", ConfigError)
    if number < 0:
        raise ConfigError(f"{value} must not be negative")
    return number


def _positions(value: Decimal | str | int | Mapping[str, Decimal | str | int]) -> dict[str, Decimal]:
    """Read one limit for all instruments (under the empty name), or one for each of several."""
    if not isinstance(value, Mapping):
        return {"": _size(value)}
    return {name: _size(limit) for name, limit in value.items()}


def _amount(value: str) -> str:
    """Check an amount; it becomes smallest units when the run's assets are known."""
    number, _ = units.amount(value)
    if number < 0:
        raise ConfigError(f"{value!r} must not be negative")
    return value


def _amounts(value: str | Sequence[str]) -> tuple[str, ...]:
    """Check one amount, or one for each of several assets."""
    return tuple(_amount(one) for one in ([value] if isinstance(value, str) else value))


def _collar(value: str) -> int:
    """Read a share into parts of 1e-6, the finest that the kernel counts."""
    parts = units.percent(value) * _PARTS
    if parts < 0 or parts != int(parts):
        raise ConfigError(f"{value!r} must not be negative, nor finer than 0.0001 %")
    return int(parts)


def _rate(value: str) -> tuple[int, int]:
    """Read the number of commands and the length of their window (ns)."""
    count, window = units.rate(value)
    if count > _LARGEST_RATE:
        raise ConfigError(f"{value!r} is above the largest, {_LARGEST_RATE:,} in one window")
    return count, window


#: Mid, touch and age where no limit asks for them.
_NO_MARKET = (0, 0, -1)


class _Known(NamedTuple):
    """What is computed once for an instrument: its row of limits, or why it can have no order at all."""

    instrument: Instrument
    limits: NDArray[np.int64]
    refusal: str


@attrs.define(eq=False)
class Limits:
    """Refuses a command that breaks one of its limits; a limit that is not set is off.

    They are checked in this order, and the first that is broken is the reason: size, notional, position, price collar,
    stale market data, loss, rate. An amendment is checked like an order of its new size, and only the difference to
    the old size is added to what works already.

    Attributes
    ----------
    max_quantity : decimal as text
        Largest order, in base units (contracts for derivatives).
    max_notional : amount, or list of amounts
        Largest value of an order, such as ``50000 USDT``; one for each asset in which the run's instruments settle. An
        order in another asset is refused, for there is nothing to hold it against. An order is valued at its
        limit price, or at the market (best ask for a buy, best bid for a sell, else the last price) where it has none
        or where that is more.
    max_position : decimal as text, or table of them by symbol
        Largest position of either sign, in base units or contracts, if everything working on the side of the command
        fills; an instrument that the table does not name has none. What only reduces the position passes.
    collar : share
        How far beyond the market a limit price may be, such as ``2 %``: a buy above, a sell below the mid of the
        newest quote (the last price where there is no quote on both sides). Market orders have no price to check.
    stale_after : duration
        How old the newest market row of the instrument may be, such as ``5s``.
    max_loss : amount
        Such as ``1000 USDT``: once an account's equity in that asset has been seen, at an order, further than this
        below its equity at the account's first order (before which nothing can be lost), only orders that reduce a
        position pass, for the rest of the run.
    max_order_rate : rate
        Such as ``100 / 1s``: how many commands of an account may pass within any such length of logical time. Refused
        ones do not count, and cancels always pass.

    Raises
    ------
    ConfigError
        A setting cannot be read; or, at the first command, names an asset or a symbol that the run does not have.
    """

    max_quantity: Decimal | None = field(default=None, converter=optional(_size))
    max_notional: tuple[str, ...] | None = field(default=None, converter=optional(_amounts))
    max_position: dict[str, Decimal] | None = field(default=None, converter=optional(_positions))
    collar: int | None = field(default=None, converter=optional(_collar))
    stale_after: int | None = field(default=None, converter=optional(units.duration))
    max_loss: str | None = field(default=None, converter=optional(_amount))
    max_order_rate: tuple[int, int] | None = field(default=None, converter=optional(_rate))
    ctx: GateContext = field(init=False, repr=False)
    _instruments: dict[int, _Known] = field(factory=dict, init=False, repr=False)
    _accounts: dict[int, NDArray[np.int64]] = field(factory=dict, init=False, repr=False)
    #: Rows of the gate's state, which are always the same arrays, by account and instrument.
    _exposures: dict[tuple[int, int], NDArray[np.int64]] = field(factory=dict, init=False, repr=False)
    _asks_market: bool = field(init=False, repr=False)
    #: The asset of `max_loss` and the decimals of its smallest unit, once the run's assets are known.
    _loss_asset: tuple[str, int] = field(default=("", 0), init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._asks_market = not (self.collar is None and self.max_notional is None and self.stale_after is None)

    def check(self, command: SubmitOrder | AmendOrder) -> str | None:
        """Return the first limit that the command breaks, with both numbers, or None.

        Parameters
        ----------
        command : SubmitOrder or AmendOrder
            Prices in ticks and quantities in lots, as `Instrument` reads them.
        """
        if isinstance(command, SubmitOrder):
            # A plain int: numba looks up the type of an enum's member anew at every call, which takes 20 us.
            account, index, side, added = command.account, command.instrument, int(command.side), command.quantity
            price = 0 if command.order_type == _MARKET else command.price
        else:
            order = self.ctx.order(command.order_id)
            account, index, side, price = order.account, order.instrument, order.side, command.price
            added = command.quantity - order.quantity
        known = self._instruments.get(index) or self._learn(index)
        if known.refusal:
            return known.refusal
        numbers = self._accounts.get(account)
        if numbers is None:
            numbers = self._open(account)
        reference, touch, age = self._market(index, side) if self._asks_market else _NO_MARKET
        notional = _notional(known.instrument, side, price, command.quantity, touch) if self.max_notional else 0
        exposure = self._exposures.get((account, index))
        if exposure is None:
            exposure = self._exposures[account, index] = self.ctx.exposure(account, index)
        equity = self.ctx.equity(account, self._loss_asset[0]) if self.max_loss is not None else 0
        now = self.ctx.clock if self.max_order_rate else 0
        reason = risk.check(
            known.limits, numbers, exposure, now, side, price, command.quantity, added, notional, reference, age, equity
        )
        if reason == risk.PASS:
            return None
        return Refused(
            known.instrument, known.limits, numbers, exposure, side, price, command.quantity, added, notional,
            reference, age, self._loss_asset,
        ).explain(reason)  # fmt: skip

    def flat(self, accounts: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the limits by instrument and the state of each account; see `tickloom.interfaces.RiskCheck.flat`."""
        if self.max_loss is not None:
            raise ConfigError("max_loss cannot be held against a strategy with an order kernel; leave it out")
        known = [self._learn(index) for index in range(len(self.ctx.instruments))]
        for one in known:
            if one.refusal:
                raise ConfigError(one.refusal)
        numbers = np.array([self._open(account) for account in range(accounts)])
        self._accounts = dict(enumerate(numbers))
        return np.array([one.limits for one in known]), numbers

    def explain(self, detail: Sequence[int]) -> str:
        """Say why the kernel refused; ``detail`` are the words that `tickloom_kernels.compiled.driver` noted."""
        reason, side, price, quantity, added, notional, reference, age, index, account, *exposure = detail
        known = self._instruments[index]
        return Refused(
            known.instrument, known.limits, self._accounts[account], np.array(exposure), side, price, quantity, added,
            notional, reference, age, self._loss_asset,
        ).explain(reason)  # fmt: skip

    def _market(self, index: int, side: int) -> tuple[int, int, int]:
        """Return the mid (half ticks), the price an order would meet (ticks), and the age of the newest row (ns).

        0, 0 and -1 where there is none, or where no limit asks.
        """
        age, last = -1, None
        if self.stale_after is not None:
            last = self.ctx.last_price(index)
            age = -1 if last is None else self.ctx.clock - last[1]
        if self.collar is None and self.max_notional is None:
            return 0, 0, age
        quote = self.ctx.quote(index)
        if quote is not None and quote.bid_quantity and quote.ask_quantity:
            return quote.bid_price + quote.ask_price, quote.ask_price if side > 0 else quote.bid_price, age
        last = last or self.ctx.last_price(index)
        return (0, 0, age) if last is None else (2 * last[0], last[0], age)

    def _learn(self, index: int) -> _Known:
        """Turn the settings into the limits of an instrument, at its first command (and name the asset of a loss)."""
        instrument = self.ctx.instruments[index]
        limits = np.full(risk.LIMIT_WORDS, risk.OFF, np.int64)
        refusal = ""
        if self.max_quantity is not None:
            limits[risk.MAX_QUANTITY] = _lots(instrument, self.max_quantity)
        if self.max_notional is not None:
            limit, refusal = self._notional_limit(instrument)
            limits[risk.MAX_NOTIONAL] = min(limit, risk.OFF - 1)
        position = self._position_limit(instrument)
        if position is not None:
            limits[risk.MAX_POSITION] = _lots(instrument, position)
        if self.collar is not None:
            limits[risk.COLLAR] = self.collar
        if self.stale_after is not None:
            limits[risk.STALE_AFTER] = self.stale_after
        if self.max_loss is not None:
            limits[risk.MAX_LOSS] = min(self._loss_limit(), risk.OFF - 1)
        if self.max_order_rate is not None:
            limits[risk.RATE_WINDOW] = self.max_order_rate[1]
        known = self._instruments[index] = _Known(instrument, limits, refusal)
        return known

    def _notional_limit(self, instrument: Instrument) -> tuple[int, str]:
        """Find the limit in an instrument's asset (smallest units), or say why no order of it can be valued."""
        precisions = asset_precisions(self.ctx.instruments)
        amounts = [parse_amount(text, precisions) for text in self.max_notional or ()]
        for limit, asset in amounts:
            if asset == instrument.settle:
                return limit, ""
        given = " and ".join(asset for _, asset in amounts)
        return 0, f"{instrument.name} settles in {instrument.settle}, but max_notional is in {given} only"

    def _position_limit(self, instrument: Instrument) -> Decimal | None:
        """Find the limit of an instrument by its name or its symbol."""
        if self.max_position is None or "" in self.max_position:
            return None if self.max_position is None else self.max_position[""]
        valid = {name for one in self.ctx.instruments for name in (one.name, one.symbol)}
        for name in self.max_position:
            if name not in valid:
                raise ConfigError(f"max_position: unknown instrument {name!r}; {nearest(name, valid)}")
        return self.max_position.get(instrument.name, self.max_position.get(instrument.symbol))

    def _loss_limit(self) -> int:
        """Read `max_loss` (smallest units) now that the run's assets are known."""
        precisions = asset_precisions(self.ctx.instruments)
        limit, asset = parse_amount(self.max_loss or "", precisions)
        self._loss_asset = (asset, precisions[asset])
        return limit

    def _open(self, account: int) -> NDArray[np.int64]:
        """Make the state of an account at its first command."""
        equity = self.ctx.equity(account, self._loss_asset[0]) if self.max_loss is not None else 0
        numbers = risk.new_numbers(equity, self.max_order_rate[0] if self.max_order_rate else 0)
        self._accounts[account] = numbers
        return numbers


def _lots(instrument: Instrument, limit: Decimal) -> int:
    """Count the lots that a limit (base units or contracts) holds, rounded down."""
    return min(int(Fraction(limit) / Fraction(instrument.lot_size)), risk.OFF - 1)


def _notional(instrument: Instrument, side: int, price: int, quantity: int, touch: int) -> int:
    """Value an order (smallest units) at its limit price, or at the market where that is met first and worth more."""
    value = instrument.value(price, quantity) if price else 0
    if touch and (not price or (price - touch) * side > 0):
        value = max(value, instrument.value(touch, quantity))
    return min(value, risk.OFF - 1)
