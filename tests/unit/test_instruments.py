"""Decimals to ticks, lots and smallest units, and back: every expected number is worked by hand."""

from decimal import Decimal, getcontext, localcontext
from typing import Any

import attrs
import numpy as np
import pytest

from tickloom.errors import ConfigError, OrderError
from tickloom.instruments import (
    MAX_NOTIONAL,
    Contract,
    Instrument,
    asset_precisions,
    decimal_amount,
    parse_amount,
)

SPOT = Instrument(
    symbol="BTCUSDT", venue="BINANCE", base="BTC", quote="USDT", tick_size="0.01", lot_size="0.00001",
    maker_fee="-0.0001", taker_fee="0.001", min_quantity="0.000015", min_notional="5",
)  # fmt: skip
LINEAR = Instrument(
    symbol="BTC-PERP", base="BTC", quote="USDT", contract="linear", tick_size="0.1", lot_size="1", multiplier="0.001",
    maker_fee="0.0002", taker_fee="0.0005",
)  # fmt: skip
INVERSE = Instrument(
    symbol="BTCUSD", base="BTC", quote="USD", contract="inverse", tick_size="0.5", lot_size="1", multiplier=100,
    maker_fee="-0.00025", taker_fee="0.00075",
)  # fmt: skip
#: One tick times one lot is a thousandth of a unit, so that rounding is seen.
COARSE = attrs.evolve(SPOT, quote_precision=4, min_notional=0)


@pytest.mark.parametrize("price", ["65000.01", Decimal("65000.010"), "6500001e-2", 6_500_001, np.int64(6_500_001)])
def test_a_price_is_read_from_text_decimal_and_ticks(price: str | Decimal | int) -> None:
    assert SPOT.ticks(price) == 6_500_001


@pytest.mark.parametrize(("quantity", "lots"), [("0.00001", 1), (Decimal("1"), 100_000), (7, 7), ("0", 0)])
def test_a_quantity_is_read_from_text_decimal_and_lots(quantity: str | Decimal | int, lots: int) -> None:
    assert SPOT.lots(quantity) == lots


def test_a_price_off_the_grid_is_an_error_that_names_the_valid_prices_beside_it() -> None:
    with pytest.raises(OrderError) as error:
        SPOT.ticks("100.005")
    text = "BINANCE.BTCUSDT: price 100.005 is no multiple of the tick size 0.01; nearest valid: 100.00 and 100.01"
    assert str(error.value) == text


def test_a_quantity_off_the_grid_is_an_error_that_names_the_valid_quantities_beside_it() -> None:
    with pytest.raises(OrderError) as error:
        SPOT.lots(Decimal("0.123456"))
    text = (
        "BINANCE.BTCUSDT: quantity 0.123456 is no multiple of the lot size 0.00001; nearest valid: 0.12345 and 0.12346"
    )
    assert str(error.value) == text


def test_below_the_first_tick_zero_is_not_offered_as_a_price() -> None:
    with pytest.raises(OrderError, match=r"nearest valid: 0\.01$"):
        SPOT.ticks("0.004")


@pytest.mark.parametrize(
    ("price", "words"),
    [
        (100.25, "not float; write it as text, '100.25'"),
        (True, "not bool"),
        ("a hundred", "no decimal number"),
        ("nan", "finite"),
        ("1e999999999", "finite"),
        ("0e-999999999", "finite"),
        ("0.00", "above 0; the lowest is 0.01"),
        (-5, "above 0"),
        (MAX_NOTIONAL + 1, "above the largest"),
    ],
)
def test_what_is_no_price_is_refused_in_one_line(price: object, words: str) -> None:
    with pytest.raises(OrderError) as error:
        SPOT.ticks(price)  # type: ignore[arg-type]
    assert str(error.value).startswith("BINANCE.BTCUSDT: price")
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_a_negative_quantity_is_refused() -> None:
    with pytest.raises(OrderError, match="must not be negative; the side says buy or sell"):
        SPOT.lots("-0.5")


def test_ticks_and_lots_give_their_decimals_back_whatever_precision_a_plugin_set() -> None:
    with localcontext():
        getcontext().prec = 3
        assert str(SPOT.price(6_500_001)) == "65000.01"
        assert str(SPOT.quantity(123_456)) == "1.23456"
        assert str(decimal_amount(5_000_000_000_001, 8)) == "50000.00000001"


