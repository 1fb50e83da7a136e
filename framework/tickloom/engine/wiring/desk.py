"""Decides at wiring which commands will have to ask their way, and which will not."""

from collections.abc import Mapping, Sequence
from typing import Any

from tickloom.engine.commands.desk import Desk
from tickloom.engine.commands.road import Road
from tickloom.engine.commands.sessions import Session
from tickloom.engine.run import Run
from tickloom.errors import ConfigError
from tickloom.interfaces import Algorithm, Router


def desk(
    road: Road, run: Run, sessions: Sequence[Session], algorithms: Mapping[str, Algorithm], router: Router
) -> Desk | None:
    """Make the desk of a run, where there is anything that it could carry out."""
    plain = frozenset(name for name, one in algorithms.items() if getattr(one, "as_is", False))
    checks = tuple(road.gate.checks.values())
    check: Any = checks[0]
    asks = not getattr(router, "as_is", False) or len(checks) > 1 or not hasattr(check, "flat")
    if asks or not plain or not sessions:
        return None
    try:
        limits, numbers = check.flat(len(run.tables.accounts))
    except ConfigError:
        # What it is asked for has no numbers, or is wrong: it says so itself at the first command.
        return None
    return Desk(road, run.market, run.stream, sessions, plain, limits, numbers, check.explain)
