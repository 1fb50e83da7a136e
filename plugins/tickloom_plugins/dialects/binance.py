"""How Binance speaks: the messages of its spot, USD-margined and coin-margined markets.

Source: "WebSocket Streams" of the exchange's documentation, for spot and for both kinds of futures, and "Order Book"
of its REST interfaces. The streams read here are ``trade``, ``bookTicker`` and ``depth`` (differences,
at any speed), in the combined form ``{"stream": ..., "data": ...}``, and the REST answer ``depth`` (a snapshot).

Wire times are UNIX milliseconds; spot streams can be asked for microseconds, which are told apart by their size.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

#: From here on a wire time is in microseconds; as milliseconds it would lie beyond the year 2255.
_MICROSECONDS = 9_000_000_000_000

_Id = Annotated[int, msgspec.Meta(ge=0, lt=2**62)]
_Time = Annotated[int, msgspec.Meta(ge=0, lt=9_000_000_000_000_000)]


class Trade(msgspec.Struct, frozen=True, gc=False):
    """One trade. Where the buyer is the maker, the aggressor sold; ``kind`` other than MARKET is no market trade.

    Futures also report transfers to the insurance fund and automatic deleveraging on this stream (``INSURANCE_FUND``,
    ``ADL``), and trades that were taken back (``NA``, with a price of 0).
    """

    symbol: str = msgspec.field(name="s")
    trade_id: _Id = msgspec.field(name="t")
    price: str = msgspec.field(name="p")
    quantity: str = msgspec.field(name="q")
    buyer_is_maker: bool = msgspec.field(name="m")
    kind: str = msgspec.field(name="X", default="MARKET")
    time: _Time = msgspec.field(name="T", default=0)
    sent: _Time = msgspec.field(name="E", default=0)


class Quote(msgspec.Struct, frozen=True, gc=False):
    """The best bid and ask. On spot the message holds no time at all."""

    symbol: str = msgspec.field(name="s")
    update_id: _Id = msgspec.field(name="u")
    bid: str = msgspec.field(name="b")
    bid_quantity: str = msgspec.field(name="B")
    ask: str = msgspec.field(name="a")
    ask_quantity: str = msgspec.field(name="A")
    time: _Time = msgspec.field(name="T", default=0)
    sent: _Time = msgspec.field(name="E", default=0)


class Difference(msgspec.Struct, frozen=True, gc=False):
    """New totals at some prices, after updates ``first`` to ``last``; futures also name the update before them.

    ``numbers`` are price, quantity, price, quantity, ... joined by commas: all ``bids`` pairs, then all ``asks`` pairs.
    """

    symbol: str
    first: int
    last: int
    previous: int
    time: int
    sent: int
    numbers: str
    bids: int
    asks: int


class Snapshot(msgspec.Struct, frozen=True, gc=False):
    """The book after update ``last``, as REST answers; only coin-margined futures say whose book it is.

    ``numbers``, ``bids`` and ``asks`` as in `Difference`.
    """

    symbol: str
    last: int
    time: int
    sent: int
    numbers: str
    bids: int
    asks: int


Message = Trade | Quote | Difference | Snapshot


class _WireDifference(msgspec.Struct, frozen=True, gc=False):
    """A `Difference` as it is sent. Its levels are left as they are: most are read with many others, in one go."""

    symbol: str = msgspec.field(name="s")
    first: _Id = msgspec.field(name="U")
    last: _Id = msgspec.field(name="u")
    bids: msgspec.Raw = msgspec.field(name="b")
    asks: msgspec.Raw = msgspec.field(name="a")
    previous: int = msgspec.field(name="pu", default=-1)
    time: _Time = msgspec.field(name="T", default=0)
    sent: _Time = msgspec.field(name="E", default=0)


class _WireSnapshot(msgspec.Struct, frozen=True, gc=False):
    """A `Snapshot` as it is sent."""

    last: _Id = msgspec.field(name="lastUpdateId")
    bids: msgspec.Raw
    asks: msgspec.Raw
    symbol: str = ""
    time: _Time = msgspec.field(name="T", default=0)
    sent: _Time = msgspec.field(name="E", default=0)


class _Envelope(msgspec.Struct, frozen=True, gc=False):
    """A message of a combined stream: whose stream, and the message itself, not yet read."""

    stream: str = ""
    data: msgspec.Raw = msgspec.Raw()


_envelope = msgspec.json.Decoder(_Envelope).decode
_difference = msgspec.json.Decoder(_WireDifference).decode
_snapshot = msgspec.json.Decoder(_WireSnapshot).decode
_pairs = msgspec.json.Decoder(list[tuple[str, str]]).decode


def _levels(bids: msgspec.Raw, asks: msgspec.Raw) -> tuple[str, int, int]:
    """Join the numbers of two lists ``[[price, quantity], ...]``, each number a text, and count the pairs of either."""
    left, right = bytes(bids), bytes(asks)
    counts = left.count(b'"') // 4, right.count(b'"') // 4
    both = left + b"," + right
    if both.translate(None, b"0123456789.") == _skeleton(*counts):
        return both.translate(None, b'[]"').strip(b",").decode(), *counts
    # Not as the exchange writes them. A comma inside a text makes it no number, but must not make it two.
    pairs = _pairs(left), _pairs(right)
    texts = [text.replace(",", ";") for side in pairs for pair in side for text in pair]
    return ",".join(texts), len(pairs[0]), len(pairs[1])


@lru_cache(16_384)
def _skeleton(bids: int, asks: int) -> bytes:
    """Write two lists of levels without their digits and dots."""
    left, right = (b"[" + b",".join([b'["",""]'] * count) + b"]" for count in (bids, asks))
    return left + b"," + right


def _read_difference(data: msgspec.Raw) -> Difference:
    """Read the data of a ``depth`` stream."""
    w = _difference(data)
    return Difference(w.symbol, w.first, w.last, w.previous, w.time, w.sent, *_levels(w.bids, w.asks))


def _read_snapshot(text: bytes) -> Snapshot:
    """Read a REST answer."""
    w = _snapshot(text)
    return Snapshot(w.symbol, w.last, w.time, w.sent, *_levels(w.bids, w.asks))


_streams: dict[str, Callable[[msgspec.Raw], Message]] = {
    "trade": msgspec.json.Decoder(Trade).decode,
    "bookTicker": msgspec.json.Decoder(Quote).decode,
    "depth": _read_difference,
}


@lru_cache(64)
def _reader(stream: str) -> Callable[[msgspec.Raw], Message]:
    """Find who reads a stream called ``SYMBOL@KIND`` or ``SYMBOL@KIND@SPEED``."""
    kind = stream.partition("@")[2].partition("@")[0]
    if kind not in _streams:
        raise ValueError(f"stream {stream!r} is none of {', '.join(_streams)}")
    return _streams[kind]


def decode(text: bytes) -> Message:
    """Read one message.

    Parameters
    ----------
    text : bytes
        A message of a combined stream, or a REST snapshot, as JSON.

    Raises
    ------
    msgspec.DecodeError, ValueError
        It is no JSON, of another stream, or lacks a field.
    """
    envelope = _envelope(text)
    if not envelope.stream:
        return _read_snapshot(text)
    return _reader(envelope.stream)(envelope.data)


def nanoseconds(wire: NDArray[np.int64]) -> NDArray[np.int64]:
    """Make wire times (milliseconds or microseconds, int64 of any shape) UNIX nanoseconds (UTC)."""
    return np.where(wire < _MICROSECONDS, wire * 1_000_000, wire * 1_000)


def identify(text: bytes) -> tuple[str, str] | None:
    """Tell of which market a message is, and of which instrument.

    Parameters
    ----------
    text : bytes
        A message as `decode` takes it.

    Returns
    -------
    tuple or None
        Market (``spot``, ``usdm``, ``cm``) and symbol; None where the message does not show them.
    """
    try:
        whole = msgspec.json.decode(text, type=dict[str, Any])
        data = msgspec.convert(whole["data"], dict[str, Any])
        stream, symbol = str(whole["stream"]), str(data["s"])
    except (KeyError, ValueError, RecursionError, msgspec.DecodeError):
        return None
    if "ps" in data:
        return "cm", symbol
    futures = "pu" in data or "X" in data or ("@bookTicker" in stream and "e" in data)
    return "usdm" if futures else "spot", symbol
