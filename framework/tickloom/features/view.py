"""A feature view at work: one flat arena per symbol, and one call for one row or for a million."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tickloom.errors import TickloomError
from tickloom.features.fused.build import Progress, build, folder_of
from tickloom.features.plan import ViewPlan
from tickloom_kernels import fused as f
from tickloom_kernels.views.direct import crossing, data_of, driving, updating

Floats = NDArray[np.float64]

#: Numbers of output that a processor surely keeps in its nearer caches, and those that no cache keeps.
_CACHED, _BEYOND = 32_768, 1 << 22

_UNORDERED = "time goes back; a view takes bars in the order of time"


class BadRowError(TickloomError):
    """A row that a view refuses: an input that is no finite number, or a bar before the bar before it.

    Attributes
    ----------
    reason : str
        What is wrong with it.
    taken : int
        Rows of the call before it; they have been taken.
    out : float64, shape (taken, columns)
    ready : bool, shape (taken,)
        What they gave.
    """

    def __init__(self, where: str, reason: str, out: Floats, ready: NDArray[np.bool_]) -> None:
        super().__init__(f"{where}: {reason}")
        self.reason = reason
        self.taken = len(out)
        self.out, self.ready = out, ready


class FeatureView:
    """Computes the vectors of a plan, row by row or many rows at a time, with the same bits.

    Parameters
    ----------
    plan : ViewPlan
    symbols : int
        How many it is computed for; each has a state of its own.
    progress : callable, optional
        Told (done, of) while units are compiled.
    folder : Path, optional
        Where compiled units are kept; by default in the user's cache.

    Attributes
    ----------
    row : ndarray of float64, shape (width,)
        Where `update` expects the next row.
    vector : ndarray of float64, shape (columns,)
        What `update` gave last.
    update : callable
        ``update(symbol=0)`` steps over the one row that stands in `row`, and returns `vector`, which the next call
        writes over. It raises `BadRowError` where an input is no finite number and the policy is ``raise``, and
        ValueError where there is no such symbol, or the view has cross-symbol features: these take all rows of an
        instant, by `run`. The order of bars is the caller's affair.

    Notes
    -----
    Not to be used by two threads at once; two views may `run` in two threads, no lock of Python is held meanwhile.
    """

    def __init__(
        self, plan: ViewPlan, symbols: int = 1, *, progress: Progress | None = None, folder: Path | None = None
    ) -> None:
        self.plan = plan
        self.symbols = symbols
        addresses = build(plan.all_units, progress, folder)
        folder = folder_of(folder)
        self._drive, self._cross = driving(folder), crossing(folder) if plan.across is not None else None
        head = f.HEAD_WORDS + plan.stream.width
        starts = np.cumsum([head, *(unit.words for unit in plan.units)]).tolist()
        self._words = starts[-1]
        self._width = len(plan.columns) + len(plan.hidden)
        wide = self._width - plan.own_width
        self._arenas = np.zeros((symbols, self._words))
        self._fill(starts)
        self._fresh = self._arenas[0].copy()
        #: Memory of the cross-symbol unit, the newest outputs of each symbol, and what it last gave.
        self._across = np.zeros(1 + symbols * (plan.across.words - 1) if plan.across is not None else 0)
        self._newest = np.full((symbols, plan.own_width if wide else 0), np.nan)
        self._given = np.full((symbols, wide), np.nan)
        #: Time of the last row of each symbol (s).
        self._latest = np.full(symbols, -np.inf)
        self.row, self.vector = np.zeros(plan.stream.width), np.zeros(self._width)
        #: Outputs of a block of rows on their way past the cache.
        self._room = np.empty((max(64, min(128, _CACHED // self._width)), self._width))
        self._frame = self._make_frame(addresses, starts)
        self._one = self._frame.copy()
        self._point(self._one, self.row[None], self.vector)
        if plan.across is not None:
            # `update` refuses, as no symbol is known to it.
            self._one[f.SYMBOLS] = 0
        self._address = self._frame.ctypes.data
        self._refusal = self._refuse_one
        self._one[f.VECTOR], self._one[f.REFUSAL] = id(self.vector), id(self._refusal)
        self.update = updating(self._one.ctypes.data, self, folder)

    # --- wiring ------------------------------------------------------------------------------------------------------

    def _fill(self, starts: Sequence[int]) -> None:
        """Write scales and fitted tables into the arenas; they are data, not code."""
        plan = self.plan
        names = [column.name for column in plan.columns if not column.use.feature.across]
        for unit, start, at in zip(plan.units, starts, plan.first_columns, strict=False):
            for column, word in unit.scales.items():
                scale = plan.scales[names[at + column]]
                self._arenas[:, start + word : start + word + 2] = scale.factor, scale.offset
            for word, table in unit.tables.items():
                self._arenas[:, start + word : start + word + len(table.words)] = table.words

    def _make_frame(self, addresses: Sequence[int], starts: Sequence[int]) -> NDArray[np.int64]:
        plan = self.plan
        units = len(plan.units)
        checked = f.HEAD + f.PER_UNIT * (units + 1)
        frame = np.zeros(checked + len(plan.used), np.int64)
        frame[f.UNITS] = units
        frame[f.POLICY] = ("raise", "skip", "hold").index(plan.policy)
        frame[f.WIDTH_IN], frame[f.WIDTH_OUT], frame[f.WORDS] = plan.stream.width, self._width, self._words
        frame[f.ARENAS] = self._arenas.ctypes.data
        frame[f.SYMBOLS] = self.symbols
        frame[f.CHECKED], frame[f.FIRST_CHECKED] = len(plan.used), checked
        frame[f.SHOWN] = self._width if plan.across is None else 0
        frame[f.BLOCK] = len(self._room)
        # Ticks of an exchange may step back in its time, and do.
        frame[f.TIME_COLUMN] = plan.stream.need("time", "a view") if plan.stream.name == "bar" else -1
        frame[f.LATEST] = self._latest.ctypes.data
        frame[f.ACROSS] = self._across.ctypes.data
        frame[f.NEWEST], frame[f.GIVEN] = self._newest.ctypes.data, self._given.ctypes.data
        for n, (address, start, at) in enumerate(
            zip(addresses, starts, [*plan.first_columns, plan.own_width], strict=False)
        ):
            frame[f.HEAD + f.PER_UNIT * n : f.HEAD + f.PER_UNIT * (n + 1)] = address, start, at
        frame[checked:] = plan.used
        return frame

    def _point(self, frame: NDArray[np.int64], rows: Floats, out: Floats) -> None:
        frame[f.ROWS], frame[f.OUT] = data_of(rows), data_of(out)
        frame[f.BETWEEN], frame[f.BESIDE] = rows.strides

    # --- running -----------------------------------------------------------------------------------------------------

    def run(
        self,
        rows: ArrayLike,
        which: ArrayLike | None = None,
        out: Floats | None = None,
        *,
        instants: ArrayLike | None = None,
    ) -> tuple[Floats, NDArray[np.bool_]]:
        """Step over rows, from the state so far.

        Parameters
        ----------
        rows : float64, shape (n, width)
            In the order of time; columns as the stream has them. Any strides: what has few features runs fastest over
            columns that lie in one piece each (``order="F"``).
        which : int64, shape (n,), optional
            Symbol of each row; all of symbol 0 by default.
        out : float64, shape (n, columns), optional
            Where to write; C-contiguous.
        instants : int64, shape (n,), optional
            For views with cross-symbol features: equal for rows of one instant, such as their ``ts_init``; by default
            their time to the microsecond. All rows of one instant come in one call.

        Returns
        -------
        out : float64, shape (n, columns)
            NaN until each column is warm.
        ready : bool, shape (n,)
            Where every number is there and no input was missing.

        Raises
        ------
        BadRowError
            An input is no finite number and the policy is ``raise``, or a bar lies before the bar before it. The rows
            before it have been taken.
        """
        # A copy where rows are mended in place.
        table = np.array(rows, np.float64, ndmin=2, copy=True if self.plan.policy == "hold" else None)
        count = len(table)
        symbols = None if which is None else np.ascontiguousarray(which, np.int64)
        result, ready = np.empty((count, self._width)) if out is None else out, np.empty(count, np.bool_)
        self._check(table, symbols, result)
        self._point(self._frame, table, result)
        self._frame[f.WHICH] = 0 if symbols is None else data_of(symbols)
        self._frame[f.READY] = data_of(ready)
        self._frame[f.ROOM] = data_of(self._room) if result.size >= _BEYOND else 0
        taken = self._drive(self._address, count)
        if taken < 0:
            raise ValueError(f"which names a symbol for each of {count} rows, from 0 to {self.symbols - 1}")
        if self._cross is not None:
            together = self._instants(table, instants)
            self._cross(self._address, together.ctypes.data, taken)
            result = result[:, self.plan.order]
            ready &= ~np.isnan(result).any(axis=1)
        if taken < count:
            wrong = _UNORDERED if self._frame[f.STOPPED] == f.UNORDERED else self._missing(table[taken])
            raise BadRowError(f"row {taken}", wrong, result[:taken], ready[:taken])
        return result, ready

    def _check(self, table: Floats, symbols: NDArray[np.int64] | None, result: Floats) -> None:
        count = len(table)
        if table.shape != (count, len(self.row)):
            raise ValueError(f"rows have {table.shape[-1]} columns, {self.plan.stream.name} has {len(self.row)}")
        if symbols is not None and len(symbols) != count:
            raise ValueError(f"which names a symbol for each of {count} rows, not for {len(symbols)}")
        if result.shape != (count, self._width) or not result.flags.c_contiguous or result.dtype != np.float64:
            raise ValueError(f"out is a C-contiguous float64 array of shape {(count, self._width)}")

    def _instants(self, table: Floats, instants: ArrayLike | None) -> NDArray[np.int64]:
        if instants is not None:
            return np.ascontiguousarray(instants, np.int64)
        place = self.plan.stream.need("time", "a cross-symbol feature")
        return np.round(table[:, place] * 1e6).astype(np.int64)

    def peek(self, symbol: int = 0) -> Floats:
        """Return what `update` would give for a row that is not over yet, and change nothing."""
        saved = self._arenas[symbol].copy()
        try:
            found: Floats = self.update(symbol).copy()
            return found
        finally:
            self._arenas[symbol] = saved

    @property
    def is_ready(self) -> bool:
        """Whether the vector of the last `update` is complete, with no input missing."""
        return bool(self._one[f.TOLD] == f.TAKEN) and not bool(np.isnan(self.vector).any())

    def _refuse_one(self) -> None:
        """Say why `update` did not take the row."""
        symbol = int(self._one[f.ASKED])
        if self.plan.across is not None:
            raise ValueError("a view with cross-symbol features takes all rows of an instant at once: use run")
        if not 0 <= symbol < self.symbols:
            raise ValueError(f"symbol is {symbol!r}, it must be from 0 to {self.symbols - 1}")
        if self._missing_of(self.row) == []:
            raise TypeError("update takes the symbol and nothing else")
        raise BadRowError("the row", self._missing(self.row), self.vector[None][:0], np.zeros(0, np.bool_))

    def _missing(self, row: Floats) -> str:
        """Say which inputs of a row are no finite numbers."""
        return f"{', '.join(self._missing_of(row))}; a view takes finite numbers, or set missing = 'skip' or 'hold'"

    def _missing_of(self, row: Floats) -> list[str]:
        names = {self.plan.stream.column(name): name for name in self.plan.stream.columns}
        return [f"{names.get(place)} is {row[place]}" for place in self.plan.used if not np.isfinite(row[place])]

    # --- state -------------------------------------------------------------------------------------------------------

    def snapshot(self, symbol: int = 0) -> bytes:
        """Return the whole state of a symbol; with the plan's version it is all that is needed to go on elsewhere."""
        state: bytes = self._arenas[symbol].tobytes()
        return state

    def restore(self, state: bytes, symbol: int = 0) -> None:
        """Go on from a snapshot of a view of the same version.

        Raises
        ------
        ValueError
            It is of another size, so of another version.
        """
        if len(state) != 8 * self._words:
            raise ValueError(f"a snapshot of this view has {8 * self._words} bytes, not {len(state)}")
        self._arenas[symbol] = np.frombuffer(state)
        self._latest[symbol] = -np.inf

    @property
    def _state(self) -> tuple[Floats, ...]:
        return self._arenas, self._across, self._newest, self._given, self._latest

    def save(self) -> tuple[Floats, ...]:
        """Return copies of all state, of all symbols and across them."""
        return tuple(array.copy() for array in self._state)

    def load(self, saved: tuple[Floats, ...]) -> None:
        """Return to what `save` gave."""
        for array, kept in zip(self._state, saved, strict=True):
            array[:] = kept

    def reset(self) -> None:
        """Forget all rows."""
        self._arenas[:], self._across[:] = self._fresh, 0.0
        self._newest[:] = self._given[:] = np.nan
        self._latest[:] = -np.inf
