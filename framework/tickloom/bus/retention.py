"""What of each stream is kept in memory, for listeners that missed something: events as they are, rows in one ring.

Nothing is encoded before somebody wants it. Rows of all streams stand in one ring in the order of the run, each beside
the number of its stream, so that keeping a row that nobody listens to costs a copy and a count.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from tickloom.bus.wire import Entry, encode_entries, encode_rows
from tickloom_kernels import rows as r
from tickloom_kernels import streams

Rows = NDArray[np.int64]

#: Events of one frame at most.
BATCH = 256
#: A frame of several events that is longer (bytes) is cut in two: feature vectors may be wide.
_LONG = 1 << 20
#: What a kept event that is no market row counts, in bytes: about what its objects take.
EVENT_BYTES = 512
#: What a kept market row takes, in bytes: itself and the number of its stream.
ROW_BYTES = 8 * r.WORDS + 4
#: Rows of the smallest ring: a chunk of the loop must fit into half of it.
LEAST_ROWS = 1 << 17
#: Rows between two notes of where a market stream stood, at least; events between two marks of any other.
_STRIDE = 1024
_SCAN = 1 << 16


class EventStream:
    """A stream of events, and those of them that are still kept.

    Attributes
    ----------
    topic : bytes
        With its closing bar.
    number : int
        The publisher's number of the stream.
    kept : list of Entry
        The newest events.
    kept_from : int
        Number of the first of them; numbers count from 1.
    marks : list of (int, int, int)
        Number and name (row, sub) of some of the events that are no longer kept, the first among them.
    sent : int
        Number of the newest event that was sent, or that nobody wanted.
    wanted : bool
        Whether somebody has subscribed to it.
    """

    __slots__ = ("kept", "kept_from", "marks", "number", "sent", "topic", "wanted")

    def __init__(self, topic: bytes, number: int) -> None:
        self.topic = topic
        self.number = number
        self.kept: list[Entry] = []
        self.kept_from = 1
        self.marks: list[tuple[int, int, int]] = []
        self.sent = 0
        self.wanted = False

    @property
    def head(self) -> int:
        """Number of the newest event; 0: there is none."""
        return self.kept_from + len(self.kept) - 1

    def drop(self, count: int) -> None:
        """Keep the oldest ``count`` events no longer."""
        for at in range((1 - self.kept_from) % _STRIDE, count, _STRIDE):
            self.marks.append((self.kept_from + at, *self.kept[at][:2]))
        del self.kept[:count]
        self.kept_from += count

    def frames(self, epoch: int, first: int, last: int, now: int, flags: int = 0) -> list[bytes]:
        """Encode events ``first`` to ``last``, all of which are kept, in as few frames as their kinds allow."""
        return self.encoded(epoch, first, self.kept[first - self.kept_from : last - self.kept_from + 1], now, flags)

    def encoded(self, epoch: int, first: int, entries: Sequence[Entry], now: int, flags: int) -> list[bytes]:
        """Encode consecutive events of the stream, from number ``first`` on, in as few frames as their kinds allow."""
        if len(entries) == 1:
            # At a low rate each turn brings one, and somebody waits for it.
            return [encode_entries(self.topic, self.number, epoch, first, entries, now, flags)]
        frames: list[bytes] = []
        start, count = 0, len(entries)
        while start < count:
            kind = type(entries[start][4])
            stop = start + 1
            while stop < count and stop - start < BATCH and type(entries[stop][4]) is kind:
                stop += 1
            frames += self._cut(epoch, first + start, entries[start:stop], now, flags)
            start = stop
        return frames

    def _cut(self, epoch: int, seq: int, entries: Sequence[Entry], now: int, flags: int) -> list[bytes]:
        frame = encode_entries(self.topic, self.number, epoch, seq, entries, now, flags)
        if len(frame) <= _LONG or len(entries) == 1:
            return [frame]
        half = len(entries) // 2
        return self._cut(epoch, seq, entries[:half], now, flags) + self._cut(
            epoch, seq + half, entries[half:], now, flags
        )


class RowStream:
    """A stream of market rows, which stand in a `RowLog`; attributes as `EventStream`."""

    __slots__ = ("_log", "head", "mark_rows", "mark_seqs", "number", "sent", "topic", "wanted")

    def __init__(self, topic: bytes, number: int, log: "RowLog") -> None:
        self.topic = topic
        self.number = number
        self.head = 0
        self.sent = 0
        self.wanted = False
        #: Before row ``mark_rows[i]`` of the run the newest number was ``mark_seqs[i]``.
        self.mark_rows: list[int] = []
        self.mark_seqs: list[int] = []
        self._log = log

    def advance(self, row: int, count: int) -> None:
        """Count further rows of this stream, none of which stands before ``row``."""
        if not self.mark_rows or row - self.mark_rows[-1] >= _STRIDE:
            if len(self.mark_rows) > self._log.most_marks:
                old = bisect_left(self.mark_rows, self._log.oldest)
                del self.mark_rows[:old], self.mark_seqs[:old]
            self.mark_rows.append(row)
            self.mark_seqs.append(self.head)
        self.head += count

    @property
    def kept_from(self) -> int:
        """Number of the first row that is certainly still kept; one above the newest: none is."""
        at = bisect_left(self.mark_rows, self._log.oldest)
        return self.mark_seqs[at] + 1 if at < len(self.mark_rows) else self.head + 1

    def frames(self, epoch: int, first: int, last: int, now: int, flags: int = 0) -> list[bytes]:
        """Encode rows ``first`` to ``last``, all of which are kept, in as few frames as there can be."""
        numbers, rows = self._log.read(self, first, last)
        return [
            encode_rows(
                self.topic,
                self.number,
                epoch,
                first + start,
                numbers[start : start + BATCH],
                rows[start : start + BATCH],
                now,
                flags,
            )
            for start in range(0, len(rows), BATCH)
        ]


class RowLog:
    """The newest rows of the run, in a ring.

    Parameters
    ----------
    size : int
        Memory (bytes); at least `LEAST_ROWS` rows.
    instruments : int
        How many the run has.
    open_stream : callable
        Takes (kind, instrument) of the first row of a stream, and returns the stream.

    Attributes
    ----------
    count : int
        Rows so far, those included that are no longer kept.
    """

    def __init__(self, size: int, instruments: int, open_stream: Callable[[int, int], RowStream]) -> None:
        self._capacity = max(LEAST_ROWS, size // ROW_BYTES)
        self.most_marks = self._capacity // _STRIDE + 2
        # Memory that is never written to is never taken.
        self._ring = np.empty((self._capacity, r.WORDS), np.int64)
        self._numbers = np.empty(self._capacity, np.int32)
        # One more column: an instrument of -1 is the last one.
        self._number_of = np.full((64, instruments + 1), -1, np.int32)
        self._counts = np.zeros(64, np.int64)
        self._streams: dict[int, RowStream] = {}
        self._open = open_stream
        self._settled = self.count = 0

    @property
    def oldest(self) -> int:
        """Number of the first row that is kept."""
        return max(0, self.count - self._capacity)

    @property
    def most_at_once(self) -> int:
        """Rows that fit between two calls of `settle`."""
        return self._capacity // 2

    def has_room(self, count: int) -> bool:
        """Whether so many rows may be added before the next `settle`."""
        return self.count + count - self._settled <= self.most_at_once

    def add(self, rows: Rows) -> None:
        """Copy the next rows of the run, as far as there is room; they belong to no stream before `settle`."""
        at = self.count % self._capacity
        fits = min(len(rows), self._capacity - at)
        self._ring[at : at + fits] = rows[:fits]
        self._ring[: len(rows) - fits] = rows[fits:]
        self.count += len(rows)

    def settle(self) -> None:
        """Give the rows that were added their numbers, each in its stream."""
        while self._settled < self.count:
            at = self._settled % self._capacity
            size = min(self.count - self._settled, self._capacity - at)
            rows = self._ring[at : at + size]
            done = streams.number(rows, self._number_of, self._numbers[at : at + size], self._counts)
            for number in np.flatnonzero(self._counts).tolist():
                self._streams[number].advance(self._settled, int(self._counts[number]))
            self._counts[:] = 0
            self._settled += done
            if done < size:
                self._open_for(rows[done])

    def _open_for(self, row: Rows) -> None:
        """Open the stream of the first row of its kind and instrument."""
        kind, instrument = row.item(r.KIND), row.item(r.INSTRUMENT)
        stream = self._open(kind, instrument)
        self._streams[stream.number] = stream
        self._number_of[kind, instrument] = stream.number
        if stream.number >= len(self._counts):
            self._counts = np.zeros(2 * stream.number + 1, np.int64)

    def read(self, stream: RowStream, first: int, last: int) -> tuple[Rows, Rows]:
        """Find rows of a stream by their numbers in it, all of which are kept.

        Returns
        -------
        numbers : int64, shape (n,)
            The rows' numbers in the run.
        rows : int64, shape (n, 12)
            A copy.
        """
        mark = bisect_right(stream.mark_seqs, first - 1) - 1
        at, before = stream.mark_rows[mark], stream.mark_seqs[mark]
        found: list[Rows] = []
        missing = last - before
        while missing > 0 and at < self._settled:
            place = at % self._capacity
            size = min(self._settled - at, self._capacity - place, _SCAN)
            here = np.flatnonzero(self._numbers[place : place + size] == stream.number)
            found.append(here + at)
            missing -= len(here)
            at += size
        numbers = np.concatenate(found)[first - 1 - before : last - before]
        return numbers, self._ring[numbers % self._capacity]
