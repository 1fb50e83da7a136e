"""Queue position of resting orders, worked by hand: only what trades at our level moves us forward."""

import pytest
from venues import BUY, SELL, Floor, Row, emptied, fills, level, priced, quote, snapshot, trade

#: Bids 99 x 5, 98 x 7; asks 100 x 3, 101 x 4.
BOOK = snapshot({99: 5, 98: 7}, {100: 3, 101: 4})


def floor(*rows: list[Row], **settings: object) -> Floor:
    """Make a venue that has seen some rows."""
    made = Floor(**settings)  # type: ignore[arg-type]
    made.see(*rows)
    return made


@pytest.mark.parametrize(
    ("rows", "filled"),
    [
        # 5 are ahead of our 4 at 99
        ([trade(99, 5, -1)], 0),
        ([trade(99, 6, -1)], 1),
        ([trade(99, 3, -1), trade(99, 3, -1)], 1),
        ([trade(99, 20, -1)], 4),
        # a buyer's print does not reach a bid; one without an aggressor may
        ([trade(99, 20, 1)], 0),
        ([trade(99, 7, 0)], 2),
        # nor does one above our price
        ([trade(100, 20, -1)], 0),
        # below our price it has gone through everybody at 99
        ([trade(98, 3, -1)], 3),
        ([trade(98, 3, -1), trade(99, 1, -1)], 4),
        # cancellations count as behind us, until the level shows less than was ahead
        ([level(BUY, 99, 4), trade(99, 5, -1)], 1),
        ([level(BUY, 99, 9), trade(99, 6, -1)], 1),
        ([level(BUY, 99, 2), level(BUY, 99, 9), trade(99, 3, -1)], 1),
        ([level(BUY, 99, 0), trade(99, 1, -1)], 1),
        # the print and the level that follows it tell of the same lots
        ([trade(99, 2, -1), level(BUY, 99, 3), trade(99, 4, -1)], 1),
        # after a snapshot without 99 nobody is ahead; one that does not reach so far says nothing
        ([snapshot({101: 1, 98: 4}, {102: 1}), trade(99, 1, -1)], 1),
        ([snapshot({101: 1, 100: 4}, {102: 1}), trade(99, 6, -1)], 1),
        ([emptied(), trade(99, 6, -1)], 1),
    ],
)
def test_a_resting_order_fills_behind_what_was_there_before(rows: list[list[Row]], filled: int) -> None:
    venue = floor(BOOK)
    venue.submit(BUY, 4, 99)
    said = venue.see(*rows)
    assert sum(lots for _, _, lots in fills(said)) == filled
    assert all(one.price == 99 and one.maker == 1 for one in said)


@pytest.mark.parametrize(
    ("rows", "filled"),
    [
        ([trade(102, 7, 1)], 2),
        ([trade(103, 1, 1)], 1),
        ([trade(101, 9, 1)], 0),
        ([level(SELL, 102, 1), trade(102, 2, 1)], 1),
    ],
)
def test_a_resting_sale_is_the_mirror_image(rows: list[list[Row]], filled: int) -> None:
    venue = floor(snapshot({99: 5}, {102: 5}))
    venue.submit(SELL, 4, 102)
    assert sum(lots for _, _, lots in fills(venue.see(*rows))) == filled


@pytest.mark.parametrize(
    ("rows", "filled"),
    [
        # the quoted bid is 99 x 5, our order of 4 rests at 98, out of sight: nobody is assumed ahead
        ([trade(98, 3, -1)], 3),
        # the level comes into sight: all it shows may be ahead of us
        ([quote(98, 6, 101, 1), trade(98, 7, -1)], 1),
        ([quote(98, 6, 101, 1), quote(98, 2, 101, 1), trade(98, 3, -1)], 1),
        # the best bid falls below our price: then nobody is at ours
        ([quote(98, 6, 101, 1), quote(97, 6, 101, 1), trade(98, 1, -1)], 1),
        ([quote(98, 6, 101, 1), quote(0, 0, 101, 1), trade(98, 1, -1)], 1),
        # it rises: what was ahead stays ahead
        ([quote(98, 6, 101, 1), quote(99, 2, 101, 1), trade(98, 7, -1)], 1),
    ],
)
def test_quotes_show_the_queue_at_the_best_price_only(rows: list[list[Row]], filled: int) -> None:
    venue = floor(quote(99, 5, 101, 1))
    venue.submit(BUY, 4, 98)
    assert sum(lots for _, _, lots in fills(venue.see(*rows))) == filled


def test_an_order_at_the_quoted_best_is_behind_what_it_shows() -> None:
    venue = floor(quote(99, 5, 101, 1))
    venue.submit(BUY, 4, 99)
    assert fills(venue.see(trade(99, 7, -1))) == [(1, 99, 2)]


