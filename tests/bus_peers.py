"""The two ends of a bus for tests: a publisher with made-up events, and programs that are killed and started again.

The market is one trade per row, whose id is its row; every tenth row a signal follows. What a follower must end with is
therefore known without running anything: the rows 0 to n - 1 of one stream, and every tenth of the other.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tickloom.bus import Ended, Gap, Message, Restarted, Subscriber
from tickloom.events import Signal, Trade
from tickloom.instruments import Instrument
from tickloom.record import RunTables
from tickloom_kernels import rows as r

if TYPE_CHECKING:
    from tickloom.bus import Publisher

TRADES, SIGNALS = "md.trade.spot.BTCUSDT|", "sig.cross|"
#: Every so many rows a signal follows.
STEP = 10
#: Rows of a turn of the programs, and the time between two turns (s).
TURN, PAUSE = 20, 0.002

BTCUSDT = Instrument(symbol="BTCUSDT", venue="spot", base="BTC", quote="USDT", tick_size="0.10", lot_size="0.001")
TABLES = RunTables(
    name="made_up",
    config={},
    seed=1,
    versions={},
    instruments=[BTCUSDT],
    accounts=["main"],
    account_venues=[0],
    strategies=["cross"],
    models=["cross"],
    views=["cross"],
    sources=["main"],
    venues=["spot"],
    series=[],
    deposits={},
)


def trades(first: int, stop: int) -> np.ndarray:
    """Rows ``first`` to ``stop - 1``: int64, shape (n, 12)."""
    made = np.zeros((stop - first, r.WORDS), np.int64)
    numbers = np.arange(first, stop)
    made[:, r.KIND] = r.TRADE
    made[:, r.TS_INIT] = made[:, r.TS_EVENT] = numbers * 1_000_000
    for name, value in {"price": 600_000 + numbers % 7, "quantity": 1 + numbers % 3, "trade_id": numbers}.items():
        made[:, Trade.__struct_fields__.index(name)] = value
    return made


def publish(publisher: "Publisher", first: int, stop: int) -> None:
    """Publish rows ``first`` to ``stop - 1`` and their signals, as one turn of a loop."""
    for row in range(-(-first // STEP) * STEP, stop, STEP):
        publisher.event(row, 1, row, 0, Signal(row * 1_000_000, 0, 0, float(row)))
    if stop > first:
        publisher.rows(first, trades(first, stop))
    publisher.flush()


def expected(count: int) -> dict[str, list[int]]:
    """Rows that must have arrived of each stream, once and in this order."""
    return {TRADES: list(range(count)), SIGNALS: list(range(0, count, STEP))}


# --- programs --------------------------------------------------------------------------------------------------------


class Numbers:
    """A file of row numbers that survives its writer, whenever it is killed: eight bytes each, written at once."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        os.ftruncate(self._file, os.fstat(self._file).st_size // 8 * 8)

    def append(self, number: int) -> None:
        """Write a number."""
        os.write(self._file, number.to_bytes(8, "little"))

    @staticmethod
    def read(path: Path) -> list[int]:
        """All numbers of a file; none where there is no file yet."""
        data = path.read_bytes() if path.exists() else b""
        return np.frombuffer(data, "<i8", len(data) // 8).tolist()


def publish_until(endpoint: str, count: int, folder: Path) -> None:
    """Publish all rows at a steady pace, as far as the file ``limit`` allows, and serve listeners until killed.

    What an earlier life had published comes again, first and at once: the file ``journal`` holds how far it had got,
    written before it is published.
    """
    from tickloom.bus import Publisher

    publisher = Publisher(endpoint)
    publisher.begin(TABLES)
    known = Numbers.read(folder / "journal")
    notes, limits = Numbers(folder / "journal"), folder / "limit"
    at = known[-1] if known else 0
    publish(publisher, 0, at)
    while True:
        stop = min(count, Numbers.read(limits)[-1], at + TURN)
        notes.append(stop)
        publish(publisher, at, stop)
        at = stop
        time.sleep(PAUSE)


def follow_until(endpoint: str, count: int, folder: Path) -> None:
    """Write the rows of both streams down, each once and in order, whoever is killed in between.

    The files are all it knows of an earlier life of its own. A row has the same name in every life of a publisher that
    repeats its run, so what is written already is passed over. What is lost with a life of the publisher comes again in
    the next, so nothing is taken from a stream between a `Gap` and a `Restarted`.
    """
    steps = {TRADES: 1, SIGNALS: STEP}
    paths = {TRADES: folder / "trades", SIGNALS: folder / "signals"}
    last = {topic: (Numbers.read(path) or [-steps[topic]])[-1] for topic, path in paths.items()}
    files = {topic: Numbers(path) for topic, path in paths.items()}
    broken: set[str] = set()
    with Subscriber(endpoint, ("md.", "sig."), from_start=True) as subscriber:
        while last[TRADES] < count - 1 or last[SIGNALS] < (count - 1) // STEP * STEP:
            item = subscriber.receive()
            if isinstance(item, Gap):
                broken.add(item.topic)
            elif isinstance(item, Restarted):
                broken.clear()
            elif isinstance(item, Message) and item.topic not in broken and item.row > last[item.topic]:
                if item.row != last[item.topic] + steps[item.topic]:
                    sys.exit(f"a hole: row {item.row} of {item.topic} after {last[item.topic]}")
                files[item.topic].append(item.row)
                last[item.topic] = item.row


# --- following in a test -------------------------------------------------------------------------------------------


def within(seconds: float = 60.0) -> Iterator[None]:
    """Let a loop go round until it is left; a test whose loop still goes round after so long (s) fails."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        yield
    raise AssertionError(f"what was waited for did not come within {seconds:.0f} s")


def collect(
    subscriber: Subscriber, done: Callable[[dict[str, list[int]]], bool], patience: float = 60.0
) -> tuple[dict[str, list[int]], list[Any]]:
    """Receive until ``done`` says so of the rows by stream, or until ``patience`` (s) is over; also return the news."""
    rows: dict[str, list[int]] = {TRADES: [], SIGNALS: []}
    news: list[Any] = []
    until = time.monotonic() + patience
    while not done(rows) and time.monotonic() < until:
        item = subscriber.receive(0.2)
        if isinstance(item, Message):
            rows[item.topic].append(item.row)
        elif isinstance(item, Gap | Restarted | Ended):
            news.append(item)
    return rows, news
