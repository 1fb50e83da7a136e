"""What the loop computes ahead over a chunk: bars and feature views, as columns that have no effect until their row."""

from collections.abc import Callable, Iterable, Sequence
from itertools import repeat, starmap
from typing import Protocol

import attrs
import numpy as np
from numpy.typing import NDArray

from tickloom.events import Alert, Bar, Event, Features
from tickloom.instruments import Instrument
from tickloom.interfaces import Feature
from tickloom_kernels import bars as k
from tickloom_kernels import rows as r

Rows = NDArray[np.int64]
Floats = NDArray[np.float64]
Handler = Callable[[Event], None]


class Owner(Protocol):
    """Where events found ahead come from."""

    handlers: tuple[Handler, ...]


@attrs.define
class LateTrades:
    """Owner of the alert that trades come too late for their bars."""

    handlers: tuple[Handler, ...] = ()


@attrs.define
class Emissions:
    """Events found ahead: ``rows`` they belong to, and the internal ``times`` of those that are due before their row.

    A time of -1 says that the event belongs to the row itself. Whom an event wakes is asked of its ``owner`` when it
    happens: who listens may have changed since it was found.
    """

    rows: Rows
    times: Rows
    events: list[Event]
    owner: Owner


class BarSeries:
    """One series of bars of one instrument, built from trades.

    Parameters
    ----------
    name : str
        Name in the config.
    index, instrument : int
        Places in the run's tables.
    method, size, grace : int
        As `tickloom_kernels.bars.new_state` takes them.
    """

    def __init__(self, name: str, index: int, instrument: int, method: int, size: int, grace: int) -> None:
        self.name = name
        self.index = index
        self.instrument = instrument
        self.state = state = k.new_state(method, size, grace, instrument, index)
        self.saved = state.copy()
        self.handlers: tuple[Handler, ...] = ()
        self.late_trades = LateTrades()
        self.views: list[View] = []
        self._out = np.zeros((0, r.WORDS), np.int64)
        self._where = np.zeros((0, 2), np.int64)

    def ahead(self, rows: Rows) -> list[Emissions]:
        """Run over a chunk and return its bars, what views make of them, and the first late trade there ever was."""
        if len(self._out) <= len(rows):
            self._out = np.zeros((len(rows) + 1, r.WORDS), np.int64)
            self._where = np.zeros((len(rows) + 1, 2), np.int64)
        count = k.build(self.state, rows, len(rows), self._out, self._where)
        where = self._where[:count].copy()
        late = where[:, 1] == k.LATE_TRADE
        found = [self._late(rows, where[late])] if late.any() else []
        return found + self._closed(self._out[:count][~late], where[~late])

    def _closed(self, bars: Rows, where: Rows) -> list[Emissions]:
        found = []
        if len(bars):
            events: list[Event] = list(starmap(Bar, bars[:, :11].tolist()))
            found.append(Emissions(where[:, 0], where[:, 1], events, self))
        for view in self.views:
            found += view.over(bars, where[:, 0], where[:, 1])
        return found

    def _late(self, rows: Rows, where: Rows) -> Emissions:
        text = f"bars {self.name}: a trade came after its bar had closed; it and all like it are left out of bars"
        ts = int(rows[where[0, 0], r.TS_INIT])
        return Emissions(where[:, 0], np.full(1, -1), [Alert(ts, self.name, text)], self.late_trades)

    def flush(self, watermark: int) -> list[Emissions]:
        """Close what is due at or before a watermark with no row to close it."""
        row = np.zeros((1, r.WORDS), np.int64)
        if not k.flush(self.state, watermark, row[0]):
            return []
        return self._closed(row, np.array([[0, row[0, r.TS_INIT]]]))

    @property
    def late(self) -> int:
        """Trades that were left out because they came after their bar had closed."""
        return k.late(self.state)

    def save(self) -> None:
        """Remember the state before a chunk."""
        self.saved[:] = self.state
        for view in self.views:
            view.save((self.instrument,))

    def rewind(self, rows: Rows, due: int) -> None:
        """Return to the state after ``rows`` of the chunk and all that was due at or before ``due``."""
        self.state[:] = self.saved
        for view in self.views:
            view.restore((self.instrument,))
        self.ahead(rows)
        self.flush(due)


class View:
    """A feature view: features of one stream of numbers, per instrument.

    Parameters
    ----------
    index : int
        Place in the run's table of views.
    kind : int
        Type id of the rows it steps on (TRADE, QUOTE, BAR).
    features : sequence of Feature
    instruments : dict of int to Instrument
        Those it is computed for.
    series : int
        For bars: the series it steps on; otherwise -1.
    """

    def __init__(
        self, index: int, kind: int, features: Sequence[Feature], instruments: dict[int, Instrument], series: int = -1
    ) -> None:
        self.index = index
        self.kind = kind
        self.series = series
        self.features = tuple(features)
        self.instruments = instruments
        self.handlers: tuple[Handler, ...] = ()
        self._states = {i: [feature.initial() for feature in self.features] for i in instruments}
        self._saved = {i: _copies(states) for i, states in self._states.items()}
        self._width = sum(len(feature.outputs) for feature in self.features)

    def save(self, instruments: Iterable[int]) -> None:
        """Remember the states of some instruments before a chunk."""
        for i in instruments:
            self._saved[i] = _copies(self._states[i])

    def restore(self, instruments: Iterable[int]) -> None:
        """Return to the remembered states of some instruments."""
        for i in instruments:
            self._states[i] = _copies(self._saved[i])

    def ahead(self, rows: Rows) -> list[Emissions]:
        """Run over the rows of a chunk that the view steps on."""
        hit = rows[:, r.KIND] == self.kind
        if self.series >= 0:
            hit &= rows[:, r.BAR_SERIES] == self.series
        where = np.flatnonzero(hit)
        return self.over(rows[where], where, np.full(len(where), -1))

    def over(self, rows: Rows, where: Rows, times: Rows) -> list[Emissions]:
        """Step over rows of the view's kind, which stand (or are due) at ``where`` and ``times``."""
        found = []
        for i, instrument in self.instruments.items():
            mine = np.flatnonzero(rows[:, r.INSTRUMENT] == i)
            if not len(mine):
                continue
            own = rows[mine]
            out = np.empty((len(mine), self._width))
            at = 0
            values = self._values(own, instrument)
            for feature, state in zip(self.features, self._states[i], strict=True):
                width = len(feature.outputs)
                feature.run(state, values, out[:, at : at + width])
                at += width
            if self.handlers or times[-1] >= 0:
                ready = ~np.isnan(out).any(axis=1)
                events = self._events(i, own[ready, r.TS_INIT], out[ready])
                found.append(Emissions(where[mine[ready]], times[mine[ready]], events, self))
        return found

    def _values(self, rows: Rows, instrument: Instrument) -> Floats:
        if self.kind == r.TRADE:
            return instrument.prices(rows[:, r.TRADE_PRICE])
        if self.kind == r.BAR:
            return instrument.prices(rows[:, r.BAR_CLOSE])
        return instrument.prices(rows[:, r.QUOTE_BID_PRICE] + rows[:, r.QUOTE_ASK_PRICE]) / 2.0

    def _events(self, instrument: int, ts: Rows, values: Floats) -> list[Event]:
        vectors = map(tuple, values.tolist())
        return list(map(Features, ts.tolist(), repeat(self.index), repeat(instrument), vectors))


def _copies(states: list[Floats]) -> list[Floats]:
    return [state.copy() for state in states]
