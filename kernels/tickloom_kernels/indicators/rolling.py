"""Sums, moments, extremes and order of the last n values, which indicators are made of; right also after an outlier.

A running sum keeps the rounding error of the largest value that ever passed through it. Each step here therefore begins
anew from its window when a value leaves beside which the rest is small, and every 32 n to 64 n values in any case;
both depend on the rows alone, so batch and stream begin anew at the same ones. Naive running sums and sliding Welford
updates are wrong after a spike (a standard deviation of 0 or 1.48 where the truth is 0.008).
"""

from typing import Any

from tickloom_kernels.indicators.window import fma, get, lag, larger, lesser, put, step

#: A value that leaves and is so many times larger than what stays leaves its rounding error behind.
_DWARFS = 1e4
#: A sum of squares that is so small beside the largest square that went into it since it began has lost digits. One
#: outlier in the window is not enough for that, however long the window: its square is most of the sum.
_DRIFTED = 1e-2
#: Windows after which a sum begins anew in any case.
_WINDOWS = 32


@step
def is_due(k: int, n: int) -> bool:
    """Whether a sum over n values begins anew at row k in any case: every 32 to 64 windows, a power of two of rows."""
    often = _WINDOWS * n - 1
    for shift in (1, 2, 4, 8, 16):
        often |= often >> shift
    return k & often == 0


@step
def total(k: int, state: Any, window: Any, n: int) -> Any:
    """Sum of the last n values."""
    (running,) = state
    if k < n:
        running += lag(window, 0)
    else:
        # One addition per row depends on the row before, so that is all that a row waits for.
        gone = lag(window, n)
        running += lag(window, 0) - gone
        if abs(gone) > _DWARFS * abs(running) or is_due(k, n):
            running = 0.0
            for j in range(n):
                running += lag(window, j)
    return (running,), running


@step
def mean(k: int, state: Any, window: Any, n: int) -> Any:
    """Mean of the last n values."""
    (running,), summed = total(k, state, window, n)
    return (running,), summed * (1.0 / n)


@step
def moments(k: int, state: Any, window: Any, n: int) -> Any:
    """Mean and variance (of the population, ddof 0) of the last n values."""
    first, second, shift, largest = state
    x = lag(window, 0)
    if k == 0:
        shift = x
    d = x - shift
    largest = max(largest, d * d)
    if k < n:
        first += d
        second = fma(d, d, second)
    else:
        # As in `total`; the difference of two squares is a product.
        gone = lag(window, n) - shift
        first += d - gone
        second = fma(d - gone, d + gone, second)
    r = 1.0 / n
    centre = first * r
    variance = second * r - centre * centre
    if k >= n - 1 and (variance * n < _DRIFTED * largest or is_due(k, n)):
        centre = 0.0
        for j in range(n):
            centre += lag(window, j) - x
        shift = x + centre * r
        first = second = largest = 0.0
        for j in range(n):
            d = lag(window, j) - shift
            first += d
            second = fma(d, d, second)
            largest = max(largest, d * d)
        centre = first * r
        variance = second * r - centre * centre
    return (first, second, shift, largest), shift + centre, max(variance, 0.0)


