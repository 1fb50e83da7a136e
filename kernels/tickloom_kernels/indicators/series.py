"""Statistics of the last n values of any series: shape, order, memory, trend, and what filters make of it.

Order statistics keep the window sorted in memory: what leaves is found by bisection, what comes is moved to its place.
Where all values are equal each has a declared answer; nothing is compared with a small number of its own.
"""

import math
from typing import Any

from tickloom_kernels.indicators.rolling import comoments, found, is_due, moments, sort_in, weighted
from tickloom_kernels.indicators.window import fma, get, lag, put, step

#: As in `rolling`: what leaves and is so much larger than the rest has left its rounding error.
_DWARFS = 1e2
#: Fourth powers lose digits sooner: a square that leaves, and the way of the mean, in variances of what stays.
_GONE = 50.0
_MOVED = 9.0
_DAY = 86_400.0
_WEEK = 7.0


# --- parts -----------------------------------------------------------------------------------------------------------


@step
def older(window: Any, back: int) -> Any:
    """Return the same window as it was ``back`` rows ago."""
    return window[0], window[1] - back, window[2], lag(window, back)


@step
def gathered(k: int, running: float, window: Any, n: int, span: int, term: Any) -> float:
    """Sum of ``term(window, j, span)`` for j from 0 to n - 1, with k terms seen before; anew now and then."""
    running += term(window, 0, span)
    if k >= n:
        gone = term(window, n, span)
        running -= gone
        if abs(gone) > _DWARFS * abs(running) or is_due(k, n):
            running = 0.0
            for j in range(n):
                running += term(window, j, span)
    return running


@step
def correlated(x: float, y: float, covariance: float) -> float:
    """Correlation from two variances and a covariance, from -1 to 1; 0 where one of the two does not vary."""
    scale = math.sqrt(x) * math.sqrt(y)
    return min(max(covariance / scale, -1.0), 1.0) if scale > 0.0 else 0.0


@step
def distance(window: Any, j: int, span: int) -> float:
    """Absolute difference between a value and the one ``span`` rows before."""
    return abs(lag(window, j) - lag(window, j + span))


@step
def squared_distance(window: Any, j: int, span: int) -> float:
    """Square of the difference between a value and the one ``span`` rows before."""
    d = lag(window, j) - lag(window, j + span)
    return d * d


@step
def rise(window: Any, j: int, span: int) -> float:
    """How much a value is above the one ``span`` rows before; 0 where it is below."""
    return max(lag(window, j) - lag(window, j + span), 0.0)


@step
def fall(window: Any, j: int, span: int) -> float:
    """How much a value is below the one ``span`` rows before; 0 where it is above."""
    return max(lag(window, j + span) - lag(window, j), 0.0)


@step
def is_rise(window: Any, j: int, span: int) -> float:
    """1 where a value is above the one ``span`` rows before."""
    return 1.0 if lag(window, j) > lag(window, j + span) else 0.0


@step
def is_fall(window: Any, j: int, span: int) -> float:
    """1 where a value is below the one ``span`` rows before."""
    return 1.0 if lag(window, j) < lag(window, j + span) else 0.0


@step
def triple(window: Any, j: int, span: int) -> float:
    """Product of three values, ``span`` rows apart."""
    return lag(window, j) * lag(window, j + span) * lag(window, j + 2 * span)


@step
def reversal(window: Any, j: int, span: int) -> float:
    """``c^2 b - b a^2`` of three values ``span`` rows apart, a the oldest."""
    a, b, c = lag(window, j + 2 * span), lag(window, j + span), lag(window, j)
    return c * c * b - b * (a * a)


@step
def is_peak(window: Any, j: int, span: int) -> float:
    """1 where a value is above each of its ``span`` neighbours on both sides."""
    x = lag(window, j + span)
    for i in range(1, span + 1):
        if lag(window, j + span - i) >= x or lag(window, j + span + i) >= x:
            return 0.0
    return 1.0


# --- shape -----------------------------------------------------------------------------------------------------------


