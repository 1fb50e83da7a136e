"""``tickloom plugins``: what is installed, what it offers, and why something is missing."""

import click


@click.command("plugins", short_help="List installed plugins.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON instead of a table.")
def command(as_json: bool) -> None:
    """List installed plugins, the names they register, and what failed to load."""
    from tickloom.plugins import load_plugins

    plugins = load_plugins().plugins
    if as_json:
        import json

        keys = ("name", "distribution", "version", "kinds", "fault")
        click.echo(json.dumps([{key: getattr(plugin, key) for key in keys} for plugin in plugins], indent=2))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("plugin", "distribution", "version", "offers", box=None, pad_edge=False)
    for plugin in plugins:
        offers = "\n".join(f"{kind}: {', '.join(names)}" for kind, names in plugin.kinds.items())
        state = Text(f"failed: {plugin.fault}", style="red") if plugin.fault else Text(offers)
        table.add_row(plugin.name, plugin.distribution, plugin.version, state)
    Console().print(table if plugins else "no plugins are installed")
