"""How following a run ends: with its last event, with a word about it, or with a publisher that is gone."""

import asyncio
import itertools
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from bus_peers import SIGNALS, TABLES, TRADES, within
from bus_turns import drop, joined, numbers, publish, take

from tickloom.bus import Ended, Message, Publisher, Restarted, Subscriber, Vanished, wire
from tickloom.bus import publisher as publishing
from tickloom.bus.following import subscriber as subscribing
from tickloom.engine.stream import NO_CAUSE, OutcomeStream

_NAMES = itertools.count()


@pytest.fixture
def endpoint(tmp_path: Path) -> str:
    return f"ipc://@{tmp_path.name[-40:]}-{time.time_ns()}-{next(_NAMES)}"


@pytest.fixture
def publisher(endpoint: str) -> Iterator[Publisher]:
    made = Publisher(endpoint)
    made.begin(TABLES)
    yield made
    made.close()


def test_the_end_of_a_run_waits_until_listeners_have_everything(publisher: Publisher, endpoint: str) -> None:
    got: list[Any] = []
    with Subscriber(endpoint, from_start=True) as subscriber:
        joined(publisher, subscriber)
        drop(publisher, lambda n: n % 2 == 0)
        thread = threading.Thread(target=lambda: got.extend(subscriber), daemon=True)
        thread.start()
        for n in range(50):
            publish(publisher, 20 * n, 20 * n + 20)
        publisher.end()
        thread.join(60)
    assert numbers(got, TRADES) == list(range(1, 1001))
    assert numbers(got, SIGNALS) == list(range(1, 51))


def test_a_run_without_listeners_ends_at_once(publisher: Publisher) -> None:
    publish(publisher, 0, 10)
    started = time.monotonic()
    publisher.end()
    assert time.monotonic() - started < publishing.LINGER / 5


def test_the_end_of_a_run_waits_for_each_listener_that_has_subscribed_though_others_have_left(
    publisher: Publisher, endpoint: str
) -> None:
    publish(publisher, 0, 10)
    got: list[Any] = []
    with Subscriber(endpoint, from_start=True) as early, Subscriber(endpoint, ["sig."], from_start=True) as late:
        joined(publisher, early)
        # The other one has connected, and the run was too busy to greet it before its end.
        for _ in within():
            publisher._listen()
            if publisher._streams.prefixes[wire.BUS_TOPIC] == 2:
                break
        threads = [threading.Thread(target=lambda one=one: got.extend(one), daemon=True) for one in (early, late)]
        threads[0].start()
        ending = threading.Thread(target=publisher.end, daemon=True)
        ending.start()
        threads[0].join(60)
        assert numbers(got, SIGNALS) == [1]
        threads[1].start()
        threads[1].join(60)
        ending.join(60)
    assert numbers(got, SIGNALS) == [1, 1]


def test_a_listener_that_hangs_is_waited_for_only_so_long(
    publisher: Publisher, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "LINGER", 0.3)
    with Subscriber(endpoint) as subscriber:
        joined(publisher, subscriber)
        publish(publisher, 0, 10)
        publisher.end()
        assert subscriber.receive(1) is not None


def test_iterating_ends_with_the_run(publisher: Publisher, endpoint: str) -> None:
    with Subscriber(endpoint, ["sig."], from_start=True) as subscriber:
        joined(publisher, subscriber)
        publish(publisher, 0, 10)
        thread = threading.Thread(target=publisher.end, daemon=True)
        thread.start()
        assert [item.seq for item in subscriber if isinstance(item, Message)] == [1]
        thread.join()
        assert subscriber.receive(0) is None


def test_receive_says_that_the_run_ended(publisher: Publisher, endpoint: str) -> None:
    with Subscriber(endpoint, ["sig."]) as subscriber:
        joined(publisher, subscriber)
        thread = threading.Thread(target=publisher.end, daemon=True)
        thread.start()
        assert subscriber.receive(60) == Ended(publisher.epoch)
        thread.join()


