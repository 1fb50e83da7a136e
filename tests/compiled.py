"""Strategies in numba and their twins in Python, and a market of levels and trades for them."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from loops import run_wired
from numba import njit
from numpy.typing import NDArray
from worlds import Tape

from tickloom.events import BookDelta, Signal, Trade
from tickloom.instruments import Instrument
from tickloom.interfaces import Strategy
from tickloom.record import RunRecord
from tickloom.testing import RowSource
from tickloom_kernels import rows as r
from tickloom_kernels.compiled import desk, emission
from tickloom_kernels.orders import table as t

PERP = Instrument(
    symbol="BTCUSDT", base="BTC", quote="USDT", contract="linear", tick_size="0.1", lot_size="0.001",
    maker_fee="-0.00005", taker_fee="0.0007",
)  # fmt: skip
SPOT = Instrument(symbol="ETHUSDT", base="ETH", quote="USDT", tick_size="0.1", lot_size="0.001", taker_fee="0.001")
CONFIG = """
[sources.main]
kind = "feed"
[venues.sim]
kind = "simulated"
latency = {latency}
[accounts.main]
deposits = {deposits}
[risk]
{risk}
[strategies.main]
kind = "strategy"
"""


@njit(cache=True)
def _walk(draws: Any, rows: Any) -> None:
    """Fill in levels around a slow random walk, never crossed, and trades at the best of them.

    ``draws`` are uniform numbers, five to a row.
    """
    depth = np.zeros((2, 40_000))
    middle, base = 300_000, 280_000
    bid, ask = base, base + 39_999
    for k in range(len(rows)):
        trade, move, which, away, size = draws[k]
        rows[k, r.KIND] = r.BOOK_DELTA
        rows[k, r.DELTA_FLAGS] = r.FLAG_LAST
        middle += 1 if move < 0.02 else -1 if move > 0.98 else 0
        if bid >= middle:
            price, quantity, side = bid, 0, 1
        elif ask <= middle:
            price, quantity, side = ask, 0, -1
        elif trade < 0.1 and bid > base and ask < base + 39_999:
            rows[k, r.KIND] = r.TRADE
            rows[k, r.TRADE_PRICE] = ask if which < 0.5 else bid
            rows[k, r.TRADE_QUANTITY] = 1 + int(size * 300)
            rows[k, r.TRADE_AGGRESSOR] = 1 if which < 0.5 else -1
            rows[k, r.TRADE_ID] = k
            continue
        else:
            side = 1 if which < 0.5 else -1
            price = middle - side * (1 + int(away * 12))
            quantity = 100 * int(size * 5)
        rows[k, r.DELTA_PRICE], rows[k, r.DELTA_QUANTITY], rows[k, r.DELTA_SIDE] = price, quantity, side
        depth[0 if side > 0 else 1, price - base] = quantity
        if side > 0 and quantity > 0:
            bid = max(bid, price)
        elif side < 0 and quantity > 0:
            ask = min(ask, price)
        while bid > base and depth[0, bid - base] == 0:
            bid -= 1
        while ask < base + 39_999 and depth[1, ask - base] == 0:
            ask += 1


def feed(count: int, seed: int) -> NDArray[np.int64]:
    """Make levels and trades, one row per millisecond."""
    rows = np.zeros((count, r.WORDS), np.int64)
    _walk(np.random.default_rng(seed).random((count, 5)), rows)
    rows[:, r.TS_INIT] = 1_700_000_000_000_000_000 + np.arange(count) * 1_000_000
    rows[:, r.TS_EVENT] = rows[:, r.TS_INIT]
    return rows


# --- two-sided quoting -----------------------------------------------------------------------------------------------

# Memory of the quoter: rows of its bid and ask in the table, -1 for none; when it looks again.
_BID, _ASK, _NEXT = 0, 1, 2
EVERY = 10_000_000
AWAY = 1
SIZE = 10


@njit(desk.ORDER_KERNEL, cache=True)
def quote(state: Any, orders: Any, table: Any, exposure: Any, newest: Any, rows: Any, i: int) -> None:
    """Every 10 ms: a bid and an ask a tick behind the best; what stands elsewhere is cancelled."""
    ts = rows[i, r.TS_INIT]
    if ts < state[_NEXT] or newest[0, 1, r.KIND] == 0 or rows[i, r.INSTRUMENT] != 0:
        return
    state[_NEXT] = ts + EVERY
    for side in (1, -1):
        slot = _BID if side > 0 else _ASK
        price = newest[0, 1, r.QUOTE_BID_PRICE] - AWAY if side > 0 else newest[0, 1, r.QUOTE_ASK_PRICE] + AWAY
        row = np.int64(state[slot])
        if row >= 0 and desk.is_open(table, row):
            if table[row, t.PRICE] == price:
                continue
            desk.cancel(orders, row)
        state[slot] = desk.submit(orders, 0, side, SIZE, price, desk.GTC, 1)


class Quoter(Strategy):
    """Quotes in numba."""

    order_kernel = staticmethod(quote)

    def kernel_state(self) -> NDArray[np.float64]:
        return np.array([-1.0, -1.0, 0.0])


class QuoterTwin(Strategy):
    """Quotes in Python."""

    def __init__(self) -> None:
        self.ids: dict[int, int] = {}
        self.due = 0

    def on_trade(self, trade: Trade) -> None:
        self.look(trade)

    def on_book(self, delta: BookDelta) -> None:
        self.look(delta)

    def look(self, event: Any) -> None:
        if event.ts_init < self.due or event.instrument != 0:
            return
        best = self.ctx.quote(0)
        if best is None:
            return
        self.due = event.ts_init + EVERY
        for side in (1, -1):
            price = best.bid_price - AWAY if side > 0 else best.ask_price + AWAY
            order_id = self.ids.get(side)
            if order_id is not None:
                order = self.ctx.order(order_id)
                if order.is_open and order.price == price:
                    continue
                if order.is_open:
                    self.ctx.cancel(order_id)
            self.ids[side] = self.ctx.submit(0, side, SIZE, price, post_only=True)


# --- two averages ----------------------------------------------------------------------------------------------------

FAST, SLOW, WARM = 2 / 11, 2 / 101, 50


@njit(emission.EMISSION_KERNEL, cache=True)
def cross(state: Any, newest: Any, rows: Any, i: int) -> float:
    """Speak when the averages of the mid have crossed; the state ends with their weights and when they are warm."""
    if newest[0, 1, r.KIND] == 0 or rows[i, r.INSTRUMENT] != 0:
        return np.nan
    price = (newest[0, 1, r.QUOTE_BID_PRICE] + newest[0, 1, r.QUOTE_ASK_PRICE]) / 2.0
    if state[0] == 0.0:
        state[0] = state[1] = price
    state[0] += state[4] * (price - state[0])
    state[1] += state[5] * (price - state[1])
    state[2] += 1
    side = 1.0 if state[0] > state[1] else -1.0
    if state[2] < state[6] or side == state[3]:
        return np.nan
    state[3] = side
    return side


class Turning(Strategy):
    """Turns its position at a signal."""

    held = 0

    def on_signal(self, signal: Signal) -> None:
        side = 1 if signal.value > 0 else -1
        self.ctx.submit(0, side, SIZE if self.held == 0 else 2 * SIZE)
        self.held = side


class Cross(Turning):
    """Its averages are computed in numba."""

    emission_kernel = staticmethod(cross)

    def kernel_state(self) -> NDArray[np.float64]:
        return np.array([0.0, 0.0, 0.0, 0.0, FAST, SLOW, WARM])


class CrossTwin(Turning):
    """Its averages are computed in Python."""

    def __init__(self) -> None:
        self.state = np.zeros(4)

    def on_trade(self, trade: Trade) -> None:
        self.look(trade)

    def on_book(self, delta: BookDelta) -> None:
        self.look(delta)

    def look(self, event: Any) -> None:
        best = self.ctx.quote(0)
        if best is None or event.instrument != 0:
            return
        price, state = (best.bid_price + best.ask_price) / 2.0, self.state
        if state[0] == 0.0:
            state[0] = state[1] = price
        state[0] += FAST * (price - state[0])
        state[1] += SLOW * (price - state[1])
        state[2] += 1
        side = 1.0 if state[0] > state[1] else -1.0
        if state[2] >= WARM and side != state[3]:
            state[3] = side
            self.ctx.publish(0, side)


def run(
    strategy: type[Strategy],
    rows: NDArray[np.int64],
    latency: str = '{ out = "1ms", back = "1ms" }',
    plan: Sequence[tuple[int, int | None]] = (),
    block: int = 1 << 16,
    instruments: Sequence[Instrument] = (PERP,),
    risk: str = "",
    deposits: str = '["1000000 USDT"]',
    plugins: Mapping[str, Any] | None = None,
) -> tuple[Tape, RunRecord]:
    """Run a strategy over rows; the books must balance afterwards."""
    tape = Tape()
    source = partial(RowSource, instruments, rows, plan)
    text = CONFIG.format(latency=latency, risk=risk, deposits=deposits)
    record = run_wired(text, {"feed": source, "strategy": strategy, **(plugins or {})}, block, (tape,))
    record.ledger.check()
    return tape, record
