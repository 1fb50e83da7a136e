"""Frames: what one message on the wire is, byte by byte, and the one error that anything else is.

A frame is one ZeroMQ message: the topic with its closing bar, a header of 64 bytes, little-endian, a payload, and a
CRC-32 of all that. The payload of market data is the row numbers and then the rows as they are in memory; that of
everything else is msgpack.
`docs/reference/bus.md` says the same for whoever reads frames in another language.
"""

from collections.abc import Callable, Sequence
from struct import Struct
from struct import error as TooShort  # noqa: N812 - that is what it means where it is caught
from zlib import crc32

import msgspec
import numpy as np
from numpy.typing import NDArray

from tickloom.errors import TickloomError
from tickloom.events import KINDS, MARKET_KINDS, Event
from tickloom_kernels import rows as r

#: The first two bytes of every header: the letters ``tk``.
MAGIC = int.from_bytes(b"tk", "little")
#: Of the header and of what stands around it. Another one is refused; within one, headers do not change.
VERSION = 1

# Flags.
#: The payload is row numbers and rows, not msgpack.
ROWS = 1
#: The frame was asked for again; its events may have been sent before.
REPLAY = 2

# Type ids of frames that carry no events. Kinds of events stay below 0x8000.
#: The newest number of a stream: ``seq``. Nothing else.
HEAD = 0xFF01
#: What a publisher says to everybody who connects (msgpack `Greeting`).
GREETING = 0xFF02
#: Asks for, and as an answer is, the `tickloom.bus.welcome.Welcome`.
HELLO = 0xFF03
#: Asks for ``count`` events of a stream from ``seq`` on.
RANGE = 0xFF04
#: Ends the answer to a `RANGE`, of ``count`` events; payload: the first number that can be had (uint64).
RANGE_END = 0xFF05
#: The publisher is alive (and its run is over, where the flag `OVER` is set).
BEAT = 0xFF06
#: A listener has everything and leaves.
BYE = 0xFF07

#: With `BEAT`: nothing will be published any more.
OVER = 4

#: Topics of frames that concern no stream. No stream's name begins with ``bus.``.
BUS_TOPIC = b"bus.|"

#: A topic is at most so long (bytes), its bar included.
MOST_TOPIC = 256
#: A frame holds at most so many events, whoever wrote it.
MOST_EVENTS = 65_536
#: A frame is at most so long (bytes): what is longer is not even received, and nothing larger is ever made from one.
MOST_BYTES = 16 << 20

#: magic, version, flags, type id, revision, stream, count, epoch, seq, row, ts_init, ts_publish, sub, length.
_HEADER = Struct("<HBBHHIIQQqqqII")
#: Bytes of a header.
HEADER_BYTES = _HEADER.size
#: Bytes of the checksum that ends a frame.
CRC_BYTES = 4
# The CRC-32 of anything with its own CRC-32 behind it.
_RESIDUE = 0x2144DF1C
#: Numbers of events stay below this, so that they are whole numbers in every language.
_LARGEST = 1 << 63

#: An event with its name and the name of its cause: row, sub, cause's row, cause's sub, event.
Entry = tuple[int, int, int, int, Event]
_NUMBER_BYTES = 8
_ROW_BYTES = 8 * r.WORDS

_encode = msgspec.msgpack.Encoder().encode
_DECODERS: dict[int, Callable[[bytes], list[Entry]]] = {
    type_id: msgspec.msgpack.Decoder(list[tuple[int, int, int, int, kind]]).decode  # type: ignore[valid-type]
    for type_id, kind in KINDS.items()
}
_pack = _HEADER.pack
# What every frame is looked at for: mark and version, flags, type id, count, epoch, seq, length.
_unpack = Struct("<3sBH6xIQQ28xI").unpack_from
_MARK = b"tk" + bytes([VERSION])


class WireError(TickloomError):
    """What arrived is no frame of ours: the text says what is wrong with it."""


class VersionError(WireError):
    """The other side speaks another version of the protocol; the text names both."""


