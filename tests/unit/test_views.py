"""Bars, feature views and models in a run: what they say, when it is heard, and that nothing but the market is in it.

Expected values are worked by hand; an average of n weighs 2 / (n + 1) and begins with
the first value, so an average of 1 is the price itself.
"""

from collections.abc import Sequence
from typing import Any

import pytest
from loops import SLOW, Listener, Row, at, candle, go, quote, trade

from tickloom.engine.stream import Observer
from tickloom.events import Alert, Bar, Event, Features, Signal, SubmitOrder
from tickloom.features import feature
from tickloom.interfaces import Strategy

BARS = '[bars.b]\nmethod = "time"\ninterval = "10ms"\ngrace = "{}"\ninstruments = ["AAA"]\n'
ON_TRADE = '[views.v]\non = "trade"\nfeatures = [{ name = "ema_first", n = 1 }, { name = "ema_first", n = 3 }]\n'
PLAIN = '[views.v]\non = "{}"\nfeatures = [{{ name = "ema_first", n = 1 }}]\n{}\n'


class Hearing(Listener):
    """Notes rows, bars, vectors and signals."""

    def on_trade(self, trade) -> None:
        self.note(f"trade {trade.price}")

    def on_quote(self, quote) -> None:
        self.note("quote")

    def on_bar(self, bar) -> None:
        self.note(f"bar {bar.close}")

    def on_features(self, features) -> None:
        self.note(f"features {features.values[0]:g}")

    def on_signal(self, signal) -> None:
        self.note(f"signal {signal.value:g}")


class Sign:
    """A model: the sign of the first feature against 1000, nothing where they are equal."""

    def predict(self, features) -> float | None:
        value = features.values[0]
        return None if value == 1000 else (1.0 if value > 1000 else -1.0)


def vectors(rows: Sequence[Row], extra: str, strategy: Any = Hearing, **more: Any) -> list[Features]:
    """Return the feature vectors of a run; observers see them, the record leaves them out."""
    seen: list[Features] = []

    class Watch(Observer):
        def event(self, row: int, sub: int, cause_row: int, cause_sub: int, event: Event) -> None:
            if isinstance(event, Features):
                seen.append(event)

    assert go({"one": strategy}, rows, extra=extra, observers=[Watch()], **more).record.status == "ended"
    return seen


# --- bars --------------------------------------------------------------------------------------------------------


def test_rule_16_a_bar_ends_with_the_first_row_of_its_own_stream_beyond_it():
    """Or when the grace is over, whichever comes first: the bar of [0, 10) ends with the trade at 12, not at 15."""
    clock = Hearing()
    finished = go({"clock": lambda: clock}, [trade(1, 7), trade(12, 8), quote(13)], extra=BARS.format("5ms"))
    assert [item for item in clock.heard if item[0].startswith("bar")] == [("bar 7", 12)]
    assert [(bar.ts_init, bar.ts_event) for bar in finished.events(Bar)] == [(at(12), at(0))]


def test_rule_16_a_bar_ends_when_its_grace_is_over():
    """Nothing trades after 1: the bar of [0, 10) is known at 15, before the quote at 15, and no empty bar follows."""
    clock = Hearing()
    go({"clock": lambda: clock}, [trade(1, 7), quote(15), quote(40)], extra=BARS.format("5ms"))
    assert clock.heard == [("trade 7", 1), ("bar 7", 15), ("quote", 15), ("quote", 40)]


def test_rule_16_late_trades_stay_out_of_their_bar_and_raise_one_alert():
    """The bar of [0, 10) is known at 12; the trades that come at 13 and 14 happened at 8 and 9."""
    clock = Hearing()
    rows = [trade(1, 7), trade(12, 8), trade(13, 99, event=8), trade(14, 98, event=9), trade(25, 9)]
    finished = go({"clock": lambda: clock}, rows, extra=BARS.format("5ms"))
    assert [(bar.high, bar.trades) for bar in finished.events(Bar)] == [(7, 1), (8, 1), (9, 1)]
    assert [alert.ts_init for alert in finished.events(Alert)] == [at(13)]
    assert any("2 trades came after their bar had closed" in note for note in finished.record.notes)


