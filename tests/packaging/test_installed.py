"""The installed wheel, as a user has it: every file is there, the program starts, and every plugin is found."""

import configparser
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
SOURCES = {
    "tickloom": TOP / "framework" / "tickloom",
    "tickloom_plugins": TOP / "plugins" / "tickloom_plugins",
    "tickloom_kernels": TOP / "kernels" / "tickloom_kernels",
}
Program = Callable[..., subprocess.CompletedProcess[str]]


def files(folder: Path) -> dict[str, bytes]:
    """Content by relative name of what a package consists of: modules, their data, the mark that it is typed."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.mark.parametrize("package", SOURCES)
def test_wheel_holds_exactly_the_files_of_the_source(package: str, installed: Path) -> None:
    (there,) = installed.glob(f"lib/python3.*/site-packages/{package}")
    ours, theirs = files(SOURCES[package]), files(there)
    assert sorted(theirs) == sorted(ours)
    assert [name for name in ours if theirs[name] != ours[name]] == []


def test_packages_come_from_the_environment_and_not_from_the_checkout(program: Program, installed: Path) -> None:
    names = ", ".join(SOURCES)
    run = program("python", "-c", f"import {names}; print(*(m.__file__ for m in ({names})), sep='\\n')")
    assert run.returncode == 0, run.stderr
    assert [line for line in run.stdout.splitlines() if not line.startswith(str(installed))] == []


def test_program_helps(program: Program) -> None:
    run = program("tickloom", "--help")
    assert run.returncode == 0, run.stderr
    assert "run" in run.stdout
    assert "plugins" in run.stdout


def test_every_plugin_of_our_own_is_found_and_loads(program: Program) -> None:
    # The oracle is setup.cfg: each line of the group is one plugin.
    cfg = configparser.ConfigParser(delimiters=("=",))
    cfg.read(TOP / "setup.cfg", encoding="utf-8")
    lines = cfg["options.entry_points"]["tickloom"].splitlines()
    expected = {line.partition("=")[0].strip() for line in lines if line}
    run = program("tickloom", "plugins", "--json")
    assert run.returncode == 0, run.stderr
    plugins = json.loads(run.stdout)
    assert {plugin["name"] for plugin in plugins if plugin["distribution"] == "tickloom"} == expected
    assert {plugin["name"]: plugin["fault"] for plugin in plugins if plugin["fault"]} == {}
    assert [plugin["name"] for plugin in plugins if not plugin["kinds"]] == []


def test_every_name_that_a_plugin_of_our_own_registers_can_be_imported(program: Program) -> None:
    # In the clean environment, which holds what a base installation needs and nothing else.
    code = """
from tickloom.plugins import load_plugins
registry = load_plugins()
for plugin in registry.plugins:
    for offer in plugin.offers:
        found = registry.lookup(offer.kind, offer.name, "test")
        # Of features also presets: lists of them.
        print(offer.kind, offer.name, callable(found) or (offer.kind == "feature" and len(found) > 0))
"""
    run = program("python", "-c", code)
    assert run.returncode == 0, run.stderr
    assert run.stdout
    assert [line for line in run.stdout.splitlines() if not line.endswith(" True")] == []


def test_run_of_a_missing_config_is_one_clear_line(program: Program) -> None:
    run = program("tickloom", "run", "no_such_config.toml")
    assert run.returncode != 0
    assert "no_such_config.toml" in run.stderr
    assert "Traceback" not in run.stderr
