"""What is wrong with a capture is told with its line and its reason, and the rest of the capture is used."""

import gzip
from decimal import Decimal
from itertools import pairwise

import pytest
from captures import (
    START,
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
    write,
)

from tickloom_kernels import rows as r
from tickloom_plugins.dialects.grid import read_alike, read_each

LAST = r.FLAG_LAST


@pytest.fixture
def path(tmp_path):
    return tmp_path / "capture.gz"


def trade_ids(rows):
    return [row[6] for row in of_kind(rows, r.TRADE)]


def test_a_broken_line_is_left_out(path):
    good, cut, last = lines([spot_trade(1), spot_trade(2), spot_trade(3)])
    rows = read(write(path, [good, cut[:-9], b"", b"abc", b"\xff\xfe {}", last]))
    assert trade_ids(rows) == [1, 3]
    assert news(rows) == [("SKIPPED", "MALFORMED", place) for place in (2, 3, 4, 5)]


@pytest.mark.parametrize(
    "broken",
    [
        {"p": 61800.0},  # a number where the exchange writes text
        {"p": None},
        {"t": -1},
        {"t": 2**70},
        {"T": 10**18},
        {"m": "true"},
    ],
)
def test_a_message_with_a_field_of_the_wrong_form_is_left_out(path, broken):
    rows = read(write(path, [spot_trade(1), spot_trade(2, **broken), spot_trade(3)]))
    assert trade_ids(rows) == [1, 3]
    assert news(rows) == [("SKIPPED", "MALFORMED", 2)]


def test_levels_that_are_no_pairs_make_the_update_unreadable_and_so_a_gap(path):
    broken = spot_diff(11, 12, [("61799.00", "1", "x")])
    rows = read(write(path, [spot_quote(1), snapshot(10), broken, spot_diff(13, 14)]))
    assert news(rows)[:2] == [("SKIPPED", "MALFORMED", 3), ("GAP", "SEQUENCE_GAP", 4)]


def test_a_first_line_without_a_time_takes_the_time_of_the_next(path):
    rows = read(write(path, [b"x {}", spot_trade(1)]))
    assert rows[:, r.TS_INIT].tolist() == [START + 1000] * 2


def test_a_receive_time_beyond_64_bits_is_none(path):
    rows = read(write(path, [spot_trade(1), b"9" * 19 + lines([spot_trade(2)])[0][19:], spot_trade(3)]))
    assert trade_ids(rows) == [1, 3]
    assert news(rows) == [("SKIPPED", "MALFORMED", 2)]


def test_a_time_that_steps_back_is_held_at_the_time_before_it(path):
    rows = read(write(path, [(0, spot_trade(1)), (5000, spot_trade(2)), (4000, spot_trade(3)), (6000, spot_trade(4))]))
    assert trade_ids(rows) == [1, 2, 3, 4]
    assert [row[0] - START for row in of_kind(rows, r.TRADE)] == [0, 5000, 5000, 6000]
    assert news(rows) == [("SKIPPED", "UNSORTED", 3)]


def test_equal_receive_times_are_no_fault(path):
    assert news(read(write(path, [(0, spot_trade(1)), (0, spot_trade(2))]))) == []


def test_repeated_messages_are_left_out(path):
    diff = spot_diff(11, 12, [("61799.00", "1")])
    messages = [spot_trade(1), spot_trade(1), spot_quote(4), spot_quote(4), snapshot(10), diff, diff]
    rows = read(write(path, messages))
    assert (trade_ids(rows), len(of_kind(rows, r.QUOTE)), len(levels(rows))) == ([1], 1, 4)
    assert news(rows) == [("SKIPPED", "DUPLICATE", place) for place in (2, 4, 7)]


def test_a_trade_that_comes_late_is_no_duplicate(path):
    rows = read(write(path, [spot_trade(n) for n in (5, 8, 7, 7, 6, 4)]))
    assert trade_ids(rows) == [5, 8, 7, 6, 4]
    assert news(rows) == [("SKIPPED", "DUPLICATE", 4)]


