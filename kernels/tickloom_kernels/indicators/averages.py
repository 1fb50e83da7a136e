"""Moving averages: exponential ones and what is built of them, weighted ones, and those that adapt their pace."""

import math
from typing import Any

from tickloom_kernels.indicators import rolling
from tickloom_kernels.indicators.window import fma, get, lag, put, step


@step
def ema(k: int, state: Any, x: float, n: int) -> Any:
    """Exponential moving average: ``e += 2 / (n + 1) * (x - e)``, seeded with the mean of the first n values."""
    (average,) = state
    if k < n:
        average += x
        if k == n - 1:
            average /= n
    else:
        average = fma(2.0 / (n + 1.0), x - average, average)
    return (average,), average


@step
def ema_first(k: int, state: Any, x: float, n: int) -> Any:
    """Exponential moving average seeded with the first value, as pandas does with ``adjust=False``."""
    average = x if k == 0 else fma(2.0 / (n + 1.0), x - state[0], state[0])
    return (average,), average


@step
def rma(k: int, state: Any, x: float, n: int) -> Any:
    """Wilder's smoothed average: ``a += (x - a) / n``, seeded with the mean of the first n values."""
    (average,) = state
    if k < n:
        average += x
        if k == n - 1:
            average /= n
    else:
        r = 1.0 / n
        average = fma(average, 1.0 - r, x * r)
    return (average,), average


@step
def wma(k: int, state: Any, window: Any, n: int) -> Any:
    """Linearly weighted moving average: the newest of n values weighs n, the oldest 1."""
    state, base, _, heavy = rolling.weighted(k, state, window, n)
    return state, base + heavy * (2.0 / (n * (n + 1.0)))


@step
def dema(k: int, state: Any, x: float, n: int) -> Any:
    """Double exponential moving average: ``2 e1 - e2``, where e2 is the average of e1 (Mulloy 1994).

    Each average is seeded with the mean of its first n values, so the first value comes after ``2 (n - 1)`` rows.
    """
    first, second = state
    (first,), one = ema(k, (first,), x, n)
    if k >= n - 1:
        (second,), _ = ema(k - n + 1, (second,), one, n)
    return (first, second), 2.0 * one - second


@step
def tema(k: int, state: Any, x: float, n: int) -> Any:
    """Triple exponential moving average: ``3 e1 - 3 e2 + e3``, each the average of the one before (Mulloy 1994).

    Each average is seeded with the mean of its first n values, so the first value comes after ``3 (n - 1)`` rows.
    """
    first, second, third = state
    (first,), one = ema(k, (first,), x, n)
    if k >= n - 1:
        (second,), _ = ema(k - n + 1, (second,), one, n)
    if k >= 2 * (n - 1):
        (third,), _ = ema(k - 2 * (n - 1), (third,), second, n)
    return (first, second, third), 3.0 * (one - second) + third


@step
def t3(k: int, state: Any, x: float, n: int, v: float) -> Any:
    """Tillson's T3: six exponential averages in a row, mixed so that the lag almost cancels (Tillson 1998).

    With a "volume factor" v of 0 it is the third of the averages, with 1 it is the DEMA of a DEMA of a DEMA.
    """
    a, b, c, d, e, f = state
    late = n - 1
    (a,), _ = ema(k, (a,), x, n)
    if k >= late:
        (b,), _ = ema(k - late, (b,), a, n)
    if k >= 2 * late:
        (c,), _ = ema(k - 2 * late, (c,), b, n)
    if k >= 3 * late:
        (d,), _ = ema(k - 3 * late, (d,), c, n)
    if k >= 4 * late:
        (e,), _ = ema(k - 4 * late, (e,), d, n)
    if k >= 5 * late:
        (f,), _ = ema(k - 5 * late, (f,), e, n)
    square = v * v
    c1, c2 = -square * v, 3.0 * square + 3.0 * square * v
    c3, c4 = -6.0 * square - 3.0 * (v + square * v), 1.0 + 3.0 * v + square * v + 3.0 * square
    return (a, b, c, d, e, f), c1 * f + c2 * e + c3 * d + c4 * c


@step
def trima(k: int, summed: float, n: int) -> float:
    """Triangular moving average: the middle of n values weighs most; a simple average of a simple average.

    Where n is even the second average is the longer one, by one value.
    """
    inner, outer = (n + 1) // 2, n // 2 + 1
    return summed * (1.0 / (inner * outer))


@step
def hma_line(k: int, short: float, long: float, n: int) -> float:
    """Twice a short average less a long one."""
    return 2.0 * short - long


@step
def hma(k: int, smooth: float, n: int) -> float:
    """Hull's moving average: the WMA over the root of n of ``2 WMA(n / 2) - WMA(n)`` (Hull 2005).

    Both ``n / 2`` and the root of n are rounded down, as TA-Lib does; others round to the nearest.
    """
    return smooth


