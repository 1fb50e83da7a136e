"""Runs made by hand: a `RunRecord` from a few lines that say what happened, for tests of metrics and report."""

from collections import Counter
from collections.abc import Sequence
from random import Random

import numpy as np
from numpy.typing import NDArray

from tickloom.codes import OrderStatus, OrderType, Report, TimeInForce
from tickloom.events import Event, Fill, Funding, OrderUpdate, Signal, SubmitOrder
from tickloom.instruments import Instrument, parse_amount
from tickloom.ledger import Ledger
from tickloom.record import Entry, RunRecord
from tickloom.report.sections.costs import Costs
from tickloom.report.sections.doubts import Doubts
from tickloom.report.sections.equity import Equity
from tickloom.report.sections.inventory import Inventory
from tickloom.report.sections.numbers import Numbers
from tickloom.report.sections.orders import Orders
from tickloom.report.sections.price import Price
from tickloom.report.sections.returns import Returns
from tickloom.report.sections.run_card import RunCard
from tickloom.report.sections.trades import Trades

#: Our own sections, in their order.
SECTIONS = (RunCard(), Numbers(), Equity(), Returns(), Price(), Inventory(), Trades(), Orders(), Costs(), Doubts())

SECOND = 1_000_000_000
#: 2024-03-01 00:00:00 UTC.
START = 1_709_251_200 * SECOND

SPOT = Instrument(
    symbol="BTCUSDT", venue="spot", base="BTC", quote="USDT", tick_size="0.01", lot_size="0.001", taker_fee="0.001"
)


class Story:
    """Collects what happened in a run; times are seconds after `START`, prices and quantities texts."""

    def __init__(self, *instruments: Instrument, deposits: Sequence[str] = ("10000 USDT",), cell: float = 1) -> None:
        self.instruments = instruments or (SPOT,)
        self.venues = sorted({one.venue for one in self.instruments})
        self.cell = round(cell * SECOND)
        self.ledger = Ledger(self.instruments, self.venues, self.venues)
        self.deposits = {}
        for text in deposits:
            units, asset = parse_amount(text, self.ledger.precisions)
            self.deposits[0, asset] = units
            self.ledger.deposit(0, asset, units)
        self.entries: list[Entry] = []
        self.cells: dict[int, list[list[int]]] = {}
        self.arrivals: dict[int, int] = {}
        self.orders: dict[int, SubmitOrder] = {}
        self.filled: Counter[int] = Counter()
        self.last = START

    def _add(self, event: Event) -> None:
        self.entries.append(Entry(len(self.entries), 1, len(self.entries), 0, event))

    def at(self, seconds: float) -> int:
        """Moment (UNIX time in nanoseconds, UTC) so many seconds after the start."""
        return START + round(seconds * SECOND)

    def mark(self, end: float, *prices: str, instrument: int = 0) -> None:
        """Add a cell of marks that ends then: its prices in order."""
        half_ticks = [round(float(price) / float(self.instruments[instrument].tick_size) * 2) for price in prices]
        cell = [self.at(end), half_ticks[0], max(half_ticks), min(half_ticks), half_ticks[-1]]
        self.cells.setdefault(instrument, []).append(cell)
        self.last = max(self.last, self.at(end))

    def submit(
        self,
        seconds: float,
        side: int,
        quantity: str,
        price: str | None = None,
        *,
        arrival: str | None = None,
        instrument: int = 0,
        parent: int = 0,
        tag: str = "",
    ) -> int:
        """Submit an order and return its id; ``arrival`` is the middle of bid and ask then."""
        terms = self.instruments[instrument]
        order_id = len(self.orders) + 1
        kind = OrderType.MARKET if price is None else OrderType.LIMIT
        ticks = 0 if price is None else terms.ticks(price)
        account = self.venues.index(terms.venue)
        now, lots = self.at(seconds), terms.lots(quantity)
        self.orders[order_id] = SubmitOrder(
            *(now, order_id, parent, 0, account, instrument, side, kind, TimeInForce.GTC, False, ticks, lots),
            algorithm="direct",
            tag=tag,
        )
        self._add(self.orders[order_id])
        if arrival is not None:
            self.arrivals[order_id] = round(float(arrival) / float(terms.tick_size) * 2)
        return order_id

    def update(
        self, seconds: float, order_id: int, report: Report, status: OrderStatus, reason: str = "", leaves: str = "0"
    ) -> None:
        """Add news of an order."""
        order = self.orders[order_id]
        now, lots = self.at(seconds), self.instruments[order.instrument].lots(leaves)
        self._add(
            OrderUpdate(now, now, order_id, order.account, order.instrument, report, status, order.price, lots, reason)
        )

    def fill(
        self, seconds: float, order_id: int, price: str, quantity: str, *, maker: bool = False, fee: int | None = None,
        fee_asset: str = "",
    ) -> None:  # fmt: skip
        """Fill an order, in part or whole; without ``fee`` (smallest units) the instrument's own."""
        order = self.orders[order_id]
        terms = self.instruments[order.instrument]
        ticks, lots, now = terms.ticks(price), terms.lots(quantity), self.at(seconds)
        self.filled[order_id] += lots
        fee = terms.fee(ticks, lots, maker) if fee is None else fee
        asset = fee_asset or terms.settle
        self.ledger.fill(order.account, order.instrument, order.side, ticks, lots, fee, asset)
        leaves = order.quantity - self.filled[order_id]
        self._add(
            Fill(
                now, now, order_id, order.account, order.instrument, order.side, ticks, lots, leaves, fee, asset, maker
            )
        )

    def trade(
        self, seconds: float, side: int, quantity: str, price: str, *, instrument: int = 0, arrival: str | None = None
    ) -> int:
        """Submit a market order, have it accepted and filled whole at once, and return its id."""
        order_id = self.submit(seconds, side, quantity, arrival=arrival, instrument=instrument)
        self.update(seconds, order_id, Report.ACCEPTED, OrderStatus.ACCEPTED)
        self.fill(seconds, order_id, price, quantity)
        return order_id

    def funding(self, seconds: float, units: int, instrument: int = 0) -> None:
        """Receive a funding payment (smallest units)."""
        account = self.venues.index(self.instruments[instrument].venue)
        self.ledger.funding(account, instrument, units)
        self._add(Funding(self.at(seconds), self.at(seconds), account, instrument, units))

    def signal(self, seconds: float, value: float, instrument: int = 0) -> None:
        """Let the model say something."""
        self._add(Signal(self.at(seconds), 0, instrument, value))

    def record(self, **changes: object) -> RunRecord:
        """Return the run, with some fields set otherwise."""
        fields: dict[str, object] = {
            "name": "story",
            "config": {"run": {"seed": 7}},
            "seed": 7,
            "versions": {"tickloom": "0.1.0"},
            "instruments": self.instruments,
            "accounts": self.venues,
            "account_venues": range(len(self.venues)),
            "strategies": ["cross"],
            "models": ["cross"],
            "views": ["cross"],
            "sources": ["main"],
            "venues": self.venues,
            "series": [],
            "deposits": self.deposits,
            "entries": self.entries,
            "marks": {index: np.array(cells, np.int64) for index, cells in sorted(self.cells.items())},
            "cell": self.cell,
            "arrivals": self.arrivals,
            "ledger": self.ledger,
            "rows": {"Trade": 3},
            "bad_inputs": {},
            "first": START,
            "last": self.last,
            "notes": [],
            "status": "ended",
        }
        return RunRecord(**(fields | changes))  # type: ignore[arg-type]


