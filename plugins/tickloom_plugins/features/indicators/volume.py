"""Volume indicators."""

from typing import Any

from tickloom.features import Choice, Int, Window, feature
from tickloom.features.declare import Use
from tickloom_kernels.indicators import volume
from tickloom_plugins.features.indicators.averages import KINDS, average, ema, forgets, late, sma
from tickloom_plugins.features.indicators.terms import moments, total, typical_price

HLCV = ("high", "low", "close", "volume")
CHANGE = (Window("close", 1), "volume")
QLIB = "qlib, contrib/data/loader.py, Alpha158"

# --- parts, not registered -------------------------------------------------------------------------------------------
money_flow = feature(inputs=HLCV, unit="volume")(volume.money_flow)
force = feature(inputs=CHANGE, lookback=1, power=1)(volume.force)
flows = feature(
    inputs=(Window(typical_price(), 1), "volume"), outputs=("rising", "falling"), lookback=1, power=1, unit="turnover"
)(volume.flows)
ease = feature(inputs=(Window("high", 1), Window("low", 1), "volume"), lookback=1, power=2)(volume.ease)
# Its measurement begins anew with each turn of the trend, so what was before the last turn is forgotten.
volume_force = feature(inputs=HLCV, state=4, lookback=2, converge=64, unit="volume", stability="converging")(
    volume.volume_force
)
signed_volume = feature(inputs=CHANGE, lookback=1, unit="volume", stability="exact")(volume.signed)
moved_volume = feature(inputs=CHANGE, lookback=1, unit="volume")(volume.moved_volume)
volume_changes = feature(
    inputs=(Window("volume", 1),), outputs=("rose", "fell"), lookback=1, unit="volume", stability="exact"
)(volume.changes)

# --- where in the bar ------------------------------------------------------------------------------------------------
ad = feature(name="ad", inputs=(money_flow(),), state=1, unit="volume", stability="path", oracle="talib.AD")(
    volume.accumulation_distribution
)
adosc = feature(
    name="adosc",
    inputs=(money_flow(),),
    parameters={"fast": Int(3, 2), "slow": Int(10, 2)},
    state=3,
    lookback=lambda fast, slow: max(fast, slow) - 1,
    converge=lambda fast, slow: forgets(2 / (max(fast, slow) + 1)),
    unit="volume",
    stability="converging",
    convention="both averages are seeded with the first value of the line",
    oracle="talib.ADOSC",
)(volume.chaikin_oscillator)
cmf = feature(
    name="cmf",
    inputs=lambda n: (total(money_flow(), n=n), total("volume", n=n)),
    parameters={"n": Int(20)},
    unit="ratio",
    oracle="talib.CMF",
)(volume.chaikin_money_flow)
marketfi = feature(
    name="marketfi",
    inputs=("high", "low", "volume"),
    unit="price per volume",
    power=1,
    stability="exact",
    oracle="talib.MARKETFI",
)(volume.market_facilitation)
emv = feature(
    name="emv",
    inputs=lambda n: (sma(ease(), n=n),),
    parameters={"n": Int(14)},
    unit="price squared per volume",
    power=2,
    convention="no factor; a bar without volume counts as 0",
    oracle="talipp.EMV",
    reference="Arms, Volume Cycles in the Stock Market, 1989",
)(volume.ease_of_movement)