@step
def path_length(k: int, state: Any, window: Any, n: int) -> Any:
    """Sum of the sizes of the last n changes: how far a price went, whatever the direction.

    The sum begins anew from its window when it is small beside the largest change that went into it.
    """
    running, largest = state
    change = abs(lag(window, 0) - lag(window, 1)) if k > 0 else 0.0
    running += change
    largest = max(largest, change)
    if k > n:
        running -= abs(lag(window, n) - lag(window, n + 1))
        if running < 1e-4 * largest or rolling.is_due(k, n):
            running = largest = 0.0
            for j in range(n):
                change = abs(lag(window, j) - lag(window, j + 1))
                running += change
                largest = max(largest, change)
    return (running, largest), running


@step
def kama(k: int, state: Any, window: Any, n: int) -> Any:
    """Kaufman's adaptive moving average: fast (2 rows) in a straight move, slow (30 rows) in a sideways one.

    Its pace is the square of ``er (2/3 - 2/31) + 2/31``, where the efficiency ratio er is the size of the change over n
    rows over the path that it took (1 where nothing moved). It starts from the value before its first row, as TA-Lib's
    (Kaufman, Smarter Trading, 1995).
    """
    average, running, largest = state
    (running, largest), path = path_length(k, (running, largest), window, n)
    if k >= n:
        x = lag(window, 0)
        change = x - lag(window, n)
        efficiency = 1.0 if path <= change or path == 0.0 else abs(change / path)
        pace = efficiency * (2.0 / 3.0 - 2.0 / 31.0) + 2.0 / 31.0
        last = average if k > n else lag(window, 1)
        average = fma(x - last, pace * pace, last)
    return (average, running, largest), average


@step
def vidya(k: int, state: Any, window: Any, n: int) -> Any:
    """Chande's variable index dynamic average: an EMA whose pace is scaled by the size of the momentum oscillator.

    ``v += 2 / (n + 1) * |CMO| * (x - v)``, where CMO is the sum of the last n changes over the sum of their sizes (0
    where nothing moved, and the average stands still). It starts from the value before its first row. The convention is
    that of 1994; the average of 1992 was scaled by a ratio of standard deviations (Chande and Kroll, The New Technical
    Trader).
    """
    average, running, largest = state
    (running, largest), path = path_length(k, (running, largest), window, n)
    if k >= n:
        x = lag(window, 0)
        oscillator = 0.0 if path == 0.0 else abs(x - lag(window, n)) / path
        last = average if k > n else lag(window, 1)
        average = fma(x - last, 2.0 / (n + 1.0) * oscillator, last)
    return (average, running, largest), average


@step
def zlema(k: int, state: Any, window: Any, n: int) -> Any:
    """Zero-lag exponential moving average: the EMA of ``x + (x - x[lag])``, whose lag is half of n.

    The lag is ``(n - 1) / 2``, rounded down. Seeded with the mean of its first n values (Ehlers and Way 2010).
    """
    (average,) = state
    back = (n - 1) // 2
    if k >= back:
        x = lag(window, 0)
        (average,), _ = ema(k - back, (average,), x + (x - lag(window, back)), n)
    return (average,), average


@step
def vwma(k: int, state: Any, window: Any, volumes: Any, n: int) -> Any:
    """Volume-weighted moving average: the sum of value times volume over the sum of volumes, of n rows.

    Where there was no volume in n rows, all rows weigh the same (TA-Lib gives no number there). Both sums begin anew
    from their windows when they are small beside the largest term that went into them.
    """
    value, volume, largest_value, largest_volume = state
    v = lag(volumes, 0)
    term = lag(window, 0) * v
    value, volume = value + term, volume + v
    largest_value, largest_volume = max(largest_value, abs(term)), max(largest_volume, abs(v))
    if k >= n:
        gone = lag(volumes, n)
        value -= lag(window, n) * gone
        volume -= gone
        lost = abs(value) < 1e-4 * largest_value or abs(volume) < 1e-4 * largest_volume
        if lost or rolling.is_due(k, n):
            value = volume = largest_value = largest_volume = 0.0
            for j in range(n):
                v = lag(volumes, j)
                term = lag(window, j) * v
                value, volume = value + term, volume + v
                largest_value, largest_volume = max(largest_value, abs(term)), max(largest_volume, abs(v))
    if volume != 0.0:
        average = value / volume
    else:
        average = 0.0
        if k >= n - 1:
            for j in range(n):
                average += lag(window, j)
            average *= 1.0 / n
    return (value, volume, largest_value, largest_volume), average


@step
def vwap(k: int, state: Any, price: float, volume: float) -> Any:
    """Volume-weighted average price since the stream began; the price of a bar is its typical price.

    It depends on where the stream began for ever: use `vwap_rolling` for a fixed span. Before any volume it is the
    typical price at hand (TA-Lib: 0).
    """
    value, traded = state
    value, traded = value + price * volume, traded + volume
    return (value, traded), value / traded if traded != 0.0 else price


@step
def mavp(k: int, window: Any, period: float, least: int, most: int) -> float:
    """Mean over a number of rows that each row gives itself, such as a measured cycle.

    The period is cut to a whole number and held between the two bounds. It comes from the second input (the volume,
    unless something else is put in its place).
    """
    n = least
    if period >= most:
        n = most
    elif period > least:
        n = int(period)
    n = max(min(n, k + 1), 1)
    summed = 0.0
    for j in range(n):
        summed += lag(window, j)
    return summed / n


