"""The only place where decimals become ticks, lots and smallest units of an asset, and where those become decimals.

Outside, people and exchanges speak decimals; inside, a price is an int of ticks, a quantity an int of lots and money
an int of the smallest units of its asset (1e-8 USDT by default). All arithmetic is on ints, by ratios computed once
when an instrument is loaded. No float is ever read; floats are made for features and pictures only.
"""

from collections.abc import Iterable, Mapping
from decimal import Context, Decimal
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from math import ceil

import attrs
import numpy as np
from numpy.typing import NDArray

from tickloom.errors import ConfigError, OrderError, nearest
from tickloom.money import exact
from tickloom.units import amount

#: The largest value of one order, in smallest units of the quote asset. A float64 still holds it exactly, and kernels
#: rely on it: price times quantity of such an order, scaled to units, stays inside an int64. No count of ticks or
#: lots may be above it either.
MAX_NOTIONAL = 2**53

#: Prices of inverse contracts stay below this (ticks); elsewhere `MAX_NOTIONAL` alone bounds price times quantity.
MAX_INVERSE_TICKS = 2**31

_INT64_MAX = 2**63 - 1
_ZERO = Decimal(0)
#: Wide enough for every product here, whatever precision a plugin gives the thread's own context.
_WIDE = Context(prec=100)

#: Numerator and denominator, in lowest terms.
Ratio = tuple[int, int]


def _steps(value: object, step: Decimal, where: str, step_name: str) -> int:
    return exact.steps_in(exact.read(value, where, OrderError), step, where, step_name)


#: Who quotes says the same texts again and again.
_known_steps = lru_cache(1024)(_steps)


class Contract(StrEnum):
    """What changes hands: the asset itself, a contract paid in quote, or a contract paid in base."""

    SPOT = "spot"
    LINEAR = "linear"
    INVERSE = "inverse"


def _contract(value: str) -> Contract:
    try:
        return Contract(value)
    except ValueError:
        raise ConfigError(f"contract {value!r}: {nearest(str(value), [str(kind) for kind in Contract])}") from None


