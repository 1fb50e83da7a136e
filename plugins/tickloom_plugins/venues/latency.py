"""How long commands and news travel: constant, or random with a tail, drawn by venue and direction alone."""

from random import Random
from typing import Literal

import attrs
from attrs import field

from tickloom.errors import ConfigError
from tickloom.units import duration

#: A random latency never exceeds its smallest by more than this many times the jitter.
LONGEST_JITTER = 20


@attrs.frozen
class Latency:
    """Latency of one venue session.

    Parameters
    ----------
    kind : str
        ``constant``: always ``out`` and ``back``. ``random``: to each an exponentially distributed time with mean
        ``jitter`` is added, cut at 20 times the jitter.
    out, back : duration
        From the gate to the venue, and from the venue to us.
    jitter : duration
        Mean of what chance adds.
    feed : duration
        How old market data are when we have them, where ``ts_init`` includes that delay. The loop runs the venue on
        ``ts_init``, so a command then travels ``out + feed`` and news ``max(0, back - feed)`` on that axis; exact
        where the delay is constant.
    """

    kind: Literal["constant", "random"] = "constant"
    out: int = field(default="1ms", converter=duration)  # type: ignore[assignment]  # converted like a given value
    back: int = field(default="1ms", converter=duration)  # type: ignore[assignment]
    jitter: int = field(default="0ms", converter=duration)  # type: ignore[assignment]
    feed: int = field(default="0ms", converter=duration)  # type: ignore[assignment]

    def __attrs_post_init__(self) -> None:
        if (self.kind == "random") != (self.jitter > 0):
            raise ConfigError("jitter is above 0 if, and only if, kind = 'random'")

    def longest(self) -> int:
        """Longest way out and back together (ns)."""
        return self.out + self.feed + max(0, self.back - self.feed) + 2 * LONGEST_JITTER * self.jitter


class Draws:
    """The latencies of one venue in the order they are needed: keyed by (seed, venue, direction)."""

    def __init__(self, latency: Latency, seed: int, venue: str) -> None:
        self._fixed = (latency.out + latency.feed, max(0, latency.back - latency.feed))
        self._jitter = latency.jitter
        self._random = (Random(f"{seed}/{venue}/out"), Random(f"{seed}/{venue}/back"))

    def draw(self, back: bool) -> int:
        """Return the next latency of a direction (ns)."""
        fixed = self._fixed[back]
        if self._jitter == 0:
            return fixed
        extra = self._random[back].expovariate(1.0) * self._jitter
        return fixed + int(min(extra, LONGEST_JITTER * self._jitter))
