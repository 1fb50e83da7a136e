"""The commands, by what they print and by their exit codes; the engine and the report are stood in for."""

import importlib.metadata
import json
import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tickloom.cli import COMMANDS, asked_to_end, main
from tickloom.errors import ConfigError, DataError
from tickloom.storage import journal

#: Loaded while the real engine is there; the stage below stands in for it afterwards.
assert journal

CONFIG = "[run]\nseed = 7\n[sources.main]\nkind = 'synthetic'\n[report]\nsections = []\n"

SECTION = """
from tickloom import hookimpl

@hookimpl
def tickloom_register(register):
    register.report_section("acme_equity", "acme_section:Equity")
"""


class Stage:
    """What a run met: stands in for the engine and for the report."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.status = "ended"
        self.error: Exception | None = None
        self.config: Any = SimpleNamespace()
        self.started = self.watched = False
        self.written: tuple[list[Any], Path] | None = None
        self.path = folder / "ema_cross" / "run.toml"
        self.path.parent.mkdir()
        self.path.write_text(CONFIG)
        monkeypatch.chdir(folder)
        page = SimpleNamespace(write_report=self.write)
        summary = SimpleNamespace(
            metrics=lambda record: {"status": record.status, "fills": 3},
            print_summary=lambda record, console: console.print(f"seed {self.config.run.seed}"),
        )
        monkeypatch.setitem(sys.modules, "tickloom.engine", SimpleNamespace(run_config=self.run))
        monkeypatch.setitem(sys.modules, "tickloom.report.page", page)
        monkeypatch.setitem(sys.modules, "tickloom.report.summary", summary)

    def run(self, config: Any, registry: Any, progress: Any, observers: Any) -> Any:
        self.config, self.started = config, True
        if self.error is not None:
            raise self.error
        self.watched = progress is not None
        if progress is not None:
            progress(0.5)
        return SimpleNamespace(status=self.status)

    def write(self, record: Any, sections: list[Any], folder: Path) -> Path:
        self.written = (sections, folder)
        return folder / "index.html"

    def __call__(self, *arguments: str) -> Result:
        return CliRunner().invoke(main, ["run", str(self.path), *arguments], prog_name="tickloom")


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Stage:
    return Stage(monkeypatch, tmp_path)


def test_a_run_that_ends_prints_its_summary_and_where_the_report_is(stage: Stage) -> None:
    result = stage()
    assert (result.exit_code, result.stderr) == (0, "")
    assert re.fullmatch(r"seed 7\nreport: runs/ema_cross-\d{8}-\d{6}/index.html\n", result.stdout)


def test_nobody_is_shown_a_bar_where_nobody_is_looking(stage: Stage) -> None:
    stage()
    assert not stage.watched


def test_a_long_run_shows_a_bar_on_the_standard_error_and_a_short_one_does_not(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    # rich takes any stream for a terminal where this is set.
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "50%" not in stage().stderr
    monkeypatch.setattr("tickloom.report.progress._PATIENCE", -1.0)
    result = stage()
    assert "50%" in result.stderr
    assert "50%" not in result.stdout


def test_a_run_writes_its_report_where_it_is_told_to(stage: Stage) -> None:
    assert "report: elsewhere/index.html" in stage("--out", "elsewhere").stdout


def test_a_set_reaches_the_run(stage: Stage) -> None:
    result = stage("--set", "run.seed=8", "--set", "run.name=other")
    assert re.fullmatch(r"seed 8\nreport: runs/other-\d{8}-\d{6}/index.html\n", result.stdout)


def test_json_alone_stands_on_the_standard_output(stage: Stage) -> None:
    result = stage("--json")
    assert json.loads(result.stdout) == {"status": "ended", "fills": 3}
    assert re.fullmatch(r"report: runs/ema_cross-\d{8}-\d{6}/index.html\n", result.stderr)


def test_the_report_has_every_registered_section_unless_the_config_chooses(
    stage: Stage, install: Callable[..., None]
) -> None:
    install(
        "acme", "1", "acme", acme_report=SECTION, acme_section="class Equity:\n    def section(self, record): ...\n"
    )
    stage.path.write_text(CONFIG.replace("sections = []", "sections = ['acme_equity']"))
    assert stage().exit_code == 0
    assert stage.written is not None
    assert [type(section).__name__ for section in stage.written[0]] == ["Equity"]


def test_a_run_that_stopped_has_exit_code_1_and_a_report(stage: Stage) -> None:
    stage.status = "strategy cross raised ValueError: no"
    result = stage()
    assert (result.exit_code, result.stderr) == (1, "Error: the run stopped: strategy cross raised ValueError: no\n")
    assert stage.written is not None


def test_an_error_while_running_is_one_line_and_exit_code_1(stage: Stage) -> None:
    stage.error = DataError("btcusdt.gz: no trade in it")
    result = stage()
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: btcusdt.gz: no trade in it\n"


def test_a_config_that_the_wiring_refuses_has_exit_code_2(stage: Stage) -> None:
    stage.error = ConfigError("run.toml: models.cross.kind: no model 'x'")
    result = stage()
    assert (result.exit_code, result.stderr) == (2, "Error: run.toml: models.cross.kind: no model 'x'\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "run.sed=8"], "Error: run.toml: run.sed: unknown key; did you mean 'seed'?"),
        (["--set", "run.seed"], "Error: --set run.seed: write KEY=VALUE"),
        (["--set", "plugins.disable=['no']"], "Error: run.toml: plugins.disable: no plugin 'no';"),
        (["--set", "report.sections=['no']"], "Error: run.toml: report.sections: no report_section 'no';"),
    ],
)
def test_a_wrong_config_is_one_line_and_exit_code_2(stage: Stage, arguments: list[str], message: str) -> None:
    result = stage(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(message)
    assert result.stderr.count("\n") == 1
    assert not stage.started


def test_a_config_that_is_not_there_has_exit_code_2() -> None:
    result = CliRunner().invoke(main, ["run", "none.toml"])
    assert (result.exit_code, result.stderr) == (2, "Error: none.toml: cannot be read: No such file or directory\n")


def test_a_misspelt_command_names_the_one_that_was_meant() -> None:
    result = CliRunner().invoke(main, ["rnu"])
    assert result.exit_code == 2
    assert f"no command 'rnu'; did you mean 'run'? (known: {', '.join(sorted(COMMANDS))})" in result.stderr


def test_a_defect_is_not_dressed_up_as_a_users_mistake(stage: Stage) -> None:
    stage.error = KeyError("defect")
    assert isinstance(stage().exception, KeyError)


@pytest.fixture
def installed(install: Callable[..., None]) -> None:
    install("acme-report", "1.2", "acme", acme_report=SECTION)
    install("broken-dist", "0.1", "broken", broken="import no_such_library")


@pytest.mark.usefixtures("installed")
def test_plugins_lists_what_is_offered_and_what_failed() -> None:
    result = CliRunner().invoke(main, ["plugins", "--json"])
    listed = {entry["name"]: entry for entry in json.loads(result.stdout)}
    assert result.exit_code == 0
    assert listed["acme"] == {
        "name": "acme",
        "distribution": "acme-report",
        "version": "1.2",
        "kinds": {"report_section": ["acme_equity"]},
        "fault": None,
    }
    assert listed["broken"]["fault"] == "ModuleNotFoundError: No module named 'no_such_library'"


@pytest.mark.usefixtures("installed")
def test_plugins_prints_a_table_for_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    lines = CliRunner().invoke(main, ["plugins"]).stdout.splitlines()
    shown = [" ".join(line.split()) for line in lines]
    assert "acme acme-report 1.2 report_section: acme_equity" in shown
    assert "broken broken-dist 0.1 failed: ModuleNotFoundError: No module named 'no_such_library'" in shown


def test_the_version_is_that_of_the_installed_distribution(install: Callable[..., None]) -> None:
    install("tickloom", "9.9", "ours", ours="")
    assert CliRunner().invoke(main, ["--version"], prog_name="tickloom").stdout == "tickloom 9.9\n"
    import tickloom

    assert tickloom.__version__ == importlib.metadata.version("tickloom")


def test_a_signal_is_a_wish_unless_the_process_was_told_to_ignore_it() -> None:
    """A shell has what runs in the background ignore Ctrl-C."""
    heard: list[str] = []
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with asked_to_end(heard.append):
            for number in (signal.SIGINT, signal.SIGTERM):
                os.kill(os.getpid(), number)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == ["interrupted by SIGTERM"]
