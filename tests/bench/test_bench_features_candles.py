"""A hundred features over years of real candles of nine symbols, end to end as a config has it."""

import time
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tickloom.features.view import FeatureView
from tickloom.interfaces import Strategy
from tickloom.testing import prepare

SYMBOLS = ("AVAX", "BTC", "DOGE", "ETH", "LINK", "LTC", "SOL", "TRX", "XRP")


class Deaf(Strategy):
    """Hears nothing."""


class Hearing(Strategy):
    """Hears every vector."""

    def __init__(self) -> None:
        self.heard = 0

    def on_features(self, features: Any) -> None:
        self.heard += 1


def config(folder: Path) -> dict[str, Any]:
    """Make the config of a run over all candles of all symbols."""
    hundred = tomllib.loads(Path(__file__).with_name("hundred.toml").read_text())
    return {
        "sources": {
            "main": {
                "kind": "candles",
                "path": [str(folder / "candles_5m" / f"{one}_USDT-5m.parquet") for one in SYMBOLS],
            }
        },
        "views": {"hundred": {"on": "bar", "bars": "5m", **hundred}},
        "strategies": {"main": {"kind": "strategy"}},
    }


@pytest.mark.parametrize("strategy", [Deaf, Hearing])
def test_a_hundred_features_over_real_candles(
    benchmark: Any, strategy: type[Strategy], market_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows per second of the run, wiring apart, and how much of it is the view."""
    text, inside, rows = config(market_data), 0.0, 0
    plain = FeatureView.run

    def timed(self: FeatureView, table: Any, *arguments: Any, **more: Any) -> Any:
        nonlocal inside, rows
        began = time.thread_time()
        found = plain(self, table, *arguments, **more)
        inside += time.thread_time() - began
        rows += len(table)
        return found

    monkeypatch.setattr(FeatureView, "run", timed)
    whole = []
    for _ in range(3):
        prepared = prepare(text, {"strategy": strategy})
        inside, rows = 0.0, 0
        began = time.thread_time()
        assert prepared.execute().record.status == "ended"
        whole.append((time.thread_time() - began, inside))
    elapsed, view = sorted(whole)[1]
    print(
        f"\n{benchmark.name}: {rows:,} rows, {rows / elapsed:,.0f} rows/s, {elapsed / rows * 1e9:,.0f} ns a row, "
        f"the view {view / rows * 1e9:,.0f} ns a row, {view / elapsed:.0%}"
    )
    benchmark.extra_info.update(rows=rows, rows_per_s=rows / elapsed, view_ns=view / rows * 1e9)
    benchmark.pedantic(lambda: None, rounds=1, iterations=1)
