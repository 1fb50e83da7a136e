"""Compiled strategies on levels and trades with queue position; `peers/hftbacktest_bench.py` is the same for a peer."""

import os
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from compiled import CONFIG, PERP, Cross, Quoter, feed
from measure import ratio
from numpy.typing import NDArray

from tickloom.testing import RowSource, prepare
from tickloom_kernels import rows as r
from tickloom_kernels.market import book, newest

ROWS = 1_000_000


def timed(strategy: type, rows: NDArray[np.int64]) -> float:
    """Run and time it, wiring apart."""
    plan = [(1 << 16, None)] * (len(rows) // (1 << 16) + 1)
    source = partial(RowSource, [PERP], rows, plan)
    text = CONFIG.format(
        latency='{ out = "1ms", back = "1ms" }', risk='max_position = "10"', deposits='["1000000 USDT"]'
    )
    run = prepare(text, {"feed": source, "strategy": strategy})
    started = time.perf_counter()
    run.execute()
    return time.perf_counter() - started


def only_the_book(rows: NDArray[np.int64]) -> None:
    """Keep a book, and do nothing else: what no engine on levels can do without."""
    newest.follow(np.zeros((1, 3, r.WORDS), np.int64), np.zeros(book.BOOK_WORDS, np.int64), rows, 0, len(rows))


class SlowCross(Cross):
    """The peer's averages: of 50 and 2,000 mids, warm after 2,000."""

    def kernel_state(self) -> NDArray[np.float64]:
        return np.array([0.0, 0.0, 0.0, 0.0, 2 / 51, 2 / 2_001, 2_000.0])


@pytest.mark.parametrize("strategy", [SlowCross, Quoter])
def test_a_compiled_strategy_on_levels_and_trades(benchmark: Any, strategy: type) -> None:
    """The bare loop keeps the book; set TICKLOOM_ROWS to a file name to keep the rows for the peer's script."""
    rows = feed(ROWS, 7)
    if "TICKLOOM_ROWS" in os.environ:
        np.save(Path(os.environ["TICKLOOM_ROWS"]), rows)
    slower = ratio(benchmark, lambda: timed(strategy, rows), lambda: only_the_book(rows), units=ROWS, rounds=3)
    assert slower > 0
