"""The examples, as a reader would run them: they end, they trade, and what their pages say of them is so."""

import re
from functools import cache
from pathlib import Path

import pytest

from tickloom import Fill, load_config, load_plugins
from tickloom.engine import run_config
from tickloom.events import PluginFault
from tickloom.record import RunRecord

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
FOLDERS = sorted(path.parent for path in EXAMPLES.glob("*/strategy.py"))
#: Two minutes of market are enough to see an example trade, with averages that warm up in seconds.
SHORT = ("sources.main.duration=2min",)
SHORTER = {
    "ema_cross/run.toml": ("views.cross.features.0.n=100", "views.cross.features.1.n=400"),
    "ema_cross/inside.toml": ("strategies.cross.fast=100", "strategies.cross.slow=400"),
    "bar_breakout/run.toml": ("bars.fast.interval=2s",),
}


@cache
def run(name: str, *sets: str) -> RunRecord:
    """Run an example once for all tests that look at it."""
    return run_config(load_config(EXAMPLES / name, sets), load_plugins())


def fills(record: RunRecord) -> list[Fill]:
    return [entry.event for entry in record.entries if isinstance(entry.event, Fill)]


def faults(record: RunRecord) -> list[PluginFault]:
    return [entry.event for entry in record.entries if isinstance(entry.event, PluginFault)]


def test_the_examples_are_there() -> None:
    assert [folder.name for folder in FOLDERS] == ["bar_breakout", "ema_cross", "market_maker"]
    assert {path.parent for path in EXAMPLES.glob("*/run.toml")} - set(FOLDERS) == {EXAMPLES / "features"}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_example_trades_on_the_synthetic_market_to_the_end(folder: Path) -> None:
    name = f"{folder.name}/run.toml"
    record = run(name, *SHORT, *SHORTER.get(name, ()))
    assert (record.status, faults(record)) == ("ended", [])
    assert fills(record)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_example_trades_on_real_captures_to_the_end(folder: Path, market_data: Path) -> None:
    record = run(f"{folder.name}/capture.toml")
    assert (record.status, faults(record)) == ("ended", [])
    assert fills(record)


def test_averages_inside_the_strategy_and_in_view_and_model_make_the_same_fills() -> None:
    # Each is the other's oracle: one runs compiled and ahead of the loop, the other in Python at every trade.
    long = "sources.main.duration=6min"
    one, other = (run(name, long, *SHORTER[name]) for name in ("ema_cross/run.toml", "ema_cross/inside.toml"))
    assert len(fills(one)) > 4
    assert fills(one) == fills(other)


def test_both_configs_of_ema_cross_say_the_same_in_their_own_ways() -> None:
    # What the test above sets for speed is equal in the files as well, and so is everything around it.
    one, other = (dict(load_config(EXAMPLES / "ema_cross" / name).raw) for name in ("run.toml", "inside.toml"))
    view, model, outside = one.pop("views")["cross"], one.pop("models")["cross"], one.pop("strategies")["cross"]
    inside = other.pop("strategies")["cross"]
    assert one | {"run": None} == other | {"run": None}
    assert one["run"]["seed"] == other["run"]["seed"]
    assert [feature["n"] for feature in view["features"]] == [inside["fast"], inside["slow"]]
    assert (model["threshold"], outside["quantity"]) == (inside["threshold"], inside["quantity"])


def test_breakout_follows_both_symbols_by_themselves(market_data: Path) -> None:
    record = run("bar_breakout/capture.toml")
    assert {record.instruments[fill.instrument].name for fill in fills(record)} == {"perp.BTCUSDT", "perp.ETHUSDT"}


def test_market_maker_only_makes_and_stays_within_its_inventory() -> None:
    record = run("market_maker/run.toml", *SHORT)
    made = fills(record)
    assert all(fill.maker for fill in made)
    held, most = 0, 0
    for fill in made:
        held += fill.side * fill.quantity
        most = max(most, abs(held))
    # 0.2 BTC may be held when a last quote of 0.02 is on its way: 220 lots of 0.001.
    assert most <= 220


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_page_of_an_example_shows_a_picture_of_modest_size(folder: Path) -> None:
    page = (folder / "README.md").read_text(encoding="utf-8")
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page)
    assert pictures
    assert all((folder / picture).stat().st_size <= 200_000 for picture in pictures)
