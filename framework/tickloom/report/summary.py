"""The result of a run in the terminal: the numbers that everybody asks for first, and what to doubt about them."""

from typing import TYPE_CHECKING

from tickloom.evaluation.metrics import Metric, as_json, lasting
from tickloom.events import PluginFault
from tickloom.record import RunRecord
from tickloom.report.texts import when

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

#: Numbers of the summary, in their order; the page has all of them.
SUMMARY = (
    "total_return", "net_profit", "equity_end", "sharpe", "sortino", "max_drawdown", "mean_exposure", "turnover",
    "fees", "fills", "round_trips", "win_rate", "orders", "orders_denied", "orders_rejected", "fill_ratio", "slippage",
)  # fmt: skip


def metrics(record: RunRecord) -> dict[str, dict[str, object]]:
    """Return the metrics of a run as JSON types: what ``metrics.json`` holds, before any section adds its own."""
    return as_json(record.evaluation.metrics)


def print_summary(record: RunRecord, console: "Console") -> None:
    """Write the summary of a run.

    Parameters
    ----------
    record : RunRecord
        The run.
    console : rich.console.Console
        Where. What does not fit into its width is cut at the definitions, never at the numbers.
    """
    from rich.text import Text

    span = f"{when(record.first)} to {when(record.last)} UTC, {lasting(record.last - record.first)}"
    state = Text(record.status, style="bold green" if record.status == "ended" else "bold red")
    console.print(Text.assemble((record.name, "bold"), "  ", state))
    console.print(Text(span, style="dim"))
    console.print(_table([record.evaluation.metrics[key] for key in SUMMARY]))
    for note in _doubts(record):
        console.print(Text.assemble(("! ", "bold yellow"), note))


def _table(shown: list[Metric]) -> "Table":
    """Lay out label, value and definition, or why there is no value."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, min_width=max(len(metric.label) for metric in shown))
    table.add_column(no_wrap=True, min_width=max(len(metric.text) for metric in shown), justify="right", style="bold")
    table.add_column(no_wrap=True, overflow="ellipsis", style="dim")
    for metric in shown:
        table.add_row(Text(metric.label), Text(metric.text), Text(metric.reason or metric.definition))
    return table


def _doubts(record: RunRecord) -> list[str]:
    """List faults of plugins, the notes of the run, and a ledger that does not agree with its fills."""
    broken = [] if record.evaluation.history.agrees else ["the fills, booked again, give another ledger"]
    faults = [
        f"{fault.plugin}.{fault.callback} raised {fault.error}; {fault.action}"
        for fault in (entry.event for entry in record.entries)
        if isinstance(fault, PluginFault)
    ]
    return [*broken, *faults, *record.notes]
