"""What was run: config, seed, versions, span and inputs, and whether the books balance."""

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256

from tickloom.evaluation.metrics import lasting
from tickloom.record import RunRecord
from tickloom.report.section import Section, Table
from tickloom.report.texts import count, when


class RunCard:
    """Everything that is needed to run it again, and the laws that were checked."""

    def section(self, record: RunRecord) -> Section:
        """Make the section."""
        rows = sum(record.rows.values())
        return Section(
            id="run",
            title="Run",
            sentence=f"{record.name} read {count(rows, 'input row')} over {lasting(record.last - record.first)} "
            f"and {'ended' if record.status == 'ended' else 'stopped: ' + record.status}.",
            tables=(
                Table(id="run-card", title="Run", columns=("what", "value"), rows=_card(record)),
                Table(
                    id="input-rows",
                    title="Input rows",
                    columns=("kind", "rows"),
                    rows=sorted(record.rows.items()),
                ),
                Table(
                    id="config",
                    title="Config",
                    columns=("key", "value"),
                    folded=True,
                    rows=[(key, _written(value)) for key, value in _leaves("", record.config)],
                ),
            ),
        )


def config_hash(record: RunRecord) -> str:
    """SHA-256 of the config as sorted JSON: equal for configs that say the same, whatever their order and comments."""
    return sha256(_written(record.config).encode()).hexdigest()


def _written(value: object) -> str:
    """Write a config's value in one way only; what JSON lacks (dates, decimals) as text."""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str, ensure_ascii=False)


def _leaves(where: str, table: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Yield the dotted key and the value of everything in a config that is no table."""
    for key, value in table.items():
        place = f"{where}.{key}" if where else key
        if isinstance(value, Mapping) and value:
            yield from _leaves(place, value)
        else:
            yield place, value


def _card(record: RunRecord) -> list[tuple[str, str]]:
    """Facts of the run, one a row."""
    deposited = record.ledger.totals()
    wanted: dict[str, int] = {}
    for (_, asset), units in record.deposits.items():
        wanted[asset] = wanted.get(asset, 0) + units
    balanced = all(deposited.get(asset, 0) == wanted.get(asset, 0) for asset in deposited.keys() | wanted.keys())
    return [
        ("status", record.status),
        ("from", f"{when(record.first)} UTC"),
        ("to", f"{when(record.last)} UTC"),
        ("seed", str(record.seed)),
        ("config (SHA-256)", config_hash(record)),
        *((f"version of {name}", version) for name, version in sorted(record.versions.items())),
        *((f"version of view {name}", version) for name, version in record.view_versions.items()),
        ("instruments", ", ".join(terms.name for terms in record.instruments)),
        ("accounts", ", ".join(record.accounts)),
        ("strategies", ", ".join(record.strategies)),
        (
            "conservation",
            "every asset sums to what was deposited, exactly" if balanced else "BROKEN: money appeared or vanished",
        ),
        (
            "ledger",
            "the fills, booked again, give the same ledger, to the unit"
            if record.evaluation.history.agrees
            else "BROKEN: the fills, booked again, give another ledger",
        ),
    ]
