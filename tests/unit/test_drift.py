"""Statistics of drift against scipy and cases worked by hand, and alerts: limit, window, silence."""

import math

import numpy as np
import pytest

from tickloom.evaluation.monitor import (
    Monitor,
    jensen_shannon,
    kolmogorov_smirnov,
    page_hinkley,
    population_stability,
)
from tickloom.events import Alert
from tickloom_kernels.statistics import drift

stats = pytest.importorskip("scipy.stats", reason="scipy is the oracle")
distance = pytest.importorskip("scipy.spatial.distance")

EDGES = np.array([0.0, 1.0])


def test_shares_count_a_value_on_an_edge_above_it() -> None:
    assert drift.shares(np.array([-5.0, 0.0, 0.5, 1.0]), EDGES).tolist() == [0.25, 0.5, 0.25]


def test_stability_index_of_a_worked_case() -> None:
    # (0.4 - 0.5) ln(0.4 / 0.5) + (0.6 - 0.5) ln(0.6 / 0.5) = 0.1 ln 1.5.
    assert drift.stability_index(np.array([0.5, 0.5]), np.array([0.4, 0.6])) == pytest.approx(0.1 * math.log(1.5))


def test_stability_index_of_an_empty_bin_takes_it_for_a_ten_thousandth() -> None:
    expected = (1e-4 - 0.5) * math.log(1e-4 / 0.5) + (1 - 0.5) * math.log(1 / 0.5)
    assert drift.stability_index(np.array([0.5, 0.5]), np.array([0.0, 1.0])) == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(4))
def test_jensen_shannon_is_the_square_of_scipys_distance(seed: int) -> None:
    p, q = np.random.default_rng(seed).dirichlet(np.full(8, 0.3), 2)
    p[0], q[1] = 0.0, 0.0
    p, q = p / p.sum(), q / q.sum()
    assert drift.jensen_shannon(p, q) == pytest.approx(distance.jensenshannon(p, q) ** 2, abs=1e-14)


def test_jensen_shannon_goes_from_nothing_to_the_logarithm_of_two() -> None:
    p, q = np.array([0.3, 0.7, 0.0]), np.array([0.0, 0.0, 1.0])
    assert drift.jensen_shannon(p, p) == 0.0
    assert drift.jensen_shannon(p, q) == pytest.approx(math.log(2), abs=1e-15)


@pytest.mark.parametrize(("m", "n"), [(1, 1), (3, 5), (10, 10), (40, 70), (90, 111), (100, 100)])
@pytest.mark.parametrize("moved", [0.0, 0.4, 3.0])
def test_kolmogorov_smirnov_is_scipys_with_its_exact_chance(m: int, n: int, moved: float) -> None:
    draw = np.random.default_rng(m * n)
    x, y = np.sort(draw.normal(size=m)), np.sort(draw.normal(moved, size=n))
    oracle = stats.ks_2samp(x, y, method="exact")
    found = drift.kolmogorov_smirnov(x, y)
    assert found == pytest.approx(oracle.statistic, abs=1e-15)
    assert drift.smirnov_p(found, m, n) == pytest.approx(oracle.pvalue, rel=1e-9)


def test_kolmogorov_smirnov_of_samples_with_ties_is_scipys() -> None:
    draw = np.random.default_rng(2)
    x, y = np.sort(draw.integers(0, 6, 50)).astype(float), np.sort(draw.integers(1, 7, 60)).astype(float)
    assert drift.kolmogorov_smirnov(x, y) == pytest.approx(stats.ks_2samp(x, y).statistic, abs=1e-15)


@pytest.mark.parametrize("found", [0.001, 0.01, 0.03, 0.05, 0.1, 0.5])
def test_chance_of_a_distance_between_large_samples_is_kolmogorovs_limit(found: float) -> None:
    z = found * math.sqrt(1000 * 2000 / 3000)
    assert drift.smirnov_p(found, 1000, 2000) == pytest.approx(stats.kstwobign.sf(z), rel=1e-9)


def literal_page_hinkley(values: list[float], delta: float, limit: float) -> int:
    """Page's test by its definition: every sum from the beginning, at every value."""
    means = [math.fsum(values[: k + 1]) / (k + 1) for k in range(len(values))]
    for k in range(len(values)):
        up = [math.fsum(values[i] - means[i] - delta for i in range(j + 1)) for j in range(k + 1)]
        down = [math.fsum(values[i] - means[i] + delta for i in range(j + 1)) for j in range(k + 1)]
        if up[-1] - min(0.0, *up) > limit or max(0.0, *down) - down[-1] > limit:
            return k
    return -1


@pytest.mark.parametrize("moved", [0.0, 1.5, -1.5])
@pytest.mark.parametrize("seed", range(3))
def test_page_hinkley_alarms_where_its_definition_does(moved: float, seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=160)
    values[80:] += moved
    state = np.zeros(drift.PH_WORDS)
    assert drift.page_hinkley(state, values, 0.2, 12.0) == literal_page_hinkley(values.tolist(), 0.2, 12.0)


