"""Ranges and what is drawn around prices with them: bands, channels, and stops that trail."""

import math
from typing import Any

from tickloom_kernels.indicators.averages import rma
from tickloom_kernels.indicators.window import fma, lag, step


@step
def average_true_range(k: int, average: float, n: int) -> float:
    """Wilder's average of the true range, seeded with the mean of n; the first true range is that of the second row."""
    return average


@step
def normalized_true_range(k: int, average: float, close: float, n: int) -> float:
    """Average true range in percent of the close; 0 where the close is 0."""
    return 100.0 * average / close if close != 0.0 else 0.0


@step
def average_range(k: int, average: float, n: int) -> float:
    """Mean of high minus low of n bars, without the gaps between them."""
    return average


@step
def chaikin_volatility(k: int, averages: Any, n: int, rows: int) -> float:
    """Chaikin's volatility: by how many percent the EMA of high minus low has changed over some rows.

    0 where there was no range to compare with.
    """
    if k < rows:
        return 0.0
    last = lag(averages, rows)
    return 100.0 * (lag(averages, 0) - last) / last if last != 0.0 else 0.0


@step
def range_ratio(k: int, once: float, twice: float, n: int) -> float:
    """EMA of high minus low over the EMA of that; 1 where there is no range."""
    return once / twice if twice != 0.0 else 1.0


@step
def mass_index(k: int, summed: float, n: int, rows: int) -> float:
    """Dorsey's mass index: the sum over some rows of the EMA of the range over its own EMA; it swells before a turn.

    A row without any range counts as 1, so a flat market has the number of rows (Dorsey 1992).
    """
    return summed


@step
def relative_volatility(k: int, state: Any, variance: float, closes: Any, n: int, spread: int) -> Any:
    """Dorsey's relative volatility index, 0 to 100: how much of the standard deviation belongs to rising closes.

    The deviation (of the population, over ``spread`` rows) counts as up where the close rose and as down where it fell;
    both are smoothed by Wilder's average of n rows. 50 where nothing moved at all. Others use the deviation of a sample
    or exponential averages, and differ by up to a half (Dorsey 1993, revised 1995).
    """
    up, down = state
    deviation, change = math.sqrt(variance), lag(closes, 0) - lag(closes, 1)
    (up,), _ = rma(k, (up,), deviation if change > 0.0 else 0.0, n)
    (down,), _ = rma(k, (down,), deviation if change < 0.0 else 0.0, n)
    both = up + down
    return (up, down), 100.0 * up / both if both > 0.0 else 50.0


@step
def bollinger(k: int, middle: float, variance: float, n: int, up: float, down: float, kind: int) -> Any:
    """Bollinger bands: an average, and so many standard deviations (of the population) above and below it.

    The deviation is always that about the simple mean, whatever the average in the middle is.
    """
    deviation = math.sqrt(variance)
    return fma(up, deviation, middle), middle, fma(-down, deviation, middle)


@step
def percent_b(k: int, close: float, mean: float, variance: float, n: int, width: float) -> float:
    """Where the close stands in the Bollinger bands: 0 at the lower, 1 at the upper one; 0.5 where they meet."""
    half = width * math.sqrt(variance)
    return (close - mean) / (2.0 * half) + 0.5 if half > 0.0 else 0.5


@step
def bandwidth(k: int, mean: float, variance: float, n: int, width: float) -> float:
    """Distance between the Bollinger bands as a part of the middle one; 0 where the middle is 0.

    A ratio, not percent.
    """
    return 2.0 * width * math.sqrt(variance) / mean if mean != 0.0 else 0.0


@step
def keltner(k: int, middle: float, reach: float, n: int, rows: int, width: float) -> Any:
    """Keltner channel: the EMA of the typical price, and so many average true ranges (Wilder's) above and below it.

    Average and range are both seeded with the rows before the first value that they share, as TA-Lib does. Libraries
    differ here for ever: others take the close, a simple average, or the exponential average of the true range.
    """
    return fma(width, reach, middle), middle, fma(-width, reach, middle)


@step
def donchian(k: int, high: float, low: float, n: int) -> Any:
    """Donchian channel: the highest high and the lowest low of n bars, the one at hand included, and their middle."""
    return high, (high + low) / 2.0, low


@step
def headley(k: int, high: float, low: float) -> Any:
    """High and low pushed outwards by four times the range over their sum; themselves where the sum is 0."""
    both = high + low
    if both == 0.0:
        return high, low
    reach = 4.0 * (high - low) / both
    return high * (1.0 + reach), low * (1.0 - reach)


@step
def acceleration_bands(k: int, upper: float, middle: float, lower: float, n: int) -> Any:
    """Headley's acceleration bands: averages of high and low, pushed outwards by their range, and of the close.

    The upper one is of ``high (1 + 4 (high - low) / (high + low))``, the lower one of low with a minus sign (Headley,
    Big Trends in Trading, 2002).
    """
    return upper, middle, lower


