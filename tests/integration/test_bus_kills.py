"""kill -9 of publisher and listener in turn: in the end every event is there, in order, exactly once.

Both are real processes. The listener keeps the name of the last event it wrote down, the publisher how far it had got;
nothing else survives. What must be in the files in the end is plain counting (`bus_peers.expected`).
"""

import multiprocessing
import os
import random
import signal
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bus_peers import SIGNALS, TRADES, Numbers, expected, follow_until, publish_until

#: New processes are forked from one that has imported what they need and opened no socket.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tickloom.bus.publisher", "tickloom.bus.following.subscriber"])
SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
#: Kills, and trades to be published. Between two kills the publisher may publish as many as COUNT allows for each.
KILLS, COUNT = (100, 200_000) if SOAK else (5, 12_000)
#: Longer than anything takes that works (s).
PATIENCE = 600.0 if SOAK else 60.0


class Peer:
    """A process that can be killed and started again with what it left behind in its folder."""

    def __init__(self, program: Callable[[str, int, Path], None], *arguments: object) -> None:
        self._program, self._arguments = program, arguments
        self.process = self._start()

    def _start(self) -> Any:
        process = PROCESSES.Process(target=self._program, args=self._arguments, daemon=True)
        process.start()
        return process

    def again(self) -> None:
        """Kill it without warning and start it again."""
        self.close()
        assert self.process.exitcode == -signal.SIGKILL, "it had ended before it could be killed"
        self.process = self._start()

    def close(self) -> None:
        self.process.kill()
        self.process.join(PATIENCE)


def wait_for(path: Path, count: int, peers: list[Peer]) -> None:
    """Wait until so many numbers are in a file."""
    until = time.monotonic() + PATIENCE
    while (path.stat().st_size if path.exists() else 0) < 8 * count:
        for peer in peers:
            assert peer.process.is_alive(), f"a program ended with {peer.process.exitcode}, see the standard error"
        assert time.monotonic() < until, f"{path.name} does not get on"
        time.sleep(0.005)


@pytest.mark.parametrize("transport", ["ipc", "tcp"] if SOAK else ["ipc"])
def test_everything_arrives_exactly_once_and_in_order_whoever_is_killed(tmp_path: Path, transport: str) -> None:
    endpoint = f"ipc://@tickloom-{uuid.uuid4().hex}" if transport == "ipc" else "tcp://127.0.0.1:24680"
    dice, written, limits = random.Random(1), tmp_path / "trades", Numbers(tmp_path / "limit")
    limits.append(0)
    publisher = Peer(publish_until, endpoint, COUNT, tmp_path)
    follower = Peer(follow_until, endpoint, COUNT, tmp_path)
    try:
        for number in range(KILLS):
            # In the middle of what may be published by then: neither a matter of luck nor of the machine's speed.
            begin = number * COUNT // KILLS
            limits.append(begin + COUNT // KILLS)
            wait_for(written, dice.randint(begin + 1, begin + COUNT // KILLS), [publisher, follower])
            (publisher, follower)[number % 2].again()
        follower.process.join(PATIENCE)
        assert follower.process.exitcode == 0, "see the standard error"
    finally:
        publisher.close()
        follower.close()
    assert {TRADES: Numbers.read(written), SIGNALS: Numbers.read(tmp_path / "signals")} == expected(COUNT)
