"""Whatever raises on the order road fails closed, and whatever breaks under the run ends it cleanly."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import attrs
import pytest
from faults import CHECK, Good, run_with
from loops import AAA, BBB, Listener, at, go, quote, table

from tickloom.codes import Report
from tickloom.events import Fill, OrderUpdate, PluginFault, RunEnded
from tickloom.interfaces import Strategy
from tickloom.testing import Finished, Rows
from tickloom_plugins.venues.simulated import Simulated


class Sender(Strategy):
    """Sends an order by an algorithm and one without, at every quote."""

    def on_quote(self, quote) -> None:
        self.ctx.submit(0, 1, 1, 901, algorithm="worker")
        self.ctx.submit(0, 1, 1, 902)


class Broken:
    """A station of the road that fails at its first order and would go on after that."""

    def __init__(self) -> None:
        self.calls = 0

    def _fail_once(self) -> None:
        self.calls += 1
        if self.calls == 1:
            raise ValueError("first")

    def work(self, command):
        self._fail_once()
        return (command,)

    def route(self, order):
        self._fail_once()
        return (order,)

    def check(self, command) -> None:
        self._fail_once()


def refusals(finished: Finished, price: int) -> list[str]:
    """Reasons of the denials of orders at one price."""
    return [u.reason for u in finished.events(OrderUpdate) if u.report == Report.DENIED and u.price == price]


def test_an_algorithm_that_raises_fails_closed():
    """Its orders are denied, then and later, and it is not asked again; orders without it pass."""
    broken = Broken()
    extra = '[algorithms.worker]\nkind = "worker"\n'
    _, finished = run_with(Sender, extra=extra, plugins={"worker": lambda: broken})
    assert refusals(finished, 901) == ["worker failed: ValueError('first')", "worker has failed", "worker has failed"]
    assert refusals(finished, 902) == refusals(finished, 900) == []
    assert broken.calls == 1
    assert [fault[1:] for fault in map(attrs_of, finished.events(PluginFault))] == [
        ("worker", "work", "ValueError('first')", "fails closed: denies")
    ]


def attrs_of(event: Any) -> tuple[Any, ...]:
    """Return the fields of an event."""
    return tuple(getattr(event, name) for name in event.__struct_fields__)


def test_a_router_that_raises_fails_closed():
    extra = '[algorithms.worker]\nkind = "direct"\n[router]\nkind = "broken"\n'
    broken = Broken()
    _, finished = run_with(Sender, extra=extra, plugins={"broken": lambda: broken})
    assert refusals(finished, 901) == ["router failed: ValueError('first')"] + ["router has failed"] * 2
    assert refusals(finished, 902) == refusals(finished, 900) == ["router has failed"] * 3
    assert broken.calls == 1
    assert finished.record.status == "ended"


def test_a_risk_check_that_raises_fails_closed():
    """One that has failed may have lost count: nothing passes it any more, and it is not asked again."""
    broken = Broken()
    extra = CHECK + '[algorithms.worker]\nkind = "direct"\n'
    _, finished = run_with(Sender, extra=extra, plugins={"check": lambda: broken})
    assert refusals(finished, 901)[0] == "risk check check failed: ValueError('first')"
    assert refusals(finished, 902) == refusals(finished, 900) == ["risk check check has failed"] * 3
    assert broken.calls == 1
    assert len(finished.events(PluginFault)) == 1
    assert finished.record.status == "ended"


def test_after_a_failed_check_orders_can_still_be_cancelled():
    class Careful(Strategy):
        def on_quote(self, quote) -> None:
            if quote.ts_init == at(0):
                self.ctx.submit(0, 1, 1, 900)
            elif quote.ts_init == at(3):
                self.ctx.amend(1, 2, 900)
            else:
                self.ctx.cancel(1)

    class Amends:
        def check(self, command) -> None:
            if type(command).__name__ == "AmendOrder":
                raise ValueError("never seen before")

    finished = go({"careful": Careful}, [quote(0), quote(3), quote(6)], extra=CHECK, plugins={"check": Amends})
    told = [Report(u.report).name for u in finished.events(OrderUpdate)]
    assert told == ["ACCEPTED", "AMEND_REJECTED", "CANCELED"]


@pytest.mark.parametrize("objection", ["", False, 0])
def test_a_check_that_answers_anything_but_none_denies(objection):
    """And the checks behind it are not skipped, as they would be if that counted as passing."""

    class Vague:
        def check(self, command) -> Any:
            return objection

    finished = go({"sender": Good}, [quote(0)], extra=CHECK, plugins={"check": Vague})
    assert [u.report for u in finished.events(OrderUpdate)] == [Report.DENIED]
    assert finished.events(OrderUpdate)[0].reason


def test_an_order_for_an_unknown_algorithm_is_denied_with_the_names_there_are():
    _, finished = run_with(Sender, extra='[algorithms.workers]\nkind = "direct"\n')
    assert refusals(finished, 901)[0].startswith("no algorithm 'worker'; did you mean 'workers'?")
    assert refusals(finished, 902) == []


# --- the ends of the run -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["arrive", "advance", "rollback"])
def test_a_venue_that_raises_ends_the_run_cleanly(method):
    """There is no market left to trade on; the record says where it failed, and its last event is the end."""

    def fail(self, *arguments):
        raise RuntimeError("out of memory")

    class Cancelling(Strategy):
        def on_quote(self, quote) -> None:
            self.ctx.cancel(self.ctx.submit(0, 1, 1, 900))

    venue = type("Venue", (Simulated,), {method: fail})
    good, finished = run_with(Cancelling, plugins={"simulated": venue})
    record = finished.record
    assert record.status == f"{__name__}.fail: RuntimeError('out of memory')"
    assert finished.events(RunEnded) == [record.entries[-1].event]
    assert record.entries[-1].event.reason == record.status
    assert good.heard[-1][0] == "stop"
    record.ledger.check()


@attrs.define
class Failing:
    """A source that breaks off."""

    parts: list[Rows]
    instruments: tuple[Any, ...] = (AAA, BBB)
    series: tuple[str, ...] = ()

    def chunks(self) -> Iterator[tuple[Rows, int]]:
        """Yield the parts, then fail."""
        for part in self.parts:
            yield part, int(part[-1, 0])
        raise OSError("the disk is gone")

    def progress(self) -> float:
        """Whatever there is has been read."""
        return 1.0


def test_a_source_that_raises_ends_the_run_cleanly():
    """What came before it counts: the fill is in the books, the report can be made."""

    class Buyer(Listener):
        def on_quote(self, quote) -> None:
            self.ctx.submit(0, 1, 1)

        def on_stop(self) -> None:
            self.note("stop")

    buyer = Buyer()
    finished = go({"buyer": lambda: buyer}, partial(Failing, [table(quote(0), quote(1)), table(quote(2))]))
    record = finished.record
    assert record.status == f"{__name__}.chunks: OSError('the disk is gone')"
    assert record.entries[-1].event == RunEnded(at(2), record.status, 0)
    assert record.rows == {"Quote": 3}
    assert len(finished.events(Fill)) == 3
    assert buyer.heard == [("stop", 2)]
    assert record.evaluation is not None


def test_a_source_that_raises_at_once_leaves_a_record_of_nothing():
    record = go({"good": Good}, partial(Failing, [])).record
    assert record.status == f"{__name__}.chunks: OSError('the disk is gone')"
    assert (list(record.entries), record.rows) == ([], {})


def test_sources_without_a_row_end_the_run_before_it_begins():
    finished = go({"good": Good}, [])
    assert (finished.record.status, list(finished.record.entries)) == ("the sources gave no rows", [])
