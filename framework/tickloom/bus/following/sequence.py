"""Exactly once and in order, out of frames that may be lost, doubled, late or of another life: no socket, no clock.

Frames come in through `Splicer.frame`, news of what should have come through `Splicer.head`; what is complete goes out
through `Splicer.out`, and what has to be asked for through `Splicer.requests`.
"""

from bisect import insort
from collections import deque
from collections.abc import Callable, Mapping
from operator import itemgetter
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, TypeVar

from tickloom.bus.following.items import Gap, Restarted
from tickloom.errors import ConfigError

#: Events that are held while a hole before them is repaired, per stream; what comes beyond is asked for again later.
MOST_HELD = 65_536
#: Events that are asked for at once: an answer stays small, and asking for the next is the receipt for it.
MOST_ASKED = 5_000
#: An answer that has not come after so long (s) is asked for again.
PATIENCE = 1.0
#: What only an answer to ``hello`` told of may still be under way; so long (s) it is waited for.
GRACE = 0.1

#: The place of who has dealt with nothing.
NOTHING: Mapping[str, int] = MappingProxyType({})

_FrameT = TypeVar("_FrameT")
_first = itemgetter(0)


def check_place(after: Mapping[str, int], epoch: int | None, topics: tuple[str, ...]) -> None:
    """Refuse numbers to go on from that are none, or of no life, or of streams that are not listened to."""
    if after and epoch is None:
        raise ConfigError("after: its numbers are of one life of a publisher; give its epoch, too")
    for topic, seq in after.items():
        if not (topic.startswith(topics) and topic.endswith("|")):
            raise ConfigError(f"after: {topic!r} is none of the topics that are listened to, {', '.join(topics)}")
        if seq < 0:
            raise ConfigError(f"after: {topic!r}: {seq} is no number of an event; 0 stands before the first")


class Request(NamedTuple):
    """Ask for ``number`` events of a stream from number ``first`` on."""

    topic: str
    first: int
    number: int


class _Stream(Generic[_FrameT]):
    """Where one stream stands.

    Attributes
    ----------
    expected : int
        Number of the event that goes out next; 0 while nothing is known of the stream.
    head : int
        The newest number that is known to exist.
    held : list of (first, count, frame)
        Frames beyond a hole, ordered.
    asked : bool
        Whether an answer is awaited.
    due : float
        Not to be asked for earlier (s, of the given clock).
    """

    __slots__ = ("asked", "due", "expected", "head", "held", "holding")

    def __init__(self, expected: int) -> None:
        self.expected = expected
        self.head = 0
        self.held: list[tuple[int, int, _FrameT]] = []
        self.holding = 0
        self.asked = False
        self.due = 0.0


