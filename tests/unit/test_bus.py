"""A publisher and its listeners in one process: everything once and in order, or a word about what is lost."""

import asyncio
import itertools
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zmq
from bus_peers import BTCUSDT, SIGNALS, TABLES, TRADES, trades, within
from bus_turns import drop, joined, numbers, publish, take

from tickloom.bus import Batch, Gap, Message, Publisher, Restarted, Subscriber, WireError, wire
from tickloom.errors import ConfigError
from tickloom.events import Signal

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


# --- what arrives -----------------------------------------------------------------------------------------------------


def test_a_listener_from_the_start_gets_every_event_once_and_in_order(publisher: Publisher, endpoint: str) -> None:
    publish(publisher, 0, 300)
    with Subscriber(endpoint, from_start=True) as subscriber:
        joined(publisher, subscriber)
        for turn in range(1, 5):
            publish(publisher, 300 * turn, 300 * turn + 300)
        got = take(publisher, subscriber, lambda got: len(got) >= 1505)
    assert numbers(got, TRADES) == list(range(1, 1501))
    assert [m.row for m in got if m.topic == TRADES] == list(range(1500))
    assert [m.event.trade_id for m in got if m.topic == TRADES] == list(range(1500))
    assert [(m.seq, m.row, m.sub, m.cause_row, m.cause_sub, m.event.value) for m in got if m.topic == SIGNALS] == [
        (n, 300 * n - 1, 1, 300 * n - 1, 0, 300.0 * n) for n in range(1, 6)
    ]


def test_a_listener_that_joins_late_begins_where_the_streams_stand(publisher: Publisher, endpoint: str) -> None:
    publish(publisher, 0, 10)
    with Subscriber(endpoint) as subscriber:
        joined(publisher, subscriber)
        publish(publisher, 10, 20)
        got = take(publisher, subscriber, lambda got: len(got) >= 11)
    assert (numbers(got, TRADES), numbers(got, SIGNALS)) == (list(range(11, 21)), [2])


def test_only_the_chosen_topics_arrive(publisher: Publisher, endpoint: str) -> None:
    with Subscriber(endpoint, ["sig.", "fill."], from_start=True) as subscriber:
        joined(publisher, subscriber)
        publish(publisher, 0, 10)
        got = take(publisher, subscriber, lambda got: len(got) >= 1)
        assert {item.topic for item in got} == {SIGNALS}
        # Of the others nothing was even made into a frame.
        assert [stream.topic for stream in publisher._streams.wanted] == [SIGNALS.encode()]


def test_rows_can_be_taken_as_arrays_without_an_object_of_each(publisher: Publisher, endpoint: str) -> None:
    with Subscriber(endpoint, ["md."]) as subscriber:
        joined(publisher, subscriber)
        publish(publisher, 0, 300)
        batches: list[Batch] = []
        for _ in within():
            if sum(map(len, batches)) == 300:
                break
            publisher.flush()
            item = subscriber.receive_batch(0.01)
            batches += [item] if isinstance(item, Batch) else []
    assert [len(batch) for batch in batches] == [256, 44]
    assert (batches[1].rows == trades(256, 300)).all()
    assert batches[1].records["trade_id"].tolist() == batches[1].row_numbers.tolist() == list(range(256, 300))


def test_the_welcome_names_what_the_numbers_mean(publisher: Publisher, endpoint: str) -> None:
    publish(publisher, 0, 10)
    with Subscriber(endpoint) as subscriber:
        joined(publisher, subscriber)
        welcome = subscriber.welcome
    assert welcome is not None
    assert (welcome.epoch, welcome.run, welcome.over) == (publisher.epoch, "made_up", False)
    assert (welcome.models, welcome.accounts, welcome.account_venues) == (("cross",), ("main",), (0,)) or (
        list(welcome.models),
        list(welcome.accounts),
        list(welcome.account_venues),
    ) == (["cross"], ["main"], [0])
    assert welcome.instrument_table() == [BTCUSDT]
    assert {topic: head.seq for topic, head in welcome.heads.items()} == {TRADES: 10, SIGNALS: 1}


