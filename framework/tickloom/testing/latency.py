"""What a plugin costs: runs with it, the same runs with one that does nothing, and a bare loop, in turn.

Nanoseconds of another machine say nothing; how far apart the three are does.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from itertools import starmap
from typing import Any

import attrs
import numpy as np

from tickloom.events import MARKET_KINDS
from tickloom.features import Use
from tickloom.features.plan import ViewPlan
from tickloom.features.view import FeatureView
from tickloom.interfaces import Source, Strategy
from tickloom.testing.actors import Idle, Silent, nothing
from tickloom.testing.conformance.feature import stream_of
from tickloom.testing.numbers import rows_of
from tickloom.testing.runs import Rows, RowSource
from tickloom.testing.stage import Stage, kind_of, made_by, name_of
from tickloom.testing.ticks import market
from tickloom_kernels import rows as r

#: Rounds of each of the three.
ROUNDS = 5
#: Steps of the market, where the author gives no ticks: some 11,000 rows.
_STEPS = 1_500
#: Rows that a feature runs over in one call, as in a run that wakes on rows.
_CHUNK = 512
#: What is called in a plugin of each kind, where a stand-in can do it for nothing.
_CALLED = {"model": "predict", "algo": "work", "router": "route", "risk_check": "check"}

Work = Callable[[], Any]


@attrs.frozen
class Latency:
    """What a plugin costs, as medians of rounds in one process.

    Attributes
    ----------
    name : str
        Kind and class.
    ticks : int
        Rows of a run; for a report section, the sections made: one.
    calls : int
        How often the plugin was called for them.
    ns_per_tick : float
        Of a run with the plugin.
    idle_ns_per_tick : float or None
        Of the same run with a plugin that does nothing; None where there is no such plugin.
    bare_ns_per_tick : float
        Of a bare Python loop that makes an event of every row and hands it to a function.
    """

    name: str
    ticks: int
    calls: int
    ns_per_tick: float
    idle_ns_per_tick: float | None
    bare_ns_per_tick: float

    @property
    def ns_per_call(self) -> float:
        """What the plugin adds, for each of its calls (ns); may be below 0 where it is lost in the noise."""
        return (self.ns_per_tick - (self.idle_ns_per_tick or 0.0)) * self.ticks / max(1, self.calls)

    def __str__(self) -> str:
        idle = "" if self.idle_ns_per_tick is None else f", {self.idle_ns_per_tick:,.1f} with an idle one"
        return (
            f"{self.name}: {self.ns_per_tick:,.1f} ns per tick{idle}, bare loop {self.bare_ns_per_tick:,.1f}; "
            f"{self.ns_per_call:,.0f} ns for each of {self.calls:,} calls"
        )


def measure(
    plugin: Any, ticks: Source | None = None, config: str = "", /, *, kind: str = "", **settings: Any
) -> Latency:
    """Measure a plugin; parameters as `tickloom.testing.run_plugin` takes them, and a report section may be given too.

    Returns
    -------
    Latency
    """
    race = Race(plugin, ticks, config, kind, settings)
    for _ in range(ROUNDS):
        race.ours(race.before())
    return race.latency()


class Race:
    """The plugin, its idle stand-in and the bare loop, to be timed in turn; see `measure` for the parameters."""

    def __init__(self, plugin: Any, ticks: Source | None, config: str, kind: str, settings: dict[str, Any]) -> None:
        self._kind = kind = kind or kind_of(plugin)
        self._name = f"{kind} {name_of(plugin)}"
        source = made_by(plugin, kind, settings)() if kind == "source" else ticks or market(_STEPS)
        self._rows = np.concatenate([rows for rows, _ in source.chunks()])
        self._stage = Stage(kind, made_by(plugin, kind, settings), _chunked(source, self._rows), config)
        self._ours, self._idle, self.calls = self._sides()
        self._times: tuple[list[float], list[float], list[float]] = ([], [], [])
        # What compiles, compiles now.
        self.ours(self.before())
        for times in self._times:
            times.clear()

    def before(self) -> Work:
        """Time the idle stand-in and the bare loop, and return the plugin's own work, prepared."""
        if self._idle is not None:
            self._times[1].append(_seconds(self._idle()))
        self._times[2].append(_seconds(lambda: _bare(self._rows)))
        return self._ours()

    def ours(self, work: Work) -> None:
        """Do the plugin's work."""
        self._times[0].append(_seconds(work))

    def latency(self) -> Latency:
        """Return the medians of the rounds so far."""
        units = 1 if self._kind == "report_section" else len(self._rows)
        ours, idle, bare = (statistics.median(side) * 1e9 if side else None for side in self._times)
        assert ours is not None and bare is not None
        return Latency(
            self._name,
            units,
            self.calls,
            ours / units,
            None if idle is None else idle / units,
            bare / len(self._rows),
        )

    def _sides(self) -> tuple[Callable[[], Work], Callable[[], Work] | None, int]:
        """Return what prepares the plugin's work, what prepares the stand-in's, and the number of calls."""
        kind, stage, count = self._kind, self._stage, len(self._rows)
        if kind == "feature":
            uses = stage.plugin()
            table = rows_of(stream_of(uses), count)
            return lambda: _feature(uses, table), lambda: _feature([nothing()], table), count
        if kind == "source":
            return lambda: _reading(stage.plugin()), None, count
        if kind == "report_section":
            record = attrs.evolve(stage, kind="risk_check", plugin=Silent).run().record
            return lambda: lambda: stage.plugin().section(record), None, 1
        if kind == "venue":
            return lambda: stage.prepare().execute, None, count
        calls: list[str] = []
        attrs.evolve(stage, plugin=lambda: _counting(kind, self._handlers(), calls)).run()
        idle = attrs.evolve(stage, plugin=lambda: _stand_in(kind, self._handlers()))
        return lambda: stage.prepare().execute, lambda: idle.prepare().execute, len(calls)

    def _handlers(self) -> list[str]:
        plugin = self._stage.plugin() if self._kind == "strategy" else None
        own = (name for name in vars(Strategy) if name.startswith("on_") and hasattr(plugin, name))
        return [name for name in own if getattr(type(plugin), name, None) is not getattr(Strategy, name)]


