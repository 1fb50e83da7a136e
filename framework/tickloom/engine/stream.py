"""The outcome stream: every derived event gets its name (row, sub) here, and observers see it, committed."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tickloom.errors import RunStoppedError
from tickloom.events import Event
from tickloom.orders.log import Mixed
from tickloom.record import RunTables

if TYPE_CHECKING:
    from tickloom.orders.log import Log

#: Name of an event: the input row it follows, and its number after that row (0: the row itself).
Name = tuple[int, int]

#: An event with its name and the name of its cause: row, sub, cause row, cause sub, event.
Named = tuple[int, int, int, int, Event]

#: The cause of what no event caused, such as a timer set at the start.
NO_CAUSE: Name = (-1, 0)


class Observer:
    """Sees what a run has committed and changes nothing: the report, the journal, the bus, a log.

    A class and no Protocol, so that one that needs a single method is complete; what it does not write is never called.
    One that raises is detached and announced as a `PluginFault` to the plugins, not in the stream; the run goes on.
    It hears so itself, once (`detached`), and then nothing more.
    Only `tickloom.errors.RunStoppedError` ends the run, for what must not be missed.
    """

    #: What faults call it.
    name: str = "observer"

    def begin(self, tables: RunTables) -> None:
        """Take up the run: everything is wired, nothing has run."""

    def event(self, row: int, sub: int, cause_row: int, cause_sub: int, event: Event) -> None:
        """See one event of the outcome stream."""

    def events(self, batch: Sequence[Named]) -> None:
        """See the events of the outcome stream since the last call, in the order of their names (row, sub).

        Called before the rows that they follow from are shown, and at the end of a turn. Write it in place of `event`
        where many at once are cheaper.
        """
        see = self.event
        for row, sub, cause_row, cause_sub, event in batch:
            see(row, sub, cause_row, cause_sub, event)

    def rows(self, first: int, rows: NDArray[np.int64]) -> None:
        """See rows that have been consumed, from number ``first`` on; shown after the events that they led to.

        ``rows`` : int64, shape (n, 12), valid until this returns.
        """

    def flush(self) -> None:
        """Hear that a turn of the loop is over: whatever can be sent or written together, now."""

    def end(self) -> None:
        """Put down what `begin` took up; also after a run that failed."""

    def detached(self) -> None:
        """Put down what `begin` took up, after an error of its own while the run goes on; by default as at the end."""
        self.end()


class OutcomeStream:
    """Names committed events; whoever observes it changes nothing.

    Parameters
    ----------
    observers : sequence of Observer
        One that raises is detached; only `RunStoppedError` goes on to the run.
    fault : callable
        Hears of an observer that was detached, the method that raised, and the error.
    """

    __slots__ = (
        "_batch",
        "_on_event",
        "_on_events",
        "_on_flush",
        "_on_rows",
        "fault",
        "log",
        "observers",
        "row",
        "sub",
    )

    def __init__(self, observers: Sequence[Observer], fault: Callable[[Observer, str, Exception], None]) -> None:
        self.row = -1
        self.sub = 0
        self.fault = fault
        #: What kernels name themselves.
        self.log: Log | None = None
        self._batch: list[Named] = []
        self._attach(observers)

    def _attach(self, observers: Sequence[Observer]) -> None:
        """Sort out who wants what, once: nobody is called for nothing."""
        self.observers = tuple(observers)
        single = [one for one in self.observers if _writes(one, "event") and not _writes(one, "events")]
        alone = single if len(single) == 1 else []
        self._on_events = tuple(one for one in self.observers if _writes(one, "events") or one in alone)
        self._on_event = {one.event: one for one in single if one not in alone}
        self._on_rows = tuple(one for one in self.observers if _writes(one, "rows"))
        self._on_flush = tuple(one for one in self.observers if _writes(one, "flush"))

    def at(self, row: int) -> None:
        """Begin the names after an input row, unless it has begun."""
        if row != self.row:
            self.row = row
            self.sub = 0

    def emit(self, event: Event, cause: Name) -> Name:
        """Name an event; the observers see it with the next batch."""
        self.sub = sub = self.sub + 1
        row = self.row
        self._batch.append((row, sub, cause[0], cause[1], event))
        return (row, sub)

    def logged(self, batch: Sequence[Named]) -> None:
        """Show the observers events that have been named elsewhere, behind all that were named here."""
        self.show()
        self._show(batch)

    def show(self) -> None:
        """Show the observers what has been named since the last time; one that raises is detached."""
        batch, parts = self._batch, self.log.take() if self.log is not None else ()
        if batch:
            self._batch = []
            self._show(Mixed(batch, parts) if parts else batch)
        else:
            for part in parts:
                self._show(part)

    def _show(self, batch: Sequence[Named]) -> None:
        for one in self._on_events:
            if one in self.observers:
                self._ask(one, "events", batch)
        entries = iter(batch) if self._on_event else iter(())
        while self._tell(entries):
            continue

    def _tell(self, entries: Iterator[Named]) -> bool:
        """Show events one by one, each to all who want them so: it is taken apart once. Say whether some are left."""
        sees = tuple(self._on_event)
        see: Any = None
        row = sub = cause_row = cause_sub = event = None
        try:
            for row, sub, cause_row, cause_sub, event in entries:
                for see in sees:
                    see(row, sub, cause_row, cause_sub, event)
        except RunStoppedError:
            raise
        except Exception as error:
            behind = [self._on_event[other] for other in sees[sees.index(see) + 1 :]]
            self._detach(self._on_event[see], "event", error)
            for one in behind:
                self._ask(one, "event", row, sub, cause_row, cause_sub, event)
            return True
        return False

    def begin(self, tables: RunTables) -> None:
        """Tell all observers what the run consists of."""
        for one in self.observers:
            self._ask(one, "begin", tables)

    def consumed(self, first: int, rows: NDArray[np.int64]) -> None:
        """Show rows that have been consumed for good, the first of which has number ``first``."""
        self.show()
        for one in self._on_rows:
            self._ask(one, "rows", first, rows)

    def flush(self) -> None:
        """Say that a turn of the loop is over."""
        self.show()
        for one in self._on_flush:
            self._ask(one, "flush")

    def end(self) -> None:
        """Let observers put down what they took up: each of them, even where one stops the run."""
        with ExitStack() as stack:
            for one in reversed(self.observers):
                stack.callback(self._ask, one, "end")

    def _ask(self, one: Observer, method: str, *arguments: object) -> None:
        try:
            getattr(one, method)(*arguments)
        except RunStoppedError:
            raise
        except Exception as error:
            self._detach(one, method, error)

    def _detach(self, one: Observer, method: str, error: Exception) -> None:
        self._attach([other for other in self.observers if other is not one])
        self.fault(one, method, error)
        if method not in ("end", "detached"):
            self._ask(one, "detached")


def _writes(observer: Observer, method: str) -> bool:
    return getattr(type(observer), method) is not getattr(Observer, method)
