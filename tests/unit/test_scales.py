"""Scales fitted on a window: against scikit-learn's scalers, and as files that belong to one view."""

import json
from pathlib import Path

import numpy as np
import pytest

from tickloom.errors import ConfigError, DataError
from tickloom.evaluation.splits import purged_folds
from tickloom.features.columns import BAR
from tickloom.features.plan import Scale, ViewPlan
from tickloom.features.scaling import Scales, fit_scales, load_scales, read_scales
from tickloom.features.view import FeatureView
from tickloom.testing.numbers import rows_of
from tickloom_kernels.statistics import scaling
from tickloom_plugins.features.indicators import averages, terms

preprocessing = pytest.importorskip("sklearn.preprocessing", reason="scikit-learn is the oracle")


def table(seed: int = 4, rows: int = 501) -> np.ndarray:
    """Columns far from 0, in small units, constant, with ties, and with NaN at the beginning and in between."""
    draw = np.random.default_rng(seed)
    values = draw.normal(size=(rows, 6)) * [1, 1e-7, 0, 3, 1e6, 1] + [0, 1, 0.1, 100, 5e6, -2]
    values[:, 3] = np.round(values[:, 3])
    values[:20, 4] = values[100, 4] = values[:7, 5] = np.nan
    return values


def test_standard_scales_are_those_of_scikit_learn() -> None:
    oracle = preprocessing.StandardScaler().fit(table())
    factors, offsets = scaling.standard(table()).T
    np.testing.assert_allclose(factors, 1 / oracle.scale_, rtol=1e-9)
    np.testing.assert_allclose(-offsets / factors, oracle.mean_, rtol=1e-12, atol=1e-15)


def test_minmax_scales_are_those_of_scikit_learn_bit_for_bit() -> None:
    oracle = preprocessing.MinMaxScaler().fit(table())
    assert scaling.minmax(table()).T.tolist() == [oracle.scale_.tolist(), oracle.min_.tolist()]


@pytest.mark.parametrize("rows", [500, 501, 502, 503])
def test_robust_scales_have_the_medians_and_quartiles_of_scikit_learn_bit_for_bit(rows: int) -> None:
    oracle = preprocessing.RobustScaler().fit(table(rows=rows))
    factors, offsets = scaling.robust(table(rows=rows)).T
    assert factors.tolist() == (1 / oracle.scale_).tolist()
    assert offsets.tolist() == (-oracle.center_ * factors).tolist()


@pytest.mark.parametrize("fit", [scaling.standard, scaling.minmax, scaling.robust])
def test_a_constant_column_is_moved_and_not_stretched(fit) -> None:
    # Ten times 0.1 do not sum to 1: the mean of equal values, taken carelessly, is another value.
    assert fit(np.full((10, 1), 0.1)).tolist() == [[1.0, -0.1]]


@pytest.mark.parametrize("fit", [scaling.standard, scaling.minmax, scaling.robust])
def test_the_unit_of_a_column_changes_its_factor_and_nothing_else(fit) -> None:
    small = table()[:, :1] * 2.0**-60
    assert (fit(small)[:, 0] == fit(table()[:, :1])[:, 0] * 2.0**60).all()
    assert (fit(small)[:, 1] == fit(table()[:, :1])[:, 1]).all()


def test_a_column_without_a_value_has_no_scale() -> None:
    assert np.isnan(scaling.standard(np.full((5, 1), np.nan))).all()


# --- of a view -------------------------------------------------------------------------------------------------------


def plan(n: int = 5, scales: dict[str, Scale] | None = None) -> ViewPlan:
    return ViewPlan(BAR, [averages.sma(n=n), terms.moments(n=20)], scales=scales)


def computed(of: ViewPlan) -> np.ndarray:
    return FeatureView(of).run(rows_of(BAR, 600))[0]


TIMES = 1_700_000_000_000_000_000 + 60_000_000_000 * np.arange(600)


