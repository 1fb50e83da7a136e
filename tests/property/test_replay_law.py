"""The law of replay: the journalled inputs give the same outcome stream, byte for byte, through Python plugins too."""

import itertools
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st
from journals import again, folder, journal_world, kept, world_sources
from laws import MS
from worlds import Tape, examples, splits, worlds

from tickloom.engine.stream import Observer
from tickloom.events import SubmitOrder
from tickloom.interfaces import Strategy
from tickloom.storage.journal import Journal
from tickloom.storage.reader import JournalReader, decode
from tickloom.storage.runs import look_at

SMALL = worlds(most=70)
NUMBERS = itertools.count()


class Killed(BaseException):
    """What no part of a run catches: the process is gone."""


class Killer(Observer):
    """Ends everything in the middle of a turn, and notes what had been committed before it."""

    def __init__(self, tape: Tape, turns: int) -> None:
        self.tape = tape
        self.turns = turns
        self.committed = 0

    def flush(self) -> None:
        """Count turns; the journal stands before this observer and has committed by now."""
        self.committed = len(self.tape.bytes)
        self.turns -= 1

    def event(self, row: int, sub: int, cause_row: int, cause_sub: int, event: object) -> None:
        """End everything once the turns are over."""
        if self.turns <= 0:
            raise Killed


class Settled:
    """A source that a journal need not keep: it gives the same rows again."""

    def __init__(self, make: Callable[..., Any]) -> None:
        self.source = make()
        self.instruments, self.series = self.source.instruments, self.source.series
        self.chunks, self.progress = self.source.chunks, self.source.progress

    def files(self) -> tuple[Path, ...]:
        """None."""
        return ()


class Sly(Strategy):
    """Decides by what is no input: the wall clock, or how often this process has called it."""

    def __init__(self, by: str = "clock") -> None:
        self.by = by

    def on_start(self) -> None:
        self.ctx.timer(self.ctx.clock + 5 * MS, "tick")

    def on_timer(self, timer) -> None:
        if self.ctx.rng.random() < 0.5:
            seen = time.time_ns() if self.by == "clock" else next(NUMBERS)
            self.ctx.submit(0, 1, 1, tag=f"{seen}")
        self.ctx.timer(timer.ts_init + 5 * MS, "tick")


@examples(15)
@given(SMALL, splits)
def test_a_run_replayed_from_its_journal_alone_has_the_same_bytes(world, plans):
    with folder() as where:
        tape = Tape()
        record = journal_world(where, world, plans, observers=(tape,))
        assert kept(where) == tape.bytes
        verdict = again(where)
        assert verdict.difference is None
        assert (verdict.events, verdict.rows) == (len(tape.bytes), sum(record.rows.values()))
        assert verdict.record.status == record.status


class Impatient(Observer):
    """Interrupts a run after some turns."""

    def __init__(self, turns: int, journal: Journal) -> None:
        self.turns = turns
        self.journal = journal

    def flush(self) -> None:
        """Count turns."""
        self.turns -= 1
        if self.turns == 0:
            self.journal.interrupt("interrupted")


@examples(8)
@given(SMALL, splits, st.integers(1, 12), st.booleans())
def test_a_run_that_was_interrupted_replays_to_its_last_event(world, plans, turns, settled):
    """Its rows are in the journal, or in files: then the sources give up where they were stopped."""
    sources = world_sources(world, plans)
    if settled:
        sources = {name: partial(Settled, make) for name, make in sources.items()}
    with folder() as where:
        record = journal_world(where, world, plans, sources, observers=lambda journal: [Impatient(turns, journal)])
        event(record.status)
        verdict = again(where, sources if settled else None)
        assert verdict.difference is None
        assert verdict.whole
        assert verdict.record.status == record.status


@examples(8)
@given(SMALL, splits)
def test_the_record_made_from_a_journal_is_that_of_the_run(world, plans):
    with folder() as where:
        record = journal_world(where, world, plans)
        with JournalReader(where / "journal") as journal:
            restored = journal.record()
        assert restored is not None
        assert list(restored.entries) == list(record.entries)
        assert restored.ledger.balances() == record.ledger.balances()
        for name in ("config", "versions", "instruments", "deposits", "arrivals", "rows", "bad_inputs", "notes"):
            assert getattr(restored, name) == getattr(record, name), name
        assert {i: cells.tolist() for i, cells in restored.marks.items()} == {
            i: cells.tolist() for i, cells in record.marks.items()
        }


@examples(10)
@given(SMALL, splits, st.integers(1, 25))
def test_a_run_that_was_killed_replays_to_its_last_whole_turn(world, plans, turns):
    with folder() as where:
        tape = Tape()
        killer = Killer(tape, turns)
        try:
            journal_world(where, world, plans, observers=(tape, killer), seal=False)
        except Killed:
            pass  # as a process would: nobody hears of it
        else:
            killer.committed = len(tape.bytes)
        assert kept(where) == tape.bytes[: killer.committed]
        verdict = again(where)
        assert verdict.difference is None
        assert verdict.events == killer.committed


@examples(6)
@given(worlds(most=40, casts=[("quoter",), ("taker", "swinger")]), st.sampled_from(["clock", "count"]))
def test_a_plugin_that_decides_by_what_is_no_input_is_named_at_its_first_event(world, by):
    names = {**world, "names": (*world["names"], "faulty")}
    with folder() as where:
        journal_world(where, names, plugins={"faulty": lambda: Sly(by)})
        theirs = [decode(entry) for entry in kept(where)]
        # The first order of the sly one, by its place among the strategies of the config.
        sly = len(world["names"])
        orders = (n for n, one in enumerate(theirs) if isinstance(one.event, SubmitOrder) and one.event.strategy == sly)
        first = next(orders, None)
        verdict = again(where, {"faulty": lambda: Sly(by)})
        if first is None:
            assert verdict.difference is None
            return
        assert verdict.difference is not None
        assert verdict.events == first
        assert verdict.difference.journal == theirs[first]
        assert verdict.difference.replay is not None
        assert verdict.difference.replay[:4] == theirs[first][:4]
        ours, event = verdict.difference.replay.event, theirs[first].event
        assert isinstance(ours, SubmitOrder)
        assert isinstance(event, SubmitOrder)
        assert ours.tag != event.tag
        assert look_at(where).status == "ended"
