"""Evaluation: equity in whole units, round trips, orders, costs. Oracles: worked by hand, or the ledger itself."""

from decimal import Decimal

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from records import SPOT, Story

from tickloom.codes import OrderStatus, Report
from tickloom.evaluation.valuation import headline_asset
from tickloom.instruments import Instrument
from tickloom.ledger import Ledger

UNIT = 10**8
LINEAR = Instrument(
    symbol="BTCUSDT", venue="spot", base="BTC", quote="USDT", contract="linear", tick_size="0.1", lot_size="0.001"
)
INVERSE = Instrument(
    symbol="BTCUSD", venue="cm", base="BTC", quote="USD", contract="inverse", tick_size="0.1", lot_size="1",
    multiplier="100",
)  # fmt: skip


# --- equity ----------------------------------------------------------------------------------------------------------


def test_equity_at_the_end_is_the_ledgers_where_the_mark_is_on_a_tick() -> None:
    # The oracle is `Ledger.equity`: cash, base at the price, unrealised profit of the contract.
    story = Story(SPOT, LINEAR, deposits=("10000 USDT", "0.25 BTC"))
    story.mark(1, "60000.00")
    story.mark(1, "60010.0", instrument=1)
    story.trade(1, 1, "0.1", "60000.01")
    story.trade(1, -1, "0.3", "60009.9", instrument=1)
    story.mark(2, "60123.45")
    story.mark(2, "60150.1", instrument=1)
    prices = {0: SPOT.ticks("60123.45"), 1: LINEAR.ticks("60150.1")}
    run = story.record().evaluation
    assert run.closing == story.ledger.equity(0, "USDT", prices)
    assert run.equity[-1] == run.closing / UNIT


def test_a_middle_between_two_ticks_is_not_rounded() -> None:
    # 1 BTC at (100.00 + 100.01) / 2 = 100.005 USDT, and 5 USDT.
    story = Story(deposits=("1 BTC", "5 USDT"))
    story.mark(1, "100.005")
    assert story.record().evaluation.closing == 105_00500000


def test_deposits_are_valued_at_the_first_mark() -> None:
    # 1 BTC rises from 100 to 130: opened with 5 + 100, closed with 5 + 130.
    story = Story(deposits=("1 BTC", "5 USDT"))
    story.mark(1, "100", "120")
    story.mark(2, "120", "130")
    run = story.record().evaluation
    assert (run.opening, run.closing) == (105 * UNIT, 135 * UNIT)
    assert run.equity.tolist() == [105.0, 125.0, 135.0]


def test_an_asset_without_a_price_is_left_out_and_named() -> None:
    story = Story(deposits=("1 BTC", "5 USDT"))
    metrics = story.record().evaluation.metrics
    assert metrics["equity_end"].value == 5
    assert metrics["equity_end"].definition.endswith("Left out, for nothing prices it in USDT: BTC.")


def test_profit_of_an_inverse_contract_is_paid_in_its_base() -> None:
    # 600 contracts of 100 USD bought at 60,000 and marked at 50,000: 60,000 / 60,000 - 60,000 / 50,000 = -0.2 BTC.
    story = Story(INVERSE, deposits=("2 BTC",))
    story.mark(1, "60000")
    story.trade(1, 1, "600", "60000.0")
    story.mark(2, "50000")
    run = story.record().evaluation
    assert run.asset == "BTC"
    assert run.closing == 180_000_000
    assert run.equity.tolist() == pytest.approx([2.0, 2.0, 1.8], abs=1e-12)
    # 600 contracts are worth 1.2 BTC at 50,000.
    assert run.exposure[-1] == pytest.approx(1.2)


def test_what_settles_in_another_asset_is_converted() -> None:
    # The inverse contract loses 0.2 BTC of the 2 that were deposited; 1.8 BTC at 50,000 USDT and 1,000,000 USDT.
    story = Story(SPOT, attrs.evolve(INVERSE, venue="spot"), deposits=("2 BTC", "1000000 USDT"))
    for second, price in ((1, "60000"), (2, "50000")):
        story.mark(second, price)
        story.mark(second, price, instrument=1)
        if second == 1:
            story.trade(1, 1, "600", "60000.0", instrument=1)
    run = story.record().evaluation
    assert run.asset == "USDT"
    assert run.closing == 1_090_000 * UNIT
    assert run.equity[-1] == 1_090_000


