"""Settings from a config made into arguments of a factory: names and types are checked against its signature.

The signature is the only declaration a plugin writes. Attrs classes, plain classes and functions are treated alike;
what TOML cannot hold is made from what it can: a decimal or a path from text, a tuple from a list, an attrs class
from a table. Every complaint is one line with file and key.
"""

import inspect
import sys
import types
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import attrs

from tickloom.errors import ConfigError, TickloomError, nearest
from tickloom.units import expand

#: What a message calls the types that a config can hold.
_NAMES: dict[object, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    Decimal: "a decimal number as text, such as '0.1'",
    Path: "a path (text)",
    list: "a list",
    dict: "a table",
}

_LISTS = (list, tuple, Sequence, Iterable, Collection, set, frozenset)
_TABLES = (dict, Mapping)
_UNIONS = (Union, types.UnionType)


def build(
    factory: Callable[..., Any],
    options: Mapping[str, object],
    where: str,
    folder: Path = Path(),
    besides: Collection[str] = (),
) -> Any:
    """Call a factory with options from a config.

    Parameters
    ----------
    factory : callable
        A class or a function; its parameters are the valid keys, their annotations the valid types.
    options : mapping
        Values as TOML gives them, by key.
    where : str
        File and section, such as ``run.toml: strategies.cross``.
    folder : Path
        What relative paths are relative to: the folder of the config.
    besides : collection of str
        Keys of the same table that somebody else reads; a message about a wrong key lists them too.

    Returns
    -------
    object
        What the factory made.

    Raises
    ------
    ConfigError
        For an unknown or missing key, a value of the wrong type, and whatever the factory itself objects to.
    """
    parameters, open_ended = _parameters(factory, where)
    unknown = [key for key in options if key not in parameters]
    if unknown and not open_ended:
        raise ConfigError(f"{where}.{unknown[0]}: unknown key; {nearest(unknown[0], {*parameters, *besides})}")
    missing = [key for key, (_, required) in parameters.items() if required and key not in options]
    if missing:
        hint = parameters[missing[0]][0]
        raise ConfigError(f"{where}.{missing[0]}: missing" + ("" if hint is Any else f"; it must be {_expected(hint)}"))
    arguments = {
        key: convert(value, parameters[key][0] if key in parameters else Any, f"{where}.{key}", folder)
        for key, value in options.items()
    }
    try:
        return factory(**arguments)
    except Exception as error:
        key = _guilty(factory, arguments)
        raise ConfigError(f"{where}{f'.{key}' if key else ''}: {_complaint(error)}") from error


def convert(value: Any, hint: Any, where: str, folder: Path = Path()) -> Any:
    """Make a TOML value into what an annotation asks for.

    Parameters
    ----------
    value : object
        Text, number, truth value, list or table.
    hint : type
        An annotation. An int does for a float, never a bool for an int or a number for text.
    where : str
        File and key.
    folder : Path
        What relative paths are relative to.

    Returns
    -------
    object
        The value; only decimals, paths, tuples, sets and attrs classes are other objects than TOML gave.

    Raises
    ------
    ConfigError
        Where the value does not fit.
    """
    origin = _origin(hint)
    if hint is Any or hint is object:
        return value
    if origin in _UNIONS:
        return _union(value, hint, where, folder)
    if origin is Literal:
        return _choice(value, get_args(hint), where)
    if origin in _LISTS and isinstance(value, list | tuple):
        return _list(value, hint, where, folder)
    if origin in _TABLES and isinstance(value, Mapping):
        entry = (*get_args(hint), Any, Any)[1]
        return {key: convert(item, entry, f"{where}.{key}", folder) for key, item in value.items()}
    if attrs.has(origin) and isinstance(value, Mapping):
        return build(origin, value, where, folder)
    return _scalar(value, origin, hint, where, folder)


def _scalar(value: Any, origin: Any, hint: Any, where: str, folder: Path) -> Any:
    """Convert what is neither a union nor a container."""
    if origin is float and type(value) is int:
        return float(value)
    if origin is Decimal and (isinstance(value, str) or type(value) is int):
        return _decimal(value, where)
    if origin is Path and isinstance(value, str):
        try:
            return folder / expand(value)
        except ConfigError as error:
            raise ConfigError(f"{where}: {error}") from error
    # A bool is an int to Python and a text a sequence; to a person they are neither.
    fits = isinstance(origin, type) and isinstance(value, origin) and origin not in _LISTS
    if fits and not (origin is int and isinstance(value, bool)):
        return value
    raise ConfigError(f"{where}: must be {_expected(hint)}, not {_shown(value)}")


def _decimal(value: str | int, where: str) -> Decimal:
    """Read a decimal exactly; NaN and infinity are no settings."""
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise ConfigError(f"{where}: must be {_expected(Decimal)}, not {_shown(value)}")
    return number


def _list(value: Sequence[Any], hint: Any, where: str, folder: Path) -> Any:
    """Convert a list, entry by entry, into the container that the annotation names."""
    origin, arguments = _origin(hint), get_args(hint)
    if origin is tuple and arguments and arguments[-1] is not Ellipsis:
        if len(value) != len(arguments):
            raise ConfigError(f"{where}: must have {len(arguments)} entries, not {len(value)}")
        hints = list(arguments)
    else:
        hints = [arguments[0] if arguments else Any] * len(value)
    entries = [convert(value[place], hints[place], f"{where}[{place}]", folder) for place in range(len(value))]
    return origin(entries) if origin in (tuple, set, frozenset) else entries


