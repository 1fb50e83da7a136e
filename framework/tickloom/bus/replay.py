"""The replay socket: says hello to listeners, and sends again what they missed."""

import logging
from collections.abc import Callable, Sequence

import zmq

from tickloom.bus import wire
from tickloom.bus.following.sequence import MOST_ASKED
from tickloom.bus.rereading import Past, Rereading
from tickloom.bus.retention import EventStream, RowStream
from tickloom.bus.sockets import Socket, readable
from tickloom.bus.streams import Streams
from tickloom.errors import TickloomError

#: Requests that are answered in one turn of the loop; the rest wait for the next.
_BUDGET = 8
#: Listeners that are remembered until they say that they leave.
_MOST_LISTENERS = 1024
#: Places in the journal that are remembered, each with a stretch of it.
_MOST_READINGS = 64

_log = logging.getLogger(__name__)


class Replay:
    """Answers requests, a few at a time and never waiting for anybody.

    Parameters
    ----------
    socket : zmq.Socket
        A bound ROUTER.
    epoch : int
        The publisher's life.
    streams : Streams
        What is kept.
    welcome : callable
        Returns the payload of the answer to ``hello``.
    past : callable, optional
        The run's journal, if it has one.

    Attributes
    ----------
    listeners : dict
        Identities that said hello and have not left.
    heard : set
        Identities that have said hello or that they leave; for the publisher to clear.
    refused : int
        Requests that could not be read.
    """

    def __init__(
        self, socket: Socket, epoch: int, streams: Streams, welcome: Callable[[], bytes], past: Past | None = None
    ) -> None:
        self.listeners: dict[bytes, None] = {}
        self.heard: set[bytes] = set()
        self.refused = 0
        self._socket = socket
        self._epoch = epoch
        self._streams = streams
        self._welcome = welcome
        self._past = past
        self._readings: dict[tuple[bytes, bytes], Rereading] = {}

    def serve(self, now: int) -> bool:
        """Answer the requests that wait, up to a budget.

        Parameters
        ----------
        now : int
            UNIX time in nanoseconds (UTC), for the frames.

        Returns
        -------
        bool
            Whether there was one.
        """
        served = False
        for _ in range(_BUDGET):
            if not readable(self._socket):
                break
            identity, *parts = self._socket.recv_multipart(zmq.NOBLOCK)
            served = True
            try:
                request = wire.decode(parts[-1] if parts else b"")
            except wire.VersionError:
                # Our version is in every header: who asked learns it from this one.
                self.send(identity, wire.encode_control(wire.BEAT, self._epoch))
            except wire.WireError:
                self.refused += 1
            else:
                self._answer(identity, request, now)
        self._step(now)
        return served

    def _answer(self, identity: bytes, request: wire.Frame, now: int) -> None:
        if request.type_id == wire.HELLO:
            self._hear(identity)
            self.listeners[identity] = None
            if len(self.listeners) > _MOST_LISTENERS:
                del self.listeners[next(iter(self.listeners))]
            self.send(identity, wire.encode_control(wire.HELLO, self._epoch, payload=self._welcome(), ts_publish=now))
        elif request.type_id == wire.BYE:
            self._hear(identity)
            self._forget(identity)
        elif request.type_id == wire.RANGE:
            self._send_range(identity, request, now)
        else:
            self.refused += 1

    def _send_range(self, identity: bytes, request: wire.Frame, now: int) -> None:
        """Send what is kept of a range; what only the journal has follows in the next turns."""
        stream = self._streams.by_topic.get(request.topic)
        first, last = request.seq, request.seq + min(request.count, MOST_ASKED) - 1
        if stream is None or request.epoch != self._epoch:
            self._end(identity, request.topic, first, 0, 0, now)
            return
        kept_from = stream.kept_from
        if self._past is not None and isinstance(stream, EventStream) and 0 < first < kept_from:
            self._reread(identity, stream, self._past, first, min(last, kept_from - 1))
            return
        first, last = max(first, kept_from), min(last, stream.head)
        if first > last or self._send_all(identity, stream.frames(self._epoch, first, last, now, wire.REPLAY)):
            self._end(identity, request.topic, request.seq, max(0, last - first + 1), kept_from, now)

    # --- from the journal --------------------------------------------------------------------------------------------

    def kept_from(self, stream: EventStream | RowStream) -> int:
        """Find the number of the first event of a stream that a listener can still have."""
        return 1 if self._past is not None and isinstance(stream, EventStream) else stream.kept_from

    @property
    def rereads(self) -> bool:
        """Whether something of the journal has still to be sent."""
        return any(one.next <= one.last for one in self._readings.values())

    def _reread(self, identity: bytes, stream: EventStream, past: Past, first: int, last: int) -> None:
        """Take up a range of the journal, from where the listener's last one ended if it follows on that."""
        key = identity, stream.topic
        reading = self._readings.get(key)
        if reading is not None and reading.next <= reading.last and reading.first <= first <= reading.next:
            # It has lost patience: what it asks for is on its way.
            return
        if reading is None or first != reading.next:
            reading = self._readings[key] = Rereading(stream, self._streams, past, first)
        reading.first, reading.last = first, last
        if len(self._readings) > _MOST_READINGS:
            del self._readings[next(iter(self._readings))]

    def _step(self, now: int) -> None:
        """Go on with one range; the next turn goes on with the next one."""
        key = next((key for key, one in self._readings.items() if one.next <= one.last), None)
        if key is None:
            return
        (identity, topic), reading = key, self._readings.pop(key)
        seq = reading.next
        try:
            found = reading.step()
        except TickloomError as error:
            _log.warning("%s cannot be read again: %s", topic.decode(), error)
            self._end(identity, topic, reading.first, 0, reading.stream.kept_from, now)
            return
        if self._send_all(identity, reading.stream.encoded(self._epoch, seq, found, now, wire.REPLAY)):
            self._readings[key] = reading
            if reading.next > reading.last:
                self._end(identity, topic, reading.first, reading.next - reading.first, 1, now)

    # --- answers -----------------------------------------------------------------------------------------------------

    def _send_all(self, identity: bytes, frames: Sequence[bytes]) -> bool:
        return all(self.send(identity, frame) for frame in frames)

    def _end(self, identity: bytes, topic: bytes, seq: int, count: int, kept_from: int, now: int) -> None:
        """Say that an answer is complete, and from which number on there is something."""
        payload = kept_from.to_bytes(8, "little")
        self.send(
            identity,
            wire.encode_control(
                wire.RANGE_END, self._epoch, topic=topic, seq=seq, count=count, payload=payload, ts_publish=now
            ),
        )

    def send(self, identity: bytes, frame: bytes) -> bool:
        """Send to one listener, if it can take more just now; one that has gone is forgotten."""
        try:
            self._socket.send_multipart((identity, frame), zmq.NOBLOCK)
        except zmq.Again:
            # It asks again for what it misses.
            return False
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:
                raise
            self._forget(identity)
            return False
        return True

    def _hear(self, identity: bytes) -> None:
        if len(self.heard) >= _MOST_LISTENERS:
            self.heard.clear()
        self.heard.add(identity)

    def _forget(self, identity: bytes) -> None:
        self.listeners.pop(identity, None)
        for key in [key for key in self._readings if key[0] == identity]:
            del self._readings[key]

    def call(self, frame: bytes) -> None:
        """Send to every listener that said hello; those that have gone are forgotten."""
        for identity in list(self.listeners):
            self.send(identity, frame)
