"""Key pairs and the list of allowed listeners as files: made once, never overwritten, read with every mistake named."""

import os
import re
import stat
import tempfile
from pathlib import Path

import attrs
from zmq.auth import create_certificates, load_certificate
from zmq.utils import z85

from tickloom.errors import ConfigError

#: Name of the pair that a publisher identifies itself with.
PUBLISHER = "publisher"

#: Folder, within the publisher's folder of keys, of the public keys that may listen.
ALLOWED = "allowed"

_NAME = re.compile(r"[A-Za-z0-9_-]+")


@attrs.frozen
class PublisherKeys:
    """What a publisher identifies itself with, and the folder of the public keys that it lets in."""

    public: bytes
    secret: bytes = attrs.field(repr=False)
    allowed: Path


@attrs.frozen
class ListenerKeys:
    """What a listener identifies itself with, and the public key of the only publisher it will listen to."""

    public: bytes
    secret: bytes = attrs.field(repr=False)
    publisher: bytes


def write_keys(folder: Path, name: str) -> tuple[Path, Path]:
    """Make a new key pair.

    Parameters
    ----------
    folder : Path
        Where to; made if need be, for its owner only (0700).
    name : str
        What the files are called: letters, digits, ``_`` and ``-``.

    Returns
    -------
    public, secret : Path
        ``NAME.key`` and ``NAME.key_secret`` (0600), complete from the moment they can be seen.

    Raises
    ------
    ConfigError
        There are such files already (nothing is ever overwritten), the name is none, or the folder cannot be written.
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{name!r} is no name for keys; use letters, digits, _ and -")
    public, secret = folder / f"{name}.key", folder / f"{name}.key_secret"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if name == PUBLISHER:
            (folder / ALLOWED).mkdir(mode=0o700, exist_ok=True)
        _make_pair(public, secret)
    except FileExistsError:
        there = public if public.exists() else secret
        raise ConfigError(f"{there} is there already; keys are never overwritten: choose another name") from None
    except OSError as error:
        raise ConfigError(f"{folder}: keys cannot be written: {error.strerror}") from None
    return public, secret


def _make_pair(public: Path, secret: Path) -> None:
    """Write both files where nobody looks, then link them to their names, which fails where a name is taken."""
    if public.exists() or secret.exists():
        raise FileExistsError
    with tempfile.TemporaryDirectory(dir=public.parent) as hidden:
        new_public, new_secret = create_certificates(hidden, public.stem)
        os.chmod(new_secret, 0o600)
        os.chmod(new_public, 0o644)
        os.link(new_secret, secret)
        os.link(new_public, public)


def read_publisher_keys(folder: Path) -> PublisherKeys:
    """Read what a publisher needs to bind: its own pair, and where the list of its listeners is.

    Parameters
    ----------
    folder : Path
        With ``publisher.key_secret`` and the folder ``allowed``, which may be empty.

    Raises
    ------
    ConfigError
        Something is missing, is no key, or may be read by others; the line says what to do.
    """
    public, secret = _read_secret(folder / f"{PUBLISHER}.key_secret", folder)
    allowed = folder / ALLOWED
    if not allowed.is_dir():
        raise ConfigError(f"{allowed} is no folder; make it, and put the public keys of those who may listen there")
    return PublisherKeys(public, secret, allowed)


def read_listener_keys(folder: Path) -> ListenerKeys:
    """Read what a listener needs to connect: its own pair, and the publisher's public key.

    Parameters
    ----------
    folder : Path
        With one ``*.key_secret`` (besides a publisher's) and ``publisher.key``.

    Raises
    ------
    ConfigError
        Something is missing, is no key, or may be read by others, or there are several pairs.
    """
    own = sorted(one for one in folder.glob("*.key_secret") if one.stem != PUBLISHER)
    if len(own) > 1:
        names = ", ".join(one.name for one in own)
        raise ConfigError(f"{folder}: a listener has one pair of keys, and here are several: {names}")
    public, secret = _read_secret(own[0] if own else folder / "listener.key_secret", folder)
    server = folder / f"{PUBLISHER}.key"
    if not server.is_file():
        raise ConfigError(f"{server} is missing; ask for the public key of the publisher, and put it there")
    return ListenerKeys(public, secret, _read(server)[0])


def _read_secret(path: Path, folder: Path) -> tuple[bytes, bytes]:
    """Read both keys of a pair from its secret file, which only its owner may read."""
    if not path.is_file():
        raise ConfigError(f"{path} is missing; make it with `tickloom keys new {path.stem} --in {folder}`")
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise ConfigError(f"{path} may be read by others; make it yours alone with `chmod 600 {path}`")
    public, secret = _read(path)
    if secret is None:
        raise ConfigError(f"{path}: no secret key in it")
    return public, secret


def _read(path: Path) -> tuple[bytes, bytes | None]:
    try:
        public, secret = load_certificate(path)
        # A key is 32 bytes, 40 characters of Z85.
        if any(len(z85.decode(key)) != 32 for key in (public, secret) if key is not None):
            raise ValueError
    except (OSError, ValueError, KeyError):
        raise ConfigError(f"{path}: no key that can be read in it") from None
    return public, secret
