"""Binance's wire format and rules of sequence, in captures of a few lines; every expected row is worked by hand."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from captures import (
    MS,
    START,
    exact,
    futures_diff,
    futures_trade,
    levels,
    lines,
    news,
    of_kind,
    read,
    snapshot,
    spot_diff,
    spot_quote,
    spot_trade,
    stream,
    write,
)

from tickloom.errors import ConfigError, DataError
from tickloom_kernels import rows as r
from tickloom_plugins.dialects import binance_instruments
from tickloom_plugins.dialects.binance import decode, identify
from tickloom_plugins.sources.binance_raw import BinanceRaw

CLEAR, SNAPSHOT, LAST = r.FLAG_CLEAR, r.FLAG_SNAPSHOT, r.FLAG_LAST
#: The snapshot of `captures.snapshot` on the spot grid (tick 0.01, lot 0.00001).
BOOK = [(0, 0, 0, CLEAR | SNAPSHOT), (1, 6180000, 100000, SNAPSHOT), (-1, 6180100, 200000, SNAPSHOT | LAST)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "capture.gz"


# --- messages --------------------------------------------------------------------------------------------------------


def test_a_trade_whose_buyer_is_the_maker_was_a_sale(path):
    rows = read(write(path, [spot_trade(7, m=True), spot_trade(8, "61800.01", "0.00001")]))
    assert of_kind(rows, r.TRADE) == [
        [START, MS * 1_000_000, 0, 6180000, 50000, -1, 7],
        [START + 1000, MS * 1_000_000, 0, 6180001, 1, 1, 8],
    ]


def test_a_spot_quote_has_no_time_of_its_own_and_takes_that_of_its_receipt(path):
    rows = read(write(path, [spot_quote(5)]))
    assert of_kind(rows, r.QUOTE) == [[START, START, 0, 6180000, 100000, 6180001, 200000]]


def test_a_quote_with_an_empty_side_has_a_quantity_of_zero(path):
    rows = read(write(path, [spot_quote(5, bid="0.00", sizes=[("0.00", "2")])]))
    assert of_kind(rows, r.QUOTE) == [[START, START, 0, 0, 0, 6180001, 200000]]


def test_times_in_microseconds_are_told_from_milliseconds(path):
    rows = read(write(path, [spot_trade(1, T=MS * 1000 + 5), spot_trade(2)]))
    assert rows[:, r.TS_EVENT].tolist() == [MS * 1_000_000 + 5_000, MS * 1_000_000]


def test_the_time_of_the_match_stands_above_the_time_of_sending(path):
    rows = read(write(path, [futures_diff(1, 2, 0), snapshot(2), futures_diff(3, 4, 2, [("61800.00", "3.000")])]))
    assert rows[-1, r.TS_EVENT] == MS * 1_000_000


@pytest.mark.parametrize("kind", ["INSURANCE_FUND", "ADL", "NA"])
def test_what_is_no_trade_of_the_market_leaves_no_row(path, kind):
    # "NA" comes with a price of 0; all of them take a trade id.
    rows = read(write(path, [futures_trade(1), futures_trade(2, kind, "0", "0"), futures_trade(3)]))
    assert [row[6] for row in of_kind(rows, r.TRADE)] == [1, 3]
    assert news(rows) == []


def test_quantities_of_coin_margined_futures_are_contracts(path):
    data = {
        "e": "trade",
        "E": MS,
        "T": MS,
        "s": "BTCUSD_PERP",
        "t": 1,
        "p": "61800.1",
        "q": "35",
        "X": "MARKET",
        "m": False,
    }
    source = BinanceRaw(path=write(path, [stream("trade", data | {"ps": "BTCUSD"})]), cache=None)
    (instrument,) = source.instruments
    ((row,), _), *_ = source.chunks()
    assert (row[3], row[4]) == (618001, 35)
    assert (instrument.contract, instrument.settle, instrument.multiplier) == ("inverse", "BTC", Decimal(100))


@pytest.mark.parametrize(
    ("market", "message"),
    [
        ("spot", spot_quote(1)),
        ("spot", spot_trade(1)),
        ("spot", spot_diff(1, 2)),
        ("usdm", futures_trade(1)),
        ("usdm", futures_diff(1, 2, 0)),
        ("usdm", stream("bookTicker", {"e": "bookTicker", "u": 1, "s": "BTCUSDT", "b": "1", "B": "1"})),
        ("cm", stream("trade", {"e": "trade", "s": "BTCUSDT", "ps": "BTCUSD"})),
    ],
)
def test_every_message_of_a_stream_shows_its_market(market, message):
    assert identify(lines([message])[0].partition(b" ")[2]) == (market, "BTCUSDT")


def test_a_message_of_another_stream_is_refused_with_the_streams_that_are_read():
    with pytest.raises(ValueError, match="'btcusdt@kline_1m' is none of trade, bookTicker, depth"):
        decode(lines([stream("kline_1m", {"s": "BTCUSDT"})])[0].partition(b" ")[2])


def test_levels_with_spaces_between_them_are_the_same_levels(path):
    tight, wide = lines([snapshot(10), spot_diff(11, 12, [("61799.00", "1")], [("61802.00", "1"), ("61803.00", "2")])])
    first = lines([spot_quote(1)])[0]
    spaced = wide.replace(b'","', b'", "').replace(b"],[", b"] , [")
    assert (read(write(path, [first, tight, spaced])) == read(write(path, [first, tight, wide]))).all()


# --- sequence --------------------------------------------------------------------------------------------------------


def test_a_snapshot_is_an_emptying_row_then_its_levels_the_last_one_marked(path):
    assert levels(read(write(path, [spot_quote(1), snapshot(10)]))) == BOOK


def test_updates_before_the_snapshot_are_dropped_or_continue_it(path):
    # Snapshot at 10: 5..8 and 9..10 are in it; 10..12 begins at or before 11 and ends after it; 13 follows 12.
    old = [spot_diff(5, 8, [("1.00", "1")]), spot_diff(9, 10, [("2.00", "1")])]
    new = [spot_diff(10, 12, [("61799.00", "3")]), spot_diff(13, 13, [("61799.00", "0")])]
    rows = read(write(path, [*old, new[0], snapshot(10), new[1]]))
    assert levels(rows) == [*BOOK, (1, 6179900, 300000, LAST), (1, 6179900, 0, LAST)]
    assert news(rows) == []
    # What waited for the snapshot is in the book from the snapshot's receipt on.
    assert rows[:, r.TS_INIT].tolist() == [START + 3000] * 4 + [START + 4000]


def test_a_spot_update_that_begins_after_the_snapshot_plus_one_is_a_gap(path):
    assert news(read(write(path, [spot_quote(1), snapshot(10), spot_diff(12, 13)])))[0] == ("GAP", "SEQUENCE_GAP", 3)


@pytest.mark.parametrize(
    ("first", "last", "previous", "fits"),
    [
        (8, 10, 7, True),  # ends with the snapshot's own update: the futures' rule applies it
        (9, 12, 8, True),
        (11, 12, 10, True),  # continues the snapshot exactly
        (11, 12, 9, False),
        (12, 13, 11, False),
    ],
)
def test_the_first_update_of_futures_straddles_the_snapshot(path, first, last, previous, fits):
    messages = [futures_diff(1, 2, 0), snapshot(10), futures_diff(first, last, previous, [("61799.00", "1.000")])]
    rows = read(write(path, messages))
    assert (news(rows) == []) is fits


def test_updates_of_futures_follow_each_other_by_the_previous_id(path):
    # Ids of futures jump: 21 names 12 as the one before it. 40 names 33, which never came.
    diffs = [futures_diff(9, 12, 8), futures_diff(20, 21, 12), futures_diff(39, 40, 33)]
    assert news(read(write(path, [futures_trade(1), snapshot(10), *diffs]))) == [
        ("GAP", "SEQUENCE_GAP", 5),
        ("LOST", "SEQUENCE_GAP", 5),
    ]


def test_a_gap_empties_the_book_until_another_snapshot_closes_it(path):
    messages = [
        spot_quote(1),
        snapshot(10),
        spot_diff(11, 11, [("61799.00", "1")]),
        spot_diff(13, 13, [("61798.00", "1")]),  # 12 is missing
        spot_diff(14, 15, [("61797.00", "1")]),
        snapshot(14),
        spot_diff(16, 16, [("61796.00", "1")]),
    ]
    rows = read(write(path, messages))
    one = 100000
    assert levels(rows) == [
        *BOOK,
        (1, 6179900, one, LAST),
        (0, 0, 0, CLEAR | LAST),
        *BOOK,
        (1, 6179700, one, LAST),
        (1, 6179600, one, LAST),
    ]
    assert news(rows) == [("GAP", "SEQUENCE_GAP", 4), ("RECOVERED", "NONE", 6)]


def test_a_capture_without_any_snapshot_says_so_at_its_end(path):
    rows = read(write(path, [spot_diff(1, 2, [("61800.00", "1")]), spot_trade(1)]))
    assert levels(rows) == []
    assert news(rows) == [("LOST", "SEQUENCE_GAP", 1)]
    assert rows[-1, r.TS_INIT] == START + 1000


def test_a_snapshot_adds_nothing_to_a_book_that_is_whole(path):
    rows = read(write(path, [spot_quote(1), snapshot(10), spot_diff(11, 12), snapshot(12), spot_diff(13, 14)]))
    assert (levels(rows), news(rows)) == (BOOK, [])


# --- instruments -----------------------------------------------------------------------------------------------------


def test_the_facts_of_every_listed_symbol_make_an_instrument():
    facts = binance_instruments._facts()
    made = [
        binance_instruments.instrument(market, symbol, {}) for market in facts for symbol in facts[market]["symbols"]
    ]
    assert {one.contract for one in made} == {"spot", "linear", "inverse"}
    assert all(one.maker_fee > 0 for one in made)


def test_an_unknown_symbol_is_refused_with_the_nearest_that_is_known(path):
    capture = write(path, [stream("trade", {"e": "trade", "s": "BTCUSDC", "M": True})])
    with pytest.raises(DataError, match=r"capture.gz: spot symbol 'BTCUSDC' is not known; did you mean 'BTCUSDT'\?"):
        _ = BinanceRaw(path=capture, cache=None).instruments


def test_an_unknown_symbol_is_known_by_its_facts(path):
    message = spot_trade(1, "1.005", "3", s="FOOBAR")
    facts = {"base": "FOO", "quote": "BAR", "tick_size": "0.005", "lot_size": "1"}
    source = BinanceRaw(path=write(path, [message]), cache=None, instrument=facts)
    ((row,), _), *_ = source.chunks()
    assert (source.instruments[0].symbol, row[3], row[4]) == ("FOOBAR", exact("1.005", "0.005"), 3)


def test_a_given_fact_stands_above_the_known_one(path):
    source = BinanceRaw(path=write(path, [spot_quote(1)]), cache=None, instrument={"tick_size": "0.001"})
    ((row,), _), *_ = source.chunks()
    assert row[3] == 61800000


def test_a_misspelt_fact_is_refused_with_the_nearest_name(path):
    with pytest.raises(ConfigError, match="did you mean 'tick_size'"):
        _ = BinanceRaw(path=write(path, [spot_quote(1)]), cache=None, instrument={"ticksize": "0.1"}).instruments


# --- files -----------------------------------------------------------------------------------------------------------


def test_a_variable_of_the_path_that_is_not_set_is_named(monkeypatch):
    monkeypatch.delenv("NOWHERE", raising=False)
    with pytest.raises(ConfigError, match=r"NOWHERE is not set \(needed by path '\$NOWHERE/capture.gz'\)"):
        BinanceRaw(path=Path("$NOWHERE/capture.gz"))


def test_variables_of_the_path_are_expanded(path, monkeypatch):
    write(path, [spot_quote(1)])
    monkeypatch.setenv("CAPTURES", str(path.parent))
    assert len(read(Path("${CAPTURES}/capture.gz"))) == 1


@pytest.mark.parametrize("content", [b"", b"no gzip at all", None])
def test_a_file_without_messages_is_refused_by_name(path, content):
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=r"capture\.gz: (no message of a Binance stream|cannot be read: No such file)"):
        read(path)


def test_progress_is_one_at_the_end_and_the_watermark_the_last_time(path):
    source = BinanceRaw(path=write(path, [spot_quote(n) for n in range(5)]), cache=None)
    assert source.progress() == 0
    chunks = list(source.chunks())
    assert source.progress() == 1
    assert [mark for _, mark in chunks] == [START + 4000]
    assert np.concatenate([rows for rows, _ in chunks])[:, r.TS_INIT].tolist() == [START + 1000 * n for n in range(5)]
