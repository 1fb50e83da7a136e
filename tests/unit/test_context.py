"""What a plugin sees of the loop, and what happens to what it asks for; expectations by hand on a few rows."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from loops import BBB, SLOW, Listener, at, candle, delta, go, quote, table, trade

from tickloom.codes import OrderStatus
from tickloom.errors import ConfigError, OrderError
from tickloom.events import Bar, Features, Fill, SubmitOrder, TimerFired, Trade
from tickloom.interfaces import Strategy
from tickloom.testing import Finished, RowSource
from tickloom_kernels import rows as r

VIEW = '[views.v]\non = "trade"\nfeatures = [{ name = "ema_first", n = 2 }]\n'


def asking(handler: str, ask: Callable[[Any, Any], Any]) -> tuple[list[Any], dict[str, Callable[[], Strategy]]]:
    """Return a list of answers and a strategy that asks its context at every event of one kind."""
    answers: list[Any] = []
    told = type("Asking", (Strategy,), {handler: lambda self, event: answers.append(ask(self.ctx, event))})
    return answers, {"asking": told}


def at_first_quote(do: Callable[[Any], Any], rows=(), **more: Any) -> Finished:
    """Run something once, at the first of the rows, a quote."""

    class Doing(Strategy):
        done = False

        def on_quote(self, quote) -> None:
            if not self.done:
                self.done = True
                do(self.ctx)

    return go({"doing": Doing}, [quote(0), *rows], **more)


# --- the market --------------------------------------------------------------------------------------------------


def test_there_is_no_market_before_its_first_row():
    answers, strategies = asking("on_quote", lambda ctx, _: (ctx.trade(1), ctx.quote(1), *map(len, ctx.book(1))))
    go(strategies, [quote(0), trade(1, instrument=1)])
    assert answers == [(None, None, 0, 0)]


@pytest.mark.parametrize("plan", [[], [(1, None)] * 7, [(3, None)]])
def test_the_newest_trade_and_quote_are_those_up_to_the_row_being_handled(plan):
    """In one chunk or in many; a trade of the same instant that stands behind the row is not known yet."""

    def ask(ctx, _):
        last, best, other = ctx.trade(0), ctx.quote(0), ctx.trade(1)
        return (last and last.price, best.bid_price, other and other.price)

    answers, strategies = asking("on_quote", ask)
    rows = [quote(0, 990), trade(1, 1000), quote(1, 991), trade(1, 1001), trade(1, 70, instrument=1), quote(2, 992)]
    go(strategies, [*rows, trade(3, 1)], plan=plan, settings={"asking": 'instruments = ["AAA"]'})
    assert answers == [(None, 990, None), (1000, 991, None), (1001, 992, 70)]


def test_news_and_timers_see_the_market_as_of_the_last_row_before_them():
    """The timer is due at 2: the rows at 2 have not begun."""

    class Timed(Strategy):
        def on_start(self) -> None:
            self.ctx.timer(at(2), "x")

        def on_timer(self, timer) -> None:
            newest = self.ctx.trade(0)
            seen.append(newest.price if newest else 0)

    seen: list[int] = []
    go({"timed": Timed}, [trade(0, 7), trade(1, 8), trade(2, 9), trade(3, 10)])
    assert seen == [8]


def test_rule_23_the_book_is_that_of_the_row_being_handled():
    """Never the book at the end of the chunk; by hand after each update, best first, to a depth of two."""
    answers, strategies = asking("on_book", lambda ctx, _: [side.tolist() for side in ctx.book(0, 2)])
    rows = [
        delta(0, 99, 5, 1, r.FLAG_CLEAR),
        delta(0, 98, 6, 1, 0),
        delta(0, 97, 7, 1, 0),
        delta(0, 101, 4, -1, r.FLAG_LAST),
        delta(1, 99, 0, 1),
        delta(2, 100, 1, -1),
        delta(2, 98, 2, 1),
    ]
    go(strategies, rows)
    assert answers == [
        [[[99, 5], [98, 6]], [[101, 4]]],
        [[[98, 6], [97, 7]], [[101, 4]]],
        [[[98, 6], [97, 7]], [[100, 1], [101, 4]]],
        [[[98, 2], [97, 7]], [[100, 1], [101, 4]]],
    ]


def test_the_book_may_be_asked_for_between_its_updates_and_carries_over_chunks():
    answers, strategies = asking("on_trade", lambda ctx, _: [side.tolist() for side in ctx.book(0)])
    rows = [delta(0, 99, 5, 1), trade(1), delta(2, 98, 3, 1), trade(3), delta(4, 99, 0, 1), trade(5)]
    for plan in ([], [(1, None)] * 6, [(4, None)]):
        go(strategies, rows, plan=plan)
    assert answers == [[[[99, 5]], []], [[[99, 5], [98, 3]], []], [[[98, 3]], []]] * 3


def test_a_quote_is_taken_from_the_book_where_the_source_gives_none():
    answers, strategies = asking("on_trade", lambda ctx, _: ctx.quote(0))
    go(strategies, [delta(0, 99, 5, 1), trade(1), delta(2, 101, 4, -1), trade(3)])
    nothing, best = answers
    # Of a book with one side there is no quote.
    assert nothing is None
    assert (best.bid_price, best.bid_quantity, best.ask_price, best.ask_quantity) == (99, 5, 101, 4)


def test_the_newest_vector_of_a_view_is_the_one_that_has_been_announced():
    """An average of 2 is warm at the second trade; a row's own handlers come before what is computed from the row."""
    seen: list[Any] = []

    class Reading(Strategy):
        def on_trade(self, trade) -> None:
            newest = self.ctx.features("v", 0)
            seen.append(newest and newest.values)

    # alpha = 2 / 3: 10, then 10 + 2/3 * 30 = 30, then 30 + 2/3 * 6 = 34.
    settings = {"reading": 'views = ["v"]'}
    go({"reading": Reading}, [trade(0, 10), trade(1, 40), trade(2, 36), trade(3, 1)], extra=VIEW, settings=settings)
    assert seen[:2] == [None, None]
    assert [values[0] for values in seen[2:]] == pytest.approx([30, 34])


