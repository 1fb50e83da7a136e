"""Oscillators about a mean or about zero: how far prices are from their average, and which side of the bar wins."""

from tickloom.features import Float, Int, Use, Window, feature
from tickloom_kernels.indicators import oscillators
from tickloom_plugins.features.indicators.averages import sma
from tickloom_plugins.features.indicators.convergence import end_of_line
from tickloom_plugins.features.indicators.momentum import PERCENT, PRICE, difference
from tickloom_plugins.features.indicators.prices import median_price
from tickloom_plugins.features.indicators.terms import highest, lowest, moments, total, true_range, typical_price

cci = feature(
    inputs=(typical_price(),),
    parameters={"n": Int(14, least=2)},
    state=5,
    memory=lambda n: 2 << (n - 1).bit_length(),
    lookback=lambda n: n - 1,
    unit="number",
    oracle="talib.CCI",
    reference="Lambert, Commodities, October 1980",
)(oscillators.cci)
FAST_SLOW = {"fast": Int(5, least=2), "slow": Int(34, least=2)}
ao = feature(
    inputs=lambda fast, slow: (sma(median_price(), n=fast), sma(median_price(), n=slow)),
    parameters=FAST_SLOW,
    oracle="talib.AO",
    reference="Williams, New Trading Dimensions, 1998",
    **PRICE,
)(oscillators.ao)


def _ac(fast: int, slow: int, signal: int) -> tuple[Use, Use]:
    line = ao(fast=fast, slow=slow)
    return line, sma(line, n=signal)


ac = feature(
    inputs=_ac,
    parameters={**FAST_SLOW, "signal": Int(5, least=2)},
    oracle="talib.AC",
    reference="Williams, New Trading Dimensions, 1998",
    **PRICE,
)(oscillators.ac)
dpo = feature(
    inputs=lambda n: (Window("close", n), sma(n=n)),
    parameters={"n": Int(20, least=2)},
    lookback=lambda n: max(0, n // 2 + 1 - (n - 1)),
    convention="the past close against the mean at hand",
    oracle="talib.DPO",
    **PRICE,
)(oscillators.dpo)
qstick = feature(
    inputs=lambda n: (Window(difference("close", "open"), n),),
    parameters={"n": Int(10)},
    state=1,
    lookback=lambda n: n - 1,
    oracle="talib.QSTICK",
    **PRICE,
)(oscillators.qstick)
bop = feature(inputs=("open", "high", "low", "close"), unit="ratio", stability="exact", oracle="talib.BOP")(
    oscillators.bop
)

_pressure = feature(inputs=("low", Window("close", 1)), lookback=1, **PRICE)(oscillators.buying_pressure)


def _pressures(one: int, two: int, three: int) -> tuple[Use, ...]:
    found = []
    for n in sorted((one, two, three)):
        found += [total(_pressure(), n=n), total(true_range(), n=n)]
    return tuple(found)


ultosc = feature(
    inputs=_pressures,
    parameters={"one": Int(7), "two": Int(14), "three": Int(28)},
    oracle="talib.ULTOSC",
    reference="Williams, Stocks and Commodities, August 1985",
    **PERCENT,
)(oscillators.ultosc)

_symmetric = feature(inputs=(Window("close", 3),), lookback=3)(oscillators.symmetric)
_quotient = feature(inputs=("close", "open"), unit="ratio")(oscillators.quotient)


def _rvgi(n: int) -> tuple[Use, Use]:
    bodies, spans = (total(_symmetric(difference(*two)), n=n) for two in (("close", "open"), ("high", "low")))
    line = _quotient(bodies, spans)
    return line, _symmetric(line)


rvgi = feature(
    inputs=_rvgi,
    parameters={"n": Int(10)},
    outputs=("line", "signal"),
    unit="ratio",
    oracle="literal",
    reference="Ehlers, Stocks and Commodities, January 2002",
)(oscillators.rvgi)

_squeeze_value = feature(
    inputs=lambda n: ("close", highest("high", n=n), lowest("low", n=n), sma(n=n)), parameters={"n": Int(20)}, **PRICE
)(oscillators.squeeze_value)


ttm_squeeze = feature(
    inputs=lambda n, bands, channel: (
        moments(n=n).variance,
        sma(true_range(), n=n),
        end_of_line(_squeeze_value(n=n), n),
    ),
    parameters={"n": Int(20, least=2), "bands": Float(2.0), "channel": Float(1.5)},
    outputs=("squeeze", "momentum"),
    unit="price",
    power=(0, 1),
    convention="Keltner's channel is the simple mean of closes and of true ranges; ddof 0",
    oracle="literal",
    reference="Carter, Mastering the Trade, 2005",
)(oscillators.ttm_squeeze)
