"""Watches that a book is never crossed: a bid at or above an ask after a whole update means that something is wrong."""

from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

from tickloom.codes import BadInput, Feed
from tickloom_kernels import rows as r

#: Stands at the end of the asks; the bids end with 0. Two ends never cross.
_NO_ASK = 2**62


class CrossedCheck:
    """Follows the best prices of one instrument's book through its rows."""

    def __init__(self) -> None:
        self._empty()

    def _empty(self) -> None:
        """Begin with an empty book."""
        #: Price of every ask, and minus the price of every bid: the sign is the side, the lowest of a side the best.
        self._live = {0, _NO_ASK}
        #: The same by side, as heaps; they also hold prices that are gone.
        self._bids, self._asks = [0], [_NO_ASK]
        self._crossed = False

    def told(self, rows: NDArray[np.int64], places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Tell when the book becomes crossed, and when that is over.

        Parameters
        ----------
        rows : int64, shape (n, 12)
            The next rows of the instrument, in order.
        places : int64, shape (n,)
            Place in the input of each row.

        Returns
        -------
        int64, shape (m, 12)
            The same rows; after the update that crossed the book a SOURCE_STATUS row (GAP, CROSSED_BOOK), after the
            update that put it right another (RECOVERED).
        """
        deltas = np.flatnonzero(rows[:, r.KIND] == r.BOOK_DELTA)
        flags = rows[deltas, r.DELTA_FLAGS]
        changes: list[tuple[int, bool]] = []
        # Between two rows that empty the book all updates are alike.
        for part in np.split(deltas, np.flatnonzero(flags & r.FLAG_CLEAR)):
            changes += self._changes(rows, part)
        if not changes:
            return rows
        ends, crossed = np.array(changes, np.int64).T
        return np.insert(rows, ends + 1, _news(rows[ends], places[ends], crossed), 0)

    def _changes(self, rows: NDArray[np.int64], deltas: NDArray[np.int64]) -> list[tuple[int, bool]]:
        """Apply the BOOK_DELTA rows ``deltas``, and list where the book became crossed, or was crossed no more."""
        if len(deltas) and rows[deltas[0], r.DELTA_FLAGS] & r.FLAG_CLEAR:
            # A book that is emptied because it cannot be trusted is not crossed any more, but no better for it.
            self._empty()
            deltas = deltas[1:]
        changes = []
        live, bids, asks = self._live, self._bids, self._asks
        keys = -rows[deltas, r.DELTA_SIDE] * rows[deltas, r.DELTA_PRICE]
        there = rows[deltas, r.DELTA_QUANTITY] > 0
        ends = np.flatnonzero(rows[deltas, r.DELTA_FLAGS] & r.FLAG_LAST)
        present, gone = keys[there].tolist(), keys[~there].tolist()
        first_present = first_gone = 0
        stops = zip(
            np.cumsum(there)[ends].tolist(), np.cumsum(~there)[ends].tolist(), deltas[ends].tolist(), strict=True
        )
        for stop_present, stop_gone, at in stops:
            live.difference_update(gone[first_gone:stop_gone])
            new = [key for key in present[first_present:stop_present] if key not in live]
            first_present, first_gone = stop_present, stop_gone
            live.update(new)
            for key in new:
                heappush(bids if key < 0 else asks, key)
            # A price that is gone stands in its heap until it is looked for, so the best of a heap is never too bad.
            if (self._crossed or bids[0] + asks[0] <= 0) and self._is_crossed() != self._crossed:
                self._crossed = not self._crossed
                changes.append((at, self._crossed))
        self._shrink()
        return changes

    def _is_crossed(self) -> bool:
        """Compare the best prices."""
        live, bids, asks = self._live, self._bids, self._asks
        while bids[0] not in live:
            heappop(bids)
        while asks[0] not in live:
            heappop(asks)
        return bids[0] + asks[0] <= 0

    def _shrink(self) -> None:
        """Rid the heaps of prices that are gone, where these are most of them."""
        if len(self._bids) + len(self._asks) > 2 * len(self._live) + 10_000:
            self._bids = sorted(key for key in self._live if key <= 0)
            self._asks = sorted(key for key in self._live if key > 0)


def _news(rows: NDArray[np.int64], places: NDArray[np.int64], crossed: NDArray[np.int64]) -> NDArray[np.int64]:
    """Make the SOURCE_STATUS rows that follow some rows."""
    news = np.zeros_like(rows)
    news[:, : r.PAYLOAD] = rows[:, : r.PAYLOAD]
    news[:, r.SOURCE_FEED] = np.where(crossed != 0, Feed.GAP, Feed.RECOVERED)
    news[:, r.SOURCE_REASON] = np.where(crossed != 0, BadInput.CROSSED_BOOK, BadInput.NONE)
    news[:, r.SOURCE_PLACE] = places
    news[:, r.KIND] = r.SOURCE_STATUS
    return news
