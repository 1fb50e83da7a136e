"""Downsampling for pictures: which points survive. Oracles: worked by hand, and numpy's own minimum and maximum."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn
from numpy.typing import NDArray

from tickloom_kernels.downsample import extremes


def test_a_short_series_is_kept_whole() -> None:
    # 6 points, 2 buckets: 2 * 2 + 2 = 6 fit.
    assert extremes(np.array([5.0, 1.0, 2.0, 9.0, 4.0, 3.0]), 2).tolist() == [0, 1, 2, 3, 4, 5]


def test_every_bucket_gives_its_lowest_and_its_highest_point_in_order_of_time() -> None:
    # By hand: buckets [0, 6) and [6, 12); lows at 4 and 7, highs at 2 and 10, plus the first and the last point.
    values = np.array([3.0, 4.0, 9.0, 2.0, 1.0, 5.0, 6.0, 0.0, 7.0, 3.0, 8.0, 4.0])
    assert extremes(values, 2).tolist() == [0, 2, 4, 7, 10, 11]


def test_a_constant_bucket_gives_one_point() -> None:
    # By hand: both extremes of a constant bucket are its first point.
    assert extremes(np.ones(10), 2).tolist() == [0, 5, 9]


def test_not_a_number_is_never_an_extreme_but_a_gap_stays() -> None:
    # By hand: bucket [0, 5) has 2.0 at 2 and 7.0 at 4; bucket [5, 10) is all NaN and keeps its first point.
    values = np.array([np.nan, 3.0, 2.0, np.nan, 7.0, *[np.nan] * 5])
    assert extremes(values, 2).tolist() == [0, 2, 4, 5, 9]


@pytest.mark.parametrize("buckets", [1, 7, 2000])
@given(values=stn.arrays(np.float64, st.integers(1, 60), elements=st.floats(-1e9, 1e9)))
def test_minimum_and_maximum_of_the_series_survive(values: NDArray[np.float64], buckets: int) -> None:
    chosen = extremes(values, buckets)
    assert values[chosen].min() == values.min()
    assert values[chosen].max() == values.max()
    assert (np.diff(chosen) > 0).all()
    assert chosen[0] == 0
    assert chosen[-1] == len(values) - 1
    assert len(chosen) <= 2 * buckets + 2
