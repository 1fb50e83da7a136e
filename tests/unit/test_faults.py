"""What becomes of a strategy or model that raises, or turns in circles: it is stopped, and everybody else goes on.

What raises on the order road, a venue and a source stand in `test_fail_closed`.
"""

import pytest
from faults import CHECK, Dear, Good, run_with
from loops import Listener, at, go, quote, trade

from tickloom.codes import Report
from tickloom.engine import loop, run
from tickloom.engine.stream import Observer
from tickloom.errors import RunStoppedError
from tickloom.events import (
    CancelOrder,
    Fill,
    OrderUpdate,
    PluginFault,
    Quote,
    RunEnded,
    Signal,
    SubmitOrder,
    TimerFired,
)
from tickloom.interfaces import Strategy
from tickloom.plugins import Registry

CALLBACKS = (
    "on_start", "on_trade", "on_quote", "on_book", "on_bar", "on_features", "on_signal", "on_order", "on_fill",
    "on_timer", "on_stop",
)  # fmt: skip


def defective(callback: str) -> type[Strategy]:
    """Return a strategy that buys, sets a timer, and raises in one of its callbacks whenever that is called."""

    def start(self) -> None:
        self.ctx.timer(at(1), "x")

    def buy(self, quote) -> None:
        self.ctx.submit(0, 1, 1)

    def fail(self, *event) -> None:
        raise RuntimeError("a defect of its author")

    return type("Defective", (Strategy,), {"on_start": start, "on_quote": buy, "on_fill": tell, callback: fail})


def tell(self, fill) -> None:
    """Take news and do nothing."""


@pytest.mark.parametrize("callback", CALLBACKS)
def test_a_strategy_that_raises_is_stopped_and_the_others_go_on(callback):
    """It raises once, since it is not called again; the other hears all quotes and the end."""
    good, finished = run_with(defective(callback))
    [fault] = finished.events(PluginFault)
    assert (fault.plugin, fault.callback) == ("bad", callback)
    assert fault.error == "RuntimeError('a defect of its author')"
    assert [what for what, _ in good.heard] == ["quote", "ACCEPTED"] * 3 + ["stop"]
    assert finished.record.status == "ended"


def test_a_handler_need_not_be_a_method_of_its_plugin():
    """A plugin is what looks like one: its handler may be a function, or a method of another object."""

    class Part:
        def watch(self, trade) -> None:
            raise RuntimeError

    class Whole:
        def __init__(self) -> None:
            self.on_trade = Part().watch

    good, finished = run_with(Whole)
    assert [(fault.plugin, fault.callback) for fault in finished.events(PluginFault)] == [("bad", "on_trade")]
    assert good.heard[-1][0] == "stop"


def test_a_stopped_strategy_hears_nothing_more():
    class Once(Listener):
        def on_start(self) -> None:
            self.ctx.timer(at(5), "x")

        def on_quote(self, quote) -> None:
            self.note("quote")
            raise RuntimeError

        def on_trade(self, trade) -> None:
            self.note("trade")

        on_timer = on_bar = on_book = on_features = on_signal = on_stop = on_trade

    once = Once()
    run_with(lambda: once, settings={"bad": "views = []\nmodels = []"})
    # At 0: the update of the book, then the quote.
    assert once.heard == [("trade", 0), ("quote", 0)]


def test_the_orders_of_a_stopped_strategy_are_cancelled_and_its_position_left():
    class Holder(Strategy):
        def on_quote(self, quote) -> None:
            if quote.ts_init == at(0):
                self.ctx.submit(0, 1, 3)
                self.ctx.submit(0, 1, 2, 900)
                self.ctx.submit(0, -1, 2, 1100)
            elif quote.ts_init == at(3):
                self.ctx.submit(0, 1, 1, 901)
                raise RuntimeError

    _, finished = run_with(Holder)
    [fault] = finished.events(PluginFault)
    # The order of the same handler is carried out first, so it is taken back with the others.
    assert fault.action == "stopped; 3 open orders cancelled; position left: 3 lots of sim.AAA"
    assert [cancel.order_id for cancel in finished.events(CancelOrder)] == [2, 3, 4]
    cancelled = [u.order_id for u in finished.events(OrderUpdate) if u.report == Report.CANCELED]
    assert cancelled == [2, 3, 4]
    assert finished.record.ledger.position(0, 0).quantity == 3


