"""Execution algorithms: how a parent order is worked."""

from typing import TYPE_CHECKING

from tickloom import hookimpl

if TYPE_CHECKING:
    from tickloom.plugins import Register


@hookimpl
def tickloom_register(register: "Register") -> None:
    """Announce the room's plugins."""
    register.algo("direct", "tickloom_plugins.execution.direct:Direct")
