"""Momentum: how far and how steadily a price has moved, and averages that run ahead of one another."""

import math
from typing import Any

from tickloom_kernels.indicators.window import fma, lag, step

# --- changes ---------------------------------------------------------------------------------------------------------


@step
def mom(k: int, closes: Any, n: int) -> float:
    """Momentum: the close less the close n rows ago."""
    return lag(closes, 0) - lag(closes, n)


@step
def roc(k: int, closes: Any, n: int) -> float:
    """Rate of change in percent: 100 (C / C[n] - 1), where C[n] is the close n rows ago; 0 where that is 0."""
    past = lag(closes, n)
    return (lag(closes, 0) / past - 1.0) * 100.0 if past != 0.0 else 0.0


@step
def rocp(k: int, closes: Any, n: int) -> float:
    """Rate of change as a fraction: (C - C[n]) / C[n]; 0 where the past close is 0."""
    past = lag(closes, n)
    return (lag(closes, 0) - past) / past if past != 0.0 else 0.0


@step
def rocr(k: int, closes: Any, n: int) -> float:
    """Rate of change as a ratio: C / C[n]; 0 where the past close is 0."""
    past = lag(closes, n)
    return lag(closes, 0) / past if past != 0.0 else 0.0


@step
def rocr100(k: int, closes: Any, n: int) -> float:
    """Rate of change as a ratio times 100: 100 C / C[n]; 0 where the past close is 0."""
    past = lag(closes, n)
    return lag(closes, 0) / past * 100.0 if past != 0.0 else 0.0


@step
def roc_qlib(k: int, closes: Any, n: int) -> float:
    """Past over present: C[n] / C, as qlib's Alpha158 calls its ROC; the inverse of `rocr`. 0 where the close is 0."""
    now = lag(closes, 0)
    return lag(closes, n) / now if now != 0.0 else 0.0


@step
def absolute_change(k: int, closes: Any) -> float:
    """Distance from the value before; a sum of them is the length of the path."""
    return abs(lag(closes, 0) - lag(closes, 1))


@step
def absolute(k: int, x: float) -> float:
    """Take the sign off."""
    return abs(x)


@step
def er(k: int, closes: Any, path: float, n: int) -> float:
    """Efficiency ratio: the way from n rows ago as the crow flies over the way gone, 0 to 1.

    |C - C[n]| over the sum of |C - C[1]| of n rows. 1 where nothing moved, as TA-Lib has it. Kaufman 1995.
    """
    way = abs(lag(closes, 0) - lag(closes, n))
    return way / path if way < path else 1.0


@step
def vhf(k: int, highest: float, lowest: float, path: float, n: int) -> float:
    """Vertical horizontal filter: the range of n closes over the way gone in n rows; high in trends.

    (highest close - lowest close) over the sum of |C - C[1]|; 0 where nothing moved. White 1991.
    """
    return (highest - lowest) / path if path != 0.0 else 0.0


@step
def coppock_sum(k: int, one: float, other: float) -> float:
    """Sum of two rates of change."""
    return one + other


@step
def coppock(k: int, base: float, plain: float, weighted: float, n: int, short: int, long: int) -> float:
    """Coppock curve: linearly weighted mean of n sums of two rates of change, in percent (Coppock 1962)."""
    return fma(weighted, 2.0 / (n * (n + 1.0)), base)


@step
def kst(k: int, a: float, b: float, c: float, d: float) -> float:
    """Sum of four smoothed rates of change, which weigh 1, 2, 3, 4."""
    return a + 2.0 * b + 3.0 * c + 4.0 * d


@step
def kst_pair(k: int, line: float, mean: float, signal: int) -> Any:
    """Know sure thing: four rates of change (10, 15, 20, 30 rows), smoothed and summed, and the mean of the sum.

    Sum of SMA(ROC 10, 10), 2 SMA(ROC 15, 10), 3 SMA(ROC 20, 10) and 4 SMA(ROC 30, 15); the signal is its simple mean.
    Rates of change are in percent. Pring 1992.
    """
    return line, mean


