"""The price marks of a run: by hand where they are few, against a plain grouping in Python where they are many."""

from itertools import groupby

import numpy as np
import pytest
from numpy.typing import NDArray
from venues import Row, array, level, quote, status, trade

from tickloom_kernels import rows as r
from tickloom_kernels.market import book as b
from tickloom_kernels.market import marks as m
from tickloom_kernels.market import newest as n

MS = m.FIRST_LENGTH
NO_BOOKS = np.zeros(0, np.int64)


class Marks:
    """Marks of two instruments."""

    def __init__(self) -> None:
        self.cells = np.zeros((2, m.CELLS, m.CELL_WORDS), np.int64)
        self.counts = np.zeros(2, np.int64)
        self.quoted = np.zeros(2, np.int64)
        self.kinds = np.zeros(64, np.int64)
        self.length = MS

    def see(self, rows: NDArray[np.int64]) -> "Marks":
        """Step through rows."""
        self.length = m.mark(self.cells, self.counts, self.quoted, self.kinds, self.length, rows, len(rows))
        return self

    def of(self, instrument: int = 0) -> list[list[int]]:
        """Cells in use: end, first, highest, lowest, last."""
        used: list[list[int]] = self.cells[instrument, : self.counts[instrument]].tolist()
        return used


def at(*timed: tuple[int, list[Row]]) -> NDArray[np.int64]:
    """Rows at given times."""
    rows = array([row for _, part in timed for row in part])
    rows[:, r.TS_INIT] = [ts for ts, part in timed for _ in part]
    return rows


def bar(first: int, high: int, low: int, last: int) -> list[Row]:
    return [([0, 0, first, high, low, last, 1], r.BAR)]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (at(), []),
        # twice the price; a cell ends at the next whole millisecond
        (at((0, trade(7, 1, 1))), [[MS, 14, 14, 14, 14]]),
        (at((MS - 1, trade(7, 1, 1)), (MS, trade(8, 1, 1))), [[MS, 14, 14, 14, 14], [2 * MS, 16, 16, 16, 16]]),
        (
            at((1, trade(7, 1, 1)), (1, trade(9, 1, 1)), (2, trade(5, 1, 1)), (3, trade(6, 1, 1))),
            [[MS, 14, 18, 10, 12]],
        ),
        # bid + ask, and from then on no trades
        (at((1, trade(7, 1, 1)), (2, quote(5, 1, 8, 1)), (3, trade(99, 1, 1))), [[MS, 14, 14, 13, 13]]),
        # a quote without one of its sides says nothing
        (at((1, quote(5, 0, 8, 1)), (2, quote(5, 1, 0, 0)), (3, trade(7, 1, 1))), [[MS, 14, 14, 14, 14]]),
        (at((5 * MS, bar(4, 9, 2, 3))), [[6 * MS, 8, 18, 4, 6]]),
        (at((1, trade(7, 1, 1)), (2, bar(4, 9, 2, 3))), [[MS, 14, 18, 4, 6]]),
        # other rows say nothing
        (at((1, level(1, 5, 5)), (2, status(True)), (3, trade(7, 1, 1, instrument=1))), []),
    ],
)
def test_rows_make_cells(rows: NDArray[np.int64], expected: list[list[int]]) -> None:
    assert Marks().see(rows).of() == expected


def test_instruments_have_cells_of_their_own() -> None:
    marks = Marks().see(at((1, trade(7, 1, 1)), (2, quote(5, 1, 8, 1, instrument=1)), (3, trade(8, 1, 1))))
    assert marks.of(0) == [[MS, 14, 16, 14, 16]]
    assert marks.of(1) == [[MS, 13, 13, 13, 13]]


def test_more_cells_than_there_is_room_for_double_in_length() -> None:
    draw = np.random.default_rng(5)
    count = 3 * m.CELLS
    rows = at(*((int(ts), trade(int(price), 1, 1)) for ts, price in zip(
        np.cumsum(draw.integers(0, 3 * MS, count)), draw.integers(10, 10_000, count), strict=True
    )))  # fmt: skip
    half = count // 2
    marks = Marks().see(rows[:half]).see(rows[half:])
    # 1.5 ms between trades: 24,576 of them are 36,864 ms, which needs cells of 8 ms
    assert marks.length == 8 * MS
    grouped = groupby(rows[:, [r.TS_INIT, r.TRADE_PRICE]].tolist(), lambda row: row[0] // (8 * MS))
    expected = []
    for cell, group in grouped:
        prices = [2 * price for _, price in group]
        expected.append([(cell + 1) * 8 * MS, prices[0], max(prices), min(prices), prices[-1]])
    assert marks.of() == expected


def test_the_newest_row_of_each_kind_is_remembered() -> None:
    newest = np.zeros((2, 3, r.WORDS), np.int64)
    rows = at(
        (1, trade(7, 1, 1)),
        (2, trade(8, 2, 1)),
        (3, quote(5, 1, 8, 1)),
        (4, bar(4, 9, 2, 3)),
        (6, status(True)),
        (7, trade(9, 3, 1, instrument=1)),
    )
    n.follow(newest, NO_BOOKS, rows, 0, len(rows))
    assert newest[0].tolist() == rows[[1, 2, 3]].tolist()
    assert newest[1, 0].tolist() == rows[5].tolist()
    n.follow(newest, NO_BOOKS, at((8, trade(10, 1, 1))), 0, 1)
    assert newest[0, 0, r.TRADE_PRICE] == 10


def test_the_best_of_a_book_stands_for_a_quote_until_there_is_one() -> None:
    newest, books = np.zeros((1, 3, r.WORDS), np.int64), np.zeros(b.BOOK_WORDS, np.int64)
    words = [r.KIND, r.TS_INIT, r.QUOTE_BID_PRICE, r.QUOTE_BID_QUANTITY, r.QUOTE_ASK_PRICE, r.QUOTE_ASK_QUANTITY]
    told = []
    for rows in (
        at((1, level(1, 5, 2)), (2, level(-1, 7, 3))),
        at((3, level(1, 6, 1))),
        at((4, level(-1, 7, 0))),
        at((5, quote(4, 9, 9, 8)), (6, level(-1, 8, 1))),
    ):
        n.follow(newest, books, rows, 0, len(rows))
        told.append(newest[0, 1, words].tolist())
    assert told[:2] == [[r.BOOK_DELTA, 2, 5, 2, 7, 3], [r.BOOK_DELTA, 3, 6, 1, 7, 3]]
    assert told[2][0] == 0
    assert told[3] == [r.QUOTE, 5, 4, 9, 9, 8]
    assert n.latest(newest, 0) == 1


def test_rows_are_counted_by_kind() -> None:
    marks = Marks().see(at((1, trade(7, 1, 1)), (2, quote(5, 1, 8, 1)), (3, trade(99, 1, 1)), (4, status(True))))
    assert {kind: count for kind, count in enumerate(marks.kinds.tolist()) if count} == {
        r.TRADE: 2, r.QUOTE: 1, r.INSTRUMENT_STATUS: 1,
    }  # fmt: skip
