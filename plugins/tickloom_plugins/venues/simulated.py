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

from tickloom.instruments import Contract, Instrument
from tickloom.ledger import Ledger
from tickloom.orders.table import Order
from tickloom.units import percent
from tickloom_kernels import book
from tickloom_kernels.venue import arrival, scan
from tickloom_kernels.venue import outcomes as o
from tickloom_kernels.venue import state as v
from tickloom_plugins.venues.funds import Funds
from tickloom_plugins.venues.latency import Draws, Latency

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
    _instruments: Sequence[Instrument | None] = field(init=False, default=())
    _ledger: Ledger = field(init=False, repr=False)
    _funds: Funds = field(init=False, repr=False)
    _draws: Draws = field(init=False, repr=False)
    _orders: dict[int, Order] = field(init=False, factory=dict, repr=False)

    def open(self, name: str, instruments: Sequence[Instrument | None], ledger: Ledger, seed: int) -> None:
        """Take up the run's instruments (None where one belongs to another venue) and the venue's own ledger."""
        self._instruments = [self._priced(one) if one else None for one in instruments]
        self._ledger = ledger
        self._a = a = v.new_state(len(instruments))
        self._undo = int(a[v.UNDO_AT])
        self._saved = np.empty(int(a[v.OUTCOMES_AT]), np.int64)
        for i, one in enumerate(self._instruments):
            if one is not None:
                at = v.HEAD_WORDS + i * v.INSTRUMENT_WORDS
                a[at + v.MINE] = 1
                # What is not on the grid is rounded against us.
                a[at + v.INITIAL_QUEUE] = ceil(self.initial_queue / one.lot_size)
                a[at + v.HALF_SPREAD_PPM] = ceil(self.half_spread * 1_000_000)
        self._funds = Funds(self._instruments, ledger, self.leverage, self._price)
        self._draws = Draws(self.latency, seed, name)

    def _priced(self, one: Instrument) -> Instrument:
        return attrs.evolve(one, maker_fee=self.fees.maker, taker_fee=self.fees.taker) if self.fees else one

    def _price(self, instrument: int) -> int:
        """Price (ticks) that a position is valued at: the last trade, or where one would begin to take."""
        last = self._a.item(v.HEAD_WORDS + instrument * v.INSTRUMENT_WORDS + v.LAST)
        return last or arrival.touch(self._a, instrument, 1) or arrival.touch(self._a, instrument, -1)

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

    # --- commands ----------------------------------------------------------------------------------------------------

    def submit(self, order: Order) -> None:
        """Meet a new order at the venue."""
        a = self._a
        instrument = self._instruments[order.instrument]
        assert instrument is not None
        reason = self._refusal(order, instrument)
        if reason:
            v.refuse(a, o.REJECTED, order.order_id, order.price, reason, order.instrument)
            return
        self._orders[order.order_id] = order
        arrival.submit(
            a,
            order.instrument,
            order.side,
            order.order_type,
            order.time_in_force,
            order.post_only,
            order.price,
            order.quantity,
            order.order_id,
        )

    def _refusal(self, order: Order, instrument: Instrument) -> int:
        price = order.price or arrival.touch(self._a, order.instrument, order.side)
        if price == 0:
            return o.NO_REASON
        if _is_too_small(instrument, price, order.quantity):
            return o.BELOW_MINIMUM
        cost = self._cost(order, instrument, price) if instrument.contract is Contract.SPOT else 0
        return o.NO_REASON if self._funds.affords(order, cost, price, order.quantity) else o.NO_FUNDS

    def _cost(self, order: Order, instrument: Instrument, price: int) -> int:
        """Return what a spot buy would pay (smallest units of quote): what it takes now, and its price for the rest."""
        if order.side < 0:
            return 0
        limit = order.price if order.order_type != arrival.MARKET else 1 << 61
        left, paid = arrival.take(self._a, order.instrument, 1, limit, order.quantity, order.order_id, True)
        return instrument.value(paid, 1) + (instrument.value(order.price, left) if order.price else 0)

    def cancel(self, order: Order) -> None:
        """Meet a cancellation of an order."""
        arrival.cancel(self._a, order.instrument, order.order_id)

    def amend(self, order: Order, price: int, quantity: int) -> None:
        """Meet an amendment of an order: price (ticks) and total quantity (lots)."""
        a = self._a
        instrument = self._instruments[order.instrument]
        assert instrument is not None
        slot = v.slot_of(a, order.order_id)
        reason = self._objection(order, instrument, slot, price, quantity) if slot else o.NO_REASON
        if reason:
            a[v.OUTCOMES] = 0
            v.report(a, o.AMEND_REJECTED, slot, 0, reason)
            return
        arrival.amend(a, order.instrument, order.order_id, price, quantity)

    def _objection(self, order: Order, instrument: Instrument, slot: int, price: int, quantity: int) -> int:
        """Return why a resting order must not become what an amendment asks for."""
        resting = self._a.item(slot + v.LEAVES)
        leaves = quantity - (self._a.item(slot + v.QUANTITY) - resting)
        if leaves <= 0:
            return o.TOO_SMALL
        if _is_too_small(instrument, price, quantity):
            return o.BELOW_MINIMUM
        cost = instrument.value(price, leaves) if instrument.contract is Contract.SPOT else 0
        return o.NO_REASON if self._funds.affords(order, cost, price, leaves, resting) else o.NO_FUNDS

    # --- truth -------------------------------------------------------------------------------------------------------

    def commit(self) -> Sequence[tuple[int, int, int, int, int, int, int, int]]:
        """Make the last outcomes the venue's truth: its ledger books the fills, locks follow what still rests."""
        a = self._a
        count, at = a.item(v.OUTCOMES), a.item(v.OUTCOMES_AT)
        told = []
        over = set()
        for code, order_id, price, quantity, leaves, maker, reason, index in (
            a[at : at + count * o.WORDS].reshape(count, o.WORDS).tolist()
        ):
            fee = 0
            order = self._orders.get(order_id)
            instrument = self._instruments[index]
            assert instrument is not None
            if order is not None and code != o.CANCEL_REJECTED:
                if code == o.FILL:
                    fee = instrument.fee(price, quantity, maker == 1)
                    self._funds.rests(order_id, order.account, index, order.side, price, 0)
                    self._ledger.fill(order.account, index, order.side, price, quantity, fee)
                if not self._follow(order, index):
                    over.add(order_id)
            told.append((code, order_id, price, quantity, leaves, maker, reason, fee))
        # Only now: an order may have been accepted and filled in several pieces, all at once.
        for order_id in over:
            del self._orders[order_id]
        return told

    def _follow(self, order: Order, index: int) -> bool:
        """Let the locks follow what rests of an order now, and say whether anything does."""
        slot = v.slot_of(self._a, order.order_id)
        leaves = self._a.item(slot + v.LEAVES) if slot else 0
        price = self._a.item(slot + v.PRICE) if slot else 0
        self._funds.rests(order.order_id, order.account, index, order.side, price, leaves)
        return leaves != 0

    def delay(self, back: bool) -> int:
        """Draw a latency (ns)."""
        return self._draws.draw(back)

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


def _is_too_small(instrument: Instrument, price: int, quantity: int) -> bool:
    return quantity < instrument.min_lots or instrument.value(price, quantity) < instrument.min_value
