"""The top of the book: spreads, fair prices, imbalance and flow at the best prices, and how long these live.

Everything here steps once per row of quotes or of book updates. Sizes of 0 are an empty side; no result depends on the
unit of prices, and none becomes infinite. What fades does so in seconds, by ``exp(-seconds since the last row / tau)``.
"""

import math
from typing import Any

from tickloom_kernels.indicators.window import entry, fma, get, lag, put, step

# --- fading in time --------------------------------------------------------------------------------------------------


@step
def time_decay(k: int, times: Any, seconds: float) -> float:
    """Part that is left of something since the row before, when it fades with a time constant in seconds.

    ``exp(-(t - t_before) / seconds)``; 1 at the first row, and where the clock of the exchange stands or steps back.
    """
    if k == 0:
        return 1.0
    return math.exp(-max(lag(times, 0) - lag(times, 1), 0.0) / seconds)


@step
def decayed(k: int, state: Any, x: float, keep: float) -> Any:
    """Sum of all values so far, each faded by the time that has passed since."""
    total = x if k == 0 else fma(state[0], keep, x)
    return (total,), total


@step
def decayed_ratio(k: int, state: Any, x: float, y: float, keep: float) -> Any:
    """Faded sum of one thing over the faded sum of another; 0 where there was none of the other."""
    above, below = (x, y) if k == 0 else (fma(state[0], keep, x), fma(state[1], keep, y))
    return (above, below), above / below if below > 0.0 else 0.0


@step
def quote_intensity(k: int, state: Any, keep: float, seconds: float) -> Any:
    """Rate of updates of the quote or the book, per second, faded with a time constant.

    ``sum(exp(-age / tau)) / tau`` over all updates, the one at hand included; begins at ``1 / tau``.
    """
    count = 1.0 if k == 0 else fma(state[0], keep, 1.0)
    return (count,), count * (1.0 / seconds)


@step
def mid_variance(k: int, state: Any, move: float, keep: float, seconds: float) -> Any:
    """Realised variance of the mid per second: faded sum of squared log returns from update to update.

    ``sum(r^2 exp(-age / tau)) / tau``. Tick-by-tick returns carry the noise of a mid that jumps by half ticks, so this
    is above the variance that minutes see (Hansen and Lunde 2006).
    """
    total = move * move if k == 0 else fma(state[0], keep, move * move)
    return (total,), total * (1.0 / seconds)


# --- prices ----------------------------------------------------------------------------------------------------------


@step
def quoted_spread(k: int, bid: float, ask: float) -> float:
    """Best ask less best bid, in the unit of prices; negative while a book is crossed."""
    return ask - bid


@step
def relative_spread(k: int, bid: float, ask: float, mid: float) -> float:
    """Best ask less best bid in basis points of the mid."""
    return 1e4 * (ask - bid) / mid


@step
def weighted_mid(k: int, bid: float, bid_size: float, ask: float, ask_size: float) -> float:
    """Mid weighted by the imbalance of the queues: ``(bid * ask_size + ask * bid_size) / (bid_size + ask_size)``.

    It leans towards the thin side, which is the one that gives way. Often called microprice; Stoikov's microprice is
    another one (`microprice`, `microprice_online`). The plain mid where both sizes are 0.
    """
    depth = bid_size + ask_size
    return (bid * ask_size + ask * bid_size) / depth if depth > 0.0 else (bid + ask) * 0.5


@step
def microprice_momentum(k: int, window: Any, n: int) -> float:
    """Change of the weighted mid over the last n updates, in basis points.

    Any other price may take the place of the weighted mid, such as ``microprice_online().price``.
    """
    return 1e4 * (lag(window, 0) / lag(window, n) - 1.0) if k >= n else 0.0


# --- imbalance and flow at the best prices ---------------------------------------------------------------------------


@step
def queue_imbalance(k: int, bid_size: float, ask_size: float) -> float:
    """Imbalance of the queues at the best prices, -1 to 1: ``(bid - ask) / (bid + ask)``; 0 where both are empty.

    Gould and Bonart (2016): the sign predicts that of the next change of the mid.
    """
    depth = bid_size + ask_size
    return (bid_size - ask_size) / depth if depth > 0.0 else 0.0


@step
def flow(bid: float, bid_size: float, old_bid: float, old_bid_size: float) -> float:
    """Flow into a queue of buyers: the rise of a queue that stands, all of one that came, less all of one that went."""
    came = bid_size if bid >= old_bid else 0.0
    return came - (old_bid_size if bid <= old_bid else 0.0)


