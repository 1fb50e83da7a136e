"""A network that misbehaves on purpose: a TCP proxy that delays, splits, throttles, stalls and cuts, by a seed.

What is done to a connection depends on the seed, the number of the connection, its direction and how many bytes have
passed, never on a clock; when the bytes come is the operating system's business. Threads and blocking sockets, no
ZeroMQ: nothing here can hide a fault of what is tested.
"""

import random
import socket
import threading
import time
from collections import Counter
from typing import NamedTuple, Self


class Weather(NamedTuple):
    """How bad it is: how often, per 64 KiB that pass in one direction, each fault is met on average.

    ``longest_delay``, ``longest_stall`` : for how long nothing passes at most (s). ``slow`` : bytes that pass per
    second while it is throttled. ``smallest`` : a stretch that is split goes in pieces of as many bytes at most.
    """

    delay: float = 2.0
    split: float = 2.0
    throttle: float = 0.3
    stall: float = 0.2
    cut: float = 0.4
    longest_delay: float = 0.01
    longest_stall: float = 0.4
    smallest: int = 40
    slow: int = 100_000


#: Nothing here takes so long (s): whoever does is stuck.
_PATIENCE = 60.0
CALM = Weather(delay=0, split=0, throttle=0, stall=0, cut=0)
_UNIT = 64 * 1024
_STRETCH = 2048


class Chaos:
    """Listens on a port of 127.0.0.1 and passes every connection on to a target, badly.

    Parameters
    ----------
    target : int
        Port of 127.0.0.1 that connections are passed on to.
    seed : int
    weather : Weather
        Replaced by assigning to it; connections that stand notice at their next segment.

    Attributes
    ----------
    port : int
        Where to connect.
    done : Counter
        How often each fault was done; a test that met none has shown nothing.
    """

    def __init__(self, target: int, seed: int, weather: Weather | None = None) -> None:
        self.target = target
        self.seed = seed
        self.weather = weather or Weather()
        self.done: Counter[str] = Counter()
        self.passing = threading.Event()
        self.passing.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._lines: list[_Line] = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Cut every connection and accept no more."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        _ended(self._accepting)
        self.passing.set()
        for line in self._lines:
            line.close()

    def stop_passing(self) -> None:
        """Let nothing through, in either direction, as a network that is gone without a word."""
        self.passing.clear()

    def pass_again(self) -> None:
        """Let through what waits."""
        self.passing.set()

    def cut_all(self) -> None:
        """Cut every connection now, as a cable that is pulled for a moment."""
        for line in self._lines:
            line.cut()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.target), _PATIENCE)
                far.settimeout(None)
            except OSError:
                # Nobody is there at the moment, such as a publisher between two lives.
                near.close()
                continue
            self._lines.append(_Line(self, len(self._lines), near, far))


class _Line:
    """One connection: two sockets, and a thread for each direction."""

    def __init__(self, chaos: Chaos, number: int, near: socket.socket, far: socket.socket) -> None:
        self._ends = (near, far)
        for one in self._ends:
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._threads = []
        for source, sink, way in ((near, far, "up"), (far, near, "down")):
            dice = random.Random(f"{chaos.seed}/{number}/{way}")
            self._threads.append(threading.Thread(target=self._pass_on, args=(chaos, dice, source, sink), daemon=True))
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Cut the connection and forget it."""
        self.cut()
        for thread in self._threads:
            _ended(thread)
        for one in self._ends:
            one.close()

    def cut(self) -> None:
        """Close both ends, in the middle of whatever is under way."""
        for one in self._ends:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                # The other side was faster.
                continue

    def _pass_on(self, chaos: Chaos, dice: random.Random, source: socket.socket, sink: socket.socket) -> None:
        """Pass stretches of up to 2 KiB, of which the dice say how long they are and what is done to each."""
        left, small = 0, 0
        try:
            while data := source.recv(_UNIT):
                while data:
                    if left == 0:
                        left = dice.randint(1, _STRETCH)
                        small = _meet(chaos, dice, left)
                    piece = data[: min(left, small)]
                    chaos.passing.wait()
                    sink.sendall(piece)
                    data, left = data[len(piece) :], left - len(piece)
        except OSError:
            return
        finally:
            self.cut()


def _ended(thread: threading.Thread) -> None:
    thread.join(_PATIENCE)
    assert not thread.is_alive(), "a thread of the proxy is stuck"


def _meet(chaos: Chaos, dice: random.Random, stretch: int) -> int:
    """Do what the dice say before a stretch of bytes passes; return how many may pass in one piece."""
    weather, draw, strength = chaos.weather, dice.random(), dice.random()
    for fault in ("delay", "split", "throttle", "stall", "cut"):
        draw -= getattr(weather, fault) * stretch / _UNIT
        if draw < 0:
            chaos.done[fault] += 1
            if fault == "cut":
                raise ConnectionAbortedError
            longest = {"delay": weather.longest_delay, "stall": weather.longest_stall}.get(fault, 0.0)
            time.sleep(stretch / weather.slow if fault == "throttle" else longest * strength)
            return 1 + int(strength * weather.smallest) if fault == "split" else stretch
    return stretch
