"""Bars of imbalance, runs, range, bricks and cumulative sums, each case worked by hand; and on real trades."""

import gzip
import json
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tickloom.config.sections import BarSection
from tickloom.engine.wiring.tables import bar_size
from tickloom.errors import ConfigError
from tickloom.instruments import Instrument
from tickloom_kernels import bars, rows

OPEN_TO_TRADES = slice(rows.BAR_OPEN, rows.BAR_TRADES + 1)


def trade(price: int, side: int = 1, quantity: int = 1) -> tuple[int, int, int]:
    return price, quantity, side


def made(state: NDArray[np.int64], *trades: tuple[int, int, int]) -> list[tuple[int, list[int]]]:
    """Run the kernel over trades, the k-th at time k: (k, bar row as a list) per bar."""
    chunk = np.zeros((len(trades), rows.WORDS), np.int64)
    chunk[:, rows.TS_INIT] = chunk[:, rows.TS_EVENT] = np.arange(len(trades))
    chunk[:, rows.TRADE_PRICE : rows.TRADE_AGGRESSOR + 1] = np.array(trades)
    chunk[:, rows.KIND] = rows.TRADE
    places = bars.room(state, chunk, len(chunk))
    out, where = np.zeros((places, rows.WORDS), np.int64), np.zeros((places, 2), np.int64)
    count = bars.build(state, chunk, len(chunk), out, where)
    return list(zip(where[:count, 0].tolist(), out[:count].tolist(), strict=True))


def closings(method: int, size: int, *trades: tuple[int, int, int], span: int = 20, clamp: int = 4) -> list[int]:
    return [k for k, _ in made(bars.new_state(method, size, 0, 0, 0, span, clamp), *trades)]


def test_the_first_bar_has_the_expected_trades_and_the_next_the_imbalance_that_it_taught() -> None:
    # Four trades, three bought: E[T] = 4, E[b] = 3/4 - 1/4, so the next bar closes when one side is 2 ahead.
    first = [trade(10), trade(10), trade(10), trade(10, -1)]
    assert closings(bars.TICK_IMBALANCE, 4, *first, trade(10), trade(10, -1), trade(10, -1), trade(10, -1)) == [3, 7]


def test_a_run_counts_the_larger_side_though_the_other_interrupts_it() -> None:
    # E[T] = 4 and max(3/4, 1/4): a side has to have 3, whatever the other has.
    first = [trade(10), trade(10), trade(10), trade(10, -1)]
    second = [trade(10, side) for side in (-1, 1, -1, 1, -1)]
    assert closings(bars.TICK_RUN, 4, *first, *second) == [3, 8]


@pytest.mark.parametrize(
    ("method", "last"),
    # First bar: 1 lot bought at 10, 3 sold at 20: expected 2 * |1 - 3| / 2 = 2 lots and 2 * |10 - 60| / 2 = 50.
    [(bars.VOLUME_IMBALANCE, 3), (bars.DOLLAR_IMBALANCE, 4)],
)
def test_volume_and_dollar_imbalance_weigh_each_trade(method: int, last: int) -> None:
    trades = [trade(10), trade(20, -1, 3), trade(10, 1, 1), trade(10, 1, 3), trade(10, 1, 1)]
    assert closings(method, 2, *trades)[:2] == [1, last]


def test_a_side_that_the_source_does_not_know_is_told_by_the_tick_rule() -> None:
    # Unknown, up, same (up), down: of three known two are bought, so E = 4 * (2/3 - 1/3); the next two rises reach it.
    trades = [trade(10, 0), trade(11, 0), trade(11, 0), trade(10, 0), trade(11, 0), trade(11, 0)]
    assert closings(bars.TICK_IMBALANCE, 4, *trades) == [3, 5]


def lengths_of(bias: list[float], size: int, span: int, clamp: int) -> NDArray[np.int64]:
    """Trades per bar of tick imbalance, of a coin that changes its bias every 3000 throws."""
    throws = np.random.default_rng(0).random(3000 * len(bias)) < np.repeat(bias, 3000)
    trades = [trade(10, 1 if one else -1) for one in throws]
    return np.diff(closings(bars.TICK_IMBALANCE, size, *trades, span=span, clamp=clamp))


def test_a_clamp_keeps_bars_from_collapsing_into_single_trades() -> None:
    bias = [0.9, 0.5, 0.1, 0.5] * 4
    assert np.median(lengths_of(bias, 100, 20, 1_000_000)) == 1
    held = lengths_of(bias, 100, 20, 4)
    assert held.min() == 25
    assert np.median(held) < 100


def test_a_clamp_keeps_thresholds_from_exploding() -> None:
    bias = [0.95, 0.5, 0.5, 0.9, 0.05, 0.05, 0.6]
    free, held = lengths_of(bias, 200, 3, 1_000_000), lengths_of(bias, 200, 3, 2)
    assert len(held) > 2 * len(free)


