"""What stations of the order road owe: an algorithm's and a router's orders add up to the one they are for."""

from collections.abc import Callable, Iterable
from typing import Any

import attrs

from tickloom.codes import OrderType
from tickloom.events import AmendOrder, CancelOrder, SubmitOrder
from tickloom.interfaces import Command, Source
from tickloom.testing.conformance import laws
from tickloom.testing.conformance.subject import ConformanceError, Subject
from tickloom.testing.runs import Finished
from tickloom.testing.ticks import market

_LIMIT = OrderType.LIMIT.value
_RETURNS = {
    "work": "work returns an iterable of commands",
    "route": "route returns an iterable of orders",
}
_OWN = "an order that a station makes has an id that no other order has, and parent_id names the order it is for"
_SAME = "it is for the strategy and on the side of the order it is for"
_PLACE = {
    "work": "an algorithm leaves the instrument to the router, and the account to the strategy",
    "route": "a router names an instrument of the run by its index",
}
_BEYOND = "together they are for no more lots than the order they are for, each for at least one"
_ADD_UP = "together they are for as many lots as the order they are for, unless a timer was asked for"
_AS_IS = "who says so (as_is) returns what it is given and nothing else"
_PRICE = "a limit is kept: no market order and no worse price"


def check_algo(
    factory: Callable[..., Any], ticks: Source | None = None, config: str = "", /, **settings: Any
) -> Finished:
    """Require that an execution algorithm keeps the contract of `tickloom.interfaces.Algorithm`.

    A strategy sends it orders of every sort (`tickloom.testing.actors.Busy`), in several runs as `check_strategy`
    has them.

    Parameters
    ----------
    factory : callable
        Makes the algorithm; asked once for every run.
    ticks : Source, optional
        `tickloom.testing.market` by default.
    config : str
        TOML that stands above the run's own.
    **settings
        Its settings, as a config would hold them.

    Returns
    -------
    Finished
        One of the runs.

    Raises
    ------
    ConformanceError
        Names the order and the rule.
    """
    return _check(Subject("algo", factory, settings), ticks, config, "work")


def check_router(
    factory: Callable[..., Any], ticks: Source | None = None, config: str = "", /, **settings: Any
) -> Finished:
    """Require that a router keeps the contract of `tickloom.interfaces.Router`; the rest is as with `check_algo`."""
    return _check(Subject("router", factory, settings), ticks, config, "route")


def _check(subject: Subject, ticks: Source | None, config: str, method: str) -> Finished:
    stage = subject.stage(ticks or market(150), config)
    breaches: list[ConformanceError] = []
    # What it made is looked at first: the laws would only tell what came of it.
    attrs.evolve(stage, plugin=lambda: Watched(subject, subject.make(), method, breaches)).run()
    if breaches:
        raise breaches[0]
    return laws.hold(subject, stage)


class Watched:
    """A station with somebody who looks at everything it returns."""

    #: It is asked, whatever it says.
    as_is = False

    def __init__(self, subject: Subject, plugin: Any, method: str, breaches: list[ConformanceError]) -> None:
        self._subject = subject
        self._plugin = plugin
        self._method = method
        self._breaches = breaches
        self._ids: set[int] = set()
        self._timers = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plugin, name)

    @property
    def ctx(self) -> Any:
        """The context that the plugin has, which counts the timers that it asks for."""
        return self._ctx

    @ctx.setter
    def ctx(self, ctx: Any) -> None:
        self._ctx = ctx
        self._plugin.ctx = _Counting(ctx, self._asked)

    def _asked(self) -> None:
        self._timers += 1

    def work(self, command: Command) -> Iterable[Command]:
        """Let the algorithm work."""
        return self._look("work", command)  # type: ignore[no-any-return]  # looked at

    def route(self, order: SubmitOrder) -> Iterable[SubmitOrder]:
        """Let the router route."""
        return self._look("route", order)  # type: ignore[no-any-return]  # looked at

    def _look(self, method: str, command: Any) -> Any:
        timers = self._timers
        where = f"{method} of {command}"
        try:
            with self._subject.asked(where):
                returned = getattr(self._plugin, method)(command)
                made = self._commands(where, method, returned)
            if getattr(self._plugin, "as_is", False):
                self._subject.require(made == (command,), where, f"returned {made!r}", _AS_IS)
            if isinstance(command, SubmitOrder):
                self._orders(where, method, command, [one for one in made if isinstance(one, SubmitOrder)], timers)
        except ConformanceError as error:
            self._breaches.append(error)
            raise
        return made

    def _commands(self, where: str, method: str, returned: Any) -> tuple[Any, ...]:
        kinds = (SubmitOrder,) if method == "route" else (SubmitOrder, CancelOrder, AmendOrder)
        self._subject.require(isinstance(returned, Iterable), where, f"returned {returned!r}", _RETURNS[method])
        made = tuple(returned)
        for one in made:
            self._subject.require(isinstance(one, kinds), where, f"returned {one!r}", _RETURNS[method])
        return made

    def _orders(self, where: str, method: str, parent: SubmitOrder, made: list[SubmitOrder], timers: int) -> None:
        require = self._subject.require
        self._ids.add(parent.order_id)
        for one in made:
            if one is not parent:
                new = one.order_id not in self._ids and one.parent_id == parent.order_id
                require(new, where, f"order {one.order_id} of parent {one.parent_id}", _OWN)
                self._ids.add(one.order_id)
            require((one.strategy, one.side) == (parent.strategy, parent.side), where, f"{one}", _SAME)
            require(self._in_place(method, parent, one), where, f"{one}", _PLACE[method])
            kept = one.order_type == _LIMIT and one.price * one.side <= parent.price * parent.side
            require(parent.order_type != _LIMIT or kept, where, f"{one}", _PRICE)
            require(one.quantity > 0, where, f"{one}", _BEYOND)
        total = sum(one.quantity for one in made)
        wrong = f"{total} lots in {len(made)} orders"
        require(total <= parent.quantity, where, wrong, _BEYOND)
        require(total == parent.quantity or self._timers > timers, where, wrong, _ADD_UP)

    def _in_place(self, method: str, parent: SubmitOrder, one: SubmitOrder) -> bool:
        if method == "work":
            return (one.instrument, one.account) == (parent.instrument, parent.account)
        return 0 <= one.instrument < len(self._ctx.instruments)


class _Counting:
    """A context that tells when a timer is asked for."""

    def __init__(self, ctx: Any, asked: Callable[[], None]) -> None:
        self._ctx = ctx
        self._asked = asked

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ctx, name)

    def timer(self, at: int, name: str) -> None:
        """Ask for a timer."""
        self._asked()
        self._ctx.timer(at, name)
