"""Features that look at all symbols of an instant, against pandas, scipy and weighted least squares of numpy.

Four symbols close together; the last one begins late, and the second one has no bar at some instants.
"""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from literals import Floats

from tickloom.features.columns import BAR
from tickloom.features.plan import ViewPlan
from tickloom.features.view import FeatureView
from tickloom.testing.numbers import rows_of
from tickloom_plugins.features.indicators import across
from tickloom_plugins.features.indicators.terms import log_return

COUNT, SYMBOLS, LATE, N, DECAY, AGAINST = 240, 4, 60, 5, 0.9, 2
GAPS = (100, 101, 150)


@cache
def bars() -> tuple[Floats, np.ndarray, np.ndarray]:
    """Rows in the order of time, the symbol of each, and its instant."""
    tables = [rows_of(BAR, COUNT, 20 + s, still=False) for s in range(SYMBOLS)]
    found = [
        (k, s) for k in range(COUNT) for s in range(SYMBOLS) if not (s == 3 and k < LATE) and not (s == 1 and k in GAPS)
    ]
    instants, which = np.array(found).T
    return np.array([tables[s][k] for k, s in found]), which, instants


def plan() -> ViewPlan:
    return ViewPlan(
        BAR,
        [
            across.cross_rank(log_return()),
            across.cross_zscore(log_return()),
            across.relative_strength(n=N),
            across.dispersion(n=N),
            across.market_beta(decay=DECAY),
            across.pair_zscore(decay=DECAY, against=AGAINST),
            across.cross_rank("volume"),
        ],
    )


@cache
def computed() -> dict[str, pd.DataFrame]:
    """Column by name, a row per instant and a column per symbol."""
    rows, which, instants = bars()
    out, _ = FeatureView(plan(), SYMBOLS).run(rows, which, instants=instants)
    index = pd.MultiIndex.from_arrays([instants, which])
    return {name: pd.Series(values, index).unstack() for name, values in zip(plan().names, out.T, strict=True)}


def table(column: str) -> pd.DataFrame:
    """Lay out a column of the bars, a row per instant and a column per symbol; not a number where there is no bar."""
    rows, which, instants = bars()
    place = BAR.column(column)
    assert place is not None
    return pd.Series(rows[:, place], pd.MultiIndex.from_arrays([instants, which])).unstack()


def returns(n: int) -> pd.DataFrame:
    """Logarithmic returns over n bars of a symbol, which are n rows where it had any."""
    close = table("close")
    return close.apply(lambda one: np.log(one.dropna() / one.dropna().shift(n)).reindex(close.index))


def seen(frame: pd.DataFrame) -> pd.DataFrame:
    """Carry the newest value of each symbol on."""
    return frame.ffill()


def agree(name: str, expected: pd.DataFrame) -> None:
    got, shown = computed()[name], table("close").notna()
    assert (got.isna() == expected.where(shown).isna()).to_numpy().all()
    np.testing.assert_allclose(got, expected.where(shown), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("name", "of"), [("cross_rank_of_log_return_1", None), ("cross_rank_of_volume", "volume")])
def test_rank_across_symbols_is_that_of_pandas(name: str, of: str | None) -> None:
    agree(name, seen(returns(1) if of is None else table(of)).rank(axis=1, pct=True))


def test_zscore_across_symbols_is_by_the_deviation_of_those_that_have_a_value() -> None:
    values = seen(returns(1))
    agree(
        "cross_zscore_of_log_return_1", values.sub(values.mean(axis=1), axis=0).div(values.std(axis=1, ddof=0), axis=0)
    )


def test_relative_strength_is_the_return_less_the_mean_of_all() -> None:
    values = seen(returns(N))
    agree(f"relative_strength_{N}", values.sub(values.mean(axis=1), axis=0))


def test_dispersion_is_one_number_for_all_symbols() -> None:
    values = seen(returns(N))
    spread = values.std(axis=1, ddof=0)
    agree(f"dispersion_{N}", values.notna().astype(float).where(values.notna()).mul(spread, axis=0))


def line(x: Floats, y: Floats) -> tuple[Floats, float, float]:
    """Weights, slope and intercept of a line of least squares, the newest pair weighing most."""
    weights = DECAY ** np.arange(len(x))[::-1]
    slope, intercept = np.polyfit(x, y, 1, w=np.sqrt(weights))
    return weights, float(slope), float(intercept)