def test_balanced_trades_that_let_nothing_be_expected_make_bars_of_so_many_trades() -> None:
    assert closings(bars.TICK_IMBALANCE, 2, *[trade(10, side) for side in (1, -1, 1, -1, 1, -1)]) == [1, 3, 5]


def test_a_range_bar_ends_when_high_and_low_are_so_far_apart() -> None:
    found = made(bars.new_state(bars.RANGE, 3, 0, 0, 0), *map(trade, (10, 12, 11, 9, 9, 20, 20)))
    # 12 - 9 reaches 3; the next bar begins with the next trade, and a jump makes it larger than 3.
    assert [(k, bar[OPEN_TO_TRADES]) for k, bar in found] == [(3, [10, 12, 9, 9, 4, 4]), (5, [9, 20, 9, 20, 2, 2])]


def test_a_turn_of_renko_needs_two_bricks_of_price() -> None:
    found = made(bars.new_state(bars.RENKO, 5, 0, 0, 0), *map(trade, (52, 54, 55, 51, 49, 46, 45, 44)))
    # 52 lies above 50: up at 55; then down not before 45, from the bottom of the last brick.
    assert [(k, bar[OPEN_TO_TRADES]) for k, bar in found] == [(2, [50, 55, 50, 55, 3, 3]), (6, [50, 50, 45, 45, 4, 4])]


def test_one_trade_may_finish_several_bricks_of_which_the_first_has_the_volume() -> None:
    found = made(bars.new_state(bars.RENKO, 5, 0, 0, 0), trade(50, 1, 2), trade(66, 1, 3), trade(66), trade(40))
    assert [(k, bar[rows.TS_EVENT], bar[OPEN_TO_TRADES]) for k, bar in found] == [
        (1, 0, [50, 55, 50, 55, 5, 2]),
        (1, 1, [55, 60, 55, 60, 0, 0]),
        (1, 1, [60, 65, 60, 65, 0, 0]),
        (3, 2, [60, 60, 55, 55, 2, 2]),
        (3, 3, [55, 55, 50, 50, 0, 0]),
        (3, 3, [50, 50, 45, 45, 0, 0]),
        (3, 3, [45, 45, 40, 40, 0, 0]),
    ]


def test_a_cusum_bar_ends_when_changes_have_summed_up_since_the_last_turn() -> None:
    # Up 2, down 1 (1 up, 1 down), up 2: 3 up. Then the sum up begins at 0, and falls sum up across bars.
    assert closings(bars.CUSUM, 3, *map(trade, (10, 12, 11, 13, 14, 12, 11))) == [3, 6]


@pytest.mark.parametrize(("span", "clamp"), [(0, 4), (20, 0)])
def test_expectations_that_make_no_sense_are_refused(span: int, clamp: int) -> None:
    with pytest.raises(ValueError, match="span >= 1 and clamp >= 1"):
        bars.new_state(bars.TICK_RUN, 10, 0, 0, 0, span, clamp)


def test_sizes_in_prices_become_ticks_and_sizes_in_trades_stay() -> None:
    instrument = Instrument(symbol="BTCUSDT", base="BTC", quote="USDT", tick_size="0.05", lot_size="0.001")
    assert bar_size(BarSection("renko", size="2.5 USDT"), instrument, "bars.a.size") == 50
    assert bar_size(BarSection("volume_imbalance", size=300), instrument, "bars.a.size") == 300
    with pytest.raises(ConfigError, match=r"bars\.a\.size: 0\.12 is no multiple of the tick size 0\.05 of .*BTCUSDT"):
        bar_size(BarSection("range", size="0.12"), instrument, "bars.a.size")
    with pytest.raises(ConfigError, match=r"bars\.a\.size: 5 BTC: cusum bars of .*BTCUSDT count USDT"):
        bar_size(BarSection("cusum", size="5 BTC"), instrument, "bars.a.size")


def test_information_bars_of_real_trades_lose_no_trade_and_keep_near_what_is_expected(market_data: Path) -> None:
    with gzip.open(market_data / "binance_l2" / "spot" / "btcusdt_20240808.gz", "rt") as lines:
        events = [json.loads(line[20:])["data"] for line in lines if '"e":"trade"' in line]
    trades = [(int(Decimal(e["p"]) * 100), int(Decimal(e["q"]) * 100_000), -1 if e["m"] else 1) for e in events]
    for method in range(bars.TICK_IMBALANCE, bars.DOLLAR_RUN + 1):
        found = made(bars.new_state(method, 100, 0, 0, 0), *trades)
        counts = [bar[rows.BAR_TRADES] for _, bar in found]
        assert counts[0] == 100
        assert sum(counts) == found[-1][0] + 1
        volumes = [bar[rows.BAR_VOLUME] for _, bar in found]
        assert sum(volumes) == sum(quantity for _, quantity, _ in trades[: found[-1][0] + 1])
        # Neither one bar for ever nor a bar per trade.
        assert 5 < np.mean(counts) < 1000
