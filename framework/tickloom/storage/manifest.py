"""The manifest of a run: everything that its outcome depends on, and where and when it was made.

It is the first record of a journal, as JSON. Wall-clock time, versions and hashes stand here and never in the outcome
stream, so that two runs of the same inputs have the same stream.
"""

import json
import platform
from collections.abc import Mapping, Sequence
from decimal import Decimal
from hashlib import file_digest
from importlib.metadata import version
from pathlib import Path
from typing import Any

import attrs

from tickloom.errors import TickloomError
from tickloom.instruments import Instrument
from tickloom.record import RunTables

#: Of the journal as a whole; `docs/reference/journal.md` describes it.
FORMAT = 2
#: Libraries whose versions may change a bit of an outcome.
_LIBRARIES = ("numpy", "numba", "msgspec")


@attrs.frozen
class FileHash:
    """A file as it was: where, its size (bytes) and the SHA-256 of its content (64 hexadecimal digits)."""

    path: str
    size: int
    sha256: str


@attrs.frozen
class Input:
    """One source of a run.

    Attributes
    ----------
    settings : dict
        Its section of the config, the plugin's own keys.
    files : tuple of FileHash or None
        What it reads, where that and the settings give the same rows again; None: its rows are in the journal.
    instruments, series : sequence
        What the source said it gives.
    has_history : bool
        Whether it can tell what was before its first row; where ``files`` is None, what it told is in the journal.
    """

    settings: Mapping[str, Any]
    files: tuple[FileHash, ...] | None
    instruments: tuple[Instrument, ...]
    series: tuple[str, ...]
    has_history: bool


@attrs.frozen(kw_only=True)
class Manifest:
    """What a run consists of.

    Attributes
    ----------
    run : str
        The run's id, which is the name of its folder.
    started : str
        When, by the wall clock (ISO 8601, UTC).
    config : str
        Absolute path of the config; what it held stands in the tables.
    tables : RunTables
        As every observer gets them.
    platform : dict
        Versions of Python and of the libraries that compute.
    processor : str
        Features of the processor that compiled code may use, sorted, with commas.
    inputs : dict
        By name of the source.
    plugin_files : tuple of FileHash
        Plugins that were loaded from files.
    epoch : int
        Counts the starts of one run; 0 for the first.
    """

    run: str
    started: str
    config: str
    tables: RunTables
    platform: Mapping[str, str]
    processor: str
    inputs: Mapping[str, Input]
    plugin_files: tuple[FileHash, ...]
    epoch: int = 0


def hash_file(path: Path) -> FileHash:
    """Hash a file.

    Raises
    ------
    TickloomError
        It cannot be read.
    """
    try:
        with path.open("rb") as file:
            digest = file_digest(file, "sha256")
            return FileHash(str(path.resolve()), file.tell(), digest.hexdigest())
    except OSError as error:
        raise TickloomError(f"{path}: cannot be read: {error.strerror}") from error


def this_platform() -> dict[str, str]:
    """Return the versions of Python and of the libraries that compute, by name."""
    return {"python": platform.python_version(), **{name: version(name) for name in _LIBRARIES}}


def this_processor() -> str:
    """Return the features of this processor that compiled code may use, sorted, with commas."""
    # Imported here: it takes long, and only a process that runs something needs it.
    from numba.core.codegen import get_host_cpu_features

    features = str(get_host_cpu_features()).split(",")
    return ",".join(sorted(one[1:] for one in features if one.startswith("+")))


def dump(manifest: Manifest) -> bytes:
    """Write a manifest as JSON."""
    return json.dumps({"format": FORMAT, **_plain(manifest)}, ensure_ascii=False).encode()


def load(text: bytes) -> Manifest:
    """Read a manifest.

    Raises
    ------
    TickloomError
        It is none, or one of a later format.
    """
    try:
        fields = json.loads(text)
        written = fields.pop("format")
        if written != FORMAT:
            raise TickloomError(f"the journal has format {written}, and this version of tickloom reads {FORMAT}")
        fields["tables"] = _tables(fields["tables"])
        fields["inputs"] = {name: _input(one) for name, one in fields["inputs"].items()}
        fields["plugin_files"] = tuple(FileHash(**one) for one in fields["plugin_files"])
        return Manifest(**fields)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TickloomError(f"its manifest cannot be read ({type(error).__name__}: {error})") from error


def _plain(value: Any) -> Any:
    """Make what JSON has types for out of what a manifest holds."""
    if isinstance(value, RunTables):
        fields = attrs.asdict(value, recurse=False)
        deposits = [[account, asset, units] for (account, asset), units in value.deposits.items()]
        return {name: _plain(one) for name, one in {**fields, "deposits": deposits}.items()}
    if attrs.has(type(value)):
        return {field.alias: _plain(getattr(value, field.name)) for field in attrs.fields(type(value)) if field.init}
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(one) for one in value]
    return str(value) if isinstance(value, Decimal | Path) else value


def _tables(fields: dict[str, Any]) -> RunTables:
    deposits = {(account, asset): units for account, asset, units in fields.pop("deposits")}
    instruments = [Instrument(**one) for one in fields.pop("instruments")]
    return RunTables(**fields, instruments=instruments, deposits=deposits)


def _input(fields: dict[str, Any]) -> Input:
    files = fields["files"]
    return Input(
        fields["settings"],
        None if files is None else tuple(FileHash(**one) for one in files),
        tuple(Instrument(**one) for one in fields["instruments"]),
        tuple(fields["series"]),
        fields["has_history"],
    )


def tables_as_json(tables: RunTables) -> dict[str, Any]:
    """Return the tables of a run as a manifest holds them: two that are equal here are equal."""
    plain: dict[str, Any] = json.loads(json.dumps(_plain(tables)))
    return plain