@step
def supertrend(
    k: int, state: Any, high: float, low: float, closes: Any, reach: float, n: int, multiplier: float
) -> Any:
    """SuperTrend: a stop so many average true ranges from the middle of the bar, that only moves with the trend.

    ``trend`` is 1 while the line is below the close, -1 while it is above. It is 1 on the first row, and the line steps
    to the other side when a close crosses it. A band is carried on while it would move outwards, unless the close
    before has crossed it. The state depends on where the stream began until the first flip, and may for ever.
    """
    upper, lower, trend = state
    middle, last, close = (high + low) / 2.0, lag(closes, 1), lag(closes, 0)
    above, below = fma(multiplier, reach, middle), fma(-multiplier, reach, middle)
    if k == 0:
        upper, lower, trend = above, below, 1.0
    else:
        upper = above if above < upper or last > upper else upper
        lower = below if below > lower or last < lower else lower
        if trend > 0.0 and close < lower:
            trend = -1.0
        elif trend < 0.0 and close > upper:
            trend = 1.0
    return (upper, lower, trend), lower if trend > 0.0 else upper, trend


@step
def parabolic(
    k: int,
    state: Any,
    highs: Any,
    lows: Any,
    start: float,
    offset: float,
    initial_long: float,
    long: float,
    most_long: float,
    initial_short: float,
    short: float,
    most_short: float,
) -> Any:
    """Wilder's parabolic stop with separate accelerations; negative while the position is short, as TA-Lib has it.

    A ``start`` above 0 begins long from there, one below 0 begins short from its size; 0 lets the first two bars
    decide. ``offset`` moves the stop away by that part of it on a reversal. The stop accelerates by ``long`` or
    ``short`` at each new extreme of the move, from the initial value up to the largest (Wilder 1978).
    """
    side, stop, extreme, pace = state
    high, low = lag(highs, 0), lag(lows, 0)
    shown = 0.0
    if k > 0:
        last_high, last_low = lag(highs, 1), lag(lows, 1)
        first_long, first_short = min(initial_long, most_long), min(initial_short, most_short)
        if k == 1:
            fell, rose = last_low - low, high - last_high
            side = -1.0 if start < 0.0 or (start == 0.0 and fell > 0.0 and rose < fell) else 1.0
            extreme, stop = (high, last_low) if side > 0.0 else (low, last_high)
            stop = abs(start) if start != 0.0 else stop
            pace = first_long if side > 0.0 else first_short
            last_high, last_low = high, low
        if side > 0.0 and low <= stop:
            side, stop = -1.0, max(extreme, last_high, high)
            stop += stop * offset
            shown = -stop
            pace, extreme = first_short, low
            stop = max(fma(pace, extreme - stop, stop), last_high, high)
        elif side < 0.0 and high >= stop:
            side, stop = 1.0, min(extreme, last_low, low)
            stop -= stop * offset
            shown = stop
            pace, extreme = first_long, high
            stop = min(fma(pace, extreme - stop, stop), last_low, low)
        elif side > 0.0:
            shown = stop
            if high > extreme:
                extreme, pace = high, min(pace + min(long, most_long), most_long)
            stop = min(fma(pace, extreme - stop, stop), last_low, low)
        else:
            shown = -stop
            if low < extreme:
                extreme, pace = low, min(pace + min(short, most_short), most_short)
            stop = max(fma(pace, extreme - stop, stop), last_high, high)
    return (side, stop, extreme, pace), shown


@step
def parabolic_stop(k: int, state: Any, highs: Any, lows: Any, acceleration: float, most: float) -> Any:
    """Wilder's parabolic stop and reverse: a stop that closes in on the price at each new extreme of the move.

    The first two bars decide where it begins: short where the low fell by more than the high rose. Then it depends on
    where the stream began until the first reversal that both have, and may for ever (Wilder 1978).
    """
    state, shown = parabolic(
        k, state, highs, lows, 0.0, 0.0, acceleration, acceleration, most, acceleration, acceleration, most
    )
    return state, shown if state[0] > 0.0 else -shown


@step
def ichimoku(
    k: int,
    high_a: float,
    low_a: float,
    high_b: float,
    low_b: float,
    high_c: float,
    low_c: float,
    tenkan: int,
    kijun: int,
    senkou: int,
) -> Any:
    """Ichimoku lines: middles between the highest high and the lowest low of three spans; nothing is shifted.

    ``tenkan`` and ``kijun`` are the lines of the short and of the middle span, ``senkou_a`` is the mean of both, and
    ``senkou_b`` the line of the long span. A chart draws the senkou lines, the cloud, ``kijun`` (26) rows to the right:
    the cloud beside a bar is what these outputs were 26 rows before. The lagging line (chikou) is the close drawn 26
    rows to the left, which nobody knows at that time, so there is none here. All outputs begin together.
    """
    fast, slow = (high_a + low_a) / 2.0, (high_b + low_b) / 2.0
    return fast, slow, (fast + slow) / 2.0, (high_c + low_c) / 2.0


@step
def first_stops(k: int, high: float, low: float, reach: float, n: int, multiplier: float) -> Any:
    """Highest high less, and lowest low plus, so many average true ranges."""
    return high - multiplier * reach, low + multiplier * reach


@step
def chande_kroll_stop(k: int, short: float, long: float, n: int, multiplier: float, rows: int) -> Any:
    """Chande and Kroll's stop: for a short position and for a long one, from average true ranges of n bars.

    First the highest high of n bars less ``multiplier`` ranges, and the lowest low plus as many; the stops are the
    highest and the lowest of these over ``rows`` bars (Chande and Kroll, The New Technical Trader, 1994).
    """
    return short, long


@step
def distance_from_average(k: int, close: float, average: float, reach: float, n: int, rows: int, kind: int) -> float:
    """How many average true ranges of some rows the close stands above its moving average; 0 without any range."""
    return (close - average) / reach if reach > 0.0 else 0.0
