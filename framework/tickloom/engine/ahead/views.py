"""Feature views in the loop: they run ahead over a chunk, in one call for all symbols, and are taken back with it."""

from collections.abc import Sequence
from itertools import repeat
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from tickloom.engine.ahead.derive import BarSeries, Emissions, Handler
from tickloom.events import Alert, Event, Features
from tickloom.features.view import BadRowError, FeatureView
from tickloom.instruments import Instrument
from tickloom_kernels import rows as r
from tickloom_kernels import stream_rows as s
from tickloom_kernels.market import book as b

Rows = NDArray[np.int64]
Floats = NDArray[np.float64]

#: Kinds of rows that a stream is made from, as bits.
_KINDS = {
    "trade": 1 << r.TRADE | 1 << r.QUOTE,
    "quote": 1 << r.QUOTE,
    "bar": 1 << r.BAR,
    "book": 1 << r.BOOK_DELTA | 1 << r.TRADE,
}


@attrs.frozen
class Batch:
    """Rows of a view's stream: numbers, symbol and ``ts_init`` of each, and the internal time it is due at, or -1."""

    table: Floats
    which: Rows
    ts: Rows
    where: Rows
    times: Rows

    def __getitem__(self, chosen: slice | Rows) -> "Batch":
        return Batch(*(array[chosen] for array in _arrays(self)))

    @staticmethod
    def joined(batches: "Sequence[Batch]") -> "Batch":
        """Return the rows of some batches, one after the other."""
        return Batch(*(np.concatenate(arrays) for arrays in zip(*map(_arrays, batches), strict=True)))


def _arrays(batch: Batch) -> tuple[Any, ...]:
    return attrs.astuple(batch, recurse=False)


@attrs.define
class Refusal:
    """Owner of the alert that a row was refused, which ends the run."""

    handlers: tuple[Handler, ...] = ()


