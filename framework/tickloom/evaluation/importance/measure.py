"""Measures what each feature is worth to a model, and how the order of features differs between two windows."""

from collections.abc import Callable, Mapping
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from tickloom.errors import DataError

Floats = NDArray[np.float64]
#: Takes rows of features, shape (n, columns), and gives a number per row.
Model = Callable[[Floats], Floats]
#: Takes the truth and the answers, shape (n,) each; more is better.
Metric = Callable[[Floats, Floats], float]


class Importance(msgspec.Struct, frozen=True, kw_only=True):
    """What each feature was worth to a model in a window.

    Attributes
    ----------
    kind : str
        ``permutation``, measured by `permutation_importance`, or ``gain``, told by the model itself.
    model : str
        Version of the model.
    window : tuple of int
        Times of the first and the last row (UNIX time in nanoseconds, UTC).
    features : dict of str to float
        Importance by column name; only those of one kind can be compared.
    spread : dict of str to float
        Standard deviation over repetitions, where there were some.
    """

    kind: Literal["permutation", "gain"]
    model: str
    window: tuple[int, int]
    features: dict[str, float]
    spread: dict[str, float] = {}


def permutation_importance(
    model: Model, metric: Metric, table: ArrayLike, target: ArrayLike, repeats: int = 5, seed: int = 0
) -> tuple[Floats, Floats]:
    """Measure how much worse a model does when a column is shuffled.

    Of two columns that say the same neither looks important, because the other is still there: select first.

    Parameters
    ----------
    model, metric : callable
        See `Model` and `Metric`.
    table : float64, shape (n, columns)
        Rows that the model was not trained on.
    target : float64, shape (n,)
    repeats : int
        Shuffles per column.
    seed : int
        The same seed gives the same shuffles, whatever the number of columns before one.

    Returns
    -------
    mean, spread : float64, shape (columns,)
        Loss of the metric, and its standard deviation (ddof 0) over the shuffles.

    References
    ----------
    Breiman, "Random forests", Machine Learning 45 (2001).
    """
    values, truth = np.array(table, np.float64), np.asarray(target, np.float64)
    whole = metric(truth, model(values))
    lost = np.empty((values.shape[1], repeats))
    for column in range(values.shape[1]):
        draw = np.random.default_rng([seed, column])
        kept = values[:, column].copy()
        for repeat in range(repeats):
            values[:, column] = draw.permutation(kept)
            lost[column, repeat] = whole - metric(truth, model(values))
        values[:, column] = kept
    return lost.mean(axis=1), lost.std(axis=1)


def rank_drift(before: Mapping[str, float], now: Mapping[str, float]) -> tuple[float, float]:
    """Compare the order of features in two windows.

    Parameters
    ----------
    before, now : mapping of str to float
        `Importance.features` of one kind; features that both have are compared.

    Returns
    -------
    spearman, kendall : float
        Rank correlations: 1 for the same order, -1 for the reverse; Kendall's is tau-b. Ties share their ranks.

    Raises
    ------
    DataError
        Fewer than two features are in both, or all of one side are equal.
    """
    both = [name for name in before if name in now]
    one, other = (np.array([side[name] for name in both]) for side in (before, now))
    if len(both) < 2 or np.ptp(one) == 0 or np.ptp(other) == 0:
        raise DataError(f"{len(both)} features are in both windows; two that differ are needed to compare their ranks")
    ranks = [_ranks(side) for side in (one, other)]
    orders = [np.sign(side[:, None] - side[None, :]) for side in (one, other)]
    return _cosine(*(rank - rank.mean() for rank in ranks)), _cosine(*orders)


def _cosine(a: Floats, b: Floats) -> float:
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()))


def _ranks(values: Floats) -> Floats:
    """Ranks from 1 on; equal values share the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Floats = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return ranks
