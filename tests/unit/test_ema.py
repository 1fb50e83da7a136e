"""The exponential moving average against a plain loop over Python floats, bit for bit."""

import math
import random
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from tickloom.errors import ConfigError
from tickloom_plugins.features.ema import Ema


def prices(count: int) -> list[float]:
    """Make a random walk around 60,000."""
    rng = random.Random(5)
    walk = [60_000.0]
    for _ in range(count - 1):
        walk.append(walk[-1] + rng.gauss(0.0, 10.0))
    return walk


def averages(feature: Ema, values: list[float], cuts: Sequence[int] = ()) -> list[float]:
    """Run the feature over values in the pieces between cuts."""
    state = feature.initial()
    found: list[float] = []
    edges = [0, *cuts, len(values)]
    for start, end in pairwise(edges):
        out = np.empty((end - start, 1))
        feature.run(state, np.array(values[start:end]), out)
        found += out[:, 0].tolist()
    return found


@pytest.mark.parametrize("n", [1, 2, 20])
def test_the_average_equals_a_plain_loop_bit_for_bit(n: int) -> None:
    values = prices(300)
    alpha, average = 2.0 / (n + 1.0), values[0]
    expected = []
    for value in values:
        average = average + alpha * (value - average)
        expected.append(average)
    found = averages(Ema(n=n), values)
    assert all(math.isnan(value) for value in found[: n - 1])
    assert found[n - 1 :] == expected[n - 1 :]


def test_three_values_worked_by_hand() -> None:
    # alpha = 2 / 4; 8, then 8 + (16 - 8) / 2 = 12, then 12 + (4 - 12) / 2 = 8.
    assert averages(Ema(n=3), [8.0, 16.0, 4.0])[2] == 8.0


def test_any_split_gives_the_same_bits() -> None:
    values, rng = prices(200), random.Random(9)
    whole = np.array(averages(Ema(n=20), values)).tobytes()
    for _ in range(20):
        cuts = sorted(rng.randrange(201) for _ in range(5))
        assert np.array(averages(Ema(n=20), values, cuts)).tobytes() == whole


def test_a_feature_gives_every_caller_a_state_of_its_own() -> None:
    feature = Ema(n=2)
    averages(feature, [1.0, 2.0, 3.0])
    assert math.isnan(averages(feature, [5.0])[0])


@pytest.mark.parametrize("n", [0, -3, True, 2.0])
def test_a_length_that_gives_no_average_is_refused(n: Any) -> None:
    with pytest.raises(ConfigError, match=r"n is .* at least 1"):
        Ema(n=n)
