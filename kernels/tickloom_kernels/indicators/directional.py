"""Direction: movement up against movement down, ages of extremes, pivots that stand, and which way averages go."""

import math
from typing import Any

from tickloom_kernels.indicators.averages import rma
from tickloom_kernels.indicators.rolling import half
from tickloom_kernels.indicators.window import choose, fma, lag, step

# --- Wilder's directional system -------------------------------------------------------------------------------------


@step
def movement(k: int, state: Any, high: float, low: float, n: int) -> Any:
    """Wilder's sums of movement up and of movement down: a bar counts for the side on which it went further.

    ``s += m - s / n`` after the plain sum of the first n - 1, as TA-Lib has it. Equal movement counts for none.
    """
    high_before, low_before, plus, minus = state
    up, down = high - high_before, low_before - low
    risen = up if up > 0.0 else 0.0
    fallen = down if down > 0.0 else 0.0
    risen, fallen = risen if up > down else 0.0, fallen if down > up else 0.0
    if k >= n:
        keep = 1.0 - 1.0 / n
        plus, minus = fma(plus, keep, risen), fma(minus, keep, fallen)
    elif k > 0:
        plus, minus = plus + risen, minus + fallen
    return (high, low, plus, minus), plus, minus


@step
def wilder_range(k: int, state: Any, high: float, low: float, close: float, n: int) -> Any:
    """Wilder's sum of the true range, as `movement`."""
    before, total = state
    span = max(high, before) - min(low, before)
    if k >= n:
        total = fma(total, 1.0 - 1.0 / n, span)
    elif k > 0:
        total += span
    return (close, total), total


@step
def plus_dm(k: int, plus: float, n: int) -> float:
    """Wilder's sum of upward movement: highs above the high before, where the bar went further up than down."""
    return plus


@step
def minus_dm(k: int, minus: float, n: int) -> float:
    """Wilder's sum of downward movement: lows below the low before, where the bar went further down than up."""
    return minus


@step
def plus_di(k: int, plus: float, span: float, n: int) -> float:
    """Upward movement in percent of the true range, both summed by Wilder's rule; 0 where there is no range."""
    return 100.0 * (plus / span) if span != 0.0 else 0.0


@step
def minus_di(k: int, minus: float, span: float, n: int) -> float:
    """Downward movement in percent of the true range, both summed by Wilder's rule; 0 where there is no range."""
    return 100.0 * (minus / span) if span != 0.0 else 0.0


@step
def dx(k: int, plus: float, minus: float, n: int) -> float:
    """Directional movement index: how one-sided the movement is, 0 to 100; 0 as long as nothing has moved.

    100 |P - M| / (P + M) with Wilder's sums of upward and downward movement; the true range cancels. Wilder 1978.
    """
    moved = plus + minus
    return 100.0 * (abs(plus - minus) / moved) if moved != 0.0 else 0.0


@step
def adx(k: int, state: Any, index: float, n: int) -> Any:
    """Average directional index: how strong a trend is, whichever way it goes, 0 to 100.

    Wilder's average of `dx`, seeded with the mean of its first n. TA-Lib's sums begin with n - 1 bars; other libraries
    differ in the first rows. Wilder 1978.
    """
    return rma(k, state, index, n)


@step
def adxr(k: int, strengths: Any, n: int) -> float:
    """Average directional index rating: mean of `adx` now and n - 1 rows ago (Wilder 1978)."""
    return (lag(strengths, 0) + lag(strengths, n - 1)) * 0.5


# --- ages of extremes ------------------------------------------------------------------------------------------------


@step
def high_age(k: int, highest: Any, ages: Any, n: int) -> float:
    """Rows since the largest of the last n values, the latest of equals.

    From windows of the largest of the last `rolling.half` of n values, and of its age; spans as `rolling.highest`.
    """
    back = n - half(n)
    return choose(lag(highest, back) > lag(highest, 0), lag(ages, back) + back, lag(ages, 0))


@step
def low_age(k: int, lowest: Any, ages: Any, n: int) -> float:
    """Rows since the smallest of the last n values, the latest of equals; as `high_age`."""
    back = n - half(n)
    return choose(lag(lowest, back) < lag(lowest, 0), lag(ages, back) + back, lag(ages, 0))


@step
def is_high_older(k: int, highs: Any) -> float:
    """Rows since the larger one of the last two values, the latest of equals."""
    return choose(lag(highs, 1) > lag(highs, 0), 1.0, 0.0)


@step
def is_low_older(k: int, lows: Any) -> float:
    """Rows since the smaller one of the last two values, the latest of equals."""
    return choose(lag(lows, 1) < lag(lows, 0), 1.0, 0.0)


@step
def aroon(k: int, high_age: float, low_age: float, n: int) -> Any:
    """Aroon: how fresh the lowest low (down) and the highest high (up) of n + 1 bars are, 100 (now) to 0.

    100 (n - rows since) / n; of equal extremes the latest counts. Chande 1995.
    """
    return 100.0 / n * (n - low_age), 100.0 / n * (n - high_age)


@step
def aroonosc(k: int, high_age: float, low_age: float, n: int) -> float:
    """Aroon up less Aroon down, -100 to 100."""
    return 100.0 / n * (low_age - high_age)


# --- ranges that overlap ---------------------------------------------------------------------------------------------


@step
def vortex_movement(k: int, highs: Any, lows: Any) -> Any:
    """Distance of the high from the low before, and of the low from the high before."""
    return abs(lag(highs, 0) - lag(lows, 1)), abs(lag(lows, 0) - lag(highs, 1))


@step
def vortex(k: int, plus: float, minus: float, span: float, n: int) -> Any:
    """Vortex: movement up (H - L[1]) and down (L - H[1]) over the true range, each summed over n bars.

    0 where there is no range. Botes and Siepman 2010.
    """
    if span == 0.0:
        return 0.0, 0.0
    return plus / span, minus / span


@step
def choppiness(k: int, path: float, highest: float, lowest: float, n: int) -> float:
    """Choppiness: the true ranges of n bars against the range of all of them, 0 (a trend) to 100 (sideways).

    100 log(sum of true range / (highest high - lowest low)) / log(n); 100 where the bars have no range. The first bar
    has no true range, so the first value needs n + 1 bars. Dreiss 1992.
    """
    span = highest - lowest
    return 100.0 / math.log(n) * math.log(path / span) if path > 0.0 and span > 0.0 else 100.0


# --- pivots ----------------------------------------------------------------------------------------------------------


@step
def fractal(
    k: int, highs: Any, lows: Any, high: float, low: float, tops: Any, bottoms: Any, left: int, right: int
) -> Any:
    """Swing high and swing low: 100 at the row that confirms one, ``right`` bars after the pivot, else 0.

    A pivot's high is above the highs of ``left`` bars before and ``right`` bars after it; equal ones are no pivot. The
    value stands where it became known, never at the pivot. Williams 1998.
    """
    top, bottom = lag(highs, right), lag(lows, right)
    swing_high = 100.0 if top > high and top > lag(tops, right + 1) else 0.0
    swing_low = 100.0 if bottom < low and bottom < lag(bottoms, right + 1) else 0.0
    return swing_high, swing_low


@step
def zigzag(k: int, state: Any, high: float, low: float, percent: float) -> Any:
    """Legs between reversals of some percent: which way this leg goes, the pivot it began at, rows since that.

    The leg at hand turns where the low falls ``percent`` below its highest high (or the high rises so far above its
    lowest low); that high is the pivot from this row on and never changes. A bar that sets a new extreme does not turn.
    Before the first turn the direction is 0 and the pivot the first high.
    """
    direction, top, top_row, bottom, bottom_row, pivot, pivot_row = state
    if k == 0:
        top, bottom, pivot = high, low, high
    fall, rise = 1.0 - 0.01 * percent, 1.0 + 0.01 * percent
    new_top, new_bottom = high > top, low < bottom
    if new_top:
        top, top_row = high, float(k)
    if new_bottom:
        bottom, bottom_row = low, float(k)
    if direction >= 0.0 and not new_top and low <= top * fall:
        direction, pivot, pivot_row = -1.0, top, top_row
        bottom, bottom_row = low, float(k)
    elif direction <= 0.0 and not new_bottom and high >= bottom * rise:
        direction, pivot, pivot_row = 1.0, bottom, bottom_row
        top, top_row = high, float(k)
    return (direction, top, top_row, bottom, bottom_row, pivot, pivot_row), direction, pivot, k - pivot_row


# --- averages that turn and cross ------------------------------------------------------------------------------------


@step
def amat(k: int, fasts: Any, slows: Any, fast: int, slow: int, back: int) -> Any:
    """Archer's moving average trends: 1 where averages say long, and 1 where they say short, else 0.

    Long: the fast EMA is above where it was ``back`` rows ago and the slow one has moved either way; short: the fast
    one is below. Averages that stand still say neither.
    """
    quick = lag(fasts, 0) - lag(fasts, back)
    moved = lag(slows, 0) != lag(slows, back)
    return 1.0 if quick > 0.0 and moved else 0.0, 1.0 if quick < 0.0 and moved else 0.0


@step
def cross_age(k: int, state: Any, fast: float, slow: float, fast_n: int, slow_n: int) -> Any:
    """Which side of the slow EMA the fast one is on (1, -1), and for how many rows since it crossed.

    0 rows at the row of the crossing; where both are equal the side before holds (0 at first). Before the
    first crossing the rows count from the first value.
    """
    side, age = state
    now = 1.0 if fast > slow else (-1.0 if fast < slow else side)
    age = age + 1.0 if now == side and k > 0 else 0.0
    return (now, age), now, age
