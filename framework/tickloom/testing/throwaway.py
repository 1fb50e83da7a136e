"""A plugin that is installed for the length of a ``with`` block, and found like any other."""

import importlib
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import TYPE_CHECKING, Any

from tickloom.errors import ConfigError, nearest
from tickloom.hookspecs import hookimpl
from tickloom.kinds import BY_NAME
from tickloom.plugins import GROUP

if TYPE_CHECKING:
    from tickloom.plugins import Register

_numbers = count(1)


@contextmanager
def throwaway_plugin(
    name: str = "throwaway", /, *hooks: Callable[..., Any], **factories: Mapping[str, Callable[..., Any]]
) -> Iterator[None]:
    """Install a distribution with one plugin, and take it away again.

    It lies on ``sys.path`` as pip would have put it there, so `tickloom.load_plugins`, a run and the command line
    (in this process) find it in the way in which they find every plugin.

    Parameters
    ----------
    name : str
        Of the distribution and of its entry point: letters, digits, ``_`` and ``-``.
    *hooks : callable
        Functions marked with `tickloom.hookimpl`, called like the hooks that they implement.
    **factories : mapping of str to callable
        Under the name of each kind, factories by the name that a config uses: ``feature={"drop": Drop}``.

    Raises
    ------
    ConfigError
        There is no such kind, or the name is none.
    """
    for kind in factories:
        if kind not in BY_NAME:
            raise ConfigError(f"throwaway_plugin: no kind of plugin {kind!r}; {nearest(kind, BY_NAME)}")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
        raise ConfigError(f"throwaway_plugin: {name!r} is no name; write letters, digits, _ and -")
    module = _module(hooks, factories)
    with TemporaryDirectory(prefix="tickloom-") as folder:
        info = Path(folder, f"{name.replace('-', '_')}-0.dist-info")
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0\n", encoding="utf-8")
        (info / "entry_points.txt").write_text(f"[{GROUP}]\n{name} = {module.__name__}\n", encoding="utf-8")
        sys.modules[module.__name__] = module
        sys.path.insert(0, folder)
        importlib.invalidate_caches()
        try:
            yield
        finally:
            sys.path.remove(folder)
            del sys.modules[module.__name__]
            importlib.invalidate_caches()


def _module(
    hooks: tuple[Callable[..., Any], ...], factories: Mapping[str, Mapping[str, Callable[..., Any]]]
) -> ModuleType:
    """Make the module that the entry point names: its factories, what announces them, and the hooks."""
    module = ModuleType(f"tickloom_throwaway_{next(_numbers)}")
    places: list[tuple[str, str, str]] = []
    for kind, named in factories.items():
        for name, factory in named.items():
            attribute = f"factory_{len(places)}"
            setattr(module, attribute, factory)
            places.append((kind, name, f"{module.__name__}:{attribute}"))

    @hookimpl
    def tickloom_register(register: "Register") -> None:
        for kind, name, place in places:
            getattr(register, kind)(name, place)

    for hook in (tickloom_register, *hooks):
        setattr(module, hook.__name__, hook)
    return module
