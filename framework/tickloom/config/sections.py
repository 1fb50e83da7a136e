"""What each section of a config holds; `tickloom.config` reads them and checks them against each other."""

import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import attrs
from attrs import field
from attrs.converters import optional

from tickloom.errors import ConfigError
from tickloom.units import amount, duration

_ENDPOINT = re.compile(r"ipc://[^\0]+|tcp://[^/\s]+:([0-9]{1,5}|\*)")
#: The system's limit, less the ending that the replay endpoint gets.
_LONGEST_IPC = 107 - len("-replay")

#: The keys that say which plugin a section configures.
PLUGIN_KEYS = ("kind", "file", "class")


def _amounts(texts: tuple[str, ...]) -> tuple[tuple[Decimal, str], ...]:
    """Read amounts, of each asset at most one and none below 0."""
    read = tuple(amount(text) for text in texts)
    for number, asset in read:
        if number < 0 or [other for _, other in read].count(asset) > 1:
            raise ConfigError(f"a deposit is not negative, and one per asset; look at {asset}")
    return read


def _size(value: str | int | Decimal) -> tuple[Decimal, str]:
    """Read how much makes a bar: a number, or an amount with its asset."""
    if isinstance(value, str) and " " in value.strip():
        return amount(value)
    try:
        number = Decimal(value)
    except ArithmeticError:
        number = Decimal("NaN")
    if not number.is_finite():
        raise ConfigError(f"{value!r} is no size; write a number, or an amount such as '10 BTC'")
    return number, ""


_UNITS = {"kB": 10**3, "MB": 10**6, "GB": 10**9}


def _bytes(text: str) -> int:
    """Read an amount of memory."""
    number, unit = amount(text)
    if unit not in _UNITS or number <= 0:
        raise ConfigError(f"{text!r} is no size; write a number and kB, MB or GB, such as '128 MB'")
    return int(number * _UNITS[unit])


def _endpoint(_section: object, _field: "attrs.Attribute[Any]", text: str) -> None:
    """Check that ZeroMQ could bind to a text."""
    if not _ENDPOINT.fullmatch(text):
        raise ConfigError(f"{text!r} is no endpoint; write 'ipc://@NAME', 'ipc://PATH' or 'tcp://HOST:PORT'")
    if text.startswith("ipc://") and len(text.encode()) > _LONGEST_IPC + len("ipc://"):
        raise ConfigError(f"{text!r} is too long; a name in ipc has at most {_LONGEST_IPC} bytes")


@attrs.frozen
class PluginSection:
    """Which plugin, and its own options.

    Attributes
    ----------
    name : str
        Name of the instance, which is its name everywhere.
    where : str
        The section, such as ``strategies.cross``.
    kind : str
        Registered name; empty where ``file`` is given.
    file : Path or None
        Python file that defines the plugin.
    class_name : str or None
        Class in that file, where it defines several.
    options : dict
        The plugin's keys, as TOML gives them.
    wiring : tuple of str
        Keys of the same section that are not the plugin's.
    kind_key : str
        The key that ``kind`` was written under.
    """

    name: str
    where: str
    kind: str
    file: Path | None = None
    class_name: str | None = None
    options: Mapping[str, Any] = field(factory=dict)
    wiring: tuple[str, ...] = PLUGIN_KEYS
    kind_key: str = "kind"


@attrs.frozen
class RunSection:
    """``[run]``: seed, how long news is waited for after the last row, and what a fault of a strategy stops.

    ``tail`` is in ns; None: the longest latency of the venues, there and back.
    """

    seed: int = 0
    tail: int | None = field(default=None, converter=optional(duration))
    on_fault: Literal["stop", "halt"] = "stop"
    name: str = field(default="", validator=attrs.validators.matches_re(r"[A-Za-z0-9_.-]*"))


@attrs.frozen
class SourceSection:
    """``[sources.NAME]``: market data, and the venue it is of (None only in a run without venues)."""

    plugin: PluginSection
    venue: str | None = None


@attrs.frozen
class AccountSection:
    """``[accounts.NAME]``: the venue that keeps the account, and (number, asset) of each deposit at the start."""

    venue: str
    deposits: tuple[tuple[Decimal, str], ...] = field(default=(), converter=_amounts)


#: Methods whose size is in the unit of prices, and those whose size is the number of trades expected at first.
PRICE_METHODS = ("range", "renko", "cusum")
EXPECTING_METHODS = (
    "tick_imbalance", "volume_imbalance", "dollar_imbalance", "tick_run", "volume_run", "dollar_run"
)  # fmt: skip


