"""The edge to other processes: what a run publishes over ZeroMQ, and how a listener follows it without a silent loss.

Nothing of it is imported by a run without ``[bus]``, and `tickloom` itself never imports it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tickloom.bus.following.items import Batch, Ended, Gap, Message, Restarted, Vanished
    from tickloom.bus.following.subscriber import Subscriber
    from tickloom.bus.publisher import Publisher
    from tickloom.bus.welcome import Welcome
    from tickloom.bus.wire import WireError

_HOMES = {
    "Batch": "following.items",
    "Ended": "following.items",
    "Gap": "following.items",
    "Message": "following.items",
    "Publisher": "publisher",
    "Restarted": "following.items",
    "Subscriber": "following.subscriber",
    "Vanished": "following.items",
    "Welcome": "welcome",
    "WireError": "wire",
}

__all__ = [
    "Batch",
    "Ended",
    "Gap",
    "Message",
    "Publisher",
    "Restarted",
    "Subscriber",
    "Vanished",
    "Welcome",
    "WireError",
]


def __getattr__(name: str) -> Any:
    # A publisher needs no subscriber, and a test of the wire no socket.
    if name not in _HOMES:
        raise AttributeError(f"module 'tickloom.bus' has no attribute {name!r}")
    return getattr(import_module(f"tickloom.bus.{_HOMES[name]}"), name)
