"""What every venue owes: rows taken back without a trace, orders filled within their terms, and books that balance."""

from collections.abc import Callable
from typing import Any

import attrs

from tickloom.codes import OrderType, Report
from tickloom.events import AmendOrder, Fill, OrderUpdate
from tickloom.interfaces import Source
from tickloom.ledger import EXTERNAL, Ledger
from tickloom.testing.conformance import laws
from tickloom.testing.conformance.subject import ConformanceError, Subject
from tickloom.testing.runs import Finished, Rows
from tickloom.testing.ticks import market
from tickloom_kernels import rows as r

_STOPS = "advance stops at the first row with outcomes, before the first with ts_init >= ts_next, or at limit"
_MOVES = "advance takes at least one row that comes before ts_next"
_READS = "a venue only reads rows"
_BACK = "rollback returns to the state of the last checkpoint, whatever was run through since"
_TERMS = "an order is filled on its side, for no more lots than it has, and at no worse price than its limit"
_BALANCE = "every asset sums to what was deposited, and the venue's books are the run's when all news has arrived"
_LONGEST = "longest is an int of ns, 0 or more, that no news takes longer than"
_NOTES = "notes is a sequence of texts"
#: News of everything must have arrived when the run ends.
_TAIL = '[run]\ntail = "5s"\n'
_MARKET = OrderType.MARKET.value


def check_venue(
    factory: Callable[..., Any], ticks: Source | None = None, config: str = "", /, **settings: Any
) -> Finished:
    """Require that a venue keeps the contract of `tickloom.interfaces.Venue`.

    A strategy sends it orders of every sort, amends and cancels them (`tickloom.testing.actors.Busy`), in several runs
    as `check_strategy` has them, and in one in which it is run ahead and taken back before every block.

    Parameters
    ----------
    factory : callable
        Makes the venue; asked once for every run.
    ticks : Source, optional
        `tickloom.testing.market` by default.
    config : str
        TOML that stands above the run's own; the venue is called ``venue`` there.
    **settings
        Its settings, as a config would hold them.

    Returns
    -------
    Finished
        One of the runs.

    Raises
    ------
    ConformanceError
        Names the row, the order or the account, and the rule; also where nothing was filled, for then little was
        checked.
    """
    subject = Subject("venue", factory, settings)
    stage = subject.stage(ticks or market(150), _TAIL + config)
    plain, quiet = _watched(subject, stage, False)
    laws.require_no_fault(subject, quiet)
    _orders(subject, quiet)
    _books(subject, plain, quiet)
    laws.same(subject, "run ahead and taken back before every block", quiet, _watched(subject, stage, True)[1], _BACK)
    return laws.hold(subject, stage)


def _watched(subject: Subject, stage: Any, provoked: bool) -> "tuple[_Watched, Finished]":
    """Run with somebody who looks at every call."""
    seats: list[_Watched] = []

    def cast() -> _Watched:
        seats.append(_Watched(subject, subject.make(), provoked))
        return seats[0]

    run = attrs.evolve(stage, plugin=cast).run()
    if seats[0].breach is not None:
        raise seats[0].breach
    return seats[0], run


