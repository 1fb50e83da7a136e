"""The guard of a publisher's sockets, and the refusal to be open to a network without one."""

import logging
import time
from ipaddress import ip_address

import zmq
from zmq.auth import load_certificates

from tickloom.bus.security.keys import PUBLISHER, ListenerKeys, PublisherKeys
from tickloom.errors import ConfigError

#: The part of the authenticator's rules that our sockets ask for.
_DOMAIN = "tickloom"

#: After a word about a connection that was not let in, so long (s) there is none about others.
_QUIET = 60.0

_LOG = logging.getLogger(__name__)


class Guard:
    """Answers for every connection to the sockets of one context: a key on the list is let in, all others are not.

    The list is read at each handshake: a public key that is put into the folder may listen from then on, and one that
    is taken out may not connect again (a connection that stands is not cut).

    Parameters
    ----------
    context : zmq.Context
        The publisher's own; ZeroMQ asks one authenticator per context.
    keys : PublisherKeys

    Attributes
    ----------
    refused : int
        Connections that were not let in.
    """

    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]", keys: PublisherKeys) -> None:
        # It brings asyncio, which a publisher on loopback does without.
        from zmq.auth.thread import ThreadAuthenticator

        self.refused = 0
        self._keys = keys
        self._quiet_until = 0.0
        self._authenticator = ThreadAuthenticator(context)
        self._authenticator.start()
        self._authenticator.configure_curve_callback(_DOMAIN, self)

    @property
    def stands(self) -> bool:
        """Whether the authenticator runs."""
        return self._authenticator.is_alive()

    def callback(self, _domain: str, key: bytes) -> bool:
        """Say whether a public key (Z85) is on the list; called by the authenticator's thread."""
        try:
            known = key in load_certificates(self._keys.allowed)
        except (OSError, ValueError) as error:
            # Nobody is let in by a list that cannot be read; an error here would end the authenticator.
            return self._refuse(f"the list in {self._keys.allowed} cannot be read: {error}")
        return known or self._refuse(f"its key is not in {self._keys.allowed}")

    def _refuse(self, why: str) -> bool:
        """Count a connection that is not let in, and log it, but not as often as a stranger likes to try."""
        self.refused += 1
        now = time.monotonic()
        if now >= self._quiet_until:
            self._quiet_until = now + _QUIET
            _LOG.warning("listener refused: %s (%d refused so far)", why, self.refused)
        return False

    def protect(self, socket: "zmq.Socket[bytes]") -> None:
        """Make a socket, before it is bound, a CURVE server that admits nobody unless the authenticator agrees."""
        socket.curve_server = True
        socket.curve_secretkey = self._keys.secret
        socket.curve_publickey = self._keys.public
        socket.setsockopt(zmq.ZAP_DOMAIN, _DOMAIN.encode())
        # Without this, ZeroMQ lets everybody in while no authenticator answers.
        socket.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)

    def stop(self) -> None:
        """End the authenticator; nobody is let in any more."""
        # To one that has died of itself the word would never get through, and be waited for, for ever.
        if self.stands:
            self._authenticator.stop()


def bind(socket: "zmq.Socket[bytes]", endpoint: str, guard: Guard | None) -> None:
    """Bind a publisher's socket, guarded where there is a guard; refuse to be open to a network without one.

    Parameters
    ----------
    socket : zmq.Socket
        An XPUB or ROUTER, not yet bound.
    endpoint : str
        Such as ``ipc://@tickloom`` or ``tcp://0.0.0.0:5555``.
    guard : Guard or None
        None on loopback only.

    Raises
    ------
    ConfigError
        The endpoint is off loopback and there is no guard, or its authenticator does not run; or it cannot be bound.
    """
    if guard is not None and guard.stands:
        guard.protect(socket)
    elif guard is not None:
        raise ConfigError(f"{endpoint}: not bound, because the authenticator of its keys does not run")
    elif not is_loopback(endpoint):
        raise ConfigError(
            f"bus.publish: {endpoint} can be reached by other machines, and there are no keys; "
            f'make them with `tickloom keys new {PUBLISHER} --in keys`, and set bus.keys = "keys"'
        )
    try:
        socket.bind(endpoint)
    except zmq.ZMQError as error:
        raise ConfigError(f"bus.publish: {endpoint} cannot be bound: {error.strerror}") from None


def identify(socket: "zmq.Socket[bytes]", keys: ListenerKeys) -> None:
    """Give a listener's socket (SUB or DEALER), before it connects, its own keys and the publisher's public one."""
    socket.curve_publickey = keys.public
    socket.curve_secretkey = keys.secret
    socket.curve_serverkey = keys.publisher


def is_loopback(endpoint: str) -> bool:
    """Whether an endpoint can be reached from this machine only.

    Parameters
    ----------
    endpoint : str
        As ZeroMQ writes it.

    Returns
    -------
    bool
        True for ``ipc``, ``inproc``, and ``tcp`` on ``localhost`` or an address of 127.0.0.0/8 or ``::1``. A wildcard,
        the name of an interface or another host, and what is not understood are False: in doubt, keys are asked for.
    """
    transport, _, address = endpoint.partition("://")
    if transport in ("ipc", "inproc"):
        return True
    host = address.rpartition(":")[0].strip("[]")
    try:
        return transport == "tcp" and (host == "localhost" or ip_address(host).is_loopback)
    except ValueError:
        return False
