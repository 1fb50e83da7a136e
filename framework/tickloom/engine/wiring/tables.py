"""The tables of a run, by index: instruments, accounts and series, and what is computed from them ahead."""

from collections.abc import Mapping, Sequence

import attrs

from tickloom.config import Config
from tickloom.config.sections import PRICE_METHODS, BarSection
from tickloom.engine.ahead.derive import BarSeries
from tickloom.engine.ahead.views import View
from tickloom.engine.context import find_instrument
from tickloom.engine.merge import Feed
from tickloom.errors import ConfigError, nearest
from tickloom.features.choose import plan_view
from tickloom.features.fused.build import Progress
from tickloom.features.view import FeatureView
from tickloom.instruments import Instrument, asset_precisions
from tickloom.interfaces import Source
from tickloom.ledger import Ledger
from tickloom.plugins import Registry
from tickloom_kernels import bars as bar_kernel

_METHODS = {
    "time": bar_kernel.TIME,
    "tick": bar_kernel.TICK,
    "volume": bar_kernel.VOLUME,
    "dollar": bar_kernel.DOLLAR,
    "tick_imbalance": bar_kernel.TICK_IMBALANCE,
    "volume_imbalance": bar_kernel.VOLUME_IMBALANCE,
    "dollar_imbalance": bar_kernel.DOLLAR_IMBALANCE,
    "tick_run": bar_kernel.TICK_RUN,
    "volume_run": bar_kernel.VOLUME_RUN,
    "dollar_run": bar_kernel.DOLLAR_RUN,
    "range": bar_kernel.RANGE,
    "renko": bar_kernel.RENKO,
    "cusum": bar_kernel.CUSUM,
}


@attrs.define
class Tables:
    """The run's tables, by index, as built from its sources and config."""

    config: Config
    sources: dict[str, Source]
    instruments: list[Instrument]
    instruments_of: dict[str, list[int]]
    series: list[str]
    series_of: dict[str, list[int]]
    precisions: dict[str, int]

    @property
    def file(self) -> str:
        """Name of the config file, for messages."""
        return self.config.path.name

    def chosen(self, names: Sequence[str] | None, where: str) -> list[int]:
        """Return the indices of the named instruments, or of all of them."""
        if names is None:
            return list(range(len(self.instruments)))
        return [find_instrument(self.instruments, name, f"{self.file}: {where}") for name in names]


def number_tables(config: Config, registry: Registry) -> Tables:
    """Build the sources and number what they give: instruments by their order, then the series of bars."""
    if not config.sources:
        raise ConfigError(f"{config.path.name}: no source of market data; add a section such as [sources.main]")
    sources = {name: registry.make("source", section.plugin, config) for name, section in config.sources.items()}
    instruments: list[Instrument] = []
    instruments_of: dict[str, list[int]] = {}
    series: list[str] = []
    series_of: dict[str, list[int]] = {}
    for name, source in sources.items():
        venue = config.sources[name].venue or name
        own = [attrs.evolve(one, venue=venue) for one in source.instruments]
        instruments_of[name] = [_place(instruments, one, f"{config.path.name}: sources.{name}") for one in own]
        series_of[name] = []
        for text in source.series:
            if text not in series:
                series.append(text)
            series_of[name].append(series.index(text))
    series += [name for name in config.bars]
    return Tables(config, sources, instruments, instruments_of, series, series_of, asset_precisions(instruments))


def feeds_of(tables: Tables) -> list[Feed]:
    """Open the sources."""
    return [
        Feed(source.chunks(), index, tables.instruments_of[name], tables.series_of[name])
        for index, (name, source) in enumerate(tables.sources.items())
    ]


def _place(instruments: list[Instrument], one: Instrument, where: str) -> int:
    """Return the place of an instrument in the table, entering it where it is new."""
    for i, known in enumerate(instruments):
        if known.name == one.name:
            if known != one:
                raise ConfigError(f"{where}: {one.name} differs from what another source says of it")
            return i
    instruments.append(one)
    return len(instruments) - 1


def build_series(tables: Tables) -> list[BarSeries]:
    """Make the bar series of the config, one per instrument."""
    offset = len(tables.series) - len(tables.config.bars)
    found = []
    for number, (name, section) in enumerate(tables.config.bars.items()):
        for i in tables.chosen(section.instruments, f"bars.{name}.instruments"):
            size = bar_size(section, tables.instruments[i], f"{tables.file}: bars.{name}.size")
            grace = section.grace if section.method == "time" else 0
            found.append(
                BarSeries(name, offset + number, i, _METHODS[section.method], size, grace, section.span, section.clamp)
            )
    return found


