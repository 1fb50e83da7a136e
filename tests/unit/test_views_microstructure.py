"""Features of trades and the book, and information bars, in a run: each case worked by hand, whatever the chunks.

A tick of the instruments is 1 USD, a lot 1 of the base.
"""

from typing import Any

import pytest
from loops import Listener, Row, at, delta, go, quote, trade

from tickloom.engine.stream import Observer
from tickloom.events import Event, Features

PLANS: list[list[tuple[int, None]]] = [[], [(1, None)] * 12, [(3, None), (0, None), (2, None)]]


class Hearing(Listener):
    """Notes bars, and hears vectors."""

    def on_bar(self, bar: Any) -> None:
        self.note(f"{bar.open} {bar.close} {bar.volume}")

    def on_features(self, features: Any) -> None:
        """Nothing; without a listener there are no vectors."""


def vectors(rows: list[Row], extra: str, plan: list[tuple[int, None]]) -> list[tuple[int, tuple[float, ...]]]:
    """Feature vectors of a run, each with its time."""
    seen: list[tuple[int, tuple[float, ...]]] = []

    class Watch(Observer):
        def event(self, row: int, sub: int, cause_row: int, cause_sub: int, event: Event) -> None:
            if isinstance(event, Features):
                seen.append((event.ts_init, event.values))

    assert go({"one": Hearing}, rows, extra=extra, observers=[Watch()], plan=plan).record.status == "ended"
    return seen


@pytest.mark.parametrize("plan", PLANS)
def test_an_effective_spread_is_measured_by_the_quote_before_the_trade(plan: list[tuple[int, None]]) -> None:
    """There is no mid at 0; at 2 it is 1000, a side that is empty changes nothing, at 5 it is 1010."""
    extra = '[views.v]\non = "trade"\nmissing = "skip"\nfeatures = [{ name = "effective_spread" }]\n'
    empty = quote(3, 1200, 1300)
    empty[4] = 0
    rows = [trade(0, 1001), quote(1, 999, 1001), trade(2, 1001), empty, quote(3, 0, 4000, instrument=1),
            quote(4, 1009, 1011), trade(5, 1009, aggressor=-1), quote(6, 1100, 1102)]  # fmt: skip
    found = vectors(rows, extra, plan)
    assert [ts for ts, _ in found] == [at(2), at(5)]
    assert [values[0] for _, values in found] == pytest.approx([2e4 / 1000, 2e4 / 1010])


@pytest.mark.parametrize("plan", PLANS)
def test_order_flow_imbalance_is_of_whole_updates_of_the_book(plan: list[tuple[int, None]]) -> None:
    """Both sides stand at 1; 4 more at the bid, then a new best ask of 3, of which trades say nothing."""
    features = '[{ name = "order_flow_imbalance" }, { name = "bid_cancelled" }]'
    rows = [delta(0, 99, 10, 1), delta(1, 101, 5, -1), delta(2, 99, 14, 1), delta(3, 100, 3, -1),
            trade(4, 99, 6, -1), delta(5, 99, 2, 1)]  # fmt: skip
    found = vectors(rows, f'[views.v]\non = "book"\ndepth = 2\nfeatures = {features}\n', plan)
    # At 5, 12 left the bid, of which 6 were sold.
    assert [ts for ts, _ in found] == [at(2), at(3), at(5)]
    assert [values for _, values in found] == [(4, 0), (-3, 0), (-12, 6)]


@pytest.mark.parametrize("plan", PLANS)
def test_a_strategy_hears_every_brick_that_one_trade_finishes(plan: list[tuple[int, None]]) -> None:
    hearing = Hearing()
    extra = '[bars.b]\nmethod = "renko"\nsize = "5 USD"\ninstruments = ["AAA"]\n'
    rows = [trade(0, 100, 2), trade(1, 116, 3), trade(2, 117, 4), trade(3, 104, 5)]
    go({"one": lambda: hearing}, rows, extra=extra, plan=plan)
    assert hearing.heard == [("100 105 5", 1), ("105 110 0", 1), ("110 115 0", 1), ("110 105 9", 3)]


@pytest.mark.parametrize("plan", PLANS)
def test_a_trade_of_unknown_aggressor_was_neither_bought_nor_sold(plan: list[tuple[int, None]]) -> None:
    rows = [delta(0, 99, 10, 1), delta(1, 101, 5, -1), trade(2, 101, 4, 0), trade(3, 101, 1, 1), delta(4, 101, 1, -1)]
    found = vectors(rows, '[views.v]\non = "book"\ndepth = 1\nfeatures = [{ name = "traded_imbalance" }]\n', plan)
    # One was bought, none sold; before the first trade there is nothing to compare.
    assert found[-1] == (at(4), (1.0,))
