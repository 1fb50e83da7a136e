"""What a fill does to a position: quantity, cost and realised profit of spot, linear and inverse, in whole units.

A position is an immutable row of ints, and a fill makes the next one. Quantity and cost are kept and the average price
is derived, never the other way round: an average price cannot be stored exactly, a cost can.
"""

from decimal import Context, Decimal
from typing import NamedTuple

from tickloom.instruments import Contract, Instrument
from tickloom.money.exact import half_even

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


def after_fill(held: Position, instrument: Instrument, side: int, price: int, quantity: int) -> Position:
    """Return the position after a fill.

    A fill on the other side closes first, at a cost in proportion to the quantity closed, rounded once, half to even;
    the last lot releases what is left of the cost, so a flat position has none. What remains of the fill opens.

    Parameters
    ----------
    held : Position
        The position before.
    instrument : Instrument
        What was traded.
    side : int
        +1 bought, -1 sold.
    price : int
        Price (ticks).
    quantity : int
        Quantity (lots), above 0.

    Returns
    -------
    Position
        Over any fills ``cost - realised`` (``cost + realised`` for inverse) is the sum of the signed values of the
        fills, to the unit: a flip is split so that its two parts add up to its whole.
    """
    before, cost, realised, funding, turnover = held
    value = instrument.value(price, quantity)
    after = before + side * quantity
    if before * side >= 0:
        return Position(after, cost + side * value, realised, funding, turnover + value)
    open_lots = abs(before)
    closed = min(quantity, open_lots)
    closed_value = value if closed == quantity else instrument.value(price, closed)
    released = cost if closed == open_lots else half_even(cost * closed, open_lots)
    profit = -side * closed_value - released
    if instrument.contract is Contract.INVERSE:
        profit = -profit
    opened = side * (value - closed_value)
    return Position(after, cost - released + opened, realised + profit, funding, turnover + value)


def unrealised(held: Position, instrument: Instrument, price: int) -> int:
    """Profit that closing the whole position at a price (ticks) would realise, before fees.

    Parameters
    ----------
    held : Position
        Of either sign, or flat.
    instrument : Instrument
        What is held.
    price : int
        Price (ticks), above 0.

    Returns
    -------
    int
        Smallest units of the settlement asset.
    """
    if not held.quantity:
        return 0
    value = instrument.value(price, abs(held.quantity))
    gain = (value if held.quantity > 0 else -value) - held.cost
    return -gain if instrument.contract is Contract.INVERSE else gain


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
