"""A seeded market that needs no data: book levels, quotes and trades of a few correlated instruments, without matching.

The market is a chain of events at random times. Four kinds happen of themselves (exponential waiting times):

*update*: somebody adds to or takes from one level of a book, which pulls its quantity towards a usual one;
*order*: a taker trades at the best price, in several prints, and leaves at least a lot there; signs have long memory;
*move*: news for one instrument, or for all at once (`COMMON_RATE`), moves the price some ticks away;
*flip*: the market turns from calm to busy or back, which changes how often orders and moves come.

A move has two stages. First one side of the book gives way, often swept by an order of its own; this leaves a wide
spread. A few milliseconds later the other side follows (the *refill*) and the spread is a tick again. All rates follow
a curve over the day, so that the variance of returns follows it too.

Moves are independent of everything before them, and nothing but moves changes a mid price for longer than a refill:
prices are a martingale, and whoever trades pays the spread.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tickloom_kernels import rows as r

# A market is one flat int64 array: these words, then the words of each instrument (its desk).
RNG = 0
#: Time of the last event, and of its rows' ``ts_init`` (UNIX time in nanoseconds, UTC).
NOW = 1
INIT = 2
#: No event happens at or after this time (UNIX time in nanoseconds, UTC).
END = 3
BUSY = 4
#: Where the desk begins whose opening snapshot is next.
OPENED = 5
DONE = 6
LEVELS = 7
#: Words of a desk.
DESK_WORDS = 8
#: Rows written by this call.
ROWS = 9
#: Where the first desk begins.
DESKS = 10
#: 24 words: the factor on all rates in the middle of each hour of the day (UTC), linear between; in millionths.
CURVE = 11
HEAD = CURVE + 24

# Words of a desk. First what distinguishes one instrument from another, in millionths of the unit named.
#: Updates, orders and moves of its own per second.
UPDATE_RATE = 0
ORDER_RATE = 1
MOVE_RATE = 2
#: Median size of a move (ticks) at the start price.
MOVE_SIZE = 3
#: Usual quantity at the best price, and at a level behind it (lots).
BEST_LOTS = 4
DEEP_LOTS = 5
#: Mean distance between neighbouring levels (ticks).
GAP = 6
#: Median quantity of a print (lots) and standard deviation of its logarithm.
PRINT_LOTS = 7
PRINT_SPREAD = 8
#: Median and standard deviation of the logarithm of the number of further prints of an order at one price.
PRINTS = 9
PRINTS_SPREAD = 10
#: Probability that an order copies the sign of an earlier one.
MEMORY = 11
HABITS = 12
# Then its state.
INDEX = 12
TRADE_ID = 13
#: When the side ``REFILL_SIDE`` follows a move (UNIX time in nanoseconds, UTC), or `NEVER`.
REFILL_AT = 14
REFILL_SIDE = 15
#: When the price moves by ``MOVE_TICKS`` (UNIX time in nanoseconds, UTC), or `NEVER`.
MOVE_AT = 16
MOVE_TICKS = 17
#: Price at the start (ticks): moves grow with the price, so that returns do not.
START_PRICE = 18
#: Where the newest sign stands in the ring of past orders' signs (+1 bought, -1 sold), and the ring.
NEWEST_SIGN = 19
SIGNS = 20
#: Signs that are kept; an order copies the one at a lag of 1 to this many, with probability about 1 / lag.
RING = 64
#: The levels of the bids, then those of the asks, best first, each a price (ticks) and a quantity (lots).
BOOK = SIGNS + RING

NEVER = 2**63 - 1
MICRO = 1e-6
#: Prints of one order at one price.
MAX_PRINTS = 128

#: Moves of all instruments together, per second.
COMMON_RATE = 2.05
#: Standard deviation of the logarithm of a move's size.
MOVE_SPREAD = 1.15
#: Probability that a move is an order that sweeps the levels in its way, and not a withdrawal.
SWEEP = 0.75
#: Signs that such an order leaves in the ring, so that it is followed for longer than another order.
FOOTPRINT = 8
#: Mean time until the other side follows a move, and from news to the move (ns).
REFILL_TIME = 1.6e6
REACTION_TIME = 2.0e6
#: Factors on the rates of orders and moves, and mean lengths (s), of calm and busy times; the mean factor is 1.
CALM_FACTOR, BUSY_FACTOR = 0.294, 5.0
CALM_TIME, BUSY_TIME = 1.7, 0.3
#: Probability that an update is one of the best price, and not of the levels behind it.
AT_BEST = 0.6
#: Mean size of an update, as a part of the usual quantity.
UPDATE_SIZE = 0.06
#: Median quantity of a new level behind the best, as a part of the usual one, and its logarithm's standard deviation.
DEEP_PART, DEEP_SPREAD = 0.325, 1.5
#: Where the upper tails of lognormal draws end (standard deviations).
TAIL = 3.0
#: Least time from an event to its rows' ``ts_init``, and the most that chance adds (ns).
FEED_DELAY, FEED_JITTER = 1_000_000, 500_000.0

_SECOND = 1_000_000_000
_HOUR = 3600 * _SECOND


def new_market(
    seed: int,
    start: int,
    end: int,
    prices: NDArray[np.int64],
    levels: int,
    habits: NDArray[np.float64],
    curve: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Make a market before its first event.

    Parameters
    ----------
    seed : int
        0 to 2**63 - 1.
    start, end : int
        No event before, none at or after (UNIX time in nanoseconds, UTC).
    prices : int64, shape (instruments,)
        First best bids (ticks).
    levels : int
        Levels per side, at least 2.
    habits : float64, shape (instruments, HABITS)
        `UPDATE_RATE` to `MEMORY` of each instrument, in their units.
    curve : float64, shape (24,)
        Factor on all rates in the middle of each hour of the day (UTC).

    Returns
    -------
    int64, one dimension
        The market; `generate` changes it.
    """
    words = BOOK + 4 * levels
    market = np.zeros(HEAD + len(prices) * words, np.int64)
    market[RNG], market[NOW], market[INIT], market[END] = seed, start, start, end
    market[DESKS] = market[OPENED] = HEAD
    market[LEVELS], market[DESK_WORDS] = levels, words
    market[CURVE:HEAD] = np.rint(curve / MICRO)
    desks = market[HEAD:].reshape(-1, words)
    desks[:, :HABITS] = np.rint(habits / MICRO)
    desks[:, INDEX] = range(len(prices))
    desks[:, TRADE_ID] = 1
    desks[:, REFILL_AT] = desks[:, MOVE_AT] = NEVER
    desks[:, START_PRICE] = prices
    return market