def test_the_result_is_told_in_the_largest_deposit_that_something_is_priced_in() -> None:
    # 50 BTC is the larger number, but nothing is priced in BTC.
    assert headline_asset(Story(deposits=("50 BTC", "20 USDT")).record()) == "USDT"


def test_booking_the_fills_again_gives_the_same_ledger() -> None:
    story = Story()
    story.mark(1, "100")
    story.trade(1, 1, "1", "100.00")
    assert story.record().evaluation.history.agrees


def test_a_ledger_with_another_balance_is_noticed() -> None:
    story = Story()
    story.mark(1, "100")
    story.trade(1, 1, "1", "100.00")
    other = Ledger(story.instruments, story.venues)
    other.deposit(0, "USDT", 10_000 * UNIT)
    assert not story.record(ledger=other).evaluation.history.agrees


# --- round trips -----------------------------------------------------------------------------------------------------


def test_round_trip_has_the_prices_and_the_profit_of_its_fills() -> None:
    # Short 1 at 110 and 1 at 100 (average 105), closed at 90: 2 * 15 = 30.
    story = Story()
    story.mark(1, "110")
    story.trade(1, -1, "1", "110.00")
    story.trade(2, -1, "1", "100.00")
    story.trade(5, 1, "2", "90.00")
    (trip,) = story.record().evaluation.trips
    assert (trip.side, trip.quantity, trip.fills, trip.open) == (-1, 2_000, 3, False)
    assert (trip.entry, trip.exit) == (Decimal(105), Decimal(90))
    assert trip.pnl == 30 * UNIT
    assert trip.closed - trip.opened == 4 * 10**9
    # 0.1 % of 110 + 100 + 180.
    assert trip.fees == {"USDT": 39_000_000}


def test_a_fill_that_turns_the_position_ends_one_trip_and_begins_the_next() -> None:
    # Long 1 at 100, sold 3 at 104: the first trip earns 4; the second is short 2, bought back at 101: 6.
    story = Story()
    story.mark(1, "100")
    story.trade(1, 1, "1", "100.00")
    story.trade(2, -1, "3", "104.00")
    story.trade(3, 1, "2", "101.00")
    first, second = story.record().evaluation.trips
    assert (first.side, first.pnl, first.quantity) == (1, 4 * UNIT, 1_000)
    assert (second.side, second.pnl, second.quantity) == (-1, 6 * UNIT, 2_000)
    assert (second.entry, second.exit) == (Decimal(104), Decimal(101))
    # 0.1 % of 100 and of 312 belong to the first, of 202 to the second.
    assert (first.fees["USDT"], second.fees["USDT"]) == (41_200_000, 20_200_000)


def test_an_open_position_is_an_open_trip_with_what_it_has_realised() -> None:
    # 2 at 100, 1 of them sold at 107.
    story = Story()
    story.mark(1, "100")
    story.trade(1, 1, "2", "100.00")
    story.trade(2, -1, "1", "107.00")
    (trip,) = story.record().evaluation.trips
    assert trip.open
    assert trip.pnl == 7 * UNIT


def test_excursions_are_the_best_and_the_worst_moment_of_a_trip() -> None:
    # Long 1 at 100 from 1 s to 4 s; the cells in between went up to 120 and down to 70; the cell before does not count.
    story = Story()
    story.mark(1, "500", "100")
    story.trade(1, 1, "1", "100.00")
    story.mark(2, "100", "120")
    story.mark(3, "120", "70")
    story.mark(4, "70", "101")
    story.trade(4, -1, "1", "101.00")
    (trip,) = story.record().evaluation.trips
    assert (trip.best, trip.worst) == (20 * UNIT, -30 * UNIT)


def test_funding_belongs_to_the_trip_in_which_it_was_paid() -> None:
    story = Story(LINEAR)
    story.mark(1, "100")
    story.trade(1, 1, "1", "100.0")
    story.funding(2, -5 * UNIT)
    story.trade(3, -1, "1", "103.0")
    run = story.record().evaluation
    assert (run.trips[0].pnl, run.trips[0].funding) == (3 * UNIT, -5 * UNIT)
    assert run.net(run.trips[0]) == -2 * UNIT
    assert run.metrics["funding"].value == -5


