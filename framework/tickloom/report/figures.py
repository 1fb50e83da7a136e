"""How pictures of the report look: axes, colours, markers, and series thinned to what a screen can show.

Colours are readable on light and on dark paper and apart for red-green blind eyes; sides differ in shape, too. What is
paper and ink (axes, grid, texts) takes its colour from the page's style sheet (``--bk-...``), which knows the scheme.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from bokeh.layouts import column
from bokeh.models import (
    BasicTicker,
    ColumnDataSource,
    CrosshairTool,
    DataRange1d,
    DatetimeTickFormatter,
    FactorRange,
    HoverTool,
    InlineStyleSheet,
    LayoutDOM,
    NumeralTickFormatter,
    Range1d,
)
from bokeh.models.annotations.geometry import Span
from bokeh.models.renderers import GlyphRenderer
from bokeh.plotting import figure
from numpy.typing import NDArray

from tickloom_kernels.downsample import extremes

#: What a glyph method returns; generic for type checkers only.
Renderer: TypeAlias = "GlyphRenderer[Any]"

#: Points that a thinned series keeps at most.
MOST_POINTS = 4_000

BLUE = "#3b82c4"
ORANGE = "#d9822b"
GREY = "#8a94a3"
#: Colours of series that stand beside each other.
COLOURS = (BLUE, ORANGE, "#2a9d8f", "#9467bd", "#b8577a", GREY)

#: Legends are HTML inside Bokeh's own roots: only a style sheet of theirs reaches them.
_LEGEND = ".bk-item .bk-label { color: var(--muted) !important; font: 13px var(--font) !important; }"

#: What all figures share: the page is their paper, as wide as it is, with room for numbers at the left.
_PAPER: dict[str, Any] = {
    "sizing_mode": "stretch_width",
    "background_fill_color": None,
    "border_fill_color": None,
    "outline_line_color": None,
    "min_border_left": 92,
    "min_border_right": 16,
}

#: The time in a tooltip.
WHEN = ("time", "@time{%F %T.%3N}")


def milliseconds(times: NDArray[np.int64]) -> NDArray[np.float64]:
    """UNIX time in nanoseconds (UTC) as the float milliseconds that Bokeh draws; exact to a quarter microsecond."""
    return times / 1e6


def thin(*series: NDArray[np.float64]) -> NDArray[np.int64]:
    """Choose the points of one or several series over the same times that are enough to draw them.

    Parameters
    ----------
    *series : float64, shape (n,)
        Each keeps its extremes, exactly.

    Returns
    -------
    int64, shape (k,)
        Ascending indices, at most `MOST_POINTS`.
    """
    buckets = MOST_POINTS // (2 * len(series)) - 1
    return np.unique(np.concatenate([extremes(values, buckets) for values in series]))


def plain(text: str) -> str:
    """Keep a text that somebody else wrote from being read as TeX, which Bokeh draws where it stands in ``$$``."""
    return text.replace("$$", "$ $")


def over_time(start: int, end: int, *, height: int, label: str, like: figure | None = None) -> figure:
    """Make an empty figure over time.

    Parameters
    ----------
    start, end : int
        What is in view at first (UNIX time in nanoseconds, UTC).
    height : int
        Pixels.
    label : str
        What the vertical axis shows, with its unit.
    like : figure or None
        A figure with which this one shares its time axis, and so its zoom.

    Returns
    -------
    bokeh.plotting.figure
        With pan, zoom, reset and save; nothing zooms by mere scrolling, which would trap the page's reader.
    """
    margin = max((end - start) // 100, 1_000_000)
    plot = figure(
        height=height,
        x_axis_type="datetime",
        x_range=like.x_range if like else Range1d(start=(start - margin) / 1e6, end=(end + margin) / 1e6),
        tools="xpan,xwheel_zoom,box_zoom,reset,save",
        active_drag="box_zoom",
        y_axis_label=plain(label),
        **_PAPER,
    )
    plot.xaxis.formatter = DatetimeTickFormatter(
        milliseconds="%T.%3N", seconds="%T", minsec="%T", minutes="%H:%M", hourmin="%H:%M", hours="%m-%d %H:%M",
        days="%Y-%m-%d", months="%Y-%m", years="%Y",
    )  # fmt: skip
    return _plain_axes(plot)


def over_steps(steps: Sequence[str], *, height: int, label: str) -> figure:
    """Make an empty figure over named steps, with nothing to zoom; ``label`` says what the vertical axis shows."""
    plot = figure(
        height=height,
        x_range=FactorRange(factors=[plain(step) for step in steps]),
        # Room for the numbers above the bars.
        y_range=DataRange1d(range_padding=0.15),
        tools="save",
        y_axis_label=plain(label),
        **_PAPER,
    )
    plot.xgrid.visible = False
    return _plain_axes(plot)


def histogram(counts: NDArray[np.int64], edges: NDArray[np.float64], *, height: int, label: str, across: str) -> figure:
    """Draw how often values fell between edges.

    Parameters
    ----------
    counts : int64, shape (n,)
    edges : float64, shape (n + 1,)
        Ascending.
    height : int
        Pixels.
    label, across : str
        What the vertical and the horizontal axis show, with their units.

    Returns
    -------
    bokeh.plotting.figure
    """
    plot = figure(
        height=height,
        tools="save",
        x_axis_label=plain(across),
        y_axis_label=plain(label),
        **_PAPER,
    )
    source = ColumnDataSource({"left": edges[:-1], "right": edges[1:], "count": counts})
    drawn = plot.quad("left", "right", "count", 0, source=source, color=BLUE, fill_alpha=0.6, line_width=0.5)
    tips = [("from", "@left{0.0000}"), ("to", "@right{0.0000}"), ("returns", "@count{0,0}")]
    plot.add_tools(HoverTool(renderers=[drawn], tooltips=tips, visible=False))
    return _plain_axes(plot)


def _plain_axes(plot: figure) -> figure:
    """Take off a figure what no reader needs."""
    plot.toolbar.logo = None
    plot.toolbar.autohide = True
    plot.yaxis.formatter = NumeralTickFormatter(format="0,0.[000000]")
    plot.axis.axis_label_text_font_style = "normal"
    plot.axis.axis_label_text_font_size = "12px"
    plot.yaxis.ticker = BasicTicker(desired_num_ticks=max(3, (plot.height or 0) // 42))
    return plot


def line(
    plot: figure,
    times: NDArray[np.int64],
    values: NDArray[np.float64],
    *,
    colour: str,
    tip: str,
    steps: bool = False,
    legend: str = "",
) -> Renderer:
    """Draw a thinned line, with a tooltip and a crosshair over it.

    Parameters
    ----------
    plot : figure
        Where.
    times : int64, shape (n,)
        UNIX time in nanoseconds (UTC).
    values : float64, shape (n,)
        In the unit of the vertical axis.
    colour : str
        Of the line.
    tip : str
        Label and number format of the tooltip, such as ``equity (USDT) @value{0,0.00}``.
    steps : bool
        Whether a value holds until the next one.
    legend : str
        Name in the legend.

    Returns
    -------
    Renderer
        The line.
    """
    kept = thin(values)
    source = ColumnDataSource({"time": milliseconds(times[kept]), "value": values[kept]})
    drawn: Any = plot.step if steps else plot.line
    look: dict[str, Any] = {"color": colour, "line_width": 1.5}
    if legend:
        look["legend_label"] = plain(legend)
    if steps:
        look["mode"] = "after"
    made: Renderer = drawn("time", "value", source=source, **look)
    label, _, value = tip.rpartition(" ")
    hover([(plain(label), value)], plot, made, along=True)
    return made


def hover(tips: Sequence[tuple[str, str]], plot: figure, drawn: Renderer, *, along: bool = False) -> None:
    """Add a tooltip with the time and some columns of a renderer's source.

    Parameters
    ----------
    tips : sequence of (str, str)
        Label, and column as ``@name`` with an optional format.
    plot : figure
        Where.
    drawn : GlyphRenderer
        What has the tooltip; its source has a column ``time`` (UNIX time in milliseconds).
    along : bool
        Whether the nearest point in time answers wherever the pointer is, as for a line.
    """
    plot.add_tools(
        HoverTool(
            renderers=[drawn],
            tooltips=[WHEN, *tips],
            formatters={"@time": "datetime"},
            mode="vline" if along else "mouse",
            visible=False,
        )
    )


def finish(*plots: figure) -> LayoutDOM:
    """Stack figures, with one crosshair through all of them and legends in which a click hides a series."""
    across = Span(dimension="height", line_color=GREY, line_dash="dotted")
    for plot in plots:
        plot.add_tools(CrosshairTool(overlay=across, visible=False))
        for legend in plot.legend:
            legend.click_policy = "hide"
            legend.orientation = "horizontal"
            legend.background_fill_color = None
            legend.border_line_color = None
            legend.update(margin=0, padding=0, stylesheets=[InlineStyleSheet(css=_LEGEND)])
            plot.add_layout(legend, "above")
    for plot in plots[:-1]:
        plot.xaxis.visible = False
    return column(*plots, sizing_mode="stretch_width", spacing=4)
