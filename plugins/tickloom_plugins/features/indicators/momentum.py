"""Momentum: rates of change, and gains against losses."""

from typing import Any

from tickloom.features import Int, Use, Window, feature
from tickloom_kernels.indicators import momentum
from tickloom_plugins.features.indicators.averages import forgets, sma
from tickloom_plugins.features.indicators.statistics import percent_rank
from tickloom_plugins.features.indicators.terms import highest, lowest, total, weighted

PERCENT: dict[str, Any] = {"unit": "percent"}
PRICE: dict[str, Any] = {"unit": "price", "power": 1}


def back(n: int) -> tuple[Window]:
    """Look back n closes."""
    return (Window("close", n),)


def rows(n: int) -> int:
    """Rows before the first value of something that looks back so far."""
    return n


# --- changes ---------------------------------------------------------------------------------------------------------

CHANGE: dict[str, Any] = {"inputs": back, "parameters": {"n": Int(10)}, "lookback": rows, "stability": "exact"}
mom = feature(**CHANGE, **PRICE, oracle="talib.MOM")(momentum.mom)
roc = feature(**CHANGE, **PERCENT, oracle="talib.ROC")(momentum.roc)
rocp = feature(**CHANGE, unit="ratio", oracle="talib.ROCP")(momentum.rocp)
rocr = feature(**CHANGE, unit="ratio", oracle="talib.ROCR")(momentum.rocr)
rocr100 = feature(**CHANGE, **PERCENT, oracle="talib.ROCR100")(momentum.rocr100)
roc_qlib = feature(
    **CHANGE, unit="ratio", convention="past over present", oracle="literal", reference="qlib, Alpha158"
)(momentum.roc_qlib)

#: The terms of what follows; not registered.
difference = feature(inputs=("close", "open"), **PRICE)(momentum.difference)
absolute = feature(inputs=("close",), **PRICE)(momentum.absolute)
absolute_change = feature(inputs=(Window("close", 1),), lookback=1, **PRICE)(momentum.absolute_change)


def path(n: int) -> Use:
    """Length of the way that closes have gone in n rows."""
    return total(absolute_change(), n=n)


WAY: dict[str, Any] = {"inputs": lambda n: (Window("close", n), path(n)), "parameters": {"n": Int(14, least=2)}}
er = feature(**WAY | {"parameters": {"n": Int(10, least=2)}}, unit="ratio", oracle="talib.ER")(momentum.er)
vhf = feature(
    inputs=lambda n: (highest(n=n), lowest(n=n), path(n)),
    parameters={"n": Int(28, least=2)},
    unit="ratio",
    oracle="talib.VHF",
)(momentum.vhf)
cmou = feature(**WAY, **PERCENT, convention="plain sums", oracle="talib.CMOU")(momentum.cmou)
rsi_sum = feature(**WAY, **PERCENT, convention="plain sums (Cutler)", oracle="literal")(momentum.rsi_sum)

_added = feature(inputs=("close", "open"))(momentum.coppock_sum)


def _coppock(n: int, short: int, long: int) -> tuple[Use, ...]:
    sums = weighted(_added(roc(n=short), roc(n=long)), n=n)
    return sums.base, sums.plain, sums.weighted


coppock = feature(
    inputs=_coppock,
    parameters={"n": Int(10), "short": Int(11), "long": Int(14)},
    oracle="talib.COPPOCK",
    reference="Coppock, Barron's, 1962",
    **PERCENT,
)(momentum.coppock)

_kst = feature(
    inputs=lambda: tuple(sma(roc(n=n), n=m) for n, m in ((10, 10), (15, 10), (20, 10), (30, 15))), **PERCENT
)(momentum.kst)
kst = feature(
    name="kst",
    outputs=("line", "signal"),
    inputs=lambda signal: (_kst(), sma(_kst(), n=signal)),
    parameters={"signal": Int(9)},
    convention="Pring's daily lengths",
    oracle="talipp.KST",
    reference="Pring, Stocks and Commodities, October 1992",
    **PERCENT,
)(momentum.kst_pair)

# --- gains against losses --------------------------------------------------------------------------------------------


def _wilder(n: int) -> int:
    return n + forgets(1 / n)


WILDER: dict[str, Any] = {
    "inputs": ("close",),
    "parameters": {"n": Int(14, least=2)},
    "state": 3,
    "lookback": rows,
    "converge": _wilder,
    "unit": "percent",
    "stability": "converging",
    "convention": "Wilder's averages, seeded with the means of the first n changes",
}
rsi = feature(
    **WILDER | {"state": 4}, oracle="talib.RSI", reference="Wilder, New Concepts in Technical Trading Systems, 1978"
)(momentum.rsi)
cmo = feature(**WILDER, oracle="talib.CMO")(momentum.cmo)
rmi = feature(
    inputs=lambda n, back: (mom(n=back),),
    parameters={"n": Int(20, least=2), "back": Int(5)},
    state=2,
    lookback=lambda n, back: n - 1,
    converge=lambda n, back: _wilder(n),
    stability="converging",
    convention="Wilder's averages, seeded with the means of the first n changes",
    oracle="literal",
    reference="Altman, Stocks and Commodities, February 1993",
    **PERCENT,
)(momentum.rmi)
imi = feature(
    inputs=lambda n: (total(difference(), n=n), total(absolute(difference()), n=n)),
    parameters={"n": Int(14, least=2)},
    oracle="talib.IMI",
    reference="Chande and Kroll, The New Technical Trader, 1994",
    **PERCENT,
)(momentum.imi)
_rose = feature(inputs=(Window("close", 1),), lookback=1)(momentum.rose)
psl = feature(
    inputs=lambda n: (total(_rose(), n=n),),
    parameters={"n": Int(12)},
    stability="exact",
    oracle="literal",
    **PERCENT,
)(momentum.psl)
#: A run ends some time: one of 64 rows is none that a random walk ever has, but a price that is pegged may.
streak = feature(
    inputs=("close",),
    state=2,
    lookback=1,
    converge=64,
    unit="rows",
    stability="converging",
    oracle="literal",
)(momentum.streak)
connors_rsi = feature(
    inputs=lambda n, streak_n, ranks: (
        rsi(n=n),
        rsi(streak(), n=streak_n),
        percent_rank(rocp(n=1), n=ranks),
    ),
    parameters={"n": Int(3, least=2), "streak_n": Int(2, least=2), "ranks": Int(100, least=2)},
    stability="converging",
    convention="the rank is among the returns before this one, equal ones do not count",
    oracle="literal",
    reference="Connors and Alvarez, An Introduction to ConnorsRSI, 2012",
    **PERCENT,
)(momentum.connors_rsi)
