"""Bars, each case worked by hand: what opens one, what closes it and when, what is left out. Intervals are 10 ns."""

import gzip
import json
from decimal import Decimal
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tickloom_kernels import bars, rows

OPEN_TO_FLAGS = slice(rows.BAR_OPEN, rows.BAR_FLAGS + 1)
NEVER = 1 << 62


def trade(
    ts_init: int, ts_event: int, price: int = 100, quantity: int = 1, trade_id: int = 0, instrument: int = 0
) -> list[int]:
    """Make the row of a trade."""
    return [ts_init, ts_event, instrument, price, quantity, 1, trade_id, 0, 0, 0, 0, rows.TRADE]


def quote(ts_init: int) -> list[int]:
    """Make a row that is no trade, of another instrument."""
    return [ts_init, ts_init, 1, 99, 1, 101, 1, 0, 0, 0, 0, rows.QUOTE]


def emissions(state: NDArray[np.int64], *table: list[int]) -> list[tuple[int, int, list[int]]]:
    """Run the kernel over rows: (k, T, bar row as a list, empty for a late trade) per emission."""
    chunk = np.array(table, np.int64).reshape(-1, rows.WORDS)
    out = np.full((len(chunk) + 1, rows.WORDS), -7, np.int64)
    where = np.zeros((len(chunk) + 1, 2), np.int64)
    count = bars.build(state, chunk, len(chunk), out, where)
    found = zip(where[:count].tolist(), out[:count].tolist(), strict=True)
    return [(k, t, [] if t == bars.LATE_TRADE else row) for (k, t), row in found]


def test_a_time_bar_closes_at_the_first_trade_past_its_end() -> None:
    state = bars.new_state(bars.TIME, 10, NEVER, 0, 3)
    found = emissions(
        state, trade(21, 20, 100, 2, 5), trade(25, 24, 103, 1, 6), trade(29, 29, 99, 4, 7), trade(33, 30, 101, 1, 8)
    )
    # Known at 33, open time 20, series 3, then open 100, high 103, low 99, close 99, volume 7, 3 trades, no flags.
    assert found == [(3, bars.BY_TRADE, [33, 20, 0, 3, 100, 103, 99, 99, 7, 3, 0, rows.BAR])]


def test_the_trade_that_closes_a_time_bar_opens_the_next() -> None:
    state = bars.new_state(bars.TIME, 10, NEVER, 0, 0)
    found = emissions(state, trade(1, 1), trade(12, 12, 105, 2), trade(35, 35))
    assert found[1][2][OPEN_TO_FLAGS] == [105, 105, 105, 105, 2, 1, 0]


def test_any_row_closes_a_time_bar_whose_grace_is_over_before_itself() -> None:
    state = bars.new_state(bars.TIME, 10, 3, 0, 0)
    assert emissions(state, trade(1, 1), quote(12)) == []
    ((k, t, bar),) = emissions(state, quote(13))
    assert (k, t) == (0, 13)
    assert bar[: rows.BAR_SERIES] == [13, 0, 0]


def test_a_watermark_closes_a_time_bar_when_end_and_grace_are_reached() -> None:
    state = bars.new_state(bars.TIME, 10, 3, 0, 0)
    emissions(state, trade(1, 1, 100, 2))
    row = np.zeros(rows.WORDS, np.int64)
    assert bars.flush(state, 12, row) == 0
    assert bars.flush(state, 13, row) == 1
    assert row.tolist() == [13, 0, 0, 0, 100, 100, 100, 100, 2, 1, 0, rows.BAR]
    assert bars.flush(state, 1_000, row) == 0


def test_an_interval_without_trades_gives_no_bar() -> None:
    state = bars.new_state(bars.TIME, 10, NEVER, 0, 0)
    found = emissions(state, trade(5, 5), trade(47, 47), trade(51, 51))
    assert [bar[rows.TS_EVENT] for _, _, bar in found] == [0, 40]


def test_late_trades_are_left_out_counted_and_reported_once() -> None:
    state = bars.new_state(bars.TIME, 10, NEVER, 0, 0)
    found = emissions(state, trade(5, 5), trade(12, 12), trade(13, 9, 500), trade(14, 8, 500), trade(21, 21))
    assert [(k, t) for k, t, _ in found] == [(1, bars.BY_TRADE), (2, bars.LATE_TRADE), (4, bars.BY_TRADE)]
    assert found[2][2][OPEN_TO_FLAGS] == [100, 100, 100, 100, 1, 1, 0]
    assert bars.late(state) == 2


def test_a_trade_that_comes_after_the_grace_of_its_own_interval_is_late_though_no_bar_was_open() -> None:
    state = bars.new_state(bars.TIME, 10, 3, 0, 0)
    assert emissions(state, trade(13, 9)) == [(0, bars.LATE_TRADE, [])]
    assert emissions(state, trade(22, 19)) == []


def test_one_row_may_close_a_bar_by_time_and_be_its_first_late_trade() -> None:
    state = bars.new_state(bars.TIME, 10, 3, 0, 0)
    found = emissions(state, trade(1, 1), trade(14, 9))
    assert [(k, t) for k, t, _ in found] == [(1, 13), (1, bars.LATE_TRADE)]


