"""Candlestick patterns of four candles and more; names of lengths end with how many rows back the candle stands."""

from typing import Any

from tickloom_kernels.indicators.candles import body, bottom, gap_down, gap_up, lower, top, upper, white
from tickloom_kernels.indicators.window import lag, step

#: Rows in which a trap may be confirmed, the one of the pattern included.
_CONFIRM = 4.0


@step
def three_black_crows(k: int, o: Any, h: Any, low: Any, c: Any, tiny_2: float, tiny_1: float, tiny_0: float) -> float:
    """Three black crows: after a white candle, three black ones without lower shadows close ever lower. -100."""
    found = (
        white(o, c, 3)
        and not white(o, c, 2)
        and not white(o, c, 1)
        and not white(o, c, 0)
        and lower(o, low, c, 2) < tiny_2
        and lower(o, low, c, 1) < tiny_1
        and lower(o, low, c, 0) < tiny_0
        and lag(c, 2) < lag(o, 1) < lag(o, 2)
        and lag(c, 1) < lag(o, 0) < lag(o, 1)
        and lag(h, 3) > lag(c, 2)
        and lag(c, 2) > lag(c, 1)
        and lag(c, 1) > lag(c, 0)
    )
    return -100.0 if found else 0.0


@step
def three_line_strike(k: int, o: Any, c: Any, near_3: float, near_2: float) -> float:
    """Three-line strike: one candle takes back three of the other colour. 100 after white ones, else -100."""
    up = white(o, c, 1)
    if white(o, c, 3) != up or white(o, c, 2) != up or white(o, c, 0) == up:
        return 0.0
    if not bottom(o, c, 3) - near_3 <= lag(o, 2) <= top(o, c, 3) + near_3:
        return 0.0
    if not bottom(o, c, 2) - near_2 <= lag(o, 1) <= top(o, c, 2) + near_2:
        return 0.0
    if up:
        rises = lag(c, 1) > lag(c, 2) and lag(c, 2) > lag(c, 3)
        return 100.0 if rises and lag(o, 0) > lag(c, 1) and lag(c, 0) < lag(o, 3) else 0.0
    falls = lag(c, 1) < lag(c, 2) and lag(c, 2) < lag(c, 3)
    return -100.0 if falls and lag(o, 0) < lag(c, 1) and lag(c, 0) > lag(o, 3) else 0.0


@step
def concealing_baby_swallow(
    k: int, o: Any, h: Any, low: Any, c: Any, tiny_3: float, tiny_2: float, tiny_1: float
) -> float:
    """Concealing baby swallow: two black marubozus, one with an upper shadow, and a black one around that. 100."""
    found = (
        not white(o, c, 3)
        and not white(o, c, 2)
        and not white(o, c, 1)
        and not white(o, c, 0)
        and lower(o, low, c, 3) < tiny_3
        and upper(o, h, c, 3) < tiny_3
        and lower(o, low, c, 2) < tiny_2
        and upper(o, h, c, 2) < tiny_2
        and gap_down(o, c, 1, 2)
        and upper(o, h, c, 1) > tiny_1
        and lag(h, 1) > lag(c, 2)
        and lag(h, 0) > lag(h, 1)
        and lag(low, 0) < lag(low, 1)
    )
    return 100.0 if found else 0.0


@step
def breakaway(k: int, o: Any, h: Any, low: Any, c: Any, large_4: float) -> float:
    """Breakaway: a trend gaps away from a long candle, and its fifth candle closes in the gap. 100 up, -100 down."""
    up = white(o, c, 0)
    if body(o, c, 4) <= large_4 or white(o, c, 4) == up or white(o, c, 3) == up or white(o, c, 1) == up:
        return 0.0
    if up:
        falls = (
            lag(h, 2) < lag(h, 3) and lag(low, 2) < lag(low, 3) and lag(h, 1) < lag(h, 2) and lag(low, 1) < lag(low, 2)
        )
        return 100.0 if falls and gap_down(o, c, 3, 4) and lag(o, 3) < lag(c, 0) < lag(c, 4) else 0.0
    rises = lag(h, 2) > lag(h, 3) and lag(low, 2) > lag(low, 3) and lag(h, 1) > lag(h, 2) and lag(low, 1) > lag(low, 2)
    return -100.0 if rises and gap_up(o, c, 3, 4) and lag(c, 4) < lag(c, 0) < lag(o, 3) else 0.0


@step
def ladder_bottom(k: int, o: Any, h: Any, c: Any, tiny_1: float) -> float:
    """Ladder bottom: three falling black candles, one with an upper shadow, and a white one above that. 100."""
    found = (
        not white(o, c, 4)
        and not white(o, c, 3)
        and not white(o, c, 2)
        and lag(o, 4) > lag(o, 3)
        and lag(o, 3) > lag(o, 2)
        and lag(c, 4) > lag(c, 3)
        and lag(c, 3) > lag(c, 2)
        and not white(o, c, 1)
        and upper(o, h, c, 1) > tiny_1
        and white(o, c, 0)
        and lag(o, 0) > lag(o, 1)
        and lag(c, 0) > lag(h, 1)
    )
    return 100.0 if found else 0.0


