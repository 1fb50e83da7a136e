"""``tickloom bench``: what the engine, or a plugin, costs on the machine at hand."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tickloom.testing import Latency


@click.command("bench", short_help="Measure the engine, or a plugin, on this machine.")
@click.argument("kind", required=False)
@click.argument("name", required=False)
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="A setting of the plugin, such as n=20.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON instead of a table.")
def command(kind: str | None, name: str | None, sets: tuple[str, ...], as_json: bool) -> None:
    """Measure the engine, or the installed plugin NAME of a KIND, in turn with a bare Python loop.

    Nanoseconds are this machine's, and of this hour; how many times the bare loop something takes is what to compare.
    """
    import json

    import attrs
    from rich.console import Console
    from rich.table import Table

    console = Console(stderr=True)
    if kind is not None:
        told = _plugin(kind, name, sets)
        click.echo(json.dumps(attrs.asdict(told)) if as_json else str(told))
        return
    from tickloom.testing.speed import figures

    with console.status("measuring") as status:
        found = figures(lambda what: status.update(f"measuring: {what}"))
    if as_json:
        click.echo(json.dumps([attrs.asdict(one) for one in found], indent=2))
        return
    table = Table("what", "each", "ns", "bare loop", "times bare", box=None, pad_edge=False)
    for one in found:
        table.add_row(one.name, one.unit, f"{one.ns:,.0f}", f"{one.bare_ns:,.0f}", f"{one.ns / one.bare_ns:.2f}")
    Console().print(table)


def _plugin(kind: str, name: str | None, sets: tuple[str, ...]) -> "Latency":
    """Measure one plugin."""
    import tomllib

    from tickloom.errors import ConfigError, nearest
    from tickloom.kinds import BY_NAME
    from tickloom.plugins import load_plugins
    from tickloom.testing import measure

    if kind not in BY_NAME:
        raise ConfigError(f"no kind of plugin {kind!r}; {nearest(kind, BY_NAME)}")
    registry = load_plugins()
    if name is None:
        raise ConfigError(f"which {kind}? {nearest('', registry.names(kind))}")
    settings = {}
    for text in sets:
        key, sign, value = text.partition("=")
        if not sign:
            raise ConfigError(f"{text!r} is no setting; write KEY=VALUE, such as n=20")
        try:
            settings[key] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            settings[key] = value
    return measure(registry.lookup(kind, name, "bench"), kind=kind, **settings)
