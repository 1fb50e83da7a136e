"""Warms views up with what happened before a run, where a source can tell: a live start need not wait for hours."""

from collections.abc import Sequence
from functools import partial
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from tickloom.engine.ahead.views import View
from tickloom.engine.merge import Feed
from tickloom.engine.wiring.tables import Tables
from tickloom_kernels import rows as r

Rows = NDArray[np.int64]


@runtime_checkable
class Historical(Protocol):
    """What a `Source` may have besides: bars from before its first row, for views that step on them.

    A live source asks its venue. What it is told is journalled with its rows, so that a replay is told the same; of a
    source that is journalled by reference (`tickloom.storage.inputs.Replayable`), settings and files alone decide it.
    """

    def history(self, instrument: int, until: int, rows: int) -> Rows:
        """Return the newest ``rows`` bars of an instrument with ``ts_init < until``, fewer where there are fewer.

        Parameters
        ----------
        instrument : int
            Its place among the source's own.
        until : int
            ``ts_init`` of the first row that the source gives (UNIX time in nanoseconds, UTC).
        rows : int
            How many are wanted.
        """
        ...


def warm_up(tables: Tables, feeds: Sequence[Feed], views: Sequence[View]) -> list[str]:
    """Have the views that step on bars of a source ask it for history before its first row.

    Returns
    -------
    list of str
        One line for each view that cannot: its first vector comes later.
    """
    notes = []
    for feed, (name, source) in zip(feeds, tables.sources.items(), strict=True):
        own = [view for view in views if not view.built and view.series in tables.series_of[name]]
        if isinstance(source, Historical):
            feed.before_first = partial(_warm, feed, source, own, tables.instruments_of[name])
            continue
        for view in own:
            if rows := view.features.plan.lookback:
                view_name = list(tables.config.views)[view.index]
                notes.append(f"views.{view_name}: source {name} has no history; it is ready after {rows:,} more bars")
    return notes


def _warm(feed: Feed, source: Historical, views: Sequence[View], instruments: Sequence[int], until: int) -> None:
    for view in views:
        wanted = [place for place, index in enumerate(instruments) if view.has(index)]
        parts = [source.history(place, until, view.features.plan.converged) for place in wanted]
        if parts:
            rows = np.concatenate(parts)
            view.warm(feed.named(rows[np.argsort(rows[:, r.TS_INIT], kind="stable")]))
