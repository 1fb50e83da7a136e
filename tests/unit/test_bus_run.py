"""A run with ``[bus]``: what a listener gets is what the run committed, and publishing it changed no byte."""

import threading
import time
import tomllib
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from bus_peers import within
from loops import AAA, BBB, CONFIG, NONE, Listener, table, trade

from tickloom.bus import Message, Subscriber
from tickloom.config import Config, config_from
from tickloom.engine import run_config
from tickloom.errors import ConfigError
from tickloom.events import Fill, SubmitOrder, Trade
from tickloom.plugins import load_plugins
from tickloom.testing.runs import Finished, GivenPlugins, RowSource

ROWS = table(*[trade(n, 1000 + n % 3, number=n) for n in range(200)])


class Buyer(Listener):
    """Buys one at every tenth trade."""

    def on_trade(self, event: Any) -> None:
        """Count trades and buy."""
        if event.trade_id % 10 == 0:
            self.ctx.submit(event.instrument, 1, 1)


class Slow(RowSource):
    """Hands over rows when somebody has joined, if anybody is to."""

    joined = threading.Event()

    def chunks(self) -> Any:
        """Give one row, wait, and let the run's turns go by meanwhile."""
        first, *others = super().chunks()
        yield first
        for _ in within():
            if self.joined.is_set():
                break
            yield self.rows[:0], first[1]
            time.sleep(0.001)
        yield from others


def ran(bus: str = "") -> Finished:
    text = CONFIG.format(
        seed=1, tail="", on_fault="stop", latency=NONE, strategies='[strategies.buyer]\nkind = "buyer"', extra=bus
    )
    source = partial(Slow, [AAA, BBB], ROWS, [(50, None)] * 4)
    plugins = GivenPlugins(load_plugins(), {"rows": source, "buyer": Buyer})
    return Finished(run_config(config_from(Path("test.toml"), tomllib.loads(text)), plugins))


def test_a_listener_follows_a_run_from_a_config_and_changes_no_byte_of_it(tmp_path: Path) -> None:
    Slow.joined.set()
    alone = ran()
    Slow.joined.clear()
    endpoint = f"ipc://@{tmp_path.name}-{time.time_ns()}"
    got: list[Any] = []

    def follow() -> None:
        with Subscriber(endpoint, from_start=True) as subscriber:
            for _ in within():
                subscriber.drain()
                if subscriber.welcome is not None:
                    break
                time.sleep(0.001)
            Slow.joined.set()
            got.extend(subscriber)

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    followed = ran(f'[bus]\npublish = "{endpoint}"')
    thread.join(60)
    assert followed.stream == alone.stream
    messages = [item for item in got if isinstance(item, Message)]
    outcomes = sorted((m.row, m.sub, m.cause_row, m.cause_sub, m.event) for m in messages if m.sub)
    # Everything that the report is made from has arrived, under its name.
    assert outcomes == sorted(tuple(entry) for entry in followed.record.entries)
    assert [m.row for m in messages if type(m.event) is Trade] == list(range(200))
    assert sum(type(m.event) is Fill for m in messages) == sum(type(m.event) is SubmitOrder for m in messages) == 20


def read(text: str) -> Config:
    return config_from(Path("run.toml"), tomllib.loads(f'[sources.main]\nkind = "synthetic"\n[bus]\n{text}'))


def test_a_run_without_the_section_publishes_nothing() -> None:
    assert config_from(Path("run.toml"), {"sources": {"main": {"kind": "synthetic"}}}).bus is None


def test_the_section_says_where_and_how_much() -> None:
    bus = read(
        'publish = "tcp://127.0.0.1:5555"\nreplay = "tcp://127.0.0.1:6000"\nkeys = "keys"\nretain = "1.5 GB"'
    ).bus
    assert bus is not None
    assert (bus.publish, bus.replay, bus.keys, bus.retain) == (
        "tcp://127.0.0.1:5555",
        "tcp://127.0.0.1:6000",
        Path("keys"),
        1_500_000_000,
    )
    plain = read('publish = "ipc://@tickloom"').bus
    assert plain is not None
    assert (plain.replay, plain.keys, plain.retain) == (None, None, 128_000_000)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "bus.publish: missing"),
        ('publish = "tickloom"', "'tickloom' is no endpoint; write 'ipc://@NAME'"),
        ('publish = "tcp://localhost"', "is no endpoint"),
        ('publish = "udp://localhost:1"', "is no endpoint"),
        (f'publish = "ipc://@{"x" * 101}"', "a name in ipc has at most 100 bytes"),
        ('publish = "ipc://@a"\nreplay = "b"', "'b' is no endpoint"),
        ('publish = "ipc://@a"\nretain = "128 BTC"', "'128 BTC' is no size; write a number and kB, MB or GB"),
        ('publish = "ipc://@a"\nretain = "0 MB"', "is no size"),
        ('publish = "ipc://@a"\nretian = "1 MB"', "did you mean 'retain'"),
    ],
)
def test_mistakes_in_the_section_are_one_line(text: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        read(text)