@settings(max_examples=40)
@given(
    fills=st.lists(
        st.tuples(st.sampled_from([1, -1]), st.integers(1, 5_000), st.integers(1, 10**6)), min_size=1, max_size=12
    ),
    terms=st.sampled_from([SPOT, LINEAR, INVERSE]),
)
def test_profits_of_round_trips_add_up_to_the_ledgers(fills: list[tuple[int, int, int]], terms: Instrument) -> None:
    story = Story(terms, deposits=(f"1000 {terms.settle}",))
    story.mark(1, "100")
    for second, (side, lots, ticks) in enumerate(fills):
        story.trade(second, side, str(terms.quantity(lots)), str(terms.price(ticks)))
    run = story.record().evaluation
    held = story.ledger.position(0, 0)
    assert sum(trip.pnl for trip in run.trips) == held.realised
    assert sum(trip.fees.get(terms.settle, 0) for trip in run.trips) == story.ledger.fees_paid(0, terms.settle)
    assert all(trip.worst <= 0 <= trip.best for trip in run.trips)
    assert all(trip.worst <= trip.pnl <= trip.best for trip in run.trips if not trip.open)
    costs = run.costs
    assert costs.market - costs.slippage - costs.fees + costs.funding == run.closing - run.opening


# --- orders ----------------------------------------------------------------------------------------------------------


def test_slippage_is_against_the_middle_at_submission() -> None:
    # Sold 1 at 99 and 1 at 98 with the middle at 100: on average 1.5 % worse.
    story = Story()
    order = story.submit(1, -1, "2", arrival="100")
    story.fill(2, order, "99.00", "1")
    story.fill(3, order, "98.00", "1")
    assert story.record().evaluation.orders[order].slippage == pytest.approx(150)


def test_an_order_that_found_no_market_has_no_slippage() -> None:
    story = Story()
    order = story.trade(1, 1, "1", "100.00")
    run = story.record().evaluation
    assert run.orders[order].slippage is None
    assert "1 orders found no market" in run.metrics["slippage"].definition


def test_slippage_of_an_inverse_contract_costs_base() -> None:
    # 600 contracts bought at 60,000 instead of 50,000: the holder owes 60,000 USD worth 1.0 instead of 1.2 BTC.
    story = Story(INVERSE, deposits=("2 BTC",))
    story.mark(1, "50000")
    story.trade(1, 1, "600", "60000.0", arrival="50000")
    assert story.record().evaluation.costs.slippage == 20_000_000


def test_a_fill_that_overtakes_the_acceptance_is_not_undone_by_it() -> None:
    story = Story()
    order = story.submit(1, 1, "1")
    story.fill(2, order, "100.00", "1")
    story.update(3, order, Report.ACCEPTED, OrderStatus.ACCEPTED)
    assert story.record().evaluation.orders[order].status == OrderStatus.FILLED


def test_an_amended_order_has_its_new_quantity() -> None:
    # 0.4 of 1 was filled when the rest was cut to 0.1: the order is for 0.5.
    story = Story()
    order = story.submit(1, 1, "1", "100.00")
    story.fill(2, order, "100.00", "0.4")
    story.update(3, order, Report.AMENDED, OrderStatus.PARTIALLY_FILLED, leaves="0.1")
    life = story.record().evaluation.orders[order]
    assert (life.quantity, life.filled, life.status) == (500, 400, OrderStatus.PARTIALLY_FILLED)


def test_a_refused_cancel_leaves_the_order_as_it_was() -> None:
    story = Story()
    order = story.submit(1, 1, "1", "100.00")
    story.update(2, order, Report.ACCEPTED, OrderStatus.ACCEPTED)
    story.update(3, order, Report.CANCEL_REJECTED, OrderStatus.ACCEPTED, "the order is not resting")
    life = story.record().evaluation.orders[order]
    assert life.status == OrderStatus.ACCEPTED
    assert life.refused_changes == ["the order is not resting"]


def test_a_parent_is_told_by_its_children() -> None:
    story = Story()
    story.mark(1, "100")
    parent = story.submit(1, 1, "2")
    child = story.submit(1, 1, "2", parent=parent)
    story.fill(2, child, "100.00", "1")
    metrics = story.record().evaluation.metrics
    assert metrics["orders"].value == 1
    assert metrics["fill_ratio"].value == 50.0


def test_equity_is_known_at_the_ends_of_cells_and_of_the_run() -> None:
    story = Story(cell=2)
    story.mark(2, "100")
    story.mark(4, "100")
    run = story.record(last=story.at(3)).evaluation
    assert ((run.times - story.at(0)) / 1e9).tolist() == [0.0, 2.0, 3.0]
    assert np.array_equal(run.equity, [10_000.0] * 3)
