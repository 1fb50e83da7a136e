"""The conformance suite of venues finds every planted fault, and passes ours."""

from collections.abc import Sequence
from typing import Any

import pytest

from tickloom.testing import ConformanceError, Rows, check_venue, market, trades
from tickloom_kernels.orders import table as t
from tickloom_plugins.venues.simulated import Simulated

#: Enough for every fault below, and quick.
FEW = market(80)
FOREVER = 1 << 62


def breach(factory: type[Any]) -> str:
    with pytest.raises(ConformanceError) as caught:
        check_venue(factory, FEW)
    return str(caught.value)


def test_our_venue_passes() -> None:
    run = check_venue(Simulated, latency={"kind": "random", "out": "1ms", "back": "1ms", "jitter": "3ms"})
    assert {fill.maker for fill in run.fills} == {True, False}


def test_rows_that_are_not_taken_back_are_found() -> None:
    class Faulty(Simulated):
        def rollback(self) -> None:
            pass

    assert "run ahead and taken back before every block: event" in breach(Faulty)


def test_a_checkpoint_of_long_ago_is_found() -> None:
    class Faulty(Simulated):
        calls = 0

        def checkpoint(self) -> None:
            type(self).calls += 1
            if self.calls % 9 != 5:
                super().checkpoint()

    assert "run ahead and taken back before every block" in breach(Faulty)


def test_rows_beyond_the_next_event_are_found() -> None:
    class Faulty(Simulated):
        def advance(self, rows: Rows, start: int, limit: int, ts_next: int) -> int:
            return super().advance(rows, start, limit, FOREVER)

    assert "past a row that is not before it" in breach(Faulty)


def test_rows_beyond_the_limit_are_found() -> None:
    class Faulty(Simulated):
        def advance(self, rows: Rows, start: int, limit: int, ts_next: int) -> int:
            return super().advance(rows, start, len(rows), ts_next)

    assert "advance stops at the first row with outcomes" in breach(Faulty)


def test_a_venue_that_does_not_move_is_found() -> None:
    class Faulty(Simulated):
        def advance(self, rows: Rows, start: int, limit: int, ts_next: int) -> int:
            return start

    assert "takes at least one row" in breach(Faulty)


def test_changed_rows_are_found() -> None:
    class Faulty(Simulated):
        def advance(self, rows: Rows, start: int, limit: int, ts_next: int) -> int:
            rows[start, 3] += 1
            return super().advance(rows, start, limit, ts_next)

    assert "changed rows" in breach(Faulty)


def test_a_fill_that_is_booked_twice_is_found() -> None:
    class Faulty(Simulated):
        def commit(self, *arguments: Any) -> bool:
            self._ledger.fill(0, 0, 1, 600_000, 1, 0)
            return super().commit(*arguments)

    assert "position of main in venue.BTCUSDT" in breach(Faulty)


def test_a_price_beyond_the_limit_is_found() -> None:
    class Faulty(Simulated):
        told = 0

        def arrive(self, *arguments: Any) -> bool:
            orders = self._orders
            for row in range(self.told, len(orders.row_of)):
                if orders.rows[row, t.PRICE]:
                    orders.rows[row, t.PRICE] += 60 * orders.rows[row, t.SIDE]
            self.told = len(orders.row_of)
            return super().arrive(*arguments)

    assert "at no worse price than its limit" in breach(Faulty)


def test_news_that_takes_longer_than_told_is_found() -> None:
    class Faulty(Simulated):
        def longest(self) -> int:
            return 5

    assert "longest says 5" in breach(Faulty)


def test_notes_that_are_no_texts_are_found() -> None:
    class Faulty(Simulated):
        def notes(self) -> Sequence[Any]:
            return [7]

    assert "notes: returned [7]" in breach(Faulty)


def test_what_two_venues_share_is_found() -> None:
    class Faulty(Simulated):
        opened: list[int] = []  # noqa: RUF012 - the fault

        def open(self, *arguments: Any) -> tuple[Rows, Rows]:
            self.opened.append(1)
            super().open(*arguments)
            return type(self.latency)(out=f"{len(self.opened)}ms").lines(7, "venue")

    assert "the rule" in breach(Faulty)


def test_a_market_without_a_fill_was_not_checked() -> None:
    with pytest.raises(ConformanceError, match="had no fill"):
        check_venue(Simulated, trades([600_000] * 3))
