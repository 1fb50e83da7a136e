"""What a simulated venue does with commands. All expectations are worked by hand.

The rule of amending is Binance's "order amend keep priority": less at the same price keeps its place, anything else
goes to the back.
"""

import pytest
from venues import BUY, SELL, Floor, Told, codes, emptied, fills, level, priced, quote, snapshot, status, trade

from tickloom.config.settings import build
from tickloom.errors import ConfigError
from tickloom_kernels.venue import outcomes as o
from tickloom_kernels.venue import state as v
from tickloom_plugins.venues.simulated import Fees, Simulated

BOOK = snapshot({99: 5, 98: 7}, {100: 3, 101: 4})


def floor(**settings: object) -> Floor:
    made = Floor(**settings)  # type: ignore[arg-type]
    made.see(BOOK)
    return made


def reason(said: list[Told]) -> str:
    """Words of the last outcome's reason."""
    return o.REASONS[said[-1].reason]


# --- time in force, post-only ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("side", "quantity", "price", "taken", "expired"),
    [(BUY, 9, 101, 7, 2), (BUY, 2, 100, 2, 0), (BUY, 9, 99, 0, 9), (SELL, 6, 99, 5, 1), (SELL, 6, 100, 0, 6)],
)
def test_what_an_immediate_order_does_not_find_expires(
    side: int, quantity: int, price: int, taken: int, expired: int
) -> None:
    venue = floor()
    said = venue.submit(side, quantity, price, ioc=True)
    assert said[0].code == o.ACCEPTED
    assert sum(lots for _, _, lots in fills(said)) == taken
    if expired:
        assert said[-1] == Told(o.EXPIRED, 1, price, 0, expired, 0, o.NOT_IMMEDIATE, 0)
    assert venue.cancel(1)[0].reason == o.UNKNOWN_ORDER


@pytest.mark.parametrize(
    ("side", "price", "code"),
    [(BUY, 100, o.REJECTED), (BUY, 99, o.ACCEPTED), (SELL, 99, o.REJECTED), (SELL, 100, o.ACCEPTED)],
)
def test_a_post_only_order_that_would_take_is_rejected(side: int, price: int, code: int) -> None:
    said = floor().submit(side, 2, price, post_only=True)
    assert codes(said) == [code]
    assert (reason(said) == "post-only: the order would have taken liquidity") == (code == o.REJECTED)


def test_a_post_only_order_may_stand_where_nothing_is_left_to_take() -> None:
    venue = floor()
    venue.submit(BUY, 3)
    assert codes(venue.submit(BUY, 2, 100, post_only=True)) == [o.ACCEPTED]


def test_an_amendment_that_would_make_a_post_only_order_take_is_refused() -> None:
    venue = floor()
    venue.submit(BUY, 2, 99, post_only=True)
    said = venue.amend(1, 100, 2)
    assert said == [Told(o.AMEND_REJECTED, 1, 99, 0, 2, 1, o.WOULD_TAKE, 0)]
    # it rests as it was: 5 are ahead of it at 99
    assert fills(venue.see(trade(99, 6, -1))) == [(1, 99, 1)]


def test_less_of_a_post_only_order_is_never_refused() -> None:
    # without a book, the last price has fallen below our bid by a print that did not reach it
    venue = Floor()
    venue.see(trade(100, 1, 1))
    venue.submit(BUY, 5, 99, post_only=True)
    venue.see(trade(90, 1, 1))
    assert codes(venue.amend(1, 99, 3)) == [o.AMENDED]


# --- cancel ----------------------------------------------------------------------------------------------------------


def test_a_cancelled_order_does_not_fill() -> None:
    venue = floor()
    venue.submit(BUY, 4, 99)
    venue.see(trade(99, 6, -1))
    assert venue.cancel(1) == [Told(o.CANCELED, 1, 99, 0, 3, 1, o.NO_REASON, 0)]
    assert venue.see(trade(90, 100, -1)) == []


def test_cancelling_what_does_not_rest_is_refused() -> None:
    venue = floor()
    venue.submit(BUY, 3)
    assert reason(venue.cancel(1)) == "the order is not resting"
    venue.submit(BUY, 3, 99)
    assert codes(venue.cancel(2)) == [o.CANCELED]
    assert codes(venue.cancel(2)) == [o.CANCEL_REJECTED]


def test_a_cancelled_order_leaves_the_others_in_their_places() -> None:
    venue = floor()
    for quantity in (1, 2, 3):
        venue.submit(BUY, quantity, 99)
    venue.cancel(1)
    venue.submit(BUY, 4, 99)  # into the free slot, behind the others
    assert fills(venue.see(trade(99, 11, -1))) == [(2, 99, 2), (3, 99, 3), (4, 99, 1)]


