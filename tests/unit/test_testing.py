"""What authors of plugins test with: a run around one plugin, throw-away plugins, another hour, and the fixture."""

import datetime
import random
import subprocess
import sys
import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import tickloom.testing
from tickloom import Bar, ConfigError, Strategy, Trade, hookimpl, load_config, load_plugins
from tickloom.engine import run_config
from tickloom.testing import Latency, market, quotes, run_plugin, throwaway_plugin, trades
from tickloom.testing.actors import Busy, Rising, Silent, average
from tickloom.testing.clocks import another_hour
from tickloom.testing.latency import measure
from tickloom.testing.pytest_plugin import plugin_latency
from tickloom.testing.stage import kind_of, name_of
from tickloom.testing.ticks import INSTRUMENTS, MS
from tickloom_kernels import rows as r
from tickloom_plugins.execution.direct import Direct
from tickloom_plugins.models.crossover import Crossover
from tickloom_plugins.risk.limits import Limits
from tickloom_plugins.sources.synthetic import Synthetic
from tickloom_plugins.venues.simulated import Simulated


class Once(Strategy):
    """Buys once, at the first trade."""

    def __init__(self, lots: int = 1) -> None:
        self.lots = lots

    def on_trade(self, trade: Trade) -> None:
        if trade.trade_id == 0:
            self.ctx.submit(trade.instrument, 1, self.lots)


# --- ticks -----------------------------------------------------------------------------------------------------------


def test_trades_and_quotes_have_the_prices_that_were_given() -> None:
    # A tick of BTCUSDT is 0.1, and an int counts ticks.
    (rows,) = (rows for rows, _ in trades(["100", 1001, "100.1"]).chunks())
    assert rows[:, r.TRADE_PRICE].tolist() == [1000, 1001, 1001]
    assert rows[:, r.TRADE_AGGRESSOR].tolist() == [-1, 1, -1]
    assert np.diff(rows[:, r.TS_INIT]).tolist() == [MS, MS]
    (told,) = (rows for rows, _ in quotes([("99.9", "100.1")], instrument=INSTRUMENTS[1]).chunks())
    assert told[0, [r.QUOTE_BID_PRICE, r.QUOTE_ASK_PRICE]].tolist() == [9990, 10010]


def test_the_market_is_that_of_its_seed() -> None:
    one, same, other = (next(market(50, seed).chunks())[0] for seed in (1, 1, 2))
    assert (one == same).all()
    assert (one != other).any()


# --- run_plugin ------------------------------------------------------------------------------------------------------


def test_a_strategy_trades_on_given_ticks() -> None:
    # 3 ms out and 2 ms back: filled at the trade of 3 ms, which is heard of at 5 ms.
    ticks = trades([1000, 1001, 1002, 1003, 1004, 1005])
    run = run_plugin(Once, ticks, lots=4)
    (fill,) = run.fills
    assert (fill.quantity, fill.ts_venue - ticks.rows[0, 0], fill.ts_init - ticks.rows[0, 0]) == (4, 3 * MS, 5 * MS)
    assert [order.quantity for order in run.orders] == [4]
    assert run.updates[0].order_id == run.orders[0].order_id
    assert run.faults == []


def test_a_feature_is_seen_in_its_vectors() -> None:
    # With a weight of 1 the average is the price itself.
    run = run_plugin(average, trades(["100", "101"]), alpha=1.0)
    assert [vector.values for vector in run.features] == [(100.0,), (101.0,)]


def test_a_plugin_that_is_there_already_is_used_as_it_is() -> None:
    once = Once(3)
    run = run_plugin(once, trades([1000] * 9))
    assert run.fills[0].quantity == 3
    assert once.ctx.position(0) == 3


def test_a_config_of_the_author_stands_above_the_runs_own() -> None:
    class Bars(Strategy):
        def on_bar(self, bar: Bar) -> None:
            self.ctx.submit(bar.instrument, 1, 1, tag="bar")

    config = '[bars.fast]\nmethod = "tick"\nsize = 2\n[run]\nseed = 9\n[venues.venue]\nlatency = { out = "1ms" }'
    run = run_plugin(Bars, trades([1000] * 9), config)
    assert len(run.orders) == 4
    assert (run.record.seed, run.record.venues) == (9, ["venue"])


def test_settings_are_checked_as_in_a_config() -> None:
    with pytest.raises(ConfigError, match=r"strategy Once\.lot: unknown key; did you mean 'lots'"):
        run_plugin(Once, lot=3)


