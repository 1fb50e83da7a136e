"""The simulated venue's state, one flat int64 array: where what lies, and how resting orders enter and leave it.

Head, a block per instrument, the resting orders: this prefix is small and is copied at every checkpoint. Behind it lie
the outcomes of the last call, the log that takes back changes of the books, and the books themselves.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tickloom_kernels.intrinsics import inlined
from tickloom_kernels.market.book import BOOK_WORDS, DEPTH, UNDO_ENTRY
from tickloom_kernels.venue import outcomes as o

# Head.
OUTCOMES = 1
#: Slots in use: no live order stands at or behind it.
HIGH = 2
ARRIVALS = 3
INSTRUMENTS = 4
ORDERS_AT = 5
OUTCOMES_AT = 6
UNDO_AT = 7
BOOKS_AT = 8
HEAD_WORDS = 16

# A block per instrument.
MINE = 0
HAS_BOOK = 1
HAS_TICKS = 2
LAST = 3
#: Highest resting buy and lowest resting sell (ticks): no row beyond them can touch an order of ours.
BUY_BOUND = 4
SELL_BOUND = 5
#: Half of the spread that a taker pays where there is no book (millionths of the price).
HALF_SPREAD_PPM = 6
#: Quantity (lots) assumed ahead of an order whose level nobody has shown.
INITIAL_QUEUE = 7
IS_HALTED = 8
#: A taker had to do without a book.
NO_BOOK = 9
#: The book has been emptied, and the update that tells it anew is not over.
IS_NEW_BOOK = 10
#: The one bar series that fills orders (index + 1; 0: none yet), and the length of its first bar (ns).
BAR_SERIES = 11
BAR_LENGTH = 12
INSTRUMENT_WORDS = 16

# A slot per resting order.
LIVE = 0
INSTRUMENT = 1
SIDE = 2
PRICE = 3
LEAVES = 4
#: Quantity (lots) that trades before us at our level; -1 until somebody shows the level.
AHEAD = 5
ORDER_ID = 6
ARRIVAL = 7
QUANTITY = 8
POST_ONLY = 9
ORDER_WORDS = 10

#: Resting orders that the venue holds at most.
CAPACITY = 1024
#: Outcomes of one call at most: a taker may fill at every level, a row may fill every resting order.
OUTCOME_CAPACITY = 8192
#: Changes of the books that one row can log at most: every level of both sides taken, each order ending inside one.
UNDO_RESERVE = 2 * DEPTH + CAPACITY + 8
#: A block ends when the log has room for fewer than `UNDO_RESERVE` further changes.
UNDO_CAPACITY = UNDO_RESERVE + 12_288

NO_BUY = -(1 << 62)
NO_SELL = 1 << 62

# numpy's ints: numba compiles a function once more for every literal int that it is called with.
BUY = np.int64(1)
SELL = np.int64(-1)
NOTHING = np.int64(0)
IS_BEST = np.int64(1)
#: Start of `next_in_line`: earlier than every arrival.
BEFORE_ALL = np.int64(-1)
_MAKER = np.int64(1)
_TAKER = np.int64(0)


def new_state(count: int) -> NDArray[np.int64]:
    """Return the state of a venue in a run of ``count`` instruments, none of which it has taken up yet."""
    orders_at = HEAD_WORDS + count * INSTRUMENT_WORDS
    outcomes_at = orders_at + CAPACITY * ORDER_WORDS
    undo_at = outcomes_at + OUTCOME_CAPACITY * o.WORDS
    books_at = undo_at + 1 + UNDO_CAPACITY * UNDO_ENTRY
    a = np.zeros(books_at + count * BOOK_WORDS, np.int64)
    a[INSTRUMENTS] = count
    a[ORDERS_AT] = orders_at
    a[OUTCOMES_AT] = outcomes_at
    a[UNDO_AT] = undo_at
    a[BOOKS_AT] = books_at
    for i in range(count):
        at = HEAD_WORDS + i * INSTRUMENT_WORDS
        a[at + BUY_BOUND] = NO_BUY
        a[at + SELL_BOUND] = NO_SELL
    return a


@njit(cache=True, nogil=True)
def instrument_at(instrument: int) -> int:
    """Offset of an instrument's block."""
    return HEAD_WORDS + instrument * INSTRUMENT_WORDS


@njit(cache=True, nogil=True)
def sides(a: NDArray[np.int64], instrument: int) -> int:
    """Offset of an instrument's bids; its asks lie ``SIDE_WORDS`` behind."""
    return a[BOOKS_AT] + instrument * BOOK_WORDS


