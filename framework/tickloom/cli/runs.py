"""``tickloom runs``: which runs there are, and what became of them."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.table import Table

    from tickloom.storage.runs import RunInfo

#: How a status is shown.
_STYLES = {"ended": "green", "running": "cyan", "stopped": "yellow", "crashed": "red", "unreadable": "red"}


@click.command("runs", short_help="List runs and their status.")
@click.option("--in", "folder", type=click.Path(path_type=Path), default="runs", help="Where the runs are [runs].")
@click.option("--json", "as_json", is_flag=True, help="Write JSON instead of a table.")
def command(folder: Path, as_json: bool) -> None:
    """List the runs in a folder, the newest last: when, of what, how long, and how they ended."""
    from tickloom.storage.runs import list_runs

    listed = list_runs(folder)
    if as_json:
        import json

        click.echo(json.dumps([_plain(run) for run in listed], indent=2))
        return
    from rich.console import Console

    Console().print(_table(listed) if listed else f"no runs in {folder}")


def _plain(run: "RunInfo") -> dict[str, object]:
    """Lay a run out for a program; times of data are UNIX nanoseconds (UTC)."""
    keys = ("id", "name", "started", "status", "reason", "rows", "first", "last")
    return {key: getattr(run, key) for key in keys} | {"folder": str(run.folder)}


def _table(listed: "list[RunInfo]") -> "Table":
    from rich.table import Table
    from rich.text import Text

    from tickloom.evaluation.metrics import lasting

    table = Table(
        "run", "config", "started (UTC)", "data", "rows", "status", box=None, pad_edge=False, padding=(0, 1, 0, 0)
    )
    for column in table.columns[:-1]:
        column.no_wrap = True
    for column in table.columns[3:5]:
        column.justify = "right"
    for run in listed:
        status = f"{run.status}: {run.reason}" if run.reason else run.status
        table.add_row(
            run.id,
            run.name,
            run.started[:16].replace("T", " "),
            lasting(run.last - run.first) if run.rows else "",
            f"{run.rows:,}",
            Text(status, style=_STYLES[run.status]),
        )
    return table
