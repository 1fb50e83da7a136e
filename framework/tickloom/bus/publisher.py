"""The observer that publishes a run: XPUB for what happens, ROUTER for what somebody missed; it never waits."""

import time
import weakref
from contextlib import ExitStack
from pathlib import Path

import msgspec
import numpy as np
import zmq
from numpy.typing import NDArray

from tickloom.bus import wire
from tickloom.bus.replay import Replay
from tickloom.bus.rereading import Past
from tickloom.bus.security import Guard, bind, read_publisher_keys
from tickloom.bus.sockets import Socket, bound_to, claim, open_socket, readable, replay_endpoint
from tickloom.bus.streams import Streams
from tickloom.bus.welcome import Greeting, Head, make_welcome
from tickloom.engine.stream import Observer
from tickloom.events import Event
from tickloom.record import RunTables

#: Memory (bytes) in which what was published is kept.
RETAIN = 128_000_000
#: Time between two signs of life, with the head of every stream that somebody listens to (s).
BEAT = 0.25
#: Listeners are heard at most so often (s): asking the sockets takes longer than sending an event.
_LOOK = 0.001
#: Heads that are sent in one turn; the others follow in the next.
_HEADS = 512
#: How long the end of a run waits at most for listeners that are still repairing (s).
LINGER = 5.0
#: What one turn of that wait counts at most (s).
_STEP = 0.1
#: How long closing waits for those that still read and never said hello (ms).
_PARTING = 500
#: How long it waits for listeners that have subscribed to say hello (s).
_HELLO = 1.0


