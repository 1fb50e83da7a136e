"""Runs the emission kernel of a strategy ahead over a chunk: what it says wakes Python, and nothing else does."""

from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from tickloom.engine.ahead.derive import Emissions, Handler
from tickloom.events import Event, Signal
from tickloom_kernels import rows as r
from tickloom_kernels.compiled import emission
from tickloom_kernels.market import book as b

Rows = NDArray[np.int64]


class Emitter:
    """A strategy's emission kernel with its state, which is taken back with the chunk.

    Parameters
    ----------
    plugin : Strategy
        With an ``emission_kernel`` and a ``kernel_state``.
    model : int
        Whose signals they are: the index in the run's table.
    instruments : int
        How many the run has.
    """

    def __init__(self, plugin: object, model: int, instruments: int) -> None:
        self.model = model
        self.handlers: tuple[Handler, ...] = ()
        self._kernel = plugin.emission_kernel  # type: ignore[attr-defined]
        self._state = np.ascontiguousarray(plugin.kernel_state(), np.float64)  # type: ignore[attr-defined]
        self._newest = np.zeros((instruments, 3, r.WORDS), np.int64)
        self._books = np.zeros(instruments * b.BOOK_WORDS, np.int64)
        self._saved = (self._state.copy(), self._newest.copy(), self._books.copy())

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
        """Run over a chunk."""
        where, values = np.empty(len(rows), np.int64), np.empty(len(rows))
        rows = np.ascontiguousarray(rows)
        count = emission.emit(self._kernel, self._state, self._newest, self._books, rows, where, values)
        where = where[:count]
        said, model = rows[where], repeat(self.model)
        columns = said[:, r.TS_INIT].tolist(), model, said[:, r.INSTRUMENT].tolist(), values[:count].tolist()
        events: list[Event] = list(map(Signal, *columns))
        return [Emissions(where, np.full(count, -1), events, self)] if count else []
