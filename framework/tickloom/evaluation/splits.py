"""Training and test rows in the order of time, such that no training label knows of what it is tested on.

A label spans time: a return over the next hour is known an hour later. Rows beside a test set whose labels reach into
it leak what it asks, so they are left out (*purged*), and a while after it, too (*embargo*), because prices remember.
Spans are closed: two that only touch do overlap.

References
----------
Lopez de Prado, Advances in Financial Machine Learning (2018), chapter 7. His ``PurgedKFold`` keeps rows that touch the
test set, his ``getTrainTimes`` drops them; here they are dropped.
"""

from collections.abc import Iterator
from typing import Any

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from tickloom.errors import DataError

Ints = NDArray[np.int64]


@attrs.frozen(eq=False)
class Split:
    """Rows to train on and rows to test on.

    Attributes
    ----------
    train, test : int64, shapes (m,), (k,)
        Numbers of rows, ascending; the test rows are in one piece.
    """

    train: Ints
    test: Ints


def walk_forward(times: ArrayLike, ends: ArrayLike, folds: int, train: int, sliding: bool = False) -> Iterator[Split]:
    """Test on what comes after the training rows, again and again.

    The rows after the first ``train`` are cut into pieces; each is tested once, after training on what is before it.

    Parameters
    ----------
    times : int64, shape (n,)
        When each row's label begins, ascending (UNIX time in nanoseconds, UTC, or any other unit).
    ends : int64, shape (n,)
        When it is known, in the same unit.
    folds : int
        Number of tests.
    train : int
        Rows before the first test.
    sliding : bool
        Train on the last ``train`` rows before each test, not on all of them.

    Yields
    ------
    Split

    Raises
    ------
    DataError
        Times do not ascend, a label ends before it begins, there are too few rows, or all before a test are purged.
    """
    starts, known = _labels(times, ends)
    rows = len(starts) - train
    if train < 1 or not 1 <= folds <= rows:
        raise DataError(f"{len(starts)} rows cannot be cut into {train} to train on and {folds} tests after them")
    for test in np.array_split(np.arange(train, len(starts)), folds):
        begin = test[0] - train if sliding else 0
        before = np.arange(begin, test[0])
        yield _split(before[known[before] < starts[test[0]]], test)


def purged_folds(times: ArrayLike, ends: ArrayLike, folds: int, embargo: int = 0) -> Iterator[Split]:
    """Test on each of some pieces of the rows, and train on the others as far as their labels do not overlap.

    Parameters
    ----------
    times, ends : int64, shape (n,)
        As in `walk_forward`.
    folds : int
        Number of pieces.
    embargo : int
        How long after the last label of a test is known no training label may begin (unit of the times).

    Yields
    ------
    Split

    Raises
    ------
    DataError
        As in `walk_forward`, or the embargo is negative.
    """
    starts, known = _labels(times, ends)
    if not 2 <= folds <= len(starts) or embargo < 0:
        raise DataError(
            f"{len(starts)} rows, {folds} folds, embargo {embargo}: from 2 to {len(starts)} folds, 0 or more"
        )
    rows = np.arange(len(starts))
    for test in np.array_split(rows, folds):
        before = known < starts[test[0]]
        after = starts > known[test].max() + embargo
        yield _split(rows[(before & (rows < test[0])) | (after & (rows > test[-1]))], test)


def stretches(rows: Ints) -> tuple[tuple[int, int], ...]:
    """Say ascending row numbers as stretches from a row to the one before another, as records of what was fitted do."""
    cuts = np.flatnonzero(np.diff(rows) != 1) + 1
    return tuple((int(part[0]), int(part[-1]) + 1) for part in np.split(rows, cuts) if len(part))


def _labels(times: ArrayLike, ends: ArrayLike) -> tuple[Ints, Ints]:
    starts, known = np.asarray(times, np.int64), np.asarray(ends, np.int64)
    if starts.ndim != 1 or starts.shape != known.shape:
        raise ValueError(f"a time and an end per row are needed, not {starts.shape} and {known.shape}")
    steps = np.diff(starts, prepend=starts[:1])
    for wrong, rule in ((steps < 0, "times must ascend"), (known < starts, "no label ends before it begins")):
        if wrong.any():
            raise DataError(f"{rule}; row {int(np.argmax(wrong))} breaks that")
    return starts, known


def _split(train: NDArray[Any], test: NDArray[Any]) -> Split:
    if not len(train):
        raise DataError(
            f"no row is left to train on for the test of rows {test[0]} to {test[-1]}; labels reach too far"
        )
    return Split(train.astype(np.int64), test.astype(np.int64))