@pytest.mark.parametrize("plan", [[], [(1, None)] * 9, [(2, None), (0, None), (4, None)]])
def test_bars_by_number_close_with_the_trade_that_fills_them(plan):
    """Three trades each, whatever the chunks: the third and the sixth close one, before anything of the next row."""
    hearing = Hearing()
    extra = '[bars.b]\nmethod = "tick"\nsize = 3\ninstruments = ["AAA"]\n'
    go({"one": lambda: hearing}, [trade(n, 100 + n) for n in range(7)], extra=extra, plan=plan)
    assert [what for what, _ in hearing.heard] == [
        "trade 100", "trade 101", "trade 102", "bar 102", "trade 103", "trade 104", "trade 105", "bar 105", "trade 106"
    ]  # fmt: skip


def test_a_strategy_hears_the_series_it_names():
    """`b` is built here, `1ms` stands in the rows."""
    heard = {}
    for wanted in ("b", "1ms"):
        hearing = Hearing()
        rows = [trade(1, 7), candle(2, 8), trade(12, 9)]
        settings = {"one": f'bars = ["{wanted}"]'}
        go({"one": lambda h=hearing: h}, rows, extra=BARS.format("0ms"), series=["1ms"], settings=settings)
        heard[wanted] = [what for what, _ in hearing.heard if what.startswith("bar")]
    assert heard == {"b": ["bar 7", "bar 9"], "1ms": ["bar 8"]}


# --- views -------------------------------------------------------------------------------------------------------


def test_a_view_speaks_once_all_its_features_are_warm():
    """10, 20, 30: the average of 3 is 10, 15, 22.5, and has seen three values with the last."""
    found = vectors([trade(0, 10), trade(1, 20), trade(2, 30), trade(3, 30)], ON_TRADE)
    assert [(one.ts_init, one.values) for one in found] == [(at(2), (30.0, 22.5)), (at(3), (30.0, 26.25))]


def test_a_view_follows_each_instrument_by_itself():
    rows = [trade(n, price, instrument=i) for n, (i, price) in enumerate([(0, 10), (1, 500), (0, 20), (1, 600)])]
    found = vectors(rows, ON_TRADE.replace("n = 3", "n = 2"))
    # 10 + 2/3 * 10 and 500 + 2/3 * 100.
    assert [one.instrument for one in found] == [0, 1]
    assert [one.values[1] for one in found] == pytest.approx([50 / 3, 1700 / 3])


def test_a_view_may_be_of_some_instruments_only():
    rows = [trade(0, 10), trade(1, 20, instrument=1)]
    assert [one.instrument for one in vectors(rows, PLAIN.format("trade", 'instruments = ["BBB"]'))] == [1]


def test_a_view_of_quotes_steps_on_the_middle():
    found = vectors([quote(0, 999, 1001), quote(1, 999, 1002)], PLAIN.format("quote", ""))
    assert [one.values for one in found] == [(1000.0,), (1000.5,)]


def test_a_view_of_given_bars_steps_on_their_close():
    found = vectors([candle(1, 7), candle(2, 9)], PLAIN.format("bar", 'bars = "1ms"'), series=["1ms"])
    assert [(one.ts_init, one.values) for one in found] == [(at(1), (7.0,)), (at(2), (9.0,))]


def test_a_view_of_built_bars_speaks_when_they_close():
    """At 12, when the grace is over, and at 30 with the trade, before its own row's next wake."""
    hearing = Hearing()
    extra = BARS.format("2ms") + PLAIN.format("bar", 'bars = "b"')
    go({"one": lambda: hearing}, [trade(1, 7), quote(25), trade(27, 8), trade(30, 9)], extra=extra, tail="1ms")
    assert hearing.heard == [
        ("trade 7", 1), ("bar 7", 12), ("features 7", 12), ("quote", 25), ("trade 8", 27),
        ("trade 9", 30), ("bar 8", 30), ("features 8", 30),
    ]  # fmt: skip


