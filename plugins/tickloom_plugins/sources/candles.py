"""Candles from files: bars of one length, of several symbols, in the order in which they could have been known.

A file tells when a bar opened; nobody knew the bar before it closed. So ``ts_event`` of a row is the open time and
``ts_init`` the open time, the interval and the delay.

A row of a file that cannot be used is left out and told as a SOURCE_STATUS row (SKIPPED) at the time of the bar before
it (or of the file's first, before that), whose place is the row in the file, counted from 1 without a header:

=============  =====================================================================
MALFORMED      its time cannot be read
NOT_A_NUMBER   a price or the volume is missing, NaN, infinite or some other text
NOT_POSITIVE   a price of 0 or below, a volume below 0
INCONSISTENT   open, close or low above the high, or below the low; or an open time between those of the other bars
OFF_GRID       a price is no whole number of ticks, or the volume no whole number of lots
DUPLICATE      a bar with the same open time stands before it
UNSORTED       a bar with a later open time stands before it
=============  =====================================================================
"""

import glob
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from tickloom.codes import BadInput, Feed
from tickloom.config.settings import build
from tickloom.errors import ConfigError, DataError, nearest
from tickloom.instruments import Instrument
from tickloom.units import duration, expand, moment, show_duration
from tickloom_kernels import rows as r
from tickloom_plugins.sources.candle_files import NO_TIME, Slice, Survey, name_parts, slices, steps, survey

#: Rows of one chunk at most.
CHUNK = 65_536

Rows = NDArray[np.int64]


def _paths(value: Path | tuple[Path, ...]) -> tuple[Path, ...]:
    """Read one or several paths; environment variables in them are expanded."""
    return tuple(expand(str(path)) for path in ([value] if isinstance(value, Path) else value))


def _positive(_source: "Candles", _field: "attrs.Attribute[str | None]", text: str | None) -> None:
    if text is not None and duration(text) == 0:
        raise ConfigError(f"{text!r} is no length of a bar; write such as '5m'")


def _moment(_source: "Candles", field: "attrs.Attribute[str | None]", text: str | None) -> None:
    """Refuse what is no moment."""
    if text is not None:
        moment(text)


def _duration(_source: "Candles", _field: "attrs.Attribute[str]", text: str) -> None:
    duration(text)


@attrs.frozen
class _File:
    """One file: its place among the instruments, what it holds, and how long its bars are (ns)."""

    index: int
    path: Path
    instrument: Instrument
    survey: Survey


