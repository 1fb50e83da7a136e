"""Publishing in the process: the outcome stream with 1, 5 and 20 observers, against a bare loop over them."""

from typing import Any

import bare
import pytest
from measure import ratio

from tickloom.engine.loop import WAKING_CHUNK
from tickloom.engine.stream import Observer, OutcomeStream
from tickloom.events import Signal

COUNT = 512 * 400


class Counter(Observer):
    """Counts what it is told."""

    def __init__(self) -> None:
        self.told = 0

    def event(self, row: int, sub: int, cause_row: int, cause_sub: int, event: Any) -> None:
        self.told += 1


@pytest.mark.parametrize(("handlers", "most"), [(1, 3.0), (5, 1.8), (20, 1.3)])
def test_publish_in_process(benchmark: Any, handlers: int, most: float) -> None:
    observers = tuple(Counter() for _ in range(handlers))
    signal = Signal(1, 0, 0, 1.0)

    def ours() -> None:
        stream = OutcomeStream(observers, lambda observer, method, error: None)
        emit = stream.emit
        for start in range(0, COUNT, WAKING_CHUNK):
            for row in range(start, start + WAKING_CHUNK):
                emit(signal, (row, 0))
            # As the loop does behind every chunk.
            stream.show()

    assert (
        ratio(benchmark, ours, lambda: bare.publish([one.event for one in observers], signal, COUNT), units=COUNT)
        <= most
    )
