"""Cash, positions, fees and locks against tables worked by hand; amounts are whole assets, units are 1e-8."""

from decimal import Decimal

import attrs
import pytest

from tickloom.errors import ConfigError
from tickloom.instruments import Instrument
from tickloom.ledger import Ledger
from tickloom.money.positions import Position
from tickloom_kernels.money import ledger as kernels

SPOT = Instrument(symbol="BTCUSDT", base="BTC", quote="USDT", tick_size="1", lot_size="0.5")
LINEAR = Instrument(symbol="PERP", base="BTC", quote="USDT", contract="linear", tick_size=1, lot_size=1)
INVERSE = Instrument(
    symbol="COIN", base="BTC", quote="USD", contract="inverse", tick_size=1, lot_size=1, multiplier=100
)  # fmt: skip
#: One tick times one lot is one unit: rounding of costs is seen.
WHOLE = attrs.evolve(LINEAR, symbol="WHOLE", base="W", quote="JPY", settle="JPY", quote_precision=0)
INSTRUMENTS = (SPOT, LINEAR, INVERSE, WHOLE)
BTCUSDT, PERP, COIN, JPY = range(4)
BUY, SELL = 1, -1
ONE = 10**8


def _ledger(instrument: int, *fills: tuple[int, int, int]) -> Ledger:
    """Make a ledger with one account and some fills (side, price, lots) without fees."""
    ledger = Ledger(INSTRUMENTS, ["main"])
    for side, price, quantity in fills:
        ledger.fill(0, instrument, side, price, quantity, 0)
    ledger.check()
    return ledger


def _holds(ledger: Ledger, instrument: int, quantity: int, cost: str, realised: str) -> bool:
    held = ledger.position(0, instrument)
    return (held.quantity, held.cost, held.realised) == (quantity, _units(cost), _units(realised))


def _cash_at(ledger: Ledger, asset: str) -> int:
    at: int = kernels.holding_at(ledger.state, 0, ledger.assets_by_index.index(asset)) + kernels.CASH
    return at


def _units(amount: str) -> int:
    return int(Decimal(amount) * ONE)


# --- linear: (fills) -> quantity, cost, realised ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fills", "quantity", "cost", "realised"),
    [
        ([(BUY, 100, 2)], 2, "200", "0"),
        ([(BUY, 100, 2), (BUY, 103, 1)], 3, "303", "0"),
        # 303 for three, so 101 for one; sold at 110: 110 - 101
        ([(BUY, 100, 2), (BUY, 103, 1), (SELL, 110, 1)], 2, "202", "9"),
        ([(BUY, 100, 2), (BUY, 103, 1), (SELL, 110, 3)], 0, "0", "27"),
        ([(BUY, 100, 2), (SELL, 90, 2)], 0, "0", "-20"),
        ([(SELL, 100, 3)], -3, "-300", "0"),
        ([(SELL, 100, 3), (BUY, 90, 1)], -2, "-200", "10"),
        ([(SELL, 100, 3), (BUY, 120, 3)], 0, "0", "-60"),
        # a flip closes two (2 x 10 won) and opens three short at 110
        ([(BUY, 100, 2), (SELL, 110, 5)], -3, "-330", "20"),
        # and back: three bought back at 100 (3 x 10 won), four long at 100
        ([(BUY, 100, 2), (SELL, 110, 5), (BUY, 100, 7)], 4, "400", "50"),
    ],
)
def test_a_linear_contract_realises_the_difference_to_its_cost(
    fills: list[tuple[int, int, int]], quantity: int, cost: str, realised: str
) -> None:
    ledger = _ledger(PERP, *fills)
    assert _holds(ledger, PERP, quantity, cost, realised)
    assert ledger.cash(0, "USDT") == _units(realised)


