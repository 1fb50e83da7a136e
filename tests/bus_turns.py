"""Publisher and listener in one test: turns of the one, and what the other has got by then."""

import itertools
import time
from collections.abc import Callable
from typing import Any

from bus_peers import trades, within

from tickloom.bus import Message, Publisher, Subscriber, wire
from tickloom.events import Signal


def publish(publisher: Publisher, first: int, stop: int) -> None:
    """Publish one turn: so many trades, and one signal."""
    publisher.rows(first, trades(first, stop))
    publisher.event(stop - 1, 1, stop - 1, 0, Signal(stop, 0, 0, float(stop)))
    publisher.flush()


def take(publisher: Publisher, subscriber: Subscriber, enough: Callable[[list[Any]], bool]) -> list[Any]:
    """Let time pass for both sides until enough has come."""
    got: list[Any] = []
    for _ in within():
        if enough(got):
            break
        publisher.flush()
        while (item := subscriber.receive(0.002)) is not None:
            got.append(item)
    return got


def numbers(got: list[Any], topic: str) -> list[int]:
    return [item.seq for item in got if isinstance(item, Message) and item.topic == topic]


def joined(publisher: Publisher, subscriber: Subscriber) -> None:
    """Wait until the listener has joined; what comes meanwhile is kept."""
    for _ in within():
        publisher.flush()
        subscriber.drain()
        if subscriber.welcome is not None:
            return
        time.sleep(0.001)


def drop(publisher: Publisher, lost: Callable[[int], bool]) -> None:
    """Lose frames with events on their way to the listeners: those whose number ``lost`` chooses."""
    socket, count = publisher._xpub, itertools.count()

    class Lossy:
        def send(self, frame: bytes) -> None:
            if wire.decode(frame).type_id >= wire.HEAD or not lost(next(count)):
                socket.send(frame)

        def __getattr__(self, name: str) -> Any:
            return getattr(socket, name)

    publisher._xpub = Lossy()  # type: ignore[assignment]
