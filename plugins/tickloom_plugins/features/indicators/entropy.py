"""Entropies, complexities and shares of frequencies of the last n rows."""

import math
from typing import Any

from tickloom.errors import ConfigError
from tickloom.features import Int, Window, feature
from tickloom_kernels.indicators import entropy as kernels
from tickloom_plugins.features.indicators.averages import sma
from tickloom_plugins.features.indicators.terms import before, log_return

ADVANCES = "Lopez de Prado, Advances in Financial Machine Learning, 2018, chapter 18"
RETURNS: dict[str, Any] = {"inputs": lambda n: (Window(log_return(), n),), "lookback": before}

return_sign = feature(name="return_sign", inputs=(log_return(),))(kernels.sign_of)
match_rate = feature(
    inputs=lambda width: (Window(return_sign(), 2 * width - 1),),
    parameters={"width": Int(20, 2, 1000)},
    lookback=lambda width: 2 * width - 1,
)(kernels.match_rate)

sign_entropy = feature(
    **RETURNS, parameters={"n": Int(50, 2)}, state=2, unit="bits", oracle="scipy.stats.entropy"
)(kernels.sign_entropy)  # fmt: skip
binned_entropy = feature(
    inputs=lambda n, bins: (Window(log_return(), n),),
    parameters={"n": Int(50, 2), "bins": Int(10, 2, 1000)},
    memory=lambda n, bins: bins,
    lookback=lambda n, bins: n - 1,
    unit="bits",
    convention="equal bins from the least to the largest of the window; tsfresh binned_entropy in bits",
    oracle="numpy.histogram",
)(kernels.binned_entropy)


def ordered(n: int, order: int) -> tuple[Window]:
    """Give closes with n values of their past, or a ConfigError where they hold no two patterns."""
    if n <= order:
        raise ConfigError(f"feature 'permutation_entropy': n is {n}, it must be above the order, which is {order}")
    return (Window("close", n),)


permutation_entropy = feature(
    inputs=ordered,
    parameters={"n": Int(50, 3), "order": Int(3, 2, 7)},
    state=1,
    memory=lambda n, order: math.factorial(order) + n + 2,
    lookback=lambda n, order: n - 1,
    unit="ratio",
    convention="delay 1; the older of equal values counts as smaller",
    oracle="literal",
    reference="Bandt and Pompe, Permutation entropy: a natural complexity measure for time series, 2002",
)(kernels.permutation_entropy)
lempel_ziv = feature(
    **RETURNS,
    parameters={"n": Int(64, 2, 10_000)},
    memory=lambda n: n,
    unit="ratio",
    convention="exhaustive history of 1976, of moves that are up or not, times log2(n) / n",
    oracle="literal",
    reference="Lempel and Ziv, On the complexity of finite sequences, 1976",
)(kernels.lempel_ziv)
kontoyiannis_entropy = feature(
    inputs=lambda n, width: (sma(match_rate(width=width), n=n),),
    parameters={"n": Int(50), "width": Int(20, 2, 1000)},
    unit="bits",
    convention="with a window of fixed width",
    oracle="literal",
    reference=ADVANCES,
)(kernels.kontoyiannis_entropy)
spectral_energy = feature(
    **RETURNS,
    parameters={"n": Int(64, 6, 10_000)},
    outputs=("slow", "middling", "fast"),
    memory=lambda n: 4 * n,
    unit="ratio",
    convention="three bands of equal width; without the mean, no taper",
    oracle="numpy.fft",
)(kernels.spectral_energy)
