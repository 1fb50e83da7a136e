"""Decimal texts as exchanges write them, made into exact ints of ticks and lots, many at once and without a float.

An exchange writes all prices of an instrument with equally many decimals, and all quantities too. Then many of them,
joined by commas and without their dots, are one list of ints, which numpy reads in one go, and the grid is one
division. Texts that are not alike in this way are read one by one, by exact ratios; both ways give the same numbers.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickloom.codes import BadInput
from tickloom.instruments import MAX_NOTIONAL

_DECIMAL = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?", re.ASCII)
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)
#: Digits and a dot of a number that certainly fits into an int64.
_LONGEST = 18


class Numbers(NamedTuple):
    """Many numbers of one kind on their grid.

    ``steps`` : int64, shape (n,), ticks or lots, of either sign; 0 where ``reasons`` is not 0.
    ``reasons`` : int64, shape (n,), a `tickloom.codes.BadInput`: OFF_GRID, NOT_A_NUMBER (also infinity), MALFORMED
    (no plain decimal), INCONSISTENT (beyond 2**53 steps), or 0.
    """

    steps: NDArray[np.int64]
    reasons: NDArray[np.int64]


def read_alike(joined: str, count: int, tick_size: Decimal, lot_size: Decimal) -> tuple[Numbers, Numbers] | None:
    """Read many prices and quantities at once.

    Parameters
    ----------
    joined : str
        Price, quantity, price, quantity, ..., all joined by commas.
    count : int
        How many pairs that should be.
    tick_size, lot_size : Decimal
        Steps of prices and of quantities, above 0.

    Returns
    -------
    tuple of Numbers, or None
        Prices and quantities; None where they are not written alike, or are anything but digits with a dot.
    """
    if count == 0:
        return _none(), _none()
    raw = joined.encode()
    skeleton = raw.translate(None, b"0123456789")
    for pattern in (b".,.,", b".,,", b",.,", b",,"):
        if skeleton == (pattern * count)[:-1]:
            break
    else:
        return None
    marks = np.frombuffer(raw, np.uint8)
    ends = np.append(np.flatnonzero(marks == ord(",")), len(marks))
    starts = np.append(0, ends[:-1] + 1)
    if not 0 < (ends - starts).min() <= (ends - starts).max() <= _LONGEST:
        return None
    dotted = [bool(part) for part in pattern.split(b",")[:2]]
    dots = ends.reshape(-1, 2).copy()
    dots[:, dotted] = np.flatnonzero(marks == ord(".")).reshape(count, -1)
    decimals = ends.reshape(-1, 2) - dots - dotted
    if (decimals != decimals[0]).any() or (decimals[0] < dotted).any() or (dots <= starts.reshape(-1, 2)).any():
        return None
    units = np.fromstring(raw.translate(None, b"."), np.int64, sep=",").reshape(-1, 2)
    steps = zip(units.T, decimals[0], (tick_size, lot_size), strict=True)
    prices, quantities = (_stepped(numbers.copy(), int(places), step) for numbers, places, step in steps)
    return None if prices is None or quantities is None else (prices, quantities)


def _none() -> Numbers:
    return Numbers(np.zeros(0, np.int64), np.zeros(0, np.int64))


def _stepped(units: NDArray[np.int64], decimals: int, step: Decimal) -> Numbers | None:
    """Count the steps in ``units * 10**-decimals``; None where the product would leave an int64."""
    ratio = 1 / (Fraction(step) * 10**decimals)
    if ratio.numerator > 1:
        if int(units.max()) * ratio.numerator >= 2**63:
            return None
        units *= ratio.numerator
    steps, rest = np.divmod(units, ratio.denominator)
    reasons = np.where(rest != 0, BadInput.OFF_GRID, np.where(steps > MAX_NOTIONAL, BadInput.INCONSISTENT, 0))
    steps[reasons != 0] = 0
    return Numbers(steps, reasons)


def read_each(texts: Sequence[str], step: Decimal) -> Numbers:
    """Read numbers of any form, one by one.

    Parameters
    ----------
    texts : sequence of str
        Prices, or quantities.
    step : Decimal
        Tick size or lot size, above 0.
    """
    ratio = Fraction(step)
    both = np.array([_read(text, ratio) for text in texts], np.int64).reshape(-1, 2)
    return Numbers(both[:, 0].copy(), both[:, 1].copy())


def _read(text: str, step: Fraction) -> tuple[int, int]:
    """Read one number: its steps, and why it cannot be used."""
    if _DECIMAL.fullmatch(text) is None:
        return 0, BadInput.NOT_A_NUMBER if _NOT_FINITE.fullmatch(text) else BadInput.MALFORMED
    steps = Fraction(text) / step
    if steps.denominator != 1:
        return 0, BadInput.OFF_GRID
    if abs(steps) > MAX_NOTIONAL:
        return 0, BadInput.INCONSISTENT
    return int(steps), 0
