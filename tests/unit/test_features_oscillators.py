"""Oscillators and directions that TA-Lib lacks, against their formulas and talipp, and cases worked by hand."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest
from literals import (
    Bars,
    Floats,
    Literal,
    computed,
    exponential,
    faults,
    line_end,
    mean,
    of_closes,
    some_series,
    spread,
    true_ranges,
)

from tickloom.features.columns import BAR
from tickloom.features.declare import Use
from tickloom.features.plan import ViewPlan
from tickloom.features.view import FeatureView
from tickloom.testing.numbers import rows_of
from tickloom_plugins.features.indicators import directional, distances, oscillators

talib = pytest.importorskip("talib", reason="TA-Lib is not installed")
talipp = pytest.importorskip("talipp.indicators", reason="talipp is not installed")
ohlcv = pytest.importorskip("talipp.ohlcv")

# --- references ------------------------------------------------------------------------------------------------------


def place(values: Sequence[float], otherwise: float) -> float:
    """Place of the last of some values among them, in percent of their range."""
    low, high = min(values), max(values)
    return 100 * (values[-1] - low) / (high - low) if high > low else otherwise


def smoothed_places(values: Sequence[float], n: int, factor: float) -> list[float]:
    found: list[float] = []
    last = 0.0
    for k in range(n - 1, len(values)):
        last = place(values[k - n + 1 : k + 1], last)
        found.append(found[-1] + factor * (last - found[-1]) if found else last)
    return found


def schaff(bars: Bars, n: int, fast: int, slow: int, factor: float) -> float:
    closes = bars.close.tolist()
    slower = exponential(closes, slow)
    line = [a - b for a, b in zip(exponential(closes, fast)[-len(slower) :], slower, strict=True)]
    return smoothed_places(smoothed_places(line, n, factor), n, factor)[-1]


def fisher(bars: Bars, n: int) -> tuple[float, float]:
    medians = ((bars.high + bars.low) / 2).tolist()
    value, found = 0.0, [0.0]
    for k in range(n - 1, len(medians)):
        value = 0.66 * (place(medians[k - n + 1 : k + 1], 50.0) / 100 - 0.5) + 0.67 * value
        value = min(max(value, -0.999), 0.999)
        found.append(math.atanh(value) + 0.5 * found[-1])
    return found[-1], found[-2]


def laguerre(bars: Bars, gamma: float) -> float:
    filters = [bars.close[0]] * 4
    for x in bars.close.tolist():
        before, filters = filters, [(1 - gamma) * x + gamma * filters[0]]
        for j in range(1, 4):
            filters.append(-gamma * filters[j - 1] + before[j - 1] + gamma * before[j])
    steps = [filters[j] - filters[j + 1] for j in range(3)]
    up, down = sum(one for one in steps if one > 0), -sum(one for one in steps if one < 0)
    return up / (up + down) if up + down else 0.5


def quantitative(bars: Bars, n: int, smoothing: int, factor: float) -> tuple[float, float, float]:
    smooth = exponential(talib.RSI(bars.close, n)[n:].tolist(), smoothing)
    moves = [abs(b - a) for a, b in itertools.pairwise(smooth)]
    widths = [factor * one for one in exponential(exponential(moves, 2 * n - 1), 2 * n - 1)]
    smooth = smooth[-len(widths) :]
    below, above, side = [smooth[0] - widths[0]], [smooth[0] + widths[0]], 1
    for k in range(1, len(smooth)):
        if smooth[k] > above[-1]:
            side = 1
        elif smooth[k] < below[-1]:
            side = -1
        stays_above = smooth[k - 1] > below[-1] and smooth[k] > below[-1]
        stays_below = smooth[k - 1] < above[-1] and smooth[k] < above[-1]
        below.append(max(below[-1], smooth[k] - widths[k]) if stays_above else smooth[k] - widths[k])
        above.append(min(above[-1], smooth[k] + widths[k]) if stays_below else smooth[k] + widths[k])
    return smooth[-1], below[-1] if side == 1 else above[-1], side


def vigor(bars: Bars, n: int, back: int) -> float:
    end = len(bars.close) - back

    def smooth(values: Floats) -> float:
        weighted = [np.dot(values[k - 4 : k], [1, 2, 2, 1]) for k in range(end - n + 1, end + 1)]
        return math.fsum(weighted)

    spans = smooth(bars.high - bars.low)
    return smooth(bars.close - bars.open) / spans if spans else 0.0


def vigor_lines(bars: Bars, n: int) -> tuple[float, float]:
    lines = [vigor(bars, n, back) for back in range(4)]
    return lines[0], (lines[0] + 2 * lines[1] + 2 * lines[2] + lines[3]) / 6


def squeeze(bars: Bars, n: int, bands: float, channel: float) -> tuple[float, float]:
    values = []
    for end in range(len(bars.close) - n + 1, len(bars.close) + 1):
        middle = (max(bars.high[end - n : end]) + min(bars.low[end - n : end])) / 2
        values.append(bars.close[end - 1] - (middle + mean(bars.close[end - n : end])) / 2)
    narrow = bands * math.sqrt(spread(bars.close[-n:])) < channel * mean(true_ranges(bars)[-n:])
    return float(narrow), line_end(values)


def choppy(bars: Bars, n: int) -> float:
    span = max(bars.high[-n:]) - min(bars.low[-n:])
    path = math.fsum(true_ranges(bars)[-n:])
    return float(100 * math.log10(path / span) / math.log10(n)) if span > 0 else 100.0


def archer(bars: Bars, fast: int, slow: int, back: int) -> tuple[float, float]:
    quick, calm = (exponential(bars.close, n)[-1 - back :] for n in (fast, slow))
    moved = calm[-1] != calm[0]
    return float(quick[-1] > quick[0] and moved), float(quick[-1] < quick[0] and moved)


def crossing(bars: Bars, fast: int, slow: int) -> tuple[float, float]:
    calm = exponential(bars.close, slow)
    quick = exponential(bars.close, fast)[-len(calm) :]
    sides = [np.sign(a - b) for a, b in zip(quick, calm, strict=True)]
    age = 0
    while age + 1 < len(sides) and sides[-2 - age] == sides[-1]:
        age += 1
    return float(sides[-1]), age


def legs(bars: Bars, percent: float) -> tuple[float, float, float]:
    """Go from pivot to pivot: from each, look for the first bar that turns from the extreme since."""
    high, low = bars.high.tolist(), bars.low.tolist()
    direction, pivot, begin, turned = 0, 0, 0, False
    price, k = high[0], 0
    for k in range(1, len(high)):
        top = max(range(begin, k + 1), key=lambda j: high[j])
        bottom = min(range(begin, k + 1), key=lambda j: low[j])
        if direction >= 0 and top < k and low[k] <= high[top] * (1 - percent / 100):
            direction, pivot, price, turned = -1, top, high[top], True
        elif direction <= 0 and bottom < k and high[k] >= low[bottom] * (1 + percent / 100):
            direction, pivot, price, turned = 1, bottom, low[bottom], True
        if turned:
            begin, turned = k, False
    return float(direction), price, float(len(high) - 1 - pivot)


LITERALS: dict[str, tuple[str, Literal]] = {
    "schaff_trend_cycle": ("oscillators", (lambda n, fast, slow, factor: max(fast, slow) + 2 * n - 3, schaff)),
    "fisher": ("oscillators", (lambda n: n - 1, fisher)),
    "laguerre_rsi": ("oscillators", (lambda gamma: 3, laguerre)),
    "qqe": ("oscillators", (lambda n, smoothing, factor: n + smoothing + 2 * (2 * n - 2), quantitative)),
    "rvgi": ("distances", (lambda n: n + 5, vigor_lines)),
    "ttm_squeeze": ("distances", (lambda n, bands, channel: 2 * (n - 1), squeeze)),
    "choppiness": ("directional", (lambda n: n, choppy)),
    "amat": ("directional", (lambda fast, slow, back: max(fast, slow) - 1 + back, archer)),
    "cross_age": ("directional", (lambda fast, slow: max(fast, slow) - 1, crossing)),
    "zigzag": ("directional", (lambda percent: 0, legs)),
}


#: A place in a range that has become small.
ROUGH = {"schaff_trend_cycle": 1e-11}


@pytest.mark.parametrize("which", [0, 1], ids=["random", "still"])
@pytest.mark.parametrize("name", LITERALS)
def test_an_oscillator_is_what_its_formula_gives(name: str, which: int) -> None:
    family, literal = LITERALS[name]
    assert faults(family, name, literal, some_series()[which], ROUGH.get(name, 1e-12)) == []


# --- other oracles, and cases worked by hand -------------------------------------------------------------------------


def run(use: Use, rows: Floats) -> Floats:
    return FeatureView(ViewPlan(BAR, [use])).run(rows)[0].T


def bars_of(high: Sequence[float] | Floats, low: Sequence[float] | Floats) -> Floats:
    """Make bars that close in their middle."""
    rows = np.ones((len(high), BAR.width))
    rows[:, 1], rows[:, 2] = high, low
    rows[:, 0] = rows[:, 3] = (rows[:, 1] + rows[:, 2]) / 2
    return rows


def test_choppiness_is_that_of_talipp_once_the_first_true_range_has_left() -> None:
    series = some_series()[0]
    bars = [ohlcv.OHLCV(*row[:5]) for row in series.rows.tolist()]
    for use, (got, *_) in computed("directional", series).items():
        if use.feature.name == "choppiness":
            theirs = np.array(list(talipp.CHOP(use.values["n"], bars)), float)
            assert got[30:] == pytest.approx(theirs[30:], rel=1e-12)


def test_a_swing_high_is_told_at_the_bar_that_confirms_it() -> None:
    high = [1.0, 2, 5, 2, 1, 1, 1, 1]
    swing_high, swing_low = run(directional.fractal(left=2, right=2), bars_of(high, [one - 1 for one in high]))
    assert swing_high[4:].tolist() == [100, 0, 0, 0]
    assert swing_low[4:].tolist() == [0, 0, 0, 0]


def test_two_equal_highs_are_no_swing_high() -> None:
    high = [1.0, 2, 5, 5, 1, 1, 1, 1]
    assert run(directional.fractal(left=2, right=2), bars_of(high, [0.5] * 8))[0][4:].max() == 0


@pytest.mark.parametrize(("left", "right"), [(1, 4), (4, 1), (3, 3), (1, 1), (9, 2)])
def test_swings_with_sides_of_any_length_are_what_talib_says(left: int, right: int) -> None:
    series = some_series()[0]
    got = run(directional.fractal(left=left, right=right), series.rows)
    theirs = talib.FRACTAL(series.column("high"), series.column("low"), left, right)
    for one, other in zip(got, theirs, strict=True):
        assert (one[left + right :] == other[left + right :]).all()
        assert np.isnan(one[: left + right]).all()


def test_of_equal_extremes_the_latest_counts() -> None:
    down, up = run(directional.aroon(n=4), bars_of([3.0, 9, 5, 9, 5, 5], [2.0, 1, 2, 2, 1, 2]))
    assert up[4:].tolist() == [75, 50]
    assert down[4:].tolist() == [100, 75]


def test_a_leg_turns_when_the_price_has_come_back_by_its_percentage_and_the_pivot_stays() -> None:
    high = [100.0, 110, 120, 118, 112, 105, 109, 121]
    direction, pivot, age = run(directional.zigzag(percent=10.0), bars_of(high, [one - 1 for one in high]))
    # 120 less a tenth is 108, which the low of the sixth bar, 104, is below; 104 and a tenth is 114.4.
    assert direction.tolist() == [0, 1, 1, 1, 1, -1, -1, 1]
    assert pivot.tolist() == [100, 99, 99, 99, 99, 120, 120, 104]
    assert age.tolist() == [0, 1, 2, 3, 4, 3, 4, 2]


def test_a_market_that_only_rises_is_one_sided_and_trends_fully() -> None:
    rows = bars_of(np.arange(2.0, 80), np.arange(1.0, 79))
    for use in (directional.dx(), directional.adx(), directional.adxr()):
        assert run(use, rows)[0][-1] == pytest.approx(100.0, rel=1e-12)
    assert run(directional.minus_di(), rows)[0][-1] == 0.0


def test_a_still_market_squeezes_nothing_and_a_narrow_one_does() -> None:
    flat = np.full(80, 5.0)
    assert run(distances.ttm_squeeze(), bars_of(flat, flat))[:, -1].tolist() == [0, 0]
    assert run(distances.ttm_squeeze(), bars_of(flat + 1, flat - 1))[:, -1].tolist() == [1, 0]


def test_rows_count_from_the_crossing() -> None:
    closes = np.concatenate([np.full(10, 5.0), np.full(4, 6.0), np.full(30, 2.0)])
    side, age = run(directional.cross_age(fast=2, slow=4), bars_of(closes, closes))
    assert side[8:18].tolist() == [0, 0, 1, 1, 1, 1, -1, -1, -1, -1]
    assert age[8:18].tolist() == [5, 6, 0, 1, 2, 3, 0, 1, 2, 3]


def test_the_fisher_transform_of_a_market_that_stands_still_is_zero() -> None:
    assert of_closes(oscillators.fisher(), np.full(40, 5.0))[-1] == 0.0


def test_the_balance_of_power_of_a_bar_without_a_range_is_zero() -> None:
    rows = rows_of(BAR, 20)
    rows[5, :4] = 100.0
    assert run(distances.bop(), rows)[0][5] == 0.0