@attrs.frozen(kw_only=True)
class Instrument:
    """One thing that can be traded at one venue: its grid, its limits, its fees, exactly.

    Attributes
    ----------
    symbol, venue : str
        The venue's name of the instrument, and the run's name of the venue (empty until a run gives it).
    base, quote : str
        The price is ``quote`` per ``base``.
    contract : Contract
        ``spot``, ``linear`` or ``inverse``.
    settle : str
        Asset in which profit and fees are paid: ``base`` for inverse contracts, else ``quote`` unless named
        (a linear contract may settle in another asset at par; it then has the precision of ``quote``).
    tick_size, lot_size : Decimal
        Step of prices (quote per base) and of quantities (base for spot, contracts else).
    multiplier : Decimal
        Size of one contract: base units for linear, quote units for inverse; 1 for spot.
    min_quantity, min_notional : Decimal
        Smallest order: in the unit of ``lot_size``, and by value in the settlement asset.
    maker_fee, taker_fee : Decimal
        Parts of the value (0.001 is ten basis points); negative: a rebate.
    base_precision, quote_precision : int
        Decimals of the smallest unit of each asset.
    price_ratio, quantity_ratio : tuple of int
        ``(n, d)``: the decimal is ticks (lots) ``* n / d``. Derived.
    value_ratio : tuple of int
        ``(n, d)``: `value` is ``price * quantity * n / d``, for inverse ``quantity * n / (price * d)``. Derived.
    lot_units : int
        Smallest units of ``base`` in one lot of a spot instrument, else 0. Derived.
    min_lots, min_value : int
        Smallest order: lots, at least 1, and `value`; the decimals rounded up to the grid. Derived.

    Raises
    ------
    ConfigError
        A field is invalid, a lot is no whole number of the base asset's smallest units, or the largest product that
        kernels form does not fit into an int64.
    """

    symbol: str
    venue: str = ""
    base: str
    quote: str
    contract: Contract = attrs.field(default=Contract.SPOT, converter=_contract)
    settle: str = attrs.field()
    tick_size: Decimal = attrs.field(converter=exact.number_field, validator=exact.above_zero)
    lot_size: Decimal = attrs.field(converter=exact.number_field, validator=exact.above_zero)
    multiplier: Decimal = attrs.field(default=Decimal(1), converter=exact.number_field, validator=exact.above_zero)
    min_quantity: Decimal = attrs.field(default=_ZERO, converter=exact.number_field, validator=exact.not_negative)
    min_notional: Decimal = attrs.field(default=_ZERO, converter=exact.number_field, validator=exact.not_negative)
    maker_fee: Decimal = attrs.field(default=_ZERO, converter=exact.number_field, validator=exact.rate)
    taker_fee: Decimal = attrs.field(default=_ZERO, converter=exact.number_field, validator=exact.rate)
    base_precision: int = attrs.field(default=8, validator=exact.decimals)
    quote_precision: int = attrs.field(default=8, validator=exact.decimals)
    price_ratio: Ratio = attrs.field(init=False, eq=False, repr=False)
    quantity_ratio: Ratio = attrs.field(init=False, eq=False, repr=False)
    value_ratio: Ratio = attrs.field(init=False, eq=False, repr=False)
    lot_units: int = attrs.field(init=False, eq=False, repr=False)
    min_lots: int = attrs.field(init=False, eq=False, repr=False)
    min_value: int = attrs.field(init=False, eq=False, repr=False)
    _inverse: bool = attrs.field(init=False, eq=False, repr=False)
    _maker_ratio: Ratio = attrs.field(init=False, eq=False, repr=False)
    _taker_ratio: Ratio = attrs.field(init=False, eq=False, repr=False)

    @settle.default
    def _default_settle(self) -> str:
        return self.base if self.contract is Contract.INVERSE else self.quote

    @settle.validator
    def _check_settle(self, _field: "attrs.Attribute[str]", value: str) -> None:
        only = self._default_settle()
        if self.contract is not Contract.LINEAR and value != only:
            raise ConfigError(f"{self.name}: settle is {value!r}, but {self.contract} settles in {only!r}")

    def __attrs_post_init__(self) -> None:
        """Compute the ratios, and refuse an instrument that could not be computed with exactly."""
        derived = {
            "price_ratio": self.tick_size.as_integer_ratio(),
            "quantity_ratio": self.lot_size.as_integer_ratio(),
            "value_ratio": self._value_ratio(Decimal(1)),
            "lot_units": self._lot_units(),
            "min_lots": max(1, ceil(Fraction(self.min_quantity) / Fraction(self.lot_size))),
            "min_value": ceil(exact.units_in(self.min_notional, self.settle_precision)),
            "_inverse": self.contract is Contract.INVERSE,
            "_maker_ratio": self._value_ratio(self.maker_fee),
            "_taker_ratio": self._value_ratio(self.taker_fee),
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)
        self._check_int64()

    def _value_ratio(self, rate: Decimal) -> Ratio:
        """Ratio that turns price and quantity into ``rate`` times their value, in smallest units."""
        scale = exact.units_in(rate, self.settle_precision) * Fraction(self.lot_size) * Fraction(self.multiplier)
        tick = Fraction(self.tick_size)
        product = scale / tick if self.contract is Contract.INVERSE else scale * tick
        return product.numerator, product.denominator

    def _lot_units(self) -> int:
        """Smallest units of the base asset in one lot of a spot instrument."""
        if self.contract is not Contract.SPOT:
            return 0
        if self.multiplier != 1:
            raise ConfigError(f"{self.name}: multiplier is {self.multiplier}, but a spot instrument has 1")
        units = exact.units_in(self.lot_size, self.base_precision)
        if units.denominator != 1:
            raise ConfigError(
                f"{self.name}: lot_size {self.lot_size:f} is no whole number of the smallest unit of {self.base}, "
                f"which has {self.base_precision} decimals; raise base_precision or trade in larger lots"
            )
        return units.numerator

    def _check_int64(self) -> None:
        """Hold the largest product of price, quantity and ratio that a kernel forms against an int64."""
        if self._inverse:
            lot_value = exact.units_in(self.lot_size, self.quote_precision) * Fraction(self.multiplier)
            largest = int(MAX_INVERSE_TICKS * MAX_NOTIONAL / lot_value)
        else:
            largest = MAX_NOTIONAL * self.value_ratio[1]
        if largest > _INT64_MAX:
            raise ConfigError(
                f"{self.name}: tick_size {self.tick_size:f} and lot_size {self.lot_size:f} are too fine for "
                f"{self.quote} with {self.quote_precision} decimals, price times quantity would leave an int64; "
                f"raise quote_precision or trade in larger lots"
            )

    @property
    def name(self) -> str:
        """``VENUE.SYMBOL``, or the symbol where no venue is known yet."""
        return f"{self.venue}.{self.symbol}" if self.venue else self.symbol

    @property
    def settle_precision(self) -> int:
        """Decimals of the smallest unit of the settlement asset."""
        return self.base_precision if self.contract is Contract.INVERSE else self.quote_precision

    def ticks(self, price: Decimal | str | int) -> int:
        """Read a price: a decimal or its text (quote per base), or an int of ticks.

        Returns
        -------
        int
            Price (ticks), above 0.

        Raises
        ------
        OrderError
            It is off the grid, no number, not above 0, or too large.
        """
        if type(price) is int and 0 < price <= MAX_NOTIONAL:
            return price
        ticks = self._on_grid(price, "price", self.tick_size, "tick size")
        if ticks <= 0:
            raise OrderError(f"{self.name}: price {price} must be above 0; the lowest is {self.tick_size:f}")
        return ticks

    def lots(self, quantity: Decimal | str | int) -> int:
        """Read a quantity: a decimal or its text (base units for spot, contracts else), or an int of lots.

        Returns
        -------
        int
            Quantity (lots), 0 or above: 0 empties a level of a book, and the gate refuses orders for it.

        Raises
        ------
        OrderError
            It is off the grid, no number, negative, or too large.
        """
        if type(quantity) is int and 0 <= quantity <= MAX_NOTIONAL:
            return quantity
        lots = self._on_grid(quantity, "quantity", self.lot_size, "lot size")
        if lots < 0:
            raise OrderError(f"{self.name}: quantity {quantity} must not be negative; the side says buy or sell")
        return lots

    def _on_grid(self, value: object, what: str, step: Decimal, step_name: str) -> int:
        """Take an int as it is, and count the steps in everything else."""
        where = f"{self.name}: {what}"
        if isinstance(value, int | np.integer) and not isinstance(value, bool):
            steps = int(value)
        else:
            steps = (_known_steps if type(value) in (str, Decimal) else _steps)(value, step, where, step_name)
        if abs(steps) > MAX_NOTIONAL:
            raise OrderError(f"{where} {value} is above the largest, {step * MAX_NOTIONAL:f}")
        return steps

    def price(self, ticks: int) -> Decimal:
        """Price (quote per base) of an int of ticks."""
        return _WIDE.multiply(self.tick_size, ticks)

    def quantity(self, lots: int) -> Decimal:
        """Quantity (base units for spot, contracts else) of an int of lots."""
        return _WIDE.multiply(self.lot_size, lots)

    def float_price(self, ticks: int) -> float:
        """Price (quote per base) as the float nearest to the decimal; the same bits as `prices`."""
        return ticks * self.price_ratio[0] / self.price_ratio[1]

    def prices(self, ticks: NDArray[np.int64]) -> NDArray[np.float64]:
        """Prices (quote per base): float64 of the same shape, each the float nearest to the decimal."""
        return _floats(ticks, self.price_ratio)

    def quantities(self, lots: NDArray[np.int64]) -> NDArray[np.float64]:
        """Quantities (base units for spot, contracts else): float64, each the float nearest to the decimal."""
        return _floats(lots, self.quantity_ratio)

    def base_units(self, lots: int) -> int:
        """Smallest units of the base asset that ``lots`` of a spot instrument move: exact, 0 for contracts."""
        return lots * self.lot_units

    def value(self, price: int, quantity: int) -> int:
        """Return what a quantity is worth at a price: price times quantity, for inverse quantity by price.

        Parameters
        ----------
        price : int
            Price (ticks), above 0.
        quantity : int
            Quantity (lots), 0 or above: the value has no sign.

        Returns
        -------
        int
            Smallest units of the settlement asset, rounded once, half to even.
        """
        numerator, denominator = self.value_ratio
        if self._inverse:
            return exact.half_even(quantity * numerator, price * denominator)
        if denominator == 1:
            return price * quantity * numerator
        return exact.half_even(price * quantity * numerator, denominator)

    def fee(self, price: int, quantity: int, maker: bool) -> int:
        """Return the fee of a fill: the rate times its exact value, rounded once, against us.

        Parameters
        ----------
        price : int
            Price (ticks), above 0.
        quantity : int
            Quantity (lots), 0 or above.
        maker : bool
            Whether the order rested in the book.

        Returns
        -------
        int
            Smallest units of the settlement asset. A fee is rounded up; a rebate is negative and its size is
            rounded down: in a simulation no fraction of a unit is ever in our favour.
        """
        numerator, denominator = self._maker_ratio if maker else self._taker_ratio
        if self._inverse:
            return exact.against_us(quantity * numerator, price * denominator)
        return exact.against_us(price * quantity * numerator, denominator)


