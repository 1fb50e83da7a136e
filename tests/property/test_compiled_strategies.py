"""Rule 25: a strategy in numba and its twin in Python have one outcome stream, byte for byte."""

import pytest
from compiled import SPOT, Cross, CrossTwin, Quoter, QuoterTwin, feed, run
from hypothesis import given
from hypothesis import strategies as st
from worlds import LATENCIES, difference, examples

from tickloom.events import Fill, OrderUpdate
from tickloom.orders.gate import KILLED
from tickloom_kernels import rows as r

PAIRS = {"order kernel": (Quoter, QuoterTwin), "emission kernel": (Cross, CrossTwin)}
#: A gate that refuses some of what is asked.
NARROW = """
max_position = "0.03"
max_notional = "5000 USDT"
collar = "1 %"
max_order_rate = "40 / 100ms"
stale_after = "5ms"
"""

feeds = st.builds(feed, st.integers(200, 1_500), st.integers(0, 1 << 20))
plans = st.lists(st.tuples(st.integers(0, 300), st.none()), max_size=12)


@pytest.mark.parametrize("pair", PAIRS)
@examples(12)
@given(feeds, st.sampled_from(LATENCIES), plans, st.sampled_from(["", NARROW]))
def test_a_compiled_strategy_and_its_twin_have_one_outcome_stream(pair, rows, latency, plan, risk):
    """On levels and trades, with queue position, fees, refusals; in any split of the rows, and stepped."""
    compiled, twin = PAIRS[pair]
    expected, _ = run(twin, rows, latency, risk=risk, block=1)
    found, record = run(compiled, rows, latency, plan, risk=risk)
    assert record.status == "ended"
    assert difference(expected, found) == ""


@pytest.mark.parametrize("pair", PAIRS)
def test_it_trades_and_is_refused_as_its_twin(pair):
    """The law above would hold for a strategy that does nothing."""
    compiled, twin = PAIRS[pair]
    rows = feed(20_000, 7)
    expected, _ = run(twin, rows, risk=NARROW)
    found, record = run(compiled, rows, risk=NARROW)
    assert difference(expected, found) == ""
    kinds = [type(entry.event) for entry in record.entries]
    assert kinds.count(Fill) > 20
    reasons = {entry.event.reason for entry in record.entries if isinstance(entry.event, OrderUpdate)}
    assert any("max_position" in reason or "max_notional" in reason for reason in reasons)


def test_spot_orders_without_funds_are_rejected_as_the_twins():
    rows = feed(6_000, 3)
    more = {"instruments": (SPOT,), "deposits": '["400 USDT"]'}
    expected, _ = run(QuoterTwin, rows, **more)
    found, record = run(Quoter, rows, **more)
    assert difference(expected, found) == ""
    reasons = {entry.event.reason for entry in record.entries if isinstance(entry.event, OrderUpdate)}
    assert "insufficient funds" in reasons


def test_while_the_kill_switch_is_engaged_neither_uses_up_its_rate():
    rows = feed(6_000, 11)
    for at, engaged in ((1_000, 1), (2_000, 0)):
        rows[at, r.INSTRUMENT :] = 0
        rows[at, r.INSTRUMENT] = -1
        rows[at, r.KILL_ENGAGED] = engaged
        rows[at, r.KIND] = r.KILL_SWITCH
    risk = 'max_order_rate = "100 / 3s"'
    expected, _ = run(QuoterTwin, rows, risk=risk)
    found, record = run(Quoter, rows, risk=risk)
    assert difference(expected, found) == ""
    reasons = [entry.event.reason for entry in record.entries if isinstance(entry.event, OrderUpdate)]
    assert reasons.count(KILLED) > 100
    assert any("max_order_rate" in reason for reason in reasons)
