"""How long commands and news travel: constant, or random with a tail, drawn by venue and direction alone."""

from hashlib import sha256
from typing import Literal

import attrs
import numpy as np
from attrs import field
from numpy.typing import NDArray

from tickloom.errors import ConfigError
from tickloom.units import duration
from tickloom_kernels.orders import line as ln

#: Items that fit on a line at the start.
_CAPACITY = 256


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
        return self.out + self.feed + max(0, self.back - self.feed) + 2 * ln.LONGEST_JITTER * self.jitter

    def lines(self, seed: int, venue: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Make the two lines of a session, out and back; what they draw is keyed by (seed, venue, direction)."""
        fixed = {"out": self.out + self.feed, "back": max(0, self.back - self.feed)}
        out, back = (ln.new_line(_CAPACITY, fixed[way], self.jitter, _key(seed, venue, way)) for way in fixed)
        return out, back


def _key(seed: int, venue: str, way: str) -> int:
    """Return 64 bits that are another number for every seed, venue and direction."""
    return int.from_bytes(sha256(f"{seed}/{venue}/{way}".encode()).digest()[:8], "little")
