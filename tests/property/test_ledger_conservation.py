"""Over any bookings: nothing is made or lost, and profit is what exact fractions say, to the rounding."""

from collections.abc import Sequence
from fractions import Fraction
from math import ceil, floor
from typing import NamedTuple

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickloom.instruments import Contract, Instrument
from tickloom.ledger import Ledger
from tickloom.money.exact import half_even
from tickloom.money.positions import Position
from tickloom_kernels.money import ledger as kernels
from tickloom_kernels.money.exact import TOO_LARGE

#: Units are coarse on purpose: nearly every value is rounded.
INSTRUMENTS = (
    Instrument(symbol="S", base="BTC", quote="USDT", tick_size="0.01", lot_size="0.001", quote_precision=3),
    Instrument(symbol="X", base="ETH", quote="BTC", tick_size="0.0001", lot_size="0.01", quote_precision=8),
    Instrument(
        symbol="L", base="BTC", quote="USDT", contract="linear", tick_size="0.05", lot_size=1, multiplier="0.001",
        quote_precision=3,
    ),
    Instrument(
        symbol="I", base="BTC", quote="USD", contract="inverse", tick_size="0.5", lot_size=1, multiplier=10,
    ),
)  # fmt: skip
ACCOUNTS = ("a", "b", "c")
ASSETS = ("BTC", "ETH", "USDT", "USD")
MOST = 2**63 - 1


class _Fill(NamedTuple):
    account: int
    instrument: int
    side: int
    price: int
    quantity: int
    fee: int


class _Money(NamedTuple):
    account: int
    instrument: int
    asset: str
    units: int
    funding: bool


def _fills(
    accounts: int = len(ACCOUNTS), instruments: Sequence[int] = range(len(INSTRUMENTS))
) -> st.SearchStrategy[_Fill]:
    """Draw fills around one price and of few sizes, so that partial, exact closes and flips are all frequent."""
    return st.builds(
        _Fill,
        account=st.integers(0, accounts - 1),
        instrument=st.sampled_from(instruments),
        side=st.sampled_from((1, -1)),
        price=st.integers(900, 1_100) | st.integers(1, 10**7),
        quantity=st.integers(1, 12) | st.integers(1, 10**6),
        fee=st.integers(-1_000, 1_000),
    )


_MONEY = st.builds(
    _Money,
    account=st.integers(0, len(ACCOUNTS) - 1),
    instrument=st.integers(0, len(INSTRUMENTS) - 1),
    asset=st.sampled_from(ASSETS),
    units=st.integers(-(10**9), 10**9),
    funding=st.booleans(),
)


def _book(ledger: Ledger, booking: _Fill | _Money) -> None:
    if isinstance(booking, _Fill):
        ledger.fill(*booking)
    elif booking.funding:
        ledger.funding(booking.account, booking.instrument, booking.units)
    else:
        ledger.deposit(booking.account, booking.asset, booking.units)


def _exact_value(instrument: Instrument, price: int, quantity: int) -> Fraction:
    """Value from the declared decimals, unrounded: the oracle of every value here (smallest units)."""
    size = Fraction(instrument.lot_size) * quantity * Fraction(instrument.multiplier)
    at = Fraction(instrument.tick_size) * price
    value = size / at if instrument.contract is Contract.INVERSE else size * at
    return value * Fraction(10**instrument.settle_precision)


@given(st.lists(_fills() | _MONEY, max_size=60))
def test_every_asset_sums_to_its_deposits_after_every_booking(bookings: list[_Fill | _Money]) -> None:
    ledger = Ledger(INSTRUMENTS, ACCOUNTS)
    deposited = dict.fromkeys(ASSETS, 0)
    for booking in bookings:
        _book(ledger, booking)
        if isinstance(booking, _Money) and not booking.funding:
            deposited[booking.asset] += booking.units
        totals = ledger.totals()
        assert all(totals.get(asset, 0) == units for asset, units in deposited.items())
    ledger.check()


@given(st.lists(_fills(accounts=1, instruments=(2, 3)), min_size=1, max_size=40), st.data())
def test_contracts_that_end_flat_have_changed_cash_by_realised_profit_less_fees(
    fills: list[_Fill], data: st.DataObject
) -> None:
    ledger = Ledger(INSTRUMENTS, ACCOUNTS)
    for fill in fills:
        ledger.fill(*fill)
    for instrument in (2, 3):
        open_lots = ledger.position(0, instrument).quantity
        if open_lots:
            price = data.draw(st.integers(1, 10**7))
            ledger.fill(0, instrument, -1 if open_lots > 0 else 1, price, abs(open_lots), 17)
        held, settle = ledger.position(0, instrument), INSTRUMENTS[instrument].settle
        assert (held.quantity, held.cost, ledger.unrealised(0, instrument, 1_234)) == (0, 0, 0)
        assert ledger.cash(0, settle) == held.realised - ledger.fees_paid(0, settle)


