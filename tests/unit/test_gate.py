"""The one gate in front of every venue."""

from types import SimpleNamespace
from typing import Any

import pytest
from venues import COIN, priced

from tickloom.errors import OrderError
from tickloom.events import AmendOrder, SubmitOrder
from tickloom.ledger import Ledger
from tickloom.orders.gate import KILLED, Gate, GateContext
from tickloom.orders.table import OrderTable

ORDER = SubmitOrder(7, 1, 0, 0, 0, 0, 1, 2, 1, False, 99, 10, "direct", "")
AMENDMENT = AmendOrder(8, 1, 99, 5)


class Check:
    """Objects with a text, or not at all; an error is raised."""

    ctx: Any

    def __init__(self, answer: str | Exception | None = None) -> None:
        self.answer = answer
        self.asked = 0

    def check(self, _command: SubmitOrder | AmendOrder) -> str | None:
        """Give the answer."""
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize("command", [ORDER, AMENDMENT])
def test_what_nobody_objects_to_may_pass(command: SubmitOrder | AmendOrder) -> None:
    one, two = Check(), Check()
    assert Gate({"one": one, "two": two}).objection(command) == ("", "", None)
    assert (one.asked, two.asked) == (1, 1)


def test_the_first_objection_stands_and_the_rest_are_not_asked() -> None:
    one, two, three = Check(), Check("too large"), Check("too late")
    assert Gate({"one": one, "two": two, "three": three}).objection(ORDER) == ("too large", "two", None)
    assert (one.asked, three.asked) == (1, 0)


def test_a_check_that_raises_fails_closed() -> None:
    error = ZeroDivisionError("by nothing")
    reason, who, raised = Gate({"one": Check(error), "two": Check()}).objection(ORDER)
    assert reason == "risk check one failed: ZeroDivisionError('by nothing')"
    assert (who, raised) == ("one", error)


def test_a_check_that_has_failed_is_not_asked_again_and_lets_nothing_pass() -> None:
    check = Check(ZeroDivisionError())
    gate = Gate({"one": check})
    gate.objection(ORDER)
    check.answer = None
    assert gate.objection(AMENDMENT) == ("risk check one has failed", "one", None)
    assert check.asked == 1


def test_an_empty_text_is_an_objection_too() -> None:
    reason, who, _ = Gate({"one": Check("")}).objection(ORDER)
    assert reason == "risk check one objects without a reason"
    assert who == "one"


@pytest.mark.parametrize("command", [ORDER, AMENDMENT])
def test_nothing_passes_while_the_kill_switch_is_engaged(command: SubmitOrder | AmendOrder) -> None:
    check = Check()
    gate = Gate({"one": check})
    gate.killed = True
    assert gate.objection(command) == (KILLED, "gate", None)
    gate.killed = False
    assert gate.objection(command) == ("", "", None)
    assert check.asked == 1


# --- what checks see -------------------------------------------------------------------------------------------------


@pytest.fixture
def context() -> GateContext:
    """Two coins, of which the second has no price yet; one account holds 3 of each and 100 USD, all brought in."""
    instruments = (COIN, priced(symbol="PEBBLE", base="PEBBLE"))
    ledger = Ledger(instruments, ["main"])
    for asset, units in ("USD", 100), ("COIN", COIN.base_units(3)), ("PEBBLE", COIN.base_units(3)):
        ledger.deposit(0, asset, units)
    orders = OrderTable(1, 2)
    orders.add(ORDER, 198)
    orders.exposure[0, 1] = 3, 4, 5
    market: Any = SimpleNamespace(
        trade=("trade", "no trade").__getitem__,
        quote=("quote", "no quote").__getitem__,
        newest=[(50, 6), None].__getitem__,
    )
    moment: Any = SimpleNamespace(clock=77)
    return GateContext(instruments, moment, market, orders, ledger)


def test_checks_see_the_market_and_the_gates_own_numbers(context: GateContext) -> None:
    assert context.clock == 77
    assert context.exposure(0, 1).tolist() == [3, 4, 5]
    assert context.order(1).price == 99
    assert [str(one) for one in (context.trade(0), context.quote(1))] == ["trade", "no quote"]
    assert context.last_price(0) == (50, 6)
    with pytest.raises(OrderError, match="there is no order 2"):
        context.order(2)


def test_equity_counts_what_has_a_price(context: GateContext) -> None:
    # 100 USD and 3 coins at 50
    assert context.equity(0, "USD") == 250
