"""The rules of the loop about orders and venues, each on a few rows worked by hand; the numbers are the rules'.

The rest, and what is not here yet, is listed in `test_loop_rules`.
"""

from decimal import Decimal

import pytest
from loops import BBB, MS, NONE, SLOW, START, Listener, at, candle, go, quote, table, trade
from tickloom.codes import OrderStatus, Report
from tickloom.events import Fill, OrderUpdate, SubmitOrder
from tickloom.interfaces import Strategy
from tickloom_kernels import outcomes as o
from tickloom_plugins.venues.simulated import Simulated

RANDOM = '{ kind = "random", out = "1ms", back = "1ms", jitter = "3ms" }'
TWO_VENUES = """
[run]
seed = 4
tail = "200ms"
[sources.first]
kind = "first"
venue = "one"
[sources.second]
kind = "second"
venue = "two"
[venues.one]
kind = "simulated"
latency = { kind = "random", out = "1ms", back = "1ms", jitter = "3ms" }
[venues.two]
kind = "simulated"
latency = { kind = "random", out = "1ms", back = "1ms", jitter = "3ms" }
[accounts.at_one]
venue = "one"
deposits = ["100000 USD"]
[accounts.at_two]
venue = "two"
deposits = ["100000 USD"]
[strategies.s]
kind = "s"
"""


class Once(Listener):
    """Sends what a test says at the first row at or after some millisecond, and notes its news."""

    def __init__(self, ms, send) -> None:
        super().__init__()
        self.ms = ms
        self.send = send

    def on_quote(self, quote) -> None:
        if self.ms is not None and self.ctx.clock >= at(self.ms):
            self.ms = None
            self.send(self.ctx)

    on_trade = on_quote

    def on_order(self, update) -> None:
        self.note(Report(update.report).name)

    def on_fill(self, fill) -> None:
        self.note(f"{fill.quantity} at {fill.price}")


def sends(ms, send):
    """Return a strategy and the factory that gives it."""
    strategy = Once(ms, send)
    return strategy, {"once": lambda: strategy}


def test_rule_08_each_venue_and_direction_draws_for_itself():
    """What happens at one venue, and how much news there is, moves no order on its way to another."""
    first = [quote(10 * n, 999, 1001) for n in range(6)]
    second = [quote(10 * n + 1, 499, 501) for n in range(6)]

    class Trader(Strategy):
        both = False

        def on_quote(self, quote) -> None:
            if quote.instrument == 0:
                self.ctx.submit(0, 1, 1, 900)
            elif self.both:
                # Fills at once: news twice as often as at the other venue.
                self.ctx.submit(1, 1, 1)

    class Busier(Trader):
        both = True

    arrivals = []
    for strategy in (Trader, Busier):
        plugins = {"first": source_of(AAA_ONLY, first), "second": source_of([BBB], second), "s": strategy}
        updates = run_text(TWO_VENUES, plugins).events(OrderUpdate)
        arrivals.append([u.ts_venue for u in updates if u.instrument == 0])
    assert arrivals[0] == arrivals[1]
    assert len(arrivals[0]) == 6
    assert len({(ts - START) % (10 * MS) for ts in arrivals[0]}) == 6
