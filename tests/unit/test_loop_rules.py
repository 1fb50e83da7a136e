"""The rules of the loop about time, order and names, each on a few rows worked by hand; the numbers are the rules'.

Rules about orders and venues stand in `test_loop_rules_orders`, rule 4 in `test_merge`, rules 16, 22 and 24 in
`test_views`, rule 23 in `test_context`, rules 19 and 29 in `test_faults`; rule 7 is chunk invariance and rule 30 the
observer law, both in `tests/property`, as is rule 25, `test_compiled_strategies`; rules 14 and 24 are also in
the conformance suites of sources and features.

Not here yet, because the parts they are about are not: 5 (live order) and 28 (snapshots). In part: of 16 the flat bar
of an empty interval, of 18 the list of what is left (`RunEnded` gives the number), of 21 views that come in mid-run.
Rule 32 is how rule 17 is made fast.
"""

from functools import partial
from typing import Any

import numpy as np
import pytest
from loops import MS, SLOW, Listener, Telling, at, candle, go, quote, table, trade

from tickloom.engine.ahead.plan import Planner
from tickloom.engine.loop import Loop
from tickloom.events import (
    AccountChanged,
    Fill,
    OrderUpdate,
    PositionChanged,
    Quote,
    RunEnded,
    RunStarted,
    SubmitOrder,
    TimerFired,
)
from tickloom.interfaces import Strategy
from tickloom_kernels.orders import line as ln
from tickloom_plugins.venues.simulated import Simulated

BARS = '[bars.b]\nmethod = "time"\ninterval = "10ms"\ngrace = "{}"\ninstruments = ["AAA"]\n'


class Clock(Listener):
    """Notes every row and every timer; sets the timers it is given, in milliseconds after the start."""

    def __init__(self, heard=None, timers=()) -> None:
        super().__init__(heard)
        self.timers = timers

    def on_start(self) -> None:
        for ms in self.timers:
            self.ctx.timer(at(ms), f"{ms}")

    def on_timer(self, timer) -> None:
        self.note(f"timer {timer.name}")

    def on_trade(self, trade) -> None:
        self.note(f"trade {trade.price}")

    def on_quote(self, quote) -> None:
        self.note("quote")

    def on_bar(self, bar) -> None:
        self.note(f"bar {bar.close}")


def test_rule_01_a_watermark_without_rows_lets_a_timer_fire():
    """The timer is due at 5; the second chunk has no row and promises 6, so it fires before a third is asked for."""
    heard: list[tuple[str, float]] = []
    parts = [(table(trade(0)), at(0)), (table(), at(6)), (table(trade(20)), at(20))]
    source = partial(Telling, parts, lambda n: heard.append((f"after chunk {n}", 0)))
    go({"clock": lambda: Clock(heard, [5])}, source)
    kept = [what for what, _ in heard]
    assert kept == ["trade 1000", "after chunk 0", "timer 5", "after chunk 1", "trade 1000", "after chunk 2"]


def test_rule_01_a_timer_waits_for_the_watermark_to_reach_it():
    heard: list[tuple[str, float]] = []
    parts = [(table(trade(0)), at(0)), (table(), at(4)), (table(), at(5))]
    source = partial(Telling, parts, lambda n: heard.append((f"after chunk {n}", 0)))
    go({"clock": lambda: Clock(heard, [5])}, source)
    assert [what for what, _ in heard] == [
        "trade 1000", "after chunk 0", "after chunk 1", "timer 5", "after chunk 2"
    ]  # fmt: skip


def test_rule_02_an_internal_event_due_at_t_runs_before_every_row_at_t():
    clock = Clock(timers=[2])
    go({"clock": lambda: clock}, [trade(1, 1), trade(2, 2), trade(2, 3), trade(3, 4)])
    assert clock.heard == [("trade 1", 1), ("timer 2", 2), ("trade 2", 2), ("trade 3", 2), ("trade 4", 3)]


def test_rule_02_what_a_row_at_t_brings_about_at_once_runs_before_the_next_row_at_t():
    class Prompt(Clock):
        def on_trade(self, trade) -> None:
            super().on_trade(trade)
            self.ctx.timer(self.ctx.clock, f"after {trade.price}")

    prompt = Prompt()
    go({"prompt": lambda: prompt}, [trade(1, 1), trade(1, 2)])
    assert [what for what, _ in prompt.heard] == ["trade 1", "timer after 1", "trade 2", "timer after 2"]


