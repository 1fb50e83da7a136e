"""A catalogue between processes: two read what a third changes, and kill -9 leaves what was or what should be."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import settings

from tickloom.storage.catalogue import Catalogue

VICTIMS = Path(__file__).resolve().parents[1] / "catalogue_victims.py"
KILLS = 40 if settings.get_current_profile_name() == "soak" else 4


def start(folder: Path, job: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(VICTIMS), str(folder), job], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Catalogue(tmp_path / "catalogue", write=True) as catalogue:
        for version in ("v1", "a", "b"):
            catalogue.put("view", "cross", version, {})
        catalogue.promote("view", "cross", "v1")
    return tmp_path / "catalogue"


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_two_processes_see_each_promotion_without_opening_the_catalogue_again(folder: Path) -> None:
    readers = [start(folder, "read"), start(folder, "read")]
    try:
        assert [line(one) for one in readers] == ["v1", "v1"]
        with Catalogue(folder, write=True) as catalogue:
            for version in ("a", "b", "a"):
                catalogue.promote("view", "cross", version)
                assert [line(one) for one in readers] == [version, version]
            catalogue.rollback("view", "cross")
            assert [line(one) for one in readers] == ["b", "b"]
    finally:
        for one in readers:
            one.communicate()
    assert [one.returncode for one in readers] == [0, 0]


def test_a_process_killed_between_put_and_promote_leaves_the_version_and_the_old_pointer(folder: Path) -> None:
    victim = start(folder, "put")
    victim.communicate()
    assert victim.returncode == -signal.SIGKILL
    with Catalogue(folder, write=True) as catalogue:
        active = catalogue.active("view", "cross")
        assert active is not None
        assert active.version == "v1"
        assert catalogue.get("view", "cross", "v2").metadata == {"rows": 2}
        catalogue.promote("view", "cross", "v2")
        assert catalogue.rollback("view", "cross") == "v1"


@pytest.mark.parametrize("kill", range(KILLS))
def test_a_process_killed_while_it_promotes_leaves_pointer_and_history_that_agree(kill: int, folder: Path) -> None:
    victim = start(folder, "flip")
    assert line(victim) == "ready"
    time.sleep(0.05 + 0.013 * kill)
    victim.kill()
    victim.communicate()
    with Catalogue(folder, write=True) as catalogue:
        history = [one for one in catalogue.history("view", "cross") if one.action == "promote"]
        active = catalogue.active("view", "cross")
        assert active is not None
        assert active.version == history[-1].version
        assert [one.before for one in history[1:]] == [one.version for one in history[:-1]]
        assert len(history) > 1
