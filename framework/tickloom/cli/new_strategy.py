"""``tickloom new-strategy``: a project with a strategy that runs at once, its test and its benchmark."""

from pathlib import Path

import click


@click.command("new-strategy", short_help="Write a project with a strategy.")
@click.argument("name")
@click.option(
    "--in",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Where to make its folder [.].",
)
def command(name: str, folder: Path) -> None:
    """Write a project with a strategy, a config that runs it without data, and its test, into the new folder NAME."""
    from tickloom.projects.write import write_strategy

    project = write_strategy(name, folder)
    click.echo(f"{project}: a strategy, named {name}")
    click.echo(f"next: cd {project} && tickloom run run.toml; make test holds it against the laws")
