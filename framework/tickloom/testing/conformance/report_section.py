"""What every report section owes: a section for every run, the empty one included, and the same one twice."""

from collections.abc import Callable, Sequence
from typing import Any

import attrs

from tickloom.report.section import Section
from tickloom.testing.conformance.subject import Subject
from tickloom.testing.ticks import market, trades

_MADE = "section returns a tickloom.report.section.Section"
_IDS = "ids of the section and of its tables are the same for every run, and each is there once"
_SAME = "the same record gives the same section"
#: In the other runs there is nobody.
_BUSY = "[strategies.busy]\nkind = 'busy'\n"


def check_report_section(factory: Callable[..., Any], /, **settings: Any) -> Sequence[Section]:
    """Require that a report section keeps the contract of `tickloom.interfaces.ReportSection`.

    Parameters
    ----------
    factory : callable
        Makes what makes the section.
    **settings
        Its settings, as a config would hold them.

    Returns
    -------
    sequence of Section
        What it made of a run with many orders, of one with a market and nobody in it, and of one with a single trade.

    Raises
    ------
    ConformanceError
        Names the run and the rule.
    """
    subject = Subject("report_section", factory, settings)
    runs = {
        "a run with many orders": subject.stage(market(100), _BUSY),
        "a run with nobody in it": subject.stage(market(20)),
        "a run of one trade": subject.stage(trades([600_000])),
    }
    made = []
    for where, stage in runs.items():
        record = stage.run().record
        with subject.asked(where):
            one, again = (subject.make().section(record) for _ in range(2))
        subject.require(isinstance(one, Section), where, f"returned {one!r}", _MADE)
        subject.require(_content(one) == _content(again), where, "is another section the second time", _SAME)
        made.append(one)
    ids = [one.id for one in made]
    subject.require(len(set(ids)) == 1, "ids", f"are {ids}", _IDS)
    tables = [table.id for table in made[0].tables]
    subject.require(len(set(tables)) == len(tables), "ids of tables", f"are {tables}", _IDS)
    return made


def _content(section: Section) -> dict[str, Any]:
    """Everything but the picture, whose parts are numbered anew every time."""
    return {**attrs.asdict(section, recurse=False), "figure": section.figure is not None}
