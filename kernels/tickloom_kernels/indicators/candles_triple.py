"""Candlestick patterns of three candles; names of lengths end with how many rows back the candle stands."""

from typing import Any

from tickloom_kernels.indicators.candles import body, bottom, gap_down, gap_up, lower, signed, top, upper, white, within
from tickloom_kernels.indicators.window import fma, lag, step


@step
def two_crows(k: int, o: Any, c: Any, large_2: float) -> float:
    """Two crows: a black candle gaps up from a long white one, and a second one closes within that. -100."""
    found = (
        white(o, c, 2)
        and body(o, c, 2) > large_2
        and not white(o, c, 1)
        and gap_up(o, c, 1, 2)
        and not white(o, c, 0)
        and lag(c, 1) < lag(o, 0) < lag(o, 1)
        and lag(o, 2) < lag(c, 0) < lag(c, 2)
    )
    return -100.0 if found else 0.0


@step
def upside_gap_two_crows(k: int, o: Any, c: Any, large_2: float, small_1: float) -> float:
    """Upside gap two crows: a short black candle gaps up from a long white one and is engulfed above the gap. -100."""
    found = (
        white(o, c, 2)
        and body(o, c, 2) > large_2
        and not white(o, c, 1)
        and body(o, c, 1) <= small_1
        and gap_up(o, c, 1, 2)
        and not white(o, c, 0)
        and lag(o, 0) > lag(o, 1)
        and lag(c, 2) < lag(c, 0) < lag(c, 1)
    )
    return -100.0 if found else 0.0


@step
def three_inside(k: int, o: Any, c: Any, large_2: float, small_1: float) -> float:
    """Three inside up or down: a harami, and a close beyond the first open. 100 up, -100 down."""
    if body(o, c, 2) <= large_2 or body(o, c, 1) > small_1:
        return 0.0
    if top(o, c, 1) >= top(o, c, 2) or bottom(o, c, 1) <= bottom(o, c, 2):
        return 0.0
    if white(o, c, 2):
        return -100.0 if not white(o, c, 0) and lag(c, 0) < lag(o, 2) else 0.0
    return 100.0 if white(o, c, 0) and lag(c, 0) > lag(o, 2) else 0.0


@step
def three_outside(k: int, o: Any, c: Any) -> float:
    """Three outside up or down: an engulfing, and a close farther that way. 100 up, -100 down."""
    if white(o, c, 1) == white(o, c, 2):
        return 0.0
    if top(o, c, 1) <= top(o, c, 2) or bottom(o, c, 1) >= bottom(o, c, 2):
        return 0.0
    if white(o, c, 1):
        return 100.0 if lag(c, 0) > lag(c, 1) else 0.0
    return -100.0 if lag(c, 0) < lag(c, 1) else 0.0


@step
def three_stars_in_south(
    k: int, o: Any, h: Any, low: Any, c: Any, large_2: float, tiny_1: float, tiny_0: float, small_0: float
) -> float:
    """Three stars in the south: three black candles, each smaller than and with a higher low than the last. 100."""
    if white(o, c, 2) or white(o, c, 1) or white(o, c, 0):
        return 0.0
    first = body(o, c, 2) > large_2 and lower(o, low, c, 2) > body(o, c, 2)
    second = (
        body(o, c, 1) < body(o, c, 2)
        and lag(c, 2) < lag(o, 1) <= lag(h, 2)
        and lag(low, 2) <= lag(low, 1) < lag(c, 2)
        and lower(o, low, c, 1) > tiny_1
    )
    third = (
        body(o, c, 0) < small_0
        and upper(o, h, c, 0) < tiny_0
        and lower(o, low, c, 0) < tiny_0
        and lag(low, 0) > lag(low, 1)
        and lag(h, 0) < lag(h, 1)
    )
    return 100.0 if first and second and third else 0.0


@step
def _advance(o: Any, c: Any, near_2: float, near_1: float) -> bool:
    """Whether three white candles close higher and higher, each opening within or near the body before."""
    return (
        white(o, c, 2)
        and white(o, c, 1)
        and white(o, c, 0)
        and lag(c, 0) > lag(c, 1)
        and lag(c, 1) > lag(c, 2)
        and lag(o, 2) < lag(o, 1) <= lag(c, 2) + near_2
        and lag(o, 1) < lag(o, 0) <= lag(c, 1) + near_1
    )


@step
def three_white_soldiers(
    k: int, o: Any, h: Any, c: Any, tiny_2: float, tiny_1: float, tiny_0: float, near_2: float, near_1: float,
    far_2: float, far_1: float, small_0: float,
) -> float:  # fmt: skip
    """Three white soldiers: three white candles without upper shadows, none far shorter, close ever higher. 100."""
    found = (
        _advance(o, c, near_2, near_1)
        and upper(o, h, c, 2) < tiny_2
        and upper(o, h, c, 1) < tiny_1
        and upper(o, h, c, 0) < tiny_0
        and body(o, c, 1) > body(o, c, 2) - far_2
        and body(o, c, 0) > body(o, c, 1) - far_1
        and body(o, c, 0) > small_0
    )
    return 100.0 if found else 0.0


