"""``tickloom listen``: follow a run from another terminal, or from the other end of a pipe."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tickloom.cli import asked_to_end
from tickloom.errors import ConfigError, nearest

if TYPE_CHECKING:
    from tickloom.bus.telling.listener import Listener

#: Where a run publishes unless somebody says otherwise.
ENDPOINT = "ipc://@tickloom"


@click.command("listen", short_help="Follow a running run.")
@click.argument("topics", nargs=-1, metavar="[TOPIC]...")
@click.option("--endpoint", default=ENDPOINT, metavar="ENDPOINT", help=f"Where it publishes [{ENDPOINT}].")
@click.option("--keys", type=click.Path(file_okay=False, path_type=Path), help="Folder of the listener's keys.")
@click.option("--json", "as_json", is_flag=True, help="Write one JSON object per line.")
@click.option("--from-start", is_flag=True, help="Begin with the first events that can be had.")
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="End after N events.")
@click.option("--once", is_flag=True, help="End with the run, instead of waiting for the next one.")
def command(
    topics: tuple[str, ...],
    endpoint: str,
    keys: Path | None,
    as_json: bool,
    from_start: bool,
    count: int | None,
    once: bool,
) -> None:
    """Print the events of a running run, each exactly once and in order.

    TOPIC is the beginning of a topic, such as `fill.` or `md.trade.perp.BTCUSDT`; without one, everything is printed.
    What was missed and repaired, what is lost, and when a run ends or begins is said on the standard error.
    """
    _check(topics)
    from tickloom.bus import Subscriber
    from tickloom.bus.telling.lines import json_line, text_line
    from tickloom.bus.telling.listener import Listener

    line = json_line if as_json else text_line
    with Subscriber(endpoint, topics or ("",), from_start=from_start, keys=keys) as subscriber:
        _follow(Listener(subscriber, line, from_start, count), once)


def _follow(listener: "Listener", once: bool) -> None:
    """Print until the end that was asked for, Ctrl-C, or until nobody reads any more."""
    try:
        with asked_to_end(listener.stop):
            listener.follow(once)
    except BrokenPipeError:
        listener.nobody_reads()


def _check(topics: tuple[str, ...]) -> None:
    """Refuse a topic that no event has: nothing would ever be printed."""
    from tickloom.events import KINDS

    known = sorted({kind.TOPIC for kind in KINDS.values()})
    for topic in topics:
        if not any(one.startswith(topic) or f"{topic}.".startswith(f"{one}.") for one in known):
            raise ConfigError(f"no topic begins with {topic!r}; {nearest(topic, known)}")
