"""Another hour and other dice: what a plugin must not look at, changed under its feet."""

import datetime
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np

#: What reads a clock: names in the module ``time``, and nanoseconds per unit of what they return.
_CLOCKS = {"time": 1e9, "monotonic": 1e9, "perf_counter": 1e9, "process_time": 1e9} | {
    "time_ns": 1,
    "monotonic_ns": 1,
    "perf_counter_ns": 1,
    "process_time_ns": 1,
}


@contextmanager
def another_hour(number: int, plugin: Any) -> Iterator[None]:
    """Let ``time``, ``datetime.now``, ``random`` and ``numpy.random`` give what they give in hour ``number``.

    The clock moves at every look, each hour at its own pace; equal numbers give equal looks and draws. Names that the
    plugin's own modules have imported from these modules are changed too.

    Parameters
    ----------
    number : int
    plugin : class, function or object
        Whose modules to look through for imported names.
    """
    looks = _Looks(number)
    replaced: dict[Any, Any] = {getattr(time, name): looks.reader(unit) for name, unit in _CLOCKS.items()}
    replaced[datetime.datetime] = _calendar(looks)
    states = random.getstate(), np.random.get_state()
    with ExitStack() as changes:
        for module in (time, datetime, *_modules(plugin)):
            for name, value in list(vars(module).items()):
                try:
                    other = replaced.get(value)
                except TypeError:  # what cannot be hashed is no clock
                    continue
                if other is not None:
                    changes.enter_context(patch.object(module, name, other))
        random.seed(number)
        np.random.seed(number)
        try:
            yield
        finally:
            random.setstate(states[0])
            np.random.set_state(states[1])


class _Looks:
    """A clock that moves on when it is looked at."""

    def __init__(self, number: int) -> None:
        self._now = (1_000_000_000 + 7_654_321 * number) * 1_000_000_000
        self._pace = 1_000_000 + 777_777_777 * number

    def now(self) -> int:
        """UNIX time in nanoseconds (UTC)."""
        self._now += self._pace
        return self._now

    def reader(self, unit: float) -> Callable[[], float]:
        """Return what stands in for a function of ``time``."""
        return lambda: self.now() if unit == 1 else self.now() / unit


def _calendar(looks: _Looks) -> type[datetime.datetime]:
    """Return a ``datetime`` whose present is that of the clock."""

    class Calendar(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> "Calendar":
            return cls.fromtimestamp(looks.now() / 1e9, tz)

        @classmethod
        def utcnow(cls) -> "Calendar":
            return cls.now(datetime.UTC).replace(tzinfo=None)

        @classmethod
        def today(cls) -> "Calendar":
            return cls.now()

    return Calendar


def _modules(plugin: Any) -> list[Any]:
    """Modules in which a plugin's class and its ancestors, or a factory, were written."""
    plugin = getattr(plugin, "func", plugin)
    classes = plugin.__mro__ if isinstance(plugin, type) else (*type(plugin).__mro__, plugin)
    names = {getattr(one, "__module__", None) for one in classes}
    return [sys.modules[name] for name in sorted(filter(None, names)) if name in sys.modules and name != "builtins"]