def _chunked(source: Source, rows: Rows) -> RowSource:
    return RowSource(source.instruments, rows, [(1 << 16, None)] * (len(rows) >> 16), source.series)


def _stand_in(kind: str, handlers: Sequence[str]) -> Any:
    return Idle.like(handlers)() if kind == "strategy" else Silent()


def _counting(kind: str, handlers: Sequence[str], calls: list[str]) -> Any:
    """Return a stand-in that notes how often it is called."""
    plugin = _stand_in(kind, handlers)
    for name in handlers if kind == "strategy" else (_CALLED[kind],):
        setattr(type(plugin) if kind == "strategy" else plugin, name, _noting(getattr(plugin, name), name, calls))
    return plugin


def _noting(bound: Callable[..., Any], name: str, calls: list[str]) -> Callable[..., Any]:
    def noted(*arguments: Any) -> Any:
        calls.append(name)
        return bound(*arguments[-1:]) if name in _CALLED.values() else None

    return noted


def _feature(uses: Sequence[Use], table: Any) -> Work:
    """Prepare a run of features over rows, in chunks as the loop has them."""
    view = FeatureView(ViewPlan(stream_of(uses), uses))

    def work() -> None:
        for at in range(0, len(table), _CHUNK):
            view.run(table[at : at + _CHUNK])

    return work


def _reading(source: Any) -> Work:
    """Prepare the reading of a source to its end."""

    def work() -> None:
        for _ in source.chunks():
            pass

    return work


def _bare(rows: Rows) -> None:
    """Make an event of every row, in lists of 1,024 as fits the cache, and hand it to a function."""
    for kind in np.unique(rows[:, r.KIND]):
        event = MARKET_KINDS[int(kind)]
        own = rows[rows[:, r.KIND] == kind, : len(event.__struct_fields__)]
        for at in range(0, len(own), 1024):
            for one in list(starmap(event, own[at : at + 1024].tolist())):
                _nothing(one)


def _nothing(event: Any) -> None:
    """Take an event."""


def _seconds(work: Work) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
