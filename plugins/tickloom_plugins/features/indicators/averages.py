"""Moving averages."""

import math
from typing import Any

from tickloom.features import Choice, Float, Int, Window, feature
from tickloom.features.declare import Source, Use
from tickloom_kernels.indicators import averages, rolling
from tickloom_plugins.features.indicators.terms import LENGTH, before, close, highest, lowest, total, typical_price

PRICE: dict[str, Any] = {"unit": "price", "power": 1}


def forgets(alpha: float) -> int:
    """Rows in which a recurrence that keeps ``1 - alpha`` of itself per row has forgotten all but a millionth."""
    return 1 if alpha >= 1 else math.ceil(math.log(1e-6) / math.log(1 - alpha))


sma = feature(name="sma", inputs=close, parameters=LENGTH, state=1, lookback=before, oracle="talib.SMA", **PRICE)(
    rolling.mean
)
ema = feature(
    inputs=("close",),
    parameters=LENGTH,
    state=1,
    lookback=before,
    converge=lambda n: n + forgets(2 / (n + 1)),
    stability="converging",
    convention="seeded with the mean of the first n values",
    oracle="talib.EMA",
    **PRICE,
)(averages.ema)
ema_first = feature(
    inputs=("close",),
    parameters=LENGTH,
    state=1,
    lookback=before,
    converge=lambda n: n + forgets(2 / (n + 1)),
    stability="converging",
    convention="seeded with the first value",
    oracle="pandas.ewm",
    **PRICE,
)(averages.ema_first)
rma = feature(
    inputs=("close",),
    parameters=LENGTH,
    state=1,
    lookback=before,
    converge=lambda n: n + forgets(1 / n),
    stability="converging",
    convention="seeded with the mean of the first n values",
    oracle="talib.RMA",
    reference="Wilder, New Concepts in Technical Trading Systems, 1978",
    **PRICE,
)(averages.rma)
wma = feature(inputs=close, parameters=LENGTH, state=4, lookback=before, oracle="talib.WMA", **PRICE)(averages.wma)
dema = feature(
    inputs=("close",),
    parameters=LENGTH,
    state=2,
    lookback=lambda n: 2 * (n - 1),
    converge=lambda n: 2 * (n + forgets(2 / (n + 1))),
    stability="converging",
    oracle="talib.DEMA",
    reference="Mulloy, Stocks and Commodities, January 1994",
    **PRICE,
)(averages.dema)
tema = feature(
    inputs=("close",),
    parameters=LENGTH,
    state=3,
    lookback=lambda n: 3 * (n - 1),
    converge=lambda n: 3 * (n + forgets(2 / (n + 1))),
    stability="converging",
    oracle="talib.TEMA",
    reference="Mulloy, Stocks and Commodities, February 1994",
    **PRICE,
)(averages.tema)
t3 = feature(
    inputs=("close",),
    parameters={"n": Int(5), "v": Float(0.7, 0.0, 1.0)},
    state=6,
    lookback=lambda n, v: 6 * (n - 1),
    converge=lambda n, v: 6 * n + 3 * forgets(2 / (n + 1)),
    stability="converging",
    oracle="talib.T3",
    reference="Tillson, Stocks and Commodities, January 1998",
    **PRICE,
)(averages.t3)
trima = feature(
    inputs=lambda n: (total(total(n=(n + 1) // 2), n=n // 2 + 1),),
    parameters=LENGTH,
    convention="an even n: the second average is the longer one",
    oracle="talib.TRIMA",
    **PRICE,
)(averages.trima)
_hma_line = feature(inputs=lambda n: (wma(n=max(n // 2, 1)), wma(n=n)), parameters=LENGTH, **PRICE)(averages.hma_line)
hma = feature(
    inputs=lambda n: (wma(_hma_line(n=n), n=math.isqrt(n)),),
    parameters=LENGTH,
    convention="half of n and its root are rounded down",
    oracle="talib.HMA",
    reference="Hull, 2005",
    **PRICE,
)(averages.hma)
kama = feature(
    inputs=lambda n: (Window("close", n + 1),),
    parameters={"n": Int(10)},
    state=3,
    lookback=lambda n: n,
    converge=lambda n: n + forgets((2 / 31) ** 2),
    stability="converging",
    convention="starts from the value before its first row; paces of 2 and 30 rows",
    oracle="talib.KAMA",
    reference="Kaufman, Smarter Trading, 1995",
    **PRICE,
)(averages.kama)
vidya = feature(
    inputs=lambda n: (Window("close", n + 1),),
    parameters={"n": Int(14, 2)},
    state=3,
    lookback=lambda n: n,
    # A walk's momentum oscillator is about 0.8 over the root of n; in a market that goes nowhere it takes longer.
    converge=lambda n: n + forgets(2 / (n + 1) * 0.5 / math.sqrt(n)),
    stability="converging",
    convention="scaled by the momentum oscillator of the same n",
    oracle="literal",
    reference="Chande and Kroll, The New Technical Trader, 1994",
    **PRICE,
)(averages.vidya)
zlema = feature(
    inputs=close,
    parameters=LENGTH,
    state=1,
    lookback=lambda n: n - 1 + (n - 1) // 2,
    converge=lambda n: 2 * n + forgets(2 / (n + 1)),
    stability="converging",
    convention="the lag is rounded down",
    oracle="talib.ZLEMA",
    reference="Ehlers and Way, Stocks and Commodities, November 2010",
    **PRICE,
)(averages.zlema)
vwma = feature(
    inputs=lambda n: (Window("close", n), Window("volume", n)),
    parameters=LENGTH,
    state=4,
    lookback=before,
    convention="a span without volume: all rows weigh the same",
    oracle="talib.VWMA",
    **PRICE,
)(averages.vwma)
vwap = feature(
    inputs=(typical_price(), "volume"),
    state=2,
    stability="path",
    convention="typical price, since the stream began",
    oracle="talib.VWAP",
    **PRICE,
)(averages.vwap)
vwap_rolling = feature(
    name="vwap_rolling",
    inputs=lambda n: (Window(typical_price(), n), Window("volume", n)),
    parameters=LENGTH,
    state=4,
    lookback=before,
    convention="typical price; a span without volume: all rows weigh the same",
    oracle="literal",
    **PRICE,
)(averages.vwma)
mavp = feature(
    inputs=lambda least, most: (Window("close", most), "volume"),
    parameters={"least": Int(2), "most": Int(30)},
    lookback=lambda least, most: most - 1,
    convention="simple averages",
    oracle="talib.MAVP",
    **PRICE,
)(averages.mavp)
midpoint = feature(
    inputs=lambda n: (highest(n=n), lowest(n=n)),
    parameters={"n": Int(14, 2)},
    stability="exact",
    oracle="talib.MIDPOINT",
    **PRICE,
)(averages.midpoint)
midprice = feature(
    name="midprice",
    inputs=lambda n: (highest("high", n=n), lowest("low", n=n)),
    parameters={"n": Int(14, 2)},
    stability="exact",
    oracle="talib.MIDPRICE",
    **PRICE,
)(averages.midpoint)
alma = feature(
    inputs=lambda n, offset, sigma: (Window("close", n),),
    parameters={"n": Int(9), "offset": Float(0.85, 0.0, 1.0), "sigma": Float(6.0, 0.01, 1000.0)},
    memory=lambda n, offset, sigma: n,
    lookback=lambda n, offset, sigma: n - 1,
    convention="the middle of the bell is not rounded",
    oracle="talipp.ALMA",
    reference="Legoux and Kouzis-Loukas, 2009",
    **PRICE,
)(averages.alma)
frama = feature(
    inputs=lambda half: (
        Window(highest("high", n=half), half),
        Window(lowest("low", n=half), half),
        "high",
        "low",
    ),
    parameters={"half": Int(8)},
    state=2,
    lookback=lambda half: half,
    converge=lambda half: half + forgets(0.01),
    stability="converging",
    convention="of the middle of the bar; starts from the first",
    oracle="literal",
    reference="Ehlers, Stocks and Commodities, October 2005",
    **PRICE,
)(averages.frama)
mcginley = feature(
    inputs=("close",),
    parameters={"n": Int(14)},
    state=1,
    lookback=before,
    converge=lambda n: n + 2 * forgets(1 / n),
    stability="converging",
    convention="no factor before n; seeded with the mean of the first n values",
    oracle="talipp.McGinleyDynamic",
    reference="McGinley, Market Technicians Association Journal, 1990",
    **PRICE,
)(averages.mcginley)
super_smoother = feature(
    inputs=lambda n: (Window("close", 1),),
    parameters={"n": Int(10, 2)},
    state=4,
    lookback=2,
    converge=lambda n: 2 + 2 * forgets(1 - math.exp(-math.sqrt(2) * math.pi / n)),
    stability="converging",
    convention="its first two values are the inputs",
    oracle="literal",
    reference="Ehlers, Cycle Analytics for Traders, 2013",
    **PRICE,
)(averages.super_smoother)
laguerre = feature(
    inputs=("close",),
    parameters={"gamma": Float(0.8, 0.0, 0.99)},
    state=4,
    lookback=3,
    converge=lambda gamma: 3 + 2 * forgets(1 - gamma),
    stability="converging",
    convention="all four values begin as the first input",
    oracle="literal",
    reference="Ehlers, Cybernetic Analysis for Stocks and Futures, 2004",
    **PRICE,
)(averages.laguerre)
#: Passes its input on, but from a row on that is given; what is seeded from it is seeded later. Not registered.
late = feature(inputs=("close",), parameters={"rows": Int(0, 0)}, lookback=lambda rows: rows, **PRICE)(averages.late)

#: Kinds of moving averages, in the order of TA-Lib's numbers (without those that take no length).
KINDS = {
    "sma": sma,
    "ema": ema,
    "wma": wma,
    "dema": dema,
    "tema": tema,
    "trima": trima,
    "kama": kama,
    "t3": t3,
    "hma": hma,
    "zlema": zlema,
    "rma": rma,
}


def average(kind: str, n: int, of: Source = "close") -> Use:
    """Return the moving average of a kind (declared as a ``Choice`` of ``tuple(KINDS)``) of n rows."""
    return KINDS[kind](of, n=n)


ma = feature(
    name="ma",
    inputs=lambda n, kind: (average(kind, n),),
    parameters={"n": Int(20), "kind": Choice("sma", tuple(KINDS))},
    stability="converging",
    oracle="talib.MA",
    **PRICE,
)(averages.passed)
