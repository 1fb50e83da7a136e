"""Where runs are kept: one folder each, named after the config and the time, with the journal and the report in it."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import attrs

from tickloom.errors import TickloomError, nearest
from tickloom.storage.environment import locked
from tickloom.storage.reader import JournalReader

#: Where runs are kept, unless somebody says otherwise.
RUNS = Path("runs")
#: The folder of the journal within that of its run.
JOURNAL = "journal"

ENDED, STOPPED, RUNNING, CRASHED, UNREADABLE = "ended", "stopped", "running", "crashed", "unreadable"


@attrs.frozen(kw_only=True)
class RunInfo:
    """A run in a list.

    Attributes
    ----------
    id : str
        Name of its folder.
    folder : Path
        The folder.
    name : str
        Name of the config; empty where the journal cannot be read.
    started : str
        By the wall clock (ISO 8601, UTC).
    status : str
        ``ended``, ``stopped``, ``running``, ``crashed`` or ``unreadable``.
    reason : str
        Why it stopped or cannot be read, or empty; of one that wrote nothing, that it had not begun.
    rows, first, last : int
        Rows consumed, and ``ts_init`` of the first and last of them (UNIX time in nanoseconds, UTC).
    """

    id: str
    folder: Path
    name: str = ""
    started: str = ""
    status: str
    reason: str = ""
    rows: int = 0
    first: int = 0
    last: int = 0

    @property
    def journal(self) -> Path:
        """Folder of the journal."""
        return self.folder / JOURNAL


@contextmanager
def run_folder(name: str, chosen: Path | None) -> Iterator[Path]:
    """Give the folder of a new run; one that was made for a run that could not begin is removed again.

    Parameters
    ----------
    name : str
        Of the config.
    chosen : Path or None
        The folder that the user named; the journal of an earlier run in it is removed.

    Raises
    ------
    TickloomError
        It cannot be made, or another run is writing into it.
    """
    folder = _new_folder(name) if chosen is None else _empty_folder(chosen)
    try:
        yield folder
    finally:
        if chosen is None and not any(folder.iterdir()):
            folder.rmdir()


def _new_folder(name: str, runs: Path = RUNS) -> Path:
    """Make the folder of a new run: ``NAME-yyyymmdd-hhmmss`` (UTC), with ``-2`` and so on for a second one.

    Raises
    ------
    TickloomError
        It cannot be made.
    """
    stem = f"{name}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    number = 1
    while True:
        folder = runs / (stem if number == 1 else f"{stem}-{number}")
        try:
            folder.mkdir(parents=True)
            return folder
        except FileExistsError:
            if not folder.is_dir():
                raise TickloomError(f"cannot make the folder {folder}: something else is in its place") from None
            number += 1
        except OSError as error:
            raise TickloomError(f"cannot make the folder {folder}: {error.strerror}") from error


def _empty_folder(folder: Path) -> Path:
    """Make a folder that the user named ready for a new run: the journal of an earlier one in it is removed.

    Raises
    ------
    TickloomError
        It cannot be made, or a run is writing into it.
    """
    journal = folder / JOURNAL
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if locked(journal):
            raise TickloomError(f"{folder}: another run is writing into it; choose another folder")
        for name in ("data.mdb", "lock.mdb"):
            (journal / name).unlink(missing_ok=True)
    except OSError as error:
        raise TickloomError(f"cannot make the folder {folder}: {error.strerror}") from error
    return folder


def list_runs(runs: Path = RUNS) -> list[RunInfo]:
    """List the runs in a folder, the oldest first; folders without a journal are none."""
    found = [look_at(path.parent) for path in _journals(runs)]
    return sorted(found, key=lambda run: (run.started, run.id))


def _journals(runs: Path) -> Iterator[Path]:
    try:
        folders = list(os.scandir(runs)) if runs.is_dir() else []
    except OSError as error:
        raise TickloomError(f"{runs}: cannot be read: {error.strerror}") from error
    for folder in folders:
        if (path := Path(folder.path) / JOURNAL).is_dir():
            yield path


def look_at(folder: Path) -> RunInfo:
    """Say what a run's journal says of it."""
    # The lock first: a run that ends in between is then still told as running, and never as crashed.
    writing = locked(folder / JOURNAL)
    name = folder.resolve().name
    unknown = RunInfo(id=name, folder=folder, status=RUNNING if writing else CRASHED, reason="before it began")
    data = folder / JOURNAL / "data.mdb"
    if not data.exists() or not data.stat().st_size:
        return unknown
    try:
        with JournalReader(folder / JOURNAL) as journal:
            if not journal.begun:
                return unknown
            manifest, progress, end = journal.manifest, journal.progress, journal.end
    except TickloomError as error:
        return unknown if writing else attrs.evolve(unknown, status=UNREADABLE, reason=str(error))
    if end is None:
        status, reason = (RUNNING if writing else CRASHED), ""
    else:
        status, reason = (ENDED, "") if end.status == ENDED else (STOPPED, end.status)
    return RunInfo(
        id=name,
        folder=folder,
        name=manifest.tables.name,
        started=manifest.started,
        status=status,
        reason=reason,
        rows=progress.rows,
        first=progress.first,
        last=progress.last,
    )


def find_run(text: str, runs: Path = RUNS) -> RunInfo:
    """Find a run by what a person writes: its id or the beginning of it, the name of a config, or a path.

    Parameters
    ----------
    text : str
        The name of a config means its newest run.
    runs : Path
        Where ids and names are looked for.

    Returns
    -------
    RunInfo

    Raises
    ------
    TickloomError
        There is none, several begin so, or its journal cannot be read.
    """
    if (Path(text) / JOURNAL).is_dir():
        return _readable(look_at(Path(text)))
    listed = list_runs(runs)
    exact = [run for run in listed if run.id == text] or [run for run in listed if run.name == text][-1:]
    found = exact or [run for run in listed if run.id.startswith(text)]
    if len(found) > 1:
        raise TickloomError(f"several runs in {runs} begin with {text!r}: {_some(found)}")
    if not found:
        raise TickloomError(f"no run {text!r} in {runs}; {nearest(text, {run.name for run in listed} - {''})}")
    return _readable(found[0])


def _readable(run: RunInfo) -> RunInfo:
    if run.status == UNREADABLE:
        raise TickloomError(run.reason)
    return run


def _some(found: Sequence[RunInfo]) -> str:
    shown = ", ".join(run.id for run in found[:4])
    return f"{shown} and {len(found) - 4} more" if len(found) > 4 else shown
