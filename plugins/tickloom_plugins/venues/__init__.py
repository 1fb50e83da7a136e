"""Venues: where orders meet a market."""

from typing import TYPE_CHECKING

from tickloom import hookimpl

if TYPE_CHECKING:
    from tickloom.plugins import Register


@hookimpl
def tickloom_register(register: "Register") -> None:
    """Announce the room's plugins."""
    register.venue("simulated", "tickloom_plugins.venues.simulated:Simulated")
