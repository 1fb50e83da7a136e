"""Metrics of trading and of execution: how much was traded, what came of orders, what fills cost."""

from typing import TYPE_CHECKING

import numpy as np

from tickloom.codes import OrderStatus
from tickloom.evaluation.metrics import Metric, because, money, ratio
from tickloom.evaluation.orders import OrderLife, fill_ratio
from tickloom.evaluation.returns import YEAR, time_weighted_mean
from tickloom.events import Fill

if TYPE_CHECKING:
    from tickloom.evaluation.evaluate import Evaluation

_DAYS = YEAR / 365


def metrics(run: "Evaluation") -> list[Metric]:
    """Compute the metrics of the groups ``Trading`` and ``Execution``, in the order in which they are shown."""
    return [*_volume(run), *_trips(run), *_orders(run), *_quality(run)]


def _value(run: "Evaluation", fill: Fill) -> int:
    """Value of a fill (smallest units of the headline asset, at the last marks where it settles in another)."""
    terms = run.record.instruments[fill.instrument]
    return run.worth(fill.account, terms.settle, terms.value(fill.price, fill.quantity))


def _volume(run: "Evaluation") -> list[Metric]:
    """How much was traded."""
    volume = money(run, sum(_value(run, fill) for fill in run.fills))
    mean = time_weighted_mean(run.times, run.equity)
    turnover = ratio(float(volume), mean) if mean > 0 else None
    days = (run.valuation.end - run.record.first) / _DAYS
    return [
        Metric(key="fills", label="Fills", group="Trading", value=len(run.fills), definition="Number of executions."),
        Metric(
            key="volume",
            label="Volume",
            group="Trading",
            value=volume,
            unit=run.asset,
            definition="Price times quantity of all fills, buys and sells added.",
        ),
        Metric(
            key="turnover",
            label="Turnover",
            group="Trading",
            value=turnover,
            unit="x",
            definition="Volume (buys and sells added) / mean equity over time; of the whole run, not annualised.",
            reason=because(turnover, "needs mean equity above 0, and a run longer than an instant"),
        ),
        Metric(
            key="daily_turnover",
            label="Turnover per day",
            group="Trading",
            value=None if turnover is None else ratio(turnover, days),
            unit="x",
            definition="Turnover / length of the run in days of 24 hours.",
            reason=because(turnover, "needs a turnover"),
        ),
    ]


def _trips(run: "Evaluation") -> list[Metric]:
    """Tell what came of round trips."""
    closed = [money(run, run.net(trip)) for trip in run.trips if not trip.open]
    wins = [profit for profit in closed if profit > 0]
    losses = -sum(profit for profit in closed if profit < 0)
    none = "no round trip was closed"
    return [
        Metric(
            key="round_trips",
            label="Round trips",
            group="Trading",
            value=len(closed),
            definition="Positions that were closed: from flat to flat, or until the side changed.",
        ),
        Metric(
            key="win_rate",
            label="Winners",
            group="Trading",
            value=100 * len(wins) / len(closed) if closed else None,
            unit="%",
            definition="Round trips with a profit above 0 after fees and funding / all closed round trips.",
            reason="" if closed else none,
        ),
        Metric(
            key="profit_factor",
            label="Profit factor",
            group="Trading",
            value=float(sum(wins)) / float(losses) if losses else None,
            definition="Sum of winning round trips / sum of losing ones, after fees and funding.",
            reason=because(losses or None, "no round trip was lost" if closed else none),
        ),
        Metric(
            key="mean_trip",
            label="Mean round trip",
            group="Trading",
            value=float(sum(closed)) / len(closed) if closed else None,
            unit=run.asset,
            definition="Mean profit of closed round trips after fees and funding.",
            reason="" if closed else none,
        ),
        _time_in_market(run),
    ]


def _time_in_market(run: "Evaluation") -> Metric:
    """Part of the run in which some position was open."""
    length = run.valuation.end - run.record.first
    inside, until = 0, run.record.first
    for trip in run.trips:
        since = max(trip.opened, until)
        until = max(until, run.valuation.end if trip.open else trip.closed)
        inside += max(until - since, 0)
    return Metric(
        key="time_in_market",
        label="Time in the market",
        group="Trading",
        value=100 * inside / length if length else None,
        unit="%",
        definition="Time in which at least one position made by fills was open / length of the run.",
        reason="" if length else "the run has no length",
    )


