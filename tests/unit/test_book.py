"""The order book in a flat array, worked by hand; longer sequences are held against a dict in tests/property."""

import numpy as np
import pytest
from numpy.typing import NDArray
from venues import BUY, SELL, Row, array, emptied, level, snapshot, trade, update

from tickloom_kernels import rows as r
from tickloom_kernels.market import book as b

BIDS, ASKS = 0, b.SIDE_WORDS
#: Where the log of a lone book stands, in front of which lies the book.
UNDO = b.BOOK_WORDS


def book(*rows: list[Row]) -> NDArray[np.int64]:
    """Make a book, with room for a log of 1,000 changes behind it, that has followed some rows."""
    a = np.zeros(b.BOOK_WORDS + 1 + 1_000 * b.UNDO_ENTRY, np.int64)
    follow(a, *rows)
    return a


def follow(a: NDArray[np.int64], *rows: list[Row]) -> None:
    flat = array([one for part in rows for one in part])
    for k in range(len(flat)):
        if flat[k, r.KIND] == r.BOOK_DELTA:
            b.apply_delta(a, 0, flat[k, r.INSTRUMENT] * b.BOOK_WORDS, flat, k)


def held(a: NDArray[np.int64], side: int) -> list[list[int]]:
    """Price, quantity and what is consumed of every level, best first."""
    found, at = [], b.best(a, side)
    while at != 0:
        found.append(a[at : at + b.LEVEL_WORDS].tolist())
        at = b.worse(a, side, at)
    return found


def levels(a: NDArray[np.int64], side: int, depth: int = b.DEPTH) -> list[tuple[int, int]]:
    return [tuple(one) for one in b.top_levels(a, side, depth).tolist()]