def test_at_one_row_the_row_comes_first_then_its_bars_then_its_views():
    hearing = Hearing()
    extra = '[bars.b]\nmethod = "tick"\nsize = 1\ninstruments = ["AAA"]\n' + PLAIN.format("trade", "")
    go({"one": lambda: hearing}, [trade(0, 7)], extra=extra)
    assert [what for what, _ in hearing.heard] == ["trade 7", "bar 7", "features 7"]


def test_a_view_that_nobody_listens_to_is_silent():
    class Deaf(Strategy):
        def on_trade(self, trade) -> None:
            pass

    assert vectors([trade(0), trade(1)], ON_TRADE.replace("n = 3", "n = 2"), Deaf) == []


def test_a_strategy_hears_the_views_it_names():
    other = PLAIN.format("quote", "").replace("views.v", "views.w")
    hearing = Hearing()
    settings = {"one": 'views = ["w"]\ninstruments = []'}
    go({"one": lambda: hearing}, [trade(0, 7), quote(1)], extra=PLAIN.format("trade", "") + other, settings=settings)
    assert hearing.heard == [("features 1000", 1)]


class Trading(Hearing):
    """Trades at every row, and hears what everybody hears."""

    def on_trade(self, trade) -> None:
        self.ctx.submit(0, 1 if trade.ts_init % 3 else -1, 2, trade.price)


def test_rule_22_views_read_the_market_and_nothing_of_our_own():
    rows = [trade(n, 1000 + n % 5, 4, (-1) ** n) for n in range(30)]
    assert vectors(rows, ON_TRADE, Trading) == vectors(rows, ON_TRADE, Hearing) != []


@pytest.mark.parametrize("plan", [[(1, None)] * 30, [(7, None)] * 4, [(13, None), (0, None), (2, None)]])
def test_rule_24_any_split_gives_the_same_vectors(plan):
    """Bit for bit: every feature is a loop over one step with carried state."""
    rows = [trade(n, 1000 + n * n % 7) for n in range(30)]
    assert vectors(rows, ON_TRADE, plan=plan) == vectors(rows, ON_TRADE)


def test_a_plan_made_anew_in_mid_chunk_changes_no_vector():
    """The subscription splits the chunk after its row: what was computed ahead of it is computed again."""

    class Curious(Hearing):
        def on_trade(self, trade) -> None:
            if trade.ts_init == at(11):
                self.ctx.subscribe(Bar, 1)
                self.ctx.timer(at(17), "x")

        def on_timer(self, timer) -> None:
            self.ctx.subscribe(Bar, 0)

    rows = [trade(n, 1000 + n * n % 7) for n in range(30)]
    settings = {"one": "instruments = []"}
    extra = ON_TRADE + BARS.format("1ms")
    curious = vectors(rows, extra, Curious, settings={"one": 'instruments = ["AAA"]'})
    assert curious == vectors(rows, extra, settings=settings) != []


# --- models ------------------------------------------------------------------------------------------------------

MODEL = PLAIN.format("trade", "") + '[models.m]\nkind = "sign"\nview = "v"\n'


def test_a_model_speaks_where_it_has_an_opinion():
    rows = [trade(0, 1001), trade(1, 1000), trade(2, 999, instrument=1)]
    finished = go({"one": Hearing}, rows, extra=MODEL, plugins={"sign": Sign})
    assert finished.events(Signal) == [Signal(at(0), 0, 0, 1.0), Signal(at(2), 0, 1, -1.0)]


