"""``report.html``, a page that opens offline and fetches nothing, and ``metrics.json``: same run, same bytes."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from tickloom.errors import TickloomError
from tickloom.evaluation.metrics import Metric, as_json, lasting
from tickloom.record import RunRecord
from tickloom.report import markup
from tickloom.report.markup import table_json
from tickloom.report.section import Section
from tickloom.report.texts import when

if TYPE_CHECKING:
    from tickloom.interfaces import ReportSection

#: Numbers that stand at the head of the page and of the summary.
HEADLINE = ("net_profit", "total_return", "sharpe", "max_drawdown", "fees", "slippage")


def write_report(record: RunRecord, sections: "Sequence[ReportSection]", folder: Path) -> Path:
    """Write ``report.html`` and ``metrics.json``.

    Parameters
    ----------
    record : RunRecord
        The run.
    sections : sequence of ReportSection
        Parts of the page, in their order.
    folder : Path
        Where; it is made if it is not there. Each file is replaced in one step, so a reader never sees half of it.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    TickloomError
        Two parts or tables have the same id, two metrics the same key, or the folder cannot be written.
    """
    page = folder / "report.html"
    try:
        # Within, because compiled code that a section uses is kept on a disk that may be full, too.
        parts = [one.section(record) for one in sections]
        _refuse_doubles(parts)
        folder.mkdir(parents=True, exist_ok=True)
        replace(page, html(record, parts))
        replace(folder / "metrics.json", metrics_json(record, parts))
    except OSError as error:
        raise TickloomError(f"cannot write the report to {folder}: {error.strerror}") from error
    return page


def metrics_json(record: RunRecord, parts: Sequence[Section]) -> str:
    """Return the metrics of the run and of all parts as JSON, sorted by key."""
    return json.dumps(as_json(_metrics(record, parts)), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _metrics(record: RunRecord, parts: Sequence[Section]) -> Mapping[str, Metric]:
    """Collect the metrics of the run and those that parts add of their own."""
    metrics = dict(record.evaluation.metrics)
    for part in parts:
        for metric in part.metrics:
            if metrics.setdefault(metric.key, metric) != metric:
                raise TickloomError(f"report section {part.id!r}: there is another metric {metric.key!r} already")
    return metrics


def _refuse_doubles(parts: Sequence[Section]) -> None:
    """Refuse ids that would make two elements of one page indistinguishable."""
    ids = Counter([part.id for part in parts] + [table.id for part in parts for table in part.tables])
    doubles = sorted(name for name, count in ids.items() if count > 1)
    if doubles:
        raise TickloomError(f"report sections and tables need ids of their own; more than once: {', '.join(doubles)}")


def html(record: RunRecord, parts: Sequence[Section]) -> str:
    """Write the page of a run; ``parts`` as `write_page` takes them."""
    metrics = record.evaluation.metrics
    return write_page(
        record.name,
        parts,
        status=record.status,
        good=record.status == "ended",
        span=f"{when(record.first)} to {when(record.last)} UTC, {lasting(record.last - record.first)}",
        cards=[metrics[key] for key in HEADLINE],
    )


def write_page(
    title: str, parts: Sequence[Section], *, status: str, good: bool, span: str, cards: Sequence[Metric] = ()
) -> str:
    """Write a page.

    Parameters
    ----------
    title : str
    parts : sequence of Section
        Its parts, in their order; their figures must belong to no document yet.
    status : str
        A word or two beside the title, in the colour of what is ``good`` or not.
    span : str
        What it is of, below the title.
    cards : sequence of Metric
        Numbers at its head.

    Returns
    -------
    str
        HTML, whole: style, script, BokehJS and data are in it.
    """
    figures = {part.id: part.figure for part in parts if part.figure is not None}
    data = {f"data-{table.id}": table_json(table) for part in parts for table in part.tables}
    library = ""
    if figures:
        # Bokeh takes half a second to import, which a report without a picture need not wait for.
        from tickloom.report.embed import bokeh_library, figure_json

        library = bokeh_library(list(figures.values()))
        data |= {f"figure-{name}": figure_json(figure) for name, figure in figures.items()}
    return Template(_asset("page.html")).substitute(
        title=markup.text(title),
        style=_asset("page.css"),
        script=_asset("page.js"),
        library=library,
        status=markup.text(status),
        state="good" if good else "bad",
        span=markup.text(span),
        cards=markup.cards(cards) if cards else "",
        navigation=markup.navigation(parts),
        content="\n".join(markup.section(part, part.id in figures) for part in parts),
        data="\n".join(f'<script type="application/json" id="{name}">{text}</script>' for name, text in data.items()),
    )


def _asset(name: str) -> str:
    """Read a file that is installed with this package."""
    return files("tickloom.report").joinpath("assets", name).read_text("utf-8")


def replace(path: Path, content: str) -> None:
    """Write a file so that whoever reads it sees the old content or the new one, whole."""
    new = path.with_name(f".{path.name}.new")
    try:
        new.write_text(content, encoding="utf-8", newline="\n")
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise
