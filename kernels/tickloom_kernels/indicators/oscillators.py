"""Oscillators: where a price stands in the range of its recent past, and how far it is from its mean."""

import math
from typing import Any

from tickloom_kernels.indicators.rolling import is_due, mean
from tickloom_kernels.indicators.window import distances, fma, get, lag, put, step

#: What is so many times larger than the rest has left, or leaves, its rounding error in a sum.
_FAR = 50.0

# --- places in a range -----------------------------------------------------------------------------------------------


@step
def fast_k(k: int, highest: float, lowest: float, x: float, n: int) -> float:
    """Place of a value in the range of the last n rows, 0 (lowest) to 100 (highest); 0 where the range is 0."""
    span = highest - lowest
    return 100.0 * ((x - lowest) / span) if span != 0.0 else 0.0


@step
def stoch(k: int, slow_k: float, slow_d: float, n: int, k_n: int, k_average: int, d_n: int, d_average: int) -> Any:
    """Stochastic oscillator: the smoothed place of the close in the range of n bars (k), and an average of it (d).

    The place is 100 (C - lowest low) / (highest high - lowest low), 0 where the range is 0 (others say 50). Both begin
    where d does. Types of average are TA-Lib's ``matype``. Lane 1984.
    """
    return slow_k, slow_d


@step
def stochf(k: int, quick: float, slow: float, n: int, d_n: int, d_average: int) -> Any:
    """Fast stochastic oscillator: the place of the close in the range of n bars (k), and an average of it (d).

    As `stoch` without the first smoothing; k is held back until d is there.
    """
    return quick, slow


@step
def stochrsi(k: int, quick: float, slow: float, n: int, k_n: int, d_n: int, d_average: int) -> Any:
    """Fast stochastic oscillator of the relative strength index: its place in its own range, and an average of that.

    TA-Lib's convention, which does not smooth k (charts do). Chande and Kroll 1994.
    """
    return quick, slow


@step
def kdj(k: int, slow_k: float, slow_d: float, n: int, k_n: int, k_average: int, d_n: int, d_average: int) -> Any:
    """Stochastic oscillator with a third line: k, d and j = 3 k - 2 d, smoothed by Wilder's averages.

    The averages are seeded with the mean of their first values, as TA-Lib does (others begin at 50).
    """
    return slow_k, slow_d, 3.0 * slow_k - 2.0 * slow_d


@step
def willr(k: int, highest: float, lowest: float, close: float, n: int) -> float:
    """Williams' %R: place of the close below the highest high of n bars, -100 to 0; 0 where the range is 0.

    -100 (highest high - C) / (highest high - lowest low). Williams 1979.
    """
    span = highest - lowest
    return -100.0 * ((highest - close) / span) if span != 0.0 else 0.0


@step
def off_centre(k: int, highest: float, lowest: float, close: float, n: int) -> Any:
    """How far the close is from the middle of a range, and the range."""
    return close - 0.5 * (highest + lowest), highest - lowest


@step
def smi_line(k: int, off: float, span: float) -> float:
    """Twice smoothed distance from the middle in percent of half the twice smoothed range; 0 where that is 0."""
    return 100.0 * (off / (0.5 * span)) if span != 0.0 else 0.0


@step
def smi(k: int, line: float, average: float, n: int, fast: int, slow: int, signal: int) -> Any:
    """Stochastic momentum index: the close from the middle of its range over half the range, both twice smoothed.

    100 EMA(EMA(C - middle)) / (EMA(EMA(highest - lowest)) / 2), by the slow average first; the signal is an EMA of it.
    -100 to 100, 0 where nothing has moved. Blau 1993.
    """
    return line, average


@step
def smoothed_place(k: int, state: Any, highest: float, lowest: float, x: float, factor: float) -> Any:
    """Place of a value in a range, smoothed; the place before where the range is 0."""
    place, smooth = state
    span = highest - lowest
    if span != 0.0:
        place = 100.0 * ((x - lowest) / span)
    smooth = place if k == 0 else fma(factor, place - smooth, smooth)
    return (place, smooth), smooth


