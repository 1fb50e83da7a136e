"""Keeps what a report is made from, as an observer: it sees committed events and consumed rows, and changes nothing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from tickloom.codes import BadInput, Feed
from tickloom.engine.stream import Named, Observer
from tickloom.events import MARKET_KINDS, Features
from tickloom.orders.log import Mixed
from tickloom.record import Entry
from tickloom_kernels import rows as r
from tickloom_kernels.market import marks

Rows = NDArray[np.int64]


class _Entries(Sequence[Entry]):
    """The outcome stream of a run, put together when somebody looks: compiled strategies leave words, not events."""

    def __init__(self, batches: Sequence[Sequence[Named]]) -> None:
        self._batches = batches

    @cached_property
    def _all(self) -> list[Entry]:
        return [Entry._make(entry) for batch in self._batches for entry in batch]

    def __len__(self) -> int:
        return len(self._all)

    def __getitem__(self, index: Any) -> Any:
        return self._all[index]


class Collector(Observer):
    """Collects the outcome stream, the prices and the counts of a run.

    Parameters
    ----------
    instruments : int
        How many the run has.
    sources : sequence of str
        Names, by index.
    """

    def __init__(self, instruments: int, sources: Sequence[str]) -> None:
        self._batches: list[Sequence[Named]] = []
        self.features = 0
        self.first = self.last = 0
        self.cell = marks.FIRST_LENGTH
        self._sources = sources
        self._cells = np.zeros((instruments, marks.CELLS, marks.CELL_WORDS), np.int64)
        self._counts = np.zeros(instruments, np.int64)
        self._quoted = np.zeros(instruments, np.int64)
        self._kinds = np.zeros(64, np.int64)
        self._bad: Counter[tuple[str, str]] = Counter()
        self._places: dict[tuple[str, str], int] = {}

    name = "report"

    def events(self, batch: Sequence[Named]) -> None:
        """Keep the events of the outcome stream; feature vectors are only counted."""
        named = batch.named if isinstance(batch, Mixed) else batch
        if isinstance(named, list):
            kept = [entry for entry in named if type(entry[4]) is not Features]
            self.features += len(named) - len(kept)
            batch = attrs.evolve(batch, named=kept) if isinstance(batch, Mixed) else kept
        self._batches.append(batch)

    @property
    def entries(self) -> Sequence[Entry]:
        """The outcome stream, feature vectors left out."""
        return _Entries(self._batches)

    def rows(self, first: int, rows: Rows) -> None:
        """Take in consumed rows."""
        count = len(rows)
        if first == 0:
            self.first = int(rows[0, r.TS_INIT])
        self.last = int(rows[count - 1, r.TS_INIT])
        told = self._kinds.item(r.SOURCE_STATUS)
        self.cell = marks.mark(self._cells, self._counts, self._quoted, self._kinds, self.cell, rows, count)
        if self._kinds.item(r.SOURCE_STATUS) > told:
            news = rows[rows[:, r.KIND] == r.SOURCE_STATUS]
            words = [r.SOURCE_SOURCE, r.SOURCE_FEED, r.SOURCE_REASON, r.SOURCE_PLACE]
            for source, feed, reason, place in news[:, words].tolist():
                if reason != BadInput.NONE or feed in (Feed.GAP, Feed.SKIPPED):
                    key = (self._sources[source], BadInput(reason).name.lower())
                    self._bad[key] += 1
                    self._places.setdefault(key, place)

    @property
    def bad_inputs(self) -> Mapping[tuple[str, str], int]:
        """Inputs left out or doubted, by (source, reason)."""
        return dict(sorted(self._bad.items()))

    @property
    def doubts(self) -> Sequence[str]:
        """One line for each kind of bad input: how many, and where the first is to be found."""
        return [
            f"source {source}: {count} x {reason.replace('_', ' ')}, the first at line or row {place}"
            for (source, reason), count in self.bad_inputs.items()
            for place in (self._places[source, reason],)
        ]

    @property
    def counts(self) -> Mapping[str, int]:
        """Input rows by kind."""
        return {MARKET_KINDS[kind].__name__: n for kind, n in enumerate(self._kinds.tolist()) if n}

    @property
    def marks(self) -> Mapping[int, Rows]:
        """Prices by instrument, in cells of `cell`; see `tickloom.record.RunRecord`."""
        counts = self._counts.tolist()
        return {i: self._cells[i, :count].copy() for i, count in enumerate(counts) if count}
