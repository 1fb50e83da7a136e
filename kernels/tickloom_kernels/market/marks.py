"""What prices did during a run, kept small: a price per cell of time and instrument, with its extremes.

Cells start short and double in length whenever a run outgrows them, so that memory is bounded and the first, highest,
lowest and last price of any stretch of cells stay exact. Prices are twice the mid (bid + ask, ticks), or twice the
last price where there are no quotes.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tickloom_kernels import rows as r
from tickloom_kernels.intrinsics import borrowed

CELLS = 8192
#: Words of a cell: its end (UNIX time in nanoseconds, UTC), first, highest, lowest, last price.
CELL_WORDS = 5
#: Length of a cell at the start of a run (ns).
FIRST_LENGTH = 1_000_000


@njit(cache=True, nogil=True)
def double(cells: NDArray[np.int64], counts: NDArray[np.int64], length: int) -> int:
    """Merge cells, so that each is twice ``length`` long; return the new length."""
    longer = 2 * length
    for i in range(cells.shape[0]):
        kept = 0
        for j in range(counts[i]):
            end = (cells[i, j, 0] + longer - 1) // longer * longer
            if kept > 0 and cells[i, kept - 1, 0] == end:
                cells[i, kept - 1, 2] = max(cells[i, kept - 1, 2], cells[i, j, 2])
                cells[i, kept - 1, 3] = min(cells[i, kept - 1, 3], cells[i, j, 3])
                cells[i, kept - 1, 4] = cells[i, j, 4]
            else:
                # Word by word: assigning a row costs seconds of compilation.
                for w in range(1, CELL_WORDS):
                    cells[i, kept, w] = cells[i, j, w]
                cells[i, kept, 0] = end
                kept += 1
        counts[i] = kept
    return longer


@njit(cache=True, nogil=True)
def mark(
    cells: NDArray[np.int64],
    counts: NDArray[np.int64],
    quoted: NDArray[np.int64],
    kinds: NDArray[np.int64],
    length: int,
    rows: NDArray[np.int64],
    n: int,
) -> int:
    """Step through rows, count them, and keep their prices.

    Parameters
    ----------
    cells : int64, shape (instruments, CELLS, CELL_WORDS)
    counts : int64, shape (instruments,)
        Cells in use.
    quoted : int64, shape (instruments,)
        1 once an instrument has had a quote: from then on trades and bars do not mark it.
    kinds : int64, shape (64,)
        Rows of each kind so far.
    length : int
        Length of a cell (ns).
    rows : int64, shape (n, 12)

    Returns
    -------
    int
        Length of a cell after these rows (ns).
    """
    cells, counts, quoted = borrowed(cells), borrowed(counts), borrowed(quoted)
    kinds, rows = borrowed(kinds), borrowed(rows)
    for k in range(n):
        kind = rows[k, r.KIND]
        i = rows[k, r.INSTRUMENT]
        kinds[kind] += 1
        if i < 0 or kind > r.BAR or kind == r.BOOK_DELTA:
            continue
        if kind == r.QUOTE:
            if rows[k, r.QUOTE_BID_QUANTITY] == 0 or rows[k, r.QUOTE_ASK_QUANTITY] == 0:
                continue
            quoted[i] = 1
            high = low = last = rows[k, r.QUOTE_BID_PRICE] + rows[k, r.QUOTE_ASK_PRICE]
            first = last
        elif quoted[i] == 1:
            continue
        elif kind == r.TRADE:
            first = high = low = last = 2 * rows[k, r.TRADE_PRICE]
        else:
            first = 2 * rows[k, r.BAR_OPEN]
            high = 2 * rows[k, r.BAR_HIGH]
            low = 2 * rows[k, r.BAR_LOW]
            last = 2 * rows[k, r.BAR_CLOSE]
        end = (rows[k, r.TS_INIT] // length + 1) * length
        c = counts[i]
        if c > 0 and cells[i, c - 1, 0] == end:
            cells[i, c - 1, 2] = max(cells[i, c - 1, 2], high)
            cells[i, c - 1, 3] = min(cells[i, c - 1, 3], low)
            cells[i, c - 1, 4] = last
            continue
        while counts[i] == CELLS:
            length = double(cells, counts, length)
        end = (rows[k, r.TS_INIT] // length + 1) * length
        c = counts[i]
        if c > 0 and cells[i, c - 1, 0] == end:
            cells[i, c - 1, 2] = max(cells[i, c - 1, 2], high)
            cells[i, c - 1, 3] = min(cells[i, c - 1, 3], low)
            cells[i, c - 1, 4] = last
        else:
            cells[i, c, 0] = end
            cells[i, c, 1] = first
            cells[i, c, 2] = high
            cells[i, c, 3] = low
            cells[i, c, 4] = last
            counts[i] = c + 1
    return length


@njit(cache=True, nogil=True)
def kinds(rows: NDArray[np.int64], n: int) -> int:
    """Return the kinds among rows: bit k is set where a row of type id k is there."""
    found = 0
    for k in range(n):
        found |= 1 << rows[k, r.KIND]
    return found