def test_what_a_strategy_commands_after_its_fault_is_forgotten():
    """Its other handlers of the same row still run: that is known only when the commands are carried out."""

    class Torn(Strategy):
        def on_trade(self, trade) -> None:
            raise RuntimeError

        def on_features(self, features) -> None:
            self.ctx.submit(0, 1, 1, 950)
            self.ctx.timer(at(4), "x")
            self.ctx.subscribe(Quote, 1)

    _, finished = run_with(Torn)
    assert [order.price for order in finished.events(SubmitOrder)] == [900] * 3
    assert finished.events(TimerFired) == []


def test_what_a_strategy_commands_between_its_fault_and_its_stop_is_forgotten():
    """Two denials: the first makes it raise, the second makes it try again before it has been stopped."""

    class Stubborn(Strategy):
        def on_quote(self, quote) -> None:
            self.ctx.submit(0, 1, 1, 950)
            self.ctx.submit(0, 1, 1, 950)

        def on_order(self, update) -> None:
            if update.order_id == 1:
                raise RuntimeError
            self.ctx.submit(0, 1, 1, 951)

    _, finished = run_with(Stubborn, extra=CHECK, plugins={"check": Dear})
    assert [order.price for order in finished.events(SubmitOrder)] == [950, 950, 900, 900, 900]


@pytest.mark.parametrize("block", [1, 1 << 16])
def test_rule_29_a_fault_in_mid_block_takes_the_venue_back(block):
    """The print at 6 would have filled the order that rests; the fault at 3 cancels it before, with no latency."""

    class Resting(Strategy):
        def on_quote(self, quote) -> None:
            if quote.ts_init == at(0):
                self.ctx.submit(0, 1, 5, 990)
            if quote.ts_init == at(3):
                raise RuntimeError

    rows = [quote(0), quote(1), quote(3), quote(5), trade(6, 980, 50, aggressor=-1), quote(7)]
    finished = go({"resting": Resting}, rows, block=block)
    assert finished.events(Fill) == []
    assert [u.report for u in finished.events(OrderUpdate)] == [Report.ACCEPTED, Report.CANCELED]


def test_a_model_that_raises_is_stopped_and_the_strategies_go_on():
    class Failing:
        left = 2

        def predict(self, features) -> float:
            self.left -= 1
            if self.left < 0:
                raise ValueError("no such vector")
            return 1.0

    heard = Listener()
    good, finished = run_with(lambda: heard, plugins={"model": Failing})
    [fault] = finished.events(PluginFault)
    assert (fault.plugin, fault.error) == ("m", "ValueError('no such vector')")
    assert len(finished.events(Signal)) == 2
    assert good.heard[-1][0] == "stop"


# --- halting, and observers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("plan", [[], [(1, None)] * 15, [(4, None)]])
def test_on_fault_halt_ends_the_run_at_the_row_of_the_fault(plan):
    """Whatever the chunks: nothing of the rows behind it has happened, and the end has the time of the fault."""
    good, finished = run_with(defective("on_trade"), on_fault="halt", plan=plan)
    record = finished.record
    [fault] = finished.events(PluginFault)
    assert record.status == "bad.on_trade raised RuntimeError('a defect of its author')"
    assert fault.action == "the run halts"
    assert record.rows == {"BookDelta": 2, "Quote": 1, "Trade": 1}
    assert record.entries[-1].event == RunEnded(at(1), record.status, 0)
    # Its order rests at the venue, and the run does not wait for anything.
    assert good.heard == [("quote", 0), ("ACCEPTED", 0), ("stop", 1)]


def test_on_fault_halt_at_the_start_ends_the_run_there():
    _, finished = run_with(defective("on_start"), on_fault="halt")
    assert finished.record.rows == {}
    assert [type(entry.event) for entry in finished.record.entries][-2:] == [PluginFault, RunEnded]


def test_an_observer_that_raises_is_announced_to_the_plugins_and_not_in_the_stream(monkeypatch):
    """The stream must not know of observers, so only the hook tells."""
    told: list[PluginFault] = []
    monkeypatch.setattr(Registry, "call", lambda self, hook, **arguments: told.append(arguments["fault"]))

    class Recorder(Observer):
        name = "recorder"

        def event(self, *event) -> None:
            raise ValueError("disk full")

    finished = go({"good": Good}, [quote(0), quote(1)], observers=[Recorder()])
    assert [(fault.plugin, fault.error, fault.action) for fault in told] == [
        ("recorder", "ValueError('disk full')", "detached")
    ]
    assert finished.events(PluginFault) == []