@step
def advance_block(
    k: int, o: Any, h: Any, c: Any, shadow_2: float, shadow_1: float, shadow_0: float, near_2: float, near_1: float,
    far_2: float, far_1: float, large_2: float,
) -> float:  # fmt: skip
    """Advance block: three white candles close ever higher, but with shorter bodies or long upper shadows. -100."""
    first, second, third = body(o, c, 2), body(o, c, 1), body(o, c, 0)
    if not _advance(o, c, near_2, near_1) or first <= large_2 or upper(o, h, c, 2) >= shadow_2:
        return 0.0
    shorter = third < second
    weak = (
        (second < first - far_2 and third < second + near_1)
        or third < second - far_1
        or (shorter and second < first and (upper(o, h, c, 0) > shadow_0 or upper(o, h, c, 1) > shadow_1))
        or (shorter and upper(o, h, c, 0) > third)
    )
    return -100.0 if weak else 0.0


@step
def stalled_pattern(
    k: int, o: Any, h: Any, c: Any, large_2: float, large_1: float, small_0: float, tiny_1: float, near_2: float,
    near_1: float,
) -> float:  # fmt: skip
    """Stalled pattern: two long white candles, and a short one that rides on the shoulder of the second. -100."""
    found = (
        white(o, c, 2)
        and white(o, c, 1)
        and white(o, c, 0)
        and lag(c, 0) > lag(c, 1)
        and lag(c, 1) > lag(c, 2)
        and body(o, c, 2) > large_2
        and body(o, c, 1) > large_1
        and upper(o, h, c, 1) < tiny_1
        and lag(o, 2) < lag(o, 1) <= lag(c, 2) + near_2
        and body(o, c, 0) < small_0
        and lag(o, 0) >= lag(c, 1) - body(o, c, 0) - near_1
    )
    return -100.0 if found else 0.0


@step
def identical_three_crows(
    k: int, o: Any, low: Any, c: Any, tiny_2: float, tiny_1: float, tiny_0: float, equal_2: float, equal_1: float
) -> float:
    """Identical three crows: three black candles without lower shadows, each opening at the close before. -100."""
    found = (
        not white(o, c, 2)
        and not white(o, c, 1)
        and not white(o, c, 0)
        and lower(o, low, c, 2) < tiny_2
        and lower(o, low, c, 1) < tiny_1
        and lower(o, low, c, 0) < tiny_0
        and lag(c, 2) > lag(c, 1)
        and lag(c, 1) > lag(c, 0)
        and within(lag(o, 1), lag(c, 2), equal_2)
        and within(lag(o, 0), lag(c, 1), equal_1)
    )
    return -100.0 if found else 0.0


@step
def _star(o: Any, h: Any, low: Any, c: Any, large_2: float, small_0: float, penetration: float, whole: bool) -> float:
    """Tell whether a candle between a long one and one that turns back is a star: gapped away, bodies or whole candles.

    The last one must close within the first body, deeper than a part of it. Upwards that limit is rounded once, as
    TA-Lib does on processors of today.
    """
    length = body(o, c, 2)
    if length <= large_2 or body(o, c, 0) <= small_0 or white(o, c, 0) == white(o, c, 2):
        return 0.0
    if white(o, c, 2):
        away = lag(low, 1) > lag(h, 2) and lag(h, 0) < lag(low, 1) if whole else gap_up(o, c, 1, 2)
        return -100.0 if away and lag(c, 0) < lag(c, 2) - length * penetration else 0.0
    away = lag(h, 1) < lag(low, 2) and lag(low, 0) > lag(h, 1) if whole else gap_down(o, c, 1, 2)
    return 100.0 if away and lag(c, 0) > fma(length, penetration, lag(c, 2)) else 0.0


@step
def abandoned_baby(
    k: int, o: Any, h: Any, low: Any, c: Any, large_2: float, tiny_1: float, small_0: float, penetration: float
) -> float:
    """Abandoned baby: a doji with gaps on both sides, shadows included, where a trend turns. 100 up, -100 down."""
    return _star(o, h, low, c, large_2, small_0, penetration, True) if body(o, c, 1) <= tiny_1 else 0.0


@step
def morning_star(k: int, o: Any, c: Any, large_2: float, small_1: float, small_0: float, penetration: float) -> float:
    """Morning star: a short body gaps down from a long black one, and a white one closes well within that. 100."""
    if body(o, c, 1) > small_1:
        return 0.0
    return max(_star(o, o, o, c, large_2, small_0, penetration, False), 0.0)


