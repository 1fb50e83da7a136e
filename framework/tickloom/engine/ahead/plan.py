"""The plan of a chunk: which rows wake whom, found before anybody is woken.

Rows that nobody asked for never become Python objects. A plan has no effect; when subscriptions change in the middle
of a chunk, the rest of the chunk is planned again.
"""

from collections.abc import Sequence
from operator import itemgetter

import attrs
import numpy as np
from numpy.typing import NDArray

from tickloom.engine.ahead.derive import BarSeries, Emissions, Handler, Owner
from tickloom.engine.ahead.emitter import Emitter
from tickloom.engine.ahead.views import View
from tickloom.engine.market import Glimpses
from tickloom.events import MARKET_KINDS, Event
from tickloom_kernels import rows as r
from tickloom_kernels.market import marks

Rows = NDArray[np.int64]

#: Rows whose numbers become Python objects at a time: what is only passing through should stay in the cache.
_AT_ONCE = 1024

_NO_ROWS = np.empty((0, r.WORDS), np.int64)


@attrs.frozen
class Listening:
    """Rows of one kind that wake the same handlers: those of the instruments (and bar series) marked True."""

    kind: int
    handlers: tuple[Handler, ...]
    instruments: NDArray[np.bool_]
    series: NDArray[np.bool_] | None = None
    #: Only the last row of every update (of the book).
    last_only: bool = False

    def positions(self, rows: Rows, present: int) -> Rows | range:
        """Rows of a chunk that wake; a range where all of them do."""
        if present == 1 << self.kind and self.instruments.all() and self.series is None and not self.last_only:
            return range(len(rows))
        hit = (rows[:, r.KIND] == self.kind) & self.instruments[rows[:, r.INSTRUMENT]]
        if self.last_only:
            hit &= (rows[:, r.DELTA_FLAGS] & r.FLAG_LAST) != 0
        found = np.flatnonzero(hit)
        # Of the bars alone: in rows of other kinds that word is no index.
        return found if self.series is None else found[self.series[rows[found, r.BAR_SERIES]]]

    def events(self, rows: Rows, positions: Rows | range) -> list[Event]:
        """Build the events of the rows that wake."""
        kind = MARKET_KINDS[self.kind]
        width = len(kind.__struct_fields__)
        chosen = rows[:, :width] if isinstance(positions, range) else rows[positions, :width]
        events: list[Event] = []
        for at in range(0, len(chosen), _AT_ONCE):
            # Column by column: a list for each row costs as much as its event.
            events += map(kind, *chosen[at : at + _AT_ONCE].T.tolist())
        return events


#: An event due at an internal time (UNIX time in nanoseconds, UTC), and whose it is.
Closing = tuple[int, Event, Owner]


@attrs.frozen
class Plan:
    """Wakes by row, and what is due between rows.

    Attributes
    ----------
    positions : sequence of int
        Row of each wake, ascending.
    events : list of Event
    handlers : tuple, or list of tuples
        Handlers of all wakes where they are the same, else of each.
    closings : list of (time, event, owner)
        Found ahead and due at an internal time (UNIX time in nanoseconds, UTC), in order.
    """

    positions: Sequence[int]
    events: list[Event]
    handlers: tuple[Handler, ...] | list[tuple[Handler, ...]]
    closings: list[Closing]


NOTHING = Plan((), [], (), [])


def closings_of(found: Sequence[Emissions]) -> list[Closing]:
    """Return what is due at internal times, by time; at one time in the order found."""
    due = [
        (time, event, emissions.owner)
        for emissions in found
        for time, event in zip(emissions.times.tolist(), emissions.events, strict=True)
        if time >= 0
    ]
    return sorted(due, key=itemgetter(0))


