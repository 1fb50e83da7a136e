"""The outcome stream: every derived event gets its name (row, sub) here, and observers see it, committed."""

from collections.abc import Callable

from tickloom.events import Event

#: Name of an event: the input row it follows, and its number after that row (0: the row itself).
Name = tuple[int, int]

#: The cause of what no event caused, such as a timer set at the start.
NO_CAUSE: Name = (-1, 0)

#: Called with (row, sub, cause row, cause sub, event) for each committed event, in order.
Observer = Callable[[int, int, int, int, Event], None]


class OutcomeStream:
    """Names committed events; whoever observes it changes nothing."""

    __slots__ = ("fault", "observers", "row", "sub")

    def __init__(self, observers: tuple[Observer, ...], fault: Callable[[Observer, Exception], None]) -> None:
        self.row = -1
        self.sub = 0
        self.observers = observers
        self.fault = fault

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
        observer = None
        waiting = iter(self.observers)
        try:
            for observer in waiting:
                observer(row, sub, cause_row, cause_sub, event)
        except Exception as error:
            assert observer is not None
            self._detach(observer, error)
            for other in waiting:
                try:
                    other(row, sub, cause_row, cause_sub, event)
                except Exception as further:
                    self._detach(other, further)
        return (row, sub)

    def _detach(self, observer: Observer, error: Exception) -> None:
        self.observers = tuple(other for other in self.observers if other is not observer)
        self.fault(observer, error)
