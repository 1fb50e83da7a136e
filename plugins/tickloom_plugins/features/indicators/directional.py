"""Direction: Wilder's directional system, ages of extremes, pivots that stand, and which way averages go."""

from typing import Any

from tickloom.features import Feature, Float, Int, Use, Window, feature
from tickloom_kernels.indicators import directional
from tickloom_plugins.features.indicators.averages import ema, forgets
from tickloom_plugins.features.indicators.momentum import PERCENT
from tickloom_plugins.features.indicators.terms import half, highest, lowest, total, true_range

# --- Wilder's directional system -------------------------------------------------------------------------------------

WILDER: dict[str, Any] = {
    "parameters": {"n": Int(14, least=2)},
    "stability": "converging",
    "reference": "Wilder, New Concepts in Technical Trading Systems, 1978",
}


def _settled(n: int) -> int:
    return n + forgets(1 / n)


#: The terms of the system; not registered.
SUMS: dict[str, Any] = WILDER | {"lookback": lambda n: n - 1, "converge": _settled, "unit": "price", "power": 1}
movement = feature(inputs=("high", "low"), outputs=("plus", "minus"), state=4, **SUMS)(directional.movement)
wilder_range = feature(inputs=("high", "low", "close"), state=2, **SUMS)(directional.wilder_range)

plus_dm = feature(inputs=lambda n: (movement(n=n).plus,), oracle="talib.PLUS_DM", unit="price", power=1, **WILDER)(
    directional.plus_dm
)
minus_dm = feature(inputs=lambda n: (movement(n=n).minus,), oracle="talib.MINUS_DM", unit="price", power=1, **WILDER)(
    directional.minus_dm
)
#: The sums are there one row before, but TA-Lib begins here.
INDEX: dict[str, Any] = WILDER | PERCENT | {"lookback": 1}
plus_di = feature(inputs=lambda n: (movement(n=n).plus, wilder_range(n=n)), oracle="talib.PLUS_DI", **INDEX)(
    directional.plus_di
)
minus_di = feature(inputs=lambda n: (movement(n=n).minus, wilder_range(n=n)), oracle="talib.MINUS_DI", **INDEX)(
    directional.minus_di
)
dx = feature(inputs=lambda n: (movement(n=n).plus, movement(n=n).minus), oracle="talib.DX", **INDEX)(directional.dx)
adx = feature(
    inputs=lambda n: (dx(n=n),),
    state=1,
    lookback=lambda n: n - 1,
    converge=_settled,
    oracle="talib.ADX",
    convention="the sums begin with n - 1 bars, the mean of the first n DX is the seed",
    **WILDER,
    **PERCENT,
)(directional.adx)
adxr = feature(
    inputs=lambda n: (Window(adx(n=n), n - 1),),
    lookback=lambda n: n - 1,
    oracle="talib.ADXR",
    **WILDER,
    **PERCENT,
)(directional.adxr)

# --- ages of extremes ------------------------------------------------------------------------------------------------

AGE: dict[str, Any] = {"unit": "rows", "stability": "exact"}
SPAN: dict[str, Any] = AGE | {"parameters": {"n": Int(15, least=3)}, "lookback": lambda n: n - half(n)}
is_high_older = feature(inputs=(Window("high", 1),), lookback=1, **AGE)(directional.is_high_older)
is_low_older = feature(inputs=(Window("low", 1),), lookback=1, **AGE)(directional.is_low_older)
high_age: Feature = feature(inputs=lambda n: _span(n, highest("high", n=half(n)), _high_age(half(n))), **SPAN)(
    directional.high_age
)
low_age: Feature = feature(inputs=lambda n: _span(n, lowest("low", n=half(n)), _low_age(half(n))), **SPAN)(
    directional.low_age
)


def _span(n: int, extreme: Use, age: Use) -> tuple[Window, Window]:
    return Window(extreme, n - half(n)), Window(age, n - half(n))


