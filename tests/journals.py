"""How tests journal a run of given rows and plugins, and run it again from its journal alone."""

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from laws import FEATURES, INSTRUMENTS, OF_SOURCE, STRATEGIES, config, market
from worlds import Plan, World, promised

from tickloom.config import config_from
from tickloom.engine import run_config
from tickloom.engine.stream import Observer
from tickloom.plugins import Registry, load_plugins
from tickloom.record import RunRecord
from tickloom.storage.journal import Journal
from tickloom.storage.reader import JournalReader
from tickloom.storage.replay import Verdict, replay
from tickloom.testing.runs import GivenPlugins, RowSource

Plugins = Mapping[str, Callable[..., Any]]


@cache
def installed() -> Registry:
    """Look for the installed plugins once for all tests."""
    return load_plugins()


@contextmanager
def folder() -> Iterator[Path]:
    """Give a folder for one example of a property."""
    with TemporaryDirectory() as name:
        yield Path(name)


def journalled(
    where: Path,
    text: str,
    plugins: Plugins,
    observers: Sequence[Observer] | Callable[[Journal], Sequence[Observer]] = (),
    seal: bool = True,
) -> RunRecord:
    """Run a config given as text, with its journal in ``where/journal``; observers may be made for the journal."""
    settings = config_from(where / "run.toml", tomllib.loads(text))
    with Journal(where / "journal", where.name, settings) as journal:
        others = observers(journal) if callable(observers) else observers
        record = run_config(settings, journal.watch(GivenPlugins(installed(), plugins)), None, (journal, *others))
        if seal:
            journal.seal(record)
    return record


def world_sources(world: World, plans: Sequence[Plan] | None) -> dict[str, Callable[..., Any]]:
    """Make the sources of the small world, which can only be journalled by value."""
    sources: dict[str, Callable[..., Any]] = {}
    for n, rows in enumerate(market(world["seed"], world["count"], world["gap"])):
        plan = promised(rows, plans[n]) if plans else []
        series = ["6ms"] if n == 4 else []
        sources["abcde"[n]] = partial(RowSource, [INSTRUMENTS[i] for i in OF_SOURCE[n]], rows, plan, series)
    return sources


def world_text(world: World) -> str:
    """Write the config of a world."""
    return config(world["names"], world["seed"], world["latency"], world["on_fault"])


def journal_world(
    where: Path, world: World, plans: Sequence[Plan] | None = None, plugins: Plugins | None = None, **more: Any
) -> RunRecord:
    """Journal a run of the small world."""
    given = {**world_sources(world, plans), **STRATEGIES, **FEATURES, **(plugins or {})}
    return journalled(where, world_text(world), given, **more)


def again(where: Path, plugins: Plugins | None = None, said: list[str] | None = None) -> Verdict:
    """Run a journal again, with nothing given but the strategies."""
    with JournalReader(where / "journal") as journal:
        given = GivenPlugins(installed(), {**STRATEGIES, **FEATURES, **(plugins or {})})
        lines: list[str] = [] if said is None else said
        return replay(journal, given, lines.append)


def kept(where: Path) -> list[bytes]:
    """Return the outcome stream that a journal holds, as bytes."""
    with JournalReader(where / "journal") as journal:
        return list(journal.entries())
