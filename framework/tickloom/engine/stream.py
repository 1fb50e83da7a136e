"""The outcome stream: every derived event gets its name (row, sub) here, and observers see it, committed."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from tickloom.errors import RunStoppedError
from tickloom.events import Event
from tickloom.record import RunTables

#: Name of an event: the input row it follows, and its number after that row (0: the row itself).
Name = tuple[int, int]

#: The cause of what no event caused, such as a timer set at the start.
NO_CAUSE: Name = (-1, 0)


class Observer:
    """Sees what a run has committed and changes nothing: the report, the journal, the bus, a log.

    A class and no Protocol, so that one that needs a single method is complete; what it does not write is never called.
    One that raises is detached and announced as a `PluginFault` to the plugins, not in the stream; the run goes on.
    Only `tickloom.errors.RunStoppedError`, raised by `flush`, ends the run, for what must not be missed.
    """

    #: What faults call it.
    name: str = "observer"

    def begin(self, tables: RunTables) -> None:
        """Take up the run: everything is wired, nothing has run."""

    def event(self, row: int, sub: int, cause_row: int, cause_sub: int, event: Event) -> None:
        """See an event of the outcome stream, in the order of its names (row, sub)."""

    def rows(self, first: int, rows: NDArray[np.int64]) -> None:
        """See rows that have been consumed, from number ``first`` on; shown after the events that they led to.

        ``rows`` : int64, shape (n, 12), valid until this returns.
        """

    def flush(self) -> None:
        """Hear that a turn of the loop is over: whatever can be sent or written together, now."""

    def end(self) -> None:
        """Put down what `begin` took up; also after a run that failed."""


class OutcomeStream:
    """Names committed events; whoever observes it changes nothing.

    Parameters
    ----------
    observers : sequence of Observer
        One that raises is detached; only `RunStoppedError` goes on to the run.
    fault : callable
        Hears of an observer that was detached, the method that raised, and the error.
    """

    __slots__ = ("_on_event", "_on_flush", "_on_rows", "fault", "observers", "row", "sub")

    def __init__(self, observers: Sequence[Observer], fault: Callable[[Observer, str, Exception], None]) -> None:
        self.row = -1
        self.sub = 0
        self.fault = fault
        self._attach(observers)

    def _attach(self, observers: Sequence[Observer]) -> None:
        """Sort out who wants what, once: nobody is called for nothing."""
        self.observers = tuple(observers)
        self._on_event = tuple(one.event for one in self.observers if _writes(one, "event"))
        self._on_rows = tuple(one for one in self.observers if _writes(one, "rows"))
        self._on_flush = tuple(one for one in self.observers if _writes(one, "flush"))

    def at(self, row: int) -> None:
        """Begin the names after an input row, unless it has begun."""
        if row != self.row:
            self.row = row
            self.sub = 0

    def emit(self, event: Event, cause: Name) -> Name:
        """Name an event and show it to the observers; one that raises is detached."""
        self.sub = sub = self.sub + 1
        row = self.row
        cause_row, cause_sub = cause
        show = None
        waiting = iter(self._on_event)
        try:
            for show in waiting:
                show(row, sub, cause_row, cause_sub, event)
        except Exception as error:
            self._failed(show, error)
            for other in waiting:
                try:
                    other(row, sub, cause_row, cause_sub, event)
                except Exception as further:
                    self._failed(other, further)
        return (row, sub)

    def begin(self, tables: RunTables) -> None:
        """Tell all observers what the run consists of."""
        for one in self.observers:
            self._ask(one, "begin", tables)

    def consumed(self, first: int, rows: NDArray[np.int64]) -> None:
        """Show rows that have been consumed for good, the first of which has number ``first``."""
        for one in self._on_rows:
            self._ask(one, "rows", first, rows)

    def flush(self) -> None:
        """Say that a turn of the loop is over."""
        for one in self._on_flush:
            self._ask(one, "flush")

    def end(self) -> None:
        """Let observers put down what they took up."""
        for one in self.observers:
            self._ask(one, "end")

    def _ask(self, one: Observer, method: str, *arguments: object) -> None:
        try:
            getattr(one, method)(*arguments)
        except RunStoppedError:
            raise
        except Exception as error:
            self._detach(one, method, error)

    def _failed(self, show: object, error: Exception) -> None:
        self._detach(next(one for one in self.observers if one.event == show), "event", error)

    def _detach(self, observer: Observer, method: str, error: Exception) -> None:
        self._attach([one for one in self.observers if one is not observer])
        self.fault(observer, method, error)


def _writes(observer: Observer, method: str) -> bool:
    return getattr(type(observer), method) is not getattr(Observer, method)
