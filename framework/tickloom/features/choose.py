"""From what a config says of a view to its features: names are looked up, parameters checked, presets spread out."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tickloom.config.settings import convert
from tickloom.errors import ConfigError, DataError
from tickloom.features.columns import stream
from tickloom.features.declare import Feature, Source, Use
from tickloom.features.fitted.table import FittedTable, Table
from tickloom.features.fused.build import Progress, build
from tickloom.features.plan import ViewPlan

if TYPE_CHECKING:
    from tickloom.config import Config
    from tickloom.config.sections import PluginSection, ViewSection
    from tickloom.plugins import Registry

#: Keys of an entry of ``features`` that are not parameters.
OF, OUTPUT = "of", "output"


def plan_view(name: str, section: "ViewSection", config: "Config", registry: "Registry") -> ViewPlan:
    """Make the plan of a view.

    Parameters
    ----------
    name : str
        Its name in the config.
    section : ViewSection
    config : Config
        Where the section stands.
    registry : Registry
        The plugins that may be named.

    Returns
    -------
    ViewPlan

    Raises
    ------
    ConfigError
        An unknown feature or parameter, one out of range, an input that the stream does not have, scales of another
        view, a fitted table that cannot be read or is another one.
    """
    where = f"{config.path.name}: views.{name}"
    features = [use for one in section.features for use in _uses(one, config, registry)]
    try:
        plan = ViewPlan(stream(section.on, section.depth), features, section.missing)
        if section.scales is None:
            return plan
        return ViewPlan(plan.stream, features, section.missing, _scales(section.scales, plan))
    except (ConfigError, DataError) as error:
        raise ConfigError(f"{where}: {error}") from None


def compile_views(config: "Config", registry: "Registry", progress: Progress | None = None) -> list[ViewPlan]:
    """Compile the views of a config before they are needed, and return their plans; errors as `plan_view`."""
    plans = [plan_view(name, section, config, registry) for name, section in config.views.items()]
    build([unit for plan in plans for unit in plan.all_units], progress)
    return plans


def _scales(path: Path, plan: ViewPlan) -> Mapping[str, Any]:
    from tickloom.features.scaling import read_scales

    return read_scales(path, plan)


def _uses(section: "PluginSection", config: "Config", registry: "Registry") -> Sequence[Use]:
    where = f"{config.path.name}: {section.where}"
    found = registry.feature(section, config)
    options = dict(section.options)
    if not isinstance(found, Feature):
        if options:
            raise ConfigError(f"{where}.{next(iter(options))}: a preset takes no options")
        return list(found)
    return [_use(found, options, where, config, registry)]


def _use(feature: Feature, options: dict[str, Any], where: str, config: "Config", registry: "Registry") -> Use:
    """Give a feature its parameters and inputs."""
    given, output = options.pop(OF, []), options.pop(OUTPUT, "")
    listed = given if isinstance(given, list) else [given]
    sources = [_source(one, f"{where}.{OF}", config, registry) for one in listed]
    tables = {name: one for name, one in feature.parameters.items() if isinstance(one, Table) and name in options}
    for name, declared in tables.items():
        options[name] = _table(declared, options[name], f"{where}.{name}", config)
    try:
        use = feature(*sources, **options)
        return getattr(use, output) if output else use
    except (ConfigError, AttributeError) as error:
        raise ConfigError(f"{where}: {error}") from None


def _table(declared: Table, given: Any, where: str, config: "Config") -> FittedTable:
    """Read a fitted table from the file that a config names."""
    path: Path = convert(given, Path, where, config.folder)
    try:
        return declared.read(path)
    except (ConfigError, DataError) as error:
        raise ConfigError(f"{where}: {error}") from None


def _source(given: Any, where: str, config: "Config", registry: "Registry") -> Source:
    """Read what a feature is computed from: a column by its name, or another feature as a table."""
    if isinstance(given, str):
        return given
    if not isinstance(given, dict) or not isinstance(given.get("name"), str):
        raise ConfigError(f"{where}: must be the name of a column, or a feature such as {{ name = 'rsi', n = 14 }}")
    options = dict(given)
    found = registry.lookup("feature", options.pop("name"), where)
    if not isinstance(found, Feature):
        raise ConfigError(f"{where}: {given['name']!r} is a preset, not one feature")
    return _use(found, options, where, config, registry)
