"""What one bar, or a few, say of a price: means of its four prices, the shape of the candle, the way from the high."""

import math
from typing import Any

from tickloom_kernels.indicators import rolling
from tickloom_kernels.indicators.window import lag, step


@step
def average_price(k: int, opened: float, high: float, low: float, close: float) -> float:
    """Mean of open, high, low and close."""
    return (high + low + close + opened) / 4.0


@step
def median_price(k: int, high: float, low: float) -> float:
    """Middle of the bar: mean of high and low."""
    return (high + low) / 2.0


@step
def weighted_close(k: int, high: float, low: float, close: float) -> float:
    """Mean of high, low and twice the close."""
    return (high + low + close * 2.0) / 4.0


@step
def bar_range(k: int, high: float, low: float) -> float:
    """High minus low."""
    return high - low


@step
def heikin_ashi(k: int, state: Any, opened: float, high: float, low: float, close: float) -> Any:
    """Heikin-Ashi candles: bars smoothed by the candle before; open, high, low and close.

    The close is the mean of the four prices, the open the middle of the candle before, and high and low reach over
    both. The first open is ``(open + close) / 2``.
    """
    first, last = state
    middle = (opened + high + low + close) / 4.0
    begun = (opened + close) / 2.0 if k == 0 else (first + last) / 2.0
    return (begun, middle), begun, max(high, begun, middle), min(low, begun, middle), middle


@step
def average_deviation(k: int, state: Any, window: Any, n: int) -> Any:
    """Mean of the distances of the last n values from their mean."""
    state, centre = rolling.mean(k, state, window, n)
    summed = 0.0
    if k >= n - 1:
        for j in range(n):
            summed += abs(lag(window, j) - centre)
    return state, summed * (1.0 / n)


@step
def gap(k: int, opened: float, closes: Any) -> float:
    """Logarithm of the open over the close before; 0 where one of them is not above 0."""
    last = lag(closes, 1) if k > 0 else 0.0
    # Exact for small gaps, too: the quotient alone has lost their digits.
    return math.log1p((opened - last) / last) if last > 0.0 and opened > 0.0 else 0.0


@step
def qlib_bar(k: int, opened: float, high: float, low: float, close: float) -> Any:
    """Nine ratios of one candle, as qlib's Alpha158 names them: body, range and shadows over open, or over range.

    ``kmid`` (close - open) / open, ``klen`` (high - low) / open, ``kup`` and ``klow`` the shadows / open, ``ksft`` (2
    close - high - low) / open; ``kmid2``, ``kup2``, ``klow2``, ``ksft2`` the same over high - low. qlib adds 1e-12 to
    the range, so its values depend on the unit of prices; here a bar without range (or an open of 0) has 0.
    """
    by_open = 1.0 / opened if opened != 0.0 else 0.0
    by_range = 1.0 / (high - low) if high != low else 0.0
    body, upper, lower = close - opened, high - max(opened, close), min(opened, close) - low
    shift = 2.0 * close - high - low
    return (
        body * by_open,
        (high - low) * by_open,
        body * by_range,
        upper * by_open,
        upper * by_range,
        lower * by_open,
        lower * by_range,
        shift * by_open,
        shift * by_range,
    )


@step
def internal_bar_strength(k: int, high: float, low: float, close: float) -> float:
    """Where the close stands in the bar: 0 at the low, 1 at the high; 0.5 in a bar without range."""
    return (close - low) / (high - low) if high != low else 0.5


@step
def drawdown(k: int, close: float, highest: float, n: int) -> float:
    """Close over the highest close of n rows, minus 1: 0 at the high, -0.1 ten percent below; 0 where the high is 0."""
    return close / highest - 1.0 if highest != 0.0 else 0.0


@step
def drawdown_all(k: int, state: Any, close: float) -> Any:
    """Close over the highest close since the stream began, minus 1; depends on where it began for ever."""
    (top,) = state
    top = close if k == 0 else max(top, close)
    return (top,), close / top - 1.0 if top != 0.0 else 0.0
