"""Finds the plugins that are installed, keeps a broken one from taking the rest down, and looks factories up by name.

A plugin is an entry point of the group ``tickloom``, ours like everybody's; a run may also load one from a file
beside its config. Nothing is imported for a registered name until a run uses it.
"""

import importlib.util
import re
import sys
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from hashlib import sha256
from importlib.metadata import EntryPoint, entry_points, version
from pathlib import Path
from pkgutil import resolve_name
from types import ModuleType
from typing import TYPE_CHECKING, Any

import attrs
import pluggy

from tickloom import hookspecs
from tickloom.config.settings import build
from tickloom.errors import ConfigError, nearest
from tickloom.kinds import BY_NAME, KINDS

if TYPE_CHECKING:
    from tickloom.config import Config
    from tickloom.config.sections import PluginSection

#: The entry-point group in which distributions name their plugins.
GROUP = "tickloom"

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_PLACE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


@attrs.frozen
class Offer:
    """One registered name: its kind and the place of its factory, as ``module:Name``."""

    kind: str
    name: str
    place: str


@attrs.frozen
class Plugin:
    """One entry point that was found.

    Attributes
    ----------
    name : str
        Name of the entry point.
    distribution, version : str
        Which installed distribution it belongs to.
    offers : tuple of Offer
        What it registered, in its own order; empty where it failed.
    fault : str or None
        Why it could not be loaded, as one line.
    """

    name: str
    distribution: str
    version: str
    offers: tuple[Offer, ...] = ()
    fault: str | None = None

    @property
    def kinds(self) -> dict[str, tuple[str, ...]]:
        """Names that it registered, by kind."""
        named = {kind.name: tuple(offer.name for offer in self.offers if offer.kind == kind.name) for kind in KINDS}
        return {kind: names for kind, names in named.items() if names}

    def __str__(self) -> str:
        return f"plugin {self.name!r} ({self.distribution} {self.version})"


class Register:
    """What `tickloom_register` gets: one method per kind in the table of kinds.

    ``register.feature("ema", "my_package.ema:Ema")`` announces a name that users write in a config, and the place of
    the factory behind it.
    """

    def __init__(self) -> None:
        #: What has been announced, in that order.
        self.offers: dict[tuple[str, str], Offer] = {}

    def __getattr__(self, kind: str) -> Callable[[str, str], None]:
        if kind not in BY_NAME:
            raise AttributeError(f"register.{kind}: no such kind of plugin; {nearest(kind, BY_NAME)}")
        return partial(self._add, kind)

    def _add(self, kind: str, name: str, place: str) -> None:
        """Note one offer, unless its name or place cannot be one or the name is taken."""
        if not _NAME.fullmatch(name):
            raise ValueError(f"{kind} {name!r}: a name has letters, digits, _ and -")
        if not _PLACE.fullmatch(place):
            raise ValueError(f"{kind} {name!r}: {place!r} is no place of a factory; write it as 'module:Name'")
        if (kind, name) in self.offers:
            raise ValueError(f"{kind} {name!r} is registered twice")
        self.offers[kind, name] = Offer(kind, name, place)


