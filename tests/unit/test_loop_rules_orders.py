"""The rules of the loop about orders and venues, each on a few rows worked by hand; the numbers are the rules'.

The rest, and what is not here yet, is listed in `test_loop_rules`.
"""

from functools import partial

from loops import AAA, BBB, MS, SLOW, START, Listener, at, go, kill, quote, table, trade

from tickloom.codes import OrderStatus, Report
from tickloom.events import Fill, OrderUpdate, SubmitOrder
from tickloom.interfaces import Strategy
from tickloom.testing import RowSource, run_text
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
        sources = {
            "first": partial(RowSource, [AAA], table(*first)),
            "second": partial(RowSource, [BBB], table(*second)),
        }
        updates = run_text(TWO_VENUES, {**sources, "s": strategy}).events(OrderUpdate)
        arrivals.append([u.ts_venue for u in updates if u.instrument == 0])
    assert arrivals[0] == arrivals[1]
    # Six orders, each with a delay of its own.
    assert len({(ts - START) % (10 * MS) for ts in arrivals[0]}) == 6


def test_rule_09_nothing_overtakes_on_its_way():
    """Delays between 1 ms and 61 ms: each cancel still comes after its order, each news after the one before."""

    class Nervous(Strategy):
        def on_quote(self, quote) -> None:
            self.ctx.cancel(self.ctx.submit(0, 1, 1, 900))

    finished = go({"nervous": Nervous}, [quote(n) for n in range(40)], latency=RANDOM, tail="200ms")
    updates = finished.events(OrderUpdate)
    assert [u.report for u in updates] == [Report.ACCEPTED, Report.CANCELED] * 40
    times = [u.ts_venue for u in updates]
    assert times == sorted(times)
    assert [u.ts_init for u in updates] == sorted(u.ts_init for u in updates)


def test_rule_10_an_order_meets_the_venue_as_of_the_last_row_before_its_arrival():
    """Sent at 0, it arrives at 2, before the row at 2 has begun: the newest ask is that of the row at 1."""
    buyer, plugins = sends(0, lambda ctx: ctx.submit(0, 1, 1))
    go(plugins, [quote(0, ask=1001), quote(1, ask=1005), quote(2, ask=1010), quote(3, ask=1020)], latency=SLOW)
    assert buyer.heard == [("ACCEPTED", 5), ("1 at 1005", 5)]


def test_rule_10_an_order_before_the_first_row_of_its_instrument_is_refused():
    _, plugins = sends(0, lambda ctx: ctx.submit(1, 1, 1))
    [update] = go(plugins, [quote(0), quote(9), quote(9, instrument=1)], latency=SLOW).events(OrderUpdate)
    assert (update.report, update.reason) == (
        Report.REJECTED, "no market: the instrument has had no price yet"
    )  # fmt: skip


def test_rule_11_a_command_sees_the_venue_after_its_row():
    """Without latency: what the row at 1 shows is what the order of its handler meets."""
    buyer, plugins = sends(1, lambda ctx: ctx.submit(0, 1, 1))
    go(plugins, [quote(0, ask=1001), quote(1, ask=1005), quote(2, ask=1010)])
    assert buyer.heard == [("ACCEPTED", 1), ("1 at 1005", 1)]


def test_rule_11_a_command_never_trades_with_the_liquidity_of_its_own_row():
    """The print at 1 fills the order that rests, before its handler runs; the same order sent by that is too late."""

    class Bidder(Listener):
        def on_quote(self, quote) -> None:
            self.ctx.submit(0, 1, 5, 999)

        def on_trade(self, trade) -> None:
            self.note("handler")
            self.ctx.submit(0, 1, 5, 999)

        def on_fill(self, fill) -> None:
            self.note(f"order {fill.order_id}")

    bidder = Bidder()
    go({"bidder": lambda: bidder}, [quote(0, bid=998), trade(1, 998, 10, aggressor=-1)])
    assert bidder.heard == [("handler", 1), ("order 1", 1)]