def test_rule_02_events_of_one_instant_are_ordered_by_their_class():
    """At 10 an order arrives, a bar ends, news of an earlier order comes, a timer is due: so says the table of classes.

    Sent at 8, an order is at the venue at 10 (2 ms); sent at 5, it was there at 7 and its news is back at 10 (3 ms).
    """
    heard: list[tuple[str, float]] = []

    class Venue(Simulated):
        def arrive(self, out, back, numbering, until, most) -> bool:
            row = out.item(ln.first(out) + 3)
            heard.append((f"arrival of {self._orders.at(row).order_id}", 0))
            return super().arrive(out, back, numbering, until, most)

    class Everything(Clock):
        def on_trade(self, trade) -> None:
            if self.ctx.clock in {at(5), at(8)}:
                self.ctx.submit(0, 1, 1, 900)

        def on_order(self, update) -> None:
            self.note(f"news of {update.order_id}")

    rows = [trade(0), trade(5), trade(8), trade(30)]
    plugins = {"simulated": Venue}
    go({"all": lambda: Everything(heard, [10])}, rows, latency=SLOW, extra=BARS.format("0ms"), plugins=plugins)
    ten = [item for item in heard if item[1] in {0, 10}]
    assert ten == [
        ("arrival of 1", 0), ("arrival of 2", 0), ("bar 1000", 10), ("news of 1", 10), ("timer 10", 10)
    ]  # fmt: skip


def test_rule_02_events_of_one_class_keep_the_order_in_which_they_were_scheduled():
    clock = Clock(timers=[7, 3, 7.0, 3.0])
    go({"clock": lambda: clock}, [trade(0), trade(9)])
    assert [what for what, _ in clock.heard[1:5]] == ["timer 3", "timer 3.0", "timer 7", "timer 7.0"]


def test_rule_03_looking_ahead_leaves_no_trace(monkeypatch):
    """Planning a chunk touches neither a number nor the calendar, a line or a generator of chance."""
    seen = []
    plan, chunk = Planner.plan, Loop._chunk

    def trace(loop):
        lines = [line.tobytes() for one in loop.sessions for line in (one.out, one.back)]
        counted = loop.road.numbering.tolist()
        return (loop.stream.row, loop.stream.sub, list(loop.calendar), counted, loop._timers, lines)

    def watched(loop, rows):
        def planned(planner, *arguments):
            before = trace(loop)
            made = plan(planner, *arguments)
            seen.append((len(made.closings), before == trace(loop)))
            return made

        monkeypatch.setattr(Planner, "plan", planned)
        return chunk(loop, rows)

    monkeypatch.setattr(Loop, "_chunk", watched)
    go({"clock": Clock}, [trade(ms) for ms in range(0, 60, 3)], extra=BARS.format("1ms"))
    # Trades to 57: five bars of 10 ms, of which the third ends with the trade at 30, the others 1 ms after their end.
    assert seen == [(4, True)]


def test_rule_06_every_input_takes_a_number_whether_or_not_it_wakes_anybody():
    class Buyer(Strategy):
        def on_trade(self, trade) -> None:
            self.ctx.submit(0, 1, 1, 900)

    finished = go({"buyer": Buyer}, [quote(0), quote(1), quote(2), trade(3), quote(4), trade(5)])
    entries = [entry for entry in finished.record.entries if isinstance(entry.event, SubmitOrder)]
    assert [(entry.row, entry.sub, entry.cause_row, entry.cause_sub) for entry in entries] == [
        (3, 1, 3, 0),
        (5, 1, 5, 0),
    ]


