"""The environment under test: a clean one that holds the wheel and nothing of the checkout (`make wheel-test`)."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Program = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def installed() -> Path:
    """Folder of the clean environment, from ``TICKLOOM_INSTALLED``; skips without it."""
    folder = os.environ.get("TICKLOOM_INSTALLED")
    if not folder:
        pytest.skip("no installed wheel to test: run `make wheel-test`")
    return Path(folder)


@pytest.fixture
def program(installed: Path, tmp_path: Path) -> Program:
    """Run one of the environment's programs from a folder outside the checkout, without ``PYTHONPATH``."""
    environment = {key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "VIRTUAL_ENV"}}

    def run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [installed / "bin" / name, *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return run
