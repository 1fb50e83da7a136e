"""The book against a dict of its levels, with prices so far apart that its window has to move."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tickloom_kernels.market import book as b

SIGNS = (1, -1)
UNDO = b.BOOK_WORDS
Levels = dict[int, tuple[int, int]]
Change = tuple[int, int, int, int]

#: Near one price, at its window's ends, and anywhere.
_prices = st.one_of(
    st.integers(50_000, 50_040),
    st.sampled_from([50_000 + away for size in (1_020, 3_070, 4_094) for away in range(size, size + 6)]),
    st.sampled_from([50_000 - away for size in (1_020, 3_070, 4_094) for away in range(size, size + 6)]),
    st.integers(1, 1_000_000),
)
#: Sign, price, quantity and what is consumed of it.
_changes = st.lists(st.tuples(st.sampled_from(SIGNS), _prices, st.integers(0, 2), st.integers(0, 2)), max_size=60)


def side(sign: int) -> int:
    return 0 if sign > 0 else b.SIDE_WORDS


def put(a: NDArray[np.int64], oracle: dict[int, Levels], change: Change, undo: int) -> None:
    sign, price, quantity, consumed = change
    b.put(a, undo, side(sign), sign, price, quantity, consumed)
    oracle[sign].pop(price, None)
    if quantity:
        oracle[sign][price] = quantity, consumed


def held(a: NDArray[np.int64], sign: int) -> list[tuple[int, int, int]]:
    """Walk a side from best to worst."""
    found, at = [], b.best(a, side(sign))
    while at != 0:
        found.append(tuple(a[at : at + b.LEVEL_WORDS].tolist()))
        at = b.worse(a, side(sign), at)
    return found


def check(a: NDArray[np.int64], oracle: dict[int, Levels]) -> None:
    """Hold every look at a book against the dict."""
    for sign in SIGNS:
        own = sorted(oracle[sign], key=lambda price: -sign * price)
        assert held(a, sign) == [(price, *oracle[sign][price]) for price in own]
        worst = b.worst(a, side(sign))
        assert (a[worst] if own else worst) == (own[-1] if own else 0)
        for price in own:
            assert b.quantity_at(a, side(sign), sign, price) == oracle[sign][price][0]
            assert b.quantity_at(a, side(sign), sign, price + 1) == oracle[sign].get(price + 1, (0, 0))[0]


@given(_changes)
def test_a_book_is_a_dict_in_the_order_of_its_prices(changes: list[Change]) -> None:
    a, oracle = np.zeros(b.BOOK_WORDS, np.int64), {sign: Levels() for sign in SIGNS}
    for change in changes:
        put(a, oracle, change, 0)
        check(a, oracle)


@given(_changes, _changes)
def test_the_log_takes_back_what_moved_the_window(before: list[Change], after: list[Change]) -> None:
    a, oracle = np.zeros(UNDO + 1 + 1_000 * b.UNDO_ENTRY, np.int64), {sign: Levels() for sign in SIGNS}
    for change in before:
        put(a, oracle, change, 0)
    for sign, price, quantity, consumed in after:
        b.put(a, UNDO, side(sign), sign, price, quantity, consumed)
    b.undo_all(a, UNDO)
    check(a, oracle)
    for change in after:
        put(a, oracle, change, 0)
    check(a, oracle)


@given(_changes, _changes, _changes)
def test_a_copy_is_the_same_book_and_no_other(first: list[Change], other: list[Change], later: list[Change]) -> None:
    a, target = np.zeros(b.BOOK_WORDS, np.int64), np.zeros(b.BOOK_WORDS, np.int64)
    oracle, ignored = ({sign: Levels() for sign in SIGNS} for _ in range(2))
    for change in first:
        put(a, oracle, change, 0)
    for change in other:
        put(target, ignored, change, 0)
    b.copy(a, target)
    check(target, oracle)
    for change in later:
        put(target, oracle, change, 0)
    check(target, oracle)