# --- gains against losses --------------------------------------------------------------------------------------------


@step
def share(part: float, whole: float) -> float:
    """Part over whole, kept within -1 and 1 where rounding would lead beyond; 0 where the whole is 0."""
    return max(-1.0, min(1.0, part / whole)) if whole != 0.0 else 0.0


@step
def wilder_moves(changes: int, gain: float, size: float, change: float, n: int) -> Any:
    """Wilder's averages of gains and of the sizes of all changes, seeded with the means of the first n.

    ``changes`` is how many there were before this one; below 0 there is none yet.
    """
    up = change if change > 0.0 else 0.0
    if changes >= n:
        r = 1.0 / n
        return fma(gain, 1.0 - r, up * r), fma(size, 1.0 - r, abs(change) * r)
    if changes >= 0:
        gain, size = gain + up, size + abs(change)
        if changes == n - 1:
            gain, size = gain / n, size / n
    return gain, size


@step
def rsi(k: int, state: Any, x: float, n: int) -> Any:
    """Relative strength index: Wilder's mean gain over mean gain and loss, 0 to 100.

    100 G / (G + L); both are Wilder's averages, seeded with the means of the first n changes. While the close stands
    still it stays as it was, to the last bit; 0 where nothing has ever moved, as TA-Lib has it (others say 50 or 100).
    Wilder 1978.
    """
    last, gain, size, strength = state
    change, r = x - last, 1.0 / n
    if k > n:
        up = change if change > 0.0 else 0.0
        gain, size = fma(gain, 1.0 - r, up * r), fma(size, 1.0 - r, abs(change) * r)
        # While the close stands still both fade alike; rounding must not make a movement of it for a stochastic.
        if change != 0.0:
            strength = 100.0 * (gain / size)
    else:
        gain, size = wilder_moves(k - 1, gain, size, change, n)
        if k == n and size != 0.0:
            strength = 100.0 * (gain / size)
    return (x, gain, size, strength), strength


@step
def cmo(k: int, state: Any, x: float, n: int) -> Any:
    """Chande's momentum oscillator with Wilder's averages: 100 (G - L) / (G + L), -100 to 100.

    As TA-Lib has it; with plain sums, as Chande and most charts have it, it is `cmou`. 0 where nothing has ever moved.
    """
    last, gain, size = state
    gain, size = wilder_moves(k - 1, gain, size, x - last, n)
    return (x, gain, size), 100.0 * ((gain + gain - size) / size) if size != 0.0 else 0.0


@step
def cmou(k: int, closes: Any, path: float, n: int) -> float:
    """Chande's momentum oscillator: gains less losses over gains and losses of n rows, -100 to 100.

    100 (C - C[n]) over the sum of |C - C[1]|; 0 where nothing moved. Chande and Kroll 1994.
    """
    return 100.0 * share(lag(closes, 0) - lag(closes, n), path)


@step
def rsi_sum(k: int, closes: Any, path: float, n: int) -> float:
    """Cutler's relative strength index: plain means in place of Wilder's averages, 0 to 100.

    100 G / (G + L) with sums of the last n changes: it does not depend on where the stream began. 50 where nothing
    moved in n rows.
    """
    return 50.0 + 50.0 * share(lag(closes, 0) - lag(closes, n), path)


@step
def rmi(k: int, state: Any, change: float, n: int, back: int) -> Any:
    """Relative momentum index: a relative strength index of changes over several rows, 0 to 100.

    Wilder's averages of the gains and losses of C - C[back], seeded with the means of the first n; with back = 1 it is
    the `rsi`, but 50 where nothing has ever moved. Altman 1993.
    """
    gain, size = state
    gain, size = wilder_moves(k, gain, size, change, n)
    return (gain, size), 100.0 * (gain / size) if size != 0.0 else 50.0


