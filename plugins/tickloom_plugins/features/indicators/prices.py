"""Prices of a bar, the shape of its candle, and how far it is from its high."""

from typing import Any

from tickloom.features import Int, Window, feature
from tickloom_kernels.indicators import prices
from tickloom_plugins.features.indicators.averages import forgets
from tickloom_plugins.features.indicators.terms import before, close, highest

PRICE: dict[str, Any] = {"unit": "price", "power": 1}
BAR = ("open", "high", "low", "close")

average_price = feature(inputs=BAR, stability="exact", oracle="talib.AVGPRICE", **PRICE)(prices.average_price)
median_price = feature(inputs=("high", "low"), stability="exact", oracle="talib.MEDPRICE", **PRICE)(prices.median_price)
weighted_close = feature(inputs=("high", "low", "close"), stability="exact", oracle="talib.WCLPRICE", **PRICE)(
    prices.weighted_close
)
bar_range = feature(inputs=("high", "low"), stability="exact", oracle="literal", **PRICE)(prices.bar_range)
heikin_ashi = feature(
    inputs=BAR,
    state=2,
    outputs=BAR,
    converge=forgets(0.5),
    stability="converging",
    convention="the first open is the middle between open and close",
    oracle="talib.HA",
    **PRICE,
)(prices.heikin_ashi)
average_deviation = feature(
    inputs=close, parameters={"n": Int(14, 2)}, state=1, lookback=before, oracle="talib.AVGDEV", **PRICE
)(prices.average_deviation)
gap = feature(inputs=("open", Window("close", 1)), lookback=1, unit="ratio", oracle="literal")(prices.gap)
qlib_bar = feature(
    inputs=BAR,
    outputs=("kmid", "klen", "kmid2", "kup", "kup2", "klow", "klow2", "ksft", "ksft2"),
    unit="ratio",
    convention="no guard is added to the range",
    oracle="literal",
    reference="qlib, contrib/data/loader.py, Alpha158",
)(prices.qlib_bar)
internal_bar_strength = feature(inputs=("high", "low", "close"), unit="ratio", stability="exact", oracle="literal")(
    prices.internal_bar_strength
)
drawdown = feature(
    inputs=lambda n: ("close", highest(n=n)),
    parameters={"n": Int(50)},
    unit="ratio",
    stability="exact",
    oracle="literal",
)(prices.drawdown)
drawdown_all = feature(inputs=("close",), state=1, unit="ratio", stability="path", oracle="literal")(
    prices.drawdown_all
)
