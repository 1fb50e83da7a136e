"""The limits at the gate. The instrument has a tick of 0.01 USDT and a lot of 0.001 BTC; expectations by hand."""

import random
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import attrs
import numpy as np
import pytest
from numpy.typing import NDArray

from tickloom.codes import OrderStatus, OrderType, Side
from tickloom.config.settings import build
from tickloom.errors import ConfigError
from tickloom.events import AmendOrder, Quote, SubmitOrder, Trade
from tickloom.instruments import Instrument
from tickloom.orders.table import Order
from tickloom_plugins.risk.limits import Limits

SECOND = 1_000_000_000
BTC = Instrument(symbol="BTCUSDT", venue="SPOT", base="BTC", quote="USDT", tick_size="0.01", lot_size="0.001")
ETH = Instrument(symbol="ETHBTC", venue="SPOT", base="ETH", quote="BTC", tick_size="0.00001", lot_size="0.01")


@attrs.define
class Gate:
    """A gate whose numbers a test sets: the market of every instrument, one position, one equity."""

    instruments: Sequence[Instrument] = (BTC, ETH)
    clock: int = 100 * SECOND
    position: NDArray[np.int64] = attrs.field(factory=lambda: np.zeros(3, np.int64))
    best: tuple[str, str] | None = ("61841.00", "61843.00")
    last: str | None = "61842.00"
    seen: int = 100 * SECOND
    money: int = 0
    amended: Order | None = None

    def exposure(self, account: int, instrument: int) -> NDArray[np.int64]:
        """Position, working buys, working sells (lots)."""
        return self.position

    def order(self, order_id: int) -> Order:
        """Return the one order."""
        assert self.amended is not None
        return self.amended

    def trade(self, instrument: int) -> Trade | None:
        """Return no trade: the limits do not ask."""
        return None

    def quote(self, instrument: int) -> Quote | None:
        """Best bid and ask; an empty text is an empty side."""
        if self.best is None:
            return None
        bid, ask = (BTC.ticks(price) if price else 0 for price in self.best)
        return Quote(self.seen, self.seen, instrument, bid, 5 if bid else 0, ask, 5 if ask else 0)

    def last_price(self, instrument: int) -> tuple[int, int] | None:
        """Last price (ticks) and when we had it."""
        return None if self.last is None else (BTC.ticks(self.last), self.seen)

    def equity(self, account: int, asset: str) -> int:
        """Equity in units of 1e-8 USDT."""
        assert asset == "USDT"
        return self.money


def limits(gate: Gate, **settings: Any) -> Limits:
    """Wire limits to a gate."""
    made = Limits(**settings)
    made.ctx = gate
    return made


def order(side: int, quantity: str, price: str | None = None, instrument: int = 0, account: int = 0) -> SubmitOrder:
    """Make a limit order, or a market order without a price."""
    return SubmitOrder(
        ts_init=0,
        order_id=1,
        parent_id=0,
        strategy=0,
        account=account,
        instrument=instrument,
        side=side,
        order_type=OrderType.LIMIT if price else OrderType.MARKET,
        time_in_force=1,
        post_only=False,
        price=BTC.ticks(price) if price else 0,
        quantity=BTC.lots(quantity),
        algorithm="direct",
        tag="",
    )


def buy(quantity: str, price: str | None = None, **more: int) -> SubmitOrder:
    """Make a buy."""
    return order(Side.BUY, quantity, price, **more)


def sell(quantity: str, price: str | None = None, **more: int) -> SubmitOrder:
    """Make a sell."""
    return order(Side.SELL, quantity, price, **more)


def test_without_settings_everything_passes() -> None:
    gate = Gate(best=None, last=None)
    assert limits(gate).check(buy("1000", "999999")) is None


def test_an_order_at_every_limit_passes() -> None:
    gate = Gate(seen=95 * SECOND)
    check = limits(
        gate, max_quantity="1", max_notional="61842 USDT", max_position="1", collar="2 %", stale_after="5s",
        max_loss="1000 USDT", max_order_rate="1 / 1s",
    )  # fmt: skip
    assert check.check(buy("1", "61842")) is None


