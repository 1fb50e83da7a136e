"""Prices of a bar and shapes of candles against their formulas."""

import math
from collections.abc import Sequence

import pytest
from literals import Bars, Literal, faults

FAMILY = "prices"


def candle(bars: Bars) -> Sequence[float]:
    """Return the values of the expressions of qlib, without its guard; a bar without range has 0."""
    o, h, low, c = bars.open[-1], bars.high[-1], bars.low[-1], bars.close[-1]
    over = [c - o, h - low, h - max(o, c), min(o, c) - low, 2 * c - h - low]
    kmid, klen, kup, klow, ksft = (one / o for one in over)
    kmid2, _, kup2, klow2, ksft2 = (one / (h - low) if h > low else 0.0 for one in over)
    return [kmid, klen, kmid2, kup, kup2, klow, klow2, ksft, ksft2]


def place(bars: Bars) -> float:
    h, low, c = bars.high[-1], bars.low[-1], bars.close[-1]
    return float((c - low) / (h - low)) if h > low else 0.5


def jump(bars: Bars) -> float:
    """``ln(a / b)`` as ``2 artanh((a - b) / (a + b))``, which is exact for a near b, too."""
    opened, last = bars.open[-1], bars.close[-2]
    return 2 * math.atanh((opened - last) / (opened + last))


LITERALS: dict[str, Literal] = {
    "bar_range": (lambda: 0, lambda bars: bars.high[-1] - bars.low[-1]),
    "gap": (lambda: 1, jump),
    "qlib_bar": (lambda: 0, candle),
    "internal_bar_strength": (lambda: 0, place),
    "drawdown": (lambda n: n - 1, lambda bars, n: bars.close[-1] / max(bars.close[-n:]) - 1),
    "drawdown_all": (lambda: 0, lambda bars: bars.close[-1] / max(bars.close) - 1),
}


@pytest.mark.parametrize("which", [0, 1], ids=["random", "still"])
@pytest.mark.parametrize("name", LITERALS)
def test_a_number_of_a_bar_is_what_its_formula_gives(name: str, which: int) -> None:
    assert faults(FAMILY, name, LITERALS[name], which) == []