def test_a_signal_comes_after_all_handlers_of_the_vector_it_was_made_of():
    """And is caused by that vector, which is caused by the row."""
    hearing = Hearing()
    finished = go({"one": lambda: hearing}, [trade(0, 1001)], extra=MODEL, plugins={"sign": Sign})
    assert [what for what, _ in hearing.heard] == ["trade 1001", "features 1001", "signal 1"]
    [entry] = [entry for entry in finished.record.entries if isinstance(entry.event, Signal)]
    assert entry[:4] == (0, 2, 0, 1)


def test_an_order_sent_on_a_signal_is_caused_by_it():
    class Follower(Strategy):
        def on_signal(self, signal) -> None:
            self.ctx.submit(signal.instrument, int(signal.value), 1, 900)

    finished = go({"one": Follower}, [trade(0, 1001)], extra=MODEL, plugins={"sign": Sign}, latency=SLOW)
    [entry] = [entry for entry in finished.record.entries if isinstance(entry.event, SubmitOrder)]
    assert (entry[:4], entry.event.ts_init) == ((0, 3, 0, 2), at(0))


def test_a_strategy_hears_the_models_it_names():
    second = '[models.n]\nkind = "sign"\nview = "v"\n'
    heard = {}
    for wanted in ('["m"]', '["n"]', '["m", "n"]', "[]"):
        hearing = Hearing()
        settings = {"one": f"models = {wanted}\nviews = []\ninstruments = []"}
        plugins = {"sign": Sign}
        go({"one": lambda h=hearing: h}, [trade(0, 7)], extra=MODEL + second, settings=settings, plugins=plugins)
        heard[wanted] = len(hearing.heard)
    assert heard == {'["m"]': 1, '["n"]': 1, '["m", "n"]': 2, "[]": 0}


def test_a_model_and_a_strategy_may_have_one_name():
    hearing = Hearing()
    extra = MODEL.replace("models.m", "models.one")
    settings = {"one": "views = []\ninstruments = []"}
    go({"one": lambda: hearing}, [trade(0, 7)], extra=extra, plugins={"sign": Sign}, settings=settings)
    assert hearing.heard == [("signal -1", 0)]


# --- rows that a view refuses ------------------------------------------------------------------------------------


@feature(inputs=("mid",), power=1)
def mid(k: int, mid: float) -> float:
    """Give the mid of the quote before a trade, which is not there before the first quote."""
    return mid


OF_MID = '[views.v]\non = "trade"\n{}features = [{{ name = "mid" }}]\n'
#: BBB has no quote when it trades at 3.
UNQUOTED = [quote(0), trade(1, 7), trade(2, 8), trade(3, 9, instrument=1), trade(4, 10), trade(5, 11)]


@pytest.mark.parametrize("plan", [[], [(1, None)] * 6, [(2, None), (0, None), (3, None)], [(4, None)]])
def test_a_refused_row_ends_the_run_at_that_row_whatever_the_chunks(plan):
    hearing = Hearing()
    given = {"mid": mid}
    finished = go({"one": lambda: hearing}, UNQUOTED, extra=OF_MID.format(""), plan=plan, plugins=given)
    assert finished.record.status.startswith("views.v: ")
    assert finished.record.status.endswith("mid is nan; a view takes finite numbers, or set missing = 'skip' or 'hold'")
    assert "BBB" in finished.record.status
    assert [item for item in hearing.heard if not item[0].startswith("quote")] == [
        ("trade 7", 1), ("features 1000", 1), ("trade 8", 2), ("features 1000", 2), ("trade 9", 3)
    ]  # fmt: skip
    assert [alert.ts_init for alert in finished.events(Alert)] == [at(3)]


def test_a_view_may_pass_over_what_it_would_refuse():
    given = {"mid": mid}
    finished = go({"one": Hearing}, UNQUOTED, extra=OF_MID.format('missing = "skip"\n'), plugins=given)
    assert (finished.record.status, finished.events(Alert)) == ("ended", [])
