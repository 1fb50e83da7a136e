"""The latency line, worked by hand; its random latencies by the properties of their distribution."""

from statistics import fmean

import numpy as np
import pytest
from numpy.typing import NDArray

from tickloom_kernels.orders import line as ln

MS = 1_000_000


def send(line: NDArray[np.int64], ts: int, what: int) -> int:
    """Send an item whose words are what, what + 1, ..., and whose number is what; return its arrival, -1 if none."""
    return int(line[ln.NEWEST]) if ln.send(line, what, ts, *range(what, what + ln.PAYLOAD_WORDS)) else -1


def received(line: NDArray[np.int64]) -> tuple[int, int]:
    """Arrival and first word of the next item, whose other words follow from the first."""
    ts, number, *words = ln.receive(line)
    assert number == words[0]
    assert words == list(range(words[0], words[0] + ln.PAYLOAD_WORDS))
    return ts, words[0]


@pytest.mark.parametrize(
    ("sent", "arrived"),
    [
        ([5, 7, 9], [5, 7, 9]),
        # what would arrive earlier waits for what was sent before it
        ([5, 3, 4, 8], [5, 5, 5, 8]),
        ([0], [0]),
        ([-5], [-5]),
        ([1_700_000_000_000_000_000, 1], [1_700_000_000_000_000_000] * 2),
    ],
)
def test_nothing_overtakes(sent: list[int], arrived: list[int]) -> None:
    line = ln.new_line(8)
    assert [send(line, ts, 100 * n) for n, ts in enumerate(sent)] == arrived
    assert [received(line) for _ in sent] == [(ts, 100 * n) for n, ts in enumerate(arrived)]


def test_an_empty_line_remembers_its_last_arrival() -> None:
    line = ln.new_line(2)
    send(line, 9, 0)
    received(line)
    assert send(line, 4, 10) == 9


def test_a_line_says_what_is_due_next() -> None:
    line = ln.new_line(2)
    due = []
    for step in (lambda: send(line, 5, 1), lambda: send(line, 8, 2), lambda: received(line), lambda: received(line)):
        step()
        due.append((int(line[ln.DUE]), int(line[ln.NUMBER])))
    assert due[:3] == [(5, 1), (5, 1), (8, 2)]
    assert due[3][0] == ln.FOREVER


def test_the_ring_goes_round() -> None:
    line = ln.new_line(3)
    send(line, 0, 0)
    for n in range(1, 20):
        send(line, n, 100 * n)
        assert received(line) == (n - 1, 100 * (n - 1))
    assert received(line) == (19, 1900)


def test_a_full_line_takes_nothing_more() -> None:
    line = ln.new_line(2)
    assert [send(line, ts, ts) for ts in (1, 2, 3)] == [1, 2, -1]
    assert [received(line) for _ in range(2)] == [(1, 1), (2, 2)]


@pytest.mark.parametrize("turned", [0, 1, 2])
def test_a_longer_line_holds_the_same_items(turned: int) -> None:
    line = ln.new_line(3)
    for _ in range(turned):
        send(line, 0, 0)
        received(line)
    for n in range(1, 4):
        send(line, n, 100 * n)
    line = ln.grown(line)
    assert int(line[ln.DUE]) == 1
    assert send(line, 0, 400) == 3
    assert [send(line, 9, 500), send(line, 9, 600), send(line, 9, 700)] == [9, 9, -1]
    assert [received(line) for _ in range(6)] == [(1, 100), (2, 200), (3, 300), (3, 400), (9, 500), (9, 600)]


# --- latencies -------------------------------------------------------------------------------------------------------


def drawn(line: NDArray[np.int64], count: int) -> list[int]:
    """Latencies of the next items (ns)."""
    return [int(ln.delay(line)) for _ in range(count)]


def test_a_fixed_latency_is_always_the_same() -> None:
    assert drawn(ln.new_line(1, 5 * MS), 3) == [5 * MS] * 3


def test_a_random_latency_adds_an_exponential_time_to_the_smallest() -> None:
    extra = [(ns - 2 * MS) / (4 * MS) for ns in drawn(ln.new_line(1, 2 * MS, 4 * MS, 7), 20_000)]
    assert min(extra) >= 0
    # mean 1 and median ln 2 = 0.693 of an exponential distribution; 20,000 draws are within 0.04 of either
    assert abs(fmean(extra) - 1) < 0.04
    assert abs(sorted(extra)[10_000] - 0.693) < 0.04


def test_a_random_latency_is_cut_at_twenty_times_its_jitter() -> None:
    # -ln of the smallest share there is, 2**-53, is 36.7: the cut is within reach of the generator.
    assert ln.LONGEST_JITTER < 36.7
    longest = max(drawn(ln.new_line(1, 0, MS, 7), 20_000))
    assert 8 * MS < longest <= ln.LONGEST_JITTER * MS


def test_the_generator_is_splitmix64() -> None:
    """From outside: the first output for seed 1234567 is 6457827717110365317 (Rosetta Code)."""
    line = ln.new_line(1, 0, 1 << 40, 1234567)
    share = ((6457827717110365317 >> 11) + 1) / 2**53
    assert drawn(line, 1) == [int(-np.log(share) * (1 << 40))]
