"""The integrated order-flow imbalance and the weights that are fitted for it.

Oracles: scikit-learn's principal components; a matrix of two flows whose component is known; and the flows at each
level, which are compared with their paper in `test_features_book_depth`, summed with the weights.
"""

import math
from pathlib import Path

import numpy as np
import pytest
from microstructure import BOOK, DEPTH, Floats, agrees, book_rows, run

from tickloom.errors import ConfigError, DataError
from tickloom.features import FittedTable
from tickloom.features.fitted.integrated_flow import KIND, fit_integrated_flow
from tickloom.features.fitted.table import load_table
from tickloom.features.plan import ViewPlan
from tickloom.testing import check_feature
from tickloom_plugins.features.indicators import book_depth as f
from tickloom_plugins.features.indicators.terms import total

ROWS = book_rows(1_500, 3)


def plan(levels: int = DEPTH) -> ViewPlan:
    return ViewPlan(BOOK, [f.order_flow_imbalance_level(level=m + 1) for m in range(levels)])


def flows(levels: int = DEPTH) -> Floats:
    return np.column_stack([*run(BOOK, ROWS, plan(levels).features).values()])


def fit(table: Floats, train: np.ndarray | None = None) -> FittedTable:
    times = 1_000_000_000 * np.arange(len(table))
    return fit_integrated_flow(plan(table.shape[1]), table, times, np.arange(len(table)) if train is None else train)


# --- weights ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("levels", [2, 3, DEPTH])
def test_the_weights_are_the_first_principal_component_of_scikit_learn_by_its_l1_norm(levels: int) -> None:
    decomposition = pytest.importorskip("sklearn.decomposition", reason="scikit-learn is the oracle")
    table, train = flows(levels), np.arange(1_000)
    oracle = decomposition.PCA().fit(table[1:1_000])
    (component, *_), (explained, *_) = oracle.components_, oracle.explained_variance_ratio_
    expected = component / np.abs(component).sum() * np.sign(component.sum())
    found = fit(table, train)
    np.testing.assert_allclose(found.numbers, expected, rtol=1e-10, atol=1e-12)
    assert dict(found.details)["explained"] == pytest.approx(explained, rel=1e-10)


def test_two_flows_whose_component_is_worked_by_hand() -> None:
    # Covariances 5, 2, 2, 2 (times 2/3): the eigenvalue 6 has the vector (2, 1), so that the weights are 2/3 and 1/3.
    table = np.array([[2.0, 1.0], [-2.0, -1.0], [1.0, -2.0], [-1.0, 2.0]]) * np.sqrt([[6.0], [6.0], [1.0], [1.0]])
    np.testing.assert_allclose(fit(table).numbers, [2 / 3, 1 / 3], rtol=1e-14)
    np.testing.assert_allclose(fit(-table[::-1] + 7).numbers, [2 / 3, 1 / 3], rtol=1e-14)
    assert dict(fit(table).details)["explained"] == pytest.approx(6 / 7, rel=1e-14)


def test_sizes_of_weights_sum_to_one_and_a_single_level_has_all_of_it() -> None:
    assert math.fsum(map(abs, fit(flows()).numbers)) == pytest.approx(1.0, rel=1e-15)
    assert fit(flows(1)).numbers == (1.0,)


def test_only_training_rows_with_all_flows_count() -> None:
    table, train = flows(), np.r_[0:400, 900:1_200]
    found = fit(table, train)
    assert (found.rows, found.times) == (((0, 400), (900, 1_200)), (0, 1_199_000_000_000))
    assert found.source == plan().version
    # The first row has no flow yet.
    assert dict(found.details)["rows with flows"] == 699
    table[400:900] = 1e9
    assert fit(table, train) == found
    table[1_199] = np.nan
    assert dict(fit(table, train).details)["rows with flows"] == 698


def test_what_cannot_be_fitted_is_refused() -> None:
    with pytest.raises(DataError, match="there are no training rows"):
        fit(flows(), np.arange(0))
    with pytest.raises(DataError, match="fewer than two training rows have a flow at every level"):
        fit(flows(), np.arange(2))
    with pytest.raises(DataError, match="the flows do not move in the training rows"):
        fit(np.ones((9, 3)))
    with pytest.raises(DataError, match="the view has 51 columns; weights are fitted for the flows at up to 50 levels"):
        fit(np.ones((9, 51)))


# --- the feature -----------------------------------------------------------------------------------------------------


def weighed(weights: tuple[float, ...]) -> list[float | None]:
    return [None, *(math.fsum(w * e for w, e in zip(weights, row, strict=True)) for row in flows()[1:].tolist())]


def test_the_integrated_flow_is_the_flows_at_all_levels_by_their_weights() -> None:
    weights = fit(flows())
    found = run(BOOK, ROWS, [f.integrated_order_flow_imbalance(weights=weights)])
    agrees(found[f"integrated_order_flow_imbalance_{weights.version[:8]}"], weighed(weights.numbers))


def test_without_weights_five_levels_count_the_same() -> None:
    found = run(BOOK, ROWS, [f.integrated_order_flow_imbalance()])
    agrees(found["integrated_order_flow_imbalance_unfitted"], weighed((0.2,) * 5))


def test_its_sum_is_the_integrated_flow_of_several_updates() -> None:
    weights = fit(flows())
    (found,) = run(BOOK, ROWS, [total(f.integrated_order_flow_imbalance(weights=weights), n=20)]).values()
    sums = [math.fsum(flows()[k - 19 : k + 1, m]) for k in (20, 777) for m in range(DEPTH)]
    expected = np.array(sums).reshape(2, DEPTH) @ weights.numbers
    np.testing.assert_allclose(found[[20, 777]], expected, rtol=1e-10)


def test_weights_of_levels_that_the_view_does_not_have_count_nothing() -> None:
    weights = FittedTable(kind=KIND, shape=(7,), numbers=(0.1,) * 5 + (0.25,) * 2, source="made up")
    (found,) = run(BOOK, ROWS, [f.integrated_order_flow_imbalance(weights=weights)]).values()
    agrees(found, weighed((0.1,) * 5))


def test_the_integrated_flow_of_fitted_weights_keeps_the_laws_of_features() -> None:
    check_feature(f.integrated_order_flow_imbalance, weights=fit(flows()))


def test_weights_are_read_from_their_file_and_are_no_microprice(tmp_path: Path) -> None:
    from tickloom.features.fitted.microprice import KIND as MICROPRICE

    weights, path = fit(flows()), tmp_path / "weights.json"
    weights.save(path)
    assert load_table(path, KIND) == weights
    with pytest.raises(DataError, match=r"weights.json holds no microprice table; it holds table of flow weights"):
        load_table(path, MICROPRICE)


def test_a_table_of_too_many_levels_is_refused() -> None:
    many = FittedTable(kind=KIND, shape=(51,), numbers=(0.0,) * 51, source="made up")
    with pytest.raises(
        ConfigError, match="is a table of flow weights of 51, it must be a table of flow weights of 1 to 50 levels"
    ):
        f.integrated_order_flow_imbalance(weights=many)