@pytest.mark.parametrize(
    ("fills", "quantity", "cost", "realised"),
    [
        # 1,000 contracts of 100 USD at 50,000 are 2 BTC
        ([(BUY, 50_000, 1_000)], 1_000, "2", "0"),
        # half of it sold at 40,000 is 1.25 BTC, which cost 1: a long that fell pays 0.25
        ([(BUY, 50_000, 1_000), (SELL, 40_000, 500)], 500, "1", "-0.25"),
        # another 500 at 25,000 are 2 BTC more
        ([(BUY, 50_000, 1_000), (SELL, 40_000, 500), (BUY, 25_000, 500)], 1_000, "3", "-0.25"),
        ([(SELL, 20_000, 100)], -100, "-0.5", "0"),
        # bought back at 25,000 for 0.4 BTC: a short that rose pays 0.1
        ([(SELL, 20_000, 100), (BUY, 25_000, 100)], 0, "0", "-0.1"),
        ([(SELL, 20_000, 100), (BUY, 10_000, 100)], 0, "0", "0.5"),
        # a flip: 100 closed for 1 BTC (0.5 won), 100 long for 1 BTC
        ([(SELL, 20_000, 100), (BUY, 10_000, 200)], 100, "1", "0.5"),
    ],
)
def test_an_inverse_contract_realises_in_its_base_asset(
    fills: list[tuple[int, int, int]], quantity: int, cost: str, realised: str
) -> None:
    ledger = _ledger(COIN, *fills)
    assert _holds(ledger, COIN, quantity, cost, realised)
    assert ledger.cash(0, "BTC") == _units(realised)


def test_the_cost_of_a_part_is_rounded_half_to_even_and_the_last_lot_releases_the_rest() -> None:
    # Four lots for 10 units. Each closed at 3: 10/4 = 2.5 -> 2; 8/3 = 2.7 -> 3; 5/2 = 2.5 -> 2; and 3 are left.
    ledger = _ledger(JPY, (BUY, 2, 2), (BUY, 3, 2))
    seen = []
    for _ in range(4):
        ledger.fill(0, JPY, SELL, 3, 1, 0)
        held = ledger.position(0, JPY)
        seen.append((held.quantity, held.cost, held.realised))
    assert seen == [(3, 8, 1), (2, 5, 1), (1, 3, 2), (0, 0, 2)]


def test_a_flip_is_split_so_that_its_parts_add_up_to_its_whole() -> None:
    # Half a unit per tick and lot. Long one at 3: 1.5 -> 2. Two sold at 3 are 3 units, of which the one that closes
    # is 2 (1.5 again), so the one that opens is 1 and not another 2.
    halves = attrs.evolve(WHOLE, multiplier="0.5")
    ledger = Ledger([halves], ["main"])
    ledger.fill(0, 0, BUY, 3, 1, 0)
    ledger.fill(0, 0, SELL, 3, 2, 0)
    assert ledger.position(0, 0) == Position(quantity=-1, cost=-1, realised=0, funding=0, turnover=5)


# --- average price and unrealised profit -----------------------------------------------------------------------------


def test_the_average_price_of_a_linear_contract_is_cost_by_quantity() -> None:
    assert _ledger(PERP, (BUY, 100, 2), (BUY, 103, 1)).average_price(0, PERP) == 101
    assert _ledger(PERP, (SELL, 100, 2), (SELL, 103, 1)).average_price(0, PERP) == 101


def test_the_average_price_of_an_inverse_contract_is_harmonic() -> None:
    # 500 contracts at 50,000 and 500 at 25,000: 100,000 USD for 1 + 2 BTC, not the mean of 37,500.
    average = _ledger(COIN, (BUY, 50_000, 500), (BUY, 25_000, 500)).average_price(0, COIN)
    assert average is not None
    assert round(average, 10) == Decimal("33333.3333333333")


def test_a_flat_position_has_no_average_price_and_no_unrealised_profit() -> None:
    ledger = _ledger(PERP, (BUY, 100, 2), (SELL, 110, 2))
    assert (ledger.average_price(0, PERP), ledger.unrealised(0, PERP, 500)) == (None, 0)


@pytest.mark.parametrize(
    ("instrument", "fills", "price", "profit"),
    [
        (PERP, [(BUY, 100, 2), (BUY, 103, 1)], 90, "-33"),  # 270 - 303
        (PERP, [(SELL, 100, 2)], 105, "-10"),
        (COIN, [(BUY, 50_000, 500), (BUY, 25_000, 500)], 40_000, "0.5"),  # 3 BTC, now worth 2.5
        (COIN, [(SELL, 50_000, 500)], 40_000, "0.25"),  # 1 BTC, now worth 1.25: a short that fell wins
        (BTCUSDT, [(BUY, 100, 4)], 130, "60"),  # four lots are 2 BTC
    ],
)
def test_unrealised_profit_is_what_closing_would_realise(
    instrument: int, fills: list[tuple[int, int, int]], price: int, profit: str
) -> None:
    assert _ledger(instrument, *fills).unrealised(0, instrument, price) == _units(profit)


