"""Metrics of the result and of its risk: what was earned, how evenly, with how much at stake."""

import math
from typing import TYPE_CHECKING

import numpy as np

from tickloom.evaluation import returns as r
from tickloom.evaluation.metrics import Metric, because, defined, listed, money, ratio
from tickloom.evaluation.valuation import unrealised
from tickloom.units import show_duration

if TYPE_CHECKING:
    from tickloom.evaluation.evaluate import Evaluation


def metrics(run: "Evaluation") -> list[Metric]:
    """Compute the metrics of the groups ``Result`` and ``Risk``, in the order in which they are shown."""
    return [*_result(run), *_composition(run), *_risk(run), *_drawdown(run), *_exposure(run)]


def _result(run: "Evaluation") -> list[Metric]:
    """Return, profit and equity."""
    apart = run.valuation.apart(run.history.cash)
    beside = f" Left out, for nothing prices it in {run.asset}: {listed(apart)}." if apart else ""
    change = ratio(run.closing - run.opening, run.opening) if run.opening > 0 else None
    return [
        Metric(
            key="total_return",
            label="Return",
            group="Result",
            value=None if change is None else 100 * change,
            unit="%",
            definition="Net profit / equity at the start; not annualised.",
            reason=because(change, "needs equity above 0 at the start"),
        ),
        Metric(
            key="net_profit",
            label="Net profit",
            group="Result",
            value=money(run, run.closing - run.opening),
            unit=run.asset,
            definition="Equity at the end - equity at the start, after fees and funding.",
        ),
        Metric(
            key="equity_start",
            label="Equity at the start",
            group="Result",
            value=money(run, run.opening),
            unit=run.asset,
            definition=f"Deposits; what is no {run.asset} at its first mark (middle of bid and ask, last price "
            f"without quotes).{beside}",
        ),
        Metric(
            key="equity_end",
            label="Equity at the end",
            group="Result",
            value=money(run, run.closing),
            unit=run.asset,
            definition=f"Cash and unrealised profit; what is no {run.asset} at its last mark.{beside}",
        ),
    ]


def _composition(run: "Evaluation") -> list[Metric]:
    """Tell what the profit is made of."""
    record = run.record
    marks = run.valuation.closing_marks
    realised = floating = 0
    for account, index in run.history.changes:
        terms, held = record.instruments[index], record.ledger.position(account, index)
        realised += run.worth(account, terms.settle, held.realised)
        if index in marks:
            floating += run.worth(account, terms.settle, unrealised(held, terms, marks[index]))
    return [
        Metric(
            key="realised_profit",
            label="Realised profit",
            group="Result",
            value=money(run, realised),
            unit=run.asset,
            definition="Profit of closed quantity at average cost, before fees; the sum over all round trips.",
        ),
        Metric(
            key="unrealised_profit",
            label="Unrealised profit",
            group="Result",
            value=money(run, floating),
            unit=run.asset,
            definition="Profit that closing every position at the last mark would add, before fees.",
        ),
        Metric(
            key="fees",
            label="Fees",
            group="Result",
            value=money(run, run.costs.fees),
            unit=run.asset,
            definition=f"Fees paid less rebates; those in other assets than {run.asset} at the last mark.",
        ),
        Metric(
            key="funding",
            label="Funding",
            group="Result",
            value=money(run, run.costs.funding),
            unit=run.asset,
            definition="Funding received less paid, by holders of perpetual contracts.",
        ),
    ]


def _risk(run: "Evaluation") -> list[Metric]:
    """Ratios made from returns."""
    sample = run.returns[np.isfinite(run.returns)]
    every = show_duration(run.interval)
    per_year = r.periods_per_year(run.interval)
    yearly = f"times the root of {per_year:,.0f}, the intervals of {every} in 365 days"
    few = len(sample) < 2
    values = {
        "sharpe": defined(r.sharpe(sample, per_year)),
        "sortino": defined(r.sortino(sample, per_year)),
        "volatility": defined(100 * r.volatility(sample, per_year)),
    }
    too_few = f"needs at least two returns over {every}"
    return [
        Metric(
            key="sharpe",
            label="Sharpe ratio",
            group="Risk",
            value=values["sharpe"],
            definition=f"Mean of {len(sample):,} returns over {every} / their standard deviation, {yearly}.",
            reason=because(values["sharpe"], too_few if few else "all returns are equal"),
        ),
        Metric(
            key="sortino",
            label="Sortino ratio",
            group="Risk",
            value=values["sortino"],
            definition=f"Mean of {len(sample):,} returns over {every} / root mean square of losses (gains count 0), "
            f"{yearly}.",
            reason=because(values["sortino"], too_few if few else "no return is below 0"),
        ),
        Metric(
            key="volatility",
            label="Volatility",
            group="Risk",
            value=values["volatility"],
            unit="%",
            definition=f"Standard deviation of {len(sample):,} returns over {every}, {yearly}.",
            reason=because(values["volatility"], too_few),
        ),
    ]


def _drawdown(run: "Evaluation") -> list[Metric]:
    """How far and how long equity lay below its highest value."""
    depths = r.drawdowns(run.equity)
    deepest = None if np.isnan(depths).all() else -100 * float(np.nanmin(depths))
    loss = float((np.maximum.accumulate(run.equity) - run.equity).max())
    every = show_duration(run.record.cell)
    return [
        Metric(
            key="max_drawdown",
            label="Deepest drawdown",
            group="Risk",
            value=deepest,
            unit="%",
            definition=f"Largest fall of equity below its highest value so far, as a part of it; seen every {every}.",
            reason=because(deepest, "needs equity above 0"),
        ),
        Metric(
            key="max_drawdown_amount",
            label="Largest loss from a peak",
            group="Risk",
            value=round(money(run, round(loss * 10**run.valuation.precision)), 2),
            unit=run.asset,
            definition=f"Largest fall of equity below its highest value so far; seen every {every}.",
        ),
        Metric(
            key="longest_drawdown",
            label="Longest drawdown",
            group="Risk",
            value=r.longest_under_water(run.times, run.equity) / 1e9,
            unit="s",
            definition="Longest time from one highest value of equity until it was reached again, or until the end.",
        ),
    ]


def _exposure(run: "Evaluation") -> list[Metric]:
    """How much was at stake."""
    shares = np.full(run.equity.shape, math.nan)
    np.divide(100 * run.exposure, run.equity, out=shares, where=run.equity > 0)
    usable = bool(np.isfinite(shares).all())
    what = f"Sizes of all holdings that are no {run.asset} (deposits included) and of open contracts / equity"
    mean = defined(r.time_weighted_mean(run.times, shares)) if usable else None
    return [
        Metric(
            key="mean_exposure",
            label="Mean exposure",
            group="Risk",
            value=mean,
            unit="%",
            definition=f"{what}; mean over time.",
            reason=because(mean, "needs equity above 0 throughout, and a run longer than an instant"),
        ),
        Metric(
            key="max_exposure",
            label="Largest exposure",
            group="Risk",
            value=float(shares.max()) if usable else None,
            unit="%",
            definition=f"{what}; the largest seen.",
            reason="" if usable else "needs equity above 0 throughout",
        ),
    ]
