"""Numbers over numbers of the same unit, so that neither the price nor the currency is left in them."""

import math
from typing import Any

from tickloom_kernels.indicators.window import lag, step


@step
def ratio(k: int, x: float, y: float) -> float:
    """Open over close, or any number over any other; 0 where the other is 0."""
    return x / y if y != 0.0 else 0.0


@step
def lagged_ratio(k: int, window: Any, y: float, n: int) -> float:
    """Open n rows ago over the close at hand, or any number then over any other now; 0 where the other is 0.

    Of the close itself it is qlib's ROC, the inverse of the usual ratio. Each column of qlib's Alpha360 is one.
    """
    return lag(window, n) / y if k >= n and y != 0.0 else 0.0


@step
def relative_deviation(k: int, variance: float, y: float, n: int) -> float:
    """Give the standard deviation of the last n closes (of a sample, ddof 1) over the last one, as qlib's STD.

    0 at a price of 0.
    """
    return math.sqrt(variance * (n / (n - 1.0))) / y if y != 0.0 else 0.0


@step
def range_place(k: int, close: float, high: float, low: float, n: int) -> float:
    """Place of the close between the lowest low and the highest high of the last n bars, 0 to 1, as qlib's RSV.

    0 where there is no range. A hundred times this is the raw stochastic, %K before it is smoothed.
    """
    return (close - low) / (high - low) if high != low else 0.0
