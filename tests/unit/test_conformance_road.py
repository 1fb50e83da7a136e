"""The conformance suites of algorithms, routers, risk checks and report sections find every planted fault."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest

from tickloom.codes import OrderType
from tickloom.events import SubmitOrder
from tickloom.report.section import Section
from tickloom.report.sections.orders import Orders
from tickloom.testing import (
    ConformanceError,
    check_algo,
    check_report_section,
    check_risk_check,
    check_router,
    trades,
)
from tickloom.testing.conformance.road import Watched
from tickloom.testing.conformance.subject import Subject
from tickloom_plugins.risk.limits import Limits

ORDER = SubmitOrder(0, 1, 0, 0, 0, 0, 1, OrderType.LIMIT.value, 1, False, 600_000, 4, "direct", "")
FEW = trades([600_000 + n % 3 for n in range(60)], every=2_000_000)
Made = Callable[[Any], Any]


def piece(order: Any, part: int, **other: Any) -> Any:
    """Return a piece of an order, with an id of its own."""
    made = {"order_id": order.order_id + (part << 48), "parent_id": order.order_id, **other}
    return msgspec.structs.replace(order, **made)


def halves(order: Any) -> list[Any]:
    if order.quantity < 2:
        return [order]
    half = order.quantity // 2
    return [piece(order, 1, quantity=half), piece(order, 2, quantity=order.quantity - half)]


#: What a station returns, and what is said of it.
FAULTS: dict[str, tuple[Made, str]] = {
    "less than the order": (lambda o: halves(o)[:1] if o.quantity > 1 else [o], "as many lots as the order"),
    "more than the order": (lambda o: [o, piece(o, 1, quantity=1)], "no more lots than the order"),
    "nothing": (lambda o: [], "0 lots in 0 orders"),
    "a piece of no lots": (lambda o: [o, piece(o, 1, quantity=0)], "each for at least one"),
    "the other side": (lambda o: [piece(o, 1, side=-o.side)], "on the side of the order"),
    "another strategy": (lambda o: [piece(o, 1, strategy=5)], "it is for the strategy"),
    "an id that is taken": (lambda o: [piece(o, 0)], "an id that no other order has"),
    "no parent": (lambda o: [piece(o, 1, parent_id=0)], "parent_id names the order"),
    "a worse price": (lambda o: [piece(o, 1, price=o.price + o.side if o.price else 0)], "a limit is kept"),
    "a market order": (lambda o: [piece(o, 1, order_type=OrderType.MARKET.value)], "a limit is kept"),
    "no order at all": (lambda o: [None], "returned None"),
    "no list": (lambda o: 7, "returned 7"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_wrong_orders_of_an_algorithm_are_found(fault: str) -> None:
    made, told = FAULTS[fault]

    class Faulty:
        def work(self, command: Any) -> Any:
            return made(command)

    with pytest.raises(ConformanceError, match="algo Faulty: work of SubmitOrder") as caught:
        check_algo(Faulty, FEW)
    assert told in str(caught.value)


@pytest.mark.parametrize("fault", FAULTS)
def test_wrong_orders_of_a_router_are_found(fault: str) -> None:
    made, told = FAULTS[fault]

    class Faulty:
        def route(self, order: Any) -> Any:
            return made(order)

    with pytest.raises(ConformanceError, match="router Faulty: route of SubmitOrder") as caught:
        check_router(Faulty, FEW)
    assert told in str(caught.value)


def test_an_instrument_that_is_not_there_is_found() -> None:
    class Faulty:
        def route(self, order: Any) -> Any:
            return [piece(order, 1, instrument=9)]

    with pytest.raises(ConformanceError, match="names an instrument of the run"):
        check_router(Faulty, FEW)


def test_who_says_that_it_passes_on_as_it_is_and_does_not_is_found() -> None:
    class Faulty:
        as_is = True

        def work(self, command: Any) -> Any:
            return halves(command)

        def route(self, order: Any) -> Any:
            return [order, order]

    for check in (check_algo, check_router):
        with pytest.raises(ConformanceError, match=r"who says so \(as_is\) returns what it is given"):
            check(Faulty, FEW)


def test_good_stations_pass() -> None:
    class Halves:
        def work(self, command: Any) -> Any:
            return halves(command)

    class HalvesRouter:
        def route(self, order: Any) -> Any:
            return halves(order)

    assert any(order.parent_id for order in check_algo(Halves, FEW).orders)
    assert any(order.parent_id for order in check_router(HalvesRouter, FEW).orders)


def test_less_than_the_order_is_no_fault_with_a_timer() -> None:
    class Later:
        ctx: Any

        def work(self, command: Any) -> Any:
            self.ctx.timer(self.ctx.clock + 1, "rest")
            return []

    breaches: list[ConformanceError] = []
    watched = Watched(Subject("algo", Later), Later(), "work", breaches)
    watched.ctx = SimpleNamespace(clock=0, timer=lambda at, name: None, instruments=FEW.instruments)
    assert watched.work(ORDER) == ()
    assert breaches == []


def test_a_station_that_raises_is_told_with_the_order() -> None:
    class Faulty:
        def work(self, command: Any) -> Any:
            raise ZeroDivisionError("slices")

    with pytest.raises(ConformanceError, match=r"work of SubmitOrder.*raised ZeroDivisionError\('slices'\)"):
        check_algo(Faulty, FEW)


def risk(check: Callable[[Any, Any], Any]) -> str:
    class Faulty:
        ctx: Any

        def check(self, command: Any) -> Any:
            return check(self.ctx, command)

    with pytest.raises(ConformanceError) as caught:
        check_risk_check(Faulty, FEW)
    return str(caught.value)


def test_a_good_check_passes() -> None:
    run = check_risk_check(Limits, max_position="0.02", max_order_rate="3 / 10ms", collar="1 %")
    assert any(update.reason for update in run.updates)


@pytest.mark.parametrize("answer", [True, False, "", 1], ids=repr)
def test_an_answer_that_is_no_reason_is_found(answer: Any) -> None:
    assert f"returned {answer!r}" in risk(lambda ctx, command: answer)


def test_changed_numbers_are_found() -> None:
    def check(ctx: Any, command: Any) -> None:
        ctx.exposure(0, 0)[1] += 1

    assert "changed the exposure that it was shown" in risk(check)


def test_a_check_that_forgot_amendments_is_found() -> None:
    """The commonest fault of all: an amendment has no instrument. Found also where every order is denied."""

    def check(ctx: Any, command: Any) -> str:
        return f"instrument {command.instrument} is denied"

    assert "check of AmendOrder" in risk(check)


def test_a_check_that_goes_by_the_process_is_found() -> None:
    asked: list[int] = []

    def check(ctx: Any, command: Any) -> str | None:
        asked.append(1)
        return "every seventh" if len(asked) % 7 == 0 else None

    assert "fresh plugins share nothing" in risk(check)


def test_good_sections_pass() -> None:
    assert [bool(one.empty) for one in check_report_section(Orders)] == [False, True, True]


def test_wrong_sections_are_found() -> None:
    class Text:
        def section(self, record: Any) -> Any:
            return "all is well"

    class Blind:
        def section(self, record: Any) -> Any:
            return Section(id="mean", title="Mean", sentence=str(record.entries[5]), empty="no number")

    class Loose:
        def section(self, record: Any) -> Any:
            return Section(id="mean", title="Mean", sentence=str(np.random.random()), empty="no number")

    class Renamed:
        def section(self, record: Any) -> Any:
            return Section(id=f"orders-{len(record.entries)}", title="Mean", sentence="", empty="no number")

    for fault, told in (
        (Text, "a run with many orders: returned 'all is well'"),
        (Blind, "a run with nobody in it: raised IndexError"),
        (Loose, "is another section the second time"),
        (Renamed, "ids: are ['orders-"),
    ):
        with pytest.raises(ConformanceError) as caught:
            check_report_section(fault)
        assert told in str(caught.value)