@step
def schaff_trend_cycle(k: int, cycle: float, n: int, fast: int, slow: int, factor: float) -> float:
    """Schaff trend cycle: a stochastic of a stochastic of the MACD line, 0 to 100; fast and smooth at once.

    The line is EMA(fast) - EMA(slow), each seeded by itself. Its place in the range of n rows is smoothed by ``factor``
    of the distance per row, beginning with the first place; then the same is done with the result. Where a range is 0
    the place before stays (0 at first). Schaff 2008.
    """
    return cycle


@step
def fisher(k: int, state: Any, highest: float, lowest: float, median: float, n: int) -> Any:
    """Fisher transform of the place of the median price in its range of n bars, and its value one row before.

    v = 0.66 (place - 0.5) + 0.67 v[1], held within +-0.999; F = 0.5 ln((1 + v) / (1 - v)) + 0.5 F[1], from zeros. The
    place is 0.5 where the range is 0. Ehlers 2002.
    """
    v, before = state
    span = highest - lowest
    place = (median - lowest) / span if span != 0.0 else 0.5
    v = max(-0.999, min(0.999, 0.66 * (place - 0.5) + 0.67 * v))
    found = 0.5 * math.log((1.0 + v) / (1.0 - v)) + 0.5 * before
    return (v, found), found, before


@step
def laguerre_rsi(k: int, state: Any, x: float, gamma: float) -> Any:
    """Laguerre's relative strength index: rises over rises and falls between four Laguerre filters, 0 to 1.

    A larger ``gamma`` smooths more. The filters begin at the first value (Ehlers: at 0); 0.5 where they are all equal.
    Ehlers 2004.
    """
    a, b, c, d = state
    if k == 0:
        a = b = c = d = x
    e = fma(gamma, a - x, x)
    f = fma(gamma, b - e, a)
    g = fma(gamma, c - f, b)
    h = fma(gamma, d - g, c)
    rises = max(e - f, 0.0) + max(f - g, 0.0) + max(g - h, 0.0)
    moves = abs(e - f) + abs(f - g) + abs(g - h)
    return (e, f, g, h), rises / moves if moves != 0.0 else 0.5


@step
def qqe(k: int, state: Any, smooth: float, width: float, n: int, smoothing: int, factor: float) -> Any:
    """Quantitative qualitative estimation: smoothed RSI, the level that trails it, and which side it trails on.

    R = EMA(RSI); the width is ``factor`` times the EMA of the EMA of |R - R[1]|, both over 2 n - 1 rows. Below R a
    level R - width is carried that only rises while R stays above it; above R one that only falls. Side 1: R last
    crossed the upper level, the lower one trails; -1 the other way. It begins with side 1. Livshin, as charts have it.
    """
    last, below, above, side = state
    width *= factor
    if k == 0:
        below, above, side = smooth - width, smooth + width, 1.0
    else:
        side = 1.0 if smooth > above else (-1.0 if smooth < below else side)
        below = max(below, smooth - width) if last > below and smooth > below else smooth - width
        above = min(above, smooth + width) if last < above and smooth < above else smooth + width
    return (smooth, below, above, side), smooth, below if side > 0.0 else above, side


# --- distances from a mean -------------------------------------------------------------------------------------------


@step
def cci(k: int, state: Any, memory: Any, price: float, n: int) -> Any:
    """Commodity channel index: the typical price from its mean, in 0.015 mean absolute deviations.

    (T - mean) / (0.015 mean |T - mean|) over n bars; 0 where all are equal. The deviation from a mean that moves needs
    all n values at each row. Lambert 1980.
    """
    summed, shift, spread, before, equal = state
    # The memory has each value twice, half of it apart, so that the last n lie in one piece wherever the newest is.
    half = (memory[1] + 1) >> 1
    newest = (k & (half - 1)) + half
    d, gone = price - shift, get(memory, newest - n) - shift if k >= n else 0.0
    put(memory, newest - half, price)
    put(memory, newest, price)
    equal = equal + 1.0 if price == before else 1.0
    summed += d - gone
    # Anew from the window where a value leaves beside which the rest is small, or the sum is large beside the spread;
    # of few values, which may lie next to each other by chance, always.
    level = abs(summed) * (1.0 / n)
    if n <= 8 or k == 0 or abs(gone) > _FAR * max(abs(d), level) or level > _FAR * spread or is_due(k, n):
        shift, summed = price, 0.0
        for j in range(1, min(n, k + 1)):
            summed += get(memory, newest - j) - shift
    centre = summed * (1.0 / n)
    away, mean = (price - shift) - centre, shift + centre
    spread = (distances(memory, newest - n + 1, n - 1, mean) + abs(price - mean)) * (1.0 / n)
    return (summed, shift, spread, price, equal), away / (0.015 * spread) if equal < n else 0.0


