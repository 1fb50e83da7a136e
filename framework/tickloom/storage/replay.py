"""Runs a journalled run again and holds every event against the journal, byte by byte."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import msgspec
import numpy as np
from numpy.typing import NDArray

from tickloom.config import Config, config_from
from tickloom.engine import run_config
from tickloom.engine.stream import Observer
from tickloom.errors import RunStoppedError, TickloomError
from tickloom.events import MARKET_KINDS, Event, RunEnded
from tickloom.record import Entry, RunRecord, RunTables
from tickloom.storage import manifest
from tickloom.storage.inputs import Cut, WatchedPlugins
from tickloom.storage.manifest import FileHash, Input, Manifest
from tickloom.storage.reader import JournalReader, decode
from tickloom_kernels import rows as r

if TYPE_CHECKING:
    from tickloom.config.sections import PluginSection
    from tickloom.interfaces import Source
    from tickloom.plugins import Registry

#: Status of a replay that has come to where the run was stopped.
_THERE = "the journal ends here"
_DIFFERS = "the replay differs from the journal"


@attrs.frozen
class Difference:
    """Where a replay first differs from its journal.

    Attributes
    ----------
    journal, replay : Entry or None
        The event on both sides; None where one side has no further event.
    causes : sequence of Entry
        What led to it by the journal (or by the replay, where the journal has no such event): its cause, the cause
        of that, and so on up to an input row or to nothing.
    row : Event or None
        The input row at the head of the causes, where it is still known.
    """

    journal: Entry | None
    replay: Entry | None
    causes: Sequence[Entry]
    row: Event | None


@attrs.frozen
class Verdict:
    """What came of a replay.

    Attributes
    ----------
    rows, events : int
        Rows consumed and events that were equal.
    difference : Difference or None
        The first event that was not; None where all were equal.
    record : RunRecord
        Of the run that was run again.
    whole : bool
        Whether the journal goes up to the run's own end.
    """

    rows: int
    events: int
    difference: Difference | None
    record: RunRecord
    whole: bool


class Comparison(Observer):
    """Holds events against those of a journal, and ends the run at the first that differs or where the journal ends.

    Parameters
    ----------
    journal : JournalReader
        The journal.
    whole : bool
        Whether the run has come to its end, so that an event behind the last one differs.
    rows : int
        Rows after which a run that has not come to its end was stopped.
    """

    name = "replay"

    def __init__(self, journal: JournalReader, whole: bool, rows: int) -> None:
        self._expected = journal.entries()
        self._next = next(self._expected, None)
        self._whole = whole
        self._until = rows
        self._encode = msgspec.msgpack.Encoder().encode
        self._failure: Exception | None = None
        #: Events that were equal.
        self.equal = 0
        #: Rows consumed.
        self.rows_seen = 0
        #: The first pair that was not equal, as (journal, replay).
        self.pair: tuple[bytes | None, bytes | None] | None = None
        #: Whether the replay has gone beyond the end of a journal that is not whole.
        self.beyond = False
        #: Rows of the chunk in which the difference was found, and the number of the first.
        self.chunk: tuple[int, NDArray[np.int64]] | None = None

    def event(self, row: int, sub: int, cause_row: int, cause_sub: int, event: Event) -> None:
        """Compare an event with the journal's next."""
        if self.pair is not None or self.beyond or self._failure is not None:
            return
        theirs = self._next
        try:
            mine = self._encode((row, sub, cause_row, cause_sub, event.TYPE_ID, event))
            if theirs == mine:
                self.equal += 1
                self._next = next(self._expected, None)
                return
        except Exception as error:
            # Raised by `flush`: an observer that raises here would be detached, and nothing compared any more.
            self._failure = error
            return
        if theirs is None and not self._whole:
            self.beyond = True
        else:
            self.pair = theirs, mine

    def rows(self, first: int, rows: NDArray[np.int64]) -> None:
        """Count rows, and keep those around a difference."""
        self.rows_seen = first + len(rows)
        if self.pair is not None and self.chunk is None:
            self.chunk = first, rows.copy()

    def flush(self) -> None:
        """End the run where there is nothing more to compare.

        Raises
        ------
        RunStoppedError
            At a difference, or where the journal ends.
        """
        if self._failure is not None:
            raise RunStoppedError(str(self._failure)) from self._failure
        if self.pair is not None:
            raise RunStoppedError(_DIFFERS)
        # Not at the last row alone: what became due behind it may come with the next chunk here.
        if self.beyond or (not self._whole and self._next is None and self.rows_seen >= self._until):
            raise RunStoppedError(_THERE)

    def finish(self) -> None:
        """Look for what the journal has and the replay has not."""
        if self._failure is not None:
            raise TickloomError(str(self._failure)) from self._failure
        if self.pair is None and self._next is not None:
            self.pair = self._next, None


