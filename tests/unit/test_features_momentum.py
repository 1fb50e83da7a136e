"""Momentum and averages apart that TA-Lib lacks, against their formulas, talipp and scipy; kinds of averages."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from catalogue import made_up
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
    true_ranges,
)

from tickloom.features.columns import BAR
from tickloom.features.declare import Use
from tickloom.features.plan import ViewPlan
from tickloom.features.view import FeatureView
from tickloom_plugins.features.indicators import convergence, momentum, oscillators

talib = pytest.importorskip("talib", reason="TA-Lib is not installed")
talipp = pytest.importorskip("talipp.indicators", reason="talipp is not installed")
stats = pytest.importorskip("scipy.stats", reason="scipy is not installed")


def changes(values: Sequence[float], back: int = 1) -> list[float]:
    return [now - past for past, now in zip(values, values[back:], strict=False)]


def strength(moves: Sequence[float], n: int, still: float) -> float:
    """Wilder's mean gain in percent of mean gain and mean loss."""
    gain = exponential([max(one, 0.0) for one in moves], n, 1 / n)[-1]
    loss = exponential([max(-one, 0.0) for one in moves], n, 1 / n)[-1]
    return 100 * gain / (gain + loss) if gain + loss else still


def cutler(bars: Bars, n: int) -> float:
    moves = changes(bars.close.tolist()[-n - 1 :])
    up, all_of = math.fsum(one for one in moves if one > 0), math.fsum(map(abs, moves))
    return 100 * up / all_of if all_of else 50.0


def rate(bars: Bars, n: int, back: int) -> float:
    """Rate of change in percent, so many rows ago."""
    end = len(bars.close) - 1 - back
    return float(100 * (bars.close[end] / bars.close[end - n] - 1))


def know_sure_thing(bars: Bars, back: int) -> float:
    plan = ((1, 10, 10), (2, 15, 10), (3, 20, 10), (4, 30, 15))
    return math.fsum(weight * mean([rate(bars, n, back + j) for j in range(m)]) for weight, n, m in plan)


def run_lengths(closes: Sequence[float]) -> list[float]:
    """Rises or falls in a row that end at each row but the first."""
    found = []
    for k in range(1, len(closes)):
        signs = [np.sign(one) for one in reversed(changes(closes[: k + 1]))]
        _, run = next(itertools.groupby(signs))
        found.append(float(sum(run)))
    return found


def connors(bars: Bars, n: int, streak_n: int, ranks: int) -> float:
    closes = bars.close.tolist()
    returns = [b / a for a, b in itertools.pairwise(closes)][-ranks - 1 :]
    below = sum(one < returns[-1] for one in returns[:-1])
    parts = [
        strength(changes(closes), n, 0.0),
        strength(changes(run_lengths(closes)), streak_n, 0.0),
        100 * below / ranks,
    ]
    return mean(parts)


def correlation_with_time(bars: Bars, n: int) -> float:
    closes = bars.close[-n:]
    return 0.0 if closes.min() == closes.max() else float(stats.pearsonr(np.arange(n), closes).statistic)


def pretty_good(bars: Bars, n: int) -> float:
    return float(bars.close[-1] - mean(bars.close[-n:])) / exponential(true_ranges(bars), n)[-1]


LITERALS: dict[str, tuple[str, Literal]] = {
    "roc_qlib": ("momentum", (lambda n: n, lambda bars, n: bars.close[-1 - n] / bars.close[-1])),
    "rsi_sum": ("momentum", (lambda n: n, cutler)),
    "kst": (
        "momentum",
        (
            lambda signal: 44 + signal - 1,
            lambda bars, signal: (
                know_sure_thing(bars, 0),
                mean([know_sure_thing(bars, back) for back in range(signal)]),
            ),
        ),
    ),
    "rmi": (
        "momentum",
        (lambda n, back: n + back - 1, lambda bars, n, back: strength(changes(bars.close.tolist(), back), n, 50.0)),
    ),
    "psl": ("momentum", (lambda n: n, lambda bars, n: 100 * (np.diff(bars.close[-n - 1 :]) > 0).sum() / n)),
    "streak": ("momentum", (lambda: 1, lambda bars: run_lengths(bars.close.tolist())[-1])),
    "connors_rsi": ("momentum", (lambda n, streak_n, ranks: max(n, streak_n + 1, ranks + 1), connors)),
    "cti": ("convergence", (lambda n: n - 1, correlation_with_time)),
    "pretty_good_oscillator": ("convergence", (lambda n: n, pretty_good)),
    "inertia": (
        "convergence",
        (
            lambda n, spread, smooth: n + spread + smooth - 3,
            lambda bars, n, spread, smooth: line_end(talib.RVI(bars.close, n, spread)[-smooth:]),
        ),
    ),
}


#: Running sums of a line keep some error until they begin anew.
ROUGH = {"cti": 1e-11, "inertia": 1e-10}


