"""Versions of views and models: what each was made from, which one is active, and how that came about.

One LMDB environment, by the rules of `tickloom.storage.environment`: one process writes, any number read. A change is
one transaction, on disk when the call returns: after a kill or a loss of power there is the state before or after it,
and nothing between.
"""

import re
import struct
import time
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path
from threading import Lock
from typing import Any, Literal, Self

import msgspec

from tickloom.errors import DataError, nearest
from tickloom.storage.environment import Environment, Put

_VERSIONS, _ACTIVE, _HISTORY = "versions", "active", "history"
#: So many versions are kept to go back to; the history keeps all.
_BACK = 100
_NUMBER = struct.Struct(">Q")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


class Ancestor(msgspec.Struct, frozen=True, array_like=True):
    """A version that another was made from."""

    kind: str
    name: str
    version: str


class Version(msgspec.Struct, frozen=True, array_like=True):
    """A version of something.

    Attributes
    ----------
    kind, name, version : str
        Such as ``view``, ``cross``, ``0f3a...``.
    metadata : dict
        What its maker says of it: text, numbers, lists and dicts of them.
    lineage : tuple of Ancestor
        What it was made from.
    at : int
        When it was entered, by the wall clock (UNIX time in nanoseconds, UTC).
    """

    kind: str
    name: str
    version: str
    metadata: dict[str, Any]
    lineage: tuple[Ancestor, ...]
    at: int


class Change(msgspec.Struct, frozen=True, array_like=True):
    """One entry of a history.

    Attributes
    ----------
    action : str
        ``put``, ``promote`` or ``rollback``.
    version : str
        What was entered, or is active since.
    before : str
        What was active until then; empty where nothing was.
    reason : str
        Why, in the words of whoever did it.
    at : int
        By the wall clock (UNIX time in nanoseconds, UTC).
    """

    action: Literal["put", "promote", "rollback"]
    version: str
    before: str
    reason: str
    at: int


