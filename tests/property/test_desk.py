"""Who need not ask its way gets there all the same: with and without stations that are asked, one outcome stream."""

import pytest
from compiled import SPOT, CrossTwin, QuoterTwin, feed
from compiled import run as run_twin
from hypothesis import given
from hypothesis import strategies as st
from worlds import LATENCIES, difference, examples, plans, run, splits, worlds

from tickloom.engine.commands.desk import Desk
from tickloom.events import OrderUpdate

#: A gate that refuses some of what is asked.
NARROW = """
max_position = "0.03"
max_notional = "5000 USDT"
collar = "1 %"
max_order_rate = "40 / 100ms"
stale_after = "5ms"
"""


class Asked:
    """An algorithm, and a router, that passes on what it is given and does not say so."""

    def work(self, command):
        return (command,)

    def route(self, order):
        return (order,)


ASKED = {"direct": Asked}


@examples(40)
@given(worlds(), splits)
def test_stations_that_are_asked_change_nothing(world, plan):
    """Several strategies and venues, faults, the kill switch, amendments, tags, orders of nobody."""
    expected, _ = run(world, plugins=ASKED)
    found, _ = run(world, plan)
    assert difference(expected, found) == ""


@pytest.mark.parametrize("strategy", [QuoterTwin, CrossTwin])
@pytest.mark.parametrize("risk", ["", NARROW, 'max_quantity = "0.005"'], ids=["free", "narrow", "closed"])
@examples(6)
@given(st.builds(feed, st.integers(200, 1_500), st.integers(0, 1 << 20)), st.sampled_from(LATENCIES), plans)
def test_a_book_and_refusals_change_nothing(strategy, risk, rows, latency, plan):
    expected, _ = run_twin(strategy, rows, latency, risk=risk, plugins=ASKED)
    found, _ = run_twin(strategy, rows, latency, [(count, None) for count, _ in plan], risk=risk)
    assert difference(expected, found) == ""


def test_spot_orders_without_funds_change_nothing():
    more = {"instruments": (SPOT,), "deposits": '["400 USDT"]'}
    expected, _ = run_twin(QuoterTwin, feed(6_000, 3), plugins=ASKED, **more)
    found, _ = run_twin(QuoterTwin, feed(6_000, 3), **more)
    assert difference(expected, found) == ""


def test_it_is_the_desk_that_carries_out_and_the_gate_that_refuses(monkeypatch):
    """The laws above would hold where nothing is carried out by the desk, or nothing refused."""
    counts = []
    right = Desk.carry_out

    def carry_out(self, *arguments):
        counts.append(right(self, *arguments))
        return counts[-1]

    monkeypatch.setattr(Desk, "carry_out", carry_out)
    tape, _ = run_twin(QuoterTwin, feed(20_000, 7), risk=NARROW)
    assert sum(counts) > 1_000
    reasons = [entry[4].reason for entry in tape.entries if isinstance(entry[4], OrderUpdate)]
    assert any("max_position" in reason for reason in reasons)
    del counts[:]
    run_twin(QuoterTwin, feed(2_000, 7), plugins=ASKED)
    assert counts == []