class Publisher(Observer):
    """Publishes what a run commits.

    Parameters
    ----------
    publish : str
        Where: ``ipc://@NAME``, ``ipc://PATH`` or ``tcp://HOST:PORT`` (port ``*``: any that is free).
    replay : str, optional
        Where listeners ask for what they missed; by default ``NAME-replay``, or the next port.
    keys : Path, optional
        Folder of the publisher's keys (`tickloom.bus.security`); needed off loopback.
    retain : int
        Memory (bytes) in which what was published is kept for listeners that missed it: a quarter for market rows,
        the rest for all other events.
    past : callable, optional
        The run's journal: gives the outcome stream from a name (row, sub) on, for what is no longer kept.

    Attributes
    ----------
    epoch : int
        This life of the publisher: when it began (UNIX time in nanoseconds, UTC). It is in no event.
    endpoint, replay : str
        Where it is bound; after `bind`.

    Notes
    -----
    Costs in a run that nobody listens to: a reference per event, a copy and a count per market row.
    """

    name = "bus"

    def __init__(
        self,
        publish: str,
        *,
        replay: str | None = None,
        keys: Path | None = None,
        retain: int = RETAIN,
        past: Past | None = None,
    ) -> None:
        self.epoch = time.time_ns()
        self.endpoint = publish
        self.replay = replay_endpoint(publish) if replay is None else replay
        self._keys = keys
        self._retain = retain
        self._past = past
        self._is_bound = self._begun = self._over = False
        self._guard: Guard | None = None
        # What is to be put down, last first. Forgotten without `close`, it is put down all the same: the collector of
        # garbage might take the context before its sockets, and would then wait for them, for ever.
        self._closing = ExitStack()
        weakref.finalize(self, self._closing.close)
        self._look_due = self._beat_due = 0.0
        self._next_head = 0

    # --- from begin to end -------------------------------------------------------------------------------------------

    def bind(self) -> None:
        """Bind both sockets; `begin` does it where nobody has.

        Raises
        ------
        ConfigError
            An endpoint is none, is taken, or is open to other machines without keys.
        """
        try:
            for endpoint in (self.replay, self.endpoint):
                for file in claim(endpoint):
                    self._closing.callback(file.close)
            # One thread of ZeroMQ for both sockets. An authenticator needs a context of its own, so each publisher has.
            self._context: zmq.Context[Socket] = zmq.Context()
            self._closing.callback(self._context.destroy, _PARTING)
            if self._keys is not None:
                self._guard = Guard(self._context, read_publisher_keys(self._keys))
                self._closing.callback(self._guard.stop)
            self._router = self._bind(zmq.ROUTER, self.replay)
            self.replay = bound_to(self._router)
            greeting = msgspec.msgpack.encode(Greeting(self.epoch, self.replay))
            self._xpub = self._bind(zmq.XPUB, self.endpoint, greeting)
            self.endpoint = bound_to(self._xpub)
            self._is_bound = True
        except BaseException:
            self.close()
            raise

    def begin(self, tables: RunTables) -> None:
        """Take up the run."""
        if not self._is_bound:
            self.bind()
        self._streams = Streams(tables, self._retain)
        self._tables = tables
        self._replay = Replay(self._router, self.epoch, self._streams, self._welcome, self._past)
        self._begun = True

    def event(self, row: int, sub: int, cause_row: int, cause_sub: int, event: Event) -> None:
        """Give an event its number; it is sent at the end of the turn."""
        self._streams.add(row, sub, cause_row, cause_sub, event)

    def rows(self, first: int, rows: NDArray[np.int64]) -> None:
        """Keep rows; they are numbered and sent at the end of the turn, or earlier where a turn has very many."""
        log = self._streams.log
        for start in range(0, len(rows), log.most_at_once):
            part = rows[start : start + log.most_at_once]
            if not log.has_room(len(part)):
                self._send()
            log.add(part)

    def flush(self) -> None:
        """Send what the turn brought, answer who asked, and give a sign of life when it is time."""
        self._send()
        self._streams.trim()
        now = time.monotonic()
        if now >= self._look_due:
            self._look_due = now + _LOOK
            self._listen()
            self._replay.serve(time.time_ns())
            if self._streams.prefixes and now >= self._beat_due:
                self._beat()

    def end(self) -> None:
        """Tell listeners that the run is over, wait a little for those that still miss something, and close."""
        try:
            if self._begun:
                self.flush()
                self._over = True
                self._replay.heard.clear()
                self._beat_due = 0.0
                self._wait()
        finally:
            self.close()

    def detached(self) -> None:
        """Leave without a word: the run is not over, and what a publisher says that failed is worth nothing."""
        self.close()

    def close(self) -> None:
        """Close the sockets, after what was sent has left, or could not for a while."""
        self._begun = False
        self._closing.close()

    # --- sockets -----------------------------------------------------------------------------------------------------

    def _bind(self, kind: int, endpoint: str, greeting: bytes = b"") -> Socket:
        """Make a socket and bind it."""
        socket = open_socket(self._context, kind)
        self._closing.callback(socket.close, _PARTING)
        if greeting:
            # Sent by ZeroMQ itself to whoever subscribes, also after a lost connection.
            # Each listener counts, also those that want what others want already.
            socket.setsockopt(zmq.XPUB_VERBOSER, 1)
            socket.setsockopt(zmq.XPUB_WELCOME_MSG, wire.encode_control(wire.GREETING, self.epoch, payload=greeting))
        bind(socket, endpoint, self._guard)
        return socket

    def _listen(self) -> None:
        """Learn what listeners want."""
        while readable(self._xpub):
            message = self._xpub.recv(zmq.NOBLOCK)
            self._streams.subscribe(message[1:], message[0] == 1)

    def _send(self) -> None:
        """Send what is new in the streams that somebody wants."""
        streams = self._streams
        streams.log.settle()
        now = time.time_ns() if streams.wanted else 0
        for stream in streams.wanted:
            head = stream.head
            if head > stream.sent:
                for frame in stream.frames(self.epoch, stream.sent + 1, head, now):
                    # Never blocks: a listener that cannot take more loses the frame, sees that, and asks for it.
                    self._xpub.send(frame)
                stream.sent = head

    def _beat(self) -> None:
        """Say that the publisher lives, and where streams stand: else a lost last event would never be missed."""
        self._beat_due = time.monotonic() + BEAT
        now = time.time_ns()
        self._xpub.send(
            wire.encode_control(wire.BEAT, self.epoch, flags=wire.OVER if self._over else 0, ts_publish=now)
        )
        wanted = self._streams.wanted
        for _ in range(min(len(wanted), _HEADS)):
            self._next_head = (self._next_head + 1) % len(wanted)
            stream = wanted[self._next_head]
            self._xpub.send(
                wire.encode_control(
                    wire.HEAD, self.epoch, topic=stream.topic, stream=stream.number, seq=stream.head, ts_publish=now
                )
            )

    def _wait(self) -> None:
        """Serve listeners until each has said that it has everything, for `LINGER` at most."""
        poller = zmq.Poller()
        poller.register(self._xpub, zmq.POLLIN)
        poller.register(self._router, zmq.POLLIN)
        waited, last = 0.0, time.monotonic()
        while waited < LINGER:
            self._listen()
            self._replay.serve(time.time_ns())
            now = time.monotonic()
            # A machine that stands still for seconds takes nobody's time away: listeners stand still with it.
            waited, last = waited + min(now - last, _STEP), now
            if now >= self._beat_due:
                self._beat()
                self._replay.call(wire.encode_control(wire.BEAT, self.epoch, flags=wire.OVER))
            # Each of those who have subscribed will say hello or that it leaves, once it has heard that it is over.
            silent = self._streams.prefixes[wire.BUS_TOPIC] > len(self._replay.heard) and waited < _HELLO
            if not self._replay.listeners and not silent:
                return
            poller.poll(0 if self._replay.rereads else 20)

    def _welcome(self) -> bytes:
        heads = {
            stream.topic.decode(): Head(stream.number, stream.head, self._replay.kept_from(stream))
            for stream in self._streams.by_topic.values()
        }
        return make_welcome(self._tables, self.epoch, self._over, heads)
