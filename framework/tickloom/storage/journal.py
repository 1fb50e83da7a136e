"""The journal of a run while it runs: an observer that writes down what happened, one transaction per turn of the loop.

It holds the manifest, the outcome stream, and the rows of sources that cannot give them again. What a turn brought is
gathered in memory and committed when the turn is over: a process that is killed loses the turn at hand, no more. A
journal that can no longer be written stops the run. `docs/reference/journal.md` describes the format.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from tickloom.engine.stream import Named, Observer
from tickloom.errors import RunStoppedError, TickloomError
from tickloom.orders.log import Logged, Mixed
from tickloom.record import RunRecord, RunTables
from tickloom.storage import manifest
from tickloom.storage.environment import Environment, Put
from tickloom.storage.inputs import Recorder, WatchedPlugins
from tickloom.storage.layout import (
    ABOUT,
    END,
    HISTORY,
    INPUTS,
    MANIFEST,
    OUTCOMES,
    PROGRESS,
    SUMMARY,
    End,
    Given,
    Progress,
    Summary,
    history_key,
    input_key,
    outcome_key,
)
from tickloom.storage.reader import JournalReader

if TYPE_CHECKING:
    from collections.abc import Callable

    from tickloom.config import Config
    from tickloom.config.sections import PluginSection
    from tickloom.interfaces import Source
    from tickloom.plugins import Registry

#: Events that are encoded together at least, where a turn brings that many.
_MANY = 4096
_ENCODE = msgspec.msgpack.Encoder().encode


class Journal(Observer):
    """Writes one run down. Use it as a context: leaving it closes the files.

    Parameters
    ----------
    folder : Path
        Where the environment is made when the run begins. It must not hold an older one.
    run : str
        The run's id.
    config : Config
        What is run.
    """

    name = "journal"

    def __init__(self, folder: Path, run: str, config: "Config") -> None:
        self._folder = folder
        self._run = run
        self._config = config
        self._plugins: WatchedPlugins | None = None
        self._recorders: list[Recorder] = []
        self._environment: Environment | None = None
        self._failure: RunStoppedError | None = None
        self._gathered: list[Sequence[Named]] = []
        self._count = 0
        self._blocks: list[tuple[bytes, bytes]] = []
        self._rows = self._first = self._last = 0
        self._noted = -1

    def watch(self, plugins: "Registry") -> "Registry":
        """Return the plugins as the run must get them, so that the journal sees what comes in."""
        self._plugins = WatchedPlugins(plugins, self._recorded)
        return self._plugins

    def _recorded(self, section: "PluginSection", build: "Callable[[], Source]") -> Recorder:
        recorder = Recorder(section, build())
        self._recorders.append(recorder)
        return recorder

    def interrupt(self, reason: str) -> None:
        """End the run in good order, with its report: no source gives anything any more."""
        for recorder in self._recorders:
            recorder.interruption = reason

    # --- what the run shows ------------------------------------------------------------------------------------------

    def begin(self, tables: RunTables) -> None:
        """Make the environment and write the manifest.

        Raises
        ------
        RunStoppedError
            That cannot be done.
        """
        try:
            first = manifest.dump(self._manifest(tables))
            self._environment = Environment(self._folder, write=True)
            self._environment.write([(ABOUT, MANIFEST, first), *self._progress()])
        except Exception as error:
            raise self._stopped(error) from error

    def _manifest(self, tables: RunTables) -> manifest.Manifest:
        return manifest.Manifest(
            run=self._run,
            started=now(),
            config=str(self._config.path.resolve()),
            tables=tables,
            platform=manifest.this_platform(),
            processor=manifest.this_processor(),
            inputs={one.name: one.describe() for one in self._recorders},
            plugin_files=tuple(map(manifest.hash_file, self._plugins.files if self._plugins else ())),
        )

    def events(self, batch: Sequence[Named]) -> None:
        """Take events down. Nothing here can fail: an observer that raises would be detached."""
        self._gathered.append(batch)
        self._count += len(batch)

    def rows(self, first: int, rows: NDArray[np.int64]) -> None:
        """Count rows that have been consumed."""
        count = len(rows)
        if first == 0:
            self._first = rows.item(0, 0)
        self._last = rows.item(count - 1, 0)
        self._rows = first + count
        if self._count >= _MANY and self._failure is None:
            try:
                self._pack()
            except Exception as error:
                self._stopped(error)

    def flush(self) -> None:
        """Commit what the turn brought.

        Raises
        ------
        RunStoppedError
            It cannot be written. Once that has happened, nothing is written any more: a journal has no holes.
        """
        if self._failure is not None:
            raise self._failure
        if self._environment is None:
            return
        try:
            self._pack()
            puts = list(self._puts())
            if puts:
                self._environment.write(puts)
                self._blocks.clear()
        except Exception as error:
            raise self._stopped(error) from error

    def _pack(self) -> None:
        """Encode what has been gathered, as one block: an array of all its entries."""
        if self._gathered:
            first = self._gathered[0]
            row, sub = first.first if isinstance(first, Logged | Mixed) else first[0][:2]
            packed = [_packed(batch) for batch in self._gathered]
            count = sum(number for number, _ in packed)
            block = b"".join((_array_of(count), *(body for _, body in packed)))
            self._blocks.append((outcome_key(0, row, sub), block))
            self._gathered, self._count = [], 0

    def _puts(self) -> Iterator[Put]:
        for key, block in self._blocks:
            yield OUTCOMES, key, block
        for index, recorder in enumerate(self._recorders):
            for first, rows in recorder.blocks():
                yield INPUTS, input_key(index, first), rows
            for asked, answer in recorder.told():
                yield HISTORY, history_key(index, *asked), answer
        yield from self._progress()

    def _progress(self) -> Iterator[Put]:
        """Say how far the run is, where it has come further."""
        given = {one.name: Given(one.count, one.watermark, one.fault) for one in self._recorders}
        noted = self._rows + sum(one.rows + len(one.fault) for one in given.values())
        if noted != self._noted:
            self._noted = noted
            yield ABOUT, PROGRESS, _ENCODE(Progress(self._rows, self._first, self._last, given))

    def _stopped(self, error: Exception) -> RunStoppedError:
        """Give up for good."""
        if self._failure is None:
            told = str(error) if isinstance(error, TickloomError) else f"{self._folder} cannot be written: {error!r}"
            self._failure = RunStoppedError(f"the journal {told}")
        return self._failure

    def entries(self, row: int, sub: int) -> Iterator[bytes]:
        """Yield what has been committed from the name (row, sub) on, as `JournalReader.entries`, while the run runs."""
        return JournalReader(self._folder, self._environment).entries(row, sub)

    # --- when it is over ---------------------------------------------------------------------------------------------

    def seal(self, record: RunRecord) -> None:
        """Write down how the run ended and what its report is made from, and wait for the disk.

        Raises
        ------
        TickloomError
            That cannot be written. Nothing is raised where the journal has already stopped the run.
        """
        if self._environment is None:
            return
        end = (ABOUT, END, _ENCODE(End(record.status, now())))
        if self._failure is not None:
            self._note(end)
            return
        self._environment.write([(ABOUT, SUMMARY, _ENCODE(summarise(record))), end])
        self._environment.sync()

    def _note(self, end: Put) -> None:
        """Say that the run has stopped, where there is still room for that."""
        assert self._environment is not None
        try:
            self._environment.write([end])
        except TickloomError:
            # The run is listed as crashed then, which is what it looks like.
            return

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        if self._environment is not None:
            if error is not None:
                self._note((ABOUT, END, _ENCODE(End(_told(error), now()))))
            self._environment.close()


def _packed(batch: Sequence[Named]) -> tuple[int, bytes]:
    """Return how many events a batch has, and its entries encoded one behind the other."""
    if isinstance(batch, Logged):
        return batch.packed()
    entries = [(*name, event.TYPE_ID, event) for *name, event in batch]
    return len(entries), _ENCODE(entries)[len(_array_of(len(entries))) :]


def _array_of(count: int) -> bytes:
    """Return the head of a MessagePack array of so many items."""
    if count < 16:
        return bytes([0x90 | count])
    return b"\xdc" + count.to_bytes(2, "big") if count < 1 << 16 else b"\xdd" + count.to_bytes(4, "big")


def summarise(record: RunRecord) -> Summary:
    """Take out of a record what the outcome stream does not hold."""
    return Summary(
        marks={index: np.ascontiguousarray(cells, "<i8").tobytes() for index, cells in record.marks.items()},
        cell=record.cell,
        arrivals=dict(record.arrivals),
        rows=dict(record.rows),
        bad_inputs=[(source, reason, count) for (source, reason), count in record.bad_inputs.items()],
        first=record.first,
        last=record.last,
        notes=list(record.notes),
    )


def _told(error: BaseException) -> str:
    """Say in a status what ended a run from outside of it."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    return str(error) if isinstance(error, TickloomError) else f"{type(error).__name__}: {error}"


def now() -> str:
    """Return the wall clock's time (ISO 8601, UTC)."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
