"""The latency line: one direction of one venue session, a ring of int64 words in which nothing overtakes.

A line draws its own latencies, in the order in which items are put on it: a fixed time, and on top of it an
exponentially distributed one where it has a jitter, cut at `LONGEST_JITTER` times that. Its generator is SplitMix64
(Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014), one word of state.
"""

import numpy as np
from numpy.typing import NDArray

from tickloom_kernels.intrinsics import inlined

#: Ring: index of the first item, number of items, items that fit.
FIRST = 0
COUNT = 1
CAPACITY = 2
#: Arrival of the item sent last: nothing arrives before it (UNIX time in nanoseconds, UTC).
NEWEST = 3
#: Arrival of the first item, `FOREVER` where there is none, and its number in the order of scheduling.
DUE = 4
NUMBER = 5
#: Smallest latency, mean of what chance adds (ns), and the state of the generator.
FIXED = 6
JITTER = 7
RANDOM = 8
#: Where the item that was taken last begins; its words stay until something is sent.
TAKEN = 9
HEAD_WORDS = 12

#: What travels: as many words as `send` takes.
PAYLOAD_WORDS = 11
#: Words in an item: arrival, number, what travels.
ITEM_WORDS = 2 + PAYLOAD_WORDS

FOREVER = 1 << 62
#: A random latency never exceeds its smallest by more than this many times the jitter.
LONGEST_JITTER = 20

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def new_line(capacity: int, fixed: int = 0, jitter: int = 0, seed: int = 0) -> NDArray[np.int64]:
    """Return an empty line.

    Parameters
    ----------
    capacity : int
        Items that fit before it must be `grown`.
    fixed, jitter : int
        Smallest latency, and the mean of what chance adds to it (ns).
    seed : int
        State of the generator at the start, 64 bits.
    """
    line = np.zeros(HEAD_WORDS + capacity * ITEM_WORDS, np.int64)
    line[CAPACITY] = capacity
    line[NEWEST] = -FOREVER
    line[DUE] = FOREVER
    line[FIXED] = fixed
    line[JITTER] = jitter
    line[RANDOM] = np.uint64(seed % (1 << 64)).astype(np.int64)
    return line


@inlined
def delay(line: NDArray[np.int64]) -> int:
    """Draw the latency of the next item (ns)."""
    if line[JITTER] == 0:
        return line[FIXED]
    state = np.uint64(line[RANDOM]) + _GOLDEN
    line[RANDOM] = np.int64(state)
    mixed = (state ^ (state >> np.uint64(30))) * _MIX_1
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _MIX_2
    mixed = mixed ^ (mixed >> np.uint64(31))
    # In (0, 1]: the logarithm of 0 is nobody's latency.
    share = (np.float64(mixed >> np.uint64(11)) + 1.0) * 2.0**-53
    extra = min(-np.log(share), np.float64(LONGEST_JITTER)) * line[JITTER]
    return line[FIXED] + np.int64(extra)


@inlined
def send(
    line: NDArray[np.int64],
    number: int,
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
    p10: int,
) -> bool:
    """Put an item on the line, which draws its latency.

    Parameters
    ----------
    line : int64
    number : int
        Of the item in the order of scheduling, over all lines of a run.
    ts : int
        When it sets out (UNIX time in nanoseconds, UTC); it arrives not before anything sent earlier.
    p0 to p10 : int
        What travels.

    Returns
    -------
    bool
        Whether there was room; where not, nothing has happened, and `grown` makes a longer line.
    """
    if line[COUNT] == line[CAPACITY]:
        return False
    arrival = max(ts + delay(line), line[NEWEST])
    line[NEWEST] = arrival
    at = HEAD_WORDS + ((line[FIRST] + line[COUNT]) % line[CAPACITY]) * ITEM_WORDS
    line[at] = arrival
    line[at + 1] = number
    line[at + 2] = p0
    line[at + 3] = p1
    line[at + 4] = p2
    line[at + 5] = p3
    line[at + 6] = p4
    line[at + 7] = p5
    line[at + 8] = p6
    line[at + 9] = p7
    line[at + 10] = p8
    line[at + 11] = p9
    line[at + 12] = p10
    if line[COUNT] == 0:
        line[DUE] = arrival
        line[NUMBER] = number
    line[COUNT] += 1
    return True


@inlined
def first(line: NDArray[np.int64]) -> int:
    """Where the words of the first item begin."""
    return HEAD_WORDS + line[FIRST] * ITEM_WORDS


@inlined
def take(line: NDArray[np.int64]) -> int:
    """Take the first item off the line; return where its words begin."""
    at = first(line)
    line[TAKEN] = at
    line[FIRST] = (line[FIRST] + 1) % line[CAPACITY]
    line[COUNT] -= 1
    if line[COUNT] == 0:
        line[DUE] = FOREVER
    else:
        line[DUE] = line[first(line)]
        line[NUMBER] = line[first(line) + 1]
    return at


def grown(line: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return a line of twice the capacity with the same items in flight."""
    begin, count, capacity = (int(x) for x in line[:3])
    longer = new_line(2 * capacity)
    items = line[HEAD_WORDS:].reshape(capacity, ITEM_WORDS)
    longer[HEAD_WORDS:].reshape(2 * capacity, ITEM_WORDS)[:count] = np.roll(items, -begin, axis=0)[:count]
    longer[COUNT] = count
    longer[NEWEST:HEAD_WORDS] = line[NEWEST:HEAD_WORDS]
    return longer


def receive(line: NDArray[np.int64]) -> list[int]:
    """Take the first item off the line: its arrival (UNIX time in nanoseconds, UTC), its number, what travelled."""
    at = take(line)
    item: list[int] = line[at : at + ITEM_WORDS].tolist()
    return item
