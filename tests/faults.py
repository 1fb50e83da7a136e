"""A strategy without a defect, and runs that put it beside one with a defect."""

from collections.abc import Callable
from typing import Any

from loops import Listener, candle, delta, go, quote, trade

from tickloom.codes import Report
from tickloom.testing import Finished

#: A row of each kind, three times over: an update of the book in two rows, then the others.
ROWS = [
    row
    for ms in (0, 3, 6)
    for row in (
        delta(ms, 999, 9, 1, 0),
        delta(ms, 1001, 9, -1),
        quote(ms),
        trade(ms + 1),
        candle(ms + 2, 1000),
        trade(ms + 2, instrument=1),
    )
]
#: A view and a model on it.
MODEL = '[views.v]\non = "trade"\nfeatures = [{ name = "ema_first", n = 1 }]\n[models.m]\nkind = "model"\nview = "v"\n'


#: A further check at the gate.
CHECK = '[risk_checks.check]\nkind = "check"\n'


class Steady:
    """A model that always says the same."""

    def predict(self, features) -> float:
        return 1.0


class Good(Listener):
    """Does its work to the end."""

    def on_quote(self, quote) -> None:
        self.note("quote")
        self.ctx.submit(0, 1, 1, 900)

    def on_order(self, update) -> None:
        self.note(Report(update.report).name)

    def on_stop(self) -> None:
        self.note("stop")


class Dear:
    """A check that lets nothing above 900 pass."""

    def check(self, command) -> str | None:
        return "dear" if command.price > 900 else None


def run_with(strategy: Callable[[], Any], **more: Any) -> tuple[Good, Finished]:
    """Run a strategy beside one that has no defect."""
    good = Good()
    plugins = {"model": Steady, **more.pop("plugins", {})}
    strategies = {"bad": strategy, "good": lambda: good}
    return good, go(strategies, ROWS, extra=MODEL + more.pop("extra", ""), plugins=plugins, series=["1ms"], **more)