def test_a_receiver_whose_clock_is_behind_closes_bars_before_their_end_on_its_own_axis() -> None:
    state = bars.new_state(bars.TIME, 10, 0, 0, 0)
    ((k, t, bar),) = emissions(state, trade(2, 9), trade(4, 11))
    assert (k, t, bar[rows.TS_INIT]) == (1, bars.BY_TRADE, 4)


def test_intervals_are_multiples_before_1970_too() -> None:
    state = bars.new_state(bars.TIME, 10, NEVER, 0, 0)
    found = emissions(state, trade(-9, -9), trade(-1, -1), trade(0, 0))
    assert [bar[rows.TS_EVENT] for _, _, bar in found] == [-10]


def test_a_trade_id_that_does_not_follow_flags_its_bar_only() -> None:
    state = bars.new_state(bars.TIME, 10, NEVER, 0, 0)
    found = emissions(
        state, trade(1, 1, trade_id=7), trade(2, 2, trade_id=9), trade(11, 11, trade_id=12), trade(21, 21, trade_id=1)
    )
    assert [bar[rows.BAR_FLAGS] for _, _, bar in found] == [rows.FLAG_GAP, 0]


def test_a_source_without_trade_ids_flags_nothing() -> None:
    state = bars.new_state(bars.TICK, 2, 0, 0, 0)
    ((_, _, bar),) = emissions(state, trade(1, 1), trade(2, 2))
    assert bar[rows.BAR_FLAGS] == 0


def test_trades_of_other_instruments_are_not_counted() -> None:
    state = bars.new_state(bars.TICK, 2, 0, 0, 0)
    ((k, _, bar),) = emissions(state, trade(1, 1), trade(2, 2, 900, instrument=1), quote(3), trade(4, 4))
    assert (k, bar[rows.BAR_HIGH]) == (3, 100)


@pytest.mark.parametrize(
    ("method", "size", "closing"),
    # Quantities 2, 3, 4, 1 at prices 10, 10, 20, 10: volume 2, 5, 9, 10 and turnover 20, 50, 130, 140.
    [(bars.TICK, 3, 2), (bars.VOLUME, 5, 1), (bars.DOLLAR, 51, 2)],
)
def test_the_trade_that_fills_a_bar_is_its_last_and_is_not_split(method: int, size: int, closing: int) -> None:
    state = bars.new_state(method, size, 0, 0, 0)
    quantities, prices = [2, 3, 4, 1], [10, 10, 20, 10]
    table = [trade(k + 1, k, prices[k], quantities[k]) for k in range(4)]
    k, t, bar = emissions(state, *table)[0]
    assert (k, t) == (closing, bars.BY_TRADE)
    assert bar[rows.TS_INIT] == closing + 1
    assert bar[rows.TS_EVENT] == 0
    assert bar[rows.BAR_VOLUME] == sum(quantities[: closing + 1])


def test_what_overfills_a_volume_bar_is_not_carried_into_the_next() -> None:
    state = bars.new_state(bars.VOLUME, 5, 0, 0, 0)
    found = emissions(state, trade(1, 1, quantity=9), trade(2, 2, quantity=4), trade(3, 3, quantity=1))
    assert [(k, bar[rows.BAR_VOLUME]) for k, _, bar in found] == [(0, 9), (2, 5)]


@pytest.mark.parametrize(("method", "size", "grace"), [(14, 10, 0), (0, 10, 0), (bars.TIME, 0, 0), (bars.TIME, 10, -1)])
def test_a_state_that_makes_no_bars_is_refused(method: int, size: int, grace: int) -> None:
    with pytest.raises(ValueError, match="bar"):
        bars.new_state(method, size, grace, 0, 0)


def test_bars_of_real_trades_equal_groups_of_decimals(market_data: Path) -> None:
    """Ten-second bars of five minutes; the oracle groups the exchange's own decimals by its own time stamps."""
    with gzip.open(market_data / "binance_l2" / "spot" / "btcusdt_20240808.gz", "rt") as lines:
        found = [(int(line[:19]), json.loads(line[20:])["data"]) for line in lines if '"e":"trade"' in line]
    interval = 10_000_000_000
    table, expected = [], []
    for ts_init, one in found:
        price, quantity = int(Decimal(one["p"]) * 100), int(Decimal(one["q"]) * 100_000)
        table.append(trade(ts_init, one["T"] * 1_000_000, price, quantity, one["t"]))
    for start, group in groupby(found, key=lambda one: one[1]["T"] * 1_000_000 // interval):
        trades = [one for _, one in group]
        prices = [Decimal(one["p"]) for one in trades]
        volume = sum(Decimal(one["q"]) for one in trades)
        gap = [one["t"] for one in trades] != list(range(trades[0]["t"], trades[0]["t"] + len(trades)))
        expected.append((start * interval, prices[0], max(prices), min(prices), prices[-1], volume, len(trades), gap))
    made = [bar for _, _, bar in emissions(bars.new_state(bars.TIME, interval, NEVER, 0, 0), *table)]
    cent, lot = Decimal("0.01"), Decimal("0.00001")
    assert [
        (bar[1], *(cent * price for price in bar[4:8]), lot * bar[8], bar[9], bar[10] == rows.FLAG_GAP) for bar in made
    ] == expected[:-1]
