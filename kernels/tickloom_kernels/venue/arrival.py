"""Commands meet the simulated venue: take what is there, rest, cancel, amend."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tickloom_kernels.intrinsics import inlined
from tickloom_kernels.market import book as b
from tickloom_kernels.venue import outcomes as o
from tickloom_kernels.venue import queue
from tickloom_kernels.venue import state as v

MARKET = 1
IOC = 3

# numpy's: numba compiles a function once more for every literal that it is called with.
_TAKER = np.int64(0)
_FOR_REAL = np.bool_(False)


@inlined
def touch(a: NDArray[np.int64], instrument: int, side: int) -> int:
    """Price (ticks) at which an order of ``side`` would begin to take, or 0 where nothing is known to take.

    Where nobody has told a book it is the last price and the configured half spread.
    """
    at = v.instrument_at(instrument)
    opposite = v.sides(a, instrument) + (b.SIDE_WORDS if side > 0 else 0)
    level = b.best(a, opposite)
    while level != 0:
        if a[level + 1] > a[level + 2]:
            return a[level]
        level = b.worse(a, opposite, level)
    if bookless(a, instrument) and a[at + v.LAST] > 0:
        # Rounded up to whole ticks, against the taker.
        half = (a[at + v.LAST] * a[at + v.HALF_SPREAD_PPM] + 999_999) // 1_000_000
        return max(1, a[at + v.LAST] + side * half)
    return 0


@inlined
def bookless(a: NDArray[np.int64], instrument: int) -> bool:
    """Whether neither levels nor quotes have been told, so that a taker goes by the last price."""
    bids = v.sides(a, instrument)
    at = v.instrument_at(instrument)
    return a[at + v.HAS_BOOK] == 0 and b.best(a, bids) == 0 and b.best(a, bids + b.SIDE_WORDS) == 0


@njit(cache=True, nogil=True)
def take(
    a: NDArray[np.int64], instrument: int, side: int, limit: int, quantity: int, order_id: int, dry: bool
) -> tuple[int, int]:
    """Walk the other side of the book within a price limit.

    Returns
    -------
    tuple of int
        What is left (lots), and the sum of price * quantity over what was taken (ticks * lots). A ``dry`` walk
        takes nothing and tells nobody.
    """
    left = quantity
    paid = 0
    if bookless(a, instrument):
        price = touch(a, instrument, side)
        if price > 0 and (limit - price) * side >= 0:
            paid = price * quantity
            left = 0
            if not dry:
                a[v.instrument_at(instrument) + v.NO_BOOK] = 1
                v.tell(a, o.FILL, order_id, price, quantity, v.NOTHING, _TAKER, o.NO_REASON, instrument)
        return left, paid
    opposite = v.sides(a, instrument) + (b.SIDE_WORDS if side > 0 else 0)
    level = b.best(a, opposite)
    while level != 0 and left > 0 and (limit - a[level]) * side >= 0:
        part = min(left, a[level + 1] - a[level + 2])
        if part > 0:
            left -= part
            paid += part * a[level]
            if not dry:
                a[level + 2] += part
                v.tell(a, o.FILL, order_id, a[level], part, left, _TAKER, o.NO_REASON, instrument)
        level = b.worse(a, opposite, level)
    return left, paid


@inlined
def submit(
    a: NDArray[np.int64],
    instrument: int,
    side: int,
    order_type: int,
    time_in_force: int,
    post_only: int,
    price: int,
    quantity: int,
    order_id: int,
) -> None:
    """Meet a new order: accept it, take what it may, let the rest rest or expire."""
    a[v.OUTCOMES] = 0
    a[a[v.UNDO_AT]] = 0
    at = v.instrument_at(instrument)
    bids = v.sides(a, instrument)
    ask = touch(a, instrument, side)
    takes = order_type == MARKET or (ask > 0 and (price - ask) * side >= 0)
    rests = order_type != MARKET and time_in_force != IOC
    reason = o.NO_REASON
    if a[at + v.IS_HALTED] == 1:
        reason = o.HALTED
    elif a[at + v.LAST] == 0 and b.best(a, bids) == 0 and b.best(a, bids + b.SIDE_WORDS) == 0:
        reason = o.NO_MARKET
    elif post_only and takes:
        reason = o.WOULD_TAKE
    elif rests and a[v.HIGH] == v.CAPACITY and v.free_slot(a) == 0:
        reason = o.VENUE_FULL
    if reason != o.NO_REASON:
        v.refuse(a, o.REJECTED, order_id, price, reason, instrument)
        return
    v.tell(a, o.ACCEPTED, order_id, price, v.NOTHING, quantity, _TAKER, o.NO_REASON, instrument)
    left = quantity
    if takes:
        limit = price if order_type != MARKET else side * (1 << 61)
        left = take(a, instrument, side, limit, quantity, order_id, _FOR_REAL)[0]
    if left > 0 and rests:
        rest(a, instrument, side, price, left, quantity, order_id, post_only)
    elif left > 0:
        reason = o.NO_LIQUIDITY if order_type == MARKET else o.NOT_IMMEDIATE
        v.tell(a, o.EXPIRED, order_id, price, v.NOTHING, left, _TAKER, reason, instrument)


@inlined
def rest(
    a: NDArray[np.int64],
    instrument: int,
    side: int,
    price: int,
    leaves: int,
    quantity: int,
    order_id: int,
    post_only: int,
) -> None:
    """Let an order rest at the back of its level."""
    ahead = queue.ahead_of(a, instrument, side, price)
    if ahead >= 0:
        # The level may have come into sight without being told, and our own orders there are held against it too.
        queue.level_shown(a, instrument, side, price, ahead, v.NOTHING)
    slot = v.free_slot(a)
    a[slot + v.LIVE] = 1
    a[slot + v.INSTRUMENT] = instrument
    a[slot + v.SIDE] = side
    a[slot + v.PRICE] = price
    a[slot + v.LEAVES] = leaves
    a[slot + v.QUANTITY] = quantity
    a[slot + v.AHEAD] = ahead
    a[slot + v.ORDER_ID] = order_id
    a[slot + v.POST_ONLY] = post_only
    a[v.ARRIVALS] += 1
    a[slot + v.ARRIVAL] = a[v.ARRIVALS]
    v.set_bounds(a, instrument)


@inlined
def cancel(a: NDArray[np.int64], instrument: int, order_id: int) -> None:
    """Meet a cancellation."""
    a[v.OUTCOMES] = 0
    slot = v.slot_of(a, order_id)
    if slot == 0:
        v.refuse(a, o.CANCEL_REJECTED, order_id, v.NOTHING, o.UNKNOWN_ORDER, instrument)
        return
    v.report(a, o.CANCELED, slot, v.NOTHING, o.NO_REASON)
    v.release(a, slot)
    v.set_bounds(a, instrument)


@njit(cache=True, nogil=True)
def amend(a: NDArray[np.int64], instrument: int, order_id: int, price: int, quantity: int) -> None:
    """Meet an amendment: less at the same price keeps its place, anything else goes to the back, and may take."""
    a[v.OUTCOMES] = 0
    a[a[v.UNDO_AT]] = 0
    slot = v.slot_of(a, order_id)
    if slot == 0:
        v.refuse(a, o.AMEND_REJECTED, order_id, price, o.UNKNOWN_ORDER, instrument)
        return
    side = a[slot + v.SIDE]
    leaves = quantity - (a[slot + v.QUANTITY] - a[slot + v.LEAVES])
    stays = price == a[slot + v.PRICE] and leaves <= a[slot + v.LEAVES]
    ask = touch(a, instrument, side)
    takes = ask > 0 and (price - ask) * side >= 0
    reason = o.NO_REASON
    if a[v.instrument_at(instrument) + v.IS_HALTED] == 1:
        reason = o.HALTED
    elif leaves <= 0:
        reason = o.TOO_SMALL
    elif takes and a[slot + v.POST_ONLY] == 1 and not stays:
        reason = o.WOULD_TAKE
    if reason != o.NO_REASON:
        v.report(a, o.AMEND_REJECTED, slot, v.NOTHING, reason)
        return
    if stays:
        a[slot + v.LEAVES] = leaves
        a[slot + v.QUANTITY] = quantity
        v.report(a, o.AMENDED, slot, v.NOTHING, o.NO_REASON)
        return
    post_only = a[slot + v.POST_ONLY]
    v.release(a, slot)
    v.set_bounds(a, instrument)
    v.tell(a, o.AMENDED, order_id, price, v.NOTHING, leaves, _TAKER, o.NO_REASON, instrument)
    left = take(a, instrument, side, price, leaves, order_id, _FOR_REAL)[0] if takes else leaves
    if left > 0:
        rest(a, instrument, side, price, left, quantity, order_id, post_only)
