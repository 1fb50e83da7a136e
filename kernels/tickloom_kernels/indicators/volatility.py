"""How much prices move: estimators from ranges, realised measures of returns, filters, spreads hidden in bars.

Everything is of logarithms of ratios, so that the scale of prices falls out bit for bit. All of it is per row, nothing
is annualised but `historical_volatility`. Prices are above zero.
"""

import math
from typing import Any

from tickloom_kernels.indicators.rolling import moments, total
from tickloom_kernels.indicators.window import fma, lag, step

#: 1 / (4 ln 2): the variance of a walk over its expected squared logarithmic range.
_PARKINSON = 0.25 / math.log(2.0)
#: 2 ln 2 - 1: what Garman and Klass take off for the way from open to close.
_GARMAN_KLASS = 2.0 * math.log(2.0) - 1.0
#: 1 / E|z|^2 of a standard normal z: pi / 2.
_BIPOWER = 0.5 * math.pi
#: 1 / E min(|z|, |z'|)^2 and 1 / E med(|z|, |z'|, |z''|)^2 of independent standard normals.
_MINIMUM = math.pi / (math.pi - 2.0)
_MEDIAN = math.pi / (6.0 - 4.0 * math.sqrt(3.0) + math.pi)
#: 3 - 2 sqrt 2 of Corwin and Schultz, and sqrt(8 / pi) of Parkinson.
_CORWIN = 3.0 - 2.0 * math.sqrt(2.0)
_RANGE = math.sqrt(8.0 / math.pi)


# --- terms -----------------------------------------------------------------------------------------------------------


@step
def log_range(k: int, high: float, low: float) -> float:
    """Logarithm of the high over the low."""
    return math.log(high / low)


@step
def log_body(k: int, opened: float, close: float) -> float:
    """Logarithm of the close over the open."""
    return math.log(close / opened)


@step
def log_gap(k: int, opened: float, closes: Any) -> float:
    """Logarithm of the open over the close before it."""
    return math.log(opened / lag(closes, 1)) if k >= 1 else 0.0


@step
def squared(k: int, x: float) -> float:
    """Square of a value."""
    return x * x


@step
def cubed(k: int, x: float) -> float:
    """Third power of a value."""
    return x * x * x


@step
def fourth(k: int, x: float) -> float:
    """Fourth power of a value."""
    return (x * x) * (x * x)


@step
def square_root(k: int, x: float) -> float:
    """Square root of a value; 0 where rounding made it negative."""
    return math.sqrt(max(x, 0.0))


@step
def change(k: int, window: Any) -> float:
    """Value less the value of the row before."""
    return lag(window, 0) - lag(window, 1) if k >= 1 else 0.0


@step
def previous(k: int, window: Any) -> float:
    """Value of the row before."""
    return lag(window, 1) if k >= 1 else 0.0


# --- of closes -------------------------------------------------------------------------------------------------------


@step
def zscore(k: int, state: Any, window: Any, n: int) -> Any:
    """Deviations of the last value from the mean of the last n, itself included, in standard deviations (ddof 0).

    Where the last n values are equal it is 0.
    """
    kept, centre, variance = moments(k, state, window, n)
    found = (lag(window, 0) - centre) / math.sqrt(variance) if variance > 0.0 else 0.0
    return kept, found


@step
def squared_drawdown(k: int, close: float, top: float) -> float:
    """Square of the percentage by which the close is below the highest of the last n closes."""
    percent = 100.0 * (close / top - 1.0)
    return percent * percent


@step
def ulcer_index(k: int, mean_square: float, n: int) -> float:
    """Root mean square, over n rows, of the percentage below the highest of the last n closes (Martin 1987).

    The first drawdown needs n closes, and n drawdowns are needed: the first value is at row 2n - 2.
    """
    return math.sqrt(max(mean_square, 0.0))


@step
def historical_volatility(k: int, variance: float, n: int, periods_per_year: float) -> float:
    """Yearly deviation (ddof 1) of logarithmic returns: that of the last n, times the root of the periods per year.

    The default of 8760 is that of hourly bars of a market that never closes; daily bars have 365, or 252 of a stock
    exchange. With 1 it is the volatility per row.
    """
    return math.sqrt(variance * (n / (n - 1.0)) * periods_per_year)