@step
def passed(k: int, x: float, n: int, kind: int) -> float:
    """Average of the last values, of a kind that is chosen by a parameter; the kinds are features of these names."""
    return x


@step
def late(k: int, x: float, rows: int) -> float:
    """Return what it is given, some rows later than the stream begins, so that a recurrence on it is seeded later."""
    return x


@step
def midpoint(k: int, high: float, low: float, n: int) -> float:
    """Middle between the highest and the lowest of n values."""
    return (high + low) / 2.0


@step
def alma(k: int, memory: Any, window: Any, n: int, offset: float, sigma: float) -> float:
    """Arnaud Legoux's moving average: weights of a bell that stands near the newest of n values.

    The weight of place i (0 is the oldest) is ``exp(-(i - m)^2 / (2 s^2))`` with ``m = offset (n - 1)``, not rounded,
    and ``s = n / sigma`` (Legoux and Kouzis-Loukas 2009).
    """
    if k == 0:
        whole = 0.0
        for j in range(n):
            distance = (n - 1 - j - offset * (n - 1)) * sigma / n
            whole += math.exp(-0.5 * distance * distance)
        for j in range(n):
            distance = (n - 1 - j - offset * (n - 1)) * sigma / n
            put(memory, j, math.exp(-0.5 * distance * distance) / whole)
    average = 0.0
    if k >= n - 1:
        for j in range(n):
            average = fma(get(memory, j), lag(window, j), average)
    return average


@step
def frama(k: int, state: Any, highs: Any, lows: Any, high: float, low: float, half: int) -> Any:
    """Ehlers' fractal adaptive moving average of the middle of the bar: fast where the price trends.

    The ranges of the newer half, of the older half and of all ``2 half`` rows give the fractal dimension D, and the
    pace is ``exp(-4.6 (D - 1))``, held between 0.01 and 1. Where one of the ranges is zero D stays as it was, 1 at
    first. It starts from the price of its first row (Ehlers, Stocks and Commodities, October 2005).
    """
    average, dimension = state
    if k == 0:
        dimension = 1.0
    if k >= half:
        newer = (lag(highs, 0) - lag(lows, 0)) / half
        older = (lag(highs, half) - lag(lows, half)) / half
        both = (max(lag(highs, 0), lag(highs, half)) - min(lag(lows, 0), lag(lows, half))) / (2 * half)
        if newer > 0.0 and older > 0.0 and both > 0.0:
            dimension = math.log((newer + older) / both) / math.log(2.0)
        pace = min(max(math.exp(-4.6 * (dimension - 1.0)), 0.01), 1.0)
        price = (high + low) / 2.0
        average = price if k == half else fma(pace, price - average, average)
    return (average, dimension), average


@step
def mcginley(k: int, state: Any, x: float, n: int) -> Any:
    """McGinley's dynamic: ``m += (x - m) / (n (x / m)^4)``, faster below the line than above it.

    Seeded with the mean of the first n values, without the factor 0.6 that some put before n. A step never goes beyond
    the value itself: the formula alone does after a fall of more than ``1 - n^(-1/4)`` (McGinley 1990).
    """
    (average,) = state
    if k < n:
        average += x
        if k == n - 1:
            average *= 1.0 / n
    else:
        ratio = x / average if average != 0.0 else 0.0
        square = ratio * ratio
        slow = n * square * square
        average = fma(1.0 / slow, x - average, average) if slow > 1.0 else x
    return (average,), average


@step
def super_smoother(k: int, state: Any, window: Any, n: int) -> Any:
    """Ehlers' super smoother: a two-pole Butterworth filter that removes waves shorter than n rows, with little lag.

    Its first two values are the inputs themselves (Ehlers, Cycle Analytics for Traders, 2013).
    """
    one, two, second, third = state
    x = lag(window, 0)
    if k == 0:
        decay = math.exp(-math.sqrt(2.0) * math.pi / n)
        second, third = 2.0 * decay * math.cos(math.sqrt(2.0) * math.pi / n), -decay * decay
    if k < 2:
        smooth = x
    else:
        smooth = (1.0 - second - third) * (x + lag(window, 1)) / 2.0 + (second * one + third * two)
    return (smooth, one, second, third), smooth


@step
def laguerre(k: int, state: Any, x: float, gamma: float) -> Any:
    """Ehlers' Laguerre filter: four values that are delayed more and more, weighted 1, 2, 2 and 1.

    The larger gamma is, the smoother and the later. All four begin as the first value (Ehlers, Cybernetic Analysis for
    Stocks and Futures, 2004).
    """
    a, b, c, d = state
    if k == 0:
        a = b = c = d = x
    else:
        new_a = fma(gamma, a - x, x)
        new_b = fma(gamma, b - new_a, a)
        new_c = fma(gamma, c - new_b, b)
        d = fma(gamma, d - new_c, c)
        a, b, c = new_a, new_b, new_c
    return (a, b, c, d), (a + 2.0 * (b + c) + d) / 6.0
