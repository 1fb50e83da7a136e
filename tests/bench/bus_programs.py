"""The other process of a measurement over ZeroMQ: ``python bus_programs.py NAME ENDPOINT ...``, and the C program."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import zmq

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from bus_peers import SIGNALS, TABLES, TRADES, trades

from tickloom.bus import Batch, Ended, Publisher, Subscriber, wire
from tickloom.events import Event, Signal

#: The latency test that comes with libzmq (perf/local_lat, remote_lat), in one file and with the median of its round
#: trips instead of their mean: over one REQ and one REP, as it is there, or with ``bus`` over what a bus has, two
#: connections from XPUB to SUB. It declares what it calls: a wheel of pyzmq brings the library without its header.
LATENCY_C = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <signal.h>
void *zmq_ctx_new(void); void *zmq_socket(void *, int);
int zmq_setsockopt(void *, int, const void *, size_t);
int zmq_bind(void *, const char *); int zmq_connect(void *, const char *);
int zmq_send(void *, const void *, size_t, int); int zmq_recv(void *, void *, size_t, int);
static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1e9 + t.tv_nsec; }
static int order(const void *a, const void *b) { double d = *(double *)a - *(double *)b; return d < 0 ? -1 : d > 0; }
int main(int argc, char **argv) {
  int count = atoi(argv[3]), size = atoi(argv[4]), bus = !strcmp(argv[5], "bus"); char *text = calloc(1, size);
  double *trips = malloc(count * sizeof(double));
  int child = fork(); void *in, *out;
  if (bus) {
    out = zmq_socket(zmq_ctx_new(), 9); zmq_bind(out, argv[child ? 1 : 2]);
    in = zmq_socket(zmq_ctx_new(), 2); zmq_setsockopt(in, 6, "", 0); zmq_connect(in, argv[child ? 2 : 1]);
    zmq_recv(out, text, size, 0); usleep(200000);
  } else {
    in = out = zmq_socket(zmq_ctx_new(), child ? 3 : 4); child ? zmq_connect(in, argv[1]) : zmq_bind(in, argv[1]);
  }
  if (child == 0) for (;;) { zmq_recv(in, text, size, 0); zmq_send(out, text, size, 0); }
  for (int i = -100; i < count; i++) {
    double began = now(); zmq_send(out, text, size, 0); zmq_recv(in, text, size, 0);
    if (i >= 0) trips[i] = now() - began;
  }
  qsort(trips, count, sizeof(double), order);
  printf("%f\n", trips[count / 2] / 2);
  kill(child, SIGKILL); return 0;
}
"""


def c_latency(folder: Path, there: str, back: str, count: int, size: int, sockets: str) -> tuple[float, str]:
    """Measure the C library's own median one-way latency (ns), or pyzmq's where there is no compiler; say which.

    ``sockets``: ``req``, as its own test has them, or ``bus``.
    """
    library = next((Path(zmq.__file__).parents[1] / "pyzmq.libs").glob("libzmq*.so*"), None)
    compiler = shutil.which("cc")
    if library is None or compiler is None:
        return raw_latency(there, count, size), "pyzmq REQ/REP: no C compiler here"
    source, program = folder / "latency.c", folder / "latency"
    source.write_text(LATENCY_C)
    subprocess.run([compiler, "-O2", "-w", source, "-o", program, library, f"-Wl,-rpath,{library.parent}"], check=True)
    words = [str(program), there, back, str(count), str(size), sockets]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
    return float(done.stdout), f"C, {'XPUB to SUB' if sockets == 'bus' else 'REQ/REP'}"


def raw_latency(endpoint: str, count: int, size: int) -> float:
    """Measure round trips to an echo in another process with bare pyzmq; return half their median (ns)."""
    with start("echo", endpoint) as echo, zmq.Context() as context, context.socket(zmq.REQ) as socket:
        socket.connect(endpoint)
        trips = []
        for _ in range(count):
            began = time.perf_counter_ns()
            socket.send(bytes(size))
            socket.recv()
            trips.append(time.perf_counter_ns() - began)
        echo.kill()
    return float(np.median(trips)) / 2


def bare_hop(there: str, back: str, count: int, size: int, busy: int) -> float:
    """Send bytes to another process and back with nothing but pyzmq's XPUB and SUB; return half the median trip (ns).

    Each side does something else for ``busy`` ns before it sends, as whoever looks at a message has to.
    """
    with start("bare", there, back, str(busy)) as other, zmq.Context() as outward, zmq.Context() as inward:
        xpub, sub = bare_sockets(outward, inward, there, back)
        trips = []
        for _ in range(count):
            began = time.perf_counter_ns()
            work(busy)
            xpub.send(bytes(size))
            sub.recv()
            trips.append(time.perf_counter_ns() - began)
        other.kill()
    return float(np.median(trips)) / 2


