"""The latency line, worked by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tickloom_kernels import line as ln


def send(line: NDArray[np.int64], ts: int, what: int) -> int:
    """Send an item whose ten words are what, what + 1, ..."""
    arrival: int = ln.send(line, ts, *range(what, what + 10))
    return arrival


def received(line: NDArray[np.int64]) -> tuple[int, int]:
    """Arrival and first word of the next item, whose other words follow from the first."""
    ts, *words = ln.receive(line)
    assert words == list(range(words[0], words[0] + 10))
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
    assert send(line, 0, 400) == 3
    assert [send(line, 9, 500), send(line, 9, 600), send(line, 9, 700)] == [9, 9, -1]
    assert [received(line) for _ in range(6)] == [(1, 100), (2, 200), (3, 300), (3, 400), (9, 500), (9, 600)]