class Registry:
    """The plugins of this process, by what they offer."""

    def __init__(self, plugins: tuple[Plugin, ...], hooks: pluggy.PluginManager) -> None:
        #: All that were found and not disabled, in the order of loading, with those that failed.
        self.plugins = plugins
        self._hooks = hooks
        self._files: dict[Path, ModuleType] = {}
        self._used: dict[str, str] = {}

    @property
    def versions(self) -> Mapping[str, str]:
        """Versions of tickloom and of every distribution that something was looked up in, by name."""
        return {"tickloom": version("tickloom"), **self._used}

    def names(self, kind: str) -> tuple[str, ...]:
        """Return the registered names of one kind, in the order of registration."""
        return tuple(dict.fromkeys(offer.name for _, offer in self._offers(kind)))

    def lookup(self, kind: str, name: str, where: str) -> Callable[..., Any]:
        """Import the factory behind a registered name.

        Parameters
        ----------
        kind : str
            A name from the table of kinds.
        name : str
            What the user wrote.
        where : str
            File and key, for messages.

        Returns
        -------
        callable
            What the plugin named.

        Raises
        ------
        ConfigError
            Where no plugin, or more than one, has registered the name, or the factory cannot be imported.
        """
        found = [(plugin, offer) for plugin, offer in self._offers(kind) if offer.name == name]
        if not found:
            failed = "".join(f"; {plugin} failed to load: {plugin.fault}" for plugin in self.plugins if plugin.fault)
            raise ConfigError(f"{where}: no {kind} {name!r}; {nearest(name, self.names(kind))}{failed}")
        if len(found) > 1:
            owners = " and ".join(str(plugin) for plugin, _ in found)
            raise ConfigError(f"{where}: {kind} {name!r} is registered by {owners}; put one into plugins.disable")
        plugin, offer = found[0]
        try:
            factory = resolve_name(offer.place)
        except Exception as error:
            raise ConfigError(f"{where}: {kind} {name!r} of {plugin} cannot be imported: {_cause(error)}") from error
        self._used[plugin.distribution] = plugin.version
        return factory  # type: ignore[no-any-return]

    def from_file(self, path: Path, kind: str, class_name: str | None, where: str) -> Callable[..., Any]:
        """Load a plugin from a Python file that need not be installed.

        Parameters
        ----------
        path : Path
            The file. It is run once per registry, as a module of its own name, and ``sys.path`` is left alone.
        kind : str
            A name from the table of kinds.
        class_name : str or None
            Which class; needed where more than one in the file could be meant.
        where : str
            File and section, for messages.

        Returns
        -------
        type
            A public class that the file itself defines.

        Raises
        ------
        ConfigError
            Where the file does not run, or does not settle on one class.
        """
        module = self._module(path, where)
        own: dict[str, type[Any]] = {
            name: found for name, found in vars(module).items() if _defined_in(module, name, found)
        }
        fitting = [name for name, found in own.items() if _looks_like(found, BY_NAME[kind].resolve())]
        if class_name is not None:
            if class_name not in own:
                raise ConfigError(f"{where}.class: no class {class_name!r} in {path.name}; {nearest(class_name, own)}")
            return own[class_name]
        if not fitting:
            raise ConfigError(f"{where}.file: {path.name} defines no class that looks like a {kind}")
        if len(fitting) > 1:
            choices = ", ".join(f"class = {name!r}" for name in fitting)
            raise ConfigError(f"{where}.file: {path.name} defines several classes; add one of {choices}")
        return own[fitting[0]]

    def make(self, kind: str, section: "PluginSection", config: "Config") -> Any:
        """Build the plugin that a section of a config describes.

        Parameters
        ----------
        kind : str
            A name from the table of kinds.
        section : PluginSection
            Registered name or file, and options.
        config : Config
            The config that the section stands in.

        Returns
        -------
        object
            The plugin.

        Raises
        ------
        ConfigError
            As `lookup`, `from_file` and `tickloom.config.settings.build` do.
        """
        where = f"{config.path.name}: {section.where}"
        if section.file is not None:
            factory = self.from_file(section.file, kind, section.class_name, where)
        else:
            factory = self.lookup(kind, section.kind, f"{where}.{section.kind_key}")
        return build(factory, section.options, where, config.folder, section.wiring)

    def feature(self, section: "PluginSection", config: "Config") -> Any:
        """Find the feature that an entry of a view names: a `Feature`, or the sequence of `Use` of a preset.

        Parameters
        ----------
        section : PluginSection
            Registered name, or file and the name of a feature in it.
        config : Config
            The config that the entry stands in.

        Raises
        ------
        ConfigError
            As `lookup`; or the file does not run, or does not settle on one feature.
        """
        where = f"{config.path.name}: {section.where}"
        if section.file is None:
            return self.lookup("feature", section.kind, f"{where}.{section.kind_key}")
        from tickloom.features.declare import Feature

        module = self._module(section.file, where)
        own = {one.name: one for one in vars(module).values() if isinstance(one, Feature) and _is_of(one, module)}
        if section.class_name is not None:
            if section.class_name not in own:
                raise ConfigError(
                    f"{where}.name: no feature {section.class_name!r} in {section.file.name}; "
                    f"{nearest(section.class_name, own)}"
                )
            return own[section.class_name]
        if len(own) != 1:
            choices = (
                f"several features; add one of {', '.join(f'name = {one!r}' for one in own)}" if own else "no feature"
            )
            raise ConfigError(f"{where}.file: {section.file.name} defines {choices}")
        return next(iter(own.values()))

    def _module(self, path: Path, where: str) -> ModuleType:
        """Run a file, once per registry."""
        if path not in self._files:
            self._files[path] = _load_file(path, f"{where}.file")
        return self._files[path]

    def call(self, hook: str, **arguments: object) -> tuple[Plugin, ...]:
        """Call one hook of every plugin that has it, each for itself.

        Parameters
        ----------
        hook : str
            Name of one of the hooks of `tickloom.hookspecs`.
        **arguments : object
            What the hook gets.

        Returns
        -------
        tuple of Plugin
            Those that raised, with their fault; the others were called all the same.
        """
        plugins = [plugin for plugin in self.plugins if plugin.fault is None]
        if hook == "tickloom_shutdown":
            plugins.reverse()
        failed = []
        for plugin in plugins:
            try:
                _call_one(self._hooks, hook, plugin.name, **arguments)
            except Exception as error:
                failed.append(attrs.evolve(plugin, fault=_cause(error)))
        return tuple(failed)

    def configure(self, config: "Config") -> None:
        """Let every plugin look at a config; the first that refuses it ends the run with a `ConfigError`."""
        for plugin in self.call("tickloom_configure", config=config):
            raise ConfigError(f"{config.path.name}: {plugin} refuses the config: {plugin.fault}")

    def _offers(self, kind: str) -> Iterator[tuple[Plugin, Offer]]:
        """Yield offers of one kind with the plugins that made them."""
        return ((plugin, offer) for plugin in self.plugins for offer in plugin.offers if offer.kind == kind)


