"""The conformance suite of strategies finds every planted fault, and passes good ones."""

import random
import time
from collections.abc import Callable
from datetime import datetime
from time import perf_counter
from typing import Any

import numpy as np
import pytest

from tickloom import ConfigError, Strategy
from tickloom.testing import ConformanceError, check_strategy, trades
from tickloom.testing.actors import Busy

#: A few trades are enough for most faults.
FEW = trades([600_000 + n % 3 for n in range(40)])


def breach(factory: Callable[[], Any], ticks: Any = FEW) -> str:
    with pytest.raises(ConformanceError) as caught:
        check_strategy(factory, ticks)
    return str(caught.value)


class Deciding(Strategy):
    """Buys or sells at every tenth trade, by whatever a test lets it look at."""

    count = 0

    def look(self) -> bool:
        return True

    def on_trade(self, trade: Any) -> None:
        self.count += 1
        if self.count % 10 == 0:
            self.ctx.submit(0, 1 if self.look() else -1, 1)


def test_good_strategies_pass() -> None:
    assert check_strategy(Busy, every=7).fills
    run = check_strategy(Deciding, FEW)
    assert [order.side for order in run.orders] == [1, 1, 1, 1]


CLOCKS: dict[str, Callable[[], Any]] = {
    "time.time": lambda: int(time.time() * 1000) % 2 == 0,
    "an imported perf_counter": lambda: int(perf_counter() * 1000) % 2 == 0,
    "datetime.now": lambda: datetime.now().microsecond // 1000 % 2 == 0,
    "random": lambda: random.random() < 0.5,
    "numpy.random": lambda: np.random.random() < 0.5,
}


@pytest.mark.parametrize("name", CLOCKS)
def test_time_and_chance_of_its_own_are_found(name: str) -> None:
    class Faulty(Deciding):
        def look(self) -> bool:
            return bool(CLOCKS[name]())

    told = breach(Faulty)
    assert "strategy Faulty: at another hour, with other dice: event" in told
    assert "time comes from ctx.clock and chance from ctx.rng only" in told


def test_chance_that_nobody_can_seed_is_found() -> None:
    class Faulty(Deciding):
        def __init__(self) -> None:
            self.dice = np.random.default_rng()

        def look(self) -> bool:
            return bool(self.dice.random() < 0.5)

    assert "the rule" in breach(Faulty, trades([600_000 + n % 3 for n in range(400)]))


def test_state_that_two_strategies_share_is_found() -> None:
    class Faulty(Deciding):
        seen: list[int] = []  # noqa: RUF012 - the fault

        def look(self) -> bool:
            self.seen.append(1)
            return len(self.seen) <= 4

    assert "a second run: event" in breach(Faulty)


def test_what_depends_on_the_chunks_is_found() -> None:
    """A strategy that reaches into the engine: what it learns of the rest of a chunk is not there in a smaller one."""

    class Faulty(Deciding):
        def look(self) -> bool:
            return len(self.ctx._moment.events) > 20  # type: ignore[attr-defined]

    told = breach(Faulty)
    assert "in chunks of" in told
    assert "any cut of the input into chunks gives the same outcomes" in told


def test_an_error_is_told_with_its_handler() -> None:
    class Faulty(Deciding):
        def look(self) -> bool:
            raise KeyError("price")

    assert "plugin.on_trade: raised KeyError('price')" in breach(Faulty)


def test_an_error_at_the_end_is_told_too() -> None:
    class Faulty(Deciding):
        def on_stop(self) -> None:
            raise ValueError("late")

    assert "plugin.on_stop: raised ValueError('late')" in breach(Faulty)


def test_a_misspelt_handler_is_found() -> None:
    class Faulty(Deciding):
        def on_trades(self, trade: Any) -> None:
            pass

    assert "on_trades: nobody calls it; did you mean 'on_trade'?" in breach(Faulty)


def test_a_strategy_without_a_handler_is_found() -> None:
    class Faulty(Strategy):
        pass

    assert "it has none" in breach(Faulty)


def test_a_wrong_setting_is_told_as_a_config_would_tell_it() -> None:
    with pytest.raises(ConfigError, match=r"strategy Busy\.evry: unknown key; did you mean 'every'"):
        check_strategy(Busy, FEW, evry=3)