def _union(value: Any, hint: Any, where: str, folder: Path) -> Any:
    """Convert to the first arm that fits, an arm of the value's own type before all others."""
    arms = [arm for arm in get_args(hint) if arm is not type(None)]
    if value is None and len(arms) < len(get_args(hint)):
        return None
    arms.sort(key=lambda arm: type(value) is not (_origin(arm)))
    shaped = [arm for arm in arms if isinstance(value, Mapping) and attrs.has(_origin(arm))]
    if len(arms) == 1 or len(shaped) == 1:
        return convert(value, (shaped or arms)[0], where, folder)
    for arm in arms:
        try:
            return convert(value, arm, where, folder)
        except ConfigError:
            if isinstance(value, str) and _origin(arm) is Path:
                raise  # text is the right shape for a path; what is wrong is in the text
    raise ConfigError(f"{where}: must be {_expected(hint)}, not {_shown(value)}")


def _choice(value: object, choices: Sequence[object], where: str) -> object:
    """Check a value against a `Literal`."""
    if any(type(value) is type(choice) and value == choice for choice in choices):
        return value
    known = [str(choice) for choice in choices]
    if isinstance(value, str):
        raise ConfigError(f"{where}: {value!r} is not valid; {nearest(value, known)}")
    raise ConfigError(f"{where}: must be one of {', '.join(known)}, not {_shown(value)}")


def _parameters(factory: Callable[..., Any], where: str) -> tuple[dict[str, tuple[Any, bool]], bool]:
    """Read a factory's parameters: annotation and whether it is required, by name; and whether any other name does."""
    function, scope = _function(factory)
    if function is None:
        return {}, False
    try:
        signature = inspect.signature(function)
        hints = get_type_hints(function, scope) if inspect.isroutine(function) else {}
    except (NameError, TypeError, ValueError) as error:
        name = getattr(factory, "__qualname__", repr(factory))
        raise ConfigError(f"{where}: the settings of {name} cannot be read: {error}") from error
    listed = list(signature.parameters.values())[1 if inspect.isclass(factory) else 0 :]
    named = [p for p in listed if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    return (
        {p.name: (hints.get(p.name, Any), p.default is p.empty) for p in named},
        any(p.kind is p.VAR_KEYWORD for p in listed),
    )


def _function(factory: Callable[..., Any]) -> tuple[Callable[..., Any] | None, dict[str, Any] | None]:
    """Find the function that takes a factory's settings, and the names that its annotations may use.

    A class that follows a Protocol by inheritance and has no ``__init__`` shows the Protocol's own, which would take
    anything; such a class takes nothing.
    """
    if not inspect.isclass(factory):
        return factory, None
    owner = next(c for c in factory.__mro__ if "__init__" in vars(c) and not vars(c).get("_is_protocol", False))
    if vars(owner)["__init__"] is object.__init__:  # also where `typing` copied it to a class on its first call
        return None, None
    scope: dict[str, Any] = {}
    for ancestor in reversed(owner.__mro__):
        # The __init__ of an attrs class has annotations from every module that gave it a field.
        scope.update(vars(sys.modules[ancestor.__module__]))
    return vars(owner)["__init__"], scope


def _guilty(factory: Callable[..., Any], arguments: Mapping[str, Any]) -> str | None:
    """Find the field of an attrs class that objects to its value, by asking converters and validators one by one."""
    if not (inspect.isclass(factory) and attrs.has(factory)):
        return None
    fields = {field.alias: field for field in attrs.fields(factory)}
    for key, value in arguments.items():
        converter = fields[key].converter if key in fields else None
        if inspect.isroutine(converter) and _objects(converter, value):
            return key
    try:
        with attrs.validators.disabled():
            built = factory(**arguments)
    except Exception:
        return None  # the class objects as a whole, in code that runs after its fields; the first error tells it
    for key, field in fields.items():
        if field.validator is not None and _objects(field.validator, built, field, getattr(built, field.name)):
            return str(key)
    return None


def _objects(check: Callable[..., Any], *arguments: Any) -> bool:
    """Tell whether a call raises."""
    try:
        check(*arguments)
    except Exception:
        return True
    return False


def _complaint(error: Exception) -> str:
    """Say in one line what a factory objected to; errors of unusual types also say which type."""
    if isinstance(error, ValueError | TypeError) and error.args:
        text = str(error.args[0])  # attrs' own validators put the text first, then what a program may want
    else:
        text = str(error)
    line = " ".join(text.split())
    return line if isinstance(error, ValueError | TypeError | TickloomError) else f"{type(error).__name__}: {line}"


def _origin(hint: Any) -> Any:
    """Return the class behind an annotation such as ``tuple[str, ...]``."""
    return get_origin(hint) or hint


def _expected(hint: Any) -> str:
    """Name a type in a message."""
    origin, arguments = _origin(hint), get_args(hint)
    if origin in _UNIONS:
        return " or ".join(dict.fromkeys(_expected(arm) for arm in arguments if arm is not type(None)))
    if origin is Literal:
        return "one of " + ", ".join(str(choice) for choice in arguments)
    if origin in _LISTS:
        return "a list"
    if origin in _TABLES or attrs.has(origin):
        return "a table"
    return _NAMES.get(origin) or f"a {getattr(origin, '__name__', origin)}, which a config cannot hold"


def _shown(value: object) -> str:
    """Show a value in a message, as TOML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return "a list"
    return "a table" if isinstance(value, Mapping) else repr(value)
