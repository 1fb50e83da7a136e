"""Numbers over numbers of the same unit; what qlib's feature sets are made of beside our other families."""

from tickloom.features import Int, Window, feature
from tickloom_kernels.indicators import ratios
from tickloom_plugins.features.indicators.terms import highest, lowest, moments

QLIB = "qlib, contrib/data/loader.py"

ratio = feature(inputs=("open", "close"), unit="ratio", stability="exact", oracle="literal")(ratios.ratio)
lagged_ratio = feature(
    inputs=lambda n: (Window("open", n), "close"),
    parameters={"n": Int(1, least=0)},
    lookback=lambda n: n,
    unit="ratio",
    stability="exact",
    oracle="pandas.shift",
    reference=QLIB,
)(ratios.lagged_ratio)
relative_deviation = feature(
    inputs=lambda n: (moments(n=n).variance, "close"),
    parameters={"n": Int(20, least=2)},
    unit="ratio",
    oracle="pandas.rolling",
    reference=QLIB,
)(ratios.relative_deviation)
range_place = feature(
    inputs=lambda n: ("close", highest("high", n=n), lowest("low", n=n)),
    parameters={"n": Int(20)},
    unit="ratio",
    stability="exact",
    oracle="pandas.rolling",
    reference=QLIB,
)(ratios.range_place)
