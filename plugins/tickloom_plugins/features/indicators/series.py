"""Statistics of series: shape, order, memory, filters, and what qlib and tsfresh make of the last n values."""

import math
from typing import Any

from tickloom.errors import ConfigError
from tickloom.features import Float, Int, Window, feature
from tickloom_kernels.indicators import series as kernels
from tickloom_plugins.features.indicators.averages import forgets
from tickloom_plugins.features.indicators.terms import LENGTH, before, close, comoments, log_return, moments

PRICE: dict[str, Any] = {"unit": "price", "power": 1}
PAIRS = {"n": Int(20, 2)}
ADVANCES = "Lopez de Prado, Advances in Financial Machine Learning, 2018"


def of_returns(n: int) -> tuple[Window]:
    """Logarithmic returns with n values of their past."""
    return (Window(log_return(), n),)


def changes(n: int) -> tuple[Window]:
    """Give closes with what n changes and the one that leaves are made of."""
    return (Window("close", n + 1),)


def spanned(name: str, n: int, back: int) -> tuple[Window]:
    """Give returns of which three are looked at, so many rows apart, or a ConfigError where they are too few."""
    if n <= 2 * back:
        raise ConfigError(f"feature {name!r}: n is {n}, it must be above {2 * back}, twice the lag")
    return (Window(log_return(), n),)


# --- shape -----------------------------------------------------------------------------------------------------------

skewness = feature(
    inputs=close,
    parameters=PAIRS,
    state=5,
    lookback=before,
    unit="number",
    convention="of the population, not corrected for bias",
    oracle="scipy.stats.skew",
)(kernels.skewness)
skewness_corrected = feature(
    inputs=close,
    parameters={"n": Int(20, 3)},
    state=5,
    lookback=before,
    convention="corrected for bias",
    oracle="pandas.rolling.skew",
)(kernels.skewness_corrected)
kurtosis = feature(
    inputs=close,
    parameters=PAIRS,
    state=5,
    lookback=before,
    convention="excess, of the population, not corrected for bias",
    oracle="scipy.stats.kurtosis",
)(kernels.kurtosis)
kurtosis_corrected = feature(
    inputs=close,
    parameters={"n": Int(20, 4)},
    state=5,
    lookback=before,
    convention="excess, corrected for bias",
    oracle="pandas.rolling.kurt",
)(kernels.kurtosis_corrected)

# --- order -----------------------------------------------------------------------------------------------------------

ORDER: dict[str, Any] = {"inputs": close, "memory": lambda n: n, "lookback": before, "parameters": LENGTH}

median = feature(**ORDER, **PRICE, stability="exact", oracle="pandas.rolling.median")(kernels.median)
quantile = feature(
    inputs=lambda n, q: (Window("close", n),),
    parameters={**LENGTH, "q": Float(0.8, 0.0, 1.0)},
    memory=lambda n, q: n,
    lookback=lambda n, q: n - 1,
    convention="between two values by a straight line (type 7 of Hyndman and Fan)",
    oracle="pandas.rolling.quantile",
    **PRICE,
)(kernels.quantile)
median_absolute_deviation = feature(
    **ORDER, **PRICE, convention="not scaled", oracle="scipy.stats.median_abs_deviation"
)(kernels.median_absolute_deviation)  # fmt: skip
rank = feature(
    **ORDER,
    unit="ratio",
    convention="equal values share the mean rank; qlib RANK",
    oracle="pandas.rolling.rank",
)(kernels.rank)
PLACE: dict[str, Any] = {
    "state": 2,
    "memory": lambda n: 2 * n,
    "lookback": before,
    "unit": "ratio",
    "parameters": LENGTH,
}
highest_place = feature(
    inputs=lambda n: (Window("high", n),), **PLACE, convention="qlib IMAX; the oldest of equals", oracle="numpy.argmax"
)(kernels.highest_place)
lowest_place = feature(
    inputs=lambda n: (Window("low", n),), **PLACE, convention="qlib IMIN; the oldest of equals", oracle="numpy.argmin"
)(kernels.lowest_place)
extreme_order = feature(
    inputs=lambda n: (highest_place(n=n), lowest_place(n=n)),
    parameters=LENGTH,
    unit="ratio",
    convention="qlib IMXD",
    oracle="numpy.argmax",
)(kernels.extreme_order)

# --- memory ----------------------------------------------------------------------------------------------------------


def ratio_parts(n: int, q: int) -> tuple[Any, ...]:
    """Moments of n returns and of those over q rows among them."""
    if q >= n:
        raise ConfigError(f"feature 'variance_ratio': q is {q}, it must be below n, which is {n}")
    short, long = moments(log_return(), n=n), moments(log_return(n=q), n=n - q + 1)
    return short.mean, short.variance, long.mean, long.variance


