"""Frames byte by byte, against bytes written by hand from the table in docs/reference/bus.md; whatever is no frame."""

import re
import struct
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import examples

from tickloom.bus import wire
from tickloom.bus.following.items import Batch, Message
from tickloom.bus.welcome import SCHEMAS, Schema, Welcome, read_greeting, read_welcome
from tickloom.bus.wire import VersionError, WireError
from tickloom.events import KINDS, Event, Signal, Trade
from tickloom_kernels import rows as r

SIGNAL = Signal(ts_init=3, model=0, instrument=1, value=0.5)


def by_hand(topic: bytes, payload: bytes, **changed: Any) -> bytes:
    """Write a frame as the reference page says, without the code under test."""
    fields = {
        "magic": 0x6B74,
        "version": 1,
        "flags": 0,
        "type_id": 33,
        "revision": 1,
        "stream": 4,
        "count": 1,
        "epoch": 9,
        "seq": 5,
        "row": 70,
        "ts_init": 3,
        "ts_publish": 8,
        "sub": 2,
        "length": len(payload),
        **changed,
    }
    frame = topic + struct.pack("<HBBHHIIQQqqqII", *fields.values()) + payload
    return frame + struct.pack("<I", zlib.crc32(frame))


#: One signal, row 70, sub 2, caused by (70, 1): [[70, 2, 70, 1, [3, 0, 1, 0.5]]] in msgpack, by its specification.
PAYLOAD = bytes.fromhex("91 95 46 02 46 01 94 03 00 01 cb 3fe0000000000000".replace(" ", ""))
GOLDEN = by_hand(b"sig.m|", PAYLOAD)


def encoded(*events: Event, seq: int = 5) -> bytes:
    return wire.encode_entries(b"sig.m|", 4, 9, seq, [(70, 2, 70, 1, event) for event in events], 8)


def market(count: int) -> np.ndarray:
    rows = np.arange(count * r.WORDS, dtype=np.int64).reshape(-1, r.WORDS)
    rows[:, r.KIND] = r.TRADE
    return rows


def test_a_frame_of_events_is_its_golden_bytes() -> None:
    assert encoded(SIGNAL) == GOLDEN
    assert wire.decode(GOLDEN).entries() == [(70, 2, 70, 1, SIGNAL)]


def test_a_frame_of_rows_is_the_numbers_and_then_the_rows_as_they_are_in_memory() -> None:
    rows, numbers = market(3), np.array([4, 6, 7])
    frame = wire.encode_rows(b"md.trade.a.b|", 4, 9, 5, numbers, rows, 8)
    payload = b"".join(number.to_bytes(8, "little") for number in (4, 6, 7))
    payload += b"".join(int(word).to_bytes(8, "little") for word in rows.ravel())
    assert frame == by_hand(b"md.trade.a.b|", payload, flags=1, type_id=r.TRADE, count=3, row=4, ts_init=0, sub=0)
    read = wire.decode(frame)
    assert (read.rows() == rows).all()
    assert read.numbers().tolist() == [4, 6, 7]
    assert read.entries()[1] == (6, 0, -1, 0, Trade(*rows[1, :7].tolist()))


def test_a_frame_without_events_is_a_header_alone() -> None:
    frame = wire.encode_control(wire.HEAD, 9, topic=b"fill.main|", stream=2, seq=17)
    assert frame == by_hand(
        b"fill.main|", b"", type_id=0xFF01, stream=2, count=0, seq=17, row=-1, ts_init=0, ts_publish=0, sub=0
    )


def test_a_batch_hands_out_the_part_that_is_new() -> None:
    rows = market(3)
    batch = Batch(
        "md.trade.a.b|", wire.decode(wire.encode_rows(b"md.trade.a.b|", 4, 9, 5, np.arange(3), rows, 8)), 1, 2
    )
    assert (batch.seq, len(batch), batch.kind, batch.is_rows) == (6, 2, Trade, True)
    assert (batch.rows == rows[1:]).all()
    assert batch.records["price"].tolist() == rows[1:, r.TRADE_PRICE].tolist()
    assert batch.row_numbers.tolist() == [1, 2]
    assert list(batch) == [
        Message("md.trade.a.b|", 9, seq, seq - 5, 0, -1, 0, Trade(*rows[seq - 5, :7].tolist())) for seq in (6, 7)
    ]