class Frame(msgspec.Struct, gc=False):
    """One frame, its header checked and its payload not yet read.

    Attributes
    ----------
    topic : bytes
        With its closing bar.
    data : bytes
        The whole frame.
    flags : int
        `ROWS`, `REPLAY`, `OVER`.
    type_id : int
        Kind of the events (`tickloom.events.KINDS`), or of the frame.
    count : int
        Events in the frame; a request: events asked for.
    epoch : int
        The publisher's life: when it began. Later lives have larger numbers.
    seq : int
        Number of the first event in its stream; they count from 1.
    """

    topic: bytes
    data: bytes
    flags: int
    type_id: int
    count: int
    epoch: int
    seq: int

    @property
    def payload(self) -> bytes:
        """What stands between header and checksum; see `entries` and `rows`."""
        return self.data[len(self.topic) + HEADER_BYTES : -CRC_BYTES]

    @property
    def _header(self) -> tuple[int, ...]:
        return _HEADER.unpack_from(self.data, len(self.topic))

    @property
    def revision(self) -> int:
        """Revision of the kind, as the publisher knows it."""
        return self._header[4]

    @property
    def stream(self) -> int:
        """The publisher's number of the stream."""
        return self._header[5]

    @property
    def name(self) -> tuple[int, int]:
        """Name (row, sub) of the first event (`tickloom.record.Entry`)."""
        return self._header[9], self._header[12]

    @property
    def ts_init(self) -> int:
        """Time of the first event (UNIX time in nanoseconds, UTC)."""
        return self._header[10]

    @property
    def ts_publish(self) -> int:
        """When the frame was made (UNIX time in nanoseconds, UTC); 0: not given."""
        return self._header[11]

    def numbers(self) -> NDArray[np.int64]:
        """Row numbers of the market rows of the frame: int64, shape (count,)."""
        return np.frombuffer(self.payload, "<i8", self.count)

    def rows(self) -> NDArray[np.int64]:
        """Market rows of the frame: int64, shape (count, 12), read-only."""
        flat = np.frombuffer(self.payload, "<i8", self.count * r.WORDS, self.count * _NUMBER_BYTES)
        return flat.reshape(self.count, r.WORDS)

    def entries(self) -> list[Entry]:
        """Events of the frame with their names.

        Returns
        -------
        list of (row, sub, cause_row, cause_sub, event)
            ``count`` of them. Empty where this side does not know the kind.

        Raises
        ------
        WireError
            The payload is not what the header says.
        """
        if self.flags & ROWS:
            return self._of_rows()
        decoder = _DECODERS.get(self.type_id)
        if decoder is None:
            return []
        try:
            entries = decoder(self.data[len(self.topic) + HEADER_BYTES : -CRC_BYTES])
        except (msgspec.DecodeError, RecursionError) as error:
            raise WireError(f"{self.topic!r}: payload of kind {self.type_id} cannot be read: {error}") from None
        if len(entries) != self.count:
            raise WireError(f"{self.topic!r}: {len(entries)} events in a frame that says {self.count}")
        return entries

    def _of_rows(self) -> list[Entry]:
        """Make an object of each market row."""
        kind = MARKET_KINDS.get(self.type_id)
        if kind is None:
            return []
        width = len(kind.__struct_fields__)
        table = zip(self.numbers().tolist(), self.rows()[:, :width].tolist(), strict=True)
        return [(row, 0, -1, 0, kind(*words)) for row, words in table]


def encode_entries(
    topic: bytes, stream: int, epoch: int, seq: int, entries: Sequence[Entry], ts_publish: int, flags: int = 0
) -> bytes:
    """Make a frame of events of one kind.

    Parameters
    ----------
    topic : bytes
        With its closing bar.
    stream, epoch, seq : int
        As in `Frame`.
    entries : sequence of (row, sub, cause_row, cause_sub, event)
        At least one and at most `MOST_EVENTS`, in order, all of one kind.
    ts_publish : int
        Now (UNIX time in nanoseconds, UTC).
    flags : int
        `REPLAY`, or 0.

    Returns
    -------
    bytes
        The frame.
    """
    row, sub, _, _, event = entries[0]
    kind = type(event)
    payload = _encode(entries)
    ts_init: int = event.ts_init  # type: ignore[attr-defined]  # every kind has it
    head = topic + _pack(
        MAGIC,
        VERSION,
        flags,
        kind.TYPE_ID,
        kind.REVISION,
        stream,
        len(entries),
        epoch,
        seq,
        row,
        ts_init,
        ts_publish,
        sub,
        len(payload),
    )
    frame = head + payload
    return frame + crc32(frame).to_bytes(CRC_BYTES, "little")


