"""What the journal costs: the same run with it and without it, in turn."""

import shutil
import time
import tomllib
from functools import partial
from pathlib import Path
from typing import Any

from measure import ratio
from test_bench_replay import CONFIG, PERP, TICKS, Cross, Quoter, ticks

from tickloom.config import config_from
from tickloom.engine.wiring.build import Wiring
from tickloom.plugins import load_plugins
from tickloom.storage.journal import Journal
from tickloom.testing.runs import GivenPlugins, RowSource


class Settled(RowSource):
    """Rows that need not be journalled, as those of a file: a backtest journals its inputs by reference."""

    def files(self) -> tuple[Path, ...]:
        """None: the settings are enough."""
        return ()


def run(folder: Path | None, rows: Any, strategy: type, source: type = Settled) -> float:
    """Run and time it, wiring apart; with a journal, from its making to the moment when the disk has it.

    Processor time, because a twentieth is less than what neighbours on the machine do to the clock on the wall.
    """
    config = config_from(Path("bench.toml"), tomllib.loads(CONFIG.format(more="")))
    plan = [(1 << 16, None)] * (len(rows) // (1 << 16) + 1)
    plugins = GivenPlugins(load_plugins(), {"ticks": partial(source, [PERP], rows, plan), "strategy": strategy})
    if folder is None:
        wiring = Wiring(config, plugins)
        started = time.process_time()
        wiring.run.execute()
        wiring.record()
        return time.process_time() - started
    shutil.rmtree(folder, ignore_errors=True)
    with Journal(folder, "bench", config) as journal:
        wiring = Wiring(config, journal.watch(plugins), (journal,))
        started = time.process_time()
        wiring.run.execute()
        journal.seal(wiring.record())
    assert wiring.run.status == "ended"
    return time.process_time() - started


def test_a_journal_costs_a_backtest_at_most_a_twentieth(benchmark: Any, tmp_path: Path) -> None:
    """Two averages on every tick, some thousand orders; inputs by reference; ends with an fsync."""
    rows = ticks(TICKS)
    slower = ratio(
        benchmark,
        lambda: run(tmp_path / "journal", rows, Cross),
        lambda: run(None, rows, Cross),
        units=TICKS,
        rounds=9,
    )
    assert slower <= 1.05


def test_a_journal_of_four_commands_on_every_tick(benchmark: Any, tmp_path: Path) -> None:
    """The most events that a strategy makes; the figure stands in the docs."""
    rows = ticks(20_000)
    ratio(
        benchmark,
        lambda: run(tmp_path / "journal", rows, Quoter),
        lambda: run(None, rows, Quoter),
        units=len(rows),
        rounds=5,
    )


def test_a_journal_of_rows_by_value(benchmark: Any, tmp_path: Path) -> None:
    """What a live connection would give: every row is written down, 96 bytes each; the figure stands in the docs."""
    rows = ticks(TICKS)
    ratio(
        benchmark,
        lambda: run(tmp_path / "journal", rows, Cross, RowSource),
        lambda: run(None, rows, Cross, RowSource),
        units=TICKS,
        rounds=5,
    )
