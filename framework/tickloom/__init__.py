"""Plugin-based, event-driven trading: what authors of plugins and strategies import.

Every public name is imported from its module when it is first used, so that ``import tickloom`` and the help of the
command line cost neither numpy nor numba.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tickloom.codes import OrderStatus, OrderType, Report, Side, TimeInForce
    from tickloom.config import load_config
    from tickloom.errors import ConfigError, DataError, OrderError, TickloomError
    from tickloom.events import (
        AmendOrder,
        Bar,
        BookDelta,
        CancelOrder,
        Features,
        Fill,
        OrderUpdate,
        Quote,
        Signal,
        SubmitOrder,
        TimerFired,
        Trade,
    )
    from tickloom.features import Feature
    from tickloom.hookspecs import hookimpl
    from tickloom.instruments import Instrument
    from tickloom.interfaces import Algorithm, Context, Model, RiskCheck, Router, Source, Strategy, Venue
    from tickloom.plugins import load_plugins

    #: Version of the installed distribution.
    __version__: str

#: Home of every public name.
_HOMES = {
    name: f"tickloom.{module}"
    for module, names in {
        "codes": ("OrderStatus", "OrderType", "Report", "Side", "TimeInForce"),
        "config": ("load_config",),
        "errors": ("ConfigError", "DataError", "OrderError", "TickloomError"),
        "events": (
            "AmendOrder",
            "Bar",
            "BookDelta",
            "CancelOrder",
            "Features",
            "Fill",
            "OrderUpdate",
            "Quote",
            "Signal",
            "SubmitOrder",
            "TimerFired",
            "Trade",
        ),
        "features": ("Feature",),
        "hookspecs": ("hookimpl",),
        "instruments": ("Instrument",),
        "interfaces": (
            "Algorithm",
            "Context",
            "Model",
            "RiskCheck",
            "Router",
            "Source",
            "Strategy",
            "Venue",
        ),
        "plugins": ("load_plugins",),
    }.items()
    for name in names
}

__all__ = [
    "Algorithm",
    "AmendOrder",
    "Bar",
    "BookDelta",
    "CancelOrder",
    "ConfigError",
    "Context",
    "DataError",
    "Feature",
    "Features",
    "Fill",
    "Instrument",
    "Model",
    "OrderError",
    "OrderStatus",
    "OrderType",
    "OrderUpdate",
    "Quote",
    "Report",
    "RiskCheck",
    "Router",
    "Side",
    "Signal",
    "Source",
    "Strategy",
    "SubmitOrder",
    "TickloomError",
    "TimeInForce",
    "TimerFired",
    "Trade",
    "Venue",
    "hookimpl",
    "load_config",
    "load_plugins",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("importlib.metadata").version("tickloom")
    if name not in _HOMES:
        raise AttributeError(f"module 'tickloom' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
