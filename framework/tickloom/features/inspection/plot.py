"""Pictures of the views of a config over the data of its sources: the price, and every feature on or below it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tickloom.config import Config
from tickloom.engine.ahead.views import Batch, View
from tickloom.engine.wiring.tables import Tables
from tickloom.evaluation.metrics import lasting
from tickloom.features.declare import Use
from tickloom.features.fused.build import Progress
from tickloom.features.inspection.check import stepped
from tickloom.features.plan import Column
from tickloom.plugins import Registry
from tickloom.report.page import write_page
from tickloom.report.section import Section, Table
from tickloom.report.texts import count, when

if TYPE_CHECKING:
    from bokeh.models import LayoutDOM
    from bokeh.plotting import figure

Floats = NDArray[np.float64]

#: Features that are drawn below the price; of those beyond the table tells.
MOST_PANELS = 12
#: Symbols of a view that are drawn.
MOST_SYMBOLS = 4


def plot_page(config: Config, registry: Registry, rows: int, progress: Progress | None = None) -> str:
    """Write a page with a picture of every view of a config; parameters and errors as `stepped`.

    Returns
    -------
    str
        HTML that opens offline and fetches nothing.
    """
    parts: list[Section] = []
    first, last = 2**63 - 1, 0
    for name, view, batch, tables in stepped(config, registry, rows, progress):
        first, last = min(first, int(batch.ts[0])), max(last, int(batch.ts[-1]))
        out, _ = view.features.run(batch.table, batch.which, instants=batch.ts)
        for symbol, instrument in enumerate(view.instruments[:MOST_SYMBOLS]):
            mine = np.flatnonzero(batch.which == symbol)
            if len(mine):
                parts.append(_section(name, view, batch[mine], out[mine], tables, instrument))
    span = f"{when(first)} to {when(last)} UTC, {lasting(last - first)}"
    return write_page(config.name, parts, status="features", good=True, span=span)


def _section(name: str, view: View, batch: Batch, out: Floats, tables: Tables, instrument: int) -> Section:
    plan, terms = view.features.plan, tables.instruments[instrument]
    price = batch.table[:, plan.stream.need("close", "a picture")]
    return Section(
        id=f"view-{view.index}-{instrument}",
        title=f"{name}: {terms.name}",
        sentence=f"{count(len(plan.columns), 'column')} of version {plan.version} over "
        f"{count(len(batch.ts), 'row')} of {plan.stream.name}; warm after {count(plan.lookback, 'row')}.",
        figure=_figure(plan.columns, batch.ts, price, out, f"{terms.name} ({terms.quote})"),
        tables=(
            Table(
                id=f"columns-{view.index}-{instrument}",
                title="Columns",
                columns=("column", "unit", "first value after (rows)", "least", "mean", "largest", "missing (rows)"),
                rows=[_numbers(column, out[:, n]) for n, column in enumerate(plan.columns)],
            ),
        ),
    )


def _numbers(column: Column, values: Floats) -> tuple[str | int | float | None, ...]:
    there = values[~np.isnan(values)]
    found = [float(f"{one:.6g}") for one in (there.min(), there.mean(), there.max())] if len(there) else [None] * 3
    return column.name, column.unit, column.first, *found, len(values) - len(there)


def _figure(columns: Sequence[Column], times: NDArray[np.int64], price: Floats, out: Floats, label: str) -> "LayoutDOM":
    """Draw the price with the features of its own unit, and a panel for every other feature."""
    from tickloom.report import figures as f

    start, end = int(times[0]), int(times[-1])
    top = f.over_time(start, end, height=260, label=label)
    f.line(top, times, price, colour=f.GREY, tip="price @value{0,0.[00000000]}", legend="price")
    plots: list[figure] = [top]
    panels: dict[Use, figure] = {}
    drawn = 0
    for n, column in enumerate(columns):
        values = out[:, n]
        if np.isnan(values).all():
            continue
        if _beside(column, values, price):
            plot, colour = top, f.COLOURS[drawn % 2]
            drawn += 1
        elif column.use in panels:
            plot, colour = panels[column.use], f.COLOURS[1 + n % (len(f.COLOURS) - 1)]
        elif len(panels) == MOST_PANELS:
            continue
        else:
            unit = column.unit
            plot = panels[column.use] = f.over_time(start, end, height=130, label=unit, like=top)
            plots.append(plot)
            colour = f.BLUE
        f.line(plot, times, values, colour=colour, tip=f"{column.name} @value{{0,0.[00000000]}}", legend=column.name)
    return f.finish(*plots)


def _beside(column: Column, values: Floats, price: Floats) -> bool:
    """Whether a feature is drawn over the price: it is a price itself, and near it."""
    near = np.nanmedian(values) / np.nanmedian(price)
    return column.unit == "price" and column.power == 1 and bool(0.8 < near < 1.25)
