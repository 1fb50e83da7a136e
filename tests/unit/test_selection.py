"""Which columns stay: each rule against scikit-learn or a case worked by hand, and the record of what was decided."""

from pathlib import Path

import numpy as np
import pytest

from tickloom.errors import DataError
from tickloom.evaluation.splits import purged_folds, stretches
from tickloom.features.selection import Rules, Selection, information, load_selection, select

feature_selection = pytest.importorskip("sklearn.feature_selection", reason="scikit-learn is the oracle")
metrics = pytest.importorskip("sklearn.metrics")
preprocessing = pytest.importorskip("sklearn.preprocessing")

NAMES = ("strong", "weak", "noise", "copy", "still", "flag")
TIMES = np.arange(1200)


def made() -> tuple[np.ndarray, np.ndarray]:
    """Make a target that follows two columns; beside them noise, a copy of the first, a constant, and a rare flag."""
    draw = np.random.default_rng(8)
    strong, weak, noise = draw.normal(size=(3, 1200))
    flag = np.zeros(1200)
    flag[::400] = 1.0
    copy = 1e6 * strong + 2e5 * draw.normal(size=1200)
    table = np.column_stack([strong, weak, noise, copy, np.full(1200, 0.1), flag])
    return table, 2 * strong + 0.7 * weak + 0.3 * draw.normal(size=1200)


def chosen(**rules) -> Selection:
    table, target = made()
    return select("view", NAMES, table, target, TIMES, Rules(**{"variance": 0.01, "information": 0.05, **rules}))


def test_what_stays_is_what_the_target_was_made_of() -> None:
    selection = chosen()
    assert selection.kept == ("strong", "weak")
    assert set(selection.dropped) == {"noise", "copy", "still", "flag"}


def test_the_record_says_why_each_column_fell() -> None:
    reasons = chosen().dropped
    assert reasons["still"] == "has variance 0 of a range of 1"
    assert reasons["flag"].startswith("has variance 0.002")
    assert reasons["noise"].startswith("tells 0.0")
    # 1 / sqrt(1 + 0.2^2) = 0.98.
    assert reasons["copy"].startswith("is correlated 0.98") and reasons["copy"].endswith("with strong")


def test_low_variance_is_what_scikit_learn_finds_low_on_columns_of_range_one() -> None:
    table, _ = made()
    oracle = feature_selection.VarianceThreshold(0.01).fit(preprocessing.MinMaxScaler().fit_transform(table))
    fallen = {name for name, reason in chosen().dropped.items() if "variance" in reason}
    assert fallen == {name for name, stays in zip(NAMES, oracle.get_support(), strict=True) if not stays}


def test_of_two_alike_the_more_important_one_stays() -> None:
    table, target = made()
    weights = dict.fromkeys(NAMES, 0.0) | {"copy": 2.0, "strong": 1.0}
    selection = select("view", NAMES, table, target, TIMES, Rules(variance=0.01, information=0.05), weights)
    assert selection.kept == ("weak", "copy")
    assert selection.dropped["strong"].endswith("with copy")


def test_what_is_alike_only_to_something_that_fell_stays() -> None:
    # Along a chain a - b - c neighbours are alike (cosine of 15 degrees, 0.966), a and c are not (0.866): b falls.
    draw = np.random.default_rng(1)
    plane = np.linalg.qr(np.column_stack([np.ones(500), draw.normal(size=(500, 2))]))[0][:, 1:]
    angles = np.radians([0, 15, 30])
    table = plane @ np.vstack([np.cos(angles), np.sin(angles)])
    weights = {"a": 3.0, "b": 2.0, "c": 1.0}
    rules = Rules(information=-1.0, correlation=0.95)
    assert select("view", ("a", "b", "c"), table, table[:, 0], np.arange(500), rules, weights).kept == ("a", "c")


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_neighbours_tell_the_information_that_scikit_learn_tells(rho: float) -> None:
    draw = np.random.default_rng(3)
    x = draw.normal(size=(2000, 2)) * [1, 1e6]
    y = rho * x[:, 0] + np.sqrt(1 - rho**2) * draw.normal(size=2000)
    oracle = feature_selection.mutual_info_regression(x, y, n_neighbors=3, random_state=0)
    np.testing.assert_allclose(information(x, y, "neighbours"), oracle, rtol=1e-9, atol=1e-9)


