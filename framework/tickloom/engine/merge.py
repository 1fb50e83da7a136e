"""Several sources, one order of rows: release what can no longer be preceded by anything."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from tickloom_kernels import rows as r

Rows = NDArray[np.int64]
FOREVER = 1 << 62
_EMPTY = np.empty((0, r.WORDS), np.int64)


class Feed:
    """One source as the merge sees it: its chunks with run-wide indices, what is waiting, and its promise.

    Parameters
    ----------
    chunks : iterator of (rows, watermark)
        `tickloom.interfaces.Source.chunks`.
    index : int
        The source's place in the config.
    instruments, series : sequence of int
        The run's index of each of the source's own instruments and bar series.
    """

    def __init__(
        self, chunks: Iterator[tuple[Rows, int]], index: int, instruments: Sequence[int], series: Sequence[int]
    ) -> None:
        self._chunks = chunks
        self._index = index
        self._instruments = np.array([*instruments, -1], np.int64)
        self._series = np.array([*series, -1], np.int64)
        self._renamed = index > 0 or list(instruments) != list(range(len(instruments))) or bool(series)
        self.waiting = _EMPTY
        self.watermark = -FOREVER
        #: Called once, before the first row is handed over, with its ``ts_init``.
        self.before_first: Callable[[int], None] | None = None

    def pull(self) -> None:
        """Take the next chunk, or promise that nothing comes any more."""
        item = next(self._chunks, None)
        if item is None:
            self.watermark = FOREVER
            return
        rows, self.watermark = item
        if len(rows):
            if self.before_first is not None:
                self.before_first(int(rows[0, r.TS_INIT]))
                self.before_first = None
            rows = self.named(rows)
            self.waiting = np.concatenate((self.waiting, rows)) if len(self.waiting) else rows

    def named(self, rows: Rows) -> Rows:
        """Return rows of the source with the run's indices."""
        if not self._renamed:
            return rows
        rows = rows.copy()
        rows[:, r.INSTRUMENT] = self._instruments[rows[:, r.INSTRUMENT]]
        bars = rows[:, r.KIND] == r.BAR
        rows[bars, r.BAR_SERIES] = self._series[rows[bars, r.BAR_SERIES]]
        rows[rows[:, r.KIND] == r.SOURCE_STATUS, r.SOURCE_SOURCE] = self._index
        return rows

    def take(self, bound: int) -> Rows:
        """Take what waits with ``ts_init <= bound`` (UNIX time in nanoseconds, UTC)."""
        count = int(np.searchsorted(self.waiting[:, r.TS_INIT], bound, "right"))
        taken, self.waiting = self.waiting[:count], self.waiting[count:]
        return taken


def merged(feeds: Sequence[Feed]) -> Iterator[tuple[Rows, int]]:
    """Merge feeds by (``ts_init``, order of the sources, order within a source).

    A row at t is released when every earlier source has a watermark above t and every later one at least t.

    Yields
    ------
    (rows, watermark)
        Rows in the run's order, and the time below which nothing can come any more (UNIX time in nanoseconds, UTC).
    """
    while any(feed.watermark < FOREVER for feed in feeds) or any(len(feed.waiting) for feed in feeds):
        lowest = min(feeds, key=lambda feed: feed.watermark)
        if lowest.watermark < FOREVER:
            lowest.pull()
        parts = []
        for s, feed in enumerate(feeds):
            earlier = min((other.watermark for other in feeds[:s]), default=FOREVER)
            later = min((other.watermark for other in feeds[s + 1 :]), default=FOREVER)
            parts.append(feed.take(min(earlier - 1, later)))
        filled = [part for part in parts if len(part)]
        watermark = min(feed.watermark for feed in feeds)
        if not filled:
            yield _EMPTY, watermark
        elif len(filled) == 1:
            yield filled[0], watermark
        else:
            rows = np.concatenate(filled)
            # Stable: at one instant the order of the sources holds.
            yield rows[np.argsort(rows[:, r.TS_INIT], kind="stable")], watermark
