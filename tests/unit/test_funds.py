"""What an account can afford at a simulated venue. One tick times one lot is one unit of USD; worked by hand."""

import pytest
from venues import BUY, SELL, Floor, Told, codes, priced, snapshot, trade

from tickloom_kernels.venue import outcomes as o

LOT = 10**8
BOOK = snapshot({99: 5, 98: 7}, {100: 3, 101: 4})
PERP = priced(symbol="PERP", contract="linear")
OTHER = priced(symbol="OTHER", base="OTHER", contract="linear")
#: One lot is 100 USD, so 1 coin at a price of 100.
INVERSE = priced(symbol="INV", contract="inverse", multiplier="100", quote_precision=8)


def spot(usd: int, coins: int = 0, **fields: str) -> Floor:
    made = Floor(priced(**fields), deposits={"USD": usd, "COIN": coins * LOT})
    made.see(BOOK)
    return made


def perp(usd: int, **settings: object) -> Floor:
    """One linear contract, last traded at 100."""
    made = Floor(PERP, deposits={"USD": usd}, **settings)  # type: ignore[arg-type]
    made.see(BOOK, trade(100, 1, 1))
    return made


def refused(said: list[Told]) -> bool:
    """Whether the last outcome is a refusal for want of funds; anything else must not be a refusal."""
    if said[-1].code in {o.REJECTED, o.AMEND_REJECTED}:
        assert o.REASONS[said[-1].reason] == "insufficient funds"
        return True
    return False


# --- spot ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("usd", "quantity", "price", "too_much"),
    [
        # 3 x 100, then 101 each
        (300, 3, 0, False),
        (299, 3, 0, True),
        (401, 4, 0, False),
        (400, 4, 0, True),
        # at most what there is: 3 x 100 and 4 x 101
        (704, 50, 0, False),
        (703, 50, 0, True),
        # 3 x 100 now, and 2 x 100 that rest
        (500, 5, 100, False),
        (499, 5, 100, True),
        (495, 5, 99, False),
        (494, 5, 99, True),
    ],
)
def test_a_buy_needs_what_it_takes_now_and_its_price_for_the_rest(
    usd: int, quantity: int, price: int, too_much: bool
) -> None:
    said = spot(usd).submit(BUY, quantity, price)
    assert refused(said) == too_much
    assert said[0].code == (o.REJECTED if too_much else o.ACCEPTED)


@pytest.mark.parametrize(("usd", "too_much"), [(306, True), (307, False)])
def test_a_buy_needs_its_fee(usd: int, too_much: bool) -> None:
    # 2 % of 300, and a unit for what is rounded up
    assert refused(spot(usd, taker_fee="0.02").submit(BUY, 3)) == too_much


def test_without_a_book_a_buy_needs_the_price_it_would_pay() -> None:
    for usd, too_much in (50_099, True), (50_100, False):
        venue = Floor(priced(), deposits={"USD": usd}, half_spread="20 bp")
        venue.see(trade(10_000, 1, 1))
        assert refused(venue.submit(BUY, 5)) == too_much


@pytest.mark.parametrize(
    ("quantity", "price", "too_much"), [(4, 0, False), (5, 0, True), (5, 101, True), (4, 101, False)]
)
def test_a_sale_needs_the_coins(quantity: int, price: int, too_much: bool) -> None:
    assert refused(spot(0, coins=4).submit(SELL, quantity, price)) == too_much


def test_a_resting_buy_locks_what_it_may_cost() -> None:
    venue = spot(1_000, maker_fee="0.01", taker_fee="0.02")
    venue.submit(BUY, 5, 99)
    # 495, 9.9 of fee as a taker, rounded up
    assert venue.ledger.locked(0, "USD") == 505
    assert refused(venue.submit(BUY, 5, 99))
    venue.cancel(1)
    assert venue.ledger.locked(0, "USD") == 0
    assert not refused(venue.submit(BUY, 5, 99))


def test_a_resting_sale_locks_its_coins() -> None:
    venue = spot(0, coins=5)
    venue.submit(SELL, 3, 101)
    assert venue.ledger.locked(0, "COIN") == 3 * LOT
    assert refused(venue.submit(SELL, 3))
    assert not refused(venue.submit(SELL, 2))


def test_the_lock_follows_what_is_left() -> None:
    venue = spot(1_000)
    venue.submit(BUY, 5, 99)
    venue.see(trade(99, 7, -1))  # 5 ahead, then 2 of ours
    assert venue.ledger.locked(0, "USD") == 3 * 99
    assert venue.ledger.cash(0, "USD") == 1_000 - 2 * 99
    venue.amend(1, 99, 4)
    assert venue.ledger.locked(0, "USD") == 2 * 99
    venue.see(trade(98, 7, -1))
    assert venue.ledger.locked(0, "USD") == 0
    assert venue.ledger.cash(0, "USD") == 1_000 - 4 * 99


def test_what_was_taken_at_once_is_not_locked() -> None:
    venue = spot(1_000)
    venue.submit(BUY, 5, 100)
    assert venue.ledger.cash(0, "USD") == 1_000 - 300
    assert venue.ledger.locked(0, "USD") == 200