def width(d: float, tau: float) -> int:
    """Weights of a fractional difference that are not below tau."""
    weight, count = 1.0, 0
    while abs(weight) >= tau:
        count += 1
        weight = -weight * (d - count + 1.0) / count
    return count


autocorrelation = feature(
    inputs=lambda n, back: (Window(log_return(), n + back),),
    parameters={**PAIRS, "back": Int(1, 1, 1000)},
    state=9,
    lookback=lambda n, back: n + back - 1,
    unit="ratio",
    convention="Pearson, each side with a mean of its own",
    oracle="pandas.Series.autocorr",
)(kernels.autocorrelation)
variance_ratio = feature(
    inputs=ratio_parts,
    parameters={"n": Int(100, 4), "q": Int(5, 2)},
    unit="ratio",
    convention="overlapping, both variances unbiased",
    oracle="literal",
    reference="Lo and MacKinlay, Stock market prices do not follow random walks, 1988",
)(kernels.variance_ratio)
half_life = feature(
    inputs=changes,
    parameters={"n": Int(60, 3)},
    state=9,
    lookback=lambda n: n,
    unit="rows",
    convention="-ln 2 over the slope of changes; at most n",
    oracle="numpy.polyfit",
    reference="Chan, Algorithmic Trading, 2013",
)(kernels.half_life)
hurst = feature(
    inputs=of_returns,
    parameters={"n": Int(128, 16, 8192)},
    lookback=before,
    unit="exponent",
    convention="mean rescaled range of blocks of 8, 16, 32, ...; not corrected",
    oracle="literal",
    reference="Hurst, Long-term storage capacity of reservoirs, 1951",
)(kernels.hurst)
detrended_fluctuation = feature(
    inputs=of_returns,
    parameters={"n": Int(128, 32, 8192)},
    lookback=before,
    unit="exponent",
    convention="order 1, blocks of 4, 8, 16, ... up to n / 4",
    oracle="literal",
    reference="Peng et al., Mosaic organization of DNA nucleotides, 1994",
)(kernels.detrended_fluctuation)
fractional_difference = feature(
    inputs=lambda d, tau: (Window("close", width(d, tau)),),
    parameters={"d": Float(0.4, 0.0, 2.0), "tau": Float(1e-3, 1e-6, 0.5)},
    memory=lambda d, tau: width(d, tau) + 1,
    lookback=lambda d, tau: width(d, tau) - 1,
    oracle="literal",
    reference=f"{ADVANCES}, chapter 5",
    **PRICE,
)(kernels.fractional_difference)

# --- filters ---------------------------------------------------------------------------------------------------------

cusum_filter = feature(
    inputs=lambda n, threshold: (log_return(), moments(log_return(), n=n).variance),
    parameters={"n": Int(50, 2), "threshold": Float(3.0, 0.0, 1000.0)},
    outputs=("event", "up", "down"),
    state=2,
    unit="ratio",
    stability="path",
    convention="the threshold in standard deviations of the last n returns",
    oracle="literal",
    reference=f"{ADVANCES}, chapter 2",
)(kernels.cusum_filter)


def steady(ratio: float) -> float:
    """Gain on which the Kalman filter of a level settles."""
    ahead = 0.5 * (ratio + math.sqrt(ratio * ratio + 4.0 * ratio))
    return ahead / (ahead + 1.0)


kalman_level = feature(
    inputs=("close",),
    parameters={"ratio": Float(0.05, 1e-6, 1e6)},
    outputs=("level", "innovation"),
    state=2,
    converge=lambda ratio: forgets(steady(ratio)),
    stability="converging",
    convention="begins with the first value, as uncertain as the noise",
    oracle="literal",
    reference="Harvey, Forecasting, Structural Time Series Models and the Kalman Filter, 1989",
    **PRICE,
)(kernels.kalman_level)
#: Of close on volume unless something else is put in their place: first what is explained, then by what.
recursive_beta = feature(
    inputs=("close", "volume"),
    parameters={"decay": Float(0.98, 0.5, 0.99999)},
    outputs=("slope", "intercept", "residual"),
    state=5,
    lookback=2,
    # Twice: what is forgotten counts by the square of how far it was off, where x has hardly varied since.
    converge=lambda decay: 2 * forgets(1 - decay),
    stability="converging",
    convention="least squares with forgetting, without a prior",
    oracle="numpy.polyfit",
    **PRICE,
)(kernels.recursive_beta)

# --- of qlib ---------------------------------------------------------------------------------------------------------

UPS: dict[str, Any] = {
    "inputs": changes,
    "parameters": LENGTH,
    "outputs": ("up", "down", "difference"),
    "state": 2,
    "unit": "ratio",
}