@step
def central_moments(k: int, state: Any, window: Any, n: int) -> Any:
    """Variance and the third and fourth central moments of the last n values."""
    s1, s2, s3, s4, shift = state
    x = lag(window, 0)
    if k == 0:
        shift = x
    d = x - shift
    s1, s2, s3, s4 = s1 + d, s2 + d * d, s3 + d * d * d, s4 + (d * d) * (d * d)
    gone = 0.0
    if k >= n:
        gone = lag(window, n) - shift
        s1, s2, s3 = s1 - gone, s2 - gone * gone, s3 - gone * gone * gone
        s4 -= (gone * gone) * (gone * gone)
    r = 1.0 / n
    c = s1 * r
    variance = s2 * r - c * c
    lost = gone * gone > _GONE * variance or c * c > _MOVED * variance
    if k >= n - 1 and (lost or is_due(k, n)):
        c = 0.0
        for j in range(n):
            c += lag(window, j) - x
        shift = x + c * r
        s1 = s2 = s3 = s4 = 0.0
        for j in range(n):
            d = lag(window, j) - shift
            s1, s2, s3, s4 = s1 + d, s2 + d * d, s3 + d * d * d, s4 + (d * d) * (d * d)
        c = s1 * r
        variance = s2 * r - c * c
    third = s3 * r - 3.0 * c * (s2 * r) + 2.0 * c * c * c
    fourth = s4 * r - 4.0 * c * (s3 * r) + 6.0 * c * c * (s2 * r) - 3.0 * (c * c) * (c * c)
    return (s1, s2, s3, s4, shift), max(variance, 0.0), third, max(fourth, 0.0)


@step
def skewness(k: int, state: Any, window: Any, n: int) -> Any:
    """Skewness of the last n values, of the population: ``m3 / m2^1.5``, as scipy's with ``bias=True``.

    Where all are equal it is 0.
    """
    kept, variance, third, _ = central_moments(k, state, window, n)
    scale = variance * math.sqrt(variance)
    return kept, third / scale if scale > 0.0 else 0.0


@step
def skewness_corrected(k: int, state: Any, window: Any, n: int) -> Any:
    """Skewness of the last n values corrected for bias: ``sqrt(n (n-1)) / (n-2) * m3 / m2^1.5``, as pandas has it.

    Where all are equal it is 0.
    """
    kept, plain = skewness(k, state, window, n)
    return kept, math.sqrt(n * (n - 1.0)) / (n - 2.0) * plain


@step
def kurtosis(k: int, state: Any, window: Any, n: int) -> Any:
    """Excess kurtosis of the last n values, of the population: ``m4 / m2^2 - 3``, as scipy's with ``bias=True``.

    0 for a normal distribution, and where all are equal.
    """
    kept, variance, _, fourth = central_moments(k, state, window, n)
    scale = variance * variance
    return kept, fourth / scale - 3.0 if scale > 0.0 else 0.0


@step
def kurtosis_corrected(k: int, state: Any, window: Any, n: int) -> Any:
    """Excess kurtosis of the last n values corrected for bias, as pandas has it; 0 where all are equal.

    ``(n-1) / ((n-2) (n-3)) * ((n+1) (m4 / m2^2 - 3) + 6)``
    """
    kept, variance, _, fourth = central_moments(k, state, window, n)
    scale = variance * variance
    plain = fourth / scale - 3.0 if scale > 0.0 else -6.0 / (n + 1.0)
    return kept, (n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * plain + 6.0) if scale > 0.0 else 0.0


# --- order -----------------------------------------------------------------------------------------------------------


