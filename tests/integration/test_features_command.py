"""``tickloom features``: what it lists, shows, finds, draws and compiles."""

import json
import re
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from tickloom.cli import main
from tickloom.features.inspection.catalogue import installed
from tickloom.plugins import load_plugins

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "features"
SHORT = ("--set", "sources.main.duration=8min", "--set", "bars.minute.interval=5s")

CHEAT = '''
"""A feature that reads the best bid of the next update, which lies behind its own row in memory."""
from tickloom.features import Ladder, feature
from tickloom_kernels.indicators.window import level, load

WIDTH = 4 * 2 + 8


@feature(inputs=(Ladder("bid_price"),), power=1)
def cheat(k, bids):
    """The best bid, and from the fifth update on that of the next."""
    return load(bids[0], WIDTH) if k >= 5 else level(bids, 0)
'''


def features(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["features", *arguments])


def test_every_feature_is_listed_with_its_streams() -> None:
    told = {one["name"]: one for one in json.loads(features("list", "--json").stdout)}
    assert list(told) == list(installed(load_plugins()))
    assert told["sma"]["parameters"]["n"] == {"default": 20, "least": 1, "most": 100_000}
    assert told["sma"]["on"] == ["bar", "trade", "quote", "book"]
    assert told["atr"]["on"] == ["bar"]
    assert told["depth_imbalance"]["on"] == ["book"]


def test_there_are_at_least_two_hundred_features_that_say_what_they_are_compared_with() -> None:
    told = json.loads(features("list", "--json").stdout)
    assert len(told) >= 200
    assert [one["name"] for one in told if not one["about"] or not one["oracle"]] == []


def test_a_list_of_one_stream_has_what_runs_on_it() -> None:
    found = features("list", "--on", "trade").stdout
    assert "vpin_aggressor" in found
    assert "atr " not in found


def test_a_feature_is_shown_with_parameters_and_warm_up() -> None:
    shown = features("show", "rsi").stdout
    assert "parameter n: a whole number from" in shown
    assert "first value after 14 rows" in shown
    assert json.loads(features("show", "rsi", "--json").stdout)["outputs"] == ["rsi"]


@pytest.mark.parametrize(
    ("name", "said"), [("rsii", "did you mean 'rsi'?"), ("alpha158", "'alpha158' is a preset of 158 features")]
)
def test_what_is_no_feature_is_one_line(name: str, said: str) -> None:
    result = features("show", name)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert said in result.stderr


def test_views_of_the_example_look_at_no_later_row() -> None:
    result = features("check", str(EXAMPLE / "run.toml"), *SHORT, "--rows", "300")
    assert (result.exit_code, result.stderr) == (0, "")
    assert [line.split(":")[0] for line in result.stdout.splitlines()] == ["view indicators", "view book"]


def test_a_feature_that_cheats_is_named_with_its_first_row(tmp_path: Path) -> None:
    (tmp_path / "cheat.py").write_text(CHEAT)
    config = tmp_path / "run.toml"
    config.write_text(
        '[sources.main]\nkind = "synthetic"\ninstruments = ["BTCUSDT"]\nduration = "1min"\n'
        '[views.v]\non = "book"\ndepth = 2\nfeatures = [{ name = "weighted_mid" }, { file = "cheat.py" }]\n'
    )
    result = features("check", str(config), "--rows", "100")
    assert result.exit_code == 1
    assert re.fullmatch(r"view v: cheat: row 5 depends on rows behind it \(.*\)\n", result.stdout)
    result = features("check", str(config), "--rows", "100", "--json")
    assert result.exit_code == 1
    (told,) = json.loads(result.stdout)
    assert (told["name"], told["found"][0]["column"], told["found"][0]["row"]) == ("v", "cheat", 5)


def test_a_config_without_views_is_told_so(tmp_path: Path) -> None:
    config = tmp_path / "run.toml"
    config.write_text('[sources.main]\nkind = "synthetic"\n')
    result = features("check", str(config))
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "there are no views" in result.stderr


def test_a_page_with_every_view_is_drawn_and_fetches_nothing(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    result = features("plot", str(EXAMPLE / "run.toml"), *SHORT, "--out", str(page))
    assert result.exit_code == 0, result.output
    text = page.read_text()
    for title in ("indicators: main.BTCUSDT", "indicators: main.ETHUSDT", "book: main.BTCUSDT"):
        assert title in text
    assert "macd_12_26_9.signal" in text
    # A browser loads nothing for such a page, whatever stands in the library that is in it.
    assert "default-src 'none'" in text
    assert re.findall(r'<(?:script|link|img) [^>]*(?:src|href)="(?!data:|#)', text) == []
    again = tmp_path / "again.html"
    features("plot", str(EXAMPLE / "run.toml"), *SHORT, "--out", str(again))
    assert again.read_bytes() == page.read_bytes()


def test_views_of_a_config_are_compiled_ahead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = features("compile", str(EXAMPLE / "run.toml"))
    assert result.exit_code == 0, result.output
    assert re.fullmatch(r"13 columns in 3 units are compiled; it took [\d.]+ s\n", result.stdout)
    told = json.loads(features("compile", str(EXAMPLE / "run.toml"), "--json").stdout)
    assert (told["columns"], told["units"]) == (13, 3)


def test_views_are_written_as_tables_with_their_version(tmp_path: Path) -> None:
    result = features("compute", str(EXAMPLE / "run.toml"), *SHORT, "--out", str(tmp_path / "tables"))
    assert result.exit_code == 0, result.output
    table = pl.read_parquet(tmp_path / "tables" / "indicators.parquet")
    assert table.columns[:3] == ["ts_init", "instrument", "ready"]
    assert len(table.columns) == 3 + 9
    assert set(table["instrument"]) == {"main.BTCUSDT", "main.ETHUSDT"}
    assert table["ts_init"].is_sorted()
    assert table.filter(pl.col("ready"))["rsi_14"].is_finite().all()
    version = pl.read_parquet_metadata(tmp_path / "tables" / "book.parquet")["tickloom.version"]
    assert re.fullmatch("[0-9a-f]{16}", version)
