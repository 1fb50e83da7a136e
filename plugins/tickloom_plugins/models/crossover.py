"""The plainest model: a fast average above a slow one says long, below it short."""

import attrs

from tickloom.errors import ConfigError
from tickloom.events import Features


def _share(value: object) -> float:
    """Read a threshold: a number, 0 or more (a config may write 0 for 0.0)."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise ConfigError(f"crossover: threshold is {value!r}, it must be a number of 0 or more, such as 0.001")
    return float(value)


@attrs.define
class Crossover:
    """Says when the faster of two averages has changed sides, and is silent in between.

    The value of its `Signal` is +1.0 when the fast one has come above the slow one, -1.0 when it has come below; the
    first side of an instrument counts as a change. Each instrument is followed by itself.

    Attributes
    ----------
    threshold : float
        By which part of the slow value the two must differ (0.001: a thousandth) before a side is taken; within it the
        last side holds, so that a market that goes nowhere does not flip it with every tick.
    """

    threshold: float = attrs.field(default=0.0, converter=_share)
    _sides: dict[int, float] = attrs.field(factory=dict, init=False, repr=False)

    def predict(self, features: Features) -> float | None:
        """Return +1.0 or -1.0 at a change of sides, else None.

        Parameters
        ----------
        features : Features
            Two values: the fast average, then the slow one, in the same unit.

        Raises
        ------
        ConfigError
            The view has another number of values.
        """
        try:
            fast, slow = features.values
        except ValueError:
            count = len(features.values)
            raise ConfigError(f"crossover takes a view of 2 values (fast, slow), this one has {count}") from None
        gap = fast - slow
        if not abs(gap) > self.threshold * abs(slow):
            return None
        side = 1.0 if gap > 0.0 else -1.0
        if self._sides.get(features.instrument) == side:
            return None
        self._sides[features.instrument] = side
        return side
