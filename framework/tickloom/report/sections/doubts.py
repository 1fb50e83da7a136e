"""What a reader must know to judge the run: bad inputs, faults of plugins, alerts, and notes."""

from tickloom.events import Alert, PluginFault
from tickloom.record import RunRecord
from tickloom.report.section import Section, Table
from tickloom.report.texts import count, when


class Doubts:
    """Inputs left out, plugins that failed, alerts, and what the simulation had to assume."""

    def section(self, record: RunRecord) -> Section:
        """Make the section."""
        events = [entry.event for entry in record.entries]
        faults = [event for event in events if isinstance(event, PluginFault)]
        alerts = [event for event in events if isinstance(event, Alert)]
        bad = sum(record.bad_inputs.values())
        title = "Doubts"
        tables = [
            Table(id="notes", title="Notes", columns=("note",), rows=[(note,) for note in record.notes]),
            Table(
                id="bad-inputs",
                title="Inputs left out or doubted",
                columns=("source", "reason", "times"),
                rows=[(source, reason, count) for (source, reason), count in sorted(record.bad_inputs.items())],
            ),
            Table(
                id="faults",
                title="Plugins that failed",
                columns=("at (UTC)", "plugin", "in", "error", "what was done"),
                rows=[(when(one.ts_init), one.plugin, one.callback, one.error, one.action) for one in faults],
            ),
            Table(
                id="alerts",
                title="Alerts",
                columns=("at (UTC)", "from", "text"),
                rows=[(when(one.ts_init), one.origin, one.text) for one in alerts],
            ),
        ]
        tables = [table for table in tables if table.rows]
        return Section(
            id="doubts",
            title=title,
            sentence=f"{count(bad, 'input')} left out or doubted, {count(len(faults), 'fault')} of plugins, "
            f"{count(len(alerts), 'alert')}, {count(len(record.notes), 'note')}.",
            tables=tables,
            empty="" if tables else "No input was left out, no plugin failed, and there is nothing to note.",
        )
