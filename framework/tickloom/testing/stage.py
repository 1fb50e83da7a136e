"""A run around one plugin: whatever it needs to do its work, on rows that a test gives or on a small market."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

import attrs

from tickloom.config.settings import build
from tickloom.engine.stream import Observer
from tickloom.errors import ConfigError, nearest
from tickloom.features import Feature
from tickloom.instruments import Instrument
from tickloom.interfaces import Source
from tickloom.kinds import BY_NAME, KINDS
from tickloom.plugins import Registry, load_plugins
from tickloom.testing.actors import Busy, Hearing, Rising, averages
from tickloom.testing.runs import Finished, Prepared, Tape, prepare
from tickloom.testing.ticks import market

Factory = Callable[..., Any]
Table = dict[str, Any]

#: What the plugin under test is called in its run, and what it goes by there.
PLUGIN = "plugin"

#: What every run has, unless the author's config says otherwise.
_AROUND: Table = {
    "run": {"seed": 7},
    "sources": {"main": {"kind": "ticks"}},
    "venues": {"venue": {"kind": "simulated", "latency": {"out": "3ms", "back": "2ms"}}},
}
_BUSY: Table = {"strategies": {"busy": {"kind": "busy"}}}
#: What a strategy may listen to.
_HEARD: Table = {
    "bars": {"fast": {"method": "time", "interval": "50ms", "grace": "5ms"}},
    "views": {"averages": {"on": "trade", "features": [{"name": "averages"}]}},
    "models": {"rising": {"kind": "rising", "view": "averages"}},
}

#: The sections that put a plugin of each kind in its place.
_PLACES: dict[str, Table] = {
    "source": {"sources": {"main": {"kind": PLUGIN}}},
    "venue": {"venues": {"venue": {"kind": PLUGIN}}, **_BUSY},
    "feature": {
        "views": {PLUGIN: {"on": "trade", "features": [{"name": PLUGIN}]}},
        "strategies": {"hearing": {"kind": "hearing"}},
    },
    "model": {
        "views": {"averages": {"on": "trade", "features": [{"name": "averages"}]}},
        "models": {PLUGIN: {"kind": PLUGIN, "view": "averages"}},
    },
    "strategy": {"strategies": {PLUGIN: {"kind": PLUGIN}}, **_HEARD},
    "algo": {"algorithms": {PLUGIN: {"kind": PLUGIN}}, "strategies": {"busy": {"kind": "busy", "algorithm": PLUGIN}}},
    "router": {"router": {"kind": PLUGIN}, **_BUSY},
    "risk_check": {"risk_checks": {PLUGIN: {"kind": PLUGIN}}, **_BUSY},
    # It does not take part in a run: it looks at the record of one.
    "report_section": {},
}

#: Sections in which the author's instances are laid over those of the run; any other section replaces the run's.
_LAID_OVER = ("run", "sources", "venues", "strategies", "algorithms", "risk_checks")


class Cast(Protocol):
    """A plugin under test: its factory is asked once for every run."""

    def __call__(self) -> Any:
        """Return the plugin."""


@attrs.frozen
class Stage:
    """A config around one plugin, to be run as often and in whatever cut a test needs.

    Attributes
    ----------
    kind : str
        Kind of the plugin.
    plugin : callable
        Makes the plugin, without arguments; asked once for every run.
    source : Source
        Market data; not used where the plugin is a source itself.
    config : str
        TOML of the author: sections beside, or in place of, those of the run.
    given : mapping
        Further factories by name, in place of those of the same name.
    installed : Registry
        The installed plugins, looked for once for all runs.
    """

    kind: str
    plugin: Cast
    source: Source
    config: str = ""
    given: Mapping[str, Factory] = attrs.field(factory=dict)
    installed: Registry = attrs.field(factory=load_plugins)

    def prepare(
        self, observers: Sequence[Observer] = (), block: int = 1 << 16, source: Source | None = None
    ) -> Prepared:
        """Wire the run with a fresh plugin; parameters as `tickloom.testing.prepare`, and another source of rows."""
        plugin = self.plugin()
        ticks = plugin if self.kind == "source" else self.source if source is None else source
        factories = {
            "ticks": lambda: ticks,
            PLUGIN: lambda: plugin,
            "busy": Busy,
            "hearing": Hearing,
            "rising": Rising,
            "averages": averages,
            **self.given,
        }
        return prepare(self._config(ticks.instruments), factories, block, observers, self.installed)

    def run(self, block: int = 1 << 16, source: Source | None = None) -> Finished:
        """Run it with a fresh plugin, to its end, and keep the whole outcome stream."""
        tape = Tape()
        return Finished(self.prepare((tape,), block, source).execute().record, tape)

    def _config(self, instruments: Sequence[Instrument]) -> Table:
        """Lay the author's config over the plugin's place, and that over what every run has."""
        assets = sorted({asset for one in instruments for asset in (one.base, one.quote)})
        accounts = {"accounts": {"main": {"deposits": [f"10000000 {asset}" for asset in assets]}}}
        return _over(_over({**_AROUND, **accounts}, _PLACES[self.kind]), tomllib.loads(self.config))


def _over(below: Table, above: Table) -> Table:
    """Lay one config over another."""
    merged = dict(below)
    for section, table in above.items():
        if section in _LAID_OVER and section in below:
            names = {**below[section], **table}
            merged[section] = {name: _instance(below[section].get(name), entry) for name, entry in names.items()}
        else:
            merged[section] = table
    return merged


def _instance(below: Any, above: Any) -> Any:
    """Lay the keys of one instance over another; a plugin of another kind loses the keys of the one before."""
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above
    return above if {"kind", "file"} & set(above) else {**below, **above}


def run_plugin(
    plugin: Any, ticks: Source | None = None, config: str = "", /, *, kind: str = "", **settings: Any
) -> Finished:
    """Run one plugin in a run of its own, and return what it did.

    Around it stands what it needs: market data, a simulated venue with 3 ms out and 2 ms back, a rich account, and
    for what does not act by itself a strategy that sends orders of every sort (`tickloom.testing.actors.Busy`).
    Strategies find bars ``fast`` of 50 ms, the view ``averages`` of two averages of trades, and the model ``rising``.

    Parameters
    ----------
    plugin : class, other factory, or plugin
        A plugin that is there already is used as it is, for this one run.
    ticks : Source, optional
        Such as `tickloom.testing.trades` makes; `tickloom.testing.market` by default.
    config : str
        TOML that stands above the run's own; the plugin is called ``plugin`` there.
    kind : str
        Name of the kind of plugin, where its methods do not say it.
    **settings
        Its settings, as a config would hold them.

    Returns
    -------
    Finished
        With `features` kept.

    Raises
    ------
    ConfigError
        The kind cannot be told, a setting is wrong, or the run cannot be wired.
    """
    kind = kind or kind_of(plugin)
    if not _PLACES.get(kind):
        places = [name for name, place in _PLACES.items() if place]
        raise ConfigError(f"run_plugin: {kind!r} does not take part in a run; {nearest(kind, places)}")
    return Stage(kind, made_by(plugin, kind, settings), ticks or market(), config).run()


def made_by(plugin: Any, kind: str, settings: Mapping[str, Any]) -> Cast:
    """Return what makes a plugin from settings, checked as a config's are; a finished plugin is only handed over."""
    if isinstance(plugin, Feature):
        return lambda: [plugin(**settings)]
    if not callable(plugin):
        return lambda: plugin
    return partial(build, plugin, settings, f"{kind} {name_of(plugin)}")