def test_an_unknown_view_is_an_error_that_names_those_there_are():
    def ask(ctx):
        with pytest.raises(ConfigError, match=r"doing: no view 'w' is listened to; did you mean 'v'\? \(known: v\)"):
            ctx.features("w", 0)

    assert at_first_quote(ask, extra=VIEW, settings={"doing": 'views = ["v"]'}).record.status == "ended"


def test_instruments_are_found_by_symbol_or_full_name():
    def ask(ctx):
        found.extend([ctx.instrument("BBB"), ctx.instrument("sim.AAA"), ctx.instruments[1].name])
        with pytest.raises(ConfigError, match=r"doing: no instrument 'ABA'; did you mean 'sim\.AAA'\?"):
            ctx.instrument("ABA")

    found: list[Any] = []
    assert at_first_quote(ask).record.status == "ended"
    assert found == [1, 0, "sim.BBB"]


# --- orders ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda ctx: ctx.submit(0, 0, 1), "side 0 is neither 1"),
        (lambda ctx: ctx.submit(0, 1, 1, "10.5"), "10.5"),
        (lambda ctx: ctx.submit(0, 1, "0.5"), "0.5"),
        (lambda ctx: ctx.submit(0, 1, -1), "must not be negative"),
        (lambda ctx: ctx.submit(0, 1, 0), "an order is for more than 0; the smallest is"),
        (lambda ctx: ctx.submit(-1, 1, 1), "no instrument -1; the run has 2, from 0"),
        (lambda ctx: ctx.submit(2, 1, 1), "no instrument 2; the run has 2, from 0"),
        (lambda ctx: ctx.amend(99, 1, 900), "there is no order 99"),
        (lambda ctx: ctx.order(99), "there is no order 99"),
        (lambda ctx: ctx.subscribe(Trade, 2), "no instrument 2; the run has 2, from 0"),
    ],
)
def test_what_cannot_be_is_refused_where_it_is_asked_for(ask, words):
    """So that the error carries the line of the strategy that is wrong; nothing is sent."""

    def do(ctx):
        with pytest.raises(OrderError, match=words):
            ask(ctx)

    finished = at_first_quote(do)
    assert finished.record.status == "ended"
    assert finished.events(SubmitOrder) == []


