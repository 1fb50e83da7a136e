"""The table behind Stoikov's microprice: how far the mid is expected to go, by imbalance and spread, until it settles.

The micro-price is the limit of the mid's expected values at its next move, at the move after that, and so on. Between
moves the state of the book walks: with Q for steps without a move, T for steps with one, R K for the expected move, the
first is ``G1 = (I - Q)^-1 R K``, the others follow by ``B = (I - Q)^-1 T``, and ``G* = G1 + B G1 + B^2 G1 + ...``.

References
----------
Stoikov, The micro-price: a high-frequency estimator of future prices, Quantitative Finance 18(12), 2018.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tickloom.errors import ConfigError, DataError
from tickloom.features.columns import Stream
from tickloom.features.fitted.table import FittedTable, fitted_table, training

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

KIND = "microprice table"
#: Imbalance buckets and spreads that a table may have.
LEAST, MOST = (2, 1), (40, 10)


def fit_microprice(
    stream: Stream, table: ArrayLike, times: Ints, rows: Ints, *, tick: float, buckets: int = 10, spreads: int = 2
) -> FittedTable:
    """Fit the adjustments of the microprice on training rows, and on no others.

    Every transition counts twice, as it is and as its mirror image, as in the paper: the table says of a heavy ask the
    opposite of what it says of a heavy bid, exactly, and of a balanced book nothing. Transitions between rows that do
    not follow each other, or of which one is no training row, do not count.

    Parameters
    ----------
    stream : Stream
        Of quotes or of books.
    table : float64, shape (n, stream.width)
        Its rows, of one instrument; those with a price or size that is not finite are passed over.
    times : int64, shape (n,)
        Times of the rows (UNIX time in nanoseconds, UTC).
    rows : int64, shape (m,)
        The training rows, ascending.
    tick : float
        The smallest step of prices (price).
    buckets : int
        Parts of equal width into which imbalances fall, 2 to 40.
    spreads : int
        Spreads that are told apart, from one tick on, 1 to 10; the last stands for all wider ones.

    Returns
    -------
    FittedTable
        Adjustments G* in ticks, shape (buckets, spreads), from the heaviest ask to the heaviest bid and from the
        narrowest spread on; 0 for states that training rows never leave, and for those from which the mid never moves.

    Raises
    ------
    ConfigError
        ``tick``, ``buckets`` or ``spreads`` are out of range, or the stream has no sizes at the best prices.
    DataError
        There are no training rows, none that follow each other, or the adjustments have no limit: the imbalance keeps
        one sign for ever, and the price goes on in one direction.

    Notes
    -----
    The series is not summed. Its sum solves ``(I - Q - T) G = R K``, which is ``G = G1 + B G`` without the inverse, and
    among functions that change their sign with the mirror image it is the only one: the limit where the series has one,
    and the middle where it swings for ever, as the mid of a bounce between bid and ask. Moves count with their size.
    """
    _check(tick, buckets, spreads)
    values, window = training(table, stream.width, times, rows)
    counts, moves, gains = _counted(stream, values, rows, tick, (buckets, spreads))
    mirror = np.arange(len(counts)).reshape(-1, spreads)[::-1].ravel()
    seen = int(counts.sum())
    if not seen:
        raise DataError("no two training rows follow each other; no microprice can be fitted")
    left = int((counts.sum(axis=1) > 0).sum())
    found = adjustments(counts + counts[mirror][:, mirror], moves + moves[mirror], gains - gains[mirror], mirror)
    numbers = found.reshape(-1, spreads)
    if buckets % 2 == 0:
        numbers = np.delete(numbers, buckets // 2, axis=0)
    details = [("transitions", seen), ("states", len(counts)), ("states seen", left)]
    return fitted_table(KIND, numbers, stream.name, rows, window, [("tick", float(tick))], details)


def adjustments(counts: Floats, moves: Floats, gains: Floats, mirror: Ints) -> Floats:
    """Solve for G*, given transitions with their mirror images.

    Parameters
    ----------
    counts : float64, shape (states, states)
        Transitions from one state to another.
    moves, gains : float64, shape (states,)
        How often the mid moved on the way from a state, and by how much in all.
    mirror : int64, shape (states,)
        The mirror image of each state.

    Returns
    -------
    float64, shape (states,)
        In the unit of ``gains``.

    Raises
    ------
    DataError
        There is no limit.
    """
    reached = _reached(counts > 0)
    left = counts.sum(axis=1)
    fair = (left == 0) | ~(reached @ (moves > 0)) | (mirror == np.arange(len(counts)))
    # What comes neither to its mirror image nor to a fair state gains on average at every step, for ever.
    if (~fair & ~reached[np.arange(len(counts)), mirror] & ~(reached @ fair)).any():
        raise DataError(
            "the mid goes on in one direction for ever where imbalances keep their sign, so there is no microprice; "
            "take more training rows, or fewer buckets"
        )
    one = np.flatnonzero(~fair & (mirror < np.arange(len(counts))))
    chances = counts[one] / left[one, None]
    found = np.zeros(len(counts))
    found[one] = np.linalg.solve(np.eye(len(one)) - chances[:, one] + chances[:, mirror[one]], gains[one] / left[one])
    found[mirror[one]] = -found[one]
    return found


def _reached(steps: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell which states are ever reached from which; each from itself."""
    reached = steps | np.eye(len(steps), dtype=np.bool_)
    for _ in range(len(steps).bit_length()):
        # Of floats: numpy multiplies these fast.
        wider = reached.astype(np.float64)
        reached = (wider @ wider) > 0
    return reached


def _counted(
    stream: Stream, values: Floats, rows: Ints, tick: float, shape: tuple[int, int]
) -> tuple[Floats, Floats, Floats]:
    from tickloom_kernels.statistics.microprice import transitions

    places = [stream.need(name, "a microprice") for name in ("bid", "bid_size", "ask", "ask_size")]
    found: tuple[Floats, Floats, Floats] = transitions(
        np.ascontiguousarray(values[:, places]), np.ascontiguousarray(rows, np.int64), float(tick), *shape
    )
    return found


def _check(tick: float, buckets: int, spreads: int) -> None:
    if not 0.0 < tick < float("inf"):
        raise ConfigError(f"tick is {tick!r}, it must be the smallest step of prices, a number above 0")
    for name, value, least, most in zip(("buckets", "spreads"), (buckets, spreads), LEAST, MOST, strict=True):
        if not least <= value <= most:
            raise ConfigError(f"{name} is {value!r}, it must be a whole number from {least} to {most}")
