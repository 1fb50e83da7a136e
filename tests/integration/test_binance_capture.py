"""The six real captures: nothing is wrong with them, and what is read is what stands in the lines.

The oracles read the raw lines with `json` and `decimal` only: they count, they compare every number, and they hold
the rebuilt book against the best prices that the exchange itself sent on another stream.
"""

import gzip
import itertools
import json
import re
from bisect import bisect_right
from collections import Counter
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from captures import levels, news, read

from tickloom.codes import Side
from tickloom_kernels import rows as r
from tickloom_plugins.sources.binance_raw import BinanceRaw

NAMES = [
    "spot/btcusdt_20240808",
    "spot/ethusdt_20240808",
    "usdm/btcusdt_20240808",
    "usdm/ethusdt_20240808",
    "cm/btcusd_perp_20240808",
    "cm/ethusd_perp_20240808",
]
#: Tick and lot, as the exchange's own exchangeInfo gave them.
STEPS = {
    "spot/btcusdt_20240808": ("0.01", "0.00001"),
    "spot/ethusdt_20240808": ("0.01", "0.0001"),
    "usdm/btcusdt_20240808": ("0.1", "0.001"),
    "usdm/ethusdt_20240808": ("0.01", "0.001"),
    "cm/btcusd_perp_20240808": ("0.1", "1"),
    "cm/ethusd_perp_20240808": ("0.01", "1"),
}
#: Lines with a level whose quantity is no whole number of lots: remains of older, smaller lots, far from the market.
OFF_GRID = {"spot/btcusdt_20240808": [1886, 34306, 38887], "spot/ethusdt_20240808": [12336, 24525]}


@pytest.fixture
def capture(market_data):
    """Path of a capture by name."""
    return lambda name: market_data / "binance_l2" / f"{name}.gz"


@pytest.fixture
def head(capture, tmp_path):
    """Read the first lines of a capture, as they are and as rows: to read all of it in many tests would take long."""

    def first(name, count):
        with gzip.open(capture(name)) as file:
            lines = list(itertools.islice(file, count))
        (tmp_path / "head.gz").write_bytes(gzip.compress(b"".join(lines), 1))
        return lines, read(tmp_path / "head.gz")

    return first


def kind_of(line):
    """Name the stream of a line: trade, bookTicker, depth, or none for a snapshot."""
    found = re.search(rb"@([a-zA-Z]+)", line[:80])
    return found[1].decode() if found else "snapshot"