def fitted(method="standard") -> Scales:
    return fit_scales(plan(), computed(plan()), TIMES, np.arange(400), method)


def test_a_scaled_view_gives_what_the_scaler_makes_of_an_unscaled_one(tmp_path: Path) -> None:
    fitted().save(tmp_path / "scales.json")
    raw = computed(plan())
    oracle = preprocessing.StandardScaler().fit(raw[:400])
    scaled = computed(plan(scales=dict(read_scales(tmp_path / "scales.json", plan()))))
    np.testing.assert_allclose(scaled, oracle.transform(raw), rtol=1e-9, atol=1e-9)


def test_a_scaled_view_gives_row_by_row_the_bits_of_all_rows_at_once() -> None:
    view = FeatureView(plan(scales=dict(fitted().scales)))
    rows = rows_of(BAR, 600)
    whole = view.run(rows)[0]
    view.reset()
    for row, expected in zip(rows, whole, strict=True):
        view.row[:] = row
        assert view.update().tobytes() == expected.tobytes()


@pytest.mark.parametrize("method", ["standard", "minmax", "robust"])
def test_scales_are_read_with_the_bits_that_were_written(method, tmp_path: Path) -> None:
    scales = fitted(method)
    scales.save(tmp_path / "scales.json")
    assert load_scales(tmp_path / "scales.json") == scales
    assert load_scales(tmp_path / "scales.json").version == scales.version


def test_scales_say_what_they_were_fitted_on() -> None:
    scales = fitted()
    assert (scales.plan, scales.method, scales.rows) == (plan().version, "standard", ((0, 400),))
    assert scales.times == (TIMES[0], TIMES[399])


def test_only_training_rows_matter() -> None:
    split = list(purged_folds(TIMES, TIMES, 3))[1]
    raw = computed(plan())
    clean = fit_scales(plan(), raw, TIMES, split.train)
    raw[split.test] = 1e9
    assert fit_scales(plan(), raw, TIMES, split.train) == clean
    assert clean.rows == ((0, 200), (400, 600))


def test_another_window_is_another_version() -> None:
    assert fit_scales(plan(), computed(plan()), TIMES, np.arange(399)).version != fitted().version


def test_scales_of_another_view_are_refused_in_one_line(tmp_path: Path) -> None:
    fitted().save(tmp_path / "scales.json")
    with pytest.raises(ConfigError, match=rf"scales of view version {plan().version}, this view is version \w+; fit"):
        read_scales(tmp_path / "scales.json", plan(n=6))


def test_scales_edited_by_hand_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "scales.json"
    fitted().save(path)
    text = json.loads(path.read_text())
    text["scales"]["sma_5"][0] *= 2
    path.write_text(json.dumps(text))
    with pytest.raises(DataError, match="has been changed since it was written"):
        read_scales(path, plan())


@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "cannot be read: No such file"), ("{", "is no JSON"), ('{"kind": "selection"}', "holds no scales")],
)
def test_a_file_that_holds_no_scales_is_refused(text: str | None, said: str, tmp_path: Path) -> None:
    path = tmp_path / "scales.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(DataError, match=said):
        load_scales(path)


def test_a_window_of_warm_up_alone_is_refused_with_the_column() -> None:
    with pytest.raises(DataError, match=r"column 'moments_20.mean' has no number in the training rows 0 to 9"):
        fit_scales(plan(), computed(plan()), TIMES, np.arange(10))


def test_no_rows_are_refused() -> None:
    with pytest.raises(DataError, match="there are no training rows"):
        fit_scales(plan(), computed(plan()), TIMES, np.arange(0))


def test_scales_are_not_fitted_on_scaled_columns() -> None:
    scaled = plan(scales={"sma_5": Scale(2.0, 0.0)})
    with pytest.raises(ConfigError, match="without scales"):
        fit_scales(scaled, computed(scaled), TIMES, np.arange(400))


def test_an_unknown_method_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(ConfigError, match="known: standard, minmax, robust"):
        fitted("zscore")
