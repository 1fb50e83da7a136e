"""What `tickloom new-plugin` and `new-strategy` write works with the installed wheel, and so does the tutorial."""

import os
import re
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

TUTORIAL = Path(__file__).resolve().parents[2] / "docs" / "tutorials" / "first_plugin.md"
BLOCK = re.compile(r"^```(python|toml|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE_NAME = re.compile(r"# (\S+\.(?:py|toml))\n")

Shell = Callable[[str, Path], str]


@pytest.fixture(scope="module")
def shell(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """Run a command line in an environment of its own, into which projects may install themselves.

    It sees the wheel of the clean environment, and of this one what a project's tests need: pytest, pip, setuptools.
    """
    folder = tmp_path_factory.mktemp("workshop") / "env"
    venv.create(folder, with_pip=False, symlinks=True)
    (site,) = folder.glob("lib/python3.*/site-packages")
    (wheel,) = installed.glob("lib/python3.*/site-packages")
    ours = Path(sysconfig.get_paths()["purelib"])
    (site / "workshop.pth").write_text(f"{wheel}\n{ours}\n", encoding="utf-8")
    # The clean environment may have come with a setuptools that cannot build alone.
    for part in (*ours.glob("setuptools*"), *ours.glob("_distutils_hack")):
        (site / part.name).symlink_to(part)
    script = folder / "bin" / "tickloom"
    script.write_text(f"#!{folder}/bin/python\nfrom tickloom.cli import main\n\nmain()\n", encoding="utf-8")
    script.chmod(0o755)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV", "MAKE"))}
    environment = {**kept, "PATH": f"{folder}/bin{os.pathsep}{os.environ['PATH']}", "COLUMNS": "300"}

    def run(line: str, where: Path) -> str:
        done = subprocess.run(
            line, shell=True, cwd=where, env=environment, capture_output=True, text=True, check=False, timeout=120
        )
        return f"{done.stdout}{done.stderr}\nexit code {done.returncode}"

    return run


def follow(page: Path, shell: Shell, folder: Path) -> None:
    """Do what a page says: write its files, run its commands, and look for the lines shown below each."""
    where = folder
    for language, text in BLOCK.findall(page.read_text(encoding="utf-8")):
        if language != "console":
            match = FILE_NAME.match(text)
            assert match is not None, f"a block of {language} without the name of its file"
            (where / match[1]).write_text(text, encoding="utf-8")
            continue
        for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            line, _, shown = part.partition("\n")
            if line.startswith("cd "):
                where /= line.removeprefix("cd ")
                continue
            printed = " ".join(shell(line, where).split())
            assert printed.endswith("exit code 0") != ("failed" in shown), f"{line}: {printed}"
            for one in shown.splitlines():
                assert " ".join(one.split()) in printed, f"{line}: {one!r} is not in: {printed}"


def test_the_tutorial_of_a_plugin_was_followed_word_by_word(shell: Shell, tmp_path: Path) -> None:
    follow(TUTORIAL, shell, tmp_path)


def test_a_new_plugin_passes_its_test_and_is_listed(shell: Shell, tmp_path: Path) -> None:
    assert shell("tickloom new-plugin acme_dip --kind strategy", tmp_path).endswith("exit code 0")
    assert "3 passed" in shell("make test", tmp_path / "acme_dip")
    assert "strategy: acme_dip" in shell("tickloom plugins", tmp_path)


def test_a_new_strategy_runs_and_passes_its_test_and_its_benchmark(shell: Shell, tmp_path: Path) -> None:
    assert shell("tickloom new-strategy dip_buyer", tmp_path).endswith("exit code 0")
    project = tmp_path / "dip_buyer"
    run = shell("tickloom run run.toml --set sources.main.duration=1min", project)
    assert "dip_buyer  ended" in run
    assert "2 passed" in shell("make test", project)
    bench = shell("make bench", project)
    assert "strategy DipBuyer:" in bench
    assert "1 passed" in bench


def test_a_project_names_the_environment_that_made_it(shell: Shell, tmp_path: Path) -> None:
    """Another interpreter than this one has tickloom here, and only local.mk says so."""
    assert shell("tickloom new-plugin elsewhere --kind model", tmp_path).endswith("exit code 0")
    line = (tmp_path / "elsewhere" / "local.mk").read_text(encoding="utf-8").splitlines()[-1]
    assert line.startswith("PYTHON ?= ")
    assert Path(line.removeprefix("PYTHON ?= ")) != Path(sys.executable)
