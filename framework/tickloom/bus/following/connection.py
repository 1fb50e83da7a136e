"""The sockets of a listener, and whether anybody is at the other end of them."""

import time
import weakref
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import zmq

from tickloom.bus import wire
from tickloom.bus.security import ListenerKeys, identify, read_listener_keys
from tickloom.bus.sockets import Socket, open_socket, readable
from tickloom.errors import ConfigError

#: A replay socket that is not connected is tried again after so long (s).
_RETRY = 0.1
#: Time for the last word to a publisher when a listener leaves (ms).
_FAREWELL = 100


class Connection:
    """SUB for what happens, DEALER for what was missed, and the monitor of SUB.

    The monitor tells of connections and of nothing else. A run that is busy, or whose source has nothing to give, is
    silent as well, but its connection stands.

    Parameters
    ----------
    endpoint : str
        Where the publisher publishes.
    topics : sequence of str
        Beginnings of topics.
    keys : Path, optional
        Folder with the listener's keys.

    Attributes
    ----------
    sub, dealer : zmq.Socket
        The DEALER is None before anybody has said where to ask.
    gone_since : float or None
        Since when (s, monotonic) a connection that stood has been broken; None: it stands, or never did.
    blocked_until : float
        Nothing can be asked earlier (s, monotonic).
    """

    def __init__(self, endpoint: str, topics: Sequence[str], keys: Path | None) -> None:
        self.dealer: Socket | None = None
        self.gone_since: float | None = None
        self.blocked_until = 0.0
        self._keys: ListenerKeys | None = None if keys is None else read_listener_keys(keys)
        self._replay = ""
        self._poller = zmq.Poller()
        # What is to be put down, last first, also where nobody calls `close`: see `tickloom.bus.Publisher`.
        self._closing = ExitStack()
        weakref.finalize(self, self._closing.close)
        self._context: zmq.Context[Socket] = zmq.Context()
        self._closing.callback(self._context.destroy, _FAREWELL)
        self.sub = self._open(zmq.SUB)
        for topic in dict.fromkeys((wire.BUS_TOPIC, *(topic.encode() for topic in topics))):
            self.sub.setsockopt(zmq.SUBSCRIBE, topic)
        self._monitor: Socket = self.sub.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED)
        self._closing.callback(self._monitor.close, 0)
        self._poller.register(self._monitor, zmq.POLLIN)
        self._connect(self.sub, endpoint)

    def _open(self, kind: int) -> Socket:
        socket = open_socket(self._context, kind)
        self._closing.callback(socket.close, _FAREWELL)
        if self._keys is not None:
            identify(socket, self._keys)
        return socket

    def _connect(self, socket: Socket, endpoint: str) -> None:
        try:
            socket.connect(endpoint)
        except zmq.ZMQError as error:
            raise ConfigError(f"{endpoint!r} cannot be connected to: {error.strerror}") from None
        self._poller.register(socket, zmq.POLLIN)

    def open_replay(self, endpoint: str) -> None:
        """Connect to where ranges are asked for, unless that is done."""
        if endpoint == self._replay:
            return
        if self.dealer is not None:
            self._poller.unregister(self.dealer)
            self.dealer.close(0)
        self._replay = endpoint
        self.dealer = self._open(zmq.DEALER)
        self._connect(self.dealer, endpoint)

    @property
    def sockets(self) -> tuple[Socket, ...]:
        """Where frames come in: SUB and, once the publisher has said where to ask, DEALER."""
        return (self.sub,) if self.dealer is None else (self.sub, self.dealer)

    @property
    def watched(self) -> tuple[Socket, ...]:
        """Whatever may have something to say."""
        return (*self.sockets, self._monitor)

    def wait(self, timeout: int) -> None:
        """Wait until something comes, for so long (ms) at most."""
        self._poller.poll(timeout)

    def look(self, now: float) -> None:
        """Learn whether the connection stands at this time (s, monotonic)."""
        while readable(self._monitor):
            event = int.from_bytes(self._monitor.recv_multipart(zmq.NOBLOCK)[0][:2], "little")
            self.gone_since = now if event == zmq.EVENT_DISCONNECTED else None

    def send(self, frame: bytes) -> bool:
        """Send to the replay socket, unless it is not connected just now."""
        if self.dealer is None or self.dealer.closed:
            return False
        try:
            self.dealer.send(frame, zmq.NOBLOCK)
        except zmq.Again:
            self.blocked_until = time.monotonic() + _RETRY
            return False
        return True

    def close(self) -> None:
        """Close the sockets."""
        self._closing.close()
