"""Compiles units of fused features, several at a time, and keeps the result on disk under the hash of their content.

A unit is a file of its own, so numba's cache, which only looks at that file, is right. Step functions that can be
imported are compiled by worker processes; those that cannot (of a notebook, of a test) are compiled here.
"""

import atexit
import errno
import importlib.util
import json
import logging
import os
import re
import selectors
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from pkgutil import resolve_name
from types import ModuleType
from typing import Any

from tickloom.errors import ConfigError
from tickloom.features.fused.fingerprint import python
from tickloom.features.fused.generate import Unit

#: Told after each unit: how many are ready, of how many.
Progress = Callable[[int, int], None]

_functions: dict[str, Any] = {}
_log = logging.getLogger(__name__)


def default_folder() -> Path:
    """Folder of compiled units: ``tickloom/features`` in ``$XDG_CACHE_HOME``, or in ``~/.cache``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tickloom" / "features"


def build(units: Sequence[Unit], progress: Progress | None = None, folder: Path | None = None) -> list[int]:
    """Compile what is not compiled yet, and load all of it.

    Parameters
    ----------
    units : sequence of Unit
    progress : callable, optional
    folder : Path, optional
        Where compiled code is kept.

    Returns
    -------
    list of int
        Addresses of the compiled functions, valid as long as this process lives.
    """
    folder = _writable(folder or default_folder())
    missing = {unit.key: unit for unit in units if unit.key not in _functions and not is_compiled(unit, folder)}
    done = 0

    def tell() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, len(missing))

    apart = [unit for unit in missing.values() if _places(unit) is not None]
    if len(apart) > 1:
        _in_workers(apart, folder, tell)
    else:
        apart = []
    for unit in missing.values():
        if unit not in apart:
            load(unit, folder)
            tell()
    return [load(unit, folder).address for unit in units]


@cache
def _writable(folder: Path) -> Path:
    """Return the folder, or one that lasts as long as this process where nothing can be written there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK | os.X_OK):
            return folder
        reason = "it is not writable"
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        reason = error.strerror or str(error)
    temporary = tempfile.TemporaryDirectory(prefix="tickloom-features-")
    atexit.register(temporary.cleanup)
    _log.warning("compiled features cannot be kept in %s: %s; they are compiled again by every process", folder, reason)
    return Path(temporary.name)


def is_compiled(unit: Unit, folder: Path) -> bool:
    """Whether compiled code of a unit is on disk (numba itself decides whether it is of this processor)."""
    return any((folder / "__pycache__").glob(f"{unit.name}.unit-*.nbi"))


def load(unit: Unit, folder: Path) -> Any:
    """Return the compiled function of a unit, from memory, from disk, or by compiling it."""
    if unit.key not in _functions:
        from numba.core.errors import NumbaError

        steps = [use.feature.step for use in unit.uses]
        try:
            _functions[unit.key] = _load(unit.name, unit.source, steps, folder)
        except NumbaError as error:
            raise ConfigError(_complaint(unit, str(error))) from error
    return _functions[unit.key]


def _complaint(unit: Unit, text: str) -> str:
    """Say in one line which feature cannot be compiled, and why, of what numba says at length."""
    number = re.search(r"step_(\d+)\(", text)
    name = unit.uses[int(number[1])].feature.name if number else ", ".join(use.feature.name for use in unit.uses)
    lines = [line.strip() for line in re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()]
    telling = [line for line in lines if line and not line.startswith(("Failed in", "File ", "During", "<source"))]
    return f"feature {name!r} cannot be compiled: {telling[0] if telling else 'numba does not say why'}"


def _load(name: str, source: str, steps: Sequence[Callable[..., Any]], folder: Path) -> Any:
    from tickloom_kernels.indicators.window import step

    path = folder / f"{name}.py"
    if not path.exists():
        part = path.with_suffix(f".{os.getpid()}")
        part.write_text(source, encoding="utf-8")
        part.replace(path)
    # numba finds a cached function's module by its name.
    module = sys.modules[name] = ModuleType(name)
    module.__file__ = str(path)
    for number, function in enumerate(steps):
        setattr(module, f"step_{number}", function if hasattr(function, "py_func") else step(function))
    exec(compile(source, str(path), "exec"), module.__dict__)
    return module.unit


# --- workers ---------------------------------------------------------------------------------------------------------


def _places(unit: Unit) -> list[list[str]] | None:
    """Where a worker finds the step functions: (module, name, file); None where it could not find one."""
    found = []
    for use in unit.uses:
        function = python(use.feature.step)
        file = _file_of(function)
        if file is None and not _importable(use.feature.step, function):
            return None
        found.append([function.__module__, function.__qualname__, file or ""])
    return found


def _importable(step: Callable[..., Any], function: Any) -> bool:
    try:
        found = resolve_name(f"{function.__module__}:{function.__qualname__}")
    except (ImportError, AttributeError, ValueError):
        return False
    return function.__module__ != "__main__" and getattr(found, "step", found) is step


def _file_of(function: Any) -> str | None:
    """File of a plugin that a config names by its file, which is in no package."""
    module = sys.modules.get(function.__module__)
    spec = getattr(module, "__spec__", None)
    return spec.origin if spec is not None and function.__module__.startswith("tickloom_file_") else None


def _in_workers(units: Sequence[Unit], folder: Path, tell: Callable[[], None]) -> None:
    """Compile in as many processes as there are processors; each gets its jobs as lines of JSON and answers each."""
    count = min(len(os.sched_getaffinity(0)), len(units))
    shares = [units[n::count] for n in range(count)]
    workers = [_start(share, folder) for share in shares]
    # What a worker fails at is tried again in this process, which can say why.
    with selectors.DefaultSelector() as talking:
        for worker in workers:
            talking.register(worker.stdout, selectors.EVENT_READ)  # type: ignore[arg-type]
        while talking.get_map():
            for key, _ in talking.select():
                said = os.read(key.fd, 4096)
                for _ in range(said.count(b"\n")):
                    tell()
                if not said:
                    talking.unregister(key.fileobj)
    for worker in workers:
        worker.wait()


def _start(units: Iterable[Unit], folder: Path) -> "subprocess.Popen[str]":
    jobs = [{"name": unit.name, "source": unit.source, "steps": _places(unit)} for unit in units]
    worker = subprocess.Popen(
        [sys.executable, "-m", "tickloom.features.fused.build", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert worker.stdin is not None
    # A worker that could not even start is found out by what it has not done.
    with suppress(BrokenPipeError), worker.stdin:
        worker.stdin.write("".join(f"{json.dumps(job)}\n" for job in jobs))
    return worker


def _find(module: str, name: str, file: str) -> Callable[..., Any]:
    if file and module not in sys.modules:
        spec = importlib.util.spec_from_file_location(module, file)
        assert spec is not None
        assert spec.loader is not None
        loaded = importlib.util.module_from_spec(spec)
        sys.modules[module] = loaded
        spec.loader.exec_module(loaded)
    found = resolve_name(f"{module}:{name}")
    step: Callable[..., Any] = getattr(found, "step", found)
    return step


def _work(folder: Path) -> None:
    for line in sys.stdin:
        job = json.loads(line)
        _load(job["name"], job["source"], [_find(*place) for place in job["steps"]], folder)
        print(job["name"], flush=True)


if __name__ == "__main__":
    _work(Path(sys.argv[1]))
