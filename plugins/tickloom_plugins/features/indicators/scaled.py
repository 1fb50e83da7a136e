"""Scales that go on learning, of any series; `zscore` and `rank` are two more of them."""

from tickloom.features import Int, feature
from tickloom_kernels.indicators import scaled
from tickloom_plugins.features.indicators.averages import forgets
from tickloom_plugins.features.indicators.terms import before, highest, lowest

LENGTH = {"n": Int(20, least=2)}

ew_zscore = feature(
    inputs=("close",),
    parameters=LENGTH,
    state=3,
    lookback=before,
    # A variance is of squares: half as many digits of a deviation are left of it.
    converge=lambda n: n + 2 * forgets(2 / (n + 1)),
    unit="deviations",
    stability="converging",
    convention="begins with the first value; ddof 0; the value is one of those that it is compared with",
    oracle="pandas.ewm",
)(scaled.ew_zscore)
rolling_minmax = feature(
    inputs=lambda n: ("close", highest(n=n), lowest(n=n)),
    parameters=LENGTH,
    unit="ratio",
    stability="exact",
    oracle="pandas.rolling",
)(scaled.rolling_minmax)
