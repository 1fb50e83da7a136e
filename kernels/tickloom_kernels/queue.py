"""Queue position of resting orders, risk-averse: only trades move us forward, cancellations count as behind us.

The quantity ahead shrinks by what trades at our level and is never more than what the level shows
(hftbacktest's ``RiskAdverseQueueModel`` takes the same view).
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tickloom_kernels import outcomes as o
from tickloom_kernels import venue_state as v


@njit(cache=True, nogil=True)
def level_shown(a: NDArray[np.int64], instrument: int, side: int, price: int, quantity: int) -> None:
    """Take note of what a level now shows (lots): nobody can be ahead of us with more than that."""
    for j in range(a[v.HIGH]):
        slot = a[v.ORDERS_AT] + j * v.ORDER_WORDS
        if (
            a[slot + v.LIVE] == 1
            and a[slot + v.INSTRUMENT] == instrument
            and a[slot + v.SIDE] == side
            and a[slot + v.PRICE] == price
            and (a[slot + v.AHEAD] < 0 or a[slot + v.AHEAD] > quantity)
        ):
            a[slot + v.AHEAD] = quantity


@njit(cache=True, nogil=True)
def fill(a: NDArray[np.int64], slot: int, quantity: int) -> None:
    """Fill a resting order at its own price, as maker."""
    a[slot + v.LEAVES] -= quantity
    v.report(a, o.FILL, slot, a[slot + v.PRICE], quantity, 1, o.NO_REASON)
    if a[slot + v.LEAVES] == 0:
        v.release(a, slot)


@njit(cache=True, nogil=True)
def trade_through(a: NDArray[np.int64], instrument: int, side: int, price: int, quantity: int, initial: int) -> None:
    """Share one print of ``quantity`` lots at ``price`` among our resting orders of one side.

    Better prices come first, then earlier arrivals; at the print's own price the queue ahead goes first. All our
    fills together are never more than the print.
    """
    left = quantity
    at = side * (1 << 62)
    arrival = -1
    while left > 0:
        slot = v.next_in_line(a, instrument, side, at, arrival)
        if slot == 0 or (a[slot + v.PRICE] - price) * side < 0:
            break
        at = a[slot + v.PRICE]
        arrival = a[slot + v.ARRIVAL]
        reach = left
        if at == price:
            ahead = a[slot + v.AHEAD] if a[slot + v.AHEAD] >= 0 else initial
            reach = max(0, left - ahead)
            a[slot + v.AHEAD] = max(0, ahead - left)
        take = min(reach, a[slot + v.LEAVES])
        if take > 0:
            left -= take
            fill(a, slot, take)
    v.set_bounds(a, instrument)
