"""The one place where sockets are made: every option that ZeroMQ leaves at a dangerous default, with its reason."""

import fcntl
from pathlib import Path
from typing import IO

import zmq

from tickloom.bus.wire import MOST_BYTES
from tickloom.errors import ConfigError

Context = zmq.Context[zmq.Socket[bytes]]
Socket = zmq.Socket[bytes]

#: Frames that wait for one peer at most, on either side. A frame holds up to 256 events, 27 KB of market rows: a
#: stopped listener costs 54 MB at most. Beyond it ZeroMQ drops frames, and the listener repairs the gap.
HIGH_WATER = 2_000

_OPTIONS = {
    # Else closing waits for ever for a peer that is gone.
    zmq.LINGER: 0,
    zmq.SNDHWM: HIGH_WATER,
    zmq.RCVHWM: HIGH_WATER,
    # Unlimited else: a stranger could make us allocate anything.
    zmq.MAXMSGSIZE: MOST_BYTES,
    # Off else: a peer that vanished without a word (cable, suspended machine) would be kept for ever. In ms.
    zmq.HEARTBEAT_IVL: 1_000,
    zmq.HEARTBEAT_TIMEOUT: 5_000,
    # A stranger who connects and says nothing is thrown out. In ms.
    zmq.HANDSHAKE_IVL: 5_000,
    # Try again soon, and more and more rarely up to this, not ten times a second for ever. In ms.
    zmq.RECONNECT_IVL: 50,
    zmq.RECONNECT_IVL_MAX: 1_000,
}


def open_socket(context: Context, kind: int) -> Socket:
    """Make a socket with safe options.

    Parameters
    ----------
    context : zmq.Context
        Of this process: neither it nor its sockets live on through a fork.
    kind : int
        ``zmq.XPUB``, ``zmq.ROUTER``, ``zmq.SUB`` or ``zmq.DEALER``.

    Returns
    -------
    zmq.Socket
        Neither bound nor connected; to be used by one thread only.
    """
    socket = context.socket(kind)
    for option, value in _OPTIONS.items():
        socket.setsockopt(option, value)
    if kind == zmq.ROUTER:
        # Else what is for an unknown or a full peer is dropped without a word.
        socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        socket.setsockopt(zmq.ROUTER_HANDOVER, 1)
    if kind == zmq.DEALER:
        # Else requests queue up for a publisher that is dead, and all come at once when it lives again.
        socket.setsockopt(zmq.IMMEDIATE, 1)
    return socket


def claim(endpoint: str) -> list[IO[str]]:
    """Take possession of a path of the file system: a second bind to it would steal it from the first, silently.

    Parameters
    ----------
    endpoint : str
        Only ``ipc://PATH`` needs it; a port and an abstract name (``ipc://@NAME``) can be bound only once.

    Returns
    -------
    list of file
        To be kept open as long as the endpoint is bound; ``PATH.lock`` stays behind.

    Raises
    ------
    ConfigError
        Another process has it.
    """
    transport, _, address = endpoint.partition("://")
    if transport != "ipc" or address.startswith("@"):
        return []
    try:
        file = Path(f"{address}.lock").open("w", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"bus.publish: {endpoint} cannot be bound: {error.strerror}") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise ConfigError(f"bus.publish: {endpoint} is taken: another process publishes there") from None
    return [file]


def bound_to(socket: Socket) -> str:
    """Where a socket is bound, with the port that the system chose."""
    text = socket.getsockopt(zmq.LAST_ENDPOINT)
    assert isinstance(text, bytes)
    return text.rstrip(b"\0").decode()


def readable(socket: Socket) -> bool:
    """Whether a message waits; cheaper than an exception that says that none does."""
    return bool(int(socket.getsockopt(zmq.EVENTS)) & zmq.POLLIN)


def replay_endpoint(publish: str) -> str:
    """Derive where ranges are asked for from where events are published.

    Parameters
    ----------
    publish : str
        ``ipc://NAME`` or ``tcp://HOST:PORT``.

    Returns
    -------
    str
        ``ipc://NAME-replay``; the next port; ``*`` where the port is left to the system.
    """
    transport, _, address = publish.partition("://")
    if transport != "tcp":
        return f"{publish}-replay"
    host, _, port = address.rpartition(":")
    return f"tcp://{host}:{int(port) + 1 if port not in ('0', '*') else '*'}"


def reachable(told: str, connected: str) -> str:
    """Make of an endpoint that a publisher bound one that can be connected to.

    Parameters
    ----------
    told : str
        Where the publisher bound; ``tcp://0.0.0.0:5556`` says nothing about where it is.
    connected : str
        An endpoint by which it was reached.
    """
    transport, _, address = told.partition("://")
    host, _, port = address.rpartition(":")
    if transport != "tcp" or host not in ("0.0.0.0", "*", "[::]"):
        return told
    return f"{connected.rpartition(':')[0]}:{port}"
