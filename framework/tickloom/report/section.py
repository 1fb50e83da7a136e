"""What a part of the report is made of: one sentence, numbers, tables, a picture, or why there is nothing to show."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs

from tickloom.errors import TickloomError
from tickloom.evaluation.metrics import Metric

if TYPE_CHECKING:
    from bokeh.models import LayoutDOM

#: Rows of a table that a page carries; those beyond are in the journal.
MOST_ROWS = 10_000

#: What may stand in a cell. None is shown as nothing.
Cell = str | int | float | Decimal | None

_ID = re.compile(r"[a-z][a-z0-9-]*")


def _no_wider(table: "Table", _field: "attrs.Attribute[Any]", rows: Sequence[Sequence[Cell]]) -> None:
    for number, row in enumerate(rows):
        if len(row) != len(table.columns):
            raise TickloomError(
                f"report table {table.id!r}: row {number} has {len(row)} cells for {len(table.columns)} columns"
            )


def _identifier(owner: "Table | Section", _field: "attrs.Attribute[str]", value: str) -> None:
    if not _ID.fullmatch(value):
        raise TickloomError(
            f"report {type(owner).__name__.lower()} id {value!r} must be lower-case letters, digits and hyphens, "
            "such as 'round-trips'"
        )


@attrs.frozen(kw_only=True)
class Table:
    """Rows for a reader to look at and to take along as CSV.

    Attributes
    ----------
    id : str
        Lower-case letters, digits and hyphens, unique in the page: the link to it and the name of its CSV file.
    title : str
        What the rows are.
    columns : sequence of str
        Heads, each with its unit, such as ``price (USDT)``.
    rows : sequence of sequence
        Cells: texts are shown as they are and never read as HTML, numbers aligned to the right.
        A page carries the first `MOST_ROWS` only.
    total : int
        How many rows there are in truth, where ``rows`` are the first of them.
    folded : bool
        Whether it is closed at first, so that a long table of little interest does not stand in the way.
    """

    id: str = attrs.field(validator=_identifier)
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]] = attrs.field(validator=_no_wider)
    total: int = attrs.field()
    folded: bool = False

    @total.default
    def _all_of_them(self) -> int:
        return len(self.rows)


@attrs.frozen(kw_only=True)
class Section:
    """One part of the report.

    Attributes
    ----------
    id : str
        Lower-case letters, digits and hyphens, unique in the page: the heading's id, which links may rely on.
    title : str
        The heading.
    sentence : str
        One sentence that says what the part shows of this run.
    metrics : sequence of Metric
        Numbers to show as cards.
    tables : sequence of Table
        Tables, in their order.
    figure : bokeh.models.LayoutDOM or None
        A Bokeh figure or layout. Its texts must not begin and end with ``$$``, which would ask for MathJax.
    empty : str
        Why there is nothing to show; such a part has neither numbers nor tables nor a picture.
    """

    id: str = attrs.field(validator=_identifier)
    title: str
    sentence: str
    metrics: Sequence[Metric] = ()
    tables: Sequence[Table] = ()
    figure: "LayoutDOM | None" = None
    empty: str = ""

    def __attrs_post_init__(self) -> None:
        """Refuse a part without content and without a reason: a reader could not tell it from a mistake."""
        if not (self.metrics or self.tables or self.figure is not None or self.empty):
            raise TickloomError(f"report section {self.id!r} is empty and does not say why (set empty)")
