"""Latencies of a simulated venue: constant by hand, random by the properties of its distribution."""

from statistics import fmean

import pytest

from tickloom.errors import ConfigError
from tickloom_plugins.venues.latency import Draws, Latency

MS = 1_000_000


def drawn(latency: Latency, count: int, seed: int = 7, venue: str = "one", back: bool = False) -> list[int]:
    draws = Draws(latency, seed, venue)
    return [draws.draw(back) for _ in range(count)]


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


def test_a_random_latency_adds_an_exponential_time_to_the_smallest() -> None:
    extra = [(ns - 2 * MS) / (4 * MS) for ns in drawn(RANDOM, 20_000)]
    assert min(extra) >= 0
    # mean 1 and median ln 2 = 0.693 of an exponential distribution; 20,000 draws are within 0.04 of either
    assert abs(fmean(extra) - 1) < 0.04
    assert abs(sorted(extra)[10_000] - 0.693) < 0.04


def test_a_random_latency_is_cut_at_twenty_times_its_jitter() -> None:
    class Slow:
        """A generator with one very long draw."""

        def expovariate(self, _rate: float) -> float:
            """Return far more than anybody draws."""
            return 1e9

    draws = Draws(RANDOM, 7, "one")
    draws._random = (Slow(), Slow())  # type: ignore[assignment]
    assert draws.draw(False) == 2 * MS + 80 * MS
    assert draws.draw(True) == 3 * MS + 80 * MS
    assert RANDOM.longest() == 165 * MS


def test_the_draws_depend_on_seed_venue_and_direction_alone() -> None:
    plain = drawn(RANDOM, 9)
    assert drawn(RANDOM, 9) == plain
    assert drawn(RANDOM, 9, seed=8) != plain
    assert drawn(RANDOM, 9, venue="two") != plain
    assert [ns - MS for ns in drawn(RANDOM, 9, back=True)] != plain
    # and not on how often the other direction has been asked
    draws = Draws(RANDOM, 7, "one")
    both = [(draws.draw(True), draws.draw(False))[1] for _ in range(9)]
    assert both == plain


@pytest.mark.parametrize("options", [{"kind": "random"}, {"jitter": "1ms"}])
def test_a_jitter_belongs_to_a_random_latency(options: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="jitter is above 0 if, and only if, kind = 'random'"):
        Latency(**options)  # type: ignore[arg-type]
