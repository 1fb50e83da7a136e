"""The exponential moving average as a feature: follows a price closely or slowly, by one number."""

import attrs
import numpy as np
from numpy.typing import NDArray

from tickloom.errors import ConfigError
from tickloom_kernels.indicators import ema


def _check_length(_feature: "Ema", _field: "attrs.Attribute[int]", value: object) -> None:
    """Refuse a length that gives no average."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigError(f"ema: n is {value!r}, it must be a whole number of values, at least 1")


@attrs.frozen
class Ema:
    """Weighs every value ``1 - 2 / (n + 1)`` as much as the next one.

    Seeded with the first value, NaN until n values have been seen, in the unit of the values
    (`tickloom_kernels.indicators.ema`).

    Attributes
    ----------
    n : int
        Length, at least 1; the larger, the slower.
    """

    n: int = attrs.field(validator=_check_length)

    @property
    def outputs(self) -> tuple[str]:
        """Name of the one value of a step."""
        return ("ema",)

    def initial(self) -> NDArray[np.float64]:
        """State before the first value: float64, one dimension."""
        return ema.new_state(self.n)

    def run(self, state: NDArray[np.float64], values: NDArray[np.float64], out: NDArray[np.float64]) -> None:
        """Step through ``values`` (float64, shape (n,)), writing ``out`` (float64, shape (n, 1))."""
        ema.run(state, values, out)
