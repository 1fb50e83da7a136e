"""Rolling sums, moments and extremes against a literal two-pass answer, before and after an outlier."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from tickloom.features.columns import BAR
from tickloom.features.plan import ViewPlan
from tickloom.features.view import FeatureView
from tickloom.testing.conformance.feature import check_features
from tickloom_plugins.features.indicators import terms

LENGTHS = (1, 2, 5, 20, 33)
#: Where the outlier stands.
SPIKE = 1000


def mean(x: np.ndarray) -> float:
    return math.fsum(x) / len(x)


def variance(x: np.ndarray) -> float:
    return math.fsum((x - mean(x)) ** 2) / len(x)


def covariance(x: np.ndarray, y: np.ndarray) -> float:
    return math.fsum((x - mean(x)) * (y - mean(y))) / len(x)


@pytest.fixture(scope="module")
def ran() -> tuple[np.ndarray, dict[str, np.ndarray]]:
    rows = 100 + np.cumsum(np.random.default_rng(1).normal(size=(3000, BAR.width)), axis=0) / 10
    rows[:, BAR.column("time")] = 60.0 * np.arange(3000)
    rows[SPIKE, 3] *= 1e12
    rows[1500:1600, 3] = rows[1500, 3]
    all_of = (terms.total, terms.moments, terms.comoments, terms.weighted, terms.highest, terms.lowest)
    plan = ViewPlan(BAR, [one(n=n) for n in LENGTHS for one in all_of])
    out, _ = FeatureView(plan).run(rows)
    return rows, dict(zip(plan.names, out.T, strict=True))


def test_every_term_keeps_the_laws_of_features() -> None:
    check_features(
        [one(n=7) for one in (terms.total, terms.moments, terms.comoments, terms.highest, terms.lowest)]
        + [terms.true_range(), terms.typical_price(), terms.log_return(n=3)]
    )


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize(
    ("name", "truth"),
    [("total_{}", math.fsum), ("moments_{}.mean", mean), ("moments_{}.variance", variance), ("highest_{}", max),
     ("lowest_{}", min)],
)  # fmt: skip
def test_a_number_of_the_last_values_is_what_two_passes_give(
    n: int, name: str, truth: Callable[[np.ndarray], float], ran: tuple[np.ndarray, dict[str, np.ndarray]]
) -> None:
    rows, found = ran
    got, close = found[name.format(n)], rows[:, 3]
    expected = np.array([np.nan] * (n - 1) + [truth(close[k - n + 1 : k + 1]) for k in range(n - 1, len(close))])
    assert (np.isnan(got) == np.isnan(expected)).all()
    for span in (slice(n - 1, SPIKE), slice(SPIKE + n, None)):
        assert np.abs(got[span] - expected[span]).max() <= 2e-12 * np.abs(expected[span]).max()


@pytest.mark.parametrize("n", LENGTHS)
def test_a_covariance_is_what_two_passes_give(n: int, ran: tuple[np.ndarray, dict[str, np.ndarray]]) -> None:
    rows, found = ran
    got = found[f"comoments_{n}.covariance"]
    for k in (n - 1, 500, SPIKE + n, 2000, 2999):
        expected = covariance(rows[k - n + 1 : k + 1, 3], rows[k - n + 1 : k + 1, 4])
        assert got[k] == pytest.approx(expected, rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("n", LENGTHS)
def test_a_weighted_mean_is_what_its_weights_give(n: int, ran: tuple[np.ndarray, dict[str, np.ndarray]]) -> None:
    rows, found = ran
    weights = np.arange(1, n + 1)
    got = found[f"weighted_{n}.base"] + found[f"weighted_{n}.weighted"] / weights.sum()
    for k in (n - 1, 500, SPIKE + n, 1700, 2999):
        assert got[k] == pytest.approx(math.fsum(rows[k - n + 1 : k + 1, 3] * weights) / weights.sum(), rel=1e-13)


def test_a_log_return_is_the_difference_of_logarithms() -> None:
    rows = np.ones((50, BAR.width))
    rows[:, 3] = 100 + np.arange(50) % 7
    out, _ = FeatureView(ViewPlan(BAR, [terms.log_return(n=3)])).run(rows)
    logs = np.log(rows[:, 3])
    assert out[3:, 0] == pytest.approx(logs[3:] - logs[:-3], rel=1e-12, abs=1e-15)