def test_a_listener_on_an_asyncio_loop_gets_the_same(publisher: Publisher, endpoint: str) -> None:
    publish(publisher, 0, 500)
    got: list[Any] = []

    async def follow() -> None:
        with Subscriber(endpoint, from_start=True) as subscriber:
            attachment = subscriber.attach(got.append)
            for turn in range(1, 40):
                publish(publisher, 500 * turn, 500 * turn + 500)
                await asyncio.sleep(0.001)
            while sum(len(batch) for batch in got) < 20_040:
                publisher.flush()
                await asyncio.sleep(0.001)
            attachment.close()
            publish(publisher, 20_000, 20_001)
            await asyncio.sleep(0.02)

    asyncio.run(asyncio.wait_for(follow(), 60))
    seqs = [batch.seq + n for batch in got if batch.topic == TRADES for n in range(len(batch))]
    assert seqs == list(range(1, 20_001))


# --- what is lost on the way ------------------------------------------------------------------------------------------


def test_lost_frames_are_fetched_and_put_in_their_place(publisher: Publisher, endpoint: str) -> None:
    with Subscriber(endpoint) as subscriber:
        joined(publisher, subscriber)
        drop(publisher, lambda n: n % 3 == 1)
        for n in range(100):
            publish(publisher, 5 * n, 5 * n + 5)
        got = take(publisher, subscriber, lambda got: len(got) >= 600)
        # Every third frame of five trades or one signal is lost; little more than that is asked for.
        assert 200 <= subscriber.requested <= 240
        assert subscriber.lost == 0
    assert (numbers(got, TRADES), numbers(got, SIGNALS)) == (list(range(1, 501)), list(range(1, 101)))


def test_a_lost_last_event_is_noticed_by_the_next_sign_of_life(publisher: Publisher, endpoint: str) -> None:
    with Subscriber(endpoint) as subscriber:
        joined(publisher, subscriber)
        drop(publisher, lambda n: True)
        publish(publisher, 0, 1)
        got = take(publisher, subscriber, lambda got: len(got) >= 2)
    assert sorted(item.topic for item in got) == [TRADES, SIGNALS]


