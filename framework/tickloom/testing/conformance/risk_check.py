"""What every risk check owes: None or a reason, for orders and amendments alike, and hands off the gate's numbers."""

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np

from tickloom.events import AmendOrder, SubmitOrder
from tickloom.interfaces import Source
from tickloom.testing.conformance import laws
from tickloom.testing.conformance.subject import ConformanceError, Subject
from tickloom.testing.runs import Finished
from tickloom.testing.ticks import market

_ANSWER = "check returns None, or as text why the command must not pass"
_NUMBERS = "a check only reads the gate's numbers"


def check_risk_check(
    factory: Callable[..., Any], ticks: Source | None = None, config: str = "", /, **settings: Any
) -> Finished:
    """Require that a risk check keeps the contract of `tickloom.interfaces.RiskCheck`.

    It is asked about the orders and amendments of `tickloom.testing.actors.Busy`, in several runs as
    `check_strategy` has them.

    Parameters
    ----------
    factory : callable
        Makes the check; asked once for every run.
    ticks : Source, optional
        `tickloom.testing.market` by default.
    config : str
        TOML that stands above the run's own.
    **settings
        Its settings, as a config would hold them.

    Returns
    -------
    Finished
        One of the runs; `updates` has what was denied, and why.

    Raises
    ------
    ConformanceError
        Names the command and the rule.
    """
    subject = Subject("risk_check", factory, settings)
    stage = subject.stage(ticks or market(150), config)
    breaches: list[ConformanceError] = []
    attrs.evolve(stage, plugin=lambda: _Watched(subject, subject.make(), breaches)).run()
    if breaches:
        raise breaches[0]
    # Not what passes alone: an amendment of an order that was denied never comes to the gate.
    _amendments(subject, breaches)
    return laws.hold(subject, stage)


def _amendments(subject: Subject, breaches: list[ConformanceError]) -> None:
    """Ask about amendments by themselves, of orders that passed because the check was not asked about them."""
    stage = subject.stage(market(150))
    attrs.evolve(stage, plugin=lambda: _Watched(subject, subject.make(), breaches, (AmendOrder,))).run()
    if breaches:
        raise breaches[0]


class _Watched:
    """A check with somebody who looks at its answers, and at the numbers before and after."""

    def __init__(
        self,
        subject: Subject,
        plugin: Any,
        breaches: list[ConformanceError],
        about: tuple[type[Any], ...] = (SubmitOrder, AmendOrder),
    ) -> None:
        self._subject = subject
        self._plugin = plugin
        self._breaches = breaches
        self._about = about

    @property
    def ctx(self) -> Any:
        """The gate's context."""
        return self._ctx

    @ctx.setter
    def ctx(self, ctx: Any) -> None:
        self._ctx = self._plugin.ctx = ctx

    def check(self, command: SubmitOrder | AmendOrder) -> str | None:
        """Ask the check, where it is to be asked."""
        if not isinstance(command, self._about):
            return None
        where = f"check of {command}"
        before = self._numbers(command)
        try:
            with self._subject.asked(where):
                answer: str | None = self._plugin.check(command)
            good = answer is None or (isinstance(answer, str) and answer.strip())
            self._subject.require(bool(good), where, f"returned {answer!r}", _ANSWER)
            unchanged = np.array_equal(before, self._numbers(command))
            self._subject.require(unchanged, where, "changed the exposure that it was shown", _NUMBERS)
        except ConformanceError as error:
            self._breaches.append(error)
            raise
        return answer

    def _numbers(self, command: SubmitOrder | AmendOrder) -> Any:
        """Copy what the gate knows of the account of a command."""
        order = command if isinstance(command, SubmitOrder) else self._ctx.order(command.order_id)
        return np.array([self._ctx.exposure(order.account, i) for i in range(len(self._ctx.instruments))])