@step
def median(k: int, memory: Any, window: Any, n: int) -> float:
    """Middle one of the last n values; of an even number of them the mean of the middle two."""
    sort_in(k, memory, window, n)
    return 0.5 * (get(memory, (n - 1) // 2) + get(memory, n // 2))


@step
def quantile(k: int, memory: Any, window: Any, n: int, q: float) -> float:
    """Value below which a part q of the last n values lies, between two of them by a straight line.

    At place ``q (n - 1)`` of the sorted values, counted from 0: type 7 of Hyndman and Fan, the default of numpy and of
    pandas.
    """
    sort_in(k, memory, window, n)
    place = q * (n - 1)
    low = int(place)
    below, above = get(memory, low), get(memory, min(low + 1, n - 1))
    return below + (place - low) * (above - below)


@step
def median_absolute_deviation(k: int, memory: Any, window: Any, n: int) -> float:
    """Median of the distances of the last n values from their median; not multiplied by 1.4826."""
    sort_in(k, memory, window, n)
    centre = 0.5 * (get(memory, (n - 1) // 2) + get(memory, n // 2))
    low, high = (n - 1) // 2, (n - 1) // 2 + 1
    last = before = 0.0
    for _ in range(n // 2 + 1):
        before = last
        down = centre - get(memory, low) if low >= 0 else math.inf
        up = get(memory, high) - centre if high < n else math.inf
        if down <= up:
            last = down
            low -= 1
        else:
            last = up
            high += 1
    return last if n % 2 == 1 else 0.5 * (before + last)


@step
def rank(k: int, memory: Any, window: Any, n: int) -> float:
    """Rank of the last value among the last n, itself included, over n: above 0, up to 1.

    Equal values share the mean rank, as in pandas' ``rolling.rank(pct=True)``, which qlib calls RANK. Where all are
    equal it is (n + 1) / 2n.
    """
    size = sort_in(k, memory, window, n)
    x = lag(window, 0)
    below = found(memory, size, x)
    high = size
    low = below
    while low < high:
        middle = (low + high) >> 1
        if get(memory, middle) > x:
            high = middle
        else:
            low = middle + 1
    return 0.5 * (below + low + 1) / n


@step
def extreme_place(k: int, state: Any, memory: Any, window: Any, n: int, sign: float) -> Any:
    """Place of the largest of sign times the last n values: 1 is the oldest, n the newest; of equal ones the oldest.

    In blocks as `rolling.highest`: per place of a block the best value from there to its end, and its row.
    """
    x, place = sign * lag(window, 0), k % n
    best, row = state
    if place == 0:
        if k >= n:
            held, at = sign * lag(window, 1), k - 1
            put(memory, n - 1, held)
            put(memory, 2 * n - 1, float(at))
            for j in range(2, n):
                if sign * lag(window, j) >= held:
                    held, at = sign * lag(window, j), k - j
                put(memory, n - j, held)
                put(memory, 2 * n - j, float(at))
        best, row = x, float(k)
    elif x > best:
        best, row = x, float(k)
    chosen = row
    if k >= n and place < n - 1 and get(memory, place + 1) >= best:
        chosen = get(memory, n + place + 1)
    return (best, row), n - k + chosen


@step
def highest_place(k: int, state: Any, memory: Any, highs: Any, n: int) -> Any:
    """Where the highest high of the last n bars stands, over n: 1 is the newest bar, 1/n the oldest (qlib IMAX).

    Of equal highs it is the oldest one.
    """
    kept, place = extreme_place(k, state, memory, highs, n, 1.0)
    return kept, place / n


@step
def lowest_place(k: int, state: Any, memory: Any, lows: Any, n: int) -> Any:
    """Where the lowest low of the last n bars stands, over n: 1 is the newest bar, 1/n the oldest (qlib IMIN).

    Of equal lows it is the oldest one.
    """
    kept, place = extreme_place(k, state, memory, lows, n, -1.0)
    return kept, place / n


@step
def extreme_order(k: int, highest: float, lowest: float, n: int) -> float:
    """Place of the highest high less that of the lowest low, over n: above 0 the low came first (qlib IMXD)."""
    return highest - lowest


# --- memory ----------------------------------------------------------------------------------------------------------


@step
def autocorrelation(k: int, state: Any, window: Any, n: int, back: int) -> Any:
    """Correlation of n returns with the returns ``back`` rows before them (Pearson, each with a mean of its own).

    As ``Series.autocorr`` of pandas on n + back returns. Where one side does not vary it is 0.
    """
    if k < back:
        return state, 0.0
    kept, _, _, x, y, covariance = comoments(k - back, state, window, older(window, back), n)
    return kept, correlated(x, y, covariance)


@step
def variance_ratio(
    k: int, mean: float, variance: float, long_mean: float, long_variance: float, n: int, q: int
) -> float:
    """Variance of returns over q rows by q times that over one: 1 for a walk, above in trends, below where it turns.

    Of n returns, overlapping, both variances unbiased (Lo and MacKinlay 1988): the short one is divided by n - 1, the
    squares of q-row returns about q times the mean by ``q (n - q + 1) (1 - q / n)``. Where returns do not vary it is 1.
    """
    off = long_mean - q * mean
    long = (n - q + 1) * (long_variance + off * off) / (q * (n - q + 1.0) * (1.0 - q / n))
    short = variance * (n / (n - 1.0))
    return long / short if short > 0.0 else 1.0


@step
def half_life(k: int, state: Any, window: Any, n: int) -> Any:
    """Rows in which a deviation halves: ``-ln 2 / b``, b the slope of n changes on the values before; at most n.

    An Ornstein-Uhlenbeck process in discrete time. What takes longer than n rows, moves away (b of 0 or above) or
    stands still reads n: the window cannot tell it.
    """
    if k < 1:
        return state, float(n)
    kept, _, _, before, _, covariance = comoments(k - 1, state, older(window, 1), window, n)
    pull = before - covariance
    # -ln 2 / b < n, without a division that could be by zero.
    return kept, before * math.log(2.0) / pull if pull * n > before * math.log(2.0) else float(n)


@step
def slope_of(count: float, sx: float, sy: float, sxx: float, sxy: float, otherwise: float) -> float:
    """Slope of a straight line through some points, from their sums; otherwise where there is only one."""
    below = count * sxx - sx * sx
    return (count * sxy - sx * sy) / below if count >= 2.0 and below > 0.0 else otherwise


@step
def rescaled_range(window: Any, first: int, size: int) -> float:
    """Range of the running sum of deviations from the mean over the standard deviation, of one block; 0 without any."""
    base = lag(window, first)
    centre = 0.0
    for j in range(size):
        centre += lag(window, first + j) - base
    centre /= size
    walked = low = high = squares = 0.0
    for j in range(size - 1, -1, -1):
        d = (lag(window, first + j) - base) - centre
        walked += d
        low, high = min(low, walked), max(high, walked)
        squares = fma(d, d, squares)
    return (high - low) / math.sqrt(squares / size) if squares > 0.0 else 0.0


@step
def hurst(k: int, window: Any, n: int) -> float:
    """Hurst exponent of the last n returns by rescaled range: 0.5 for a walk, above for trends, below for turns.

    Blocks of 8, 16, 32, ... rows, as many of each size as fit, counted back from the newest; the exponent is the slope
    of the logarithm of the mean rescaled range on the logarithm of the size. The range is of sums that begin at 0, the
    deviation of the population. Not corrected for small samples (Anis and Lloyd), so a walk reads about 0.6. Blocks in
    which nothing varies are left out; 0.5 where fewer than two sizes are left.
    """
    if k < n - 1:
        return 0.5
    count = sx = sy = sxx = sxy = 0.0
    size = 8
    while size <= n:
        added = blocks = 0.0
        for b in range(n // size):
            ratio = rescaled_range(window, b * size, size)
            if ratio > 0.0:
                added += ratio
                blocks += 1.0
        if blocks > 0.0:
            x, y = math.log(float(size)), math.log(added / blocks)
            count, sx, sy, sxx, sxy = count + 1.0, sx + x, sy + y, sxx + x * x, sxy + x * y
        size *= 2
    return slope_of(count, sx, sy, sxx, sxy, 0.5)


@step
def detrended_square(window: Any, first: int, size: int) -> float:
    """Sum of squares of the running sum of one block about its straight line."""
    walked = sy = sty = syy = 0.0
    half = 0.5 * (size - 1)
    for j in range(size - 1, -1, -1):
        walked += lag(window, first + j)
        t = half - j
        sy += walked
        sty = fma(t, walked, sty)
        syy = fma(walked, walked, syy)
    return max(syy - sy * sy / size - sty * sty / (size * (size * size - 1.0) / 12.0), 0.0)


@step
def detrended_fluctuation(k: int, window: Any, n: int) -> float:
    """Scaling exponent of the last n returns by detrended fluctuation: 0.5 for a walk, above it for lasting trends.

    The running sum of returns is cut into blocks of 4, 8, 16, ... up to n / 4 rows, counted back from the newest; of
    each block the straight line is taken off. The exponent is the slope of the logarithm of the root mean square that
    is left on the logarithm of the size (Peng et al. 1994, order 1). 0.5 where nothing varies.
    """
    if k < n - 1:
        return 0.5
    count = sx = sy = sxx = sxy = 0.0
    size = 4
    while 4 * size <= n:
        squares = 0.0
        for b in range(n // size):
            squares += detrended_square(window, b * size, size)
        if squares > 0.0:
            x, y = math.log(float(size)), 0.5 * math.log(squares / ((n // size) * size))
            count, sx, sy, sxx, sxy = count + 1.0, sx + x, sy + y, sxx + x * x, sxy + x * y
        size *= 2
    return slope_of(count, sx, sy, sxx, sxy, 0.5)


@step
def fractional_difference(k: int, memory: Any, window: Any, d: float, tau: float) -> float:
    """Difference of broken order d with a window of fixed width: stationary, and yet with a memory of the level.

    ``sum(w_j x_-j)`` with ``w_0 = 1`` and ``w_j = -w_j-1 (d - j + 1) / j``, as long as ``|w_j| >= tau``, so that the
    width follows from tau (Lopez de Prado 2018, snippet 5.3). Order 0 is the series itself, order 1 its changes.
    """
    if k == 0:
        weight, width = 1.0, 0
        while abs(weight) >= tau:
            put(memory, width + 1, weight)
            width += 1
            weight = -weight * (d - width + 1.0) / width
        put(memory, 0, float(width))
    width = int(get(memory, 0))
    if k < width - 1:
        return 0.0
    # Four sums, so that one does not wait for the other.
    a = b = c = e = 0.0
    j = 0
    while j + 4 <= width:
        a = fma(get(memory, j + 1), lag(window, j), a)
        b = fma(get(memory, j + 2), lag(window, j + 1), b)
        c = fma(get(memory, j + 3), lag(window, j + 2), c)
        e = fma(get(memory, j + 4), lag(window, j + 3), e)
        j += 4
    while j < width:
        a = fma(get(memory, j + 1), lag(window, j), a)
        j += 1
    return (a + b) + (c + e)


# --- filters ---------------------------------------------------------------------------------------------------------


@step
def cusum_filter(k: int, state: Any, log_return: float, variance: float, n: int, threshold: float) -> Any:
    """Events of the symmetric CUSUM filter: 1 after a rise, -1 after a fall of so many standard deviations, else 0.

    ``up = max(0, up + r)``, ``down = min(0, down + r)``; the one that passes the threshold makes an event and is set to
    0 (Lopez de Prado 2018, snippet 2.4). The threshold is a multiple of the standard deviation (ddof 0) of the last n
    returns. Other outputs: both sums after the row.
    """
    up, down = max(state[0] + log_return, 0.0), min(state[1] + log_return, 0.0)
    limit = threshold * math.sqrt(variance)
    event = 0.0
    if down < -limit:
        event, down = -1.0, 0.0
    elif up > limit:
        event, up = 1.0, 0.0
    return (up, down), event, up, down


@step
def kalman_level(k: int, state: Any, x: float, ratio: float) -> Any:
    """Level of a series by the Kalman filter of a random walk seen through noise, and what was new in the row.

    The ratio is that of the variance of a step of the level to the variance of the noise; nothing else matters to the
    level. It begins with the first value, as uncertain as the noise. The innovation is the value less the level before.
    """
    level, uncertainty = state
    if k == 0:
        return (x, 1.0), x, 0.0
    ahead = uncertainty + ratio
    gain = ahead / (ahead + 1.0)
    innovation = x - level
    level = fma(gain, innovation, level)
    return (level, gain), level, innovation


@step
def recursive_beta(k: int, state: Any, y: float, x: float, decay: float) -> Any:
    """Straight line through all pairs so far by least squares, each weighing ``decay`` of the pair after it.

    Recursive least squares with forgetting, kept as weighted moments, which do not blow up when x stands still.
    Outputs: slope, intercept, and the last y less the line. Where x has not varied the slope is 0.
    """
    weight, mean_x, mean_y, xx, xy = state
    weight = decay * weight + 1.0
    dx, dy = x - mean_x, y - mean_y
    if k == 0:
        mean_x, mean_y = x, y
    else:
        mean_x, mean_y = mean_x + dx / weight, mean_y + dy / weight
        xx = fma(dx, x - mean_x, decay * xx)
        xy = fma(dx, y - mean_y, decay * xy)
    slope = xy / xx if xx > 0.0 else 0.0
    intercept = mean_y - slope * mean_x
    return (weight, mean_x, mean_y, xx, xy), slope, intercept, y - (intercept + slope * x)


# --- ups, downs and straight lines -----------------------------------------------------------------------------------


@step
def up_down_counts(k: int, state: Any, window: Any, n: int) -> Any:
    """Parts of the last n changes that go up and down, and the one less the other (qlib CNTP, CNTN, CNTD)."""
    if k < 1:
        return state, 0.0, 0.0, 0.0
    up = gathered(k - 1, state[0], window, n, 1, is_rise)
    down = gathered(k - 1, state[1], window, n, 1, is_fall)
    return (up, down), up / n, down / n, (up - down) / n


@step
def up_down_sums(k: int, state: Any, window: Any, n: int) -> Any:
    """Rises and falls among the last n changes as parts of the whole way, and the one less the other.

    qlib SUMP, SUMN, SUMD.     Where nothing moved all three are 0.
    """
    if k < 1:
        return state, 0.0, 0.0, 0.0
    up = gathered(k - 1, state[0], window, n, 1, rise)
    down = gathered(k - 1, state[1], window, n, 1, fall)
    way = up + down
    if way > 0.0:
        return (up, down), up / way, down / way, (up - down) / way
    return (up, down), 0.0, 0.0, 0.0


@step
def relative_slope(k: int, state: Any, window: Any, n: int) -> Any:
    """Slope of the straight line through the last n values over the last one, per row (qlib BETA)."""
    kept, _, plain, heavy = weighted(k, state, window, n)
    slope = (heavy - 0.5 * (n + 1.0) * plain) * (12.0 / (n * (n * n - 1.0)))
    return kept, slope / lag(window, 0)


@step
def relative_residual(k: int, state: Any, window: Any, n: int) -> Any:
    """Last value less the straight line through the last n values, over the last value (qlib RESI)."""
    kept, base, plain, heavy = weighted(k, state, window, n)
    slope = (heavy - 0.5 * (n + 1.0) * plain) * (12.0 / (n * (n * n - 1.0)))
    x = lag(window, 0)
    return kept, ((x - base) - plain * (1.0 / n) - slope * (0.5 * (n - 1.0))) / x


@step
def line_fit(k: int, state: Any, window: Any, n: int) -> Any:
    """Part of the variance of the last n values that a straight line explains, from 0 to 1 (qlib RSQR).

    Where all are equal it is 0.
    """
    line, _, plain, heavy = weighted(k, state[:4], window, n)
    rest, _, variance = moments(k, state[4:], window, n)
    slope = (heavy - 0.5 * (n + 1.0) * plain) * (12.0 / (n * (n * n - 1.0)))
    explained = slope * slope * ((n * n - 1.0) / 12.0)
    return (*line, *rest), min(explained / variance, 1.0) if variance > 0.0 else 0.0


@step
def log_volume(k: int, volume: float) -> float:
    """Logarithm of the volume plus one."""
    return math.log(volume + 1.0)


@step
def close_ratio(k: int, closes: Any) -> float:
    """Close over the close before it."""
    return lag(closes, 0) / lag(closes, 1) if k >= 1 else 1.0


@step
def log_volume_ratio(k: int, volumes: Any) -> float:
    """Logarithm of one plus the volume over the one before it; after a bar without volume it counts as unchanged."""
    if k < 1 or lag(volumes, 1) == 0.0:
        return math.log(2.0)
    return math.log(lag(volumes, 0) / lag(volumes, 1) + 1.0)


@step
def price_volume_correlation(k: int, x: float, y: float, covariance: float, n: int) -> float:
    """Correlation of n closes with the logarithms of volume plus one (qlib CORR); 0 where one does not vary."""
    return correlated(x, y, covariance)


@step
def change_correlation(k: int, x: float, y: float, covariance: float, n: int) -> float:
    """Correlation of n ratios of closes with ``ln(1 + ratio of volumes)``, each to the row before (qlib CORD).

    A bar after one without volume counts as one of unchanged volume. 0 where one of the two does not vary.
    """
    return correlated(x, y, covariance)


# --- of tsfresh ------------------------------------------------------------------------------------------------------


@step
def complexity(k: int, state: Any, window: Any, n: int) -> Any:
    """Length of the line through the last n values in standard deviations: ``sqrt(sum(dz^2))`` of their z-scores.

    tsfresh's cid_ce with ``normalize=True`` (Batista et al. 2014). Where all are equal it is 0.
    """
    kept, _, variance = moments(k, state[1:], window, n)
    way = gathered(k - 1, state[0], window, n - 1, 1, squared_distance) if k >= 1 else 0.0
    return (way, *kept), math.sqrt(max(way, 0.0) / variance) if variance > 0.0 else 0.0


@step
def c3(k: int, state: Any, window: Any, n: int, back: int) -> Any:
    """Mean product of three returns ``back`` rows apart, among the last n: a measure of non-linearity.

    tsfresh's c3 (Schreiber and Schmitz 1997): n - 2 back products.
    """
    if k < 2 * back:
        return state, 0.0
    summed = gathered(k - 2 * back, state[0], window, n - 2 * back, back, triple)
    return (summed,), summed / (n - 2.0 * back)


@step
def time_reversal_asymmetry(k: int, state: Any, window: Any, n: int, back: int) -> Any:
    """Mean of ``c^2 b - b a^2`` over three returns ``back`` rows apart (a the oldest), among the last n.

    0 in the mean for a series that looks the same backwards; tsfresh's time_reversal_asymmetry_statistic.
    """
    if k < 2 * back:
        return state, 0.0
    summed = gathered(k - 2 * back, state[0], window, n - 2 * back, back, reversal)
    return (summed,), summed / (n - 2.0 * back)


@step
def mean_absolute_change(k: int, state: Any, window: Any, n: int) -> Any:
    """Mean absolute difference between neighbours among the last n values; tsfresh's mean_abs_change."""
    if k < 1:
        return state, 0.0
    way = gathered(k - 1, state[0], window, n - 1, 1, distance)
    return (way,), max(way, 0.0) / (n - 1.0)


@step
def longest_strike(k: int, window: Any, n: int) -> Any:
    """Most rows in a row above the mean of the last n values, and most below it; equal to it is neither.

    tsfresh's longest_strike_above_mean and longest_strike_below_mean.
    """
    if k < n - 1:
        return 0.0, 0.0
    base, centre = lag(window, 0), 0.0
    for j in range(n):
        centre += lag(window, j) - base
    centre /= n
    above = below = longest_above = longest_below = 0.0
    for j in range(n):
        d = lag(window, j) - base
        above = above + 1.0 if d > centre else 0.0
        below = below + 1.0 if d < centre else 0.0
        longest_above, longest_below = max(longest_above, above), max(longest_below, below)
    return longest_above, longest_below


@step
def number_of_peaks(k: int, state: Any, window: Any, n: int, support: int) -> Any:
    """Values among the last n that are above each of ``support`` neighbours on both sides; tsfresh's number_peaks.

    Neighbours are among the n, too, so the first and last ``support`` values are no peaks.
    """
    if k < 2 * support:
        return state, 0.0
    peaks = gathered(k - 2 * support, state[0], window, n - 2 * support, support, is_peak)
    return (peaks,), peaks


# --- of the clock ----------------------------------------------------------------------------------------------------


@step
def time_of_day(k: int, time: float) -> Any:
    """Time of the day (UTC) on a circle: sine and cosine, midnight at 0, six in the morning at a quarter."""
    angle = 2.0 * math.pi * ((time - _DAY * math.floor(time / _DAY)) / _DAY)
    return math.sin(angle), math.cos(angle)


@step
def day_of_week(k: int, time: float) -> Any:
    """Day of the week (UTC) on a circle: sine and cosine of whole days, Monday at 0, Sunday at six sevenths."""
    # The first of January 1970 was a Thursday.
    days = math.floor(time / _DAY) + 3.0
    angle = 2.0 * math.pi * ((days - _WEEK * math.floor(days / _WEEK)) / _WEEK)
    return math.sin(angle), math.cos(angle)
