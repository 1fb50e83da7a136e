"""Statistics of series that were made with a known memory, against what that memory gives."""

import math

import numpy as np
import pytest
from literals import Floats, of_closes

from tickloom.features.columns import BAR
from tickloom.features.plan import ViewPlan
from tickloom.features.view import FeatureView
from tickloom_plugins.features.indicators import series


def walk(count: int, seed: int = 5) -> Floats:
    return np.asarray(np.random.default_rng(seed).normal(size=count))


def recursion(noise: Floats, keep: float) -> Floats:
    """Make an autoregression of order 1 about 100."""
    found = [0.0]
    for shock in noise:
        found.append(keep * found[-1] + shock)
    return 100 + np.array(found)


def test_half_life_of_an_autoregression_is_that_of_its_coefficient() -> None:
    found = of_closes(series.half_life(n=5000), recursion(walk(5000), 0.9))[-1]
    # ln 2 / 0.1 = 6.93; the slope has a deviation of sqrt(0.19 / 5000) = 0.006.
    assert found == pytest.approx(math.log(2) / 0.1, rel=0.2)


def test_half_life_of_what_runs_away_is_the_window() -> None:
    assert of_closes(series.half_life(n=30), np.exp(np.arange(60) / 50.0))[-1] == 30


@pytest.mark.parametrize(("power", "exponent"), [(0, 0.5), (1, 1.5)])
def test_detrended_fluctuation_tells_noise_from_a_walk(power: int, exponent: float) -> None:
    returns = walk(4096) if power == 0 else np.cumsum(walk(4096))
    found = of_closes(series.detrended_fluctuation(n=4096), np.exp(np.concatenate([[0.0], np.cumsum(returns)]) / 1e3))
    assert found[-1] == pytest.approx(exponent, abs=0.06)


def test_hurst_exponent_of_noise_is_above_a_half_by_the_bias_of_small_blocks() -> None:
    found = of_closes(series.hurst(n=4096), np.exp(np.concatenate([[0.0], np.cumsum(walk(4096))]) / 100))
    assert 0.5 < found[-1] < 0.65


def test_variance_ratio_tells_trends_from_turns() -> None:
    noise = np.concatenate([[0.0], walk(3000)])
    trends, turns = noise[1:] + 0.5 * noise[:-1], noise[1:] - 0.5 * noise[:-1]
    found = [
        of_closes(series.variance_ratio(n=2000, q=2), np.exp(np.cumsum(returns) / 1e3))[-1]
        for returns in (trends, noise, turns)
    ]
    # VR(2) = 1 + the autocorrelation at lag 1, which is 0.4, 0 and -0.4.
    assert found == pytest.approx([1.4, 1.0, 0.6], abs=0.07)


@pytest.mark.parametrize(("order", "expected"), [(0.0, [1.0, 2.0, 4.0, 8.0]), (1.0, [np.nan, 1.0, 2.0, 4.0])])
def test_whole_orders_of_the_fractional_difference_are_the_series_and_its_changes(
    order: float, expected: list[float]
) -> None:
    found = of_closes(series.fractional_difference(d=order), np.array([1.0, 2.0, 4.0, 8.0]))
    np.testing.assert_array_equal(found, expected)


def test_cusum_filter_gives_an_event_where_the_sum_passes_the_threshold() -> None:
    # Returns of a quarter up and down, deviation 0.25, then three rises: their sum passes two deviations at the third.
    returns = [0.25, -0.25] * 4 + [0.25] * 3
    closes = np.exp(np.concatenate([[0.0], np.cumsum(returns)]))
    found = of_closes(series.cusum_filter(n=8, threshold=2.5), closes)
    assert found[-3:].tolist() == [0.0, 0.0, 1.0]


def test_recursive_beta_finds_the_line_on_which_all_pairs_lie() -> None:
    rows = np.ones((50, BAR.width))
    rows[:, 4] = walk(50)
    rows[:, 3] = 3 + 2 * rows[:, 4]
    found = FeatureView(ViewPlan(BAR, [series.recursive_beta()])).run(rows)[0]
    np.testing.assert_allclose(found[2:], np.tile([2.0, 3.0, 0.0], (48, 1)), atol=1e-13)
