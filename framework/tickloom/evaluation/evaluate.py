"""Everything that is computed from a run, once: the one place where its numbers come from."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import attrs
import numpy as np
from numpy.typing import NDArray

from tickloom.evaluation.history import History, book_again, last_moment
from tickloom.evaluation.orders import OrderLife, order_lives, slippage_cost
from tickloom.evaluation.returns import as_of, sampling_interval, simple_returns
from tickloom.evaluation.trips import Trip, round_trips
from tickloom.evaluation.valuation import END, Valuation, headline_asset
from tickloom.events import Fill
from tickloom.money.positions import Position

if TYPE_CHECKING:
    from tickloom.evaluation.metrics import Metric
    from tickloom.record import RunRecord


@attrs.frozen(kw_only=True)
class Costs:
    """Where the result came from: ``market - slippage - fees + funding`` is the change of equity, to the unit.

    All in smallest units of the headline asset; what is paid in other assets is converted at the last marks.

    Attributes
    ----------
    market : int
        What prices did to everything held, had every order been filled at the middle at its submission.
    slippage : int
        What fills cost beyond that middle; 0 for orders that found no market.
    fees : int
        Paid less received.
    funding : int
        Received less paid.
    """

    market: int
    slippage: int
    fees: int
    funding: int


@attrs.frozen(kw_only=True)
class Evaluation:
    """A run, evaluated.

    Attributes
    ----------
    record : RunRecord
        The run.
    valuation : Valuation
        What prices things, and the headline asset.
    history : History
        Cash and positions over time.
    times : int64, shape (n,)
        Start, ends of cells of marks, end (UNIX time in nanoseconds, UTC), ascending.
    equity, exposure : float64, shape (n,)
        At those times, in whole units of the headline asset; exposure is gross.
    opening, closing : int
        Equity at the start and at the end (smallest units of the headline asset), exactly.
    interval : int
        Length of one return (ns).
    returns : float64, shape (m,)
        Simple returns over whole intervals from the start.
    orders : dict
        Order id to its life.
    trips : sequence of Trip
        Round trips by the time they opened.
    costs : Costs
        Where the result came from.
    """

    record: "RunRecord"
    valuation: Valuation
    history: History
    times: NDArray[np.int64]
    equity: NDArray[np.float64]
    exposure: NDArray[np.float64]
    opening: int
    closing: int
    interval: int
    returns: NDArray[np.float64]
    orders: Mapping[int, OrderLife]
    trips: Sequence[Trip]
    costs: Costs

    @property
    def asset(self) -> str:
        """The asset that everything is told in."""
        return self.valuation.asset

    @cached_property
    def metrics(self) -> "Mapping[str, Metric]":
        """Every number of the report by key, in the order in which it is shown."""
        from tickloom.evaluation.metrics import all_metrics

        return {metric.key: metric for metric in all_metrics(self)}

    @cached_property
    def fills(self) -> Sequence[Fill]:
        """All fills, in order."""
        return [entry.event for entry in self.record.entries if isinstance(entry.event, Fill)]

    def worth(self, account: int, asset: str, units: int) -> int:
        """Convert smallest units of an asset into the headline asset's at the last marks; 0 where nothing prices it."""
        return self.valuation.convert(account, asset, units, self.valuation.closing_marks) or 0

    def net(self, trip: Trip) -> int:
        """Profit of a round trip after fees and funding (smallest units of the headline asset, at the last marks)."""
        settle = self.record.instruments[trip.instrument].settle
        fees = sum(self.worth(trip.account, asset, units) for asset, units in sorted(trip.fees.items()))
        return self.worth(trip.account, settle, trip.pnl + trip.funding) - fees


def evaluate(record: "RunRecord") -> Evaluation:
    """Evaluate a run.

    Parameters
    ----------
    record : RunRecord
        The run.

    Returns
    -------
    Evaluation
        The same for the same record, bit for bit.
    """
    valuation = Valuation(record, headline_asset(record), last_moment(record))
    history = book_again(record)
    times = _moments(record, valuation.end)
    equity, exposure = valuation.equity(history, times)
    opening = valuation.exact(record.deposits, {}, valuation.opening_marks)
    closing = valuation.exact(_cash(record, history), _positions(record), valuation.closing_marks)
    equity[0], equity[-1] = (units / 10**valuation.precision for units in (opening, closing))
    interval = sampling_interval(valuation.end - record.first, record.cell)
    samples = np.arange(record.first, valuation.end + 1, interval)
    orders = order_lives(record)
    return Evaluation(
        record=record,
        valuation=valuation,
        history=history,
        times=times,
        equity=equity,
        exposure=exposure,
        opening=opening,
        closing=closing,
        interval=interval,
        returns=simple_returns(as_of(times, equity, samples)),
        orders=orders,
        trips=round_trips(history, valuation),
        costs=_costs(record, valuation, orders.values(), closing - opening),
    )


def _moments(record: "RunRecord", end: int) -> NDArray[np.int64]:
    """When equity is looked at: the start, the end of each cell, the end of the run (two moments at least)."""
    ends = [np.minimum(cells[:, END], end) for _, cells in sorted(record.marks.items())]
    inner = np.unique(np.concatenate([np.empty(0, np.int64), *ends]))
    inner = inner[(inner > record.first) & (inner < end)]
    return np.concatenate(([record.first], inner, [end])).astype(np.int64)


def _cash(record: "RunRecord", history: History) -> dict[tuple[int, str], int]:
    """Cash at the end by account and asset, as the run's own ledger has it."""
    return {(account, asset): record.ledger.cash(account, asset) for account, asset in history.cash}


def _positions(record: "RunRecord") -> dict[tuple[int, int], Position]:
    """Positions at the end that are not flat, as the run's own ledger has them."""
    found = {
        (account, index): record.ledger.position(account, index)
        for account in range(len(record.accounts))
        for index in range(len(record.instruments))
    }
    return {key: held for key, held in found.items() if held.quantity}


def _costs(record: "RunRecord", valuation: Valuation, lives: Iterable[OrderLife], net: int) -> Costs:
    """Split the change of equity into what prices did and what trading cost."""
    marks = valuation.closing_marks

    def worth(account: int, asset: str, units: int) -> int:
        return valuation.convert(account, asset, units, marks) or 0

    slippage = fees = funding = 0
    for life in lives:
        if life.fills and life.arrival:
            terms = record.instruments[life.order.instrument]
            slippage += worth(life.order.account, terms.settle, slippage_cost(life, terms))
    for account in range(len(record.accounts)):
        for asset in record.ledger.assets(account):
            fees += worth(account, asset, record.ledger.fees_paid(account, asset))
        for index, terms in enumerate(record.instruments):
            funding += worth(account, terms.settle, record.ledger.position(account, index).funding)
    return Costs(market=net + slippage + fees - funding, slippage=slippage, fees=fees, funding=funding)
