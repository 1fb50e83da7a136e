"""The views of a config over the data of its sources, as tables to train on: one Parquet file per view."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from tickloom.config import Config
from tickloom.engine.ahead.views import Batch, View
from tickloom.errors import TickloomError
from tickloom.features.bulk import Done, compute
from tickloom.features.inspection.check import stepped
from tickloom.plugins import Registry

#: More rows than any source has.
_ALL = 1 << 62


def write_tables(
    config: Config, registry: Registry, folder: Path, progress: Done | None = None
) -> Iterator[tuple[Path, int, int]]:
    """Compute every view of a config and write it.

    A file has ``ts_init`` (UNIX time in nanoseconds, UTC), ``instrument``, ``ready``, and the columns of the view, NaN
    until each is warm; its metadata names the view's version.

    Parameters
    ----------
    config : Config
    registry : Registry
    folder : Path
        Where files ``VIEW.parquet`` go; it is made if it is not there.
    progress : callable, optional
        Told after each symbol of a view.

    Yields
    ------
    (path, rows, columns)

    Raises
    ------
    TickloomError
        The folder cannot be written. Otherwise as `tickloom.features.inspection.check.stepped`.
    """
    for name, view, batch, tables in stepped(config, registry, _ALL):
        out, ready = _computed(view, batch, progress)
        names = np.array([tables.instruments[index].name for index in view.instruments])
        plan = view.features.plan
        frame = pl.DataFrame(
            {
                "ts_init": batch.ts,
                "instrument": names[batch.which],
                "ready": ready,
                **{column.name: out[:, n] for n, column in enumerate(plan.columns)},
            }
        )
        path = folder / f"{name}.parquet"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # Whole or not at all, also where somebody ends it in the middle.
            part = path.with_suffix(".part")
            frame.write_parquet(part, metadata={"tickloom.view": name, "tickloom.version": plan.version})
            part.replace(path)
        except OSError as error:
            raise TickloomError(f"cannot write {path}: {error.strerror}") from error
        yield path, len(frame), len(plan.columns)


def _computed(view: View, batch: Batch, progress: Done | None) -> tuple[np.ndarray, np.ndarray]:
    """Compute the rows of a view: symbol by symbol in threads, or together where one looks at the others."""
    features = view.features
    if features.plan.across is not None or features.symbols == 1:
        return features.run(batch.table, batch.which, instants=batch.ts)
    places = {str(symbol): np.flatnonzero(batch.which == symbol) for symbol in range(features.symbols)}
    found = compute(features.plan, {name: batch.table[rows] for name, rows in places.items()}, progress=progress)
    out = np.empty((len(batch.ts), len(features.plan.columns)))
    ready = np.empty(len(batch.ts), np.bool_)
    for name, rows in places.items():
        out[rows], ready[rows] = found[name]
    return out, ready