up_down_counts = feature(
    **UPS, lookback=lambda n: n, convention="qlib CNTP, CNTN, CNTD", oracle="pandas.rolling.mean"
)(kernels.up_down_counts)  # fmt: skip
up_down_sums = feature(
    **UPS, lookback=lambda n: n, convention="qlib SUMP, SUMN, SUMD", oracle="pandas.rolling.sum"
)(kernels.up_down_sums)  # fmt: skip
LINE: dict[str, Any] = {"inputs": close, "parameters": PAIRS, "lookback": before, "unit": "ratio"}
relative_slope = feature(**LINE, state=4, convention="qlib BETA", oracle="numpy.polyfit")(kernels.relative_slope)
relative_residual = feature(**LINE, state=4, convention="qlib RESI", oracle="numpy.polyfit")(kernels.relative_residual)
line_fit = feature(**LINE, state=8, convention="qlib RSQR", oracle="scipy.stats.linregress")(kernels.line_fit)

log_volume = feature(inputs=("volume",))(kernels.log_volume)
close_ratio = feature(inputs=(Window("close", 1),), lookback=1)(kernels.close_ratio)
log_volume_ratio = feature(inputs=(Window("volume", 1),), lookback=1)(kernels.log_volume_ratio)


def pair_parts(x: Any, y: Any, n: int) -> tuple[Any, ...]:
    """Both variances and the covariance of n pairs."""
    both = comoments(x, y, n=n)
    return both.variance_x, both.variance_y, both.covariance


price_volume_correlation = feature(
    inputs=lambda n: pair_parts("close", log_volume(), n),
    parameters=PAIRS,
    unit="ratio",
    convention="qlib CORR",
    oracle="pandas.rolling.corr",
)(kernels.price_volume_correlation)
change_correlation = feature(
    inputs=lambda n: pair_parts(close_ratio(), log_volume_ratio(), n),
    parameters=PAIRS,
    unit="ratio",
    convention="qlib CORD",
    oracle="pandas.rolling.corr",
)(kernels.change_correlation)

# --- of tsfresh ------------------------------------------------------------------------------------------------------

THREE: dict[str, Any] = {
    "parameters": {"n": Int(50, 3), "back": Int(1, 1, 1000)},
    "state": 1,
    "lookback": lambda n, back: n - 1,
}

complexity = feature(
    inputs=close,
    parameters=PAIRS,
    state=5,
    lookback=before,
    unit="ratio",
    convention="tsfresh cid_ce with normalize=True",
    oracle="literal",
    reference="Batista, Keogh, Tataw and de Souza, CID: an efficient complexity-invariant distance, 2014",
)(kernels.complexity)
c3 = feature(
    inputs=lambda n, back: spanned("c3", n, back),
    **THREE,
    unit="return^3",
    convention="tsfresh c3",
    oracle="literal",
    reference="Schreiber and Schmitz, Discrimination power of measures for nonlinearity in a time series, 1997",
)(kernels.c3)
time_reversal_asymmetry = feature(
    inputs=lambda n, back: spanned("time_reversal_asymmetry", n, back),
    **THREE,
    unit="return^3",
    convention="tsfresh time_reversal_asymmetry_statistic",
    oracle="literal",
)(kernels.time_reversal_asymmetry)
mean_absolute_change = feature(
    inputs=close,
    parameters=PAIRS,
    state=1,
    lookback=before,
    convention="tsfresh mean_abs_change",
    oracle="literal",
    **PRICE,
)(kernels.mean_absolute_change)
longest_strike = feature(
    inputs=close,
    parameters=PAIRS,
    outputs=("above", "below"),
    lookback=before,
    unit="rows",
    convention="tsfresh longest_strike_above_mean, longest_strike_below_mean",
    oracle="literal",
)(kernels.longest_strike)


def peaked(n: int, support: int) -> tuple[Window]:
    """Give closes with n values of their past, or a ConfigError where no peak has room."""
    if n <= 2 * support:
        raise ConfigError(f"feature 'number_of_peaks': n is {n}, it must be above {2 * support}, twice the support")
    return (Window("close", n),)


number_of_peaks = feature(
    inputs=peaked,
    parameters={"n": Int(50, 3), "support": Int(3, 1, 1000)},
    state=1,
    lookback=lambda n, support: n - 1,
    unit="count",
    convention="tsfresh number_peaks",
    oracle="literal",
)(kernels.number_of_peaks)

# --- of the clock ----------------------------------------------------------------------------------------------------

CIRCLE: dict[str, Any] = {"inputs": ("time",), "outputs": ("sine", "cosine"), "unit": "ratio"}

time_of_day = feature(**CIRCLE, convention="UTC", oracle="datetime")(kernels.time_of_day)
day_of_week = feature(**CIRCLE, convention="UTC; whole days, Monday first", oracle="datetime")(kernels.day_of_week)