def test_what_is_no_longer_kept_is_told_of(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    publisher = Publisher(endpoint, retain=10 * 512 * 4 // 3)
    publisher.begin(TABLES)
    for n in range(1, 101):
        publisher.event(n, 1, n, 0, Signal(n, 0, 0, float(n)))
        publisher.flush()
    kept_from = publisher._streams.by_topic[SIGNALS.encode()].kept_from
    with Subscriber(endpoint, from_start=True) as subscriber:
        got = take(publisher, subscriber, lambda got: bool(numbers(got, SIGNALS)[-1:] == [100]))
        assert subscriber.lost == kept_from - 1
    assert got[0] == Gap(SIGNALS, publisher.epoch, 1, kept_from - 1)
    assert numbers(got, SIGNALS) == list(range(kept_from, 101))
    assert kept_from > 90
    publisher.close()


def test_a_restarted_publisher_is_noticed_and_followed_from_its_start(endpoint: str) -> None:
    first = Publisher(endpoint)
    first.begin(TABLES)
    with Subscriber(endpoint) as subscriber:
        joined(first, subscriber)
        publish(first, 0, 5)
        take(first, subscriber, lambda got: len(got) >= 6)
        first.close()
        second = Publisher(endpoint)
        second.begin(TABLES)
        publish(second, 0, 3)
        got = take(second, subscriber, lambda got: len(got) >= 5)
        assert got[0] == Restarted(first.epoch, second.epoch)
        assert numbers(got, TRADES) == [1, 2, 3]
        second.close()


# --- strangers --------------------------------------------------------------------------------------------------------


def stranger(endpoint: str, *frames: bytes) -> Iterator[None]:
    """Publish what a publisher would not."""
    with zmq.Context() as context, context.socket(zmq.XPUB) as socket:
        socket.bind(endpoint)
        assert socket.poll(60_000)
        assert socket.recv()
        for frame in frames:
            socket.send(frame)
        yield


def test_a_publisher_of_another_version_is_refused_in_one_line(endpoint: str) -> None:
    other = bytearray(wire.encode_control(wire.BEAT, 1))
    other[len(wire.BUS_TOPIC) + 2] = 9
    with Subscriber(endpoint) as subscriber:
        for _ in stranger(endpoint, bytes(other)):
            with pytest.raises(WireError, match="speaks version 9 of the bus, this one version 1"):
                subscriber.receive(60)


def test_what_is_no_frame_is_counted_and_left_out(endpoint: str) -> None:
    head = wire.encode_control(wire.HEAD, 1, topic=b"sig.m|", seq=0)
    with Subscriber(endpoint) as subscriber:
        for _ in stranger(endpoint, b"noise|" + bytes(90), head[:-1] + b"?", head):
            deadline = time.monotonic() + 5
            while subscriber.epoch is None and time.monotonic() < deadline:
                assert subscriber.receive(0.05) is None
        assert (subscriber.statistics.refused, subscriber.epoch) == (2, 1)


def test_events_of_an_unknown_kind_are_counted_and_left_out(endpoint: str) -> None:
    frame = bytearray(
        wire.encode_entries(b"sig.m|", 1, 1, 1, [(1, 1, 1, 0, Signal(1, 0, 0, 1.0))], 0)[: -wire.CRC_BYTES]
    )
    known = wire.encode_entries(b"sig.m|", 1, 1, 2, [(2, 1, 2, 0, Signal(2, 0, 0, 1.0))], 0)
    frame[len(b"sig.m|") + 5] = 0x70
    with Subscriber(endpoint) as subscriber:
        for _ in stranger(endpoint, bytes(frame) + zlib.crc32(frame).to_bytes(4, "little"), known):
            item = subscriber.receive(60)
            assert isinstance(item, Message)
            assert item.seq == 2
        assert subscriber.statistics.unknown == 1


def test_requests_that_make_no_sense_change_nothing(publisher: Publisher) -> None:
    requests = [
        [b"noise"],
        [b""],
        [b"a", b"b", b"c"],
        [wire.encode_control(wire.HEAD, 1)],
        [wire.encode_control(wire.RANGE, publisher.epoch, topic=b"no.such|", seq=1, count=5)],
        [wire.encode_control(wire.RANGE, 1, topic=SIGNALS.encode(), seq=1, count=5)],
        [wire.encode_control(wire.RANGE, publisher.epoch, topic=SIGNALS.encode(), seq=0, count=0)],
    ]
    publish(publisher, 0, 10)
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.connect(publisher.replay)
        for request in requests:
            socket.send_multipart(request)
        answers: list[wire.Frame] = []
        socket.linger = 0
        for _ in within():
            if len(answers) == 3:
                break
            publisher.flush()
            if socket.poll(10):
                answers.append(wire.decode(socket.recv()))
        assert [(answer.type_id, answer.epoch, answer.count) for answer in answers] == [
            (wire.RANGE_END, publisher.epoch, 0)
        ] * 3
    assert publisher._replay.refused == 4


# --- where it is bound ------------------------------------------------------------------------------------------------


def test_an_endpoint_that_is_taken_is_refused(publisher: Publisher, endpoint: str) -> None:
    with pytest.raises(ConfigError, match="cannot be bound: Address already in use"):
        Publisher(endpoint, replay=f"{endpoint}-other").bind()


def test_a_free_port_is_found_and_told(tmp_path: Path) -> None:
    publisher = Publisher("tcp://127.0.0.1:*")
    publisher.begin(TABLES)
    with Subscriber(publisher.endpoint, from_start=True) as subscriber:
        publish(publisher, 0, 2)
        take(publisher, subscriber, lambda got: len(got) == 3)
    publisher.close()


def test_a_listener_that_never_reads_does_not_hold_up_the_publisher(publisher: Publisher, endpoint: str) -> None:
    """More frames than all queues hold; the bench holds the time against that without a listener."""
    with Subscriber(endpoint) as subscriber:
        joined(publisher, subscriber)
        rows = trades(0, 10_000)
        for n in range(len(rows)):
            publisher.rows(n, rows[n : n + 1])
            publisher.flush()
        seqs: list[int] = []
        for _ in within():
            if len(seqs) >= len(rows):
                break
            publisher.flush()
            batch = subscriber.receive_batch(0.01)
            if isinstance(batch, Batch):
                seqs += range(batch.seq, batch.seq + len(batch))
        # Frames were dropped, noticed and fetched.
        assert subscriber.requested > 0
    assert seqs == list(range(1, len(rows) + 1))