@step
def ewma_volatility(k: int, state: Any, log_return: float, decay: float) -> Any:
    """Root of the exponentially weighted mean of squared returns (RiskMetrics).

    ``v = decay * v + (1 - decay) * r^2``; the mean return is taken to be zero. It begins with the first squared return.
    RiskMetrics uses 0.94 for daily returns and 0.97 for monthly ones.
    """
    square = log_return * log_return
    variance = square if k == 0 else fma(decay, state[0] - square, square)
    return (variance,), math.sqrt(max(variance, 0.0))


@step
def garch_volatility(k: int, state: Any, log_return: float, omega: float, alpha: float, beta: float) -> Any:
    """Volatility of the next return by GARCH(1,1): ``v = omega + alpha * r^2 + beta * v`` (Bollerslev 1986).

    Nothing is fitted here: the parameters come from a fit to the same rows, with returns as logarithms (not percent).
    The variance of the first return is taken to be its square.
    """
    square = log_return * log_return
    last = square if k == 0 else state[0]
    variance = fma(beta, last, fma(alpha, square, omega))
    return (variance,), math.sqrt(variance)


@step
def volatility_of_volatility(k: int, variance: float, n: int, m: int) -> float:
    """How much volatility moves: deviation (ddof 0) of the last m values of the realised volatility of n returns."""
    return math.sqrt(variance)


@step
def volatility_ratio(k: int, fast_variance: float, slow_variance: float, fast: int, slow: int) -> float:
    """Deviation of the last few returns over that of many (both ddof 0): above 1, it has become livelier.

    Where the many returns are equal it is 1.
    """
    return math.sqrt(fast_variance / slow_variance) if slow_variance > 0.0 else 1.0


# --- of ranges -------------------------------------------------------------------------------------------------------


@step
def parkinson(k: int, mean_square: float, n: int) -> float:
    """Volatility per row from ranges: ``sqrt(mean(ln(H/L)^2) / (4 ln 2))`` over n bars (Parkinson 1980).

    Five times as efficient as closes; too low where bars have few trades; blind to drift and gaps.
    """
    return math.sqrt(max(mean_square, 0.0) * _PARKINSON)


@step
def garman_klass_variance(k: int, high: float, low: float, opened: float, close: float) -> float:
    """Variance of one bar by Garman and Klass: ``0.5 ln(H/L)^2 - (2 ln 2 - 1) ln(C/O)^2``."""
    reach, body = math.log(high / low), math.log(close / opened)
    return 0.5 * reach * reach - _GARMAN_KLASS * body * body


@step
def garman_klass(k: int, mean_variance: float, n: int) -> float:
    """Volatility per row: ``sqrt(mean(0.5 ln(H/L)^2 - (2 ln 2 - 1) ln(C/O)^2))`` over n bars.

    Garman and Klass 1980, the practical form, without the cross terms. It takes drift and gaps to be zero.
    """
    return math.sqrt(max(mean_variance, 0.0))


@step
def rogers_satchell_variance(k: int, high: float, low: float, opened: float, close: float) -> float:
    """Variance of one bar by Rogers and Satchell: ``ln(H/O) ln(H/C) + ln(L/O) ln(L/C)``."""
    return math.log(high / opened) * math.log(high / close) + math.log(low / opened) * math.log(low / close)


@step
def rogers_satchell(k: int, mean_variance: float, n: int) -> float:
    """Volatility per row, right under any drift: ``sqrt(mean(ln(H/O) ln(H/C) + ln(L/O) ln(L/C)))`` over n bars.

    Rogers and Satchell 1991. Gaps between bars are not seen.
    """
    return math.sqrt(max(mean_variance, 0.0))


@step
def yang_zhang(k: int, gaps: float, bodies: float, rogers: float, n: int) -> float:
    """Volatility per row from gaps, bodies and ranges of n bars: the least variance under drift and gaps.

    ``sqrt(V(gap) + w V(body) + (1 - w) RS)``: V are variances with ddof 1 of ln(O / C before) and of ln(C/O), RS is the
    mean of Rogers and Satchell, and ``w = 0.34 / (1.34 + (n + 1) / (n - 1))`` (Yang and Zhang 2000).
    """
    sample = n / (n - 1.0)
    weight = 0.34 / (1.34 + (n + 1.0) / (n - 1.0))
    return math.sqrt(max(sample * gaps + weight * sample * bodies + (1.0 - weight) * rogers, 0.0))


# --- realised --------------------------------------------------------------------------------------------------------


