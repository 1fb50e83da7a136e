"""The loop: rows in, wakes and outcomes in their one order, whatever the chunks.

It runs the venues ahead in a block, wakes Python up to the first row with an outcome, and takes the block back when a
handler commands. What has been found ahead exists only when the loop has come to its row.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tickloom.engine.ahead.derive import Owner
from tickloom.engine.ahead.plan import NOTHING, Plan, Planner
from tickloom.engine.commands.road import Road
from tickloom.engine.commands.sessions import FOREVER, Session, advance, first
from tickloom.engine.context import Item, Moment, PluginContext
from tickloom.engine.market import Market
from tickloom.engine.stream import NO_CAUSE, OutcomeStream
from tickloom.events import Event, TimerFired
from tickloom_kernels.market import marks
from tickloom_kernels.orders import line as ln

if TYPE_CHECKING:
    from tickloom.engine.compiled import OrderKernel

Rows = NDArray[np.int64]
Handler = Callable[[Event], None]

#: Wakes of the first block after a command; doubled while nothing comes of them.
FIRST_BLOCK = 64
#: Rows of a chunk where Python wakes on rows, where views make vectors of rows (what is made of more falls out of the
#: cache), and where neither is so.
WAKING_CHUNK = 1024
VECTOR_CHUNK = 2048
LARGEST_CHUNK = 1 << 16
#: Events at one instant at most, before the loop says that somebody is turning in circles.
MOST_AT_ONCE = 10_000


class Loop:
    """Moves every event to its next station.

    Parameters
    ----------
    sessions : sequence of Session
        One per venue.
    caught : callable
        Takes (handler, event, error) of a handler that raised.
    circling : callable
        Takes the index of a strategy that made more than `MOST_AT_ONCE` events at one instant.
    block : int
        Wakes in the longest block, for only who is woken can command; 1 is stepping from wake to wake.
    """

    def __init__(
        self,
        moment: Moment,
        market: Market,
        stream: OutcomeStream,
        planner: Planner,
        road: Road,
        sessions: Sequence[Session],
        caught: Callable[[Handler, Event, Exception], None],
        circling: Callable[[int], None],
        block: int = 1 << 16,
    ) -> None:
        self.moment = moment
        self.market = market
        self.stream = stream
        #: Timers: (time, number, seat, name), a heap.
        self.calendar: list[tuple[int, int, Any, str]] = []
        self.planner = planner
        self.road = road
        self.sessions = tuple(sessions)
        self.caught = caught
        self.circling = circling
        self.block = block
        #: Rows consumed so far.
        self.consumed = 0
        #: Time of the last of them (UNIX time in nanoseconds, UTC).
        self.last = 0
        #: Set by whoever changes what wakes whom: the chunk is split after the row at hand.
        self.changed = False
        self.stopped = False
        #: The run's only strategy, where it places its orders in numba.
        self.compiled: OrderKernel | None = None
        self._plan: Plan = NOTHING
        self._closing = 0
        self._timers = 0
        self._instant = -1
        self._at_once: Counter[int] = Counter()
        self._next_block = min(FIRST_BLOCK, block)
        self._due_so_far = -FOREVER

    def turn(self, rows: Rows, watermark: int) -> None:
        """Run a chunk, then everything due at or before the watermark that no later row can precede.

        Parameters
        ----------
        rows : int64, shape (n, 12)
            In the order of the run.
        watermark : int
            No later row has a ``ts_init`` below it (UNIX time in nanoseconds, UTC).
        """
        at = 0
        planner = self.planner
        larger = VECTOR_CHUNK if planner.makes_vectors_of_rows else LARGEST_CHUNK
        size = WAKING_CHUNK if planner.wakes_on_rows else larger
        while at < len(rows) and not self.stopped:
            at += self._chunk(rows[at : at + size])
        if not self.stopped:
            self.finish(watermark)

    def _chunk(self, rows: Rows) -> int:
        """Plan and run a chunk; return how many rows were consumed before the plan changed."""
        present = marks.kinds(rows, len(rows))
        self._plan = plan = self.planner.plan(rows, present)
        self._closing = 0
        self.market.enter(rows, present, self.planner.glimpses)
        self.moment.events, self.moment.positions = plan.events, plan.positions
        self.changed = False
        consumed = self._walk(rows, plan)
        self.moment.wake = self.moment.row = -1
        self.market.leave(consumed)
        if consumed:
            self.stream.consumed(self.consumed, rows[:consumed])
            self.last = rows.item(consumed - 1, 0)
        self.consumed += consumed
        if consumed < len(rows):
            self.planner.rewind(rows[:consumed], self._due_so_far)
        return consumed

    def _walk(self, rows: Rows, plan: Plan) -> int:
        """Go through the rows in blocks; return the number of rows consumed."""
        if self.compiled is not None:
            return self.compiled.walk(self, rows, plan)
        count = len(rows)
        positions, wakes = plan.positions, len(plan.events)
        dense = isinstance(positions, range)
        i = wake = 0
        block = self._next_block
        self._due_so_far = -FOREVER
        fifo = self.moment.fifo
        alone = self.sessions[0] if len(self.sessions) == 1 and self.sessions[0].flat else None
        while i < count:
            # Up to the next wake nothing is taken back, and kernels need nobody for what is due on the lines.
            straight = alone if block == 1 or wake == wakes else None
            ts, due = rows.item(i, 0), self._other_due() if straight else self._next_due()
            if due <= ts:
                if i:
                    self._at(i - 1)
                self._due_so_far = ts
                due = self._internal(self._next_due(), ts)
                if self.changed:
                    return i
            limit = positions[wake + block - 1] + 1 if wake + block <= wakes else count
            hit: Sequence[Session] = ()
            if straight is None:
                stop, hit = advance(self.sessions, rows, i, limit, due)
            elif (stop := self._straight(straight, rows, i, limit)) < limit:
                if self.changed:
                    return stop
                i = stop
                continue
            end = stop + 1 if hit else stop
            reach = min(stop, wakes) if dense else bisect_left(positions, stop, wake)
            begun, wake = wake, self.wake(plan, wake, reach)
            if fifo:
                # No longer than what came of the last one: who commands at every wake has nothing run ahead in vain.
                block = min(FIRST_BLOCK, self.block, wake - begun)
                i = self._command(rows, plan, wake, i, end)
                wake = i if dense else bisect_left(positions, i, wake)
            else:
                if hit:
                    wake = self._outcome(rows, plan, wake, stop, hit)
                block = min(2 * block, self.block) if wake > begun and not fifo else block
                self.drain()
                i = end
            if self.changed:
                return i
        self._at(count - 1)
        self._next_block = block
        return count

    def _straight(self, session: Session, rows: Rows, start: int, limit: int) -> int:
        """Go through rows up to a wake, or to where news wakes somebody; return the row to go on from."""
        row, woken = self.road.run_through(session, rows, (start, limit), self._other_due(), self.consumed)
        if woken >= 0:
            self._count(woken)
        if self.moment.fifo:
            self.drain()
        return row

    def _command(self, rows: Rows, plan: Plan, wake: int, base: int, end: int) -> int:
        """Carry out the commands given at the row of the wake before ``wake``; return the row to go on from."""
        row = plan.positions[wake - 1]
        if row + 1 < end:
            for session in self.sessions:
                session.venue.rollback()
                session.venue.advance(rows, base, row + 1, FOREVER)
        self._at(row)
        self.drain()
        return row + 1

    def _outcome(self, rows: Rows, plan: Plan, wake: int, row: int, hit: Sequence[Session]) -> int:
        """Commit the outcomes of a row, then wake its handlers."""
        self._at(row)
        ts = rows.item(row, 0)
        for session in hit:
            self.road.commit(session, ts, (self.stream.row, 0))
        reach = bisect_left(plan.positions, row + 1, wake) if plan.events else wake
        return self.wake(plan, wake, reach)

    def _at(self, row: int) -> None:
        """Come to a row of the chunk: outcomes are named after it, look-ups see up to it."""
        self.stream.at(self.consumed + row)
        self.moment.row = row

    # --- handlers ----------------------------------------------------------------------------------------------------

    def wake(self, plan: Plan, wake: int, reach: int) -> int:
        """Wake handlers from ``wake`` up to ``reach``, or to the end of the first row at which somebody commands."""
        if wake >= reach:
            return wake
        moment = self.moment
        moment.cause = 0
        handlers = plan.handlers
        if isinstance(handlers, list):
            return self._wake_each(plan, handlers, wake, reach)
        events, fifo = plan.events, moment.fifo
        handler = handlers[0]
        others = iter(handlers[:0])
        # Which wake it is follows from what the iterator has left: nothing is stored per event.
        moment.running = running = iter(events[wake:reach])
        moment.reach = reach
        try:
            if len(handlers) == 1:
                for event in running:
                    handler(event)
                    if fifo:
                        break
            else:
                for event in running:
                    others = iter(handlers)
                    for handler in others:
                        handler(event)
                    if fifo:
                        break
        except Exception as error:
            self.caught(handler, event, error)
            for handler in others:
                self.call(handler, event)
        moment.wake = moment.at
        moment.running = None
        return moment.wake + 1

    def _wake_each(self, plan: Plan, handlers: list[tuple[Handler, ...]], wake: int, reach: int) -> int:
        """Wake where wakes differ in their handlers, or events are derived: all of one row before commands count."""
        moment, events, positions, fifo = self.moment, plan.events, plan.positions, self.moment.fifo
        j = wake
        while j < reach:
            moment.wake = j
            moment.cause = 0
            for handler in handlers[j]:
                self.call(handler, events[j])
            j += 1
            if fifo and (j == len(positions) or positions[j] != positions[j - 1]):
                break
        return j

    def call(self, handler: Handler, event: Event) -> None:
        """Run one handler; an error becomes a fault of its plugin."""
        try:
            handler(event)
        except Exception as error:
            self.caught(handler, event, error)

    def announce(self, event: Event) -> None:
        """Name a derived event of the wake at hand; commands that follow from it are caused by it."""
        moment = self.moment
        if moment.wake >= 0:
            self._at(self._plan.positions[moment.wake])
        moment.cause = self.stream.emit(event, (self.stream.row, 0))[1]

    def drain(self) -> None:
        """Carry out commands breadth-first, those that follow from them included."""
        fifo, desk, done = self.moment.fifo, self.road.desk, 0
        while done < len(fifo):
            # Up to the next event at which somebody may be turning in circles.
            most = -done % MOST_AT_ONCE + 1 if done else MOST_AT_ONCE
            taken = desk.carry_out(fifo, done, most) if desk is not None else 0
            if not taken:
                action, ctx, payload, cause = fifo[done]
                action(ctx, payload, cause)
            done += taken or 1
            if done > 1 and done % MOST_AT_ONCE == 1:
                rest = fifo[done:]
                del fifo[done:]
                self.circling(_busiest(fifo))
                fifo += rest
        fifo.clear()

    def _count(self, strategy: int) -> None:
        """Count how often a strategy has been woken at one instant (-1: nobody has); too often, and it is at fault."""
        if strategy < 0:
            return
        ts = self.moment.clock
        if ts != self._instant:
            self._instant = ts
            self._at_once.clear()
        self._at_once[strategy] += 1
        if self._at_once[strategy] > MOST_AT_ONCE:
            self.circling(strategy)

    # --- internal events ---------------------------------------------------------------------------------------------

    def _next_due(self) -> int:
        """Time of the next internal event (UNIX time in nanoseconds, UTC)."""
        due = self._other_due()
        for session in self.sessions:
            due = min(due, session.out.item(ln.DUE), session.back.item(ln.DUE))
        return due

    def _other_due(self) -> int:
        """Time of the next one that is not on a line."""
        calendar, closings = self.calendar, self._plan.closings
        due = calendar[0][0] if calendar else FOREVER
        return min(due, closings[self._closing][0]) if self._closing < len(closings) else due

    def _internal(self, due: int, until: int) -> int:
        """Run what is due, first at ``due``, up to ``until``, by (time, class, number); return when the next is due."""
        while due <= until and due != FOREVER and not self.stopped:
            self._happen(due, until)
            self.drain()
            due = self._next_due()
        return due

    def _happen(self, due: int, until: int) -> None:
        """Run the first of what is due, and with it what follows on the same session before anything else."""
        self.moment.wake = -1
        closings = self._plan.closings
        closing = closings[self._closing][0] if self._closing < len(closings) else FOREVER
        session = first(self.sessions, due, "out")
        if session is None and closing <= due:
            self._close(*closings[self._closing])
        elif session is not None or (session := first(self.sessions, due, "back")) is not None:
            until = min(until, self.calendar[0][0]) if self.calendar else until
            self._count(self.road.exchange(session, until, closing))
        else:
            self._count(self._fire(*heappop(self.calendar)))

    def _fire(self, ts: int, _number: int, seat: Any, name: str) -> int:
        """Let a timer fire, and say which strategy's it was."""
        event = TimerFired(ts, seat.name, name)
        self.moment.event = event
        self.moment.cause = self.stream.emit(event, NO_CAUSE)[1]
        handler = seat.handler("on_timer") if seat.alive else None
        if handler is not None:
            self.call(handler, event)
        index: int = seat.ctx.index
        return index

    def _close(self, _time: int, event: Event, owner: Owner) -> None:
        self._closing += 1
        moment = self.moment
        moment.event = event
        moment.cause = 0
        for handler in owner.handlers:
            self.call(handler, event)

    def set_timer(self, seat: Any, payload: tuple[int, str], _cause: int) -> None:
        """Put a timer into the calendar; one in the past fires at once."""
        at, name = payload
        self._timers += 1
        heappush(self.calendar, (max(at, self.moment.clock), self._timers, seat, name))

    def finish(self, until: int) -> None:
        """Run what is due up to a time that no later row comes before."""
        self._plan = Plan((), [], (), self.planner.flush(until))
        self._closing = 0
        self._internal(self._next_due(), until)

    @property
    def pending(self) -> int:
        """Internal events that are still due."""
        travelling = sum(one.out.item(ln.COUNT) + one.back.item(ln.COUNT) for one in self.sessions)
        return len(self.calendar) + travelling


def _busiest(items: Sequence[Item]) -> int:
    """Return the strategy (index) that most of the queue's items are from."""
    return Counter(ctx.index for _, ctx, _, _ in items if isinstance(ctx, PluginContext)).most_common(1)[0][0]
