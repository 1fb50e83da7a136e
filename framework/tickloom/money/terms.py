"""An instrument as the words that kernels compute money by: ratios, limits, and indices in place of names."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from tickloom.errors import ConfigError
from tickloom.instruments import Contract, Instrument

#: Numbers of `tickloom_kernels.money.ledger`.
_CONTRACTS = {Contract.SPOT: 0, Contract.LINEAR: 1, Contract.INVERSE: 2}


def terms_of(one: Instrument, assets: Mapping[str, int], venue: int) -> list[int]:
    """Return the terms of an instrument.

    Parameters
    ----------
    one : Instrument
    assets : mapping
        Asset to index.
    venue : int
        Index.

    Returns
    -------
    list of int
        The words of `tickloom_kernels.money.ledger.TERMS_WORDS`, in their order.

    Raises
    ------
    ConfigError
        One of them does not fit into an int64.
    """
    value = Fraction(*one.value_ratio)
    worth = value / one.lot_units if one.lot_units else Fraction(0)
    highest = max(one.taker_fee, one.maker_fee, Decimal(0))
    ratios = (value, value * Fraction(one.maker_fee), value * Fraction(one.taker_fee), Fraction(highest), worth)
    words = [_CONTRACTS[one.contract]]
    words += [word for ratio in ratios for word in ratio.as_integer_ratio()]
    words += [
        one.lot_units,
        assets[one.base],
        assets[one.quote],
        assets[one.settle],
        one.min_lots,
        one.min_value,
        venue,
    ]
    if max(map(abs, words)) >= 2**63:
        raise ConfigError(
            f"{one.name}: its fees, its smallest order or its sizes are too fine or too large for whole numbers of "
            f"64 bits; write fees with fewer decimals, or lower the precision of {one.base} or {one.quote}"
        )
    return words
