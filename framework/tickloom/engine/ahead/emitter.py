"""Runs the emission kernel of a strategy ahead over a chunk: what it says wakes Python, and nothing else does."""

from collections.abc import Callable
from itertools import repeat

import attrs
import numpy as np
from numpy.typing import NDArray

from tickloom.engine.ahead.derive import Emissions, Handler
from tickloom.engine.market import Glimpses
from tickloom.engine.seats import Seat
from tickloom.events import Alert, Event, Signal
from tickloom_kernels import rows as r
from tickloom_kernels.compiled import emission
from tickloom_kernels.market import book as b

Rows = NDArray[np.int64]

#: Words of the market that are kept for rows at which a kernel spoke.
_KEPT = 1 << 16


@attrs.define
class Failing:
    """Owner of the event that the kernel raised an error at a row."""

    handlers: tuple[Handler, ...]


class Emitter:
    """A strategy's emission kernel with its state, which is taken back with the chunk.

    Parameters
    ----------
    seat : Seat
        Of the strategy; its model's index is whose signals they are.
    kernel : int
        Address of its kernel.
    instruments : int
        How many the run has.
    fail : callable
        Stops a plugin: (seat, what failed, why).
    """

    def __init__(self, seat: Seat, kernel: int, instruments: int, fail: Callable[[Seat, str, str], None]) -> None:
        self.model: int = seat.ctx.model
        self.handlers: tuple[Handler, ...] = ()
        self._seat = seat
        self._failing = Failing((self._failed,))
        self._fail = fail
        self._kernel = kernel
        state: NDArray[np.float64] = seat.plugin.kernel_state()
        self._state = np.ascontiguousarray(state, np.float64)
        self._newest = np.zeros((instruments, 3, r.WORDS), np.int64)
        self._kept = np.zeros((max(1, _KEPT // self._newest.size), *self._newest.shape), np.int64)
        #: What it saw of the market in the last chunk, where it went through that in one go.
        self.glimpses: Glimpses | None = None
        self._books = np.zeros(instruments * b.BOOK_WORDS, np.int64)
        self._saved = (self._state.copy(), self._newest.copy(), self._books.copy())

    def _failed(self, event: Event) -> None:
        assert isinstance(event, Alert)
        self._fail(self._seat, "emission_kernel", event.text)

    def save(self) -> None:
        """Remember the state before a chunk."""
        state, newest, books = self._saved
        state[:], newest[:] = self._state, self._newest
        b.copy(self._books, books)

    def restore(self) -> None:
        """Return to the remembered state."""
        state, newest, books = self._saved
        self._state[:], self._newest[:] = state, newest
        b.copy(books, self._books)

    def ahead(self, rows: Rows) -> list[Emissions]:
        """Run over a chunk, from the state that was saved last."""
        self.glimpses = None
        if not self._seat.alive:
            return []
        rows = np.ascontiguousarray(rows)
        try:
            said = self._said(rows, 0)
            spoke = said[0].rows[: len(self._kept)].tolist() if said else ()
            places = {row: place for place, row in enumerate(spoke)}
            self.glimpses = Glimpses(places, self._kept, self._newest, self._books)
            return said
        except Exception:
            # Where? Row by row; it happens once.
            self.restore()
            found: list[Emissions] = []
            for k in range(len(rows)):
                try:
                    found += self._said(rows[k : k + 1], k)
                except Exception as error:
                    alert = Alert(rows.item(k, r.TS_INIT), self._seat.name, repr(error))
                    return [*found, Emissions(np.array([k]), np.array([-1]), [alert], self._failing)]
            return found

    def _said(self, rows: Rows, first: int) -> list[Emissions]:
        """Run over rows, the first of which is at a place of the chunk."""
        where, values = np.empty(len(rows), np.int64), np.empty(len(rows))
        count = emission.emit(self._kernel, self._state, self._newest, self._books, rows, where, values, self._kept)
        where = where[:count]
        said, model = rows[where], repeat(self.model)
        columns = said[:, r.TS_INIT].tolist(), model, said[:, r.INSTRUMENT].tolist(), values[:count].tolist()
        events: list[Event] = list(map(Signal, *columns))
        return [Emissions(first + where, np.full(count, -1), events, self)] if count else []