class Splicer(Generic[_FrameT]):
    """Puts the streams of one publisher together.

    Parameters
    ----------
    from_start : bool
        Whether every stream is wanted from number 1 on, or from where it stands when it is first heard of.
    make : callable
        Takes (topic, frame, skip, count) and returns what goes out for the part of a frame that was not yet seen.

    Attributes
    ----------
    out : deque
        What ``make`` returned, `Gap` and `Restarted`, in order; the caller takes it away.
    epoch : int or None
        The publisher's life.
    duplicates, lost, requested : int
        Events that came again, that are lost for good, and that were asked for.
    """

    def __init__(self, from_start: bool, make: Callable[[str, _FrameT, int, int], Any]) -> None:
        self.out: deque[Any] = deque()
        self.epoch: int | None = None
        self.duplicates = 0
        self.lost = 0
        self.requested = 0
        self._make = make
        # Where a stream begins that is heard of for the first time.
        self._from_one = from_start
        self._streams: dict[str, _Stream[_FrameT]] = {}
        self._incomplete: set[str] = set()

    def resume(self, epoch: int, after: Mapping[str, int]) -> None:
        """Take up streams of a life behind the numbers that went out earlier, before anything comes in."""
        self.epoch = epoch
        for topic, seq in after.items():
            stream = self._streams[topic] = _Stream(seq + 1)
            stream.head = seq

    # --- what comes in -----------------------------------------------------------------------------------------------

    def enter(self, epoch: int) -> bool:
        """Hear of an epoch; a later one puts an end to all streams of the old one.

        Returns
        -------
        bool
            Whether it is the present one; what belongs to a past one is to be thrown away.
        """
        if epoch == self.epoch:
            return True
        if self.epoch is not None:
            # Lives may be skipped, and frames of a skipped one may come late: only a later one is news.
            if epoch < self.epoch:
                return False
            for topic, stream in self._streams.items():
                self._give_up(topic, stream, stream.head + 1)
            self._streams.clear()
            self._incomplete.clear()
            self._from_one = True
            self.out.append(Restarted(self.epoch, epoch))
        self.epoch = epoch
        return True

    def frame(self, epoch: int, topic: str, seq: int, count: int, frame: _FrameT) -> None:
        """Take a frame with events ``seq`` to ``seq + count - 1`` of a stream."""
        stream = self._streams.get(topic)
        end = seq + count
        if stream is not None and stream.head < seq == stream.expected and epoch == self.epoch:
            # Nearly always: nothing is missing, and this is what follows.
            stream.expected = end
            stream.head = end - 1
            self.out.append(self._make(topic, frame, 0, count))
            return
        if not self.enter(epoch):
            return
        stream = self._streams.get(topic)
        if stream is None:
            stream = self._streams[topic] = _Stream(1 if self._from_one else seq)
        if end > stream.head:
            stream.head = end - 1
        if seq <= stream.expected:
            self._pass(topic, stream, seq, count, frame)
            if stream.held:
                self._drain(topic, stream)
        else:
            self._hold(stream, seq, count, frame)
        if stream.expected <= stream.head:
            self._incomplete.add(topic)
        elif self._incomplete:
            self._incomplete.discard(topic)

    def head(self, epoch: int, topic: str, seq: int, now: float | None = None) -> None:
        """Hear which event of a stream is the newest.

        Parameters
        ----------
        now : float, optional
            Given (s) where the news came by another way than the frames, which may still be under way.
        """
        if epoch != self.epoch and not self.enter(epoch):
            return
        stream = self._streams.get(topic)
        if stream is None:
            stream = self._streams[topic] = _Stream(1 if self._from_one else seq + 1)
        if seq <= stream.head:
            return
        stream.head = seq
        if stream.expected <= seq and topic not in self._incomplete:
            self._incomplete.add(topic)
            stream.due = 0.0 if now is None else now + GRACE

    def joined(self) -> None:
        """Hear that all streams that exist have been named: one that is heard of later is wanted from its start."""
        self._from_one = True

    def answered(self, epoch: int, topic: str, count: int, kept_from: int, now: float) -> None:
        """Hear that an answer is complete.

        Parameters
        ----------
        count : int
            Events that it had.
        kept_from : int
            Events before this number are gone for good.
        now : float
            The time (s).
        """
        if not self.enter(epoch):
            return
        stream = self._streams.get(topic)
        if stream is None:
            return
        stream.asked = False
        gone = kept_from > stream.expected
        if gone:
            self._give_up(topic, stream, kept_from)
        if stream.expected > stream.head:
            self._incomplete.discard(topic)
        # Who got nothing and asks again at once would do nothing else.
        stream.due = now if count or gone else now + PATIENCE

    # --- what goes out -----------------------------------------------------------------------------------------------

    @property
    def complete(self) -> bool:
        """Whether all that is known to exist has gone out."""
        return not self._incomplete

    def requests(self, now: float) -> list[Request]:
        """List what is to be asked for now (s): one range per stream, and none while an answer is awaited."""
        found = []
        for topic in sorted(self._incomplete):
            stream = self._streams[topic]
            if stream.due <= now:
                before = stream.held[0][0] if stream.held else stream.head + 1
                found.append(Request(topic, stream.expected, min(MOST_ASKED, before - stream.expected)))
        return found

    def asked(self, request: Request, now: float) -> None:
        """Hear that a request is on its way (s)."""
        stream = self._streams[request.topic]
        stream.due = now + PATIENCE
        if not stream.asked:
            self.requested += request.number
        stream.asked = True

    def next_due(self) -> float | None:
        """Time (s) at which `requests` has something to say; None: nothing is missing."""
        return min((self._streams[topic].due for topic in self._incomplete), default=None)

    # --- one stream --------------------------------------------------------------------------------------------------

    def _pass(self, topic: str, stream: _Stream[_FrameT], seq: int, count: int, frame: _FrameT) -> None:
        """Let out the part of a frame, which begins at or before what is expected, that is new."""
        skip = stream.expected - seq
        if skip < count:
            self.out.append(self._make(topic, frame, skip, count - skip))
            stream.expected = seq + count
            self.duplicates += skip
        else:
            self.duplicates += count

    def _hold(self, stream: _Stream[_FrameT], seq: int, count: int, frame: _FrameT) -> None:
        """Keep a frame beyond a hole, while there is room for it."""
        if stream.holding + count > MOST_HELD or any(one[0] == seq and one[1] >= count for one in stream.held[-1:]):
            return
        insort(stream.held, (seq, count, frame), key=_first)
        stream.holding += count

    def _drain(self, topic: str, stream: _Stream[_FrameT]) -> None:
        """Let out held frames as far as they follow."""
        done = 0
        for seq, count, frame in stream.held:
            if seq > stream.expected:
                break
            self._pass(topic, stream, seq, count, frame)
            stream.holding -= count
            done += 1
        del stream.held[:done]

    def _give_up(self, topic: str, stream: _Stream[_FrameT], until: int) -> None:
        """Report what is missing before number ``until`` as lost, and let out what is held between."""
        assert self.epoch is not None
        self._drain(topic, stream)
        while stream.expected < until and stream.expected <= stream.head:
            stop = min(until, stream.held[0][0] if stream.held else stream.head + 1)
            self.out.append(Gap(topic, self.epoch, stream.expected, stop - 1))
            self.lost += stop - stream.expected
            stream.expected = stop
            self._drain(topic, stream)
