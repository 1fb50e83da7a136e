"""What a symbol is among all symbols of a view: ranks, deviations, strength, betas and spreads between pairs."""

from typing import Any

from tickloom.features import Float, Int, feature
from tickloom_kernels.indicators import across as kernels
from tickloom_plugins.features.indicators.averages import forgets
from tickloom_plugins.features.indicators.terms import log_return

#: Of anything: what is given stands in place of the close.
ANY: dict[str, Any] = {"across": True, "inputs": ("close",)}
OVER: dict[str, Any] = {
    "across": True,
    "inputs": lambda n: (log_return(n=n),),
    "parameters": {"n": Int(20)},
    "unit": "ratio",
}
DECAY = Float(0.98, 0.5, 0.99999)

cross_rank = feature(**ANY, unit="ratio", convention="equal values share the mean rank", oracle="pandas.rank")(
    kernels.cross_rank
)
cross_zscore = feature(**ANY, unit="deviations", convention="ddof 0", oracle="scipy.stats.zscore")(kernels.cross_zscore)
relative_strength = feature(**OVER, oracle="literal")(kernels.relative_strength)
dispersion = feature(**OVER, convention="ddof 0", oracle="numpy.std")(kernels.dispersion)
market_beta = feature(
    across=True,
    inputs=(log_return(), "time"),
    parameters={"decay": DECAY},
    memory=8,
    lookback=2,
    converge=lambda decay: 2 * forgets(1 - decay),
    unit="ratio",
    stability="converging",
    convention="the symbol is part of the mean",
    oracle="numpy.polyfit",
)(kernels.market_beta)
pair_zscore = feature(
    across=True,
    inputs=("close", "time"),
    parameters={"decay": DECAY, "against": Int(0, 0, 100_000)},
    memory=8,
    lookback=3,
    converge=lambda decay, against: 2 * forgets(1 - decay),
    unit="deviations",
    stability="converging",
    convention="of prices, not of their logarithms; the last row is part of the line",
    oracle="numpy.polyfit",
)(kernels.pair_zscore)
