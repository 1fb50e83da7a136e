"""The bus: a hop against the C library, receiving against zmq.asyncio, batches, and what publishing costs a run."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bus_programs
import numpy as np
import pytest
import zmq
import zmq.asyncio
from bus_peers import TABLES
from measure import ratio
from test_bench_replay import CONFIG, PERP, Cross, OnBars, ticks

from tickloom.bus import Batch, Publisher, Subscriber, wire
from tickloom.events import Signal
from tickloom.testing.runs import RowSource, prepare

SINGLE, BATCHES = 200_000, 1_000_000 // 256


@pytest.fixture
def endpoint(tmp_path: Path) -> str:
    return f"ipc://{tmp_path}/bus"


@contextmanager
def feeding(endpoint: str, kind: str, size: int) -> Iterator[str]:
    """Have ready-made frames sent to whoever subscribes."""
    with bus_programs.start("feed", endpoint, kind, str(size)) as feeder:
        assert feeder.stdout is not None
        assert feeder.stdout.readline()
        yield endpoint
        feeder.kill()


def received(endpoint: str, kind: str, size: int, handle: Callable[[Batch], object]) -> float:
    """Seconds from the first to the last of some frames, each handed to a callback; the subscriber receives."""
    count = SINGLE if size == 1 else BATCHES * size
    with feeding(endpoint, kind, size), Subscriber(endpoint, from_start=True) as subscriber:
        began, got = 0.0, 0
        while got < count:
            batch = subscriber.receive_batch()
            assert isinstance(batch, Batch)
            began = began or time.perf_counter()
            handle(batch)
            got += len(batch)
        return time.perf_counter() - began


def on_loop(endpoint: str) -> float:
    """Receive frames of one event on an asyncio loop; return seconds that the receiving thread worked."""

    async def follow() -> float:
        done = asyncio.get_running_loop().create_future()
        seen: list[float] = [0.0, 0]

        def handle(batch: Any) -> None:
            seen[0] = seen[0] or time.thread_time()
            seen[1] += len(batch.entries)
            if seen[1] == SINGLE:
                done.set_result(time.thread_time() - seen[0])

        with Subscriber(endpoint, from_start=True) as subscriber:
            attachment = subscriber.attach(handle)
            elapsed = await done
            attachment.close()
        return float(elapsed)

    with feeding(endpoint, "signals", 1):
        return asyncio.run(follow())


def with_futures(endpoint: str) -> float:
    """Receive and decode the same frames with zmq.asyncio, without looking at their numbers."""

    async def follow() -> float:
        with zmq.asyncio.Context() as context, context.socket(zmq.SUB) as socket:
            socket.setsockopt(zmq.SUBSCRIBE, b"")
            socket.setsockopt(zmq.RCVHWM, 2_000)
            socket.connect(endpoint)
            wire.decode(await socket.recv()).entries()
            began = time.thread_time()
            for _ in range(SINGLE - 1):
                wire.decode(await socket.recv()).entries()
            return time.thread_time() - began

    with feeding(endpoint, "signals", 1):
        return asyncio.run(follow())


@pytest.fixture(params=[False, True], ids=["all cores", "one core"])
def cores(request: pytest.FixtureRequest) -> Iterator[bool]:
    """Whether this process, and those that it starts, have one core between them."""
    before = os.sched_getaffinity(0)
    if request.param:
        os.sched_setaffinity(0, {min(before)})
    yield request.param
    os.sched_setaffinity(0, before)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="processes are bound to a core by Linux only")
def test_a_hop_against_the_c_library(benchmark: Any, tmp_path: Path, cores: bool) -> None:
    """From an event in one Python process to an event in another, over tcp; half a round trip on both sides.

    We ask for twice the time of the C library's own test, on cores that are free. On one core nothing has to be woken
    elsewhere: what is left is the work of both sides, and there Python is three times the C library's. What bare pyzmq
    takes, and what if it has something to do in between, stands beside it.
    """
    floors: dict[str, list[tuple[float, float]]] = {}
    for n in range(5):
        first = 23_700 + 100 * cores + 20 * n
        places = [f"tcp://127.0.0.1:{first + place}" for place in range(0, 20, 2)]
        ours, size = bus_programs.hop(places[0], places[1], 2_000)
        for sockets, at in (("req", 2), ("bus", 4)):
            floor, what = bus_programs.c_latency(tmp_path, places[at], places[at + 1], 2_000, size, sockets)
            floors.setdefault(what, []).append((ours, floor))
        for busy, at in ((0, 6), (10_000, 8)):
            floor = bus_programs.bare_hop(places[at], places[at + 1], 2_000, size, busy)
            floors.setdefault(f"pyzmq, XPUB to SUB, {busy / 1e3:.0f} us of work", []).append((ours, floor))
    ratios = []
    for what, pairs in floors.items():
        ratios.append(float(np.median([a / b for a, b in pairs])))
        ours, floor = (float(np.median(side)) for side in zip(*pairs, strict=True))
        each = ", ".join(f"{a / b:.2f}" for a, b in pairs)
        print(f"\n{benchmark.name}: p50 {ours / 1e3:,.1f} us, bare ({what}) {floor / 1e3:,.1f} us,", end=" ")
        print(f"{ratios[-1]:.2f} x bare ({each})")
    benchmark.extra_info.update(ns=round(ours), bare_ns=round(floor), ratio=round(ratios[0], 3))
    benchmark.pedantic(lambda: None, rounds=1)
    assert ratios[0] <= (6.0 if cores else 4.0)


def test_receiving_on_asyncio_is_at_least_six_times_as_fast_as_with_futures(benchmark: Any, endpoint: str) -> None:
    """Messages per second of the receiving core: its own time counts, not that of the three other threads."""
    slower = ratio(benchmark, lambda: on_loop(endpoint), lambda: with_futures(endpoint), units=SINGLE, rounds=3)
    assert 1 / slower >= 6


@pytest.mark.parametrize(
    ("kind", "handle", "least"),
    [
        pytest.param("rows", lambda batch: batch.records["price"].sum(), 2e6, id="record arrays"),
        pytest.param("signals", lambda batch: [event.value for event in batch.events], 1e6, id="an object of each"),
    ],
)
def test_batches_of_256(
    benchmark: Any, endpoint: str, kind: str, handle: Callable[[Batch], object], least: float
) -> None:
    """At least 2 M events/s where rows are taken as they are; and at least four times frames of one event."""
    many = BATCHES * 256
    rates: list[float] = []

    def batches() -> float:
        seconds = received(endpoint, kind, 256, handle)
        rates.append(many / seconds)
        # Per as many events as the other side receives.
        return seconds * SINGLE / many

    slower = ratio(benchmark, batches, lambda: received(endpoint, kind, 1, handle), units=SINGLE, rounds=3)
    print(f"{max(rates) / 1e6:.2f} M events/s at best, {float(np.median(rates)) / 1e6:.2f} M in the median")
    assert 1 / slower >= 4
    assert max(rates) >= least


@pytest.mark.parametrize(
    ("strategy", "bars", "most"),
    [
        pytest.param(Cross, "", 1.15, id="waking on every tick"),
        pytest.param(OnBars, '[bars.second]\nmethod = "time"\ninterval = "1s"\n', 4.0, id="bars only"),
    ],
)
def test_publishing_to_nobody(benchmark: Any, endpoint: str, strategy: type, bars: str, most: float) -> None:
    """Against the same run without a bus."""
    rows = ticks(1_000_000)
    plan = [(1 << 16, None)] * 16

    def timed(*observers: Any) -> float:
        plugins: dict[str, Callable[..., Any]] = {"ticks": lambda: RowSource([PERP], rows, plan), "strategy": strategy}
        prepared = prepare(CONFIG.format(more=bars), plugins, observers=observers)
        started = time.perf_counter()
        assert prepared.execute().record.status == "ended"
        return time.perf_counter() - started

    slower = ratio(benchmark, lambda: timed(Publisher(endpoint)), timed, units=len(rows))
    assert slower <= most


def test_a_stopped_listener_does_not_slow_the_publisher(benchmark: Any, endpoint: str) -> None:
    """200,000 events in turns of 20 with a listener that hangs, against the same with none."""

    def published(publisher: Publisher) -> float:
        began = time.perf_counter()
        for n in range(10_000):
            for m in range(20 * n, 20 * n + 20):
                publisher.event(m, 1, m, 0, Signal(m, 0, 0, 0.5))
            publisher.flush()
        return time.perf_counter() - began

    def alone() -> float:
        publisher = Publisher(endpoint)
        publisher.begin(TABLES)
        # As if somebody had subscribed: what is compared is the hanging, not the encoding.
        publisher._streams.subscribe(b"", True)
        elapsed = published(publisher)
        publisher.close()
        return elapsed

    def hung() -> float:
        publisher = Publisher(endpoint)
        publisher.begin(TABLES)
        with bus_programs.start("stopped", endpoint) as listener:
            os.set_blocking(listener.stdout.fileno(), False)  # type: ignore[union-attr]
            while not listener.stdout.readline():  # type: ignore[union-attr]
                publisher.flush()
                time.sleep(0.01)
            elapsed = published(publisher)
            assert publisher._streams.by_topic[b"sig.cross|"].sent == 200_000
            listener.send_signal(signal.SIGKILL)
        publisher.close()
        return elapsed

    assert ratio(benchmark, hung, alone, units=200_000, rounds=3) <= 1.5