def bar_size(section: BarSection, instrument: Instrument, where: str) -> int:
    """Size of a bar as kernels count it: ns, trades, lots, ticks times lots, or price ticks."""
    if section.interval is not None:
        return section.interval
    assert section.size is not None
    number, asset = section.size
    if section.counts_trades:
        return int(number)
    meant = instrument.base if section.method == "volume" else instrument.quote
    if asset not in ("", meant):
        raise ConfigError(f"{where}: {number} {asset}: {section.method} bars of {instrument.name} count {meant}")
    if section.method in PRICE_METHODS:
        ticks = number / instrument.tick_size
        if ticks % 1:
            raise ConfigError(
                f"{where}: {number} is no multiple of the tick size {instrument.tick_size} of {instrument.name}"
            )
        return int(ticks)
    step = instrument.lot_size * instrument.multiplier
    if section.method == "dollar":
        step *= instrument.tick_size
    return max(1, int((number / step).to_integral_value()))


def build_views(
    tables: Tables, registry: Registry, built: Sequence[BarSeries], progress: Progress | None = None
) -> list[View]:
    """Make the feature views, compiling what has not been compiled yet."""
    views = []
    for index, (name, section) in enumerate(tables.config.views.items()):
        where = f"views.{name}"
        chosen = tables.chosen(section.instruments, f"{where}.instruments")
        series = -1
        if section.bars is not None:
            if section.bars not in tables.series:
                raise ConfigError(
                    f"{tables.file}: {where}.bars: no series {section.bars!r}; {nearest(section.bars, tables.series)}"
                )
            series = tables.series.index(section.bars)
        features = FeatureView(plan_view(name, section, tables.config, registry), len(chosen), progress=progress)
        own = [one for one in built if one.index == series and one.instrument in chosen]
        views.append(View(index, name, features, tables.instruments, chosen, series, own))
    return views


@attrs.frozen
class Accounts:
    """The accounts of a run, by index.

    Attributes
    ----------
    names, venues : tuple of str
    deposits : dict
        (index, asset) to smallest units at the start.
    """

    names: tuple[str, ...]
    venues: tuple[str, ...]
    deposits: Mapping[tuple[int, str], int]

    def open(self, instruments: Sequence[Instrument], venue: str | None = None) -> Ledger:
        """Open a ledger with the deposits of all accounts, or of those at one venue."""
        ledger = Ledger(instruments, self.names, self.venues)
        for (account, asset), units in self.deposits.items():
            if venue is None or self.venues[account] == venue:
                ledger.deposit(account, asset, units)
        return ledger

    def by_instrument(self, instruments: Sequence[Instrument], allowed: Sequence[str] | None, where: str) -> list[int]:
        """Account that a strategy uses for each instrument, -1 for none.

        Raises
        ------
        ConfigError
            Where two of its accounts are at one venue.
        """
        mine = [i for i, name in enumerate(self.names) if allowed is None or name in allowed]
        at: dict[str, int] = {}
        for i in mine:
            if self.venues[i] in at:
                both = f"{self.names[at[self.venues[i]]]} and {self.names[i]}"
                raise ConfigError(f"{where}.accounts: {both} are both at {self.venues[i]}; name one of them")
            at[self.venues[i]] = i
        return [at.get(one.venue, -1) for one in instruments]


def build_accounts(tables: Tables) -> Accounts:
    """Give accounts their numbers, and turn their deposits into smallest units."""
    sections = tables.config.accounts
    deposits: dict[tuple[int, str], int] = {}
    for i, (name, section) in enumerate(sections.items()):
        for number, asset in section.deposits:
            if asset not in tables.precisions:
                raise ConfigError(
                    f"{tables.file}: accounts.{name}.deposits: no instrument of this run uses {asset!r}; "
                    f"{nearest(asset, tables.precisions)}"
                )
            units = number.scaleb(tables.precisions[asset])
            if units != int(units):
                raise ConfigError(f"{tables.file}: accounts.{name}.deposits: {number} {asset} has too many decimals")
            deposits[(i, asset)] = int(units)
    return Accounts(tuple(sections), tuple(section.venue for section in sections.values()), deposits)
