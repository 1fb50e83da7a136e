"""``tickloom run``: one run, from its config to its report."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

#: A run that is over sooner shows no progress bar (s).
_PATIENCE = 1.0

#: Shortest time between two pictures of the bar (s): the loop reports more often than anybody can look.
_PAUSE = 0.1


@click.command("run", short_help="Run the strategies of a config.")
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Put a value in place of the config's.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder of the report [runs/NAME].")
@click.option("--json", "as_json", is_flag=True, help="Write the metrics as JSON instead of a summary.")
@click.pass_context
def command(ctx: click.Context, config: Path, sets: tuple[str, ...], out: Path | None, as_json: bool) -> None:
    """Run the strategies of CONFIG over its market data, and write a report.

    The exit code is 1 where the run stopped before its end, and 2 where the config is wrong.
    """
    from rich.console import Console

    from tickloom.config import load_config
    from tickloom.config.settings import build
    from tickloom.plugins import load_plugins

    settings = load_config(config, sets)
    registry = load_plugins(settings.plugins.disable, f"{config.name}: plugins.disable")
    names = settings.report.sections or registry.names("report_section")
    where = f"{config.name}: report.sections"
    sections = [build(registry.lookup("report_section", name, where), {}, f"{where}.{name}") for name in names]
    # The engine brings numba; nobody who misspelt a key should wait for it.
    from tickloom.engine import run_config

    with _progress() as progress:
        record = run_config(settings, registry, progress)
    from tickloom.report.page import write_report
    from tickloom.report.summary import metrics, print_summary

    page = write_report(record, sections, out or Path("runs") / settings.name)
    if as_json:
        import json

        click.echo(json.dumps(metrics(record)))
    else:
        print_summary(record, Console())
    click.echo(f"report: {page}", err=as_json)
    if record.status != "ended":
        click.echo(f"Error: the run stopped: {record.status}", err=True)
        ctx.exit(1)


@contextmanager
def _progress() -> Iterator[Callable[[float], None] | None]:
    """Give what shows a run's progress (0 to 1) once it has lasted a while; None where nobody is looking."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    due = time.monotonic() + _PATIENCE
    with Progress(
        BarColumn(), TaskProgressColumn(), TimeRemainingColumn(), console=console, transient=True, auto_refresh=False
    ) as bar:
        task = bar.add_task("run", total=1.0)

        def show(fraction: float) -> None:
            nonlocal due
            if time.monotonic() >= due:
                due = time.monotonic() + _PAUSE
                bar.update(task, completed=fraction, refresh=True)

        yield show
