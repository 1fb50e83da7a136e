"""Routers: which venue an order goes to."""

from typing import TYPE_CHECKING

from tickloom import hookimpl

if TYPE_CHECKING:
    from tickloom.plugins import Register


@hookimpl
def tickloom_register(register: "Register") -> None:
    """Announce the room's plugins."""
    register.router("direct", "tickloom_plugins.routing.direct:Direct")
