"""Candlestick patterns, as TA-Lib tells them with its settings of the factory: 100 points up, -100 down, 0 is none."""

import inspect
from collections.abc import Callable
from typing import Any

from tickloom.features import Float, Int, Window, feature
from tickloom.features.declare import Feature, Input
from tickloom_kernels.indicators import candles, candles_double, candles_multiple, candles_triple
from tickloom_plugins.features.indicators.terms import total

LENGTH: dict[str, Any] = {"unit": "price", "power": 1, "stability": "exact"}

body_range = feature(inputs=("open", "close"), **LENGTH)(candles.body_range)
high_low_range = feature(inputs=("high", "low"), **LENGTH)(candles.high_low_range)
shadow_range = feature(inputs=("open", "high", "low", "close"), **LENGTH)(candles.shadow_range)
threshold = feature(
    inputs=lambda n, factor, back: (Window(total(body_range(), n=n), back + 1),),
    parameters={"n": Int(10), "factor": Float(1.0), "back": Int(0, least=0)},
    lookback=lambda n, factor, back: back + 1,
    **LENGTH,
)(candles.threshold)

#: TA-Lib's settings: what is averaged over how many candles, and times what. Both of its dojis and its very short
#: shadows are ``tiny`` here, its short shadows are ``shadow``.
SETTINGS: dict[str, tuple[Feature, int, float]] = {
    "large": (body_range, 10, 1.0),
    "small": (body_range, 10, 1.0),
    "tiny": (high_low_range, 10, 0.1),
    "shadow": (shadow_range, 10, 0.5),
    "near": (high_low_range, 5, 0.2),
    "far": (high_low_range, 5, 0.6),
    "equal": (high_low_range, 5, 0.05),
}
COLUMNS = {"o": "open", "h": "high", "low": "low", "c": "close"}


def pattern(step: Callable[..., Any], bars: int, oracle: str, rows: int, penetration: float = 0.3) -> Feature:
    """Declare a pattern; its inputs are told by the names of the step function's arguments.

    Parameters
    ----------
    step : callable
        Its arguments are columns (``o``, ``h``, ``low``, ``c``), lengths (a setting and how many rows back), and
        ``penetration``, where there is one.
    bars : int
        How many candles it looks at.
    oracle : str
        TA-Lib's function.
    rows : int
        Rows before the first value; TA-Lib's lookback.
    penetration : float
        The default: which part of the first body must be taken back.
    """
    names = list(inspect.signature(getattr(step, "py_func", step)).parameters)[1:]
    inputs: list[Input] = []
    ready = 0
    for name in names:
        setting, _, back = name.partition("_")
        if name in COLUMNS:
            inputs.append(Window(COLUMNS[name], bars - 1) if bars > 1 else COLUMNS[name])
        elif setting in SETTINGS:
            ranges, n, factor = SETTINGS[setting]
            inputs.append(threshold.wired(total(ranges(), n=n), n=n, factor=factor, back=int(back or 0)))
            ready = max(ready, n + int(back or 0))
    return feature(
        inputs=tuple(inputs),
        parameters={"penetration": Float(penetration)} if "penetration" in names else {},
        state=4 if "state" in names else 0,
        lookback=rows - ready,
        stability="exact",
        convention="TA-Lib's settings",
        oracle=f"talib.CDL{oracle}",
    )(step)


doji = pattern(candles.doji, 1, "DOJI", 10)
dragonfly_doji = pattern(candles.dragonfly_doji, 1, "DRAGONFLYDOJI", 10)
gravestone_doji = pattern(candles.gravestone_doji, 1, "GRAVESTONEDOJI", 10)
long_legged_doji = pattern(candles.long_legged_doji, 1, "LONGLEGGEDDOJI", 10)
rickshaw_man = pattern(candles.rickshaw_man, 1, "RICKSHAWMAN", 10)
takuri = pattern(candles.takuri, 1, "TAKURI", 10)
marubozu = pattern(candles.marubozu, 1, "MARUBOZU", 10)
closing_marubozu = pattern(candles.closing_marubozu, 1, "CLOSINGMARUBOZU", 10)
belt_hold = pattern(candles.belt_hold, 1, "BELTHOLD", 10)
long_line = pattern(candles.long_line, 1, "LONGLINE", 10)
short_line = pattern(candles.short_line, 1, "SHORTLINE", 10)
spinning_top = pattern(candles.spinning_top, 1, "SPINNINGTOP", 10)
high_wave = pattern(candles.high_wave, 1, "HIGHWAVE", 10)

