"""What an account can afford at a simulated venue, by the venue's own books: locks for spot, margin for contracts.

A resting spot order locks what it may cost: quote and the highest fee for a buy, base for a sale. Contracts need
``value / leverage`` of equity in their settlement asset for the largest position that the account's resting orders
could lead to; an order that makes no larger position possible always passes.

Kernels here take the venue's state ``a`` (`tickloom_kernels.venue.state`), its ledger ``g``
(`tickloom_kernels.money.ledger`), the ``funds`` that `new_funds` makes, and an order as a row of the order table.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tickloom_kernels.money import ledger as lg
from tickloom_kernels.money.exact import TOO_LARGE, mul_div_against_us, plus, times
from tickloom_kernels.orders import table as t
from tickloom_kernels.venue import arrival
from tickloom_kernels.venue import outcomes as o
from tickloom_kernels.venue import state as v

#: Value of contracts per value of equity.
LEVERAGE = 0
#: From here on per account and instrument: lots that rest to buy, lots that rest to sell (contracts only).
WORKING_AT = 1

_ONE = np.int64(1)
_DRY = np.bool_(True)
_NO_LIMIT = np.int64(1 << 61)


def new_funds(accounts: int, instruments: int, leverage: int) -> NDArray[np.int64]:
    """Return the funds of a venue where nothing rests yet."""
    funds = np.zeros(WORKING_AT + 2 * accounts * instruments, np.int64)
    funds[LEVERAGE] = leverage
    return funds


@njit(cache=True, nogil=True)
def refusal(
    a: NDArray[np.int64], g: NDArray[np.int64], funds: NDArray[np.int64], table: NDArray[np.int64], row: int
) -> int:
    """Return why a new order must not enter, or `NO_REASON`."""
    instrument, side, quantity = table[row, t.INSTRUMENT], table[row, t.SIDE], table[row, t.QUANTITY]
    limit = table[row, t.PRICE]
    price = limit if limit > 0 else arrival.touch(a, instrument, side)
    if price == 0:
        return o.NO_REASON
    if _is_too_small(g, instrument, price, quantity):
        return o.BELOW_MINIMUM
    if g[lg.terms_at(g, instrument) + lg.CONTRACT] != lg.SPOT:
        return o.NO_REASON if _margin_suffices(a, g, funds, table, row, price, quantity) else o.NO_FUNDS
    cost = v.NOTHING
    if side > 0:
        # What it takes now, and its own price for the rest.
        bound = limit if table[row, t.ORDER_TYPE] != arrival.MARKET else _NO_LIMIT
        left, paid = arrival.take(a, instrument, side, bound, quantity, table[row, t.ORDER_ID], _DRY)
        cost = lg.value(g, instrument, paid, _ONE)
        if limit > 0:
            cost = plus(cost, lg.value(g, instrument, limit, left))
    return o.NO_REASON if _can_pay(g, table, row, cost, quantity) else o.NO_FUNDS


@njit(cache=True, nogil=True)
def objection(
    a: NDArray[np.int64],
    g: NDArray[np.int64],
    funds: NDArray[np.int64],
    table: NDArray[np.int64],
    row: int,
    slot: int,
    price: int,
    quantity: int,
) -> int:
    """Return why a resting order must not become what an amendment asks for, or `NO_REASON`.

    Parameters
    ----------
    a, g, funds, table : int64
        State of the venue, its ledger, its funds, the order table.
    row, slot : int
        The order's row in the table and its offset in the state, where it rests.
    price, quantity : int
        New price (ticks) and new total quantity (lots).
    """
    instrument = table[row, t.INSTRUMENT]
    resting = a[slot + v.LEAVES]
    leaves = quantity - (a[slot + v.QUANTITY] - resting)
    if leaves <= 0:
        return o.TOO_SMALL
    if _is_too_small(g, instrument, price, quantity):
        return o.BELOW_MINIMUM
    if g[lg.terms_at(g, instrument) + lg.CONTRACT] != lg.SPOT:
        suffices = _margin_suffices(a, g, funds, table, row, price, leaves - resting)
    else:
        suffices = _can_pay(g, table, row, lg.value(g, instrument, price, leaves), leaves)
    return o.NO_REASON if suffices else o.NO_FUNDS


@njit(cache=True, nogil=True)
def follow(
    g: NDArray[np.int64], funds: NDArray[np.int64], table: NDArray[np.int64], row: int, price: int, leaves: int
) -> int:
    """Keep what the rest of an order may need, in place of what was kept for it so far.

    Parameters
    ----------
    g, funds, table : int64
        The venue's ledger, its funds, the order table.
    row : int
        The order's row in the table; its ``VENUE_LEAVES`` and ``VENUE_LOCKED`` follow.
    price : int
        Price (ticks) at which it rests.
    leaves : int
        What rests of it (lots); 0 lets go of it.

    Returns
    -------
    int
        1, or 0 where that would leave int64: then nothing has changed. An order that `refusal` and `objection` let
        pass does not lead there.
    """
    account, instrument, side = table[row, t.ACCOUNT], table[row, t.INSTRUMENT], table[row, t.SIDE]
    at = lg.terms_at(g, instrument)
    if g[at + lg.CONTRACT] != lg.SPOT:
        funds[_working_at(g, account, instrument, side)] += leaves - table[row, t.VENUE_LEAVES]
    else:
        need = _need(g, instrument, side, lg.value(g, instrument, price, leaves), leaves)
        asset = g[at + (lg.QUOTE if side > 0 else lg.BASE)]
        if lg.lock(g, account, asset, plus(need, -table[row, t.VENUE_LOCKED])) == 0:
            return 0
        table[row, t.VENUE_LOCKED] = need
    table[row, t.VENUE_LEAVES] = leaves
    return 1


@njit(cache=True, nogil=True)
def _is_too_small(g: NDArray[np.int64], instrument: int, price: int, quantity: int) -> bool:
    at = lg.terms_at(g, instrument)
    worth = lg.value(g, instrument, price, quantity)
    return quantity < g[at + lg.MIN_LOTS] or (worth != TOO_LARGE and worth < g[at + lg.MIN_VALUE])


@njit(cache=True, nogil=True)
def _need(g: NDArray[np.int64], instrument: int, side: int, cost: int, quantity: int) -> int:
    """Smallest units that a spot order may use up: cost and fee in quote of a buy, base of a sale, or `TOO_LARGE`."""
    if side < 0:
        return times(quantity, g[lg.terms_at(g, instrument) + lg.LOT_UNITS])
    return plus(cost, lg.highest_fee(g, instrument, cost)) if quantity > 0 else cost


@njit(cache=True, nogil=True)
def _can_pay(g: NDArray[np.int64], table: NDArray[np.int64], row: int, cost: int, quantity: int) -> bool:
    """Whether an account has what a spot order may use up, with what is locked for the order already."""
    instrument, side = table[row, t.INSTRUMENT], table[row, t.SIDE]
    asset = g[lg.terms_at(g, instrument) + (lg.QUOTE if side > 0 else lg.BASE)]
    need = _need(g, instrument, side, cost, quantity)
    has = max(v.NOTHING, lg.free(g, table[row, t.ACCOUNT], asset)) + table[row, t.VENUE_LOCKED]
    return need != TOO_LARGE and has >= need


@njit(cache=True, nogil=True)
def _working_at(g: NDArray[np.int64], account: int, instrument: int, side: int) -> int:
    """Offset of the lots that rest for an account on one side of an instrument."""
    return WORKING_AT + 2 * (account * g[lg.INSTRUMENTS] + instrument) + (0 if side > 0 else 1)


@njit(cache=True, nogil=True)
def _worst(g: NDArray[np.int64], funds: NDArray[np.int64], account: int, instrument: int, buys: int, sells: int) -> int:
    """Largest position (lots, unsigned) that resting orders and so many lots more could lead to, or `TOO_LARGE`."""
    held = g[lg.position_at(g, account, instrument) + lg.QUANTITY]
    at = _working_at(g, account, instrument, v.BUY)
    up = plus(held, plus(funds[at], buys))
    down = plus(-held, plus(funds[at + 1], sells))
    return TOO_LARGE if min(up, down) == TOO_LARGE else max(abs(held), up, down)


@njit(cache=True, nogil=True)
def _price(a: NDArray[np.int64], instrument: int) -> int:
    """Price (ticks) that a position is valued at: the last trade, or where one would begin to take, or 0."""
    last = a[v.instrument_at(instrument) + v.LAST]
    if last == 0:
        last = arrival.touch(a, instrument, v.BUY)
    return last if last != 0 else arrival.touch(a, instrument, v.SELL)


@njit(cache=True, nogil=True)
def _margin_suffices(
    a: NDArray[np.int64],
    g: NDArray[np.int64],
    funds: NDArray[np.int64],
    table: NDArray[np.int64],
    row: int,
    price: int,
    more: int,
) -> bool:
    """Whether an account's equity carries the largest positions that its orders could lead to, with ``more`` lots."""
    account, instrument, side = table[row, t.ACCOUNT], table[row, t.INSTRUMENT], table[row, t.SIDE]
    after = _worst(g, funds, account, instrument, more if side > 0 else v.NOTHING, more if side < 0 else v.NOTHING)
    if after != TOO_LARGE and after <= _worst(g, funds, account, instrument, v.NOTHING, v.NOTHING):
        return True
    settle = g[lg.terms_at(g, instrument) + lg.SETTLE]
    prices = np.zeros(g[lg.INSTRUMENTS], np.int64)
    need = lg.value(g, instrument, price, after) if after != TOO_LARGE else TOO_LARGE
    for i in range(g[lg.INSTRUMENTS]):
        at = lg.terms_at(g, i)
        if g[at + lg.CONTRACT] == lg.SPOT or g[at + lg.SETTLE] != settle:
            continue
        # What belongs to another venue has no price here.
        prices[i] = _price(a, i)
        if i == instrument:
            prices[i] = prices[i] if prices[i] > 0 else price
        elif prices[i] > 0:
            need = plus(need, lg.value(g, i, prices[i], _worst(g, funds, account, i, v.NOTHING, v.NOTHING)))
    equity = lg.equity(g, account, settle, prices)
    # need <= leverage * equity, without the product
    needed = mul_div_against_us(need, _ONE, funds[LEVERAGE])
    return min(needed, equity) != TOO_LARGE and needed <= equity
