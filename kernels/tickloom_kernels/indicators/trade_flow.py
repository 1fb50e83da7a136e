"""Trades and who began them: signs, signed volume, its imbalance, informed trading, and the rates at which trades come.

A sign is +1 for a trade that a buyer began, -1 for one that a seller began, 0 where nobody knows.
"""

import math
from typing import Any

from tickloom_kernels.indicators.order_book import decayed_ratio
from tickloom_kernels.indicators.window import fma, get, lag, put, step

# --- signs and signed volume -----------------------------------------------------------------------------------------


@step
def signed_volume(k: int, sign: float, quantity: float) -> float:
    """Quantity of a trade, positive where a buyer began it, negative where a seller did, 0 where nobody knows."""
    return sign * quantity


@step
def known_volume(k: int, sign: float, quantity: float) -> float:
    """Quantity of a trade whose sign is known; 0 of any other."""
    return quantity if sign != 0.0 else 0.0


@step
def tick_rule(k: int, state: Any, price: float) -> Any:
    """Sign of a trade by the tick rule: +1 above the price before, -1 below; at an equal price the sign before.

    0 until the price has changed for the first time. Lee and Ready (1991).
    """
    last, sign = state
    if k > 0:
        sign = 1.0 if price > last else -1.0 if price < last else sign
    return (price, sign), sign


@step
def lee_ready(k: int, price: float, mid: float, tick_sign: float) -> float:
    """Sign of a trade by its place against the mid: +1 above, -1 below; at the mid by the tick rule.

    Against the mid that was known just before the trade, without the lag of five seconds of the paper, which made up
    for the late reports of its time. Where a feed tells the quote after a trade before the trade itself, as some
    exchanges' do, that mid is one too late and the sign is worth little: compare it with the aggressor, or with
    `tick_rule`, before you use it. Lee and Ready (1991).
    """
    return 1.0 if price > mid else -1.0 if price < mid else tick_sign


@step
def bulk_buy_fraction_normal(k: int, change: float, variance: float, n: int) -> float:
    """Part of a row's volume that buyers began, by bulk classification: ``Phi(dP / sd(dP))``, Phi the normal CDF.

    For bars (of volume or time) as in the paper, or trades. The standard deviation is that of the last n price changes
    (ddof 0); 0.5 where it is 0. Easley, Lopez de Prado and O'Hara (2012); their later work takes a Student t instead.
    """
    return 0.5 * math.erfc(-change / math.sqrt(2.0 * variance)) if variance > 0.0 else 0.5


@step
def buy_fraction(k: int, sign: float) -> float:
    """Part of a trade's volume that counts for buyers: 1, 0, or a half where nobody knows."""
    return 0.5 * (1.0 + sign)


@step
def trade_imbalance(k: int, signed: float, whole: float, n: int) -> float:
    """Imbalance of the last n trades, -1 to 1: what buyers began less what sellers began, over both; 0 where none is.

    Trades whose side is unknown count as trades but not as volume. Put `tick_rule` or `lee_ready` in place of the
    aggressor where the source has none.
    """
    return signed / whole if whole > 0.0 else 0.0


@step
def trade_imbalance_decayed(k: int, state: Any, signed: float, known: float, keep: float, seconds: float) -> Any:
    """Imbalance of all trades so far, each faded with a time constant, -1 to 1; as `trade_imbalance`."""
    return decayed_ratio(k, state, signed, known, keep)


@step
def signed_run(k: int, state: Any, sign: float) -> Any:
    """Trades in a row that the same side began, positive for buyers, negative for sellers; 0 at an unknown one."""
    run = state[0]
    run = run + sign if run * sign > 0.0 else sign
    return (run,), run


@step
def trade_size_rank(k: int, quantities: Any, n: int) -> float:
    """Place of a trade's size among the last n, itself included, 0 to 1: share of smaller ones plus half of equals.

    The middle rank, so that trades of one size only are at 0.5.
    """
    size, below = lag(quantities, 0), 0.0
    for j in range(min(n, k + 1)):
        other = lag(quantities, j)
        below += 1.0 if other < size else 0.5 if other == size else 0.0
    return below * (1.0 / n)


@step
def large_trade(k: int, quantity: float, means: Any, n: int, multiple: float) -> float:
    """1 where a trade is more than so many times the mean size of the n trades before it, else 0."""
    return 1.0 if k > 0 and quantity > multiple * lag(means, 1) else 0.0


