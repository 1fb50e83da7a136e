"""How near deviations, variances, bands and correlations are to two passes of `math.fsum`, beside TA-Lib's."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

talib = pytest.importorskip("talib", reason="TA-Lib is not installed")
pytest.importorskip("talipp", reason="talipp is not installed")

from hundred import Floats, Library, bars, named, view_of  # noqa: E402 - there is nothing to compare with before

COUNT, N = 1_000_000, 20


def centred(values: Sequence[float]) -> list[float]:
    middle = math.fsum(values) / len(values)
    return [value - middle for value in values]


def variance(xs: Sequence[float], _ys: Sequence[float]) -> float:
    return math.fsum(d * d for d in centred(xs)) / N


def correlation(xs: Sequence[float], ys: Sequence[float]) -> float:
    dx, dy = centred(xs), centred(ys)
    both = math.fsum(a * b for a, b in zip(dx, dy, strict=True))
    return both / math.sqrt(math.fsum(d * d for d in dx) * math.fsum(d * d for d in dy))


def upper(xs: Sequence[float], ys: Sequence[float]) -> float:
    return math.fsum(xs) / N + 2.0 * math.sqrt(variance(xs, ys))


#: By feature: what two passes say of a window of closes and volumes.
TRUTH: dict[str, Callable[[Sequence[float], Sequence[float]], float]] = {
    "standard_deviation": lambda xs, ys: math.sqrt(variance(xs, ys)),
    "variance": variance,
    "bbands": upper,
    "correlation": correlation,
}


def spiked(rows: Floats) -> Floats:
    """Put a price and a volume of 1e9 among the others every thousand rows."""
    rows = rows.copy(order="F")
    rows[500::1000, :5] = 1e9
    return rows


def looked_at(kind: str, count: int) -> list[int]:
    """Every eleventh row; of spikes, all rows of the hundred after each."""
    if kind == "walk":
        return list(range(N - 1, count, 11))
    return [spike + k for spike in range(500, count - 100, 1000) for k in range(1, 100)]


@pytest.mark.parametrize("kind", ["walk", "spikes"])
@pytest.mark.parametrize("name", TRUTH)
def test_accuracy_beside_talib(benchmark: Any, name: str, kind: str) -> None:
    """Largest error relative to the truth; of correlations, the largest error."""
    rows = bars(COUNT) if kind == "walk" else spiked(bars(COUNT // 10))
    (use,) = named({"name": name, "n": N})
    ours = view_of([use]).run(rows)[0][:, 0]
    found = Library(use).batch(rows)()
    theirs = found[0] if isinstance(found, tuple) else found
    xs, ys = rows[:, 3].tolist(), rows[:, 4].tolist()
    worst = [0.0, 0.0]
    for row in looked_at(kind, len(rows)):
        truth = TRUTH[name](xs[row - N + 1 : row + 1], ys[row - N + 1 : row + 1])
        scale = 1.0 if name == "correlation" else abs(truth)
        for side, values in enumerate((ours, theirs)):
            worst[side] = max(worst[side], float(abs(values[row] - truth) / scale))
    print(f"\n{benchmark.name}: ours {worst[0]:.1e}, TA-Lib {worst[1]:.1e}")
    benchmark.extra_info.update(ours=worst[0], talib=worst[1])
    benchmark.pedantic(lambda: np.argmax(ours), rounds=1, iterations=1)