@given(st.sampled_from(range(len(INSTRUMENTS))), st.data(), st.integers(1, 10**6))
def test_realised_and_unrealised_profit_are_the_exact_profit_to_the_rounding(
    instrument: int, data: st.DataObject, mark: int
) -> None:
    terms = INSTRUMENTS[instrument]
    fills = data.draw(st.lists(_fills(accounts=1, instruments=(instrument,)), max_size=40))
    ledger = Ledger(INSTRUMENTS, ACCOUNTS)
    paid, booked = Fraction(0), 0
    for fill in fills:
        ledger.fill(*fill)
        booked += fill.side * terms.value(fill.price, fill.quantity)
        paid += fill.side * _exact_value(terms, fill.price, fill.quantity)
    held = ledger.position(0, instrument)
    worth = _exact_value(terms, mark, abs(held.quantity)) * (1 if held.quantity > 0 else -1)
    exact = paid - worth if terms.contract is Contract.INVERSE else worth - paid
    profit = held.realised + ledger.unrealised(0, instrument, mark)
    # Each fill's value and the worth are rounded once, by half a unit at most; no other rounding may be left in it.
    assert abs(profit - exact) <= Fraction(len(fills) + 1, 2)
    assert held.cost + (held.realised if terms.contract is Contract.INVERSE else -held.realised) == booked
    assert held.quantity == sum(fill.side * fill.quantity for fill in fills)


@given(st.sampled_from(range(len(INSTRUMENTS))), st.data())
def test_unrealised_profit_changes_its_sign_at_the_average_price(instrument: int, data: st.DataObject) -> None:
    terms = INSTRUMENTS[instrument]
    ledger = Ledger(INSTRUMENTS, ACCOUNTS)
    for fill in data.draw(st.lists(_fills(accounts=1, instruments=(instrument,)), min_size=1, max_size=20)):
        ledger.fill(*fill)
    average = ledger.average_price(0, instrument)
    if average is None:
        return
    ticks = Fraction(average) / Fraction(terms.tick_size)
    direction = 1 if ledger.position(0, instrument).quantity > 0 else -1
    # One unit for the rounding of the value; the average itself has 28 digits.
    assert direction * ledger.unrealised(0, instrument, max(1, ceil(ticks))) >= -1
    if floor(ticks) >= 1:
        assert direction * ledger.unrealised(0, instrument, floor(ticks)) <= 1


@given(_fills(accounts=1), st.integers(1, 10**6), st.integers(1, 5))
def test_a_position_of_one_fill_has_no_profit_at_its_own_price(fill: _Fill, more: int, times: int) -> None:
    ledger = Ledger(INSTRUMENTS, ACCOUNTS)
    ledger.fill(*fill)
    assert ledger.unrealised(0, fill.instrument, fill.price) == 0
    for _ in range(times):
        ledger.fill(*fill._replace(quantity=more))
    assert abs(ledger.unrealised(0, fill.instrument, fill.price)) <= Fraction(times + 2, 2)


@given(
    st.sampled_from(INSTRUMENTS),
    st.integers(1, 10**7),
    st.integers(0, 10**7),
    st.booleans(),
    st.integers(-9_999, 9_999),
)
def test_values_and_fees_are_the_exact_ones_rounded_once(
    terms: Instrument, price: int, quantity: int, maker: bool, rate: int
) -> None:
    charged = attrs.evolve(terms, maker_fee=f"{rate}e-6", taker_fee=f"{-rate}e-6")
    value = _exact_value(terms, price, quantity)
    # Oracles: round() of a Fraction is half to even, ceil() is against us.
    assert charged.value(price, quantity) == round(value)
    assert charged.fee(price, quantity, maker) == ceil(value * Fraction(rate if maker else -rate, 10**6))


# --- the books against Python's own ints -----------------------------------------------------------------------------

#: Prices and quantities of every number of bits, up to the largest there are.
_WIDE = st.integers(1, 53).flatmap(lambda bits: st.integers(1, 1 << bits))


def _after_fill(held: Position, terms: Instrument, side: int, price: int, quantity: int) -> Position:
    """Say what a fill does to a position, again in ints without an end: the oracle of the kernel."""
    before, cost, realised, funding, turnover = held
    value = terms.value(price, quantity)
    after = before + side * quantity
    if before * side >= 0:
        return Position(after, cost + side * value, realised, funding, turnover + value)
    open_lots = abs(before)
    closed = min(quantity, open_lots)
    closed_value = terms.value(price, closed)
    released = cost if closed == open_lots else half_even(cost * closed, open_lots)
    profit = -side * closed_value - released
    if terms.contract is Contract.INVERSE:
        profit = -profit
    opened = side * (value - closed_value)
    return Position(after, cost - released + opened, realised + profit, funding, turnover + value)


