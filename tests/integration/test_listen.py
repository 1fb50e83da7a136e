"""``tickloom listen``: what it prints is what was published, and what became of the rest is said beside it.

What was published is made up in `bus_peers`, so the expected lines are worked by hand; of the running example, the
journal of the run is the oracle.
"""

import json
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import IO

import pytest
from bus_peers import STEP, TABLES, publish, trades, within
from click.testing import CliRunner, Result

from tickloom import Fill, Instrument
from tickloom.bus import Publisher
from tickloom.bus.following import subscriber
from tickloom.bus.security import write_keys
from tickloom.cli import main
from tickloom.storage.reader import JournalReader, decode

TOP = Path(__file__).resolve().parents[2]
EXAMPLE, PAGE = TOP / "examples" / "market_maker" / "run.toml", TOP / "docs" / "how_to" / "follow_a_run.md"
TICKLOOM = (sys.executable, "-c", "from tickloom.cli import main; main()")
#: The source of the example, which has nothing to give, from the fifth of its seven minutes on, until a file is there.
PAUSED = """
import time
from pathlib import Path
from tickloom.units import moment
from tickloom_plugins.sources.synthetic import Synthetic

class Paused(Synthetic):
    def chunks(self):
        for rows, watermark in super().chunks():
            while watermark > moment("2024-08-09 00:04:30") and not Path("{gate}").exists():
                yield rows[:0], int(rows[0, 0])
                time.sleep(0.01)
            yield rows, watermark
"""
#: Longer than anything takes that works (s).
PATIENCE = 60.0


@pytest.fixture
def endpoint() -> str:
    return f"ipc://@tickloom-{uuid.uuid4().hex}"