@step
def ao(k: int, fast: float, slow: float, fast_n: int, slow_n: int) -> float:
    """Awesome oscillator: a short simple mean of (high + low) / 2 less a long one (Williams 1998)."""
    return fast - slow


@step
def ac(k: int, line: float, average: float, fast: int, slow: int, signal: int) -> float:
    """Accelerator oscillator: the awesome oscillator less its own simple mean (Williams 1998)."""
    return line - average


@step
def dpo(k: int, closes: Any, average: float, n: int) -> float:
    """Detrended price oscillator: the close n // 2 + 1 rows ago less the simple mean of the last n.

    TA-Lib's convention, and without a look ahead: the past close is compared with the mean at hand.
    """
    return lag(closes, n // 2 + 1) - average


@step
def qstick(k: int, state: Any, bodies: Any, n: int) -> Any:
    """Qstick: simple mean of the last n bodies, C - O (Chande and Kroll 1994)."""
    return mean(k, state, bodies, n)


@step
def bop(k: int, opened: float, high: float, low: float, close: float) -> float:
    """Balance of power: the body of the bar over its range, -1 to 1; 0 where the range is 0."""
    span = high - low
    return (close - opened) / span if span > 0.0 else 0.0


@step
def buying_pressure(k: int, low: float, closes: Any) -> float:
    """How far the close is above the lower of the low and the close before."""
    return lag(closes, 0) - min(low, lag(closes, 1))


@step
def ultosc(k: int, a: float, x: float, b: float, y: float, c: float, z: float, one: int, two: int, three: int) -> float:
    """Ultimate oscillator: buying pressure over true range in three windows, which weigh 4, 2, 1; 0 to 100.

    The shortest window weighs most, whatever the order of the parameters; one without any range counts 0.
    Williams 1985.
    """
    first = a / x if x != 0.0 else 0.0
    second = b / y if y != 0.0 else 0.0
    third = c / z if z != 0.0 else 0.0
    return 100.0 * ((4.0 * first + 2.0 * second + third) / 7.0)


@step
def symmetric(k: int, window: Any) -> float:
    """Mean of the last four values, weighing 1, 2, 2, 1."""
    return (lag(window, 0) + 2.0 * lag(window, 1) + 2.0 * lag(window, 2) + lag(window, 3)) / 6.0


@step
def quotient(k: int, part: float, whole: float) -> float:
    """One over the other; 0 where the other is 0."""
    return part / whole if whole != 0.0 else 0.0


@step
def rvgi(k: int, line: float, signal: float, n: int) -> Any:
    """Relative vigor index: smoothed bodies over smoothed ranges of n bars, and its own symmetric mean.

    Bodies C - O and ranges H - L are weighed 1, 2, 2, 1 over four bars, then summed; the signal is weighed alike. 0
    where no bar has a range. Ehlers 2002.
    """
    return line, signal


@step
def squeeze_value(k: int, close: float, highest: float, lowest: float, average: float, n: int) -> float:
    """How far the close is from the mean of the middle of its range and its simple mean."""
    return close - 0.5 * (0.5 * (highest + lowest) + average)


@step
def ttm_squeeze(k: int, variance: float, spread: float, end: float, n: int, bands: float, channel: float) -> Any:
    """TTM squeeze: 1 while Bollinger's bands lie within Keltner's channel, and the momentum to expect after it.

    Both stand about the simple mean of n closes, so it is ``bands`` standard deviations (ddof 0) below ``channel``
    simple means of the true range. Momentum: the end of a least-squares line through n values of
    C - ((highest + lowest) / 2 + mean) / 2. Carter 2005, with the momentum that charts have.
    """
    return 1.0 if bands * math.sqrt(variance) < channel * spread else 0.0, end
