"""The order road: from a strategy's command through algorithm, router and gate to the venue, and the news back.

No station calls another: each returns what it wants done, and this moves it on. Whatever raises on the way fails
closed: the order is denied, and so is everything that would take the same way later.
"""

from collections.abc import Callable, Iterable, Sequence
from heapq import heappush
from typing import Any

from tickloom.codes import OrderStatus, Report
from tickloom.engine.context import Moment
from tickloom.engine.market import Market
from tickloom.engine.stream import Name, OutcomeStream
from tickloom.errors import nearest
from tickloom.events import (
    AccountChanged,
    AmendOrder,
    CancelOrder,
    Event,
    Fill,
    OrderUpdate,
    PluginFault,
    PositionChanged,
    SubmitOrder,
)
from tickloom.interfaces import Algorithm, Command, Router, Venue
from tickloom.ledger import Ledger
from tickloom.orders.gate import Gate
from tickloom.orders.table import Order, OrderTable
from tickloom_kernels import line as ln
from tickloom_kernels import order_table as t
from tickloom_kernels.venue import outcomes as o

# Classes of internal events at one instant, in their order.
ARRIVAL, EXPIRY, CLOSING, DELIVERY, TIMER = range(5)
_SUBMIT, _CANCEL, _AMEND = range(3)
# Plain ints: kernels and events take them, and an enum member costs a kernel call 20 us.
_STATUS = {
    o.CANCELED: OrderStatus.CANCELED.value,
    o.EXPIRED: OrderStatus.EXPIRED.value,
    o.REJECTED: OrderStatus.REJECTED.value,
}
_DENIED = OrderStatus.DENIED.value
_ACCEPTED = OrderStatus.ACCEPTED.value
_DENIAL = Report.DENIED.value
_NO_CANCEL = Report.CANCEL_REJECTED.value
_NO_AMEND = Report.AMEND_REJECTED.value


class Session:
    """One venue and the two lines to it."""

    def __init__(self, name: str, venue: Venue) -> None:
        self.name = name
        self.venue = venue
        self.out = ln.new_line(256)
        self.back = ln.new_line(256)


