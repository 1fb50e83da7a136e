"""The hundred outputs of hundred.toml: our features, the same by TA-Lib and talipp, and bars to compute them on."""

import datetime as dt
import time
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import talib
from numpy.typing import NDArray
from talib import abstract as abstracts
from talib import stream
from talipp import indicators as talipp  # type: ignore[import-untyped]
from talipp.ohlcv import OHLCV  # type: ignore[import-untyped]

from tickloom.features.columns import BAR
from tickloom.features.declare import Choice, Use
from tickloom.features.plan import ViewPlan
from tickloom.features.view import FeatureView
from tickloom.plugins import load_plugins

Floats = NDArray[np.float64]

#: What is in it is made at run time.
abstract: Any = abstracts

#: TA-Lib's numbers of the averages that occur here.
KINDS = ("sma", "ema")
#: How talipp calls what it has, and the parameters that it takes of ours.
TALIPP: dict[str, Callable[[dict[str, Any]], Any]] = {
    "sma": lambda p: talipp.SMA(p["n"]),
    "ema": lambda p: talipp.EMA(p["n"]),
    "wma": lambda p: talipp.WMA(p["n"]),
    "rsi": lambda p: talipp.RSI(p["n"]),
    "atr": lambda p: talipp.ATR(p["n"]),
    "adx": lambda p: talipp.ADX(p["n"], p["n"]),
    "standard_deviation": lambda p: talipp.StdDev(p["n"]),
    "roc": lambda p: talipp.ROC(p["n"]),
    "cci": lambda p: talipp.CCI(p["n"]),
    "bbands": lambda p: talipp.BB(p["n"], p["up"]),
    "aroon": lambda p: talipp.Aroon(p["n"]),
    "macd": lambda p: talipp.MACD(p["fast"], p["slow"], p["signal"]),
    "obv": lambda p: talipp.OBV(),
    "ad": lambda p: talipp.AccuDist(),
    "willr": lambda p: talipp.Williams(p["n"]),
    "stoch": lambda p: talipp.Stoch(p["n"], p["k_n"]),
    "donchian": lambda p: talipp.DonchianChannels(p["n"]),
}
#: Those of them that step on whole bars.
OF_BARS = ("atr", "adx", "cci", "aroon", "obv", "ad", "willr", "stoch", "donchian")


def named(*features: dict[str, Any]) -> list[Use]:
    """Look features up as a config names them."""
    registry = load_plugins()
    return [
        registry.lookup("feature", one["name"], "a benchmark")(**{k: v for k, v in one.items() if k != "name"})
        for one in features
    ]


def hundred() -> list[Use]:
    """All of hundred.toml."""
    text = Path(__file__).with_name("hundred.toml").read_text()
    return named(*tomllib.loads(text)["features"])


def bars(count: int, seed: int = 1) -> Floats:
    """Make bars of a random walk of 0.1 % a bar, as the stream ``bar`` has them, each column in one piece."""
    draw = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(draw.normal(0, 1e-3, count)))
    opened = np.concatenate([close[:1], close[:-1]])
    high = np.maximum(opened, close) * (1 + draw.exponential(5e-4, count))
    low = np.minimum(opened, close) * (1 - draw.exponential(5e-4, count))
    volume, times = draw.lognormal(3, 1, count), 1.7e9 + 300.0 * np.arange(count)
    return np.asfortranarray(np.column_stack([opened, high, low, close, volume, np.ones(count), times]))


def view_of(uses: Sequence[Use], symbols: int = 1) -> FeatureView:
    """Make the view of some features on bars."""
    return FeatureView(ViewPlan(BAR, uses), symbols)


class Library:
    """One indicator by TA-Lib: its name, the places of its columns in a row, and its parameters."""

    def __init__(self, use: Use) -> None:
        self.name = use.feature.oracle.removeprefix("talib.")
        names: list[str] = ["close", "volume"] if self.name == "CORREL" else []
        for given in abstract.Function(self.name).input_names.values():
            if self.name != "CORREL":
                names += [given] if isinstance(given, str) else given
        self.places = [BAR.columns.index(name) for name in names]
        self.parameters = [
            KINDS.index(value) if isinstance(declared, Choice) else value
            for declared, value in zip(use.feature.parameters.values(), use.values.values(), strict=True)
        ]

    def batch(self, rows: Floats) -> Callable[[], Any]:
        """Return a call over whole columns."""
        function, columns = getattr(talib, self.name), [np.ascontiguousarray(rows[:, place]) for place in self.places]
        return lambda: function(*columns, *self.parameters)

    def handle(self, rows: Floats) -> Callable[..., Any]:
        """Return what takes the numbers of one more bar, opened with the bars so far."""
        opened = getattr(stream, self.name)(
            *(np.ascontiguousarray(rows[:, place]) for place in self.places), *self.parameters
        )
        return opened.update  # type: ignore[no-any-return]


def agree(uses: Sequence[Use], rows: Floats) -> None:
    """Require of some features what TA-Lib says, within 1e-9 of the output's scale once they have converged."""
    view = view_of(uses)
    out, _ = view.run(rows)
    at = 0
    for use in uses:
        found = Library(use).batch(rows)()
        for expected in found if isinstance(found, tuple) else (found,):
            column = view.plan.columns[at]
            begin, scale = column.converged, np.nanmax(np.abs(expected))
            assert int(np.argmin(np.isnan(out[:, at]))) == int(np.argmin(np.isnan(expected))), column.name
            assert np.abs(out[begin:, at] - expected[begin:]).max() <= 1e-9 * scale, column.name
            at += 1
    assert at == out.shape[1]


def talipp_of(uses: Sequence[Use]) -> tuple[list[Any], list[Any], int]:
    """Return talipp's indicators of closes and of whole bars, as many as it has, and how many outputs they are."""
    closes: list[Any] = []
    whole: list[Any] = []
    outputs = 0
    for use in uses:
        name = use.feature.name
        if name in TALIPP:
            (whole if name in OF_BARS else closes).append(TALIPP[name](use.values))
            outputs += len(use.feature.outputs)
    return closes, whole, outputs


def bars_of_talipp(rows: Floats) -> list[Any]:
    """Make talipp's bars."""
    times = [dt.datetime.fromtimestamp(second, dt.UTC) for second in rows[:, 6].tolist()]
    return [OHLCV(*row[:5], when) for row, when in zip(rows.tolist(), times, strict=True)]


def in_turn(
    *calls: Callable[[], Any], rounds: int = 7, clock: Callable[[], float] = time.thread_time
) -> list[list[float]]:
    """Time calls in turn, after a first round that does not count; return the seconds of each."""
    found: list[list[float]] = [[] for _ in calls]
    for turn in range(rounds + 1):
        for call, times in zip(calls, found, strict=True):
            began = clock()
            call()
            if turn:
                times.append(clock() - began)
    return found
