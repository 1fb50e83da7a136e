"""What a stream no longer keeps in memory, out of the journal: a little in each turn of the loop.

The journal has the events of all streams in the order of the run, so looking for a range means going through what lies
between. A mark that each stream leaves now and then says where to begin.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator

from tickloom.bus.retention import EventStream
from tickloom.bus.streams import Streams
from tickloom.bus.wire import Entry
from tickloom.errors import TickloomError
from tickloom.events import KINDS
from tickloom.storage.reader import decode_one_of

#: Gives the outcome stream from a name (row, sub) on, each entry as the journal holds it.
Past = Callable[[int, int], Iterator[bytes]]

#: Entries of the journal that are gone through in one turn of the loop.
STEP = 256


class Rereading:
    """Goes through the journal for one stream, forwards, and stays where it is between two ranges.

    Parameters
    ----------
    stream : EventStream
        Whose events are sought.
    streams : Streams
        Knows whose an event is.
    past : callable
        The journal.
    first : int
        Number of the first event that is wanted; the stream must have kept it once.

    Attributes
    ----------
    first : int
        Number of the first event of the range at hand.
    next : int
        Number of the next event that will be found.
    last : int
        Number of the last one that is wanted.
    """

    def __init__(self, stream: EventStream, streams: Streams, past: Past, first: int) -> None:
        self.stream = stream
        self.first = self.next = first
        self.last = first - 1
        self._streams = streams
        topic = stream.topic.decode().replace("|", ".")
        self._kinds = frozenset(number for number, kind in KINDS.items() if topic.startswith(f"{kind.TOPIC}."))
        # Marks begin with the first event, and are made when events are dropped: there is one.
        self._at, row, sub = stream.marks[bisect_right(stream.marks, first, key=_number) - 1]
        self._entries = past(row, sub)

    def step(self) -> list[Entry]:
        """Go on by `STEP` entries, or to the end of the range; return what was found of it, in order.

        Raises
        ------
        TickloomError
            The journal cannot be read, or ends before the range does.
        """
        found: list[Entry] = []
        for _ in range(STEP):
            raw = next(self._entries, None)
            if raw is None:
                raise TickloomError(f"the journal has no event {self.next} of {self.stream.topic.decode()}")
            entry = decode_one_of(raw, self._kinds)
            if entry is None or self._streams.stream_of(entry.event) is not self.stream:
                continue
            if self._at == self.next:
                found.append(entry)
                self.next += 1
            self._at += 1
            if self.next > self.last:
                break
        return found


def _number(mark: tuple[int, int, int]) -> int:
    return mark[0]
