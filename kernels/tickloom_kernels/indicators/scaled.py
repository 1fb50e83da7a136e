"""Scales that go on learning: where a value stands among those before it, for series whose level wanders.

Scales that were fitted once and stay as they are belong to a view, not to a feature: `tickloom.features.scaling`.
"""

import math
from typing import Any

from tickloom_kernels.indicators.window import fma, step


@step
def ew_zscore(k: int, state: Any, x: float, n: int) -> Any:
    """Deviations of a value from its exponentially weighted mean, in standard deviations weighted alike.

    Weights fall by ``1 - a``, ``a = 2 / (n + 1)`` per row, and mean and variance (ddof 0) begin at the first value and
    at 0: pandas' ``ewm(span=n, adjust=False)`` with ``var(bias=True)``. The value is one of those that it is compared
    with, so the result is ``sqrt((n - 1) / 2)`` at most. While nothing has moved yet it is 0, and it goes to 0 where
    prices stand still.
    """
    last, gap, variance = state
    a = 2.0 / (n + 1.0)
    # From the mean before this value. Kept as a distance, not as a level, it is exact where prices stand still.
    d = gap + (x - last) if k > 0 else 0.0
    gap = d - a * d
    variance = (1.0 - a) * fma(a * d, d, variance)
    return (x, gap, variance), gap / math.sqrt(variance) if variance > 0.0 else 0.0


@step
def rolling_minmax(k: int, x: float, high: float, low: float, n: int) -> float:
    """Place of a value between the smallest and the largest of the last n, itself included: 0 to 1.

    Where all are equal it is 0.5, in the middle.
    """
    return (x - low) / (high - low) if high != low else 0.5
