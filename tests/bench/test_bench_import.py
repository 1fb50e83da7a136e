"""Start-up: what a user waits for before anything happens."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from measure import ratio

SCRIPT = str(Path(sys.executable).parent / "tickloom")


@pytest.mark.parametrize("command", [["-c", "import tickloom"], [SCRIPT, "--help"]], ids=["import", "help"])
def test_start_up_within_a_quarter_of_a_second(benchmark: Any, command: list[str]) -> None:
    """0.25 s, without numba or torch; a bare interpreter is printed beside it."""

    def start(arguments: list[str]) -> None:
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)

    ratio(benchmark, lambda: start(command), lambda: start(["-c", "pass"]), units=1)
    assert benchmark.extra_info["ns"] <= 0.25e9