def test_size_is_refused_with_both_numbers() -> None:
    check = limits(Gate(), max_quantity="1.5")
    assert check.check(buy("1.501", "61842")) == "quantity 1.501 BTC > max_quantity 1.5 BTC"


def test_a_limit_off_the_grid_counts_whole_lots() -> None:
    check = limits(Gate(), max_quantity="0.0019")
    assert check.check(buy("0.001", "61842")) is None
    assert check.check(buy("0.002", "61842")) is not None


def test_notional_is_refused_with_both_numbers() -> None:
    check = limits(Gate(), max_notional="50000 USDT")
    assert check.check(buy("1", "61842")) == "notional 61,842 USDT > max_notional 50,000 USDT"


def test_a_market_order_is_valued_at_the_price_it_meets() -> None:
    check = limits(Gate(), max_notional="61842 USDT")
    assert check.check(buy("1")) == "notional 61,843 USDT > max_notional 61,842 USDT"
    assert check.check(sell("1")) is None


def test_a_sell_far_below_the_market_is_valued_at_the_bid() -> None:
    check = limits(Gate(), max_notional="50000 USDT")
    assert check.check(sell("1", "1.00")) == "notional 61,841 USDT > max_notional 50,000 USDT"


def test_a_market_order_that_cannot_be_valued_is_refused() -> None:
    check = limits(Gate(best=None, last=None), max_notional="50000 USDT")
    assert check.check(buy("0.001")) == "no price of SPOT.BTCUSDT yet to check the order against"
    assert check.check(buy("0.001", "61842")) is None


def test_an_order_in_an_asset_without_a_limit_is_refused() -> None:
    check = limits(Gate(), max_notional="50000 USDT")
    assert check.check(buy("1", "1", instrument=1)) == ("SPOT.ETHBTC settles in BTC, but max_notional is in USDT only")


def test_every_asset_may_have_its_own_notional_limit() -> None:
    check = limits(Gate(best=None), max_notional=["50000 USDT", "1 BTC"])
    assert check.check(buy("0.5", "61842")) is None
    # 1000 lots of 0.01 ETH at 20,000 ticks of 0.00001 BTC are 10 * 0.2 BTC.
    assert check.check(buy("1", "200.00", instrument=1)) == "notional 2 BTC > max_notional 1 BTC"


def test_position_counts_what_works_on_the_same_side() -> None:
    gate = Gate(position=np.array([1000, 500, 7000]))
    check = limits(gate, max_position="2")
    assert check.check(buy("0.5")) is None
    assert check.check(buy("0.501")) == "long position 2.001 BTC > max_position 2 BTC"


def test_a_short_position_has_the_same_limit() -> None:
    gate = Gate(position=np.array([-1000, 7000, 500]))
    check = limits(gate, max_position="2")
    assert check.check(sell("0.5")) is None
    assert check.check(sell("0.501")) == "short position 2.001 BTC > max_position 2 BTC"


def test_what_only_reduces_the_position_passes_beyond_the_limit() -> None:
    gate = Gate(position=np.array([9000, 0, 0]))
    check = limits(gate, max_position="2")
    assert check.check(sell("9")) is None
    assert check.check(sell("11.001")) == "short position 2.001 BTC > max_position 2 BTC"


def test_a_table_limits_the_instruments_it_names() -> None:
    check = limits(Gate(), max_position={"BTCUSDT": "1"})
    assert check.check(buy("1.001")) is not None
    assert check.check(buy("1.001", instrument=1)) is None


def test_a_table_may_name_the_venue_where_symbols_are_alike() -> None:
    elsewhere = attrs.evolve(BTC, venue="OTHER")
    check = limits(Gate(instruments=(BTC, elsewhere)), max_position={"OTHER.BTCUSDT": "1", "BTCUSDT": "2"})
    assert [check.check(buy("2", instrument=instrument)) is None for instrument in (0, 1)] == [True, False]


def test_a_table_that_names_an_unknown_symbol_is_an_error() -> None:
    check = limits(Gate(), max_position={"BTCUSD": "1"})
    with pytest.raises(ConfigError, match=r"max_position: unknown instrument 'BTCUSD'; did you mean 'BTCUSDT'"):
        check.check(buy("1"))