def test_neighbours_tell_of_columns_with_ties_what_scikit_learn_tells_but_for_the_noise() -> None:
    draw = np.random.default_rng(4)
    x = np.round(draw.normal(size=(3000, 1)))
    y = x[:, 0] + draw.normal(size=3000)
    oracle = feature_selection.mutual_info_regression(x, y, discrete_features=False, n_neighbors=3, random_state=0)
    np.testing.assert_allclose(information(x, y, "neighbours"), oracle, atol=0.02)


@pytest.mark.parametrize("estimator", ["binned", "neighbours"])
def test_information_of_gaussians_is_what_their_correlation_says(estimator) -> None:
    # -ln(1 - rho^2) / 2, the closed form.
    draw = np.random.default_rng(9)
    x = draw.normal(size=20_000)
    y = 0.8 * x + 0.6 * draw.normal(size=20_000)
    assert information(x[:, None], y, estimator)[0] == pytest.approx(-np.log(1 - 0.64) / 2, abs=0.03)


def test_binned_information_is_that_of_counts_less_the_bias_of_miller_and_madow() -> None:
    draw = np.random.default_rng(2)
    x = draw.normal(size=700)
    y = x + draw.normal(size=700)
    edges = np.arange(1, 16) / 16
    a, b = (np.searchsorted(np.quantile(one, edges), one, side="right") for one in (x, y))
    bias = (16 + 16 - len(set(zip(a, b, strict=True))) - 1) / (2 * 700)
    assert information(x[:, None], y)[0] == pytest.approx(metrics.mutual_info_score(a, b) + bias, abs=1e-12)


def test_binned_information_of_what_is_unrelated_is_nearly_nothing() -> None:
    # Without the correction it would be (15 * 15) / (2 * 2000) = 0.056 nats.
    draw = np.random.default_rng(6)
    told = information(draw.normal(size=(2000, 20)), draw.normal(size=2000))
    assert told.mean() < 0.02


def test_only_training_rows_decide() -> None:
    table, target = made()
    split = next(purged_folds(TIMES, TIMES + 10, 3, embargo=20))
    spoiled, wrong = table.copy(), target.copy()
    rest = np.setdiff1d(TIMES, split.train)
    spoiled[rest], wrong[rest] = 1e9, -1e9
    rules = Rules(variance=0.005, information=0.05)
    kept = select("view", NAMES, table, target, split.train, rules)
    assert select("view", NAMES, spoiled, wrong, split.train, rules) == kept
    # Tested on 0..399; labels reach to 409, and 20 more are under embargo.
    assert kept.rows == ((430, 1200),)


def test_rows_that_are_not_complete_are_left_out() -> None:
    table, target = made()
    with_warm_up = np.vstack([np.full((30, 6), np.nan), table])
    later = select(
        "view", NAMES, with_warm_up, np.concatenate([np.zeros(30), target]), np.arange(1230), Rules(variance=0.01)
    )
    assert later.information == select("view", NAMES, table, target, TIMES, Rules(variance=0.01)).information


def test_a_selection_is_read_as_it_was_written(tmp_path: Path) -> None:
    selection = chosen(estimator="neighbours")
    selection.save(tmp_path / "selection.json")
    assert load_selection(tmp_path / "selection.json") == selection
    assert load_selection(tmp_path / "selection.json").version == selection.version


def test_other_rules_are_another_version() -> None:
    assert chosen(correlation=0.94).version != chosen().version


def test_rows_are_said_in_stretches() -> None:
    assert stretches(np.array([0, 1, 2, 7, 9, 10])) == ((0, 3), (7, 8), (9, 11))


def test_too_few_complete_rows_are_refused() -> None:
    table, target = made()
    with pytest.raises(DataError, match="16 of 16 training rows are complete; 17 are needed"):
        select("view", NAMES, table, target, TIMES[:16])


def test_a_selection_of_nothing_is_refused() -> None:
    with pytest.raises(DataError, match="no column of 6 stays"):
        chosen(information=50.0)
