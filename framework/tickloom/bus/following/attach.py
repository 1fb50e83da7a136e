"""A subscriber on an asyncio loop, by file descriptor: ten times as fast as a future for every message."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import zmq

from tickloom.bus.following.items import BatchItem
from tickloom.bus.sockets import readable

if TYPE_CHECKING:
    from tickloom.bus.following.subscriber import Subscriber


class Attachment:
    """Watches the descriptors of a subscriber's sockets and hands on what comes.

    A descriptor of ZeroMQ only says that something changed, once: so sockets are drained until they are empty, and
    looked at again after everything that was sent on them. After a budget of frames the rest of the program has its
    turn.

    Parameters
    ----------
    subscriber : Subscriber
        Not to be received from otherwise while attached.
    handle : callable
        Takes a `Batch`, `Gap`, `Restarted`, `Ended` or `Vanished`. What it raises goes to the loop's exception handler,
        and ends the attachment.
    """

    def __init__(self, subscriber: "Subscriber", handle: Callable[[BatchItem], None]) -> None:
        self._subscriber = subscriber
        self._handle = handle
        self._loop = asyncio.get_running_loop()
        self._watched: set[int] = set()
        self._timer: asyncio.Handle = self._loop.call_soon(self._ready)
        self._open = True

    def close(self) -> None:
        """Take the sockets from the loop; nothing is handed on any more."""
        self._open = False
        self._timer.cancel()
        for descriptor in self._watched:
            self._loop.remove_reader(descriptor)
        self._watched.clear()

    def _ready(self) -> None:
        try:
            self._turn()
        except BaseException:
            self.close()
            raise

    def _turn(self) -> None:
        """Drain within the budget, hand on, and see to it that the next turn comes."""
        subscriber = self._subscriber
        self._timer.cancel()
        more = subscriber.drain()
        out, handle = subscriber.out, self._handle
        while out and self._open:
            handle(out.popleft())
        if not self._open:
            return
        self._watch()
        due = subscriber.next_due()
        if more or any(readable(socket) for socket in subscriber.watched):
            self._timer = self._loop.call_soon(self._ready)
        elif due is not None:
            # Both clocks are the monotonic one.
            self._timer = self._loop.call_at(due, self._ready)

    def _watch(self) -> None:
        """Watch the sockets in use; the one for replay may be a new one."""
        present = {int(socket.getsockopt(zmq.FD)) for socket in self._subscriber.watched}
        if present != self._watched:
            for descriptor in self._watched - present:
                self._loop.remove_reader(descriptor)
            for descriptor in present - self._watched:
                self._loop.add_reader(descriptor, self._ready)
            self._watched = present