@pytest.fixture
def amending() -> Gate:
    """Position 1 BTC, and a buy of 1 BTC of which 0.25 is filled (in the position) and 0.75 works."""
    working = Order(
        order_id=1, parent_id=0, strategy=0, account=0, instrument=0, side=1, order_type=OrderType.LIMIT,
        time_in_force=1, post_only=0, price=BTC.ticks("61842"), quantity=1000, filled_quantity=250,
        leaves_quantity=750, status=OrderStatus.PARTIALLY_FILLED, ts_submit=0, arrival=0,
    )  # fmt: skip
    return Gate(position=np.array([1000, 750, 0]), amended=working)


def test_an_amendment_does_not_count_its_own_working_quantity_twice(amending: Gate) -> None:
    check = limits(amending, max_position="2")
    # 1 BTC held and, of 1.25 BTC, 1 BTC left to fill.
    assert check.check(AmendOrder(0, 1, BTC.ticks("61842"), 1250)) is None
    assert check.check(AmendOrder(0, 1, BTC.ticks("61842"), 1251)) == "long position 2.001 BTC > max_position 2 BTC"


def test_an_amendment_to_less_passes_beyond_the_position_limit(amending: Gate) -> None:
    assert limits(amending, max_position="1").check(AmendOrder(0, 1, BTC.ticks("61842"), 900)) is None


def test_an_amendment_is_checked_at_its_new_size_and_price(amending: Gate) -> None:
    amended = AmendOrder(0, 1, BTC.ticks("70000"), 2000)
    assert limits(amending, max_quantity="1").check(amended) == "quantity 2 BTC > max_quantity 1 BTC"
    assert limits(amending, max_notional="130000 USDT").check(amended) == (
        "notional 140,000 USDT > max_notional 130,000 USDT"
    )
    assert limits(amending, collar="2 %").check(amended) is not None


def test_the_collar_holds_buys_below_and_sells_above_a_share_of_the_mid() -> None:
    # The mid is 61,842; 2 % of it are 1,236.84.
    check = limits(Gate(), collar="2 %")
    assert check.check(buy("1", "63078.84")) is None
    assert check.check(buy("1", "63078.85")) == "price 63,078.85 > 63,078.84, the collar of 2 % above 61,842"
    assert check.check(sell("1", "60605.16")) is None
    assert check.check(sell("1", "60605.15")) == "price 60,605.15 < 60,605.16, the collar of 2 % below 61,842"
    assert check.check(buy("1", "1.00")) is None


@pytest.mark.parametrize("best", [None, ("", "150.00"), ("50.00", "")])
def test_without_a_quote_on_both_sides_the_collar_is_around_the_last_price(best: tuple[str, str] | None) -> None:
    check = limits(Gate(best=best, last="100.00"), collar="100 bp")
    assert check.check(buy("1", "101.00")) is None
    assert check.check(buy("1", "101.01")) == "price 101.01 > 101, the collar of 1 % above 100"


def test_the_collar_refuses_a_limit_price_while_there_is_no_market_and_lets_market_orders_pass() -> None:
    check = limits(Gate(best=None, last=None), collar="2 %")
    assert check.check(buy("1", "61842")) == "no price of SPOT.BTCUSDT yet to check the order against"
    assert check.check(buy("1")) is None


def test_stale_market_data_refuse_an_order() -> None:
    gate = Gate(seen=95 * SECOND)
    check = limits(gate, stale_after="5s")
    assert check.check(buy("1")) is None
    gate.clock += 1_500_000
    assert check.check(buy("1")) == "market data of SPOT.BTCUSDT are 5.0015s old > stale_after 5s"


def test_no_market_data_at_all_are_stale() -> None:
    check = limits(Gate(last=None), stale_after="5s")
    assert check.check(buy("1")) == "no market data of SPOT.BTCUSDT yet, and stale_after is set"