# --- with which move -------------------------------------------------------------------------------------------------
efi = feature(
    name="efi",
    inputs=lambda n: (ema(force(), n=n),),
    parameters={"n": Int(13)},
    unit="price times volume",
    power=1,
    stability="converging",
    oracle="talib.EFI",
    reference="Elder, Trading for a Living, 1993",
)(volume.force_index)
nvi = feature(
    name="nvi",
    inputs=(Window("close", 1), Window("volume", 1)),
    state=1,
    unit="index",
    stability="path",
    convention="begins at 1000",
    oracle="talib.NVI",
)(volume.negative_volume)
pvi = feature(
    name="pvi",
    inputs=(Window("close", 1), Window("volume", 1)),
    state=1,
    unit="index",
    stability="path",
    convention="begins at 1000",
    oracle="talib.PVI",
)(volume.positive_volume)
obv = feature(
    name="obv",
    inputs=CHANGE,
    state=1,
    unit="volume",
    stability="path",
    convention="begins with the first volume",
    oracle="talib.OBV",
)(volume.on_balance)
pvt = feature(
    name="pvt",
    inputs=CHANGE,
    state=1,
    unit="volume",
    stability="path",
    convention="begins at 0",
    oracle="talib.PVT",
)(volume.price_volume_trend)
mfi = feature(
    name="mfi",
    inputs=lambda n: (total(flows().rising, n=n), total(flows().falling, n=n)),
    parameters={"n": Int(14, 2)},
    unit="percent",
    convention="n changes; 0 without any flow",
    oracle="talib.MFI",
)(volume.money_flow_index)
wad = feature(
    name="wad",
    inputs=("high", "low", Window("close", 1)),
    state=1,
    unit="price",
    power=1,
    stability="path",
    oracle="talib.WAD",
)(volume.williams)
kvo = feature(
    name="kvo",
    inputs=lambda fast, slow: (ema(volume_force(), n=fast), ema(volume_force(), n=slow)),
    parameters={"fast": Int(34), "slow": Int(55)},
    unit="volume",
    stability="converging",
    convention="cumulative measurement, as StockCharts and talipp have it",
    oracle="talipp.KVO",
    reference="Klinger, Stocks and Commodities, December 1997",
)(volume.klinger)
vzo = feature(
    name="vzo",
    inputs=lambda n: (ema(signed_volume(), n=n), ema(late("volume", rows=1), n=n)),
    parameters={"n": Int(14)},
    unit="percent",
    stability="converging",
    convention="an unchanged close has the sign 0",
    oracle="literal",
    reference="Khalil and Steckler, Stocks and Commodities, May 2011",
)(volume.volume_zone)

# --- beside the usual ------------------------------------------------------------------------------------------------
pvo = feature(
    name="pvo",
    inputs=lambda fast, slow, kind: (
        average(kind, min(fast, slow), "volume"),
        average(kind, max(fast, slow), "volume"),
    ),
    parameters={"fast": Int(12, 2), "slow": Int(26, 2), "kind": Choice("ema", tuple(KINDS))},
    # A stream that begins in a burst of volume takes longer: what is left of it is divided by the small averages after.
    converge=lambda fast, slow, kind: max(fast, slow),
    unit="percent",
    stability="converging",
    oracle="talib.PVO",
)(volume.volume_oscillator)
rvol = feature(
    name="rvol",
    inputs=lambda n: ("volume", Window(sma("volume", n=n), 1)),
    parameters={"n": Int(20)},
    lookback=1,
    unit="ratio",
    convention="the row at hand is not in the mean",
    oracle="talib.RVOL",
)(volume.relative_volume)
volume_roc = feature(
    name="volume_roc",
    inputs=lambda n: (Window("volume", n),),
    parameters={"n": Int(14)},
    lookback=lambda n: n,
    unit="percent",
    oracle="literal",
)(volume.volume_change)
volume_zscore = feature(
    name="volume_zscore",
    inputs=lambda n: ("volume", moments("volume", n=n).mean, moments("volume", n=n).variance),
    parameters={"n": Int(20, 2)},
    unit="ratio",
    oracle="pandas.rolling",
)(volume.volume_score)


def changes(n: int) -> tuple[Use, Use]:
    """Return the sums of how much the volume rose and fell in n rows."""
    return total(volume_changes().rose, n=n), total(volume_changes().fell, n=n)


#: What qlib's features of this kind share.
ALPHA: dict[str, Any] = {
    "parameters": {"n": Int(20, 2)},
    "unit": "ratio",
    "oracle": "pandas.rolling",
    "reference": QLIB,
}
qlib_vma = feature(name="qlib_vma", inputs=lambda n: ("volume", sma("volume", n=n)), **ALPHA)(volume.qlib_mean)
qlib_vstd = feature(name="qlib_vstd", inputs=lambda n: ("volume", moments("volume", n=n).variance), **ALPHA)(
    volume.qlib_deviation
)
qlib_wvma = feature(
    name="qlib_wvma",
    inputs=lambda n: (moments(moved_volume(), n=n).mean, moments(moved_volume(), n=n).variance),
    **ALPHA,
)(volume.qlib_weighted)
qlib_vsump = feature(name="qlib_vsump", inputs=changes, **ALPHA)(volume.qlib_rises)
qlib_vsumn = feature(name="qlib_vsumn", inputs=changes, **ALPHA)(volume.qlib_falls)
qlib_vsumd = feature(name="qlib_vsumd", inputs=changes, **ALPHA)(volume.qlib_balance)