@step
def order_flow_imbalance(k: int, bids: Any, bid_sizes: Any, asks: Any, ask_sizes: Any) -> float:
    """Order-flow imbalance of one update: net size that joined the best bid less what joined the best ask.

    ``e = 1{b >= b'} q - 1{b <= b'} q' - 1{a <= a'} p + 1{a >= a'} p'``, where b, a are best prices, q, p their sizes,
    and a stroke marks the update before. It counts limit orders, cancellations and trades alike, in units of the base;
    it is not the imbalance of trades. Cont, Kukanov and Stoikov (2014).
    """
    if k == 0:
        return 0.0
    buyers = flow(lag(bids, 0), lag(bid_sizes, 0), lag(bids, 1), lag(bid_sizes, 1))
    return buyers - flow(-lag(asks, 0), lag(ask_sizes, 0), -lag(asks, 1), lag(ask_sizes, 1))


@step
def order_flow_imbalance_sum(k: int, total: float, n: int) -> float:
    """Order-flow imbalance over the last n updates: the sum of `order_flow_imbalance`.

    Over a fixed span of time this is what Cont, Kukanov and Stoikov (2014) regress price changes on.
    """
    return total


@step
def order_flow_imbalance_decayed(k: int, state: Any, imbalance: float, keep: float, seconds: float) -> Any:
    """Order-flow imbalance of all updates so far, each faded with a time constant: ``sum(e exp(-age / tau))``."""
    return decayed(k, state, imbalance, keep)


# --- how long the best prices stand ----------------------------------------------------------------------------------


@step
def best_queue(k: int, state: Any, price: float, size: float, time: float) -> Any:
    """Queue that an order at the best price would have met, and how long that price has been the best one.

    ``ahead`` is the size that stood there when the price became the best one, ``age`` the seconds since. An order that
    joined then has at most ``ahead`` before it. The first price of a stream is taken to be new.
    """
    best, ahead, since = state
    if k == 0 or price != best:
        best, ahead, since = price, size, time
    return (best, ahead, since), ahead, max(time - since, 0.0)


@step
def best_life(k: int, state: Any, price: float, time: float, n: int) -> Any:
    """Average life in seconds of a best price, from when it became the best one to when it was it no more.

    Exponential average with the weight ``2 / (n + 1)``. The first price of a stream does not count, as nobody saw it
    begin; before the end of the second one it is the age of the price at hand, 0 at first.
    """
    best, since, average, ended = state
    if k == 0:
        best, since = price, time
    elif price != best:
        life = max(time - since, 0.0)
        if ended == 1.0:
            average = life
        elif ended > 1.0:
            average = fma(2.0 / (n + 1.0), life - average, average)
        best, since, ended = price, time, ended + 1.0
    return (best, since, average, ended), average if ended > 1.0 else max(time - since, 0.0)


@step
def cancelled(bid: float, size: float, old_bid: float, old_size: float, traded: float) -> float:
    """Part of a queue of buyers that left it and was not traded."""
    left = old_size - size if bid == old_bid else old_size if bid < old_bid else 0.0
    return max(left - traded, 0.0)


@step
def bid_cancelled(k: int, prices: Any, sizes: Any, sold: float) -> float:
    """Size that left the best bid since the update before and that no trade explains.

    Where the price stands: the fall of its size less what sellers took; where the best bid is lower now: all of the old
    queue less that. Trades at deeper levels count against the queue, too, so this errs on the low side.
    """
    return cancelled(lag(prices, 0), lag(sizes, 0), lag(prices, 1), lag(sizes, 1), sold) if k > 0 else 0.0


@step
def ask_cancelled(k: int, prices: Any, sizes: Any, bought: float) -> float:
    """Size that left the best ask since the update before and that no trade explains; as `bid_cancelled`."""
    return cancelled(-lag(prices, 0), lag(sizes, 0), -lag(prices, 1), lag(sizes, 1), bought) if k > 0 else 0.0


@step
def bid_cancel_burst(k: int, state: Any, left: float, keep: float, seconds: float) -> Any:
    """Size cancelled at the best bid so far, each part faded with a time constant: high in a burst of cancellations.

    The sum of `bid_cancelled`, ``sum(size exp(-age / tau))``.
    """
    return decayed(k, state, left, keep)


@step
def ask_cancel_burst(k: int, state: Any, left: float, keep: float, seconds: float) -> Any:
    """Size cancelled at the best ask so far, each part faded with a time constant; as `bid_cancel_burst`."""
    return decayed(k, state, left, keep)


@step
def traded_imbalance(k: int, state: Any, bought: float, sold: float, keep: float, seconds: float) -> Any:
    """Imbalance of what was traded between updates of the book, faded with a time constant, -1 to 1.

    What buyers took less what sellers took, over both; 0 where nothing was traded.
    """
    return decayed_ratio(k, state, bought - sold, bought + sold, keep)


