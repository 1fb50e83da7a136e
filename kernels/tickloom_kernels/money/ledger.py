"""A ledger as one flat int64 array: cash, locks and positions of accounts, changed by kernels, to the unit.

The venue's truth and the known ledger are such arrays, so one kernel call can carry a command through both.
``tickloom.ledger.Ledger`` is the face for Python; it also names accounts and assets, which are indices here.

In this order lie: the head; a venue per account; the terms, a block per instrument; the positions, a block per
account and instrument; the assets, a block each. Assets come last, so that another one is zeros at the end.

Amounts are smallest units of their asset, prices ticks, quantities lots.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tickloom_kernels.money.exact import TOO_LARGE, mul_div_against_us, mul_div_half_even, plus, times

# Head.
ACCOUNTS = 0
INSTRUMENTS = 1
ASSETS = 2
TERMS_AT = 3
POSITIONS_AT = 4
ASSETS_AT = 5
#: Words in the block of an asset, which depend on the number of accounts.
ASSET_WORDS = 6
#: The venue (index) of each account begins here; `ANY_VENUE`: its holdings are valued at the prices of every venue.
VENUES_AT = 8

# Terms of an instrument.
CONTRACT = 0
#: Value is ``price * quantity * num / den``; of inverse contracts ``quantity * num / (price * den)``.
VALUE_NUM = 1
VALUE_DEN = 2
#: The fee of a fill is the same with these: the rate times the value ratio.
MAKER_NUM = 3
MAKER_DEN = 4
TAKER_NUM = 5
TAKER_DEN = 6
#: The highest rate that a fill may pay, 0 where both are rebates: a part of the value.
RATE_NUM = 7
RATE_DEN = 8
#: What smallest units of a spot instrument's base asset are worth: ``price * units * num / den``.
WORTH_NUM = 9
WORTH_DEN = 10
#: Smallest units of base in one lot of a spot instrument, 0 for contracts.
LOT_UNITS = 11
BASE = 12
QUOTE = 13
SETTLE = 14
#: Smallest order: lots, and value.
MIN_LOTS = 15
MIN_VALUE = 16
VENUE = 17
TERMS_WORDS = 18

# Contracts.
SPOT = 0
LINEAR = 1
INVERSE = 2

# A block per account and instrument: the fields of `tickloom.money.positions.Position`.
QUANTITY = 0
COST = 1
REALISED = 2
FUNDING = 3
TURNOVER = 4
POSITION_WORDS = 5

# A block per asset: what the rest of the world has of it, then a block per account.
MARKET = 0
FEES = 1
EXTERNAL = 2
OTHERS = 3

# What an account has of an asset.
CASH = 0
DEPOSITED = 1
FEES_PAID = 2
LOCKED = 3
#: 1 once there was a booking.
BOOKED = 4
HOLDING_WORDS = 5

ANY_VENUE = -1
#: A fee that is paid in the instrument's settlement asset.
IN_SETTLEMENT: Any = np.int64(-1)

# numpy's ints: numba compiles a function once more for every literal that it is called with.
_ZERO: Any = np.int64(0)
_ONE: Any = np.int64(1)
_VALUE: Any = np.int64(VALUE_NUM)
_WORTH: Any = np.int64(WORTH_NUM)


def new_ledger(terms: NDArray[np.int64], venues: NDArray[np.int64], assets: int) -> NDArray[np.int64]:
    """Return empty books.

    Parameters
    ----------
    terms : ndarray of int64, shape (instruments, TERMS_WORDS)
    venues : ndarray of int64, shape (accounts,)
        Index of the venue of each account, or `ANY_VENUE`.
    assets : int
        Number of assets that the terms speak of.
    """
    accounts, instruments = len(venues), len(terms)
    terms_at = VENUES_AT + accounts
    positions_at = terms_at + instruments * TERMS_WORDS
    assets_at = positions_at + accounts * instruments * POSITION_WORDS
    asset_words = OTHERS + accounts * HOLDING_WORDS
    g = np.zeros(assets_at + assets * asset_words, np.int64)
    g[:VENUES_AT] = (accounts, instruments, assets, terms_at, positions_at, assets_at, asset_words, 0)
    g[VENUES_AT:terms_at] = venues
    g[terms_at:positions_at] = terms.ravel()
    return g


def with_another_asset(g: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return a copy of the books that has room for one more asset."""
    longer = np.concatenate((g, np.zeros(g[ASSET_WORDS], np.int64)))
    longer[ASSETS] += 1
    return longer


@njit(cache=True, nogil=True)
def terms_at(g: NDArray[np.int64], instrument: int) -> int:
    """Offset of an instrument's terms."""
    return g[TERMS_AT] + instrument * TERMS_WORDS


@njit(cache=True, nogil=True)
def position_at(g: NDArray[np.int64], account: int, instrument: int) -> int:
    """Offset of a position."""
    return g[POSITIONS_AT] + (account * g[INSTRUMENTS] + instrument) * POSITION_WORDS