@step
def comoments(k: int, state: Any, xs: Any, ys: Any, n: int) -> Any:
    """Means of x and y, their variances and their covariance (ddof 0), of the last n pairs."""
    sx, sy, sxx, syy, sxy, x0, y0, largest_x, largest_y = state
    x, y = lag(xs, 0), lag(ys, 0)
    if k == 0:
        x0, y0 = x, y
    dx, dy = x - x0, y - y0
    sx, sy = sx + dx, sy + dy
    sxx, syy, sxy = fma(dx, dx, sxx), fma(dy, dy, syy), fma(dx, dy, sxy)
    largest_x, largest_y = max(largest_x, dx * dx), max(largest_y, dy * dy)
    if k >= n:
        gx, gy = lag(xs, n) - x0, lag(ys, n) - y0
        sx, sy = sx - gx, sy - gy
        sxx, syy, sxy = fma(-gx, gx, sxx), fma(-gy, gy, syy), fma(-gx, gy, sxy)
    r = 1.0 / n
    vx, vy = sxx * r - (sx * r) * (sx * r), syy * r - (sy * r) * (sy * r)
    lost = vx * n < _DRIFTED * largest_x or vy * n < _DRIFTED * largest_y
    if k >= n - 1 and (lost or is_due(k, n)):
        mx = my = 0.0
        for j in range(n):
            mx += lag(xs, j) - x
            my += lag(ys, j) - y
        x0, y0 = x + mx * r, y + my * r
        sx = sy = sxx = syy = sxy = largest_x = largest_y = 0.0
        for j in range(n):
            dx, dy = lag(xs, j) - x0, lag(ys, j) - y0
            sx, sy = sx + dx, sy + dy
            sxx, syy, sxy = fma(dx, dx, sxx), fma(dy, dy, syy), fma(dx, dy, sxy)
            largest_x, largest_y = max(largest_x, dx * dx), max(largest_y, dy * dy)
        vx, vy = sxx * r - (sx * r) * (sx * r), syy * r - (sy * r) * (sy * r)
    covariance = sxy * r - (sx * r) * (sy * r)
    kept = (sx, sy, sxx, syy, sxy, x0, y0, largest_x, largest_y)
    return kept, x0 + sx * r, y0 + sy * r, max(vx, 0.0), max(vy, 0.0), covariance


@step
def weighted(k: int, state: Any, window: Any, n: int) -> Any:
    """Plain and weighted sum of the last n values about a base: base, sum of (x - base), the same weighted n ... 1.

    The newest value weighs n. Averages and straight lines through n values follow: the mean is base + sum / n, the
    linearly weighted mean base + weighted / (n (n + 1) / 2).
    """
    plain, heavy, base, largest = state
    x = lag(window, 0)
    if k == 0:
        base = x
    d = x - base
    largest = max(largest, abs(d))
    if k < n:
        heavy += (k + 1) * d
        plain += d
    else:
        heavy += n * d - plain
        plain += d - (lag(window, n) - base)
    # The sums about the base are small where prices stand still, so what counts is the largest that went into them.
    gone = abs(lag(window, n) - base) if k >= n else 0.0
    if k >= n and (gone > _DWARFS * max(abs(d), abs(plain) * (1.0 / n)) or is_due(k, n)):
        base = x
        plain = heavy = largest = 0.0
        for j in range(n - 1, -1, -1):
            d = lag(window, j) - base
            plain += d
            heavy += (n - j) * d
            largest = max(largest, abs(d))
    return (plain, heavy, base, largest), base, plain, heavy


@step
def half(n: int) -> int:
    """Return the largest power of two below n; 1 for 1 and 2."""
    n -= 1
    for shift in (1, 2, 4, 8, 16):
        n |= n >> shift
    return max((n + 1) >> 1, 1)


@step
def highest(k: int, window: Any, n: int) -> float:
    """Largest of the last n values, from a window of the largest of the last `half` of n values.

    Two such spans cover n values, and they may overlap. So n values take as many comparisons as n has binary digits,
    without a branch, and spans of powers of two serve all lengths.
    """
    return larger(lag(window, 0), lag(window, n - half(n)))


@step
def lowest(k: int, window: Any, n: int) -> float:
    """Smallest of the last n values; as `highest`."""
    return lesser(lag(window, 0), lag(window, n - half(n)))


@step
def found(memory: Any, size: int, x: float) -> int:
    """Place of the first of the sorted values that is not below x."""
    low, high = 0, size
    while low < high:
        middle = (low + high) >> 1
        if get(memory, middle) < x:
            low = middle + 1
        else:
            high = middle
    return low


@step
def sort_in(k: int, memory: Any, window: Any, n: int) -> int:
    """Keep the last n values sorted: the newest takes the place of the one of n rows ago; return how many there are.

    Values that follow each other lie near each other in the order, so few move.
    """
    x = lag(window, 0)
    size = min(k + 1, n)
    place = found(memory, n, lag(window, n)) if k >= n else k
    while place > 0 and get(memory, place - 1) > x:
        put(memory, place, get(memory, place - 1))
        place -= 1
    while place + 1 < size and get(memory, place + 1) < x:
        put(memory, place, get(memory, place + 1))
        place += 1
    put(memory, place, x)
    return size
