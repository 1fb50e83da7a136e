"""Events in words: what a listener prints is what the ints mean. Expected texts are worked by hand."""

from decimal import Decimal

import pytest

from tickloom.bus.telling.words import Words
from tickloom.bus.welcome import Welcome, settings_of
from tickloom.codes import BadInput, Feed, OrderStatus, OrderType, Report, Side, TimeInForce
from tickloom.events import (
    AccountChanged,
    AmendOrder,
    FundingRate,
    InstrumentStatus,
    OrderUpdate,
    PositionChanged,
    Quote,
    SourceStatus,
    SubmitOrder,
    Trade,
)
from tickloom.events import Fill as FillEvent
from tickloom.instruments import Instrument

SPOT = Instrument(symbol="BTCUSDT", venue="spot", base="BTC", quote="USDT", tick_size="0.10", lot_size="0.001")
COIN = Instrument(
    symbol="BTCUSD",
    venue="coin",
    base="BTC",
    quote="USD",
    contract="inverse",
    tick_size="0.5",
    lot_size="1",
    multiplier="100",
)
WELCOME = Welcome(
    version=1,
    epoch=1,
    run="run",
    over=False,
    instruments=[settings_of(SPOT), settings_of(COIN)],
    accounts=["main"],
    account_venues=[0],
    strategies=["cross", "maker"],
    models=["m"],
    views=["v"],
    sources=["feed"],
    venues=["spot"],
    series=[],
    schemas={},
    heads={},
)
#: Order 3 of strategy 1.
ORDER = (1 << 32) + 3


@pytest.fixture
def words() -> Words:
    return Words(WELCOME)


def submit(instrument: int = 0) -> SubmitOrder:
    return SubmitOrder(
        1, ORDER, 0, 1, 0, instrument, Side.BUY, OrderType.LIMIT, TimeInForce.GTC, True, 600_001, 50, "", ""
    )


def update(report: Report, status: OrderStatus, price: int = 600_001) -> OrderUpdate:
    return OrderUpdate(2, 2, ORDER, 0, 0, report, status, price, 50, "")


def test_trade_is_told_with_names_and_decimals(words: Words) -> None:
    assert words.fields(Trade(7, 5, 0, 600_001, 12, Side.SELL, 99)) == {
        "ts_init": 7,
        "ts_event": 5,
        "instrument": "spot.BTCUSDT",
        "price": Decimal("60000.10"),
        "quantity": Decimal("0.012"),
        "aggressor": "sell",
        "trade_id": 99,
    }


def test_aggressor_that_is_unknown_and_side_of_a_book_that_is_empty_are_none(words: Words) -> None:
    assert words.fields(Trade(7, 5, 0, 1, 1, 0, 0))["aggressor"] is None
    empty = words.fields(Quote(7, 5, 0, 0, 0, 600_001, 2))
    assert (empty["bid_price"], empty["bid_quantity"], empty["ask_price"]) == (None, 0, Decimal("60000.10"))


def test_order_is_told_in_the_words_of_its_codes(words: Words) -> None:
    told = words.fields(submit())
    assert told["strategy"] == "maker"
    assert (told["side"], told["order_type"], told["time_in_force"], told["post_only"]) == ("buy", "limit", "gtc", True)
    refused = words.fields(update(Report.CANCEL_REJECTED, OrderStatus.PARTIALLY_FILLED))
    assert (refused["report"], refused["status"]) == ("cancel_rejected", "partially_filled")
    assert words.order(ORDER) == "maker 3"


def test_fee_is_in_the_units_of_its_asset_and_profit_in_those_of_the_settlement_asset(words: Words) -> None:
    fill = words.fields(FillEvent(1, 1, ORDER, 0, 1, Side.SELL, 120_000, 3, 0, -250, "BTC", True))
    assert (fill["price"], fill["quantity"], fill["fee"]) == (Decimal("60000.0"), 3, Decimal("-0.00000250"))
    position = words.fields(PositionChanged(1, 0, 1, -3, 500_000, -125))
    # An inverse contract settles in its base: 1e-8 BTC.
    assert (position["quantity"], position["cost"]) == (Decimal(-3), Decimal("0.005"))
    assert position["realised"] == Decimal("-0.00000125")
    assert words.fields(AccountChanged(1, 0, "USDT", 1_050_000_000))["cash"] == Decimal("10.5")


def test_amendment_names_no_instrument_and_takes_that_of_its_order(words: Words) -> None:
    amend = AmendOrder(1, ORDER, 600_002, 40)
    assert words.fields(amend)["price_ticks"] == 600_002
    assert words.fields(amend)["quantity_lots"] == 40
    words.fields(submit())
    assert words.fields(amend)["price"] == Decimal("60000.20")
    words.fields(update(Report.CANCELED, OrderStatus.CANCELED))
    assert words.fields(amend)["price_ticks"] == 600_002


def test_what_a_number_means_depends_on_the_kind(words: Words) -> None:
    lost = words.fields(SourceStatus(1, 1, -1, 0, Feed.GAP, BadInput.SEQUENCE_GAP, 12))
    assert (lost["instrument"], lost["source"], lost["status"]) == (None, "feed", "gap")
    assert (lost["reason"], lost["place"]) == ("sequence_gap", 12)
    assert words.fields(FundingRate(1, 1, 0, 100_000_000, 9))["rate"] == Decimal("0.0001")
    assert words.fields(InstrumentStatus(1, 1, 0, 0))["trading"] is False


def test_code_that_we_do_not_know_stays_a_number(words: Words) -> None:
    assert words.fields(OrderUpdate(2, 2, ORDER, 0, 0, 77, 0, 0, 50, ""))["report"] == 77
