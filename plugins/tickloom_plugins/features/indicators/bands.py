"""Ranges, and the bands, channels and stops that are made of them."""

from typing import Any

from tickloom.features import Choice, Float, Int, Window, feature
from tickloom.features.declare import Use
from tickloom_kernels.indicators import bands
from tickloom_plugins.features.indicators.averages import KINDS, average, ema, forgets, late, rma, sma
from tickloom_plugins.features.indicators.prices import bar_range
from tickloom_plugins.features.indicators.terms import highest, lowest, moments, total, true_range, typical_price

PRICE: dict[str, Any] = {"unit": "price", "power": 1}
LINES = ("upper", "middle", "lower")
WIDTH = Float(2.0, 0.0, 1000.0)
WILDER = "Wilder, New Concepts in Technical Trading Systems, 1978"


def reach(n: int) -> Use:
    """Wilder's average of the true range."""
    return rma(true_range(), n=n)


atr = feature(
    name="atr",
    inputs=lambda n: (reach(n),),
    parameters={"n": Int(14)},
    stability="converging",
    convention="the first true range is that of the second row",
    oracle="talib.ATR",
    reference=WILDER,
    **PRICE,
)(bands.average_true_range)
natr = feature(
    name="natr",
    inputs=lambda n: (reach(n), "close"),
    parameters={"n": Int(14)},
    unit="percent",
    stability="converging",
    oracle="talib.NATR",
)(bands.normalized_true_range)
adr = feature(
    name="adr",
    inputs=lambda n: (sma(bar_range(), n=n),),
    parameters={"n": Int(14)},
    oracle="talib.ADR",
    **PRICE,
)(bands.average_range)
cvi = feature(
    name="cvi",
    inputs=lambda n, rows: (Window(ema(bar_range(), n=n), rows),),
    parameters={"n": Int(10), "rows": Int(10)},
    lookback=lambda n, rows: rows,
    unit="percent",
    stability="converging",
    oracle="talib.CVI",
)(bands.chaikin_volatility)
range_ratio = feature(
    inputs=lambda n: (ema(bar_range(), n=n), ema(ema(bar_range(), n=n), n=n)),
    parameters={"n": Int(9)},
    unit="ratio",
    stability="converging",
)(bands.range_ratio)
massi = feature(
    name="massi",
    inputs=lambda n, rows: (total(range_ratio(n=n), n=rows),),
    parameters={"n": Int(9, 2), "rows": Int(25, 2)},
    unit="number",
    stability="converging",
    oracle="talib.MASSI",
    reference="Dorsey, Stocks and Commodities, June 1992",
)(bands.mass_index)
rvi = feature(
    name="rvi",
    inputs=lambda n, spread: (moments(n=spread).variance, Window("close", 1)),
    parameters={"n": Int(14), "spread": Int(10, 2)},
    state=2,
    lookback=lambda n, spread: n - 1,
    converge=lambda n, spread: n + forgets(1 / n),
    unit="percent",
    stability="converging",
    convention="deviation of the population, Wilder's average",
    oracle="talib.RVI",
    reference="Dorsey, Stocks and Commodities, June 1993 and September 1995",
)(bands.relative_volatility)
bbands = feature(
    name="bbands",
    inputs=lambda n, up, down, kind: (
        moments(n=n).mean if kind == "sma" else average(kind, n),
        moments(n=n).variance,
    ),
    parameters={"n": Int(20, 2), "up": WIDTH, "down": WIDTH, "kind": Choice("sma", tuple(KINDS))},
    outputs=LINES,
    # Of other kinds than the default it is the average that converges.
    stability="converging",
    convention="standard deviation of the population, about the simple mean",
    oracle="talib.BBANDS",
    reference="Bollinger, Bollinger on Bollinger Bands, 2001",
    **PRICE,
)(bands.bollinger)
percent_b = feature(
    inputs=lambda n, width: ("close", moments(n=n).mean, moments(n=n).variance),
    parameters={"n": Int(20, 2), "width": Float(2.0, 0.01, 1000.0)},
    unit="ratio",
    oracle="literal",
)(bands.percent_b)
bandwidth = feature(
    inputs=lambda n, width: (moments(n=n).mean, moments(n=n).variance),
    parameters={"n": Int(20, 2), "width": WIDTH},
    unit="ratio",
    oracle="literal",
)(bands.bandwidth)
keltner = feature(
    inputs=lambda n, rows, width: (
        ema(late(typical_price(), rows=max(rows - n + 1, 0)), n=n),
        rma(late(true_range(), rows=max(n - 1 - rows, 0)), n=rows),
    ),
    parameters={"n": Int(20, 2), "rows": Int(10), "width": WIDTH},
    outputs=LINES,
    stability="converging",
    convention="EMA of the typical price, Wilder's average of the true range; both seeded before the first value",
    oracle="talib.KC",
    **PRICE,
)(bands.keltner)
donchian = feature(
    inputs=lambda n: (highest("high", n=n), lowest("low", n=n)),
    parameters={"n": Int(20, 2)},
    outputs=LINES,
    stability="exact",
    convention="the bar at hand is included",
    oracle="talib.DONCHIAN",
    **PRICE,
)(bands.donchian)
headley = feature(inputs=("high", "low"), outputs=("upper", "lower"), **PRICE)(bands.headley)
accbands = feature(
    name="accbands",
    inputs=lambda n: (sma(headley().upper, n=n), sma(n=n), sma(headley().lower, n=n)),
    parameters={"n": Int(20, 2)},
    outputs=LINES,
    oracle="talib.ACCBANDS",
    reference="Headley, Big Trends in Trading, 2002",
    **PRICE,
)(bands.acceleration_bands)
supertrend = feature(
    inputs=lambda n, multiplier: ("high", "low", Window("close", 1), reach(n)),
    parameters={"n": Int(10), "multiplier": Float(3.0, 0.0, 1000.0)},
    state=3,
    outputs=("supertrend", "trend"),
    unit=("price", "direction"),
    power=(1, 0),
    stability="path",
    convention="begins with an upward trend",
    oracle="talib.SUPERTREND",
)(bands.supertrend)
_ACCELERATION, _LIMIT = Float(0.02, 0.0, 10.0), Float(0.2, 0.0, 10.0)
sar = feature(
    name="sar",
    inputs=(Window("high", 1), Window("low", 1)),
    parameters={"acceleration": _ACCELERATION, "most": _LIMIT},
    state=4,
    lookback=1,
    stability="path",
    convention="the directional movement of the first two bars decides the first side",
    oracle="talib.SAR",
    reference=WILDER,
    **PRICE,
)(bands.parabolic_stop)
sarext = feature(
    name="sarext",
    inputs=(Window("high", 1), Window("low", 1)),
    parameters={
        "start": Float(0.0, -1e12),
        "offset": Float(0.0, 0.0, 10.0),
        "initial_long": _ACCELERATION,
        "long": _ACCELERATION,
        "most_long": _LIMIT,
        "initial_short": _ACCELERATION,
        "short": _ACCELERATION,
        "most_short": _LIMIT,
    },
    state=4,
    lookback=1,
    stability="path",
    convention="negative while short",
    oracle="talib.SAREXT",
    reference=WILDER,
    **PRICE,
)(bands.parabolic)
ichimoku = feature(
    inputs=lambda tenkan, kijun, senkou: tuple(
        line(column, n=n) for n in (tenkan, kijun, senkou) for line, column in ((highest, "high"), (lowest, "low"))
    ),
    parameters={"tenkan": Int(9), "kijun": Int(26), "senkou": Int(52)},
    outputs=("tenkan", "kijun", "senkou_a", "senkou_b"),
    stability="exact",
    convention="nothing is shifted",
    oracle="literal",
    **PRICE,
)(bands.ichimoku)
first_stops = feature(
    inputs=lambda n, multiplier: (highest("high", n=n), lowest("low", n=n), reach(n)),
    parameters={"n": Int(10), "multiplier": Float(1.0, 0.0, 1000.0)},
    outputs=("short", "long"),
    stability="converging",
    **PRICE,
)(bands.first_stops)
chande_kroll_stop = feature(
    inputs=lambda n, multiplier, rows: (
        highest(first_stops(n=n, multiplier=multiplier).short, n=rows),
        lowest(first_stops(n=n, multiplier=multiplier).long, n=rows),
    ),
    parameters={"n": Int(10), "multiplier": Float(1.0, 0.0, 1000.0), "rows": Int(9)},
    outputs=("short", "long"),
    stability="converging",
    convention="average true range of Wilder",
    oracle="talipp.ChandeKrollStop",
    reference="Chande and Kroll, The New Technical Trader, 1994",
    **PRICE,
)(bands.chande_kroll_stop)
distance_from_average = feature(
    inputs=lambda n, rows, kind: ("close", average(kind, n), reach(rows)),
    parameters={"n": Int(20), "rows": Int(14), "kind": Choice("ema", tuple(KINDS))},
    unit="ratio",
    stability="converging",
    oracle="literal",
)(bands.distance_from_average)