def _high_age(n: int) -> Use:
    return high_age(n=n) if n > 2 else is_high_older()


def _low_age(n: int) -> Use:
    return low_age(n=n) if n > 2 else is_low_older()


def _ages(n: int) -> tuple[Use, Use]:
    return _high_age(n + 1), _low_age(n + 1)


AROON: dict[str, Any] = {
    "inputs": _ages,
    "parameters": {"n": Int(14, least=2)},
    "unit": "percent",
    "stability": "exact",
    "convention": "of equal extremes the latest counts",
    "reference": "Chande, Stocks and Commodities, September 1995",
}
aroon = feature(outputs=("down", "up"), oracle="talib.AROON", **AROON)(directional.aroon)
aroonosc = feature(oracle="talib.AROONOSC", **AROON)(directional.aroonosc)

# --- ranges that overlap ---------------------------------------------------------------------------------------------

_vortex = feature(
    inputs=(Window("high", 1), Window("low", 1)), lookback=1, outputs=("plus", "minus"), unit="price", power=1
)(directional.vortex_movement)
vortex = feature(
    inputs=lambda n: (total(_vortex().plus, n=n), total(_vortex().minus, n=n), total(true_range(), n=n)),
    parameters={"n": Int(14)},
    outputs=("plus", "minus"),
    unit="ratio",
    oracle="talib.VORTEX",
    reference="Botes and Siepman, Stocks and Commodities, January 2010",
)(directional.vortex)
choppiness = feature(
    inputs=lambda n: (total(true_range(), n=n), highest("high", n=n), lowest("low", n=n)),
    parameters={"n": Int(14, least=2)},
    convention="the first bar has no true range",
    oracle="literal",
    reference="Dreiss, 1992",
    **PERCENT,
)(directional.choppiness)

# --- pivots ----------------------------------------------------------------------------------------------------------

fractal = feature(
    inputs=lambda left, right: (
        Window("high", right),
        Window("low", right),
        highest("high", n=right),
        lowest("low", n=right),
        Window(highest("high", n=left), right + 1),
        Window(lowest("low", n=left), right + 1),
    ),
    parameters={"left": Int(2), "right": Int(2)},
    outputs=("swing_high", "swing_low"),
    lookback=lambda left, right: left + right + 1 - max(left, right),
    unit="flag",
    stability="exact",
    convention="told at the bar that confirms it; equal neighbours are no pivot",
    oracle="talib.FRACTAL",
    reference="Williams, New Trading Dimensions, 1998",
)(directional.fractal)
#: A leg may last for ever.
zigzag = feature(
    inputs=("high", "low"),
    parameters={"percent": Float(5.0, 0.01, 99.0)},
    outputs=("direction", "pivot", "age"),
    state=7,
    unit="price",
    power=(0, 1, 0),
    stability="path",
    convention="confirmed legs only; a bar that sets a new extreme does not turn",
    oracle="literal",
)(directional.zigzag)

# --- averages that turn and cross ------------------------------------------------------------------------------------

amat = feature(
    inputs=lambda fast, slow, back: (Window(ema(n=fast), back), Window(ema(n=slow), back)),
    parameters={"fast": Int(8), "slow": Int(21), "back": Int(2)},
    outputs=("long", "short"),
    lookback=lambda fast, slow, back: back,
    unit="flag",
    stability="converging",
    convention="exponential averages; a direction is a difference over so many rows",
    oracle="literal",
)(directional.amat)
#: Before the first crossing the rows count from where the stream began, and that may be for ever.
cross_age = feature(
    inputs=lambda fast, slow: (ema(n=fast), ema(n=slow)),
    parameters={"fast": Int(10), "slow": Int(30)},
    outputs=("side", "age"),
    state=2,
    unit="rows",
    stability="path",
    convention="exponential averages",
    oracle="literal",
)(directional.cross_age)