@pytest.mark.parametrize(
    "ask",
    [
        lambda ctx: ctx.cancel(None),
        lambda ctx: ctx.cancel("1"),
        lambda ctx: ctx.timer(None, "x"),
        lambda ctx: ctx.timer(1.5, "x"),
        lambda ctx: ctx.submit("AAA", 1, 1),
        lambda ctx: ctx.subscribe(Trade, None),
    ],
)
def test_what_is_no_number_is_refused_where_it_is_given(ask):
    def do(ctx):
        with pytest.raises(TypeError):
            ask(ctx)

    assert at_first_quote(do).record.status == "ended"


def test_only_kinds_of_rows_can_be_subscribed_to():
    def do(ctx):
        with pytest.raises(ConfigError, match="kinds of rows are Trade, Quote, BookDelta, Bar"):
            ctx.subscribe(Features, 0)

    assert at_first_quote(do).record.status == "ended"


@pytest.mark.parametrize("price", [990, "990", Decimal("990.0")])
def test_prices_and_quantities_may_be_decimals_text_or_ints(price):
    """One tick is 1 USD and one lot 1 AAA here, so 990 is the same in every form."""
    [order] = at_first_quote(lambda ctx: ctx.submit(0, 1, "3", price, tag="why")).events(SubmitOrder)
    assert (order.price, order.quantity, order.tag, order.instrument, order.side) == (990, 3, "why", 0, 1)


def test_an_order_is_shown_as_far_as_news_of_it_has_arrived():
    """Sent at 0, at the venue at 2, known at 5; the print of 3 of its 5 lots at 6 is known at 9."""

    def look(ctx, event):
        if event.ts_init == at(0):
            ctx.submit(0, 1, 5, 999)
            return None
        order = ctx.order(1)
        return (OrderStatus(order.status).name, order.filled_quantity, order.leaves_quantity, order.is_open)

    answers, strategies = asking("on_quote", look)
    rows = [quote(0, 998), quote(3, 998), trade(6, 998, 3, aggressor=-1), quote(7, 997), quote(10, 997)]
    go(strategies, rows, latency=SLOW)
    assert answers[1:] == [
        ("SUBMITTED", 0, 5, True),
        ("ACCEPTED", 0, 5, True),
        ("PARTIALLY_FILLED", 3, 2, True),
    ]


def test_open_orders_are_the_plugins_own_oldest_first():
    class Several(Strategy):
        def on_quote(self, quote) -> None:
            if quote.ts_init == at(0):
                for price in (990, 991, 992):
                    self.ctx.submit(0, 1, 1, price)
            elif quote.ts_init == at(1):
                self.ctx.cancel(self.ctx.open_orders()[1].order_id)
            else:
                seen.append([order.price for order in self.ctx.open_orders()])

    seen: list[list[int]] = []
    go({"a": Several, "b": Several}, [quote(0), quote(1), quote(2)])
    assert seen == [[990, 992], [990, 992]]


def test_an_amended_order_has_its_new_price_and_quantity():
    class Amending(Strategy):
        def on_quote(self, quote) -> None:
            if quote.ts_init == at(0):
                self.ctx.submit(0, 1, 5, 990)
            elif quote.ts_init == at(1):
                self.ctx.amend(1, 7, "995")
            else:
                order = self.ctx.order(1)
                seen.append((order.price, order.quantity, order.leaves_quantity))

    seen: list[tuple[int, ...]] = []
    go({"amending": Amending}, [quote(0), quote(1), quote(2)])
    assert seen == [(995, 7, 7)]


def test_commands_given_at_the_end_go_nowhere():
    class Last(Strategy):
        def on_stop(self) -> None:
            self.ctx.submit(0, 1, 1)
            self.ctx.timer(self.ctx.clock + 1, "x")

    finished = go({"last": Last}, [quote(0)])
    assert finished.events(SubmitOrder) == []
    assert finished.record.status == "ended"


