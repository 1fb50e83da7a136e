"""Latencies of a simulated venue: the lines that they make; what a line draws is in `test_line`."""

import pytest

from tickloom.errors import ConfigError
from tickloom_kernels.orders import line as ln
from tickloom_plugins.venues.latency import Latency

MS = 1_000_000


def drawn(latency: Latency, count: int, seed: int = 7, venue: str = "one", back: bool = False) -> list[int]:
    line = latency.lines(seed, venue)[back]
    return [int(ln.delay(line)) for _ in range(count)]


RANDOM = Latency("random", "2ms", "3ms", jitter="4ms")  # type: ignore[arg-type]  # converted


@pytest.mark.parametrize(
    ("options", "out", "back", "longest"),
    [
        ({}, 1, 1, 2),
        ({"out": "5ms", "back": "3ms"}, 5, 3, 8),
        ({"out": "0ms", "back": "0ms"}, 0, 0, 0),
        # the data come 2 ms late: what the venue sees at ts_init was 2 ms ago
        ({"out": "5ms", "back": "3ms", "feed": "2ms"}, 7, 1, 8),
        ({"out": "5ms", "back": "1ms", "feed": "2ms"}, 7, 0, 7),
    ],
)
def test_a_constant_latency_is_always_the_same(options: dict[str, str], out: int, back: int, longest: int) -> None:
    latency = Latency(**options)  # type: ignore[arg-type]  # converted
    assert drawn(latency, 3) == [out * MS] * 3
    assert drawn(latency, 3, back=True) == [back * MS] * 3
    assert latency.longest() == longest * MS


def test_a_random_latency_is_never_below_its_smallest_and_never_above_its_longest() -> None:
    out, back = drawn(RANDOM, 2_000), drawn(RANDOM, 2_000, back=True)
    assert 2 * MS <= min(out) < max(out) <= 82 * MS
    assert 3 * MS <= min(back) < max(back) <= 83 * MS
    assert RANDOM.longest() == 165 * MS


def test_the_draws_depend_on_seed_venue_and_direction_alone() -> None:
    plain = drawn(RANDOM, 9)
    assert drawn(RANDOM, 9) == plain
    assert drawn(RANDOM, 9, seed=8) != plain
    assert drawn(RANDOM, 9, venue="two") != plain
    assert [ns - MS for ns in drawn(RANDOM, 9, back=True)] != plain


@pytest.mark.parametrize("options", [{"kind": "random"}, {"jitter": "1ms"}])
def test_a_jitter_belongs_to_a_random_latency(options: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="jitter is above 0 if, and only if, kind = 'random'"):
        Latency(**options)  # type: ignore[arg-type]
