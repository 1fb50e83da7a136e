"""The plugin that a conformance check looks at, and how a breach of a rule is told."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

import attrs

from tickloom.interfaces import Source
from tickloom.plugins import Registry, load_plugins
from tickloom.testing.stage import Cast, Stage, made_by, name_of


class ConformanceError(AssertionError):
    """A plugin breaks a rule of its kind; the text says which plugin, where, what, and the rule."""


@attrs.frozen
class Subject:
    """One plugin under a conformance check.

    Attributes
    ----------
    kind : str
    factory : callable
        As the author gave it.
    settings : mapping
        As a config would hold them.
    installed : Registry
        The installed plugins, looked for once for all runs.
    """

    kind: str
    factory: Callable[..., Any]
    settings: Mapping[str, Any] = attrs.field(factory=dict)
    installed: Registry = attrs.field(factory=load_plugins, repr=False)

    @property
    def make(self) -> Cast:
        """What makes a fresh plugin."""
        return made_by(self.factory, self.kind, self.settings)

    def stage(self, source: Source, config: str = "", **given: Callable[..., Any]) -> Stage:
        """Return a run around fresh plugins, with further factories by name."""
        return Stage(self.kind, self.make, source, config, given, self.installed)

    def fail(self, where: str, wrong: str, rule: str, cause: Exception | None = None) -> NoReturn:
        """Say what is wrong, where, and what the rule is."""
        text = f"{self.kind} {name_of(self.factory)}: {where}: {wrong}; the rule: {rule}"
        raise ConformanceError(text) from cause

    def require(self, holds: bool, where: str, wrong: str, rule: str) -> None:
        """Fail unless something holds."""
        if not holds:
            self.fail(where, wrong, rule)

    @contextmanager
    def asked(self, where: str) -> Iterator[None]:
        """Turn whatever the plugin raises into a breach, with the traceback behind it."""
        try:
            yield
        except ConformanceError:
            raise
        except Exception as error:
            self.fail(where, f"raised {error!r}", "in ordinary use a plugin raises nothing", error)
