"""Each example runs to its end on the installed wheel, from a copy outside the checkout."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
CONFIGS = sorted(EXAMPLES.glob("*/run.toml"))
#: Every example has a synthetic source of this name; that each trades over its full time is a test of the checkout.
SHORT = "sources.main.duration=2min"


def test_there_are_examples() -> None:
    assert CONFIGS


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.parent.name)
def test_example_runs_and_reports(
    config: Path, program: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    shutil.copytree(config.parent, tmp_path / "example")
    run = program("tickloom", "run", "example/run.toml", "--set", SHORT, "--out", "out")
    assert run.returncode == 0, run.stderr
    (report,) = (tmp_path / "out").rglob("report.html")
    (metrics,) = (tmp_path / "out").rglob("metrics.json")
    assert "</html>" in report.read_text(encoding="utf-8")
    assert json.loads(metrics.read_text(encoding="utf-8"))
