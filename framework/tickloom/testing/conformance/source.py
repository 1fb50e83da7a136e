"""What every source owes: rows in order, promises that hold, and the same rows every time."""

from collections.abc import Callable, Sequence
from operator import index
from pathlib import Path
from typing import Any

import numpy as np

from tickloom.events import MARKET_KINDS
from tickloom.instruments import Instrument
from tickloom.testing.conformance.subject import Subject
from tickloom.testing.runs import Rows
from tickloom_kernels import rows as r

_SHAPE = "rows are int64, of shape (n, 12), C-contiguous"
_ORDER = "rows are ordered by ts_init, within and across chunks"
_WATERMARK = "a watermark is an int; no later row lies below it, and no later watermark"
_PROGRESS = "progress is the part of the input that has been read: 0 to 1, never less than before"
_INDEX = "a row names an instrument by its index in `instruments`; only news without one has -1"
_BARS = "ts_event of a bar is its open time, and ts_init when it was known: at its close or later"
_NUMBERS = "trades are for more than 0 lots at more than 0 ticks; sides are 1, -1 or 0; a bar's prices lie in its range"
_SAME = "settings and files alone decide the rows"
#: Kinds that may concern no instrument.
_WITHOUT = (r.SOURCE_STATUS, r.KILL_SWITCH)
_FIRST = -(1 << 62)


def check_source(factory: Callable[..., Any], /, **settings: Any) -> None:
    """Require that a source keeps the contract of `tickloom.interfaces.Source`.

    Both instances that it makes are read to their ends, so choose settings that give some thousands of rows.

    Parameters
    ----------
    factory : callable
        Makes the source; asked twice.
    **settings
        Its settings, as a config would hold them.

    Raises
    ------
    ConformanceError
        Names the chunk, the row and the rule.
    """
    subject = Subject("source", factory, settings)
    source = subject.make()
    instruments, series = _head(subject, source)
    again = _Again(subject, subject.make())
    state = _State(subject, len(instruments), len(series))
    with subject.asked("chunks"):
        for number, item in enumerate(source.chunks()):
            rows = state.chunk(f"chunk {number}", item)
            _progress(subject, f"chunk {number}", source, state)
            again.compare(f"chunk {number}", rows)
        again.ends()
    subject.require(state.count > 0, "chunks", "gave no rows, so that nothing was checked", "settings give some rows")
    state.bars_close(series)
    subject.require(list(source.instruments) == instruments, "instruments", "changed while rows were read", _SAME)
    _files(subject, source)


def _head(subject: Subject, source: Any) -> tuple[list[Instrument], list[str]]:
    """Look at what must be known before the first chunk."""
    with subject.asked("instruments and series, before any chunk"):
        instruments, series = list(source.instruments), list(source.series)
    rule = "a sequence of Instrument, each name once, known before the first chunk"
    subject.require(
        bool(instruments) and all(isinstance(one, Instrument) for one in instruments), "instruments", "has others", rule
    )
    subject.require(len({one.name for one in instruments}) == len(instruments), "instruments", "names one twice", rule)
    texts = all(isinstance(name, str) and name for name in series) and len(set(series)) == len(series)
    subject.require(texts, "series", f"is {series!r}", "names of bar series, each once")
    return instruments, series


class _Again:
    """The rows of a second instance, which may cut its chunks elsewhere."""

    def __init__(self, subject: Subject, source: Any) -> None:
        self._subject = subject
        self._chunks = source.chunks()
        self._left: Rows = np.empty((0, r.WORDS), np.int64)

    def compare(self, where: str, rows: Rows) -> None:
        """Hold the next rows against those of the first instance."""
        while len(self._left) < len(rows) and (item := next(self._chunks, None)) is not None:
            self._left = np.concatenate((self._left, item[0]))
        own, self._left = self._left[: len(rows)], self._left[len(rows) :]
        count = len(own)
        differs = (own != rows[:count]).any(axis=1)
        if differs.any() or count < len(rows):
            k = int(np.argmax(differs)) if differs.any() else count
            other = own[k].tolist() if k < count else "none"
            self._subject.fail(f"{where}, row {k}", f"is {rows[k].tolist()}, a second instance has {other}", _SAME)

    def ends(self) -> None:
        """Require that there is nothing more."""
        more = len(self._left) + sum(len(rows) for rows, _ in self._chunks)
        self._subject.require(more == 0, "a second instance", f"has {more} more rows", _SAME)


def _progress(subject: Subject, where: str, source: Any, state: "_State") -> None:
    part = source.progress()
    subject.require(state.progress <= part <= 1, f"progress after {where}", f"{part} after {state.progress}", _PROGRESS)
    state.progress = part


def _files(subject: Subject, source: Any) -> None:
    """Look at the files of a source that the journal keeps by reference."""
    if not hasattr(source, "files"):
        return
    with subject.asked("files"):
        files = list(source.files())
    good = all(isinstance(path, Path) and path.is_file() for path in files)
    subject.require(good, "files", f"is {files!r}", "every file that is read, as a Path")


