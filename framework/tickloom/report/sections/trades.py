"""Round trips: what each position earned from the first fill until it was closed."""

from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from tickloom.evaluation.metrics import lasting, money
from tickloom.evaluation.trips import Trip
from tickloom.record import RunRecord
from tickloom.report.section import MOST_ROWS, Cell, Section, Table
from tickloom.report.texts import amount, count, when

if TYPE_CHECKING:
    from bokeh.models import LayoutDOM

_COLUMNS = (
    "opened (UTC)", "instrument", "side", "quantity", "entry", "exit", "lasted", "profit", "fees", "funding",
    "worst", "best", "asset", "fills", "state", "closed (UTC)", "account",
)  # fmt: skip


class Trades:
    """Closed and open round trips with duration and excursions; their profits add up to the ledger's, to the unit."""

    def section(self, record: RunRecord) -> Section:
        """Make the section."""
        trips = record.evaluation.trips
        title = "Round trips"
        if not trips:
            why = "A round trip begins with a fill, and there was none."
            return Section(id="trades", title=title, sentence="There was no round trip.", empty=why)
        metrics = record.evaluation.metrics
        closed = [trip for trip in trips if not trip.open]
        sentence = f"{count(len(closed), 'position')} closed, {len(trips) - len(closed):,} open at the end"
        if closed:
            sentence += f"; {metrics['win_rate'].text} of the closed ones won, after fees"
        worst = sorted(closed, key=record.evaluation.net)[:10]
        rows = [_row(record, trip) for trip in trips[:MOST_ROWS]]
        tables = [Table(id="round-trips", title="Round trips", columns=_COLUMNS, rows=rows, total=len(trips))]
        if len(closed) > 2 * len(worst):
            rows = [_row(record, trip) for trip in worst]
            tables.append(Table(id="worst-trips", title="Ten worst", columns=_COLUMNS, rows=rows))
        return Section(
            id="trades",
            title=title,
            sentence=f"{sentence}; profit, worst and best are before fees.",
            figure=_figure(record, closed) if closed else None,
            tables=tables,
        )


def _row(record: RunRecord, trip: Trip) -> list[Cell]:
    """One round trip, in the unit of its instrument."""
    terms = record.instruments[trip.instrument]
    places = -int(terms.tick_size.as_tuple().exponent) + 2
    return [
        when(trip.opened),
        terms.name,
        "long" if trip.side > 0 else "short",
        terms.quantity(trip.quantity),
        None if trip.entry is None else round(trip.entry, places),
        None if trip.exit is None else round(trip.exit, places),
        lasting((record.evaluation.valuation.end if trip.open else trip.closed) - trip.opened),
        amount(trip.pnl, terms.settle_precision),
        _fees(record, trip),
        amount(trip.funding, terms.settle_precision),
        amount(trip.worst, terms.settle_precision),
        amount(trip.best, terms.settle_precision),
        terms.settle,
        trip.fills,
        "open" if trip.open else "closed",
        "" if trip.open else when(trip.closed),
        record.accounts[trip.account],
    ]


def _what(record: RunRecord, trip: Trip) -> str:
    """Side and instrument of a round trip."""
    return f"{'long' if trip.side > 0 else 'short'} {record.instruments[trip.instrument].name}"


def _fees(record: RunRecord, trip: Trip) -> Cell:
    """Fees of a round trip: a number where all were paid in the settlement asset, else each with its asset."""
    settle = record.instruments[trip.instrument].settle
    paid = {asset: amount(units, record.ledger.precisions[asset]) for asset, units in sorted(trip.fees.items())}
    if paid.keys() <= {settle}:
        return paid.get(settle, Decimal(0))
    return ", ".join(f"{number:f} {asset}" for asset, number in paid.items())


def _figure(record: RunRecord, closed: list[Trip]) -> "LayoutDOM":
    """Draw the profit of each closed round trip at the time it was closed: winners point up, losers down."""
    from bokeh.models import ColumnDataSource

    from tickloom.report import figures as f

    run = record.evaluation
    profits = np.array([float(money(run, run.net(trip))) for trip in closed])
    kept = f.thin(profits)
    plot = f.over_time(record.first, run.valuation.end, height=260, label=f"profit after fees ({run.asset})")
    for won in (True, False):
        chosen = [place for place in kept if (profits[place] > 0) == won]
        if not chosen:
            continue
        source = ColumnDataSource(
            {
                "time": np.array([closed[place].closed / 1e6 for place in chosen]),
                "profit": profits[chosen],
                "exact": [
                    f"{amount(run.net(closed[place]), run.valuation.precision):f} {run.asset}" for place in chosen
                ],
                "what": [_what(record, closed[place]) for place in chosen],
                "lasted": [lasting(closed[place].closed - closed[place].opened) for place in chosen],
            }
        )
        drawn = plot.scatter(
            "time",
            "profit",
            source=source,
            size=9,
            marker="triangle" if won else "inverted_triangle",
            color=f.BLUE if won else f.ORANGE,
            fill_alpha=0.75,
            legend_label="won" if won else "lost",
        )
        f.hover([("profit", "@exact"), ("trip", "@what"), ("lasted", "@lasted")], plot, drawn)
    plot.hspan(y=[0], line_color=f.GREY, line_width=1)
    return f.finish(plot)