def prices_of_a_walk(rng: Random, cells: int, start: int) -> NDArray[np.int64]:
    """Walk at random: int64, shape (cells, 4), first, highest, lowest, last price (half ticks) of each cell."""
    steps = np.array([[rng.randrange(-900, 901) for _ in range(3)] for _ in range(cells)])
    path = start + np.cumsum(steps.reshape(-1)).reshape(cells, 3)
    first = np.concatenate(([start], path[:-1, -1]))
    whole = np.column_stack((first, path))
    return np.column_stack((first, whole.max(axis=1), whole.min(axis=1), path[:, -1]))


def busy_story(cells: int = 8_000, trades: int = 400, seed: int = 5) -> Story:
    """Tell of a longer run at random prices: limit and market orders, refusals, partial fills, signals."""
    rng = Random(seed)
    story = Story(deposits=("100000 USDT", "0.5 BTC"))
    walk = prices_of_a_walk(rng, cells, 6_000_000 * 2)
    story.cells[0] = [[story.at(end + 1), *map(int, walk[end])] for end in range(cells)]
    story.last = story.at(cells)
    for number in range(trades):
        second = (number + 0.5) * cells / trades
        middle = float(walk[int(second), 3]) / 200
        side = 1 if rng.random() < 0.5 else -1
        _one_order(story, rng, second, middle, side)
        story.signal(second - 0.1, rng.gauss(0, 1))
    return story


def _one_order(story: Story, rng: Random, second: float, middle: float, side: int) -> None:
    """Submit one order of a random fate."""
    fate = rng.random()
    limit = f"{middle - side * rng.random() * 5:.2f}"
    order = story.submit(second, side, "0.100", limit, arrival=f"{middle:.2f}", tag=f"<b>t{len(story.entries)}</b>")
    if fate < 0.05:
        story.update(second, order, Report.DENIED, OrderStatus.DENIED, "max_notional: 60000 USDT are above 50000 USDT")
        return
    if fate < 0.08:
        story.update(second, order, Report.REJECTED, OrderStatus.REJECTED, "post-only: the order would have taken")
        return
    story.update(second + 0.01, order, Report.ACCEPTED, OrderStatus.ACCEPTED, leaves="0.100")
    if fate < 0.3:
        story.update(second + 0.3, order, Report.CANCELED, OrderStatus.CANCELED)
        return
    first = "0.040" if fate < 0.5 else "0.100"
    price = f"{middle + side * (rng.random() - 0.3) * 4:.2f}"
    story.fill(second + 0.2, order, price, first, maker=fate > 0.6)
    if first == "0.040":
        story.fill(second + 0.4, order, price, "0.060", maker=True)
