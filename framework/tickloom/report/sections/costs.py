"""Where the result came from: what prices did, and what slippage, fees and funding took or gave."""

from typing import TYPE_CHECKING

from tickloom.evaluation.evaluate import Evaluation
from tickloom.evaluation.metrics import money
from tickloom.record import RunRecord
from tickloom.report.section import Section, Table
from tickloom.report.texts import amount

if TYPE_CHECKING:
    from bokeh.models import LayoutDOM


class Costs:
    """A waterfall from the move of prices to the net profit, and fees by asset."""

    def section(self, record: RunRecord) -> Section:
        """Make the section."""
        run = record.evaluation
        title = "Costs"
        if not run.fills:
            return Section(id="costs", title=title, sentence="Trading cost nothing.", empty="Nothing was filled.")
        metrics = run.metrics
        steps = _steps(run)
        asset = run.asset
        tables = (
            Table(
                id="cost-steps",
                title="From the move of prices to the net profit",
                columns=("step", f"amount ({asset})", "what it is"),
                rows=[(label, amount(units, run.valuation.precision), what) for label, units, what in steps],
            ),
            _fees(record),
        )
        return Section(
            id="costs",
            title=title,
            sentence=f"Slippage cost {metrics['slippage_cost'].text} and fees {metrics['fees'].text}, "
            f"of a volume of {metrics['volume'].text}.",
            figure=_figure(run, steps),
            tables=tables,
        )


def _steps(run: Evaluation) -> list[tuple[str, int, str]]:
    """Label, amount (smallest units) and meaning of each step; the last is the sum of those before it."""
    costs = run.costs
    moved = "what prices did to everything held, had every order been filled at the middle at its submission"
    return [
        ("prices", costs.market, moved),
        ("slippage", -costs.slippage, "fills beyond the middle of bid and ask at submission"),
        ("fees", -costs.fees, "fees paid less rebates"),
        ("funding", costs.funding, "funding received less paid"),
        ("net profit", run.closing - run.opening, "equity at the end - equity at the start"),
    ]


def _fees(record: RunRecord) -> Table:
    """Fees by account and asset, exactly as the ledger has them."""
    precisions = record.ledger.precisions
    return Table(
        id="fees",
        title="Fees by asset",
        columns=("account", "asset", "fees paid less rebates"),
        rows=[
            (account, asset, amount(record.ledger.fees_paid(number, asset), precisions[asset]))
            for number, account in enumerate(record.accounts)
            for asset in record.ledger.assets(number)
            if record.ledger.fees_paid(number, asset)
        ],
    )


def _figure(run: Evaluation, steps: list[tuple[str, int, str]]) -> "LayoutDOM":
    """Draw the steps as a waterfall: each bar begins where the one before ended, the last one stands on zero."""
    from bokeh.models import ColumnDataSource, HoverTool

    from tickloom.report import figures as f

    level, bottoms, tops = 0.0, [], []
    for label, units, _ in steps:
        start = 0.0 if label == "net profit" else level
        level = start + float(money(run, units))
        bottoms.append(start)
        tops.append(level)
    source = ColumnDataSource(
        {
            "step": [label for label, _, _ in steps],
            "bottom": bottoms,
            "top": tops,
            "colour": [f.BLUE if units >= 0 else f.ORANGE for _, units, _ in steps],
            "exact": [f"{amount(units, run.valuation.precision):+,f}" for _, units, _ in steps],
            "text_at": [max(bottom, top) for bottom, top in zip(bottoms, tops, strict=True)],
        }
    )
    plot = f.over_steps([label for label, _, _ in steps], height=300, label=run.asset)
    bars = plot.vbar(x="step", width=0.55, bottom="bottom", top="top", color="colour", source=source)
    plot.text(
        x="step", y="text_at", text="exact", source=source, text_align="center", y_offset=-6, text_font_size="12px",
        text_color=f.GREY,
    )  # fmt: skip
    plot.hspan(y=[0], line_color=f.GREY, line_width=1)
    plot.add_tools(HoverTool(renderers=[bars], tooltips=[("step", "@step"), (run.asset, "@exact")], visible=False))
    return plot