@pytest.fixture
def in_background() -> Iterator[Callable[[Callable[[], None]], None]]:
    """Run functions beside the test, and wait for them at its end."""
    threads: list[threading.Thread] = []

    def start(work: Callable[[], None]) -> None:
        threads.append(threading.Thread(target=work, daemon=True))
        threads[-1].start()

    yield start
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start commands beside the test; none lives longer than the test, or than anything takes that works."""
    with ExitStack() as stack:

        def begin(*arguments: str, out: int | IO[str] = subprocess.PIPE) -> subprocess.Popen[str]:
            process = subprocess.Popen([*TICKLOOM, *arguments], stdout=out, stderr=subprocess.PIPE, text=True)
            # Who reads from a process that says nothing would otherwise wait for ever.
            end = threading.Timer(PATIENCE, process.kill)
            end.start()
            stack.enter_context(process)
            stack.callback(process.kill)
            stack.callback(end.cancel)
            return process

        yield begin


def wait_for_listener(publisher: Publisher) -> None:
    """Give a publisher turns without news until somebody listens, or has already left with what it wanted."""
    for _ in within(PATIENCE):
        publisher.flush()
        if publisher._replay.heard:
            return
        time.sleep(0.005)


def run_of(endpoint: str, count: int, retain: int = 1 << 24, publisher: Publisher | None = None) -> Callable[[], None]:
    """Make a run that is over soon: one turn of so many rows, and then what the end of a run waits for."""

    def run() -> None:
        made = publisher or Publisher(endpoint, retain=retain)
        with closing(made):
            made.begin(TABLES)
            publish(made, 0, count)
            wait_for_listener(made)
            made.end()

    return run


def listen(endpoint: str, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["listen", "--endpoint", endpoint, *arguments])


def notes(result: Result) -> list[str]:
    """Lines of the standard error, without the word that one waits: who starts first is a matter of luck."""
    return [line for line in result.stderr.splitlines() if not line.endswith("; waiting")]


def test_json_has_one_object_per_event_with_names_and_decimals_as_text(endpoint, in_background) -> None:
    in_background(run_of(endpoint, 12))
    result = listen(endpoint, "--json", "--from-start", "--once")
    assert result.exit_code == 0
    read = [json.loads(line) for line in result.stdout.splitlines()]
    told = {(one["kind"], one["row"]): one for one in read}
    assert len(read) == len(told) == 14
    assert told["Trade", 11] == {
        "kind": "Trade",
        "topic": "md.trade.spot.BTCUSDT|",
        "epoch": read[0]["epoch"],
        "seq": 12,
        "row": 11,
        "sub": 0,
        "cause": [-1, 0],
        "ts_init": 11_000_000,
        "ts_event": 11_000_000,
        "instrument": "spot.BTCUSDT",
        "price": "60000.40",
        "quantity": "0.003",
        "aggressor": None,
        "trade_id": 11,
    }
    assert (told["Signal", 10]["model"], told["Signal", 10]["value"]) == ("cross", 10.0)
    assert told["Signal", 10]["cause"] == [10, 0]
    assert notes(result)[-1] == "the run ended"


def test_text_says_when_what_and_where_without_colours_in_a_pipe(endpoint, in_background) -> None:
    in_background(run_of(endpoint, 3))
    result = listen(endpoint, "md.", "--from-start", "--once")
    assert result.stdout.splitlines() == [
        "1970-01-01 00:00:00.000  Trade             spot.BTCUSDT  price 60000.00  quantity 0.001  trade id 0",
        "1970-01-01 00:00:00.001  Trade             spot.BTCUSDT  price 60000.10  quantity 0.002  trade id 1",
        "1970-01-01 00:00:00.002  Trade             spot.BTCUSDT  price 60000.20  quantity 0.003  trade id 2",
    ]


def test_only_the_topics_that_were_asked_for_are_printed_and_no_more_than_the_count(endpoint, in_background) -> None:
    in_background(run_of(endpoint, 100))
    result = listen(endpoint, "sig.", "--json", "--from-start", "--count", "3")
    assert [json.loads(line)["row"] for line in result.stdout.splitlines()] == [0, STEP, 2 * STEP]


def test_listener_with_keys_hears_a_publisher_that_has_it_on_its_list(tmp_path: Path, in_background) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    write_keys(ours, "publisher")
    write_keys(theirs, "laptop")
    shutil.copy(ours / "publisher.key", theirs)
    shutil.copy(theirs / "laptop.key", ours / "allowed")
    publisher = Publisher("tcp://127.0.0.1:*", keys=ours)
    publisher.bind()
    in_background(run_of(publisher.endpoint, 12, publisher=publisher))
    result = listen(publisher.endpoint, "sig.", "--keys", str(theirs), "--json", "--from-start", "--once")
    assert [json.loads(line)["row"] for line in result.stdout.splitlines()] == [0, STEP]


def test_program_of_the_page_ends_with_the_position_of_the_run(endpoint, in_background, capsys) -> None:
    def run() -> None:
        publisher = Publisher(endpoint)
        publisher.begin(TABLES)
        for row, (side, lots) in enumerate([(1, 50), (1, 20), (-1, 30)]):
            publisher.event(row, 1, -1, 0, Fill(row, row, 1, 0, 0, side, 600_000, lots, 0, 0, "USDT", True))
        wait_for_listener(publisher)
        publisher.end()

    in_background(run)
    program = re.search(r"```python\n# follow.py\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert program is not None
    exec(program[1].replace("ipc://@tickloom", endpoint), {})
    assert capsys.readouterr().out == "position at the end: 40 lots\n"


def test_topic_that_no_event_has_is_refused_with_the_nearest_one() -> None:
    result = CliRunner().invoke(main, ["listen", "fils."])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "no topic begins with 'fils.'; did you mean 'fill'?" in result.stderr


def test_what_is_no_longer_kept_is_said_to_be_lost(endpoint, in_background) -> None:
    # Room for few of the ten signals; how many is the publisher's affair, but what is not printed is said to be lost.
    in_background(run_of(endpoint, 10 * STEP, retain=1024))
    result = listen(endpoint, "sig.", "--json", "--from-start", "--once")
    printed = [json.loads(line)["row"] for line in result.stdout.splitlines()]
    lost = 10 - len(printed)
    assert 0 < lost < 10
    assert printed == list(range(0, 10 * STEP, STEP))[lost:]
    assert f"lost {lost} events of sig.cross: numbers 1 to {lost} are no longer kept" in notes(result)


def test_run_that_begins_anew_is_announced_and_followed_from_its_start(endpoint, in_background) -> None:
    def two_runs() -> None:
        run_of(endpoint, 10)()
        run_of(endpoint, 20)()

    in_background(two_runs)
    result = listen(endpoint, "sig.", "--json", "--from-start", "--count", "3")
    assert [json.loads(line)["row"] for line in result.stdout.splitlines()] == [0, 0, STEP]
    said = [line for line in notes(result) if "run" in line]
    assert said == ["the run ended", "the publisher was restarted: following its new run from the start"]


def test_run_that_is_killed_ends_a_listener_that_follows_one_run_with_an_error(
    endpoint, in_background, monkeypatch
) -> None:
    monkeypatch.setattr(subscriber, "GONE", 0.2)

    def killed() -> None:
        with closing(Publisher(endpoint)) as publisher:
            publisher.begin(TABLES)
            publish(publisher, 0, 10)
            wait_for_listener(publisher)

    in_background(killed)
    result = listen(endpoint, "sig.", "--json", "--once")
    assert (result.exit_code, result.stdout) == (1, "")
    assert notes(result) == [
        f"Error: {endpoint}: the publisher is gone without saying that the run ended; there may have been more"
    ]


def test_listener_waits_for_a_publisher_and_ctrl_c_ends_it_without_a_word(endpoint, start) -> None:
    listener = start("listen", "--endpoint", endpoint)
    assert listener.stderr is not None
    assert listener.stderr.readline() == f"nobody publishes at {endpoint} yet, or not to this listener; waiting\n"
    listener.send_signal(signal.SIGINT)
    assert listener.communicate(timeout=PATIENCE) == ("", "")
    assert listener.returncode == 0


def test_reader_that_goes_ends_the_listener_quietly(endpoint, in_background, start) -> None:
    listener = start("listen", "md.", "--endpoint", endpoint, "--json", "--from-start")
    in_background(run_of(endpoint, 20_000))
    assert listener.stdout is not None
    assert json.loads(listener.stdout.readline())["row"] == 0
    listener.stdout.close()
    assert listener.wait(PATIENCE) == 0
    assert listener.stderr is not None
    assert "Traceback" not in listener.stderr.read()


def test_stopped_listener_holds_nobody_up_and_repairs_itself_when_it_goes_on(endpoint, tmp_path: Path, start) -> None:
    # 4,000 turns of three rows are more frames than ZeroMQ keeps for one listener (2,000), so that many are dropped.
    publisher, printed = Publisher(endpoint), tmp_path / "printed"
    with closing(publisher), printed.open("w") as out:
        publisher.begin(TABLES)
        listener = start("listen", "md.", "--endpoint", endpoint, "--json", "--from-start", "--once", out=out)
        wait_for_listener(publisher)
        publish(publisher, 0, 3)
        for _ in within(PATIENCE):
            publisher.flush()
            if printed.stat().st_size:
                break
        listener.send_signal(signal.SIGSTOP)
        for first in range(3, 12_003, 3):
            publisher.rows(first, trades(first, first + 3))
            publisher.flush()
        # All of it left while the listener stood still.
        assert publisher._streams.by_topic[b"md.trade.spot.BTCUSDT|"].sent == 12_003
        listener.send_signal(signal.SIGCONT)
        publisher.end()
        said = listener.communicate(timeout=PATIENCE)[1]
    assert [json.loads(line)["row"] for line in printed.read_text().splitlines()] == list(range(12_003))
    assert re.search(r"^repaired [\d,]+ events of md.trade.spot.BTCUSDT$", said, re.MULTILINE)


def test_two_terminals_follow_an_example_and_the_one_that_is_killed_ends_with_the_fills_of_the_journal(
    endpoint, tmp_path: Path, start
) -> None:
    # An example is over in seconds; a person who starts a terminal again needs longer. So the run has a pause in it.
    (tmp_path / "paused.py").write_text(PAUSED.format(gate=tmp_path / "gate"))
    config = tmp_path / "run.toml"
    config.write_text(EXAMPLE.read_text().replace('kind = "synthetic"', 'file = "paused.py"\nclass = "Paused"'))
    sets = {
        "sources.main.duration": "7min",
        "strategies.maker.file": EXAMPLE.parent / "strategy.py",
        "bus.publish": endpoint,
        "report.sections": "['numbers']",
    }
    follow = ("listen", "fill.", "--endpoint", endpoint, "--json", "--from-start", "--once")
    settings = [word for key, value in sets.items() for word in ("--set", f"{key}={value}")]
    one, other = start(*follow), start(*follow)
    run = start("run", str(config), *settings, "--out", str(tmp_path / "run"))
    assert other.stdout is not None
    first = other.stdout.readline()
    other.kill()
    again = start(*follow)
    assert again.stdout is not None
    assert again.stdout.readline() == first != ""
    (tmp_path / "gate").touch()
    printed = [one.communicate(timeout=PATIENCE)[0], first + again.stdout.read()]
    again.communicate(timeout=PATIENCE)
    run.communicate(timeout=PATIENCE)
    assert (run.returncode, one.returncode, again.returncode) == (0, 0, 0)
    with JournalReader(tmp_path / "run" / "journal") as journal:
        entries = [decode(entry) for entry in journal.entries()]
        instruments = journal.manifest.tables.instruments
    fills = [(entry.row, entry.sub, entry.event) for entry in entries if isinstance(entry.event, Fill)]
    assert len(fills) > 50
    assert printed[0] == printed[1]
    assert [in_ints(line, instruments) for line in printed[0].splitlines()] == fills


def in_ints(line: str, instruments: Sequence[Instrument]) -> tuple[int, int, Fill]:
    """Read a printed fill back into ticks, lots and indices; the example has one account."""
    told = json.loads(line)
    index = [one.name for one in instruments].index(told["instrument"])
    event = Fill(
        told["ts_init"],
        told["ts_venue"],
        told["order_id"],
        0,
        index,
        {"buy": 1, "sell": -1}[told["side"]],
        instruments[index].ticks(told["price"]),
        instruments[index].lots(told["quantity"]),
        instruments[index].lots(told["leaves_quantity"]),
        int(told["fee"].replace(".", "")),
        told["fee_asset"],
        told["maker"],
    )
    return told["row"], told["sub"], event