def test_market_beta_is_the_weighted_slope_on_the_mean_return() -> None:
    moves = returns(1)
    market = moves.mean(axis=1)
    expected = pd.DataFrame(np.nan, moves.index, moves.columns)
    for s in moves:
        own = moves[s].dropna()
        for k in range(2, len(own)):
            at = own.index[k]
            expected.loc[at, s] = line(market[own.index[: k + 1]].to_numpy(), own.to_numpy()[: k + 1])[1]
    agree("market_beta_0p9", expected)


def test_pair_zscore_is_the_distance_from_the_weighted_line_in_deviations() -> None:
    closes = table("close")
    expected = pd.DataFrame(np.nan, closes.index, closes.columns)
    for s in closes:
        own = closes[s].dropna()
        for k in range(3, len(own)):
            x, y = closes[AGAINST][own.index[: k + 1]].to_numpy(), own.to_numpy()[: k + 1]
            weights, slope, intercept = line(x, y)
            off = y - intercept - slope * x
            deviation = np.sqrt(np.sum(weights * off**2) / np.sum(weights))
            expected.loc[own.index[k], s] = 0.0 if s == AGAINST else off[-1] / deviation
    agree(f"pair_zscore_0p9_{AGAINST}", expected)


def test_an_instant_by_itself_gives_the_bits_of_all_in_one_go() -> None:
    rows, which, instants = bars()
    view, whole = FeatureView(plan(), SYMBOLS), FeatureView(plan(), SYMBOLS)
    parts = []
    for k in range(COUNT):
        now = instants == k
        parts.append(view.run(rows[now], which[now], instants=instants[now])[0])
    np.testing.assert_array_equal(np.concatenate(parts), whole.run(rows, which, instants=instants)[0])


def test_an_instant_depends_on_instants_up_to_its_own_only() -> None:
    rows, which, instants = bars()
    whole = FeatureView(plan(), SYMBOLS).run(rows, which, instants=instants)[0]
    cut = int(np.argmax(instants == 120))
    part = FeatureView(plan(), SYMBOLS).run(rows[:cut], which[:cut], instants=instants[:cut])[0]
    np.testing.assert_array_equal(part, whole[:cut])


def test_a_view_that_goes_back_to_what_it_saved_gives_the_same_bits_again() -> None:
    rows, which, instants = bars()
    view = FeatureView(plan(), SYMBOLS)
    cut = int(np.argmax(instants == 120))
    view.run(rows[:cut], which[:cut], instants=instants[:cut])
    saved = view.save()
    first = view.run(rows[cut:], which[cut:], instants=instants[cut:])[0]
    view.load(saved)
    np.testing.assert_array_equal(view.run(rows[cut:], which[cut:], instants=instants[cut:])[0], first)


def test_prices_of_four_times_the_size_give_the_same_bits() -> None:
    rows, which, instants = bars()
    larger = rows.copy()
    larger[:, [BAR.columns.index(name) for name in ("open", "high", "low", "close")]] *= 4
    first, second = (FeatureView(plan(), SYMBOLS).run(one, which, instants=instants)[0] for one in (rows, larger))
    np.testing.assert_array_equal(first, second)


def test_symbols_that_move_alike_have_no_dispersion_and_no_scores() -> None:
    rows = np.repeat(rows_of(BAR, 80, 3), SYMBOLS, axis=0)
    which = np.tile(np.arange(SYMBOLS), 80)
    view = FeatureView(
        ViewPlan(BAR, [across.dispersion(n=1), across.cross_zscore(log_return()), across.market_beta()]), SYMBOLS
    )
    out, ready = view.run(rows, which)
    assert out[ready][:, :2].tolist() == [[0.0, 0.0]] * int(ready.sum())
    np.testing.assert_allclose(out[ready][:, 2], 1.0, rtol=1e-12)


def test_the_other_one_of_a_pair_that_is_no_symbol_gives_no_number() -> None:
    rows, which, instants = bars()
    out, _ = FeatureView(ViewPlan(BAR, [across.pair_zscore(against=SYMBOLS)]), SYMBOLS).run(
        rows, which, instants=instants
    )
    assert np.isnan(out).all()
