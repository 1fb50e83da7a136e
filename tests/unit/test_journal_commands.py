"""``tickloom runs``, ``report`` and ``replay`` on short runs of candles: what they print, and their exit codes."""

import fcntl
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tickloom.cli import main
from tickloom.storage.runs import find_run, list_runs

CONFIG = """
[run]
seed = 4
[sources.main]
kind = "candles"
path = "$CANDLES/BTC_USDT-1m.csv"
[venues.here]
kind = "simulated"
[accounts.main]
deposits = ["100000 USDT"]
[strategies.bars]
file = "bars.py"
[report]
sections = ["numbers"]
"""

STRATEGY = '''
"""Buys and sells by chance, at every bar."""

from tickloom import Strategy


class Bars(Strategy):
    def on_bar(self, bar):
        if self.ctx.rng.random() < 0.5:
            self.ctx.submit(0, 1 if self.ctx.position(0) <= 0 else -1, "0.1", tag="by chance")
'''


def candles() -> str:
    closes = [20_000 + 10 * (n * n % 17) for n in range(200)]
    lines = [f"{1_700_000_000 + 60 * n},{c},{c + 30},{c - 30},{c + 10},1.5" for n, c in enumerate(closes)]
    return "\n".join(["date,open,high,low,close,volume", *lines]) + "\n"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder with a config, a strategy and candles."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "BTC_USDT-1m.csv").write_text(candles())
    (tmp_path / "first.toml").write_text(CONFIG)
    (tmp_path / "bars.py").write_text(STRATEGY)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CANDLES", "data")
    monkeypatch.setenv("COLUMNS", "160")
    return tmp_path


def tickloom(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, prog_name="tickloom")


def run(*arguments: str) -> Path:
    """Run the config; return the folder of the run."""
    result = tickloom("run", "first.toml", *arguments)
    assert result.exit_code == 0, result.output
    found = re.search(r"^report: (.*)/report\.html$", result.stdout, re.MULTILINE)
    assert found is not None
    return Path(found[1])


@pytest.mark.usefixtures("place")
def test_a_run_gets_a_folder_named_after_config_and_time_and_is_listed() -> None:
    folder, other = run(), run("--set", "run.seed=9")
    assert re.fullmatch(r"first-\d{8}-\d{6}", folder.name)
    # Two in the same second have names of their own.
    assert other != folder
    listed = json.loads(tickloom("runs", "--json").stdout)
    assert [one["id"] for one in listed] == [folder.name, other.name]
    assert {key: listed[0][key] for key in ("name", "status", "reason", "rows")} == {
        "name": "first",
        "status": "ended",
        "reason": "",
        "rows": 200,
    }
    # 200 bars of a minute, each known when it closes: from the end of the first to the end of the last.
    assert listed[0]["last"] - listed[0]["first"] == 199 * 60 * 10**9
    shown = " ".join(tickloom("runs").stdout.split())
    assert f"{folder.name} first" in shown
    assert "3h 19min 200 ended" in shown


@pytest.mark.usefixtures("place")
def test_where_there_are_no_runs_that_is_said() -> None:
    assert tickloom("runs", "--in", "none").stdout == "no runs in none\n"


def test_the_report_of_a_run_that_ended_is_made_again_to_the_byte_without_its_data(place: Path) -> None:
    folder = run("--set", "report.sections=['run_card', 'price', 'equity', 'orders', 'trades', 'costs', 'doubts']")
    before = {name: (folder / name).read_bytes() for name in ("report.html", "metrics.json")}
    for path in (place / "data").iterdir():
        path.unlink()
    result = tickloom("report", "first")
    assert result.exit_code == 0, result.output
    assert {name: (folder / name).read_bytes() for name in before} == before
    assert json.loads(tickloom("report", folder.name, "--json", "--out", "else").stdout)
    assert (place / "else" / "report.html").read_bytes() == before["report.html"]


def test_a_replay_of_the_same_inputs_is_identical(place: Path) -> None:
    folder = run()
    result = tickloom("replay", str(folder))
    assert (result.exit_code, result.stderr) == (0, "")
    events = len((folder / "metrics.json").read_text()) and int(result.stdout.split()[3].replace(",", ""))
    assert result.stdout == f"identical: 200 rows, {events:,} events\n"
    assert events > 300
    # The data may have moved: variables in paths are read again.
    (place / "data").rename(place / "moved")
    assert tickloom("replay", "first").exit_code == 2 - 1
    result = CliRunner(env={"CANDLES": "moved"}).invoke(main, ["replay", "first"])
    assert result.exit_code == 0, result.output


def test_a_replay_shows_the_first_event_that_differs_with_its_causes(place: Path) -> None:
    run()
    (place / "bars.py").write_text(STRATEGY.replace("by chance", "by decision"))
    result = tickloom("replay", "first")
    assert result.exit_code == 1
    assert "bars.py: its content has changed since" in result.stderr
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert "event SubmitOrder SubmitOrder" in lines
    assert "tag 'by chance' 'by decision'" in lines
    # What led to it: the bar, an input row.
    assert any(re.match(r"row \d+ Bar\(ts_init=", line) for line in lines)


