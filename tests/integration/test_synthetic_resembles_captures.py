"""The synthetic market against the captures it was fitted to: both are measured here, by the same functions."""

import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from tickloom_kernels import rows as r
from tickloom_kernels.microstructure import Figures, measure, returns
from tickloom_plugins.sources.binance_raw import BinanceRaw
from tickloom_plugins.sources.synthetic import DAY, Synthetic

SECOND = 1_000_000_000
NAMES = ("btcusdt", "ethusdt")
Rows = NDArray[np.int64]
Measured = tuple[list[Figures], float]


def correlation(one: Rows, other: Rows, second: int) -> float:
    """Of the returns over one second of instrument 0 of ``one`` and instrument ``second`` of ``other``."""
    first = int(max(one[0, r.TS_INIT], other[0, r.TS_INIT])) + SECOND
    last = int(min(one[-1, r.TS_INIT], other[-1, r.TS_INIT]))
    return float(np.corrcoef(returns(one, 0, first, last), returns(other, second, first, last))[0, 1])


@pytest.fixture(scope="module")
def captured(market_data: Path) -> Measured:
    figures, kept = [], []
    for name in NAMES:
        source = BinanceRaw(path=market_data / "binance_l2" / "usdm" / f"{name}_20240808.gz", cache=None)
        kept.append(np.concatenate([rows for rows, _ in source.chunks()]))
        facts = source.instruments[0]
        figures.append(measure(kept[-1], 0, float(facts.tick_size), float(facts.lot_size)))
    return figures, correlation(kept[0], kept[1], 0)


@pytest.fixture(scope="module")
def generated() -> Measured:
    # Another seed than the unit tests use, and the middle of the captures in its middle.
    source = Synthetic(seed=1, start="2024-08-08T23:42", duration="30min")
    rows = np.concatenate([rows for rows, _ in source.chunks()])
    figures = [
        measure(rows, i, float(facts.tick_size), float(facts.lot_size)) for i, facts in enumerate(source.instruments)
    ]
    return figures, correlation(rows, rows, 1)


@pytest.mark.parametrize("instrument", [0, 1], ids=NAMES)
@pytest.mark.parametrize("figure", Figures._fields)
def test_each_figure_lies_within_a_fifth(captured: Measured, generated: Measured, figure: str, instrument: int) -> None:
    real, synthetic = (getattr(figures[instrument], figure) for figures, _ in (captured, generated))
    assert synthetic == pytest.approx(real, rel=0.2)


def test_the_correlation_of_returns_lies_within_a_fifth(captured: Measured, generated: Measured) -> None:
    assert generated[1] == pytest.approx(captured[1], rel=0.2)


def test_the_table_in_the_docstring_is_what_is_measured(captured: Measured) -> None:
    lines = re.findall(r"^ *(\w+) +([\d.]+) +([\d.]+) +\w", Synthetic.__doc__ or "", flags=re.MULTILINE)
    table = {name: (float(one), float(other)) for name, one, other in lines}
    measured = {name: tuple(getattr(figures, name) for figures in captured[0]) for name in Figures._fields}
    measured["correlation"] = (captured[1], captured[1])
    assert table.keys() == measured.keys()
    for name, both in table.items():
        assert both == pytest.approx(measured[name], rel=0.001), name


def test_the_curve_over_the_day_is_the_turnover_of_half_a_year(market_data: Path) -> None:
    curves = []
    for coin in ("BTC", "ETH"):
        bars = pl.read_parquet(market_data / "candles_5m" / f"{coin}_USDT-5m.parquet")
        turnover = bars.group_by(pl.col("date").dt.hour()).agg((pl.col("volume") * pl.col("close")).mean()).sort("date")
        curves.append(turnover["volume"].to_numpy() / turnover["volume"].mean())
    assert list(DAY) == pytest.approx(np.mean(curves, axis=0).tolist(), abs=0.001)
