"""Looks for look-ahead in the views of a config, on the data that its sources give."""

from collections.abc import Iterator

import attrs

from tickloom.config import Config
from tickloom.engine.ahead.views import Batch, View
from tickloom.engine.merge import merged
from tickloom.engine.wiring.tables import Tables, build_series, build_views, feeds_of, number_tables
from tickloom.engine.wiring.warm import warm_up
from tickloom.errors import ConfigError
from tickloom.features.fused.build import Progress
from tickloom.features.inspection.lookahead import LookAhead, look_aheads
from tickloom.plugins import Registry


@attrs.frozen
class Checked:
    """What the check of one view found: its name, how many columns and rows were looked at, and who cheats."""

    name: str
    columns: int
    rows: int
    found: list[LookAhead]


def stepped(
    config: Config, registry: Registry, rows: int, progress: Progress | None = None
) -> Iterator[tuple[str, View, Batch, Tables]]:
    """Read the sources of a config as far as its views need it.

    Parameters
    ----------
    config : Config
    registry : Registry
    rows : int
        How many rows of each view are wanted; fewer come where the sources have fewer.
    progress : callable, optional
        Told while features are compiled.

    Yields
    ------
    (name, view, batch, tables)
        A view that has stepped on nothing, and the rows that it would step on.

    Raises
    ------
    ConfigError
        The config has no view, or its sources give one of them no row.
    """
    if not config.views:
        raise ConfigError(f"{config.path.name}: there are no views; add a section such as [views.cross]")
    tables = number_tables(config, registry)
    series = build_series(tables)
    views = build_views(tables, registry, series, progress)
    kept: list[list[Batch]] = [[] for _ in views]
    feeds = feeds_of(tables)
    warm_up(tables, feeds, views)
    for chunk, _ in merged(feeds):
        for one in series:
            one.ahead(chunk)
        for view, batches in zip(views, kept, strict=True):
            batches.append(view.taken(chunk))
        if all(sum(len(batch.ts) for batch in batches) >= rows for batches in kept):
            break
    for view, name, batches in zip(views, config.views, kept, strict=True):
        batch = Batch.joined([view.nothing(), *batches])
        if not len(batch.ts):
            raise ConfigError(f"{config.path.name}: views.{name}: the sources give it no row")
        yield name, view, batch[:rows], tables


def checked_views(config: Config, registry: Registry, rows: int, progress: Progress | None = None) -> Iterator[Checked]:
    """Hold every view of a config against the prefix law; parameters and errors as `stepped`."""
    for name, view, batch, _ in stepped(config, registry, rows, progress):
        plan = view.features.plan
        found = look_aheads(plan, batch.table, batch.which, view.features.symbols, batch.ts)
        yield Checked(name, len(plan.columns), len(batch.ts), found)