@step
def imi(k: int, body: float, size: float, n: int) -> float:
    """Intraday momentum index: rising bodies over all bodies of n bars, 0 to 100.

    100 (sum of C - O where the bar rose) / (sum of |C - O|); 50 where no bar has a body. Chande and Kroll 1994.
    """
    return 50.0 + 50.0 * share(body, size)


@step
def rose(k: int, closes: Any) -> float:
    """1 where the close is above the one before, else 0."""
    return 1.0 if lag(closes, 0) > lag(closes, 1) else 0.0


@step
def psl(k: int, risen: float, n: int) -> float:
    """Psychological line: percentage of the last n rows whose close rose; a close that stands still has not risen."""
    return 100.0 * risen / n


@step
def streak(k: int, state: Any, x: float) -> Any:
    """Length of the run of rises (above 0) or of falls (below 0) that ends here; 0 where the close stands still."""
    last, length = state
    if k == 0 or x == last:
        length = 0.0
    elif x > last:
        length = max(length, 0.0) + 1.0
    else:
        length = min(length, 0.0) - 1.0
    return (x, length), length


@step
def connors_rsi(k: int, strength: float, streaks: float, rank: float, n: int, m: int, ranks: int) -> float:
    """Connors' RSI: mean of the strength of price, of the strength of its streaks, and of the rank of its return.

    RSI of the close (3), RSI of the streak length (2), and the percentage of the last 100 one-row returns that are less
    than this one. The RSIs are Wilder's as `rsi`; equal returns do not count as less. Connors and Alvarez 2012.
    """
    return (strength + streaks + rank) / 3.0


# --- averages that run ahead of one another --------------------------------------------------------------------------


@step
def difference(k: int, one: float, other: float) -> float:
    """One less the other."""
    return one - other


@step
def apo(k: int, fast: float, slow: float, fast_n: int, slow_n: int, average: int) -> float:
    """Absolute price oscillator: a fast moving average less a slow one, each seeded by itself.

    The type of average is a parameter, TA-Lib's ``matype``; the shorter of the two lengths is the fast one.
    """
    return fast - slow


@step
def ppo(k: int, fast: float, slow: float, fast_n: int, slow_n: int, average: int) -> float:
    """Percentage price oscillator: 100 (fast - slow) / slow of two moving averages; 0 where the slow one is 0.

    The type of average is a parameter (other libraries begin with simple means); the shorter length is the fast one.
    """
    return 100.0 * ((fast - slow) / slow) if slow != 0.0 else 0.0


@step
def two_averages(k: int, state: Any, x: float, fast: int, slow: int, signal: int, quick: float, calm: float) -> Any:
    """Line, signal and histogram of a MACD whose averages move by ``quick`` and ``calm`` of the distance per row."""
    first, second, third = state
    fast, slow = min(fast, slow), max(fast, slow)
    a = 2.0 / (signal + 1.0)
    if k >= slow + signal - 1:
        # One multiplication and addition per link of the chain; (x - e) first would be two.
        first, second = fma(first, 1.0 - quick, x * quick), fma(second, 1.0 - calm, x * calm)
        line = first - second
        third = fma(third, 1.0 - a, line * a)
    else:
        if k >= slow:
            first, second = fma(first, 1.0 - quick, x * quick), fma(second, 1.0 - calm, x * calm)
        else:
            second += x
            first += x if k >= slow - fast else 0.0
        if k == slow - 1:
            first, second = first / fast, second / slow
        line = first - second
        third += line if k >= slow - 1 else 0.0
        if k == slow + signal - 2:
            third /= signal
    return (first, second, third), line, third, line - third


@step
def macd(k: int, state: Any, x: float, fast: int, slow: int, signal: int) -> Any:
    """MACD, moving averages that converge and diverge: fast EMA less slow EMA, the EMA of that, and how they differ.

    As TA-Lib: the fast average is seeded late, with the values up to the row at which the slow one is, so that both
    begin together; all three outputs begin where the signal does. Charts seed each by itself: `macd_tv`. Appel 1979.
    """
    shorter, longer = min(fast, slow), max(fast, slow)
    return two_averages(k, state, x, fast, slow, signal, 2.0 / (shorter + 1.0), 2.0 / (longer + 1.0))


