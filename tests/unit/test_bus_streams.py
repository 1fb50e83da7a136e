"""Streams and what is kept of them: topics, numbers, ranges read again; rows are held against a plain list of them."""

import attrs
import numpy as np
import pytest
from bus_peers import BTCUSDT, TABLES

from tickloom.bus import retention, wire
from tickloom.bus.streams import Streams
from tickloom.errors import ConfigError
from tickloom.events import (
    AccountChanged,
    Alert,
    Bar,
    CancelOrder,
    Event,
    Features,
    Fill,
    RunStarted,
    Signal,
    SubmitOrder,
)
from tickloom_kernels import rows as r

ETH = attrs.evolve(BTCUSDT, symbol="ETHUSDT", base="ETH")
WORLD = attrs.evolve(TABLES, instruments=[BTCUSDT, ETH], accounts=["main", "other"], series=["minute"])
ORDER = SubmitOrder(1, 77, 0, 0, 1, 0, 1, 2, 1, False, 100, 5, "direct", "")


@pytest.fixture
def streams() -> Streams:
    return Streams(WORLD, 1_000_000)


def add(streams: Streams, *events: Event) -> None:
    for row, event in enumerate(events):
        streams.add(row, 1, row, 0, event)


def market(draw: np.random.Generator, count: int) -> np.ndarray:
    """Trades and quotes of two instruments, statuses of sources, in any order; the last word but one is the place."""
    rows = np.zeros((count, r.WORDS), np.int64)
    rows[:, r.KIND] = draw.choice([r.TRADE, r.QUOTE, r.SOURCE_STATUS], count, p=[0.6, 0.399, 0.001])
    rows[:, r.INSTRUMENT] = np.where(rows[:, r.KIND] == r.SOURCE_STATUS, -1, draw.choice([0, 1], count, p=[0.9, 0.1]))
    return rows


def test_each_event_goes_to_the_stream_of_its_owner(streams: Streams) -> None:
    add(
        streams,
        RunStarted(1, 7),
        ORDER,
        CancelOrder(2, 77),
        CancelOrder(2, 999),
        Fill(3, 3, 77, 1, 0, 1, 100, 5, 0, 0, "USDT", True),
        AccountChanged(3, 0, "USDT", 5),
        Features(4, 0, 0, (1.0,)),
        Signal(4, 0, 0, 1.0),
        Bar(5, 4, 0, 0, 1, 1, 1, 1, 1, 1, 0),
        Alert(6, "monitor", "drift"),
    )
    assert {topic.decode(): stream.head for topic, stream in streams.by_topic.items()} == {
        "sys.run|": 1,
        "ord.other|": 2,  # the cancellation follows its order to the account
        "ord|": 1,  # and one of an order that nobody knows has none
        "fill.other|": 1,
        "acct.main|": 1,
        "feat.cross|": 1,
        "sig.cross|": 1,
        "md.bar.minute|": 1,
        "sys.alert|": 1,
    }


def test_market_rows_go_to_the_stream_of_their_kind_and_instrument(streams: Streams) -> None:
    rows = market(np.random.default_rng(1), 4000)
    streams.log.add(rows)
    streams.log.settle()
    counts = {topic.decode(): stream.head for topic, stream in streams.by_topic.items()}
    assert counts == {
        f"md.{word}.spot.{symbol}|": int(((rows[:, r.KIND] == kind) & (rows[:, r.INSTRUMENT] == i)).sum())
        for word, kind in (("trade", r.TRADE), ("quote", r.QUOTE))
        for i, symbol in enumerate(("BTCUSDT", "ETHUSDT"))
    } | {"sys.source|": int((rows[:, r.KIND] == r.SOURCE_STATUS).sum())}


