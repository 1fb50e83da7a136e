"""A run from its first row to its last event, and what becomes of a plugin that fails on the way."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import attrs
import numpy as np
from numpy.typing import NDArray

from tickloom.engine.commands.road import Road
from tickloom.engine.commands.sessions import Session
from tickloom.engine.context import Moment
from tickloom.engine.loop import MOST_AT_ONCE, Loop
from tickloom.engine.market import Market
from tickloom.engine.merge import Feed, merged
from tickloom.engine.seats import Seat
from tickloom.engine.stream import NO_CAUSE, Name, Observer, OutcomeStream
from tickloom.engine.subscriptions import Subscriptions
from tickloom.errors import RunStoppedError, TickloomError
from tickloom.events import Alert, CancelOrder, Event, Features, KillSwitch, PluginFault, RunEnded, RunStarted, Signal
from tickloom.interfaces import Strategy
from tickloom.orders.table import OrderTable
from tickloom.record import RunTables
from tickloom_kernels import rows as r

Rows = NDArray[np.int64]
Handler = Callable[[Event], None]

_CALLBACKS = tuple(name for name in vars(Strategy) if name.startswith("on_"))


@attrs.define(eq=False)
class Run:
    """A wired run; `execute` runs it.

    Attributes
    ----------
    seed, tail : int
        ``tail``: how long after the last row events still happen (ns).
    on_fault : str
        What a fault of a strategy or model does: ``stop`` that plugin, or ``halt`` the run.
    notify : callable
        Gets every `PluginFault`, for the hook of the same name.
    """

    seed: int
    tail: int
    on_fault: Literal["stop", "halt"]
    moment: Moment
    market: Market
    stream: OutcomeStream
    orders: OrderTable
    seats: Sequence[Seat]
    sessions: Sequence[Session]
    subscriptions: Subscriptions
    tables: RunTables
    feeds: Sequence[Feed]
    progress_of: Sequence[Callable[[], float]]
    newest: Mapping[str, dict[int, Features]]
    notify: Callable[[PluginFault], None]
    views: Sequence[str]
    instrument_names: Sequence[str]
    road: Road = attrs.field(init=False)
    loop: Loop = attrs.field(init=False)
    status: str = attrs.field(init=False, default="ended")
    last: int = attrs.field(init=False, default=0)

    # --- from first to last ------------------------------------------------------------------------------------------

    def execute(self, progress: Callable[[float], None] | None = None) -> None:
        """Run all rows, then what is due within the tail; a failure on the way ends the run cleanly.

        Parameters
        ----------
        progress : callable, optional
            Called now and then with the part of the input that has been read (0 to 1).
        """
        try:
            self._through(progress)
            self.stream.flush()
        except RunStoppedError as error:
            self.status = str(error)
        finally:
            self.stream.end()

    def _through(self, progress: Callable[[float], None] | None) -> None:
        started = False
        try:
            self.stream.begin(self.tables)
            for rows, watermark in merged(self.feeds):
                if len(rows):
                    if not started:
                        started = True
                        self._start(int(rows[0, r.TS_INIT]))
                    self.last = int(rows[-1, r.TS_INIT])
                if started:
                    # What is due later than the tail waits for the next row: nobody knows yet if there is one.
                    self.loop.turn(rows, min(watermark, self.last + self.tail))
                    self.stream.flush()
                if self.loop.stopped:
                    break
                if progress is not None:
                    progress(sum(one() for one in self.progress_of) / max(1, len(self.progress_of)))
        except TickloomError as error:
            self.status = str(error)
        except Exception as error:
            self.status = f"{place_of(error)}: {error!r}"
        if started:
            self._end()
        elif self.status == "ended":
            self.status = "the sources gave no rows"

    def _start(self, ts: int) -> None:
        event = RunStarted(ts, self.seed)
        self.moment.event = event
        self.moment.cause = self.stream.emit(event, NO_CAUSE)[1]
        for seat in self.seats:
            handler = seat.handler("on_start")
            if handler is not None:
                try:
                    handler()  # type: ignore[call-arg]  # on_start takes no event
                except Exception as error:
                    self._caught_at(seat, "on_start", error)
        self.loop.drain()

    def _end(self) -> None:
        if self.status == "ended":
            until = self.last + self.tail
            self.loop.finish(until)
        else:
            # When it stopped, and not where the chunk at hand would have ended: chunks change nothing.
            until = max(self.moment.clock, self.loop.last)
        pending = self.loop.pending
        self.moment.wake = -1
        self.moment.running = None
        self.moment.event = RunEnded(until, self.status, pending)
        for seat in self.seats:
            handler = seat.handler("on_stop")
            if handler is not None and seat.alive:
                try:
                    handler()  # type: ignore[call-arg]  # on_stop takes no event
                except Exception as error:
                    fault = PluginFault(
                        until, seat.name, "on_stop", repr(error), f"none: the run is over; {self._left(seat)}"
                    )
                    self.fault(fault, NO_CAUSE)
        self.moment.fifo.clear()
        self.stream.emit(self.moment.event, NO_CAUSE)

    # --- what plugins ask for ----------------------------------------------------------------------------------------

    def subscribe(self, ctx: Any, payload: tuple[type[Event], int], _cause: int) -> None:
        """Wake a plugin on further rows, from the next input on."""
        kind, instrument = payload
        seat = self._seat(ctx)
        if seat is not None and seat.alive and self.subscriptions.add(seat, kind, instrument):
            self.loop.changed = True

    def timer(self, ctx: Any, payload: tuple[int, str], cause: int) -> None:
        """Put a timer of a plugin into the calendar."""
        self.loop.set_timer(self._seat(ctx), payload, cause)

    def submit(self, ctx: Any, payload: Any, cause: int) -> None:
        """Take up an order."""
        self.road.submit(ctx, payload, cause)

    def cancel(self, ctx: Any, payload: Any, cause: int) -> None:
        """Take up a cancellation."""
        self.road.cancel(ctx, payload, cause)

    def amend(self, ctx: Any, payload: Any, cause: int) -> None:
        """Take up an amendment."""
        self.road.amend(ctx, payload, cause)

    def publish(self, seat: Any, signal: Signal, cause: int) -> None:
        """Name a model's signal, and give it to who listens."""
        name = self.stream.emit(signal, (self.stream.row, cause))
        moment = self.moment
        moment.wake = -1
        moment.event = signal
        moment.cause = name[1]
        for handler in self.subscriptions.on_signal(signal.model):
            self.loop.call(handler, signal)

    def announce_features(self, features: Event) -> None:
        """Name a feature vector and keep it as the newest of its view."""
        assert isinstance(features, Features)
        self.newest[self.views[features.view]][features.instrument] = features
        self.loop.announce(features)

    # --- the kill switch ---------------------------------------------------------------------------------------------

    def switch(self, event: Event) -> None:
        """Engage or release the kill switch; engaging it also cancels every open order."""
        assert isinstance(event, KillSwitch)
        self.road.gate.killed = bool(event.engaged)
        if event.engaged:
            for seat in self.seats:
                self._cancel_all(seat, 0)

    def _cancel_all(self, seat: Seat, cause: int) -> int:
        if seat.ctx.index < 0:
            return 0
        working = self.orders.open_of(seat.ctx.index)
        for order in working:
            command = CancelOrder(self.moment.clock, order.order_id)
            self.moment.fifo.append((self.road.cancel, seat.ctx, command, cause))
        return len(working)

    # --- faults ------------------------------------------------------------------------------------------------------

    def caught(self, handler: Handler, _event: Event, error: Exception) -> None:
        """Queue what follows from a handler that raised: it happens after all handlers of the event."""
        for seat in self.seats:
            for name in _CALLBACKS:
                if seat.handler(name) == handler:
                    self._caught_at(seat, name, error)
                    return
        raise error

    def _caught_at(self, seat: Seat, callback: str, error: Exception) -> None:
        self.fail(seat, callback, repr(error))

    def fail(self, seat: Seat, callback: str, error: str) -> None:
        """Queue that a plugin has failed."""
        self.moment.fifo.append((self._stop, seat.ctx, (seat, callback, error), self.moment.cause))

    def circling(self, strategy: int) -> None:
        """Stop a strategy that made more events at one instant than anybody needs; its cancels may still be many."""
        seat = next(one for one in self.seats if one.ctx.index == strategy)
        if seat.alive:
            error = f"more than {MOST_AT_ONCE} events at one instant"
            self.moment.fifo.append((self._stop, seat.ctx, (seat, "loop", error), self.moment.cause))

    def _stop(self, _ctx: Any, payload: tuple[Seat, str, str], cause: int) -> None:
        """Stop a strategy or model: its orders are cancelled, its position is left and announced."""
        seat, callback, error = payload
        if not seat.alive:
            return
        seat.alive = False
        self.subscriptions.drop(seat)
        if seat.ctx.index >= 0:
            self.road.listen(seat.ctx.index, None, None)
        self.loop.changed = True
        self._forget_commands(seat)
        cancelled = self._cancel_all(seat, cause)
        action = f"stopped; {cancelled} open orders cancelled; {self._left(seat)}"
        if self.on_fault == "halt":
            self.halt(f"{seat.name}.{callback} raised {error}")
            action = "the run halts"
        self.fault(PluginFault(self.moment.clock, seat.name, callback, error, action), (self.stream.row, cause))

    def _forget_commands(self, seat: Seat) -> None:
        """Leave out what a stopped plugin commanded after what stopped it; what stands before that has been done."""
        fifo = self.moment.fifo
        # Of the same length: the queue is being gone through.
        fifo[:] = [(_nothing, seat.ctx, None, 0) if item[1] is seat.ctx else item for item in fifo]

    def _left(self, seat: Seat) -> str:
        held = [
            f"{lots} lots of {self.instrument_names[i]}"
            for i, account in enumerate(seat.ctx.accounts)
            if account >= 0 and (lots := int(self.orders.exposure[account, i, 0]))
        ]
        return f"position left: {', '.join(held)}" if held else "no position left"

    def fault(self, fault: PluginFault, cause: Name) -> None:
        """Announce a fault."""
        self.stream.emit(fault, cause)
        self.notify(fault)

    def detached(self, observer: Observer, method: str, error: Exception) -> None:
        """Announce an observer that raised; it has been detached, and the run goes on."""
        self.notify(PluginFault(self.moment.clock, observer.name, method, repr(error), "detached"))

    def refuse(self, alert: Event) -> None:
        """Queue that the run ends, because a view takes no such row."""
        assert isinstance(alert, Alert)
        self.moment.fifo.append((lambda _ctx, reason, _cause: self.halt(reason), None, alert.text, self.moment.cause))

    def halt(self, reason: str) -> None:
        """End the run after the row at hand."""
        self.status = reason
        self.loop.stopped = True
        self.loop.changed = True

    def _seat(self, ctx: Any) -> Seat | None:
        return next((seat for seat in self.seats if seat.ctx is ctx), None)


def _nothing(_ctx: Any, _payload: Any, _cause: int) -> None:
    """Do nothing: what a stopped plugin had still commanded."""


def place_of(error: Exception) -> str:
    """Name the function in which an error was raised."""
    trace = error.__traceback__
    name = "run"
    while trace is not None:
        name = f"{trace.tb_frame.f_globals.get('__name__', '?')}.{trace.tb_frame.f_code.co_name}"
        trace = trace.tb_next
    return name
