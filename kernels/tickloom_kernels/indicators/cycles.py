"""Dominant cycles of prices by a Hilbert transform (John Ehlers, Rocket Science for Traders, 2001).

A smoothed price is split into what swings with the cycle and what swings a quarter of a cycle later; how fast the angle
between the two turns is the period. All here is made of that one term, `hilbert`. It begins at a certain row, as TA-Lib
does it, and forgets where that was.
"""

import math
from typing import Any

from tickloom_kernels.indicators.window import get, lag, put, step

_DEGREES = 180.0 / math.pi
#: Where the last rows of the smoothed price, of its detrended part and of the quadrature begin in the memory.
_SMOOTH, _DETRENDED, _QUADRATURE = 0, 16, 32
_SHORTEST, _LONGEST = 6.0, 50.0


@step
def _turned(memory: Any, line: int, k: int, adjusted: float) -> float:
    """Turn a line by a quarter of a cycle: Ehlers' filter of four taps, two rows apart."""
    first = get(memory, line + (k & 15)) * 0.0962 - get(memory, line + ((k - 6) & 15)) * 0.0962
    return (
        (first - get(memory, line + ((k - 4) & 15)) * 0.5769) + get(memory, line + ((k - 2) & 15)) * 0.5769
    ) * adjusted


@step
def _limited(raw: float, last: float) -> float:
    """Keep a period near the one before and within what is looked for, and smooth it."""
    near = min(raw, 1.5 * last)
    near = max(near, 0.67 * last)
    return 0.2 * min(max(near, _SHORTEST), _LONGEST) + 0.8 * last


@step
def hilbert(k: int, state: Any, memory: Any, window: Any, start: int) -> Any:
    """Dominant cycle of the close: smoothed price, in-phase and quadrature part, and the smoothed period in rows.

    The period is told by how far the phase turns from row to row (homodyne discriminator), changes by at most a half
    per row, and is kept between 6 and 50 rows. Where prices stand still it keeps its value.
    """
    i2, q2, real, imaginary, period, smooth_period = state
    if k < start:
        return state, 0.0, 0.0, 0.0, 0.0
    adjusted = 0.075 * period + 0.54
    smooth = (4.0 * lag(window, 0) + 3.0 * lag(window, 1) + 2.0 * lag(window, 2) + lag(window, 3)) * 0.1
    put(memory, _SMOOTH + (k & 15), smooth)
    put(memory, _DETRENDED + (k & 15), _turned(memory, _SMOOTH, k, adjusted))
    quadrature = _turned(memory, _DETRENDED, k, adjusted)
    put(memory, _QUADRATURE + (k & 15), quadrature)
    in_phase = get(memory, _DETRENDED + ((k - 3) & 15))
    last_i2, last_q2 = i2, q2
    i2 = 0.2 * (in_phase - _turned(memory, _QUADRATURE, k, adjusted)) + 0.8 * last_i2
    q2 = 0.2 * (quadrature + _turned(memory, _DETRENDED, k - 3, adjusted)) + 0.8 * last_q2
    real = 0.2 * (i2 * last_i2 + q2 * last_q2) + 0.8 * real
    imaginary = 0.2 * (i2 * last_q2 - q2 * last_i2) + 0.8 * imaginary
    raw = period
    if real != 0.0 and imaginary != 0.0:
        raw = 360.0 / (math.atan(imaginary / real) * _DEGREES)
    period = _limited(raw, period)
    smooth_period = 0.33 * period + 0.67 * smooth_period
    return (i2, q2, real, imaginary, period, smooth_period), smooth, in_phase, quadrature, smooth_period


@step
def phase(k: int, smooths: Any, smooth_period: float) -> float:
    """Phase of the dominant cycle in degrees.

    The smoothed prices of one period are taken apart at the frequency of that period. Where they all are equal the
    phase is that of a cycle that just begins, which depends on the period alone; TA-Lib's is noise there.
    """
    n = int(smooth_period + 0.5)
    base = lag(smooths, 0)
    turn = 2.0 * math.pi / max(n, 1)
    cosine_of_turn, sine_of_turn = math.cos(turn), math.sin(turn)
    cosine, sine, real, imaginary = 1.0, 0.0, 0.0, 0.0
    # Over a whole period sines and cosines sum to zero, so what is common to all prices may be left out.
    for j in range(1, n):
        cosine, sine = (
            cosine * cosine_of_turn - sine * sine_of_turn,
            sine * cosine_of_turn + cosine * sine_of_turn,
        )
        swing = lag(smooths, j) - base
        real += sine * swing
        imaginary += cosine * swing
    if imaginary != 0.0:
        angle = math.atan(real / imaginary) * _DEGREES
    else:
        angle = 90.0 if real > 0.0 else (-90.0 if real < 0.0 else 0.0)
    # The smoothing lags by one row.
    angle += 90.0 + (360.0 / smooth_period if smooth_period > 0.0 else 0.0)
    if imaginary < 0.0:
        angle += 180.0
    return angle - 360.0 if angle > 315.0 else angle


