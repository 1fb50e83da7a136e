"""The command ``tickloom``: one module per subcommand, imported when it is asked for.

Exit codes: 0 done, 1 the work failed, 2 the user must change a config or a command line. What a person can mend is
told in one line on the standard error; a traceback means a defect.
"""

import errno
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import click

from tickloom.errors import ConfigError, TickloomError, nearest

#: What the system calls a disk, a quota or a limit that is used up.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

#: Modules of this package with a ``command`` each.
COMMANDS = (
    "bench",
    "features",
    "keys",
    "listen",
    "new-plugin",
    "new-strategy",
    "plugins",
    "replay",
    "report",
    "run",
    "runs",
)


class Commands(click.Group):
    """A group whose commands are imported on use, and which turns our errors into one line and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command, or say which one was probably meant."""
        if cmd_name not in COMMANDS:
            ctx.fail(f"no command {cmd_name!r}; {nearest(cmd_name, COMMANDS)}")
        command: click.Command = import_module(f"tickloom.cli.{cmd_name.replace('-', '_')}").command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except TickloomError as error:
            click.echo(f"Error: {error}", err=True)
            ctx.exit(2 if isinstance(error, ConfigError) else 1)
        except OSError as error:
            # Anything may meet a full disk, down to the compiler that keeps its code.
            if error.errno not in _FULL:
                raise
            click.echo(f"Error: {error.filename or 'the disk'}: {error.strerror}", err=True)
            ctx.exit(1)


@contextmanager
def asked_to_end(ask: Callable[[str], None]) -> Iterator[None]:
    """Take Ctrl-C, and what asks a process to end, for a wish; the second time it ends the process as ever.

    Nothing is raised where the signal happens to arrive: libraries may be at work there that let an exception get lost.

    Parameters
    ----------
    ask : callable
        Gets the reason, such as ``interrupted by SIGINT``, and returns at once.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def hear(number: int, _frame: object) -> None:
        restore()
        ask(f"interrupted by {signal.Signals(number).name}")

    def restore() -> None:
        for one, handler in before.items():
            signal.signal(one, handler)

    # What a shell has this process ignore, because it runs in the background, stays ignored.
    heard = [one for one in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(one) not in (None, signal.SIG_IGN)]
    before = {one: signal.signal(one, hear) for one in heard}
    try:
        yield
    finally:
        restore()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tickloom", message="%(prog)s %(version)s")
def main() -> None:
    """Run trading strategies through one deterministic event loop, and look at what is installed for it."""
