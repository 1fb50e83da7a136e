"""The numbers of a risk gate: one order against the limits of its instrument and the state of its account.

Everything is int64 in flat arrays, so that compiled strategies can call the same kernel as the Python road.
Texts for people are made elsewhere, and only for a refusal.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tickloom_kernels import rows as r
from tickloom_kernels.market import newest as n
from tickloom_kernels.orders.table import POSITION, WORKING_BUYS, WORKING_SELLS

#: A limit that does not exist.
OFF = np.iinfo(np.int64).max

# Words of the limits of one instrument; `OFF` where there is none.
#: Largest order (lots).
MAX_QUANTITY = 0
#: Largest value of an order (smallest units of the settlement asset).
MAX_NOTIONAL = 1
#: Largest position, working orders of the same side included (lots, of either sign).
MAX_POSITION = 2
#: How far beyond the reference a price may be, in parts of 1e-6 of it.
COLLAR = 3
#: How old the newest market row may be (ns).
STALE_AFTER = 4
#: How far the account's equity may have fallen (smallest units of the asset it is counted in).
MAX_LOSS = 5
#: Length of the sliding window of the order rate (ns).
RATE_WINDOW = 6
#: Words of the limits of one instrument.
LIMIT_WORDS = 7

# Words of the state of one account.
#: Equity at the start (smallest units).
START_EQUITY = 0
#: The most that equity has been below that, seen at an order (smallest units, 0 or more).
WORST_LOSS = 1
#: Place of the oldest time in the ring.
_HEAD = 2
#: The times of the last commands that passed, a ring; as long as the number that one window may hold.
_TIMES = 3

# Reasons, in the order of the checks.
#: Nothing stands against the order.
PASS = 0
#: The order is larger than `MAX_QUANTITY`.
QUANTITY = 1
#: There is no price to value a market order by, or to hold a limit price against.
NO_PRICE = 2
#: The order is worth more than `MAX_NOTIONAL`.
NOTIONAL = 3
#: Position and working orders would exceed `MAX_POSITION`.
EXPOSURE = 4
#: The price is farther than `COLLAR` beyond the reference.
PRICE = 5
#: The newest market row is older than `STALE_AFTER`, or there is none.
STALE = 6
#: Equity has fallen by more than `MAX_LOSS`.
LOSS = 7
#: The window of the order rate is full.
RATE = 8

_PARTS = 1_000_000
_LONG_AGO = -(1 << 62)


def new_numbers(equity: int, rate_count: int) -> NDArray[np.int64]:
    """Make the state of an account before its first order.

    Parameters
    ----------
    equity : int
        Equity at the start (smallest units).
    rate_count : int
        How many commands one window may hold; 0 without a limit on their rate.

    Returns
    -------
    ndarray of int64, shape (3 + rate_count,)
    """
    numbers = np.full(_TIMES + rate_count, _LONG_AGO, np.int64)
    numbers[:_TIMES] = equity, 0, 0
    return numbers


def rate_count(numbers: NDArray[np.int64]) -> int:
    """How many commands one window of the rate may hold, by the state of an account; 0 where there is no limit."""
    return len(numbers) - _TIMES


@njit(cache=True, nogil=True)
def market(newest: NDArray[np.int64], instrument: int, side: int, now: int) -> tuple[int, int, int]:
    """Find what a command is held against in the market.

    Parameters
    ----------
    newest : int64, shape (instruments, 3, 12)
        The newest TRADE, QUOTE and BAR rows.
    side : int
        +1 buy, -1 sell.
    now : int
        Logical time of the command (UNIX time in nanoseconds, UTC).

    Returns
    -------
    tuple of int
        The mid (half ticks; twice the last price without a quote on both sides), the price that an order would meet
        (ticks), and the age of the newest row that had a price (ns). 0, 0 and -1 where there is none.
    """
    column = n.latest(newest, instrument)
    age = now - newest[instrument, column, r.TS_INIT] if column >= 0 else -1
    bid, ask = newest[instrument, 1, r.QUOTE_BID_PRICE], newest[instrument, 1, r.QUOTE_ASK_PRICE]
    if newest[instrument, 1, r.QUOTE_BID_QUANTITY] > 0 and newest[instrument, 1, r.QUOTE_ASK_QUANTITY] > 0:
        return bid + ask, ask if side > 0 else bid, age
    if column < 0:
        return 0, 0, age
    last = n.price_of(newest, instrument, column)
    return 2 * last, last, age


@njit(cache=True, nogil=True)
def collar_reach(reference: int, collar: int) -> int:
    """How far a price may be from a reference.

    Parameters
    ----------
    reference : int
        In half ticks, 0 or more.
    collar : int
        Parts of 1e-6.

    Returns
    -------
    int
        Half ticks: the whole part of ``reference * collar / 10**6``, split so that the product stays small.
    """
    return reference // _PARTS * collar + reference % _PARTS * collar // _PARTS


@njit(cache=True, nogil=True)
def worst_position(exposure: NDArray[np.int64], side: int, added: int) -> int:
    """Position if everything working on one side fills, and nothing on the other.

    Parameters
    ----------
    exposure : ndarray of int64, shape (3,)
        Position, working buys, working sells (lots), a row of `tickloom_kernels.orders.table`.
    side : int
        +1 buy, -1 sell.
    added : int
        What a new command adds to the working orders of that side (lots).

    Returns
    -------
    int
        Lots, above 0 in the direction of the side.
    """
    worst: int = exposure[POSITION] * side + added
    return worst + (exposure[WORKING_BUYS] if side > 0 else exposure[WORKING_SELLS])


@njit(cache=True, nogil=True)
def check(
    limits: NDArray[np.int64],
    numbers: NDArray[np.int64],
    exposure: NDArray[np.int64],
    now: int,
    side: int,
    price: int,
    quantity: int,
    added: int,
    notional: int,
    reference: int,
    age: int,
    equity: int,
) -> int:
    """Hold one command against all limits, in a fixed order, and name the first that it breaks.

    The order: size, notional, position, price collar, stale market data, loss, rate. The rate is last, so that only a
    command that passes uses it up.

    Parameters
    ----------
    limits : ndarray of int64, shape (LIMIT_WORDS,)
        Of the instrument.
    numbers : ndarray of int64
        State of the account, of `new_numbers`; the worst loss is kept, and a command that passes takes a place in the
        window of the rate.
    exposure : ndarray of int64, shape (3,)
        Position, working buys, working sells (lots) of the account in the instrument, without this command.
    now : int
        Logical time of the command (UNIX time in nanoseconds, UTC).
    side : int
        +1 buy, -1 sell.
    price : int
        Limit price (ticks); 0 for a market order.
    quantity : int
        Whole quantity of the order (lots).
    added : int
        What the command adds to the working orders of its side (lots): the quantity of a new order, the difference of
        an amended one.
    notional : int
        Value of the whole quantity (smallest units of the settlement asset).
    reference : int
        The market's price in half ticks (bid + ask, or twice the last price); 0 where there is none.
    age : int
        Age of the newest market row (ns); -1 where there is none.
    equity : int
        Equity of the account now (smallest units), where `MAX_LOSS` is on.

    Returns
    -------
    int
        `PASS` or a reason. What only takes away from the position is never `EXPOSURE` or `LOSS`.
    """
    if quantity > limits[MAX_QUANTITY]:
        return QUANTITY
    if limits[MAX_NOTIONAL] != OFF:
        if price == 0 and reference == 0:
            return NO_PRICE
        if notional > limits[MAX_NOTIONAL]:
            return NOTIONAL
    worst = worst_position(exposure, side, added)
    if added > 0 and worst > limits[MAX_POSITION]:
        return EXPOSURE
    if limits[COLLAR] != OFF and price != 0:
        if reference == 0:
            return NO_PRICE
        if (2 * price - reference) * side > collar_reach(reference, limits[COLLAR]):
            return PRICE
    if limits[STALE_AFTER] != OFF and (age < 0 or age > limits[STALE_AFTER]):
        return STALE
    if limits[MAX_LOSS] != OFF:
        numbers[WORST_LOSS] = max(numbers[WORST_LOSS], numbers[START_EQUITY] - equity)
        if worst > 0 and numbers[WORST_LOSS] > limits[MAX_LOSS]:
            return LOSS
    return _count(numbers, now, limits[RATE_WINDOW])


@njit(cache=True, nogil=True)
def _count(numbers: NDArray[np.int64], now: int, window: int) -> int:
    """Give a command its place among those of the last ``window`` ns, or say that they are too many."""
    length = len(numbers) - _TIMES
    if length == 0:
        return PASS
    oldest = _TIMES + numbers[_HEAD]
    if now - numbers[oldest] < window:
        return RATE
    numbers[oldest] = now
    numbers[_HEAD] = (numbers[_HEAD] + 1) % length
    return PASS