def test_a_kind_that_nobody_knows_here_is_counted_and_left_out() -> None:
    frame = wire.decode(by_hand(b"new.thing|", b"\xc1 not even msgpack", type_id=0x7000, count=3))
    batch = Batch("new.thing|", frame, 0, 3)
    assert (len(batch), batch.kind, list(batch)) == (3, None, [])
    assert wire.decode(by_hand(b"new.rows|", b"12345", type_id=0x7000, flags=1, count=3)).entries() == []


def test_another_version_is_refused_in_a_line_that_names_both() -> None:
    with pytest.raises(VersionError, match="version 2 of the bus, this one version 1; install the same tickloom"):
        wire.decode(by_hand(b"sig.m|", PAYLOAD, version=2))


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "no topic"),
        (b"x" * 400 + b"|", "no topic"),
        (b"sig.m|" + b"\0" * 80, "not a frame of tickloom"),
        (GOLDEN[:40], "a header and a checksum have 68"),
        (GOLDEN[:-1], "18 bytes in a payload that says 19"),
        (GOLDEN[:-1] + b"\1", "checksum"),
        (by_hand(b"sig.m|", PAYLOAD, count=0), "0 events from number 5 on are no part of a stream"),
        (by_hand(b"sig.m|", PAYLOAD, count=70_000), "70000 events from number 5 on are no part"),
        (by_hand(b"sig.m|", PAYLOAD, seq=1 << 63), "are no part of a stream"),
        (by_hand(b"md.trade.a.b|", PAYLOAD, type_id=1, flags=1), "are not 1 rows"),
        (by_hand(b"sig.m|", PAYLOAD, flags=1), "does not come in rows"),
    ],
    ids=lambda value: value if isinstance(value, str) else "data",
)
def test_what_is_no_frame_is_refused(data: bytes, complaint: str) -> None:
    with pytest.raises(WireError, match=complaint):
        wire.decode(data)


@pytest.mark.parametrize(
    ("payload", "complaint"),
    [
        (b"\x91", "truncated"),
        (b"\xdd\xff\xff\xff\xff", "truncated"),
        (PAYLOAD[:-9] + b"\xa1x", "Expected `float`"),
        (b"\x92" + 2 * PAYLOAD[1:], "2 events in a frame that says 1"),
    ],
    ids=["cut", "endless", "of another type", "too many"],
)
def test_a_payload_that_is_not_what_its_header_says_is_refused(payload: bytes, complaint: str) -> None:
    with pytest.raises(WireError, match=complaint):
        wire.decode(by_hand(b"sig.m|", payload)).entries()


@examples(150)
@given(st.one_of(st.binary(max_size=200), st.builds(bytes.__add__, st.just(b"sig.m|"), st.binary(max_size=200))))
def test_arbitrary_bytes_raise_nothing_but_the_one_error(data: bytes) -> None:
    with pytest.raises(WireError):
        wire.decode(data)


@examples(200)
@given(st.sampled_from([*KINDS, 0x7000]), st.sampled_from([0, 1, 2, 3]), st.integers(0, 40), st.binary(max_size=300))
def test_a_whole_frame_with_any_payload_is_read_or_refused(type_id: int, flags: int, count: int, body: bytes) -> None:
    """Even with the right checksum: nothing crashes, and nothing larger than the frame is made of it."""
    with suppress(WireError):
        entries = wire.decode(by_hand(b"x|", body, type_id=type_id, flags=flags, count=count)).entries()
        assert len(entries) in (0, count)
    with suppress(WireError):
        read_greeting(body)
    with suppress(WireError):
        read_welcome(body)


# --- fields may be added, at the end ----------------------------------------------------------------------------------


class LaterSignal(Event, frozen=True, gc=False, array_like=True):
    """`Signal` as a later revision might have it: one more field, with a default for what older frames lack."""

    TYPE_ID = 33
    REVISION = 2
    ts_init: int
    model: int
    instrument: int
    value: float
    strength: float = 1.0