# In what follows ``a`` is the market, ``desk`` the offset of a desk, ``side`` the offset of the best level of one of
# its sides, and ``out`` the rows being written, of which ``a[ROWS]`` are done. Few arrays and no constants as
# arguments: numba counts references to each array, and compiles a function again for each constant.

# --- chance ----------------------------------------------------------------------------------------------------------


@njit(cache=True, nogil=True)
def uniform(a: NDArray[np.int64]) -> float:
    """Draw from (0, 1]: splitmix64 (Steele, Lea, Flood 2014), its upper 53 bits."""
    z = np.uint64(a[RNG]) + np.uint64(0x9E3779B97F4A7C15)
    a[RNG] = np.int64(z)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return (np.int64(z >> np.uint64(11)) + 1) * 2.0**-53


@njit(cache=True, nogil=True)
def exponential(a: NDArray[np.int64], mean: float) -> int:
    """Draw a waiting time, or the like, rounded down."""
    return int(-mean * math.log(uniform(a)))


@njit(cache=True, nogil=True)
def lognormal(a: NDArray[np.int64], median: float, spread: float) -> float:
    """Draw a number whose logarithm is normal (Box and Muller 1958), cut off `TAIL` standard deviations above."""
    normal = math.sqrt(-2.0 * math.log(uniform(a))) * math.cos(2.0 * math.pi * uniform(a))
    return median * math.exp(spread * min(normal, TAIL))


