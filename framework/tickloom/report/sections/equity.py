"""Equity over time, and how far it lay below its highest value."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tickloom.evaluation.evaluate import Evaluation
from tickloom.evaluation.returns import as_of, drawdowns
from tickloom.record import RunRecord
from tickloom.report.section import Section, Table
from tickloom.report.texts import when

if TYPE_CHECKING:
    from bokeh.models import LayoutDOM


class Equity:
    """Equity and the underwater curve, with linked zoom; months and years, where the run covers several."""

    def section(self, record: RunRecord) -> Section:
        """Make the section."""
        run = record.evaluation
        if not run.equity.any():
            return Section(
                id="equity", title="Equity", sentence="There was no equity.", empty="Nothing was deposited or earned."
            )
        depths = drawdowns(run.equity)
        return Section(
            id="equity",
            title="Equity and drawdown",
            sentence=_sentence(run, depths),
            figure=_figure(run, depths),
            tables=tuple(
                Table(
                    id=f"{period}s",
                    title=f"{period.capitalize()}s (UTC); they compound to the return of the run",
                    columns=(period, f"equity at the end ({run.asset})", "return (%)"),
                    rows=rows,
                )
                for period, rows in (("year", _periods(run, 12)), ("month", _periods(run, 1)))
                if len(rows) > 1
            ),
        )


def _sentence(run: Evaluation, depths: NDArray[np.float64]) -> str:
    """Say where equity went and where it was deepest."""
    went = f"Equity went from {run.metrics['equity_start'].text} to {run.metrics['equity_end'].text}"
    if np.isnan(depths).any():
        return f"{went}; drawdowns are not defined where it was never above 0."
    if not depths.any():
        return f"{went} and never fell below its highest value."
    moment = when(int(run.times[depths.argmin()]))
    return f"{went}; it lay deepest, {-100 * depths.min():.4g} % below its peak, at {moment} UTC."


def _figure(run: Evaluation, depths: NDArray[np.float64]) -> "LayoutDOM":
    """Draw equity above and drawdown below, on one time axis."""
    from tickloom.report import figures as f

    start, end = run.record.first, run.valuation.end
    above = f.over_time(start, end, height=300, label=f"equity ({run.asset})")
    f.line(above, run.times, run.equity, colour=f.BLUE, tip="equity @value{0,0.00[000000]}")
    below = f.over_time(start, end, height=170, label="drawdown (%)", like=above)
    percent = 100 * depths
    kept = f.thin(percent)
    below.varea(x=f.milliseconds(run.times[kept]), y1=0, y2=percent[kept], color=f.ORANGE, fill_alpha=0.25)
    f.line(below, run.times, percent, colour=f.ORANGE, tip="drawdown (%) @value{0.0000}")
    return f.finish(above, below)


def _periods(run: Evaluation, months: int) -> list[tuple[str, float, float]]:
    """Month or year, equity at its end, return in percent; equity must stay above 0."""
    if (run.equity <= 0).any():
        return []
    bounds, names = [run.record.first], []
    while bounds[-1] < run.valuation.end:
        now = datetime.fromtimestamp(bounds[-1] // 10**9, UTC)
        names.append(f"{now:%Y-%m}" if months == 1 else f"{now:%Y}")
        # Months since year 0, up to the next that begins a period.
        after = (12 * now.year + now.month - 1) // months * months + months
        begins = datetime(after // 12, after % 12 + 1, 1, tzinfo=UTC)
        bounds.append(min(int(begins.timestamp()) * 10**9, run.valuation.end))
    values = as_of(run.times, run.equity, np.array(bounds))
    return [
        (name, float(after), 100 * float(after / before - 1))
        for name, before, after in zip(names, values[:-1], values[1:], strict=True)
    ]
