"""Moving averages that run ahead of one another, lines through closes, and how far closes are from both."""

from typing import Any

from tickloom.features import Choice, Int, Use, Window, feature
from tickloom.features.declare import Source
from tickloom_kernels.indicators import momentum
from tickloom_plugins.features.indicators.averages import KINDS, average, ema, forgets, late, sma
from tickloom_plugins.features.indicators.bands import rvi
from tickloom_plugins.features.indicators.momentum import PERCENT, PRICE, absolute, difference, mom
from tickloom_plugins.features.indicators.statistics import linear_forecast, linear_regression, linear_slope
from tickloom_plugins.features.indicators.terms import moments, true_range, weighted

KIND = tuple(KINDS)
#: Averages that see no more than their last n values: it does not matter where they begin.
_FORGETFUL = ("sma", "wma", "trima", "hma")
LENGTHS = {"fast": Int(12, least=2), "slow": Int(26, least=2)}
TWO: dict[str, Any] = {"parameters": LENGTHS | {"average": Choice("ema", KIND)}, "stability": "converging"}
MACD: dict[str, Any] = {
    "outputs": ("line", "signal", "histogram"),
    "stability": "converging",
    "reference": "Appel, The Moving Average Convergence-Divergence Trading Method, 1979",
    **PRICE,
}


def _apart(fast: int, slow: int, average: str) -> tuple[Use, Use]:
    """Two averages, the shorter first, each seeded by itself."""
    return KINDS[average](n=min(fast, slow)), KINDS[average](n=max(fast, slow))


def _together(first: str, n: int, second: str, m: int) -> tuple[Use, Use]:
    """Two averages that begin at the same row; the one that could begin earlier is seeded later."""
    kinds, lengths = (first, second), (n, m)
    own = [average(kind, length) for kind, length in zip(kinds, lengths, strict=True)]
    ready = [max(one.feature.lookbacks(one)) for one in own]
    delayed: list[Source] = [
        "close" if kind in _FORGETFUL or one == max(ready) else late(rows=max(ready) - one)
        for kind, one in zip(kinds, ready, strict=True)
    ]
    return average(first, n, delayed[0]), average(second, m, delayed[1])


apo = feature(inputs=_apart, **TWO, **PRICE, oracle="talib.APO")(momentum.apo)
ppo = feature(inputs=_apart, **TWO, **PERCENT, oracle="talib.PPO")(momentum.ppo)
macd = feature(
    inputs=("close",),
    parameters={**LENGTHS, "signal": Int(9)},
    state=3,
    lookback=lambda fast, slow, signal: max(fast, slow) + signal - 2,
    converge=lambda fast, slow, signal: _settled(max(fast, slow), signal),
    convention="both averages are seeded at the row at which the slow one is",
    oracle="talib.MACD",
    **MACD,
)(momentum.macd)
macdfix = feature(
    inputs=("close",),
    parameters={"signal": Int(9)},
    state=3,
    lookback=lambda signal: 24 + signal,
    converge=lambda signal: _settled(26, signal),
    convention="factors 0.15 and 0.075; both averages are seeded at the row at which the slow one is",
    oracle="talib.MACDFIX",
    **MACD,
)(momentum.macdfix)


def _settled(slow: int, signal: int) -> int:
    """Rows until an average of averages has forgotten its seeds."""
    return slow + signal + forgets(2 / (slow + 1)) + forgets(2 / (signal + 1))


def line_of(fast: int, slow: int) -> Use:
    """Fast EMA less slow EMA of closes, each seeded by itself."""
    return difference(ema(n=min(fast, slow)), ema(n=max(fast, slow)))


macd_tv = feature(
    inputs=lambda fast, slow, signal: (line_of(fast, slow),),
    parameters={**LENGTHS, "signal": Int(9)},
    state=1,
    lookback=lambda fast, slow, signal: (0, signal - 1, signal - 1),
    converge=lambda fast, slow, signal: signal + forgets(2 / (signal + 1)),
    convention="each average is seeded by itself, with the mean of its first values",
    oracle="talipp.MACD",
    **MACD,
)(momentum.macd_tv)


def _macdext(fast: int, fast_average: str, slow: int, slow_average: str, signal: int, signal_average: str) -> Any:
    quick, calm = sorted([(fast, fast_average), (slow, slow_average)], key=lambda one: one[0])
    line = difference(*_together(quick[1], quick[0], calm[1], calm[0]))
    return line, average(signal_average, signal, line)


macdext = feature(
    inputs=_macdext,
    parameters={
        "fast": Int(12, least=2),
        "fast_average": Choice("sma", KIND),
        "slow": Int(26, least=2),
        "slow_average": Choice("sma", KIND),
        "signal": Int(9),
        "signal_average": Choice("sma", KIND),
    },
    convention="both averages begin at the same row",
    oracle="talib.MACDEXT",
    **MACD,
)(momentum.macdext)
trix = feature(
    inputs=lambda n: (Window(ema(ema(ema(n=n), n=n), n=n), 1),),
    parameters={"n": Int(30)},
    lookback=1,
    stability="converging",
    convention="percent",
    oracle="talib.TRIX",
    reference="Hutson, Stocks and Commodities, 1983",
    **PERCENT,
)(momentum.trix)
tsi = feature(
    inputs=lambda first, second: (
        ema(ema(mom(n=1), n=first), n=second),
        ema(ema(absolute(mom(n=1)), n=first), n=second),
    ),
    parameters={"first": Int(25, least=2), "second": Int(13, least=2)},
    stability="converging",
    oracle="talib.TSI",
    reference="Blau, Stocks and Commodities, November 1991",
    **PERCENT,
)(momentum.tsi)
eri = feature(
    inputs=lambda n: ("high", "low", ema(n=n)),
    parameters={"n": Int(13)},
    outputs=("bulls", "bears"),
    stability="converging",
    oracle="talib.ERI",
    reference="Elder, Trading for a Living, 1993",
    **PRICE,
)(momentum.eri)
fosc = feature(
    inputs=lambda n: (Window("close", 1), Window(linear_forecast(n=n), 1)),
    parameters={"n": Int(5, least=2)},
    lookback=1,
    oracle="talib.FOSC",
    **PERCENT,
)(momentum.fosc)
cti = feature(
    inputs=lambda n: (moments(n=n).variance, linear_slope(n=n)),
    parameters={"n": Int(20, least=2)},
    unit="ratio",
    oracle="scipy.stats.pearsonr",
    reference="Ehlers, Stocks and Commodities, May 2020",
)(momentum.cti)


def end_of_line(of: Source, n: int) -> Use:
    """Where a least-squares line through the last n values of something ends."""
    sums = weighted(of, n=n)
    return linear_regression.wired(sums.base, sums.plain, linear_slope.wired(sums.plain, sums.weighted, n=n), n=n)


inertia = feature(
    inputs=lambda n, spread, smooth: (end_of_line(rvi(n=n, spread=spread), smooth),),
    parameters={"n": Int(14), "spread": Int(10, least=2), "smooth": Int(20, least=2)},
    stability="converging",
    convention="of the relative volatility index as TA-Lib has it",
    oracle="literal",
    reference="Dorsey, Stocks and Commodities, September 1995",
    **PERCENT,
)(momentum.inertia)
pretty_good_oscillator = feature(
    inputs=lambda n: ("close", sma(n=n), ema(true_range(), n=n)),
    parameters={"n": Int(14)},
    unit="ratio",
    stability="converging",
    convention="the EMA of the true range, not Wilder's average",
    oracle="literal",
)(momentum.pretty_good_oscillator)
