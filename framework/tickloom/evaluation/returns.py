"""Drawdowns, returns and the ratios made from them: pure functions over numpy arrays, each with its definition.

No function guesses how often returns were measured: annualisation is a factor that the caller states. Where a number
is not defined, the answer is NaN and `tickloom.evaluation.metrics` says why.
"""

import math

import numpy as np
from numpy.typing import NDArray

#: Markets for crypto assets never close: a year is 365 days of 24 hours (ns).
YEAR = 365 * 24 * 3600 * 1_000_000_000

_SECOND = 1_000_000_000
_MINUTE = 60 * _SECOND
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR

#: Shortest run (ns) for which returns are measured over an interval (ns), longest first.
_INTERVALS = ((30 * _DAY, _DAY), (2 * _DAY, _HOUR), (2 * _HOUR, _MINUTE), (0, _SECOND))


def sampling_interval(length: int, finest: int) -> int:
    """Choose how long one return lasts.

    Parameters
    ----------
    length : int
        Length of the run (ns).
    finest : int
        Shortest interval at which equity is known (ns).

    Returns
    -------
    int
        A day for runs of 30 days and more, an hour from 2 days, a minute from 2 hours, else a second; never less
        than ``finest`` (ns).
    """
    return max(finest, next(interval for shortest, interval in _INTERVALS if length >= shortest))


def periods_per_year(interval: int) -> float:
    """Count the intervals (ns) in a year of 365 days: the annualisation factor of a mean return."""
    return YEAR / interval


def as_of(times: NDArray[np.int64], values: NDArray[np.float64], at: NDArray[np.int64]) -> NDArray[np.float64]:
    """Look up a step function.

    Parameters
    ----------
    times : int64, shape (n,)
        Ascending moments from which each value holds (UNIX time in nanoseconds, UTC); n at least 1.
    values : float64, shape (n,)
        The values, in any unit.
    at : int64, shape (m,)
        Moments asked for (UNIX time in nanoseconds, UTC).

    Returns
    -------
    float64, shape (m,)
        The newest value at each moment; before the first one, the first.
    """
    newest = np.searchsorted(times, at, side="right") - 1
    return values[np.maximum(newest, 0)]


def simple_returns(equity: NDArray[np.float64]) -> NDArray[np.float64]:
    """Relative change from each value to the next: float64, shape (n - 1,); NaN where the former is not above 0."""
    before = equity[:-1]
    changes: NDArray[np.float64] = np.full(before.shape, np.nan)
    np.divide(equity[1:] - before, before, out=changes, where=before > 0)
    return changes


def drawdowns(equity: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance from the highest value so far, as a part of it: float64, shape (n,), 0 or below.

    NaN where the highest value so far is not above 0.
    """
    peak = np.maximum.accumulate(equity)
    depths: NDArray[np.float64] = np.full(equity.shape, np.nan)
    np.divide(equity - peak, peak, out=depths, where=peak > 0)
    return depths


def longest_under_water(times: NDArray[np.int64], equity: NDArray[np.float64]) -> int:
    """Longest time from one highest value to the next that reaches it again, or to the end.

    Parameters
    ----------
    times : int64, shape (n,)
        UNIX time in nanoseconds (UTC), ascending.
    equity : float64, shape (n,)
        In any unit.

    Returns
    -------
    int
        Nanoseconds; 0 where equity never falls.
    """
    at_peak = np.flatnonzero(equity >= np.maximum.accumulate(equity))
    bounds = np.append(at_peak, len(equity) - 1)
    below = np.diff(bounds) > 1
    # The last stretch may be one step long: from a peak to an end that lies below it.
    below[-1] = bounds[-1] > bounds[-2]
    lengths = np.diff(times[bounds])
    return int(lengths[below].max(initial=0))


def volatility(returns: NDArray[np.float64], per_year: float) -> float:
    """Annualised standard deviation of returns (n - 1 in the divisor); NaN with less than two returns."""
    if len(returns) < 2:
        return math.nan
    return float(returns.std(ddof=1)) * math.sqrt(per_year)


def sharpe(returns: NDArray[np.float64], per_year: float) -> float:
    """Sharpe ratio: mean return over its standard deviation, times the root of the number of returns in a year.

    Parameters
    ----------
    returns : float64, shape (n,)
        Returns over equal intervals; the riskless rate is 0.
    per_year : float
        Intervals in a year (`periods_per_year`).

    Returns
    -------
    float
        NaN with less than two returns, or where all are equal.
    """
    if len(returns) < 2 or np.ptp(returns) == 0:
        return math.nan
    return float(returns.mean() / returns.std(ddof=1)) * math.sqrt(per_year)


def rolling_sharpe(returns: NDArray[np.float64], per_year: float, window: int) -> NDArray[np.float64]:
    """Sharpe ratio of each stretch of returns.

    Parameters
    ----------
    returns : float64, shape (n,)
        Returns over equal intervals; n at least ``window``.
    per_year : float
        Intervals in a year (`periods_per_year`).
    window : int
        Returns in a stretch, at least 2.

    Returns
    -------
    float64, shape (n - window + 1,)
        `sharpe` of the stretches that begin at each return; NaN where that is.
    """
    stretches = np.lib.stride_tricks.sliding_window_view(returns, window)
    spread = np.where(np.ptp(stretches, axis=1) == 0, np.nan, stretches.std(axis=1, ddof=1))
    ratios: NDArray[np.float64] = stretches.mean(axis=1) / spread * math.sqrt(per_year)
    return ratios


def sortino(returns: NDArray[np.float64], per_year: float) -> float:
    """Sortino ratio: mean return over the root mean square of losses, annualised like `sharpe`.

    Parameters
    ----------
    returns : float64, shape (n,)
        Returns over equal intervals; the target is 0, and a gain counts as a loss of 0.
    per_year : float
        Intervals in a year (`periods_per_year`).

    Returns
    -------
    float
        NaN without returns, or where none is below 0.
    """
    losses = np.minimum(returns, 0.0)
    if not len(returns) or not losses.any():
        return math.nan
    return float(returns.mean() / np.sqrt(np.square(losses).mean())) * math.sqrt(per_year)


def time_weighted_mean(times: NDArray[np.int64], values: NDArray[np.float64]) -> float:
    """Mean of a step function over the time it covers.

    Parameters
    ----------
    times : int64, shape (n,)
        Moments from which each value holds (UNIX time in nanoseconds, UTC); the last value ends the span.
    values : float64, shape (n,)
        In any unit.

    Returns
    -------
    float
        In the same unit; NaN where the span is 0.
    """
    spans = np.diff(times)
    length = int(spans.sum())
    return float((spans * values[:-1]).sum() / length) if length else math.nan
