"""A run's TOML file read into frozen sections; every mistake in it is one line with file, key and what would be valid.

A section that configures a plugin holds two kinds of keys. Those of the wiring (which plugin, which view, which
accounts) are taken out and checked here; the rest are the plugin's own options, checked against its signature when it
is built (`tickloom.plugins.Registry.make`).
"""

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, time
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import attrs

from tickloom.config.sections import (
    PLUGIN_KEYS,
    AccountSection,
    BarSection,
    BusSection,
    ModelSection,
    PluginSection,
    PluginsSection,
    ReportSections,
    RunSection,
    SourceSection,
    StrategySection,
    ViewSection,
)
from tickloom.config.settings import build, convert
from tickloom.errors import ConfigError, nearest

_NAME = re.compile(r"[A-Za-z0-9_-]+")

_Section = TypeVar("_Section")


@attrs.frozen
class Config:
    """A run, as its file describes it. Sections that are named stand in dicts by name, in the order of the file.

    Attributes
    ----------
    path : Path
        The file; what is relative in it is relative to its folder.
    raw : dict
        What was read, after ``--set``, as plain TOML values; dates are text.
    name : str
        ``run.name``, or the file's name without ending, or its folder's name where the file is called ``run.toml``.
    """

    path: Path
    raw: Mapping[str, Any]
    name: str
    run: RunSection
    sources: Mapping[str, SourceSection]
    venues: Mapping[str, PluginSection]
    accounts: Mapping[str, AccountSection]
    bars: Mapping[str, BarSection]
    views: Mapping[str, ViewSection]
    models: Mapping[str, ModelSection]
    strategies: Mapping[str, StrategySection]
    algorithms: Mapping[str, PluginSection]
    router: PluginSection
    risk: PluginSection
    risk_checks: Mapping[str, PluginSection]
    report: ReportSections
    plugins: PluginsSection
    bus: BusSection | None

    @property
    def folder(self) -> Path:
        """The folder of the file."""
        return self.path.parent


#: The top level of a file.
SECTIONS = tuple(f.name for f in attrs.fields(Config) if f.name not in ("path", "raw", "name"))


def load_config(path: Path, sets: Sequence[str] = ()) -> Config:
    """Read the config of a run.

    Parameters
    ----------
    path : Path
        A TOML file.
    sets : sequence of str
        Values to put in place of the file's, each ``key=value`` with a dotted key, such as ``run.seed=8`` or
        ``views.cross.features.0.n=30``. The value is TOML; text that is no TOML is taken as it is.

    Returns
    -------
    Config
        Complete, with every name that it uses within itself checked.

    Raises
    ------
    ConfigError
        For the first mistake found.
    """
    raw = _read(path)
    for text in sets:
        _set(raw, text)
    return config_from(path, raw)


def config_from(path: Path, raw: Mapping[str, Any]) -> Config:
    """Make a config of what a file at ``path`` would hold; errors as `load_config`."""
    return _Reader(path, _plain(raw)).config()