@attrs.define
class Candles:
    """Bars from Parquet or CSV files, one file per symbol (`tickloom_plugins.sources.candle_files` says of what form).

    Attributes
    ----------
    path : Path or tuple of Path
        Files, or patterns of file names such as ``candles/*-5m.parquet``, whose files are taken by name. Environment
        variables are expanded. The order of the files is the order of the instruments, and of bars known at once.
    interval : str or None
        Length of a bar, such as ``"5m"``, and the name of the series. By default the commonest distance of open times:
        set it where most bars are missing, as in a symbol that hardly trades.
    start, end : str or None
        Bars that open at or after ``start`` and before ``end`` (UTC), such as ``"2024-03-01"``. What lies before
        ``start`` warms feature views up.
    delay : str
        How long after its close a bar is known.
    symbols : tuple of str
        Base and quote of each file, such as ``"BTC/USDT"``; by default as the files' names say (``BTC_USDT-5m.csv``).
    facts : dict
        The setting ``instruments``: by symbol (BTCUSDT), fields of `Instrument` that stand above what is deduced: that
        it is a spot instrument without fees, whose ``tick_size`` and ``lot_size`` are the largest powers of ten, at
        most 1, on which all prices and volumes of the file lie.
    """

    path: Path | tuple[Path, ...] = attrs.field(converter=_paths)
    interval: str | None = attrs.field(default=None, validator=_positive)
    delay: str = attrs.field(default="0s", validator=_duration)
    start: str | None = attrs.field(default=None, validator=_moment)
    end: str | None = attrs.field(default=None, validator=_moment)
    symbols: tuple[str, ...] = ()
    facts: Mapping[str, Mapping[str, Any]] = attrs.field(factory=dict, alias="instruments")
    _read: tuple[_File, ...] = attrs.field(default=(), init=False, repr=False)
    _given: int = attrs.field(default=0, init=False, repr=False)

    @property
    def instruments(self) -> Sequence[Instrument]:
        """One per file.

        Raises
        ------
        ConfigError
            A pattern fits no file, a name shows no symbol, two files have the same, or a fact is invalid.
        DataError
            A file cannot be read.
        """
        return tuple(file.instrument for file in self._files())

    @property
    def series(self) -> Sequence[str]:
        """The interval: as it is set, or as the first file's name or content shows it.

        Raises
        ------
        ConfigError
            As `instruments` does; or the files' bars are not equally long.
        """
        first = self._files()[0]
        if self.interval is not None:
            return (self.interval,)
        length = first.survey.interval
        parts = name_parts(first.path)
        named = parts[2] if parts else ""
        return (named if named in _spellings(length) else show_duration(length),)

    def progress(self) -> float:
        """Part of the files' rows that has been handed over, 0 to 1."""
        return self._given / sum(file.survey.rows for file in self._files())

    def files(self) -> Sequence[Path]:
        """Return the files that ``path`` names, by name where it is a pattern."""
        return [path for pattern in _paths(self.path) for path in _found(pattern)]

    def chunks(self) -> Iterator[tuple[Rows, int]]:
        """Yield rows and watermarks as `tickloom.interfaces.Source` says, from the start each time it is called.

        Raises
        ------
        DataError
            No row of a file is a bar.
        """
        self._given = 0
        delay = duration(self.delay)
        for rows in _merged([_rows_of(file, delay) for file in self._files()]):
            self._given += len(rows)
            within = self._within(rows)
            for first in range(0, len(within), CHUNK):
                chunk = within[first : first + CHUNK]
                yield chunk, int(chunk[-1, r.TS_INIT])

    def history(self, instrument: int, until: int, rows: int) -> Rows:
        """Return bars from before ``start``, the newest ``rows`` (`tickloom.engine.wiring.warm.Historical`)."""
        kept = np.empty((0, r.WORDS), np.int64)
        if self.start is None:
            return kept
        for part in _rows_of(self._files()[instrument], duration(self.delay)):
            early = part[(part[:, r.KIND] == r.BAR) & (part[:, r.TS_INIT] < until)]
            kept = np.concatenate([kept, early])[-rows:]
            if part[-1, r.TS_INIT] >= until:
                break
        return kept

    def _within(self, rows: Rows) -> Rows:
        """Leave out what opens before the start, or at the end and later."""
        opened = rows[:, r.TS_EVENT]
        first = moment(self.start) if self.start else NO_TIME
        last = moment(self.end) if self.end else 2**63 - 1
        return rows if first == NO_TIME and last == 2**63 - 1 else rows[(opened >= first) & (opened < last)]

    def _files(self) -> tuple[_File, ...]:
        """Find the files and read each through, once."""
        if not self._read:
            files = tuple(self._surveyed())
            self._check(files)
            self._read = files
        return self._read

    def _surveyed(self) -> Iterator[_File]:
        """Find out what each file is."""
        paths = self.files()
        if not paths:
            raise ConfigError("path names no file")
        if self.symbols and len(self.symbols) != len(paths):
            raise ConfigError(f"symbols names {len(self.symbols)} files, but path finds {len(paths)}")
        interval = duration(self.interval) if self.interval else 0
        for index, path in enumerate(paths):
            base, quote = _named(path, self.symbols[index] if self.symbols else None)
            facts = self.facts.get(base + quote, {})
            found = survey(path, interval, ("tick_size" not in facts, "lot_size" not in facts))
            yield _File(index, path, _instrument(base, quote, found, facts), found)

    def _check(self, files: Sequence[_File]) -> None:
        """Refuse what does not go together."""
        first = files[0]
        known = [file.instrument.symbol for file in files]
        for symbol in self.facts:
            if symbol not in known:
                raise ConfigError(f"instruments.{symbol}: no file of that symbol; {nearest(symbol, known)}")
        for file in files:
            if known.count(file.instrument.symbol) > 1:
                raise ConfigError(f"two files are of {file.instrument.symbol}, such as {file.path.name}")
            if not file.survey.interval:
                raise ConfigError(f"{file.path}: one bar does not show how long it is; set interval, such as '5m'")
            if file.survey.interval != first.survey.interval:
                lengths = (show_duration(one.survey.interval) for one in (first, file))
                raise ConfigError(
                    f"{first.path.name} has bars of {next(lengths)} and {file.path.name} of {next(lengths)}: "
                    f"make a source for each, or set interval"
                )


