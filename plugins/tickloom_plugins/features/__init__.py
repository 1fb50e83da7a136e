"""Features: numbers computed from a stream of prices."""

from typing import TYPE_CHECKING

from tickloom import hookimpl

if TYPE_CHECKING:
    from tickloom.plugins import Register


@hookimpl
def tickloom_register(register: "Register") -> None:
    """Announce the room's plugins."""
    register.feature("ema", "tickloom_plugins.features.ema:Ema")
