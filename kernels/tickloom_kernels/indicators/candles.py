"""What candlestick patterns are made of: parts of a candle, and how long is long; and the patterns of one candle.

A pattern says 100 where it points up, -100 where it points down, and 0 where it is not there. "Long", "short", "near"
and "equal" are told by the candles before, as TA-Lib does with its settings of the factory.
"""

from typing import Any

from tickloom_kernels.indicators.window import lag, step

# --- how long is long ------------------------------------------------------------------------------------------------


@step
def body_range(k: int, opened: float, close: float) -> float:
    """Length of a candle's body: the distance of open and close."""
    return abs(close - opened)


@step
def high_low_range(k: int, high: float, low: float) -> float:
    """Length of a whole candle, from low to high."""
    return high - low


@step
def shadow_range(k: int, opened: float, high: float, low: float, close: float) -> float:
    """Length of both shadows of a candle together."""
    return (high - max(opened, close)) + (min(opened, close) - low)


@step
def threshold(k: int, sums: Any, n: int, factor: float, back: int) -> float:
    """Multiply by a factor the mean range of the n candles before the one that stands so many rows back.

    Where prices stand on a grid a body is often equal to an average, and yet the comparison does not depend on how the
    sum came about: differences of prices are whole multiples of the last bit of a price, so their sums have no error as
    long as the ranges of n candles together are smaller than the price.
    """
    return factor * (lag(sums, back + 1) / n)


# --- parts of the candle that stands so many rows back ---------------------------------------------------------------


@step
def body(o: Any, c: Any, back: int) -> float:
    """Length of the body."""
    return abs(lag(c, back) - lag(o, back))


@step
def white(o: Any, c: Any, back: int) -> bool:
    """Whether it closes where it opened or above."""
    return lag(c, back) >= lag(o, back)


@step
def signed(o: Any, c: Any, back: int) -> float:
    """100 where it is white, -100 where it is black."""
    return 100.0 if lag(c, back) >= lag(o, back) else -100.0


@step
def top(o: Any, c: Any, back: int) -> float:
    """Upper end of the body."""
    return max(lag(o, back), lag(c, back))


@step
def bottom(o: Any, c: Any, back: int) -> float:
    """Lower end of the body."""
    return min(lag(o, back), lag(c, back))


@step
def upper(o: Any, h: Any, c: Any, back: int) -> float:
    """Length of the upper shadow."""
    return lag(h, back) - max(lag(o, back), lag(c, back))


@step
def lower(o: Any, low: Any, c: Any, back: int) -> float:
    """Length of the lower shadow."""
    return min(lag(o, back), lag(c, back)) - lag(low, back)


@step
def gap_up(o: Any, c: Any, back: int, before: int) -> bool:
    """Whether its body lies above the body of an earlier one."""
    return bottom(o, c, back) > top(o, c, before)


@step
def gap_down(o: Any, c: Any, back: int, before: int) -> bool:
    """Whether its body lies below the body of an earlier one."""
    return top(o, c, back) < bottom(o, c, before)


@step
def within(x: float, middle: float, distance: float) -> bool:
    """Whether a price is no farther from another one than a distance."""
    return middle - distance <= x <= middle + distance


# --- patterns of one candle ------------------------------------------------------------------------------------------


@step
def doji(k: int, o: float, c: float, tiny: float) -> float:
    """Doji: open and close are nearly the same. 100, which says nothing of a direction."""
    return 100.0 if abs(c - o) <= tiny else 0.0


@step
def dragonfly_doji(k: int, o: float, h: float, low: float, c: float, tiny: float) -> float:
    """Dragonfly doji: no body, no upper shadow, and a lower shadow. 100."""
    return 100.0 if abs(c - o) <= tiny and h - max(o, c) < tiny and min(o, c) - low > tiny else 0.0


