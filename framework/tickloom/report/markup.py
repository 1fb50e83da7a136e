"""HTML of the page's parts. Every text goes through `text`, so nothing that a run brought along is read as HTML."""

import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from html import escape
from itertools import groupby

from tickloom.evaluation.metrics import Metric
from tickloom.report.section import MOST_ROWS, Cell, Section, Table
from tickloom.report.texts import count

#: Rows that are shown at once.
ROWS_SHOWN = 20


def text(value: object) -> str:
    """Escape a text for use between tags and in quoted attributes."""
    return escape(str(value), quote=True)


def written(cell: Cell) -> str:
    """Write a cell: numbers without exponent, floats to six digits, nothing for None."""
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    if isinstance(cell, float):
        return f"{cell:.6g}"
    return str(cell)


def section(part: Section, has_figure: bool) -> str:
    """Write one part of the page: heading, sentence, picture, numbers, tables, or why there is nothing."""
    pieces = [f'<section aria-labelledby="{part.id}">', f'<h2 id="{part.id}">{text(part.title)}</h2>']
    pieces.append(f'<p class="sentence">{text(part.sentence)}</p>')
    if part.empty:
        pieces.append(f'<p class="empty">{text(part.empty)}</p>')
    if has_figure:
        label = text(f"{part.title}: {part.sentence}")
        pieces.append(f'<div class="figure" data-figure="figure-{part.id}" role="img" aria-label="{label}"></div>')
    if part.metrics:
        pieces.append(numbers(part.metrics))
    pieces.extend(table(one) for one in part.tables)
    pieces.append("</section>")
    return "\n".join(pieces)


def cards(metrics: Iterable[Metric]) -> str:
    """Write the headline numbers as cards."""
    items = "\n".join(
        f'<div class="card"><span class="label">{text(one.label)}</span>{_value(one)}'
        f'<span class="why">{text(one.reason)}</span></div>'
        for one in metrics
    )
    return f'<div class="cards">\n{items}\n</div>'


def numbers(metrics: Sequence[Metric]) -> str:
    """Write metrics with their definitions, by group."""
    groups = [
        f'<div class="group"><h3>{text(group)}</h3>\n<dl>\n{"".join(_definition(one) for one in members)}</dl></div>'
        for group, members in groupby(metrics, key=lambda one: one.group)
    ]
    return '<div class="groups">\n' + "\n".join(groups) + "\n</div>"


def _definition(metric: Metric) -> str:
    """Write one number: label and value in a line, definition and reason below."""
    why = f' <span class="why">Not defined: {text(metric.reason)}.</span>' if metric.reason else ""
    return (
        f'<div class="number"><dt>{text(metric.label)}</dt><dd>{_value(metric)}</dd>'
        f'<dd class="definition">{text(metric.definition)}{why}</dd></div>\n'
    )


def _value(metric: Metric) -> str:
    """Write the value of a metric, under its key."""
    number, unit = metric.text, metric.unit
    shown = (
        f"{text(number.removesuffix(unit))}<small>{text(unit)}</small>" if number.endswith(f" {unit}") else text(number)
    )
    return f'<span class="value" data-metric="{text(metric.key)}">{shown}</span>'


def table(one: Table) -> str:
    """Write the first rows of a table, and the buttons that turn its pages and save it."""
    right = _numeric(one)
    carried = min(len(one.rows), MOST_ROWS)
    note = f"first {carried:,} of {one.total:,} rows" if carried < one.total else count(carried, "row")
    heads = "".join(
        f'<th scope="col"{_side(flag)}>{text(head)}</th>' for head, flag in zip(one.columns, right, strict=True)
    )
    body = "\n".join(_row(row, right) for row in one.rows[:ROWS_SHOWN])
    inside = (
        f'<div class="bar"><span class="note">{note}</span>{_turn(carried)}'
        f'<button type="button" class="save" data-name="{one.id}.csv">CSV</button></div>\n'
        f'<div class="scroll" tabindex="0" role="region" aria-label="{text(one.title)}">'
        f'<table class="{"pairs" if len(one.columns) == 2 else "wide"}"><thead><tr>{heads}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody></table></div>"
    )
    if one.folded:
        inside = f"<details><summary><h3>{text(one.title)}</h3></summary>\n{inside}\n</details>"
    else:
        inside = f"<h3>{text(one.title)}</h3>\n{inside}"
    return f'<div class="table" id="{one.id}" data-rows="{ROWS_SHOWN}">\n{inside}\n</div>'


def _row(row: Sequence[Cell], right: Sequence[bool]) -> str:
    """Write one row of a table."""
    cells = (f"<td{_side(flag)}>{text(written(cell))}</td>" for cell, flag in zip(row, right, strict=True))
    return f"<tr>{''.join(cells)}</tr>"


def _turn(rows: int) -> str:
    """Write the buttons that turn the pages of a table; nothing where it has one page."""
    if rows <= ROWS_SHOWN:
        return ""
    return (
        '<button type="button" data-turn="-1" disabled>Previous</button>'
        f'<span class="place" role="status">1 to {ROWS_SHOWN}</span>'
        '<button type="button" data-turn="1">Next</button>'
    )


def table_json(one: Table) -> str:
    """Write the rows of a table for the page's script, which turns pages and makes CSV."""
    rows = [[written(cell) for cell in row] for row in one.rows[:MOST_ROWS]]
    return script_json({"columns": list(one.columns), "right": _numeric(one), "rows": rows})


def script_json(content: object) -> str:
    """Write JSON with sorted keys that may stand in a ``script`` element: no HTML parser finds a tag in it."""
    plain = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return plain.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _numeric(one: Table) -> list[bool]:
    """Say of each column whether it holds numbers, and so stands to the right."""
    if not one.rows:
        return [False] * len(one.columns)
    return [not any(isinstance(cell, str) for cell in column) for column in zip(*one.rows, strict=True)]


def _side(right: bool) -> str:
    """Class of a cell that stands to the right."""
    return ' class="right"' if right else ""


def navigation(parts: Iterable[Section]) -> str:
    """Write links to all parts."""
    links = "\n".join(f'<a href="#{part.id}">{text(part.title)}</a>' for part in parts)
    return f'<nav aria-label="Sections">\n{links}\n</nav>'
