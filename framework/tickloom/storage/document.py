"""Small records of what was fitted, as JSON files that say their own version and are refused when edited by hand."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from tickloom.errors import DataError


def version_of(kind: str, body: dict[str, Any]) -> str:
    """Return 16 hexadecimal digits of what a record says.

    Parameters
    ----------
    kind : str
        Such as ``scales``.
    body : dict
        Text, finite numbers, lists and dicts of them.

    Raises
    ------
    ValueError
        A number is not finite.
    """
    text = json.dumps([kind, body], sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def write_document(path: Path, kind: str, body: dict[str, Any]) -> str:
    """Write a record, all of it or nothing, and return its version.

    Numbers are written so that they are read with the same bits.

    Raises
    ------
    DataError
        The file cannot be written.
    """
    version = version_of(kind, body)
    text = json.dumps({"kind": kind, "version": version, **body}, indent=1, allow_nan=False)
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        beside.write_text(f"{text}\n", encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror}") from error
    return version


def read_document(path: Path, kind: str) -> dict[str, Any]:
    """Read a record.

    Returns
    -------
    dict
        What `write_document` was given.

    Raises
    ------
    DataError
        There is no such file, it holds something else, or it is not what was written.
    """
    try:
        body: Any = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError:
        raise DataError(f"{path} is no JSON; it should hold {kind}") from None
    if not isinstance(body, dict):
        raise DataError(f"{path} holds no {kind}")
    found, version = body.pop("kind", None), body.pop("version", None)
    if found != kind:
        raise DataError(f"{path} holds no {kind}" + (f"; it holds {found}" if isinstance(found, str) else ""))
    if version != version_of(kind, body):
        raise DataError(f"{path} has been changed since it was written: it is not version {version}; fit it again")
    return body
