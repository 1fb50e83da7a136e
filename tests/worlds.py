"""How the laws run the small world of `laws`, in whatever split, and hold two runs against each other."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec
import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from laws import FEATURES, INSTRUMENTS, MS, OF_SOURCE, STRATEGIES, config, market
from loops import run_wired

from tickloom.engine.stream import Observer
from tickloom.events import Event
from tickloom.record import RunRecord
from tickloom.testing import Rows, RowSource

LATENCIES = (
    '{ out = "0ms", back = "0ms" }',
    '{ out = "3ms", back = "2ms" }',
    '{ kind = "random", out = "1ms", back = "1ms", jitter = "4ms" }',
)
CASTS = (
    ("quoter",),
    ("taker",),
    ("swinger",),
    ("quoter", "taker"),
    ("faulty", "quoter"),
    ("taker", "swinger"),
    ("quoter", "taker", "faulty", "swinger"),
)
BLOCKS = (1, 2, 7, 256, 1 << 16)
World = dict[str, Any]
#: Rows of each chunk, and how much its watermark promises.
Plan = list[tuple[int, int]]

plans = st.lists(st.tuples(st.integers(0, 25), st.integers(0, 3)), max_size=14)
splits = st.tuples(*[plans] * len(OF_SOURCE))


def examples(count: int) -> settings:
    """Set how many examples a law gets: so many, the same ones every time, or the many of a soak, at random."""
    soaking = settings.get_current_profile_name() == "soak"
    return settings() if soaking else settings(max_examples=count)


def worlds(most: int = 110, casts: Sequence[tuple[str, ...]] = CASTS) -> st.SearchStrategy[World]:
    """Draw worlds of up to ``most`` rows per stream."""
    return st.fixed_dictionaries(
        {
            "seed": st.integers(0, 10**6),
            "count": st.integers(4, most),
            "gap": st.sampled_from([1, 3, 20]),
            "latency": st.sampled_from(LATENCIES),
            "names": st.sampled_from(casts),
            "on_fault": st.sampled_from(["stop", "stop", "halt"]),
        }
    )


class Tape(Observer):
    """An observer that keeps the whole outcome stream, feature vectors included, as bytes."""

    def __init__(self) -> None:
        self.entries: list[tuple[int, int, int, int, Event]] = []
        self.bytes: list[bytes] = []
        self._encode = msgspec.msgpack.Encoder().encode

    def event(self, row: int, sub: int, cause_row: int, cause_sub: int, event: Event) -> None:
        """Take an event down."""
        self.entries.append((row, sub, cause_row, cause_sub, event))
        self.bytes.append(self._encode((row, sub, cause_row, cause_sub, type(event).TYPE_ID, event)))


def promised(rows: Rows, plan: Plan) -> list[tuple[int, int | None]]:
    """Turn (count, strength) into (count, watermark): weak promises, and the strongest that is true."""
    at, made = 0, []
    for count, strength in plan:
        at = min(len(rows), at + count)
        strongest = int(rows[at, 0]) if at < len(rows) else int(rows[-1, 0]) + 3 * MS if len(rows) else 0
        made.append((count, strongest if strength > 1 else None))
    return made


def run_streams(
    world: World,
    streams: Sequence[Rows],
    plans: Sequence[Plan] | None = None,
    block: int = 1 << 16,
    plugins: Mapping[str, Callable[..., Any]] | None = None,
    observers: Sequence[Observer] = (),
) -> tuple[Tape, RunRecord]:
    """Run a world on given streams; the books must balance afterwards."""
    sources = {}
    for n, (name, rows) in enumerate(zip("abcde", streams, strict=True)):
        known = [INSTRUMENTS[i] for i in OF_SOURCE[n]]
        plan = promised(rows, plans[n]) if plans else []
        sources[name] = partial(RowSource, known, rows, plan, ["6ms"] if name == "e" else [])
    tape = Tape()
    text = config(world["names"], world["seed"], world["latency"], world.get("on_fault", "stop"))
    record = run_wired(text, {**sources, **STRATEGIES, **FEATURES, **(plugins or {})}, block, (*observers, tape))
    record.ledger.check()
    return tape, record


def run(world: World, plans: Sequence[Plan] | None = None, block: int = 1 << 16, **more: Any) -> tuple[Tape, RunRecord]:
    """Run a world: all rows of a source in one chunk, or split by a plan for each source."""
    return run_streams(world, market(world["seed"], world["count"], world["gap"]), plans, block, **more)


def difference(one: Tape, other: Tape) -> str:
    """Describe the first difference between two outcome streams, empty where there is none."""
    for n, (a, b) in enumerate(zip(one.bytes, other.bytes, strict=False)):
        if a != b:
            return f"entry {n}: {one.entries[n]} against {other.entries[n]}"
    if len(one.bytes) != len(other.bytes):
        return f"{len(one.bytes)} entries against {len(other.bytes)}"
    return ""


def order_of(streams: Sequence[Rows]) -> np.ndarray:
    """Return source and place of every row in the run's order: by ``ts_init``, then source, then place."""
    ts = np.concatenate([rows[:, 0] for rows in streams])
    source = np.repeat(np.arange(len(streams)), [len(rows) for rows in streams])
    place = np.concatenate([np.arange(len(rows)) for rows in streams])
    return np.column_stack((source, place))[np.lexsort((place, source, ts))]