@njit(cache=True, nogil=True)
def deep_lots(a: NDArray[np.int64], desk: int) -> int:
    """Draw the quantity (lots) of a new level behind the best, at least 1."""
    return 1 + int(lognormal(a, DEEP_PART * MICRO * a[desk + DEEP_LOTS], DEEP_SPREAD))


@njit(cache=True, nogil=True)
def gap(a: NDArray[np.int64], desk: int) -> int:
    """Draw a distance between two levels (ticks), at least 1 and at most about four times the mean."""
    return 1 + min(exponential(a, a[desk + GAP] * MICRO - 0.5), int(4.0 * a[desk + GAP] * MICRO))


@njit(cache=True, nogil=True)
def remember(a: NDArray[np.int64], desk: int, sign: int) -> None:
    """Add the sign of an order to the ring."""
    newest = (a[desk + NEWEST_SIGN] + 1) % RING
    a[desk + NEWEST_SIGN] = newest
    a[desk + SIGNS + newest] = sign


@njit(cache=True, nogil=True)
def aggressor(a: NDArray[np.int64], desk: int) -> int:
    """Draw the sign of the next order (+1 buys, -1 sells), which often repeats an earlier one, and remember it."""
    sign = 1 if uniform(a) <= 0.5 else -1
    if uniform(a) <= a[desk + MEMORY] * MICRO:
        lag = int(math.exp(math.log(RING) * (1.0 - uniform(a))))
        earlier = a[desk + SIGNS + (a[desk + NEWEST_SIGN] + 1 - lag) % RING]
        if earlier != 0:
            sign = earlier
    remember(a, desk, sign)
    return sign


# --- rows ------------------------------------------------------------------------------------------------------------


@njit(cache=True, nogil=True)
def row(a: NDArray[np.int64], desk: int, out: NDArray[np.int64]) -> int:
    """Begin the next row and return its place; its kind and the kind's first four words are still to be written."""
    n = a[ROWS]
    a[ROWS] = n + 1
    out[n, r.TS_INIT] = a[INIT]
    out[n, r.TS_EVENT] = a[NOW]
    out[n, r.INSTRUMENT] = a[desk + INDEX]
    out[n, r.PAYLOAD + 4] = 0
    out[n, r.PAYLOAD + 5] = 0
    out[n, r.PAYLOAD + 6] = 0
    out[n, r.PAYLOAD + 7] = 0
    return n


@njit(cache=True, nogil=True)
def delta(a: NDArray[np.int64], desk: int, at: int, out: NDArray[np.int64]) -> None:
    """Write the level at offset ``at`` as it is."""
    n = row(a, desk, out)
    out[n, r.KIND] = r.BOOK_DELTA
    out[n, r.DELTA_PRICE] = a[at]
    out[n, r.DELTA_QUANTITY] = a[at + 1]
    out[n, r.DELTA_SIDE] = 1 if at < desk + BOOK + 2 * a[LEVELS] else -1
    out[n, r.DELTA_FLAGS] = 0


@njit(cache=True, nogil=True)
def finish(a: NDArray[np.int64], desk: int, out: NDArray[np.int64]) -> None:
    """End an update of the book that has changed its top: a quote follows."""
    out[a[ROWS] - 1, r.DELTA_FLAGS] |= r.FLAG_LAST
    bid = desk + BOOK
    ask = bid + 2 * a[LEVELS]
    n = row(a, desk, out)
    out[n, r.KIND] = r.QUOTE
    out[n, r.QUOTE_BID_PRICE] = a[bid]
    out[n, r.QUOTE_BID_QUANTITY] = a[bid + 1]
    out[n, r.QUOTE_ASK_PRICE] = a[ask]
    out[n, r.QUOTE_ASK_QUANTITY] = a[ask + 1]


