"""What trading costs and how far it moves prices, from trades: lambdas, illiquidity, spreads paid and their parts."""

import math

from tickloom.features import Float, Int, Window, feature
from tickloom_kernels.indicators import trade_flow, trade_impact
from tickloom_plugins.features.indicators.terms import comoments, log_return
from tickloom_plugins.features.indicators.volatility import change

TRADES = {"n": Int(100, 2)}
MIDS = ("price", "mid", "aggressor")
PARTS = ("effective", "realised", "impact")

signed_volume = feature(inputs=("aggressor", "quantity"), unit="volume", stability="exact", oracle="literal")(
    trade_flow.signed_volume
)
root_turnover = feature(inputs=("aggressor", "price", "quantity"), unit="price^0.5", power=0.5, oracle="literal")(
    trade_impact.root_turnover
)
kyle_lambda = feature(
    inputs=lambda n: (
        comoments(signed_volume(), change(), n=n).variance_x,
        comoments(signed_volume(), change(), n=n).covariance,
    ),
    parameters=TRADES,
    unit="price per volume",
    power=1,
    convention="with intercept",
    oracle="scipy.stats.linregress",
    reference="Kyle, Continuous auctions and insider trading, 1985",
)(trade_impact.kyle_lambda)
#: Returns have no unit of price, roots of turnover have half of one.
hasbrouck_lambda = feature(
    inputs=lambda n: (
        comoments(root_turnover(), log_return("price", n=1), n=n).variance_x,
        comoments(root_turnover(), log_return("price", n=1), n=n).covariance,
    ),
    parameters=TRADES,
    unit="price^-0.5",
    power=-0.5,
    convention="with intercept, trade by trade",
    oracle="scipy.stats.linregress",
    reference="Hasbrouck, Trading costs and returns for U.S. equities, 2009",
)(trade_impact.hasbrouck_lambda)
effective_spread = feature(inputs=MIDS, unit="basis points", oracle="literal")(trade_impact.effective_spread)
spread_parts = feature(
    inputs=lambda n: tuple(Window(name, n) for name in MIDS),
    outputs=PARTS,
    parameters={"n": Int(20)},
    lookback=lambda n: n,
    unit="basis points",
    convention="n trades late",
    oracle="literal",
    reference="Huang and Stoll, Dealer versus auction markets, 1996",
)(trade_impact.spread_parts)
spread_parts_timed = feature(
    inputs=(*MIDS, "time"),
    outputs=PARTS,
    parameters={"seconds": Float(5.0, 0.0, 1e7), "waiting": Int(1024, 1, 1_000_000)},
    state=5,
    memory=lambda seconds, waiting: 4 * waiting,
    # If there is a trade per second.
    converge=lambda seconds, waiting: math.ceil(seconds) + 1,
    unit="basis points",
    convention="seconds late",
    oracle="literal",
    reference="Huang and Stoll, Dealer versus auction markets, 1996",
)(trade_impact.spread_parts_timed)
