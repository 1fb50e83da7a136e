"""A client that kept its place goes on exactly there: its database, a dict here, has each event once and in order."""

import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from bus_peers import SIGNALS, TABLES, TRADES, within
from bus_turns import joined, numbers, publish, take

from tickloom.bus import Gap, Message, Publisher, Restarted, Subscriber
from tickloom.errors import ConfigError
from tickloom.events import Fill

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how_to" / "follow_a_run.md"


@pytest.fixture
def endpoint(tmp_path: Path) -> str:
    return f"ipc://@{tmp_path.name[-40:]}-{time.time_ns()}"


@pytest.fixture
def publisher(endpoint: str) -> Iterator[Publisher]:
    made = Publisher(endpoint)
    made.begin(TABLES)
    yield made
    made.close()


class Client:
    """Keeps what it was told, and its place, as one: topic to number, and the life they are of."""

    def __init__(self) -> None:
        self.place: dict[str, int] = {}
        self.epoch: int | None = None
        self.rows: dict[str, list[int]] = {}

    def lives(self, publisher: Publisher, endpoint: str, dies_after: int) -> list[Any]:
        """Live until so many events have been dealt with, however many have come; return the news."""
        with Subscriber(endpoint, from_start=True, after=self.place, epoch=self.epoch) as subscriber:
            got = take(publisher, subscriber, lambda got: sum(isinstance(one, Message) for one in got) >= dies_after)
            assert subscriber.duplicates == 0
        messages = [one for one in got if isinstance(one, Message)][:dies_after]
        for one in messages:
            self.rows.setdefault(one.topic, []).append(one.row)
            self.place[one.topic], self.epoch = one.seq, one.epoch
        return [one for one in got if not isinstance(one, Message)]


def test_a_client_that_is_started_again_goes_on_behind_its_last_event(publisher: Publisher, endpoint: str) -> None:
    client = Client()
    for turn in range(10):
        publish(publisher, 100 * turn, 100 * turn + 100)
        # It dies in the middle of a frame, with others under way, and misses what is published until it lives again.
        assert client.lives(publisher, endpoint, 77) == []
    client.lives(publisher, endpoint, 1_010 - 770)
    assert client.rows[TRADES] == list(range(1_000))
    assert client.rows[SIGNALS] == list(range(99, 1_000, 100))


def test_a_client_whose_publisher_was_started_again_too_hears_so_first(publisher: Publisher, endpoint: str) -> None:
    client = Client()
    publish(publisher, 0, 10)
    client.lives(publisher, endpoint, 11)
    publisher.close()
    again = Publisher(endpoint)
    again.begin(TABLES)
    publish(again, 0, 5)
    with Subscriber(endpoint, after=client.place, epoch=client.epoch) as subscriber:
        got = take(again, subscriber, lambda got: len(got) == 7)
    again.close()
    assert got[0] == Restarted(publisher.epoch, again.epoch)
    assert (numbers(got, TRADES), numbers(got, SIGNALS)) == ([1, 2, 3, 4, 5], [1])


def test_streams_without_a_place_begin_as_usual(publisher: Publisher, endpoint: str) -> None:
    publish(publisher, 0, 10)
    with Subscriber(endpoint, after={TRADES: 4}, epoch=publisher.epoch) as subscriber:
        joined(publisher, subscriber)
        publish(publisher, 10, 12)
        got = take(publisher, subscriber, lambda got: len(got) == 9)
    assert (numbers(got, TRADES), numbers(got, SIGNALS)) == (list(range(5, 13)), [2])


def test_what_was_lost_behind_the_place_is_a_gap(endpoint: str) -> None:
    publisher = Publisher(endpoint, retain=2048)
    publisher.begin(TABLES)
    for row in range(20):
        publish(publisher, row, row + 1)
    kept_from = publisher._streams.by_topic[SIGNALS.encode()].kept_from
    with Subscriber(endpoint, ["sig."], after={SIGNALS: 2}, epoch=publisher.epoch) as subscriber:
        got = take(publisher, subscriber, lambda got: numbers(got, SIGNALS)[-1:] == [20])
    publisher.close()
    assert got[0] == Gap(SIGNALS, publisher.epoch, 3, kept_from - 1)
    assert numbers(got, SIGNALS) == list(range(kept_from, 21))


def test_recorder_of_the_page_has_every_fill_once_after_it_was_started_again(
    publisher: Publisher, endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = re.search(r"```python\n# recorder.py\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert text is not None
    program = text[1].replace("ipc://@tickloom", endpoint)
    publish_fills(publisher, 0, 5)
    over = threading.Event()
    serving = threading.Thread(target=serve, args=(publisher, over), daemon=True)
    serving.start()
    with pytest.raises(InterruptedError):
        exec(program, {"print": killed_at(13)})
    for _ in within():
        if not publisher._replay.listeners:
            break
        time.sleep(0.002)
    over.set()
    serving.join(60)
    publish_fills(publisher, 5, 10)
    ending = threading.Thread(target=end_with_a_listener, args=(publisher,), daemon=True)
    ending.start()
    exec(program, {"print": killed_at(-1)})
    ending.join(60)
    with closing(sqlite3.connect("fills.db")) as database:
        assert database.execute("select seq, lots from fill order by seq").fetchall() == [
            (row + 1, 10 + row) for row in range(10)
        ]


def publish_fills(publisher: Publisher, first: int, stop: int) -> None:
    for row in range(first, stop):
        publisher.event(row, 1, -1, 0, Fill(row, row, 1, 0, 0, 1, 600_000, 10 + row, 0, 0, "USDT", True))


def serve(publisher: Publisher, over: threading.Event) -> None:
    """Turn the loop without news."""
    while not over.wait(0.002):
        publisher.flush()


def end_with_a_listener(publisher: Publisher) -> None:
    """Turn the loop without news until somebody listens, and end the run then."""
    for _ in within():
        publisher.flush()
        if publisher._replay.listeners:
            break
        time.sleep(0.002)
    publisher.end()


def killed_at(lots: int) -> Any:
    """Print until so many lots are to be printed."""

    def tell(told: int) -> None:
        if told == lots:
            raise InterruptedError

    return tell


@pytest.mark.parametrize(
    ("place", "complaint"),
    [
        ({"after": {SIGNALS: 1}}, "its numbers are of one life of a publisher; give its epoch, too"),
        ({"after": {"fill.main|": 1}, "epoch": 1}, "'fill.main|' is none of the topics that are listened to, sig."),
        ({"after": {"sig.cross": 1}, "epoch": 1}, "'sig.cross' is none of the topics"),
        ({"after": {SIGNALS: -1}, "epoch": 1}, "-1 is no number of an event"),
    ],
)
def test_a_place_that_is_none_is_refused_in_one_line(endpoint: str, place: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Subscriber(endpoint, ["sig."], **place)
    assert complaint in str(caught.value)
