"""Prints what a subscriber hands out, and says on the standard error what became of the streams."""

import os
import sys
from collections import Counter, deque

import click

from tickloom.bus.following.items import Batch, BatchItem, Ended, Gap, Message, Restarted, Vanished
from tickloom.bus.following.subscriber import Subscriber
from tickloom.bus.telling.lines import Line
from tickloom.bus.telling.words import Words
from tickloom.errors import TickloomError
from tickloom.report.texts import count

#: After so long (s) without anything new, what is left to say is said.
_PAUSE = 0.5
#: A publisher that has not been heard of for so long (s) is not there.
_SILENCE = 3.0
_VANISHED = "the publisher is gone without saying that the run ended"


class Listener:
    """Prints events in order, each once.

    Parameters
    ----------
    subscriber : Subscriber
    line : callable
        Makes a line of an event.
    from_start : bool
        Whether the subscriber begins with the first events that are kept.
    most : int, optional
        So many events are printed; None: all.
    """

    def __init__(self, subscriber: Subscriber, line: Line, from_start: bool, most: int | None = None) -> None:
        self._subscriber = subscriber
        self._line = line
        self._left = most
        self._colours = sys.stdout.isatty()
        self._words: tuple[int, Words] | None = None
        #: What cannot be printed yet, because the publisher has not said what the numbers in it mean.
        self._held: deque[BatchItem] = deque()
        #: Streams of which something came live, and whether what was before that is wanted.
        self._live: set[str] = set()
        self._backlog = from_start
        #: What is still to be said: how many, by what was done, to what, in which stream.
        self._unsaid: Counter[tuple[str, str, str]] = Counter()
        self._waiting = False
        self._over = False
        self._stopped = False
        self._refused = 0

    def follow(self, once: bool = False) -> None:
        """Print until ``most`` is reached or, with ``once``, until a run has ended and all of it is printed.

        Raises
        ------
        TickloomError
            With ``once``: the publisher has vanished, so that nobody will say that the run has ended.
        """
        while not self._stopped:
            item = self._subscriber.receive_batch(_PAUSE)
            if item is None:
                self._look_around()
            else:
                self._held.append(item)
            while self._held and not self._stopped and self._can_tell(self._held[0]):
                item = self._held.popleft()
                if once and isinstance(item, Vanished):
                    self.settle()
                    raise TickloomError(f"{self._subscriber.endpoint}: {_VANISHED}; there may have been more")
                self._take(item)
                if self._left == 0 or (once and isinstance(item, Ended)):
                    self._stopped = True
                    break
        self.settle()

    def stop(self, _reason: str = "") -> None:
        """End `follow` at the next event, or in half a second."""
        self._stopped = True

    def settle(self) -> None:
        """Say what has not been said yet."""
        for (done, what, topic), number in self._unsaid.items():
            _say(f"{done} {count(number, what)} of {topic.rstrip('|')}")
        self._unsaid.clear()
        refused = self._subscriber.statistics.refused
        if refused > self._refused:
            _say(f"left out {count(refused - self._refused, 'message')} that were no frames of tickloom")
            self._refused = refused

    def nobody_reads(self) -> None:
        """Close the standard output for good: its reader is gone, and even the end of the program would write to it."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def _can_tell(self, item: BatchItem) -> bool:
        """Whether an item can be printed: of a batch, the names and decimals must be known."""
        welcome = self._subscriber.welcome
        if welcome is not None and (self._words is None or self._words[0] != welcome.epoch):
            self._words = (welcome.epoch, Words(welcome))
        if not isinstance(item, Batch):
            return True
        return self._words is not None and (self._words[0] == item.epoch or item.epoch != self._subscriber.epoch)

    def _take(self, item: BatchItem) -> None:
        self._waiting = False
        if isinstance(item, Batch):
            self._over = False
            self._count(item)
            self._print(item)
        elif isinstance(item, Gap):
            self.settle()
            what = f"{count(item.last - item.first + 1, 'event')} of {item.topic.rstrip('|')}"
            _say(f"lost {what}: numbers {item.first} to {item.last} are no longer kept")
        elif isinstance(item, Restarted):
            self.settle()
            self._live.clear()
            self._backlog, self._over = True, False
            _say("the publisher was restarted: following its new run from the start")
        elif isinstance(item, Ended):
            self.settle()
            self._over = True
            _say("the run ended")
        else:
            self.settle()
            _say(_VANISHED)

    def _count(self, batch: Batch) -> None:
        """Note what was fetched: what came before a listener joined is no loss that was repaired."""
        if batch.replayed:
            earlier = self._backlog and batch.topic not in self._live
            done, what = ("fetched", "earlier event") if earlier else ("repaired", "event")
            self._unsaid[done, what, batch.topic] += batch.count
            return
        self._live.add(batch.topic)
        if self._unsaid:
            self.settle()

    def _print(self, batch: Batch) -> None:
        assert self._words is not None  # or `_can_tell` would have held it back
        if batch.kind is None:
            self._unsaid["left out", "event of unknown kind", batch.topic] += batch.count
            return
        messages: list[Message] = list(batch) if self._left is None else list(batch)[: self._left]
        if self._left is not None:
            self._left -= len(messages)
        lines = "".join(f"{self._line(self._words[1], message)}\n" for message in messages)
        sys.stdout.write(lines if self._colours else click.unstyle(lines))
        sys.stdout.flush()

    def _look_around(self) -> None:
        """When nothing comes: say what is left to say, and once, where nobody is there, that one waits."""
        self.settle()
        silent = self._subscriber.silence > _SILENCE
        if self._waiting or self._over or not (silent or self._subscriber.epoch is None):
            return
        self._waiting = True
        if self._subscriber.epoch is None:
            _say(f"nobody publishes at {self._subscriber.endpoint} yet, or not to this listener; waiting")
        else:
            _say(f"nothing heard from {self._subscriber.endpoint} for {_SILENCE:.0f} s; waiting")


def _say(text: str) -> None:
    click.echo(text, err=True)