def test_an_order_that_betters_the_quote_is_first() -> None:
    venue = floor(quote(99, 5, 102, 1), initial_queue=50)
    venue.submit(BUY, 4, 100)
    assert fills(venue.see(trade(100, 3, -1))) == [(1, 100, 3)]


@pytest.mark.parametrize("initial", [0, 6])
def test_at_a_level_that_nobody_shows_the_configured_queue_is_ahead(initial: int) -> None:
    venue = floor(trade(100, 1, 1), initial_queue=initial)
    venue.submit(BUY, 9, 99)
    assert fills(venue.see(trade(99, 8, -1))) == [(1, 99, 8 - initial)]


def test_a_level_below_the_worst_one_told_is_out_of_sight() -> None:
    venue = floor(BOOK, initial_queue=6)
    venue.submit(BUY, 9, 90)
    assert fills(venue.see(trade(90, 8, -1))) == [(1, 90, 2)]
    venue = floor(BOOK, initial_queue=6)
    venue.submit(BUY, 9, 90)
    assert fills(venue.see(level(BUY, 90, 7), trade(90, 8, -1))) == [(1, 90, 1)]


def test_the_configured_queue_counts_whole_lots_against_us() -> None:
    venue = Floor(priced(lot_size="5"), initial_queue=12)
    venue.see(trade(100, 1, 1))
    venue.submit(BUY, 9, 99)
    # 12 are 2.4 lots: 3 are ahead
    assert fills(venue.see(trade(99, 5, -1))) == [(1, 99, 2)]


# --- one print, several orders of ours -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("print_", "expected"),
    [
        # orders: 1 buys 3 at 97, 2 buys 4 at 98, 3 buys 5 at 98; 7 are shown at 98, nobody at 97
        (trade(97, 2, -1), [(2, 98, 2)]),
        (trade(97, 4, -1), [(2, 98, 4)]),
        (trade(97, 8, -1), [(2, 98, 4), (3, 98, 4)]),
        (trade(97, 100, -1), [(2, 98, 4), (3, 98, 5), (1, 97, 3)]),
        (trade(97, 11, -1), [(2, 98, 4), (3, 98, 5), (1, 97, 2)]),
        (trade(98, 8, -1), [(2, 98, 1)]),
        # 7 ahead of both, 4 of order 2, then order 3
        (trade(98, 13, -1), [(2, 98, 4), (3, 98, 2)]),
    ],
)
def test_a_print_is_shared_by_price_then_arrival_and_never_exceeded(
    print_: list[Row], expected: list[tuple[int, int, int]]
) -> None:
    venue = floor(snapshot({98: 7, 96: 1}, {101: 4}))
    venue.submit(BUY, 3, 97)
    venue.submit(BUY, 4, 98)
    venue.submit(BUY, 5, 98)
    assert fills(venue.see(print_)) == expected


def test_a_print_moves_the_queue_of_all_our_orders_at_its_price() -> None:
    venue = floor(snapshot({98: 7}, {101: 4}))
    venue.submit(BUY, 2, 98)
    venue.see(level(BUY, 98, 9))  # two joined behind order 1
    venue.submit(BUY, 5, 98)
    # 7 others, 2 of order 1, 1 of the other two
    assert fills(venue.see(trade(98, 10, -1))) == [(1, 98, 2)]
    # 9 of the 10 were ahead of order 2, less order 1's own: 8 others traded of 9
    assert fills(venue.see(trade(98, 3, -1))) == [(2, 98, 2)]


def test_a_print_without_an_aggressor_is_shared_by_both_sides() -> None:
    # half a spread of 50 ticks, so that a buy and a sale may rest at one price
    venue = floor(trade(100, 1, 1), half_spread="50 %")
    venue.submit(BUY, 4, 101)
    venue.submit(SELL, 4, 101)
    assert fills(venue.see(trade(101, 6, 0))) == [(1, 101, 4), (2, 101, 2)]
    assert fills(venue.see(trade(101, 6, 0))) == [(2, 101, 2)]


def test_our_later_order_never_overtakes_an_earlier_one() -> None:
    venue = floor(BOOK, trade(100, 1, 1))
    venue.submit(BUY, 4, 99)
    # the level goes out of sight, where no queue is assumed; but the 5 ahead of order 1 are ahead of order 2 too
    venue.see(emptied())
    venue.submit(BUY, 4, 99)
    assert fills(venue.see(trade(99, 7, -1))) == [(1, 99, 2)]


def test_a_print_beyond_our_price_leaves_nobody_ahead_of_any_of_us() -> None:
    venue = floor(BOOK)
    venue.submit(BUY, 4, 99)
    venue.submit(BUY, 4, 99)
    # order 1 uses it up, and order 2 is first at 99 all the same
    assert fills(venue.see(trade(98, 4, -1), trade(99, 3, -1))) == [(1, 99, 4), (2, 99, 3)]