@pytest.mark.parametrize("tick", ["0.01", "0.5", "0.025", "0.00000001", "0.3", "10"])
def test_float_prices_are_the_floats_nearest_to_the_decimals(tick: str) -> None:
    # Oracle: float(Decimal) is correctly rounded by definition.
    instrument = attrs.evolve(SPOT, tick_size=tick, lot_size=1)
    ticks = np.array([1, 3, 7, 29, 115, 1_001, 6_500_001, 123_456_789_123], dtype=np.int64)
    expected = [float(Decimal(tick) * int(count)) for count in ticks]
    assert instrument.prices(ticks).tolist() == expected
    assert [instrument.float_price(int(count)) for count in ticks] == expected


def test_float_quantities_are_the_floats_nearest_to_the_decimals() -> None:
    lots = np.array([0, 1, 3, 110_000], dtype=np.int64)
    assert SPOT.quantities(lots).tolist() == [0.0, 0.00001, 0.00003, 1.1]


@pytest.mark.parametrize(
    ("instrument", "price", "quantity", "units"),
    [
        (SPOT, "100.01", "0.00001", 100_010),  # 0.0010001 USDT
        (SPOT, "65000.00", "2", 13_000_000_000_000),  # 130,000 USDT
        (LINEAR, "50000.0", "3", 15_000_000_000),  # 3 x 0.001 BTC x 50,000 = 150 USDT
        (INVERSE, "50000", "10", 2_000_000),  # 1,000 USD / 50,000 = 0.02 BTC
        (INVERSE, "30000", "1", 333_333),  # 100 / 30,000 = 0.00333333.3
        (INVERSE, "15000", "1", 666_667),  # 0.00666666.7
    ],
)
def test_value_is_price_times_quantity_and_for_inverse_quantity_by_price(
    instrument: Instrument, price: str, quantity: str, units: int
) -> None:
    assert instrument.value(instrument.ticks(price), instrument.lots(quantity)) == units


@pytest.mark.parametrize(
    ("ticks", "lots", "units"),
    [(500, 1, 0), (501, 1, 1), (500, 3, 2), (500, 5, 2), (500, 7, 4), (499, 1, 0), (1_499, 1, 1)],
)
def test_a_value_is_rounded_half_to_even(ticks: int, lots: int, units: int) -> None:
    # ticks x lots thousandths of a unit: 0.5, 0.501, 1.5, 2.5, 3.5, 0.499, 1.499
    assert COARSE.value(ticks, lots) == units


@pytest.mark.parametrize(("price", "units"), [("4000", 2), ("20000", 0), ("3999.5", 3)])
def test_an_inverse_value_is_rounded_half_to_even(price: str, units: int) -> None:
    # 100 USD in hundredths of a BTC: 2.5, 0.5, 2.5003
    instrument = attrs.evolve(INVERSE, base_precision=2)
    assert instrument.value(instrument.ticks(price), 1) == units


@pytest.mark.parametrize(
    ("instrument", "price", "quantity", "maker", "units"),
    [
        (SPOT, "100.00", "0.00001", False, 100),  # 0.001 x 100,000 units, exactly
        (SPOT, "100.01", "0.00001", False, 101),  # 100.01: what we pay is rounded up
        (SPOT, "100.00", "0.00001", True, -10),  # a rebate of 10 units, exactly
        (SPOT, "100.01", "0.00001", True, -10),  # 10.001: what we receive is rounded down
        (SPOT, "0.01", "0.00001", True, 0),  # a rebate of 0.001 unit is none
        (SPOT, "0.01", "0.00001", False, 1),  # a fee of 0.01 unit is one unit
        (LINEAR, "50000.0", "3", True, 3_000_000),  # 150 USDT x 0.0002
        (LINEAR, "50000.0", "3", False, 7_500_000),  # 150 USDT x 0.0005
        (INVERSE, "50000", "10", False, 1_500),  # 2,000,000 units x 0.00075
        (INVERSE, "30000", "1", False, 250),  # 333,333.3 x 0.00075 = 250 exactly, not of the rounded value
        (INVERSE, "30000", "1", True, -83),  # 83.3
        (COARSE, "5.00", "0.00001", False, 1),  # the value is 0.5 unit and rounds to 0; the fee is 0.0005 and to 1
    ],
)
def test_a_fee_is_of_the_exact_value_and_rounded_against_us(
    instrument: Instrument, price: str, quantity: str, maker: bool, units: int
) -> None:
    assert instrument.fee(instrument.ticks(price), instrument.lots(quantity), maker) == units


def test_base_units_of_spot_are_exact_and_contracts_have_none() -> None:
    assert (SPOT.base_units(3), LINEAR.base_units(3), INVERSE.base_units(3)) == (3_000, 0, 0)