KINDS = {
    "feature": average,
    "model": Crossover,
    "strategy": Once,
    "algo": Direct,
    "risk_check": Limits,
    "source": Synthetic,
    "venue": Simulated,
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_kind_of_a_plugin_is_told_by_its_methods(kind: str) -> None:
    assert kind_of(KINDS[kind]) == kind


def test_what_looks_like_no_kind_or_like_several_is_told() -> None:
    with pytest.raises(ConfigError, match="object looks like no kind of plugin; say which with kind="):
        run_plugin(object)
    with pytest.raises(ConfigError, match="Silent looks like model and like algo"):
        run_plugin(Silent)
    with pytest.raises(ConfigError, match="'report_section' does not take part in a run; known: algo, feature"):
        run_plugin(Silent, kind="report_section")


def test_every_kind_finds_its_place_in_a_run() -> None:
    for kind in ("algo", "router", "risk_check", "model"):
        run = run_plugin(Silent, market(60), kind=kind)
        assert run.record.status == "ended"
        assert bool(run.fills) == (kind != "model")
    assert run_plugin(Busy, market(60), every=3).orders
    assert run_plugin(Synthetic, duration="2s").record.rows["Trade"] > 0


# --- throw-away plugins ----------------------------------------------------------------------------------------------


def test_a_throwaway_plugin_is_found_and_gone_again() -> None:
    with throwaway_plugin("acme", model={"rising": Rising}, feature={"play-back": average}):
        registry = load_plugins()
        (plugin,) = (plugin for plugin in registry.plugins if plugin.name == "acme")
        assert (plugin.distribution, plugin.fault) == ("acme", None)
        assert plugin.kinds == {"feature": ("play-back",), "model": ("rising",)}
        assert registry.lookup("model", "rising", "test") is Rising
    assert "acme" not in {plugin.name for plugin in load_plugins().plugins}
    assert [name for name in sys.modules if name.startswith("tickloom_throwaway")] == []


def test_a_throwaway_plugin_has_hooks_and_runs(tmp_path: Any) -> None:
    heard: list[str] = []

    @hookimpl
    def tickloom_startup(run: Any) -> None:
        heard.append(run.tables.name)

    (tmp_path / "run.toml").write_text(
        "[run]\nname = 'mine'\n[sources.main]\nkind = 'given'\n"
        "[venues.v]\nkind = 'simulated'\n[accounts.main]\n[strategies.once]\nkind = 'once'\n"
    )
    ticks = trades([1000] * 9)
    with throwaway_plugin("acme", tickloom_startup, source={"given": lambda: ticks}, strategy={"once": Once}):
        record = run_config(load_config(tmp_path / "run.toml"), load_plugins())
    assert (record.status, heard) == ("ended", ["mine"])


def test_a_misspelt_hook_of_a_throwaway_plugin_is_told_like_any_other() -> None:
    @hookimpl
    def tickloom_start(run: Any) -> None:
        pass

    with throwaway_plugin("acme", tickloom_start):
        (plugin,) = (plugin for plugin in load_plugins().plugins if plugin.name == "acme")
        assert "tickloom_start" in (plugin.fault or "")


def test_a_kind_that_is_none_is_told() -> None:
    with (
        pytest.raises(ConfigError, match="no kind of plugin 'features'; did you mean 'feature'"),
        throwaway_plugin(features={}),
    ):
        pass
    with pytest.raises(ConfigError, match="is no name"), throwaway_plugin("a plugin"):
        pass


# --- another hour ----------------------------------------------------------------------------------------------------


def test_another_hour_has_another_clock_and_other_dice_and_gives_them_back() -> None:
    def look() -> tuple[Any, ...]:
        return time.time(), time.perf_counter_ns(), datetime.datetime.now(), random.random(), np.random.random()

    random.seed(5)
    state = random.getstate()
    seen = []
    for number in (0, 0, 1):
        with another_hour(number, look):
            seen.append(look())
    assert seen[0] == seen[1]
    assert all(one != other for one, other in zip(seen[0], seen[2], strict=True))
    assert random.getstate() == state
    assert time.time() > seen[2][0]
    assert datetime.datetime.now() - datetime.datetime.now() < datetime.timedelta(seconds=1)


# --- latency ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("plugin", "kind", "calls"), [
    (average, "feature", 150), (Crossover, "model", 36), (Busy, "strategy", 40), (Direct, "algo", 8),
    (Silent, "router", 8), (Limits, "risk_check", 8), (Simulated, "venue", 150),
])  # fmt: skip
def test_every_kind_can_be_measured(plugin: Any, kind: str, calls: int) -> None:
    """No figure is looked at: of 2 x 20 trades, every fifth has an order, and vectors come with the third of each."""
    latency = measure(plugin, market(20), kind=kind)
    assert (latency.ticks, latency.calls >= calls) == (150, True)
    assert latency.bare_ns_per_tick > 0
    assert (latency.idle_ns_per_tick is None) == (kind == "venue")
    assert f"{kind} {name_of(plugin)}: " in str(latency)


def test_the_fixture_tells_the_benchmark_what_it_found() -> None:
    told: dict[str, Any] = {}

    def pedantic(target: Any, setup: Any, rounds: int) -> None:
        for _ in range(rounds):
            arguments, named = setup()
            target(*arguments, **named)

    benchmark = SimpleNamespace(pedantic=pedantic, extra_info=told)
    config = SimpleNamespace(pluginmanager=SimpleNamespace(hasplugin=lambda name: True))
    request = SimpleNamespace(config=config, getfixturevalue=lambda name: benchmark)
    latency = plugin_latency.__wrapped__(request)(average, market(20), alpha=0.5)  # type: ignore[attr-defined]  # the function behind it
    assert isinstance(latency, Latency)
    assert told["ns_per_tick"] == latency.ns_per_tick
    assert {"idle_ns_per_tick", "bare_ns_per_tick", "ns_per_call", "ticks", "calls"} <= set(told)


def test_pytest_loads_the_fixture_without_anything_heavy() -> None:
    code = "import sys, tickloom.testing.pytest_plugin; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"numpy", "numba", "polars", "zmq", "lmdb", "attrs"} & set(run.stdout.split()) == set()


def test_every_public_name_is_there() -> None:
    assert tickloom.testing.__all__ == sorted(tickloom.testing._HOMES)
    for name in tickloom.testing.__all__:
        assert getattr(tickloom.testing, name).__name__ in (name, "ndarray")
        assert name in dir(tickloom.testing)
    with pytest.raises(AttributeError, match="no attribute 'check_sauce'"):
        _ = tickloom.testing.check_sauce