@step
def realised_variance(k: int, state: Any, squares: Any, n: int) -> Any:
    """Sum of the last n squared logarithmic returns (Andersen and Bollerslev 1998)."""
    kept, summed = total(k, state, squares, n)
    return kept, max(summed, 0.0)


@step
def realised_volatility(k: int, variance: float, n: int) -> float:
    """Root of the sum of the last n squared logarithmic returns."""
    return math.sqrt(variance)


@step
def bipower_term(k: int, returns: Any) -> float:
    """Product of the absolute returns of this row and of the row before."""
    return abs(lag(returns, 0)) * abs(lag(returns, 1)) if k >= 1 else 0.0


@step
def bipower_variation(k: int, summed: float, n: int) -> float:
    """Variance of n returns without jumps: ``pi/2 * n/(n-1) * sum(|r_i| |r_i-1|)`` .

    Barndorff-Nielsen and Shephard 2004. The n returns have n - 1 products; the factor n / (n - 1) makes up for the
    missing one.
    """
    return _BIPOWER * (n / (n - 1.0)) * max(summed, 0.0)


@step
def jump_variation(k: int, realised: float, bipower: float, n: int) -> float:
    """Variance of n returns that is due to jumps: realised variance less bipower variation, at least 0."""
    return max(realised - bipower, 0.0)


@step
def jump_ratio(k: int, realised: float, bipower: float, n: int) -> float:
    """Part of the realised variance of n returns that is due to jumps, from 0 to 1; 0 where nothing moved."""
    return max(realised - bipower, 0.0) / realised if realised > 0.0 else 0.0


@step
def minrv_term(k: int, returns: Any) -> float:
    """Square of the smaller of two neighbouring absolute returns."""
    least = min(abs(lag(returns, 0)), abs(lag(returns, 1))) if k >= 1 else 0.0
    return least * least


@step
def medrv_term(k: int, returns: Any) -> float:
    """Square of the middle one of three neighbouring absolute returns."""
    if k < 2:
        return 0.0
    a, b, c = abs(lag(returns, 0)), abs(lag(returns, 1)), abs(lag(returns, 2))
    middle = max(min(a, b), min(max(a, b), c))
    return middle * middle


@step
def minrv(k: int, summed: float, n: int) -> float:
    """Variance of n returns without jumps: ``pi/(pi-2) * n/(n-1) * sum(min(|r_i|, |r_i+1|)^2)``.

    Andersen, Dobrev and Schaumburg 2012.
    """
    return _MINIMUM * (n / (n - 1.0)) * max(summed, 0.0)


@step
def medrv(k: int, summed: float, n: int) -> float:
    """Variance of n returns without jumps: ``pi/(6-4 sqrt 3+pi) * n/(n-2) * sum(med(|r_i-1|, |r_i|, |r_i+1|)^2)``.

    Andersen, Dobrev and Schaumburg 2012: less hurt by returns of zero than `minrv`.
    """
    return _MEDIAN * (n / (n - 2.0)) * max(summed, 0.0)


@step
def falling_square(k: int, x: float) -> float:
    """Square of a value below zero; 0 of others."""
    return x * x if x < 0.0 else 0.0


@step
def rising_square(k: int, x: float) -> float:
    """Square of a value above zero; 0 of others."""
    return x * x if x > 0.0 else 0.0


@step
def realised_semivariance(k: int, falls: float, rises: float, n: int) -> Any:
    """Realised variance in two parts: the squares of falling returns among the last n, and those of rising ones.

    Barndorff-Nielsen, Kinnebrock and Shephard 2010.
    """
    return max(falls, 0.0), max(rises, 0.0)


@step
def realised_skewness(k: int, variance: float, cubes: float, n: int) -> float:
    """``sqrt(n) * sum(r^3) / RV^1.5`` of the last n returns; 0 where nothing moved (Amaya et al. 2015)."""
    scale = variance * math.sqrt(variance)
    return math.sqrt(n) * cubes / scale if scale > 0.0 else 0.0


@step
def realised_kurtosis(k: int, variance: float, fourths: float, n: int) -> float:
    """``n * sum(r^4) / RV^2`` of the last n returns, 3 for a normal walk; 0 where nothing moved (Amaya et al. 2015)."""
    scale = variance * variance
    return n * max(fourths, 0.0) / scale if scale > 0.0 else 0.0


# --- spreads and illiquidity -----------------------------------------------------------------------------------------