# --- amend -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("price", "quantity", "filled"),
    [
        # 5 stood ahead of our 4 at 99 and two joined behind; 7 trade
        (99, 2, 2),
        (99, 4, 2),
        # more, or another price: now all 7 are ahead
        (99, 5, 0),
    ],
)
def test_only_less_at_the_same_price_keeps_its_place(price: int, quantity: int, filled: int) -> None:
    venue = floor()
    venue.submit(BUY, 4, 99)
    venue.see(level(BUY, 99, 7))
    assert venue.amend(1, price, quantity) == [Told(o.AMENDED, 1, price, 0, quantity, int(filled > 0), o.NO_REASON, 0)]
    assert sum(lots for _, _, lots in fills(venue.see(trade(99, 7, -1)))) == filled


def test_another_price_goes_to_the_back_of_its_level() -> None:
    venue = floor()
    venue.submit(BUY, 4, 99)
    venue.amend(1, 98, 4)
    assert fills(venue.see(trade(98, 9, -1))) == [(1, 98, 2)]


def test_an_order_that_lost_its_place_is_behind_our_own_later_one() -> None:
    venue = floor()
    venue.submit(BUY, 1, 99)
    venue.submit(BUY, 1, 99)
    venue.amend(1, 99, 2)
    assert fills(venue.see(trade(99, 7, -1))) == [(2, 99, 1), (1, 99, 1)]


def test_the_amended_quantity_counts_what_has_been_filled() -> None:
    venue = floor()
    venue.submit(BUY, 6, 99)
    venue.see(trade(99, 7, -1))  # 2 of 6
    assert venue.amend(1, 99, 5)[0].leaves == 3
    assert reason(venue.amend(1, 99, 2)) == "the new quantity is not above what has been filled"
    assert fills(venue.see(trade(99, 50, -1))) == [(1, 99, 3)]


@pytest.mark.parametrize(("price", "taken", "rest"), [(100, [(1, 100, 3)], 3), (101, [(1, 100, 3), (1, 101, 3)], 0)])
def test_an_order_amended_into_the_market_takes(price: int, taken: list[tuple[int, int, int]], rest: int) -> None:
    venue = floor()
    venue.submit(BUY, 6, 99)
    said = venue.amend(1, price, 6)
    assert said[0] == Told(o.AMENDED, 1, price, 0, 6, 0, o.NO_REASON, 0)
    assert fills(said) == taken
    assert all(one.maker == 0 for one in said)
    assert sum(lots for _, _, lots in fills(venue.see(trade(price, 50, -1)))) == rest


def test_amending_what_does_not_rest_is_refused() -> None:
    venue = floor()
    venue.submit(BUY, 3)
    assert reason(venue.amend(1, 99, 4)) == "the order is not resting"


# --- refusals --------------------------------------------------------------------------------------------------------


def test_a_halted_instrument_takes_cancellations_only() -> None:
    venue = floor()
    venue.submit(BUY, 4, 99)
    venue.see(status(False))
    assert reason(venue.submit(BUY, 1)) == "the instrument is halted"
    assert reason(venue.amend(1, 99, 1)) == "the instrument is halted"
    assert codes(venue.cancel(1)) == [o.CANCELED]
    venue.see(status(True))
    assert codes(venue.submit(BUY, 1)) == [o.ACCEPTED, o.FILL]


def test_a_halt_concerns_one_instrument() -> None:
    venue = Floor(priced(), priced(symbol="PEBBLE", base="PEBBLE"))
    venue.see(trade(100, 1, 1), trade(100, 1, 1, instrument=1), status(False, instrument=1))
    assert codes(venue.submit(BUY, 1)) == [o.ACCEPTED, o.FILL]
    assert codes(venue.submit(BUY, 1, instrument=1)) == [o.REJECTED]


@pytest.mark.parametrize("price", [0, 50])
def test_before_the_first_price_there_is_no_market(price: int) -> None:
    said = Floor().submit(BUY, 1, price)
    assert said == [Told(o.REJECTED, 1, price, 0, 0, 0, o.NO_MARKET, 0)]


def test_a_book_that_we_have_emptied_is_still_a_market() -> None:
    venue = Floor()
    venue.see(snapshot({99: 1}, {100: 1}))
    venue.submit(BUY, 1)
    venue.submit(SELL, 1)
    assert reason(venue.submit(BUY, 1)) == "no liquidity left in the book"
    assert codes(venue.submit(BUY, 1, 100)) == [o.ACCEPTED]


def test_one_side_is_a_market() -> None:
    venue = Floor()
    venue.see(quote(99, 1, 0, 0))
    assert reason(venue.submit(BUY, 1)) == "no liquidity left in the book"
    assert fills(venue.submit(SELL, 1)) == [(2, 99, 1)]


