"""Compiles units of fused features, several at a time, and keeps the result on disk under the hash of their content.

What is kept is machine code, by unit and by processor. Step functions that can be
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
from collections import deque
from collections.abc import Callable, Sequence
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

_addresses: dict[str, int] = {}
#: What was compiled in this process; its code goes with it.
_compiled: list[Any] = []
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
    from tickloom_kernels.views.direct import prepare

    folder = folder_of(folder)
    missing = {unit.key: unit for unit in units if unit.key not in _addresses and not is_compiled(unit, folder)}
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
    prepare(folder)
    return [load(unit, folder) for unit in units]


def folder_of(folder: Path | None) -> Path:
    """Return where compiled code is kept: a folder, or the default one, or another one where it cannot be written."""
    return _writable(folder or default_folder())


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
    """Whether compiled code of a unit for this processor is on disk."""
    return _path(unit.name, folder).exists()


def _path(name: str, folder: Path) -> Path:
    from tickloom_kernels.views.objects import machine

    return folder / f"{name}.{machine()}.o"


def load(unit: Unit, folder: Path) -> int:
    """Return the address of the compiled function of a unit, from memory, from disk, or by compiling it."""
    if unit.key not in _addresses:
        _addresses[unit.key] = _linked(_path(unit.name, folder)) or _compile_unit(unit, folder)
    return _addresses[unit.key]


def _linked(path: Path) -> int:
    from tickloom_kernels.views.objects import link

    try:
        return link(path)
    except FileNotFoundError:
        return 0
    except ValueError as error:
        _log.warning("compiled again: %s", error)
        return 0


def _compile_unit(unit: Unit, folder: Path) -> int:
    from numba.core.errors import NumbaError

    try:
        return _compile(unit.name, unit.source, [use.feature.step for use in unit.uses], folder)
    except NumbaError as error:
        raise ConfigError(_complaint(unit, str(error))) from error


def _complaint(unit: Unit, text: str) -> str:
    """Say in one line which feature cannot be compiled, and why, of what numba says at length."""
    number = re.search(r"step_(\d+)\(", text)
    name = unit.uses[int(number[1])].feature.name if number else ", ".join(use.feature.name for use in unit.uses)
    lines = [line.strip() for line in re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()]
    telling = [line for line in lines if line and not line.startswith(("Failed in", "File ", "During", "<source"))]
    return f"feature {name!r} cannot be compiled: {telling[0] if telling else 'numba does not say why'}"


def _compile(name: str, source: str, steps: Sequence[Callable[..., Any]], folder: Path) -> int:
    from tickloom_kernels.indicators.window import step
    from tickloom_kernels.views.objects import keep

    module = ModuleType(name)
    for number, function in enumerate(steps):
        setattr(module, f"step_{number}", function if hasattr(function, "py_func") else step(function))
    exec(compile(source, f"<{name}>", "exec"), module.__dict__)
    _compiled.append(module)
    keep(module.unit, _path(name, folder))
    return int(module.unit.address)


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
    """Compile in as many processes as there are processors; each answers a job, a line of JSON, and gets the next."""
    # The longest first: whoever gets the last one should not be waited for.
    waiting = deque(sorted(units, key=lambda unit: len(unit.source), reverse=True))
    with selectors.DefaultSelector() as talking:
        for _ in range(min(len(os.sched_getaffinity(0)), len(units))):
            worker = _start(folder)
            talking.register(worker.stdout, selectors.EVENT_READ, worker)  # type: ignore[arg-type]
            _give(worker, waiting)
        # What a worker fails at is tried again in this process, which can say why.
        while talking.get_map():
            for key, _ in talking.select():
                said = os.read(key.fd, 4096)
                for _ in range(said.count(b"\n")):
                    tell()
                    _give(key.data, waiting)
                if not said:
                    talking.unregister(key.fileobj)
                    key.data.stdout.close()
                    key.data.wait()


def _start(folder: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tickloom.features.fused.build", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def _give(worker: "subprocess.Popen[str]", waiting: deque[Unit]) -> None:
    """Give a worker its next job, or tell it that there is none."""
    assert worker.stdin is not None
    # A worker that could not even start is found out by what it has not done.
    with suppress(BrokenPipeError):
        if waiting:
            unit = waiting.popleft()
            job = {"name": unit.name, "source": unit.source, "steps": _places(unit)}
            worker.stdin.write(f"{json.dumps(job)}\n")
            worker.stdin.flush()
        else:
            worker.stdin.close()


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
        _compile(job["name"], job["source"], [_find(*place) for place in job["steps"]], folder)
        print(job["name"], flush=True)


if __name__ == "__main__":
    _work(Path(sys.argv[1]))