@step
def evening_star(k: int, o: Any, c: Any, large_2: float, small_1: float, small_0: float, penetration: float) -> float:
    """Evening star: a short body gaps up from a long white one, and a black one closes well within that. -100."""
    if body(o, c, 1) > small_1:
        return 0.0
    return min(_star(o, o, o, c, large_2, small_0, penetration, False), 0.0)


@step
def morning_doji_star(
    k: int, o: Any, c: Any, large_2: float, tiny_1: float, small_0: float, penetration: float
) -> float:
    """Morning doji star: a doji gaps down from a long black candle, and a white one closes well within that. 100."""
    return morning_star(k, o, c, large_2, tiny_1, small_0, penetration)


@step
def evening_doji_star(
    k: int, o: Any, c: Any, large_2: float, tiny_1: float, small_0: float, penetration: float
) -> float:
    """Evening doji star: a doji gaps up from a long white candle, and a black one closes well within that. -100."""
    return evening_star(k, o, c, large_2, tiny_1, small_0, penetration)


@step
def gap_side_by_side_white(k: int, o: Any, c: Any, near_1: float, equal_1: float) -> float:
    """Two white candles side by side, both gapped away from the one before. 100 above it, -100 below."""
    if not white(o, c, 1) or not white(o, c, 0):
        return 0.0
    if not within(body(o, c, 0), body(o, c, 1), near_1) or not within(lag(o, 0), lag(o, 1), equal_1):
        return 0.0
    if gap_up(o, c, 1, 2) and gap_up(o, c, 0, 2):
        return 100.0
    return -100.0 if gap_down(o, c, 1, 2) and gap_down(o, c, 0, 2) else 0.0


@step
def tasuki_gap(k: int, o: Any, c: Any, near_1: float) -> float:
    """Tasuki gap: a candle of about equal length comes back into a gap and does not fill it. 100 up, -100 down."""
    if white(o, c, 1) == white(o, c, 0) or abs(body(o, c, 1) - body(o, c, 0)) >= near_1:
        return 0.0
    if not bottom(o, c, 1) < lag(o, 0) < top(o, c, 1):
        return 0.0
    if white(o, c, 1):
        return 100.0 if gap_up(o, c, 1, 2) and top(o, c, 2) < lag(c, 0) < lag(o, 1) else 0.0
    return -100.0 if gap_down(o, c, 1, 2) and lag(o, 1) < lag(c, 0) < bottom(o, c, 2) else 0.0


@step
def gap_three_methods(k: int, o: Any, c: Any) -> float:
    """Gap three methods: a candle fills the gap between two of the other colour. 100 where those rise, else -100."""
    if white(o, c, 2) != white(o, c, 1) or white(o, c, 1) == white(o, c, 0):
        return 0.0
    if not bottom(o, c, 1) < lag(o, 0) < top(o, c, 1) or not bottom(o, c, 2) < lag(c, 0) < top(o, c, 2):
        return 0.0
    return signed(o, c, 2) if (gap_up(o, c, 1, 2) if white(o, c, 2) else gap_down(o, c, 1, 2)) else 0.0


@step
def stick_sandwich(k: int, o: Any, low: Any, c: Any, equal_2: float) -> float:
    """Stick sandwich: two black candles with equal closes around a white one above them. 100."""
    found = (
        not white(o, c, 2)
        and white(o, c, 1)
        and not white(o, c, 0)
        and lag(low, 1) > lag(c, 2)
        and within(lag(c, 0), lag(c, 2), equal_2)
    )
    return 100.0 if found else 0.0


@step
def tristar(k: int, o: Any, c: Any, tiny_2: float) -> float:
    """Tristar: three dojis, the second gapped away from the first. 100 where it lies below, -100 above."""
    if body(o, c, 2) > tiny_2 or body(o, c, 1) > tiny_2 or body(o, c, 0) > tiny_2:
        return 0.0
    if gap_up(o, c, 1, 2):
        return -100.0 if top(o, c, 0) < top(o, c, 1) else 0.0
    return 100.0 if gap_down(o, c, 1, 2) and bottom(o, c, 0) > bottom(o, c, 1) else 0.0


@step
def unique_three_river(k: int, o: Any, low: Any, c: Any, large_2: float, small_0: float) -> float:
    """Long black candle, a black one inside with a lower low, and a short white one (unique three river). 100."""
    found = (
        not white(o, c, 2)
        and body(o, c, 2) > large_2
        and not white(o, c, 1)
        and lag(c, 1) > lag(c, 2)
        and lag(o, 1) <= lag(o, 2)
        and lag(low, 1) < lag(low, 2)
        and white(o, c, 0)
        and body(o, c, 0) < small_0
        and lag(o, 0) > lag(low, 1)
    )
    return 100.0 if found else 0.0
