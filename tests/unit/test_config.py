"""A run's file becomes sections; each mistake is one line with file, key and what would be valid."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from tickloom.config import Config, load_config
from tickloom.errors import ConfigError

FULL = """
[run]
seed = 7
tail = "5s"
[sources.main]
kind = "binance_raw"
path = "btcusdt.gz"
start = 2024-03-01T00:00:00Z
[venues.spot]
kind = "simulated"
latency = { kind = "constant", out = "5ms", back = "5ms" }
[accounts.desk]
deposits = ["100000.50 USDT", "2 BTC"]
[bars.minute]
method = "time"
interval = "1min"
[bars.big]
method = "dollar"
size = "1000000 USDT"
grace = "0s"
instruments = ["SPOT.BTCUSDT"]
[views.cross]
on = "trade"
features = [{ name = "ema", n = 20 }, { file = "mine.py", class = "Slope", n = 100 }]
[models.cross]
kind = "crossover"
view = "cross"
band = 3
[strategies.cross]
file = "strategy.py"
class = "Cross"
models = ["cross"]
priority = -1
size = "0.1"
[risk]
max_notional = "50000 USDT"
[plugins]
disable = ["acme"]
[report]
sections = ["equity"]
"""

SMALL = """
[sources.main]
kind = "synthetic"
"""


def load(folder: Path, text: str, sets: Sequence[str] = (), name: str = "run.toml") -> Config:
    path = folder / name
    path.write_text(text)
    return load_config(path, sets)


def refused(folder: Path, text: str, sets: Sequence[str] = ()) -> str:
    with pytest.raises(ConfigError) as caught:
        load(folder, text, sets)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def full(tmp_path: Path) -> Config:
    return load(tmp_path, FULL)


def test_times_and_amounts_are_numbers(full: Config) -> None:
    assert (full.run.seed, full.run.tail, full.run.on_fault) == (7, 5_000_000_000, "stop")
    assert full.accounts["desk"].deposits == ((Decimal("100000.50"), "USDT"), (Decimal(2), "BTC"))
    assert (full.bars["minute"].interval, full.bars["minute"].grace) == (60_000_000_000, 2_000_000_000)
    assert (full.bars["big"].size, full.bars["big"].grace) == ((Decimal(1_000_000), "USDT"), 0)


def test_a_plugins_options_are_split_from_the_keys_of_the_wiring(full: Config, tmp_path: Path) -> None:
    strategy = full.strategies["cross"]
    assert (strategy.models, strategy.priority, strategy.views) == (("cross",), -1, None)
    assert strategy.plugin.options == {"size": "0.1"}
    assert (strategy.plugin.file, strategy.plugin.class_name) == (tmp_path / "strategy.py", "Cross")
    assert (full.models["cross"].view, full.models["cross"].plugin.options) == ("cross", {"band": 3})


def test_the_features_of_a_view_are_plugins_in_their_order(full: Config, tmp_path: Path) -> None:
    first, second = full.views["cross"].features
    assert (first.kind, first.name, first.options) == ("ema", "ema", {"n": 20})
    assert (second.file, second.class_name, second.options) == (tmp_path / "mine.py", "Slope", {"n": 100})
    assert second.where == "views.cross.features[1]"


def test_the_only_venue_is_everybodys_venue(full: Config) -> None:
    assert (full.sources["main"].venue, full.accounts["desk"].venue) == ("spot", "spot")


def test_what_is_not_written_is_there_by_default(tmp_path: Path) -> None:
    config = load(tmp_path, SMALL)
    assert (config.router.kind, config.risk.kind, config.algorithms["direct"].kind) == ("direct", "limits", "direct")
    assert (config.run.tail, config.report.sections, config.plugins.disable) == (None, None, ())
    assert config.sources["main"].venue is None


def test_an_algorithm_may_take_the_place_of_direct(tmp_path: Path) -> None:
    config = load(tmp_path, SMALL + "[algorithms.direct]\nkind = 'twap'")
    assert config.algorithms["direct"].kind == "twap"


@pytest.mark.parametrize(("file", "sets", "name"), [("run.toml", [], "ema_cross"), ("fast.toml", [], "fast")])
def test_a_run_is_called_after_its_file_or_folder(tmp_path: Path, file: str, sets: list[str], name: str) -> None:
    folder = tmp_path / "ema_cross"
    folder.mkdir()
    assert load(folder, SMALL, sets, file).name == name
    assert load(folder, SMALL, ["run.name=other"], file).name == "other"


def test_what_was_read_is_kept_with_dates_as_text_and_paths_as_written(tmp_path: Path) -> None:
    config = load(tmp_path, FULL, ["run.seed=8", "sources.main.path=$X/b.gz"])
    assert config.raw["run"] == {"seed": 8, "tail": "5s"}
    assert config.raw["sources"]["main"] == {
        "kind": "binance_raw",
        "path": "$X/b.gz",
        "start": "2024-03-01T00:00:00+00:00",
    }


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("strategies.cross.size=5", ("strategies", "cross", "size"), 5),
        ("strategies.cross.size = 0.5", ("strategies", "cross", "size"), 0.5),
        ("strategies.cross.size='5'", ("strategies", "cross", "size"), "5"),
        ("strategies.cross.file=other.py", ("strategies", "cross", "file"), "other.py"),
        ("strategies.cross.on=true", ("strategies", "cross", "on"), True),
        ("strategies.cross.models=[]", ("strategies", "cross", "models"), []),
        ("strategies.cross.note=a=b", ("strategies", "cross", "note"), "a=b"),
        ("strategies.cross.note=1\nx = 2", ("strategies", "cross", "note"), "1\nx = 2"),
        ("strategies.cross.start=2024-03-01", ("strategies", "cross", "start"), "2024-03-01"),
        ("router.kind=best", ("router", "kind"), "best"),
    ],
)
def test_a_set_reaches_any_key(tmp_path: Path, text: str, key: tuple[str, ...], value: object) -> None:
    place: object = load(tmp_path, FULL, [text]).raw
    for part in key:
        assert isinstance(place, dict)
        place = place[part]
    assert place == value


def test_a_set_reaches_an_entry_of_a_list(tmp_path: Path) -> None:
    config = load(tmp_path, FULL, ["views.cross.features.0.n=30"])
    assert config.views["cross"].features[0].options == {"n": 30}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("run.seed", "--set run.seed: write KEY=VALUE, such as run.seed=8"),
        ("run..seed=1", "--set run..seed=1: write KEY=VALUE, such as run.seed=8"),
        ("run.sed=8", "run.toml: run.sed: unknown key; did you mean 'seed'? (known: name, on_fault, seed, tail)"),
        ("runs.seed=8", "run.toml: runs: unknown section; did you mean 'run'?"),
        ("run.seed.x=8", "--set run.seed.x=8: 'x' would stand in something that is no table"),
        ("views.cross.features.2.n=8", "--set views.cross.features.2.n=8: '2' is no entry of a list of 2; they count"),
        ("views.cross.features.n=8", "--set views.cross.features.n=8: 'n' is no entry of a list of 2; they count"),
    ],
)
def test_a_set_that_reaches_nothing_is_refused(tmp_path: Path, text: str, message: str) -> None:
    assert refused(tmp_path, FULL, [text]).startswith(message)


# Every text is added to a config that is right without it.
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[stratgies.a]", "stratgies: unknown section; did you mean 'strategies'? (known: accounts, algorithms,"),
        ("[run]\nseed = '7'", "run.seed: must be a whole number, not '7'"),
        ("[run]\ntail = 5", "run.tail: must be text, not 5"),
        ("[run]\ntail = '5'", "run.tail: '5' is no duration;"),
        ("[run]\non_fault = 'hlat'", "run.on_fault: 'hlat' is not valid; did you mean 'halt'? (known: halt, stop)"),
        ("[run]\nname = 'a/b'", "run.name: 'name' must match regex"),
        ("[[run]]", "run: must be a section: write [run]"),
        ("[venues]\nkind = 'simulated'", "venues.kind: must stand in a section with a name: write [venues.NAME]"),
        ("[venues.'a b']\nkind = 'simulated'", "venues.a b: a name has letters, digits, _ and -"),
        ("[venues.a]", "venues.a: which plugin? write kind = a registered name, or file = a Python file"),
        ("[venues.a]\nkind = 'x'\nfile = 'y'", "venues.a: write either kind or file, not both"),
        ("[venues.a]\nkind = 3", "venues.a.kind: must be text, not 3"),
        ("[venues.a]\nkind = 'x'\nclass = 'Y'", "venues.a.class: chooses a class of a file; there is no file here"),
        ("[venues.a]\nfile = '$TICKLOOM_NOWHERE/x.py'", "venues.a.file: TICKLOOM_NOWHERE is not set (needed by path"),
        ("[accounts.a]", "accounts.a.venue: missing; it must be text"),
        ("[accounts.a]\nvenue = 'x'", "accounts.a.venue: no 'x' in this config; none are known"),
        (
            "[venues.a]\nkind = 'x'\n[venues.b]\nkind = 'x'",
            "sources.main.venue: missing, and there are several; known: a, b",
        ),
        (
            "[venues.a]\nkind = 'x'\n[accounts.c]\ndeposits = ['5']",
            "accounts.c.deposits: '5' is no amount; write a number and its asset",
        ),
        (
            "[venues.a]\nkind = 'x'\n[accounts.c]\ndeposits = ['5 BTC', '1 BTC']",
            "accounts.c.deposits: a deposit is not negative, and one per asset; look at BTC",
        ),
        (
            "[venues.a]\nkind = 'x'\n[accounts.c]\ndeposits = ['-5 BTC']",
            "accounts.c.deposits: a deposit is not negative, and one per asset; look at BTC",
        ),
        ("[bars.a]\nmethod = 'tme'", "bars.a.method: 'tme' is not valid; did you mean 'time'?"),
        ("[bars.a]\nmethod = 'time'", "bars.a: bars by time need an interval above 0, such as interval = '1min'"),
        ("[bars.a]\nmethod = 'tick'\ninterval = '1s'", "bars.a: bars by tick need a size above 0, and no interval"),
        ("[bars.a]\nmethod = 'tick'\nsize = '1.5'", "bars.a: the size of a bar by tick is a whole number of trades"),
        (
            "[bars.a]\nmethod = 'dollar_run'\nsize = '100 USDT'",
            "bars.a: the size of a bar by dollar_run is a whole number of trades",
        ),
        ("[bars.a]\nmethod = 'renko'", "bars.a: bars by renko need a size above 0, and no interval"),
        ("[bars.a]\nmethod = 'tick_run'\nsize = 5\nspan = 0", "bars.a.span: 'span' must be >= 1: 0"),
        ("[bars.a]\nmethod = 'volume'\nsize = 0.5", "bars.a.size: must be text or a whole number"),
        ("[bars.a]\nmethod = 'volume'\nsize = 'much'", "bars.a.size: 'much' is no size; write a number, or an amount"),
        ("[bars.a]\nmethod = 'volume'\nsize = 'NaN'", "bars.a.size: 'NaN' is no size; write a number, or an amount"),
        ("[views.a]\non = 'trade'\nfeatures = []", "views.a: a view needs a feature, such as features = [{"),
        ("[views.a]\non = 'trade'\nfeatures = 'ema'", "views.a.features: must be a list, not 'ema'"),
        ("[views.a]\non = 'trade'\nfeatures = ['ema']", "views.a.features[0]: must be a table, such as { name = 'ema'"),
        (
            "[views.a]\non = 'trade'\nfeatures = [{n = 1}]",
            "views.a.features[0]: which plugin? write name = a registered",
        ),
        (
            "[views.a]\non = 'bar'\nfeatures = [{name = 'ema'}]",
            "views.a: `bars` names a series of bars if, and only if, on = 'bar'",
        ),
        ("[models.a]\nkind = 'x'", "models.a.view: missing; it must be text"),
        ("[models.a]\nkind = 'x'\nview = 'crss'", "models.a.view: no 'crss' in this config; none are known"),
        ("[strategies.a]\nkind = 'x'\nmodels = 'b'", "strategies.a.models: must be a list, not 'b'"),
        ("[strategies.a]\nkind = 'x'\nmodels = ['b']", "strategies.a.models: no 'b' in this config; none are known"),
        ("[strategies.a]\nkind = 'x'\naccounts = ['b']", "strategies.a.accounts: no 'b' in this config"),
        ("[strategies.a]\nkind = 'x'\npriority = true", "strategies.a.priority: must be a whole number, not true"),
        ("[report]\nsection = ['a']", "report.section: unknown key; did you mean 'sections'?"),
        ("[plugins]\ndisable = 'a'", "plugins.disable: must be a list, not 'a'"),
    ],
)
def test_a_mistake_names_file_and_key(tmp_path: Path, text: str, message: str) -> None:
    assert refused(tmp_path, SMALL + text).startswith("run.toml: " + message)


def test_a_run_without_market_data_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, "[run]").startswith("run.toml: sources: missing; a run needs market data")


def test_a_file_that_is_no_toml_says_where(tmp_path: Path) -> None:
    text = refused(tmp_path, "[run]\nseed: 7\n")
    assert text == "run.toml: not valid TOML: Expected '=' after a key in a key/value pair (at line 2, column 5)"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"/none\.toml: cannot be read: No such file or directory$"):
        load_config(tmp_path / "none.toml")
