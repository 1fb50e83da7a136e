"""What is no longer kept in memory comes out of the journal; plain lists of what was published are the oracle."""

import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from bus_peers import TABLES, within
from bus_turns import joined, take
from journals import journalled
from loops import AAA, BBB, CONFIG, NONE, Listener, table, trade

from tickloom.bus import Gap, Message, Publisher, Subscriber
from tickloom.bus.rereading import STEP
from tickloom.errors import TickloomError
from tickloom.events import Alert, Event, Fill, OrderUpdate, PositionChanged, Signal, SubmitOrder
from tickloom.testing.runs import RowSource

#: Memory for three events.
TINY = 2048


class Pages:
    """A journal in a list; counts how far it was read."""

    def __init__(self) -> None:
        self.entries: list[tuple[int, int, int, int, int, Event]] = []
        self.read = 0

    def past(self, row: int, sub: int) -> Iterator[bytes]:
        for entry in self.entries:
            if entry[:2] >= (row, sub):
                self.read += 1
                yield msgspec.msgpack.encode(entry)


@pytest.fixture
def endpoint(tmp_path: Path) -> str:
    return f"ipc://@{tmp_path.name[-40:]}-{time.time_ns()}"


@pytest.fixture
def pages() -> Pages:
    return Pages()


@pytest.fixture
def publisher(endpoint: str, pages: Pages) -> Iterator[Publisher]:
    made = Publisher(endpoint, retain=TINY, past=pages.past)
    made.begin(TABLES)
    yield made
    made.close()


def publish(publisher: Publisher, pages: Pages, rows: range) -> None:
    """Publish a signal after each row, and an alert after every third."""
    for row in rows:
        events: list[Event] = [Signal(row, 0, 0, float(row))]
        events += [Alert(row, "source", f"no {row}")] if row % 3 == 0 else []
        for sub, event in enumerate(events, 1):
            pages.entries.append((row, sub, row, 0, event.TYPE_ID, event))
            publisher.event(row, sub, row, 0, event)
        publisher.flush()


def rows(got: list[Any], kind: type[Event]) -> list[int]:
    return [one.row for one in got if isinstance(one, Message) and type(one.event) is kind]


def test_a_late_listener_from_the_start_gets_what_memory_holds_no_longer(publisher, pages, endpoint) -> None:
    publish(publisher, pages, range(9_000))
    with Subscriber(endpoint, from_start=True) as subscriber:
        joined(publisher, subscriber)
        publish(publisher, pages, range(9_000, 9_100))
        got = take(publisher, subscriber, lambda got: len(got) >= 9_100 + 3_034)
        assert subscriber.lost == subscriber.duplicates == 0
    assert rows(got, Signal) == list(range(9_100))
    assert rows(got, Alert) == list(range(0, 9_100, 3))
    # Once for each stream and a little more, not once for each range.
    assert pages.read < 3 * len(pages.entries)


def test_only_a_little_of_the_journal_is_read_in_one_turn(publisher, pages, endpoint) -> None:
    publish(publisher, pages, range(3_000))
    most = 0
    with Subscriber(endpoint, ["sys.alert"], from_start=True) as subscriber:
        joined(publisher, subscriber)
        for _ in within():
            before = pages.read
            publisher.flush()
            most = max(most, pages.read - before)
            if publisher._replay.listeners and not publisher._replay.rereads and pages.read >= 3_000:
                break
            subscriber.drain()
    assert 0 < most <= STEP


def test_a_hole_in_the_middle_is_read_from_the_nearest_mark(publisher, pages, endpoint) -> None:
    with Subscriber(endpoint, ["sig."]) as subscriber:
        joined(publisher, subscriber)
        publish(publisher, pages, range(100))
        take(publisher, subscriber, lambda got: len(got) == 100)
        # The listener stands still until most of what it misses is gone from memory.
        xpub, publisher._xpub = publisher._xpub, Deaf(publisher._xpub)
        publish(publisher, pages, range(100, 5_100))
        publisher._xpub = xpub
        publish(publisher, pages, range(5_100, 5_101))
        got = take(publisher, subscriber, lambda got: len(got) == 5_001)
        assert subscriber.lost == 0
    assert rows(got, Signal) == list(range(100, 5_101))


class Deaf:
    """A socket that sends nothing."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket

    def send(self, frame: bytes) -> None:
        """Throw it away."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


def test_what_a_damaged_journal_does_not_give_is_lost_and_the_rest_comes(publisher, pages, endpoint, caplog) -> None:
    publish(publisher, pages, range(50))
    kept_from = publisher._streams.by_topic[b"sig.cross|"].kept_from

    def damaged(row: int, sub: int) -> Iterator[bytes]:
        raise TickloomError("it is damaged")
        yield b""

    publisher._replay._past = damaged
    with Subscriber(endpoint, ["sig."], from_start=True) as subscriber:
        got = take(publisher, subscriber, lambda got: rows(got, Signal)[-1:] == [49])
    assert got[0] == Gap("sig.cross|", publisher.epoch, 1, kept_from - 1)
    assert rows(got, Signal) == list(range(kept_from - 1, 50))
    assert "sig.cross| cannot be read again: it is damaged" in caplog.text


# --- a run with a journal ---------------------------------------------------------------------------------------------


class Buyer(Listener):
    """Buys one at every second trade."""

    def on_trade(self, event: Any) -> None:
        """Count trades and buy."""
        if event.trade_id % 2 == 0:
            self.ctx.submit(event.instrument, 1, 1)


class Halting(RowSource):
    """Hands over all rows but the last, and that one when somebody has joined."""

    handed, joined = threading.Event(), threading.Event()

    def chunks(self) -> Any:
        """Give what there is in small turns."""
        *others, last = super().chunks()
        yield from others
        self.handed.set()
        for _ in within():
            if self.joined.is_set():
                break
            yield self.rows[:0], others[-1][1]
            time.sleep(0.001)
        yield last


def test_a_listener_that_joins_late_gets_all_orders_fills_and_positions_of_a_run_with_a_journal(
    tmp_path: Path, endpoint: str
) -> None:
    market = table(*[trade(n, 1000 + n % 3, number=n) for n in range(2_000)])
    text = CONFIG.format(
        seed=1,
        tail="",
        on_fault="stop",
        latency=NONE,
        strategies='[strategies.buyer]\nkind = "buyer"',
        extra=f'[bus]\npublish = "{endpoint}"\nretain = "2 kB"',
    )
    source = partial(Halting, [AAA, BBB], market, [(20, None)] * 100)
    got: list[Any] = []

    def follow() -> None:
        assert Halting.handed.wait(60)
        with Subscriber(endpoint, ["fill.", "ord.", "pos."], from_start=True) as subscriber:
            for _ in within():
                subscriber.drain()
                if subscriber.welcome is not None:
                    break
            Halting.joined.set()
            got.extend(subscriber)

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    record = journalled(tmp_path, text, {"rows": source, "buyer": Buyer})
    thread.join(60)
    for kind in (Fill, SubmitOrder, OrderUpdate, PositionChanged):
        expected = [tuple(entry) for entry in record.entries if type(entry.event) is kind]
        assert [one[3:] for one in got if type(one.event) is kind] == expected
        assert len(expected) > 900
    assert not [one for one in got if isinstance(one, Gap)]
