"""Captured streams on disk: gzip, one message per line, ``<local receive time, ns> <message>``.

A capture may end in the middle (its writer was killed, a disk was full): everything before that is used. So the
compressed bytes are read in pieces, and a piece that cannot be inflated ends the file instead of raising.
"""

import zlib
from collections.abc import Iterator
from pathlib import Path

#: Compressed bytes per step: some hundred kilobytes of text, a few thousand rows.
_PIECE = 1 << 16
#: zlib's flag for a gzip header.
_GZIP = 31


class Capture:
    """The lines of one file, in blocks, with how far it has been read and whether it ended as it should.

    Parameters
    ----------
    path : Path
        The file.

    Attributes
    ----------
    size, consumed : int
        Compressed bytes of the file, and how many of them have been read.
    truncated : bool
        The file ended in the middle, or its rest cannot be inflated. Known after the last block.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.size = path.stat().st_size
        self.consumed = 0
        self.truncated = False

    def blocks(self) -> Iterator[list[bytes]]:
        """Yield lists of whole lines, without their ends.

        A last line without an end is yielded where the file ended as it should; else it is part of what is missing.
        """
        rest = b""
        for text in self._inflated():
            *lines, rest = (rest + text).split(b"\n")
            if lines:
                yield lines
        if rest and not self.truncated:
            yield [rest]

    def _inflated(self) -> Iterator[bytes]:
        """Yield the text in pieces; a file may hold several gzip members one after the other."""
        inflate, inside = zlib.decompressobj(_GZIP), False
        with self._path.open("rb") as file:
            while piece := file.read(_PIECE):
                self.consumed += len(piece)
                try:
                    while piece:
                        yield inflate.decompress(piece)
                        inside, piece = not inflate.eof, inflate.unused_data
                        if not inside:
                            inflate = zlib.decompressobj(_GZIP)
                except zlib.error:
                    self.truncated = True
                    return
        self.truncated = inside