@pytest.mark.parametrize(
    ("rows", "bids", "asks"),
    [
        ([], [], []),
        ([update({5: 1, 7: 2, 6: 3}, {9: 1, 8: 2, 10: 3})], [(7, 2), (6, 3), (5, 1)], [(8, 2), (9, 1), (10, 3)]),
        ([update({5: 1, 7: 2}, {}), level(BUY, 5, 9)], [(7, 2), (5, 9)], []),
        ([update({5: 1, 7: 2, 6: 3}, {}), level(BUY, 6, 0)], [(7, 2), (5, 1)], []),
        ([update({5: 1}, {}), level(BUY, 6, 0)], [(5, 1)], []),
        # both sides may hold the same price: the book is crossed until the update is over
        ([update({5: 1}, {5: 2})], [(5, 1)], [(5, 2)]),
        ([update({5: 1}, {8: 2}), emptied()], [], []),
        ([update({5: 1}, {8: 2}), snapshot({4: 1}, {6: 2})], [(4, 1)], [(6, 2)]),
        # CLEAR on the first level itself
        ([update({5: 1}, {8: 2}), level(BUY, 3, 3, r.FLAG_CLEAR | r.FLAG_LAST)], [(3, 3)], []),
        ([update({5: 1}, {8: 2}), trade(8, 2, 1)], [(5, 1)], [(8, 2)]),
    ],
)
def test_rows_make_the_book(rows: list[list[Row]], bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> None:
    a = book(*rows)
    assert (levels(a, BIDS), levels(a, ASKS)) == (bids, asks)


def test_only_so_many_of_the_best_levels_are_shown_as_asked_for() -> None:
    a = book(update({price: price for price in range(1, 30)}, {}))
    assert levels(a, BIDS, 3) == [(29, 29), (28, 28), (27, 27)]
    assert b.top_levels(a, ASKS, 3).shape == (0, 2)


def test_books_of_several_instruments_stand_apart() -> None:
    a = np.zeros(2 * b.BOOK_WORDS, np.int64)
    follow(a, level(BUY, 5, 1), level(BUY, 6, 2, instrument=1))
    assert levels(a, BIDS) == [(5, 1)]
    assert levels(a, b.BOOK_WORDS + BIDS) == [(6, 2)]


@pytest.mark.parametrize(("price", "quantity"), [(1, 1), (2, 2), (3, 3), (24, 24), (29, 29), (0, 0), (30, 0)])
def test_the_quantity_at_a_price_is_found_near_the_best_and_far_from_it(price: int, quantity: int) -> None:
    a = book(update({p: p for p in range(1, 30)}, {p: p for p in range(1, 30)}))
    assert b.quantity_at(a, BIDS, BUY, price) == quantity
    assert b.quantity_at(a, ASKS, SELL, price) == quantity


# --- the cap ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("side", "sign"), [(BIDS, BUY), (ASKS, SELL)])
def test_beyond_its_depth_the_book_forgets_the_worst_level(side: int, sign: int) -> None:
    middle = 100_000
    prices = [middle - sign * n for n in range(b.DEPTH)]
    a = book(*(level(sign, price, 1) for price in prices))
    follow(a, level(sign, middle - sign * b.DEPTH, 1))  # worse than all: not taken up
    assert levels(a, side) == [(price, 1) for price in prices]
    follow(a, level(sign, middle + sign, 2))  # better than all: the worst goes
    assert levels(a, side) == [(middle + sign, 2)] + [(price, 1) for price in prices[:-1]]
    follow(a, level(sign, middle, 3))  # known: nothing goes
    assert levels(a, side, 2) == [(middle + sign, 2), (middle, 3)]
    assert len(levels(a, side)) == b.DEPTH


def test_what_the_cap_drops_comes_back_with_the_undo() -> None:
    prices = range(1_000, 1_000 + b.DEPTH)
    a = book(*(level(BUY, price, price) for price in prices))
    before = levels(a, BIDS)
    b.put(a, UNDO, BIDS, BUY, 9_000, 1, 0)
    assert levels(a, BIDS)[-1] == (1_001, 1_001)
    b.undo_all(a, UNDO)
    assert levels(a, BIDS) == before


# --- the log ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        [(BUY, 5, 9, 2)],
        [(BUY, 5, 0, 0)],
        [(BUY, 6, 3, 1)],
        [(BUY, 6, 3, 1), (BUY, 6, 0, 0), (BUY, 6, 1, 0)],
        [(SELL, 8, 0, 0), (SELL, 8, 5, 5), (BUY, 1, 1, 1), (BUY, 5, 4, 4)],
        [(BUY, 44, 0, 0)],
    ],
)
def test_the_log_takes_every_change_back(changes: list[tuple[int, int, int, int]]) -> None:
    """A change: side, price, quantity, consumed."""
    a = book(update({5: 1, 3: 2}, {8: 2, 9: 4}))
    b.put(a, 0, BIDS, BUY, 3, 2, 1)  # one lot consumed; not logged
    before = [held(a, side) for side in (BIDS, ASKS)]
    for sign, price, quantity, consumed in changes:
        b.put(a, UNDO, BIDS if sign > 0 else ASKS, sign, price, quantity, consumed)
    b.undo_all(a, UNDO)
    assert [held(a, side) for side in (BIDS, ASKS)] == before
    assert a[UNDO] == 0


# --- crossed books ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([update({5: 1}, {6: 1})], []),
        ([update({5: 1}, {5: 1})], [1]),
        ([update({5: 1}, {6: 1}), level(BUY, 7, 1), level(SELL, 6, 0), level(SELL, 8, 1)], [2]),
        # crossed in the middle of an update is nothing
        ([update({5: 1}, {6: 1}), level(BUY, 7, 1, 0), level(SELL, 6, 0, 0), level(SELL, 8, 1)], []),
        # one side alone cannot be crossed
        ([level(BUY, 5, 1), emptied(), level(SELL, 4, 1)], []),
        ([update({5: 1}, {4: 1}), trade(5, 1, 1), level(BUY, 3, 1)], [1, 3]),
    ],
)
def test_crossed_and_locked_books_are_found_when_an_update_is_over(rows: list[list[Row]], found: list[int]) -> None:
    flat = array([one for part in rows for one in part])
    out = np.empty(len(flat), np.int64)
    n = b.crossed(np.zeros(b.BOOK_WORDS, np.int64), flat, len(flat), out)
    assert out[:n].tolist() == found
