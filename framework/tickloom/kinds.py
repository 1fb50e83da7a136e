"""The one table of kinds of plugin: what may be registered, what it must look like, where it is described.

The methods of `tickloom.plugins.Register`, the listing of ``tickloom plugins``, the conformance suites, the templates
of ``tickloom new-plugin`` and the reference pages are made from it. Protocols and suites are named, not imported, so
that reading the table costs nothing.
"""

from collections.abc import Callable
from pkgutil import resolve_name
from typing import Any

import attrs


@attrs.frozen
class Kind:
    """One kind of plugin.

    Attributes
    ----------
    name : str
        What messages call it, and the method of ``register`` that announces one.
    protocol : str
        Place of the Protocol that a plugin of this kind follows (of a feature: of its record), as ``module:Name``.
    check : str
        Place of its conformance suite: what an author calls in a test, as ``module:name``.
    page : str
        Its reference page, as a path under ``docs/``.
    """

    name: str
    protocol: str
    check: str
    page: str

    def resolve(self) -> type[Any]:
        """Import the Protocol."""
        return resolve_name(self.protocol)  # type: ignore[no-any-return]

    def resolve_check(self) -> Callable[..., Any]:
        """Import the conformance suite."""
        return resolve_name(self.check)  # type: ignore[no-any-return]


#: All kinds, in the order in which data passes them.
KINDS = tuple(
    Kind(name, protocol, f"tickloom.testing:check_{name}", f"reference/kinds/{name}.md")
    for name, protocol in (
        ("source", "tickloom.interfaces:Source"),
        ("venue", "tickloom.interfaces:Venue"),
        ("feature", "tickloom.features:Feature"),
        ("model", "tickloom.interfaces:Model"),
        ("strategy", "tickloom.interfaces:Strategy"),
        ("algo", "tickloom.interfaces:Algorithm"),
        ("router", "tickloom.interfaces:Router"),
        ("risk_check", "tickloom.interfaces:RiskCheck"),
        ("report_section", "tickloom.interfaces:ReportSection"),
    )
)

#: The same by name.
BY_NAME = {kind.name: kind for kind in KINDS}
