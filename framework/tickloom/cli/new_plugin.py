"""``tickloom new-plugin``: a project with a plugin that works, its test and its benchmark."""

from pathlib import Path

import click


@click.command("new-plugin", short_help="Write a project with a plugin.")
@click.argument("name")
@click.option("--kind", required=True, help="Kind of plugin, such as feature or risk_check.")
@click.option(
    "--in",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Where to make its folder [.].",
)
def command(name: str, kind: str, folder: Path) -> None:
    """Write a project with a small plugin that works, its test and its benchmark, into the new folder NAME."""
    from tickloom.errors import ConfigError, nearest
    from tickloom.kinds import BY_NAME
    from tickloom.projects.write import write_plugin

    if kind not in BY_NAME:
        raise ConfigError(f"--kind {kind}: no such kind of plugin; {nearest(kind, BY_NAME)}")
    project = write_plugin(name, kind, folder)
    click.echo(f"{project}: a plugin of kind {kind}, named {name}")
    click.echo(f"next: cd {project} && make test, which installs it; then tickloom plugins lists it")
