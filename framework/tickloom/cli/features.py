"""``tickloom features``: what there is to compute, whether it looks ahead, and compiling it before it is needed."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tickloom.report.progress import compiling, counting

if TYPE_CHECKING:
    from tickloom.features.declare import Feature
    from tickloom.plugins import Registry


@click.group("features", short_help="List, show, check and compile features.")
def command() -> None:
    """Look at the features that are installed, check those of a config, and compile them ahead of time."""


@command.command("list", short_help="List installed features.")
@click.option("--on", type=click.Choice(["trade", "quote", "bar", "book"]), help="Only those that run on this stream.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON instead of a table.")
def listing(on: str | None, as_json: bool) -> None:
    """List installed features: parameters with their defaults, outputs, and the streams they run on."""
    from tickloom.features.inspection.catalogue import described, installed
    from tickloom.plugins import load_plugins

    found = [described(name, one) for name, one in installed(load_plugins()).items()]
    found = [one for one in found if on is None or on in one["on"]]
    if as_json:
        import json

        click.echo(json.dumps(found, indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("feature", "parameters", "on", "what it is", box=None, pad_edge=False)
    for one in found:
        parameters = ", ".join(f"{name} = {declared['default']}" for name, declared in one["parameters"].items())
        table.add_row(one["name"], parameters, " ".join(one["on"]), one["about"])
    Console().print(table)
    click.echo(f"{len(found)} features; `tickloom features show NAME` says more")


@command.command("show", short_help="Show one feature.")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def show(name: str, as_json: bool) -> None:
    """Show what the feature NAME says of itself."""
    from tickloom.features.inspection.catalogue import described, details
    from tickloom.plugins import load_plugins

    registry = load_plugins()
    found = _feature(registry, name)
    if as_json:
        import json

        click.echo(json.dumps(described(name, found), indent=2))
    else:
        click.echo("\n".join(details(name, found)))


@command.command("check", short_help="Look for look-ahead in the features of a config.")
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Put a value in place of the config's.")
@click.option("--rows", type=click.IntRange(min=1), default=2_000, help="Rows of each view [2000].")
@click.option("--json", "as_json", is_flag=True, help="Write JSON instead of lines.")
@click.pass_context
def check(ctx: click.Context, config: Path, sets: tuple[str, ...], rows: int, as_json: bool) -> None:
    """Compute every row of every view of CONFIG with and without the rows behind it, on the data of its sources.

    The exit code is 1 where a feature knew what came later; the first such row is named.
    """
    from tickloom.config import load_config
    from tickloom.features.inspection.check import checked_views
    from tickloom.plugins import load_plugins

    settings = load_config(config, sets)
    registry = load_plugins(settings.plugins.disable, f"{config.name}: plugins.disable")
    with compiling() as progress:
        views = list(checked_views(settings, registry, rows, progress))
    if as_json:
        import json

        import attrs

        click.echo(json.dumps([attrs.asdict(view) for view in views], indent=2))
    for view in [] if as_json else views:
        for one in view.found:
            click.echo(f"view {view.name}: {one}")
        if not view.found:
            click.echo(f"view {view.name}: {view.columns} columns, {view.rows:,} rows: none depends on later rows")
    if any(view.found for view in views):
        ctx.exit(1)


@command.command("plot", short_help="Draw the views of a config.")
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Put a value in place of the config's.")
@click.option("--rows", type=click.IntRange(min=1), default=200_000, help="Rows of each view at most [200000].")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), default=Path("features.html"), help="The page.")
def plot(config: Path, sets: tuple[str, ...], rows: int, out: Path) -> None:
    """Compute every view of CONFIG over the data of its sources, and draw it on a page that opens offline."""
    from tickloom.config import load_config
    from tickloom.errors import TickloomError
    from tickloom.features.inspection.plot import plot_page
    from tickloom.plugins import load_plugins
    from tickloom.report.page import replace

    settings = load_config(config, sets)
    registry = load_plugins(settings.plugins.disable, f"{config.name}: plugins.disable")
    with compiling() as progress:
        page = plot_page(settings, registry, rows, progress)
    try:
        replace(out, page)
    except OSError as error:
        raise TickloomError(f"cannot write {out}: {error.strerror}") from error
    click.echo(str(out))


@command.command("compute", short_help="Write the views of a config as tables.")
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Put a value in place of the config's.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("features"), help="The folder.")
def compute(config: Path, sets: tuple[str, ...], out: Path) -> None:
    """Compute every view of CONFIG over all data of its sources, symbols in threads, and write VIEW.parquet."""
    from tickloom.config import load_config
    from tickloom.features.choose import compile_views
    from tickloom.features.inspection.tables import write_tables
    from tickloom.plugins import load_plugins

    settings = load_config(config, sets)
    registry = load_plugins(settings.plugins.disable, f"{config.name}: plugins.disable")
    with compiling() as progress:
        compile_views(settings, registry, progress)
    with counting("computing symbols") as progress:
        for path, rows, columns in write_tables(settings, registry, out, progress):
            click.echo(f"{path}: {rows:,} rows, {columns} columns")


@command.command("compile", short_help="Compile features before they are needed.")
@click.argument("configs", nargs=-1, type=click.Path(path_type=Path), metavar="[CONFIG]...")
@click.option("--json", "as_json", is_flag=True, help="Write JSON instead of a line.")
def compile_(configs: Sequence[Path], as_json: bool) -> None:
    """Compile the views of every CONFIG, or without one all installed features with their defaults."""
    import time

    from tickloom.config import load_config
    from tickloom.features.choose import compile_views
    from tickloom.features.fused.build import build
    from tickloom.features.inspection.catalogue import whole
    from tickloom.plugins import load_plugins

    registry = load_plugins()
    begun = time.monotonic()
    with compiling() as progress:
        plans = [plan for path in configs for plan in compile_views(load_config(path), registry, progress)]
        if not configs:
            plans = whole(registry)
            build([unit for plan in plans for unit in plan.all_units], progress)
    columns, units = sum(len(plan.columns) for plan in plans), sum(len(plan.all_units) for plan in plans)
    seconds = round(time.monotonic() - begun, 1)
    if as_json:
        import json

        click.echo(json.dumps({"columns": columns, "units": units, "seconds": seconds}))
    else:
        click.echo(f"{columns} columns in {units} units are compiled; it took {seconds} s")


def _feature(registry: "Registry", name: str) -> "Feature":
    from tickloom.errors import ConfigError
    from tickloom.features.declare import Feature

    found: Any = registry.lookup("feature", name, "features show")
    if not isinstance(found, Feature):
        some = ", ".join(dict.fromkeys(use.label for use in found[:20]))
        raise ConfigError(f"{name!r} is a preset of {len(found)} features: {some} and so on")
    return found