def test_rule_06_an_outcome_is_named_after_the_row_before_it_and_says_what_caused_it():
    """Row 1 submits; the order is accepted at 3 and filled by row 2's print, the news come 3 ms after each."""

    class Buyer(Strategy):
        def on_quote(self, quote) -> None:
            if quote.ts_init == at(1):
                self.ctx.submit(0, 1, 5, 999)
                self.ctx.timer(at(30), "x")

    rows = [quote(0), quote(1), trade(5, 998, aggressor=-1), quote(20)]
    finished = go({"buyer": Buyer}, rows, latency=SLOW, tail="20ms")
    told = [(*entry[:4], type(entry.event)) for entry in finished.record.entries]
    submit = (1, 1)
    fill = (2, 2)
    assert told == [
        (-1, 1, -1, 0, RunStarted),
        (*submit, 1, 0, SubmitOrder),
        # Accepted at 3, known at 6, so after row 2 (at 5); caused by the command.
        (2, 1, *submit, OrderUpdate),
        # Filled by row 2, known at 8; caused by that row.
        (*fill, 2, 0, Fill),
        (2, 3, *fill, PositionChanged),
        (2, 4, *fill, AccountChanged),
        (3, 1, -1, 0, TimerFired),
        (3, 2, -1, 0, RunEnded),
    ]


def test_rule_15_order_and_timers_go_by_the_time_we_had_a_row():
    """The rows' own times run backwards, and are data: nothing waits for them or is ordered by them."""
    clock = Clock(timers=[2])
    go({"clock": lambda: clock}, [trade(1, 1, event=9), trade(2, 2, event=5), trade(3, 3, event=-7)])
    assert clock.heard == [("trade 1", 1), ("timer 2", 2), ("trade 2", 2), ("trade 3", 3)]


def test_rule_17_the_clock_is_the_time_of_the_event_being_handled():
    """Row, bar (its end and grace: 15), timer, news, signal; the start has the first row's time, the end the tail's."""

    class Model:
        def predict(self, features) -> float:
            return 1.0

    class All(Clock):
        def on_start(self) -> None:
            super().on_start()
            self.note("start")
            self.ctx.submit(0, 1, 1, 900)

        def on_order(self, update) -> None:
            self.note("news")

        def on_features(self, features) -> None:
            self.note("features")

        def on_signal(self, signal) -> None:
            self.note("signal")

        def on_stop(self) -> None:
            self.note("stop")

    strategy = All(timers=[17])
    extra = BARS.format("5ms") + (
        '[views.v]\non = "trade"\nfeatures = [{ name = "ema", n = 1 }]\n[models.m]\nkind = "model"\nview = "v"\n'
    )
    go({"all": lambda: strategy}, [trade(1), trade(20)], latency=SLOW, extra=extra, plugins={"model": Model})
    assert strategy.heard == [
        ("start", 1), ("trade 1000", 1), ("features", 1), ("signal", 1), ("news", 6),
        ("bar 1000", 15), ("timer 17", 17), ("trade 1000", 20), ("features", 20), ("signal", 20), ("stop", 30),
    ]  # fmt: skip


def test_rule_18_the_run_ends_with_the_tail_and_says_what_is_left():
    """A timer that always sets the next one would fire for ever; 3, 6 and 9 lie within the tail of 10."""

    class Repeating(Clock):
        def on_timer(self, timer) -> None:
            super().on_timer(timer)
            self.ctx.timer(self.ctx.clock + 3 * MS, "again")

    strategy = Repeating(timers=[3])
    finished = go({"repeating": lambda: strategy}, [trade(0)], tail="10ms")
    assert [ms for _, ms in strategy.heard] == [0, 3, 6, 9]
    assert finished.events(RunEnded) == [RunEnded(at(10), "ended", 1)]


def test_rule_18_the_tail_is_as_long_as_the_longest_way_out_and_back_where_none_is_given():
    """2 ms out and 3 ms back."""
    clock = Clock(timers=[4, 5, 6])
    finished = go({"clock": lambda: clock}, [trade(0)], latency=SLOW, tail=None)
    assert [what for what, _ in clock.heard] == ["trade 1000", "timer 4", "timer 5"]
    assert finished.events(RunEnded)[0].ts_init == at(5)


def test_rule_20_all_handlers_of_an_event_run_before_any_command_counts():
    """The second handler of the row sees neither the order of the first nor its own, the timer after the row both."""

    class Hasty(Strategy):
        def on_trade(self, trade) -> None:
            self.ctx.submit(0, 1, 1, 900)
            seen.append(len(self.ctx.open_orders()))
            self.ctx.timer(self.ctx.clock, "later")

        def on_timer(self, timer) -> None:
            seen.append(len(self.ctx.open_orders()))

    seen: list[int] = []
    go({"a": Hasty, "b": Hasty}, [trade(0)])
    assert seen == [0, 0, 1, 1]


