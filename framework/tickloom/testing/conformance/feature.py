"""What every feature owes: the same bits in any pieces, nothing from the future, and NaN until it is warm."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickloom.testing.conformance.subject import Subject

Floats = NDArray[np.float64]

_COUNT = 600
_NAMES = "outputs names the values of one step, each once, at least one"
_STATE = "initial gives a float64 array of one dimension, the same bits and another array every time"
_OUT = "run writes every value of out, and nothing beside it"
_READS = "run only reads its values"
_PIECES = "any split of the values gives the same bits: all memory is in state"
_PREFIX = "a step depends on values up to its own only"
_WARM = "NaN until warm-up, and finite values from then on"
#: What ``out`` holds before: two fillings, so that whatever is left of them shows.
_FILLS = (-7.25e300, 3.5e299)
#: Lengths of the pieces, in turn.
_SPLITS = ((1,), (0, 7, 1, 64), (257,))


def check_feature(
    factory: Callable[..., Any],
    warm_up: int | None = None,
    values: Sequence[float] | Floats | None = None,
    /,
    **settings: Any,
) -> None:
    """Require that a feature keeps the contract of `tickloom.interfaces.Feature`.

    Parameters
    ----------
    factory : callable
        Makes the feature.
    warm_up : int, optional
        How many values the slowest output needs before it shows one; without it any number below that of the values
        will do.
    values : sequence of float, optional
        A stream of prices; a random walk of 600 by default.
    **settings
        Its settings, as a config would hold them.

    Raises
    ------
    ConformanceError
        Names the row and the rule.
    """
    subject = Subject("feature", factory, settings)
    x = _walk() if values is None else np.array(values, np.float64)
    with subject.asked("run"):
        feature = subject.make()
        _head(subject, feature)
        whole = _whole(subject, feature, x)
        _compare(subject, "a second feature", whole, _pieces(subject.make(), x, (len(x),)), _PIECES)
        for k in sorted({1, 2, len(x) // 3, len(x) - 1} & set(range(1, len(x)))):
            _compare(subject, f"over the first {k} values", whole[:k], _pieces(feature, x[:k], (k,)), _PREFIX)
        for sizes in _SPLITS:
            _compare(subject, f"in pieces of {sizes} values", whole, _pieces(feature, x, sizes), _PIECES)
        _compare(subject, "between two instruments", whole, _interleaved(feature, x), _PIECES)
        _compare(subject, "taken back and run again", whole, _taken_back(feature, x), _PIECES)
    _warm(subject, feature, whole, warm_up)


def _walk() -> Floats:
    """Make prices: a walk, with a stretch in which nothing moves."""
    steps = np.random.default_rng(7).integers(-3, 4, _COUNT)
    steps[_COUNT // 2 : _COUNT // 2 + 20] = 0
    return np.multiply(60_000 + np.cumsum(steps), 0.1, dtype=np.float64)


def _head(subject: Subject, feature: Any) -> None:
    names = list(feature.outputs)
    texts = names and all(isinstance(name, str) and name for name in names) and len(set(names)) == len(names)
    subject.require(bool(texts), "outputs", f"is {names!r}", _NAMES)
    one, other = feature.initial(), feature.initial()
    shaped = isinstance(one, np.ndarray) and one.dtype == np.float64 and one.ndim == 1
    wrong = f"is {one.dtype} of shape {one.shape}" if isinstance(one, np.ndarray) else f"is {type(one).__name__}"
    subject.require(shaped, "initial", wrong, _STATE)
    subject.require(not np.shares_memory(one, other), "initial", "gives one array twice", _STATE)
    subject.require(bool(_equal(one, other).all()), "initial", "gives other bits the second time", _STATE)


def _whole(subject: Subject, feature: Any, x: Floats) -> Floats:
    """Run over all values at once, as a part of a wider table, and look at what is written where."""
    width = len(feature.outputs)
    runs = []
    for fill in _FILLS:
        table = np.full((len(x), width + 2), fill)
        given = x.copy()
        feature.run(feature.initial(), given, table[:, 1:-1])
        subject.require(bool((given == x).all()), "run", "changed its values", _READS)
        beside = (table[:, [0, -1]] == fill).all()
        subject.require(bool(beside), "run", f"wrote beside its {width} columns", _OUT)
        runs.append(table[:, 1:-1])
    left = ~_equal(runs[0], runs[1]).all(axis=1)
    if left.any():
        k = int(np.argmax(left))
        subject.fail(
            f"run, row {k}", f"left a value of out as it was, or did not do the same twice: {runs[0][k]}", _OUT
        )
    return runs[0]


def _pieces(feature: Any, x: Floats, sizes: Sequence[int]) -> Floats:
    """Run over the values in pieces, with one state."""
    state, out = feature.initial(), np.empty((len(x), len(feature.outputs)))
    at = piece = 0
    while at < len(x):
        end = at + sizes[piece % len(sizes)]
        feature.run(state, x[at:end], out[at:end])
        at, piece = end, piece + 1
    return out


def _interleaved(feature: Any, x: Floats) -> Floats:
    """Run over the values in pieces, with pieces of another stream and its own state in between."""
    state, beside = feature.initial(), feature.initial()
    out, other = np.empty((len(x), len(feature.outputs))), np.empty((len(x), len(feature.outputs)))
    for at in range(0, len(x), 50):
        feature.run(state, x[at : at + 50], out[at : at + 50])
        feature.run(beside, x[at : at + 50] * 3.0, other[at : at + 50])
    return out


def _taken_back(feature: Any, x: Floats) -> Floats:
    """Run ahead over every piece, put the state back, and run over it again."""
    state, out = feature.initial(), np.empty((len(x), len(feature.outputs)))
    for at in range(0, len(x), 50):
        saved = state.copy()
        feature.run(state, x[at : at + 90], np.empty_like(out[at : at + 90]))
        state[:] = saved
        feature.run(state, x[at : at + 50], out[at : at + 50])
    return out


def _compare(subject: Subject, where: str, expected: Floats, got: Floats, rule: str) -> None:
    wrong = ~_equal(expected, got).all(axis=1)
    if wrong.any():
        k = int(np.argmax(wrong))
        subject.fail(f"{where}, row {k}", f"gives {got[k].tolist()}, all at once {expected[k].tolist()}", rule)


def _equal(one: Floats, other: Floats) -> NDArray[np.bool_]:
    """Tell where two arrays have the same bits; one NaN is as good as another."""
    same: NDArray[np.bool_] = (
        np.ascontiguousarray(one).view(np.int64) == np.ascontiguousarray(other).view(np.int64)
    ) | (np.isnan(one) & np.isnan(other))
    return same


def _warm(subject: Subject, feature: Any, whole: Floats, warm_up: int | None) -> None:
    """Require that each output is NaN for a while and finite from then on."""
    slowest = 0
    for column, name in enumerate(feature.outputs):
        values = whole[:, column]
        cold = np.isnan(values)
        first = int(np.argmin(cold))
        subject.require(not cold.all(), f"output {name}", f"is NaN for all {len(values)} values", _WARM)
        bad = ~np.isfinite(values[first:])
        if bad.any():
            k = first + int(np.argmax(bad))
            subject.fail(f"output {name}, row {k}", f"is {values[k]}, warm since row {first}", _WARM)
        slowest = max(slowest, first + 1)
    if warm_up is not None and slowest != warm_up:
        subject.fail("warm-up", f"the first vector without NaN comes with value {slowest}, not {warm_up}", _WARM)
