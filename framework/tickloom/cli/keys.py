"""``tickloom keys``: key pairs for a bus that other machines can reach."""

from pathlib import Path

import click


@click.group("keys", short_help="Make keys for the bus.")
def command() -> None:
    """Make the CURVE keys by which a publisher and its listeners know each other."""


@command.command("new", short_help="Make a key pair.")
@click.argument("name", default="listener")
@click.option(
    "--in",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("keys"),
    help="Folder of the keys [keys].",
)
def new(name: str, folder: Path) -> None:
    """Make the key pair NAME: `publisher` for the side that publishes, any other name for a listener [listener].

    Two files: NAME.key is public, NAME.key_secret must not leave the folder. Files that exist are never overwritten.
    """
    from tickloom.bus.security.keys import ALLOWED, PUBLISHER, write_keys

    public, secret = write_keys(folder, name)
    whose = "to every listener" if name == PUBLISHER else f"to the publisher, who puts it into its folder {ALLOWED}"
    click.echo(f"public: {public} (give it {whose})")
    click.echo(f"secret: {secret} (keep it)")