class View:
    """A feature view of a run.

    Parameters
    ----------
    index : int
        Place in the run's table of views.
    name : str
        In the config.
    features : FeatureView
        With a symbol per instrument of the view.
    instruments : sequence of Instrument
        All of the run.
    chosen : sequence of int
        Those that the view is computed for; their order is that of the symbols.
    series : int
        For bars: the series it steps on; otherwise -1.
    built : sequence of BarSeries
        Those of the run that it steps on; empty where it steps on input rows.

    Notes
    -----
    A vector is due with its row. A view with cross-symbol features is due one nanosecond later, after all rows of that
    ``ts_init``; its last instant waits until a later row, or the watermark, says that it is over.
    """

    def __init__(
        self,
        index: int,
        name: str,
        features: FeatureView,
        instruments: Sequence[Instrument],
        chosen: Sequence[int],
        series: int = -1,
        built: Sequence[BarSeries] = (),
    ) -> None:
        self.index = index
        self.name = name
        self.features = features
        self.series = series
        self.built = tuple(built)
        self.handlers: tuple[Handler, ...] = ()
        self.refusal = Refusal()
        self.kinds = _KINDS[features.plan.stream.name]
        self._instruments = np.array(chosen, np.int64)
        self._chosen = np.full(len(instruments), -1, np.int64)
        self._chosen[self._instruments] = range(len(chosen))
        self._names = [instruments[i].name for i in chosen]
        self._ratios = np.array([[*one.price_ratio, *one.quantity_ratio] for one in instruments], np.float64)
        is_book = features.plan.stream.depth > 0
        self._books = np.zeros(len(chosen) * b.BOOK_WORDS if is_book else 0, np.int64)
        self._kept = self._books.copy()
        self._flows = np.zeros((len(chosen), s.FLOWS), np.int64)
        self._waiting = self.nothing()
        #: A row was refused: nothing follows it.
        self._over = False
        self.save()

    @property
    def waits(self) -> bool:
        """Whether an instant waits for a row, of whatever kind, that says that it is over."""
        return len(self._waiting.ts) > 0

    def nothing(self) -> Batch:
        """Return a batch without rows."""
        none = np.empty(0, np.int64)
        return Batch(np.empty((0, self.features.plan.stream.width)), none, none, none, none)

    @property
    def instruments(self) -> list[int]:
        """The run's index of each symbol."""
        return self._instruments.tolist()  # type: ignore[no-any-return]

    def has(self, instrument: int) -> bool:
        """Whether the view is computed for an instrument of the run."""
        return bool(self._chosen[instrument] >= 0)

    def warm(self, rows: Rows) -> None:
        """Step over rows from before the run; nothing comes of them but a state."""
        batch = self._batch(np.ascontiguousarray(rows))
        if len(batch.ts):
            self.features.run(batch.table, batch.which, instants=batch.ts)

    # --- taking back -------------------------------------------------------------------------------------------------

    def save(self) -> None:
        """Remember the state before a chunk."""
        self._saved = (self.features.save(), self._flows.copy(), self._waiting, self._over)
        b.copy(self._books, self._kept)

    def restore(self) -> None:
        """Return to the remembered state."""
        state, self._flows[:], self._waiting, self._over = self._saved
        self.features.load(state)
        b.copy(self._kept, self._books)

    # --- running -----------------------------------------------------------------------------------------------------

    def ahead(self, rows: Rows) -> list[Emissions]:
        """Run over a chunk: over its rows of the stream, or over the bars that its series have closed just now."""
        batch = self.taken(rows)
        if self.features.plan.across is not None:
            # Any later row says that an instant is over, also one that is none of the view's.
            return self._as_instants(batch, int(rows[-1, r.TS_INIT]) if len(rows) else 0)
        return self._stepped(batch, batch.times)

    def taken(self, rows: Rows) -> Batch:
        """Return what `ahead` runs over."""
        return self._closed() if self.built else self._batch(np.ascontiguousarray(rows))

    def flush(self, watermark: int) -> list[Emissions]:
        """Emit the instants that are over by a watermark."""
        return self._as_instants(self.nothing(), watermark)

    def _closed(self) -> Batch:
        found = [series.closed for series in self.built]
        bars = np.concatenate([bars for bars, _ in found])
        where = np.concatenate([where for _, where in found])
        # What is due between rows comes before what comes with a row.
        due = np.where(where[:, 1] < 0, np.iinfo(np.int64).max, where[:, 1])
        order = np.lexsort((due, where[:, 0]))
        batch = self._batch(np.ascontiguousarray(bars[order]))
        places = where[order][batch.where]
        return attrs.evolve(batch, where=places[:, 0], times=places[:, 1])

    def _batch(self, rows: Rows) -> Batch:
        """Make the numbers of the rows that the view steps on."""
        plan, count = self.features.plan, len(rows)
        table = np.empty((count, plan.stream.width))
        where, which = np.empty(count, np.int64), np.empty(count, np.int64)
        chosen, ratios = self._chosen, self._ratios
        if plan.stream.name == "trade":
            taken = s.trades(self._flows, rows, chosen, ratios, table, where, which)
        elif plan.stream.name == "quote":
            taken = s.quotes(rows, chosen, ratios, table, where, which)
        elif plan.stream.name == "bar":
            taken = s.bars(rows, self.series, chosen, ratios, table, where, which)
        else:
            depth = plan.stream.depth
            taken = s.books(self._books, self._flows, rows, chosen, ratios, depth, table, where, which)
        where = where[:taken]
        return Batch(table[:taken], which[:taken], rows[where, r.TS_INIT], where, np.full(taken, -1, np.int64))

    def _as_instants(self, batch: Batch, now: int) -> list[Emissions]:
        """Run over the instants before ``now``; what is of that very instant waits."""
        batch = Batch.joined([self._waiting, batch])
        over = int(np.searchsorted(batch.ts, now))
        self._waiting = batch[over:]
        return self._stepped(batch[:over], batch.ts[:over] + 1)

    def _stepped(self, batch: Batch, times: Rows) -> list[Emissions]:
        """Step over rows; one that is refused ends the run when the loop comes to it, whatever the chunks."""
        if self._over or not len(batch.ts):
            return []
        try:
            out, ready = self.features.run(batch.table, batch.which, instants=batch.ts)
        except BadRowError as error:
            self._over = True
            k = error.taken
            found = self._emissions(batch[:k], error.out, error.ready, times[:k])
            text = f"views.{self.name}: {self._names[batch.which[k]]}: {error.reason}"
            stamp = int(batch.ts[k] if times[k] < 0 else times[k])
            return [
                *found,
                Emissions(batch.where[k : k + 1], times[k : k + 1], [Alert(stamp, self.name, text)], self.refusal),
            ]
        return self._emissions(batch, out, ready, times)

    def _emissions(self, batch: Batch, out: Floats, ready: NDArray[np.bool_], times: Rows) -> list[Emissions]:
        if not len(times) or (not self.handlers and (times < 0).all()):
            return []
        instruments = self._instruments[batch.which[ready]].tolist()
        vectors = map(tuple, out[ready].tolist())
        stamps = np.where(times < 0, batch.ts, times)[ready].tolist()
        events: list[Event] = list(map(Features, stamps, repeat(self.index), instruments, vectors))
        return [Emissions(batch.where[ready], times[ready], events, self)]
