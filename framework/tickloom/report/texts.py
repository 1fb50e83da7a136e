"""Words for what the report shows: moments, lengths of time, amounts, names from the run's tables."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Context, Decimal

from tickloom.instruments import Instrument, decimal_amount
from tickloom.record import RunRecord

_SECOND = 1_000_000_000
#: Wide enough for any balance; the thread's own context would round at 28 digits.
_WIDE = Context(prec=100)


def when(moment: int) -> str:
    """UNIX time in nanoseconds (UTC) as a date and time, to the millisecond or as fine as it is."""
    seconds, nanoseconds = divmod(moment, _SECOND)
    fraction = f"{nanoseconds:09d}"
    while len(fraction) > 3 and fraction.endswith("000"):
        fraction = fraction[:-3]
    return f"{datetime.fromtimestamp(seconds, UTC).isoformat(' ')[:19]}.{fraction}"


def amount(units: int, precision: int) -> Decimal:
    """Smallest units of an asset as a decimal without trailing zeros, two decimals at least."""
    number = decimal_amount(units, precision)
    short = number.normalize(_WIDE)
    places = max(2, -int(short.as_tuple().exponent)) if precision >= 2 else precision
    return number.quantize(Decimal(1).scaleb(-places), context=_WIDE)


def count(number: int, thing: str) -> str:
    """Count things in words, such as ``1 fill`` and ``1,200 fills``."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def name(names: Sequence[str], index: int) -> str:
    """Name of an index into one of the run's tables; nothing where it points nowhere."""
    return names[index] if 0 <= index < len(names) else ""


def side(sign: int) -> str:
    """``buy`` or ``sell``."""
    return "buy" if sign > 0 else "sell"


def quantity_unit(terms: Instrument) -> str:
    """Return the unit of an instrument's quantities: its base asset for spot, contracts otherwise."""
    return terms.base if terms.lot_units else "contracts"


def order_name(record: RunRecord, order_id: int) -> str:
    """Name of an order for people: its strategy and its number there."""
    return f"{name(record.strategies, order_id >> 32)} {order_id & 0xFFFFFFFF}"
