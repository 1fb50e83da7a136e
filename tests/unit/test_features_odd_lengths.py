"""Momentum, oscillators and directions under the shortest lengths and under lengths in an odd order, against TA-Lib."""

from typing import Any

import numpy as np
import pytest
from catalogue import made_up

from tickloom.features.columns import BAR
from tickloom.features.declare import Use
from tickloom.features.plan import ViewPlan
from tickloom.features.view import FeatureView
from tickloom_plugins.features.indicators import convergence as c
from tickloom_plugins.features.indicators import directional as d
from tickloom_plugins.features.indicators import distances as x
from tickloom_plugins.features.indicators import momentum as m
from tickloom_plugins.features.indicators import oscillators as o

talib = pytest.importorskip("talib", reason="TA-Lib is not installed")

CLOSE, BARS, HIGH_LOW = ("close",), ("high", "low", "close"), ("high", "low")
#: A feature, and the name of TA-Lib's function, the columns and the parameters that it takes.
CASES: list[tuple[Use, str, tuple[str, ...], tuple[int, ...]]] = [
    (m.mom(n=1), "MOM", CLOSE, (1,)),
    (m.er(n=2), "ER", CLOSE, (2,)),
    (m.vhf(n=2), "VHF", CLOSE, (2,)),
    (m.cmou(n=2), "CMOU", CLOSE, (2,)),
    (m.rsi(n=2), "RSI", CLOSE, (2,)),
    (m.rsi(n=150), "RSI", CLOSE, (150,)),
    (m.cmo(n=2), "CMO", CLOSE, (2,)),
    (m.imi(n=2), "IMI", ("open", "close"), (2,)),
    (m.coppock(n=1, short=1, long=1), "COPPOCK", CLOSE, (1, 1, 1)),
    (m.coppock(n=4, short=20, long=3), "COPPOCK", CLOSE, (4, 20, 3)),
    (c.macd(fast=2, slow=3, signal=1), "MACD", CLOSE, (2, 3, 1)),
    (c.macd(fast=9, slow=9, signal=3), "MACD", CLOSE, (9, 9, 3)),
    (c.macd(fast=20, slow=5), "MACD", CLOSE, (20, 5, 9)),
    (c.macdfix(signal=1), "MACDFIX", CLOSE, (1,)),
    (c.apo(fast=20, slow=7), "APO", CLOSE, (20, 7, 1)),
    (c.trix(n=1), "TRIX", CLOSE, (1,)),
    (c.tsi(first=3, second=20), "TSI", CLOSE, (3, 20)),
    (c.fosc(n=2), "FOSC", CLOSE, (2,)),
    (x.ultosc(one=1, two=3, three=2), "ULTOSC", BARS, (1, 3, 2)),
    (x.ultosc(one=30, two=3, three=3), "ULTOSC", BARS, (30, 3, 3)),
    (o.stoch(n=1, k_n=1, d_n=1), "STOCH", BARS, (1, 1, 0, 1, 0)),
    (o.stochrsi(n=2, k_n=20, d_n=2), "STOCHRSI", CLOSE, (2, 20, 2, 0)),
    (o.smi(n=30, fast=12, slow=4), "SMI", BARS, (30, 12, 4, 9)),
    (x.ao(fast=9, slow=4), "AO", HIGH_LOW, (9, 4)),
    (x.ac(fast=9, slow=4), "AC", HIGH_LOW, (9, 4, 5)),
    (x.dpo(n=2), "DPO", CLOSE, (2,)),
    (x.dpo(n=3), "DPO", CLOSE, (3,)),
    (o.willr(n=200), "WILLR", BARS, (200,)),
    (x.cci(n=100), "CCI", BARS, (100,)),
    (d.plus_dm(n=2), "PLUS_DM", HIGH_LOW, (2,)),
    (d.plus_di(n=2), "PLUS_DI", BARS, (2,)),
    (d.dx(n=2), "DX", BARS, (2,)),
    (d.adx(n=60), "ADX", BARS, (60,)),
    (d.adxr(n=2), "ADXR", BARS, (2,)),
    (d.aroon(n=2), "AROON", HIGH_LOW, (2,)),
    (d.aroonosc(n=100), "AROONOSC", HIGH_LOW, (100,)),
    (d.vortex(n=1), "VORTEX", BARS, (1,)),
]


@pytest.mark.parametrize("seed", [9, 21])
def test_odd_lengths_give_what_talib_gives_from_the_first_value_on(seed: int) -> None:
    series = made_up("random", seed)
    out = iter(FeatureView(ViewPlan(BAR, [use for use, *_ in CASES])).run(series.rows)[0].T)
    for use, function, columns, lengths in CASES:
        found: Any = getattr(talib, function)(*(series.column(name) for name in columns), *lengths)
        for expected in found if isinstance(found, tuple) else (found,):
            got = next(out)
            assert (np.isnan(got) == np.isnan(expected)).all(), use.label
            assert np.nanmax(np.abs(got - expected)) <= 1e-11 * np.nanmax(np.abs(expected)), use.label


def test_the_commodity_channel_index_of_two_bars_has_two_values_only() -> None:
    # Each of two values is as far from their mean as the other: 1 / 0.015, where TA-Lib is off by 2e-10.
    series = made_up("random", 9)
    typical = series.rows[:, 1:4].sum(axis=1)
    got = FeatureView(ViewPlan(BAR, [x.cci(n=2)])).run(series.rows)[0][1:, 0]
    assert got == pytest.approx(np.sign(np.diff(typical)) / 0.015, rel=1e-14)
