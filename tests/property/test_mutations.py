"""Has the law teeth? Each of these small defects, built in on purpose, breaks chunk invariance in a few small worlds.

Left out are changes that give another law, just as consistent, such as bars after the other internal events of one
instant: the rules in `tests/unit/test_loop_rules` hold those.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from time import perf_counter_ns
from types import ModuleType
from typing import Any

import pytest
from worlds import LATENCIES, Plan, World, difference, run

from tickloom.engine import loop, merge
from tickloom.engine.ahead.derive import BarSeries
from tickloom.engine.ahead.plan import Planner
from tickloom.engine.ahead.views import View
from tickloom.engine.commands.sessions import FOREVER
from tickloom.engine.context import Moment, PluginContext
from tickloom.engine.loop import Loop
from tickloom.engine.market import Market
from tickloom.engine.run import Run
from tickloom_kernels.orders import line as ln
from tickloom_plugins.venues.simulated import Simulated

#: A world, and how its five sources are split; few rows at a time, promises of both strengths, some without rows.
Trial = tuple[World, list[Plan]]

#: Seeds of trials, the most revealing first: nearly every mutation falls in one of the first three.
SEEDS = (1, 3, 2, 9, 15, 7, 11, 14, 8, 13)


def trials() -> Iterator[Trial]:
    """Yield small worlds with all their splits."""
    latencies = (
        LATENCIES[2],
        LATENCIES[0],
        LATENCIES[1],
        '{ kind = "random", out = "0ms", back = "0ms", jitter = "2ms" }',
    )
    casts = (("quoter", "taker"), ("taker", "swinger", "faulty"), ("quoter", "taker", "swinger", "faulty"))
    for n in SEEDS:
        world = {
            "seed": 60 + n,
            "count": (45, 60)[n % 2],
            "gap": (3, 1, 6)[n % 3],
            "latency": latencies[n % 4],
            "names": casts[n % 3],
        }
        draw = Random(n)
        yield world, [[(draw.randrange(9), draw.randrange(4)) for _ in range(30)] for _ in range(5)]


def fails(trial: Trial) -> bool:
    """Say whether a split with blocks of 64 rows and more gives anything else than stepping does."""
    world, plans = trial
    (stepped, _), (split, _) = run(world, None, 1), run(world, plans)
    return difference(stepped, split) != ""


@dataclass(frozen=True)
class Mutation:
    """A method or function of the engine, and what it does in its place; `wrong` gets the right one to call."""

    where: type | ModuleType
    method: str
    wrong: Callable[[Callable[..., Any]], Any]


def nothing(_right: Callable[..., Any]) -> Callable[..., None]:
    return lambda *arguments: None


def draw_ahead(right: Callable[..., Any]) -> Callable[..., Any]:
    def advance(*arguments: Any) -> Any:
        stop, hit = right(*arguments)
        for session in hit:
            ln.delay(session.back)
        return stop, hit

    return advance


def promise_more(right: Callable[..., Any]) -> Callable[..., Any]:
    def pull(self: merge.Feed) -> None:
        right(self)
        self.watermark += 1

    return pull


def leave_one_venue_ahead(_right: Callable[..., Any]) -> Callable[..., Any]:
    def advance(sessions: Any, rows: Any, start: int, limit: int, ts_next: int) -> Any:
        for session in sessions:
            session.venue.checkpoint()
        stops = [session.venue.advance(rows, start, limit, ts_next) for session in sessions]
        return min(stops), [session for session in sessions if session.venue.pending]

    return advance


def count_planned_bars(right: Callable[..., Any]) -> Callable[..., Any]:
    def walk(self: Loop, rows: Any, plan: Any) -> int:
        self.stream.sub += len(plan.closings)
        return int(right(self, rows, plan))

    return walk


def move_the_line_ahead(right: Callable[..., Any]) -> Callable[..., Any]:
    def advance(sessions: Any, rows: Any, *arguments: Any) -> Any:
        stop, hit = right(sessions, rows, *arguments)
        for session in hit:
            session.back[ln.NEWEST] = max(session.back[ln.NEWEST], rows[stop, 0] + 3_000_000)
        return stop, hit

    return advance


def seed_by_the_clock(right: Callable[..., Any]) -> Callable[..., None]:
    def init(self: PluginContext, *arguments: Any) -> None:
        right(self, *arguments)
        self.rng = Random(perf_counter_ns())

    return init


def drain_after_each_handler(right: Callable[..., Any]) -> Callable[..., None]:
    def call(self: Loop, handler: Any, event: Any) -> None:
        right(self, handler, event)
        if self.moment.wake >= 0:
            self.drain()

    return call


def subscribe_without_a_split(right: Callable[..., Any]) -> Callable[..., None]:
    def subscribe(self: Run, *arguments: Any) -> None:
        right(self, *arguments)
        self.loop.changed = False

    return subscribe


def forget_what_was_due(right: Callable[..., Any]) -> Callable[..., None]:
    return lambda self, rows, due: right(self, rows, -FOREVER)


def due_a_moment_later(right: Callable[..., Any]) -> Callable[..., int]:
    return lambda self: right(self) + 1


def beyond_the_watermark(right: Callable[..., Any]) -> Callable[..., None]:
    return lambda self, rows, watermark: right(self, rows, watermark + 5_000_000)


def only_once(right: Callable[..., Any]) -> Callable[..., None]:
    def checkpoint(self: Simulated) -> None:
        if self._kept == 0:
            right(self)

    return checkpoint


def take_all(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, bound: right(self, FOREVER)


def follow_ahead(right: Callable[..., Any]) -> Callable[..., None]:
    return lambda self, stop: right(self, len(self._rows))


def forget_the_market(right: Callable[..., Any]) -> Callable[..., None]:
    def leave(self: Market, consumed: int) -> None:
        right(self, consumed)
        self.newest_rows[:] = 0

    return leave


def see_the_whole_chunk(_right: Callable[..., Any]) -> property:
    return property(lambda self: self.positions[-1] if self.positions else self.row)


def outlive_rollback(right: Callable[..., Any]) -> Callable[..., None]:
    """Take back the small part of the venue's state, and leave the books as the run ahead made them."""

    def rollback(self: Simulated) -> None:
        self._a[self._undo] = 0
        right(self)

    return rollback