def test_page_hinkley_is_the_same_in_pieces_and_begins_anew_after_an_alarm() -> None:
    values = np.concatenate([np.zeros(50), np.full(20, 3.0)])
    whole = np.zeros(drift.PH_WORDS)
    at = drift.page_hinkley(whole, values, 0.1, 5.0)
    pieces = np.zeros(drift.PH_WORDS)
    assert drift.page_hinkley(pieces, values[:30], 0.1, 5.0) == -1
    assert drift.page_hinkley(pieces, values[30:], 0.1, 5.0) == at - 30
    assert 50 <= at <= 53
    assert not whole.any()


def test_page_hinkley_finds_a_shift_soon_and_nothing_in_what_stands_still() -> None:
    for seed in range(10):
        values = np.random.default_rng(seed).normal(size=4000)
        assert drift.page_hinkley(np.zeros(drift.PH_WORDS), values[:2000], 0.3, 20.0) == -1
        values[2000:] += 1.0
        assert 2000 < drift.page_hinkley(np.zeros(drift.PH_WORDS), values, 0.3, 20.0) < 2100


# --- monitors --------------------------------------------------------------------------------------------------------


def mean(values: np.ndarray) -> float:
    return float(values.mean())


def told(monitor: Monitor, values: list[float], step: int = 1) -> list[tuple[int, Alert]]:
    found = []
    for k, value in enumerate(values):
        alert = monitor.update(k * step, value)
        if alert is not None:
            found.append((k, alert))
    return found


def test_an_alert_says_what_exceeded_which_limit_over_how_many_values() -> None:
    alerts = told(Monitor("views.cross rsi_14", mean, 1.5, window=4), [1, 1, 1, 1, 2, 2, 2, 3])
    assert alerts == [(7, Alert(7, "views.cross rsi_14", "mean is 2.25 over the last 4 values, the limit is 1.5"))]


def test_a_statistic_at_its_limit_is_no_alert() -> None:
    assert told(Monitor("m", mean, 2.0, window=2), [2, 2]) == []


def test_after_an_alert_there_is_silence_until_the_cool_down_is_over() -> None:
    alerts = told(Monitor("m", mean, 0.0, window=2, cooldown=50), [1.0] * 20, step=10)
    # Windows are full at 10, 30, 50, ...; silent until 60, then until 120.
    assert [k * 10 for k, _ in alerts] == [10, 70, 130, 190]


def test_a_value_that_is_not_there_is_passed_over() -> None:
    assert [k for k, _ in told(Monitor("m", mean, 0.0, window=2), [1, math.nan, 1])] == [2]


def test_a_statistic_that_is_no_number_is_no_alert() -> None:
    assert told(Monitor("m", lambda values: math.nan, 0.0, window=1), [1.0]) == []


@pytest.mark.parametrize(
    ("statistic", "limit"), [(population_stability, 0.25), (jensen_shannon, 0.05), (kolmogorov_smirnov, 6.0)]
)
def test_a_moved_distribution_is_told_and_a_resting_one_is_not(statistic, limit: float) -> None:
    draw = np.random.default_rng(12)
    monitor = Monitor("feature", statistic(draw.normal(size=5000)), limit, window=250)
    assert told(monitor, draw.normal(size=5000).tolist()) == []
    # All of it in the middle: mean and median are as before.
    assert told(monitor, draw.normal(0, 0.4, size=250).tolist())


def test_a_change_of_the_mean_is_told_once_by_a_monitor_that_remembers_the_windows_before() -> None:
    draw = np.random.default_rng(3)
    values = np.concatenate([draw.normal(size=1000), draw.normal(1, size=1000)])
    alerts = told(Monitor("error of m1", page_hinkley(0.3, 20.0), 0.0, window=50), values.tolist())
    assert len(alerts) == 1
    assert 1000 < alerts[0][0] < 1100
    assert alerts[0][1].text == "changes of the mean is 1 over the last 50 values, the limit is 0"


def test_unlikeliness_is_the_logarithm_of_scipys_chance() -> None:
    draw = np.random.default_rng(1)
    reference, now = draw.normal(size=60), draw.normal(1, size=50)
    expected = -np.log10(stats.ks_2samp(reference, now, method="exact").pvalue)
    assert kolmogorov_smirnov(reference)(now) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("wrong", [{"window": 0}, {"window": 5, "cooldown": -1}, {"window": 5, "limit": math.inf}])
def test_a_monitor_of_nothing_is_refused(wrong) -> None:
    with pytest.raises(ValueError, match="above 0, 0 or more, a finite number"):
        Monitor("m", mean, **{"limit": 1.0, **wrong})


def test_a_reference_that_is_too_small_is_refused() -> None:
    with pytest.raises(ValueError, match="a reference of 3 finite values is too small; 10 are needed"):
        population_stability([1.0, 2.0, 3.0, math.nan])
