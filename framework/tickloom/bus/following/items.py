"""What a listener is handed: events with their names, batches of them, and the news that something is missing."""

from collections.abc import Iterator
from typing import NamedTuple

import attrs
import msgspec
import numpy as np
from numpy.typing import NDArray

from tickloom.bus.wire import REPLAY, ROWS, Entry, Frame
from tickloom.events import KINDS, MARKET_KINDS, Event, record_dtype
from tickloom_kernels import rows as r


class Message(NamedTuple):
    """One event of a stream.

    Attributes
    ----------
    topic : str
        Its stream, such as ``fill.main|``.
    epoch : int
        The publisher's life.
    seq : int
        Its number in the stream, from 1 on and without gaps.
    row, sub : int
        Its name in the run: the input row it follows, and its number after that row (0: the row itself).
    cause_row, cause_sub : int
        The name of what caused it; (-1, 0): nothing did.
    event : tickloom.events.Event
        The fact.
    """

    topic: str
    epoch: int
    seq: int
    row: int
    sub: int
    cause_row: int
    cause_sub: int
    event: Event


class Gap(NamedTuple):
    """Events that are lost for good: the publisher no longer keeps numbers ``first`` to ``last`` of this stream."""

    topic: str
    epoch: int
    first: int
    last: int


class Restarted(NamedTuple):
    """The publisher was restarted: another life, whose streams all count from 1 again."""

    old_epoch: int
    epoch: int


class Ended(NamedTuple):
    """The run is over, and everything that was published to the subscribed topics has been handed out."""

    epoch: int


class Vanished(NamedTuple):
    """The publisher went without saying that the run is over, and has not come again for a while.

    What was received until then has been handed out; whether it was all, nobody can tell. Should the publisher come
    again, it is followed as if nothing had happened, or a `Restarted` comes.
    """

    epoch: int


class Batch(msgspec.Struct, eq=False, gc=False):
    """Consecutive events of one kind in one stream, read from their frame when they are asked for.

    Attributes
    ----------
    topic : str
        The stream.
    frame : Frame
        What they came in, with ``skip`` events before them that were handed out already.
    skip, count : int
        How many to leave out, and how many there are then.
    """

    topic: str
    frame: Frame
    skip: int
    count: int

    @property
    def epoch(self) -> int:
        """The publisher's life."""
        return self.frame.epoch

    @property
    def seq(self) -> int:
        """Number of the first event in its stream."""
        return self.frame.seq + self.skip

    @property
    def ts_publish(self) -> int:
        """When the publisher made the frame (UNIX time in nanoseconds, UTC)."""
        return self.frame.ts_publish

    @property
    def replayed(self) -> bool:
        """Whether it was fetched from the replay socket."""
        return bool(self.frame.flags & REPLAY)

    def __len__(self) -> int:
        return self.count

    @property
    def kind(self) -> type[Event] | None:
        """Kind of the events; None where this side does not know it, and can only count them."""
        return KINDS.get(self.frame.type_id)

    @property
    def is_rows(self) -> bool:
        """Whether it came as market rows, which `rows` and `records` give without making an object of each."""
        return bool(self.frame.flags & ROWS) and self.frame.type_id in MARKET_KINDS

    @property
    def rows(self) -> NDArray[np.int64]:
        """Market rows (`tickloom_kernels.rows`): int64, shape (count, 12), C-contiguous, read-only."""
        rows = self.frame.rows() if self.is_rows else np.empty((0, r.WORDS), np.int64)
        return rows[self.skip : self.skip + self.count]

    @property
    def records(self) -> NDArray[np.void]:
        """Market rows as a record array of their kind (`tickloom.events.record_dtype`), shape (count,), read-only."""
        return self.rows.view(record_dtype(MARKET_KINDS[self.frame.type_id]))[:, 0]

    @property
    def row_numbers(self) -> NDArray[np.int64]:
        """The rows' numbers in the run: int64, shape (count,)."""
        numbers = self.frame.numbers() if self.is_rows else np.empty(0, np.int64)
        return numbers[self.skip : self.skip + self.count]

    @property
    def entries(self) -> list[Entry]:
        """Events with their names: (row, sub, cause_row, cause_sub, event); empty where the kind is unknown."""
        entries = self.frame.entries()
        return entries if len(entries) == self.count else entries[self.skip : self.skip + self.count]

    @property
    def events(self) -> list[Event]:
        """The events alone."""
        return [entry[4] for entry in self.entries]

    def __iter__(self) -> Iterator[Message]:
        topic, epoch = self.topic, self.epoch
        for seq, entry in enumerate(self.entries, self.seq):
            yield Message(topic, epoch, seq, *entry)


#: What `tickloom.bus.Subscriber` hands out one by one, and in batches.
Item = Message | Gap | Restarted | Ended | Vanished
BatchItem = Batch | Gap | Restarted | Ended | Vanished


@attrs.define
class Statistics:
    """What a subscriber has been through.

    Attributes
    ----------
    frames : int
        Frames received, those that carry no events included.
    refused : int
        Messages that were no frames; each is as good as lost, and repaired like one.
    unknown : int
        Events of kinds that this side does not know; they are counted and left out.
    hellos : int
        Times that the publisher was asked where it stands.
    """

    frames: int = 0
    refused: int = 0
    unknown: int = 0
    hellos: int = 0