@step
def macdfix(k: int, state: Any, x: float, signal: int) -> Any:
    """MACD of 12 and 26 rows with Appel's own rounded factors, 0.15 and 0.075, in place of 2/13 and 2/27."""
    return two_averages(k, state, x, 12, 26, signal, 0.15, 0.075)


@step
def macd_tv(k: int, state: Any, line: float, fast: int, slow: int, signal: int) -> Any:
    """MACD whose averages are each seeded by itself, as charts have it: line, signal, and how they differ.

    Fast EMA less slow EMA, each seeded with the mean of its first values; the line begins with the slow average, the
    signal when so many lines are there. The difference from `macd` fades as the averages forget their seeds.
    """
    (average,) = state
    if k >= signal:
        a = 2.0 / (signal + 1.0)
        average = fma(average, 1.0 - a, line * a)
    else:
        average += line
        if k == signal - 1:
            average /= signal
    return (average,), line, average, line - average


@step
def macdext(k: int, line: float, signal: float, a: int, b: int, c: int, d: int, e: int, f: int) -> Any:
    """MACD of any types of moving average: fast less slow, an average of that, and how they differ.

    Types are TA-Lib's ``matype``. Averages that remember are seeded so that both begin at the same row.
    """
    return line, signal, line - signal


@step
def trix(k: int, smooth: Any, n: int) -> float:
    """Percent change per row of a thrice smoothed average: 100 (E3 / E3[1] - 1), E3 an EMA of an EMA of an EMA.

    In percent, as TA-Lib (talipp: times 10 000). Hutson 1983.
    """
    past = lag(smooth, 1)
    return (lag(smooth, 0) / past - 1.0) * 100.0 if past != 0.0 else 0.0


@step
def tsi(k: int, change: float, size: float, first: int, second: int) -> float:
    """Blau's true strength index: twice smoothed changes over twice smoothed sizes of changes, -100 to 100.

    100 EMA(EMA(C - C[1])) / EMA(EMA(|C - C[1]|)), first by the longer average; 0 where nothing has moved. Blau 1991.
    """
    return 100.0 * share(change, size)


@step
def eri(k: int, high: float, low: float, average: float, n: int) -> Any:
    """Elder's ray: how far the high (bulls) and the low (bears) stand from the EMA of closes (Elder 1993)."""
    return high - average, low - average


@step
def fosc(k: int, closes: Any, forecasts: Any, n: int) -> float:
    """Forecast oscillator: how far, in percent, the close is above what a line through the n before it foretold.

    100 (C - F) / C with F the least-squares line of the n closes before, one row on; 0 where the close is 0.
    Chande and Kroll 1994.
    """
    now = lag(closes, 0)
    return 100.0 * (now - lag(forecasts, 1)) / now if now != 0.0 else 0.0


@step
def cti(k: int, variance: float, slope: float, n: int) -> float:
    """Correlation trend indicator: Pearson's correlation of n closes with time, -1 to 1.

    0 where the closes are all equal. Ehlers 2020.
    """
    if variance == 0.0:
        return 0.0
    return max(-1.0, min(1.0, slope * math.sqrt((n * n - 1.0) / 12.0 / variance)))


@step
def inertia(k: int, end: float, n: int, spread: int, smooth: int) -> float:
    """Inertia: where a least-squares line through the last values of the relative volatility index ends, 0 to 100.

    Above 50 it says that the trend is up. The index is `rvi`, as TA-Lib has it. Dorsey 1995.
    """
    return end


@step
def pretty_good_oscillator(k: int, close: float, mean: float, spread: float, n: int) -> float:
    """Pretty good oscillator: how many average true ranges the close is from its mean.

    (C - SMA) / EMA of the true range, both over n rows; 0 where the range is 0. Johnson.
    """
    return (close - mean) / spread if spread != 0.0 else 0.0
