"""What may be imported where, and what starting must not cost; import-linter holds the contracts between packages."""

import ast
import configparser
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
ROOTS = ("framework", "plugins", "kernels")
OURS = {"tickloom", "tickloom_plugins", "tickloom_kernels"}
# The import names that differ from the name of the distribution.
DISTRIBUTION = {"zmq": "pyzmq", "sklearn": "scikit-learn"}
# What takes long to import and is needed by a run, not by its start.
HEAVY = {"numba", "llvmlite", "polars", "lmdb", "zmq", "bokeh", "torch", "ccxt", "pandas", "scipy"}
# What pytest loads, and nobody else: who has no pytest never comes there.
PYTEST_PLUGIN = Path("framework/tickloom/testing/pytest_plugin.py")
# The only modules that may call a hook: everything below the loop is called through what they got from it.
MAY_CALL_HOOKS = ("framework/tickloom/plugins.py", "framework/tickloom/engine/wiring/")


def imports(root: str) -> Iterator[tuple[Path, int, str]]:
    """Yield the file (relative), line and top-level name of every absolute import, functions included."""
    for path in sorted((TOP / root).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            else:
                continue
            for name in names:
                yield path.relative_to(TOP), node.lineno, name.split(".")[0]


def setup_cfg() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(delimiters=("=",))
    parser.read(TOP / "setup.cfg", encoding="utf-8")
    return parser


def modules_imported_by(program: str, folder: Path) -> set[str]:
    """Top-level names of what a fresh interpreter imports to run ``program``, as ``-X importtime`` says."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(str(TOP / root) for root in ROOTS)}
    run = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", program],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = (line.rpartition("|")[2].strip() for line in run.stderr.splitlines() if line.startswith("import time:"))
    return {line.split(".")[0] for line in lines}


def test_kernels_import_numpy_numba_and_the_standard_library_only() -> None:
    allowed = {"numpy", "numba", "tickloom_kernels", *sys.stdlib_module_names}
    assert [f"{path}:{line} {name}" for path, line, name in imports("kernels") if name not in allowed] == []


def test_every_library_that_the_code_imports_is_required_and_no_other() -> None:
    found = {(path, name) for root in ROOTS for path, _, name in imports(root)} - {(PYTEST_PLUGIN, "pytest")}
    used = {name for _, name in found} - OURS - set(sys.stdlib_module_names)
    required = set(setup_cfg()["options"]["install_requires"].split())
    assert {DISTRIBUTION.get(name, name) for name in used} == required


def test_every_requirement_has_its_exact_version_in_the_constraints() -> None:
    lines = (TOP / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert [pin for pin in pins if not re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][0-9a-z.]*", pin)] == []
    cfg = setup_cfg()
    wanted = {"setuptools", *cfg["options"]["install_requires"].split()}
    wanted |= {name.lower() for extra in cfg["options.extras_require"].values() for name in extra.split()}
    assert wanted - {pin.partition("==")[0].lower() for pin in pins} == set()


@pytest.mark.parametrize(
    "program",
    ["import tickloom", "import sys; sys.argv = ['tickloom', '--help']; from tickloom.cli import main; main()"],
    ids=["import", "help"],
)
def test_starting_imports_nothing_heavy(program: str, tmp_path: Path) -> None:
    imported = modules_imported_by(program, tmp_path)
    assert "tickloom" in imported
    assert imported & HEAVY == set()


def test_rows_and_events_cost_no_numba(tmp_path: Path) -> None:
    # The types that strategies import: naming a word of a row must not compile anything.
    assert modules_imported_by("import tickloom.events", tmp_path) & HEAVY == set()


def test_no_hook_is_called_outside_the_loader_and_the_wiring() -> None:
    callers = {
        str(path.relative_to(TOP))
        for root in ROOTS
        for path in (TOP / root).rglob("*.py")
        if re.search(r"\.hook\.", path.read_text(encoding="utf-8"))
    }
    assert [caller for caller in sorted(callers) if not caller.startswith(MAY_CALL_HOOKS)] == []
