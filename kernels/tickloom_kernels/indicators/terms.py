"""Small terms that many indicators begin with: ranges, typical prices, returns."""

import math
from typing import Any

from tickloom_kernels.indicators.window import lag, step


@step
def true_range(k: int, high: float, low: float, closes: Any) -> float:
    """Range of a bar with the gap from the close before it (Wilder 1978)."""
    last = lag(closes, 1)
    return max(high - low, abs(high - last), abs(low - last))


@step
def typical_price(k: int, high: float, low: float, close: float) -> float:
    """Mean of high, low and close."""
    return (high + low + close) / 3.0


@step
def log_return(k: int, closes: Any, n: int) -> float:
    """Logarithm of the close over the close n rows ago."""
    return math.log(lag(closes, 0) / lag(closes, n)) if k >= n else 0.0