@pytest.mark.parametrize(
    ("price", "quantity", "reason"),
    [
        ("NaN", "1", "NOT_A_NUMBER"),
        ("61800.00", "Infinity", "NOT_A_NUMBER"),
        ("0.00", "1", "NOT_POSITIVE"),
        ("-61800.00", "1", "NOT_POSITIVE"),
        ("61800.00", "0", "NOT_POSITIVE"),
        ("61800.00", "-1", "NOT_POSITIVE"),
        ("61800.005", "1", "OFF_GRID"),
        ("61800.00", "0.000001", "OFF_GRID"),
        ("1e3", "1", "MALFORMED"),
        ("", "1", "MALFORMED"),
        ("1,5", "1", "MALFORMED"),
        ("6180.0.0", "1", "MALFORMED"),
        ("99999999999999999.00", "1", "INCONSISTENT"),
    ],
)
def test_a_trade_with_an_unusable_number_is_left_out(path, price, quantity, reason):
    rows = read(write(path, [spot_trade(1), spot_trade(2, price, quantity), spot_trade(3)]))
    assert trade_ids(rows) == [1, 3]
    assert news(rows) == [("SKIPPED", reason, 2)]


def test_an_unusable_level_is_left_out_and_the_level_before_it_ends_the_update(path):
    asks = [("61801.00", "1"), ("61802.005", "1"), ("61803.00", "NaN")]
    rows = read(write(path, [spot_quote(1), snapshot(10), spot_diff(11, 12, [("0.00", "1")], asks)]))
    assert levels(rows)[3:] == [(-1, 6180100, 100000, LAST)]
    reasons = ("NOT_POSITIVE", "OFF_GRID", "NOT_A_NUMBER")
    assert news(rows) == [("SKIPPED", reason, 3) for reason in reasons]


def test_a_quote_with_one_unusable_side_is_left_out_once(path):
    rows = read(write(path, [spot_quote(1), spot_quote(2, "61800.001", "61800.002"), spot_quote(3)]))
    assert len(of_kind(rows, r.QUOTE)) == 2
    assert news(rows) == [("SKIPPED", "OFF_GRID", 2)]


@pytest.mark.parametrize("bid", ["61800.01", "61800.02"])
def test_a_quote_whose_bid_reaches_its_ask_is_left_out(path, bid):
    rows = read(write(path, [spot_quote(1), spot_quote(2, bid, "61800.01")]))
    assert len(of_kind(rows, r.QUOTE)) == 1
    assert news(rows) == [("SKIPPED", "CROSSED_BOOK", 2)]


def test_a_crossed_book_is_told_once_until_it_is_right_again(path):
    messages = [
        spot_quote(1),
        snapshot(10),  # 61800.00 / 61801.00
        spot_diff(11, 11, [("61801.00", "1")]),  # bid on the ask: locked
        spot_diff(12, 12, [("61700.00", "1")]),
        spot_diff(13, 13, [("61801.00", "0"), ("61800.50", "1")]),
        spot_diff(14, 14, [], [("61800.40", "1")]),
        spot_diff(15, 15, [("61800.50", "0")]),
    ]
    rows = read(write(path, messages))
    assert news(rows) == [
        ("GAP", "CROSSED_BOOK", 3),
        ("RECOVERED", "NONE", 5),
        ("GAP", "CROSSED_BOOK", 6),
        ("RECOVERED", "NONE", 7),
    ]
    # Each stands right after the update that it is about, and nothing is left out.
    assert [row[r.KIND] for row in rows[4:9].tolist()] == [r.BOOK_DELTA, r.SOURCE_STATUS, *[r.BOOK_DELTA] * 3]
    assert len(levels(rows)) == 3 + 6


def test_a_book_that_a_gap_has_emptied_is_not_told_to_have_recovered(path):
    crossing = spot_diff(11, 11, [("61801.00", "1")])
    rows = read(write(path, [spot_quote(1), snapshot(10), crossing, spot_diff(13, 13)]))
    assert news(rows) == [("GAP", "CROSSED_BOOK", 3), ("GAP", "SEQUENCE_GAP", 4), ("LOST", "SEQUENCE_GAP", 4)]


