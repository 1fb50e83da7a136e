"""What became of every order, told from the events of a run: state, fills, reason, slippage against arrival."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import attrs

from tickloom.codes import OrderStatus, Report
from tickloom.events import Fill, OrderUpdate, SubmitOrder
from tickloom.instruments import Contract, Instrument
from tickloom.money.exact import half_even

if TYPE_CHECKING:
    from tickloom.record import Entry, RunRecord

#: News that leave an order's state as it was: they answer a cancel or an amendment.
_ANSWERS = {Report.CANCEL_REJECTED, Report.AMEND_REJECTED}


@attrs.define
class OrderLife:
    """One order from its submission to the last news of it.

    Attributes
    ----------
    order : SubmitOrder
        The order as submitted.
    arrival : int
        Bid + ask at submission (twice the middle, ticks); 0 where there was no market.
    quantity : int
        Quantity (lots) after the last amendment.
    status : OrderStatus
        Last known state.
    reason : str
        Why it was refused or ended, where somebody said so.
    reached : bool
        Whether a venue accepted it; a fill proves it too.
    fills : list of Fill
        Its executions, in order.
    refused_changes : list of str
        Reasons of cancels and amendments that were refused.
    last : int
        Last news of it (UNIX time in nanoseconds, UTC).
    parent : bool
        Whether other orders worked for it; then it never went to a venue itself.
    """

    order: SubmitOrder
    arrival: int
    quantity: int
    last: int
    status: OrderStatus = OrderStatus.SUBMITTED
    reason: str = ""
    reached: bool = False
    fills: list[Fill] = attrs.Factory(list)
    refused_changes: list[str] = attrs.Factory(list)
    parent: bool = False

    @property
    def filled(self) -> int:
        """Executed quantity (lots)."""
        return sum(fill.quantity for fill in self.fills)

    @property
    def slippage(self) -> float | None:
        """How much worse than the middle at submission it was filled on average (basis points; negative: better).

        None without a fill, or without a market at submission.
        """
        if not self.fills or not self.arrival:
            return None
        worth = sum(fill.price * fill.quantity for fill in self.fills)
        return self.order.side * (2 * worth / self.filled - self.arrival) / self.arrival * 10_000

    def update(self, event: OrderUpdate) -> None:
        """Take in news that are no fill."""
        self.last = event.ts_init
        if event.report in _ANSWERS:
            self.refused_changes.append(event.reason)
            return
        if event.report == Report.AMENDED:
            self.quantity = self.filled + event.leaves_quantity
            return
        self.reached |= event.report == Report.ACCEPTED
        # A fill may have overtaken the news that the order was accepted.
        if event.report != Report.ACCEPTED or self.status == OrderStatus.SUBMITTED:
            self.status, self.reason = OrderStatus(event.status), event.reason

    def fill(self, event: Fill) -> None:
        """Take in an execution."""
        self.last = event.ts_init
        self.reached = True
        self.fills.append(event)
        if event.leaves_quantity == 0:
            self.status = OrderStatus.FILLED
        elif self.status in {OrderStatus.SUBMITTED, OrderStatus.ACCEPTED}:
            self.status = OrderStatus.PARTIALLY_FILLED


def order_lives(record: "RunRecord") -> dict[int, OrderLife]:
    """Follow every order of a run.

    Parameters
    ----------
    record : RunRecord
        The run.

    Returns
    -------
    dict
        Order id to its life, in the order of submission. News of an order that nobody submitted is left out.
    """
    lives: dict[int, OrderLife] = {}
    for event in _events(record.entries):
        if isinstance(event, SubmitOrder):
            lives[event.order_id] = OrderLife(
                event, record.arrivals.get(event.order_id, 0), event.quantity, event.ts_init
            )
            if event.parent_id in lives:
                lives[event.parent_id].parent = True
        elif event.order_id in lives:
            life = lives[event.order_id]
            if isinstance(event, Fill):
                life.fill(event)
            else:
                life.update(event)
    return lives


def _events(entries: Iterable["Entry"]) -> Iterable[SubmitOrder | OrderUpdate | Fill]:
    """Pick the events that concern orders."""
    return (entry.event for entry in entries if isinstance(entry.event, SubmitOrder | OrderUpdate | Fill))


def fill_ratio(lives: Iterable[OrderLife], weights: Mapping[int, float]) -> float | None:
    """Quantity filled over quantity ordered.

    Parameters
    ----------
    lives : iterable of OrderLife
        Orders to count, such as those that a venue accepted.
    weights : dict
        Instrument to the worth of one lot, in any one unit: lots of different instruments do not add up.

    Returns
    -------
    float or None
        0 to 1; None where nothing was ordered.
    """
    ordered = filled = 0.0
    for life in lives:
        weight = weights.get(life.order.instrument, 0.0)
        ordered += life.quantity * weight
        filled += life.filled * weight
    return filled / ordered if ordered else None


def slippage_cost(life: OrderLife, terms: Instrument) -> int:
    """Sum up what an order's fills cost beyond the middle at submission.

    Parameters
    ----------
    life : OrderLife
        The order; its ``arrival`` must be known.
    terms : Instrument
        What it traded.

    Returns
    -------
    int
        Smallest units of the settlement asset, rounded once per fill; negative where the fills were better.
    """
    top, bottom = terms.value_ratio
    cost = 0
    for fill in life.fills:
        if terms.contract is Contract.INVERSE:
            above = fill.quantity * top * (2 * fill.price - life.arrival)
            cost += half_even(above, life.arrival * fill.price * bottom)
        else:
            cost += half_even(fill.quantity * top * (2 * fill.price - life.arrival), 2 * bottom)
    return life.order.side * cost
