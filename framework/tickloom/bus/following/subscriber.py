"""Follows a publisher: every event of the chosen streams exactly once and in order, and news of any that is lost."""

import logging
import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import zmq

from tickloom.bus import wire
from tickloom.bus.following.connection import Connection
from tickloom.bus.following.items import Batch, BatchItem, Ended, Item, Statistics, Vanished
from tickloom.bus.following.sequence import NOTHING, PATIENCE, Splicer, check_place
from tickloom.bus.sockets import Socket, reachable
from tickloom.bus.welcome import Welcome, read_greeting, read_welcome
from tickloom.bus.wire import Frame, VersionError, WireError

if TYPE_CHECKING:
    from tickloom.bus.following.attach import Attachment

#: Frames that are taken from the sockets before what they brought is handed out.
BUDGET = 512
#: A publisher whose connection broke, and has not come again for so long (s), has vanished.
GONE = 10.0
#: Where no answer is awaited, the replay socket is looked at so often (s).
_LOOK = 0.25
_LONGEST = int(_LOOK * 1000)
#: A message that is there after so long (s) was not waited for.
_AT_ONCE = 50e-6

_log = logging.getLogger(__name__)


class Subscriber(AbstractContextManager["Subscriber"]):
    """Follows the streams of a publisher.

    Parameters
    ----------
    endpoint : str
        Where the publisher publishes, such as ``ipc://@tickloom``; it need not be there yet.
    topics : sequence of str
        Beginnings of the topics that are wanted, such as ``fill.`` or ``md.trade.spot.BTCUSDT|``; ``""``: all.
    from_start : bool
        Whether every stream is wanted from its first event on, or from where it stands now. After a restart of the
        publisher every stream is wanted from its start in any case.
    after : mapping of str to int, optional
        Topic, with its bar, to the number of the last event that an earlier subscriber has dealt with: these streams go
        on behind it, whatever ``from_start`` says. What was published meanwhile is fetched.
    epoch : int, optional
        The life of the publisher that the numbers in ``after`` are of. Where a later one is found, a `Restarted` comes.
    replay : str, optional
        Where to ask for what was missed; by default where the publisher says.
    keys : Path, optional
        Folder with the listener's keys (`tickloom.bus.security.read_listener_keys`), for a publisher that has keys.

    Raises
    ------
    ConfigError
        The keys cannot be used, ZeroMQ does not understand the endpoint, or the place to go on from is none.

    Notes
    -----
    Take what comes by one of `receive`, `receive_batch`, iteration (all three from one thread), or `attach`, which
    calls back on an asyncio loop. All but `receive_batch` and `attach` make an object of every event.
    """

    def __init__(
        self,
        endpoint: str,
        topics: Sequence[str] = ("",),
        *,
        from_start: bool = False,
        after: Mapping[str, int] = NOTHING,
        epoch: int | None = None,
        replay: str | None = None,
        keys: Path | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.topics = tuple(topics)
        self.statistics = Statistics()
        #: What the publisher said about itself; None until it has.
        self.welcome: Welcome | None = None
        self._given_replay = replay
        self._splicer: Splicer[Frame] = Splicer(from_start, Batch)
        check_place(after, epoch, self.topics)
        if epoch is not None:
            self._splicer.resume(epoch, after)
        self._names: dict[bytes, str] = {}
        self._messages: Iterator[Item] = iter(())
        self._over = self._ended = self._vanished = False
        self._heard = time.monotonic()
        # When to say hello (s, monotonic); None: nothing to ask.
        self._hello_due: float | None = self._heard
        self._look_due = 0.0
        self._flowing = False
        self._timeout = -1
        self._epoch: int | None = None
        self._connection = Connection(endpoint, self.topics, keys)
        if replay is not None:
            self._connection.open_replay(replay)

    # --- one by one, and in batches ----------------------------------------------------------------------------------

    def receive(self, timeout: float | None = None) -> Item | None:
        """Wait for the next event, or for news about the streams.

        Parameters
        ----------
        timeout : float, optional
            How long (s); None: for ever.

        Returns
        -------
        Message, Gap, Restarted, Ended, Vanished or None
            None: nothing came in time.

        Raises
        ------
        WireError
            The publisher speaks another version, or declares a kind of event otherwise.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            item = next(self._messages, None)
            if item is not None:
                return item
            batch = self.receive_batch(None if deadline is None else max(0.0, deadline - time.monotonic()))
            if not isinstance(batch, Batch):
                return batch
            if batch.kind is None:
                self.statistics.unknown += len(batch)
            self._messages = iter(batch)

    def receive_batch(self, timeout: float | None = None) -> BatchItem | None:
        """Wait for the next batch of events; as `receive`, but one frame's events at a time."""
        out, looked = self.out, False
        deadline = None if timeout is None else time.monotonic() + timeout
        while not out:
            now = time.monotonic()
            if self._hello_due is not None or now >= self._look_due or not self._splicer.complete:
                more = self.drain()
            else:
                more = self._flowing and self._take(self._connection.sub)
            if more or out:
                continue
            if looked and deadline is not None and now >= deadline:
                return None
            self._wait(now, deadline)
            looked = True
        return out.popleft()

    def __iter__(self) -> Iterator[Item]:
        """Yield events and news until a run is over and all of it has been handed out; again: those of the next run.

        The last item is a `Vanished` where the publisher went without a word.
        """
        while True:
            item = self.receive()
            assert item is not None  # without a timeout something comes
            if isinstance(item, Ended):
                return
            yield item
            if isinstance(item, Vanished):
                return

    def attach(self, handle: Callable[[BatchItem], None]) -> "Attachment":
        """Have the running asyncio loop hand ``handle`` what `receive_batch` would return, until it is closed.

        Closing the attachment takes the sockets from the loop again, and leaves the subscriber open.
        """
        from tickloom.bus.following.attach import Attachment

        return Attachment(self, handle)

    # --- state -------------------------------------------------------------------------------------------------------

    @property
    def epoch(self) -> int | None:
        """The publisher's life; None before anything was heard of it."""
        return self._splicer.epoch

    @property
    def silence(self) -> float:
        """How long nothing has been heard of the publisher (s); alive, it is heard of several times a second."""
        return time.monotonic() - self._heard

    @property
    def duplicates(self) -> int:
        """Events that came more than once, and were handed out once."""
        return self._splicer.duplicates

    @property
    def requested(self) -> int:
        """Events that were asked for at the replay socket."""
        return self._splicer.requested

    @property
    def lost(self) -> int:
        """Events that are gone for good; each was reported in a `Gap`."""
        return self._splicer.lost

    def close(self) -> None:
        """Leave; nothing can be received any more."""
        if self._splicer.epoch is not None and not self._ended:
            # It spares the publisher waiting for us at its end.
            self._connection.send(wire.encode_control(wire.BYE, self._splicer.epoch))
        self._connection.close()

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- sockets -----------------------------------------------------------------------------------------------------

    @property
    def watched(self) -> tuple[Socket, ...]:
        """Sockets whose descriptors say that it is time to `drain`."""
        return self._connection.watched

    def drain(self) -> bool:
        """Take what waits at the sockets, up to a budget, without waiting, and ask for what is missing.

        Returns
        -------
        bool
            Whether the budget ran out, so that more may wait.

        Raises
        ------
        WireError
            As `receive`.
        """
        full = False
        for socket in self._connection.sockets:
            full |= self._take(socket)
        now = time.monotonic()
        self._look_due = now + _LOOK
        self._notice(self._splicer.epoch)
        if self._over and not self._ended and self._hello_due is None and self._splicer.complete:
            self._ended = True
            self._connection.send(wire.encode_control(wire.BYE, self._splicer.epoch or 0))
            self._splicer.out.append(Ended(self._splicer.epoch or 0))
        self._connection.look(now)
        due = self._gone_due()
        if due is not None and now >= due:
            self._vanished = True
            self._splicer.out.append(Vanished(self._splicer.epoch or 0))
        elif self._connection.gone_since is None:
            self._vanished = False
        self._ask(now)
        return full

    @property
    def out(self) -> deque[BatchItem]:
        """What `drain` brought, in order; whoever drains takes it from the left."""
        return self._splicer.out

    def next_due(self) -> float | None:
        """Time (s, monotonic) at which `drain` has something to do even if nothing comes; None: nothing."""
        gone = self._gone_due()
        if self._connection.dealer is None or (self._hello_due is None and self._splicer.complete):
            return gone
        dues = [due for due in (self._hello_due, self._splicer.next_due()) if due is not None]
        ask = max(min(dues), self._connection.blocked_until)
        return ask if gone is None else min(ask, gone)

    def _gone_due(self) -> float | None:
        """Time (s, monotonic) at which the publisher has vanished, if its connection stays as it is; None: never."""
        since = self._connection.gone_since
        if since is None or self._vanished or self._ended or self._splicer.epoch is None:
            return None
        return since + GONE

    def _take(self, socket: Socket, most: int = BUDGET, flags: int = zmq.NOBLOCK) -> bool:
        """Take messages until there are no more or there were so many; return whether there were so many."""
        # Names are looked up once: this loop is what receiving costs.
        recv, decode, names, pass_on = socket.recv, wire.decode, self._names, self._splicer.frame
        taken = 0
        try:
            for taken in range(most):  # noqa: B007 - counts also where it is left
                data = recv(flags)
                try:
                    frame = decode(data)
                except WireError as error:
                    self._refuse(error)
                    continue
                if frame.type_id < wire.HEAD:
                    topic = names.get(frame.topic) or self._name(frame.topic)
                    pass_on(frame.epoch, topic, frame.seq, frame.count, frame)
                else:
                    self._control(frame)
        except zmq.Again:
            self.statistics.frames += taken
            return False
        self.statistics.frames += most
        return True

    def _wait(self, now: float, deadline: float | None) -> None:
        """Wait until something comes or is due, or until the deadline (s, monotonic)."""
        due = self.next_due()
        if due is not None:
            self._connection.wait(_milliseconds(now, due if deadline is None else min(due, deadline)))
            return
        # No answer is awaited: to wait in recv is quicker than to poll, and to try first whether something is there
        # takes as long as a hop. That is worth its while only where messages come without being waited for.
        timeout = _LONGEST if deadline is None else min(_LONGEST, _milliseconds(now, deadline))
        if timeout != self._timeout:
            self._connection.sub.setsockopt(zmq.RCVTIMEO, timeout)
            self._timeout = timeout
        self._flowing = self._take(self._connection.sub, 1, 0) and time.monotonic() - now < _AT_ONCE

    def _refuse(self, error: WireError) -> None:
        """Leave out what is no frame, but not what another version of ourselves sent."""
        if isinstance(error, VersionError):
            raise error
        self.statistics.refused += 1
        _log.warning("a message from %s was refused: %s", self.endpoint, error)

    def _name(self, topic: bytes) -> str:
        name = self._names[topic] = topic.decode(errors="replace")
        return name

    def _control(self, frame: Frame) -> None:
        """Take a frame that carries no events."""
        self._heard = now = time.monotonic()
        if not self._splicer.enter(frame.epoch):
            if frame.type_id == wire.GREETING:
                _log.warning("%s greets with an epoch before the present one: was its clock set back?", self.endpoint)
            return
        self._notice(frame.epoch)
        if frame.type_id == wire.HEAD:
            self._splicer.head(frame.epoch, self._name(frame.topic), frame.seq)
        elif frame.type_id == wire.RANGE_END:
            kept_from = int.from_bytes(frame.payload, "little")
            self._splicer.answered(frame.epoch, self._name(frame.topic), frame.count, kept_from, now)
        elif frame.type_id == wire.GREETING:
            if self._given_replay is None:
                self._connection.open_replay(reachable(read_greeting(frame.payload).replay, self.endpoint))
            self._hello_due = now
        elif frame.type_id == wire.HELLO:
            self._welcomed(read_welcome(frame.payload), now)
        elif frame.type_id == wire.BEAT and frame.flags & wire.OVER and not self._over:
            # Whether that was all is known to who knows every stream.
            self._over = True
            self._hello_due = now

    def _welcomed(self, welcome: Welcome, now: float) -> None:
        """Learn what the publisher is, and where its streams stand."""
        self.welcome = welcome
        self._hello_due = None
        self._over = welcome.over
        for topic, head in welcome.heads.items():
            if topic.startswith(self.topics):
                self._splicer.head(welcome.epoch, topic, head.seq, now)
        self._splicer.joined()

    def _notice(self, epoch: int | None) -> None:
        """Begin anew where the publisher did."""
        if epoch != self._epoch:
            self._epoch = epoch
            self._over = self._ended = False
            self._hello_due = time.monotonic()

    def _ask(self, now: float) -> None:
        """Send what is due: hello, and requests for what is missing."""
        if self._connection.dealer is None or now < self._connection.blocked_until:
            return
        if self._hello_due is not None and now >= self._hello_due:
            self.statistics.hellos += 1
            if self._connection.send(wire.encode_control(wire.HELLO, self._splicer.epoch or 0)):
                self._hello_due = now + PATIENCE
        if self._splicer.complete:
            return
        for request in self._splicer.requests(now):
            topic, first, number = request
            epoch = self._splicer.epoch or 0
            if not self._connection.send(
                wire.encode_control(wire.RANGE, epoch, topic=topic.encode(), seq=first, count=number)
            ):
                return
            self._splicer.asked(request, now)


def _milliseconds(now: float, due: float) -> int:
    """Time until a moment (s): whole milliseconds, rounded up, and 0 where it is past."""
    return max(0, math.ceil((due - now) * 1000))