@njit(cache=True, nogil=True)
def prints(a: NDArray[np.int64], desk: int, side: int, out: NDArray[np.int64]) -> None:
    """Trade at the best price of a side until an order is done or nothing is left there."""
    further = lognormal(a, a[desk + PRINTS] * MICRO, a[desk + PRINTS_SPREAD] * MICRO)
    for _ in range(1 + int(min(further, MAX_PRINTS - 1.0))):
        quantity = max(1, int(lognormal(a, a[desk + PRINT_LOTS] * MICRO, a[desk + PRINT_SPREAD] * MICRO) + 0.5))
        quantity = min(quantity, a[side + 1])
        if quantity == 0:
            return
        a[side + 1] -= quantity
        n = row(a, desk, out)
        out[n, r.KIND] = r.TRADE
        out[n, r.TRADE_PRICE] = a[side]
        out[n, r.TRADE_QUANTITY] = quantity
        out[n, r.TRADE_AGGRESSOR] = 1 if side > desk + BOOK else -1
        out[n, r.TRADE_ID] = a[desk + TRADE_ID]
        a[desk + TRADE_ID] += 1


@njit(cache=True, nogil=True)
def drop_best(a: NDArray[np.int64], desk: int, side: int, target: int, out: NDArray[np.int64]) -> None:
    """Remove the best level and add one at the far end, beyond the price ``target`` (ticks) too."""
    a[side + 1] = 0
    delta(a, desk, side, out)
    last = side + 2 * (a[LEVELS] - 1)
    for at in range(side, last):
        a[at] = a[at + 2]
    distance = gap(a, desk)
    if side > desk + BOOK:
        a[last] = max(a[last], target) + distance
    else:
        a[last] = min(a[last], target) - distance
    a[last + 1] = deep_lots(a, desk)
    delta(a, desk, last, out)


@njit(cache=True, nogil=True)
def add_best(a: NDArray[np.int64], desk: int, side: int, price: int, quantity: int, out: NDArray[np.int64]) -> None:
    """Remove the level at the far end and add one in front of the best."""
    last = side + 2 * (a[LEVELS] - 1)
    a[last + 1] = 0
    delta(a, desk, last, out)
    for at in range(last + 1, side + 1, -1):
        a[at] = a[at - 2]
    a[side] = price
    a[side + 1] = quantity
    delta(a, desk, side, out)


# --- events ----------------------------------------------------------------------------------------------------------


@njit(cache=True, nogil=True)
def open_book(a: NDArray[np.int64], desk: int, out: NDArray[np.int64]) -> None:
    """Write an instrument's opening snapshot and its first quote."""
    first = a[ROWS]
    for ask in range(2):
        price = a[desk + START_PRICE] + ask
        side = desk + BOOK + 2 * ask * a[LEVELS]
        for at in range(side, side + 2 * a[LEVELS], 2):
            a[at] = price
            a[at + 1] = 1 + exponential(a, a[desk + BEST_LOTS] * MICRO) if at == side else deep_lots(a, desk)
            delta(a, desk, at, out)
            out[a[ROWS] - 1, r.DELTA_FLAGS] = r.FLAG_SNAPSHOT
            price += gap(a, desk) * (2 * ask - 1)
    out[first, r.DELTA_FLAGS] |= r.FLAG_CLEAR
    finish(a, desk, out)


@njit(cache=True, nogil=True)
def update(a: NDArray[np.int64], desk: int, out: NDArray[np.int64]) -> None:
    """Add to or take from one level: more often added to, the less is there, and never emptied."""
    at = desk + BOOK + (0 if uniform(a) <= 0.5 else 2 * a[LEVELS])
    usual = a[desk + BEST_LOTS] * MICRO
    best = uniform(a) <= AT_BEST
    if not best:
        at += 2 + 2 * int((1.0 - uniform(a)) * (a[LEVELS] - 1))
        usual = a[desk + DEEP_LOTS] * MICRO
    size = 1 + exponential(a, UPDATE_SIZE * usual)
    if uniform(a) * (a[at + 1] + usual) > usual:
        size = -min(size, a[at + 1] - 1)
    if size == 0:
        return
    a[at + 1] += size
    delta(a, desk, at, out)
    if best:
        finish(a, desk, out)
    else:
        out[a[ROWS] - 1, r.DELTA_FLAGS] = r.FLAG_LAST