def encode_rows(
    topic: bytes,
    stream: int,
    epoch: int,
    seq: int,
    numbers: NDArray[np.int64],
    rows: NDArray[np.int64],
    ts_publish: int,
    flags: int = 0,
) -> bytes:
    """Make a frame of market rows of one kind.

    Parameters
    ----------
    topic, stream, epoch, seq, ts_publish, flags
        As `encode_entries`.
    numbers : int64, shape (n,)
        The rows' numbers in the run.
    rows : int64, shape (n, 12)
        The rows, at least one and at most `MOST_EVENTS`.

    Returns
    -------
    bytes
        The frame.
    """
    kind = MARKET_KINDS[rows.item(0, r.KIND)]
    body = (numbers.astype("<i8", copy=False).tobytes(), rows.astype("<i8", copy=False).tobytes())
    head = topic + _pack(
        MAGIC,
        VERSION,
        flags | ROWS,
        kind.TYPE_ID,
        kind.REVISION,
        stream,
        len(rows),
        epoch,
        seq,
        numbers.item(0),
        rows.item(0, r.TS_INIT),
        ts_publish,
        0,
        len(body[0]) + len(body[1]),
    )
    frame = b"".join((head, *body))
    return frame + crc32(frame).to_bytes(CRC_BYTES, "little")


def encode_control(
    type_id: int,
    epoch: int,
    *,
    topic: bytes = BUS_TOPIC,
    stream: int = 0,
    seq: int = 0,
    count: int = 0,
    flags: int = 0,
    payload: bytes = b"",
    ts_publish: int = 0,
) -> bytes:
    """Make a frame that carries no events, of one of the types `HEAD` to `BYE`; parameters as in `Frame`."""
    head = topic + _pack(
        MAGIC, VERSION, flags, type_id, 1, stream, count, epoch, seq, -1, 0, ts_publish, 0, len(payload)
    )
    frame = head + payload
    return frame + crc32(frame).to_bytes(CRC_BYTES, "little")


def decode(data: bytes) -> Frame:
    """Read a frame and check it; its payload is read later.

    Parameters
    ----------
    data : bytes
        One message, whatever it holds.

    Returns
    -------
    Frame

    Raises
    ------
    VersionError
        It is a frame of another version.
    WireError
        It is no frame, or not a whole one.
    """
    bar = data.find(b"|", 0, MOST_TOPIC) + 1
    try:
        mark, flags, type_id, count, epoch, seq, length = _unpack(data, bar)
    except TooShort:
        raise _no_frame(data, bar) from None
    if mark != _MARK or not bar or crc32(data) != _RESIDUE or length != len(data) - bar - HEADER_BYTES - CRC_BYTES:
        raise _no_frame(data, bar)
    topic = data[:bar]
    if type_id < HEAD:
        if not (0 < count <= MOST_EVENTS and 0 < seq < _LARGEST):
            raise WireError(f"{topic!r}: {count} events from number {seq} on are no part of a stream")
        if flags & ROWS and type_id in KINDS:
            if type_id not in MARKET_KINDS:
                raise WireError(f"{topic!r}: kind {type_id} does not come in rows")
            if length != count * (_NUMBER_BYTES + _ROW_BYTES):
                raise WireError(f"{topic!r}: {length} bytes are not {count} rows with their numbers")
    return Frame(topic, data, flags, type_id, count, epoch, seq)


def _no_frame(data: bytes, bar: int) -> WireError:
    """Say why some bytes are no frame; ``bar`` is the length of the topic, 0: there is none."""
    if not bar or len(data) < bar + 4:
        return WireError(f"{len(data)} bytes that are no frame: no topic with its bar, and a header, at their start")
    topic, header = data[:bar], data[bar:]
    magic = int.from_bytes(header[:2], "little")
    if magic != MAGIC:
        return WireError(f"{topic!r}: not a frame of tickloom: mark {magic:#06x} instead of {MAGIC:#06x}")
    if header[2] != VERSION:
        return VersionError(
            f"{topic!r}: the other side speaks version {header[2]} of the bus, this one version {VERSION}; "
            f"install the same tickloom on both sides"
        )
    there = len(header) - HEADER_BYTES - CRC_BYTES
    if there < 0:
        return WireError(f"{topic!r}: {len(header)} bytes; a header and a checksum have {HEADER_BYTES + CRC_BYTES}")
    told = _HEADER.unpack_from(data, bar)[-1]
    if told != there:
        return WireError(f"{topic!r}: {there} bytes in a payload that says {told}")
    return WireError(f"{topic!r}: the checksum is wrong")
