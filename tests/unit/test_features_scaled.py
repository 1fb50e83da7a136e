"""Scales that go on learning, against pandas, on what they are made for: closes, volumes and other features."""

from typing import Any

import numpy as np
import pytest
from catalogue import made_up

from tickloom.features.columns import BAR
from tickloom.features.declare import Use
from tickloom.features.plan import ViewPlan
from tickloom.features.view import FeatureView
from tickloom.testing.numbers import rows_of
from tickloom_plugins.features.indicators.averages import sma
from tickloom_plugins.features.indicators.scaled import ew_zscore, rolling_minmax

pandas = pytest.importorskip("pandas", reason="pandas is the oracle")

LENGTHS = (2, 5, 20, 33)
ROWS = made_up("closes", 3).rows


def run(use: Use, rows: np.ndarray = ROWS) -> np.ndarray:
    return FeatureView(ViewPlan(BAR, [use])).run(rows)[0][:, 0]


def series(name: str) -> Any:
    place = BAR.column(name)
    assert place is not None
    return pandas.Series(ROWS[:, place])


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("of", ["close", "volume"])
def test_exponentially_weighted_zscore_is_that_of_pandas(n: int, of: str) -> None:
    values = series(of)
    weighted = values.ewm(span=n, adjust=False)
    expected = (values - weighted.mean()) / np.sqrt(weighted.var(bias=True))
    got = run(ew_zscore(of, n=n))
    assert np.isnan(got[: n - 1]).all()
    np.testing.assert_allclose(got[n - 1 :], expected[n - 1 :], rtol=0, atol=1e-11)


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("of", ["close", "volume"])
def test_rolling_place_between_extremes_is_that_of_pandas_bit_for_bit(n: int, of: str) -> None:
    values = series(of)
    low, high = values.rolling(n).min(), values.rolling(n).max()
    expected = ((values - low) / (high - low)).to_numpy()
    flat = (high == low).to_numpy()
    got = run(rolling_minmax(of, n=n))
    assert np.isnan(got[: n - 1]).all()
    assert (got[n - 1 :] == np.where(flat, 0.5, expected)[n - 1 :]).all()


def test_a_place_between_extremes_can_be_of_another_feature() -> None:
    smooth = series("close").rolling(7).mean()
    low, high = smooth.rolling(5).min(), smooth.rolling(5).max()
    got = run(rolling_minmax(sma(n=7), n=5))
    assert np.isnan(got[:10]).all()
    np.testing.assert_allclose(got[10:], ((smooth - low) / (high - low))[10:], atol=1e-9)


def test_where_prices_stand_still_both_have_their_declared_values() -> None:
    rows = np.vstack([rows_of(BAR, 200, still=False), np.tile(rows_of(BAR, 1), (20_000, 1))])
    rows[:, BAR.column("time")] = 60.0 * np.arange(len(rows))
    assert run(rolling_minmax(n=20), rows)[-1] == 0.5
    # A mean that is kept as a level stays a rounding error away from the price, and that over itself is not 0.
    assert abs(run(ew_zscore(n=20), rows)[-1]) < 1e-100


def test_before_anything_has_moved_the_exponentially_weighted_zscore_is_nothing() -> None:
    assert run(ew_zscore(n=3), np.tile(rows_of(BAR, 1), (9, 1)))[2:].tolist() == [0.0] * 7


def test_a_jump_after_a_rest_is_as_many_deviations_as_the_weights_allow() -> None:
    # Of the only distance d that there ever was: (1 - a) d / sqrt((1 - a) a d^2) = sqrt((n - 1) / 2).
    rows = np.tile(rows_of(BAR, 1), (9, 1))
    rows[8, 3] += 1.0
    assert run(ew_zscore(n=9), rows)[8] == pytest.approx(2.0)