class Planner:
    """Plans chunks: market rows by `listening`, then bars and views in the order of the config.

    Parameters
    ----------
    series : sequence of BarSeries
    views : sequence of View
    """

    def __init__(self, series: Sequence[BarSeries], views: Sequence[View]) -> None:
        self.series = tuple(series)
        self.views = tuple(views)
        #: Strategies that speak up from a kernel.
        self.emitters: tuple[Emitter, ...] = ()
        self.listening: tuple[Listening, ...] = ()

    @property
    def wakes_on_rows(self) -> bool:
        """Whether Python is woken by market rows or views, so that small chunks are faster."""
        return any(item.kind not in (r.KILL_SWITCH, r.BAR) for item in self.listening) or any(
            view.handlers for view in self.views if not view.built
        )

    @property
    def makes_vectors_of_rows(self) -> bool:
        """Whether a view computes at rows themselves, and not at the bars that are made of many."""
        return any(not view.built for view in self.views)

    @property
    def glimpses(self) -> Glimpses | None:
        """What emission kernels saw of the market in the chunk planned last; all see the same."""
        return next((one.glimpses for one in self.emitters if one.glimpses is not None), None)

    def plan(self, rows: Rows, present: int) -> Plan:
        """Look ahead over a chunk whose kinds are the bits of ``present``."""
        for series in self.series:
            series.save()
        for view in self.views:
            view.save()
        found = self._derived(rows, present)
        for emitter in self.emitters:
            emitter.save()
            found += emitter.ahead(rows)
        woken = []
        for item in self.listening:
            if present >> item.kind & 1:
                positions = item.positions(rows, present)
                if len(positions):
                    woken.append((positions, item.events(rows, positions), item.handlers))
        if len(woken) == 1 and not found:
            positions, events, handlers = woken[0]
            return Plan(positions if isinstance(positions, range) else positions.tolist(), events, handlers, [])
        return self._merged(woken, found) if woken or found else NOTHING

    def _merged(
        self, woken: list[tuple[Rows | range, list[Event], tuple[Handler, ...]]], found: list[Emissions]
    ) -> Plan:
        """Order wakes by row; at one row the row itself comes first, then bars and views as found."""
        positions = [np.asarray(item[0], np.int64) for item in woken]
        events = [event for item in woken for event in item[1]]
        handlers = [item[2] for item in woken for _ in item[1]]
        for emissions in found:
            own = np.flatnonzero(emissions.times < 0)
            if not emissions.owner.handlers:
                continue
            positions.append(emissions.rows[own])
            events += [emissions.events[x] for x in own.tolist()]
            handlers += [emissions.owner.handlers] * len(own)
        flat = np.concatenate(positions) if positions else np.empty(0, np.int64)
        order = np.argsort(flat, kind="stable")
        chosen = order.tolist()
        return Plan(
            flat[order].tolist(),
            [events[x] for x in chosen],
            [handlers[x] for x in chosen],
            closings_of(found),
        )

    def _derived(self, rows: Rows, present: int) -> list[Emissions]:
        """Run bars and views over a chunk."""
        found = [emissions for series in self.series for emissions in series.ahead(rows)]
        for view in self.views:
            if view.built or view.waits or present & view.kinds:
                found += view.ahead(rows)
        return found

    def _due(self, watermark: int) -> list[Emissions]:
        """Close bars and instants that are over by a watermark with no row to end them."""
        found = [emissions for series in self.series for emissions in series.flush(watermark)]
        for view in self.views:
            if view.built:
                found += view.ahead(_NO_ROWS)
            found += view.flush(watermark)
        return found

    def flush(self, watermark: int) -> list[Closing]:
        """Return what is due at or before a watermark with no row to bring it about."""
        return closings_of(self._due(watermark))

    def rewind(self, rows: Rows, due: int) -> None:
        """Return to the state after ``rows`` of the chunk planned last, and what was due at or before ``due``."""
        present = marks.kinds(rows, len(rows))
        for series in self.series:
            series.restore()
        for view in self.views:
            view.restore()
        self._derived(rows, present)
        self._due(due)
        for emitter in self.emitters:
            emitter.restore()
            emitter.ahead(rows)
