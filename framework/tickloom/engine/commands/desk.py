"""The desk: commands whose way needs no plugin to be asked, gathered and carried out in one compiled call.

That is most of them: the algorithm and the router pass on what they are given, and the gate's limits are numbers. What
happens is what happens on the road (`tickloom.engine.commands.road`), in the same order; only nobody is called for it.
"""

from collections.abc import Callable, Sequence
from struct import Struct

import numpy as np
from msgspec.structs import astuple
from numpy.typing import NDArray

from tickloom.engine.commands.road import Road
from tickloom.engine.commands.sessions import Session
from tickloom.engine.context import Item
from tickloom.engine.market import Market
from tickloom.engine.stream import OutcomeStream
from tickloom.events import AmendOrder, CancelOrder, SubmitOrder
from tickloom.orders.log import SAID
from tickloom_kernels.compiled import log as lg
from tickloom_kernels.lending import lend
from tickloom_kernels.orders import gate
from tickloom_kernels.orders import line as ln
from tickloom_kernels.orders import table as t

Rows = NDArray[np.int64]

#: Commands that one call carries out.
_CAPACITY = 256
_BYTES = 8 * gate.COMMAND_WORDS
_PRICE = 8 * gate.PRICE
_new = Struct(f"={gate.COMMAND_WORDS}q").pack_into
_change = Struct(f"={gate.PARENT_ID}q").pack_into
_amounts = Struct("=2q").pack_into


class Desk:
    """Carries out what strategies command, as far as it has not to ask anybody.

    Parameters
    ----------
    road : Road
        Whose refusals they are.
    sessions : sequence of Session
        By instrument.
    plain : collection of str
        Algorithms that pass on what they are given.
    limits, numbers, explain
        What the gate goes by, as `tickloom.interfaces.RiskCheck.flat` gives it.
    """

    def __init__(
        self,
        road: Road,
        market: Market,
        stream: OutcomeStream,
        sessions: Sequence[Session],
        plain: frozenset[str],
        limits: Rows,
        numbers: Rows,
        explain: Callable[[Sequence[int]], str],
    ) -> None:
        self._road = road
        self._market = market
        self._stream = stream
        self._orders = road.orders
        self._sessions = sessions
        self._several = len(set(sessions)) > 1
        #: The number of their texts without a tag.
        self._plain = {name: road.log.words.number((name, "")) for name in sorted(plain)}
        self._limits, self._numbers, self._explain = limits, numbers, explain
        self._commands = np.zeros((_CAPACITY, gate.COMMAND_WORDS), np.int64)
        self._refusals = np.zeros((_CAPACITY, gate.REFUSAL_WORDS), np.int64)
        self._buffer = self._commands.data.cast("B")

    def carry_out(self, fifo: Sequence[Item], start: int, most: int) -> int:
        """Carry out the commands in the queue from ``start`` on.

        Parameters
        ----------
        most : int
            Of so many, at most.

        Returns
        -------
        int
            How many have been carried out: those before the first that is none, or has to ask its way.
        """
        road, orders, stream = self._road, self._orders, self._stream
        taken = fifo[start : start + min(most, _CAPACITY)]
        session, count = self._take(taken)
        if count == 0:
            return 0
        while session.out.item(ln.COUNT) + count > session.out.item(ln.CAPACITY):
            session.out = ln.grown(session.out)
        log = road.log
        log.make_room(count)
        # Follows the market up to this moment.
        newest = self._market.known()
        refused = gate.carry_out(self._lent(session, newest), count, road.gate.killed, stream.row, stream.sub)
        stream.sub += count
        for number, row, by, sub, *detail in self._refusals[:refused].tolist() if refused else ():
            _, ctx, command, _ = taken[number]
            reason = self._explain(detail) if by == lg.BY_GATE else SAID[by]
            road.refuse(ctx.index, command, orders.at(row) if row >= 0 else None, reason, (stream.row, sub))
        return count

    def _lent(self, session: Session, newest: Rows) -> Rows:
        """Return what the gate needs as it takes it; of that, the line and the table are replaced as they grow."""
        road, held = self._road, session.lent_out
        if held is None or not (held[1][gate.OUT] is session.out and held[1][gate.TABLE] is self._orders.rows):
            arrays = (
                self._commands,
                self._refusals,
                self._orders.rows,
                self._orders.exposure,
                session.out,
                road.numbering,
                newest,
                road.ledger.state,
                self._limits,
                self._numbers,
                road.log.rows,
                road.log.head,
            )
            session.lent_out = held = lend(arrays), arrays
        return held[0]

    def _take(self, taken: Sequence[Item]) -> tuple[Session, int]:
        """Write commands down, as far as they are for one session; return it, and how many they are."""
        orders, buffer, number = self._orders, self._buffer, self._road.log.words.number
        orders.make_room(len(taken))
        row_of, rows, plain = orders.row_of, orders.rows, self._plain
        known = new = len(row_of)
        session, at, several = self._sessions[0], 0, self._several
        for _, ctx, command, cause in taken:
            kind = type(command)
            if kind is SubmitOrder:
                instrument = command.instrument
                if command.algorithm not in plain:
                    break
            elif kind is CancelOrder or kind is AmendOrder:
                row = row_of.get(command.order_id, -1)
                if not 0 <= row < known:
                    # There is no row to look at, or none yet.
                    break
                instrument = rows.item(row, t.INSTRUMENT) if several else 0
            else:
                break
            if several and session is not self._sessions[instrument]:
                if at:
                    break
                session = self._sessions[instrument]
            if kind is SubmitOrder:
                row_of[command.order_id] = new
                texts = number((command.algorithm, command.tag)) if command.tag else plain[command.algorithm]
                _new(buffer, at, t.SUBMIT, new, cause, ctx.index, texts, *astuple(command)[:-2])
                new += 1
            elif kind is CancelOrder:
                _change(buffer, at, t.CANCEL, row, cause, ctx.index, 0, command.ts_init, command.order_id)
            else:
                _change(buffer, at, t.AMEND, row, cause, ctx.index, 0, command.ts_init, command.order_id)
                _amounts(buffer, at + _PRICE, command.price, command.quantity)
            at += _BYTES
        return session, at // _BYTES