class _Watched:
    """A venue with somebody who looks at how it goes through rows, and may take it back more often than a run does."""

    def __init__(self, subject: Subject, plugin: Any, provoked: bool) -> None:
        self._subject = subject
        self._plugin = plugin
        self._provoked = provoked
        self._fresh = False
        self.ledger: Ledger | None = None
        self.breach: ConformanceError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plugin, name)

    def open(self, *args: Any, **named: Any) -> Any:
        """Note the venue's own ledger."""
        self.ledger = next(one for one in (*args, *named.values()) if isinstance(one, Ledger))
        return self._plugin.open(*args, **named)

    def checkpoint(self) -> None:
        """Note that nothing has been run through since."""
        self._fresh = True
        self._plugin.checkpoint()

    def advance(self, rows: Rows, start: int, limit: int, ts_next: int) -> int:
        """Run through rows, and look at where it stops."""
        if self._provoked and self._fresh:
            self._plugin.advance(rows, start, min(limit, start + 1 + start % 5), ts_next)
            self._plugin.rollback()
            self._plugin.advance(rows, start, limit, ts_next)
            self._plugin.rollback()
            self._plugin.checkpoint()
        self._fresh = False
        before = rows.copy()
        stop: int = self._plugin.advance(rows, start, limit, ts_next)
        try:
            self._look(rows, before, start, limit, ts_next, stop)
        except ConformanceError as error:
            self.breach = self.breach or error
            raise
        return stop

    def _look(self, rows: Rows, before: Rows, start: int, limit: int, ts_next: int, stop: int) -> None:
        require, where = self._subject.require, f"advance over rows {start} to {limit} before {ts_next}"
        told = f"returned {stop}, {'with' if self._plugin.pending else 'without'} outcomes"
        require(isinstance(stop, int) and start <= stop <= limit, where, told, _STOPS)
        last = stop + 1 if self._plugin.pending else stop
        require(last <= limit, where, told, _STOPS)
        early = last == start or rows.item(last - 1, r.TS_INIT) < ts_next
        require(early, where, f"{told}, past a row that is not before it", _STOPS)
        stuck = last == start and start < limit and rows.item(start, r.TS_INIT) < ts_next
        require(not stuck, where, told, _MOVES)
        require(bool((rows == before).all()), where, "changed rows", _READS)


def _orders(subject: Subject, run: Finished) -> None:
    """Hold every fill against the order it is of, as it was amended."""
    orders = {order.order_id: order for order in run.orders}
    left = {order.order_id: order.quantity for order in run.orders}
    limits = {order.order_id: [order.price] for order in run.orders}
    for change in run.events(AmendOrder):
        limits[change.order_id].append(change.price)
        left[change.order_id] = max(left[change.order_id], change.quantity)
    unchecked = "had no fill, so that little was checked"
    subject.require(bool(run.fills), "the run", unchecked, "a market is met by some orders")
    for fill in run.fills:
        order = orders[fill.order_id]
        left[fill.order_id] -= fill.quantity
        best = max(limit * order.side for limit in limits[fill.order_id])
        within = order.order_type == _MARKET or fill.price * order.side <= best
        good = fill.side == order.side and fill.quantity > 0 and fill.price > 0 and left[fill.order_id] >= 0
        subject.require(good and within, f"{fill}", f"of {order}", _TERMS)


def _books(subject: Subject, venue: _Watched, run: Finished) -> None:
    """Hold what the venue says of itself, and its books, against the run's, when all news has arrived."""
    record, ledger = run.record, venue.ledger
    assert ledger is not None
    longest, notes = venue.longest(), venue.notes()
    subject.require(isinstance(longest, int) and longest >= 0, "longest", f"returned {longest!r}", _LONGEST)
    subject.require(all(isinstance(note, str) for note in notes), "notes", f"returned {notes!r}", _NOTES)
    news: list[Fill | OrderUpdate] = [*run.fills, *(one for one in run.updates if one.report != Report.DENIED)]
    for one in news:
        took = one.ts_init - one.ts_venue
        subject.require(0 <= took <= longest, f"{one}", f"took {took} ns, longest says {longest}", _LONGEST)
    for name, books in (("the run's ledger", record.ledger), ("the venue's ledger", ledger)):
        with subject.asked(name):
            books.check()
    assets = sorted({asset for _, asset in record.deposits})
    for account, owner in enumerate(record.accounts):
        for i, instrument in enumerate(record.instruments):
            where = f"position of {owner} in {instrument.name}"
            _equal(subject, where, ledger.position(account, i), record.ledger.position(account, i))
        for asset in assets:
            _equal(subject, f"{asset} of {owner}", ledger.cash(account, asset), record.ledger.cash(account, asset))
    for asset in assets:
        total = sum(cash.get(asset, 0) for name, cash in record.ledger.balances().items() if name != EXTERNAL)
        deposited = sum(units for (_, one), units in record.deposits.items() if one == asset)
        subject.require(total == deposited, asset, f"sums to {total}, {deposited} were deposited", _BALANCE)


def _equal(subject: Subject, where: str, there: object, here: object) -> None:
    subject.require(here == there, where, f"{there} at the venue, {here} by the news", _BALANCE)