engulfing = pattern(candles_double.engulfing, 2, "ENGULFING", 2)
harami = pattern(candles_double.harami, 2, "HARAMI", 11)
harami_cross = pattern(candles_double.harami_cross, 2, "HARAMICROSS", 11)
doji_star = pattern(candles_double.doji_star, 2, "DOJISTAR", 11)
hammer = pattern(candles_double.hammer, 2, "HAMMER", 11)
hanging_man = pattern(candles_double.hanging_man, 2, "HANGINGMAN", 11)
inverted_hammer = pattern(candles_double.inverted_hammer, 2, "INVERTEDHAMMER", 11)
shooting_star = pattern(candles_double.shooting_star, 2, "SHOOTINGSTAR", 11)
counterattack = pattern(candles_double.counterattack, 2, "COUNTERATTACK", 11)
separating_lines = pattern(candles_double.separating_lines, 2, "SEPARATINGLINES", 11)
dark_cloud_cover = pattern(candles_double.dark_cloud_cover, 2, "DARKCLOUDCOVER", 11, penetration=0.5)
piercing = pattern(candles_double.piercing, 2, "PIERCING", 11)
thrusting = pattern(candles_double.thrusting, 2, "THRUSTING", 11)
in_neck = pattern(candles_double.in_neck, 2, "INNECK", 11)
on_neck = pattern(candles_double.on_neck, 2, "ONNECK", 11)
homing_pigeon = pattern(candles_double.homing_pigeon, 2, "HOMINGPIGEON", 11)
matching_low = pattern(candles_double.matching_low, 2, "MATCHINGLOW", 6)
kicking = pattern(candles_double.kicking, 2, "KICKING", 11)
kicking_by_length = pattern(candles_double.kicking_by_length, 2, "KICKINGBYLENGTH", 11)

two_crows = pattern(candles_triple.two_crows, 3, "2CROWS", 12)
upside_gap_two_crows = pattern(candles_triple.upside_gap_two_crows, 3, "UPSIDEGAP2CROWS", 12)
three_inside = pattern(candles_triple.three_inside, 3, "3INSIDE", 12)
three_outside = pattern(candles_triple.three_outside, 3, "3OUTSIDE", 3)
three_stars_in_south = pattern(candles_triple.three_stars_in_south, 3, "3STARSINSOUTH", 12)
three_white_soldiers = pattern(candles_triple.three_white_soldiers, 3, "3WHITESOLDIERS", 12)
advance_block = pattern(candles_triple.advance_block, 3, "ADVANCEBLOCK", 12)
stalled_pattern = pattern(candles_triple.stalled_pattern, 3, "STALLEDPATTERN", 12)
identical_three_crows = pattern(candles_triple.identical_three_crows, 3, "IDENTICAL3CROWS", 12)
abandoned_baby = pattern(candles_triple.abandoned_baby, 3, "ABANDONEDBABY", 12)
morning_star = pattern(candles_triple.morning_star, 3, "MORNINGSTAR", 12)
evening_star = pattern(candles_triple.evening_star, 3, "EVENINGSTAR", 12)
morning_doji_star = pattern(candles_triple.morning_doji_star, 3, "MORNINGDOJISTAR", 12)
evening_doji_star = pattern(candles_triple.evening_doji_star, 3, "EVENINGDOJISTAR", 12)
gap_side_by_side_white = pattern(candles_triple.gap_side_by_side_white, 3, "GAPSIDESIDEWHITE", 7)
tasuki_gap = pattern(candles_triple.tasuki_gap, 3, "TASUKIGAP", 7)
gap_three_methods = pattern(candles_triple.gap_three_methods, 3, "XSIDEGAP3METHODS", 2)
stick_sandwich = pattern(candles_triple.stick_sandwich, 3, "STICKSANDWICH", 7)
tristar = pattern(candles_triple.tristar, 3, "TRISTAR", 12)
unique_three_river = pattern(candles_triple.unique_three_river, 3, "UNIQUE3RIVER", 12)

three_black_crows = pattern(candles_multiple.three_black_crows, 4, "3BLACKCROWS", 13)
three_line_strike = pattern(candles_multiple.three_line_strike, 4, "3LINESTRIKE", 8)
concealing_baby_swallow = pattern(candles_multiple.concealing_baby_swallow, 4, "CONCEALBABYSWALL", 13)
breakaway = pattern(candles_multiple.breakaway, 5, "BREAKAWAY", 14)
ladder_bottom = pattern(candles_multiple.ladder_bottom, 5, "LADDERBOTTOM", 14)
mat_hold = pattern(candles_multiple.mat_hold, 5, "MATHOLD", 14, penetration=0.5)
rise_fall_three_methods = pattern(candles_multiple.rise_fall_three_methods, 5, "RISEFALL3METHODS", 14)
hikkake = pattern(candles_multiple.hikkake, 3, "HIKKAKE", 5)
hikkake_modified = pattern(candles_multiple.hikkake_modified, 4, "HIKKAKEMOD", 10)