def test_any_range_of_rows_that_is_kept_can_be_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Through several laps of a small ring, in chunks of any size; the oracle is the list of all rows ever added."""
    monkeypatch.setattr(retention, "LEAST_ROWS", 6_000)
    monkeypatch.setattr(retention, "_STRIDE", 50)
    streams = Streams(WORLD, 1)
    draw = np.random.default_rng(2)
    history = market(draw, 20_000)
    history[:, r.TS_INIT] = np.arange(len(history))
    at = 0
    while at < len(history):
        size = min(int(draw.choice([1, 7, 300, 2_999])), len(history) - at)
        assert streams.log.has_room(size)
        streams.log.add(history[at : at + size])
        streams.log.settle()
        at += size
        for topic, kind, instrument in (
            (b"md.trade.spot.BTCUSDT|", r.TRADE, 0),
            (b"md.quote.spot.ETHUSDT|", r.QUOTE, 1),
        ):
            past = history[:at]
            mine = np.flatnonzero((past[:, r.KIND] == kind) & (past[:, r.INSTRUMENT] == instrument))
            stream = streams.by_topic.get(topic)
            if stream is None or stream.kept_from > stream.head:
                continue
            first, last = sorted(draw.integers(stream.kept_from, stream.head + 1, 2).tolist())
            frames = [wire.decode(frame) for frame in stream.frames(9, first, last, 0)]
            assert [frame.seq for frame in frames] == list(range(first, last + 1, retention.BATCH))
            assert np.concatenate([frame.numbers() for frame in frames]).tolist() == mine[first - 1 : last].tolist()
            assert (np.concatenate([frame.rows() for frame in frames]) == past[mine[first - 1 : last]]).all()
            # What is called gone is about what the ring has run over, not more.
            assert mine[stream.kept_from - 1] - max(0, at - 6_000) < 3_100


def test_a_stream_with_few_events_is_not_pushed_out_by_one_with_many() -> None:
    streams = Streams(WORLD, 100 * retention.EVENT_BYTES * 4 // 3)
    add(streams, ORDER, *[Signal(n, 0, 0, float(n)) for n in range(1000)])
    streams.trim()
    signals, orders = streams.by_topic[b"sig.cross|"], streams.by_topic[b"ord.other|"]
    assert (orders.kept_from, orders.head) == (1, 1)
    assert signals.head == 1000
    assert 1000 - 100 < signals.kept_from - 1 < 1000
    frames = [wire.decode(frame) for frame in signals.frames(9, signals.kept_from, 1000, 0)]
    assert frames[0].entries()[0][4] == Signal(signals.kept_from - 1, 0, 0, float(signals.kept_from - 1))


def test_a_frame_holds_one_kind_and_at_most_256_events(streams: Streams) -> None:
    add(streams, ORDER, ORDER, CancelOrder(2, 77), *[ORDER] * 300)
    frames = [wire.decode(frame) for frame in streams.by_topic[b"ord.other|"].frames(9, 1, 303, 0)]
    assert [(frame.seq, frame.type_id, frame.count) for frame in frames] == [
        (1, 48, 2),
        (3, 49, 1),
        (4, 48, 256),
        (260, 48, 44),
    ]


def test_wide_vectors_are_cut_into_frames_of_about_a_megabyte(streams: Streams) -> None:
    add(streams, *[Features(n, 0, 0, (0.5,) * 20_000) for n in range(20)])
    frames = streams.by_topic[b"feat.cross|"].frames(9, 1, 20, 0)
    assert max(len(frame) for frame in frames) <= 1 << 20
    assert sum(wire.decode(frame).count for frame in frames) == 20


def test_streams_are_wanted_by_the_beginning_of_their_topic(streams: Streams) -> None:
    add(streams, Signal(1, 0, 0, 1.0), ORDER)
    streams.subscribe(b"sig.", True)
    assert [stream.topic for stream in streams.wanted] == [b"sig.cross|"]
    # What came before is not sent, but may be asked for.
    assert streams.wanted[0].sent == 1
    add(streams, Fill(3, 3, 77, 1, 0, 1, 100, 5, 0, 0, "USDT", True))
    streams.subscribe(b"", True)
    assert len(streams.wanted) == 3
    streams.subscribe(b"", False)
    streams.subscribe(b"sig.", False)
    assert streams.wanted == []


def test_an_instrument_whose_name_would_end_a_topic_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"instrument 'spot.A\|B': a topic holds no \|"):
        Streams(attrs.evolve(WORLD, instruments=[attrs.evolve(BTCUSDT, symbol="A|B")]), 1)
