"""`tickloom new-plugin` and `tickloom new-strategy` write projects that pass their own tests, of every kind."""

import configparser
import importlib
import re
import runpy
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tickloom.cli import main
from tickloom.kinds import BY_NAME
from tickloom.plugins import load_plugins

TEMPLATES = Path(__file__).resolve().parents[2] / "framework/tickloom/projects/templates"


def new(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Go into an empty folder to write into; what is imported from it is forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    known = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - known:
        if name.partition(".")[0] in {"acme", "strategy"}:
            del sys.modules[name]


def installed(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a project on the path with the metadata that pip would write."""
    meta = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    info = project / f"{meta['name']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {meta['name']}\nVersion: {meta['version']}\n")
    lines = "\n".join(f"{name} = {place}" for name, place in meta["entry-points"]["tickloom"].items())
    (info / "entry_points.txt").write_text(f"[tickloom]\n{lines}\n")
    monkeypatch.syspath_prepend(project)
    importlib.invalidate_caches()


def run_tests(path: Path) -> list[str]:
    """Run the tests of a file, here: a pytest of its own would take seconds to start."""
    tests = {name: test for name, test in runpy.run_path(str(path)).items() if name.startswith("test_")}
    for test in tests.values():
        test()
    return list(tests)


@pytest.mark.parametrize("kind", BY_NAME)
def test_the_plugin_of_every_kind_passes_its_own_test(kind: str, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = new("new-plugin", "acme", "--kind", kind)
    assert result.exit_code == 0, result.output
    installed(here / "acme", monkeypatch)
    (plugin,) = (plugin for plugin in load_plugins().plugins if plugin.name == "acme")
    assert (plugin.kinds, plugin.fault) == ({kind: ("acme",)}, None)
    assert len(run_tests(here / "acme/tests/test_acme.py")) >= 2


@pytest.mark.parametrize("kind", BY_NAME)
def test_no_mark_of_a_template_is_left_in_a_project(kind: str, here: Path) -> None:
    assert new("new-plugin", "two_words", "--kind", kind).exit_code == 0
    files = [path for path in (here / "two_words").rglob("*") if path.is_file()]
    assert [path.name for path in files if re.search(r"@\w+@", path.read_text())] == []
    made = "two_words" if kind == "feature" else "TwoWords"
    assert made in (here / f"two_words/two_words/{kind}.py").read_text()
    compile((here / "two_words/bench/test_bench_two_words.py").read_text(), "bench", "exec")


def test_the_strategy_passes_its_own_test_and_runs(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = new("new-strategy", "dip_buyer")
    assert result.exit_code == 0, result.output
    project = here / "dip_buyer"
    monkeypatch.chdir(project)
    monkeypatch.syspath_prepend(project)
    assert len(run_tests(project / "test_strategy.py")) == 2
    run = new("run", "run.toml", "--set", "sources.main.duration=1min")
    assert run.exit_code == 0, run.output
    assert "dip_buyer  ended" in run.output


def test_a_project_goes_where_it_is_told(here: Path) -> None:
    assert new("new-strategy", "mine", "--in", "deep/er").exit_code == 0
    assert (here / "deep/er/mine/run.toml").is_file()


def test_nothing_that_exists_is_touched(here: Path) -> None:
    (here / "mine").mkdir()
    for command in (["new-plugin", "mine", "--kind", "feature"], ["new-strategy", "mine"]):
        result = new(*command)
        assert result.exit_code == 2
        assert "mine is there already" in result.output
    assert list((here / "mine").iterdir()) == []


NAMES = {
    "My-Plugin": "my_plugin",
    "my plugin": "my_plugin",
    "9lives": "my_9lives",
    "import": "my_import",
    "json": "my_json",
    "tickloom_plugins": "my_tickloom_plugins",
    "numpy": "my_numpy",
    "../up": "up",
    "é": "my_plugin",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_will_not_do_is_told_with_the_nearest_that_does(name: str, here: Path) -> None:
    result = new("new-plugin", name, "--kind", "feature")
    assert result.exit_code == 2
    assert f"{NAMES[name]!r} would do" in result.output
    assert list(here.iterdir()) == []
    assert new("new-plugin", NAMES[name], "--kind", "feature").exit_code == 0


def test_an_unknown_kind_is_told_with_the_nearest(here: Path) -> None:
    result = new("new-plugin", "mine", "--kind", "features")
    assert result.exit_code == 2
    assert "--kind features: no such kind of plugin; did you mean 'feature'?" in result.output


def test_only_the_file_that_is_not_for_others_names_this_machine(here: Path) -> None:
    assert new("new-plugin", "mine", "--kind", "model").exit_code == 0
    naming = [path.name for path in (here / "mine").rglob("*") if path.is_file() and sys.prefix in path.read_text()]
    assert naming == ["local.mk"]
    assert "local.mk" in (here / "mine/.gitignore").read_text().split()


def test_every_kind_has_its_templates_and_all_are_packed() -> None:
    folders = {path.name for path in (TEMPLATES / "kinds").iterdir()}
    assert folders == set(BY_NAME)
    for folder in (TEMPLATES / "kinds").iterdir():
        assert sorted(path.name for path in folder.iterdir()) == ["plugin.txt", "test.txt", "use.txt"]
    cfg = configparser.ConfigParser(delimiters=("=",))
    cfg.read(TEMPLATES.parents[3] / "setup.cfg", encoding="utf-8")
    patterns = cfg["options.package_data"]["tickloom.projects"].split()
    packed = {path for pattern in patterns for path in TEMPLATES.parent.glob(pattern)}
    assert packed == {path for path in TEMPLATES.rglob("*") if path.is_file()}
