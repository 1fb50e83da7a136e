"""A small world in which anything can happen at once, for the laws of the loop: markets, splits and strategies."""

from typing import Any

import numpy as np

from tickloom.events import BookDelta, Quote, Trade
from tickloom.features import Ladder, feature
from tickloom.instruments import Instrument
from tickloom.interfaces import Strategy
from tickloom_kernels import rows as r
from tickloom_kernels.indicators.window import at, get, give, level, put

MS = 1_000_000
START = 1_700_000_000_000 * MS

INSTRUMENTS = (
    Instrument(
        symbol="AAA", base="AAA", quote="USD", tick_size="0.1", lot_size="0.01", maker_fee="0.0003", taker_fee="0.0007"
    ),
    Instrument(
        symbol="BBB",
        base="BBB",
        quote="EUR",
        contract="linear",
        tick_size="0.01",
        lot_size="0.1",
        maker_fee="-0.0001",
        taker_fee="0.0005",
    ),
    Instrument(
        symbol="CCC",
        base="CCC",
        quote="USD",
        contract="inverse",
        tick_size="0.5",
        lot_size="1",
        multiplier="10",
        taker_fee="0.0005",
    ),
    Instrument(
        symbol="DDD",
        base="DDD",
        quote="EUR",
        tick_size="0.01",
        lot_size="0.1",
        min_quantity="0.2",
        maker_fee="0.0002",
        taker_fee="0.0004",
    ),
)

#: The instruments of each source, a to e.
OF_SOURCE = ((0,), (1,), (0,), (2,), (3,))

CONFIG = """
[run]
seed = {seed}
tail = "50ms"
on_fault = "{on_fault}"
[sources.a]
kind = "a"
venue = "one"
[sources.b]
kind = "b"
venue = "two"
[sources.c]
kind = "c"
venue = "one"
[sources.d]
kind = "d"
venue = "one"
[sources.e]
kind = "e"
venue = "two"
[venues.one]
kind = "simulated"
latency = {latency}
initial_queue = "0.4"
[venues.two]
kind = "simulated"
latency = {{ kind = "constant", out = "1ms", back = "3ms", feed = "1ms" }}
half_spread = "20 bp"
[accounts.main]
venue = "one"
deposits = ["100000 USD", "500 AAA", "1000 CCC"]
[accounts.other]
venue = "two"
deposits = ["40000 EUR", "300 DDD"]
[bars.fast]
method = "time"
interval = "10ms"
grace = "3ms"
[bars.five]
method = "tick"
size = 5
instruments = ["AAA"]
[bars.large]
method = "dollar"
size = "9000 EUR"
instruments = ["BBB"]
[bars.bricks]
method = "renko"
size = "0.5"
[bars.runs]
method = "volume_run"
size = 4
[views.cross]
on = "trade"
features = [{{ name = "ema_first", n = 3 }}, {{ name = "ema_first", n = 9 }}]
[views.slow]
on = "bar"
bars = "fast"
features = [{{ name = "ema_first", n = 2 }}]
[views.mid]
on = "quote"
features = [{{ name = "ema_first", n = 2 }}, {{ name = "ema_first", n = 5 }}]
[views.depth]
on = "book"
depth = 3
instruments = ["CCC"]
features = [{{ name = "leaning" }}, {{ name = "ema_first", n = 3 }}]
[views.ranks]
on = "bar"
bars = "fast"
features = [{{ name = "rank" }}, {{ name = "ema_first", n = 2 }}]
[views.together]
on = "trade"
missing = "skip"
features = [{{ name = "rank" }}]
[models.cross]
kind = "crossover"
view = "cross"
[models.mid]
kind = "crossover"
view = "mid"
threshold = 0.001
[risk]
max_position = "400"
max_order_rate = "40 / 5ms"
{strategies}
"""


