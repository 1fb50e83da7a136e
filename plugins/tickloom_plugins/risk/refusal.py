"""What a refusal says: one line with the value and the limit it broke, in the units people think in."""

from decimal import Decimal
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickloom.instruments import Contract, Instrument, decimal_amount
from tickloom.units import show_duration
from tickloom_kernels.orders import risk


class Refused(NamedTuple):
    """A refused command with all numbers that were compared: ticks, lots and smallest units, as the kernel saw them.

    ``limits`` and ``numbers`` are the rows of `tickloom_kernels.orders.risk` for the instrument and the account, and
    ``loss_asset`` the asset that losses are counted in, with the decimals of its smallest unit; the rest are
    arguments of `risk.check`.
    """

    instrument: Instrument
    limits: NDArray[np.int64]
    numbers: NDArray[np.int64]
    exposure: NDArray[np.int64]
    side: int
    price: int
    quantity: int
    added: int
    notional: int
    reference: int
    age: int
    loss_asset: tuple[str, int]

    def explain(self, reason: int) -> str:
        """Say in one line which value broke which limit.

        Parameters
        ----------
        reason : int
            Of `risk.check`, not `risk.PASS`.
        """
        match reason:
            case risk.QUANTITY:
                limit = self._lots(risk.MAX_QUANTITY)
                return f"quantity {self._quantity(self.quantity)} > max_quantity {limit}"
            case risk.NOTIONAL:
                asset = (self.instrument.settle, self.instrument.settle_precision)
                limit = _money(int(self.limits[risk.MAX_NOTIONAL]), asset)
                return f"notional {_money(self.notional, asset)} > max_notional {limit}"
            case risk.EXPOSURE:
                # Both without a sign, since the limit holds on both sides.
                kind = "long" if self.side > 0 else "short"
                worst = self._quantity(risk.worst_position(self.exposure, self.side, self.added))
                return f"{kind} position {worst} > max_position {self._lots(risk.MAX_POSITION)}"
            case risk.PRICE:
                return self._collar()
            case risk.STALE:
                return self._stale()
            case risk.LOSS:
                loss = _money(int(self.numbers[risk.WORST_LOSS]), self.loss_asset)
                return f"loss {loss} > max_loss {_money(int(self.limits[risk.MAX_LOSS]), self.loss_asset)}"
            case risk.RATE:
                count, window = risk.rate_count(self.numbers), show_duration(int(self.limits[risk.RATE_WINDOW]))
                return f"order {count + 1:,} within {window} > max_order_rate {count:,} / {window}"
        return f"no price of {self.instrument.name} yet to check the order against"

    def _quantity(self, lots: int) -> str:
        """Write a quantity with its unit."""
        unit = self.instrument.base if self.instrument.contract is Contract.SPOT else "contracts"
        return f"{_show(self.instrument.quantity(lots))} {unit}"

    def _lots(self, word: int) -> str:
        """Write a limit of lots."""
        return self._quantity(int(self.limits[word]))

    def _collar(self) -> str:
        """Say which price would still have passed."""
        collar = int(self.limits[risk.COLLAR])
        bound = self.reference + self.side * risk.collar_reach(self.reference, collar)
        where, sign = ("above", ">") if self.side > 0 else ("below", "<")
        prices = (2 * self.price, bound, self.reference)
        price, passing, mid = (_show(self.instrument.price(halves) / 2) for halves in prices)
        return f"price {price} {sign} {passing}, the collar of {_show(Decimal(collar).scaleb(-4))} % {where} {mid}"

    def _stale(self) -> str:
        """Say how old the newest row is."""
        if self.age < 0:
            return f"no market data of {self.instrument.name} yet, and stale_after is set"
        limit = show_duration(int(self.limits[risk.STALE_AFTER]))
        return f"market data of {self.instrument.name} are {show_duration(self.age)} old > stale_after {limit}"


def _show(number: Decimal) -> str:
    """Write a decimal for people: thousands apart, no idle zeros."""
    return f"{number.normalize():,f}"


def _money(smallest: int, asset: tuple[str, int]) -> str:
    """Write an amount of an asset, given with the decimals of its smallest unit."""
    return f"{_show(decimal_amount(smallest, asset[1]))} {asset[0]}"