@step
def mat_hold(
    k: int, o: Any, h: Any, c: Any, large_4: float, small_3: float, small_2: float, small_1: float, penetration: float
) -> float:
    """Mat hold: three short candles fall from above a long white one, and a white one closes above them. 100."""
    start = lag(c, 4)
    least = start - body(o, c, 4) * penetration
    found = (
        white(o, c, 4)
        and not white(o, c, 3)
        and white(o, c, 0)
        and gap_up(o, c, 3, 4)
        and least < bottom(o, c, 2) < start
        and least < bottom(o, c, 1) < start
        and top(o, c, 2) < lag(o, 3)
        and top(o, c, 1) < top(o, c, 2)
        and lag(o, 0) > lag(c, 1)
        and lag(c, 0) > max(lag(h, 3), lag(h, 2), lag(h, 1))
        and body(o, c, 4) > large_4
        and body(o, c, 3) < small_3
        and body(o, c, 2) < small_2
        and body(o, c, 1) < small_1
    )
    return 100.0 if found else 0.0


@step
def _overlaps(o: Any, h: Any, low: Any, c: Any, back: int) -> bool:
    """Whether a body lies at least in part within the range of the candle four rows ago."""
    return bottom(o, c, back) < lag(h, 4) and top(o, c, back) > lag(low, 4)


@step
def rise_fall_three_methods(
    k: int, o: Any, h: Any, low: Any, c: Any, large_4: float, small_3: float, small_2: float, small_1: float,
    large_0: float,
) -> float:  # fmt: skip
    """Three methods: three short candles rest within a long one, and a long one goes on. 100 rising, -100 falling."""
    up = white(o, c, 4)
    if white(o, c, 3) == up or white(o, c, 2) == up or white(o, c, 1) == up or white(o, c, 0) != up:
        return 0.0
    if body(o, c, 4) <= large_4 or body(o, c, 0) <= large_0:
        return 0.0
    if body(o, c, 3) >= small_3 or body(o, c, 2) >= small_2 or body(o, c, 1) >= small_1:
        return 0.0
    if not _overlaps(o, h, low, c, 3) or not _overlaps(o, h, low, c, 2) or not _overlaps(o, h, low, c, 1):
        return 0.0
    if up:
        rests = lag(c, 2) < lag(c, 3) and lag(c, 1) < lag(c, 2)
        return 100.0 if rests and lag(o, 0) > lag(c, 1) and lag(c, 0) > lag(c, 4) else 0.0
    rests = lag(c, 2) > lag(c, 3) and lag(c, 1) > lag(c, 2)
    return -100.0 if rests and lag(o, 0) < lag(c, 1) and lag(c, 0) < lag(c, 4) else 0.0


@step
def _trap(state: Any, found: bool, h: Any, low: Any, close: float) -> Any:
    """Remember a trap for as many rows as it may be confirmed; 200 where it is.

    The state is the rows that are left, the direction, and the high and low of the candle that must be left behind.
    """
    left, sign, high_before, low_before = state
    said = 0.0
    if found:
        sign = 100.0 if lag(h, 0) < lag(h, 1) else -100.0
        left, high_before, low_before, said = _CONFIRM, lag(h, 1), lag(low, 1), sign
    elif left > 0.0 and ((sign > 0.0 and close > high_before) or (sign < 0.0 and close < low_before)):
        left, said = 0.0, 2.0 * sign
    return (max(left - 1.0, 0.0), sign, high_before, low_before), said


@step
def hikkake(k: int, state: Any, h: Any, low: Any, c: Any) -> Any:
    """Hikkake: an inside candle is broken on one side. 100 below, -100 above; 200 or -200 once the trap is confirmed.

    It is confirmed by a close beyond the inside candle on the other side, within three rows.
    """
    if k < 2:
        return state, 0.0
    inside = lag(h, 1) < lag(h, 2) and lag(low, 1) > lag(low, 2)
    below = lag(h, 0) < lag(h, 1) and lag(low, 0) < lag(low, 1)
    above = lag(h, 0) > lag(h, 1) and lag(low, 0) > lag(low, 1)
    return _trap(state, inside and (below or above), h, low, lag(c, 0))


@step
def hikkake_modified(k: int, state: Any, h: Any, low: Any, c: Any, near_2: float) -> Any:
    """Hikkake, modified: two inside candles in a row, the first closing near its end; else as `hikkake`."""
    inside = lag(h, 2) < lag(h, 3) and lag(low, 2) > lag(low, 3) and lag(h, 1) < lag(h, 2) and lag(low, 1) > lag(low, 2)
    below = lag(h, 0) < lag(h, 1) and lag(low, 0) < lag(low, 1) and lag(c, 2) <= lag(low, 2) + near_2
    above = lag(h, 0) > lag(h, 1) and lag(low, 0) > lag(low, 1) and lag(c, 2) >= lag(h, 2) - near_2
    return _trap(state, inside and (below or above), h, low, lag(c, 0))