def test_a_crossed_book_is_noticed_after_thousands_of_levels_have_come_and_gone(path):
    # 12,000 bids, one of them at a time: what is remembered of those that are gone is thrown away on the way.
    bids = [f"{60000 + number}.00" for number in range(1800)] * 7
    diffs = [
        spot_diff(11 + number, 11 + number, [(bid, "1"), (before, "0")])
        for number, (before, bid) in enumerate(pairwise(bids))
    ]
    last = 11 + len(diffs)
    rows = read(write(path, [spot_quote(1), snapshot(10), *diffs, spot_diff(last, last, [("61801.00", "1")])]))
    assert news(rows) == [("GAP", "CROSSED_BOOK", 3 + len(diffs))]


def test_inside_an_update_the_book_may_be_crossed(path):
    moved = spot_diff(11, 11, [("61801.50", "1")], [("61801.00", "0"), ("61802.00", "1")])
    assert news(read(write(path, [spot_quote(1), snapshot(10), moved]))) == []


def test_a_message_of_another_symbol_is_left_out(path):
    rows = read(write(path, [spot_trade(1), spot_trade(2, s="ETHUSDT"), spot_trade(3)]))
    assert trade_ids(rows) == [1, 3]
    assert news(rows) == [("SKIPPED", "UNKNOWN_SYMBOL", 2)]


def test_a_message_of_a_stream_that_is_not_read_is_counted(path):
    rows = read(write(path, [spot_trade(1), {"stream": "btcusdt@aggTrade", "data": {"s": "BTCUSDT"}}]))
    assert news(rows) == [("SKIPPED", "MALFORMED", 2)]


def test_a_truncated_file_is_used_up_to_where_it_ends(path):
    write(path, [futures_trade(n) for n in range(1, 2001)])
    text = gzip.decompress(path.read_bytes())
    path.write_bytes(path.read_bytes()[:-2000])
    rows = read(path)
    ids = trade_ids(rows)
    assert ids == list(range(1, len(ids) + 1))
    assert 100 < len(ids) < 2000
    # Every whole line before the cut is there: the next one would not have been whole.
    with gzip.open(path) as file:
        readable = bytearray()
        with pytest.raises(EOFError):
            while piece := file.read(1):
                readable += piece
    assert text.startswith(readable)
    assert len(ids) == readable.count(b"\n")
    assert news(rows) == [("LOST", "TRUNCATED", len(ids))]


def test_damaged_bytes_end_the_file_and_not_the_run(path):
    content = bytearray(write(path, [futures_trade(n) for n in range(1, 20001)]).read_bytes())
    content[-400:] = bytes(400)
    path.write_bytes(content)
    told = news(read(path))
    assert told[-1][:2] == ("LOST", "TRUNCATED")


def test_a_last_line_without_an_end_is_used(path):
    path.write_bytes(gzip.compress(b"\n".join(lines([spot_trade(1), spot_trade(2)]))))
    assert trade_ids(read(path)) == [1, 2]


def test_a_file_of_several_members_is_read_as_one(path):
    first, second = lines([spot_trade(1), spot_trade(2)])
    path.write_bytes(gzip.compress(first + b"\n") + gzip.compress(second + b"\n"))
    assert (trade_ids(read(path)), news(read(path))) == ([1, 2], [])


@pytest.mark.parametrize(
    "texts",
    [
        ["61800.20", "2.507", "61800.30", "0.000"],
        ["61800.2", "35", "1.0", "1"],
        ["618", "0.5", "617", "1.5"],
        ["618", "35"],
        ["61800.25", "0.001"],  # off both grids
    ],
)
def test_numbers_read_at_once_are_those_read_one_by_one(texts):
    steps = Decimal("0.1"), Decimal("0.25")
    at_once = read_alike(",".join(texts), len(texts) // 2, *steps)
    assert at_once is not None
    one_by_one = [read_each(texts[side::2], steps[side]) for side in (0, 1)]
    assert [[part.tolist() for part in numbers] for numbers in at_once] == [
        [part.tolist() for part in numbers] for numbers in one_by_one
    ]


@pytest.mark.parametrize(
    "texts",
    [
        ["61800.20", "1", "61800.3", "1"],
        ["61800.20", "-1"],
        [".5", "1"],
        ["5.", "1"],
        ["", "1"],
        ["1" * 19, "1"],
        ["9" * 18, "1"],
    ],
)
def test_numbers_that_are_not_alike_are_not_read_at_once(texts):
    assert read_alike(",".join(texts), len(texts) // 2, Decimal("0.1"), Decimal(1)) is None