def name_of(plugin: Any) -> str:
    """Name of a class or function behind a factory, or of a plugin's class, for messages."""
    if isinstance(plugin, Feature):
        return plugin.name
    plugin = getattr(plugin, "func", plugin)
    return str(getattr(plugin, "__qualname__", type(plugin).__qualname__)).rpartition("<locals>.")[2]


def kind_of(plugin: Any) -> str:
    """Tell the kind of a plugin, or of what a class makes, by its methods.

    Raises
    ------
    ConfigError
        Where no kind, or more than one, has them.
    """
    if isinstance(plugin, Feature):
        return "feature"
    looked_at = getattr(plugin, "func", plugin)
    if any(name.startswith("on_") for name in dir(looked_at)) and not hasattr(looked_at, "work"):
        return "strategy"
    told = [kind for kind in KINDS if kind.name not in ("strategy", "feature")]
    found = [kind.name for kind in told if _has_all(looked_at, kind.resolve())]
    if len(found) != 1:
        wrong = f"looks like {' and like '.join(found)}" if found else "looks like no kind of plugin"
        raise ConfigError(f"{name_of(plugin)} {wrong}; say which with kind=, known: {', '.join(BY_NAME)}")
    return found[0]


def _has_all(plugin: Any, protocol: type[Any]) -> bool:
    methods = [name for name, member in vars(protocol).items() if callable(member) and not name.startswith("_")]
    return all(hasattr(plugin, name) for name in methods)
