"""The latency line: one direction of one venue session, a ring of int64 words in which nothing overtakes.

Words 0 to 3: index of the first item, number of items, capacity (items), arrival of the newest item. Then the items.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

HEAD_WORDS = 4
#: Words in an item: arrival time, then what travels.
ITEM_WORDS = 11


def new_line(capacity: int) -> NDArray[np.int64]:
    """Return an empty line for ``capacity`` items in flight."""
    line = np.zeros(HEAD_WORDS + capacity * ITEM_WORDS, np.int64)
    line[2] = capacity
    line[3] = -(1 << 62)
    return line


@njit(cache=True, nogil=True)
def send(
    line: NDArray[np.int64],
    ts: int,
    p0: int,
    p1: int,
    p2: int,
    p3: int,
    p4: int,
    p5: int,
    p6: int,
    p7: int,
    p8: int,
    p9: int,
) -> int:
    """Put an item on the line.

    Parameters
    ----------
    line : int64
    ts : int
        When it would arrive if the line were empty (UNIX time in nanoseconds, UTC).
    p0 to p9 : int
        What travels.

    Returns
    -------
    int
        When it arrives: not before anything sent earlier. -1 where the line is full: `grown` makes a longer one.
    """
    if line[1] == line[2]:
        return -1
    arrival = max(ts, line[3])
    at = HEAD_WORDS + ((line[0] + line[1]) % line[2]) * ITEM_WORDS
    line[at] = arrival
    line[at + 1] = p0
    line[at + 2] = p1
    line[at + 3] = p2
    line[at + 4] = p3
    line[at + 5] = p4
    line[at + 6] = p5
    line[at + 7] = p6
    line[at + 8] = p7
    line[at + 9] = p8
    line[at + 10] = p9
    line[1] += 1
    line[3] = arrival
    return arrival


def grown(line: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return a line of twice the capacity with the same items in flight."""
    first, count, capacity = (int(x) for x in line[:3])
    longer = new_line(2 * capacity)
    items = line[HEAD_WORDS:].reshape(capacity, ITEM_WORDS)
    longer[HEAD_WORDS:].reshape(2 * capacity, ITEM_WORDS)[:count] = np.roll(items, -first, axis=0)[:count]
    longer[1] = count
    longer[3] = line[3]
    return longer


def receive(line: NDArray[np.int64]) -> list[int]:
    """Take the first item off the line: its arrival (UNIX time in nanoseconds, UTC) and what travelled."""
    first, count, capacity = line[:3].tolist()
    at = HEAD_WORDS + first * ITEM_WORDS
    item: list[int] = line[at : at + ITEM_WORDS].tolist()
    line[0] = (first + 1) % capacity
    line[1] = count - 1
    return item
