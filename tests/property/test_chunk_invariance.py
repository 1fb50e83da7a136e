"""The law that makes backtest and live one program: any split of the input gives the same outcome stream."""

from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import INSTRUMENTS, MS, STRATEGIES, config, market

from tickloom.testing import Finished, RowSource, run_text

LATENCIES = (
    '{ out = "0ms", back = "0ms" }',
    '{ out = "3ms", back = "2ms" }',
    '{ kind = "random", out = "1ms", back = "1ms", jitter = "4ms" }',
)
OF_SOURCE = ((0,), (1,), (0,), (2,))
Plan = list[tuple[int, int]]

plans = st.lists(st.tuples(st.integers(0, 25), st.integers(0, 3)), max_size=14)
worlds = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 10**6),
        "count": st.integers(4, 110),
        "gap": st.sampled_from([1, 3, 20]),
        "latency": st.sampled_from(LATENCIES),
        "names": st.sampled_from(
            [("quoter",), ("taker",), ("quoter", "taker"), ("faulty", "quoter"), ("quoter", "taker", "faulty")]
        ),
    }
)


def promised(rows: np.ndarray, plan: Plan) -> list[tuple[int, int | None]]:
    """Turn (count, strength) into (count, watermark): weak promises, and the strongest that is true."""
    at, made = 0, []
    for count, strength in plan:
        at = min(len(rows), at + count)
        strongest = int(rows[at, 0]) if at < len(rows) else int(rows[-1, 0]) + 3 * MS
        made.append((count, strongest if strength > 1 else None))
    return made


def run(world: dict[str, Any], splits: list[Plan] | None, block: int) -> Finished:
    streams = market(world["seed"], world["count"], world["gap"])
    sources = {}
    for n, (name, rows) in enumerate(zip("abcd", streams, strict=True)):
        known = [INSTRUMENTS[i] for i in OF_SOURCE[n]]
        plan = promised(rows, splits[n]) if splits else []
        sources[name] = partial(RowSource, known, rows, plan)
    text = config(world["names"], world["seed"], world["latency"])
    finished = run_text(text, {**sources, **STRATEGIES}, block)
    finished.record.ledger.check()
    return finished


def assert_same(one: Finished, other: Finished) -> None:
    for a, b, entry, twin in zip(one.stream, other.stream, one.record.entries, other.record.entries, strict=False):
        assert a == b, (entry, twin)
    assert len(one.stream) == len(other.stream)
    assert one.record.status == other.record.status == "ended"


@settings(max_examples=60)
@given(worlds, st.tuples(plans, plans, plans, plans), st.sampled_from([1, 2, 7, 256, 1 << 16]))
def test_any_split_and_any_block_give_the_same_outcome_stream(world, splits, block):
    """The oracle is stepping: all rows in one chunk, blocks of one row."""
    assert_same(run(world, None, 1), run(world, list(splits), block))


@pytest.mark.parametrize("names", [("quoter",), ("taker",), ("quoter", "taker", "faulty")])
def test_the_small_world_trades_enough_to_prove_something(names):
    world = {"seed": 3, "count": 110, "gap": 3, "latency": LATENCIES[1], "names": names}
    record = run(world, None, 1 << 16).record
    kinds = {type(entry.event).__name__ for entry in record.entries}
    assert {"SubmitOrder", "OrderUpdate", "Fill"} <= kinds
