"""Price with fills and signals: the first picture to look at, for it shows whether a run did what was meant."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tickloom.evaluation.valuation import END, HIGHEST, LAST, LOWEST
from tickloom.events import Fill, Signal
from tickloom.record import RunRecord
from tickloom.report.section import Section
from tickloom.report.texts import count, name, order_name, quantity_unit

if TYPE_CHECKING:
    from bokeh.models import LayoutDOM
    from bokeh.plotting import figure

#: Instruments that are drawn; more would make a page that nobody scrolls through.
MOST_INSTRUMENTS = 8
#: Fills that are drawn per instrument and side.
MOST_FILLS = 4_000
#: Stretches of time in which the range of prices is drawn.
_STRETCHES = 1_500

Fills = Mapping[int, Sequence[Fill]]
Signals = Mapping[tuple[int, int], Sequence[Signal]]


class Price:
    """Per instrument: the mark price with its range, fills by side and shape, signals on a linked axis."""

    def section(self, record: RunRecord) -> Section:
        """Make the section."""
        fills: defaultdict[int, list[Fill]] = defaultdict(list)
        for fill in record.evaluation.fills:
            fills[fill.instrument].append(fill)
        signals: defaultdict[tuple[int, int], list[Signal]] = defaultdict(list)
        for entry in record.entries:
            if isinstance(entry.event, Signal):
                signals[entry.event.instrument, entry.event.model].append(entry.event)
        shown = _shown(record, fills, signals)
        title = "Price with fills and signals"
        if not shown:
            why = "The run's input held no quote, no trade and no bar."
            return Section(id="price", title=title, sentence="No instrument had a price.", empty=why)
        return Section(
            id="price",
            title=title,
            sentence=_sentence(record, shown, fills, signals),
            figure=_figure(record, shown, fills, signals),
        )


def _shown(record: RunRecord, fills: Fills, signals: Signals) -> list[int]:
    """Choose the instruments to draw: those with most fills, then with most signals, in the order of the run."""
    spoken: Counter[int] = Counter()
    for (instrument, _), said in signals.items():
        spoken[instrument] += len(said)
    priced = [index for index, cells in sorted(record.marks.items()) if len(cells)]
    busy = [index for index in priced if fills.get(index) or spoken[index]] or priced
    return sorted(sorted(busy, key=lambda index: (-len(fills.get(index, ())), -spoken[index]))[:MOST_INSTRUMENTS])


def _sentence(record: RunRecord, shown: Sequence[int], fills: Fills, signals: Signals) -> str:
    """Say what is drawn, and what is left out."""
    made = sum(map(len, fills.values()))
    said = sum(map(len, signals.values()))
    text = (
        f"{count(made, 'fill')} and {count(said, 'signal')}; a buy is a blue triangle that points up, a sell an "
        "orange one that points down; the grey line is the mark (middle of bid and ask, last price without quotes), "
        "the band behind it the range of prices"
    )
    if any(len(one) > MOST_FILLS for one in fills.values()):
        text += f"; of an instrument's fills, {MOST_FILLS:,} of each side are drawn, highest and lowest among them"
    rest = len(record.instruments) - len(shown)
    return f"{text}{f'; {rest} quieter instruments are not drawn' if rest else ''}."


def _figure(record: RunRecord, shown: Sequence[int], fills: Fills, signals: Signals) -> "LayoutDOM":
    """Stack the instruments on one time axis."""
    from tickloom.report import figures as f

    plots: list[figure] = []
    for index in shown:
        terms = record.instruments[index]
        label = f"{terms.symbol} ({terms.quote})" if len(shown) == 1 else f"{terms.name} ({terms.quote})"
        like = plots[0] if plots else None
        plot = f.over_time(record.first, record.evaluation.valuation.end, height=360, label=label, like=like)
        _draw_price(plot, record, index)
        _draw_fills(plot, record, [fill for fill in fills.get(index, ()) if fill.side > 0], buys=True)
        _draw_fills(plot, record, [fill for fill in fills.get(index, ()) if fill.side < 0], buys=False)
        plots.append(plot)
        said = {model: made for (instrument, model), made in sorted(signals.items()) if instrument == index}
        if said:
            plots.append(_signals(record, said, plots[0]))
    return f.finish(*plots)


def _draw_price(plot: "figure", record: RunRecord, index: int) -> None:
    """Draw the newest price and, behind it, how far prices went in between."""
    from tickloom.report import figures as f

    terms, cells = record.instruments[index], record.marks[index]
    times = np.minimum(cells[:, END], record.evaluation.valuation.end)
    starts = np.arange(0, len(cells), -(-len(cells) // _STRETCHES))
    ends = np.append(starts[1:], len(cells)) - 1

    def prices(marks: NDArray[np.int64]) -> NDArray[np.float64]:
        return marks * terms.price_ratio[0] / np.float64(2 * terms.price_ratio[1])

    plot.varea(
        # A stretch lasts from the beginning of its first cell; its range stands in its middle.
        x=f.milliseconds((times[starts] - record.cell + times[ends]) // 2),
        y1=prices(np.minimum.reduceat(cells[:, LOWEST], starts)),
        y2=prices(np.maximum.reduceat(cells[:, HIGHEST], starts)),
        color=f.GREY,
        fill_alpha=0.22,
    )
    f.line(plot, times, prices(cells[:, LAST]), colour=f.GREY, tip="mark @value{0,0.[00000000]}", legend="mark")


def _draw_fills(plot: "figure", record: RunRecord, fills: Sequence[Fill], *, buys: bool) -> None:
    """Draw the fills of one side, each with what it was and whose."""
    from bokeh.models import ColumnDataSource

    from tickloom.report import figures as f

    if not fills:
        return
    terms = record.instruments[fills[0].instrument]
    prices = np.array([terms.float_price(fill.price) for fill in fills])
    kept = [fills[place] for place in (f.thin(prices) if len(fills) > MOST_FILLS else range(len(fills)))]
    orders = record.evaluation.orders
    source = ColumnDataSource(
        {
            "time": np.array([fill.ts_init / 1e6 for fill in kept]),
            "price": np.array([terms.float_price(fill.price) for fill in kept]),
            "exact": [f"{terms.price(fill.price):f} {terms.quote}" for fill in kept],
            "quantity": [f"{terms.quantity(fill.quantity):f} {quantity_unit(terms)}" for fill in kept],
            "order": [order_name(record, fill.order_id) for fill in kept],
            "how": ["maker" if fill.maker else "taker" for fill in kept],
            "tag": [orders[fill.order_id].order.tag if fill.order_id in orders else "" for fill in kept],
        }
    )
    drawn = plot.scatter(
        "time",
        "price",
        source=source,
        marker="triangle" if buys else "inverted_triangle",
        size=10,
        fill_color=f.BLUE if buys else f.ORANGE,
        line_color="white",
        line_width=0.7,
        legend_label="buys" if buys else "sells",
    )
    tips = [("bought at" if buys else "sold at", "@exact"), ("quantity", "@quantity"), ("as", "@how")]
    f.hover([*tips, ("order", "@order"), ("tag", "@tag")], plot, drawn)


def _signals(record: RunRecord, said: Mapping[int, Sequence[Signal]], like: "figure") -> "figure":
    """Draw what models said of one instrument, each value until the next."""
    from tickloom.report import figures as f

    plot = f.over_time(record.first, record.evaluation.valuation.end, height=140, label="signal", like=like)
    for place, (model, made) in enumerate(said.items()):
        f.line(
            plot,
            np.array([signal.ts_init for signal in made]),
            np.array([signal.value for signal in made]),
            colour=f.COLOURS[place % len(f.COLOURS)],
            tip=f"{name(record.models, model)} @value{{0.[0000000000]}}",
            steps=True,
            legend=name(record.models, model),
        )
    return plot
