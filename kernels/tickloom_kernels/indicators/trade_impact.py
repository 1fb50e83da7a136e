"""What trading costs and how far it moves prices, measured from trades: spreads paid, price impact, lambdas.

Whatever needs a later price is given when that price is known, for a trade that is past by then.
"""

import math
from typing import Any

from tickloom_kernels.indicators.window import get, lag, put, step


@step
def root_turnover(k: int, sign: float, price: float, quantity: float) -> float:
    """Signed square root of a trade's turnover."""
    return sign * math.sqrt(price * quantity)


@step
def kyle_lambda(k: int, variance: float, covariance: float, n: int) -> float:
    """Kyle's lambda: price change per unit of signed volume, the least-squares slope over the last n trades.

    ``cov(dP, x) / var(x)``, with an intercept, x the volume of each trade with the sign of who began it; 0 where x does
    not move. Kyle (1985).
    """
    return covariance / variance if variance > 0.0 else 0.0


@step
def hasbrouck_lambda(k: int, variance: float, covariance: float, n: int) -> float:
    """Hasbrouck's lambda: log return per signed square root of turnover, the least-squares slope over n trades.

    With an intercept; 0 where the regressor does not move. Hasbrouck (2009) takes intervals of five minutes; this goes
    from trade to trade.
    """
    return kyle_lambda(k, variance, covariance, n)


@step
def paid(price: float, mid: float, sign: float) -> float:
    """Twice the distance that a trade had from the mid, as its taker paid it; without a sign, the plain distance."""
    return 2.0 * (sign * (price - mid) if sign != 0.0 else abs(price - mid))


@step
def effective_spread(k: int, price: float, mid: float, sign: float) -> float:
    """Effective spread of a trade in basis points: ``2 sign (price - mid) / mid``, the mid as it was before the trade.

    Where the sign is unknown, the plain distance from the mid counts. A trade on the far side of the mid is negative:
    often so where a feed tells the quote after a trade before the trade itself.
    """
    return 1e4 * paid(price, mid, sign) / mid


@step
def parts(price: float, mid: float, sign: float, later: float) -> tuple[float, float, float]:
    """Effective spread, and its two parts under a later mid, in basis points of the mid at the trade."""
    side = sign if sign != 0.0 else 1.0 if price > mid else -1.0 if price < mid else 0.0
    impact = 1e4 * 2.0 * side * (later - mid) / mid
    effective = 1e4 * paid(price, mid, sign) / mid
    return effective, effective - impact, impact


@step
def spread_parts(k: int, prices: Any, mids: Any, signs: Any, n: int) -> tuple[float, float, float]:
    """Effective spread of the trade n trades ago, and its parts: realised spread and price impact, in basis points.

    ``effective = realised + impact`` with ``impact = 2 sign (mid now - mid then) / mid then``: what the maker lost to
    the move that followed, and what was left to him. Given n trades late, when the mid is known.

    Huang and Stoll (1996).
    """
    if k < n:
        return 0.0, 0.0, 0.0
    return parts(lag(prices, n), lag(mids, n), lag(signs, n), lag(mids, 0))


@step
def spread_parts_timed(
    k: int,
    state: Any,
    memory: Any,
    price: float,
    mid: float,
    sign: float,
    time: float,
    seconds: float,
    waiting: int,
) -> Any:
    """Effective spread of trades so many seconds ago, and its parts: realised spread and price impact, in basis points.

    As `spread_parts`, measured with the mid at the first trade that comes at least so many seconds later, and given
    there: the mean over the trades for which this is that trade. Otherwise the last values stay; 0 before the first.
    At most ``waiting`` trades wait for their later mid; where more come, the oldest of them is left out.
    """
    first, end, effective, realised, impact = state
    sums = (0.0, 0.0, 0.0)
    count = 0.0
    while first < end and get(memory, 4 * int(first) + 3) + seconds <= time:
        at = 4 * int(first)
        one = parts(get(memory, at), get(memory, at + 1), get(memory, at + 2), mid)
        sums = (sums[0] + one[0], sums[1] + one[1], sums[2] + one[2])
        count += 1.0
        first += 1.0
    if count > 0.0:
        effective, realised, impact = sums[0] / count, sums[1] / count, sums[2] / count
    if end - first >= waiting:
        first += 1.0
    at = 4 * int(end)
    put(memory, at, price)
    put(memory, at + 1, mid)
    put(memory, at + 2, sign)
    put(memory, at + 3, time)
    return (first, end + 1.0, effective, realised, impact), effective, realised, impact