def test_rule_12_a_fill_is_known_when_its_news_arrives():
    """Filled at 4, known at 7: until then neither position nor cash have changed."""

    class Bidder(Once):
        def on_quote(self, quote) -> None:
            super().on_quote(quote)
            seen.append(((quote.ts_init - START) // MS, self.ctx.position(0), str(self.ctx.cash("USD"))))

    seen: list[tuple[int, int, str]] = []
    rows = [quote(0, bid=998), trade(4, 998, 5, aggressor=-1), quote(6), quote(8)]
    finished = go({"bidder": lambda: Bidder(0, lambda ctx: ctx.submit(0, 1, 5, 999))}, rows, latency=SLOW)
    [fill] = finished.events(Fill)
    assert (fill.ts_venue, fill.ts_init) == (at(4), at(7))
    # 5 * 999 = 4995 USD.
    assert [(ms, lots, cash.split(".")[0]) for ms, lots, cash in seen] == [
        (0, 0, "1000000"), (6, 0, "1000000"), (8, 5, "995005")
    ]  # fmt: skip


def test_rule_12_a_cancel_of_what_has_filled_unknown_to_us_is_refused_by_the_venue():
    """Sent at 5, when the fill of 4 is not yet known; the venue refuses at 7, and we hear of it at 10."""

    class Late(Once):
        def on_quote(self, quote) -> None:
            super().on_quote(quote)
            if quote.ts_init == at(5):
                self.ctx.cancel(1)

    late = Late(0, lambda ctx: ctx.submit(0, 1, 5, 999))
    rows = [quote(0, bid=998), trade(4, 998, 5, aggressor=-1), quote(5), quote(20)]
    [*_, refusal] = go({"late": lambda: late}, rows, latency=SLOW).events(OrderUpdate)
    assert late.heard == [("ACCEPTED", 5), ("5 at 999", 7), ("CANCEL_REJECTED", 10)]
    assert (refusal.ts_venue, refusal.reason) == (at(7), "the order is not resting")


def test_rule_12_a_refusal_of_ours_has_no_latency_and_reaches_no_venue():
    class Never:
        def check(self, command) -> str:
            return "no"

    class Unreached(Simulated):
        def arrive(self, *arguments) -> bool:
            raise AssertionError("a denied order came to the venue")

    denied, plugins = sends(0, lambda ctx: ctx.submit(0, 1, 1))
    finished = go(
        plugins,
        [quote(0), quote(9)],
        latency=SLOW,
        extra='[risk_checks.never]\nkind = "never"\n',
        plugins={"never": Never, "simulated": Unreached},
    )
    assert denied.heard == [("DENIED", 0)]
    [update] = finished.events(OrderUpdate)
    assert (update.ts_init, update.ts_venue, update.status, update.reason) == (at(0), at(0), OrderStatus.DENIED, "no")


def test_rule_12_a_change_of_an_order_that_is_known_to_be_over_is_refused_at_once():
    class Forgetful(Once):
        def on_quote(self, quote) -> None:
            super().on_quote(quote)
            if quote.ts_init == at(9):
                self.ctx.cancel(1)
                self.ctx.amend(1, 3, 950)

    forgetful = Forgetful(0, lambda ctx: ctx.submit(0, 1, 1))
    finished = go({"forgetful": lambda: forgetful}, [quote(0), quote(9)], latency=SLOW)
    assert forgetful.heard[2:] == [("CANCEL_REJECTED", 9), ("AMEND_REJECTED", 9)]
    assert {u.reason for u in finished.events(OrderUpdate)[1:]} == {"the order is over"}


def test_rule_13_the_age_of_market_data_is_added_on_the_way_out_and_taken_off_on_the_way_back():
    """Rows are 3 ms old when we have them. 5 ms out: 8 on that axis. 2 ms back: none is left; 7 ms back: 4."""
    for back, known in ((2, 8), (7, 12)):
        buyer, plugins = sends(0, lambda ctx: ctx.submit(0, 1, 1))
        latency = f'{{ out = "5ms", back = "{back}ms", feed = "3ms" }}'
        finished = go(plugins, [quote(0), quote(30)], latency=latency)
        assert [u.ts_venue for u in finished.events(OrderUpdate)] == [at(8)]
        assert buyer.heard[0] == ("ACCEPTED", known)


def test_rule_26_a_print_is_shared_by_price_then_by_arrival_and_never_more_than_it_was():
    """7 lots for three bids of 3, 3 and 5: the best, then the earlier of the two others, and that only in part."""

    class Bidder(Listener):
        def on_quote(self, quote) -> None:
            for lots, price in ((3, 999), (5, 999), (3, 1000)):
                self.ctx.submit(0, 1, lots, price)

        def on_fill(self, fill) -> None:
            self.note(f"order {fill.order_id}: {fill.quantity} at {fill.price}")

    bidder = Bidder()
    go({"bidder": lambda: bidder}, [quote(0, bid=997), trade(1, 998, 7, aggressor=-1)])
    assert [what for what, _ in bidder.heard] == ["order 3: 3 at 1000", "order 1: 3 at 999", "order 2: 1 at 999"]


def test_rule_27_without_quotes_a_taker_pays_the_last_price_and_half_a_spread():
    """1 bp of 10,000 is one tick; the record says that there was no book."""

    class Taker(Once):
        def on_trade(self, trade) -> None:
            super().on_trade(trade)
            if trade.ts_init == at(1):
                self.ctx.submit(0, -1, 2)

    taker = Taker(0, lambda ctx: ctx.submit(0, 1, 2))
    record = go({"taker": lambda: taker}, [trade(0, 10_000), trade(1, 10_000), trade(2, 10_000)]).record
    assert [what for what, _ in taker.heard if "at" in what] == ["2 at 10001", "2 at 9999"]
    assert any("sim.AAA: no book" in note for note in record.notes)


def test_rule_33_an_order_has_its_id_at_once_made_of_the_strategy_and_a_counter():
    ids: list[int] = []

    class Counting(Strategy):
        def on_quote(self, quote) -> None:
            ids.extend([self.ctx.submit(0, 1, 1, 900), self.ctx.submit(0, 1, 1, 900)])

    finished = go({"a": Counting, "b": Counting}, [quote(0)])
    assert ids == [1, 2, (1 << 32) + 1, (1 << 32) + 2]
    assert [order.order_id for order in finished.events(SubmitOrder)] == ids


def test_an_order_and_its_cancel_may_be_sent_by_one_handler():
    """The second travels behind the first."""
    _, plugins = sends(0, lambda ctx: ctx.cancel(ctx.submit(0, 1, 1, 900)))
    updates = go(plugins, [quote(0), quote(9)], latency=SLOW).events(OrderUpdate)
    assert [(u.report, u.ts_venue) for u in updates] == [(Report.ACCEPTED, at(2)), (Report.CANCELED, at(2))]


def test_nobody_changes_an_order_of_another_strategy():
    """The refusal goes to who asked, and the order stays."""

    class Owner(Listener):
        def on_quote(self, quote) -> None:
            if quote.ts_init == at(0):
                self.ctx.submit(0, 1, 4, 900)

        def on_order(self, update) -> None:
            self.note(Report(update.report).name)

    class Meddler(Owner):
        def on_quote(self, quote) -> None:
            if quote.ts_init == at(9):
                self.ctx.cancel(1)
                self.ctx.amend(1, 2, 900)

    owner, meddler = Owner(), Meddler()
    finished = go({"a": lambda: owner, "b": lambda: meddler}, [quote(0), quote(9)], latency=SLOW)
    assert owner.heard == [("ACCEPTED", 5)]
    assert meddler.heard == [("CANCEL_REJECTED", 9), ("AMEND_REJECTED", 9)]
    assert [u.reason for u in finished.events(OrderUpdate)[1:]] == ["no such order of this strategy"] * 2


def test_the_kill_switch_takes_effect_at_its_row():
    """It is an input row: what rests is cancelled, what comes is denied, until it is released."""

    class Bidder(Listener):
        def on_quote(self, quote) -> None:
            self.ctx.submit(0, 1, 1, 900)
            if quote.ts_init == at(3):
                self.ctx.amend(1, 1, 901)

        def on_order(self, update) -> None:
            self.note(f"{update.order_id} {Report(update.report).name}")

    bidder = Bidder()
    rows = [quote(0), quote(1), kill(2), quote(3), kill(4, 0), quote(5)]
    finished = go({"bidder": lambda: bidder}, rows, latency='{ out = "0ms", back = "2ms" }')
    assert bidder.heard == [
        ("1 ACCEPTED", 2), ("2 ACCEPTED", 3), ("3 DENIED", 3), ("1 AMEND_REJECTED", 3),
        ("1 CANCELED", 4), ("2 CANCELED", 4), ("4 ACCEPTED", 7),
    ]  # fmt: skip
    reasons = {update.reason for update in finished.events(OrderUpdate) if update.ts_init == at(3)}
    assert reasons == {"", "kill switch engaged"}