@step
def trades_per_update(k: int, state: Any, buys: float, sells: float, keep: float, seconds: float) -> Any:
    """Trades per update of the book, both faded with a time constant: low where quotes flicker and nobody trades."""
    return decayed_ratio(k, state, buys + sells, 1.0, keep)


# --- Stoikov's microprice --------------------------------------------------------------------------------------------


@step
def book_state(imbalance: float, spread: float, smallest: float, buckets: int, spreads: int) -> Any:
    """State of the top of the book and its sign: one that leans to the bid, or the mirror image of one that leans so.

    The imbalance, -1 to 1, falls into one of so many buckets of equal width, the spread into one of so many multiples
    of the smallest spread, the last for all wider ones. A balanced book is its own image, and so is the middle bucket
    of an odd number: sign 0.
    """
    odd = buckets % 2
    half = min(int((abs(imbalance) * buckets + odd) * 0.5), (buckets + odd) // 2 - 1)
    wide = int(spread / smallest + 0.5) if smallest > 0.0 else 1
    sign = 0.0 if imbalance == 0.0 or half < odd else 1.0 if imbalance > 0.0 else -1.0
    return half * spreads + min(max(wide, 1), spreads) - 1, sign


@step
def microprice(k: int, bid: float, ask: float, imbalance: float, table: Any) -> Any:
    """Stoikov's microprice: where the mid is expected to settle, given imbalance and spread, by a fitted table.

    ``mid + tick * G*(imbalance, spread)``: the table G*, in ticks, is fitted on training rows
    (`tickloom.features.fitted.microprice.fit_microprice`), and says how far the mid goes on average until it stays; the
    price is a martingale then. The imbalance is that of the best queues, in buckets of equal width, the spread is in
    ticks, the last spread of the table stands for all wider ones. ``adjustment`` is microprice less mid. A balanced
    book has none, and without a fitted table nothing has any: that is the plain mid, and the label says ``unfitted``.

    Stoikov, The micro-price: a high-frequency estimator of future prices (2018). `microprice_online` needs no table,
    and learns while it runs.
    """
    buckets, spreads, tick = table[2], table[3], entry(table, 0)
    cell, side = book_state(imbalance, ask - bid, tick, buckets, spreads)
    # The upper half of the table begins in its middle; the lower one is the same with the other sign.
    adjustment = side * tick * entry(table, 1 + buckets // 2 * spreads + cell)
    return (bid + ask) * 0.5 + adjustment, adjustment


@step
def microprice_online(
    k: int, state: Any, memory: Any, bid: float, ask: float, imbalance: float, buckets: int, spreads: int
) -> Any:
    """Stoikov's microprice: where the mid is expected to settle, given imbalance and spread, learnt as the book moves.

    States are buckets of the imbalance of the best queues times multiples of the smallest spread so far. Every update
    is counted as a transition from state to state with its move of the mid, and, as in the paper, as its mirror image,
    too. The adjustment solves ``g(x) = E[move + g(next state) | x]``, which is the paper's ``G* = sum B^i G1``; after
    each transition the equation of the state that was left is solved again with the newest counts (Gauss-Seidel), so
    the table follows the counts as states are visited. One further transition to a fair price per state keeps it
    defined from the first row, at which this is the mid. ``adjustment`` is microprice less mid.

    Stoikov, The micro-price: a high-frequency estimator of future prices (2018), fits the table on a day of data and
    keeps it, as `microprice` does; here it is estimated from all rows before the one at hand, that one included.
    """
    mid, place, sign, smallest = state
    now, spread = (bid + ask) * 0.5, ask - bid
    if spread > 0.0 and (smallest == 0.0 or spread < smallest):
        smallest = spread
    cell, side = book_state(imbalance, spread, smallest, buckets, spreads)
    states = (buckets + 1) // 2 * spreads
    # The memory: signed counts from state to state, then per state the sum of moves, how often it was left, its g.
    sums, left, table = states * states, states * states + states, states * states + 2 * states
    x = int(place)
    if k > 0 and sign != 0.0:
        move = get(memory, sums + x) + sign * (now - mid)
        times = get(memory, left + x) + 1.0
        put(memory, sums + x, move)
        put(memory, left + x, times)
        put(memory, x * states + cell, get(memory, x * states + cell) + sign * side)
        for y in range(states):
            if y != x:
                move += get(memory, x * states + y) * get(memory, table + y)
        put(memory, table + x, move / (times + 1.0 - get(memory, x * states + x)))
    adjustment = side * get(memory, table + cell)
    return (now, float(cell), side, smallest), now + adjustment, adjustment