# --- spot, fees, funding ---------------------------------------------------------------------------------------------


def test_spot_moves_base_and_quote_and_keeps_a_cost_beside_them() -> None:
    ledger = Ledger(INSTRUMENTS, ["main"])
    ledger.deposit(0, "USDT", _units("1000"))
    ledger.fill(0, BTCUSDT, BUY, 100, 4, _units("0.2"))  # 2 BTC
    ledger.fill(0, BTCUSDT, SELL, 120, 2, _units("0.12"))  # 1 BTC
    # 1000 - 200 - 0.2 + 120 - 0.12
    assert (ledger.cash(0, "USDT"), ledger.cash(0, "BTC")) == (_units("919.68"), _units("1"))
    assert ledger.position(0, BTCUSDT) == Position(2, _units("100"), _units("20"), 0, _units("320"))
    assert ledger.fees_paid(0, "USDT") == _units("0.32")
    assert ledger.equity(0, "USDT", {BTCUSDT: 130}) == _units("1049.68")
    ledger.check()


def test_selling_deposited_spot_is_a_short_position_and_no_debt() -> None:
    ledger = Ledger(INSTRUMENTS, ["main"])
    ledger.deposit(0, "BTC", _units("2"))
    ledger.fill(0, BTCUSDT, SELL, 100, 2, 0)
    assert (ledger.cash(0, "BTC"), ledger.cash(0, "USDT")) == (_units("1"), _units("100"))
    assert _holds(ledger, BTCUSDT, -2, "-100", "0")


def test_a_rebate_is_a_negative_fee() -> None:
    ledger = Ledger(INSTRUMENTS, ["main"])
    ledger.fill(0, PERP, BUY, 100, 1, -25)
    assert (ledger.cash(0, "USDT"), ledger.fees_paid(0, "USDT"), ledger.balances()["fees"]) == (25, -25, {"USDT": -25})


def test_a_fee_may_be_paid_in_an_asset_that_no_instrument_has() -> None:
    ledger = Ledger(INSTRUMENTS, ["main"])
    ledger.deposit(0, "BNB", 100)
    ledger.fill(0, BTCUSDT, BUY, 100, 2, 7, "BNB")
    assert (ledger.cash(0, "BNB"), ledger.fees_paid(0, "BNB"), ledger.fees_paid(0, "USDT")) == (93, 7, 0)
    assert ledger.assets(0) == ["BNB", "BTC", "USDT"]
    ledger.check()


def test_funding_moves_cash_and_is_kept_apart_from_realised_profit() -> None:
    ledger = _ledger(COIN, (BUY, 50_000, 1_000))
    ledger.funding(0, COIN, -150)
    ledger.funding(0, COIN, 50)
    assert (ledger.cash(0, "BTC"), ledger.position(0, COIN).funding, ledger.position(0, COIN).realised) == (
        -100,
        -100,
        0,
    )
    ledger.check()


@pytest.mark.parametrize(("side", "price", "quantity"), [(0, 100, 1), (2, 100, 1), (BUY, 0, 1), (BUY, 100, -1)])
def test_what_is_no_fill_is_refused(side: int, price: int, quantity: int) -> None:
    with pytest.raises(ValueError, match="no fill"):
        Ledger(INSTRUMENTS, ["main"]).fill(0, PERP, side, price, quantity, 0)


# --- equity ----------------------------------------------------------------------------------------------------------


