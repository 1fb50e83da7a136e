"""What was held over time: positions by instrument, and how much of equity was at stake."""

from typing import TYPE_CHECKING

import numpy as np

from tickloom.record import RunRecord
from tickloom.report.section import Section, Table
from tickloom.report.texts import amount, count, quantity_unit

if TYPE_CHECKING:
    from bokeh.models import LayoutDOM

#: Positions that are drawn.
MOST_POSITIONS = 8


class Inventory:
    """Positions made by fills, the exposure they and all holdings make, and balances at the end."""

    def section(self, record: RunRecord) -> Section:
        """Make the section."""
        run = record.evaluation
        held = [key for key, changes in sorted(run.history.changes.items()) if changes]
        open_now = sum(1 for account, index in held if record.ledger.position(account, index).quantity)
        if held:
            sentence = f"{count(len(held), 'position')} held at some time, {open_now} still open at the end."
        else:
            sentence = "Nothing was traded: there are only the balances that were there at the start."
        return Section(
            id="inventory",
            title="Inventory and exposure",
            sentence=sentence,
            figure=_figure(record, held) if held else None,
            tables=(_balances(record), _positions(record, held)),
        )


def _figure(record: RunRecord, held: list[tuple[int, int]]) -> "LayoutDOM":
    """Draw exposure, and below it each position in its own unit."""
    from tickloom.report import figures as f

    run = record.evaluation
    start, end = record.first, run.valuation.end
    shares = np.full(run.equity.shape, np.nan)
    np.divide(100 * run.exposure, run.equity, out=shares, where=run.equity > 0)
    first = f.over_time(start, end, height=190, label="exposure (% of equity)")
    f.line(first, run.times, shares, colour=f.GREY, tip="exposure (%) @value{0,0.00}")
    plots = [first]
    for place, (account, index) in enumerate(held[:MOST_POSITIONS]):
        terms = record.instruments[index]
        steps = run.history.position(account, index, "quantity", start)
        times = np.array([*steps.times, end])
        quantities = terms.quantities(np.array([*steps.values, steps.values[-1]]))
        plot = f.over_time(start, end, height=190, label=f"{terms.name} ({quantity_unit(terms)})", like=first)
        colour = f.COLOURS[place % len(f.COLOURS)]
        f.line(plot, times, quantities, colour=colour, tip="position @value{0,0.[00000000]}", steps=True)
        plots.append(plot)
    return f.finish(*plots)


def _balances(record: RunRecord) -> Table:
    """Cash of every account, deposits beside it."""
    precisions = record.ledger.precisions
    return Table(
        id="balances",
        title="Balances at the end",
        columns=("account", "asset", "deposited", "cash", "fees paid"),
        rows=[
            (
                account,
                asset,
                amount(record.deposits.get((number, asset), 0), precisions[asset]),
                amount(record.ledger.cash(number, asset), precisions[asset]),
                amount(record.ledger.fees_paid(number, asset), precisions[asset]),
            )
            for number, account in enumerate(record.accounts)
            for asset in record.ledger.assets(number)
        ],
    )


def _positions(record: RunRecord, held: list[tuple[int, int]]) -> Table:
    """Positions at the end, flat ones too: their realised profit counts."""
    rows = []
    for account, index in held:
        terms, position = record.instruments[index], record.ledger.position(account, index)
        average = record.ledger.average_price(account, index)
        rows.append(
            (
                record.accounts[account],
                terms.name,
                terms.quantity(position.quantity),
                quantity_unit(terms),
                None if average is None else round(average, -int(terms.tick_size.as_tuple().exponent) + 2),
                amount(position.realised, terms.settle_precision),
                amount(position.funding, terms.settle_precision),
                terms.settle,
            )
        )
    return Table(
        id="positions",
        title="Positions at the end",
        columns=("account", "instrument", "quantity", "unit", "average price", "realised", "funding", "asset"),
        rows=rows,
    )
