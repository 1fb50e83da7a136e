"""Which stream an event belongs to: one per topic, opened when its first event comes."""

from collections import Counter
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

from tickloom.bus.retention import EVENT_BYTES, EventStream, RowLog, RowStream
from tickloom.bus.wire import MOST_TOPIC
from tickloom.errors import ConfigError
from tickloom.events import KINDS, MARKET_KINDS, AmendOrder, CancelOrder, Event, SubmitOrder
from tickloom.instruments import Instrument
from tickloom.record import RunTables

#: Fields that say whose stream an event of the outcome stream belongs to, and the table they index; the first that a
#: kind has counts. Kinds of the system (``sys.``) have one stream each.
_OWNERS = (("series", "series"), ("account", "accounts"), ("view", "views"), ("model", "models"))

_Key = Callable[[Any], int]


class Streams:
    """All streams of a run.

    Parameters
    ----------
    tables : RunTables
        What the indices in events mean.
    retain : int
        Memory (bytes): a quarter for market rows, which are many and soon old, the rest for all other events.

    Attributes
    ----------
    by_topic : dict
        Topic, with its bar, to stream.
    log : RowLog
        Where market rows are kept.
    prefixes : Counter
        What listeners have subscribed to, and how many of them.
    wanted : list
        Streams that somebody has subscribed to.

    Raises
    ------
    ConfigError
        The name of an instrument cannot stand in a topic.
    """

    def __init__(self, tables: RunTables, retain: int) -> None:
        self.by_topic: dict[bytes, EventStream | RowStream] = {}
        self.prefixes: Counter[bytes] = Counter()
        self.wanted: list[EventStream | RowStream] = []
        self._instruments = [_checked(one) for one in tables.instruments]
        self.log = RowLog(retain // 4, len(tables.instruments), self._open_rows)
        self._most_events = max(1, retain * 3 // 4 // EVENT_BYTES)
        self._events = 0
        self._account_of: dict[int, int] = {}
        self._event_streams: list[EventStream] = []
        self._of_prefix: dict[str, dict[int, EventStream]] = {}
        self._routes: dict[type[Event], tuple[_Key, dict[int, EventStream], Sequence[str]]] = {
            kind: self._route(kind, tables) for kind in KINDS.values()
        }

    # --- events ------------------------------------------------------------------------------------------------------

    def add(self, row: int, sub: int, cause_row: int, cause_sub: int, event: Event) -> None:
        """Put an event of the outcome stream at the end of its stream."""
        key_of, known, names = self._routes[type(event)]
        key = key_of(event)
        stream = known.get(key)
        if stream is None:
            stream = self._open_events(type(event).TOPIC, key, known, names)
        stream.kept.append((row, sub, cause_row, cause_sub, event))
        self._events += 1

    def stream_of(self, event: Event) -> EventStream | None:
        """Find the stream of an event that has been added once; None: there is none."""
        key_of, known, _ = self._routes[type(event)]
        return known.get(key_of(event))

    def trim(self) -> None:
        """Forget the oldest events of the longest streams, where more are kept than there is memory for.

        A stream with few events, such as the fills, is not pushed out by one with many.
        """
        while self._events > self._most_events:
            longest = max(self._event_streams, key=lambda stream: len(stream.kept))
            count = max(1, len(longest.kept) // 4)
            longest.drop(count)
            self._events -= count

    def _route(self, kind: type[Event], tables: RunTables) -> tuple[_Key, dict[int, EventStream], Sequence[str]]:
        """Find how the owner of an event of a kind is known."""
        known = self._of_prefix.setdefault(kind.TOPIC, {})
        if not kind.TOPIC.startswith("sys."):
            if kind is SubmitOrder:
                return self._submitted, known, tables.accounts
            if kind in (CancelOrder, AmendOrder):
                return self._changed, known, tables.accounts
            for field, table in _OWNERS:
                if field in kind.__struct_fields__:
                    return attrgetter(field), known, getattr(tables, table)
        return _nobody, known, ()

    def _submitted(self, event: SubmitOrder) -> int:
        self._account_of[event.order_id] = event.account
        return event.account

    def _changed(self, event: CancelOrder | AmendOrder) -> int:
        return self._account_of.get(event.order_id, -1)

    def _open_events(self, topic: str, key: int, known: dict[int, EventStream], names: Sequence[str]) -> EventStream:
        full = f"{topic}.{names[key]}|" if key >= 0 else f"{topic}|"
        stream = known[key] = EventStream(full.encode(), len(self.by_topic))
        self._event_streams.append(stream)
        self._opened(stream)
        return stream

    # --- rows --------------------------------------------------------------------------------------------------------

    def _open_rows(self, kind: int, instrument: int) -> RowStream:
        """Open the stream of a kind of row of an instrument, or of a kind that concerns none."""
        prefix = MARKET_KINDS[kind].TOPIC
        alone = instrument < 0 or prefix.startswith("sys.")
        topic = (f"{prefix}|" if alone else f"{prefix}.{self._instruments[instrument]}|").encode()
        stream = self.by_topic.get(topic)
        if stream is None:
            stream = RowStream(topic, len(self.by_topic), self.log)
            self._opened(stream)
        assert isinstance(stream, RowStream)
        return stream

    # --- who wants what ----------------------------------------------------------------------------------------------

    def subscribe(self, prefix: bytes, on: bool) -> None:
        """Hear that one more listener wants all topics that begin with something, or that one no longer does."""
        self.prefixes[prefix] += 1 if on else -1
        if self.prefixes[prefix] <= 0:
            del self.prefixes[prefix]
        for stream in self.by_topic.values():
            wanted = self._is_wanted(stream)
            if wanted and not stream.wanted:
                # What came before is asked for, if it is wanted.
                stream.sent = stream.head
            stream.wanted = wanted
        self.wanted = [stream for stream in self.by_topic.values() if stream.wanted]

    def _opened(self, stream: EventStream | RowStream) -> None:
        self.by_topic[stream.topic] = stream
        stream.wanted = self._is_wanted(stream)
        if stream.wanted:
            self.wanted.append(stream)

    def _is_wanted(self, stream: EventStream | RowStream) -> bool:
        return stream.topic.startswith(tuple(self.prefixes))


def _nobody(_event: Event) -> int:
    return -1


def _checked(instrument: Instrument) -> str:
    """Take the name of an instrument, if it can stand in a topic."""
    name = instrument.name
    if "|" in name or len(name.encode()) > MOST_TOPIC // 2:
        raise ConfigError(f"bus.publish: instrument {name!r}: a topic holds no | and at most {MOST_TOPIC} bytes")
    return name
