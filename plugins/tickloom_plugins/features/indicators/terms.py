"""What many indicators are computed from, declared once so that a view computes each of them once."""

from typing import Any

from tickloom.features import Feature, Int, Window, feature
from tickloom_kernels.indicators import rolling, terms

LENGTH = {"n": Int(20)}


def before(n: int) -> int:
    """Rows before the first value of something that needs n of them."""
    return n - 1


def close(n: int) -> tuple[Window]:
    """Look at closes with n values of their past."""
    return (Window("close", n),)


def pairs(n: int) -> tuple[Window, Window]:
    """High and low with n values of their past."""
    return Window("high", n), Window("low", n)


total = feature(inputs=close, parameters=LENGTH, state=1, lookback=before, unit="price", power=1, oracle="talib.SUM")(
    rolling.total
)
moments = feature(
    inputs=close,
    parameters=LENGTH,
    state=4,
    lookback=before,
    outputs=("mean", "variance"),
    power=(1, 2),
    unit="price",
    oracle="two-pass",
)(rolling.moments)
#: Of close and volume unless something else is put in their place.
comoments = feature(
    inputs=lambda n: (Window("close", n), Window("volume", n)),
    parameters=LENGTH,
    state=9,
    lookback=before,
    outputs=("mean_x", "mean_y", "variance_x", "variance_y", "covariance"),
    power=(1, 0, 2, 0, 1),
    oracle="two-pass",
)(rolling.comoments)
weighted = feature(
    inputs=close,
    parameters=LENGTH,
    state=4,
    lookback=before,
    outputs=("base", "plain", "weighted"),
    power=1,
    unit="price",
    oracle="two-pass",
)(rolling.weighted)


def half(n: int) -> int:
    """Return the largest power of two below n; 1 for 1 and 2."""
    return 1 << max((n - 1).bit_length() - 1, 0)


#: Made of themselves with half as many values: the spans of powers of two are there once for all lengths.
EXTREME: dict[str, Any] = {
    "parameters": LENGTH,
    "lookback": lambda n: n - half(n),
    "unit": "price",
    "power": 1,
    "stability": "exact",
}
highest: Feature = feature(
    inputs=lambda n: (Window(highest(n=half(n)) if n > 2 else "close", n - half(n)),), oracle="talib.MAX", **EXTREME
)(rolling.highest)
lowest: Feature = feature(
    inputs=lambda n: (Window(lowest(n=half(n)) if n > 2 else "close", n - half(n)),), oracle="talib.MIN", **EXTREME
)(rolling.lowest)
true_range = feature(
    inputs=("high", "low", Window("close", 1)),
    lookback=1,
    unit="price",
    power=1,
    stability="exact",
    oracle="talib.TRANGE",
)(terms.true_range)
typical_price = feature(
    inputs=("high", "low", "close"), unit="price", power=1, stability="exact", oracle="talib.TYPPRICE"
)(terms.typical_price)
log_return = feature(
    inputs=lambda n: (Window("close", n),), parameters={"n": Int(1)}, lookback=lambda n: n, unit="ratio", oracle="numpy"
)(terms.log_return)