def test_an_observer_that_raises_puts_down_what_it_took_up_and_so_do_all_others_at_the_end():
    ends: list[str] = []

    class Recorder(Observer):
        def __init__(self, name: str, at: str, error: Exception) -> None:
            self.name, self.at, self.error = name, at, error

        def event(self, *event) -> None:
            if self.at == "event":
                raise self.error

        def end(self) -> None:
            ends.append(self.name)
            if self.at == "end":
                raise self.error

    fails, stops, other = (
        Recorder("fails", "event", ValueError("disk full")),
        Recorder("stops", "end", RunStoppedError("disk full")),
        Recorder("other", "", ValueError()),
    )
    with pytest.raises(RunStoppedError):
        go({"good": Good}, [quote(0), quote(1)], observers=[stops, fails, other])
    assert ends == ["fails", "stops", "other"]


# --- turning in circles ------------------------------------------------------------------------------------------


class Retrying(Strategy):
    """Sends what was denied again, for ever, without any time passing."""

    def on_quote(self, quote) -> None:
        self.ctx.submit(0, 1, 1, 950)

    def on_order(self, update) -> None:
        self.ctx.submit(0, 1, 1, 950)


class Replacing(Strategy):
    """Cancels what was accepted, and sends it again when it is."""

    def on_quote(self, quote) -> None:
        self.ctx.submit(0, 1, 1, 890)

    def on_order(self, update) -> None:
        if update.report == Report.ACCEPTED:
            self.ctx.cancel(update.order_id)
        elif update.report == Report.CANCELED:
            self.ctx.submit(0, 1, 1, 890)


class Ticking(Strategy):
    """Sets a timer for now whenever one fires."""

    def on_quote(self, quote) -> None:
        self.ctx.timer(self.ctx.clock, "now")

    def on_timer(self, timer) -> None:
        self.ctx.timer(self.ctx.clock, "now")


class Flooding(Strategy):
    """Sends more orders at one row than anybody needs, though it would stop then."""

    def on_quote(self, quote) -> None:
        for _ in range(500):
            self.ctx.submit(0, 1, 1, 890)


class FloodingTheGate(Strategy):
    """The same, with orders that do not pass the gate."""

    def on_quote(self, quote) -> None:
        for _ in range(500):
            self.ctx.submit(0, 1, 1, 950)


@pytest.fixture
def few_at_once(monkeypatch):
    """Set the number of events at one instant that are too many to 300."""
    for module in (loop, run):
        monkeypatch.setattr(module, "MOST_AT_ONCE", 300)


@pytest.mark.usefixtures("few_at_once")
@pytest.mark.parametrize("strategy", [Retrying, Replacing, Ticking, Flooding, FloodingTheGate])
def test_rule_19_a_strategy_that_turns_in_circles_is_stopped_and_nobody_else(strategy):
    """Zero latency, so that no time passes. The other one's orders of the same row are neither lost nor blamed."""
    good, finished = run_with(strategy, extra=CHECK, plugins={"check": Dear})
    [fault] = finished.events(PluginFault)
    assert (fault.plugin, fault.callback, fault.ts_init) == ("bad", "loop", at(0))
    assert fault.error == "more than 300 events at one instant"
    assert [what for what, _ in good.heard] == ["quote", "ACCEPTED"] * 3 + ["stop"]
    still_open = {
        order.order_id for order in finished.events(SubmitOrder) if order.strategy == 0 and order.price == 890
    }
    over = {u.order_id for u in finished.events(OrderUpdate) if u.report in (Report.CANCELED, Report.DENIED)}
    assert still_open <= over
    assert finished.record.status == "ended"


def test_rule_19_ten_thousand_events_at_one_instant_are_too_many():
    finished = go({"ticking": Ticking}, [quote(0), quote(1)])
    assert [fault.error for fault in finished.events(PluginFault)] == ["more than 10000 events at one instant"]
    assert len(finished.events(TimerFired)) == 10_002
    assert finished.record.status == "ended"
