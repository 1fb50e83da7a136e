"""Exact sums of money in int64: products of 128 bits inside, one rounding out, and never a silent wrap.

What leaves int64 becomes `TOO_LARGE`, which sticks: every function here gives it back when it is given it. The
roundings are those of ``tickloom.money.exact``.
"""

from typing import Any

import numpy as np
from numba import njit

#: The result that is none: it does not fit into an int64 (whose lowest number, -2**63, is taken for this).
TOO_LARGE: Any = np.int64(np.iinfo(np.int64).min)

# Words without a sign, to numba; any int, to mypy.
_MOST: Any = np.uint64(np.iinfo(np.int64).max)
#: A quotient that is none, above `_MOST`.
_NO_QUOTIENT: Any = np.uint64(np.iinfo(np.uint64).max)
_LOW: Any = np.uint64(0xFFFFFFFF)
_HALF: Any = np.uint64(32)
_TOP: Any = np.uint64(63)
_ZERO: Any = np.uint64(0)
_ONE: Any = np.uint64(1)


@njit(cache=True, nogil=True)
def plus(a: int, b: int) -> int:
    """Sum of two int64, or `TOO_LARGE`."""
    total = a + b
    wrapped = ((a ^ total) & (b ^ total)) < 0
    return TOO_LARGE if wrapped or min(a, b) == TOO_LARGE else total


@njit(cache=True, nogil=True)
def times(a: int, b: int) -> int:
    """Product of two int64, or `TOO_LARGE`."""
    if min(a, b) == TOO_LARGE:
        return TOO_LARGE
    high, low = _product(np.uint64(abs(a)), np.uint64(abs(b)))
    return _signed(low if high == _ZERO else _NO_QUOTIENT, (a < 0) != (b < 0))


@njit(cache=True, nogil=True)
def mul_div_half_even(a: int, b: int, c: int) -> int:
    """Return ``a * b / c``, rounded once to the nearest int, halves to the even one.

    Parameters
    ----------
    a, b : int
        Of either sign.
    c : int
        Above 0.

    Returns
    -------
    int
        Exact for all int64, or `TOO_LARGE`.
    """
    if min(a, b, c) == TOO_LARGE:
        return TOO_LARGE
    quotient, rest = _divided(np.uint64(abs(a)), np.uint64(abs(b)), np.uint64(c))
    # The rest is below c and so below 2**63.
    twice = rest << _ONE
    if quotient <= _MOST and (twice > np.uint64(c) or (twice == np.uint64(c) and quotient & _ONE == _ONE)):
        quotient += _ONE
    return _signed(quotient, (a < 0) != (b < 0))


@njit(cache=True, nogil=True)
def mul_div_against_us(a: int, b: int, c: int) -> int:
    """Return ``a * b / c``, rounded up: what we pay is never too little, what we receive (negative) never too much.

    Parameters
    ----------
    a, b : int
        Of either sign.
    c : int
        Above 0.

    Returns
    -------
    int
        The smallest int that is not below the ratio, or `TOO_LARGE`.
    """
    if min(a, b, c) == TOO_LARGE:
        return TOO_LARGE
    negative = (a < 0) != (b < 0)
    quotient, rest = _divided(np.uint64(abs(a)), np.uint64(abs(b)), np.uint64(c))
    if quotient <= _MOST and rest > _ZERO and not negative:
        quotient += _ONE
    return _signed(quotient, negative)


@njit(cache=True, nogil=True)
def _signed(size: int, negative: bool) -> int:
    """Give a size (uint64) its sign."""
    if size > _MOST:
        return TOO_LARGE
    number: Any = np.int64(size)
    return -number if negative else number


@njit(cache=True, nogil=True)
def _product(a: int, b: int) -> tuple[int, int]:
    """High and low word of the product of two uint64, by their halves of 32 bits."""
    a_low, a_high = a & _LOW, a >> _HALF
    b_low, b_high = b & _LOW, b >> _HALF
    low = a_low * b_low
    middle = a_high * b_low + (low >> _HALF)
    crossed = a_low * b_high + (middle & _LOW)
    return a_high * b_high + (middle >> _HALF) + (crossed >> _HALF), (crossed << _HALF) | (low & _LOW)


@njit(cache=True, nogil=True)
def _divided(a: int, b: int, c: int) -> tuple[int, int]:
    """Quotient and rest of ``a * b / c`` (uint64, c below 2**63); the quotient is `_NO_QUOTIENT` beyond 64 bits."""
    high, low = _product(a, b)
    if high == _ZERO:
        return low // c, low % c
    if high >= c:
        return _NO_QUOTIENT, _ZERO
    # Long division, a bit at a time: rare, and 0.1 us.
    quotient = _ZERO
    rest = high
    for bit in range(64):
        rest = (rest << _ONE) | ((low >> (_TOP - np.uint64(bit))) & _ONE)
        quotient <<= _ONE
        if rest >= c:
            rest -= c
            quotient |= _ONE
    return quotient, rest
