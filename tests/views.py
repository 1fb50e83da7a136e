"""A small feature, bars for it, and views: what tests of views have in common."""

from typing import Any

import numpy as np

from tickloom.features import Int, Window, feature
from tickloom.features.columns import BAR
from tickloom.features.plan import ViewPlan
from tickloom.features.view import FeatureView
from tickloom_kernels.indicators.window import lag


@feature(inputs=lambda n: (Window("close", n),), parameters={"n": Int(2, 1, 50)}, lookback=lambda n: n - 1, power=1)
def summed(k: int, closes: Any, n: int) -> float:
    """Sum of the last n closes."""
    total = 0.0
    for j in range(n):
        total += lag(closes, j)
    return total


def bars(closes: list[float]) -> np.ndarray:
    """Bars of a range of 2 around their close, a minute apart."""
    rows = np.zeros((len(closes), BAR.width))
    for name, moved_by in (("open", 0.0), ("high", 1.0), ("low", -1.0), ("close", 0.0)):
        rows[:, BAR.column(name)] = np.array(closes) + moved_by
    rows[:, BAR.column("time")] = 60.0 * np.arange(len(closes))
    return rows


def view(*features: Any, **more: Any) -> FeatureView:
    symbols = more.pop("symbols", 1)
    return FeatureView(ViewPlan(BAR, features, **more), symbols)