MUTATIONS = {
    "a skipped restore of the venue": Mutation(Simulated, "rollback", nothing),
    "a restore that leaves the books": Mutation(Simulated, "rollback", outlive_rollback),
    "a checkpoint that is never renewed": Mutation(Simulated, "checkpoint", only_once),
    "a venue left ahead of the other's outcome": Mutation(loop, "advance", leave_one_venue_ahead),
    "a latency drawn when the run ahead sees the outcome": Mutation(loop, "advance", draw_ahead),
    "a line that moves when the run ahead sees the outcome": Mutation(loop, "advance", move_the_line_ahead),
    "a plan that counts": Mutation(Loop, "_walk", count_planned_bars),
    "rows released with ties still to come": Mutation(merge.Feed, "pull", promise_more),
    "rows released as they come": Mutation(merge.Feed, "take", take_all),
    "events run beyond the watermark": Mutation(Loop, "turn", beyond_the_watermark),
    "events at T run after rows at T": Mutation(Loop, "_next_due", due_a_moment_later),
    "commands carried out between two handlers of a row": Mutation(Loop, "call", drain_after_each_handler),
    "chance from the clock": Mutation(PluginContext, "__init__", seed_by_the_clock),
    "a view that is not taken back": Mutation(View, "restore", nothing),
    "bars that are not taken back": Mutation(BarSeries, "restore", nothing),
    "bars taken back too far": Mutation(Planner, "rewind", forget_what_was_due),
    "a subscription without a split": Mutation(Run, "subscribe", subscribe_without_a_split),
    "a book that shows the end of the chunk": Mutation(Market, "_follow", follow_ahead),
    "a newest trade that is the chunk's": Mutation(Moment, "position", see_the_whole_chunk),
    "a market that forgets between chunks": Mutation(Market, "leave", forget_the_market),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mutation_is_caught(monkeypatch, name):
    mutation = MUTATIONS[name]
    right = getattr(mutation.where, mutation.method)
    monkeypatch.setattr(mutation.where, mutation.method, mutation.wrong(right))
    assert any(fails(trial) for trial in trials())


def test_without_a_mutation_no_trial_fails():
    assert not any(fails(trial) for trial in trials())
