"""Files of candles, Parquet or CSV, read in slices of numpy arrays, and what can be told of a file from its content.

Columns, in any order: ``open``, ``high``, ``low``, ``close`` in quote currency, ``volume`` in base currency, and the
open time as ``date`` or ``timestamp``. A time is a date and time (UTC; also as ISO 8601 text), or a number since 1970
whose size tells its unit: up to 1e11 seconds, 1e14 milliseconds, 1e17 microseconds, beyond that nanoseconds.
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import attrs
import numpy as np
from numpy.typing import NDArray

from tickloom.errors import ConfigError, DataError

if TYPE_CHECKING:
    import polars as pl

#: Rows read at once.
SLICE = 65_536
#: The time of a row whose time cannot be read.
NO_TIME = -(2**63)
#: A number is on a grid where the nearest step differs by no more than this part of it: room for sums of floats.
TOLERANCE = 1e-9
#: Decimals of prices and of volumes that are looked for.
MOST_DECIMALS = (10, 8)

_TIME_NAMES = ("date", "timestamp")
_NUMBERS = ("open", "high", "low", "close", "volume")
_NAME = re.compile(r"([A-Za-z0-9]+)[_-]([A-Za-z][A-Za-z0-9]*)(?:-(\d+[a-zA-Z]+))?")


class Slice(NamedTuple):
    """Rows of a file.

    Attributes
    ----------
    times : int64, shape (n,)
        Open times (UNIX time in nanoseconds, UTC), `NO_TIME` where there is none.
    numbers : float64, shape (n, 5)
        Open, high, low, close (quote units) and volume (base units), NaN where there is none.
    """

    times: NDArray[np.int64]
    numbers: NDArray[np.float64]


@attrs.frozen
class Survey:
    """What a whole file shows.

    Attributes
    ----------
    rows : int
        Rows in the file, good or bad.
    interval : int
        The commonest distance of neighbouring open times (ns), the least of equally common ones; 0 where there is none.
    phase : int
        What open times leave when divided by the interval (ns), mostly.
    decimals : tuple of int
        Fewest decimals of prices and of volumes with which all numbers can be written (`TOLERANCE`).
    """

    rows: int
    interval: int
    phase: int
    decimals: tuple[int, int]


def name_parts(path: Path) -> tuple[str, str, str] | None:
    """Read base, quote and interval ("" without one) from a name such as ``BTC_USDT-5m.parquet``, or None."""
    match = _NAME.fullmatch(path.stem)
    return (match[1].upper(), match[2].upper(), match[3] or "") if match else None


def slices(path: Path) -> Iterator[Slice]:
    """Read a file in slices of at most `SLICE` rows.

    Raises
    ------
    DataError
        The file cannot be read, is neither Parquet nor CSV, or lacks a column.
    """
    import polars as pl

    try:
        for frame in _frames(path):
            table = frame.select(_time(frame).fill_null(NO_TIME).alias("time"), *map(_number, _NUMBERS))
            yield Slice(table["time"].to_numpy(), table.select(_NUMBERS).to_numpy())
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DataError(f"{path}: cannot be read: {str(error).splitlines()[0]}") from error


def _frames(path: Path) -> Iterator["pl.DataFrame"]:
    """Read a file in frames with lower-case column names, of which the needed ones are there."""
    import polars as pl

    if path.suffix == ".parquet":
        scan = pl.scan_parquet(path).rename(str.lower)
        _check_columns(path, scan.collect_schema().names())
        total = scan.select(pl.len()).collect().item()
        for first in range(0, total, SLICE):
            yield scan.slice(first, SLICE).collect()
    elif path.suffix == ".csv":
        # All as text, and no line refused: what cannot be read is told row by row.
        whole = pl.read_csv(path, infer_schema=False, truncate_ragged_lines=True).rename(str.lower)
        _check_columns(path, whole.columns)
        yield from whole.iter_slices(SLICE)
    else:
        raise DataError(f"{path}: must end in .parquet or .csv")


def _check_columns(path: Path, names: list[str]) -> None:
    """Refuse a file that lacks a column."""
    lacking = [name for name in _NUMBERS if name not in names]
    if not set(_TIME_NAMES) & set(names):
        lacking.insert(0, " or ".join(_TIME_NAMES))
    if lacking:
        raise DataError(f"{path}: no column {lacking[0]}; it has {', '.join(names)}")


def _number(name: str) -> "pl.Expr":
    """Column of float64, NaN where there is no number."""
    import polars as pl

    return pl.col(name).cast(pl.Float64, strict=False).fill_null(float("nan"))


def _time(frame: "pl.DataFrame") -> "pl.Expr":
    """Column of open times in nanoseconds (UTC), null where there is none."""
    import polars as pl

    name = next(name for name in _TIME_NAMES if name in frame.columns)
    column, kind = pl.col(name), frame.schema[name]
    if kind.is_temporal():
        return column.cast(pl.Datetime("ns")).dt.epoch("ns")
    number = column.cast(pl.Int64, strict=False)
    size = number.abs()
    scaled = (
        pl.when(size < 10**11)
        .then(number * 10**9)
        .when(size < 10**14)
        .then(number * 10**6)
        .when(size < 10**17)
        .then(number * 10**3)
        .otherwise(number)
    )
    return pl.coalesce(scaled, *_iso(column)) if kind == pl.String else scaled


def _iso(column: "pl.Expr") -> Iterator["pl.Expr"]:
    """ISO 8601 text in UTC as nanoseconds, in each of its usual forms."""
    plain = column.str.strip_chars().str.replace("T", " ").str.replace(r"(Z|\+00:?00)$", "")
    for form in ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%d"):
        yield plain.str.to_datetime(form, time_unit="ns", strict=False).dt.epoch("ns")


def steps(numbers: NDArray[np.float64], ratio: tuple[int, int]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Count the steps of a grid in numbers.

    Parameters
    ----------
    numbers : float64, any shape
        Finite.
    ratio : tuple of int
        The step is the first divided by the second (`Instrument.price_ratio`).

    Returns
    -------
    steps : int64, same shape
        The nearest.
    on_grid : bool, same shape
        Whether the nearest is the number itself, but for `TOLERANCE`, and small enough to compute with.
    """
    nearest = np.rint(numbers * ratio[1] / ratio[0])
    fits = np.abs(nearest * ratio[0] / ratio[1] - numbers) <= TOLERANCE * np.abs(numbers)
    fits &= np.abs(nearest) < 2.0**53
    return np.where(fits, nearest, 0).astype(np.int64), fits


