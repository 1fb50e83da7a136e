"""What a symbol is among all symbols at one instant: ranks, deviations, strength, betas and spreads between them.

A symbol that has no value yet counts nowhere and gets none. One without a row at this instant stands with its last
value; what learns from row to row looks only at symbols whose row is of the newest time, so that nothing is counted
twice.
"""

import math
from typing import Any

from tickloom_kernels.indicators.window import at, fma, get, give, own, put, step

# Words of the memory that a symbol has for its line on another series.
_COUNT, _WEIGHT, _MEAN_X, _MEAN_Y, _XX, _XY, _YY, _LAST = range(8)


@step
def gather(symbols: int, values: Any) -> Any:
    """How many symbols have a value, the mean of these, and their variance (ddof 0)."""
    count = added = base = 0.0
    for s in range(symbols):
        x = at(values, s)
        if not math.isnan(x):
            # About the first value, so that equal ones have no variance at all.
            base = x if count == 0.0 else base
            added += x - base
            count += 1.0
    if count == 0.0:
        return 0.0, 0.0, 0.0
    centre, squares = added / count, 0.0
    for s in range(symbols):
        x = at(values, s)
        if not math.isnan(x):
            d = (x - base) - centre
            squares = fma(d, d, squares)
    return count, base + centre, squares / count


@step
def cross_rank(k: int, symbols: int, values: Any, ranks: Any) -> None:
    """Rank of a symbol's value among those of all symbols, over their number: above 0, up to 1.

    Closes of symbols cannot be compared: give it what can, such as ``cross_rank(log_return(n=20))``. Equal ones share
    the mean, as in ``rank(axis=1, pct=True)`` of pandas. Takes the square of the number of symbols in comparisons.
    """
    for s in range(symbols):
        x = at(values, s)
        below = equal = count = 0.0
        for other in range(symbols):
            y = at(values, other)
            below += 1.0 if y < x else 0.0
            equal += 1.0 if y == x else 0.0
            count += 1.0 if not math.isnan(y) else 0.0
        give(ranks, s, (below + 0.5 * (equal + 1.0)) / count if not math.isnan(x) else math.nan)


@step
def cross_zscore(k: int, symbols: int, values: Any, scores: Any) -> None:
    """Deviation of a symbol's value from the mean of all symbols, in standard deviations across them (ddof 0).

    Closes of symbols cannot be compared: give it what can, such as ``cross_zscore(rsi(n=14))``. Where all are equal, or
    there is only one, it is 0.
    """
    _, centre, variance = gather(symbols, values)
    scale = 1.0 / math.sqrt(variance) if variance > 0.0 else 0.0
    for s in range(symbols):
        x = at(values, s)
        give(scores, s, (x - centre) * scale if not math.isnan(x) else math.nan)


@step
def relative_strength(k: int, symbols: int, values: Any, strengths: Any, n: int) -> None:
    """Logarithmic return of a symbol over n rows less the mean of all symbols: above 0, it does better than they do."""
    _, centre, _ = gather(symbols, values)
    for s in range(symbols):
        x = at(values, s)
        give(strengths, s, x - centre if not math.isnan(x) else math.nan)


@step
def dispersion(k: int, symbols: int, values: Any, spreads: Any, n: int) -> None:
    """Spread of symbols: deviation (ddof 0) across them of their returns over n rows; the same for each of them."""
    _, _, variance = gather(symbols, values)
    for s in range(symbols):
        x = at(values, s)
        give(spreads, s, math.sqrt(variance) if not math.isnan(x) else math.nan)


@step
def newest(symbols: int, times: Any) -> float:
    """Latest time of any symbol; 0 where none has one."""
    latest = 0.0
    for s in range(symbols):
        latest = max(latest, at(times, s)) if not math.isnan(at(times, s)) else latest
    return latest


@step
def learn(memory: Any, x: float, y: float, decay: float) -> None:
    """Take a pair into the exponentially weighted moments of a symbol."""
    weight = decay * get(memory, _WEIGHT) + 1.0
    mean_x, mean_y = get(memory, _MEAN_X), get(memory, _MEAN_Y)
    if get(memory, _COUNT) == 0.0:
        mean_x, mean_y = x, y
    dx, dy = x - mean_x, y - mean_y
    mean_x, mean_y = mean_x + dx / weight, mean_y + dy / weight
    put(memory, _COUNT, get(memory, _COUNT) + 1.0)
    put(memory, _WEIGHT, weight)
    put(memory, _MEAN_X, mean_x)
    put(memory, _MEAN_Y, mean_y)
    put(memory, _XX, fma(dx, x - mean_x, decay * get(memory, _XX)))
    put(memory, _XY, fma(dx, y - mean_y, decay * get(memory, _XY)))
    put(memory, _YY, fma(dy, y - mean_y, decay * get(memory, _YY)))


@step
def market_beta(k: int, memory: Any, symbols: int, values: Any, times: Any, betas: Any, decay: float) -> None:
    """Slope of a symbol's returns on the mean return of all symbols; a row weighs ``decay`` of the next.

    The mean is of the symbols that have a row at the newest time, the symbol included. For bars, which close together.
    Where the mean has not varied it is 0; it begins with the third return.
    """
    latest = newest(symbols, times)
    count = added = 0.0
    for s in range(symbols):
        x = at(values, s)
        if not math.isnan(x) and at(times, s) == latest:
            added += x
            count += 1.0
    for s in range(symbols):
        y, mine = at(values, s), own(memory, s)
        if not math.isnan(y) and at(times, s) == latest:
            learn(mine, added / count, y, decay)
            put(mine, _LAST, get(mine, _XY) / get(mine, _XX) if get(mine, _XX) > 0.0 else 0.0)
        give(betas, s, get(mine, _LAST) if get(mine, _COUNT) > 2.0 else math.nan)


@step
def pair_zscore(
    k: int, memory: Any, symbols: int, values: Any, times: Any, scores: Any, decay: float, against: int
) -> None:
    """Distance of a symbol's close from its line on the close of another symbol, in deviations about that line.

    The line (slope and intercept) and the deviation (ddof 0) are of least squares over all rows that the two have in
    common, a row weighing ``decay`` of the next; the last row is one of them. ``against`` is the number of the other
    symbol, in the order of the instruments. Where there is no deviation, as of the symbol itself, it is 0; it begins
    with the fourth common row.
    """
    latest = newest(symbols, times)
    x = at(values, against) if against < symbols else math.nan
    together = not math.isnan(x) and at(times, min(against, symbols - 1)) == latest
    for s in range(symbols):
        y, mine = at(values, s), own(memory, s)
        if together and not math.isnan(y) and at(times, s) == latest:
            learn(mine, x, y, decay)
            xx, xy = get(mine, _XX), get(mine, _XY)
            slope = xy / xx if xx > 0.0 else 0.0
            rest = (get(mine, _YY) - slope * xy) / get(mine, _WEIGHT)
            off = (y - get(mine, _MEAN_Y)) - slope * (x - get(mine, _MEAN_X))
            put(mine, _LAST, off / math.sqrt(rest) if s != against and rest > 0.0 else 0.0)
        give(scores, s, get(mine, _LAST) if get(mine, _COUNT) > 3.0 else math.nan)