def test_an_emptied_book_leaves_the_last_price() -> None:
    venue = floor(half_spread="0 bp")
    venue.see(trade(100, 1, 1), emptied())
    assert fills(venue.submit(BUY, 9)) == [(1, 100, 9)]


def test_the_venue_holds_so_many_resting_orders() -> None:
    venue = floor()
    for _ in range(v.CAPACITY):
        assert codes(venue.submit(BUY, 1, 90)) == [o.ACCEPTED]
    assert reason(venue.submit(BUY, 1, 90)) == "the venue holds no more resting orders"
    assert fills(venue.submit(BUY, 1)) == [(v.CAPACITY + 2, 100, 1)]
    venue.cancel(7)
    assert codes(venue.submit(BUY, 1, 90)) == [o.ACCEPTED]
    # and one row may fill them all
    assert len(venue.see(trade(89, 5_000, -1))) == v.CAPACITY


@pytest.mark.parametrize(
    ("quantity", "price", "code"),
    [
        (2, 99, o.ACCEPTED),
        (1, 99, o.REJECTED),
        (2, 74, o.REJECTED),
        (2, 75, o.ACCEPTED),
        (2, 0, o.ACCEPTED),
        (1, 0, o.REJECTED),
    ],
)
def test_an_order_below_the_instruments_smallest_is_rejected(quantity: int, price: int, code: int) -> None:
    # at least 2 lots, and 150 USD
    venue = Floor(priced(min_quantity="2", min_notional="150"))
    venue.see(BOOK)
    said = venue.submit(BUY, quantity, price)
    assert said[0].code == code
    assert (reason(said) == "below the instrument's smallest order") == (code == o.REJECTED)


@pytest.mark.parametrize(("price", "quantity"), [(99, 1), (74, 2)])
def test_an_order_is_not_amended_below_the_instruments_smallest(price: int, quantity: int) -> None:
    venue = Floor(priced(min_quantity="2", min_notional="150"))
    venue.see(BOOK)
    venue.submit(BUY, 3, 99)
    assert reason(venue.amend(1, price, quantity)) == "below the instrument's smallest order"
    assert codes(venue.amend(1, 99, 2)) == [o.AMENDED]


# --- fees ------------------------------------------------------------------------------------------------------------


def test_takers_and_makers_pay_their_own_fees() -> None:
    venue = Floor(priced(maker_fee="0.01", taker_fee="0.02"))
    venue.see(BOOK)
    # 2 % of 300, and of 303 (6.06, rounded against us); then 1 % of 99
    assert [one.fee for one in venue.submit(BUY, 6, 101)] == [0, 6, 7]
    assert [one.fee for one in venue.submit(BUY, 1, 99)] == [0]
    assert [one.fee for one in venue.see(trade(98, 1, -1))] == [1]


def test_a_venue_may_name_other_fees_and_pay_a_rebate() -> None:
    venue = Floor(priced(taker_fee="0.02"), fees=Fees(maker="-1 %", taker="10 bp"))
    venue.see(BOOK)
    venue.submit(BUY, 2, 99)
    # a rebate of 1.98 is 1; 0.1 % of 300 is 0.3 and costs 1
    assert [one.fee for one in venue.see(trade(98, 2, -1))] == [-1]
    assert [one.fee for one in venue.submit(BUY, 3)] == [0, 1]


def test_the_venues_own_books_follow_its_fills() -> None:
    venue = Floor(priced(maker_fee="0.01", taker_fee="0.02"), deposits={"USD": 10_000})
    venue.see(BOOK)
    venue.submit(BUY, 3)
    assert venue.ledger.cash(0, "USD") == 10_000 - 300 - 6
    assert venue.ledger.position(0, 0).quantity == 3
    venue.ledger.check()


# --- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"half_spread": "-1 bp"}, "half_spread: 'half_spread' must be >= 0"),
        ({"initial_queue": "-1"}, "initial_queue: 'initial_queue' must be >= 0"),
        ({"leverage": 0}, "leverage: 'leverage' must be >= 1"),
        ({"fees": {"maker": "1 bp", "taker": "2"}}, "'2' is no share"),
        ({"latency": {"out": "5"}}, "'5' is no duration"),
        ({"latency": {"kind": "random"}}, "jitter is above 0 if, and only if, kind = 'random'"),
        ({"latncy": {}}, "latency"),
    ],
)
def test_a_wrong_setting_is_named(options: dict[str, object], text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build(Simulated, options, "run.toml: venues.spot")
    assert text in str(caught.value)
    assert str(caught.value).startswith("run.toml: venues.spot.")