def test_after_the_largest_loss_only_reducing_orders_pass_for_good() -> None:
    gate = Gate(position=np.array([1000, 0, 0]), money=5_000 * 10**8)
    check = limits(gate, max_loss="1000 USDT")
    assert check.check(buy("1")) is None
    gate.money = 4_000 * 10**8
    assert check.check(buy("1")) is None
    gate.money -= 25 * 10**6
    assert check.check(buy("1")) == "loss 1,000.25 USDT > max_loss 1,000 USDT"
    gate.money = 9_000 * 10**8
    assert check.check(buy("1")) == "loss 1,000.25 USDT > max_loss 1,000 USDT"
    assert check.check(sell("1")) is None
    assert check.check(sell("1.001")) == "loss 1,000.25 USDT > max_loss 1,000 USDT"


def test_a_full_window_refuses_until_its_oldest_command_leaves_it() -> None:
    gate = Gate(clock=0)
    check = limits(gate, max_order_rate="2 / 1s")
    assert [check.check(buy("1")) for _ in range(2)] == [None, None]
    gate.clock = SECOND - 1
    assert check.check(buy("1")) == "order 3 within 1s > max_order_rate 2 / 1s"
    gate.clock = SECOND
    assert check.check(buy("1")) is None


def test_the_rate_of_commands_that_pass_is_that_of_a_plain_list() -> None:
    gate, rng, passed = Gate(clock=0), random.Random(3), cast("list[int]", [])
    check = limits(gate, max_order_rate="7 / 20ns")
    for _ in range(400):
        gate.clock += rng.choice((0, 1, 2, 9))
        recent = [time for time in passed if time > gate.clock - 20]
        assert (check.check(buy("1")) is None) == (len(recent) < 7)
        passed += [gate.clock] if len(recent) < 7 else []


def test_a_command_that_another_limit_refuses_uses_up_no_rate() -> None:
    check = limits(Gate(), max_quantity="1", max_order_rate="1 / 1s")
    assert check.check(buy("2")) == "quantity 2 BTC > max_quantity 1 BTC"
    assert check.check(buy("1")) is None


def test_every_account_has_a_window_of_its_own() -> None:
    check = limits(Gate(), max_order_rate="1 / 1s")
    assert [check.check(buy("1", account=account)) for account in (0, 1)] == [None, None]
    assert check.check(buy("1", account=1)) is not None


def test_numbers_beyond_64_bits_are_refused_and_do_not_wrap_around() -> None:
    check = limits(Gate(best=None), max_notional="50000 USDT")
    largest = attrs.evolve(BTC).lot_size * 2**53
    assert "notional" in str(check.check(buy(str(largest), "90000000000")))


@pytest.mark.parametrize(
    ("key", "value", "complaint"),
    [
        ("max_quantity", "-1", "-1 must not be negative"),
        ("max_quantity", 0.5, "a decimal number"),
        ("max_notional", "50000", "is no amount"),
        ("max_notional", "-5 USDT", "must not be negative"),
        ("max_position", {"BTCUSDT": "much"}, "decimal number"),
        ("collar", "-2 %", "must not be negative"),
        ("collar", "0.00001 %", "finer than 0.0001 %"),
        ("collar", "2", "is no share"),
        ("max_order_rate", "100", "is no rate"),
        ("max_order_rate", "2000000 / 1s", "above the largest, 1,000,000"),
        ("stale_after", 5, "must be text"),
        ("max_loss", "1000", "is no amount"),
    ],
)
def test_a_setting_that_cannot_be_read_is_named(key: str, value: object, complaint: str) -> None:
    with pytest.raises(ConfigError, match=rf"run\.toml: risk\.{key}.*{complaint}"):
        build(Limits, {key: value}, "run.toml: risk", Path())


def test_a_config_gives_decimals_as_text_or_whole_numbers() -> None:
    made = build(Limits, {"max_quantity": 1, "max_position": {"BTCUSDT": "0.5"}}, "run.toml: risk", Path())
    assert made.max_quantity == Decimal(1)
    assert made.max_position == {"BTCUSDT": Decimal("0.5")}


def test_an_amount_in_an_asset_that_no_instrument_has_is_an_error() -> None:
    check = limits(Gate(), max_notional="50000 USD")
    with pytest.raises(ConfigError, match="asset that no instrument has; did you mean 'USDT'"):
        check.check(buy("1"))
