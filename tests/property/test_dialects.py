"""Numbers read in bulk are those that decimals give, and a crossed book is noticed whatever the updates are."""

from decimal import Decimal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tickloom.codes import BadInput, Feed
from tickloom_kernels import rows as r
from tickloom_plugins.dialects.crossed import CrossedCheck
from tickloom_plugins.dialects.grid import read_alike, read_each

STEPS = st.sampled_from(["0.00001", "0.01", "0.1", "0.25", "1", "5", "100"]).map(Decimal)


def by_decimals(text, step):
    """Say what a text is on a grid, by decimal arithmetic alone."""
    steps, rest = divmod(Decimal(text), step)
    if rest:
        return (0, BadInput.OFF_GRID)
    return (int(steps), 0) if steps <= 2**53 else (0, BadInput.INCONSISTENT)


@given(st.data(), STEPS, STEPS, st.integers(0, 8), st.integers(0, 8))
def test_numbers_of_equally_many_decimals_are_read_exactly(data, tick_size, lot_size, price_places, lot_places):
    digits = st.integers(0, 10**9)
    pairs = data.draw(st.lists(st.tuples(digits, digits), min_size=1, max_size=8))
    texts = [
        (f"{Decimal(price).scaleb(-price_places):f}", f"{Decimal(lots).scaleb(-lot_places):f}") for price, lots in pairs
    ]
    read = read_alike(",".join(text for pair in texts for text in pair), len(texts), tick_size, lot_size)
    assert read is not None
    for side, (numbers, step) in enumerate(zip(read, (tick_size, lot_size), strict=True)):
        column = [pair[side] for pair in texts]
        expected = [by_decimals(text, step) for text in column]
        assert list(zip(numbers.steps.tolist(), numbers.reasons.tolist(), strict=True)) == expected
        each = read_each(column, step)
        assert list(zip(each.steps.tolist(), each.reasons.tolist(), strict=True)) == expected


LEVEL = st.tuples(st.sampled_from([1, -1]), st.integers(1, 12), st.integers(0, 2))
UPDATES = st.lists(st.tuples(st.booleans(), st.lists(LEVEL, min_size=1, max_size=5, unique_by=lambda level: level[:2])))


@given(UPDATES, st.integers(1, 7))
def test_a_book_is_told_to_be_crossed_exactly_where_its_best_prices_meet(updates, block):
    # The oracle keeps two sets and looks through all of them. One update in eight or so empties the book first.
    rows, expected = [], []
    book: dict[int, set[int]] = {1: set(), -1: set()}
    crossed = False
    for number, (clear, levels) in enumerate(updates):
        if clear and number % 4 == 0:
            rows.append([0, 0, r.FLAG_CLEAR, 0])
            book, crossed = {1: set(), -1: set()}, False
        for side, price, quantity in levels:
            rows.append([price, quantity, 0, side])
            (book[side].add if quantity else book[side].discard)(price)
        rows[-1][2] |= r.FLAG_LAST
        now = bool(book[1] and book[-1] and max(book[1]) >= min(book[-1]))
        if now != crossed:
            expected.append((Feed.GAP if now else Feed.RECOVERED, len(rows) - 1))
        crossed = now
    told, check, start = [], CrossedCheck(), 0
    table = np.zeros((len(rows), r.WORDS), np.int64)
    table[:, r.KIND] = r.BOOK_DELTA
    for row, (price, quantity, flags, side) in zip(table, rows, strict=True):
        row[[r.DELTA_PRICE, r.DELTA_QUANTITY, r.DELTA_FLAGS, r.DELTA_SIDE]] = price, quantity, flags, side
    ends = np.flatnonzero(table[:, r.DELTA_FLAGS] & r.FLAG_LAST)[block - 1 :: block] + 1
    for stop in [*ends.tolist(), len(table)]:
        out = check.told(table[start:stop], np.arange(start, stop))
        told += out[out[:, r.KIND] == r.SOURCE_STATUS][:, [r.SOURCE_FEED, r.SOURCE_PLACE]].tolist()
        start = stop
    assert [tuple(news) for news in told] == expected
