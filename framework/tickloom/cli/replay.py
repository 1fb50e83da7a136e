"""``tickloom replay``: a run, run again and held against its journal."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tickloom.errors import ConfigError, TickloomError
from tickloom.report.progress import progress_bar

if TYPE_CHECKING:
    from rich.table import Table

    from tickloom.record import Entry
    from tickloom.storage.replay import Difference, Verdict


@click.command("replay", short_help="Run a run again and compare.")
@click.argument("run")
@click.option("--in", "runs", type=click.Path(path_type=Path), default="runs", help="Where the runs are [runs].")
def command(run: str, runs: Path) -> None:
    """Run RUN again, and hold every event against its journal, byte by byte.

    RUN is an id or the beginning of one, the name of a config (its newest run), or the path of a run's folder. The
    exit code is 1 where an event differs, and where the run cannot be run again.
    """
    from tickloom.storage.runs import find_run

    found = find_run(run, runs)
    try:
        verdict = _replayed(found.journal)
    except ConfigError as error:
        raise TickloomError(f"{found.id} cannot be run again: {error}") from error
    if verdict.difference is None:
        until = "" if verdict.whole else f", as far as its journal goes ({found.status})"
        click.echo(f"identical: {verdict.rows:,} rows, {verdict.events:,} events{until}")
        return
    _show(verdict, verdict.difference)
    entry = verdict.difference.journal or verdict.difference.replay
    assert entry is not None
    raise TickloomError(f"{found.id} runs differently now, from event ({entry.row}, {entry.sub}) on")


def _replayed(folder: Path) -> "Verdict":
    from tickloom.plugins import load_plugins
    from tickloom.storage.reader import JournalReader
    from tickloom.storage.replay import past_config, replay

    with JournalReader(folder) as journal, progress_bar() as progress:
        settings = past_config(journal.manifest)
        registry = load_plugins(settings.plugins.disable, f"{settings.path.name}: plugins.disable")
        return replay(journal, registry, lambda line: click.echo(f"not as it was: {line}", err=True), progress)


def _show(verdict: "Verdict", difference: "Difference") -> None:
    """Print the first event that differs, both sides, and what led to it."""
    from rich.console import Console

    console = Console()
    console.print(f"different: {verdict.events:,} events are equal, and the next one is not")
    console.print(_sides(difference))
    console.print(_chain(difference))


def _sides(difference: "Difference") -> "Table":
    """Lay out both sides, field by field."""
    from rich.table import Table
    from rich.text import Text

    journal, replay = (dict(_fields(one)) for one in (difference.journal, difference.replay))
    table = Table("", "journal", "replay", box=None, pad_edge=False)
    for name in {**journal, **replay}:
        was, is_now = journal.get(name, ""), replay.get(name, "")
        style = "" if was == is_now else "bold red"
        table.add_row(Text(name, style=style), Text(was, style=style), Text(is_now, style=style))
    return table


def _fields(entry: "Entry | None") -> Iterator[tuple[str, str]]:
    """Yield names and texts of what an entry says."""
    if entry is None:
        yield "event", "no further event"
        return
    yield "event", type(entry.event).__name__
    yield "name", f"({entry.row}, {entry.sub})"
    yield "cause", f"({entry.cause_row}, {entry.cause_sub})"
    for name in entry.event.__struct_fields__:
        yield name, repr(getattr(entry.event, name))


def _chain(difference: "Difference") -> "Table":
    """Lay out the causes of the event, the nearest first."""
    from rich.table import Table

    table = Table("caused by", "what", box=None, pad_edge=False)
    last = difference.journal or difference.replay
    for entry in difference.causes:
        table.add_row(f"({entry.row}, {entry.sub})", repr(entry.event))
        last = entry
    assert last is not None
    if last.cause_row < 0:
        table.add_row("", "nothing: the start of the run")
    else:
        what = "an input row" if difference.row is None else repr(difference.row)
        table.add_row(f"row {last.cause_row}", what)
    return table