class _State:
    """What is known of a source after some chunks."""

    def __init__(self, subject: Subject, instruments: int, series: int) -> None:
        self.subject = subject
        self.instruments = instruments
        self.series = series
        self.count = 0
        self.last = _FIRST
        self.watermark = _FIRST
        self.progress: float = 0.0
        self._bars: list[Rows] = []

    def chunk(self, where: str, item: Any) -> Rows:
        """Check one chunk, and return its rows."""
        require = self.subject.require
        pair = isinstance(item, tuple) and len(item) == 2
        require(pair, where, f"is {type(item).__name__}", "chunks yields (rows, watermark)")
        rows, watermark = item
        shape = (
            f"is {rows.dtype} of shape {rows.shape}" if isinstance(rows, np.ndarray) else f"is {type(rows).__name__}"
        )
        right = isinstance(rows, np.ndarray) and rows.dtype == np.int64 and rows.ndim == 2 and rows.shape[1] == r.WORDS
        require(right and rows.flags.c_contiguous, where, shape, _SHAPE)
        self._times(where, rows, watermark)
        self._kinds(where, rows)
        self.count += len(rows)
        return rows  # type: ignore[no-any-return]  # looked at above

    def _times(self, where: str, rows: Rows, watermark: Any) -> None:
        ts = rows[:, r.TS_INIT]
        steps = np.diff(ts, prepend=max(self.last, self.watermark))
        if (steps < 0).any():
            k = int(np.argmax(steps < 0))
            before = int(ts[k - 1]) if k else self.last
            late = ts[k] < before
            wrong = f"ts_init {ts[k]} after {before}" if late else f"ts_init {ts[k]} below watermark {self.watermark}"
            self.subject.fail(f"{where}, row {k}", wrong, _ORDER if late else _WATERMARK)
        try:
            promise = index(watermark)
        except TypeError:
            self.subject.fail(where, f"watermark {watermark!r}", _WATERMARK)
        self.subject.require(
            promise >= self.watermark, where, f"watermark {promise} after {self.watermark}", _WATERMARK
        )
        self.last = int(ts[-1]) if len(ts) else self.last
        self.watermark = promise

    def _kinds(self, where: str, rows: Rows) -> None:
        kind, instrument = rows[:, r.KIND], rows[:, r.INSTRUMENT]
        self._all(
            where, rows, np.isin(kind, list(MARKET_KINDS)), "kind", "the last word is the type id of a market row"
        )
        without = (instrument == -1) & np.isin(kind, _WITHOUT)
        known = (instrument >= 0) & (instrument < self.instruments)
        self._all(where, rows, known | without, f"instrument, of {self.instruments}", _INDEX)
        trade, bar = kind == r.TRADE, kind == r.BAR
        some = (rows[:, r.TRADE_QUANTITY] > 0) & (rows[:, r.TRADE_PRICE] > 0)
        self._all(where, rows, ~trade | (some & (np.abs(rows[:, r.TRADE_AGGRESSOR]) <= 1)), "trade", _NUMBERS)
        delta = kind == r.BOOK_DELTA
        level = (rows[:, r.DELTA_QUANTITY] >= 0) & (np.abs(rows[:, r.DELTA_SIDE]) <= 1)
        self._all(where, rows, ~delta | level, "book delta", _NUMBERS)
        named = (rows[:, r.BAR_SERIES] >= 0) & (rows[:, r.BAR_SERIES] < self.series)
        self._all(where, rows, ~bar | named, f"bar series, of {self.series}", "a bar names its series by its index")
        ends = rows[:, [r.BAR_OPEN, r.BAR_CLOSE]]
        ranged = (ends.max(axis=1) <= rows[:, r.BAR_HIGH]) & (ends.min(axis=1) >= rows[:, r.BAR_LOW])
        self._all(where, rows, ~bar | ranged, "bar", _NUMBERS)
        self._all(where, rows, ~bar | (rows[:, r.TS_INIT] >= rows[:, r.TS_EVENT]), "bar before its open time", _BARS)
        self._bars.append(rows[bar])

    def _all(self, where: str, rows: Rows, good: Any, what: str, rule: str) -> None:
        if not good.all():
            k = int(np.argmin(good))
            self.subject.fail(f"{where}, row {k}", f"{what}: {rows[k].tolist()}", rule)

    def bars_close(self, series: Sequence[str]) -> None:
        """Require that bars of an even length are not told before they have closed."""
        bars = np.concatenate([*self._bars, np.empty((0, r.WORDS), np.int64)])
        for i in range(self.instruments):
            for s, name in enumerate(series):
                mine = bars[(bars[:, r.INSTRUMENT] == i) & (bars[:, r.BAR_SERIES] == s)]
                opens = np.unique(mine[:, r.TS_EVENT])
                steps = np.diff(opens)
                # Without an even length nobody can say from the rows when a bar closed.
                if len(steps) < 2 or (steps % (length := steps.min())).any():
                    continue
                known = mine[:, r.TS_INIT] - mine[:, r.TS_EVENT]
                if (known < length).any():
                    k = int(np.argmax(known < length))
                    wrong = (
                        f"the bar that opened at {mine[k, r.TS_EVENT]} is told {known[k]} ns later, it lasts {length}"
                    )
                    self.subject.fail(f"series {name}", wrong, _BARS)