# --- accounts ----------------------------------------------------------------------------------------------------

#: A second venue, where BBB is traded too, and an account there.
SECOND = """
[venues.other]
kind = "simulated"
[accounts.second]
venue = "other"
deposits = ["7 USD"]
[sources.far]
kind = "far"
venue = "other"
"""
FAR = {"far": partial(RowSource, [BBB], table(quote(0)))}


@pytest.mark.parametrize(
    ("accounts", "cash"), [('["main"]', "1000000"), ('["second"]', "7"), ('["main", "second"]', "1000007")]
)
def test_cash_is_that_of_the_plugins_own_accounts(accounts, cash):
    answers, strategies = asking("on_quote", lambda ctx, _: ctx.cash("USD"))
    go(strategies, [quote(0)], extra=SECOND, settings={"asking": f"accounts = {accounts}"}, plugins=FAR)
    assert answers == [Decimal(cash)] * 2


def test_where_a_plugin_has_no_account_it_holds_nothing_and_can_send_nothing():
    """The other strategy buys BBB at the other venue; that is its own affair."""

    class Buyer(Strategy):
        def on_quote(self, quote) -> None:
            if quote.instrument == 2:
                self.ctx.submit(2, 1, 1)

    class Poor(Strategy):
        def on_quote(self, quote) -> None:
            seen.append(self.ctx.position(2))
            with pytest.raises(OrderError, match=r"poor: other\.BBB: no account at its venue"):
                self.ctx.submit(2, 1, 1)

    seen: list[int] = []
    settings = {"poor": 'accounts = ["main"]', "buyer": 'accounts = ["second"]'}
    rich = SECOND.replace("7 USD", "7000 USD")
    finished = go({"poor": Poor, "buyer": Buyer}, [quote(0), quote(9)], extra=rich, settings=settings, plugins=FAR)
    assert [fill.instrument for fill in finished.events(Fill)] == [2]
    assert seen == [0, 0, 0]


# --- time and chance ---------------------------------------------------------------------------------------------


def test_a_timer_whose_time_has_passed_fires_at_once():
    class Late(Listener):
        def on_trade(self, trade) -> None:
            self.note("trade")
            self.ctx.timer(at(1), "past")

        def on_timer(self, timer) -> None:
            self.note(timer.name)

    late = Late()
    finished = go({"late": lambda: late}, [trade(5), trade(5)])
    assert late.heard == [("trade", 5), ("past", 5), ("trade", 5), ("past", 5)]
    assert [timer.owner for timer in finished.events(TimerFired)] == ["late", "late"]


def test_a_timer_goes_to_who_set_it_by_whatever_name():
    class Named(Listener):
        def on_start(self) -> None:
            self.ctx.timer(at(1), "same")

        def on_timer(self, timer) -> None:
            self.note(timer.owner)

    one, two = Named(), Named()
    go({"one": lambda: one, "two": lambda: two}, [trade(0), trade(2)])
    assert (one.heard, two.heard) == ([("one", 1)], [("two", 1)])


def test_subscribing_twice_wakes_once():
    class Keen(Listener):
        def on_start(self) -> None:
            for _ in range(2):
                self.ctx.subscribe(Trade, 0)

        def on_trade(self, trade) -> None:
            self.note("trade")

    keen = Keen()
    go({"keen": lambda: keen}, [trade(0), trade(1)])
    assert keen.heard == [("trade", 0), ("trade", 1)]


def test_bars_among_the_rows_can_be_subscribed_to():
    class Keen(Listener):
        def on_trade(self, trade) -> None:
            self.ctx.subscribe(Bar, 0)

        def on_bar(self, bar) -> None:
            self.note(f"{bar.close}")

    keen = Keen()
    settings = {"keen": 'instruments = ["BBB"]'}
    rows = [candle(1, 7), trade(2, instrument=1), candle(3, 8)]
    go({"keen": lambda: keen}, rows, settings=settings, series=["1ms"])
    assert keen.heard == [("8", 3)]