def _moved(held: Position, now: Position, terms: Instrument, fill: _Fill) -> dict[str, int]:
    """Cash that a fill moves: asset to units."""
    moved = dict.fromkeys(ASSETS, 0)
    if terms.contract is Contract.SPOT:
        moved[terms.settle] += fill.side * (held.turnover - now.turnover)
        moved[terms.base] += fill.side * fill.quantity * terms.lot_units
    else:
        moved[terms.settle] += now.realised - held.realised
    moved[terms.settle] -= fill.fee
    return moved


_ANY_SIZE = st.builds(
    _Fill,
    account=st.just(0),
    instrument=st.sampled_from(range(len(INSTRUMENTS))),
    side=st.sampled_from((1, -1)),
    price=_WIDE.map(lambda ticks: min(ticks, 2**31 - 1)) | _WIDE,
    quantity=_WIDE,
    fee=st.integers(-1_000, 1_000),
)


@given(st.lists(_ANY_SIZE | _fills(accounts=1), max_size=30))
def test_fills_of_any_size_are_booked_to_the_unit_or_refused(fills: list[_Fill]) -> None:
    ledger = Ledger(INSTRUMENTS, ACCOUNTS)
    positions = [Position()] * len(INSTRUMENTS)
    cash = dict.fromkeys(ASSETS, 0)
    for fill in fills:
        terms, held = INSTRUMENTS[fill.instrument], positions[fill.instrument]
        now = _after_fill(held, terms, fill.side, fill.price, fill.quantity)
        moved = _moved(held, now, terms, fill)
        if max(map(abs, (*now, *(cash[asset] + moved[asset] for asset in ASSETS)))) > MOST:
            before = ledger.state.copy()
            with pytest.raises(OverflowError):
                ledger.fill(*fill)
            assert (ledger.state == before).all()
            continue
        ledger.fill(*fill)
        positions[fill.instrument] = now
        cash = {asset: cash[asset] + moved[asset] for asset in ASSETS}
        assert ledger.position(0, fill.instrument) == now
    assert {asset: ledger.cash(0, asset) for asset in ASSETS} == cash
    ledger.check()


@given(st.sampled_from(range(len(INSTRUMENTS))), _WIDE, _WIDE, st.integers(0, 1))
def test_kernels_value_and_charge_to_the_unit(instrument: int, price: int, quantity: int, maker: int) -> None:
    rates = {"maker_fee": "-0.00015", "taker_fee": "0.0004"}
    charged = [attrs.evolve(one, **rates) for one in INSTRUMENTS]  # type: ignore[arg-type]  # converted
    books = Ledger(charged, ACCOUNTS).state
    if INSTRUMENTS[instrument].contract is Contract.INVERSE:
        price = min(price, 2**31 - 1)
    exact = _exact_value(INSTRUMENTS[instrument], price, quantity)
    # Oracles as above: round() is half to even, ceil() is against us.
    value, fee = round(exact), ceil(exact * Fraction(rates["maker_fee" if maker else "taker_fee"]))
    assert kernels.value(books, instrument, price, quantity) == (value if value <= MOST else TOO_LARGE)
    # Beyond the largest value that an order may have a fee may be refused that would just fit.
    got = kernels.fee(books, instrument, price, quantity, maker)
    assert got == fee or (got == TOO_LARGE and value > 2**53)


def _equity(ledger: Ledger, account: int, asset: str, prices: dict[int, int]) -> int:
    """Equity from exact values: the oracle of the kernel."""
    total, valued = ledger.cash(account, asset), set()
    for index, terms in enumerate(ledger.instruments):
        if terms.settle != asset or index not in prices:
            continue
        if terms.contract is Contract.SPOT:
            if terms.base not in valued and (not ledger.venues or terms.venue == ledger.venues[account]):
                lots = Fraction(ledger.cash(account, terms.base), terms.lot_units)
                total += round(_exact_value(terms, prices[index], 1) * lots)
                valued.add(terms.base)
            continue
        held = ledger.position(account, index)
        worth = terms.value(prices[index], abs(held.quantity)) * (1 if held.quantity > 0 else -1)
        total += held.cost - worth if terms.contract is Contract.INVERSE else worth - held.cost
    return total


@given(
    st.lists(_fills(accounts=2, instruments=range(8)) | _MONEY, max_size=20),
    st.dictionaries(st.integers(0, 7), st.integers(1, 10**7)),
    st.sampled_from([(), ("HERE", "THERE", "HERE")]),
)
def test_equity_is_cash_and_each_holding_once_and_open_profit(
    bookings: list[_Fill | _Money], prices: dict[int, int], venues: tuple[str, ...]
) -> None:
    everywhere = [attrs.evolve(one, venue=venue) for venue in ("HERE", "THERE") for one in INSTRUMENTS]
    ledger = Ledger(everywhere, ACCOUNTS, venues)
    for booking in bookings:
        _book(ledger, booking)
    for account in range(len(ACCOUNTS)):
        for asset in ASSETS:
            assert ledger.equity(account, asset, prices) == _equity(ledger, account, asset, prices)
