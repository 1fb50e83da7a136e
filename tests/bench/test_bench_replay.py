"""Replay: Python strategies on every tick, on bars only, and quoting; against the bare loop of the same run."""

import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import bare
import numpy as np
import pytest
from measure import ratio

from tickloom.instruments import Instrument
from tickloom.interfaces import Strategy
from tickloom.testing import Prepared, RowSource, prepare
from tickloom_kernels import rows as r

TICKS = 1_000_000
PERP = Instrument(
    symbol="BTCUSDT",
    base="BTC",
    quote="USDT",
    contract="linear",
    tick_size="0.1",
    lot_size="0.001",
    maker_fee="0.0002",
    taker_fee="0.0005",
)
OTHER = Instrument(symbol="ETHUSDT", base="ETH", quote="USDT", contract="linear", tick_size="0.1", lot_size="0.001")
CONFIG = """
[sources.main]
kind = "ticks"
[venues.sim]
kind = "simulated"
latency = {{ out = "20ms", back = "10ms" }}
[accounts.main]
deposits = ["1000000 USDT"]
[risk]
max_position = "10"
{more}
[strategies.main]
kind = "strategy"
"""


class Cross(Strategy):
    """Two exponential averages; turns its position when they cross."""

    def __init__(self) -> None:
        self.fast = self.slow = 0.0
        self.seen = self.side = self.orders = 0

    def on_trade(self, trade: Any) -> None:
        price = trade.price
        if self.seen == 0:
            self.fast = self.slow = float(price)
        self.seen += 1
        self.fast = fast = self.fast + 2 / 51 * (price - self.fast)
        self.slow = slow = self.slow + 2 / 2001 * (price - self.slow)
        if self.seen < 2000:
            return
        side = 1 if fast > slow else -1
        if side != self.side:
            self.turn(side)

    def turn(self, side: int) -> None:
        self.orders += 1
        self.ctx.submit(0, side, 10 if self.side == 0 else 20)
        self.side = side


class Silent(Cross):
    """The same averages, and nothing else."""

    def turn(self, side: int) -> None:
        self.orders += 1
        self.side = side


class OnBars(Strategy):
    """Looks at closed bars only."""

    def on_bar(self, bar: Any) -> None:
        if bar.close > bar.open and self.ctx.position(0) <= 0:
            self.ctx.submit(0, 1, 10)


class Quoter(Strategy):
    """Four commands on every tick."""

    def __init__(self) -> None:
        self.ids: list[int] = []

    def on_trade(self, trade: Any) -> None:
        ctx = self.ctx
        for order_id in self.ids:
            ctx.cancel(order_id)
        self.ids = [ctx.submit(0, 1, 5, trade.price - 3), ctx.submit(0, -1, 5, trade.price + 3)]


def ticks(count: int, instruments: int = 1) -> np.ndarray:
    """Make a seeded random walk of trades, one per millisecond."""
    draw = np.random.default_rng(7)
    rows = np.zeros((count, r.WORDS), np.int64)
    rows[:, r.TS_INIT] = 1_700_000_000_000_000_000 + np.arange(count) * 1_000_000
    rows[:, r.TS_EVENT] = rows[:, r.TS_INIT]
    rows[:, r.INSTRUMENT] = np.arange(count) % instruments
    rows[:, r.TRADE_PRICE] = 300_000 + np.cumsum(draw.integers(-2, 3, count))
    rows[:, r.TRADE_QUANTITY] = draw.integers(1, 1000, count)
    rows[:, r.TRADE_AGGRESSOR] = draw.choice([-1, 1], count)
    rows[:, r.TRADE_ID] = np.arange(count)
    rows[:, r.KIND] = r.TRADE
    return rows


def wired(rows: np.ndarray, strategy: type, more: str = "", instruments: int = 1) -> Prepared:
    """Wire a run over rows in chunks of 65,536."""
    plan = [(1 << 16, None)] * (len(rows) // (1 << 16) + 1)
    source = partial(RowSource, [PERP, OTHER][:instruments], rows, plan)
    return prepare(CONFIG.format(more=more), {"ticks": source, "strategy": strategy})


def timed(rows: np.ndarray, strategy: type, more: str = "", instruments: int = 1) -> float:
    """Run and time it, wiring apart."""
    prepared = wired(rows, strategy, more, instruments)
    started = time.perf_counter()
    finished = prepared.execute()
    elapsed = time.perf_counter() - started
    assert finished.record.status == "ended"
    return elapsed


def test_averages_on_every_tick_with_orders_ledger_and_risk(benchmark: Any) -> None:
    """At least 0.65 of the bare loop."""
    rows = ticks(TICKS)
    slower = ratio(benchmark, lambda: timed(rows, Cross), lambda: bare.ticks(rows, Silent().on_trade), units=TICKS)
    assert 1 / slower >= 0.65


def test_bars_only_cost_no_python_per_tick(benchmark: Any) -> None:
    """At least 10 M ticks/s on the reference machine, which is 3 times its bare loop."""
    rows = ticks(TICKS, 2)
    bars = '[bars.second]\nmethod = "time"\ninterval = "1s"\n'
    slower = ratio(
        benchmark, lambda: timed(rows, OnBars, bars, 2), lambda: bare.ticks(rows, Silent().on_trade), units=TICKS
    )
    assert 1 / slower >= 3


def test_four_commands_on_every_tick(benchmark: Any) -> None:
    """Risk, latency, venue and ledger included; the figure per command stands in the docs."""
    rows = ticks(20_000)
    per_command = [0.0]

    def quote() -> float:
        elapsed = timed(rows, Quoter)
        per_command[0] = elapsed / (4 * len(rows))
        return elapsed

    ratio(benchmark, quote, lambda: bare.ticks(rows, Silent().on_trade), units=4 * len(rows), rounds=3)
    assert per_command[0] > 0


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_million_ticks_stay_below_300_mb(benchmark: Any) -> None:
    """Peak memory of a process that replays a stream it does not hold."""
    code = (
        "from test_bench_replay import streamed; streamed();"
        # Not ru_maxrss: that begins with the size of the process that started this one.
        "print([line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')][0])"
    )

    def replay() -> None:
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=Path(__file__).parent, capture_output=True, text=True, check=True
        )
        benchmark.extra_info["peak_mb"] = int(done.stdout.split()[-1]) / 1024

    benchmark.pedantic(replay, rounds=1)
    print(f"\npeak memory {benchmark.extra_info['peak_mb']:.0f} MB")
    assert benchmark.extra_info["peak_mb"] <= 300


class Streamed:
    """Makes its ticks as they are asked for, as a file would."""

    instruments = (PERP,)
    series = ()

    def chunks(self) -> Any:
        for part in range(16):
            rows = ticks(TICKS // 16)
            rows[:, :2] += part * TICKS // 16 * 1_000_000
            yield rows, int(rows[-1, 0])

    def progress(self) -> float:
        return 1.0


def streamed() -> None:
    """Replay a million ticks with the averages on every one of them."""
    prepare(CONFIG.format(more=""), {"ticks": Streamed, "strategy": Cross}).execute()
