"""Integer arithmetic of the kernels against Python's own ints, over all of int64 and around its ends."""

from fractions import Fraction
from math import ceil

from hypothesis import example, given
from hypothesis import strategies as st

from tickloom_kernels.money import exact

MOST = 2**63 - 1
TOO_LARGE = int(exact.TOO_LARGE)

#: Sizes of every number of bits are equally frequent, and so are the ends of int64 and the ends of a half of it.
SIZES = st.integers(0, 63).flatmap(lambda bits: st.integers(0, (1 << bits) - 1))
EDGES = st.sampled_from([0, 1, 2, 2**31, 2**32 - 1, 2**32, 2**62, MOST - 1, MOST])
SIZE = SIZES | EDGES
NUMBER = st.builds(lambda size, sign: size * sign, SIZE, st.sampled_from([1, -1]))
ABOVE_0 = SIZE.filter(bool)


def or_too_large(number: int) -> int:
    return number if abs(number) <= MOST else TOO_LARGE


@given(NUMBER, NUMBER, ABOVE_0)
@example(5, 1, 2)
@example(-7, 1, 2)
@example(MOST, MOST, MOST)
@example(MOST, 3, 2)
@example(MOST, 2, 4)
@example(-MOST, 1, 1)
def test_ratios_of_products_are_pythons_rounded_once(a: int, b: int, c: int) -> None:
    # Oracles: round() of a Fraction is half to even, ceil() is against us.
    ratio = Fraction(a * b, c)
    assert exact.mul_div_half_even(a, b, c) == or_too_large(round(ratio))
    assert exact.mul_div_against_us(a, b, c) == or_too_large(ceil(ratio))


@given(NUMBER, SIZE, ABOVE_0)
def test_halves_of_128_bits_go_to_the_even_one(a: int, b: int, c: int) -> None:
    # Every odd a is a half here.
    c = min(c, MOST // 2)
    assert exact.mul_div_half_even(a, b, 2 * c) == or_too_large(round(Fraction(a * b, 2 * c)))
    assert exact.mul_div_half_even(a, c, 2 * c) == round(Fraction(a, 2))


@given(NUMBER, NUMBER)
def test_sums_and_products_are_pythons(a: int, b: int) -> None:
    assert exact.plus(a, b) == or_too_large(a + b)
    assert exact.times(a, b) == or_too_large(a * b)


@given(NUMBER)
def test_what_is_too_large_stays_so(a: int) -> None:
    assert exact.plus(a, TOO_LARGE) == exact.plus(TOO_LARGE, a) == TOO_LARGE
    assert exact.times(a, TOO_LARGE) == exact.times(TOO_LARGE, a) == TOO_LARGE
    for ratio in (exact.mul_div_half_even, exact.mul_div_against_us):
        assert ratio(TOO_LARGE, a, 1) == ratio(a, TOO_LARGE, 1) == ratio(a, 1, TOO_LARGE) == TOO_LARGE