def _spellings(length: int) -> set[str]:
    """Usual names of a length of time (ns), such as ``60m`` and ``1h``."""
    units = {unit: duration(f"1{unit}") for unit in "smhd"}
    return {f"{length // one}{unit}" for unit, one in units.items() if length % one == 0}


def _found(pattern: Path) -> list[Path]:
    """List the files of a pattern by name; a path without pattern is one file, there or not."""
    if not glob.has_magic(str(pattern)):
        return [pattern]
    paths = [Path(name) for name in sorted(glob.glob(str(pattern)))]
    if not paths:
        raise ConfigError(f"no file is called {pattern}")
    return paths


def _named(path: Path, symbol: str | None) -> tuple[str, str]:
    """Tell base and quote of a file."""
    parts: Sequence[str] = symbol.split("/") if symbol is not None else name_parts(path) or ()
    if len(parts) < 2 or not all(parts[:2]):
        what = f"symbol {symbol!r}" if symbol is not None else f"the file name {path.name}"
        raise ConfigError(
            f"{what} does not show base and quote: call files such as BTC_USDT-5m.parquet, or write symbols, such as "
            f"'BTC/USDT', one for each file"
        )
    return parts[0], parts[1]


def _instrument(base: str, quote: str, found: Survey, facts: Mapping[str, Any]) -> Instrument:
    """Make the instrument of a file."""
    tick, lot = (str(Decimal(1).scaleb(-decimals)) for decimals in found.decimals)
    deduced = {"symbol": base + quote, "base": base, "quote": quote, "tick_size": tick, "lot_size": lot}
    made: Instrument = build(Instrument, {**deduced, **facts}, f"instruments.{base}{quote}")
    return made