def test_publisher_that_goes_without_a_word_is_reported_once_its_connection_has_been_broken_for_long(
    publisher: Publisher, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscribing, "GONE", 0.5)
    with Subscriber(endpoint, from_start=True) as subscriber:
        joined(publisher, subscriber)
        publish(publisher, 0, 3)
        take(publisher, subscriber, lambda got: len(got) == 4)
        # A silent publisher is none that has gone.
        assert subscriber.receive(1.0) is None
        publisher.close()
        assert list(subscriber) == [Vanished(publisher.epoch)]
        assert subscriber.receive(1.0) is None
        again = Publisher(endpoint)
        again.begin(TABLES)
        publish(again, 0, 1)
        got = take(again, subscriber, lambda got: len(got) == 3)
        assert got[0] == Restarted(publisher.epoch, again.epoch)
        again.close()
        assert subscriber.receive(60) == Vanished(again.epoch)


def test_publisher_that_comes_again_in_time_has_not_vanished(publisher: Publisher, endpoint: str) -> None:
    with Subscriber(endpoint) as subscriber:
        joined(publisher, subscriber)
        publisher.close()
        again = Publisher(endpoint)
        again.begin(TABLES)
        got = take(again, subscriber, lambda got: len(got) == 1)
        assert got == [Restarted(publisher.epoch, again.epoch)]
        take(again, subscriber, lambda got: subscriber.next_due() is None)
        again.close()


def test_listener_on_an_asyncio_loop_hears_of_a_publisher_that_went_without_a_word(
    publisher: Publisher, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscribing, "GONE", 0.2)
    got: list[Any] = []

    async def follow() -> None:
        with Subscriber(endpoint) as subscriber:
            subscriber.attach(got.append)
            while subscriber.welcome is None:
                publisher.flush()
                await asyncio.sleep(0.001)
            publisher.close()
            while not got:
                await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(follow(), 60))
    assert got == [Vanished(publisher.epoch)]


def test_machine_that_stands_still_takes_no_time_from_listeners_at_the_end(
    publisher: Publisher, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Subscriber(endpoint, ["sig."], from_start=True) as subscriber:
        joined(publisher, subscriber)
        publish(publisher, 0, 10)
        clock = itertools.count(time.monotonic(), 2 * publishing.LINGER)
        thread = threading.Thread(target=lambda: got.extend(subscriber), daemon=True)
        got: list[Any] = []
        with monkeypatch.context() as patch:
            # Every look at the clock finds that more time has passed than the end of a run waits.
            patch.setattr(publishing, "time", SimpleNamespace(monotonic=lambda: next(clock), time_ns=time.time_ns))
            thread.start()
            publisher.end()
        thread.join(60)
    assert [type(one) for one in got] == [Message]


# --- who is forgotten, and who fails ----------------------------------------------------------------------------------

FORGOTTEN = """
import gc
from tickloom.bus import Publisher, Subscriber

def forget():
    publisher, subscriber = Publisher({endpoint!r}), Subscriber({endpoint!r})
    publisher.bind()
    # Only the collector of garbage ends a circle.
    publisher.itself, subscriber.itself = publisher, subscriber

forget()
gc.collect()
again = Publisher({endpoint!r})
again.bind()
again.close()
print("bound again")
"""


def test_publisher_and_listener_that_were_forgotten_are_closed_and_hold_nobody_up(endpoint: str) -> None:
    # In a process of its own: ZeroMQ would wait for ever for sockets that are collected after their context.
    done = subprocess.run(
        [sys.executable, "-c", FORGOTTEN.format(endpoint=endpoint)],
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    assert done.stdout == "bound again\n"


def test_publisher_that_fails_leaves_its_endpoint_and_the_run_goes_on(publisher: Publisher, endpoint: str) -> None:
    faults: list[tuple[str, str, str]] = []
    stream = OutcomeStream([publisher], lambda one, method, error: faults.append((one.name, method, str(error))))
    stream.at(0)
    # A kind of event that no bus knows.
    stream.emit(object(), NO_CAUSE)  # type: ignore[arg-type]
    stream.flush()
    stream.end()
    assert faults == [("bus", "events", "<class 'object'>")]
    again = Publisher(endpoint)
    again.bind()
    again.close()
