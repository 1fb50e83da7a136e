"""``tickloom run``: one run, from its config to its journal and its report."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tickloom.cli import asked_to_end
from tickloom.errors import TickloomError
from tickloom.report.progress import compiling, progress_bar

if TYPE_CHECKING:
    from tickloom.config import Config
    from tickloom.interfaces import ReportSection
    from tickloom.plugins import Registry
    from tickloom.record import RunRecord


@click.command("run", short_help="Run the strategies of a config.")
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Put a value in place of the config's.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder of the run [runs/NAME-TIME].")
@click.option("--json", "as_json", is_flag=True, help="Write the metrics as JSON instead of a summary.")
@click.pass_context
def command(ctx: click.Context, config: Path, sets: tuple[str, ...], out: Path | None, as_json: bool) -> None:
    """Run the strategies of CONFIG over its market data, and write a journal and a report.

    The exit code is 1 where the run stopped before its end, and 2 where the config is wrong.
    """
    from tickloom.config import load_config
    from tickloom.plugins import load_plugins

    settings = load_config(config, sets)
    registry = load_plugins(settings.plugins.disable, f"{config.name}: plugins.disable")
    sections = report_sections(settings, registry)
    # The engine brings numba; nobody who misspelt a key should wait for it.
    from tickloom.storage.runs import run_folder

    if settings.views:
        from tickloom.features.choose import compile_views

        with compiling() as compiled:
            compile_views(settings, registry, compiled)
    with run_folder(settings.name, out) as folder:
        record = _journalled(settings, registry, folder)
        stopped = "" if record.status == "ended" else f"Error: the run stopped: {record.status}"
        try:
            show(record, sections, folder, as_json)
        except TickloomError as error:
            # One line for both, because a full disk is the reason of both.
            raise TickloomError(f"the run stopped: {record.status}; {error}" if stopped else str(error)) from error
    if stopped:
        click.echo(stopped, err=True)
        ctx.exit(1)


def report_sections(settings: "Config", registry: "Registry") -> "Sequence[ReportSection]":
    """Build the parts of the report that a config asks for, or all there are."""
    from tickloom.config.settings import build

    names = settings.report.sections or registry.names("report_section")
    where = f"{settings.path.name}: report.sections"
    return [build(registry.lookup("report_section", name, where), {}, f"{where}.{name}") for name in names]


def _journalled(settings: "Config", registry: "Registry", folder: Path) -> "RunRecord":
    """Run a config, with its journal in the folder of the run."""
    from tickloom.engine import run_config
    from tickloom.storage.journal import Journal
    from tickloom.storage.runs import JOURNAL

    with Journal(folder / JOURNAL, folder.resolve().name, settings) as journal, progress_bar() as progress:
        with asked_to_end(journal.interrupt):
            record = run_config(settings, journal.watch(registry), progress, (journal,))
        journal.seal(record)
    return record


def show(record: "RunRecord", sections: "Sequence[ReportSection]", folder: Path, as_json: bool) -> None:
    """Write the report of a run into a folder, its summary or metrics to the terminal, and say where the page is."""
    from rich.console import Console

    from tickloom.report.page import write_report
    from tickloom.report.summary import metrics, print_summary

    page = write_report(record, sections, folder)
    if as_json:
        import json

        click.echo(json.dumps(metrics(record)))
    else:
        print_summary(record, Console())
    click.echo(f"report: {page}", err=as_json)
