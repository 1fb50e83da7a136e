"""The engine's own figures on the machine at hand: a few runs, each in turn with the bare loop of the same work."""

import statistics
import time
from collections.abc import Callable
from functools import partial
from itertools import starmap
from typing import Any

import attrs
import numpy as np

from tickloom.events import Bar, Trade
from tickloom.instruments import Instrument
from tickloom.interfaces import Strategy
from tickloom.testing.runs import Rows, RowSource, prepare
from tickloom_kernels import rows as r

#: Pairs of runs; their medians are told.
ROUNDS = 3
#: Rows of the market that is run.
TICKS = 200_000
_QUOTED = 10_000
_PERPETUAL = Instrument(
    symbol="BTCUSDT", base="BTC", quote="USDT", contract="linear", tick_size="0.1", lot_size="0.001"
)
_CONFIG = """
[sources.main]
kind = "ticks"
[venues.sim]
kind = "simulated"
latency = { out = "20ms", back = "10ms" }
[accounts.main]
deposits = ["1000000 USDT"]
[risk]
max_position = "10"
[strategies.main]
kind = "strategy"
"""


@attrs.frozen
class Figure:
    """One line of the table.

    Attributes
    ----------
    name : str
        What is measured.
    unit : str
        What one of them is.
    ns, bare_ns : float
        Time for each, and of the bare loop for each of its ticks (ns).
    """

    name: str
    unit: str
    ns: float
    bare_ns: float


class _Averages(Strategy):
    """Two exponential averages on every tick."""

    fast = slow = 0.0

    def on_trade(self, trade: Trade) -> None:
        price = trade.price
        self.fast += 2 / 51 * (price - self.fast)
        self.slow += 2 / 2001 * (price - self.slow)


class _OnBars(Strategy):
    """Looks at closed bars only."""

    seen = 0

    def on_bar(self, bar: Bar) -> None:
        self.seen += 1


class _Quoter(Strategy):
    """Four commands on every tick."""

    ids: tuple[int, ...] = ()

    def on_trade(self, trade: Trade) -> None:
        for order_id in self.ids:
            self.ctx.cancel(order_id)
        self.ids = (self.ctx.submit(0, 1, 5, trade.price - 3), self.ctx.submit(0, -1, 5, trade.price + 3))


def figures(progress: Callable[[str], None] = lambda _name: None) -> list[Figure]:
    """Measure the engine.

    Parameters
    ----------
    progress : callable, optional
        Hears the name of each measurement before it begins.

    Returns
    -------
    list of Figure
    """
    rows = _walk(TICKS)
    bars = '[bars.second]\nmethod = "time"\ninterval = "1s"\n'
    cases: tuple[tuple[str, str, type[Strategy], str, Rows, int], ...] = (
        ("two averages in Python on every tick", "tick", _Averages, "", rows, TICKS),
        ("Python on bars of a second only", "tick", _OnBars, bars, rows, TICKS),
        ("four commands from Python on every tick", "command", _Quoter, "", rows[:_QUOTED], 4 * _QUOTED),
    )
    found = []
    for name, unit, strategy, more, market, units in cases:
        progress(name)
        _seconds(strategy, more, market[:1_000])
        pairs = [(_seconds(strategy, more, market), _bare(market)) for _ in range(ROUNDS)]
        ours, bare = (statistics.median(side) * 1e9 for side in zip(*pairs, strict=True))
        found.append(Figure(name, unit, ours / units, bare / len(market)))
    return found


def _walk(count: int) -> Rows:
    """Make a seeded random walk of trades, one per millisecond."""
    draw = np.random.default_rng(7)
    rows = np.zeros((count, r.WORDS), np.int64)
    rows[:, r.TS_INIT] = rows[:, r.TS_EVENT] = 1_700_000_000_000_000_000 + np.arange(count) * 1_000_000
    rows[:, r.TRADE_PRICE] = 300_000 + np.cumsum(draw.integers(-2, 3, count))
    rows[:, r.TRADE_QUANTITY] = draw.integers(1, 1000, count)
    rows[:, r.TRADE_AGGRESSOR] = draw.choice([-1, 1], count)
    rows[:, r.TRADE_ID] = np.arange(count)
    rows[:, r.KIND] = r.TRADE
    return rows


def _seconds(strategy: type[Strategy], more: str, rows: Rows) -> float:
    plan: list[Any] = [(1 << 16, None)] * (len(rows) // (1 << 16) + 1)
    source = partial(RowSource, [_PERPETUAL], rows, plan)
    run = prepare(_CONFIG + more, {"ticks": source, "strategy": strategy})
    started = time.perf_counter()
    run.execute()
    return time.perf_counter() - started


def _bare(rows: Rows) -> float:
    """Time the work itself: Structs in lists of 1,024, handed to two averages."""
    handler = _Averages().on_trade
    started = time.perf_counter()
    for at in range(0, len(rows), 1024):
        for trade in list(starmap(Trade, rows[at : at + 1024, :7].tolist())):
            handler(trade)
    return time.perf_counter() - started