def test_an_older_side_reads_a_later_revision_without_its_new_fields() -> None:
    frame = wire.decode(wire.encode_entries(b"sig.m|", 4, 9, 5, [(70, 2, 70, 1, LaterSignal(3, 0, 1, 0.5, 0.25))], 8))
    assert frame.revision == 2
    assert frame.entries() == [(70, 2, 70, 1, SIGNAL)]


def test_a_later_side_reads_an_older_revision_with_defaults() -> None:
    later = msgspec.msgpack.Decoder(list[tuple[int, int, int, int, LaterSignal]])
    assert later.decode(PAYLOAD) == [(70, 2, 70, 1, LaterSignal(3, 0, 1, 0.5, 1.0))]


def welcome(schema: Schema) -> bytes:
    names = ("accounts", "account_venues", "strategies", "models", "views", "sources", "venues", "series")
    told = {"version": 1, "epoch": 9, "run": "r", "over": False, "instruments": [], "heads": {}}
    return msgspec.msgpack.encode({**told, **{name: [] for name in names}, "schemas": {33: schema}})


def test_a_publisher_with_added_fields_is_welcome() -> None:
    ours = SCHEMAS[33]
    later = Schema(ours.name, ours.topic, 2, "other", (*ours.fields, "strength"))
    assert read_welcome(welcome(later)).schemas[33] == later
    older = Schema(ours.name, ours.topic, 1, "other", ours.fields[:-1])
    assert read_welcome(welcome(older)).schemas[33] == older


def test_a_publisher_whose_fields_are_others_is_refused_with_both_lists() -> None:
    ours = SCHEMAS[33]
    other = Schema(ours.name, ours.topic, 2, "other", ("ts_init", "instrument", "model", "value"))
    with pytest.raises(
        WireError, match=r"Signal has ts_init, instrument, model, value \(revision 2\), ours ts_init, mod"
    ):
        read_welcome(welcome(other))


def test_every_kind_survives_the_way_through_a_frame() -> None:
    made = {int: 7, float: 0.5, str: "text", bool: True}
    for kind in KINDS.values():
        fields = msgspec.structs.fields(kind)
        event = kind(*[made.get(field.type, (0.5, 1.5)) for field in fields])
        frame = wire.encode_entries(b"x|", 1, 1, 1, [(1, 2, 3, 4, event)], 0)
        assert wire.decode(frame).entries() == [(1, 2, 3, 4, event)]


# --- the reference page -----------------------------------------------------------------------------------------------

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "bus.md").read_text(encoding="utf-8")
CODES = {"u8": "B", "u16": "H", "u32": "I", "u64": "Q", "i64": "q"}


def test_the_page_has_the_header_field_by_field() -> None:
    """Whoever reads frames by the page alone reads the golden frame as it was written."""
    table = re.findall(r"^\| `(\w+)` \| (\d+) \| ([ui]\d+) \|", PAGE, re.MULTILINE)
    start = len(b"sig.m|")
    read = {name: struct.unpack_from("<" + CODES[code], GOLDEN, start + int(at))[0] for name, at, code in table}
    assert read == {
        "magic": 0x6B74,
        "version": 1,
        "flags": 0,
        "type_id": 33,
        "revision": 1,
        "stream": 4,
        "count": 1,
        "epoch": 9,
        "seq": 5,
        "row": 70,
        "ts_init": 3,
        "ts_publish": 8,
        "sub": 2,
        "length": len(PAYLOAD),
    }


def test_the_page_has_every_frame_of_the_protocol_with_its_number() -> None:
    table = re.findall(r"^\| `([A-Z_]+)` \| (0x[0-9A-F]+) \|", PAGE, re.MULTILINE)
    names = ("HEAD", "GREETING", "HELLO", "RANGE", "RANGE_END", "BEAT", "BYE")
    assert [(name, int(number, 16)) for name, number in table] == [(name, getattr(wire, name)) for name in names]


def test_the_page_has_every_key_of_the_welcome() -> None:
    rows = re.findall(r"^\| (`[a-z_`, ]+`) \| [^|0-9]", PAGE.partition("### The welcome")[2], re.MULTILINE)
    assert sorted(re.findall(r"`(\w+)`", " ".join(rows))) == sorted(Welcome.__struct_fields__)