@njit(cache=True, nogil=True)
def asset_at(g: NDArray[np.int64], asset: int) -> int:
    """Offset of what the rest of the world has of an asset."""
    return g[ASSETS_AT] + asset * g[ASSET_WORDS]


@njit(cache=True, nogil=True)
def holding_at(g: NDArray[np.int64], account: int, asset: int) -> int:
    """Offset of what an account has of an asset."""
    return asset_at(g, asset) + OTHERS + account * HOLDING_WORDS


@njit(cache=True, nogil=True)
def _factors(g: NDArray[np.int64], instrument: int, ratio: int, price: int, quantity: int) -> tuple[int, int, int]:
    """Find the (a, b, c) whose ``a * b / c`` is what a ratio of the terms makes of a price and a quantity.

    Two of the three factors must have a product that fits into an int64: they do wherever the value is one that an
    order may have (`tickloom.instruments.MAX_NOTIONAL`).
    """
    at = terms_at(g, instrument)
    numerator, denominator = g[at + ratio], g[at + ratio + 1]
    if g[at + CONTRACT] == INVERSE:
        return quantity, numerator, times(price, denominator)
    product = times(price, quantity)
    if product != TOO_LARGE:
        return product, numerator, denominator
    product = times(quantity, numerator)
    if product != TOO_LARGE:
        return product, price, denominator
    return times(price, numerator), quantity, denominator


@njit(cache=True, nogil=True)
def value(g: NDArray[np.int64], instrument: int, price: int, quantity: int) -> int:
    """Return what a quantity is worth at a price, as `tickloom.instruments.Instrument.value` does.

    Parameters
    ----------
    g : int64
        The books.
    instrument : int
        Index.
    price : int
        Price (ticks), above 0.
    quantity : int
        Quantity (lots), 0 or above.

    Returns
    -------
    int
        Smallest units of the settlement asset, rounded once, half to even, or `TOO_LARGE`.
    """
    a, b, c = _factors(g, instrument, _VALUE, price, quantity)
    return mul_div_half_even(a, b, c)


@njit(cache=True, nogil=True)
def fee(g: NDArray[np.int64], instrument: int, price: int, quantity: int, maker: int) -> int:
    """Return the fee of a fill, as `tickloom.instruments.Instrument.fee` does.

    Parameters
    ----------
    g : int64
        The books.
    instrument : int
        Index.
    price, quantity : int
        Of the fill (ticks, lots).
    maker : int
        1 where the order rested in the book, 0 where it took.

    Returns
    -------
    int
        Smallest units of the settlement asset, rounded up; negative: a rebate; or `TOO_LARGE`.
    """
    a, b, c = _factors(g, instrument, MAKER_NUM if maker == 1 else TAKER_NUM, price, quantity)
    return mul_div_against_us(a, b, c)


@njit(cache=True, nogil=True)
def highest_fee(g: NDArray[np.int64], instrument: int, amount: int) -> int:
    """Most that fills of a value may pay in fees, in however many pieces: its part, and a unit for the rounding."""
    at = terms_at(g, instrument)
    if g[at + RATE_NUM] == 0:
        return _ZERO
    return plus(_ONE, -mul_div_against_us(-amount, g[at + RATE_NUM], g[at + RATE_DEN]))


@njit(cache=True, nogil=True)
def fill(
    g: NDArray[np.int64],
    account: int,
    instrument: int,
    side: int,
    price: int,
    quantity: int,
    fee: int,
    fee_asset: int,
) -> int:
    """Book an execution and its fee: from the market to the account, and from the account to the fees.

    A fill on the other side closes first, at a cost in proportion to the quantity closed, rounded once, half to even:
    the last lot releases all that is left, so a flat position has no cost. What remains of the fill opens; a
    flip is split so that its two parts add up to its whole. Spot moves base and quote; a contract moves cash only by
    what it realised.

    Parameters
    ----------
    g : int64
        The books.
    account, instrument : int
        Indices.
    side : int
        +1 bought, -1 sold.
    price, quantity : int
        Of the fill (ticks, lots), above 0.
    fee : int
        Smallest units; negative: a rebate.
    fee_asset : int
        Index of its asset, or `IN_SETTLEMENT`.

    Returns
    -------
    int
        1, or 0 where a number would leave int64: then nothing has changed.
    """
    terms = terms_at(g, instrument)
    held = position_at(g, account, instrument)
    lots, cost = g[held + QUANTITY], g[held + COST]
    worth = value(g, instrument, price, quantity)
    opened, released, profit = side * worth, _ZERO, _ZERO
    if lots * side < 0:
        closed = min(quantity, abs(lots))
        part = worth if closed == quantity else value(g, instrument, price, closed)
        released = mul_div_half_even(cost, closed, abs(lots))
        opened = side * plus(worth, -part)
        profit = plus(-side * part, -released)
        if g[terms + CONTRACT] == INVERSE:
            profit = -profit
    is_spot = g[terms + CONTRACT] == SPOT
    paid = -side * worth if is_spot else profit
    units = times(side * quantity, g[terms + LOT_UNITS])
    asset = g[terms + SETTLE] if fee_asset == IN_SETTLEMENT else fee_asset
    base, settle, other = asset_at(g, g[terms + BASE]), asset_at(g, g[terms + SETTLE]), asset_at(g, asset)
    mine = OTHERS + account * HOLDING_WORDS
    moves = (
        (held + QUANTITY, side * quantity),
        (held + COST, plus(opened, -released)),
        (held + REALISED, profit),
        (held + TURNOVER, worth),
        (settle + mine + CASH, paid),
        (settle + MARKET, -paid),
        (base + mine + CASH, units),
        (base + MARKET, -units),
        (other + mine + CASH, -fee),
        (other + mine + FEES_PAID, fee),
        (other + FEES, fee),
    )
    fits = True
    for at, change in moves:
        fits = fits and plus(g[at], change) != TOO_LARGE
        g[at] += change
    if not fits:
        # Sums that wrapped come back in full.
        for at, change in moves:
            g[at] -= change
        return 0
    if is_spot or profit != 0:
        g[settle + mine + BOOKED] = 1
    if is_spot:
        g[base + mine + BOOKED] = 1
    if fee != 0:
        g[other + mine + BOOKED] = 1
    return 1


