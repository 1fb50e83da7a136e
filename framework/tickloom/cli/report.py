"""``tickloom report``: the report of a run, made again from its journal."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tickloom.errors import ConfigError, TickloomError
from tickloom.report.progress import progress_bar

if TYPE_CHECKING:
    from tickloom.plugins import Registry
    from tickloom.record import RunRecord
    from tickloom.storage.reader import JournalReader
    from tickloom.storage.runs import RunInfo


@click.command("report", short_help="Make the report of a run again.")
@click.argument("run")
@click.option("--in", "runs", type=click.Path(path_type=Path), default="runs", help="Where the runs are [runs].")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder of the report [the run's].")
@click.option("--json", "as_json", is_flag=True, help="Write the metrics as JSON instead of a summary.")
def command(run: str, runs: Path, out: Path | None, as_json: bool) -> None:
    """Make the report of RUN again, from its journal.

    RUN is an id or the beginning of one, the name of a config (its newest run), or the path of a run's folder. A run
    that has not ended is run again up to where its journal ends, for which its data must still be there.
    """
    from tickloom.cli.run import report_sections, show
    from tickloom.plugins import load_plugins
    from tickloom.storage.reader import JournalReader
    from tickloom.storage.replay import past_config
    from tickloom.storage.runs import find_run

    found = find_run(run, runs)
    with JournalReader(found.journal) as journal:
        settings = past_config(journal.manifest)
        registry = load_plugins(settings.plugins.disable, f"{settings.path.name}: plugins.disable")
        sections = report_sections(settings, registry)
        record = journal.record() or _again(found, journal, registry)
    show(record, sections, out or found.folder, as_json)


def _again(run: "RunInfo", journal: "JournalReader", registry: "Registry") -> "RunRecord":
    """Run again what has no record of its end, up to where its journal ends."""
    import attrs

    from tickloom.storage.replay import replay

    with progress_bar() as progress:
        try:
            verdict = replay(journal, registry, lambda line: click.echo(f"not as it was: {line}", err=True), progress)
        except ConfigError as error:
            raise TickloomError(f"{run.id} has not ended, and cannot be run again: {error}") from error
    if verdict.difference is not None:
        raise TickloomError(f"{run.id} has not ended, and runs differently now: tickloom replay {run.id} shows where")
    return attrs.evolve(verdict.record, status=f"{run.status}: {run.reason}" if run.reason else run.status)
