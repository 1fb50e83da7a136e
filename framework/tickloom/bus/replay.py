"""The replay socket: says hello to listeners, and sends again what they missed."""

from collections.abc import Callable

import zmq

from tickloom.bus import wire
from tickloom.bus.following.sequence import MOST_ASKED
from tickloom.bus.sockets import Socket, readable
from tickloom.bus.streams import Streams

#: Requests that are answered in one turn of the loop; the rest wait for the next.
_BUDGET = 8
#: Listeners that are remembered until they say that they leave.
_MOST_LISTENERS = 1024


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

    Attributes
    ----------
    listeners : dict
        Identities that said hello and have not left.
    left : int
        How many have left.
    refused : int
        Requests that could not be read.
    """

    def __init__(self, socket: Socket, epoch: int, streams: Streams, welcome: Callable[[], bytes]) -> None:
        self.listeners: dict[bytes, None] = {}
        self.left = 0
        self.refused = 0
        self._socket = socket
        self._epoch = epoch
        self._streams = streams
        self._welcome = welcome

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
        return served

    def _answer(self, identity: bytes, request: wire.Frame, now: int) -> None:
        if request.type_id == wire.HELLO:
            self.listeners[identity] = None
            if len(self.listeners) > _MOST_LISTENERS:
                del self.listeners[next(iter(self.listeners))]
            self.send(identity, wire.encode_control(wire.HELLO, self._epoch, payload=self._welcome(), ts_publish=now))
        elif request.type_id == wire.BYE:
            self.left += identity in self.listeners
            self.listeners.pop(identity, None)
        elif request.type_id == wire.RANGE:
            self._send_range(identity, request, now)
        else:
            self.refused += 1

    def _send_range(self, identity: bytes, request: wire.Frame, now: int) -> None:
        """Send what is kept of a range, and where that begins."""
        stream = self._streams.by_topic.get(request.topic)
        count, kept_from = 0, 0
        if stream is not None and request.epoch == self._epoch:
            kept_from = stream.kept_from
            first = max(request.seq, kept_from)
            last = min(request.seq + min(request.count, MOST_ASKED) - 1, stream.head)
            if first <= last:
                count = last - first + 1
                for frame in stream.frames(self._epoch, first, last, now, wire.REPLAY):
                    if not self.send(identity, frame):
                        return
        end = wire.encode_control(
            wire.RANGE_END,
            self._epoch,
            topic=request.topic,
            seq=request.seq,
            count=count,
            payload=kept_from.to_bytes(8, "little"),
            ts_publish=now,
        )
        self.send(identity, end)

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
            self.listeners.pop(identity, None)
            return False
        return True

    def call(self, frame: bytes) -> None:
        """Send to every listener that said hello; those that have gone are forgotten."""
        for identity in list(self.listeners):
            self.send(identity, frame)
