"""What a simulated venue does with the market. All expectations are worked by hand from the rules in `Simulated`."""

import pytest
from venues import (
    BUY,
    COIN,
    SELL,
    Floor,
    Row,
    Told,
    candle,
    codes,
    emptied,
    fills,
    level,
    priced,
    quote,
    snapshot,
    trade,
    update,
)

from tickloom.instruments import Instrument
from tickloom_kernels import rows as r
from tickloom_kernels.venue import outcomes as o

#: Bids 99 x 5, 98 x 7; asks 100 x 3, 101 x 4, 103 x 9.
BOOK = snapshot({99: 5, 98: 7}, {100: 3, 101: 4, 103: 9})


def floor(*rows: list[Row], instrument: Instrument = COIN, **settings: object) -> Floor:
    """Make a venue that has seen some rows."""
    made = Floor(instrument, **settings)  # type: ignore[arg-type]
    made.see(*rows)
    return made


# --- taking ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("side", "quantity", "price", "taken", "rest"),
    [
        (BUY, 2, 0, [(100, 2)], 0),
        (BUY, 3, 0, [(100, 3)], 0),
        (BUY, 9, 0, [(100, 3), (101, 4), (103, 2)], 0),
        # 3 + 4 + 9 are shown
        (BUY, 20, 0, [(100, 3), (101, 4), (103, 9)], 4),
        (SELL, 6, 0, [(99, 5), (98, 1)], 0),
        (BUY, 9, 101, [(100, 3), (101, 4)], 2),
        (BUY, 9, 102, [(100, 3), (101, 4)], 2),
        (BUY, 2, 103, [(100, 2)], 0),
        (SELL, 9, 99, [(99, 5)], 4),
        (BUY, 4, 99, [], 4),
    ],
)
def test_a_taker_walks_the_book_up_to_its_price(
    side: int, quantity: int, price: int, taken: list[tuple[int, int]], rest: int
) -> None:
    said = floor(BOOK).submit(side, quantity, price)
    assert said[0].code == o.ACCEPTED
    assert [(one.price, one.quantity) for one in said if one.code == o.FILL] == taken
    assert all(one.maker == 0 for one in said)
    assert quantity - sum(lots for _, lots in taken) == rest == said[-1].leaves


def test_each_fill_says_what_is_left() -> None:
    said = floor(BOOK).submit(BUY, 9)
    assert [(one.quantity, one.leaves) for one in said] == [(0, 9), (3, 6), (4, 2), (2, 0)]


def test_what_a_market_order_does_not_find_expires() -> None:
    said = floor(BOOK).submit(BUY, 20)
    assert said[-1] == Told(o.EXPIRED, 1, 0, 0, 4, 0, o.NO_LIQUIDITY, 0)


def test_what_a_limit_order_does_not_find_rests_in_front() -> None:
    venue = floor(BOOK)
    assert codes(venue.submit(BUY, 9, 101)) == [o.ACCEPTED, o.FILL, o.FILL]
    # nobody else bids 101: the whole print is ours, two lots of it
    assert fills(venue.see(trade(101, 5, -1))) == [(1, 101, 2)]


def test_what_we_took_is_gone_until_the_level_is_told_anew() -> None:
    venue = floor(BOOK)
    assert fills(venue.submit(BUY, 2)) == [(1, 100, 2)]
    assert fills(venue.submit(BUY, 2)) == [(2, 100, 1), (2, 101, 1)]
    venue.see(level(BUY, 99, 6), level(SELL, 103, 8))  # other levels
    assert fills(venue.submit(BUY, 1)) == [(3, 101, 1)]
    venue.see(level(SELL, 100, 3))  # told anew, though it says the same
    assert fills(venue.submit(BUY, 4)) == [(4, 100, 3), (4, 101, 1)]


def test_what_we_took_at_a_quote_is_gone_until_that_side_changes() -> None:
    venue = floor(quote(99, 5, 100, 3))
    assert fills(venue.submit(BUY, 2)) == [(1, 100, 2)]
    venue.see(quote(98, 5, 100, 3))  # the other side
    assert fills(venue.submit(BUY, 2)) == [(2, 100, 1)]
    venue.see(quote(98, 5, 100, 4))
    assert fills(venue.submit(BUY, 9)) == [(3, 100, 4)]


