"""What features are worth to a model: against scikit-learn and closed forms, kept in order, compared by rank."""

from pathlib import Path

import numpy as np
import pytest

from tickloom.errors import DataError
from tickloom.evaluation.importance.log import ImportanceLog
from tickloom.evaluation.importance.measure import Importance, permutation_importance, rank_drift

stats = pytest.importorskip("scipy.stats", reason="scipy is an oracle")
inspection = pytest.importorskip("sklearn.inspection", reason="scikit-learn is an oracle")

WEIGHTS = np.array([3.0, -1.0, 0.0, 0.5])


def model(table: np.ndarray) -> np.ndarray:
    return table @ WEIGHTS


def less_error(truth: np.ndarray, answers: np.ndarray) -> float:
    return -float(((truth - answers) ** 2).mean())


def rows(count: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(3)
    table = draw.normal(size=(count, 4)) * [1, 2, 1, 4]
    return table, model(table) + draw.normal(size=count)


def test_a_linear_model_loses_twice_the_variance_that_a_column_brings_it() -> None:
    # Of y = Xb + e, shuffling column j adds 2 b_j^2 var(x_j) to the squared error.
    table, target = rows()
    mean, _ = permutation_importance(model, less_error, table, target)
    np.testing.assert_allclose(mean, 2 * WEIGHTS**2 * table.var(axis=0), rtol=0.05, atol=1e-12)


def test_importance_is_that_of_scikit_learn_but_for_the_shuffles() -> None:
    table, target = rows(2000)

    class Fitted:
        def fit(self) -> None: ...

        def predict(self, values: np.ndarray) -> np.ndarray:
            return model(values)

    def scored(fitted: Fitted, values: np.ndarray, truth: np.ndarray) -> float:
        return less_error(truth, fitted.predict(values))

    oracle = inspection.permutation_importance(Fitted(), table, target, scoring=scored, n_repeats=30, random_state=1)
    mean, spread = permutation_importance(model, less_error, table, target, repeats=30, seed=1)
    off = np.abs(mean - oracle.importances_mean)
    assert (off <= 4 * oracle.importances_std / np.sqrt(15) + 1e-12).all()
    np.testing.assert_allclose(spread, oracle.importances_std, rtol=0.5, atol=1e-12)


def test_the_same_seed_gives_the_same_shuffles_beside_other_columns() -> None:
    table, target = rows(500)
    whole, _ = permutation_importance(model, less_error, table, target, seed=7)
    first, _ = permutation_importance(lambda one: one @ WEIGHTS[:2] + table[:, 2:] @ WEIGHTS[2:], less_error,
                                      table[:, :2], target, seed=7)  # fmt: skip
    np.testing.assert_allclose(first, whole[:2], rtol=1e-9)


def test_measuring_leaves_the_table_as_it_was() -> None:
    table, target = rows(100)
    before = table.copy()
    permutation_importance(model, less_error, table, target)
    assert (table == before).all()


@pytest.mark.parametrize("seed", range(5))
def test_drift_of_ranks_is_what_scipy_says(seed: int) -> None:
    draw = np.random.default_rng(seed)
    # Whole numbers, so that there are ties.
    one, other = draw.integers(0, 12, (2, 30)).astype(float)
    names = [f"f{k}" for k in range(30)]
    spearman, kendall = rank_drift(dict(zip(names, one, strict=True)), dict(zip(names[::-1], other[::-1], strict=True)))
    assert spearman == pytest.approx(stats.spearmanr(one, other).statistic, abs=1e-12)
    assert kendall == pytest.approx(stats.kendalltau(one, other).statistic, abs=1e-12)


def test_features_that_only_one_window_has_are_not_compared() -> None:
    assert rank_drift({"a": 1.0, "b": 2.0, "gone": 9.0}, {"new": 0.0, "a": 5.0, "b": 4.0}) == (-1.0, -1.0)


@pytest.mark.parametrize("now", [{"a": 1.0}, {"a": 1.0, "b": 1.0}])
def test_ranks_of_nothing_are_refused(now: dict[str, float]) -> None:
    with pytest.raises(DataError, match="two that differ are needed"):
        rank_drift({"a": 1.0, "b": 2.0}, now)


def record(number: int, kind="permutation", of: str = "m1") -> Importance:
    return Importance(
        kind=kind, model=of, window=(number, number + 9), features={"a": 0.1 * number}, spread={"a": 0.01}
    )


def test_records_come_back_in_the_order_in_which_they_were_kept(tmp_path: Path) -> None:
    with ImportanceLog(tmp_path, write=True) as log:
        log.append([record(n) for n in range(3)])
    with ImportanceLog(tmp_path, write=True) as log:
        log.append([record(n) for n in range(3, 300)])
    with ImportanceLog(tmp_path) as log:
        assert list(log.records()) == [record(n) for n in range(300)]


def test_records_of_one_model_and_one_kind_can_be_asked_for(tmp_path: Path) -> None:
    kept = [record(0), record(1, of="m2"), record(2, kind="gain"), record(3)]
    with ImportanceLog(tmp_path, write=True) as log:
        log.append(kept)
        assert list(log.records(model="m1", kind="permutation")) == [kept[0], kept[3]]
