"""Candlestick patterns of two candles; names of lengths end with how many rows back the candle stands."""

from typing import Any

from tickloom_kernels.indicators.candles import body, bottom, gap_down, gap_up, lower, signed, top, upper, white, within
from tickloom_kernels.indicators.window import lag, step


@step
def engulfing(k: int, o: Any, c: Any) -> float:
    """Engulfing: a body that covers the body before, of the other colour. 100 up, -100 down.

    80 instead of 100 where they end at the same price on one side.
    """
    if white(o, c, 0) == white(o, c, 1):
        return 0.0
    above, below = top(o, c, 0) - top(o, c, 1), bottom(o, c, 1) - bottom(o, c, 0)
    if above < 0.0 or below < 0.0 or (above == 0.0 and below == 0.0):
        return 0.0
    return signed(o, c, 0) if above > 0.0 and below > 0.0 else 0.8 * signed(o, c, 0)


@step
def _inside(o: Any, c: Any) -> float:
    """100 for a body inside the one before, against its colour; 80 where an end is equal."""
    if top(o, c, 0) > top(o, c, 1) or bottom(o, c, 0) < bottom(o, c, 1):
        return 0.0
    strict = top(o, c, 0) < top(o, c, 1) and bottom(o, c, 0) > bottom(o, c, 1)
    return -signed(o, c, 1) if strict else -0.8 * signed(o, c, 1)


@step
def harami(k: int, o: Any, c: Any, large_1: float, small_0: float) -> float:
    """Harami: a short body inside a long one. 100 after a black one, -100 after a white one.

    80 instead of 100 where they end at the same price on one side or both.
    """
    return _inside(o, c) if body(o, c, 1) > large_1 and body(o, c, 0) <= small_0 else 0.0


@step
def harami_cross(k: int, o: Any, c: Any, large_1: float, tiny_0: float) -> float:
    """Harami cross: a doji inside a long body. 100 after a black one, -100 after a white one.

    80 instead of 100 where they end at the same price on one side or both.
    """
    return _inside(o, c) if body(o, c, 1) > large_1 and body(o, c, 0) <= tiny_0 else 0.0


@step
def doji_star(k: int, o: Any, c: Any, large_1: float, tiny_0: float) -> float:
    """Doji star: a doji that gaps away from a long body. 100 below a black one, -100 above a white one."""
    if body(o, c, 1) <= large_1 or body(o, c, 0) > tiny_0:
        return 0.0
    if white(o, c, 1):
        return -100.0 if gap_up(o, c, 0, 1) else 0.0
    return 100.0 if gap_down(o, c, 0, 1) else 0.0


@step
def _stands_on_shadow(o: Any, h: Any, low: Any, c: Any, small_0: float, tiny_0: float) -> bool:
    """Whether a short body has a lower shadow that is longer than it and no upper one."""
    length = body(o, c, 0)
    return length < small_0 and lower(o, low, c, 0) > length and upper(o, h, c, 0) < tiny_0


@step
def _hangs_on_shadow(o: Any, h: Any, low: Any, c: Any, small_0: float, tiny_0: float) -> bool:
    """Whether a short body has an upper shadow that is longer than it and no lower one."""
    length = body(o, c, 0)
    return length < small_0 and upper(o, h, c, 0) > length and lower(o, low, c, 0) < tiny_0


@step
def hammer(k: int, o: Any, h: Any, low: Any, c: Any, small_0: float, tiny_0: float, near_1: float) -> float:
    """Hammer: a short body on a long lower shadow, near the low of the candle before. 100."""
    found = _stands_on_shadow(o, h, low, c, small_0, tiny_0) and bottom(o, c, 0) <= lag(low, 1) + near_1
    return 100.0 if found else 0.0


@step
def hanging_man(k: int, o: Any, h: Any, low: Any, c: Any, small_0: float, tiny_0: float, near_1: float) -> float:
    """Hanging man: a short body on a long lower shadow, near the high of the candle before. -100."""
    found = _stands_on_shadow(o, h, low, c, small_0, tiny_0) and bottom(o, c, 0) >= lag(h, 1) - near_1
    return -100.0 if found else 0.0


@step
def inverted_hammer(k: int, o: Any, h: Any, low: Any, c: Any, small_0: float, tiny_0: float) -> float:
    """Inverted hammer: a short body under a long upper shadow, gapped down from the candle before. 100."""
    return 100.0 if _hangs_on_shadow(o, h, low, c, small_0, tiny_0) and gap_down(o, c, 0, 1) else 0.0


@step
def shooting_star(k: int, o: Any, h: Any, low: Any, c: Any, small_0: float, tiny_0: float) -> float:
    """Shooting star: a short body under a long upper shadow, gapped up from the candle before. -100."""
    return -100.0 if _hangs_on_shadow(o, h, low, c, small_0, tiny_0) and gap_up(o, c, 0, 1) else 0.0


@step
def counterattack(k: int, o: Any, c: Any, equal_1: float, large_1: float, large_0: float) -> float:
    """Counterattack: two long bodies of different colours with equal closes. 100 where the last is white, else -100."""
    found = (
        white(o, c, 1) != white(o, c, 0)
        and body(o, c, 1) > large_1
        and body(o, c, 0) > large_0
        and within(lag(c, 0), lag(c, 1), equal_1)
    )
    return signed(o, c, 0) if found else 0.0