def survey(path: Path, interval: int, deduced: tuple[bool, bool] = (True, True)) -> Survey:
    """Read a file through.

    Parameters
    ----------
    path : Path
        A file.
    interval : int
        The length of its bars (ns), where that is known; else 0.
    deduced : tuple of bool
        Whether to look for the decimals of prices and of volumes; what is not looked for is 0.

    Raises
    ------
    DataError
        As `slices` does, or no row of the file has a time and five numbers.
    ConfigError
        Its numbers have more decimals than `MOST_DECIMALS`.
    """
    rows = 0
    decimals = [0, 0]
    distances: Counter[int] = Counter()
    times = []
    for part in slices(path):
        rows += len(part.times)
        usable = np.isfinite(part.numbers).all(axis=1) & (part.times != NO_TIME)
        times.append(part.times[usable])
        numbers = part.numbers[usable]
        for which, of in enumerate((numbers[:, :4], numbers[:, 4])):
            if deduced[which]:
                decimals[which] = _decimals(path, of, decimals[which], which)
        distances.update(_counted(np.diff(times[-1])))
    opened = np.concatenate(times) if times else np.empty(0, np.int64)
    if not len(opened):
        raise DataError(f"{path}: no row with a time and five numbers in it")
    forward = {distance: count for distance, count in distances.items() if distance > 0}
    length = interval or min(forward, key=lambda distance: (-forward[distance], distance), default=0)
    phases = _counted(opened % length) if length else {0: 1}
    phase = min(phases, key=lambda phase: (-phases[phase], phase))
    return Survey(rows, length, phase, (decimals[0], decimals[1]))


def _counted(values: NDArray[np.int64]) -> dict[int, int]:
    """How often each value occurs."""
    found, counts = np.unique(values, return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))


def _decimals(path: Path, numbers: NDArray[np.float64], least: int, which: int) -> int:
    """Fewest decimals, at least ``least``, with which all numbers can be written."""
    for decimals in range(least, MOST_DECIMALS[which] + 1):
        if steps(numbers, (1, 10**decimals))[1].all():
            return decimals
    what, key = (("prices", "tick_size"), ("volumes", "lot_size"))[which]
    raise ConfigError(
        f"{path}: some {what} have more than {MOST_DECIMALS[which]} decimals; say what the steps are with {key} "
        f"of the instrument, and rows that are off that grid are left out"
    )
