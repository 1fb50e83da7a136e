"""A plugin in its place: its name, its context, and whether it still takes part."""

from typing import Any, Protocol

import attrs

from tickloom.engine.ahead.derive import Handler
from tickloom.engine.context import PluginContext
from tickloom.events import Event, Features, Signal
from tickloom.interfaces import Strategy


class Publish(Protocol):
    """How a model's signal enters the loop: with (seat, signal, number of the cause)."""

    def __call__(self, seat: Any, payload: Any, cause: int, /) -> None:
        """Take the signal."""


@attrs.define(eq=False)
class Seat:
    """One plugin instance of a run.

    Attributes
    ----------
    name : str
        Its name in the config.
    order : tuple
        Handlers of one event run by (priority, name, place in the config).
    """

    name: str
    plugin: Any
    ctx: PluginContext
    order: tuple[int, str, int]
    alive: bool = True

    def handler(self, name: str) -> Handler | None:
        """Bound handler of that name, or None where the plugin did not write one."""
        bound = getattr(self.plugin, name, None)
        if bound is None or getattr(type(self.plugin), name, None) is getattr(Strategy, name, None):
            return None
        handler: Handler = bound
        return handler


@attrs.define(eq=False)
class ModelSeat(Seat):
    """A model: what it predicts becomes a `Signal` in the queue of commands."""

    index: int = attrs.field(kw_only=True)
    publish: Publish = attrs.field(kw_only=True)

    def handler(self, name: str) -> Handler | None:
        """Return the seat's own handler of feature vectors: the model itself has only `predict`."""
        return self.on_features if name == "on_features" else super().handler(name)

    def on_features(self, features: Event) -> None:
        """Ask the model; its opinion enters the loop after all handlers of this event."""
        assert isinstance(features, Features)
        value = self.plugin.predict(features)
        if value is not None:
            moment = self.ctx._moment
            signal = Signal(features.ts_init, self.index, features.instrument, float(value))
            moment.fifo.append((self.publish, self, signal, moment.cause))
