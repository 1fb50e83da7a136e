"""A market from a seed, for the first run on a machine without data, for examples, tests and load."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from tickloom.errors import ConfigError, nearest
from tickloom.instruments import Instrument
from tickloom.units import duration, moment
from tickloom_plugins.dialects import binance_instruments

#: Rows of one chunk at most.
CHUNK = 65_536

#: Price at the start, and what `tickloom_kernels.synthetic` calls habits, in lots and ticks of the perpetual contracts:
#: updates, orders and own moves per second; size of a move; quantity at the best level and at a deeper one; gap between
#: levels; median and log deviation of a print's quantity, and of the number of an order's further prints; memory.
#: BTCUSDT and ETHUSDT are fitted to the captures. The others are ETHUSDT with the volatility of their five-minute
#: candles, and with rates and sizes by the square root of their turnover.
PRESETS = {
    "BTCUSDT": ("61800.0", (275.0, 8.5, 0.9, 13.0, 3_750.0, 400.0, 5.2, 16.2, 2.3, 0.4, 3.1, 0.98)),
    "ETHUSDT": ("2680.00", (232.0, 4.3, 1.4, 4.85, 19_500.0, 2_150.0, 2.8, 73.0, 2.55, 0.4, 3.2, 0.98)),
    "LTCUSDT": ("60.00", (52.0, 1.0, 1.4, 0.09, 195_000.0, 21_500.0, 1.0, 730.0, 2.55, 0.4, 3.2, 0.98)),
    "XRPUSDT": ("0.6000", (99.0, 1.8, 1.4, 0.09, 372_000.0, 41_000.0, 1.0, 1_390.0, 2.55, 0.4, 3.2, 0.98)),
}

#: Turnover in each hour of the day (UTC) against the mean of all: BTC and ETH against USDT, spot, January to June 2024.
DAY = (
    *(0.858, 0.865, 0.826, 0.756, 0.731, 0.714, 0.738, 0.955, 1.009, 0.929, 0.857, 0.907),
    *(1.177, 1.298, 1.610, 1.506, 1.399, 1.246, 1.127, 1.104, 1.081, 0.834, 0.746, 0.728),
)

#: What that is at 23:57, in the middle of the captures, to which the rates of `PRESETS` belong.
_AT_CAPTURE = 0.55 * DAY[23] + 0.45 * DAY[0]


def _between(low: int, high: int) -> Any:
    """Make the validator of a whole number."""
    return attrs.validators.and_(attrs.validators.ge(low), attrs.validators.le(high))


def _positive(_source: "Synthetic", _field: "attrs.Attribute[str]", text: str) -> None:
    if duration(text) == 0:
        raise ConfigError(f"{text!r} is no time at all; write such as '30min'")


def _moment(_source: "Synthetic", _field: "attrs.Attribute[str]", text: str) -> None:
    if moment(text) < 0:
        raise ConfigError(f"{text!r} lies before 1970")


def _known(_source: "Synthetic", _field: "attrs.Attribute[tuple[str, ...]]", names: tuple[str, ...]) -> None:
    for name in names:
        if name not in PRESETS:
            raise ConfigError(f"{name!r} is no instrument of this source; {nearest(name, PRESETS)}")
    if not names or len(set(names)) < len(names):
        raise ConfigError(f"name each instrument once, and at least one of {', '.join(PRESETS)}")


@attrs.define
class Synthetic:
    """A generated market of perpetual contracts: books, quotes and trades, the same for the same seed.

    `tickloom_kernels.synthetic` says how it works. It was fitted to the captures of BTCUSDT and ETHUSDT, USD-margined
    perpetual contracts at Binance, 2024-08-08 23:54:15 to 23:59:59 UTC, and lies within 20 % of these figures of them
    (`tickloom_kernels.microstructure` measures both; the volatility is that of 345 seconds, on another day another):

    ================  =========  =========  ==================================================================
    figure            BTCUSDT    ETHUSDT    what it is
    ================  =========  =========  ==================================================================
    spread            1.142      1.040      best ask less best bid (ticks), mean over time
    best_depth        231668     53535      value at the best price of a side (USDT), mean over time
    depth             466325     108527     value at ten levels of a side (USDT), mean over seconds
    trade_size        16         71         quantity of a trade (lots of 0.001), median
    mean_trade_size   113.99     651.10     quantity of a trade (lots of 0.001), mean
    trades            61.82      40.82      trades per second
    quotes            191.70     156.59     changes of the best price or quantity per second
    volatility        1.267      1.193      deviation of the log return over one second (basis points)
    sign_memory_1     0.794      0.830      autocorrelation of the aggressors' signs, one trade apart
    sign_memory_10    0.581      0.547      autocorrelation of the aggressors' signs, ten trades apart
    correlation       0.646      0.646      of both instruments' returns over one second
    ================  =========  =========  ==================================================================

    Attributes
    ----------
    seed : int
        0 to 2**63 - 1. It is the source's own, so that runs with other seeds can meet the same market.
    start : str
        The first moment (UTC), such as ``"2024-08-09T12:00:00Z"``.
    duration : str
        How long it lasts, such as ``"30min"`` or ``"2d"``.
    names : tuple of str
        The setting ``instruments``: BTCUSDT, ETHUSDT, LTCUSDT, XRPUSDT.
    levels : int
        Levels on each side of a book, 2 to 100.
    """

    seed: int = attrs.field(default=0, validator=_between(0, 2**63 - 1))
    start: str = attrs.field(default="2024-08-09", validator=_moment)
    duration: str = attrs.field(default="30min", validator=_positive)
    names: tuple[str, ...] = attrs.field(default=("BTCUSDT", "ETHUSDT"), alias="instruments", validator=_known)
    levels: int = attrs.field(default=10, validator=_between(2, 100))
    _progress: float = attrs.field(default=0.0, init=False)

    @property
    def instruments(self) -> Sequence[Instrument]:
        """The perpetual contracts, with the grid and the fees they had in 2024."""
        return tuple(binance_instruments.instrument("usdm", name, {}) for name in self.names)

    @property
    def series(self) -> Sequence[str]:
        """No bars."""
        return ()

    def progress(self) -> float:
        """Part of the duration that has been handed over, 0 to 1."""
        return self._progress

    def files(self) -> Sequence[Path]:
        """None: the settings are enough to make the same market again."""
        return ()

    def chunks(self) -> Iterator[tuple[NDArray[np.int64], int]]:
        """Yield rows and watermarks as `tickloom.interfaces.Source` says, from the start each time it is called."""
        from tickloom_kernels import synthetic as kernel

        start = moment(self.start)
        end = start + duration(self.duration)
        prices = [one.ticks(PRESETS[one.symbol][0]) for one in self.instruments]
        market = kernel.new_market(
            seed=self.seed,
            start=start,
            end=end,
            prices=np.array(prices),
            levels=self.levels,
            habits=np.array([PRESETS[name][1] for name in self.names]),
            curve=np.array(DAY) / _AT_CAPTURE,
        )
        while not market[kernel.DONE]:
            out = np.empty((CHUNK, 12), np.int64)
            count = kernel.generate(market, out)
            self._progress = (int(market[kernel.NOW]) - start) / (end - start)
            yield out[:count], int(market[kernel.INIT])
        self._progress = 1.0