@njit(cache=True, nogil=True)
def order(a: NDArray[np.int64], desk: int, out: NDArray[np.int64]) -> None:
    """Trade at the best price, and lower its level by what was traded."""
    side = desk + BOOK + (2 * a[LEVELS] if aggressor(a, desk) > 0 else 0)
    # One lot is out of reach: only moves empty levels.
    if a[side + 1] > 1:
        a[side + 1] -= 1
        prints(a, desk, side, out)
        a[side + 1] += 1
        delta(a, desk, side, out)
        finish(a, desk, out)


@njit(cache=True, nogil=True)
def refill(a: NDArray[np.int64], desk: int, out: NDArray[np.int64]) -> None:
    """Let the side that a move left behind follow, to a tick from the other side."""
    a[desk + REFILL_AT] = NEVER
    levels = a[LEVELS]
    ask = a[desk + REFILL_SIDE]
    outward = 2 * ask - 1
    side = desk + BOOK + 2 * levels * ask
    target = a[desk + BOOK + 2 * levels * (1 - ask)] + outward
    a[side + 1] = deep_lots(a, desk)
    delta(a, desk, side, out)
    price = a[side]
    # After a long move all levels are new: start so near that they fit.
    reach = target + outward * int(a[desk + GAP] * MICRO * (levels - 1))
    if outward * (price - reach) > 0:
        price = reach
    for _ in range(levels - 2):
        price -= outward * gap(a, desk)
        if outward * (price - target) <= 0:
            break
        add_best(a, desk, side, price, deep_lots(a, desk), out)
    add_best(a, desk, side, target, 1 + exponential(a, a[desk + BEST_LOTS] * MICRO), out)
    finish(a, desk, out)


@njit(cache=True, nogil=True)
def move(a: NDArray[np.int64], desk: int, out: NDArray[np.int64]) -> None:
    """Let one side give way by the ticks that are due, swept by an order or withdrawn."""
    ticks = a[desk + MOVE_TICKS]
    a[desk + MOVE_AT] = NEVER
    a[desk + MOVE_TICKS] = 0
    if ticks == 0:
        return
    sign = 1 if ticks > 0 else -1
    side = desk + BOOK + (2 * a[LEVELS] if ticks > 0 else 0)
    target = a[side] + ticks
    first = a[ROWS]
    swept = uniform(a) <= SWEEP
    if swept:
        for _ in range(FOOTPRINT):
            remember(a, desk, sign)
    while sign * (target - a[side]) > 0:
        if swept:
            # What the order has swept so far is an update of its own, after which it trades at the next level.
            if a[ROWS] > first:
                finish(a, desk, out)
            prints(a, desk, side, out)
        drop_best(a, desk, side, target, out)
    quantity = 1 + exponential(a, a[desk + BEST_LOTS] * MICRO)
    if a[side] == target:
        a[side + 1] = quantity
        delta(a, desk, side, out)
    else:
        add_best(a, desk, side, target, quantity, out)
    a[desk + REFILL_AT] = a[NOW] + exponential(a, REFILL_TIME)
    a[desk + REFILL_SIDE] = 0 if ticks > 0 else 1
    finish(a, desk, out)


@njit(cache=True, nogil=True)
def news(a: NDArray[np.int64], first: int, stop: int) -> None:
    """Schedule a move of one size, in one direction, for the desks of ``[first, stop)``."""
    size = lognormal(a, 1.0, MOVE_SPREAD)
    rising = uniform(a) <= 0.5
    for desk in range(first, stop, a[DESK_WORDS]):
        # Rounded by chance, so that moves of less than a tick count too.
        part = a[desk + BOOK] / a[desk + START_PRICE]
        ticks = int(a[desk + MOVE_SIZE] * MICRO * size * part + uniform(a))
        # A bid must stay above 0: whatever would fall lower rises instead.
        lowest = a[desk + BOOK + 2 * a[LEVELS] - 2] - ticks + min(a[desk + MOVE_TICKS], 0)
        up = rising or lowest < 5.0 * a[desk + GAP] * MICRO * a[LEVELS]
        a[desk + MOVE_TICKS] += ticks if up else -ticks
        if a[desk + MOVE_AT] == NEVER:
            a[desk + MOVE_AT] = a[NOW] + exponential(a, REACTION_TIME)


