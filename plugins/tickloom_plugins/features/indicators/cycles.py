"""Dominant cycles: period, phase, and averages that adapt to them, all from one Hilbert transform."""

from typing import Any

from tickloom.features import Float, Int, Window, feature
from tickloom_kernels.indicators import cycles
from tickloom_plugins.features.indicators.averages import forgets

EHLERS: dict[str, Any] = {"stability": "converging", "reference": "Ehlers, Rocket Science for Traders, 2001"}
PRICE: dict[str, Any] = {**EHLERS, "unit": "price", "power": 1}
#: Rows until the transform has forgotten where it began: measured, see tests/unit/test_features_cycles.py.
SETTLED = 400

#: Shared by all below. TA-Lib begins it at row 12, or at row 37 for what looks back over a whole cycle.
hilbert = feature(
    inputs=(Window("close", 3),),
    parameters={"start": Int(12, least=3)},
    outputs=("smooth", "in_phase", "quadrature", "period"),
    state=6,
    memory=48,
    lookback=lambda start: start,
    converge=lambda start: start + SETTLED,
    power=(1, 1, 1, 0),
    **EHLERS,
)(cycles.hilbert)
SHORT, LONG = hilbert(start=12), hilbert(start=37)

#: What TA-Lib computes from row 37 on and shows later.
phase = feature(inputs=(Window(LONG.smooth, 50), LONG.period), unit="degree", **EHLERS)(cycles.phase)
sines = feature(inputs=(phase(),), outputs=("sine", "lead"), unit="ratio", **EHLERS)(cycles.sines)
trendline = feature(inputs=(Window("close", 50), LONG.period), state=3, converge=3, **PRICE)(cycles.trendline)

cycle_period = feature(inputs=(SHORT.period,), lookback=20, unit="rows", oracle="talib.HT_DCPERIOD", **EHLERS)(
    cycles.cycle_period
)
cycle_phasor = feature(
    inputs=(SHORT.in_phase, SHORT.quadrature),
    outputs=("in_phase", "quadrature"),
    lookback=20,
    oracle="talib.HT_PHASOR",
    **PRICE,
)(cycles.cycle_phasor)
cycle_phase = feature(inputs=(phase(),), lookback=26, unit="degree", oracle="talib.HT_DCPHASE", **EHLERS)(
    cycles.cycle_phase
)
cycle_sine = feature(
    inputs=(sines().sine, sines().lead),
    outputs=("sine", "lead"),
    lookback=26,
    unit="ratio",
    oracle="talib.HT_SINE",
    **EHLERS,
)(cycles.cycle_sine)
cycle_trendline = feature(inputs=(trendline(),), lookback=26, oracle="talib.HT_TRENDLINE", **PRICE)(
    cycles.cycle_trendline
)
cycle_trend_mode = feature(
    inputs=(phase(), sines().sine, sines().lead, LONG.period, trendline(), LONG.smooth),
    state=4,
    lookback=26,
    converge=50,  # What it counts, it counts since the last time that sine and lead crossed.
    oracle="talib.HT_TRENDMODE",
    **EHLERS,
)(cycles.cycle_trend_mode)
mama = feature(
    inputs=("close", SHORT.in_phase, SHORT.quadrature),
    parameters={"fast": Float(0.5, 0.01, 0.99), "slow": Float(0.05, 0.01, 0.99)},
    outputs=("mama", "fama"),
    state=3,
    lookback=20,
    converge=lambda fast, slow: 20 + forgets(min(fast, slow) / 2),
    oracle="talib.MAMA",
    **PRICE,
)(cycles.mama)
