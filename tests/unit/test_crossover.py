"""The crossover model: when it speaks, and what it says. Values are (fast, slow), expectations worked by hand."""

from typing import Any

import pytest

from tickloom.errors import ConfigError
from tickloom.events import Features
from tickloom_plugins.models.crossover import Crossover


def say(model: Crossover, fast: float, slow: float, instrument: int = 0) -> float | None:
    """Show the model one vector."""
    return model.predict(Features(ts_init=1, view=0, instrument=instrument, values=(fast, slow)))


def test_the_first_side_is_a_change() -> None:
    assert say(Crossover(), 101.0, 100.0) == 1.0
    assert say(Crossover(), 99.0, 100.0) == -1.0


def test_it_is_silent_while_the_side_holds() -> None:
    model = Crossover()
    assert [say(model, fast, 100.0) for fast in (101.0, 102.0, 99.0, 98.0, 101.0)] == [1.0, None, -1.0, None, 1.0]


def test_equal_averages_keep_the_side() -> None:
    model = Crossover()
    assert [say(model, fast, 100.0) for fast in (100.0, 101.0, 100.0, 101.0)] == [None, 1.0, None, None]


def test_within_the_threshold_the_side_holds() -> None:
    # A hundredth of 100 is 1: 1 is within, 1.5 is beyond.
    model = Crossover(threshold=0.01)
    assert [say(model, fast, 100.0) for fast in (101.0, 101.5, 99.0, 98.5)] == [None, 1.0, None, -1.0]


def test_the_threshold_is_relative_to_the_size_of_negative_values_too() -> None:
    model = Crossover(threshold=0.01)
    assert [say(model, fast, -100.0) for fast in (-100.5, -102.0)] == [None, -1.0]


def test_instruments_are_followed_apart() -> None:
    model = Crossover()
    assert [say(model, 2.0, 1.0, instrument) for instrument in (0, 1, 0, 1)] == [1.0, 1.0, None, None]


def test_numbers_that_are_missing_say_nothing() -> None:
    assert say(Crossover(), float("nan"), 100.0) is None


def test_a_view_of_another_size_is_an_error_that_says_so() -> None:
    with pytest.raises(ConfigError, match=r"2 values \(fast, slow\), this one has 3"):
        Crossover().predict(Features(ts_init=1, view=0, instrument=0, values=(1.0, 2.0, 3.0)))


@pytest.mark.parametrize("threshold", [-0.1, float("nan"), float("inf"), True, "1"])
def test_a_threshold_that_is_no_share_is_refused(threshold: Any) -> None:
    with pytest.raises(ConfigError, match="threshold is"):
        Crossover(threshold=threshold)
