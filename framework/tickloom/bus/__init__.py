"""The edge to other processes: what a run publishes over ZeroMQ, and how a listener follows it without a silent loss.

Nothing of it is imported by a run without ``[bus]``, and `tickloom` itself never imports it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tickloom.bus.items import Batch, Ended, Gap, Message, Restarted
    from tickloom.bus.publisher import Publisher
    from tickloom.bus.subscriber import Subscriber
    from tickloom.bus.welcome import Welcome
    from tickloom.bus.wire import WireError

_HOMES = {
    "Batch": "items",
    "Ended": "items",
    "Gap": "items",
    "Message": "items",
    "Publisher": "publisher",
    "Restarted": "items",
    "Subscriber": "subscriber",
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
    "Welcome",
    "WireError",
]


def __getattr__(name: str) -> Any:
    # A publisher needs no subscriber, and a test of the wire no socket.
    if name not in _HOMES:
        raise AttributeError(f"module 'tickloom.bus' has no attribute {name!r}")
    return getattr(import_module(f"tickloom.bus.{_HOMES[name]}"), name)