@step
def sines(k: int, angle: float) -> Any:
    """Sine of an angle in degrees, and of one 45 degrees on."""
    return math.sin(angle / _DEGREES), math.sin((angle + 45.0) / _DEGREES)


@step
def trendline(k: int, state: Any, window: Any, smooth_period: float) -> Any:
    """Mean of the close over one dominant cycle, smoothed over four rows."""
    first, second, third = state
    n = int(smooth_period + 0.5)
    mean = 0.0
    for j in range(n):
        mean += lag(window, j)
    if n > 0:
        mean /= n
    return (mean, first, second), (4.0 * mean + 3.0 * first + 2.0 * second + third) / 10.0


@step
def cycle_period(k: int, smooth_period: float) -> float:
    """Period of the dominant cycle, in rows, from 6 to 50 (Ehlers)."""
    return smooth_period


@step
def cycle_phasor(k: int, in_phase: float, quadrature: float) -> Any:
    """Tell how prices swing with the dominant cycle (in phase) and a quarter of a cycle later (Ehlers)."""
    return in_phase, quadrature


@step
def cycle_phase(k: int, angle: float) -> float:
    """Phase of the dominant cycle in degrees, from -45 to 315: where in its cycle the price stands (Ehlers).

    Where prices stand still it depends on the period alone; TA-Lib's is noise there.
    """
    return angle


@step
def cycle_sine(k: int, sine: float, lead: float) -> Any:
    """Sine of the phase of the dominant cycle, and the sine of it 45 degrees on, which leads (Ehlers).

    Where the two cross, a cycle turns; while there is a trend they run side by side.
    """
    return sine, lead


@step
def cycle_trendline(k: int, line: float) -> float:
    """Mean of the close over one dominant cycle, smoothed over four rows: the price without its cycle (Ehlers)."""
    return line


@step
def cycle_trend_mode(
    k: int, state: Any, angle: float, sine: float, lead: float, smooth_period: float, line: float, smooth: float
) -> Any:
    """1 where prices trend, 0 where they swing in a cycle (Ehlers).

    They swing for half a cycle after the sine and its lead crossed, and while the phase turns about as fast as the
    period says; a price more than 1.5 percent off its trendline trends in any case.
    """
    rows, last_angle, last_sine, last_lead = state
    trend = 1.0
    if (sine > lead and last_sine <= last_lead) or (sine < lead and last_sine >= last_lead):
        rows = trend = 0.0
    rows += 1.0
    turn, usual = angle - last_angle, 360.0 / smooth_period if smooth_period != 0.0 else 0.0
    if rows < 0.5 * smooth_period or (usual != 0.0 and 0.67 * usual < turn < 1.5 * usual):
        trend = 0.0
    if line != 0.0 and abs((smooth - line) / line) >= 0.015:
        trend = 1.0
    return (rows, angle, sine, lead), trend


@step
def mama(k: int, state: Any, close: float, in_phase: float, quadrature: float, fast: float, slow: float) -> Any:
    """MESA adaptive moving average and its follower: faster the slower the phase of the cycle turns (Ehlers 2001).

    The weight of the newest close is the fast limit over the degrees by which the phase turned, at least the slow
    limit. The follower (FAMA) has half of that weight. MAMA above FAMA is an upward trend.
    """
    average, follower, last_angle = state
    angle = math.atan(quadrature / in_phase) * _DEGREES if in_phase != 0.0 else 0.0
    turned = last_angle - angle
    weight = max(fast / turned, slow) if turned > 1.0 else fast
    average = weight * close + (1.0 - weight) * average
    follower = 0.5 * weight * average + (1.0 - 0.5 * weight) * follower
    return (average, follower, angle), average, follower
