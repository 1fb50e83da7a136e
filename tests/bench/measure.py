"""How a ratio is measured: both sides in turn inside one run, medians, and the bare loop printed beside it."""

import statistics
import time
from collections.abc import Callable
from typing import Any


def ratio(
    benchmark: Any, ours: Callable[[], float | None], bare: Callable[[], float | None], units: int, rounds: int = 5
) -> float:
    """Time two callables in turn and return the median of ours per bare, pair by pair.

    Parameters
    ----------
    benchmark : fixture
        pytest-benchmark's; it reports ``ours``, with the figures of this function beside it.
    ours, bare : callable
        May return the seconds that count, where only a part of a call does.
    units : int
        Events in one call, for the figures in ns.
    rounds : int
        Pairs.

    Returns
    -------
    float
        Above 1: slower than bare.
    """
    pairs = []
    seconds(ours)
    seconds(bare)
    for _ in range(rounds):
        pairs.append((seconds(ours), seconds(bare)))
    slower = statistics.median(a / b for a, b in pairs)
    mine, theirs = (statistics.median(side) / units * 1e9 for side in zip(*pairs, strict=True))
    benchmark.extra_info.update(ns=round(mine, 1), bare_ns=round(theirs, 1), ratio=round(slower, 3))
    print(f"\n{benchmark.name}: {mine:,.1f} ns each, bare {theirs:,.1f} ns, {slower:.2f} x bare")
    benchmark.pedantic(ours, rounds=1, iterations=1)
    return slower


def seconds(call: Callable[[], float | None]) -> float:
    """Time one call, or take its own word for the part that counts."""
    started = time.perf_counter()
    told = call()
    return time.perf_counter() - started if told is None else told
