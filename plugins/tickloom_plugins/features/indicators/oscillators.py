"""Oscillators: where a price, or another oscillator, stands in the range of its recent past."""

from typing import Any

from tickloom.features import Choice, Float, Int, Use, feature
from tickloom.features.declare import Source
from tickloom_kernels.indicators import oscillators
from tickloom_plugins.features.indicators.averages import KINDS, average, ema, forgets
from tickloom_plugins.features.indicators.convergence import line_of
from tickloom_plugins.features.indicators.momentum import PERCENT, PRICE, absolute_change, rsi
from tickloom_plugins.features.indicators.prices import median_price
from tickloom_plugins.features.indicators.terms import (
    highest,
    lowest,
)

KIND = tuple(KINDS)


def extremes(n: int) -> tuple[Use, Use]:
    """Highest high and lowest low of n bars."""
    return highest("high", n=n), lowest("low", n=n)


# --- places in a range -----------------------------------------------------------------------------------------------

_fast_k = feature(
    name="fast_k", inputs=lambda n: (*extremes(n), "close"), parameters={"n": Int(5)}, stability="exact", **PERCENT
)(oscillators.fast_k)


def _slow(n: int, k_n: int, k_average: str, d_n: int, d_average: str) -> tuple[Use, Use]:
    slow_k = average(k_average, k_n, _fast_k(n=n))
    return slow_k, average(d_average, d_n, slow_k)


def _fast(n: int, d_n: int, d_average: str) -> tuple[Use, Use]:
    return _fast_k(n=n), average(d_average, d_n, _fast_k(n=n))


def _of_rsi(n: int, k_n: int, d_n: int, d_average: str) -> tuple[Use, Use]:
    strength = rsi(n=n)
    place = _fast_k.wired(highest(strength, n=k_n), lowest(strength, n=k_n), strength, n=k_n)
    return place, average(d_average, d_n, place)


#: Averages of some kinds remember, so all of these may.
TWO_LINES: dict[str, Any] = {"outputs": ("k", "d"), "stability": "converging", "unit": "percent"}
stoch = feature(
    inputs=_slow,
    parameters={
        "n": Int(5),
        "k_n": Int(3),
        "k_average": Choice("sma", KIND),
        "d_n": Int(3),
        "d_average": Choice("sma", KIND),
    },
    oracle="talib.STOCH",
    reference="Lane, Stocks and Commodities, 1984",
    **TWO_LINES,
)(oscillators.stoch)
stochf = feature(
    inputs=_fast,
    parameters={"n": Int(5), "d_n": Int(3), "d_average": Choice("sma", KIND)},
    oracle="talib.STOCHF",
    **TWO_LINES,
)(oscillators.stochf)
stochrsi = feature(
    inputs=_of_rsi,
    parameters={"n": Int(14, least=2), "k_n": Int(5), "d_n": Int(3), "d_average": Choice("sma", KIND)},
    convention="k is not smoothed",
    oracle="talib.STOCHRSI",
    reference="Chande and Kroll, The New Technical Trader, 1994",
    **TWO_LINES,
)(oscillators.stochrsi)
kdj = feature(
    inputs=_slow,
    parameters={
        "n": Int(9),
        "k_n": Int(3),
        "k_average": Choice("rma", KIND),
        "d_n": Int(3),
        "d_average": Choice("rma", KIND),
    },
    convention="averages are seeded with the mean of their first values",
    oracle="talib.KDJ",
    **TWO_LINES | {"outputs": ("k", "d", "j")},
)(oscillators.kdj)
willr = feature(
    inputs=lambda n: (*extremes(n), "close"),
    parameters={"n": Int(14, least=2)},
    stability="exact",
    oracle="talib.WILLR",
    **PERCENT,
)(oscillators.willr)

_off_centre = feature(
    inputs=lambda n: (*extremes(n), "close"), parameters={"n": Int(13)}, outputs=("off", "span"), **PRICE
)(oscillators.off_centre)
_smi = feature(inputs=("close", "close"), **PERCENT)(oscillators.smi_line)


def _twice(of: Source, fast: int, slow: int) -> Use:
    return ema(ema(of, n=slow), n=fast)


def _smi_lines(n: int, fast: int, slow: int, signal: int) -> tuple[Use, Use]:
    parts = _off_centre(n=n)
    line = _smi.wired(_twice(parts.off, fast, slow), _twice(parts.span, fast, slow))
    return line, ema(line, n=signal)


smi = feature(
    inputs=_smi_lines,
    parameters={"n": Int(13, least=2), "fast": Int(2, least=2), "slow": Int(25, least=2), "signal": Int(9, least=2)},
    outputs=("line", "signal"),
    stability="converging",
    oracle="talib.SMI",
    reference="Blau, Stocks and Commodities, January 1993",
    **PERCENT,
)(oscillators.smi)

_smoothed_place = feature(
    inputs=("high", "low", "close"),
    parameters={"factor": Float(0.5, 0.01, 1.0)},
    state=2,
    converge=lambda factor: forgets(factor),  # noqa: PLW0108 - called by the name of the parameter
    **PERCENT,
)(oscillators.smoothed_place)


def _cycle(n: int, fast: int, slow: int, factor: float) -> tuple[Use]:
    found = line_of(fast, slow)
    for _ in range(2):
        found = _smoothed_place(highest(found, n=n), lowest(found, n=n), found, factor=factor)
    return (found,)


schaff_trend_cycle = feature(
    inputs=_cycle,
    parameters={"n": Int(10, least=2), "fast": Int(23), "slow": Int(50), "factor": Float(0.5, 0.01, 1.0)},
    stability="converging",
    convention="both stochastics are smoothed by a factor; a range of 0 keeps the place before",
    oracle="literal",
    reference="Schaff, 2008",
    **PERCENT,
)(oscillators.schaff_trend_cycle)

fisher = feature(
    inputs=lambda n: (highest(median_price(), n=n), lowest(median_price(), n=n), median_price()),
    parameters={"n": Int(10, least=2)},
    outputs=("fisher", "trigger"),
    state=2,
    converge=lambda n: n + forgets(0.33) + forgets(0.5),
    stability="converging",
    convention="of (high + low) / 2, held within 0.999",
    oracle="literal",
    reference="Ehlers, Stocks and Commodities, November 2002",
)(oscillators.fisher)
laguerre_rsi = feature(
    inputs=("close",),
    parameters={"gamma": Float(0.5, 0.0, 0.99)},
    state=4,
    lookback=3,
    converge=lambda gamma: 4 * forgets(1.0 - gamma),
    unit="ratio",
    stability="converging",
    convention="0 to 1; the filters begin at the first value",
    oracle="literal",
    reference="Ehlers, Cybernetic Analysis for Stocks and Futures, 2004",
)(oscillators.laguerre_rsi)


def _qqe(n: int, smoothing: int, factor: float) -> tuple[Use, Use]:
    smooth, wide = ema(rsi(n=n), n=smoothing), 2 * n - 1
    return smooth, ema(ema(absolute_change(smooth), n=wide), n=wide)


#: The level keeps what it was raised to, and the side lasts until it is crossed.
qqe = feature(
    inputs=_qqe,
    parameters={"n": Int(14, least=2), "smoothing": Int(5), "factor": Float(4.236)},
    outputs=("smooth", "level", "side"),
    state=4,
    stability="path",
    convention="begins with side 1",
    oracle="literal",
    **PERCENT,
)(oscillators.qqe)
