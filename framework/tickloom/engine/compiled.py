"""Runs a strategy whose orders are placed in numba."""

from bisect import bisect_left
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickloom.engine.ahead.plan import Plan
from tickloom.engine.commands.sessions import Session
from tickloom.engine.loop import Loop
from tickloom.engine.market import Market
from tickloom.engine.seats import Seat
from tickloom.engine.stream import OutcomeStream
from tickloom.errors import RunStoppedError
from tickloom.events import TimerFired
from tickloom.ledger import Ledger
from tickloom.orders.log import Explain, Logged, Vocabulary
from tickloom.orders.table import OrderTable
from tickloom_kernels.compiled import desk, driver
from tickloom_kernels.compiled import log as lg
from tickloom_kernels.orders import line as ln
from tickloom_kernels.orders import news

Rows = NDArray[np.int64]

_LOG = 1 << 16
_FLAWS = {
    driver.FULL_DESK: f"more than {desk.CAPACITY} commands at one row",
    driver.BAD_COMMAND: "a command for no instrument, no side (1 or -1), no quantity, no price, or no time in force",
}


class OrderKernel:
    """The place of a strategy with an order kernel: it runs rows where the loop would wake Python.

    Parameters
    ----------
    seat : Seat
    kernel : int
        Address of its kernel.
    session : Session
        With the only venue of the run.
    numbering : int64
        The road's.
    limits, numbers, explain
        What the gate goes by, as `tickloom.interfaces.RiskCheck.flat` gives it.
    fail : callable
        Stops a plugin: (seat, what failed, why).
    """

    def __init__(
        self,
        seat: Seat,
        kernel: int,
        session: Session,
        market: Market,
        orders: OrderTable,
        ledger: Ledger,
        numbering: Rows,
        limits: Rows,
        numbers: Rows,
        explain: Explain,
        fail: Callable[[Seat, str, str], None],
    ) -> None:
        self.seat = seat
        self._fail = fail
        self._kernel = kernel
        self._state = np.ascontiguousarray(seat.plugin.kernel_state(), np.float64)
        self._session = session
        venue: Any = session.venue
        self._venue = venue.flat()
        self._market = market
        self._orders = orders
        self._ledger = ledger
        self._numbering = numbering
        self._limits, self._numbers, self._explain = limits, numbers, explain
        self._accounts = np.array(seat.ctx.accounts, np.int64)
        self._desk = desk.new_desk()
        self._wakes = np.zeros((seat.ctx.index + 1, 2), np.int64)
        self._words = Vocabulary(ledger)
        self._note = np.zeros(news.NOTE_WORDS, np.int64)
        self._refusals = np.zeros((desk.CAPACITY, lg.ENTRY_WORDS), np.int64)
        self._log = np.zeros((_LOG, lg.ENTRY_WORDS), np.int64)
        #: Entries that the outcome stream has been given; they are never written again.
        self._given = 0
        self._h = np.zeros(driver.HEAD_WORDS, np.int64)
        self._h[driver.STRATEGY] = seat.ctx.index

    def walk(self, loop: Loop, rows: Rows, plan: Plan) -> int:
        """Go through the rows of a chunk in the loop's place; return the number of rows consumed.

        Python wakes for what else there is to hear of, such as the kill switch.
        """
        i = wake = 0
        for stop in sorted({*(row + 1 for row in plan.positions), len(rows)}):
            i, fault = self._run(rows, i, stop, loop.consumed, loop.road.gate.killed, loop.stream)
            loop.moment.row = i - 1
            loop.moment.event = TimerFired(rows.item(i - 1, 0), self.seat.name, "")
            wake = loop.wake(plan, wake, bisect_left(plan.positions, i, wake))
            if fault:
                loop.compiled = None
                self._fail(self.seat, "order_kernel", fault)
            loop.drain()
            if fault or loop.changed:
                return i
        return i

    def _run(
        self, rows: Rows, start: int, stop: int, base: int, killed: bool, stream: OutcomeStream
    ) -> tuple[int, str]:
        """Run rows of a chunk, the first of which is input row ``base``.

        Returns
        -------
        tuple of int and str
            The row to go on from, and what is wrong with the one before it, if anything is.
        """
        h = self._h
        h[driver.BASE], h[driver.KILLED] = base, killed
        h[lg.STREAM_ROW], h[lg.STREAM_SUB] = stream.row, stream.sub
        h[driver.ORDERS] = self._orders.count
        at, why, fault = start, -1, ""
        while why != driver.DONE and not fault:
            try:
                at = self._drive(rows, at, stop)
                why = h.item(driver.WHY)
                fault = _FLAWS.get(why, "")
            except Exception as error:
                at, fault = h.item(lg.STREAM_ROW) - base, repr(error)
                self._desk[desk.COUNT], h[driver.PHASE] = 0, driver.BEGUN
            else:
                self._make_room(why, stream)
        at += fault != ""
        self._give_log(stream)
        self._orders.grown_to(h.item(driver.ORDERS))
        self._market.skip(at)
        stream.row, stream.sub = h.item(lg.STREAM_ROW), h.item(lg.STREAM_SUB)
        return at, fault

    def _drive(self, rows: Rows, start: int, stop: int) -> int:
        session, orders = self._session, self._orders
        at: int = driver.drive(
            self._kernel,
            self._state,
            self._desk,
            *self._venue,
            self._accounts,
            orders.rows,
            orders.exposure,
            session.out,
            session.back,
            self._numbering,
            self._market.newest_rows,
            self._ledger.state,
            self._wakes,
            self._limits,
            self._numbers,
            self._note,
            self._refusals,
            self._log,
            self._h,
            rows,
            start,
            stop,
        )
        return at

    def _make_room(self, why: int, stream: OutcomeStream) -> None:
        """Do what the driver came back for."""
        session = self._session
        if why == driver.FULL_LOG:
            self._give_log(stream)
            self._log = np.zeros((_LOG, lg.ENTRY_WORDS), np.int64)
            self._given = self._h[lg.LOGGED] = 0
        elif why == driver.FULL_TABLE:
            self._orders.double()
        elif why == driver.FULL_OUT:
            session.out = ln.grown(session.out)
        elif why == driver.FULL_BACK:
            session.back = ln.grown(session.back)
        elif why == driver.OVERFLOW:
            raise RunStoppedError("a fill makes a sum of money too large for 64 bits; trade in larger units")

    def _give_log(self, stream: OutcomeStream) -> None:
        """Hand what has been logged to the outcome stream."""
        logged = self._h.item(lg.LOGGED)
        if logged > self._given:
            stream.logged(Logged(self._log[self._given : logged], self._words, self._explain))
            self._given = logged
