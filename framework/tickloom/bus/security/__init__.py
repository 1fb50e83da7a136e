"""Who may listen: CURVE key pairs, the list of allowed listeners, and the refusal to be open to a network without them.

ZeroMQ encrypts with CURVE, but lets *any* key in unless an authenticator answers for it, and says nothing. So a
publisher binds its sockets (XPUB and ROUTER alike) through `bind`, which refuses every endpoint that another machine
can reach unless a `Guard` stands before it; and a guarded socket admits nobody while no authenticator runs.

Publisher, with ``[bus] keys = "folder"`` (`keys` is a Path or None)::

    guard = Guard(context, read_publisher_keys(keys)) if keys else None
    bind(xpub, endpoint, guard)
    bind(router, replay_endpoint, guard)
    ...
    if guard: guard.stop()          # before the context ends

Subscriber, before each ``connect`` (SUB and DEALER alike)::

    if keys: identify(socket, read_listener_keys(keys))

A folder of keys holds `NAME.key` (public, give it away) and `NAME.key_secret` (0600, keep it), as `write_keys` made
them in pyzmq's format. The publisher's holds its own pair ``publisher`` and, under ``allowed/``, the public keys of
its listeners; a listener's holds its own pair and the publisher's ``publisher.key``. No secret is printed or logged.
"""

from tickloom.bus.security.guard import Guard, bind, identify, is_loopback
from tickloom.bus.security.keys import (
    ListenerKeys,
    PublisherKeys,
    read_listener_keys,
    read_publisher_keys,
    write_keys,
)

__all__ = [
    "Guard",
    "ListenerKeys",
    "PublisherKeys",
    "bind",
    "identify",
    "is_loopback",
    "read_listener_keys",
    "read_publisher_keys",
    "write_keys",
]
