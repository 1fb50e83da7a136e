"""The conformance suite of features finds every planted fault, and passes ours."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tickloom.testing import ConformanceError, check_feature
from tickloom_plugins.features.ema import Ema


class Mean:
    """The mean of all values so far; each test below breaks one thing of it."""

    outputs: Any = ("mean",)

    def initial(self) -> Any:
        return np.zeros(2)

    def run(self, state: Any, values: Any, out: Any) -> None:
        for k, value in enumerate(values):
            state += (1.0, value)
            out[k, 0] = state[1] / state[0] if state[0] > 2 else np.nan


def breach(factory: Callable[[], Any], *more: Any) -> str:
    with pytest.raises(ConformanceError) as caught:
        check_feature(factory, *more)
    return str(caught.value)


def test_a_good_feature_passes() -> None:
    check_feature(Mean, 3)
    check_feature(Ema, 20, n=20)


def test_no_names_are_found() -> None:
    class Faulty(Mean):
        outputs = ()

    assert "outputs: is []" in breach(Faulty)


@pytest.mark.parametrize("state", [[0.0, 0.0], np.zeros(2, np.float32), np.zeros((1, 2))], ids=["list", "f4", "2d"])
def test_a_state_that_is_no_array_of_float64_is_found(state: Any) -> None:
    class Faulty(Mean):
        def initial(self) -> Any:
            return state

    assert "initial: is" in breach(Faulty)


def test_one_state_for_all_is_found() -> None:
    class Faulty(Mean):
        state = np.zeros(2)

        def initial(self) -> Any:
            return self.state

    assert "gives one array twice" in breach(Faulty)


def test_memory_outside_the_state_is_found() -> None:
    class Faulty(Mean):
        last = 0.0

        def run(self, state: Any, values: Any, out: Any) -> None:
            super().run(state, values, out)
            for k, value in enumerate(values):
                out[k, 0] += value - self.last
                self.last = value

    assert "the rule" in breach(Faulty)


def test_a_look_ahead_is_found() -> None:
    class Faulty(Mean):
        def run(self, state: Any, values: Any, out: Any) -> None:
            super().run(state, values, out)
            out[2:, 0] -= values.mean()

    told = breach(Faulty)
    assert "over the first" in told
    assert "a step depends on values up to its own only" in told


def test_bits_that_depend_on_the_pieces_are_found() -> None:
    """A vectorised sum rounds otherwise than a running one: the classic difference between batch and stream."""

    class Faulty(Mean):
        def run(self, state: Any, values: Any, out: Any) -> None:
            out[:, 0] = (state[1] + np.cumsum(values)) / (state[0] + 1 + np.arange(len(values)))
            state += (len(values), values.sum())

    assert "in pieces of" in breach(Faulty)


def test_a_value_that_is_not_written_is_found() -> None:
    class Faulty(Mean):
        def run(self, state: Any, values: Any, out: Any) -> None:
            super().run(state, values[1:], out[1:])

    assert "run, row 0: left a value of out as it was" in breach(Faulty)


def test_a_value_beside_the_own_columns_is_found() -> None:
    class Faulty(Mean):
        def run(self, state: Any, values: Any, out: Any) -> None:
            super().run(state, values, out)
            np.lib.stride_tricks.as_strided(out, (len(out), 2), out.strides)[:, 1] = 0.0

    assert "wrote beside its 1 columns" in breach(Faulty)


def test_changed_values_are_found() -> None:
    class Faulty(Mean):
        def run(self, state: Any, values: Any, out: Any) -> None:
            values -= 1.0
            super().run(state, values, out)

    assert "changed its values" in breach(Faulty)


def test_nan_after_the_warm_up_is_found() -> None:
    class Faulty(Mean):
        def run(self, state: Any, values: Any, out: Any) -> None:
            super().run(state, values, out)
            out[values == 60_000 * 0.1, 0] = np.nan

    assert "output mean, row" in breach(Faulty, None, np.array([1.0, 2.0, 3.0, 4.0, 6000.0, 5.0]))


def test_a_feature_that_never_warms_up_is_found() -> None:
    assert "is NaN for all 5 values" in breach(lambda: Ema(9), None, [1.0, 2.0, 3.0, 4.0, 5.0])


def test_another_warm_up_than_told_is_found() -> None:
    assert "comes with value 3, not 2" in breach(Mean, 2)


def test_an_error_is_told_with_its_cause() -> None:
    class Faulty(Mean):
        def run(self, state: Any, values: Any, out: Any) -> None:
            raise IndexError("beyond")

    assert "run: raised IndexError('beyond')" in breach(Faulty)