def replay(
    journal: JournalReader,
    plugins: "Registry",
    say: Callable[[str], None],
    progress: Callable[[float], None] | None = None,
) -> Verdict:
    """Run a journalled run again.

    Parameters
    ----------
    journal : JournalReader
        Its journal.
    plugins : Registry
        The plugins of today.
    say : callable
        Gets one line for everything that is not as it was: versions, features of the processor, plugin files.
    progress : callable, optional
        Called now and then with the part of the input that has been read (0 to 1).

    Returns
    -------
    Verdict

    Raises
    ------
    TickloomError
        The run cannot be run again: its data are gone or not what they were, or its config no longer fits.
    """
    past, done = journal.manifest, journal.progress
    config = past_config(past)
    whole = _complete(journal)
    comparison = Comparison(journal, whole, done.rows)
    watched = WatchedPlugins(plugins, lambda section, build: _source(journal, section, build))
    observers = (Differences(past, watched, say), comparison)
    record = run_config(config, watched, progress, observers)
    comparison.finish()
    rows = comparison.rows_seen if whole else min(comparison.rows_seen, done.rows)
    difference = None if comparison.pair is None else _difference(journal, comparison)
    return Verdict(rows, comparison.equal, difference, record, whole)


def past_config(past: Manifest) -> Config:
    """Read the config of a manifest as it was; paths in it are relative to where it was.

    All but its bus: what has been published once is not published again.
    """
    raw = {name: section for name, section in past.tables.config.items() if name != "bus"}
    return config_from(Path(past.config), raw)


def _complete(journal: JournalReader) -> bool:
    """Tell whether a journal holds the last event of its run: not so where it crashed or could not be written."""
    if journal.end is None:
        return False
    last = journal.last_entry()
    return last is not None and type(last.event) is RunEnded


def _source(journal: JournalReader, section: "PluginSection", build: "Callable[[], Source]") -> "Source":
    """Return the source of a replay: of the journal, or the one that reads the same files as then."""
    past = journal.manifest.inputs.get(section.name)
    if past is None:
        raise TickloomError(f"the journal knows no source {section.name!r}")
    if past.files is None:
        return journal.source(section.name)
    source = build()
    _check_files(section.name, past, [manifest.hash_file(path) for path in source.files()])  # type: ignore[attr-defined]
    given = journal.progress.sources.get(section.name)
    return Cut(source, given.rows, given.watermark, given.fault) if given is not None and given.fault else source


def _check_files(name: str, past: Input, now: Sequence[FileHash]) -> None:
    """Refuse files that are not those of the run.

    Raises
    ------
    TickloomError
        Their number or the content of one differs.
    """
    then = past.files or ()
    if len(then) != len(now):
        raise TickloomError(f"sources.{name} reads {len(now)} files, and read {len(then)} in the run")
    for was, is_now in zip(then, now, strict=True):
        if (was.size, was.sha256) != (is_now.size, is_now.sha256):
            raise TickloomError(
                f"{is_now.path} is not the file of the run (sources.{name}): SHA-256 {is_now.sha256[:12]}, "
                f"{is_now.size:,} bytes; it was {was.sha256[:12]}, {was.size:,} bytes"
            )


class Differences(Observer):
    """Names, before the first event, what is not as it was when the run was journalled."""

    name = "replay"

    def __init__(self, past: Manifest, plugins: WatchedPlugins, say: Callable[[str], None]) -> None:
        self._past = past
        self._plugins = plugins
        self._say = say

    def begin(self, tables: RunTables) -> None:
        """Compare everything that the manifest holds and a run may depend on."""
        for line in self._lines(tables):
            self._say(line)

    def _lines(self, tables: RunTables) -> Iterator[str]:
        past = self._past
        yield from _changed({**past.platform, **past.tables.versions}, {**manifest.this_platform(), **tables.versions})
        had, has = (set(text.split(",")) for text in (past.processor, manifest.this_processor()))
        for what, features in (("lacks", had - has), ("also has", has - had)):
            if features:
                yield f"processor: this one {what} {', '.join(sorted(features))}"
        for was, path in zip(past.plugin_files, self._plugins.files, strict=False):
            if manifest.hash_file(path).sha256 != was.sha256:
                yield f"{path}: its content has changed since"
        was_tables, is_tables = manifest.tables_as_json(past.tables), manifest.tables_as_json(tables)
        for name in is_tables:
            if name not in {"versions", "config"} and was_tables[name] != is_tables[name]:
                yield f"table of {name}: it was {was_tables[name]}, it is {is_tables[name]}"


def _changed(then: Any, now: Any) -> Iterator[str]:
    for name in sorted({*then, *now}):
        if then.get(name) != now.get(name):
            yield f"{name}: {then.get(name, 'not used')} then, {now.get(name, 'not used')} now"


def _difference(journal: JournalReader, comparison: Comparison) -> Difference:
    """Look up what led to the first event that differs."""
    assert comparison.pair is not None
    theirs, mine = (None if one is None else decode(one) for one in comparison.pair)
    entry = theirs or mine
    assert entry is not None
    causes = []
    while entry.cause_sub:
        cause = journal.entry(entry.cause_row, entry.cause_sub)
        if cause is None:
            break
        causes.append(cause)
        entry = cause
    return Difference(theirs, mine, causes, _row(comparison, entry.cause_row if not entry.cause_sub else -1))


def _row(comparison: Comparison, number: int) -> Event | None:
    """Return an input row as an event, where it is among those kept."""
    if comparison.chunk is None:
        return None
    first, rows = comparison.chunk
    if not first <= number < first + len(rows):
        return None
    words = rows[number - first].tolist()
    kind = MARKET_KINDS[words[r.KIND]]
    return kind(*words[: len(kind.__struct_fields__)])
