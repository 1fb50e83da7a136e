"""Our own plugins pass the suites that everybody's are held against: every registered name, and every example."""

from pathlib import Path
from typing import Any

import pytest

from tickloom.kinds import BY_NAME, KINDS, Kind
from tickloom.plugins import load_plugins
from tickloom.testing import check_strategy

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
#: Settings with which a registered name is checked, where it needs some.
SETTINGS: dict[tuple[str, str], dict[str, Any]] = {
    ("source", "synthetic"): {"duration": "5s"},
    ("source", "candles"): {"path": "BTC_USDT-5m.csv"},
    ("risk_check", "limits"): {"max_position": "0.03", "collar": "1 %", "max_order_rate": "3 / 10ms"},
    ("venue", "simulated"): {"latency": {"kind": "random", "out": "1ms", "back": "1ms", "jitter": "3ms"}},
}
CANDLES = """date,open,high,low,close,volume
2024-01-01 00:00:00,10.0,10.5,9.75,10.25,3.0
2024-01-01 00:05:00,10.25,11.0,10.25,11.0,0.5
2024-01-01 00:10:00,11.0,11.25,10.0,10.0,0.0
"""
STRATEGIES: dict[str, tuple[str, dict[str, Any]]] = {
    "Follow": ("ema_cross", {"quantity": "0.05"}),
    "Average": ("ema_cross", {"quantity": "0.05", "fast": 20, "slow": 80}),
    "Breakout": ("bar_breakout", {"entry": 5, "exit": 2, "notional": "4000"}),
    "MarketMaker": (
        "market_maker",
        {"quantity": "0.02", "half_spread": 0.8, "max_inventory": "0.2", "skew": 2.0, "requote": 0.2},
    ),
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_names_its_suite(kind: Kind) -> None:
    check = kind.resolve_check()
    assert check.__name__ == f"check_{kind.name}"
    home, _, name = kind.protocol.partition(":")
    assert f"`{home}.{name}`" in (check.__doc__ or "") or kind.name == "strategy"


# Features are checked many at a time, in tests/property/test_feature_laws.py.
OURS = [(kind, name) for kind in BY_NAME if kind != "feature" for name in load_plugins().names(kind)]


@pytest.mark.parametrize(("kind", "name"), OURS)
def test_every_plugin_of_ours_conforms(
    kind: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "BTC_USDT-5m.csv").write_text(CANDLES)
    settings = SETTINGS.get((kind, name), {})
    if name == "binance_raw":
        capture = request.getfixturevalue("market_data") / "binance_l2" / "spot" / "ethusdt_20240808.gz"
        settings = {"path": capture, "cache": tmp_path / "cache"}
    BY_NAME[kind].resolve_check()(load_plugins().lookup(kind, name, "test"), **settings)


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_of_the_examples_keeps_the_laws_and_trades(name: str) -> None:
    folder, settings = STRATEGIES[name]
    strategy = load_plugins().from_file(EXAMPLES / folder / "strategy.py", "strategy", name, "test")
    assert check_strategy(strategy, **settings).orders
