"""Fitted tables: what a feature reads besides its inputs, as a record, as a file, and as a kind of parameter.

A table is data of a view and not code: all tables of a shape share the compiled feature. Nothing here imports numba.
"""

import math
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from tickloom.errors import ConfigError, DataError
from tickloom.evaluation.splits import stretches
from tickloom.storage.document import read_document, version_of, write_document

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Detail = int | float | str


@attrs.frozen(kw_only=True)
class FittedTable:
    """Numbers that were fitted on training rows, and what they were fitted on.

    Attributes
    ----------
    kind : str
        What the table is, such as ``microprice table``.
    shape : tuple of int
    numbers : tuple of float
        Row by row.
    constants : tuple of (str, float)
        Single numbers that the feature reads besides, by name.
    source : str
        What the training rows are: a stream, or the version of a view. Empty: the table is not fitted.
    rows : tuple of (int, int)
        The training rows, as stretches from a row to the one before another.
    times : tuple of int
        Times of the first and the last of them (UNIX time in nanoseconds, UTC).
    details : tuple of (str, value)
        How the table was fitted, and what else was found.

    Raises
    ------
    ValueError
        There are not as many numbers as the shape says, or one is not finite.
    """

    kind: str
    shape: tuple[int, ...]
    numbers: tuple[float, ...]
    constants: tuple[tuple[str, float], ...] = ()
    source: str = ""
    rows: tuple[tuple[int, int], ...] = ()
    times: tuple[int, ...] = ()
    details: tuple[tuple[str, Detail], ...] = ()

    def __attrs_post_init__(self) -> None:
        if len(self.numbers) != math.prod(self.shape):
            raise ValueError(f"a table of {_by(self.shape)} does not have {len(self.numbers)} numbers")
        if not all(map(math.isfinite, self.words)):
            raise ValueError("a fitted table holds finite numbers")

    def __str__(self) -> str:
        return f"{self.kind} of {_by(self.shape)} ({f'version {self.version}' if self.is_fitted else 'not fitted'})"

    @property
    def is_fitted(self) -> bool:
        """Whether it was fitted on anything; what stands in for a table while there is none was not."""
        return bool(self.source)

    @property
    def words(self) -> tuple[float, ...]:
        """What a step function reads: the constants, then the numbers."""
        return (*(value for _, value in self.constants), *self.numbers)

    @property
    def array(self) -> Floats:
        """The numbers, in the shape of the table."""
        return np.array(self.numbers).reshape(self.shape)

    @cached_property
    def version(self) -> str:
        """16 hexadecimal digits of all that is said here."""
        return version_of(self.kind, self._body())

    @property
    def word(self) -> str:
        """What stands for it in the label of a feature: the first 8 digits of its version, or ``unfitted``."""
        return self.version[:8] if self.is_fitted else "unfitted"

    @property
    def lineage(self) -> dict[str, Any]:
        """What the lineage of a view says of it."""
        return {"table": self.kind, "version": self.version, "shape": list(self.shape), "source": self.source}

    def save(self, path: Path) -> None:
        """Write it into a file that a config can name.

        Raises
        ------
        DataError
            The file cannot be written.
        """
        write_document(path, self.kind, self._body())

    def _body(self) -> dict[str, Any]:
        return {
            "shape": list(self.shape),
            "numbers": list(self.numbers),
            "constants": dict(self.constants),
            "source": self.source,
            "rows": [list(stretch) for stretch in self.rows],
            "times": list(self.times),
            "details": dict(self.details),
        }


def load_table(path: Path, kind: str) -> FittedTable:
    """Read what `FittedTable.save` wrote, bit for bit.

    Parameters
    ----------
    path : Path
    kind : str
        What the table has to be, such as ``microprice table``.

    Raises
    ------
    DataError
        There is no such file, it holds another kind of table, or it is not what was written.
    """
    body = read_document(path, kind)
    return FittedTable(
        kind=kind,
        shape=tuple(body["shape"]),
        numbers=tuple(body["numbers"]),
        constants=tuple(body["constants"].items()),
        source=body["source"],
        rows=tuple((begin, end) for begin, end in body["rows"]),
        times=tuple(body["times"]),
        details=tuple(body["details"].items()),
    )


