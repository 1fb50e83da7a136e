"""The bare loops that speed is compared with: nothing but the work itself, ten lines each."""

from collections.abc import Callable, Sequence
from itertools import starmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickloom.events import Trade


def ticks(rows: NDArray[np.int64], handler: Callable[[Trade], None]) -> None:
    """Make Structs in lists of 1,024 and hand them to one handler."""
    for at in range(0, len(rows), 1024):
        for trade in list(starmap(Trade, rows[at : at + 1024, :7].tolist())):
            handler(trade)


def publish(handlers: Sequence[Callable[..., None]], event: Any, count: int) -> None:
    """Call every handler with what an observer of the outcome stream gets."""
    for row in range(count):
        for handler in handlers:
            handler(row, 1, row, 0, event)


def bars(rows: NDArray[np.float64], row: NDArray[np.float64]) -> None:
    """Copy bar after bar to where a view expects it."""
    for bar in rows:
        row[:] = bar
