"""The registered features by family, the parameters under which tests compute them, and series to compute them on."""

import math
from functools import cache
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import polars as pl

from tickloom.features.columns import BAR, stream
from tickloom.features.declare import Feature, Float, Int, Use
from tickloom.features.fitted.table import FittedTable, Table
from tickloom.features.fused.build import build
from tickloom.features.plan import ViewPlan
from tickloom.plugins import load_plugins
from tickloom.testing.conformance.feature import stream_of
from tickloom.testing.numbers import rows_of
from tickloom_plugins.features import CATALOGUE
from tickloom_plugins.features.presets import preset

FAMILIES = tuple(CATALOGUE)


def features_of(family: str) -> list[Feature]:
    """Return all registered features that one module declares."""
    registry = load_plugins()
    found: list[Any] = [registry.lookup("feature", name, "test") for name in CATALOGUE[family].split()]
    return found


def uses_of(feature: Feature) -> list[Use]:
    """Use a feature under its defaults, and under other parameters where it has some."""
    usual = feature()
    if not feature.parameters:
        return [usual]
    return [usual, feature(**{name: _other(one) for name, one in feature.parameters.items()})]


@cache
def by_stream(family: str) -> dict[str, list[Use]]:
    """Return the family's features by the first stream that they run on: what most tests compute, compiled once."""
    found: dict[str, list[Use]] = {}
    for feature in features_of(family):
        if not feature.across:
            found.setdefault(stream_of([feature()]).name, []).extend(uses_of(feature))
    return found


def main() -> None:
    """Compile what most tests compute, in as many processes as there are processors."""
    plans = [ViewPlan(stream(name), uses) for family in FAMILIES for name, uses in by_stream(family).items()]
    plans += [ViewPlan(BAR, preset(name)) for name in ("alpha158", "alpha360")]
    build([unit for plan in plans for unit in plan.all_units])


def _other(parameter: Any) -> Any:
    if isinstance(parameter, Int):
        return min(parameter.most, max(parameter.least, parameter.default // 2 + 2))
    if isinstance(parameter, Float):
        return min(parameter.most, max(parameter.least, parameter.default * 0.75))
    return _made_up_table(parameter) if isinstance(parameter, Table) else parameter.default


def _made_up_table(parameter: Table) -> FittedTable:
    """Make a table of another shape than the default, with numbers from -1 to 1."""
    shape = tuple(map(min, parameter.most, (size + 1 for size in parameter.default.shape)))
    numbers = np.random.default_rng(3).uniform(-1.0, 1.0, math.prod(shape)).tolist()
    return attrs.evolve(parameter.default, shape=shape, numbers=tuple(numbers), source="made up")


@attrs.frozen
class Series:
    """Bars to compute features on: float64, shape (n, 7), as the stream ``bar`` has them."""

    name: str
    rows: np.ndarray

    def column(self, name: str) -> np.ndarray:
        place = BAR.column(name)
        assert place is not None
        return np.ascontiguousarray(self.rows[:, place])


def made_up(name: str, seed: int, count: int = 1500) -> Series:
    """Make a random series without a stretch in which nothing moves."""
    return Series(name, rows_of(BAR, count, seed, still=False))


def from_candles(folder: Path, symbol: str, count: int = 4000) -> Series:
    """Read the first bars of a real series."""
    frame = pl.read_parquet(folder / "candles_5m" / f"{symbol}_USDT-5m.parquet").head(count)
    columns = [frame[name].to_numpy() for name in ("open", "high", "low", "close", "volume")]
    times = frame["date"].dt.epoch("s").to_numpy().astype(float)
    return Series(symbol, np.column_stack([*columns, np.ones(len(times)), times]))


if __name__ == "__main__":
    main()