def test_causes_are_followed_up_the_chain(place: Path) -> None:
    (place / "bars.py").write_text(
        STRATEGY + "    def on_fill(self, fill):\n        self.ctx.submit(0, -1, '0.1', tag='after a fill')\n"
    )
    run()
    text = (place / "bars.py").read_text()
    (place / "bars.py").write_text(text.replace("after a fill", "following"))
    lines = [" ".join(line.split()) for line in tickloom("replay", "first").stdout.splitlines()]
    chain = [line for line in lines if re.match(r"\(\d+, \d+\) [A-Z]", line)]
    # By the road of an order: the fill comes from the order that was submitted at a row.
    assert re.split(r"[ (]", chain[0].partition(") ")[2])[0] == "Fill"
    assert "SubmitOrder" in chain[-1]


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda data: data.write_text(candles().replace("1.5", "1.6")), "is not the file of the run (sources.main)"),
        (lambda data: data.unlink(), "cannot be read: No such file or directory"),
    ],
)
def test_without_the_data_or_with_others_a_replay_ends_in_one_line(place: Path, harm, message: str) -> None:
    run()
    harm(place / "data" / "BTC_USDT-1m.csv")
    result = tickloom("replay", "first")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert message in result.stderr


@pytest.mark.usefixtures("place")
def test_a_variable_that_is_gone_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    run()
    monkeypatch.delenv("CANDLES")
    result = tickloom("replay", "first")
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "CANDLES is not set" in result.stderr


@pytest.mark.usefixtures("place")
def test_versions_and_processors_that_differ_are_named_first(monkeypatch: pytest.MonkeyPatch) -> None:
    run()
    monkeypatch.setattr("tickloom.storage.manifest.this_platform", lambda: {"python": "3.99.1"})
    monkeypatch.setattr("tickloom.storage.manifest.this_processor", lambda: "telepathy")
    result = tickloom("replay", "first")
    assert result.exit_code == 0
    assert "not as it was: python: 3." in result.stderr
    assert "3.99.1 now" in result.stderr
    assert "also has telepathy" in result.stderr
    assert result.stdout.startswith("identical: ")


@pytest.mark.usefixtures("place")
def test_a_run_is_found_by_id_beginning_name_or_path() -> None:
    folder, newest = run(), run()
    assert find_run(folder.name).folder == folder
    assert find_run("first").id == newest.name
    assert find_run(str(folder)).id == folder.name
    assert find_run(newest.name[:-1] if newest.name.endswith("-2") else newest.name).id in {folder.name, newest.name}
    result = tickloom("replay", "firts")
    assert (result.exit_code, result.stderr) == (
        1,
        "Error: no run 'firts' in runs; did you mean 'first'? (known: first)\n",
    )
    result = tickloom("replay", "firs")
    assert result.stderr.startswith("Error: several runs in runs begin with 'firs': ")


@pytest.mark.usefixtures("place")
def test_a_run_whose_writer_lives_is_running_and_one_whose_writer_is_gone_has_crashed() -> None:
    from tickloom.storage.environment import Environment

    folder = run()
    # As it was before its end was written.
    writer = Environment(folder / "journal", write=True)
    # Opened first: it takes a transaction of its own.
    about = writer._table("about")
    with writer._env.begin(write=True) as transaction:
        transaction.delete(b"end", db=about)
    writer.close()
    with (folder / "journal" / "writer.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert [one.status for one in list_runs()] == ["running"]
    assert [one.status for one in list_runs()] == ["crashed"]
    result = tickloom("report", "first")
    assert result.exit_code == 0, result.output
    assert " crashed\n" in result.stdout.partition("\n")[0] + "\n"
    assert tickloom("replay", "first").stdout.endswith(" events, as far as its journal goes (crashed)\n")


def test_the_report_of_a_crashed_run_without_its_data_says_what_is_missing(place: Path) -> None:
    from tickloom.storage.environment import Environment

    folder = run()
    writer = Environment(folder / "journal", write=True)
    # Opened first: it takes a transaction of its own.
    about = writer._table("about")
    with writer._env.begin(write=True) as transaction:
        transaction.delete(b"end", db=about)
    writer.close()
    (place / "data" / "BTC_USDT-1m.csv").unlink()
    result = tickloom("report", "first")
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "cannot be read: No such file or directory" in result.stderr


def test_a_run_may_be_put_into_a_folder_where_an_older_one_was(place: Path) -> None:
    assert run("--out", "mine") == Path("mine")
    assert run("--out", "mine", "--set", "run.seed=5") == Path("mine")
    assert tickloom("replay", "mine").exit_code == 0
    with (place / "mine" / "journal" / "writer.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = tickloom("run", "first.toml", "--out", "mine")
    assert (result.exit_code, result.stderr) == (
        1,
        "Error: mine: another run is writing into it; choose another folder\n",
    )


def test_a_run_that_cannot_be_wired_leaves_no_folder(place: Path) -> None:
    (place / "bars.py").write_text("nothing = 1\n")
    assert tickloom("run", "first.toml").exit_code == 2
    assert list((place / "runs").iterdir()) == []


def test_a_full_disk_ends_the_report_with_one_line(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    result = tickloom("report", "first")
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "No space left on device" in result.stderr
