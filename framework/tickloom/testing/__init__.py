"""For people who write plugins: run one on given rows, look at what it did, and hold it against its contract.

Every name is imported from its module when it is first used: pytest imports this package at every start, for the sake
of the fixture `tickloom.testing.pytest_plugin.plugin_latency`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tickloom.testing.conformance.feature import check_feature
    from tickloom.testing.conformance.model import check_model
    from tickloom.testing.conformance.report_section import check_report_section
    from tickloom.testing.conformance.risk_check import check_risk_check
    from tickloom.testing.conformance.road import check_algo, check_router
    from tickloom.testing.conformance.source import check_source
    from tickloom.testing.conformance.strategy import check_strategy
    from tickloom.testing.conformance.subject import ConformanceError
    from tickloom.testing.conformance.venue import check_venue
    from tickloom.testing.latency import Latency, measure
    from tickloom.testing.runs import Finished, Prepared, Rows, RowSource, Tape, prepare, run_text
    from tickloom.testing.stage import run_plugin
    from tickloom.testing.throwaway import throwaway_plugin
    from tickloom.testing.ticks import market, quotes, trades

#: Home of every public name.
_HOMES = {
    name: f"tickloom.testing.{module}"
    for module, names in {
        "conformance.feature": ("check_feature",),
        "conformance.model": ("check_model",),
        "conformance.report_section": ("check_report_section",),
        "conformance.risk_check": ("check_risk_check",),
        "conformance.road": ("check_algo", "check_router"),
        "conformance.source": ("check_source",),
        "conformance.strategy": ("check_strategy",),
        "conformance.subject": ("ConformanceError",),
        "conformance.venue": ("check_venue",),
        "latency": ("Latency", "measure"),
        "runs": ("Finished", "Prepared", "RowSource", "Rows", "Tape", "prepare", "run_text"),
        "stage": ("run_plugin",),
        "throwaway": ("throwaway_plugin",),
        "ticks": ("market", "quotes", "trades"),
    }.items()
    for name in names
}

__all__ = [
    "ConformanceError",
    "Finished",
    "Latency",
    "Prepared",
    "RowSource",
    "Rows",
    "Tape",
    "check_algo",
    "check_feature",
    "check_model",
    "check_report_section",
    "check_risk_check",
    "check_router",
    "check_source",
    "check_strategy",
    "check_venue",
    "market",
    "measure",
    "prepare",
    "quotes",
    "run_plugin",
    "run_text",
    "throwaway_plugin",
    "trades",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its home."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """List the public names too."""
    return sorted({*globals(), *_HOMES})