def market(seed: int, count: int, gap: int) -> list[np.ndarray]:
    """Make five streams with many equal times, and more or less empty ones.

    Trades of A; trades and halts of B; quotes of A; a book, trades of C and the kill switch; candles and news of D.
    """
    draw = np.random.default_rng(seed)
    streams = []
    for stream in range(3):
        ts = START + np.sort(draw.integers(0, gap * count, count)) * MS
        price = 1000 + np.cumsum(draw.integers(-2, 3, count))
        x = np.zeros((count, r.WORDS), np.int64)
        x[:, r.TS_INIT] = ts
        x[:, r.TS_EVENT] = ts + draw.integers(-4, 4, count) * MS
        if stream < 2:
            x[:, r.KIND] = r.TRADE
            x[:, r.TRADE_PRICE] = price
            x[:, r.TRADE_QUANTITY] = draw.integers(1, 60, count)
            x[:, r.TRADE_AGGRESSOR] = draw.choice([-1, 0, 1], count, p=[0.45, 0.1, 0.45])
            x[:, r.TRADE_ID] = np.arange(count) + (np.arange(count) > count // 2)
        else:
            x[:, r.KIND] = r.QUOTE
            x[:, r.QUOTE_BID_PRICE] = price - draw.integers(1, 3, count)
            x[:, r.QUOTE_ASK_PRICE] = price + draw.integers(1, 3, count)
            x[:, r.QUOTE_BID_QUANTITY] = draw.integers(0, 40, count)
            x[:, r.QUOTE_ASK_QUANTITY] = draw.integers(1, 40, count)
        streams.append(x)
    halts = draw.random(count) < 0.04
    streams[1][halts, 3:] = [0, 0, 0, 0, 0, 0, 0, 0, r.INSTRUMENT_STATUS]
    streams[1][halts, r.STATUS_TRADING] = draw.integers(0, 2, halts.sum())
    if seed % 5 == 0:
        streams[2] = streams[2][: count // 4]
    streams.append(_book(draw, count, gap))
    streams.append(_candles(draw, count // 3, 2 * gap))
    return streams


def _candles(draw: np.random.Generator, count: int, gap: int) -> np.ndarray:
    """Make candles, known when they close, with a funding rate and a mark price in between that nobody handles."""
    rows: list[list[int]] = []
    ts, close = START, 3000
    for n in range(count):
        opened, ts = ts, ts + int(draw.integers(1, 2 * gap + 1)) * MS
        if n % 7 == 3:
            rows.append([ts, ts, 0, 125, ts, 0, 0, 0, 0, 0, 0, r.FUNDING_RATE])
            rows.append([ts, ts, 0, close, close, 0, 0, 0, 0, 0, 0, r.MARK_PRICE])
        first, close = close, close + int(draw.integers(-9, 10))
        high, low = max(first, close) + int(draw.integers(0, 5)), min(first, close) - int(draw.integers(0, 5))
        rows.append([ts, opened, 0, 0, first, high, low, close, int(draw.integers(5, 90)), 7, 0, r.BAR])
    return np.array(rows, np.int64).reshape(-1, r.WORDS)


def _book(draw: np.random.Generator, count: int, gap: int) -> np.ndarray:
    """Make updates of several rows at one time, snapshots, an emptied book, trades and the kill switch."""
    rows: list[list[int]] = []
    ts, mid = START, 2000
    for n in range(count):
        ts += int(draw.integers(0, 2 * gap)) * MS
        mid += int(draw.integers(-1, 2))
        if draw.random() < 0.3:
            side = int(draw.choice([-1, 1]))
            rows.append([ts, ts, 0, mid + side, int(draw.integers(1, 30)), side, n, 0, 0, 0, 0, r.TRADE])
            continue
        if draw.random() < 0.02:
            engaged = int(draw.random() < 0.5)
            rows.append([ts, ts, -1, engaged, 0, 0, 0, 0, 0, 0, 0, r.KILL_SWITCH])
        clear = draw.random() < 0.08 or n == 0
        update = [[0, 0, 0, r.FLAG_CLEAR]] if clear else []
        levels = 4 if clear else int(draw.integers(1, 4))
        for depth in range(levels):
            for side in (1, -1):
                quantity = int(draw.integers(1, 25)) if clear else int(draw.integers(0, 25))
                update.append([mid - side * (1 + depth), quantity, side, 0])
        if clear and draw.random() < 0.2 and n:
            update = update[:1]
        update[-1][3] |= r.FLAG_LAST
        rows += [[ts, ts, 0, *level, 0, 0, 0, 0, r.BOOK_DELTA] for level in update]
    return np.array(rows, np.int64)


class Quoter(Strategy):
    """Quotes two sides, amends and cancels by timer and by chance, and asks everything a context can tell."""

    def __init__(self) -> None:
        self.at = 0
        self.ids: list[int] = []

    def on_start(self) -> None:
        self.ctx.timer(self.ctx.clock + 7 * MS, "tick")

    def on_timer(self, timer) -> None:
        ctx = self.ctx
        ctx.timer(timer.ts_init + 7 * MS, "tick")
        ctx.subscribe(Trade, 1)
        if self.ids and ctx.rng.random() < 0.6:
            order = ctx.order(self.ids[-1])
            if order.is_open and ctx.rng.random() < 0.7:
                quantity = order.quantity + ctx.rng.choice([-1, 0, 3])
                ctx.amend(order.order_id, quantity, order.price + ctx.rng.randrange(2))
            else:
                ctx.cancel(self.ids.pop())

    def on_trade(self, trade) -> None:
        if trade.instrument != 0 or abs(trade.price - self.at) < 2:
            return
        ctx, self.at = self.ctx, trade.price
        for order_id in self.ids:
            ctx.cancel(order_id)
        self.ids = [
            ctx.submit(0, side, 5 + level, trade.price - side * (1 + level), post_only=level == 1)
            for level in range(2)
            for side in (1, -1)
        ]

    def on_fill(self, fill) -> None:
        if fill.leaves_quantity == 0 and fill.order_id in self.ids:
            self.ids.remove(fill.order_id)
        if len(self.ctx.open_orders()) < 3 and self.ctx.position(0) > 40:
            self.ctx.submit(0, -1, 10)


class Taker(Strategy):
    """Takes on signals, bars, features and the book; comes to listen to more in the middle of the run."""

    def __init__(self) -> None:
        self.seen = 0

    def on_signal(self, signal) -> None:
        self.ctx.submit(signal.instrument, int(signal.value), 7, tag="signal")

    def on_bar(self, bar) -> None:
        self.seen += 1
        side = 1 if bar.close >= bar.open else -1
        if self.ctx.position(bar.instrument) * side < 60:
            self.ctx.submit(bar.instrument, side, 3, bar.close + side, time_in_force=3, tag=f"bar {bar.series}")
        if self.seen == 4:
            self.ctx.subscribe(Trade, 0)
            self.ctx.subscribe(BookDelta, 2)

    def on_features(self, features) -> None:
        if features.view == 1 and features.values[0] > 100:
            self.ctx.submit(features.instrument, -1, 1, tag="features")

    def on_trade(self, trade) -> None:
        if trade.trade_id % 11 == 0:
            self.ctx.submit(trade.instrument, -trade.aggressor or 1, 2)

    def on_book(self, delta) -> None:
        ctx = self.ctx
        bids, asks = ctx.book(delta.instrument, 3)
        quote, last = ctx.quote(delta.instrument), ctx.trade(delta.instrument)
        if len(bids) and len(asks) and len(ctx.open_orders()) < 6 and ctx.rng.random() < 0.4:
            side = 1 if bids[0, 1] > asks[0, 1] else -1
            price = int(bids[0, 0] if side > 0 else asks[0, 0])
            known = f"{quote and quote.bid_price} {last and last.price} {ctx.cash('CCC')}"
            ctx.submit(delta.instrument, side, 4, price, tag=known)


class Faulty(Strategy):
    """Rests an order and then fails, in the middle of a chunk."""

    def __init__(self) -> None:
        self.left = 9

    def on_quote(self, quote) -> None:
        self.left -= 1
        if self.left == 6:
            self.ctx.submit(0, 1, 2, quote.bid_price - 30)
        if self.left == 0:
            raise RuntimeError("a defect of its author")


class Swinger(Strategy):
    """Turns its position over in pieces larger than anybody shows: longs, shorts, partial fills, refusals."""

    def __init__(self) -> None:
        self.side = 1
        self.retries = 25

    def on_start(self) -> None:
        for name in ("one", "two"):
            self.ctx.timer(self.ctx.clock + 11 * MS, name)

    def on_timer(self, timer) -> None:
        ctx = self.ctx
        ctx.timer(timer.ts_init + 11 * MS, timer.name)
        for order in ctx.open_orders()[:2]:
            if timer.name == "one":
                ctx.amend(order.order_id, 2 * order.quantity, max(1, order.price + order.side))
            else:
                ctx.cancel(order.order_id)

    def on_bar(self, bar) -> None:
        ctx = self.ctx
        held = ctx.position(bar.instrument)
        if bar.series:
            ctx.subscribe(Quote, 0)
        if held * self.side > 0 and ctx.rng.random() < 0.6:
            self.side = -self.side
            ctx.submit(bar.instrument, self.side, abs(held) + 20)
        else:
            price = bar.close + self.side * ctx.rng.randrange(-3, 2)
            ctx.submit(
                bar.instrument, self.side, ctx.rng.randrange(1, 150), price, tag="own" if bar.series else "given"
            )

    def on_quote(self, quote) -> None:
        if quote.bid_quantity > 35:
            self.ctx.submit(2, self.side, 3, tag=f"{self.ctx.quote(0)}")

    def on_order(self, update) -> None:
        if update.report in {5, 6} and self.retries:
            self.retries -= 1
            self.ctx.submit(update.instrument, -self.side, 1 + self.retries % 4, update.price or None)

    def on_signal(self, signal) -> None:
        if signal.model == 1:
            self.ctx.cancel(next((order.order_id for order in self.ctx.open_orders()), 0))

    def on_stop(self) -> None:
        self.ctx.submit(3, -1, 5)


@feature(inputs=(Ladder("bid_size"), Ladder("ask_size"), "bought", "sold"))
def leaning(k: int, bids: Any, asks: Any, bought: float, sold: float) -> float:
    """Compare what stands and was traded on either side."""
    found = bought - sold
    for depth in range(3):
        found += level(bids, depth) - level(asks, depth)
    return found


@feature(across=True, inputs=("close",), memory=1)
def rank(k: int, memory: Any, symbols: int, closes: Any, ranks: Any) -> None:
    """How many symbols are below, and a part of the instants so far."""
    put(memory, 0, get(memory, 0) + 1.0)
    for s in range(symbols):
        below = get(memory, 0) / 1024.0
        for other in range(symbols):
            below += 1.0 if at(closes, other) < at(closes, s) else 0.0
        give(ranks, s, below)


FEATURES = {"leaning": leaning, "rank": rank}
STRATEGIES = {"quoter": Quoter, "taker": Taker, "faulty": Faulty, "swinger": Swinger}


def config(names: tuple[str, ...], seed: int, latency: str, on_fault: str = "stop") -> str:
    """Text of a run's config with some of the strategies."""
    wanted = {
        "quoter": 'instruments = ["AAA"]',
        "taker": 'instruments = ["BBB", "CCC"]',
        "faulty": "",
        "swinger": 'instruments = ["BBB", "CCC", "DDD"]\nbars = ["fast", "large", "6ms"]\npriority = -1',
    }
    parts = [f'[strategies.{name}]\nkind = "{name}"\n{wanted[name]}' for name in names]
    return CONFIG.format(seed=seed, latency=latency, on_fault=on_fault, strategies="\n".join(parts))