def test_rule_20_commands_are_carried_out_breadth_first():
    """Two orders are denied, and each denial leads to another order: the denials come before those."""

    class Never:
        def check(self, command) -> str:
            return "no"

    class Stubborn(Strategy):
        def on_trade(self, trade) -> None:
            self.ctx.submit(0, 1, 1, 900, tag="first")
            self.ctx.submit(0, 1, 1, 900, tag="second")

        def on_order(self, update) -> None:
            if update.order_id <= 2:
                self.ctx.submit(0, 1, 1, 900, tag=f"after {update.order_id}")

    extra = '[risk_checks.never]\nkind = "never"\n'
    finished = go({"stubborn": Stubborn}, [trade(0)], extra=extra, plugins={"never": Never})
    told = [
        event.tag if isinstance(event, SubmitOrder) else f"denied {event.order_id}"
        for *_, event in finished.record.entries
        if isinstance(event, SubmitOrder | OrderUpdate)
    ]
    assert told == [
        "first", "second", "denied 1", "denied 2", "after 1", "after 2", "denied 3", "denied 4"
    ]  # fmt: skip


@pytest.mark.parametrize("block", [1, 1 << 16])
def test_rule_21_a_subscription_counts_from_the_next_input_on(block):
    """Made at the trade at 1, it wakes on the quote that stands next, at the same time, and on none before."""

    class Curious(Clock):
        def on_trade(self, trade) -> None:
            super().on_trade(trade)
            self.ctx.subscribe(Quote, 1)

    curious = Curious()
    rows = [quote(0, instrument=1), trade(1), quote(1, instrument=1), quote(2, instrument=1)]
    settings = {"curious": 'instruments = ["AAA"]'}
    go({"curious": lambda: curious}, rows, settings=settings, block=block)
    assert curious.heard == [("trade 1000", 1), ("quote", 1), ("quote", 2)]


def test_rule_31_events_hold_plain_numbers():
    """Numpy's never reach an event: they would neither be encoded nor compare as quickly."""

    class Careless(Strategy):
        def on_book(self, delta) -> None:
            self.on_quote(delta)

        def on_quote(self, quote) -> None:
            ctx: Any = self.ctx
            order = ctx.submit(np.int64(0), np.int64(1), np.int64(3), np.int64(990), post_only=np.bool_(True))
            ctx.timer(np.int64(ctx.clock), "x")
            if order > 1:
                ctx.amend(np.int64(order - 1), np.int64(4), 991)
            ctx.cancel(np.int64(order))

    rows = [quote(0), trade(1), quote(2), trade(30, 980, aggressor=-1), candle(31)]
    finished = go({"careless": Careless}, rows, extra=BARS.format("1ms"), series=["1ms"])
    assert finished.record.status == "ended"
    fields = [getattr(entry.event, name) for entry in finished.record.entries for name in entry.event.__struct_fields__]
    assert {type(value) for value in fields} <= {int, float, bool, str, tuple}


def test_rule_34_handlers_of_one_event_run_by_priority_then_by_name():
    order: list[str] = []

    class Named(Listener):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

        def on_trade(self, trade) -> None:
            order.append(self.name)

    settings = {"late": "priority = 5", "zoe": "priority = -1"}
    go({name: lambda n=name: Named(n) for name in ("late", "bob", "zoe", "ann")}, [trade(0)], settings=settings)
    assert order == ["zoe", "ann", "bob", "late"]


def test_rule_35_an_order_fills_in_time_where_no_row_comes():
    """As in paper trading: the clock alone promises 6, so the order that arrives at 2 fills, and is known at 5."""
    heard: list[tuple[str, float]] = []

    class Buyer(Listener):
        def on_quote(self, quote) -> None:
            self.ctx.submit(0, 1, 1)

        def on_fill(self, fill) -> None:
            self.note(f"fill {fill.price}")

    parts = [(table(quote(0)), at(0)), (table(), at(6)), (table(), at(7))]
    source = partial(Telling, parts, lambda n: heard.append((f"after chunk {n}", 0)))
    go({"buyer": lambda: Buyer(heard)}, source, latency=SLOW)
    assert heard == [("after chunk 0", 0), ("fill 1001", 5), ("after chunk 1", 0), ("after chunk 2", 0)]
