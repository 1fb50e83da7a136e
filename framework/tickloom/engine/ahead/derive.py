"""What the loop computes ahead over a chunk has no effect until its row: how that is told; bars made of trades."""

from collections.abc import Callable
from itertools import starmap
from typing import Protocol

import attrs
import numpy as np
from numpy.typing import NDArray

from tickloom.events import Alert, Bar, Event
from tickloom_kernels import bars as k
from tickloom_kernels import rows as r

Rows = NDArray[np.int64]
Handler = Callable[[Event], None]

_NOWHERE = np.zeros((0, 2), np.int64)


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
    method, size, grace, span, clamp : int
        As `tickloom_kernels.bars.new_state` takes them.
    """

    def __init__(
        self, name: str, index: int, instrument: int, method: int, size: int, grace: int, span: int, clamp: int
    ) -> None:
        self.name = name
        self.index = index
        self.instrument = instrument
        self.state = state = k.new_state(method, size, grace, instrument, index, span, clamp)
        self.saved = state.copy()
        self.handlers: tuple[Handler, ...] = ()
        self.late_trades = LateTrades()
        #: Bars that the last `ahead` or `flush` closed, and (row, internal time or -1) of each.
        self.closed = (np.zeros((0, r.WORDS), np.int64), np.zeros((0, 2), np.int64))
        self._out = np.zeros((0, r.WORDS), np.int64)
        self._where = np.zeros((0, 2), np.int64)

    def ahead(self, rows: Rows) -> list[Emissions]:
        """Run over a chunk and return its bars, and the first late trade there ever was."""
        places = k.room(self.state, rows, len(rows))
        if len(self._out) < places:
            self._out = np.zeros((places, r.WORDS), np.int64)
            self._where = np.zeros((places, 2), np.int64)
        count = k.build(self.state, rows, len(rows), self._out, self._where)
        where = self._where[:count].copy()
        late = where[:, 1] == k.LATE_TRADE
        found = [self._late(rows, where[late])] if late.any() else []
        # A copy: the next chunk is written over it.
        return found + self._closed(self._out[:count][~late].copy(), where[~late])

    def _closed(self, bars: Rows, where: Rows) -> list[Emissions]:
        self.closed = (bars, where)
        if not len(bars):
            return []
        events: list[Event] = list(starmap(Bar, bars[:, :11].tolist()))
        return [Emissions(where[:, 0], where[:, 1], events, self)]

    def _late(self, rows: Rows, where: Rows) -> Emissions:
        text = f"bars {self.name}: a trade came after its bar had closed; it and all like it are left out of bars"
        ts = int(rows[where[0, 0], r.TS_INIT])
        return Emissions(where[:, 0], np.full(1, -1), [Alert(ts, self.name, text)], self.late_trades)

    def flush(self, watermark: int) -> list[Emissions]:
        """Close what is due at or before a watermark with no row to close it."""
        row = np.zeros((1, r.WORDS), np.int64)
        closing = k.flush(self.state, watermark, row[0])
        return self._closed(row, np.array([[0, row[0, r.TS_INIT]]])) if closing else self._closed(row[:0], _NOWHERE)

    @property
    def late(self) -> int:
        """Trades that were left out because they came after their bar had closed."""
        return k.late(self.state)

    def save(self) -> None:
        """Remember the state before a chunk."""
        self.saved[:] = self.state

    def restore(self) -> None:
        """Return to the remembered state."""
        self.state[:] = self.saved
