"""The laws of the loop, held against one plugin: no fault, the same twice, at any hour, and in any chunks."""

from collections.abc import Sequence
from itertools import zip_longest

import numpy as np

from tickloom.interfaces import Source
from tickloom.record import Entry
from tickloom.testing.clocks import another_hour
from tickloom.testing.conformance.subject import Subject
from tickloom.testing.runs import Finished, RowSource
from tickloom.testing.stage import Stage

#: How the rows are cut: sizes of chunks in turn, whether their watermarks promise all they can, longest block.
_CUTS = (((1 << 40,), True, 1), ((1, 1, 1, 9), False, 1 << 16), ((3, 0, 17, 1, 64), True, 7), ((50, 2), False, 256))

_OWN_STATE = "fresh plugins share nothing, and whatever decides comes from events and settings"
_OWN_TIME = "time comes from ctx.clock and chance from ctx.rng only"
_CHUNKS = "any cut of the input into chunks gives the same outcomes, byte for byte"


def hold(subject: Subject, stage: Stage) -> Finished:
    """Run a stage in several ways and require the same outcome stream of all.

    Returns
    -------
    Finished
        The first of the runs.

    Raises
    ------
    ConformanceError
        The plugin raises, or two runs differ.
    """
    first = _in_hour(subject, stage, 0)
    require_no_fault(subject, first)
    same(subject, "a second run", first, _in_hour(subject, stage, 0), _OWN_STATE)
    same(subject, "at another hour, with other dice", first, _in_hour(subject, stage, 1), _OWN_TIME)
    for sizes, strong, block in _CUTS:
        cut = cut_rows(stage.source, sizes, strong)
        where = f"in blocks of {block} row" if sizes[0] > len(cut.rows) else f"in chunks of {sizes} rows"
        same(subject, where, first, stage.run(block, cut), _CHUNKS)
    return first


def _in_hour(subject: Subject, stage: Stage, number: int) -> Finished:
    with another_hour(number, subject.factory):
        return stage.run()


def require_no_fault(subject: Subject, run: Finished) -> None:
    """Fail where a plugin raised, or the run did not come to its end."""
    for fault in run.faults:
        subject.fail(
            f"{fault.plugin}.{fault.callback}", f"raised {fault.error}", "in ordinary use a plugin raises nothing"
        )
    status = run.record.status
    subject.require(status == "ended", "the run", f"stopped: {status}", "a run comes to its end")


def same(subject: Subject, where: str, one: Finished, other: Finished, rule: str) -> None:
    """Require equal outcome streams, and name the first event that differs."""
    if one.stream != other.stream:
        subject.fail(where, _difference(one.entries, other.entries), rule)


def _difference(one: Sequence[Entry], other: Sequence[Entry]) -> str:
    for number, (mine, theirs) in enumerate(zip_longest(one, other)):
        if mine != theirs:
            return f"event {number} is {_shown(theirs)} and was {_shown(mine)}"
    return "events are equal and their bytes are not"


def _shown(entry: Entry | None) -> str:
    return "missing" if entry is None else f"{entry.event} at row {entry.row}"


def cut_rows(source: Source, sizes: Sequence[int], strong: bool) -> RowSource:
    """Return the rows of a source in chunks of ``sizes`` in turn; ``strong`` watermarks promise all they can."""
    parts = [rows for rows, _ in source.chunks()]
    rows = np.concatenate(parts)
    plan: list[tuple[int, int | None]] = []
    at = 0
    while at < len(rows):
        size = sizes[len(plan) % len(sizes)]
        at += size
        plan.append((size, int(rows[at, 0]) if strong and at < len(rows) else None))
    return RowSource(source.instruments, rows, plan, source.series)