# --- time ------------------------------------------------------------------------------------------------------------


@njit(cache=True, nogil=True)
def activity(a: NDArray[np.int64]) -> float:
    """Read the curve over the day."""
    position = (a[NOW] % (24 * _HOUR)) / _HOUR + 23.5
    hour = int(position)
    part = position - hour
    return MICRO * (a[CURVE + hour % 24] * (1.0 - part) + a[CURVE + (hour + 1) % 24] * part)


@njit(cache=True, nogil=True)
def step(a: NDArray[np.int64], out: NDArray[np.int64]) -> None:
    """Go to the next event and run it, or find that the end comes first."""
    factor, length = (BUSY_FACTOR, BUSY_TIME) if a[BUSY] else (CALM_FACTOR, CALM_TIME)
    rate = factor * COMMON_RATE + 1.0 / length
    words = a[DESK_WORDS]
    late = a[DESKS]
    for desk in range(a[DESKS], a.shape[0], words):
        rate += MICRO * (a[desk + UPDATE_RATE] + factor * (a[desk + ORDER_RATE] + a[desk + MOVE_RATE]))
        if min(a[desk + REFILL_AT], a[desk + MOVE_AT]) < min(a[late + REFILL_AT], a[late + MOVE_AT]):
            late = desk
    due = min(a[late + REFILL_AT], a[late + MOVE_AT])
    # Waiting times have no memory, so one that something due overtakes may be drawn again.
    now = a[NOW] + exponential(a, _SECOND / (rate * activity(a)))
    if min(now, due) >= a[END]:
        a[DONE] = 1
        return
    a[NOW] = min(now, due)
    # Nothing arrives before what happened earlier.
    a[INIT] = max(a[INIT], a[NOW] + FEED_DELAY + int(FEED_JITTER * uniform(a)))
    if due <= now:
        if a[late + REFILL_AT] != NEVER:
            refill(a, late, out)
        if a[late + MOVE_AT] == due:
            move(a, late, out)
        return
    # The event is a point on the line of all rates: instrument by instrument, then what concerns all.
    point = (1.0 - uniform(a)) * rate
    for desk in range(a[DESKS], a.shape[0], words):
        updates, orders, moves = a[desk + UPDATE_RATE], factor * a[desk + ORDER_RATE], factor * a[desk + MOVE_RATE]
        if point < MICRO * (updates + orders + moves):
            if point < MICRO * updates:
                update(a, desk, out)
            elif point < MICRO * (updates + orders):
                order(a, desk, out)
            else:
                news(a, desk, desk + words)
            return
        point -= MICRO * (updates + orders + moves)
    if point < factor * COMMON_RATE:
        news(a, a[DESKS], a.shape[0])
    else:
        a[BUSY] = 1 - a[BUSY]


def longest_event(levels: int) -> int:
    """Rows that one event can have at most (a sweep right after a refill), by the levels per side."""
    return (MAX_PRINTS + 5) * levels + 8


@njit(cache=True, nogil=True)
def generate(a: NDArray[np.int64], out: NDArray[np.int64]) -> int:
    """Write rows until the next event might not fit, or the market's end.

    Parameters
    ----------
    a : int64, one dimension
        Of `new_market`. Changed: the next call goes on where this one stopped, so that the rows of all calls together
        do not depend on the length of ``out``.
    out : int64, shape (m, 12)
        m is at least `longest_event` of the levels.

    Returns
    -------
    int
        Rows written, in the order of ``ts_init``: BOOK_DELTA, QUOTE (where the top of a book has changed) and TRADE.
        No more will come once ``a[DONE]`` is 1.
    """
    room = out.shape[0] - (MAX_PRINTS + 5) * a[LEVELS] - 8
    a[ROWS] = 0
    while a[ROWS] <= room and a[OPENED] < a.shape[0]:
        a[INIT] = a[NOW] + FEED_DELAY
        open_book(a, a[OPENED], out)
        a[OPENED] += a[DESK_WORDS]
    while a[ROWS] <= room and a[DONE] == 0:
        step(a, out)
    return a[ROWS]
