"""What every model owes: a finite number or None, decided by the vectors it has been given and by nothing else."""

from collections.abc import Callable, Sequence
from math import isfinite
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickloom.events import Features
from tickloom.testing.actors import playback
from tickloom.testing.clocks import another_hour
from tickloom.testing.conformance import laws
from tickloom.testing.conformance.subject import Subject
from tickloom.testing.runs import Finished
from tickloom.testing.ticks import INSTRUMENTS, market

_STEPS = 150
_VALUE = "predict returns a finite number, or None to say nothing"
_PURE = "equal vectors in the same order give equal opinions: no clock, no dice, nothing shared between models"


def check_model(
    factory: Callable[..., Any], vectors: int | Sequence[Sequence[float]] | NDArray[np.float64] = 2, /, **settings: Any
) -> Finished:
    """Require that a model keeps the contract of `tickloom.interfaces.Model`.

    Parameters
    ----------
    factory : callable
        Makes the model.
    vectors : int, or table of float of shape (n, width)
        What it is given: values of its view, in their order; or how many values its view has, for moving averages of
        a random walk at as many speeds, the fastest first.
    **settings
        Its settings, as a config would hold them.

    Returns
    -------
    Finished
        One of the runs that were compared; `signals` are what the model said in it.

    Raises
    ------
    ConformanceError
        Names the vector and the rule; also where the model never said anything, for then nothing was checked.
    """
    subject = Subject("model", factory, settings)
    table = _averages(vectors) if isinstance(vectors, int) else np.array(vectors, np.float64)
    said = _said(subject, table, 0)
    speaking = any(value is not None for value in said)
    subject.require(
        speaking, f"{len(table)} vectors", "said nothing, so that nothing was checked", "give it vectors to speak of"
    )
    for number, where in ((0, "a second model"), (1, "at another hour, with other dice")):
        for k, (mine, theirs) in enumerate(zip(said, _said(subject, table, number), strict=True)):
            subject.require(mine == theirs, f"{where}, vector {k}", f"said {theirs} and before {mine}", _PURE)
    stage = subject.stage(market(_STEPS), averages=lambda: playback(table))
    return laws.hold(subject, stage)


def _averages(width: int) -> NDArray[np.float64]:
    """Make vectors: moving averages of a walk, each three times as slow as the one before."""
    walk = (60_000 + np.cumsum(np.random.default_rng(7).integers(-3, 4, _STEPS))) * 0.1
    table = np.empty((_STEPS, width))
    table[0] = walk[0]
    shares = 2.0 / (3.0 ** np.arange(width) + 1.0)
    for k in range(1, _STEPS):
        table[k] = table[k - 1] + shares * (walk[k] - table[k - 1])
    return table


def _said(subject: Subject, table: NDArray[np.float64], number: int) -> list[float | None]:
    """Ask a fresh model about every vector, for two instruments in turn, in hour ``number``."""
    said: list[float | None] = []
    with another_hour(number, subject.factory):
        model = subject.make()
        for k, values in enumerate(table.tolist()):
            for instrument in range(len(INSTRUMENTS)):
                with subject.asked(f"predict, vector {k}"):
                    value = model.predict(Features(k, 0, instrument, tuple(values)))
                good = value is None or (isinstance(value, Real) and isfinite(value))
                subject.require(good, f"predict, vector {k}", f"returned {value!r}", _VALUE)
                said.append(None if value is None else float(value))
    return said