@inlined
def report(a: NDArray[np.int64], code: int, slot: int, quantity: int, reason: int) -> None:
    """Add an outcome of a resting order, at its price; ``quantity`` (lots) is above 0 for a fill only."""
    order_id, price, leaves = a[slot + ORDER_ID], a[slot + PRICE], a[slot + LEAVES]
    tell(a, code, order_id, price, quantity, leaves, _MAKER, reason, a[slot + INSTRUMENT])


@njit(cache=True, nogil=True)
def refuse(a: NDArray[np.int64], code: int, order_id: int, price: int, reason: int, instrument: int) -> None:
    """Let a refusal be the only outcome."""
    a[OUTCOMES] = 0
    tell(a, code, order_id, price, NOTHING, NOTHING, _TAKER, reason, instrument)


@inlined
def tell(
    a: NDArray[np.int64],
    code: int,
    order_id: int,
    price: int,
    quantity: int,
    leaves: int,
    maker: int,
    reason: int,
    instrument: int,
) -> None:
    """Add an outcome."""
    at = a[OUTCOMES_AT] + a[OUTCOMES] * o.WORDS
    a[at + o.CODE] = code
    a[at + o.ORDER_ID] = order_id
    a[at + o.PRICE] = price
    a[at + o.QUANTITY] = quantity
    a[at + o.LEAVES] = leaves
    a[at + o.MAKER] = maker
    a[at + o.REASON] = reason
    a[at + o.INSTRUMENT] = instrument
    a[OUTCOMES] += 1


@inlined
def set_bounds(a: NDArray[np.int64], instrument: int) -> None:
    """Find the highest resting buy and the lowest resting sell of an instrument again."""
    buy = NO_BUY
    sell = NO_SELL
    for j in range(a[HIGH]):
        slot = a[ORDERS_AT] + j * ORDER_WORDS
        if a[slot + LIVE] == 0 or a[slot + INSTRUMENT] != instrument:
            continue
        price = a[slot + PRICE]
        if a[slot + SIDE] > 0:
            buy = max(buy, price)
        else:
            sell = min(sell, price)
    at = instrument_at(instrument)
    a[at + BUY_BOUND] = buy
    a[at + SELL_BOUND] = sell


@inlined
def free_slot(a: NDArray[np.int64]) -> int:
    """Offset of a free slot, or 0 where the venue is full."""
    for j in range(CAPACITY):
        slot = a[ORDERS_AT] + j * ORDER_WORDS
        if a[slot + LIVE] == 0:
            if j >= a[HIGH]:
                a[HIGH] = j + 1
            return slot
    return 0


@inlined
def slot_of(a: NDArray[np.int64], order_id: int) -> int:
    """Offset of a resting order, or 0 where it does not rest."""
    for j in range(a[HIGH]):
        slot = a[ORDERS_AT] + j * ORDER_WORDS
        if a[slot + LIVE] == 1 and a[slot + ORDER_ID] == order_id:
            return slot
    return 0


@inlined
def release(a: NDArray[np.int64], slot: int) -> None:
    """Free a slot; the bounds of its instrument are for the caller to set."""
    a[slot + LIVE] = 0
    while a[HIGH] > 0 and a[a[ORDERS_AT] + (a[HIGH] - 1) * ORDER_WORDS + LIVE] == 0:
        a[HIGH] -= 1


@njit(cache=True, nogil=True)
def next_in_line(a: NDArray[np.int64], instrument: int, side: int, price: int, arrival: int) -> int:
    """Offset of the live order of one side that comes next in price-time priority behind (price, arrival), or 0.

    Start with the best price there can be (``side * (1 << 62)``) and `BEFORE_ALL`.
    """
    found = 0
    for j in range(a[HIGH]):
        slot = a[ORDERS_AT] + j * ORDER_WORDS
        if a[slot + LIVE] == 0 or a[slot + INSTRUMENT] != instrument or a[slot + SIDE] != side:
            continue
        behind = (price - a[slot + PRICE]) * side
        if behind < 0 or (behind == 0 and a[slot + ARRIVAL] <= arrival):
            continue
        if found == 0:
            found = slot
            continue
        ahead = (a[slot + PRICE] - a[found + PRICE]) * side
        if ahead > 0 or (ahead == 0 and a[slot + ARRIVAL] < a[found + ARRIVAL]):
            found = slot
    return found
