"""Which columns of a view are worth keeping, decided on training rows alone, with a record of what fell and why.

Three questions, in this order: does a column move at all, does it tell something of the target, and does another that
tells more say the same.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from tickloom.errors import DataError
from tickloom.evaluation.splits import stretches
from tickloom.storage.document import read_document, version_of, write_document

Floats = NDArray[np.float64]

#: How mutual information is estimated: from counts in bins, or from distances between neighbours (slower, finer).
Estimator = Literal["binned", "neighbours"]

_KIND = "selection"
#: Bins per axis, with equal counts, and neighbours (as in scikit-learn).
_BINS, _NEIGHBOURS = 16, 3


@attrs.frozen(kw_only=True)
class Rules:
    """What a column needs to stay.

    Attributes
    ----------
    variance : float
        Variance of the column scaled to the range 0 to 1; what has this or less falls. The raw variance would ask for
        its unit.
    information : float
        Mutual information with the target (nats); what has this or less falls.
    correlation : float
        What is correlated more than this, in absolute value, with a more important column that stays falls.
    estimator : str
        See `Estimator`.
    """

    variance: float = 0.0
    information: float = 0.0
    correlation: float = 0.95
    estimator: Estimator = "binned"


@attrs.frozen(kw_only=True)
class Selection:
    """Which columns stay, which fall and why.

    Attributes
    ----------
    plan : str
        Version of the view whose columns they are.
    rules : Rules
    rows : tuple of (int, int)
        The training rows, as stretches from a row to the one before another.
    kept : tuple of str
        In the order of the view.
    dropped : mapping of str to str
        Column and reason.
    information : mapping of str to float
        Mutual information with the target (nats) of all columns that move.
    """

    plan: str
    rules: Rules
    rows: tuple[tuple[int, int], ...]
    kept: tuple[str, ...]
    dropped: Mapping[str, str]
    information: Mapping[str, float]

    @property
    def version(self) -> str:
        """16 hexadecimal digits of all that is said here."""
        return version_of(_KIND, self._body())

    def save(self, path: Path) -> None:
        """Write it into a file.

        Raises
        ------
        DataError
            The file cannot be written.
        """
        write_document(path, _KIND, self._body())

    def _body(self) -> dict[str, Any]:
        return attrs.asdict(self) | {"rows": [list(stretch) for stretch in self.rows], "kept": list(self.kept)}


def load_selection(path: Path) -> Selection:
    """Read what `Selection.save` wrote.

    Raises
    ------
    DataError
        There is no such file, or it is not what was written.
    """
    body = read_document(path, _KIND)
    return Selection(
        plan=body["plan"],
        rules=Rules(**body["rules"]),
        rows=tuple((begin, end) for begin, end in body["rows"]),
        kept=tuple(body["kept"]),
        dropped=body["dropped"],
        information=body["information"],
    )


def select(
    plan: str,
    names: Sequence[str],
    table: ArrayLike,
    target: ArrayLike,
    train: NDArray[np.int64],
    rules: Rules = Rules(),
    importance: Mapping[str, float] | None = None,
) -> Selection:
    """Select columns on training rows.

    Parameters
    ----------
    plan : str
        Version of the view.
    names : sequence of str
        Of the columns.
    table : float64, shape (n, columns)
    target : float64, shape (n,)
        What is to be foretold. Training rows in which it or a column is NaN are left out.
    train : int64, shape (m,)
        Training rows: those of a `tickloom.evaluation.splits.Split`, purged.
    rules : Rules
    importance : mapping of str to float, optional
        What decides which of two correlated columns stays; by default their information.

    Returns
    -------
    Selection

    Raises
    ------
    DataError
        Too few training rows are complete, or nothing would be left.
    """
    values, aim = np.asarray(table, np.float64)[train], np.asarray(target, np.float64)[train]
    complete = np.isfinite(values).all(axis=1) & np.isfinite(aim)
    values, aim = values[complete], aim[complete]
    if len(aim) <= max(_BINS, _NEIGHBOURS):
        raise DataError(f"{len(aim)} of {len(train)} training rows are complete; {_BINS + 1} are needed")
    moving, dropped = _moving(names, values, rules.variance)
    places = [names.index(name) for name in moving]
    told = information(values[:, places], aim, rules.estimator)
    found = dict(zip(moving, told.tolist(), strict=True))
    dropped |= {
        name: f"tells {said:.4g} nats of the target" for name, said in found.items() if said <= rules.information
    }
    left = [name for name in moving if name not in dropped]
    weights = found if importance is None else importance
    dropped |= _alike(left, values[:, [names.index(name) for name in left]], weights, rules.correlation)
    kept = tuple(name for name in names if name not in dropped)
    if not kept:
        raise DataError(f"no column of {len(names)} stays under {rules}; the last fell because it {dropped[names[-1]]}")
    return Selection(plan=plan, rules=rules, rows=stretches(train), kept=kept, dropped=dropped, information=found)


def information(values: Floats, target: Floats, estimator: Estimator = "binned", seed: int = 0) -> Floats:
    """Mutual information of columns with a target.

    Parameters
    ----------
    values : float64, shape (n, columns)
    target : float64, shape (n,)
    estimator : str
        ``binned``: 16 bins with equal counts per axis, with the bias taken off that Miller and Madow found (1955).
        ``neighbours``: Kraskov, Stoegbauer and Grassberger (2004) with 3 neighbours, as scikit-learn has it.
    seed : int
        Of the noise that breaks ties for ``neighbours``.

    Returns
    -------
    float64, shape (columns,)
        Nats, 0 or more.
    """
    if estimator == "binned":
        return np.array([_binned(column, target) for column in values.T])
    from tickloom_kernels.statistics.information import mutual_information

    noise = np.random.default_rng(seed)
    aim = _untied(target, noise)
    return np.array([mutual_information(_untied(column, noise), aim, _NEIGHBOURS) for column in values.T])


def _moving(names: Sequence[str], values: Floats, least: float) -> tuple[list[str], dict[str, str]]:
    """Tell the columns that move from those that do not."""
    low, high = values.min(axis=0), values.max(axis=0)
    scaled = (values - low) / np.where(high > low, high - low, 1.0)
    dropped = {
        name: f"has variance {variance:.4g} of a range of 1"
        for name, variance in zip(names, scaled.var(axis=0), strict=True)
        if variance <= least
    }
    return [name for name in names if name not in dropped], dropped


def _alike(names: Sequence[str], values: Floats, weights: Mapping[str, float], limit: float) -> dict[str, str]:
    """Say which columns are too much like a more important one that stays; of equals the first stays."""
    if len(names) < 2:
        return {}
    centred = values - values.mean(axis=0)
    centred /= np.sqrt((centred * centred).sum(axis=0))
    table = centred.T @ centred
    kept: list[int] = []
    dropped = {}
    for place in sorted(range(len(names)), key=lambda one: -weights[names[one]]):
        like = next((other for other in kept if abs(table[place, other]) > limit), None)
        if like is None:
            kept.append(place)
        else:
            dropped[names[place]] = f"is correlated {table[place, like]:.4f} with {names[like]}"
    return dropped


def _binned(one: Floats, other: Floats) -> float:
    """Mutual information by counts; the corrections of the three entropies are (cells in use - 1) / 2n each."""
    x, y = _bins(one), _bins(other)
    counts = [np.bincount(places) for places in (x, y, x * _BINS + y)]
    h_x, h_y, h_xy = (_entropy(count[count > 0]) for count in counts)
    return max(h_x + h_y - h_xy, 0.0)


def _bins(values: Floats) -> NDArray[np.int64]:
    edges = np.unique(np.quantile(values, np.arange(1, _BINS) / _BINS))
    return np.searchsorted(edges, values, side="right").astype(np.int64)


def _entropy(counts: NDArray[np.int64]) -> float:
    shares = counts / counts.sum()
    return float(-(shares * np.log(shares)).sum() + (len(counts) - 1) / (2 * counts.sum()))


def _untied(values: Floats, noise: np.random.Generator) -> Floats:
    """Give a standard deviation of 1, and break ties by what does not matter otherwise, as scikit-learn does."""
    spread = values.std()
    scaled = values / spread if spread > 0 else values
    broken: Floats = scaled + 1e-10 * max(1.0, np.abs(scaled).mean()) * noise.standard_normal(len(values))
    return broken