def _orders(run: "Evaluation") -> list[Metric]:
    """Tell what came of orders."""
    lives = [life for life in run.orders.values() if not life.parent]
    states = [life.status for life in lives]
    reached = [life for life in lives if life.reached]
    filled = fill_ratio(reached, _lot_values(run, reached))
    return [
        Metric(
            key="orders",
            label="Orders",
            group="Execution",
            value=len(lives),
            definition="Orders submitted; of an order that others worked for, only those others count.",
        ),
        Metric(
            key="orders_denied",
            label="Denied",
            group="Execution",
            value=states.count(OrderStatus.DENIED),
            definition="Orders refused on our side: by the gate, an algorithm or a router.",
        ),
        Metric(
            key="orders_rejected",
            label="Rejected",
            group="Execution",
            value=states.count(OrderStatus.REJECTED),
            definition="Orders refused by their venue.",
        ),
        Metric(
            key="fill_ratio",
            label="Fill ratio",
            group="Execution",
            value=None if filled is None else 100 * filled,
            unit="%",
            definition="Quantity filled / quantity ordered, over the orders that a venue accepted; "
            "quantities of several instruments are added by value at their last marks.",
            reason=because(filled, "no venue accepted an order"),
        ),
    ]


def _lot_values(run: "Evaluation", lives: list[OrderLife]) -> dict[int, float]:
    """Worth of one lot by instrument, in the headline asset; 1 for each where there is one instrument only."""
    used = sorted({(life.order.instrument, life.order.account) for life in lives})
    if len({instrument for instrument, _ in used}) == 1:
        return {used[0][0]: 1.0}
    worth: dict[int, float] = {}
    end = np.array([run.valuation.end])
    for instrument, account in used:
        terms = run.record.instruments[instrument]
        rates = run.valuation.rates(account, terms.settle, end)
        if rates is not None and run.valuation.marked(instrument):
            price = max(1, run.valuation.closing_marks[instrument] // 2)
            worth[instrument] = terms.value(price, 1_000) / 1_000 / 10**terms.settle_precision * float(rates[0])
    return worth


def _quality(run: "Evaluation") -> list[Metric]:
    """Tell what fills cost."""
    volume = sum(_value(run, fill) for fill in run.fills)
    made = sum(_value(run, fill) for fill in run.fills if fill.maker)
    known = [life for life in run.orders.values() if life.arrival]
    compared = sum(_value(run, fill) for life in known for fill in life.fills)
    slippage = ratio(10_000 * run.costs.slippage, compared)
    blind = sum(1 for life in run.orders.values() if life.fills and not life.arrival)
    beside = f" {blind:,} orders found no market and are left out." if blind else ""
    none = "nothing was filled"
    return [
        Metric(
            key="slippage",
            label="Slippage against arrival",
            group="Execution",
            value=slippage,
            unit="bp",
            definition="Side x (fill price - middle of bid and ask at submission) / that middle, weighted by value; "
            f"above 0: worse than the middle. Without quotes, the last price is the middle.{beside}",
            reason=because(slippage, none if not run.fills else "no filled order found a market at submission"),
        ),
        Metric(
            key="slippage_cost",
            label="Cost of slippage",
            group="Execution",
            value=money(run, run.costs.slippage),
            unit=run.asset,
            definition=f"What fills cost beyond the middle of bid and ask at submission.{beside}",
        ),
        Metric(
            key="fee_rate",
            label="Mean fee",
            group="Execution",
            value=ratio(10_000 * run.costs.fees, volume),
            unit="bp",
            definition="Fees / volume.",
            reason=because(volume or None, none),
        ),
        Metric(
            key="maker_share",
            label="Maker share",
            group="Execution",
            value=ratio(100 * made, volume),
            unit="%",
            definition="Volume of fills of resting orders / volume.",
            reason=because(volume or None, none),
        ),
    ]