@attrs.frozen
class Table:
    """A parameter that is a fitted table; in a config, the path of the file that it was saved in.

    A step function gets a tuple, for `tickloom_kernels.indicators.window.entry`: the address, the number of words, and
    then the shape.

    Attributes
    ----------
    default : FittedTable
        What is taken where no table is given: one that is not fitted, and does no harm. It also says of which kind a
        table must be, and which constants it must have.
    axes : tuple of str
        What is counted along each axis, such as ``("imbalance buckets", "spreads")``.
    least, most : tuple of int
        The range of each that is valid, ends included.
    """

    default: FittedTable
    axes: tuple[str, ...]
    least: tuple[int, ...]
    most: tuple[int, ...]

    def check(self, value: object) -> FittedTable:
        """Return the table, or raise a ValueError that says what is valid."""
        if not isinstance(value, FittedTable):
            raise ValueError(f"is {value!r}, it must be {self}, as load_table reads it")
        if value.kind != self.default.kind or not self._fits(value):
            raise ValueError(f"is a {value.kind} of {_by(value.shape)}, it must be {self}")
        return value

    def _fits(self, value: FittedTable) -> bool:
        sides = len(value.shape) == len(self.axes)
        names = [name for name, _ in value.constants] == [name for name, _ in self.default.constants]
        inside = zip(self.least, value.shape, self.most, strict=False)
        return sides and names and all(least <= size <= most for least, size, most in inside)

    def read(self, path: Path) -> FittedTable:
        """Read a table from its file.

        Raises
        ------
        DataError
            As `load_table`.
        ConfigError
            The table has another shape.
        """
        try:
            return self.check(load_table(path, self.default.kind))
        except ValueError as error:
            raise ConfigError(f"{path} {error}") from None

    def __str__(self) -> str:
        sides = zip(self.least, self.most, self.axes, strict=True)
        return f"a {self.default.kind} of {' by '.join(f'{least} to {most} {axis}' for least, most, axis in sides)}"


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def training(table: ArrayLike, width: int, times: Ints, rows: Ints) -> tuple[Floats, tuple[int, int]]:
    """Check what a table is to be fitted on.

    Parameters
    ----------
    table : float64, shape (n, width)
    width : int
        Columns that it must have.
    times : int64, shape (n,)
        Times of the rows (UNIX time in nanoseconds, UTC).
    rows : int64, shape (m,)
        The training rows, ascending.

    Returns
    -------
    (table, times)
        As an array; times of the first and the last training row.

    Raises
    ------
    DataError
        There are no training rows.
    ValueError
        The table has another shape, or the rows do not ascend within it.
    """
    values = np.ascontiguousarray(table, np.float64)
    if values.ndim != 2 or values.shape[1] != width or len(times) != len(values):
        raise ValueError(f"a table of {width} columns and a time per row are needed, not {values.shape}")
    if not len(rows):
        raise DataError("there are no training rows; no table can be fitted")
    if rows[0] < 0 or rows[-1] >= len(values) or (np.diff(rows) <= 0).any():
        raise ValueError(f"training rows ascend, from 0 to {len(values) - 1}")
    return values, (int(times[rows[0]]), int(times[rows[-1]]))


def fitted_table(
    kind: str,
    numbers: Floats,
    source: str,
    rows: Ints,
    times: tuple[int, int],
    constants: Sequence[tuple[str, float]] = (),
    details: Sequence[tuple[str, Detail]] = (),
) -> FittedTable:
    """Make the record of numbers that were fitted on some rows; see `FittedTable`."""
    return FittedTable(
        kind=kind,
        shape=numbers.shape,
        numbers=tuple(numbers.ravel().tolist()),
        constants=tuple(constants),
        source=source,
        rows=stretches(rows),
        times=times,
        details=tuple(details),
    )