def test_minimums_are_rounded_up_to_the_grid() -> None:
    # 0.000015 BTC is one and a half lots; 5 USDT is 500,000,000 units.
    assert (SPOT.min_lots, SPOT.min_value, LINEAR.min_lots, LINEAR.min_value) == (2, 500_000_000, 1, 0)


def test_spot_and_linear_settle_in_quote_and_inverse_in_base() -> None:
    assert (SPOT.settle, LINEAR.settle, INVERSE.settle) == ("USDT", "USDT", "BTC")
    assert attrs.evolve(LINEAR, settle="USDC").settle == "USDC"


def test_the_run_gives_an_instrument_its_venue_and_with_it_its_name() -> None:
    assert (LINEAR.name, attrs.evolve(LINEAR, venue="SIM").name) == ("BTC-PERP", "SIM.BTC-PERP")


def test_instruments_that_say_the_same_are_equal() -> None:
    assert attrs.evolve(SPOT, tick_size=Decimal("0.010")) == SPOT
    assert attrs.evolve(SPOT, tick_size="0.02") != SPOT
    assert Contract.LINEAR is LINEAR.contract


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"tick_size": 0.01}, "tick_size 0.01 must be a Decimal, a text or an int, not float; write it as text"),
        ({"tick_size": "0"}, "tick_size is 0, it must be above 0"),
        ({"lot_size": "-1"}, "lot_size is -1, it must be above 0"),
        ({"lot_size": "0.000000001"}, "no whole number of the smallest unit of BTC, which has 8 decimals"),
        ({"multiplier": "2"}, "multiplier is 2, but a spot instrument has 1"),
        ({"min_notional": "-1"}, "min_notional is -1, it must not be negative"),
        ({"taker_fee": "10"}, "taker_fee is 10, it must be a rate such as 0.001"),
        ({"contract": "linaer"}, "did you mean 'linear'? (known: inverse, linear, spot)"),
        ({"settle": "BTC"}, "settle is 'BTC', but spot settles in 'USDT'"),
        ({"base_precision": 19}, "base_precision is 19, it must be 0..18 decimals"),
        ({"quote_precision": "8"}, "quote_precision is '8', it must be 0..18 decimals"),
    ],
)
def test_an_invalid_instrument_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as error:
        attrs.evolve(SPOT, **change)
    assert words in str(error.value)


def test_a_grid_whose_products_leave_an_int64_is_refused_until_the_unit_is_finer() -> None:
    # A tick times a lot is 1e-13 BTC, 1e-5 of a unit: 2**53 units are 2**53 * 1e5 = 9.0e20 of them, above 9.2e18.
    fine: dict[str, Any] = {
        "symbol": "ETHBTC",
        "base": "ETH",
        "quote": "BTC",
        "tick_size": "0.00001",
        "lot_size": "0.00000001",
    }
    with pytest.raises(ConfigError, match="price times quantity would leave an int64; raise quote_precision"):
        Instrument(**fine)
    assert Instrument(**fine, quote_precision=11).value_ratio == (1, 100)
    with pytest.raises(ConfigError, match="leave an int64"):
        attrs.evolve(INVERSE, lot_size="0.00001", multiplier=1)


PRECISIONS = {"USDT": 8, "BTC": 8, "JPY": 0}


@pytest.mark.parametrize(
    ("text", "units", "asset"),
    [("50000 USDT", 5_000_000_000_000, "USDT"), ("0.00000001 BTC", 1, "BTC"), (" 7  JPY ", 7, "JPY")],
)
def test_an_amount_is_read_with_its_asset(text: str, units: int, asset: str) -> None:
    assert parse_amount(text, PRECISIONS) == (units, asset)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("50000", "is no amount; write a number and its asset"),
        ("1 USDC", "did you mean 'USDT'? (known: BTC, JPY, USDT)"),
        ("0.5 JPY", "finer than the smallest unit of JPY, which has 0 decimals"),
        ("1.00000000000000000000000000000000000001 BTC", "finer than the smallest unit of BTC"),
    ],
)
def test_an_amount_that_cannot_be_meant_is_refused(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse_amount(text, PRECISIONS)
    assert words in str(error.value)


def test_all_instruments_must_agree_on_the_smallest_unit_of_an_asset() -> None:
    assert asset_precisions([SPOT, LINEAR, INVERSE]) == {"BTC": 8, "USDT": 8, "USD": 8}
    with pytest.raises(ConfigError, match=r"USDT has 8 decimals in BTC-PERP but 4 in BINANCE\.BTCUSDT"):
        asset_precisions([LINEAR, COARSE])