@step
def separating_lines(k: int, o: Any, h: Any, low: Any, c: Any, tiny_0: float, large_0: float, equal_1: float) -> float:
    """Separating lines: equal opens, and a long belt hold against the candle before. 100 or -100 as the last one."""
    if white(o, c, 1) == white(o, c, 0) or body(o, c, 0) <= large_0 or not within(lag(o, 0), lag(o, 1), equal_1):
        return 0.0
    if white(o, c, 0):
        return 100.0 if lower(o, low, c, 0) < tiny_0 else 0.0
    return -100.0 if upper(o, h, c, 0) < tiny_0 else 0.0


@step
def dark_cloud_cover(k: int, o: Any, h: Any, c: Any, large_1: float, penetration: float) -> float:
    """Dark cloud cover: a black candle opens above a long white one's high and closes well within its body. -100."""
    length = body(o, c, 1)
    found = (
        white(o, c, 1)
        and length > large_1
        and not white(o, c, 0)
        and lag(o, 0) > lag(h, 1)
        and lag(o, 1) < lag(c, 0) < lag(c, 1) - length * penetration
    )
    return -100.0 if found else 0.0


@step
def _opens_below(o: Any, low: Any, c: Any, large_1: float) -> bool:
    """Whether a white candle opens below the low of a long black one."""
    return not white(o, c, 1) and body(o, c, 1) > large_1 and white(o, c, 0) and lag(o, 0) < lag(low, 1)


@step
def piercing(k: int, o: Any, low: Any, c: Any, large_1: float, large_0: float) -> float:
    """Piercing: a long white candle opens below a long black one's low and closes above half of its body. 100."""
    found = (
        _opens_below(o, low, c, large_1)
        and body(o, c, 0) > large_0
        and lag(c, 1) + body(o, c, 1) * 0.5 < lag(c, 0) < lag(o, 1)
    )
    return 100.0 if found else 0.0


@step
def thrusting(k: int, o: Any, low: Any, c: Any, equal_1: float, large_1: float) -> float:
    """Thrusting: a white candle opens below a long black one's low and closes in the lower half of its body. -100."""
    close = lag(c, 0)
    found = (
        _opens_below(o, low, c, large_1) and close > lag(c, 1) + equal_1 and close <= lag(c, 1) + body(o, c, 1) * 0.5
    )
    return -100.0 if found else 0.0


@step
def in_neck(k: int, o: Any, low: Any, c: Any, equal_1: float, large_1: float) -> float:
    """In neck: a white candle opens below a long black one's low and closes at its close or barely above. -100."""
    found = _opens_below(o, low, c, large_1) and lag(c, 1) <= lag(c, 0) <= lag(c, 1) + equal_1
    return -100.0 if found else 0.0


@step
def on_neck(k: int, o: Any, low: Any, c: Any, equal_1: float, large_1: float) -> float:
    """On neck: a white candle opens below a long black one's low and closes at that low. -100."""
    return -100.0 if _opens_below(o, low, c, large_1) and within(lag(c, 0), lag(low, 1), equal_1) else 0.0


@step
def homing_pigeon(k: int, o: Any, c: Any, large_1: float, small_0: float) -> float:
    """Homing pigeon: a short black body inside a long black one. 100."""
    found = (
        not white(o, c, 1)
        and not white(o, c, 0)
        and body(o, c, 1) > large_1
        and body(o, c, 0) <= small_0
        and lag(o, 0) < lag(o, 1)
        and lag(c, 0) > lag(c, 1)
    )
    return 100.0 if found else 0.0


@step
def matching_low(k: int, o: Any, c: Any, equal_1: float) -> float:
    """Two black candles with equal closes (matching low). 100."""
    return 100.0 if not white(o, c, 1) and not white(o, c, 0) and within(lag(c, 0), lag(c, 1), equal_1) else 0.0


@step
def _kicks(o: Any, h: Any, low: Any, c: Any, tiny_1: float, tiny_0: float, large_1: float, large_0: float) -> bool:
    """Whether a marubozu gaps away from one of the other colour, in the direction of its own."""
    if white(o, c, 1) == white(o, c, 0) or body(o, c, 1) <= large_1 or body(o, c, 0) <= large_0:
        return False
    if upper(o, h, c, 1) >= tiny_1 or lower(o, low, c, 1) >= tiny_1:
        return False
    if upper(o, h, c, 0) >= tiny_0 or lower(o, low, c, 0) >= tiny_0:
        return False
    return lag(low, 0) > lag(h, 1) if white(o, c, 0) else lag(h, 0) < lag(low, 1)


@step
def kicking(
    k: int, o: Any, h: Any, low: Any, c: Any, tiny_1: float, tiny_0: float, large_1: float, large_0: float
) -> float:
    """Kicking: a marubozu that gaps away from one of the other colour. 100 or -100 as the last one."""
    return signed(o, c, 0) if _kicks(o, h, low, c, tiny_1, tiny_0, large_1, large_0) else 0.0


@step
def kicking_by_length(
    k: int, o: Any, h: Any, low: Any, c: Any, tiny_1: float, tiny_0: float, large_1: float, large_0: float
) -> float:
    """Kicking, told by the longer of its two marubozus: 100 where that is white, -100 where it is black."""
    if not _kicks(o, h, low, c, tiny_1, tiny_0, large_1, large_0):
        return 0.0
    return signed(o, c, 0 if body(o, c, 0) > body(o, c, 1) else 1)
