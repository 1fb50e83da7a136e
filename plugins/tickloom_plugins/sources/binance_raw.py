"""Raw captures of Binance streams: one gzip file of one instrument, as the exchange sent it, made into rows.

Each line is ``<receive time, UNIX nanoseconds> <message>``; `tickloom_plugins.dialects.binance` knows the messages
and the rules by which differences continue a snapshot. What was parsed once is kept on disk under the hash of the
file's content, so that the next run only maps it into memory.

What cannot be used is left out and told as a SOURCE_STATUS row whose place is the line, counted from 1; the table of
reasons stands in `tickloom_plugins.dialects.binance_reader`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from tickloom import events
from tickloom.errors import DataError
from tickloom.instruments import Instrument
from tickloom.storage import records
from tickloom.units import expand
from tickloom_kernels import rows as r
from tickloom_plugins.dialects import binance, binance_instruments
from tickloom_plugins.dialects.binance_reader import REVISION, Reader
from tickloom_plugins.dialects.capture import Capture

#: Rows of one chunk at most.
CHUNK = 65_536

Chunks = Iterator[tuple[NDArray[np.int64], int]]


def _expanded(path: Path) -> Path:
    return expand(str(path))


@attrs.define
class BinanceRaw:
    """A capture of one instrument. Several captures are several sources; the run merges them.

    Attributes
    ----------
    path : Path
        The capture, gzip. Environment variables are expanded.
    cache : Path or None
        Folder of parsed rows, ``tickloom/records`` in the user's cache folder by default; None keeps nothing.
    instrument : dict
        Facts of the instrument (`Instrument`'s fields) that stand above the known ones, or make an unknown one known.
    """

    path: Path = attrs.field(converter=_expanded)
    cache: Path | None = attrs.field(factory=records.default_folder, converter=attrs.converters.optional(_expanded))
    instrument: dict[str, Any] = attrs.field(factory=dict)
    _progress: float = attrs.field(default=0.0, init=False)
    _known: tuple[str, str, Instrument] | None = attrs.field(default=None, init=False)

    @property
    def instruments(self) -> tuple[Instrument]:
        """The capture's one instrument, from the first message that shows it.

        Raises
        ------
        DataError
            The file cannot be opened, holds no message, or its symbol is not known.
        ConfigError
            A fact given in ``instrument`` is invalid.
        """
        return (self._identified()[2],)

    @property
    def series(self) -> tuple[str, ...]:
        """No bars."""
        return ()

    def progress(self) -> float:
        """Part of the capture that has been handed over, 0 to 1."""
        return self._progress

    def files(self) -> tuple[Path]:
        """Return the capture; kept rows follow from it."""
        return (self.path,)

    def chunks(self) -> Chunks:
        """Yield rows and watermarks as `tickloom.interfaces.Source` says; the kept rows where there are any."""
        self._progress = 0.0
        market, symbol, instrument = self._identified()
        if self.cache is None:
            yield from self._parsed(market, symbol, instrument)
        else:
            key = records.content_key(self.path, _revisions(), repr(instrument))
            kept = records.load(self.cache, key)
            if kept is None:
                yield from records.keep(self.cache, key, self._parsed(market, symbol, instrument))
            else:
                yield from self._stored(kept)
        self._progress = 1.0

    def _stored(self, rows: NDArray[np.int64]) -> Chunks:
        """Cut kept rows into chunks."""
        for chunk in _cut(rows):
            yield chunk
            self._progress += len(chunk[0]) / len(rows)

    def _parsed(self, market: str, symbol: str, instrument: Instrument) -> Chunks:
        """Parse the capture block by block, so that the first rows are there long before the last are read."""
        capture = Capture(self.path)
        reader = Reader(symbol, market != "spot", instrument)
        for lines in capture.blocks():
            yield from _cut(reader.read(lines))
            self._progress = capture.consumed / capture.size
        yield from _cut(reader.end(capture.truncated))

    def _identified(self) -> tuple[str, str, Instrument]:
        """Look at the head of the file: market, symbol, instrument."""
        if self._known is None:
            market, symbol = _head(self.path)
            try:
                self._known = market, symbol, binance_instruments.instrument(market, symbol, self.instrument)
            except DataError as error:
                raise DataError(f"{self.path}: {error}") from error
        return self._known


def _head(path: Path) -> tuple[str, str]:
    """Find market and symbol in the first message of a capture that shows them."""
    try:
        for lines in Capture(path).blocks():
            for line in lines:
                found = binance.identify(line.partition(b" ")[2])
                if found is not None:
                    return found
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    raise DataError(f"{path}: no message of a Binance stream in it (expected: gzip, lines of '<receive time> <JSON>')")


def _cut(rows: NDArray[np.int64]) -> Chunks:
    """Cut rows into chunks with their watermarks."""
    for start in range(0, len(rows), CHUNK):
        chunk = rows[start : start + CHUNK]
        yield chunk, int(chunk[-1, r.TS_INIT])


def _revisions() -> str:
    """Everything that decides which rows are made of the same bytes."""
    kinds = (events.Trade, events.Quote, events.BookDelta, events.SourceStatus)
    return f"binance_raw {REVISION} {[kind.REVISION for kind in kinds]}"
