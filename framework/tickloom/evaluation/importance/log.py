"""Keeps what features were worth, window after window, so that the one that falls in rank is seen."""

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

import msgspec

from tickloom.evaluation.importance.measure import Importance
from tickloom.storage.environment import Environment

_TABLE = "importance"
_KEY = struct.Struct(">Q")


class ImportanceLog:
    """Records of importance on disk, in the order in which they came; nothing is ever changed.

    Parameters
    ----------
    folder : Path
    write : bool
        Whether to append; there is one writer at a time.

    Raises
    ------
    TickloomError
        As `tickloom.storage.environment.Environment`.
    """

    def __init__(self, folder: Path, write: bool = False) -> None:
        self._env = Environment(folder, write)

    def append(self, records: Sequence[Importance]) -> None:
        """Keep records, all or none of them; when this returns, the disk has them."""
        last = self._env.last_before(_TABLE, b"\xff" * _KEY.size)
        first = _KEY.unpack(last[0])[0] + 1 if last else 0
        self._env.write((_TABLE, _KEY.pack(first + n), msgspec.msgpack.encode(one)) for n, one in enumerate(records))
        self._env.sync()

    def records(self, model: str = "", kind: str = "") -> Iterator[Importance]:
        """Yield the records, the oldest first; of one model or one kind where that is named."""
        for _, value in self._env.items(_TABLE):
            record = msgspec.msgpack.decode(value, type=Importance)
            if (not model or record.model == model) and (not kind or record.kind == kind):
                yield record

    def close(self) -> None:
        """Let go of the files."""
        self._env.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