def load_plugins(disable: Collection[str] = (), where: str = "plugins.disable") -> Registry:
    """Find and register every installed plugin.

    Parameters
    ----------
    disable : collection of str
        Names of entry points to leave out, before they are imported.
    where : str
        File and key that ``disable`` comes from, for messages.

    Returns
    -------
    Registry
        With a fault at each plugin that could not be imported or registered.

    Raises
    ------
    ConfigError
        Where ``disable`` names no plugin.
    """
    found = list(entry_points(group=GROUP))
    for name in disable:
        if name not in {entry.name for entry in found}:
            raise ConfigError(f"{where}: no plugin {name!r}; {nearest(name, {entry.name for entry in found})}")
    hooks = pluggy.PluginManager(GROUP)
    hooks.add_hookspecs(hookspecs)
    return Registry(tuple(_load(entry, hooks) for entry in found if entry.name not in disable), hooks)


def _load(entry: EntryPoint, hooks: pluggy.PluginManager) -> Plugin:
    """Import and register one entry point; whatever goes wrong stays with it."""
    plugin = Plugin(entry.name, entry.dist.name if entry.dist else "?", entry.dist.version if entry.dist else "?")
    if hooks.has_plugin(entry.name):
        return attrs.evolve(plugin, fault=f"another distribution has a plugin called {entry.name!r} too")
    register = Register()
    try:
        hooks.register(entry.load(), name=entry.name)
        hooks.check_pending()
        _call_one(hooks, "tickloom_register", entry.name, register=register)
    except Exception as error:
        if hooks.has_plugin(entry.name):
            hooks.unregister(name=entry.name)
        return attrs.evolve(plugin, fault=_cause(error))
    return attrs.evolve(plugin, offers=tuple(register.offers.values()))


def _call_one(hooks: pluggy.PluginManager, hook: str, name: str, **arguments: object) -> None:
    """Call a hook of one plugin."""
    others = [plugin for other, plugin in hooks.list_name_plugin() if other != name]
    hooks.subset_hook_caller(hook, others)(**arguments)


def _load_file(path: Path, where: str) -> ModuleType:
    """Run a Python file as a module whose name is made from its path, so that no two files share one."""
    name = f"tickloom_file_{sha256(str(path.resolve()).encode()).hexdigest()[:12]}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise ConfigError(f"{where}: no Python file {str(path)!r}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
        line = f" (line {lines[-1]})" if lines else ""
        raise ConfigError(f"{where}: {path.name} cannot be loaded: {_cause(error)}{line}") from error
    return module


def _defined_in(module: ModuleType, name: str, found: object) -> bool:
    """Tell whether a module's name is a public class of its own."""
    return isinstance(found, type) and found.__module__ == module.__name__ and not name.startswith("_")


def _is_of(feature: Any, module: ModuleType) -> bool:
    """Tell whether a feature's step function was written in a module."""
    return getattr(getattr(feature.step, "py_func", feature.step), "__module__", "") == module.__name__


def _looks_like(found: type[Any], protocol: type[Any]) -> bool:
    """Tell whether a class follows a Protocol by inheritance, or has a public method of it."""
    methods = [name for name, member in vars(protocol).items() if callable(member) and not name.startswith("_")]
    return protocol in found.__mro__ or any(hasattr(found, name) for name in methods)


def _cause(error: BaseException) -> str:
    """Say in one line what went wrong, with its type."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