@attrs.frozen
class BarSection:
    """``[bars.NAME]``: bars that the run makes from trades.

    Attributes
    ----------
    method : str
        What ends a bar: ``time``, or so many trades (``tick``), so much base (``volume``) or quote (``dollar``) asset,
        more imbalance or a longer run than expected, or what the price does; see `tickloom_kernels.bars`.
    interval : int or None
        Length of a bar by time (ns).
    size : tuple or None
        (number, asset) of the others; the asset is empty where the config names none.
    grace : int
        How long after its end a bar by time waits for late trades (ns).
    span : int
        Bars that expectations of imbalances and runs look back.
    clamp : int
        How many times more or fewer than ``size`` the trades may be that are expected of an imbalance or a run; no bar
        has fewer.
    instruments : tuple of str or None
        Which instruments; None: all that have trades.
    """

    method: Literal[
        "time", "tick", "volume", "dollar", "tick_imbalance", "volume_imbalance", "dollar_imbalance", "tick_run",
        "volume_run", "dollar_run", "range", "renko", "cusum",
    ]  # fmt: skip
    interval: int | None = field(default=None, converter=optional(duration))
    size: tuple[Decimal, str] | None = field(default=None, converter=optional(_size))
    grace: int = field(default="2s", converter=duration)  # type: ignore[assignment]  # converted like a given value
    span: int = field(default=20, validator=attrs.validators.ge(1))
    clamp: int = field(default=4, validator=attrs.validators.ge(1))
    instruments: tuple[str, ...] | None = None

    @property
    def counts_trades(self) -> bool:
        """Whether the size is a number of trades."""
        return self.method == "tick" or self.method in EXPECTING_METHODS

    def __attrs_post_init__(self) -> None:
        if self.method == "time" and (not self.interval or self.size is not None):
            raise ConfigError("bars by time need an interval above 0, such as interval = '1min', and no size")
        if self.method != "time" and (self.size is None or self.size[0] <= 0 or self.interval is not None):
            raise ConfigError(f"bars by {self.method} need a size above 0, and no interval")
        if self.counts_trades and self.size is not None and (self.size[1] or self.size[0] % 1):
            raise ConfigError(f"the size of a bar by {self.method} is a whole number of trades")


@attrs.frozen
class ViewSection:
    """``[views.NAME]``: features of a stream of events: what they look at, and one entry each, in their order.

    Attributes
    ----------
    on : str
        The stream: ``trade``, ``quote``, ``bar``, or ``book`` (whole updates of the book).
    features : tuple of PluginSection
    bars : str or None
        The series of bars; with ``on = "bar"`` only.
    depth : int
        Levels per side of the book that features see; with ``on = "book"`` only.
    missing : str
        What becomes of a row with an input that is no finite number: ``raise``, ``skip`` or ``hold``.
    scales : Path or None
        File of scales that were fitted on this view.
    instruments : tuple of str or None
        Which instruments; None: all.
    """

    on: Literal["trade", "quote", "bar", "book"]
    features: tuple[PluginSection, ...]
    bars: str | None = None
    depth: int = field(default=10, validator=[attrs.validators.ge(1), attrs.validators.le(1000)])
    missing: Literal["raise", "skip", "hold"] = "raise"
    scales: Path | None = None
    instruments: tuple[str, ...] | None = None

    def __attrs_post_init__(self) -> None:
        if (self.on == "bar") != (self.bars is not None):
            raise ConfigError("`bars` names a series of bars if, and only if, on = 'bar'")
        if not self.features:
            raise ConfigError("a view needs a feature, such as features = [{ name = 'ema', n = 20 }]")


@attrs.frozen
class ModelSection:
    """``[models.NAME]``: a model, and the view that feeds it."""

    plugin: PluginSection
    view: str


@attrs.frozen
class StrategySection:
    """``[strategies.NAME]``: a strategy, and what it may use and hears of; None: every one there is."""

    plugin: PluginSection
    accounts: tuple[str, ...] | None = None
    instruments: tuple[str, ...] | None = None
    models: tuple[str, ...] | None = None
    views: tuple[str, ...] | None = None
    bars: tuple[str, ...] | None = None
    priority: int = 0


@attrs.frozen
class ReportSections:
    """``[report]``: names of the sections, in their order; None: every registered one."""

    sections: tuple[str, ...] | None = None


@attrs.frozen
class BusSection:
    """``[bus]``: where the run publishes what it commits, and what it keeps for listeners that missed something.

    Attributes
    ----------
    publish : str
        ``ipc://NAME`` or ``tcp://HOST:PORT``.
    replay : str or None
        Where listeners ask for what they missed; None: derived from ``publish``.
    keys : Path or None
        Folder of the publisher's keys; needed off loopback.
    retain : int
        Memory (bytes): a quarter for market rows, the rest for all other events.
    """

    publish: str = field(validator=_endpoint)
    replay: str | None = field(default=None, validator=attrs.validators.optional(_endpoint))
    keys: Path | None = None
    retain: int = field(default="128 MB", converter=_bytes)  # type: ignore[assignment]  # converted like a given value


@attrs.frozen
class PluginsSection:
    """``[plugins]``: installed plugins that this run leaves out."""

    disable: tuple[str, ...] = ()