class Catalogue:
    """Versions by kind and name, each kind and name with at most one active version.

    Parameters
    ----------
    folder : Path
    write : bool
        Whether to change anything; there is one writer at a time.

    Raises
    ------
    TickloomError
        There is no catalogue, another process writes it, or its files are damaged.
    """

    def __init__(self, folder: Path, write: bool = False) -> None:
        if not write and not (folder / "data.mdb").is_file():
            raise DataError(f"{folder}: there is no catalogue in it")
        self._env = Environment(folder, write)
        self._changing = Lock()

    # --- changing ----------------------------------------------------------------------------------------------------

    def put(
        self, kind: str, name: str, version: str, metadata: dict[str, Any], lineage: Sequence[Ancestor] = ()
    ) -> Version:
        """Enter a version; it is not active by that. To enter the same one again changes nothing.

        Raises
        ------
        DataError
            A name cannot be a key, the version is there and says something else, or one that it was made from is not.
        """
        key = _key(kind, name, version)
        with self._changing:
            new = Version(kind, name, version, metadata, tuple(lineage), time.time_ns())
            known = self._env.get(_VERSIONS, key)
            if known is not None:
                return _same(msgspec.msgpack.decode(known, type=Version), new)
            for one in new.lineage:
                if self._env.get(_VERSIONS, _key(*_parts(one))) is None:
                    raise DataError(
                        f"{_said(kind, name, version)} is made from {_said(*_parts(one))}, which is unknown"
                    )
            change = Change("put", version, self._top(kind, name), "", new.at)
            self._write(kind, name, change, (_VERSIONS, key, msgspec.msgpack.encode(new)))
            return new

    def promote(self, kind: str, name: str, version: str, reason: str = "") -> None:
        """Make a version the active one.

        Raises
        ------
        DataError
            There is no such version; says which there are.
        """
        with self._changing:
            self.get(kind, name, version)
            if self._top(kind, name) != version:
                self._point(kind, name, "promote", [*self._stack(kind, name), version], reason)

    def rollback(self, kind: str, name: str, reason: str = "") -> str:
        """Make the version active again that was so before the active one, and return it.

        Raises
        ------
        DataError
            There was none.
        """
        with self._changing:
            stack = self._stack(kind, name)
            if len(stack) < 2:
                raise DataError(f"{kind} {name!r} cannot be rolled back: no version was active before the present one")
            self._point(kind, name, "rollback", stack[:-1], reason)
            return stack[-2]

    def _point(self, kind: str, name: str, action: Literal["promote", "rollback"], to: list[str], reason: str) -> None:
        change = Change(action, to[-1], self._top(kind, name), reason, time.time_ns())
        self._write(kind, name, change, (_ACTIVE, _key(kind, name), msgspec.msgpack.encode(to[-_BACK:])))

    def _write(self, kind: str, name: str, change: Change, put: Put) -> None:
        """Write a change and its entry of the history, both or none, and wait for the disk."""
        begin = _key(kind, name)
        last = self._env.last_before(_HISTORY, begin + b"\xff" * _NUMBER.size)
        number = _NUMBER.unpack(last[0][len(begin) :])[0] + 1 if last and last[0].startswith(begin) else 0
        self._env.write([put, (_HISTORY, begin + _NUMBER.pack(number), msgspec.msgpack.encode(change))])
        self._env.sync()

    # --- reading -----------------------------------------------------------------------------------------------------

    def get(self, kind: str, name: str, version: str) -> Version:
        """Return a version.

        Raises
        ------
        DataError
            There is no such version; says which there are.
        """
        found = self._env.get(_VERSIONS, _key(kind, name, version))
        if found is None:
            known = nearest(version, [one.version for one in self.versions(kind, name)])
            raise DataError(f"there is no {_said(kind, name, version)}; {known}")
        return msgspec.msgpack.decode(found, type=Version)

    def active(self, kind: str, name: str) -> Version | None:
        """Return the active version, or None where none has been promoted."""
        top = self._top(kind, name)
        return self.get(kind, name, top) if top else None

    def versions(self, kind: str, name: str) -> list[Version]:
        """Return all versions, in the order in which they were entered."""
        return [self.get(kind, name, one.version) for one in self.history(kind, name) if one.action == "put"]

    def history(self, kind: str, name: str) -> list[Change]:
        """Return all that was done, the oldest first."""
        begin = _key(kind, name)
        entries = takewhile(lambda entry: entry[0].startswith(begin), self._env.items(_HISTORY, begin))
        return [msgspec.msgpack.decode(value, type=Change) for _, value in entries]

    def ancestors(self, kind: str, name: str, version: str) -> list[Version]:
        """Return all that a version was made from, and what that was made from, each once, nearest first."""
        found: dict[Ancestor, Version] = {}
        waiting = list(self.get(kind, name, version).lineage)
        while waiting:
            one = waiting.pop(0)
            if one not in found:
                found[one] = self.get(*_parts(one))
                waiting += found[one].lineage
        return list(found.values())

    def _stack(self, kind: str, name: str) -> list[str]:
        """Return the versions to which a rollback leads, the active one last."""
        found = self._env.get(_ACTIVE, _key(kind, name))
        return msgspec.msgpack.decode(found, type=list[str]) if found else []

    def _top(self, kind: str, name: str) -> str:
        """Return the active version, or an empty text."""
        stack = self._stack(kind, name)
        return stack[-1] if stack else ""

    # --- the end -----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Let go of the files, and of the right to write them."""
        self._env.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _key(*parts: str) -> bytes:
    """Make a key; each part ends with a zero byte, so that no name is the beginning of another."""
    for part in parts:
        if not _NAME.fullmatch(part):
            raise DataError(f"{part!r} is no name for a catalogue: up to 100 letters, digits, '_', '.' and '-'")
    return "".join(f"{part}\0" for part in parts).encode()


def _parts(one: Ancestor | Version) -> tuple[str, str, str]:
    return one.kind, one.name, one.version


def _said(kind: str, name: str, version: str) -> str:
    return f"version {version!r} of {kind} {name!r}"


def _same(known: Version, new: Version) -> Version:
    """Return the version that is there, if it says what the new one says."""
    said = msgspec.msgpack.decode(msgspec.msgpack.encode(new), type=Version)
    if said != msgspec.structs.replace(known, at=new.at):
        raise DataError(f"{_said(*_parts(known))} is there already, and says something else")
    return known
