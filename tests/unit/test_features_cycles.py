"""Dominant cycles against TA-Lib where its sums have no error, against exact sums, and on waves of known period."""

import math
from pathlib import Path

import numpy as np
import pytest
from catalogue import Series, from_candles, made_up
from literals import Floats, of_closes

from tickloom.features.columns import BAR
from tickloom.features.declare import Use
from tickloom.features.plan import ViewPlan
from tickloom.features.view import FeatureView
from tickloom_plugins.features.indicators import cycles

talib = pytest.importorskip("talib", reason="TA-Lib is not installed")

#: Ticks per unit of price.
TICKS = {"BTC": 100, "DOGE": 100_000, "XRP": 10_000}


def bars_of(closes: Floats) -> Floats:
    rows = np.ones((len(closes), BAR.width))
    rows[:, :4] = np.asarray(closes, float)[:, None]
    return rows


def run(uses: list[Use], closes: Floats) -> Floats:
    return FeatureView(ViewPlan(BAR, uses)).run(bars_of(closes))[0].T


def in_ticks(symbol: str, folder: Path) -> Floats:
    """Return closes of two months in whole ticks, from their median: sums of them are exact."""
    ticks = np.round(from_candles(folder, symbol, 17_000).column("close") * TICKS[symbol])
    return np.asarray(ticks - np.median(ticks))


@pytest.mark.parametrize("symbol", TICKS)
def test_cycles_of_real_candles_are_those_of_talib_where_its_sums_are_exact(symbol: str, market_data: Path) -> None:
    """Over decimal prices TA-Lib's running average of four prices drifts; 1e-12 of the scale is for whole ticks."""
    closes = in_ticks(symbol, market_data)
    found = run([cycles.cycle_period(), cycles.cycle_phasor(), cycles.cycle_phase(), cycles.cycle_trendline()], closes)
    expected = [
        talib.HT_DCPERIOD(closes),
        *talib.HT_PHASOR(closes),
        talib.HT_DCPHASE(closes),
        talib.HT_TRENDLINE(closes),
    ]
    for got, truth in zip(found, expected, strict=True):
        assert (np.isnan(got) == np.isnan(truth)).all()
        assert np.nanmax(np.abs(got - truth)) <= 1e-12 * np.nanmax(np.abs(truth))


@pytest.mark.parametrize("symbol", TICKS)
def test_trend_mode_of_real_candles_is_that_of_talib_on_every_row(symbol: str, market_data: Path) -> None:
    closes = from_candles(market_data, symbol, 52_416).column("close")
    (found,) = run([cycles.cycle_trend_mode()], closes)
    assert (found[63:] == talib.HT_TRENDMODE(closes)[63:]).all()
    assert 0.1 < found[63:].mean() < 0.9


@pytest.mark.parametrize("symbol", TICKS)
def test_mama_of_real_candles_is_that_of_talib_where_its_sums_are_exact(symbol: str, market_data: Path) -> None:
    closes = in_ticks(symbol, market_data)
    for got, truth in zip(run([cycles.mama()], closes), talib.MAMA(closes, 0.5, 0.05), strict=True):
        assert np.nanmax(np.abs(got - truth)) <= 1e-12 * np.nanmax(np.abs(truth))


@pytest.mark.parametrize("series", [made_up("random 3", 3), made_up("random 11", 11)], ids=lambda one: str(one.name))
def test_the_phase_is_that_of_the_exact_sums_over_one_period(series: Series) -> None:
    """TA-Lib's is off by as much as 1e-10 degrees, as it sums whole prices and not how far they swing."""
    closes = series.column("close")
    smooth, period, phase, sine, lead = run(
        [cycles.LONG.smooth, cycles.LONG.period, cycles.cycle_phase(), cycles.cycle_sine()], closes
    )
    for k in range(90, len(closes), 7):
        n = int(period[k] + 0.5)
        turns = [2 * math.pi * j / n for j in range(n)]
        swings = [smooth[k - j] - smooth[k] for j in range(n)]
        real = math.fsum(math.sin(turn) * swing for turn, swing in zip(turns, swings, strict=True))
        imaginary = math.fsum(math.cos(turn) * swing for turn, swing in zip(turns, swings, strict=True))
        expected = math.degrees(math.atan2(real, imaginary)) + 90 + 360 / period[k]
        expected -= 360 * (expected > 315) - 360 * (expected <= -45)
        assert phase[k] == pytest.approx(expected, abs=2e-11)
        assert sine[k] == pytest.approx(math.sin(math.radians(expected)), abs=1e-12)
        assert lead[k] == pytest.approx(math.sin(math.radians(expected + 45)), abs=1e-12)


@pytest.mark.parametrize("rows", [10, 16, 24, 36])
def test_a_wave_has_its_period_and_its_phase_turns_once_in_it(rows: int) -> None:
    closes = 100 + np.sin(2 * np.pi * np.arange(1200) / rows)
    period, phase = run([cycles.cycle_period(), cycles.cycle_phase()], closes)
    assert period[-200:] == pytest.approx(rows, rel=0.06)
    turned = np.diff(np.unwrap(np.radians(phase[-200:]))).sum()
    assert turned == pytest.approx(2 * np.pi * 199 / rows, rel=0.05)


def test_a_wave_is_a_cycle_and_a_steep_rise_is_a_trend() -> None:
    wave = 100 + np.sin(2 * np.pi * np.arange(400) / 20)
    rise = 100 * 1.01 ** np.arange(400)
    assert of_closes(cycles.cycle_trend_mode(), wave)[-100:].mean() < 0.2
    assert of_closes(cycles.cycle_trend_mode(), rise)[-100:].all()


def test_the_trendline_of_a_wave_is_its_mean() -> None:
    closes = 100 + np.sin(2 * np.pi * np.arange(1000) / 20)
    assert of_closes(cycles.cycle_trendline(), closes)[-300:] == pytest.approx(100, abs=0.1)


def test_prices_that_stand_still_have_no_phasor_and_average_to_themselves() -> None:
    closes = np.concatenate([made_up("before", 5, 300).column("close"), np.full(400, 100.1)])
    in_phase, quadrature, period, mama, fama = run(
        [cycles.cycle_phasor(), cycles.cycle_period(), cycles.mama()], closes
    )
    assert not in_phase[-350:].any()
    assert not quadrature[-350:].any()
    assert ((period[-350:] >= 6) & (period[-350:] <= 50)).all()
    assert mama[-1] == pytest.approx(100.1, rel=1e-12)
    assert fama[-1] == pytest.approx(100.1, rel=1e-5)


def test_it_does_not_matter_after_the_declared_rows_where_a_stream_began() -> None:
    uses = [cycles.cycle_period(), cycles.cycle_phase(), cycles.cycle_trend_mode(), cycles.mama()]
    closes = made_up("long", 8, 6000).column("close")
    plan = ViewPlan(BAR, uses)
    whole = run(uses, closes)
    for cut in range(100, 4000, 173):
        late = run(uses, closes[cut : cut + 1500])
        for n, column in enumerate(plan.columns):
            expected = whole[n, cut + column.converged : cut + 1500]
            assert late[n, column.converged :] == pytest.approx(expected, abs=1e-6 * np.abs(expected).max())