def test_equity_is_cash_and_holdings_and_open_profit_in_one_asset() -> None:
    ledger = Ledger(INSTRUMENTS, ["main"])
    ledger.deposit(0, "USDT", _units("1000"))
    ledger.deposit(0, "BTC", _units("0.30000001"))
    ledger.fill(0, PERP, SELL, 100, 5, 0)
    ledger.fill(0, COIN, BUY, 50_000, 1_000, 0)
    prices = {BTCUSDT: 200, PERP: 98, COIN: 40_000}
    # 1000 + 0.30000001 x 200 + 5 x 2
    assert ledger.equity(0, "USDT", prices) == _units("1070.000002")
    # 0.30000001, and 2 BTC that are now worth 2.5
    assert ledger.equity(0, "BTC", prices) == _units("-0.19999999")


def test_what_has_no_price_yet_counts_nothing_in_equity() -> None:
    ledger = _ledger(PERP, (BUY, 100, 1))
    ledger.deposit(0, "BTC", ONE)
    assert ledger.equity(0, "USDT", {}) == 0


def test_holdings_are_valued_once_and_at_the_prices_of_their_own_venue() -> None:
    here, there = (attrs.evolve(SPOT, venue=venue) for venue in ("HERE", "THERE"))
    prices = {0: 100, 1: 110}
    with_venues = Ledger([here, there], ["a", "b"], ["HERE", "THERE"])
    without = Ledger([here, there], ["a", "b"])
    for ledger in (with_venues, without):
        ledger.deposit(1, "BTC", ONE)
    assert with_venues.equity(1, "USDT", prices) == _units("110")
    assert without.equity(1, "USDT", prices) == _units("100")


# --- locks -----------------------------------------------------------------------------------------------------------


def test_a_lock_takes_from_what_is_free_and_not_from_cash() -> None:
    ledger = Ledger(INSTRUMENTS, ["main"])
    ledger.deposit(0, "USDT", 100)
    ledger.lock(0, "USDT", 30)
    ledger.lock(0, "USDT", 50)
    ledger.unlock(0, "USDT", 10)
    assert (ledger.cash(0, "USDT"), ledger.locked(0, "USDT"), ledger.free(0, "USDT")) == (100, 70, 30)


@pytest.mark.parametrize("units", [71, -1])
def test_more_than_is_locked_cannot_be_unlocked(units: int) -> None:
    ledger = Ledger(INSTRUMENTS, ["main"])
    ledger.lock(0, "USDT", 70)
    with pytest.raises(ValueError, match=rf"main: cannot unlock {units} units of USDT, 70 are locked"):
        ledger.unlock(0, "USDT", units)
    with pytest.raises(ValueError, match="cannot lock -1 units"):
        ledger.lock(0, "USDT", -1)


# --- the limits of int64 ----------------------------------------------------------------------------------------------

MOST = 2**63 - 1


@pytest.mark.parametrize(
    ("price", "quantity", "fee"),
    [
        (2**40, 2**40, 0),  # the value, 2**80 units of JPY
        (1, MOST - 3, 0),  # the position, which has 5 lots
        (1, 1, -MOST),  # the cash, which has 100 units
        (1, 1, 2**63),
        (2**64, 1, 0),
    ],
)
def test_a_fill_that_would_leave_int64_is_refused_and_changes_nothing(price: int, quantity: int, fee: int) -> None:
    ledger = _ledger(JPY, (BUY, 2, 5))
    ledger.deposit(0, "JPY", 100)
    before = ledger.state.copy()
    with pytest.raises(OverflowError, match=rf"main, WHOLE: a fill of side 1, {quantity} lots at {price} ticks"):
        ledger.fill(0, JPY, BUY, price, quantity, fee)
    assert (ledger.state == before).all()


def test_a_deposit_that_does_not_fit_says_what_would() -> None:
    ledger = Ledger(INSTRUMENTS, ["main"])
    ledger.deposit(0, "USDT", MOST)
    with pytest.raises(ConfigError, match=f"main: 1 smallest units of USDT more do not fit .* up to {MOST}"):
        ledger.deposit(0, "USDT", 1)
    assert ledger.cash(0, "USDT") == MOST
    ledger.check()


