"""Statistics of the last n values of any series: lines through them, their spread, order, and how two move together.

Nearly all are a few operations on the terms of `rolling`, which stay right after an outlier.
"""

import math
from typing import Any

from tickloom_kernels.indicators.rolling import sort_in
from tickloom_kernels.indicators.window import get, lag, smaller, step

_DEGREES = 180.0 / math.pi


@step
def relative_change(k: int, series: Any) -> float:
    """Change of a series over its value one row ago; 0 where that was 0."""
    last = lag(series, 1)
    return (lag(series, 0) - last) / last if last != 0.0 else 0.0


@step
def correlation(k: int, variance_x: float, variance_y: float, covariance: float, n: int) -> float:
    """Pearson's correlation of two series over the last n rows, from -1 to 1.

    Of close and volume unless something else is put in the place of `comoments`. Levels are compared, not changes: two
    series that both rise are correlated. 0 where one of them stands still.
    """
    product = variance_x * variance_y
    if product <= 0.0:
        return 0.0
    return min(max(covariance / math.sqrt(product), -1.0), 1.0)


@step
def beta(k: int, variance: float, covariance: float, n: int) -> float:
    """Slope of the changes of a second series on the changes of a first, over the last n changes.

    Changes are relative (`relative_change`), the first series is the market: a beta of 2 moves twice as far as the
    market does. As in TA-Lib's BETA the market is the first input. Of close and volume unless something else is put in
    place. 0 where the market stands still.
    """
    return covariance / variance if variance > 0.0 else 0.0


@step
def linear_slope(k: int, plain: float, heavy: float, n: int) -> float:
    """Slope of the straight line through the last n values, in units of the series per row (least squares)."""
    return (heavy - plain * (0.5 * (n + 1.0))) * (12.0 / (n * (n * float(n) - 1.0)))


@step
def linear_regression(k: int, base: float, plain: float, slope: float, n: int) -> float:
    """Where the straight line through the last n values ends: its value at the row at hand (least squares)."""
    return base + (plain * (1.0 / n) + slope * (0.5 * (n - 1.0)))


@step
def linear_intercept(k: int, base: float, plain: float, slope: float, n: int) -> float:
    """Where the straight line through the last n values begins: its value n - 1 rows ago (least squares)."""
    return base + (plain * (1.0 / n) - slope * (0.5 * (n - 1.0)))


@step
def linear_forecast(k: int, base: float, plain: float, slope: float, n: int) -> float:
    """Where the straight line through the last n values will be one row from now (least squares)."""
    return base + (plain * (1.0 / n) + slope * (0.5 * (n + 1.0)))


@step
def linear_angle(k: int, slope: float, n: int) -> float:
    """Angle of the straight line through the last n values, in degrees.

    A row is taken to be as long as one unit of the series is high, so the angle is no ratio: it changes with the
    currency that prices are told in. Use `linear_slope` where symbols are compared.
    """
    return math.atan(slope) * _DEGREES


@step
def variance(k: int, variance: float, n: int) -> float:
    """Variance of the last n values, of the population (divided by n, not n - 1)."""
    return variance


@step
def standard_deviation(k: int, variance: float, n: int, deviations: float) -> float:
    """Root of the variance of the last n values (standard deviation, of the population), times a number."""
    return math.sqrt(variance) * deviations


@step
def cumulative_sum(k: int, state: Any, x: float) -> Any:
    """Sum of all values since the stream began; it depends on where that was, for ever."""
    (running,) = state
    running += x
    return (running,), running


@step
def percentile(k: int, memory: Any, window: Any, n: int, percent: float) -> float:
    """Smallest of the last n values that a percentage of them does not exceed (nearest rank; no interpolation).

    With 50 percent the median, the lower one of two where n is even; with 0 the smallest, with 100 the largest.
    """
    sort_in(k, memory, window, n)
    return get(memory, min(max(math.ceil(percent * n / 100.0), 1), n) - 1)


@step
def percent_rank(k: int, window: Any, n: int) -> float:
    """Percentage of the n values before this one that are smaller than it; equal ones do not count."""
    return smaller(window, n, lag(window, 0)) / n * 100.0


@step
def extreme_age(k: int, state: Any, window: Any, extreme: float, n: int) -> Any:
    """Rows since the extreme of the last n values.

    The extreme itself is known; only when the place that was remembered leaves the window is it looked for, from the
    oldest value on. What is found so far from there stays for as many rows: a step takes two looks on the average.
    """
    age = int(state[0]) + 1
    if k == 0 or age >= n:
        age = n - 1
        while age > 0 and lag(window, age) != extreme:
            age -= 1
    elif lag(window, 0) == extreme:
        age = 0
    return (float(age),), float(age)


@step
def highest_age(k: int, state: Any, window: Any, highest: float, n: int) -> Any:
    """Rows since the highest of the last n values; 0 is the row at hand.

    TA-Lib's MAXINDEX gives the number of the row instead: that row is this one's number minus the age. Among equal
    highs TA-Lib's rule: a new one that equals the high takes its place; but once the high has left the window, the
    oldest of those that are left counts.
    """
    return extreme_age(k, state, window, highest, n)


@step
def lowest_age(k: int, state: Any, window: Any, lowest: float, n: int) -> Any:
    """Rows since the lowest of the last n values; 0 is the row at hand. Equal lows as in `highest_age`."""
    return extreme_age(k, state, window, lowest, n)
