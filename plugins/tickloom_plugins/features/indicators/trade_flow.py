"""Trades and who began them: signs, imbalance, informed trading, and the rates at which trades come."""

from typing import Any

from tickloom.features import Float, Int, Window, feature
from tickloom_kernels.indicators import trade_flow
from tickloom_plugins.features.indicators.averages import sma
from tickloom_plugins.features.indicators.order_book import FADING, faded, time_decay
from tickloom_plugins.features.indicators.terms import moments, total
from tickloom_plugins.features.indicators.trade_impact import signed_volume
from tickloom_plugins.features.indicators.volatility import change

TRADES = {"n": Int(100)}

known_volume = feature(inputs=("aggressor", "quantity"), unit="volume", stability="exact", oracle="literal")(
    trade_flow.known_volume
)
#: Who began a trade may hang on a price that changed any time ago.
tick_rule = feature(
    inputs=("close",),
    state=2,
    unit="sign",
    stability="path",
    oracle="literal",
    reference="Lee and Ready, Inferring trade direction from intraday data, 1991",
)(trade_flow.tick_rule)
lee_ready = feature(
    inputs=("price", "mid", tick_rule("price")),
    unit="sign",
    stability="path",
    convention="against the mid just before the trade",
    oracle="literal",
    reference="Lee and Ready, Inferring trade direction from intraday data, 1991",
)(trade_flow.lee_ready)
trade_imbalance = feature(
    inputs=lambda n: (total(signed_volume(), n=n), total(known_volume(), n=n)),
    parameters=TRADES,
    unit="ratio",
    oracle="literal",
)(trade_flow.trade_imbalance)
trade_imbalance_decayed = feature(
    inputs=lambda seconds: (signed_volume(), known_volume(), time_decay(seconds=seconds)),
    state=2,
    unit="ratio",
    **FADING,
)(trade_flow.trade_imbalance_decayed)
signed_run = feature(inputs=("aggressor",), state=1, unit="trades", stability="path", oracle="literal")(
    trade_flow.signed_run
)
trade_size_rank = feature(
    inputs=lambda n: (Window("quantity", n),),
    parameters={"n": Int(100, 1, 1000)},
    lookback=lambda n: n - 1,
    unit="ratio",
    convention="middle rank",
    oracle="scipy.stats.percentileofscore",
)(trade_flow.trade_size_rank)
large_trade = feature(
    inputs=lambda n, multiple: ("quantity", Window(sma("quantity", n=n), 1)),
    parameters={"n": Int(100), "multiple": Float(10.0, 0.0, 1e9)},
    lookback=1,
    unit="flag",
    oracle="literal",
)(trade_flow.large_trade)
trade_duration = feature(inputs=(Window("time", 1),), lookback=1, unit="seconds", stability="exact", oracle="literal")(
    trade_flow.trade_duration
)

# --- informed trading ------------------------------------------------------------------------------------------------

EASLEY = "Easley, Lopez de Prado and O'Hara, Flow toxicity and liquidity in a high-frequency world, 2012"
BUCKETS: dict[str, Any] = {"volume": Float(1000.0, 1e-12), "buckets": Int(50, 1, 10_000)}
VPIN: dict[str, Any] = {"state": 5, "unit": "ratio", "stability": "path", "oracle": "literal", "reference": EASLEY}

bulk_buy_fraction_normal = feature(
    inputs=lambda n: (change(), moments(change(), n=n).variance),
    parameters={"n": Int(50, 2)},
    unit="ratio",
    convention="normal CDF",
    oracle="scipy.stats.norm",
    reference=EASLEY,
)(trade_flow.bulk_buy_fraction_normal)
buy_fraction = feature(inputs=("aggressor",), unit="ratio", stability="exact", oracle="literal")(
    trade_flow.buy_fraction
)
vpin_aggressor = feature(
    name="vpin_aggressor",
    inputs=(buy_fraction(), "quantity"),
    parameters=BUCKETS,
    memory=lambda volume, buckets: buckets,
    convention="volume by the side that began each trade",
    **VPIN,
)(trade_flow.vpin)
vpin_bulk_normal = feature(
    name="vpin_bulk_normal",
    inputs=lambda volume, buckets, n: (bulk_buy_fraction_normal(n=n), "volume"),
    parameters={**BUCKETS, "n": Int(50, 2)},
    memory=lambda volume, buckets, n: buckets,
    convention="volume by bulk classification, normal CDF",
    **VPIN,
)(trade_flow.vpin_bulk)

# --- rates -----------------------------------------------------------------------------------------------------------

#: Below 1 in sum, as a process that sets off as many trades as it has would never end.
OWN, CROSS = Float(0.3, 0.0, 0.499), Float(0.1, 0.0, 0.499)
RATE, DECAY = Float(0.1, 0.0, 1e9), Float(1.0, 1e-7, 1e9)

arrival_rates = feature(
    inputs=lambda seconds: ("aggressor", time_decay(seconds=seconds)),
    outputs=("buys", "sells"),
    state=2,
    unit="per second",
    **FADING,
)(trade_flow.arrival_rates)
hawkes_intensity = feature(
    inputs=lambda base, branching, decay: (time_decay(seconds=1.0 / decay),),
    parameters={"base": RATE, "branching": Float(0.5, 0.0, 0.999), "decay": DECAY},
    state=1,
    converge=lambda base, branching, decay: faded(1.0 / decay),
    unit="per second",
    stability="converging",
    oracle="literal",
    reference="Hawkes, Spectra of some self-exciting and mutually exciting point processes, 1971",
)(trade_flow.hawkes_intensity)
hawkes_sides = feature(
    inputs=lambda base, own, cross, decay: ("aggressor", time_decay(seconds=1.0 / decay)),
    outputs=("buys", "sells"),
    parameters={"base": RATE, "own": OWN, "cross": CROSS, "decay": DECAY},
    state=2,
    converge=lambda base, own, cross, decay: faded(1.0 / decay),
    unit="per second",
    stability="converging",
    oracle="literal",
    reference="Bacry and Muzy, Hawkes model for price and trades high-frequency dynamics, 2014",
)(trade_flow.hawkes_sides)