@njit(cache=True, nogil=True)
def lock(g: NDArray[np.int64], account: int, asset: int, change: int) -> int:
    """Set more cash aside for working orders, or give some back (a negative change), in smallest units.

    Returns
    -------
    int
        1, or 0 where less than nothing would be locked, or more than an int64 holds: then nothing has changed.
    """
    at = holding_at(g, account, asset) + LOCKED
    # TOO_LARGE is negative.
    locked = plus(g[at], change)
    if locked < 0:
        return 0
    g[at] = locked
    return 1


@njit(cache=True, nogil=True)
def free(g: NDArray[np.int64], account: int, asset: int) -> int:
    """Cash that no working order holds (smallest units), or `TOO_LARGE`."""
    at = holding_at(g, account, asset)
    return plus(g[at + CASH], -g[at + LOCKED])


@njit(cache=True, nogil=True)
def unrealised(g: NDArray[np.int64], account: int, instrument: int, price: int) -> int:
    """Profit that closing a position at a price (ticks) would realise, before fees.

    Returns
    -------
    int
        Smallest units of the settlement asset, or `TOO_LARGE`.
    """
    held = position_at(g, account, instrument)
    lots = g[held + QUANTITY]
    if lots == 0:
        return _ZERO
    worth = value(g, instrument, price, abs(lots))
    gain = plus(worth if lots > 0 else -worth, -g[held + COST])
    return -gain if g[terms_at(g, instrument) + CONTRACT] == INVERSE else gain


@njit(cache=True, nogil=True)
def _values_holdings(
    g: NDArray[np.int64], account: int, instrument: int, asset: int, prices: NDArray[np.int64]
) -> bool:
    """Whether an account's holdings of a base asset could be valued in an asset by a spot instrument."""
    at = terms_at(g, instrument)
    venue = g[VENUES_AT + account]
    return (
        g[at + CONTRACT] == SPOT
        and g[at + SETTLE] == asset
        and prices[instrument] > 0
        and (venue == ANY_VENUE or venue == g[at + VENUE])
    )


@njit(cache=True, nogil=True)
def equity(g: NDArray[np.int64], account: int, asset: int, prices: NDArray[np.int64]) -> int:
    """Value an account in one asset; see `tickloom.ledger.Ledger.equity`.

    Parameters
    ----------
    g : int64
        The books.
    account, asset : int
        Indices.
    prices : int64, one per instrument
        Price (ticks); 0: none, which counts nothing.

    Returns
    -------
    int
        Smallest units of the asset, or `TOO_LARGE`.
    """
    total = g[holding_at(g, account, asset) + CASH]
    for i in range(g[INSTRUMENTS]):
        at = terms_at(g, i)
        if g[at + SETTLE] != asset or prices[i] <= 0:
            continue
        if g[at + CONTRACT] != SPOT:
            total = plus(total, unrealised(g, account, i, prices[i]))
            continue
        units = g[holding_at(g, account, g[at + BASE]) + CASH]
        if units == 0 or not _values_holdings(g, account, i, asset, prices):
            continue
        # Each base asset counts once, by the first instrument that prices it.
        first = _ZERO
        while g[terms_at(g, first) + BASE] != g[at + BASE] or not _values_holdings(g, account, first, asset, prices):
            first += 1
        if first == i:
            a, b, c = _factors(g, i, _WORTH, prices[i], units)
            total = plus(total, mul_div_half_even(a, b, c))
    return total