@pytest.mark.parametrize(
    ("price", "quantity", "too_much"), [(99, 6, True), (101, 5, True), (100, 5, False), (98, 5, False), (99, 1, False)]
)
def test_an_amendment_needs_what_is_not_locked_yet(price: int, quantity: int, too_much: bool) -> None:
    venue = spot(500)
    venue.submit(BUY, 5, 99)
    said = venue.amend(1, price, quantity)
    assert refused(said) == too_much
    if too_much:
        assert said == [Told(o.AMEND_REJECTED, 1, 99, 0, 5, 1, o.NO_FUNDS, 0)]
        assert venue.ledger.locked(0, "USD") == 495


def test_a_refused_order_locks_and_rests_nowhere() -> None:
    venue = spot(100)
    assert refused(venue.submit(BUY, 5, 99))
    assert venue.ledger.locked(0, "USD") == 0
    assert venue.see(trade(90, 100, -1)) == []


def test_an_expired_rest_locks_nothing() -> None:
    venue = spot(1_000)
    venue.submit(BUY, 9, 100, ioc=True)
    assert venue.ledger.locked(0, "USD") == 0
    assert codes(venue.submit(BUY, 7, 100)) == [o.ACCEPTED]


# --- contracts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("usd", "leverage", "quantity", "price", "too_much"),
    [
        # 10 lots at 99 are 990 USD
        (99, 10, 10, 99, False),
        (98, 10, 10, 99, True),
        (990, 1, 10, 99, False),
        (989, 1, 10, 99, True),
        # a market order is valued where it begins to take: 3 lots at 100
        (30, 10, 3, 0, False),
        (29, 10, 3, 0, True),
        (0, 10, 1, 99, True),
    ],
)
def test_a_contract_needs_its_value_by_the_leverage(
    usd: int, leverage: int, quantity: int, price: int, too_much: bool
) -> None:
    assert refused(perp(usd, leverage=leverage).submit(BUY, quantity, price)) == too_much
    # and a sale as much
    if price:
        mirrored = perp(usd, leverage=leverage)
        mirrored.see(snapshot({97: 1}, {98: 1}))
        assert refused(mirrored.submit(SELL, quantity, price)) == too_much


def test_resting_orders_of_one_side_add_up() -> None:
    venue = perp(100)
    venue.submit(BUY, 6, 99)
    assert refused(venue.submit(BUY, 5, 99))
    assert not refused(venue.submit(BUY, 4, 99))
    # the other side could not lead to a larger position
    assert not refused(venue.submit(SELL, 10, 101))
    venue.cancel(1)
    assert not refused(venue.submit(BUY, 6, 99))


@pytest.mark.parametrize(("quantity", "too_much"), [(10, False), (11, True), (6, False), (2, False)])
def test_an_amended_contract_order_is_counted_once(quantity: int, too_much: bool) -> None:
    venue = perp(100)
    venue.submit(BUY, 6, 99)
    assert refused(venue.amend(1, 99, quantity)) == too_much


@pytest.mark.parametrize(
    ("side", "quantity", "too_much"),
    [
        # 7 lots are held, and nothing of the 70 USD is left after a fall by 10 ticks
        (SELL, 7, False),
        (SELL, 1, False),
        # through zero to as much on the other side
        (SELL, 14, False),
        (SELL, 15, True),
        (BUY, 1, True),
    ],
)
def test_what_makes_no_larger_position_possible_always_passes(side: int, quantity: int, too_much: bool) -> None:
    venue = perp(70)
    venue.see(snapshot({99: 50}, {100: 50}))
    venue.submit(BUY, 7)
    venue.see(snapshot({89: 50}, {90: 50}), trade(90, 1, -1))
    assert refused(venue.submit(side, quantity)) == too_much


def test_profit_that_is_not_realised_counts() -> None:
    venue = perp(70)
    venue.see(snapshot({99: 50}, {100: 50}))
    venue.submit(BUY, 7)
    venue.see(snapshot({109: 50}, {110: 50}), trade(110, 1, 1))
    # 70 + 7 x 10 are 140: 12 lots at 110 are 1,320, 13 are 1,430
    assert not refused(venue.submit(BUY, 5, 110))
    assert refused(venue.submit(BUY, 1, 110))


@pytest.mark.parametrize(("quantity", "too_much"), [(8, False), (9, True)])
def test_open_profit_is_that_at_the_last_price_and_the_order_is_valued_at_its_own(
    quantity: int, too_much: bool
) -> None:
    venue = perp(70)
    venue.see(snapshot({99: 50}, {100: 50}))
    venue.submit(BUY, 7)
    venue.see(snapshot({109: 50}, {110: 50}), trade(110, 1, 1))
    # 140 as above: 15 lots at 90 are 1,350, 16 are 1,440
    assert refused(venue.submit(BUY, quantity, 90)) == too_much


def test_contracts_that_settle_in_one_asset_share_its_equity() -> None:
    venue = Floor(PERP, OTHER, deposits={"USD": 100})
    venue.see(trade(100, 1, 1), trade(50, 1, 1, instrument=1))
    venue.submit(BUY, 6, 90)
    # 600 at the last price of the other one, 8 x 50 here
    assert refused(venue.submit(BUY, 9, 50, instrument=1))
    assert not refused(venue.submit(BUY, 8, 50, instrument=1))


@pytest.mark.parametrize(("quantity", "too_much"), [(10, False), (11, True)])
def test_an_inverse_contract_needs_coins(quantity: int, too_much: bool) -> None:
    # 1 coin; a lot is worth 100 USD, so 1 coin at 100
    venue = Floor(INVERSE, deposits={"COIN": LOT})
    venue.see(BOOK)
    assert refused(venue.submit(SELL, quantity, 100)) == too_much
