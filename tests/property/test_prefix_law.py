"""The prefix law: what happens at a row depends on rows up to that one only, bit for bit. No look-ahead, provably."""

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from laws import MS, market
from worlds import BLOCKS, Tape, examples, order_of, run_streams, worlds

from tickloom.events import RunEnded
from tickloom.testing import Rows

#: As the config of the small world has it.
TAIL = 50 * MS


def cut(streams: Sequence[Rows], order: np.ndarray, count: int) -> list[Rows]:
    """Return the streams as they were when ``count`` rows of the run had come."""
    kept = order[:count]
    return [rows[: int((kept[:, 0] == source).sum())] for source, rows in enumerate(streams)]


def outcomes(tape: Tape, rows: int) -> list[tuple[int, int, bytes]]:
    """Row, time and bytes of what follows the first ``rows`` rows, without the end of the run itself."""
    return [
        (entry[0], entry[4].ts_init, line)  # type: ignore[attr-defined]  # every kind has a ts_init
        for entry, line in zip(tape.entries, tape.bytes, strict=True)
        if entry[0] < rows and not isinstance(entry[4], RunEnded)
    ]


@examples(20)
@given(worlds(most=60), st.floats(0.05, 1.0), st.sampled_from(BLOCKS))
def test_a_run_on_the_first_rows_is_the_beginning_of_the_run_on_all(world, share, block):
    streams = market(world["seed"], world["count"], world["gap"])
    order = order_of(streams)
    count = max(1, int(share * len(order)))
    first = cut(streams, order, count)
    full = outcomes(run_streams(world, streams)[0], count)
    short = outcomes(run_streams(world, first, block=block)[0], count)
    last = max(int(rows[-1, 0]) for rows in first if len(rows))
    # After its last row the short run waits for its tail; the full one goes on to its next row, be it near or far.
    same = [item for item in full if item[1] <= last + TAIL]
    assert short[: len(same)] == same
    assert all(row == count - 1 for row, _, _ in short[len(same) :])