class Road:
    """Moves commands and news between plugins and venues.

    Parameters
    ----------
    calendar : list
        The heap of internal events: (time, class, number, what).
    sessions : sequence of Session
        By instrument: whose venue it is.
    call : callable
        Runs a handler of news, and knows what to do when it raises.
    fault : callable
        Announces that something on the road has failed.
    """

    def __init__(
        self,
        moment: Moment,
        market: Market,
        stream: OutcomeStream,
        calendar: list[tuple[int, int, int, Any]],
        orders: OrderTable,
        ledger: Ledger,
        gate: Gate,
        algorithms: dict[str, Algorithm],
        router: Router,
        sessions: Sequence[Session],
        call: Callable[[Callable[[Event], None], Event], None],
        fault: Callable[[PluginFault, Name], None],
    ) -> None:
        self._moment = moment
        self._market = market
        self._stream = stream
        self._calendar = calendar
        self.orders = orders
        self.ledger = ledger
        self.gate = gate
        self._algorithms = algorithms
        self._router = router
        self._sessions = sessions
        self._call = call
        self._fault = fault
        self._number = 0
        self._failed: set[str] = set()
        #: Handlers of news by strategy: (on_order, on_fill), each or None.
        self.news: dict[int, tuple[Callable[[Event], None] | None, Callable[[Event], None] | None]] = {}

    # --- out ---------------------------------------------------------------------------------------------------------

    def submit(self, ctx: Any, order: SubmitOrder, cause: int) -> None:
        """Take up a strategy's order."""
        name = self._stream.emit(order, (self._stream.row, cause))
        self.orders.add(order, self._market.twice_mid(order.instrument))
        self._work(order.algorithm, order, order, name)

    def cancel(self, ctx: Any, command: CancelOrder, cause: int) -> None:
        """Take up a cancellation; of an order that is over it is refused here."""
        self._change(ctx, command, cause, _NO_CANCEL)

    def amend(self, ctx: Any, command: AmendOrder, cause: int) -> None:
        """Take up an amendment; of an order that is over it is refused here."""
        self._change(ctx, command, cause, _NO_AMEND)

    def _change(self, ctx: Any, command: CancelOrder | AmendOrder, cause: int, refusal: int) -> None:
        name = self._stream.emit(command, (self._stream.row, cause))
        row = self.orders.row_of.get(command.order_id)
        order = self.orders.at(row) if row is not None else None
        if order is None or order.strategy != ctx.index:
            self._refuse(ctx.index, command.order_id, None, refusal, "no such order of this strategy", name)
            return
        if not order.is_open:
            self._refuse(ctx.index, command.order_id, order, refusal, "the order is over", name)
            return
        self._send_change(command, order, name)

    def _send_change(self, command: CancelOrder | AmendOrder, order: Order, name: Name) -> None:
        if isinstance(command, AmendOrder):
            reason, who, error = self.gate.objection(command)
            if error is not None:
                self._fail_closed(who, "check", error, name)
            if reason:
                self._refuse(order.strategy, command.order_id, order, _NO_AMEND, reason, name)
                return
            self._send(_AMEND, order.instrument, command.order_id, command.price, command.quantity, name)
        else:
            self._send(_CANCEL, order.instrument, command.order_id, 0, 0, name)

    def _work(self, algorithm: str, command: SubmitOrder, parent: SubmitOrder, name: Name) -> None:
        """Let an algorithm work an order, and send what it wants sent."""
        if algorithm not in self._algorithms:
            self.deny(parent, f"no algorithm {algorithm!r}; {nearest(algorithm, self._algorithms)}", name)
            return
        for child in self._ask(algorithm, self._algorithms[algorithm].work, command, parent, name):
            if isinstance(child, SubmitOrder):
                born = name if child is parent else self._adopt(child, name)
                for part in self._ask("router", self._router.route, child, child, born):
                    self._pass_gate(part, born if part is child else self._adopt(part, born))

    def _ask(
        self, who: str, station: Callable[[Any], Iterable[Command]], command: Command, parent: SubmitOrder, name: Name
    ) -> Sequence[Any]:
        """Ask a station what to do; one that has failed is not asked again."""
        if who in self._failed:
            self.deny(parent, f"{who} has failed", name)
            return ()
        try:
            return tuple(station(command))
        except Exception as error:
            self._failed.add(who)
            self._fail_closed(who, station.__name__, error, name)
            self.deny(parent, f"{who} failed: {error!r}", name)
            return ()

    def _adopt(self, child: SubmitOrder, cause: Name) -> Name:
        """Enter an order that a station made."""
        self.orders.add(child, self._market.twice_mid(child.instrument))
        return self._stream.emit(child, cause)

    def _pass_gate(self, order: SubmitOrder, name: Name) -> None:
        reason, who, error = self.gate.objection(order)
        if error is not None:
            self._fail_closed(who, "check", error, name)
        if reason:
            self.deny(order, reason, name)
            return
        row = self.orders.row_of[order.order_id]
        t.work(self.orders.exposure, self.orders.rows, row, order.quantity)
        self._send(_SUBMIT, order.instrument, order.order_id, order.price, order.quantity, name)

    def _send(self, what: int, instrument: int, order_id: int, price: int, quantity: int, name: Name) -> None:
        """Put a command on the line to its venue."""
        session = self._sessions[instrument]
        ts = self._moment.clock + session.venue.delay(False)
        row = self.orders.row_of[order_id]
        arrival = ln.send(session.out, ts, what, row, price, quantity, name[0], name[1], 0, 0, 0, 0)
        if arrival < 0:
            session.out = ln.grown(session.out)
            arrival = ln.send(session.out, ts, what, row, price, quantity, name[0], name[1], 0, 0, 0, 0)
        self._number += 1
        heappush(self._calendar, (arrival, ARRIVAL, self._number, session))

    # --- refusals ----------------------------------------------------------------------------------------------------

    def deny(self, order: SubmitOrder, reason: str, cause: Name) -> None:
        """Refuse an order on our side of the line."""
        row = self.orders.row_of[order.order_id]
        t.close(self.orders.rows, self.orders.exposure, row, _DENIED)
        self._refuse(order.strategy, order.order_id, self.orders.at(row), _DENIAL, reason, cause)

    def _refuse(self, strategy: int, order_id: int, order: Order | None, report: int, reason: str, cause: Name) -> None:
        """Queue news of a refusal of ours: it has no latency, and its handlers run after those of this event."""
        now = self._moment.clock
        account, instrument, price, leaves, status = (
            (order.account, order.instrument, order.price, order.leaves_quantity, order.status)
            if order
            else (-1, -1, 0, 0, _DENIED)
        )
        update = OrderUpdate(now, now, order_id, account, instrument, report, status, price, leaves, reason)
        self._moment.fifo.append((self._refused, None, (strategy, update, cause), 0))

    def _refused(self, _ctx: Any, payload: tuple[int, OrderUpdate, Name], _cause: int) -> None:
        strategy, update, cause = payload
        self.tell(strategy, 0, update, self._stream.emit(update, cause))

    def _fail_closed(self, who: str, callback: str, error: Exception, cause: Name) -> None:
        self._fault(PluginFault(self._moment.clock, who, callback, repr(error), "fails closed: denies"), cause)

    # --- back --------------------------------------------------------------------------------------------------------

    def arrive(self, session: Session) -> int:
        """Let the first command on a line meet its venue, put what that says on the line back; return whose it is."""
        ts, what, row, price, quantity, cause_row, cause_sub, *_ = ln.receive(session.out)
        order = self.orders.at(row)
        if what == _SUBMIT:
            session.venue.submit(order)
        elif what == _CANCEL:
            session.venue.cancel(order)
        else:
            session.venue.amend(order, price, quantity)
        self.commit(session, ts, (cause_row, cause_sub))
        return order.strategy

    def commit(self, session: Session, ts: int, cause: Name) -> None:
        """Make the venue's last outcomes its truth, and send the news of them."""
        venue = session.venue
        for code, order_id, price, quantity, leaves, maker, reason, fee in venue.commit():
            arrival = ts + venue.delay(True)
            row = self.orders.row_of[order_id]
            told = maker << 32 | reason
            args = (code, row, price, quantity, leaves, told, fee, ts, cause[0], cause[1])
            at = ln.send(session.back, arrival, *args)
            if at < 0:
                session.back = ln.grown(session.back)
                at = ln.send(session.back, arrival, *args)
            self._number += 1
            heappush(self._calendar, (at, DELIVERY, self._number, session))

    def deliver(self, session: Session) -> int:
        """Take the first news off a line: table, ledger and exposure learn it, then the strategy, which is returned."""
        ts, code, row, price, quantity, leaves, told, fee, ts_venue, cause_row, cause_sub = ln.receive(session.back)
        order = self.orders.at(row)
        cause = (cause_row, cause_sub)
        if code == o.FILL:
            self._filled(ts, ts_venue, order, row, price, quantity, fee, bool(told >> 32), cause)
            return order.strategy
        rows, exposure = self.orders.rows, self.orders.exposure
        if code == o.ACCEPTED:
            rows[row, t.STATUS] = status = _ACCEPTED
        elif code == o.AMENDED:
            t.change(rows, exposure, row, price, leaves)
            status = order.status
        elif code in (o.CANCEL_REJECTED, o.AMEND_REJECTED):
            status = order.status
        else:
            status = _STATUS[code]
            t.close(rows, exposure, row, status)
        text = o.REASONS[told & 0xFFFFFFFF]
        update = OrderUpdate(
            ts, ts_venue, order.order_id, order.account, order.instrument, code, status, price, leaves, text
        )
        self._moment.event = update
        self.tell(order.strategy, 0, update, self._stream.emit(update, cause))
        return order.strategy

    def _filled(
        self,
        ts: int,
        ts_venue: int,
        order: Order,
        row: int,
        price: int,
        quantity: int,
        fee: int,
        maker: bool,
        why: Name,
    ) -> None:
        account, instrument, side = order.account, order.instrument, order.side
        leaves = t.fill(self.orders.rows, self.orders.exposure, row, quantity)
        self.ledger.fill(account, instrument, side, price, quantity, fee)
        asset = self.ledger.instruments[instrument].settle
        fill = Fill(ts, ts_venue, order.order_id, account, instrument, side, price, quantity, leaves, fee, asset, maker)
        self._moment.event = fill
        name = self._stream.emit(fill, why)
        held = self.ledger.position(account, instrument)
        self._stream.emit(PositionChanged(ts, account, instrument, held.quantity, held.cost, held.realised), name)
        self._stream.emit(AccountChanged(ts, account, asset, self.ledger.cash(account, asset)), name)
        self.tell(order.strategy, 1, fill, name)

    def tell(self, strategy: int, which: int, event: Event, name: Name) -> None:
        """Give news to the strategy whose order it is; ``which``: 0 for on_order, 1 for on_fill."""
        handler = self.news.get(strategy, (None, None))[which]
        if handler is not None:
            moment = self._moment
            moment.wake = -1
            moment.event = event
            moment.cause = name[1]
            self._call(handler, event)