def _floats(counts: NDArray[np.int64], ratio: Ratio) -> NDArray[np.float64]:
    """Scale ints by a ratio; both sides of the division are exact below 2**53, so there is one rounding only."""
    floats: NDArray[np.float64] = np.multiply(counts, ratio[0], dtype=np.int64) / np.float64(ratio[1])
    return floats


def asset_precisions(instruments: Iterable[Instrument]) -> dict[str, int]:
    """Collect the decimals of the smallest unit of every asset.

    Parameters
    ----------
    instruments : iterable of Instrument
        All instruments of a run.

    Returns
    -------
    dict
        Asset to number of decimals.

    Raises
    ------
    ConfigError
        Two instruments disagree: a unit that one paid would not be a unit that the other received.
    """
    found: dict[str, tuple[int, str]] = {}
    for one in instruments:
        assets = (one.base, one.base_precision), (one.quote, one.quote_precision), (one.settle, one.settle_precision)
        for asset, precision in assets:
            known, who = found.setdefault(asset, (precision, one.name))
            if known != precision:
                raise ConfigError(
                    f"{asset} has {known} decimals in {who} but {precision} in {one.name}; make them equal"
                )
    return {asset: precision for asset, (precision, _) in found.items()}


def parse_amount(text: str, precisions: Mapping[str, int]) -> tuple[int, str]:
    """Read an amount with its asset, such as ``50000 USDT``.

    Parameters
    ----------
    text : str
        A decimal number, which may have a sign, a blank, an asset.
    precisions : mapping
        Asset to decimals of its smallest unit (`asset_precisions`).

    Returns
    -------
    units : int
        Smallest units.
    asset : str
        Its name.

    Raises
    ------
    ConfigError
        The text has another form, the asset is unknown, or the number is finer than the asset's smallest unit.
    """
    number, asset = amount(text)
    if asset not in precisions:
        raise ConfigError(f"{text!r} is in an asset that no instrument has; {nearest(asset, precisions)}")
    units = exact.units_in(number, precisions[asset])
    if units.denominator != 1:
        raise ConfigError(
            f"{text!r} is finer than the smallest unit of {asset}, which has {precisions[asset]} decimals"
        )
    return units.numerator, asset


def decimal_amount(units: int, precision: int) -> Decimal:
    """Amount of an asset as a decimal: ``units`` smallest units of an asset with ``precision`` decimals."""
    return _WIDE.scaleb(units, -precision)
