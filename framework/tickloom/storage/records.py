"""Parsed market rows kept on disk, so that reading the same file a second time only maps it into memory.

A file is a header of eight uint64 words (a mark, the number of rows, their checksum, zeros) and then the rows as they
are in memory. It is written under another name and renamed when it is whole. A file that is shorter than it says, or
whose checksum differs, is not used. Nothing here is ever needed: the folder may be deleted at any time, which is also
how its size is kept small, and one that cannot be written costs a warning and the time of parsing again.
"""

import hashlib
import logging
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from tickloom_kernels import rows as r

_log = logging.getLogger(__name__)

_HEADER_WORDS = 8
#: The first word of a whole file: the letters ``tickrow1``.
_MARK = int.from_bytes(b"tickrow1", "little")
#: One odd factor per word of a row: any change of a single word changes the checksum.
_FACTORS = np.arange(1, r.WORDS + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) | np.uint64(1)
#: Rows that are summed up at a time, which keeps the intermediate products in the processor's cache.
_BLOCK = 16_384

Chunks = Iterator[tuple[NDArray[np.int64], int]]


def default_folder() -> Path:
    """Folder of kept rows: ``tickloom/records`` in ``$XDG_CACHE_HOME``, or in ``~/.cache`` where that is not set."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tickloom" / "records"


def content_key(path: Path, *settings: str) -> str:
    """Name what a file's content becomes under some settings.

    Parameters
    ----------
    path : Path
        A file; its name and age do not matter.
    *settings : str
        Everything else that decides which rows are made of it, the revision of the parser included.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    for setting in settings:
        digest.update(hashlib.sha256(setting.encode()).digest())
    return digest.hexdigest()


def load(folder: Path, key: str) -> NDArray[np.int64] | None:
    """Map kept rows into memory.

    Parameters
    ----------
    folder : Path
        Where rows are kept.
    key : str
        Their name.

    Returns
    -------
    int64, shape (n, 12), or None
        None where there are none, or none that are whole (that is logged). What a caller writes into the rows stays
        in memory.
    """
    path = _place(folder, key)
    try:
        header = np.fromfile(path, np.uint64, _HEADER_WORDS)
        size = path.stat().st_size
    except FileNotFoundError:
        return None
    except OSError as error:
        _log.warning("kept rows %s cannot be read (%s): parsing again", path, error.strerror)
        return None
    if len(header) == _HEADER_WORDS and header[0] == _MARK and size == header.nbytes + int(header[1]) * 8 * r.WORDS:
        rows = np.memmap(path, np.int64, "c", header.nbytes, (int(header[1]), r.WORDS)).view(np.ndarray)
        if _checksum(rows, 0) == header[2]:
            return rows
    _log.warning("kept rows %s are damaged: parsing again", path)
    return None


def keep(folder: Path, key: str, chunks: Chunks) -> Chunks:
    """Let chunks pass, and keep a copy of their rows once the last one has passed.

    Parameters
    ----------
    folder : Path
        Where rows are kept; made where it is missing.
    key : str
        What `load` will find them by.
    chunks : iterator of (rows, watermark)
        ``rows`` : int64, shape (n, 12).

    Yields
    ------
    rows, watermark
        The same. Where nothing can be written, that is logged once, and the chunks pass all the same.
    """
    part = _Part(folder, key)
    try:
        for rows, watermark in chunks:
            part.add(rows)
            yield rows, watermark
        part.finish()
    finally:
        part.drop()


class _Part:
    """The copy while it is being written: after the first error of the system it only says so and does nothing more."""

    def __init__(self, folder: Path, key: str) -> None:
        self._place = _place(folder, key)
        # Two runs, or two sources of one run, may write the same rows at the same time.
        self._path = folder / f"{key}.{uuid4().hex}.part"
        self._count = 0
        self._sum = 0
        self._file: BinaryIO | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("wb")
            self._file.write(bytes(8 * _HEADER_WORDS))
        except OSError as error:
            self._give_up(error)

    def add(self, rows: NDArray[np.int64]) -> None:
        """Write rows."""
        if self._file is None:
            return
        self._sum = (self._sum + _checksum(rows, self._count)) % 2**64
        self._count += len(rows)
        try:
            self._file.write(np.ascontiguousarray(rows).data)
        except OSError as error:
            self._give_up(error)

    def finish(self) -> None:
        """Write the header, which makes the file whole, and give it its name."""
        if self._file is None:
            return
        header = np.zeros(_HEADER_WORDS, np.uint64)
        header[:3] = _MARK, self._count, self._sum
        try:
            self._file.seek(0)
            self._file.write(header.data)
            self._file.close()
            self._path.replace(self._place)
        except OSError as error:
            self._give_up(error)
        self._file = None

    def drop(self) -> None:
        """Remove what was written, if it never became whole."""
        if self._file is not None:
            self._file.close()
            self._path.unlink(missing_ok=True)
            self._file = None

    def _give_up(self, error: OSError) -> None:
        """Go on without a copy."""
        _log.warning(
            "parsed rows cannot be kept in %s (%s): the next run parses again", self._place.parent, error.strerror
        )
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):  # a full disk refuses the rest of the buffer, too
                file.close()
            self._path.unlink(missing_ok=True)


def _place(folder: Path, key: str) -> Path:
    return folder / f"{key}.rows"


def _checksum(rows: NDArray[np.int64], first: int) -> int:
    """Sum up rows, each weighted with its place, so that no word and no order of rows can change unseen.

    Parameters
    ----------
    rows : int64, shape (n, 12)
        A stretch of the rows of a file.
    first : int
        Place of the first of them.

    Returns
    -------
    int
        Modulo 2**64. The checksums of stretches add up to that of the whole.
    """
    total = 0
    for start in range(0, len(rows), _BLOCK):
        words = rows[start : start + _BLOCK].view(np.uint64)
        weights = np.arange(2 * (first + start) + 1, 2 * (first + start + len(words)) + 1, 2, dtype=np.uint64)
        total += int(((words @ _FACTORS) * weights).sum())
    return total % 2**64
