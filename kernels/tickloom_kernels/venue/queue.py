"""Queue position of resting orders, risk-averse: only trades move us forward, cancellations count as behind us.

The quantity ahead shrinks by what trades at our level and is never more than what the level shows
(hftbacktest's ``RiskAdverseQueueModel`` takes the same view).
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tickloom_kernels.market import book as b
from tickloom_kernels.venue import outcomes as o
from tickloom_kernels.venue import state as v


@njit(cache=True, nogil=True)
def ahead_of(a: NDArray[np.int64], instrument: int, side: int, price: int) -> int:
    """Quantity (lots) that a level shows, which is ahead of who arrives now; -1 where the level is out of sight.

    Out of sight is what lies behind the worst level that has been told, or behind the quoted best.
    """
    own = v.sides(a, instrument) + (0 if side > 0 else b.SIDE_WORDS)
    worst = b.worst(a, own)
    if worst == 0:
        return a[v.instrument_at(instrument) + v.HAS_BOOK] - 1
    if (price - a[worst]) * side < 0:
        return -1
    return b.quantity_at(a, own, side, price)


@njit(cache=True, nogil=True)
def hold(a: NDArray[np.int64], slot: int, shown: int) -> None:
    """Let no more be ahead of an order than its level shows (lots)."""
    if a[slot + v.AHEAD] < 0 or a[slot + v.AHEAD] > shown:
        a[slot + v.AHEAD] = shown


@njit(cache=True, nogil=True)
def level_shown(a: NDArray[np.int64], instrument: int, side: int, price: int, quantity: int, is_best: int) -> None:
    """Take note of what a level now shows (lots): nobody can be ahead of us with more than that.

    Where it ``is_best``, all better levels show nothing.
    """
    for j in range(a[v.HIGH]):
        slot = a[v.ORDERS_AT] + j * v.ORDER_WORDS
        if a[slot + v.LIVE] == 0 or a[slot + v.INSTRUMENT] != instrument or a[slot + v.SIDE] != side:
            continue
        better = (a[slot + v.PRICE] - price) * side
        if better == 0:
            hold(a, slot, quantity)
        elif better > 0 and is_best == 1:
            hold(a, slot, v.NOTHING)


@njit(cache=True, nogil=True)
def book_told(a: NDArray[np.int64], instrument: int) -> None:
    """Hold every order against the book that has been told anew: what it leaves out is no longer there."""
    for j in range(a[v.HIGH]):
        slot = a[v.ORDERS_AT] + j * v.ORDER_WORDS
        if a[slot + v.LIVE] == 1 and a[slot + v.INSTRUMENT] == instrument:
            shown = ahead_of(a, instrument, a[slot + v.SIDE], a[slot + v.PRICE])
            if shown >= 0:
                hold(a, slot, shown)


@njit(cache=True, nogil=True)
def fill(a: NDArray[np.int64], slot: int, quantity: int) -> None:
    """Fill a resting order at its own price, as maker."""
    a[slot + v.LEAVES] -= quantity
    v.report(a, o.FILL, slot, quantity, o.NO_REASON)
    if a[slot + v.LEAVES] == 0:
        v.release(a, slot)


@njit(cache=True, nogil=True)
def trade_through(a: NDArray[np.int64], instrument: int, side: int, price: int, quantity: int, initial: int) -> int:
    """Share one print of ``quantity`` lots at ``price`` among our resting orders of one side.

    Better prices come first, then earlier arrivals; at the print's own price the queue ahead goes first, and who is
    ahead of an order of ours is ahead of our later ones too. All our fills together are never more than the print.

    Returns
    -------
    int
        What we left of the print (lots).
    """
    left = quantity
    at = side * (1 << 62)
    arrival = v.BEFORE_ALL
    most = 0
    while True:
        slot = v.next_in_line(a, instrument, side, at, arrival)
        if slot == 0 or (a[slot + v.PRICE] - price) * side < 0:
            break
        at = a[slot + v.PRICE]
        arrival = a[slot + v.ARRIVAL]
        # Whoever trades beyond our price has gone through everybody who was ahead of us, used up by us or not.
        ahead = 0
        if at == price:
            most = max(most, a[slot + v.AHEAD] if a[slot + v.AHEAD] >= 0 else initial)
            ahead = most
        a[slot + v.AHEAD] = max(0, ahead - left)
        take = min(left - ahead, a[slot + v.LEAVES])
        if take > 0:
            left -= take
            fill(a, slot, take)
    v.set_bounds(a, instrument)
    return left