@pytest.mark.parametrize("which", [0, 1], ids=["random", "still"])
@pytest.mark.parametrize("name", LITERALS)
def test_momentum_is_what_its_formula_gives(name: str, which: int) -> None:
    family, literal = LITERALS[name]
    assert faults(family, name, literal, some_series()[which], ROUGH.get(name, 1e-12)) == []


def of_talipp(indicator: Any, *outputs: str) -> list[Floats]:
    """Return outputs of an indicator of talipp."""
    return [np.array([getattr(one, name, None) for one in indicator], float) for name in outputs]


def agree(got: Floats, expected: Floats) -> None:
    assert (np.isnan(got) == np.isnan(expected)).all()
    assert np.nanmax(np.abs(got - expected)) <= 1e-12 * np.nanmax(np.abs(expected))


def found(family: str, name: str) -> list[tuple[tuple[Any, ...], Floats]]:
    """Return what a feature gives of a random series, under two sets of parameters."""
    return [
        (tuple(use.values.values()), got)
        for use, got in computed(family, some_series()[0]).items()
        if use.feature.name == name
    ]


def test_macd_tv_is_the_macd_of_talipp() -> None:
    closes = some_series()[0].column("close").tolist()
    for (fast, slow, signal), got in found("convergence", "macd_tv"):
        line, average, histogram = of_talipp(talipp.MACD(fast, slow, signal, closes), "macd", "signal", "histogram")
        agree(got[0], line)
        agree(got[1], average)
        agree(got[2], histogram)


def test_kst_is_that_of_talipp() -> None:
    closes = some_series()[0].column("close").tolist()
    for (signal,), got in found("momentum", "kst"):
        line, average = of_talipp(talipp.KST(10, 10, 15, 10, 20, 10, 30, 15, signal, closes), "kst", "signal")
        agree(got[1], average)
        assert np.abs(got[0] - line)[60:].max() <= 1e-12 * np.nanmax(np.abs(line))


#: TA-Lib's numbers of kinds of averages whose first values are early, late, and depend on their seeds or do not.
NUMBERS = {"wma": 2, "tema": 4, "kama": 6, "hma": 9, "rma": 13}


@pytest.mark.parametrize("kind", NUMBERS)
def test_averages_of_a_kind_begin_where_talibs_do_and_are_the_same_from_there_on(kind: str) -> None:
    series, number = made_up("random", 3, 500), NUMBERS[kind]
    close, high, low = (series.column(name) for name in ("close", "high", "low"))
    cases: list[tuple[Use, Any]] = [
        (convergence.ppo(average=kind), (talib.PPO(close, 12, 26, number),)),
        (
            convergence.macdext(fast_average=kind, slow_average="ema", signal_average=kind),
            talib.MACDEXT(close, 12, number, 26, 1, 9, number),
        ),
        (convergence.macdext(fast=20, slow=9, slow_average=kind), talib.MACDEXT(close, 20, 0, 9, number, 9, 0)),
        (oscillators.stoch(k_average=kind), talib.STOCH(high, low, close, 5, 3, number, 3, 0)),
    ]
    out = iter(FeatureView(ViewPlan(BAR, [use for use, _ in cases])).run(series.rows)[0].T)
    for _, expected in cases:
        for one in expected:
            agree(next(out), one)


def test_lengths_in_the_other_order_are_the_same_macd() -> None:
    closes = some_series()[0].column("close")
    assert (of_closes(convergence.macd(fast=26, slow=12), closes) == of_closes(convergence.macd(), closes))[33:].all()


def test_the_strength_of_a_close_that_stands_still_stays_to_the_last_bit() -> None:
    closes = np.concatenate([made_up("random", 3, 100).column("close") / 3, np.full(50, 33.1)])
    assert len(set(of_closes(momentum.rsi(), closes)[101:].tolist())) == 1


def test_a_rise_alone_is_the_whole_strength_and_a_fall_alone_none() -> None:
    closes = np.arange(1.0, 60.0)
    for feature in (momentum.rsi, momentum.rsi_sum, momentum.rmi, momentum.psl):
        assert of_closes(feature(), closes)[-1] == 100.0
        assert of_closes(feature(), closes[::-1])[-1] == 0.0


def test_a_straight_line_correlates_with_time_fully() -> None:
    closes = np.arange(1.0, 60.0)
    assert of_closes(convergence.cti(), closes)[-1] == pytest.approx(1.0, rel=1e-14)
    assert of_closes(convergence.cti(), closes[::-1])[-1] == pytest.approx(-1.0, rel=1e-14)


def test_a_streak_counts_rises_up_falls_down_and_begins_anew_at_a_standstill() -> None:
    closes = np.array([5.0, 6, 7, 7, 8, 7, 6, 5, 9])
    assert of_closes(momentum.streak(), closes)[1:].tolist() == [1, 2, 0, 1, -1, -2, -3, 1]
