"""The registered features by family, with the parameters under which tests compute them, and series to compute them on."""

from pathlib import Path
from typing import Any

import attrs
import numpy as np
import polars as pl

from tickloom.features.declare import Feature, Float, Int, Use
from tickloom.plugins import load_plugins
from tickloom.testing.numbers import rows_of
from tickloom.features.columns import BAR
from tickloom_plugins.features import CATALOGUE

FAMILIES = tuple(CATALOGUE)


def features_of(family: str) -> list[Feature]:
    """All registered features that one module declares."""
    registry = load_plugins()
    return [registry.lookup("feature", name, "test") for name in CATALOGUE[family].split()]


def uses_of(feature: Feature) -> list[Use]:
    """A feature under its defaults, and under other parameters where it has some."""
    usual = feature()
    if not feature.parameters:
        return [usual]
    try:
        return [usual, feature(**{name: _other(one) for name, one in feature.parameters.items()})]
    except Exception:
        return [usual]


def _other(parameter: Any) -> Any:
    if isinstance(parameter, Int):
        return min(parameter.most, max(parameter.least, parameter.default // 2 + 2))
    if isinstance(parameter, Float):
        return min(parameter.most, max(parameter.least, parameter.default * 0.75))
    return parameter.default


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
    """A random series without a stretch in which nothing moves."""
    return Series(name, rows_of(BAR, count, seed, still=False))


def from_candles(folder: Path, symbol: str, count: int = 4000) -> Series:
    """The first bars of a real series."""
    frame = pl.read_parquet(folder / "candles_5m" / f"{symbol}_USDT-5m.parquet").head(count)
    columns = [frame[name].to_numpy() for name in ("open", "high", "low", "close", "volume")]
    times = frame["date"].dt.epoch("s").to_numpy().astype(float)
    return Series(symbol, np.column_stack([*columns, np.ones(len(times)), times]))