def _read(path: Path) -> dict[str, Any]:
    """Read a TOML file."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:  # of TOML or of UTF-8
        raise ConfigError(f"{path.name}: not valid TOML: {error}") from error


def _set(raw: dict[str, Any], text: str) -> None:
    """Put one value into a config, making tables on its way; a number in a key counts the entries of a list."""
    key, equals, value = text.partition("=")
    *way, last = [part.strip() for part in key.split(".")]
    if not equals or not all((*way, last)):
        raise ConfigError(f"--set {text}: write KEY=VALUE, such as run.seed=8")
    place: Any = raw
    for part in way:
        if isinstance(place, dict):
            place.setdefault(part, {})
        place = place[_entry(place, part, text)]
    place[_entry(place, last, text)] = _value(value.strip())


def _entry(place: object, part: str, text: str) -> Any:
    """Make a part of a dotted key into a key of a table or the number of an entry of a list."""
    if isinstance(place, dict):
        return part
    if not isinstance(place, list):
        raise ConfigError(f"--set {text}: {part!r} would stand in something that is no table")
    if not part.isdecimal() or int(part) >= len(place):
        raise ConfigError(f"--set {text}: {part!r} is no entry of a list of {len(place)}; they count from 0")
    return int(part)


def _value(text: str) -> Any:
    """Read the value of a ``--set``."""
    try:
        read = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    return read["value"] if len(read) == 1 else text


def _plain(value: Any) -> Any:
    """Copy a TOML value with dates and times as ISO 8601 text, which is what settings are made from."""
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    return value.isoformat() if isinstance(value, date | time) else value


class _Reader:
    """One file's tables on their way into sections."""

    def __init__(self, path: Path, raw: dict[str, Any]) -> None:
        self._path = path
        self._raw = raw

    def config(self) -> Config:
        """Read all sections, those that others refer to first."""
        for name in self._raw:
            if name not in SECTIONS:
                self._fail(name, f"unknown section; {nearest(name, SECTIONS)}")
        run = self._section(RunSection, "run", self._table("run"))
        venues = self._plugins("venues")
        bars = {name: self._section(BarSection, where, table) for name, where, table in self._named("bars")}
        views = {name: self._view(where, table) for name, where, table in self._named("views")}
        accounts = {
            name: self._section(AccountSection, where, self._at_venue(where, table, venues))
            for name, where, table in self._named("accounts")
        }
        sources = {
            name: self._wired(SourceSection, name, where, self._at_venue(where, table, venues))
            for name, where, table in self._named("sources")
        }
        if not sources:
            self._fail("sources", "missing; a run needs market data, such as a section [sources.main]")
        models = {name: self._wired(ModelSection, name, where, table) for name, where, table in self._named("models")}
        for name, model in models.items():
            self._refer(f"models.{name}.view", [model.view], views)
        strategies = {
            name: self._wired(StrategySection, name, where, table) for name, where, table in self._named("strategies")
        }
        for name, strategy in strategies.items():
            self._refer(f"strategies.{name}.accounts", strategy.accounts, accounts)
            self._refer(f"strategies.{name}.models", strategy.models, models)
            self._refer(f"strategies.{name}.views", strategy.views, views)
        algorithms = self._plugins("algorithms")
        algorithms.setdefault("direct", PluginSection("direct", "algorithms.direct", "direct"))
        return Config(
            path=self._path,
            raw=self._raw,
            name=run.name or (self._path.resolve().parent.name if self._path.stem == "run" else self._path.stem),
            run=run,
            sources=sources,
            venues=venues,
            accounts=accounts,
            bars=bars,
            views=views,
            models=models,
            strategies=strategies,
            algorithms=algorithms,
            router=self._plugin("router", "router", self._table("router"), default="direct"),
            risk=self._plugin("risk", "risk", self._table("risk"), default="limits"),
            risk_checks=self._plugins("risk_checks"),
            report=self._section(ReportSections, "report", self._table("report")),
            plugins=self._section(PluginsSection, "plugins", self._table("plugins")),
            bus=self._section(BusSection, "bus", self._table("bus")) if "bus" in self._raw else None,
        )

    def _fail(self, where: str, text: str) -> NoReturn:
        """Raise the error that says what is wrong, and where."""
        raise ConfigError(f"{self._path.name}: {where}: {text}")

    def _table(self, section: str) -> dict[str, Any]:
        """Copy one section's table, empty where the file has none."""
        table = self._raw.get(section, {})
        if not isinstance(table, dict):
            self._fail(section, f"must be a section: write [{section}]")
        return dict(table)

    def _named(self, section: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Yield name, place and a copy of the table of each instance under a section."""
        for name, table in self._table(section).items():
            if not isinstance(table, dict):
                self._fail(f"{section}.{name}", f"must stand in a section with a name: write [{section}.NAME]")
            if not _NAME.fullmatch(name):
                self._fail(f"{section}.{name}", "a name has letters, digits, _ and -")
            yield name, f"{section}.{name}", dict(table)

    def _section(self, kind: type[_Section], where: str, table: Mapping[str, Any]) -> _Section:
        """Build a section all of whose keys are the wiring's."""
        return build(kind, table, f"{self._path.name}: {where}", self._path.parent)  # type: ignore[no-any-return]

    def _wired(self, kind: type[_Section], name: str, where: str, table: dict[str, Any]) -> _Section:
        """Build a section that has keys of the wiring beside a plugin's options."""
        keys = [parameter.name for parameter in attrs.fields(kind) if parameter.name != "plugin"]  # type: ignore[arg-type]
        wiring = {key: table.pop(key) for key in keys if key in table}
        plugin = self._plugin(name, where, table, wiring=keys)
        return self._section(kind, where, {"plugin": plugin, **wiring})

    def _plugins(self, section: str) -> dict[str, PluginSection]:
        """Read a section of named plugins that have options only."""
        return {name: self._plugin(name, where, table) for name, where, table in self._named(section)}

    def _plugin(
        self,
        name: str,
        where: str,
        table: dict[str, Any],
        *,
        wiring: Collection[str] = (),
        default: str | None = None,
        key: str = "kind",
    ) -> PluginSection:
        """Take out of a table which plugin it configures; the rest are its options."""
        place = f"{self._path.name}: {where}"
        kind, file, class_name = (
            convert(table.pop(part), hint, f"{place}.{part}", self._path.parent) if part in table else None
            for part, hint in ((key, str), ("file", Path), ("class", str))
        )
        if kind is not None and file is not None:
            self._fail(where, f"write either {key} or file, not both")
        if file is None and class_name is not None:
            self._fail(f"{where}.class", "chooses a class of a file; there is no file here")
        if file is None and kind is None and default is None:
            self._fail(where, f"which plugin? write {key} = a registered name, or file = a Python file")
        known = (key, *PLUGIN_KEYS[1:], *wiring)
        return PluginSection(name, where, "" if file else kind or default or "", file, class_name, table, known, key)

    def _view(self, where: str, table: dict[str, Any]) -> ViewSection:
        """Read a view, whose features are plugins in a list."""
        features = table.get("features")
        if isinstance(features, list):
            table["features"] = [self._feature(f"{where}.features[{n}]", entry) for n, entry in enumerate(features)]
        return self._section(ViewSection, where, table)

    def _feature(self, where: str, entry: Any) -> PluginSection:
        """Read one feature of a view."""
        if not isinstance(entry, dict):
            self._fail(where, "must be a table, such as { name = 'ema', n = 20 }")
        table = dict(entry)
        if "file" in table and "name" in table:
            # Of several features in a file, the one of that name.
            table["class"] = table.pop("name")
        return self._plugin(str(entry.get("name", "")), where, table, key="name")

    def _at_venue(self, where: str, table: dict[str, Any], venues: Collection[str]) -> dict[str, Any]:
        """Fill in the only venue where a table names none, and check the one that it names."""
        if "venue" in table:
            self._refer(f"{where}.venue", [table["venue"]], venues)
        elif len(venues) > 1:
            self._fail(f"{where}.venue", f"missing, and there are several; known: {', '.join(sorted(venues))}")
        return {"venue": next(iter(venues)), **table} if venues else table

    def _refer(self, where: str, names: Sequence[str] | None, known: Collection[str]) -> None:
        """Check names of other sections."""
        for name in names or ():
            if name not in known:
                self._fail(where, f"no {name!r} in this config; {nearest(str(name), known)}")
