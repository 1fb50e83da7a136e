"""A venue simulated on replayed market data: it takes what was shown, and rests behind everybody who was there.

Market orders walk the book; resting orders advance in their queue by trades alone; own fills use up what they took
until the book tells that level anew. It moves no prices: large orders are flattered, and the report says what share of
the volume they were.
"""

from collections.abc import Sequence
from decimal import Decimal
from math import ceil

import attrs
import numpy as np
from attrs import field, validators
from numpy.typing import NDArray

from tickloom.errors import RunStoppedError
from tickloom.instruments import Instrument
from tickloom.ledger import Ledger
from tickloom.orders.table import OrderTable
from tickloom.units import percent
from tickloom_kernels.market import book
from tickloom_kernels.venue import funds, scan, session
from tickloom_kernels.venue import state as v
from tickloom_plugins.venues.latency import Latency

Rows = NDArray[np.int64]


@attrs.frozen
class Fees:
    """Parts of an order's value, such as ``maker = "2 bp"``, in place of the instruments' own."""

    maker: Decimal = field(converter=percent)
    taker: Decimal = field(converter=percent)


@attrs.define(eq=False, on_setattr=attrs.setters.NO_OP)  # its counters change at every block
class Simulated:
    """Settings of a simulated venue.

    Parameters
    ----------
    latency : Latency
        ``{ kind = "constant", out = "5ms", back = "5ms" }``, or random.
    fees : Fees, optional
    half_spread : percent
        What a taker pays on top of the last price where the data have no book; the report then says "no book".
    initial_queue : decimal
        Quantity assumed ahead of an order at a level that nobody has shown, in the instrument's unit of quantity.
    leverage : int
        Value of contracts per value of equity.
    """

    latency: Latency = field(factory=Latency)
    fees: Fees | None = None
    half_spread: Decimal = field(
        default="1 bp",  # type: ignore[assignment]  # converted
        converter=percent,
        validator=validators.ge(Decimal(0)),  # type: ignore[arg-type]  # asked after the converter
    )
    initial_queue: Decimal = field(default=Decimal(0), validator=validators.ge(Decimal(0)))
    leverage: int = field(default=10, validator=validators.ge(1))
    _a: Rows = field(init=False, repr=False)
    _saved: Rows = field(init=False, repr=False)
    _kept: int = field(init=False, default=0)
    _undo: int = field(init=False, default=0)
    _name: str = field(init=False, default="")
    _instruments: Sequence[Instrument | None] = field(init=False, default=())
    _ledger: Ledger = field(init=False, repr=False)
    _funds: Rows = field(init=False, repr=False)
    _orders: OrderTable = field(init=False, repr=False)

    def open(
        self, name: str, instruments: Sequence[Instrument | None], ledger: Ledger, seed: int, orders: OrderTable
    ) -> tuple[Rows, Rows]:
        """Take up the run; see `tickloom.interfaces.Venue.open`."""
        self._name = name
        self._orders = orders
        self._instruments = [self._priced(one) if one else None for one in instruments]
        self._ledger = ledger
        self._a = a = v.new_state(len(instruments))
        self._undo = int(a[v.UNDO_AT])
        self._saved = np.empty(int(a[v.OUTCOMES_AT]), np.int64)
        for i, one in enumerate(self._instruments):
            if one is not None:
                ledger.charge(i, one)
                at = v.HEAD_WORDS + i * v.INSTRUMENT_WORDS
                a[at + v.MINE] = 1
                # What is not on the grid is rounded against us.
                a[at + v.INITIAL_QUEUE] = ceil(self.initial_queue / one.lot_size)
                a[at + v.HALF_SPREAD_PPM] = ceil(self.half_spread * 1_000_000)
        self._funds = funds.new_funds(len(ledger.accounts), len(instruments), self.leverage)
        return self.latency.lines(seed, name)

    def _priced(self, one: Instrument) -> Instrument:
        return attrs.evolve(one, maker_fee=self.fees.maker, taker_fee=self.fees.taker) if self.fees else one

    # --- rows --------------------------------------------------------------------------------------------------------

    def checkpoint(self) -> None:
        """Remember this state: the small part by copy, the books by a log of their changes from here on."""
        a = self._a
        a[self._undo] = 0
        self._kept = kept = a.item(v.ORDERS_AT) + a.item(v.HIGH) * v.ORDER_WORDS
        self._saved[:kept] = a[:kept]

    def rollback(self) -> None:
        """Return to the state of the last `checkpoint`."""
        book.undo_all(self._a, self._undo)
        self._a[: self._kept] = self._saved[: self._kept]

    def advance(self, rows: Rows, start: int, limit: int, ts_next: int) -> int:
        """Run through rows; see `tickloom_kernels.venue.scan.advance`."""
        stop: int = scan.advance(self._a, rows, start, limit, ts_next)
        return stop

    @property
    def pending(self) -> bool:
        """Whether the last `advance` stopped at a row with outcomes."""
        count: int = self._a.item(v.OUTCOMES)
        return count > 0

    # --- commands, and the truth ---------------------------------------------------------------------------------

    def arrive(self, out: Rows, back: Rows, numbering: Rows, until: int, most: int) -> bool:
        """Let commands from the line out meet the venue; see `tickloom_kernels.venue.session.arrive`."""
        done = session.arrive(
            self._a, self._ledger.state, self._funds, self._orders.rows, out, back, numbering, until, most
        )
        return self._has_room(done)

    def commit(self, back: Rows, numbering: Rows, ts: int, cause_row: int, cause_sub: int) -> bool:
        """Make the last outcomes the venue's truth; see `tickloom_kernels.venue.session.commit`."""
        done = session.commit(
            self._a, self._ledger.state, self._funds, self._orders.rows, back, numbering, ts, cause_row, cause_sub
        )
        return self._has_room(done)

    def _has_room(self, done: int) -> bool:
        if done == session.OVERFLOW:
            raise RunStoppedError(f"{self._name}: a fill makes a sum of money too large for 64 bits")
        return done == session.DONE

    def flat(self) -> tuple[Rows, Rows, Rows]:
        """Return the arrays that are this venue, for a strategy that places its orders in numba."""
        return self._a, self._ledger.state, self._funds

    def longest(self) -> int:
        """Longest way out and back together (ns)."""
        return self.latency.longest()

    def notes(self) -> Sequence[str]:
        """Say where takers had to do without a book."""
        said = []
        for i, one in enumerate(self._instruments):
            if one is not None and self._a[v.HEAD_WORDS + i * v.INSTRUMENT_WORDS + v.NO_BOOK]:
                said.append(
                    f"{one.name}: no book in the data; takers paid the last price and a half spread of "
                    f"{(self.half_spread * 10_000).normalize():f} bp"
                )
        return said
