"""The conformance suite of models finds every planted fault, and passes ours."""

import random
import time
from collections.abc import Callable
from typing import Any

import pytest

from tickloom.testing import ConformanceError, check_model
from tickloom.testing.actors import Rising
from tickloom_plugins.models.crossover import Crossover


def breach(factory: Callable[[], Any], *more: Any) -> str:
    with pytest.raises(ConformanceError) as caught:
        check_model(factory, *more)
    return str(caught.value)


def test_a_good_model_passes() -> None:
    assert check_model(Crossover, [[1.0, 2.0], [2.0, 1.0], [1.0, 2.0]], threshold=0.1).signals


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "up", 1j], ids=str)
def test_an_opinion_that_is_no_finite_number_is_found(value: Any) -> None:
    class Faulty:
        def predict(self, features: Any) -> Any:
            return value

    assert f"predict, vector 0: returned {value!r}" in breach(Faulty)


def test_a_look_at_the_clock_is_found() -> None:
    class Faulty:
        def predict(self, features: Any) -> float:
            return float(time.time_ns() // 1_000_000 % 2)

    told = breach(Faulty)
    assert "at another hour, with other dice" in told
    assert "no clock, no dice" in told


def test_dice_of_its_own_are_found() -> None:
    class Faulty:
        def predict(self, features: Any) -> float:
            return random.random()

    assert "vector 0: said" in breach(Faulty)


def test_what_models_share_is_found() -> None:
    class Faulty(Rising):
        sides: dict[int, float] = {}  # noqa: RUF012 - the fault

        def __init__(self) -> None:
            self._sides = self.sides

    assert "a second model, vector" in breach(Faulty)


def test_an_error_is_told_with_its_vector() -> None:
    """A model for two values that is given three."""
    assert "predict, vector 0: raised ConfigError('crossover takes a view of 2 values" in breach(Crossover, 3)


def test_a_model_that_never_speaks_was_not_checked() -> None:
    class Faulty:
        def predict(self, features: Any) -> None:
            return None

    assert "150 vectors: said nothing" in breach(Faulty)
