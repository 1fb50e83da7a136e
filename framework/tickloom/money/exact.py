"""Exact decimals in and one rounding out: what every sum of money rests on."""

from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import attrs

from tickloom.errors import ConfigError, OrderError, TickloomError

#: Beyond this power of ten (either way) a number is no price: stops 1e999999 before it fills the memory.
_MAX_EXPONENT = 40
_MAX_PRECISION = 18


def read(value: object, what: str, error: type[TickloomError]) -> Decimal:
    """Read a decimal number that a person or an exchange wrote.

    Parameters
    ----------
    value : Decimal, str or int
        Floats are refused: most of them are not the number that was meant.
    what : str
        What the number is, for the error.
    error : type
        The error to raise.

    Returns
    -------
    Decimal
        The same number, never in exponent notation.
    """
    if isinstance(value, bool) or not isinstance(value, Decimal | str | int):
        hint = f"; write it as text, '{value}'" if isinstance(value, float) else ""
        raise error(f"{what} {value!r} must be a Decimal, a text or an int, not {type(value).__name__}{hint}")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise error(f"{what} {value!r} is no decimal number (valid: such as '0.01')") from None
    if not number.is_finite() or abs(number.adjusted()) > _MAX_EXPONENT:
        raise error(f"{what} {value!r} must be a finite number between 1e-{_MAX_EXPONENT} and 1e{_MAX_EXPONENT}")
    return Decimal(f"{number:f}")


if TYPE_CHECKING:

    def number_field(value: Decimal | str | int) -> Decimal:
        """Convert an attrs field that holds an exact decimal (mypy knows converters that are functions only)."""
        ...
else:
    number_field = attrs.Converter(lambda value, field: read(value, field.name, ConfigError), takes_field=True)


def above_zero(owner: Any, field: "attrs.Attribute[Any]", value: Decimal) -> None:
    """Refuse zero and less: the validator of a size or a step; ``owner`` has a name."""
    if value <= 0:
        raise ConfigError(f"{owner.name}: {field.name} is {value:f}, it must be above 0")


def not_negative(owner: Any, field: "attrs.Attribute[Any]", value: Decimal) -> None:
    """Refuse less than zero: the validator of a minimum."""
    if value < 0:
        raise ConfigError(f"{owner.name}: {field.name} is {value:f}, it must not be negative")


def rate(owner: Any, field: "attrs.Attribute[Any]", value: Decimal) -> None:
    """Refuse the whole and more: the validator of a fee, which somebody may have written in percent."""
    if abs(value) >= 1:
        raise ConfigError(f"{owner.name}: {field.name} is {value:f}, it must be a rate such as 0.001 (10 bp)")


def decimals(owner: Any, field: "attrs.Attribute[Any]", value: int) -> None:
    """Refuse what is no number of decimals: the validator of an asset's precision."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MAX_PRECISION:
        raise ConfigError(f"{owner.name}: {field.name} is {value!r}, it must be 0..{_MAX_PRECISION} decimals")


def units_in(number: Decimal, precision: int) -> Fraction:
    """Smallest units in an amount of an asset whose smallest unit has ``precision`` decimals, exactly."""
    return Fraction(number) * Fraction(10**precision)


def steps_in(number: Decimal, step: Decimal, what: str, step_name: str) -> int:
    """Count how often ``step`` goes into a number.

    Parameters
    ----------
    number, step : Decimal
        ``step`` above 0.
    what, step_name : str
        What the two are, for the error.

    Returns
    -------
    int
        ``number / step``, exactly.

    Raises
    ------
    OrderError
        The number is off the grid; the error names the valid numbers next to it.
    """
    (top, bottom), (step_top, step_bottom) = number.as_integer_ratio(), step.as_integer_ratio()
    steps, rest = divmod(top * step_bottom, bottom * step_top)
    if rest:
        valid = " and ".join(f"{step * count:f}" for count in (steps, steps + 1) if count > 0) or f"{step:f}"
        raise OrderError(f"{what} {number:f} is no multiple of the {step_name} {step:f}; nearest valid: {valid}")
    return steps


def half_even(numerator: int, denominator: int) -> int:
    """Round a ratio of ints to the nearest int, halves to the even one.

    Parameters
    ----------
    numerator : int
        Of either sign.
    denominator : int
        Above 0.

    Returns
    -------
    int
        ``numerator / denominator``, rounded once.
    """
    quotient, rest = divmod(numerator, denominator)
    twice = 2 * rest
    return quotient + 1 if twice > denominator or (twice == denominator and quotient & 1) else quotient


def against_us(numerator: int, denominator: int) -> int:
    """Round what we pay up to the next int, and so what we receive (a negative number) down in size.

    Parameters
    ----------
    numerator : int
        Of either sign.
    denominator : int
        Above 0.

    Returns
    -------
    int
        The smallest int that is not below ``numerator / denominator``.
    """
    return -(-numerator // denominator)
