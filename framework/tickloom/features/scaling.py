"""Scales of a view: fitted once on training rows, frozen, and applied inside the fused call, live as in training.

A scale that goes on learning is another thing, a feature of its own: see the family ``scaled`` of our features.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from tickloom.errors import ConfigError, DataError
from tickloom.evaluation.splits import stretches
from tickloom.features.plan import Scale, ViewPlan
from tickloom.storage.document import read_document, version_of, write_document

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Mean 0 and standard deviation 1; range 0 to 1; median 0 and a range of 1 between the quartiles.
Method = Literal["standard", "minmax", "robust"]

_KIND = "scales"


@attrs.frozen(kw_only=True)
class Scales:
    """Scales of all columns of a view, and what they were fitted on.

    Attributes
    ----------
    plan : str
        Version of the view without scales.
    method : str
        See `Method`.
    rows : tuple of (int, int)
        The training rows, as stretches from a row to the one before another.
    times : tuple of int
        Times of the first and the last of them (UNIX time in nanoseconds, UTC).
    scales : mapping of str to Scale
        By column name.
    """

    plan: str
    method: Method
    rows: tuple[tuple[int, int], ...]
    times: tuple[int, int]
    scales: Mapping[str, Scale]

    @property
    def version(self) -> str:
        """16 hexadecimal digits of all that is said here."""
        return version_of(_KIND, self._body())

    def save(self, path: Path) -> None:
        """Write them into a file that a config can name.

        Raises
        ------
        DataError
            The file cannot be written.
        """
        write_document(path, _KIND, self._body())

    def _body(self) -> dict[str, Any]:
        return {
            "plan": self.plan,
            "method": self.method,
            "rows": [list(stretch) for stretch in self.rows],
            "times": list(self.times),
            "scales": {name: [scale.factor, scale.offset] for name, scale in self.scales.items()},
        }


def fit_scales(plan: ViewPlan, table: ArrayLike, times: Ints, rows: Ints, method: Method = "standard") -> Scales:
    """Fit scales on training rows, and on no others: a scale that has seen what it is tested on tells of it.

    Parameters
    ----------
    plan : ViewPlan
        The view without scales.
    table : float64, shape (n, columns)
        What the view gave; NaN is passed over.
    times : int64, shape (n,)
        Times of the rows (UNIX time in nanoseconds, UTC).
    rows : int64, shape (m,)
        The training rows, ascending: a window, or those of a `tickloom.evaluation.splits.Split`.
    method : str
        See `Method`.

    Returns
    -------
    Scales

    Raises
    ------
    ConfigError
        The plan has scales already, or there is no such method.
    DataError
        There are no rows, or a column has no number in them, or one that is not finite.
    """
    fitted = _fitting(method)
    if plan.scales:
        raise ConfigError("scales are fitted on what a view gives without scales; this one has some")
    values = np.ascontiguousarray(table, np.float64)
    if values.ndim != 2 or values.shape[1] != len(plan.columns) or len(times) != len(values):
        raise ValueError(f"a table of {len(plan.columns)} columns and a time per row are needed, not {values.shape}")
    if not len(rows):
        raise DataError("there are no training rows; no scale can be fitted")
    begin, end = int(rows[0]), int(rows[-1])
    chosen = values[rows]
    found = fitted(chosen)
    for name, pair, column in zip(plan.names, found, chosen.T, strict=True):
        if not np.isfinite(pair).all():
            what = "no number" if np.isnan(column).all() else "a number that is not finite, or too large"
            raise DataError(f"column {name!r} has {what} in the training rows {begin} to {end}; no scale can be fitted")
    scales = {name: Scale(float(a), float(b)) for name, (a, b) in zip(plan.names, found, strict=True)}
    window = int(times[begin]), int(times[end])
    return Scales(plan=plan.version, method=method, rows=stretches(rows), times=window, scales=scales)


def load_scales(path: Path) -> Scales:
    """Read what `Scales.save` wrote, bit for bit.

    Raises
    ------
    DataError
        There is no such file, or it is not what was written.
    """
    body = read_document(path, _KIND)
    return Scales(
        plan=body["plan"],
        method=body["method"],
        rows=tuple((begin, end) for begin, end in body["rows"]),
        times=(body["times"][0], body["times"][1]),
        scales={name: Scale(*pair) for name, pair in body["scales"].items()},
    )


def read_scales(path: Path, plan: ViewPlan) -> Mapping[str, Scale]:
    """Read scales for a view.

    Parameters
    ----------
    path : Path
    plan : ViewPlan
        The view without scales.

    Returns
    -------
    mapping of str to Scale
        For `ViewPlan`.

    Raises
    ------
    DataError
        As `load_scales`.
    ConfigError
        They were fitted on another view: other features, parameters, code or inputs.
    """
    found = load_scales(path)
    if found.plan != plan.version:
        raise ConfigError(
            f"{path} holds scales of view version {found.plan}, this view is version {plan.version}; fit them on it"
        )
    return found.scales


def _fitting(method: str) -> Callable[[Floats], Floats]:
    from tickloom_kernels.statistics import scaling

    known: dict[str, Callable[[Floats], Floats]]
    known = {"standard": scaling.standard, "minmax": scaling.minmax, "robust": scaling.robust}
    if method not in known:
        raise ConfigError(f"there is no way of scaling {method!r}; known: {', '.join(known)}")
    return known[method]
