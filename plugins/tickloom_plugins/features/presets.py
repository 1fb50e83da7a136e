"""Sets of features by name: those of qlib that its published benchmarks use, in qlib's order.

A bar here has no turnover, so the typical price stands for qlib's VWAP. Where qlib adds 1e-12 to what it divides by,
our features divide by nothing else and have a declared value at zero, so that they do not depend on a unit. And qlib
gives numbers before a window is full, where ours are NaN.
"""

from collections.abc import Callable

from tickloom.errors import ConfigError
from tickloom.features import Use
from tickloom.features.declare import Source
from tickloom_plugins.features.indicators import prices, ratios, series, terms, volume
from tickloom_plugins.features.indicators.averages import sma

#: Windows of Alpha158's rolling features, and rows that Alpha360 looks back over.
WINDOWS = (5, 10, 20, 30, 60)
ROWS = 60
#: What each rolling feature of Alpha158 is, by the name that qlib gives it before the number of rows.
ROLLING: dict[str, Callable[[int], Use]] = {
    "ROC": lambda n: ratios.lagged_ratio("close", n=n),
    "MA": lambda n: ratios.ratio(sma(n=n)),
    "STD": lambda n: ratios.relative_deviation(n=n),
    "BETA": lambda n: series.relative_slope(n=n),
    "RSQR": lambda n: series.line_fit(n=n),
    "RESI": lambda n: series.relative_residual(n=n),
    "MAX": lambda n: ratios.ratio(terms.highest("high", n=n)),
    "MIN": lambda n: ratios.ratio(terms.lowest("low", n=n)),
    "QTLU": lambda n: ratios.ratio(series.quantile(n=n, q=0.8)),
    "QTLD": lambda n: ratios.ratio(series.quantile(n=n, q=0.2)),
    "RANK": lambda n: series.rank(n=n),
    "RSV": lambda n: ratios.range_place(n=n),
    "IMAX": lambda n: series.highest_place(n=n),
    "IMIN": lambda n: series.lowest_place(n=n),
    "IMXD": lambda n: series.extreme_order(n=n),
    "CORR": lambda n: series.price_volume_correlation(n=n),
    "CORD": lambda n: series.change_correlation(n=n),
    "CNTP": lambda n: series.up_down_counts(n=n).up,
    "CNTN": lambda n: series.up_down_counts(n=n).down,
    "CNTD": lambda n: series.up_down_counts(n=n).difference,
    "SUMP": lambda n: series.up_down_sums(n=n).up,
    "SUMN": lambda n: series.up_down_sums(n=n).down,
    "SUMD": lambda n: series.up_down_sums(n=n).difference,
    "VMA": lambda n: volume.qlib_vma(n=n),
    "VSTD": lambda n: volume.qlib_vstd(n=n),
    "WVMA": lambda n: volume.qlib_wvma(n=n),
    "VSUMP": lambda n: volume.qlib_vsump(n=n),
    "VSUMN": lambda n: volume.qlib_vsumn(n=n),
    "VSUMD": lambda n: volume.qlib_vsumd(n=n),
}


def _alpha158() -> dict[str, Use]:
    """Nine of one bar, four prices over the close, and 29 rolling ones over five windows each."""
    bar = {output.upper(): getattr(prices.qlib_bar(), output) for output in prices.qlib_bar.outputs}
    over: dict[str, Source] = {"OPEN0": "open", "HIGH0": "high", "LOW0": "low", "VWAP0": terms.typical_price()}
    price = {name: ratios.ratio(of) for name, of in over.items()}
    return bar | price | {f"{name}{n}": made(n) for name, made in ROLLING.items() for n in WINDOWS}


def _alpha360() -> dict[str, Use]:
    """Prices of 60 bars over the last close, and their volumes over the last volume, the oldest first."""
    over: dict[str, Source] = {
        "CLOSE": "close",
        "OPEN": "open",
        "HIGH": "high",
        "LOW": "low",
        "VWAP": terms.typical_price(),
    }
    back = range(ROWS - 1, -1, -1)
    price = {f"{name}{n}": ratios.lagged_ratio(of, n=n) for name, of in over.items() for n in back}
    return price | {f"VOLUME{n}": ratios.lagged_ratio("volume", "volume", n=n) for n in back}


#: Features of each set by the names that they have where it comes from, such as ``KMID`` or ``MA20``.
PRESETS = {"alpha158": _alpha158(), "alpha360": _alpha360()}
#: What the registered names stand for.
alpha158, alpha360 = (tuple(uses.values()) for uses in PRESETS.values())


def preset(name: str) -> list[Use]:
    """Return the features of a set, in its order.

    Parameters
    ----------
    name : str
        ``alpha158`` or ``alpha360``.

    Raises
    ------
    ConfigError
        There is no such set; says which there are.
    """
    if name not in PRESETS:
        raise ConfigError(f"there is no preset {name!r}; known: {', '.join(PRESETS)}")
    return list(PRESETS[name].values())
