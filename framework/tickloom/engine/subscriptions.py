"""Who is woken by what: compiled into tuples of handlers whenever it changes, never looked up per row."""

from collections.abc import Sequence

import numpy as np

from tickloom.engine.ahead.derive import BarSeries, Handler
from tickloom.engine.ahead.plan import Listening, Planner
from tickloom.engine.ahead.views import View
from tickloom.engine.seats import Seat
from tickloom.events import Bar, BookDelta, Event, Quote, Trade
from tickloom_kernels import rows as r

_HANDLERS: dict[type[Event], str] = {
    Trade: "on_trade",
    Quote: "on_quote",
    BookDelta: "on_book",
    Bar: "on_bar",
}


class Subscriptions:
    """The listeners of a run.

    Parameters
    ----------
    instruments, series : int
        How many the run has; series counts those of sources and those the run builds.
    """

    def __init__(self, instruments: int, series: int, planner: Planner) -> None:
        self._instruments = instruments
        self._series = series
        self._planner = planner
        self._rows: dict[type[Event], dict[int, list[tuple[Seat, Handler]]]] = {kind: {} for kind in _HANDLERS}
        self._bars: dict[Seat, frozenset[int]] = {}
        self._views: dict[int, list[tuple[Seat, Handler]]] = {}
        self._signals: dict[int, list[tuple[Seat, Handler]]] = {}
        self._kill: tuple[Handler, ...] = ()
        #: Views whose vectors somebody uses, so that they are named and kept.
        self.announced: set[int] = set()

    # --- who listens -------------------------------------------------------------------------------------------------

    def listen(self, seat: Seat, kind: type[Event], instrument: int) -> bool:
        """Note that a seat wakes on rows of one kind and instrument; say whether that is new."""
        handler = seat.handler(_HANDLERS[kind])
        if handler is None:
            return False
        listeners = self._rows[kind].setdefault(instrument, [])
        if any(other is seat for other, _ in listeners):
            return False
        listeners.append((seat, handler))
        return True

    def add(self, seat: Seat, kind: type[Event], instrument: int) -> bool:
        """Wake a seat on further rows from now on; say whether that changes anything."""
        changed = self.listen(seat, kind, instrument)
        if changed:
            self.compile()
        return changed

    def watch_bars(self, seat: Seat, series: frozenset[int]) -> None:
        """Restrict a seat's bars to some series."""
        self._bars[seat] = series

    def watch_view(self, seat: Seat, view: int) -> None:
        """Wake a seat with the vectors of a view, or only keep the newest for it where it has no handler."""
        handler = seat.handler("on_features")
        listeners = self._views.setdefault(view, [])
        self.announced.add(view)
        if handler is not None:
            listeners.append((seat, handler))

    def watch_model(self, seat: Seat, model: int) -> None:
        """Wake a seat with the signals of a model."""
        handler = seat.handler("on_signal")
        if handler is not None:
            self._signals.setdefault(model, []).append((seat, handler))

    def on_kill(self, handler: Handler) -> None:
        """Wake somebody with kill switch rows."""
        self._kill = (handler,)

    def drop(self, seat: Seat) -> None:
        """Wake a seat no more."""
        tables = (*self._rows.values(), self._views, self._signals)
        for table in tables:
            for index, listeners in table.items():
                table[index] = [item for item in listeners if item[0] is not seat]
        self.compile()

    # --- compiled ----------------------------------------------------------------------------------------------------

    def connect(self, announce: Handler, announce_features: Handler, refuse: Handler, views: Sequence[View]) -> None:
        """Say who names derived events, and who ends the run at a refused row, before the first `compile`."""
        self._announce = announce
        for view in views:
            view.refusal.handlers = (announce, refuse)
        self._announce_features = announce_features
        self._all_views = tuple(views)

    def on_signal(self, model: int) -> tuple[Handler, ...]:
        """Handlers of a model's signals, in their order."""
        return _ordered(self._signals.get(model, ()))

    def compile(self) -> None:
        """Make the planner's tables."""
        listening = [
            Listening(kind.TYPE_ID, handlers, mask, last_only=kind is BookDelta)
            for kind in (Trade, Quote, BookDelta)
            for handlers, mask in self._groups(kind)
        ]
        listening += self._bar_rows()
        if self._kill:
            listening.insert(0, Listening(r.KILL_SWITCH, self._kill, np.ones(self._instruments, np.bool_)))
        self._planner.listening = tuple(listening)
        for series in self._planner.series:
            self._compile_series(series)
        for emitter in self._planner.emitters:
            speaking = self.on_signal(emitter.model)
            emitter.handlers = (self._announce, *speaking) if speaking else ()
        for view in self._all_views:
            listeners = _ordered(self._views.get(view.index, ()))
            view.handlers = (self._announce_features, *listeners) if view.index in self.announced else ()

    def _compile_series(self, series: BarSeries) -> None:
        index, instrument = series.index, series.instrument
        listeners = [
            item
            for item in self._rows[Bar].get(instrument, ())
            if item[0] not in self._bars or index in self._bars[item[0]]
        ]
        series.handlers = (self._announce, *_ordered(listeners)) if listeners else ()
        series.late_trades.handlers = (self._announce,)

    def _groups(
        self, kind: type[Event]
    ) -> list[tuple[tuple[Handler, ...], "np.ndarray[tuple[int], np.dtype[np.bool_]]"]]:
        groups: dict[tuple[Handler, ...], np.ndarray[tuple[int], np.dtype[np.bool_]]] = {}
        for instrument, listeners in self._rows[kind].items():
            handlers = _ordered(listeners)
            if handlers:
                mask = groups.setdefault(handlers, np.zeros(self._instruments, np.bool_))
                mask[instrument] = True
        return list(groups.items())

    def _bar_rows(self) -> list[Listening]:
        """Bars among the input rows: by instrument, and by series where a seat wants only some."""
        found = []
        for instrument, listeners in self._rows[Bar].items():
            by_handlers: dict[tuple[Handler, ...], set[int]] = {}
            for series in range(self._series):
                wanted = [i for i in listeners if i[0] not in self._bars or series in self._bars[i[0]]]
                if wanted:
                    by_handlers.setdefault(_ordered(wanted), set()).add(series)
            only = np.zeros(self._instruments, np.bool_)
            only[instrument] = True
            for handlers, chosen in by_handlers.items():
                mask = np.zeros(self._series, np.bool_)
                mask[list(chosen)] = True
                found.append(Listening(r.BAR, handlers, only, mask))
        return found


def _ordered(listeners: Sequence[tuple[Seat, Handler]]) -> tuple[Handler, ...]:
    return tuple(handler for _, handler in sorted(listeners, key=lambda item: item[0].order))
