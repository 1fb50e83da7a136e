"""How returns are spread, and how the Sharpe ratio went over time."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tickloom.evaluation.evaluate import Evaluation
from tickloom.evaluation.returns import periods_per_year, rolling_sharpe
from tickloom.record import RunRecord
from tickloom.report.section import Section, Table
from tickloom.report.texts import count
from tickloom.units import show_duration

if TYPE_CHECKING:
    from bokeh.models import LayoutDOM

#: Returns of a stretch whose Sharpe ratio is drawn: two months of days, an hour of minutes.
WINDOW = 60
#: Bins of the histogram at most.
_BINS = 60
_QUANTILES = (0, 1, 5, 25, 50, 75, 95, 99, 100)


class Returns:
    """The distribution of returns over equal intervals, and their Sharpe ratio over a window that moves."""

    def section(self, record: RunRecord) -> Section:
        """Make the section."""
        run = record.evaluation
        sample = run.returns[np.isfinite(run.returns)]
        every = show_duration(run.interval)
        if len(sample) < WINDOW or np.ptp(sample) == 0:
            few = f"There are {count(len(sample), 'return')} over {every}, and a distribution needs {WINDOW}."
            return Section(
                id="returns",
                title="Returns",
                sentence="There is no distribution of returns.",
                empty=few if len(sample) < WINDOW else "All returns are equal.",
            )
        return Section(
            id="returns",
            title="Returns",
            sentence=_sentence(sample, every),
            figure=_figure(run, every),
            tables=(
                Table(
                    id="return-quantiles",
                    title=f"Quantiles of returns over {every}",
                    columns=("share of the returns below (%)", "return (%)"),
                    rows=list(zip(_QUANTILES, (100 * np.percentile(sample, _QUANTILES)).tolist(), strict=True)),
                ),
            ),
        )


def _sentence(sample: NDArray[np.float64], every: str) -> str:
    """Say how many they are, how many were nothing, and how heavy their tails are."""
    apart = (sample - sample.mean()) / sample.std()
    skew, excess = float((apart**3).mean()), float((apart**4).mean()) - 3
    still = f"{100 * np.mean(sample == 0):.3g} % of them 0"
    return f"{len(sample):,} returns over {every}, {still}; skewness {skew:.2f}, excess kurtosis {excess:.2f}."


def _figure(run: Evaluation, every: str) -> "LayoutDOM":
    """Draw the Sharpe ratio of the last `WINDOW` returns, and below it how often each size of return occurred."""
    from bokeh.layouts import column

    from tickloom.report import figures as f

    start, end = run.record.first, run.valuation.end
    ratio = f.over_time(start, end, height=230, label=f"Sharpe ratio, last {WINDOW} x {every}")
    values = rolling_sharpe(run.returns, periods_per_year(run.interval), WINDOW)
    times = start + run.interval * np.arange(WINDOW, WINDOW + len(values))
    f.line(ratio, times, values, colour=f.BLUE, tip="Sharpe ratio @value{0.00}")
    percent = 100 * run.returns[np.isfinite(run.returns)]
    often, edges = np.histogram(percent, np.histogram_bin_edges(percent, min(_BINS, 5 + len(percent) // 10)))
    return column(
        f.finish(ratio),
        f.histogram(often, edges, height=230, label="returns", across=f"return over {every} (%)"),
        sizing_mode="stretch_width",
        spacing=12,
    )
