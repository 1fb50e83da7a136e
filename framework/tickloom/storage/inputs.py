"""What comes into a run, on its way into the journal, and out of the journal again.

A source that says which files it reads (`Replayable`) is journalled by reference: its settings and the hash of each
file. The rows of any other are journalled themselves, as the source gave them, before the merge.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from tickloom.engine.run import place_of
from tickloom.errors import DataError, TickloomError
from tickloom.plugins import Registry
from tickloom.storage.manifest import Input, hash_file

if TYPE_CHECKING:
    from tickloom.config import Config
    from tickloom.config.sections import PluginSection
    from tickloom.instruments import Instrument
    from tickloom.interfaces import Source

Rows = NDArray[np.int64]
Chunks = Iterator[tuple[Rows, int]]

#: Rows of a block: blocks begin at multiples of it, whatever the chunks were.
BLOCK = 256
_FOREVER = 1 << 62


@runtime_checkable
class Replayable(Protocol):
    """What a `Source` may have besides: a way to the same rows again, so that the journal need not hold them.

    The promise is that settings and files alone decide the rows. The rows of a source that cannot promise it, such as
    a live connection, are written into the journal as they come.
    """

    def files(self) -> Sequence[Path]:
        """Return every file that is read, in an order that does not change; none where the settings are enough."""
        ...


class Recorder:
    """A source as a run sees it: what it gives is counted, and kept where only the journal can give it again.

    Parameters
    ----------
    section : PluginSection
        The source's section of the config.
    source : Source
        The source.
    """

    def __init__(self, section: "PluginSection", source: "Source") -> None:
        self.name = section.name
        self._settings = section.options
        self._source = source
        self.by_value = not isinstance(source, Replayable)
        if has_history(source):
            # Only then: whoever sees the attribute asks.
            self.history = self._asked
        #: Rows given so far.
        self.count = 0
        #: The last promise that no later row has a ``ts_init`` below it (UNIX time in nanoseconds, UTC).
        self.watermark = -_FOREVER
        #: Why the source gave up, as the run's status has it, or empty.
        self.fault = ""
        #: Why it is to give up, or empty: an interruption ends a run as a source does that gives up.
        self.interruption = ""
        self._waiting: list[Rows] = []
        self._answers: dict[tuple[int, int, int], Rows] = {}
        self._told: list[tuple[tuple[int, int, int], bytes]] = []
        self._tail = np.empty((0, 12), np.int64)
        self._written = 0

    @property
    def instruments(self) -> "Sequence[Instrument]":
        """What the source says."""
        return self._source.instruments

    @property
    def series(self) -> Sequence[str]:
        """What the source says."""
        return self._source.series

    def progress(self) -> float:
        """Say what the source says."""
        return self._source.progress()

    def chunks(self) -> Chunks:
        """Let the chunks pass."""
        with self._noting():
            for rows, watermark in self._source.chunks():
                self.count += len(rows)
                self.watermark = watermark
                if self.by_value and len(rows):
                    self._waiting.append(rows)
                yield rows, watermark
                if self.interruption:
                    raise TickloomError(self.interruption)

    def _asked(self, instrument: int, until: int, rows: int) -> Rows:
        """Say what the source says of the past; a replay asks the same source, or is told by the journal.

        A source is asked a question once: a live one might say something else the second time, and one answer is kept.
        """
        asked = instrument, until, rows
        if asked not in self._answers:
            with self._noting():
                self._answers[asked] = found = cast(Any, self._source).history(*asked)
            if self.by_value:
                self._told.append((asked, np.ascontiguousarray(found, "<i8").tobytes()))
        return self._answers[asked]

    @contextmanager
    def _noting(self) -> Iterator[None]:
        """Note why the source gave up, if it does."""
        try:
            yield
        except TickloomError as error:
            self.fault = str(error)
            raise
        except Exception as error:
            self.fault = f"{place_of(error)}: {error!r}"
            raise

    def told(self) -> Iterator[tuple[tuple[int, int, int], bytes]]:
        """Yield what the source said of the past since the last call: (instrument, until, rows asked for), rows."""
        told, self._told = self._told, []
        yield from told

    def blocks(self) -> Iterator[tuple[int, bytes]]:
        """Yield what came since the last call, as (number of the first row, rows); the last block is written again."""
        if not self._waiting:
            return
        rows = np.concatenate([self._tail, *self._waiting])
        self._waiting.clear()
        first = self._written
        for start in range(0, len(rows), BLOCK):
            yield first + start, np.ascontiguousarray(rows[start : start + BLOCK], "<i8").tobytes()
        whole = len(rows) // BLOCK * BLOCK
        self._written += whole
        self._tail = rows[whole:].copy()

    def describe(self) -> Input:
        """Return what the manifest says of this source."""
        source = self._source
        files = tuple(map(hash_file, source.files())) if isinstance(source, Replayable) else None
        return Input(self._settings, files, tuple(source.instruments), tuple(source.series), has_history(source))


def has_history(source: "Source") -> bool:
    """Whether a source can tell what was before its first row (`tickloom.engine.wiring.warm.Historical`)."""
    return hasattr(source, "history")


class Recorded:
    """A source that gives the rows that a journal kept, as often as it is asked.

    Parameters
    ----------
    what : Input
        The manifest's word on the source.
    blocks : callable
        Gives the rows as bytes, from the first on, in pieces of whole rows.
    count : int
        Rows in them.
    watermark : int
        The source's last promise (UNIX time in nanoseconds, UTC).
    fault : str
        Why it gave up in the end, or empty.
    told : callable
        Gives what the source said of the past, as bytes, from what it was asked: (instrument, until, rows); None where
        it did not say.
    """

    def __init__(
        self,
        what: Input,
        blocks: Callable[[], Iterator[bytes]],
        count: int,
        watermark: int,
        fault: str,
        told: Callable[[int, int, int], bytes | None],
    ) -> None:
        self.instruments = what.instruments
        self.series = what.series
        self._blocks = blocks
        self._count = count
        self._watermark = watermark
        self._fault = fault
        self._given = 0
        if what.has_history:
            # Only then: whoever sees the attribute asks.
            self.history = partial(self._said, told)

    def chunks(self) -> Chunks:
        """Yield the rows, and fail where the source failed."""
        self._given = 0
        last = -_FOREVER
        for block in self._blocks():
            rows = _rows(block)
            self._given += len(rows)
            last = int(rows[-1, 0])
            yield rows, last
        if self._fault:
            yield np.empty((0, 12), np.int64), max(last, self._watermark)
            raise DataError(self._fault)

    def progress(self) -> float:
        """Part of the rows that has been handed over, 0 to 1."""
        return self._given / max(1, self._count)

    def _said(self, told: Callable[[int, int, int], bytes | None], instrument: int, until: int, rows: int) -> Rows:
        """Say what the source said of the past, or fail as it failed to."""
        found = told(instrument, until, rows)
        if found is None:
            raise DataError(self._fault or f"the journal holds no answer on {rows} rows before {until}")
        return _rows(found)


class Cut:
    """A source that gives what it gave once, and gives up where it did.

    Parameters
    ----------
    source : Source
        It reads what it read then.
    count, watermark, fault
        As of `Recorded`.
    """

    def __init__(self, source: "Source", count: int, watermark: int, fault: str) -> None:
        self.instruments, self.series, self.progress = source.instruments, source.series, source.progress
        self._source = source
        self._count = count
        self._watermark = watermark
        self._fault = fault
        if has_history(source):
            self.history = cast(Any, source).history

    def chunks(self) -> Chunks:
        """Yield the rows, and fail where the source failed."""
        left = self._count
        for rows, watermark in self._source.chunks():
            if len(rows) >= left:
                yield rows[:left], self._watermark
                break
            left -= len(rows)
            yield rows, watermark
        raise DataError(self._fault)


def _rows(block: bytes) -> Rows:
    """Make rows of their bytes; copied, because compiled code takes rows that can be written."""
    return np.frombuffer(block, "<i8").reshape(-1, 12).astype(np.int64)


class WatchedPlugins(Registry):
    """The plugins of a run, with something else in place of its sources.

    Parameters
    ----------
    inner : Registry
        Makes all plugins.
    source : callable
        Takes the section of a source and what makes it, and returns what the run gets.

    Attributes
    ----------
    files : list of Path
        Plugins that were loaded from files, each once, in the order of loading.
    """

    def __init__(self, inner: Registry, source: "Callable[[PluginSection, Callable[[], Source]], Source]") -> None:
        super().__init__(inner.plugins, inner._hooks)
        self._inner = inner
        self._source = source
        self.files: list[Path] = []

    @property
    def versions(self) -> Any:
        """Versions of the distributions that something was looked up in."""
        return self._inner.versions

    def feature(self, section: "PluginSection", config: "Config") -> Any:
        """Find a feature, and note the file that it is from."""
        if section.file is not None and section.file not in self.files:
            self.files.append(section.file)
        return self._inner.feature(section, config)

    def make(self, kind: str, section: "PluginSection", config: "Config") -> Any:
        """Build a plugin; a source is what ``source`` makes of it."""
        if section.file is not None and section.file not in self.files:
            self.files.append(section.file)
        build = partial(self._inner.make, kind, section, config)
        return self._source(section, build) if kind == "source" else build()
