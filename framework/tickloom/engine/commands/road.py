"""The order road: from a strategy's command through algorithm, router and gate to the venue, and the news back.

No station calls another: each returns what it wants done, and this moves it on. Whatever raises on the way fails
closed: the order is denied, and so is everything that would take the same way later.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tickloom.codes import OrderStatus, Report
from tickloom.engine.commands.sessions import Session
from tickloom.engine.context import Instant, Moment
from tickloom.engine.market import Market
from tickloom.engine.stream import Name, OutcomeStream
from tickloom.errors import RunStoppedError, nearest
from tickloom.events import (
    AmendOrder,
    CancelOrder,
    Event,
    Fill,
    OrderUpdate,
    PluginFault,
    SubmitOrder,
)
from tickloom.interfaces import Algorithm, Command, Router
from tickloom.ledger import Ledger
from tickloom.orders.gate import IS_OVER, NO_SUCH_ORDER, Gate
from tickloom.orders.log import Log
from tickloom.orders.table import Order, OrderTable
from tickloom_kernels import rows as r
from tickloom_kernels.compiled import log as lg
from tickloom_kernels.lending import lend
from tickloom_kernels.orders import line as ln
from tickloom_kernels.orders import news
from tickloom_kernels.orders import session as both
from tickloom_kernels.orders import table as t
from tickloom_kernels.venue import outcomes as o
from tickloom_kernels.venue import state as v

if TYPE_CHECKING:
    from tickloom.engine.commands.desk import Desk

# Plain ints: events take them, and an enum member costs a kernel call 20 us.
_DENIED = OrderStatus.DENIED.value
_REFUSALS: dict[type[Event], int] = {
    SubmitOrder: Report.DENIED.value,
    CancelOrder: Report.CANCEL_REJECTED.value,
    AmendOrder: Report.AMEND_REJECTED.value,
}

Rows = NDArray[np.int64]
Handler = Callable[[Event], None]
#: Commands or news that one call moves at most.
_MANY = 1 << 40
#: No venue in flat state.
_NOWHERE = (np.zeros(v.HEAD_WORDS, np.int64), np.zeros(1, np.int64), np.zeros(1, np.int64))
# Made of words whose number a type checker cannot see.
_update: Callable[..., Event] = OrderUpdate
_filled: Callable[..., Event] = Fill


class Road:
    """Moves commands and news between plugins and venues.

    Parameters
    ----------
    sessions : sequence of Session
        By instrument: whose venue it is.
    call : callable
        Runs a handler of news, and knows what to do when it raises.
    fault : callable
        Announces that something on the road has failed.
    strategies : int
        How many the run has.
    """

    def __init__(
        self,
        moment: Moment,
        market: Market,
        stream: OutcomeStream,
        orders: OrderTable,
        ledger: Ledger,
        gate: Gate,
        algorithms: dict[str, Algorithm],
        router: Router,
        sessions: Sequence[Session],
        call: Callable[[Handler, Event], None],
        fault: Callable[[PluginFault, Name], None],
        strategies: int,
    ) -> None:
        self._moment = moment
        self._market = market
        self._stream = stream
        self.orders = orders
        self.ledger = ledger
        self.gate = gate
        self._algorithms = algorithms
        self._router = router
        self._sessions = sessions
        self._alone = len(set(sessions)) == 1
        self._call = call
        self._fault = fault
        #: Carries out commands that need not ask anybody on their way.
        self.desk: Desk | None = None
        #: Items put on lines so far.
        self.numbering = np.zeros(1, np.int64)
        self.log = stream.log = Log(ledger)
        self._note = np.zeros(news.NOTE_WORDS, np.int64)
        self._failed: set[str] = set()
        #: Handlers of news by strategy: (on_order, on_fill), each or None.
        self._handlers: list[tuple[Handler | None, Handler | None]] = [(None, None)] * strategies
        self._wakes = np.zeros((strategies, 2), np.int64)

    # --- out ---------------------------------------------------------------------------------------------------------

    def submit(self, ctx: Any, order: SubmitOrder, cause: int) -> None:
        """Take up a strategy's order, let its algorithm work it, and send what that wants sent."""
        name = self._stream.emit(order, (self._stream.row, cause))
        self._enter(order)
        algorithm = order.algorithm
        if algorithm not in self._algorithms:
            self.deny(order, f"no algorithm {algorithm!r}; {nearest(algorithm, self._algorithms)}", name)
            return
        for child in self._ask(algorithm, self._algorithms[algorithm].work, order, name):
            if isinstance(child, SubmitOrder):
                born = name if child is order else self._adopt(child, name)
                for part in self._ask("router", self._router.route, child, born):
                    self._pass_gate(part, born if part is child else self._adopt(part, born))

    def cancel(self, ctx: Any, command: CancelOrder, cause: int) -> None:
        """Take up a cancellation; of an order that is over it is refused here."""
        name = self._stream.emit(command, (self._stream.row, cause))
        row = self._open_row(ctx.index, command, name)
        if row >= 0:
            self._send(t.CANCEL, row, self.orders.rows.item(row, t.INSTRUMENT), 0, 0, name)

    def amend(self, ctx: Any, command: AmendOrder, cause: int) -> None:
        """Take up an amendment; of an order that is over it is refused here."""
        name = self._stream.emit(command, (self._stream.row, cause))
        row = self._open_row(ctx.index, command, name)
        if row < 0:
            return
        reason = self._objection(command, name)
        if reason:
            self.refuse(ctx.index, command, self.orders.at(row), reason, name)
            return
        self._send(t.AMEND, row, self.orders.rows.item(row, t.INSTRUMENT), command.price, command.quantity, name)

    def _open_row(self, strategy: int, command: CancelOrder | AmendOrder, name: Name) -> int:
        """Row of an order that its strategy may change; -1, and a refusal is queued, where it is none."""
        orders = self.orders
        row = orders.row_of.get(command.order_id, -1)
        if row < 0 or orders.rows.item(row, t.STRATEGY) != strategy:
            self.refuse(strategy, command, None, NO_SUCH_ORDER, name)
            return -1
        if orders.rows.item(row, t.STATUS) > t.PARTIALLY_FILLED:
            self.refuse(strategy, command, orders.at(row), IS_OVER, name)
            return -1
        return row

    def _ask(
        self, who: str, station: Callable[[Any], Iterable[Command]], order: SubmitOrder, name: Name
    ) -> Iterable[Any]:
        """Ask a station what to do with an order; one that has failed is not asked again."""
        if who in self._failed:
            self.deny(order, f"{who} has failed", name)
            return ()
        try:
            return tuple(station(order))
        except Exception as error:
            self._failed.add(who)
            self._fail_closed(who, station.__name__, error, name)
            self.deny(order, f"{who} failed: {error!r}", name)
            return ()

    def _enter(self, order: SubmitOrder) -> None:
        self.orders.add(order, self._market.twice_mid(order.instrument))

    def _adopt(self, child: SubmitOrder, cause: Name) -> Name:
        """Enter an order that a station made."""
        self._enter(child)
        return self._stream.emit(child, cause)

    def _pass_gate(self, order: SubmitOrder, name: Name) -> None:
        reason = self._objection(order, name)
        if reason:
            self.deny(order, reason, name)
            return
        row = self.orders.row_of[order.order_id]
        self._send(t.SUBMIT, row, order.instrument, order.price, order.quantity, name)

    def _objection(self, command: SubmitOrder | AmendOrder, name: Name) -> str:
        """Return why the gate lets a command not pass, empty where it does."""
        reason, who, error = self.gate.objection(command)
        if error is not None:
            self._fail_closed(who, "check", error, name)
        return reason

    def _send(self, what: int, row: int, instrument: int, price: int, quantity: int, name: Name) -> None:
        """Put a command on the line to its venue."""
        session, orders, now = self._sessions[instrument], self.orders, self._moment.clock
        while not t.dispatch(
            orders.rows, orders.exposure, session.out, self.numbering, what, row, price, quantity, now, *name
        ):
            session.out = ln.grown(session.out)

    # --- refusals ----------------------------------------------------------------------------------------------------

    def deny(self, order: SubmitOrder, reason: str, cause: Name) -> None:
        """Refuse an order on our side of the line."""
        row = self.orders.row_of[order.order_id]
        t.close(self.orders.rows, self.orders.exposure, row, _DENIED)
        self.refuse(order.strategy, order, self.orders.at(row), reason, cause)

    def refuse(
        self,
        strategy: int,
        command: SubmitOrder | CancelOrder | AmendOrder,
        order: Order | None,
        reason: str,
        cause: Name,
    ) -> None:
        """Queue news of a refusal of ours: it has no latency, and its handlers run after those of this event."""
        now = self._moment.clock
        account, instrument, price, leaves, status = (
            (order.account, order.instrument, order.price, order.leaves_quantity, order.status)
            if order
            else (-1, -1, 0, 0, _DENIED)
        )
        report = _REFUSALS[type(command)]
        update = OrderUpdate(now, now, command.order_id, account, instrument, report, status, price, leaves, reason)
        self._moment.fifo.append((self._refused, None, (strategy, update, cause), 0))

    def _refused(self, _ctx: Any, payload: tuple[int, OrderUpdate, Name], _cause: int) -> None:
        strategy, update, cause = payload
        self.tell(strategy, 0, update, self._stream.emit(update, cause))

    def _fail_closed(self, who: str, callback: str, error: Exception, cause: Name) -> None:
        self._fault(PluginFault(self._moment.clock, who, callback, repr(error), "fails closed: denies"), cause)

    # --- back --------------------------------------------------------------------------------------------------------

    def commit(self, session: Session, ts: int, cause: Name) -> None:
        """Make the venue's last outcomes its truth, and send the news of them."""
        while not session.venue.commit(session.back, self.numbering, ts, *cause):
            session.back = ln.grown(session.back)

    def exchange(self, session: Session, until: int, closing: int) -> int:
        """Let commands meet their venue, and news reach us, whatever is due first; at one time the commands.

        Parameters
        ----------
        until : int
            What is due at or before it (UNIX time in nanoseconds, UTC); one item only where sessions take turns.
        closing : int
            When the next bar or view closes: commands meet their venue before that, and news comes after it.

        Returns
        -------
        int
            The strategy that has been woken by the last of the news, -1 for none.
        """
        until_there, until_here = (until, until) if until < closing else (closing, closing - 1)
        most = _MANY if self._alone else 1
        if session.flat is None or not self._alone:
            if session.out.item(ln.DUE) <= min(until_there, session.back.item(ln.DUE)):
                while not session.venue.arrive(session.out, session.back, self.numbering, until_there, most):
                    session.back = ln.grown(session.back)
                return -1
            until_there = -ln.FOREVER
        stream = self._stream
        woken, done = both.exchange(self._lent(session), stream.row, stream.sub, until_there, until_here, most)
        stream.sub = self.log.head.item(lg.STREAM_SUB)
        return self._hear(session, woken, done)

    def run_through(
        self, session: Session, rows: Rows, span: tuple[int, int], ts_next: int, base: int
    ) -> tuple[int, int]:
        """Run the only venue, in flat state, through rows, and whatever is due on its lines before each of them.

        Parameters
        ----------
        span : tuple of int
            The first row of the chunk, and the one to stop before.
        ts_next : int
            Time of the first row to stop before (UNIX time in nanoseconds, UTC).
        base : int
            Number of the chunk's first row.

        Returns
        -------
        tuple of int
            The row to go on from, and the strategy that has been woken by news before it, -1 for none.
        """
        stream, head, moment = self._stream, self.log.head, self._moment
        row, woken, done = both.run_through(self._lent(session), stream.row, stream.sub, rows, *span, ts_next, base)
        stream.row, stream.sub = head.item(lg.STREAM_ROW), head.item(lg.STREAM_SUB)
        moment.wake, moment.row = -1, row - 1
        if done == both.UNTOLD:
            self.commit(session, rows.item(row, r.TS_INIT), (base + row, 0))
            return row + 1, -1
        return row, self._hear(session, woken, done)

    def _lent(self, session: Session) -> Rows:
        """Return a session's arrays and ours as kernels take them; lines and table are replaced as they grow."""
        held = session.lent
        if held is None or not (
            held[1][both.OUT] is session.out
            and held[1][both.BACK] is session.back
            and held[1][both.TABLE] is self.orders.rows
        ):
            arrays = (
                *(session.flat if session.flat is not None and self._alone else _NOWHERE),
                self.orders.rows,
                self.orders.exposure,
                session.out,
                session.back,
                self.numbering,
                self.ledger.state,
                self._wakes,
                self._note,
                self.log.rows,
                self.log.head,
            )
            held = session.lent = lend(arrays), arrays
        return held[0]

    def _hear(self, session: Session, woken: int, done: int) -> int:
        """Let the strategy that is woken by the newest news hear it, or do what kernels came back for."""
        note, stream = self._note, self._stream
        if woken >= 0:
            told = note.tolist()
            if told[news.CODE] == o.FILL:
                # Behind it, position and account are named.
                return self.tell(woken, 1, self._fill(told), (stream.row, stream.sub - 2))
            update = _update(*told[: news.REASON], o.REASONS[told[news.REASON]])
            return self.tell(woken, 0, update, (stream.row, stream.sub))
        if note.item(news.TS) > self._moment.clock:
            self._moment.event = Instant(note.item(news.TS))
        if done == both.FULL_LOG:
            self.log.cut()
        elif done == both.NO_ROOM:
            session.back = ln.grown(session.back)
        elif done == both.OVERFLOW_THERE:
            raise RunStoppedError(f"{session.name}: a fill makes a sum of money too large for 64 bits")
        elif done == both.OVERFLOW_HERE:
            raise RunStoppedError("a fill makes a sum of money too large for 64 bits; trade in larger units")
        return -1

    def _fill(self, told: Sequence[int]) -> Event:
        """Make the event of a fill that has been noted."""
        return _filled(
            *told[: news.CODE],
            told[news.SIDE],
            told[news.PRICE],
            told[news.QUANTITY],
            told[news.LEAVES],
            told[news.FEE],
            self.ledger.instruments[told[news.INSTRUMENT]].settle,
            told[news.MAKER] == 1,
        )

    def listen(self, strategy: int, on_order: Handler | None, on_fill: Handler | None) -> None:
        """Give a strategy's news to these handlers from now on; None: it handles no such news."""
        self._handlers[strategy] = (on_order, on_fill)
        self._wakes[strategy] = on_order is not None, on_fill is not None

    def tell(self, strategy: int, which: int, event: Event, name: Name) -> int:
        """Give news to the strategy whose order it is; ``which``: 0 for on_order, 1 for on_fill.

        Returns
        -------
        int
            The strategy, or -1 where it does not handle such news.
        """
        handler = self._handlers[strategy][which]
        if handler is None:
            return -1
        moment = self._moment
        moment.wake = -1
        moment.event = event
        moment.cause = name[1]
        self._call(handler, event)
        return strategy