@pytest.mark.parametrize("name", NAMES)
def test_a_whole_capture_has_no_gap_no_crossed_book_and_all_its_trades_and_quotes(capture, name):
    rows = read(capture(name))
    assert news(rows) == [("SKIPPED", "OFF_GRID", line) for line in OFF_GRID.get(name, [])]
    with gzip.open(capture(name)) as file:
        lines = Counter(map(kind_of, file))
    kinds = np.bincount(rows[:, r.KIND], minlength=16)
    assert (kinds[r.TRADE], kinds[r.QUOTE]) == (lines["trade"], lines["bookTicker"])
    assert (np.diff(rows[:, r.TS_INIT]) >= 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_the_rebuilt_book_has_the_best_prices_that_the_exchange_sent(head, name):
    """After update u the best bid and ask are those of the last bookTicker that is not newer than u."""
    lines, rows = head(name, 12_000)
    number = re.compile(rb'"u":(\d+)')
    ids = [(kind_of(line), line, number.search(line)) for line in lines]
    tops = sorted((int(found[1]), line) for kind, line, found in ids if kind == "bookTicker" and found)
    update_of = {int(line[:19]): int(found[1]) for kind, line, found in ids if kind == "depth" and found}
    tick = Decimal(STEPS[name][0])
    agree = seen = 0
    for ts, book in itertools.islice(books(rows), 0, None, 5):
        place = bisect_right(tops, update_of.get(ts, 0), key=lambda top: top[0])
        if place == 0:
            continue
        top = json.loads(tops[place - 1][1][20:])["data"]
        seen += 1
        agree += (max(book[Side.BUY]), min(book[Side.SELL])) == (Decimal(top["b"]) / tick, Decimal(top["a"]) / tick)
    assert seen > 150
    assert agree >= 0.99 * seen


def books(rows):
    """Yield receive time and prices by side after every update of the book, kept in the plainest way."""
    book: dict[int, dict[int, int]] = {Side.BUY: {}, Side.SELL: {}}
    for row in rows[rows[:, r.KIND] == r.BOOK_DELTA].tolist():
        price, quantity, side, flags = row[r.PAYLOAD : r.PAYLOAD + 4]
        if flags & r.FLAG_CLEAR:
            book = {Side.BUY: {}, Side.SELL: {}}
        if quantity:
            book[side][price] = quantity
        elif side:
            book[side].pop(price, None)
        if flags & r.FLAG_LAST:
            yield row[r.TS_INIT], book


def literal(lines, steps):
    """Read lines the long way: rows (ts_init, ts_event, kind, four numbers) of trades, quotes and the book."""
    waiting: list[dict[str, Any]] = []
    last, rows = None, []
    futures = b'"pu"' in b"".join(lines[:200])

    def steps_of(pair):
        return [Decimal(text) / Decimal(step) for text, step in zip(pair, steps, strict=True)]

    def book(ts, data, bids, asks, flags):
        sides = [(pair, Side.BUY) for pair in data[bids]] + [(pair, Side.SELL) for pair in data[asks]]
        told = data.get("T", data.get("E", 0)) * 1_000_000 or ts
        fresh = [[ts, told, r.BOOK_DELTA, 0, 0, 0, r.FLAG_CLEAR | flags]] if flags else []
        fresh += [[ts, told, r.BOOK_DELTA, *steps_of(pair), side, flags] for pair, side in sides]
        fresh = [row for row in fresh if row[4] == int(row[4])]
        fresh[-1][6] |= r.FLAG_LAST
        rows.extend(fresh)

    for line in lines:
        stamp, _, text = line.partition(b" ")
        ts, message = int(stamp), json.loads(text)
        data = message.get("data", message)
        told = data.get("T", data.get("E", 0)) * 1_000_000 or ts
        if "lastUpdateId" in data:
            book(ts, data, "bids", "asks", r.FLAG_SNAPSHOT)
            last = data["lastUpdateId"] - futures
            waiting, held = [], waiting
            for one in held:
                if one["u"] > last:
                    book(ts, one, "b", "a", 0)
        elif data.get("e") == "depthUpdate":
            if last is None:
                waiting.append(data)
            elif data["u"] > last:
                book(ts, data, "b", "a", 0)
        elif data.get("e") == "trade":
            numbers = steps_of((data["p"], data["q"]))
            rows.append([ts, told, r.TRADE, *numbers, -1 if data["m"] else 1, data["t"]])
        else:
            numbers = steps_of((data["b"], data["B"])) + steps_of((data["a"], data["A"]))
            rows.append([ts, told, r.QUOTE, *numbers])
    return rows


@pytest.mark.parametrize("name", ["spot/ethusdt_20240808", "usdm/btcusdt_20240808", "cm/ethusd_perp_20240808"])
def test_every_number_is_that_of_a_literal_reading(head, name):
    lines, rows = head(name, 5_000)
    assert news(rows) == []
    assert rows[:, [r.TS_INIT, r.TS_EVENT, r.KIND, 3, 4, 5, 6]].tolist() == literal(lines, STEPS[name])


def test_the_first_rows_are_there_before_the_file_has_been_read(capture):
    source = BinanceRaw(path=capture("usdm/btcusdt_20240808"), cache=None)
    rows, watermark = next(source.chunks())
    assert 0 < len(rows) < 65_536
    assert watermark == rows[-1, r.TS_INIT]
    assert source.progress() < 0.05


def test_kept_rows_of_a_capture_are_the_parsed_ones(capture, tmp_path):
    first, second = (read(capture("cm/ethusd_perp_20240808"), cache=tmp_path / "cache") for _ in range(2))
    assert first.tobytes() == second.tobytes()


def test_a_capture_cut_in_the_middle_of_its_bytes_gives_its_first_rows(head, tmp_path):
    _, whole = head("cm/ethusd_perp_20240808", 6_000)
    content = (tmp_path / "head.gz").read_bytes()
    (tmp_path / "cut.gz").write_bytes(content[: len(content) // 2])
    rows = read(tmp_path / "cut.gz")
    assert news(rows)[-1][:2] == ("LOST", "TRUNCATED")
    assert len(rows) > 10_000
    assert (rows[:-1] == whole[: len(rows) - 1]).all()


def test_a_lost_line_of_differences_empties_the_book(head, tmp_path):
    lines, _ = head("cm/ethusd_perp_20240808", 3_000)
    lost = next(place for place in range(2_000, 3_000) if kind_of(lines[place]) == "depth")
    (tmp_path / "lost.gz").write_bytes(gzip.compress(b"".join(lines[:lost] + lines[lost + 1 :])))
    rows = read(tmp_path / "lost.gz")
    (gap, end) = news(rows)
    assert (gap[:2], end) == (("GAP", "SEQUENCE_GAP"), ("LOST", "SEQUENCE_GAP", gap[2]))
    assert gap[2] > lost
    assert levels(rows)[-1] == (0, 0, 0, r.FLAG_CLEAR | r.FLAG_LAST)