@step
def trade_duration(k: int, times: Any) -> float:
    """Seconds since the trade before; 0 where clocks step back."""
    return max(lag(times, 0) - lag(times, 1), 0.0) if k > 0 else 0.0


# --- informed trading ------------------------------------------------------------------------------------------------


@step
def vpin(k: int, state: Any, memory: Any, fraction: float, quantity: float, volume: float, n: int) -> Any:
    """Volume-synchronised probability of informed trading: ``sum |V_buy - V_sell| / (n V)`` over n buckets of volume V.

    A row that overflows its bucket is split, in the same proportion of buyers, over as many buckets as it fills, so
    that each bucket has volume V exactly and the result is between 0 and 1. It changes when a bucket is full. Until n
    are full it is the mean over those that are, 0 before the first. Buckets begin with the stream, so it matters for
    ever where that is. Easley, Lopez de Prado and O'Hara (2012).
    """
    filled, buys, place, full, found = state
    left = quantity
    if filled + left >= volume:
        taken = volume - filled
        put(memory, int(place), abs(2.0 * (buys + taken * fraction) - volume))
        left -= taken
        alone = math.floor(left / volume)
        # The buckets that this row fills alone are all the same, and n of them push out everything else.
        for j in range(1, int(min(alone, 1.0 * n)) + 1):
            put(memory, (int(place) + j) % n, abs(2.0 * fraction - 1.0) * volume)
        left = max(left - alone * volume, 0.0)
        place = (place + 1.0 + alone) % n
        full = min(full + 1.0 + alone, 1.0 * n)
        filled = buys = found = 0.0
        for j in range(int(full)):
            found += get(memory, j)
        found /= full * volume
    filled += left
    buys += left * fraction
    return (filled, buys, place, full, found), found


@step
def vpin_bulk(
    k: int, state: Any, memory: Any, fraction: float, quantity: float, volume: float, buckets: int, n: int
) -> Any:
    """Volume-synchronised probability of informed trading, with volume split by bulk classification (normal CDF).

    As `vpin_aggressor`, with `bulk_buy_fraction_normal` over n price changes in place of the sign of each trade, as in
    the paper; it runs on bars, too.
    """
    return vpin(k, state, memory, fraction, quantity, volume, buckets)


# --- rates -----------------------------------------------------------------------------------------------------------


@step
def arrival_rates(k: int, state: Any, sign: float, keep: float, seconds: float) -> Any:
    """Trades per second that buyers and that sellers began, faded with a time constant.

    ``sum(exp(-age / tau)) / tau`` over the trades of a side, the one at hand included. Trades without a sign count for
    none.
    """
    buys, sells = state
    buys, sells = buys * keep, sells * keep
    if sign > 0.0:
        buys += 1.0
    elif sign < 0.0:
        sells += 1.0
    return (buys, sells), buys * (1.0 / seconds), sells * (1.0 / seconds)


@step
def hawkes_intensity(k: int, state: Any, keep: float, base: float, branching: float, decay: float) -> Any:
    """Intensity, in trades per second, of a Hawkes process with an exponential kernel, just after the trade at hand.

    ``base + sum(branching * decay * exp(-decay * age))`` over all trades so far. ``branching``, the trades that one
    trade sets off on average, is below 1, without which the process would explode; ``decay`` is per second. Fit them
    elsewhere, such as by maximum likelihood, and write them into the config. Hawkes (1971).
    """
    excited = branching * decay if k == 0 else fma(state[0], keep, branching * decay)
    return (excited,), base + excited


@step
def hawkes_sides(
    k: int, state: Any, sign: float, keep: float, base: float, own: float, cross: float, decay: float
) -> Any:
    """Intensities of buys and of sells, in trades per second, that excite themselves and each other.

    As `hawkes_intensity` for two processes with the same parameters: a trade sets off ``own`` trades of its side and
    ``cross`` of the other, their sum being below 1. Trades without a sign set off none. Bacry and Muzy (2014).
    """
    buys, sells = state[0] * keep, state[1] * keep
    if sign > 0.0:
        buys, sells = buys + own * decay, sells + cross * decay
    elif sign < 0.0:
        buys, sells = buys + cross * decay, sells + own * decay
    return (buys, sells), base + buys, base + sells