def test_funding_and_values_that_do_not_fit_are_refused() -> None:
    ledger = _ledger(JPY, (BUY, 2, 5))
    ledger.deposit(0, "JPY", MOST)
    with pytest.raises(OverflowError, match="main, WHOLE: a funding payment of 1 "):
        ledger.funding(0, JPY, 1)
    with pytest.raises(OverflowError, match=f"the value at {2**61} ticks"):
        ledger.unrealised(0, JPY, 2**61)
    # MOST, and 5 x (3 - 2)
    with pytest.raises(OverflowError, match="main: its value in units of JPY"):
        ledger.equity(0, "JPY", {JPY: 3})
    assert ledger.equity(0, "JPY", {JPY: 2}) == MOST


def test_an_instrument_whose_terms_do_not_fit_is_refused() -> None:
    # A rate of 23 decimals is a ratio by 10**23.
    with pytest.raises(ConfigError, match=r"PERP: its fees.* write fees with fewer decimals"):
        Ledger([attrs.evolve(WHOLE, symbol="PERP", taker_fee="0.00010000000000000000001")], ["main"])


@pytest.mark.parametrize(("account", "instrument"), [(1, 0), (-1, 0), (0, 4), (0, -1)])
def test_an_account_or_instrument_that_is_none_is_an_index_error(account: int, instrument: int) -> None:
    # Kernels do not look: they would change another word.
    ledger = Ledger(INSTRUMENTS, ["main"])
    with pytest.raises(IndexError, match=f"no account {account} or instrument {instrument}; there are 1 and 4"):
        ledger.fill(account, instrument, BUY, 100, 1, 0)
    with pytest.raises(IndexError):
        ledger.position(account, instrument)


def test_an_instrument_may_be_charged_other_fees() -> None:
    ledger = Ledger(INSTRUMENTS, ["main"])
    ledger.charge(PERP, attrs.evolve(LINEAR, taker_fee="0.001", maker_fee="-0.0002"))
    # 3 x 100 USDT
    fees = [kernels.fee(ledger.state, PERP, 100, 3, maker) for maker in (0, 1)]
    assert fees == [_units("0.3"), _units("-0.06")]
    assert kernels.fee(ledger.state, BTCUSDT, 100, 4, 0) == 0


# --- conservation ----------------------------------------------------------------------------------------------------


def test_every_account_has_its_own_books_and_all_of_them_sum_to_the_deposits() -> None:
    ledger = Ledger(INSTRUMENTS, ["a", "b"])
    ledger.deposit(0, "USDT", 500)
    ledger.deposit(1, "USDT", 700)
    ledger.deposit(1, "USDT", -100)
    ledger.fill(0, PERP, BUY, 100, 1, 3)
    ledger.fill(0, PERP, SELL, 99, 1, 3)
    ledger.fill(1, PERP, SELL, 100, 1, -2)
    loss = ONE
    assert ledger.balances() == {
        "a": {"USDT": 500 - loss - 6},
        "b": {"USDT": 602},
        "market": {"USDT": loss},
        "fees": {"USDT": 4},
        "external": {"USDT": -1_100},
    }
    assert ledger.totals() == {"USDT": 1_100}
    ledger.check()


def test_check_names_the_asset_whose_sum_is_wrong() -> None:
    ledger = _ledger(PERP, (BUY, 100, 1), (SELL, 101, 1))
    ledger.state[_cash_at(ledger, "USDT")] += 1
    with pytest.raises(AssertionError, match="USDT: accounts sum to 1, 0 were deposited"):
        ledger.check()


def test_check_names_the_account_whose_cash_its_bookings_do_not_explain() -> None:
    ledger = _ledger(PERP, (BUY, 100, 1), (SELL, 101, 1))
    ledger.state[_cash_at(ledger, "USDT")] += 1
    ledger.state[kernels.asset_at(ledger.state, ledger.assets_by_index.index("USDT")) + kernels.MARKET] -= 1
    with pytest.raises(AssertionError, match="main: 100000001 units of USDT, its bookings make 100000000"):
        ledger.check()


def test_names_of_the_internal_accounts_are_taken_and_names_differ() -> None:
    for accounts in (["main", "fees"], ["main", "main"]):
        with pytest.raises(ConfigError, match="names must differ, and market, fees, external are taken"):
            Ledger(INSTRUMENTS, accounts)
    with pytest.raises(ConfigError, match="1 venues were given for 2 accounts"):
        Ledger(INSTRUMENTS, ["a", "b"], ["HERE"])
