"""Statistics of the last n values: lines, spread, order, and how two series move together."""

from typing import Any

from tickloom.features import Float, Int, Use, Window, feature
from tickloom_kernels.indicators import statistics
from tickloom_plugins.features.indicators.terms import before, close, comoments, highest, lowest, moments, weighted

PRICE: dict[str, Any] = {"unit": "price", "power": 1}
LINE = {"n": Int(14, least=2)}


def line(n: int) -> tuple[Use, Use, Use]:
    """Return what a straight line through the last n closes is drawn from."""
    sums = weighted(n=n)
    return sums.base, sums.plain, linear_slope(n=n)


relative_change = feature(inputs=(Window("close", 1),), lookback=1, unit="ratio")(statistics.relative_change)


def changes(n: int) -> tuple[Use, Use]:
    """Variance of the changes of the close, and their covariance with the changes of the volume."""
    both = comoments(relative_change(), relative_change("volume"), n=n)
    return both.variance_x, both.covariance


def levels(n: int) -> tuple[Use, Use, Use]:
    """Variances of close and volume, and their covariance."""
    both = comoments(n=n)
    return both.variance_x, both.variance_y, both.covariance


correlation = feature(
    inputs=levels,
    parameters={"n": Int(30)},
    unit="ratio",
    convention="of levels",
    oracle="talib.CORREL",
)(statistics.correlation)
beta = feature(
    inputs=changes,
    parameters={"n": Int(5)},
    unit="ratio",
    convention="of relative changes, the first series is the market",
    oracle="talib.BETA",
)(statistics.beta)
linear_slope = feature(
    inputs=lambda n: (weighted(n=n).plain, weighted(n=n).weighted),
    parameters=LINE,
    oracle="talib.LINEARREG_SLOPE",
    **PRICE,
)(statistics.linear_slope)
linear_regression = feature(inputs=line, parameters=LINE, oracle="talib.LINEARREG", **PRICE)(
    statistics.linear_regression
)
linear_intercept = feature(inputs=line, parameters=LINE, oracle="talib.LINEARREG_INTERCEPT", **PRICE)(
    statistics.linear_intercept
)
linear_forecast = feature(inputs=line, parameters=LINE, oracle="talib.TSF", **PRICE)(statistics.linear_forecast)
linear_angle = feature(
    inputs=lambda n: (linear_slope(n=n),),
    parameters=LINE,
    unit="degree",
    power=None,  # The arc tangent of a price.
    oracle="talib.LINEARREG_ANGLE",
)(statistics.linear_angle)
variance = feature(
    inputs=lambda n: (moments(n=n).variance,),
    parameters={"n": Int(5)},
    unit="price squared",
    power=2,
    convention="of the population (ddof 0)",
    oracle="talib.VAR",
)(statistics.variance)
standard_deviation = feature(
    inputs=lambda n, deviations: (moments(n=n).variance,),
    parameters={"n": Int(5, least=2), "deviations": Float(1.0)},
    convention="of the population (ddof 0)",
    oracle="talib.STDDEV",
    **PRICE,
)(statistics.standard_deviation)
cumulative_sum = feature(inputs=("close",), state=1, stability="path", oracle="talib.CUMSUM", **PRICE)(
    statistics.cumulative_sum
)
percentile = feature(
    inputs=lambda n, percent: close(n),
    parameters={"n": Int(30, least=2), "percent": Float(50.0, 0.0, 100.0)},
    memory=lambda n, percent: n,
    lookback=lambda n, percent: before(n),
    stability="exact",
    convention="nearest rank",
    oracle="talib.PERCENTILE",
    **PRICE,
)(statistics.percentile)
percent_rank = feature(
    inputs=close,
    parameters={"n": Int(100, least=2)},
    lookback=lambda n: n,
    unit="percent",
    stability="exact",
    convention="of the n values before; equal ones do not count",
    oracle="talib.PERCENTRANK",
)(statistics.percent_rank)
#: Which of two equal extremes counts depends on the rows before (see the kernel), so these never quite forget.
AGE: dict[str, Any] = {"state": 1, "unit": "rows", "stability": "path", "convention": "TA-Lib's among equal extremes"}
highest_age = feature(
    inputs=lambda n: (*close(n), highest(n=n)),
    parameters={"n": Int(30, least=2)},
    oracle="talib.MAXINDEX",
    **AGE,
)(statistics.highest_age)
lowest_age = feature(
    inputs=lambda n: (*close(n), lowest(n=n)),
    parameters={"n": Int(30, least=2)},
    oracle="talib.MININDEX",
    **AGE,
)(statistics.lowest_age)
