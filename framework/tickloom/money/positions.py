"""What an account holds of an instrument: quantity, cost and realised profit, in whole units.

Quantity and cost are kept and the average price is derived, never the other way round: an average price cannot be
stored exactly, a cost can. What a fill does to a position says `tickloom_kernels.money.ledger.fill`.
"""

from decimal import Context, Decimal
from typing import NamedTuple

from tickloom.instruments import Contract, Instrument

#: Digits of an average price, which is for people; no sum of money is made from it.
_SHOWN = Context(prec=28)


class Position(NamedTuple):
    """What an account holds of an instrument, and what came of it so far.

    Money is in smallest units of the settlement asset. Of spot it counts what was bought and sold here; what was
    deposited has no cost and is cash.

    Attributes
    ----------
    quantity : int
        Lots, negative: short.
    cost : int
        Value at which the open quantity was bought (positive) or sold (negative).
    realised : int
        Profit of what has been closed, before fees.
    funding : int
        Funding received less funding paid.
    turnover : int
        Value traded, both sides added.
    """

    quantity: int = 0
    cost: int = 0
    realised: int = 0
    funding: int = 0
    turnover: int = 0


def average_price(held: Position, instrument: Instrument) -> Decimal | None:
    """Average price at which the open quantity was bought or sold, for display.

    Parameters
    ----------
    held : Position
        Of either sign, or flat.
    instrument : Instrument
        What is held.

    Returns
    -------
    Decimal or None
        Quote per base, to 28 digits: cost by quantity, and quantity by cost for inverse contracts (whose average is
        harmonic). None where nothing is held, or its cost is less than half a unit.
    """
    if not held.quantity or not held.cost:
        return None
    numerator, denominator = instrument.value_ratio
    quantity, cost = abs(held.quantity) * numerator, abs(held.cost) * denominator
    above, below = (quantity, cost) if instrument.contract is Contract.INVERSE else (cost, quantity)
    tick_above, tick_below = instrument.price_ratio
    return _SHOWN.divide(Decimal(above * tick_above), Decimal(below * tick_below))
