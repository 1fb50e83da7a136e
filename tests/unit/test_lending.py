"""Arrays lent to kernels: the same arrays, and only such as a kernel can take."""

import numpy as np
import pytest
from numba import njit

from tickloom_kernels.lending import cube, lend, matrix, vector


@njit
def _look(lent):
    """Read one number of each, write one, and tell the sizes."""
    one, two, three = vector(lent, 0), matrix(lent, 1), cube(lent, 2)
    one[1] = 7
    return one[2], two[1, 2], three[1, 0, 3], one.shape + two.shape + three.shape


def test_a_kernel_sees_and_changes_the_arrays_that_are_lent() -> None:
    one, two, three = np.arange(5), np.arange(6).reshape(2, 3), np.arange(24).reshape(2, 3, 4)

    assert _look(lend((one, two, three))) == (2, 5, 15, (5, 2, 3, 2, 3, 4))
    assert one.tolist() == [0, 7, 2, 3, 4]


@pytest.mark.parametrize(
    ("array", "words"),
    [
        pytest.param(np.zeros(3), "float64, shape \\(3,\\)", id="no integers"),
        pytest.param(np.zeros((4, 4), np.int64)[:, 0], "int64, shape \\(4,\\)", id="in pieces"),
        pytest.param(np.zeros((1, 1, 1, 1), np.int64), "int64, shape \\(1, 1, 1, 1\\)", id="too many dimensions"),
    ],
)
def test_what_no_kernel_could_take_is_refused_with_its_place(array: np.ndarray, words: str) -> None:
    with pytest.raises(ValueError, match=f"array 1 of those lent is not int64 in one piece: {words}"):
        lend((np.zeros(1, np.int64), array))