@step
def two_bar_beta(k: int, ranges: Any) -> float:
    """Sum of the squared logarithmic ranges of this bar and of the bar before (Corwin and Schultz)."""
    return lag(ranges, 0) * lag(ranges, 0) + lag(ranges, 1) * lag(ranges, 1) if k >= 1 else 0.0


@step
def two_bar_gamma(k: int, highs: Any, lows: Any) -> float:
    """Squared logarithmic range of this bar and the bar before taken as one (Corwin and Schultz)."""
    if k < 1:
        return 0.0
    reach = math.log(max(lag(highs, 0), lag(highs, 1)) / min(lag(lows, 0), lag(lows, 1)))
    return reach * reach


@step
def corwin_schultz_spread(k: int, beta: float, gamma: float) -> float:
    """Relative spread from two bars by Corwin and Schultz, at least 0."""
    alpha = (math.sqrt(2.0 * beta) - math.sqrt(beta)) / _CORWIN - math.sqrt(gamma / _CORWIN)
    grown = math.exp(alpha)
    return max(2.0 * (grown - 1.0) / (1.0 + grown), 0.0)


@step
def corwin_schultz(k: int, mean_spread: float, n: int) -> float:
    """Relative bid-ask spread from highs and lows: the mean of n estimates of two bars each.

    Corwin and Schultz 2012: the range of one bar holds one variance and the spread, that of two bars taken together two
    variances and the spread once. Estimates below zero count as zero before the mean is taken; gaps are not adjusted
    for, as of a market that never closes. Looks at this bar and earlier ones only.
    """
    return max(mean_spread, 0.0)


@step
def becker_parkinson(k: int, mean_beta: float, gamma: float, n: int) -> float:
    """Volatility per row that is left when the spread of Corwin and Schultz is taken out of the ranges.

    ``(2^-0.5 - 1) sqrt(b) / (sqrt(8/pi) (3 - 2 sqrt 2)) + sqrt(g / (8/pi (3 - 2 sqrt 2)))``, at least 0: b the mean
    over n rows of the two-bar sums of squared ranges, g of the last two bars (Lopez de Prado 2018, snippet 19.2).
    """
    less = (math.sqrt(0.5) - 1.0) * math.sqrt(max(mean_beta, 0.0)) / (_RANGE * _CORWIN)
    return max(less + math.sqrt(gamma / (_RANGE * _RANGE * _CORWIN)), 0.0)


@step
def abdi_ranaldo_spread(k: int, highs: Any, lows: Any, closes: Any) -> float:
    """Relative spread from the bar before and this one by Abdi and Ranaldo, at least 0."""
    if k < 1:
        return 0.0
    last = lag(closes, 1)
    before = 0.5 * math.log((last / lag(highs, 1)) * (last / lag(lows, 1)))
    after = 0.5 * math.log((last / lag(highs, 0)) * (last / lag(lows, 0)))
    return 2.0 * math.sqrt(max(before * after, 0.0))


@step
def abdi_ranaldo(k: int, mean_spread: float, n: int) -> float:
    """Relative bid-ask spread from closes and middles of the range: the mean of n two-bar estimates.

    ``sqrt(max(4 (c - m) (c - m'), 0))`` with c the logarithm of the close of the bar before, m the middle of the
    logarithms of its high and low, and m' that of this bar (Abdi and Ranaldo 2017, the two-day corrected form). The
    paper dates it by the earlier bar; here it stands at the later one, when it is known.
    """
    return max(mean_spread, 0.0)


@step
def roll_spread(k: int, covariance: float, n: int) -> float:
    """Bid-ask spread from the bounce of prices: ``2 sqrt(-cov)`` of n pairs of neighbouring changes (Roll 1984).

    The covariance is that of a sample (ddof 1); where it is above 0 the spread is 0.
    """
    return 2.0 * math.sqrt(max(-covariance * (n / (n - 1.0)), 0.0))


@step
def amihud_term(k: int, closes: Any, volume: float) -> float:
    """Absolute return over the traded value; 0 of a bar without volume."""
    close = lag(closes, 0)
    value = close * volume
    return abs(close / lag(closes, 1) - 1.0) / value if k >= 1 and value > 0.0 else 0.0


@step
def amihud(k: int, mean_ratio: float, n: int) -> float:
    """Illiquidity: the mean over n bars of the absolute return over the traded value (Amihud 2002).

    The value is close times volume. A bar without volume counts as zero. It is not multiplied by a million.
    """
    return max(mean_ratio, 0.0)
