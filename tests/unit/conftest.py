"""What several unit tests share: distributions that are installed for one test."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Install a distribution with one plugin: ``install(name, version, entry point, module=source, ...)``.

    The first module is the plugin. The folder on ``sys.path`` holds the same ``dist-info`` that pip would write.
    """
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    installed: list[str] = []

    def write(name: str, version: str, entry: str, **modules: str) -> None:
        info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[tickloom]\n{entry} = {next(iter(modules))}\n")
        for module, source in modules.items():
            (folder / f"{module}.py").write_text(source)
        installed.extend(modules)
        importlib.invalidate_caches()

    yield write
    for module in installed:
        sys.modules.pop(module, None)
