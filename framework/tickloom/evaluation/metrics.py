"""The table of metrics: each number of the report once, with its unit, its definition, and why it may be missing.

Terminal, page and ``metrics.json`` are made from these records, so they cannot differ.
"""

import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

import attrs

from tickloom.instruments import decimal_amount
from tickloom.units import show_duration

if TYPE_CHECKING:
    from tickloom.evaluation.evaluate import Evaluation

#: What stands in place of a number that is not defined.
UNDEFINED = "n/a"

_SECOND = 1_000_000_000


@attrs.frozen(kw_only=True)
class Metric:
    """One number.

    Attributes
    ----------
    key : str
        Its name in ``metrics.json``: lower case with underscores.
    label : str
        What people call it.
    group : str
        Heading under which it is shown.
    value : int, float, Decimal or None
        In ``unit``; None where it is not defined.
    unit : str
        ``%``, ``bp``, ``s``, ``x`` (multiples), an asset, or empty for counts and ratios.
    definition : str
        How it is computed, for people who would compute it otherwise.
    reason : str
        Why it is not defined.
    """

    key: str
    label: str
    group: str
    value: int | float | Decimal | None
    unit: str = ""
    definition: str
    reason: str = ""

    @property
    def text(self) -> str:
        """The value as shown, with its unit: money to its last digit, ratios to four, times in two units."""
        if self.value is None:
            return UNDEFINED
        if self.unit == "s":
            return lasting(round(self.value * _SECOND))
        return f"{_number(self.value)} {self.unit}".rstrip()

    def as_json(self) -> dict[str, object]:
        """Return what ``metrics.json`` holds of it: JSON types only, money as the nearest float and as exact text."""
        value = float(self.value) if isinstance(self.value, Decimal) else self.value
        return {
            "label": self.label,
            "value": value,
            "text": self.text,
            "unit": self.unit,
            "definition": self.definition,
            "reason": self.reason,
        }


def as_json(metrics: Mapping[str, Metric]) -> dict[str, dict[str, object]]:
    """Return the content of ``metrics.json``: key to label, value, text, unit, definition and reason."""
    return {key: metric.as_json() for key, metric in metrics.items()}


def _number(value: float | Decimal) -> str:
    """Write a number for people: thousands apart; Decimals exactly, floats to four digits."""
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Decimal):
        whole, _, fraction = f"{value:,f}".partition(".")
        return f"{whole}.{fraction.rstrip('0').ljust(2, '0')}"
    return f"{value:,.1f}" if abs(value) >= 1000 else f"{value or 0.0:.4g}"


def lasting(nanoseconds: int) -> str:
    """Length of time for people: two units at most, such as ``2d 3h`` or ``1.25s``."""
    if nanoseconds < 60 * _SECOND:
        digits = next(digits for digits in (1_000_000, 1_000, 1) if nanoseconds >= 1_000 * digits or digits == 1)
        return show_duration(nanoseconds // digits * digits)
    lengths = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    seconds = nanoseconds // _SECOND
    first = next(place for place, (_, length) in enumerate(lengths) if seconds >= length)
    parts = []
    for unit, length in lengths[first : first + 2]:
        count, seconds = divmod(seconds, length)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts)


def all_metrics(run: "Evaluation") -> list[Metric]:
    """Compute every metric of a run.

    Parameters
    ----------
    run : Evaluation
        The run.

    Returns
    -------
    list of Metric
        In the order in which they are shown.
    """
    from tickloom.evaluation import execution_metrics, result_metrics

    return [*result_metrics.metrics(run), *execution_metrics.metrics(run)]


def money(run: "Evaluation", units: int) -> Decimal:
    """Smallest units of the headline asset as a decimal."""
    return decimal_amount(units, run.valuation.precision)


def ratio(above: float, below: float) -> float | None:
    """Divide, or None where the divisor is 0 or either is not a number."""
    return above / below if below and math.isfinite(above) and math.isfinite(below) else None


def defined(value: float | None) -> float | None:
    """Return the value, or None where it is not a number."""
    return None if value is None or math.isnan(value) else value


def because(value: object, reason: str) -> str:
    """Return the reason where there is no value, else nothing."""
    return reason if value is None else ""


def listed(words: Iterable[str]) -> str:
    """Write names one after the other."""
    return ", ".join(words)
