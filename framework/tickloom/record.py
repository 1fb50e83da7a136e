"""What is left of a run when it has ended: all that a report is made from."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import attrs
import numpy as np
from numpy.typing import NDArray

from tickloom.events import Event
from tickloom.instruments import Instrument
from tickloom.ledger import Ledger

if TYPE_CHECKING:
    from tickloom.evaluation.evaluate import Evaluation


class Entry(NamedTuple):
    """One committed event of the outcome stream, with its name (row, sub) and the name of its cause."""

    row: int
    sub: int
    cause_row: int
    cause_sub: int
    event: Event


@attrs.frozen(kw_only=True)
class RunTables:
    """What a run consists of, known when it is wired: what the indices in events mean.

    Attributes
    ----------
    name : str
        Name of the config, without folder and ending.
    config : dict
        The config as read, after ``--set``; paths as written, environment variables not expanded.
    seed : int
        The run's seed.
    versions : dict
        Distribution name to version: tickloom and every plugin distribution that the run used.
    instruments, accounts, strategies, models, views, sources, venues, series : sequence
        The run's tables, by index. ``models`` are those who may send signals: models, then strategies.
    account_venues : sequence of int
        Venue (index) of each account.
    deposits : dict
        (account index, asset) to smallest units deposited at the start.
    view_versions : dict
        View name to the version of what it computes (`tickloom.features.plan.ViewPlan.version`).
    """

    name: str
    config: Mapping[str, object]
    seed: int
    versions: Mapping[str, str]
    instruments: Sequence[Instrument]
    accounts: Sequence[str]
    account_venues: Sequence[int]
    strategies: Sequence[str]
    models: Sequence[str]
    views: Sequence[str]
    sources: Sequence[str]
    venues: Sequence[str]
    series: Sequence[str]
    deposits: Mapping[tuple[int, str], int]
    view_versions: Mapping[str, str] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class RunRecord(RunTables):
    """Everything a report needs, and nothing that changes from one run to the next with the same inputs.

    Attributes
    ----------
    entries : sequence of Entry
        Committed events in order, `Features` left out.
    marks : dict
        Instrument index to int64 array of shape (n, 5): the mark price (mid of the best bid and ask in half ticks'
        precision times two, that is bid + ask; without quotes twice the last price) per cell of time:
        end of the cell (UNIX time in nanoseconds, UTC), first, highest, lowest, last. Cells are equally long.
    cell : int
        Length of a cell (ns).
    arrivals : dict
        Order id to bid + ask at its submission (twice the mid, ticks; without quotes twice the last price); orders
        that found no market are left out.
    ledger : Ledger
        Cash and positions at the end, as known.
    rows : dict
        Kind name to number of input rows.
    bad_inputs : dict
        (source name, reason) to number of inputs left out or doubted.
    first, last : int
        ``ts_init`` of the first and last row (UNIX time in nanoseconds, UTC).
    notes : sequence of str
        What a reader must know to judge the run, such as "spot.BTCUSDT: no book, takers pay the last price".
    status : str
        How the run ended: ``ended``, or why it stopped.
    """

    entries: Sequence[Entry]
    marks: Mapping[int, NDArray[np.int64]]
    cell: int
    arrivals: Mapping[int, int]
    ledger: Ledger
    rows: Mapping[str, int]
    bad_inputs: Mapping[tuple[str, str], int]
    first: int
    last: int
    notes: Sequence[str]
    status: str

    @cached_property
    def evaluation(self) -> "Evaluation":
        """Equity, round trips, orders and metrics of the run, computed once: what every part of the report shows."""
        from tickloom.evaluation.evaluate import evaluate

        return evaluate(self)
