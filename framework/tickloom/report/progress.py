"""How the terminal shows that something long is going on."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

#: What is over sooner shows no progress bar (s).
_PATIENCE = 1.0

#: Shortest time between two pictures of the bar (s): the loop reports more often than anybody can look.
_PAUSE = 0.1


@contextmanager
def progress_bar() -> Iterator[Callable[[float], None] | None]:
    """Give what shows progress (0 to 1) once it has lasted a while; None where nobody is looking."""
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


def compiling() -> AbstractContextManager[Callable[[int, int], None] | None]:
    """Show how many units of features are compiled; as `counting`."""
    return counting("compiling features")


@contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None] | None]:
    """Give what shows how many of something are done; None where nobody is looking."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    with Progress(TextColumn(what), BarColumn(), MofNCompleteColumn(), console=console, transient=True) as bar:
        task = bar.add_task(what, total=None, visible=False)
        yield lambda done, total: bar.update(task, completed=done, total=total, visible=True)
