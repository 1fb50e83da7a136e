"""Every metric of the run, with its definition."""

from tickloom.record import RunRecord
from tickloom.report.section import Section


class Numbers:
    """All numbers of `tickloom.evaluation.metrics`: the same as in the terminal and in ``metrics.json``."""

    def section(self, record: RunRecord) -> Section:
        """Make the section."""
        metrics = tuple(record.evaluation.metrics.values())
        missing = sum(1 for metric in metrics if metric.value is None)
        return Section(
            id="numbers",
            title="Numbers",
            sentence=f"Money is told in {record.evaluation.asset or 'no asset: the run has no instrument'}; "
            + (
                f"{missing} of {len(metrics)} numbers are not defined here, and say why."
                if missing
                else "all are defined."
            ),
            metrics=metrics,
        )