def test_a_taker_does_not_move_an_order_of_ours_on_the_other_side() -> None:
    venue = floor(BOOK)
    venue.submit(SELL, 5, 100)
    # the rows show others only: 3 at 100, then 4 at 101
    assert fills(venue.submit(BUY, 5)) == [(2, 100, 3), (2, 101, 2)]


# --- no book ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("side", "half_spread", "price"),
    [
        # 1 bp of 20,001 ticks is 2.0001, rounded up to 3
        (BUY, "1 bp", 20_004),
        (SELL, "1 bp", 19_998),
        (BUY, "0 bp", 20_001),
        # far below a tick is a tick
        (SELL, "0.001 bp", 20_000),
        # 10,000.5
        (BUY, "50 %", 30_002),
    ],
)
def test_without_a_book_a_taker_pays_the_last_price_and_half_a_spread(side: int, half_spread: str, price: int) -> None:
    venue = floor(trade(20_001, 1, 1), half_spread=half_spread)
    assert fills(venue.submit(side, 700)) == [(1, price, 700)]


def test_without_a_book_a_limit_order_takes_only_within_its_price() -> None:
    venue = floor(trade(10_000, 1, 1), half_spread="2 bp")
    assert codes(venue.submit(BUY, 5, 10_001)) == [o.ACCEPTED]
    assert fills(venue.submit(BUY, 5, 10_002)) == [(2, 10_002, 5)]
    assert fills(venue.submit(BUY, 5, 10_007)) == [(3, 10_002, 5)]


def test_taking_without_a_book_is_noted() -> None:
    venue = floor(trade(10_000, 1, 1), half_spread="2 bp")
    assert venue.venue.notes() == []
    venue.submit(BUY, 5)
    assert venue.venue.notes() == ["COIN: no book in the data; takers paid the last price and a half spread of 2 bp"]


def test_taking_from_a_book_or_from_quotes_is_not_noted() -> None:
    for rows in (BOOK, quote(99, 5, 100, 3)):
        venue = floor(trade(100, 1, 1), rows)
        venue.submit(BUY, 2)
        assert venue.venue.notes() == []


# --- the book comes to meet us ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        # our buys: 4 at 99 (order 1), 4 at 98 (order 2)
        ([level(SELL, 99, 3)], [(1, 99, 3)]),
        ([level(SELL, 97, 3)], [(1, 99, 3)]),
        ([level(SELL, 98, 6)], [(1, 99, 4), (2, 98, 2)]),
        ([level(SELL, 99, 6)], [(1, 99, 4)]),
        # order 1 takes 4 of the 5 at 98; the 1 at 99 is beyond the price of order 2
        ([update({}, {99: 1, 98: 5})], [(1, 99, 4), (2, 98, 1)]),
        # what we took there stays taken
        ([level(SELL, 99, 3), level(BUY, 90, 1)], [(1, 99, 3)]),
        ([level(SELL, 99, 3), level(SELL, 99, 3)], [(1, 99, 3), (1, 99, 1)]),
        # an update is looked at when it is whole
        ([level(SELL, 99, 3, 0), level(SELL, 99, 0)], []),
        ([snapshot({90: 1}, {99: 2})], [(1, 99, 2)]),
    ],
)
def test_a_crossing_book_fills_at_our_price_and_no_more_than_it_shows(
    rows: list[list[Row]], expected: list[tuple[int, int, int]]
) -> None:
    venue = floor(snapshot({99: 5, 98: 7}, {101: 4}))
    venue.submit(BUY, 4, 99)
    venue.submit(BUY, 4, 98)
    said = venue.see(*rows)
    assert fills(said) == expected
    assert all(one.maker == 1 for one in said)


def test_a_crossing_quote_fills_at_our_price_and_no_more_than_it_shows() -> None:
    venue = floor(quote(99, 5, 103, 3))
    venue.submit(SELL, 4, 102)
    assert fills(venue.see(quote(104, 3, 105, 1), quote(104, 3, 106, 1))) == [(1, 102, 3)]