def bare_sockets(outward: Any, inward: Any, there: str, back: str) -> tuple[Any, Any]:
    """Connect both ways; the one that was subscribed to has heard so."""
    xpub, sub = outward.socket(zmq.XPUB), inward.socket(zmq.SUB)
    xpub.setsockopt(zmq.LINGER, 0)
    xpub.bind(there)
    sub.setsockopt(zmq.SUBSCRIBE, b"")
    sub.connect(back)
    xpub.recv()
    time.sleep(0.2)
    return xpub, sub


def work(busy: int) -> None:
    """Keep the processor busy for so long (ns)."""
    until = time.perf_counter_ns() + busy
    while busy and time.perf_counter_ns() < until:
        continue


def start(program: str, *arguments: str) -> "subprocess.Popen[str]":
    """Start one of the programs below in a process of its own."""
    return subprocess.Popen([sys.executable, __file__, program, *arguments], stdout=subprocess.PIPE, text=True)


# --- programs ---------------------------------------------------------------------------------------------------------


def echo(endpoint: str) -> None:
    """Send back what comes."""
    with zmq.Context() as context, context.socket(zmq.REP) as socket:
        socket.bind(endpoint)
        while True:
            socket.send(socket.recv())


def bare(there: str, back: str, busy: str) -> None:
    """Send back what comes by XPUB and SUB, some time later (ns)."""
    xpub, sub = bare_sockets(zmq.Context(), zmq.Context(), back, there)
    while True:
        message = sub.recv()
        work(int(busy))
        xpub.send(message)


def pong(there: str, back: str) -> None:
    """Publish what is received, as a strategy in a process of its own would answer."""
    with Subscriber(there) as subscriber:
        publisher = Publisher(back)
        publisher.begin(TABLES)
        for n, event in enumerate(events(subscriber, publisher)):
            publisher.event(n, 1, n, 0, event)
            publisher.flush()
        publisher.end()


def events(subscriber: Subscriber, publisher: Publisher) -> Iterator[Event]:
    """Yield what comes until the run is over, and let the publisher beside it serve its listeners."""
    while not isinstance(item := subscriber.receive_batch(0.05), Ended):
        if isinstance(item, Batch):
            yield from item.events
        else:
            publisher.flush()


def hop(there: str, back: str, count: int) -> tuple[float, int]:
    """Send events to another process and back, one at a time; half the median trip (ns), and the size of a frame."""
    with start("pong", there, back) as other, Subscriber(back) as subscriber:
        publisher = Publisher(there)
        publisher.begin(TABLES)
        answers = events(subscriber, publisher)
        while subscriber.welcome is None or not publisher._streams.prefixes:
            publisher.flush()
            subscriber.receive_batch(0.01)
        trips = []
        for n in range(count):
            began = time.perf_counter_ns()
            publisher.event(n, 1, n, 0, Signal(n, 0, 0, 0.5))
            publisher.flush()
            next(answers)
            trips.append(time.perf_counter_ns() - began)
        publisher.end()
        other.wait(10)
    return float(np.median(trips)) / 2, len(
        wire.encode_entries(SIGNALS.encode(), 1, 1, 1, [(1, 1, 1, 0, Signal(1, 0, 0, 0.5))], 0)
    )


def frames(kind: str, size: int) -> list[bytes]:
    """Make about 200,000 events in frames of ``size`` each, ahead of time: only receiving is measured."""
    count = 200_000 // size if size == 1 else 1_000_000 // size
    if kind == "rows":
        rows = trades(0, size)
        numbers = np.arange(size)
        return [wire.encode_rows(TRADES.encode(), 1, 7, size * n + 1, numbers, rows, 0) for n in range(count)]
    entries = [(n, 1, n, 0, Signal(n, 0, 0, 0.5)) for n in range(size)]
    return [wire.encode_entries(SIGNALS.encode(), 2, 7, size * n + 1, entries, 0) for n in range(count)]


def feed(endpoint: str, kind: str, size: str) -> None:
    """Send ready-made frames as fast as they are taken, none dropped, once somebody has subscribed."""
    made = frames(kind, int(size))
    with zmq.Context() as context, context.socket(zmq.XPUB) as socket:
        socket.setsockopt(zmq.XPUB_NODROP, 1)
        socket.bind(endpoint)
        print("ready", flush=True)
        # A listener subscribes to the publisher's own topic and to everything; bare ones to everything.
        while socket.recv() != b"\x01":
            continue
        time.sleep(0.1)
        for frame in made:
            socket.send(frame)
        time.sleep(30)


def stopped(endpoint: str) -> None:
    """Join, and then hang."""
    with Subscriber(endpoint) as subscriber:
        while subscriber.welcome is None:
            subscriber.receive(0.01)
        print("joined", flush=True)
        os.kill(os.getpid(), signal.SIGSTOP)


if __name__ == "__main__":
    programs: dict[str, Callable[..., None]] = {
        "echo": echo,
        "bare": bare,
        "pong": pong,
        "feed": feed,
        "stopped": stopped,
    }
    programs[sys.argv[1]](*sys.argv[2:])
