"""Risk checks: questions at the gate in front of every venue."""

from typing import TYPE_CHECKING

from tickloom import hookimpl

if TYPE_CHECKING:
    from tickloom.plugins import Register


@hookimpl
def tickloom_register(register: "Register") -> None:
    """Announce the room's plugins."""
    register.risk_check("limits", "tickloom_plugins.risk.limits:Limits")