# --- quotes beside a book --------------------------------------------------------------------------------------------


def test_a_newer_quote_takes_levels_away_that_are_no_longer_there() -> None:
    """Asks were told at 100 and 101; the best ask is now 101, for 2 lots: a buy of 1 pays 101, and nobody asks 100."""
    venue = floor(BOOK, quote(98, 5, 101, 2))
    assert fills(venue.submit(BUY, 1)) == [(1, 101, 1)]


def test_a_quote_that_agrees_with_the_book_gives_back_nothing_that_we_took() -> None:
    venue = floor(snapshot({99: 5}, {100: 3, 101: 4}), quote(99, 5, 100, 3))
    assert fills(venue.submit(BUY, 3)) == [(1, 100, 3)]
    venue.see(quote(99, 5, 100, 3))
    assert fills(venue.submit(BUY, 1)) == [(2, 101, 1)]


def test_quotes_count_again_once_the_book_has_been_emptied() -> None:
    venue = floor(BOOK, emptied(), quote(90, 1, 91, 50))
    assert fills(venue.submit(BUY, 4)) == [(1, 91, 4)]


def test_levels_told_after_quotes_replace_them() -> None:
    venue = floor(quote(90, 1, 91, 50), level(SELL, 95, 2))
    assert fills(venue.submit(BUY, 4)) == [(1, 95, 2)]


# --- candles ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bar", "expected"),
    [
        # our orders: 1 buys 5 at 95, 2 sells 5 at 105
        (candle(95, 105, 100, 100), []),
        (candle(94, 104, 100, 100), [(1, 95, 5)]),
        (candle(96, 106, 100, 100), [(2, 105, 5)]),
        (candle(94, 104, 100, 3), [(1, 95, 3)]),
        (candle(90, 110, 100, 100), [(1, 95, 5), (2, 105, 5)]),
        # together no more than its volume
        (candle(90, 110, 100, 7), [(1, 95, 5), (2, 105, 2)]),
        (candle(90, 110, 100, 0), []),
    ],
)
def test_a_candle_fills_what_it_went_beyond_up_to_its_volume(
    bar: list[Row], expected: list[tuple[int, int, int]]
) -> None:
    venue = floor(candle(99, 101, 100, 9), initial_queue=50)
    venue.submit(BUY, 5, 95)
    venue.submit(SELL, 5, 105)
    assert fills(venue.see(bar)) == expected


def test_on_candles_a_taker_pays_the_close_and_half_a_spread() -> None:
    venue = floor(candle(9_000, 11_000, 10_000, 9), half_spread="5 bp")
    assert fills(venue.submit(SELL, 70)) == [(1, 9_995, 70)]


@pytest.mark.parametrize("tick", [trade(100, 1, 1), quote(90, 1, 110, 1), snapshot({90: 1}, {110: 1})])
def test_candles_count_for_nothing_where_there_are_ticks(tick: list[Row]) -> None:
    venue = floor(tick)
    venue.submit(BUY, 5, 95)
    assert venue.see(candle(80, 120, 100, 100)) == []


def test_of_several_series_of_candles_the_shortest_counts() -> None:
    venue = Floor()
    venue.see(candle(99, 101, 100, 9, series=1), candle(99, 101, 100, 9), lengths=[60, 5])
    venue.submit(BUY, 5, 95)
    assert venue.see(candle(80, 120, 100, 100, series=1), lengths=[60]) == []
    assert fills(venue.see(candle(94, 100, 99, 2), lengths=[5])) == [(1, 95, 2)]


def test_rows_of_another_venue_are_not_looked_at() -> None:
    venue = Floor(COIN, priced(symbol="PEBBLE", base="PEBBLE"))
    venue.open([COIN, None])
    assert venue.see(trade(100, 1, 1, instrument=1), level(BUY, 1, 1, r.FLAG_LAST, 1)) == []
    assert codes(venue.submit(BUY, 1)) == [o.REJECTED]
