"""Runs that end as processes do end: kill -9 at random moments, and a full disk. Their journals open and replay."""

import json
import random
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import settings

from tickloom.cli import main
from tickloom.storage.runs import look_at

VICTIMS = Path(__file__).resolve().parents[1] / "journal_victims.py"
SOAKING = settings.get_current_profile_name() == "soak"
KILLS = 100 if SOAKING else 10
#: Bytes that a file may have: nothing fits, and a while fits.
LIMITS = (3_000, 400_000)
#: How a person and how a system ask a run to end.
ASKED = (signal.SIGINT, signal.SIGTERM)
#: Journalled by value, and by reference.
SOURCES = ("Live", "Settled")

CONFIG = """
[run]
seed = 5
[sources.main]
file = "walk.py"
class = "{source}"
rows = 100000000
[venues.here]
kind = "simulated"
latency = {{ kind = "random", out = "2ms", back = "2ms", jitter = "3ms" }}
[accounts.main]
deposits = ["1000000 USD"]
[strategies.one]
file = "walk.py"
class = "Restless"
"""

#: A source without end in small chunks, so that there are many turns, and a strategy of timers and chance.
WALK = '''
"""A random walk of trades, and a strategy that trades by timers and by chance."""

import numpy as np
from tickloom import Instrument, Strategy
from tickloom_kernels import rows as r


class Live:
    instruments = (Instrument(symbol="AAAUSD", base="AAA", quote="USD", tick_size="0.1", lot_size="0.1"),)
    series = ()

    def __init__(self, rows: int) -> None:
        self.rows = rows

    def chunks(self):
        draw = np.random.default_rng(3)
        first, price = 0, 10_000
        while first < self.rows:
            count = int(draw.integers(1, 400))
            rows = np.zeros((count, r.WORDS), np.int64)
            milliseconds = first + np.arange(count)
            rows[:, r.TS_INIT] = rows[:, r.TS_EVENT] = 1_700_000_000_000_000_000 + milliseconds * 1_000_000
            rows[:, r.TRADE_PRICE] = price + np.cumsum(draw.integers(-1, 2, count))
            rows[:, r.TRADE_QUANTITY] = draw.integers(1, 90, count)
            rows[:, r.TRADE_AGGRESSOR] = draw.choice([-1, 1], count)
            rows[:, r.TRADE_ID] = first + np.arange(count)
            rows[:, r.KIND] = r.TRADE
            first += count
            price = 10_000 + int(rows[-1, r.TRADE_PRICE] - 10_000) // 2
            yield rows, int(rows[-1, r.TS_INIT])

    def progress(self) -> float:
        return 0.5


class Settled(Live):
    def files(self):
        return ()


class Restless(Strategy):
    def on_start(self):
        self.ctx.timer(self.ctx.clock + 5_000_000, "tick")

    def on_timer(self, timer):
        ctx = self.ctx
        ctx.timer(timer.ts_init + 5_000_000, "tick")
        trade = ctx.trade(0)
        if trade is not None and ctx.rng.random() < 0.7:
            side = 1 if ctx.position(0) <= 0 else -1
            ctx.submit(0, side, ctx.rng.randrange(1, 20), trade.price - side * ctx.rng.randrange(3))
        for order in ctx.open_orders()[:2]:
            ctx.cancel(order.order_id)
'''


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    """Run all victims; return their folder, and their jobs with the exit code of each."""
    folder = tmp_path_factory.mktemp("victims")
    (folder / "walk.py").write_text(WALK)
    for source in SOURCES:
        (folder / f"{source}.toml").write_text(CONFIG.format(source=source))
    draw = random.Random() if SOAKING else random.Random(7)
    # One in five may be killed before it has a journal.
    jobs: list[dict[str, Any]] = [{"kill": draw.uniform(0.02, 0.3), "begun": n % 5 > 0} for n in range(KILLS)]
    jobs += [{"limit": limit} for limit in LIMITS]
    jobs += [{"kill": 0.2, "begun": True, "by": number} for number in ASKED]
    for n, job in enumerate(jobs):
        job |= {"config": f"{SOURCES[n % 2]}.toml", "out": f"r{n}"}
    done = subprocess.run(
        [sys.executable, str(VICTIMS), json.dumps(jobs)], cwd=folder, capture_output=True, text=True, check=True
    )
    for job, code in zip(jobs, json.loads(done.stdout.splitlines()[-1]), strict=True):
        job["code"] = code
    return folder, jobs


def test_a_run_that_was_killed_is_listed_as_crashed_and_replays_to_where_it_stopped(
    ended: tuple[Path, list[dict[str, Any]]],
) -> None:
    top, jobs = ended
    events = 0
    for job in jobs[:KILLS]:
        folder = top / job["out"]
        assert job["code"] == -9
        if not (folder / "journal").is_dir():
            continue  # killed before it began
        info = look_at(folder)
        assert info.status == "crashed"
        result = CliRunner().invoke(main, ["replay", str(folder)])
        if info.reason == "before it began":
            assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
            continue
        assert result.exit_code == 0, result.output
        assert result.stdout.startswith(f"identical: {info.rows:,} rows, ")
        assert result.stdout.endswith(" events, as far as its journal goes (crashed)\n")
        events += int(result.stdout.split()[3].replace(",", ""))
    # Most kills meet a run that has done something.
    assert events > 100


def test_a_full_disk_stops_a_run_with_one_line_and_a_readable_journal(ended: tuple[Path, list[dict[str, Any]]]) -> None:
    top, jobs = ended
    for job in jobs[KILLS : KILLS + len(LIMITS)]:
        folder = top / job["out"]
        told = (top / f"{job['out']}.err").read_text()
        assert (job["code"], told.count("\n"), told[:7]) == (1, 1, "Error: "), told
        if job["limit"] == LIMITS[0]:
            continue  # not even an empty environment
        info = look_at(folder)
        assert (info.status, info.reason[:12]) == ("stopped", "the journal ")
        assert info.rows > 0
        result = CliRunner().invoke(main, ["replay", str(folder)])
        assert result.exit_code == 0, result.output
        assert result.stdout.startswith(f"identical: {info.rows:,} rows, ")


def test_a_run_that_is_asked_to_end_has_its_report_and_replays_to_the_last_event(
    ended: tuple[Path, list[dict[str, Any]]],
) -> None:
    top, jobs = ended
    for job, number in zip(jobs[KILLS + len(LIMITS) :], ASKED, strict=True):
        folder = top / job["out"]
        reason = f"interrupted by {number.name}"
        told = (top / f"{job['out']}.err").read_text()
        assert (job["code"], told) == (1, f"Error: the run stopped: {reason}\n")
        info = look_at(folder)
        assert (info.status, info.reason) == ("stopped", reason)
        assert reason in (folder / "report.html").read_text()
        result = CliRunner().invoke(main, ["replay", str(folder)])
        assert result.exit_code == 0, result.output
        # Whole: the end of the run is one of the events, and no word follows that the journal goes no further.
        assert re.fullmatch(rf"identical: {info.rows:,} rows, [\d,]+ events\n", result.stdout)