def _reasons(part: Slice, file: _File, newest: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Judge the rows of a slice.

    Parameters
    ----------
    part : Slice
        The rows.
    file : _File
        Whose rows they are.
    newest : int
        Open time of the newest bar before them (UNIX time in nanoseconds, UTC), or `NO_TIME`.

    Returns
    -------
    reasons : int64, shape (n,)
        `BadInput`, NONE where the row is a bar.
    units : int64, shape (n, 5)
        Open, high, low, close (ticks) and volume (lots) where it is one.
    """
    finite = np.isfinite(part.numbers)
    numbers = np.where(finite, part.numbers, 0.0)
    prices, volume = numbers[:, :4], numbers[:, 4]
    ticks, ticks_fit = steps(prices, file.instrument.price_ratio)
    lots, lots_fit = steps(volume, file.instrument.quantity_ratio)
    outside = (prices > prices[:, 1:2]) | (prices < prices[:, 2:3])
    # By the remainder, and not by the row before: one stray row then takes no other down with it.
    between = (part.times - file.survey.phase) % file.survey.interval != 0
    wrong: list[tuple[BadInput, NDArray[np.bool_]]] = [
        (BadInput.OFF_GRID, np.column_stack([~ticks_fit, ~lots_fit])),
        (BadInput.INCONSISTENT, np.column_stack([outside, between])),
        (BadInput.NOT_POSITIVE, np.column_stack([prices <= 0, volume < 0])),
        (BadInput.NOT_A_NUMBER, ~finite),
        (BadInput.MALFORMED, part.times[:, None] == NO_TIME),
    ]
    reasons = np.full(len(numbers), BadInput.NONE, np.int64)
    # The gravest last, which then stands.
    for reason, table in wrong:
        reasons[table.any(axis=1)] = reason
    opened = np.where(reasons == BadInput.NONE, part.times, NO_TIME)
    before = np.maximum.accumulate(np.concatenate([[newest], opened]))[:-1]
    again = (reasons == BadInput.NONE) & (opened <= before)
    reasons[again] = np.where(opened[again] == before[again], BadInput.DUPLICATE, BadInput.UNSORTED)
    return reasons, np.column_stack([ticks, lots])


def _rows_of(file: _File, delay: int) -> Iterator[Rows]:
    """Yield the rows of one file, bars and what is told of the others, in the order of ``ts_init``."""
    newest, place = NO_TIME, 1
    waiting: list[Rows] = []
    for part in slices(file.path):
        reasons, units = _reasons(part, file, newest)
        good = reasons == BadInput.NONE
        opened = np.maximum.accumulate(np.concatenate([[newest], np.where(good, part.times, NO_TIME)]))[1:]
        rows = np.zeros((len(good), r.WORDS), np.int64)
        rows[:, r.TS_INIT] = opened
        rows[:, r.TS_EVENT] = np.where(part.times == NO_TIME, opened, part.times)
        rows[:, r.INSTRUMENT] = file.index
        rows[:, r.KIND] = np.where(good, r.BAR, r.SOURCE_STATUS)
        rows[good, r.BAR_OPEN : r.BAR_VOLUME + 1] = units[good]
        rows[~good, r.SOURCE_REASON] = reasons[~good]
        rows[~good, r.SOURCE_FEED] = Feed.SKIPPED
        rows[~good, r.SOURCE_PLACE] = np.flatnonzero(~good) + place
        place += len(good)
        waiting.append(rows)
        if opened[-1] == NO_TIME:
            continue
        newest = int(opened[-1])
        joined = np.concatenate(waiting)
        # What stands before the first bar is told together with it.
        first = joined[joined[:, r.TS_INIT] != NO_TIME][0, r.TS_INIT]
        for word in (r.TS_INIT, r.TS_EVENT):
            joined[joined[:, word] == NO_TIME, word] = first
        joined[:, r.TS_INIT] += file.survey.interval + delay
        waiting = []
        yield joined
    if waiting:
        raise DataError(f"{file.path}: none of its {place - 1} rows is a bar")


def _merged(files: list[Iterator[Rows]]) -> Iterator[Rows]:
    """Merge rows by (``ts_init``, order of the files), holding about a slice of each file."""
    held = [np.empty((0, r.WORDS), np.int64) for _ in files]
    more = dict(enumerate(files))
    while more:
        # All wait for the file whose held rows end first.
        late = min(more, key=lambda i: _end(held[i]))
        part = next(more[late], None)
        if part is None:
            del more[late]
        else:
            held[late] = np.concatenate([held[late], part])
        # What comes may be as late as the last row held, and must then stand before rows of later files.
        horizon = min((_end(held[i]) for i in more), default=2**63 - 1)
        counts = [int(np.searchsorted(rows[:, r.TS_INIT], horizon)) for rows in held]
        ready = np.concatenate([rows[:count] for rows, count in zip(held, counts, strict=True)])
        held = [rows[count:] for rows, count in zip(held, counts, strict=True)]
        if len(ready):
            yield ready[np.argsort(ready[:, r.TS_INIT], kind="stable")]


def _end(rows: Rows) -> int:
    """``ts_init`` of the last of some rows, or a time before all others."""
    return int(rows[-1, r.TS_INIT]) if len(rows) else NO_TIME