@step
def gravestone_doji(k: int, o: float, h: float, low: float, c: float, tiny: float) -> float:
    """Gravestone doji: no body, no lower shadow, and an upper shadow. 100."""
    return 100.0 if abs(c - o) <= tiny and min(o, c) - low < tiny and h - max(o, c) > tiny else 0.0


@step
def long_legged_doji(k: int, o: float, h: float, low: float, c: float, tiny: float) -> float:
    """Long-legged doji: no body, and at least one shadow that is longer than the body. 100."""
    length = abs(c - o)
    return 100.0 if length <= tiny and (min(o, c) - low > length or h - max(o, c) > length) else 0.0


@step
def rickshaw_man(k: int, o: float, h: float, low: float, c: float, tiny: float, near: float) -> float:
    """Rickshaw man: a doji with two long shadows and its body near the middle of the candle. 100."""
    length, bottom_of, top_of = abs(c - o), min(o, c), max(o, c)
    if length > tiny or bottom_of - low <= length or h - top_of <= length:
        return 0.0
    middle = low + (h - low) / 2.0
    return 100.0 if bottom_of <= middle + near and top_of >= middle - near else 0.0


@step
def takuri(k: int, o: float, h: float, low: float, c: float, tiny: float) -> float:
    """Takuri: a dragonfly doji whose lower shadow is more than twice as long as its body. 100."""
    length = abs(c - o)
    return 100.0 if length <= tiny and h - max(o, c) < tiny and min(o, c) - low > 2.0 * length else 0.0


@step
def marubozu(k: int, o: float, h: float, low: float, c: float, large: float, tiny: float) -> float:
    """Marubozu: a long body with no shadows to speak of. 100 where white, -100 where black."""
    if abs(c - o) <= large or h - max(o, c) >= tiny or min(o, c) - low >= tiny:
        return 0.0
    return 100.0 if c >= o else -100.0


@step
def closing_marubozu(k: int, o: float, h: float, low: float, c: float, large: float, tiny: float) -> float:
    """Marubozu at its close: a long body with no shadow where it closes. 100 where white, -100 where black."""
    if abs(c - o) <= large:
        return 0.0
    if c >= o:
        return 100.0 if h - c < tiny else 0.0
    return -100.0 if c - low < tiny else 0.0


@step
def belt_hold(k: int, o: float, h: float, low: float, c: float, large: float, tiny: float) -> float:
    """Belt hold: a long body with no shadow where it opens. 100 where white, -100 where black."""
    if abs(c - o) <= large:
        return 0.0
    if c >= o:
        return 100.0 if o - low < tiny else 0.0
    return -100.0 if h - o < tiny else 0.0


@step
def long_line(k: int, o: float, h: float, low: float, c: float, large: float, shadow: float) -> float:
    """Long line: a long body with two short shadows. 100 where white, -100 where black."""
    if abs(c - o) <= large or h - max(o, c) >= shadow or min(o, c) - low >= shadow:
        return 0.0
    return 100.0 if c >= o else -100.0


@step
def short_line(k: int, o: float, h: float, low: float, c: float, small: float, shadow: float) -> float:
    """Short line: a short body with two short shadows. 100 where white, -100 where black."""
    if abs(c - o) >= small or h - max(o, c) >= shadow or min(o, c) - low >= shadow:
        return 0.0
    return 100.0 if c >= o else -100.0


@step
def spinning_top(k: int, o: float, h: float, low: float, c: float, small: float) -> float:
    """Spinning top: a short body between two shadows that are longer than it. 100 where white, -100 where black."""
    length = abs(c - o)
    if length >= small or h - max(o, c) <= length or min(o, c) - low <= length:
        return 0.0
    return 100.0 if c >= o else -100.0


@step
def high_wave(k: int, o: float, h: float, low: float, c: float, small: float) -> float:
    """High wave: a short body between shadows more than twice as long as it. 100 where white, -100 where black."""
    length = abs(c - o)
    if length >= small or h - max(o, c) <= 2.0 * length or min(o, c) - low <= 2.0 * length:
        return 0.0
    return 100.0 if c >= o else -100.0
