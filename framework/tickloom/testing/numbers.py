"""Made-up rows of every stream that a feature view may step on: a walk, with the stretches that break indicators."""

import numpy as np
from numpy.typing import NDArray

from tickloom.features.columns import SIDES, Stream

Floats = NDArray[np.float64]

#: Where the stretch begins in which nothing moves, as a part of all rows, and how many rows it has.
_STILL, _STILL_ROWS = 0.5, 60


def rows_of(stream: Stream, count: int, seed: int = 7, *, still: bool = True) -> Floats:
    """Make rows of a stream.

    Parameters
    ----------
    stream : Stream
    count : int
    seed : int
    still : bool
        Whether there is a stretch of equal prices, without range and without volume.

    Returns
    -------
    ndarray of float64, shape (count, stream.width)
        Prices near 100 on a grid of 1/64, amounts on a grid of 1/8, times 60 s apart (1 s in ticks).
    """
    draw = np.random.default_rng(seed)
    steps = draw.integers(-24, 25, count)
    if still:
        begin = int(count * _STILL)
        steps[begin : begin + _STILL_ROWS] = 0
    close = (6400 + np.cumsum(steps) % 3200) / 64
    quiet = steps == 0 if still else np.zeros(count, np.bool_)
    quiet[1:] &= quiet[:-1]
    return {"bar": _bars, "trade": _trades, "quote": _quotes, "book": _books}[stream.name](draw, close, quiet, stream)


def _amounts(draw: np.random.Generator, shape: int | tuple[int, ...]) -> Floats:
    return np.asarray(draw.integers(1, 400, shape) / 8, np.float64)


def _times(count: int, seconds: float) -> Floats:
    return np.asarray(1_700_000_000.0 + seconds * np.arange(count), np.float64)


def _bars(draw: np.random.Generator, close: Floats, quiet: NDArray[np.bool_], _stream: Stream) -> Floats:
    opened = np.roll(close, 1) + draw.integers(-4, 5, len(close)) / 64
    opened[0] = close[0]
    opened[quiet] = close[quiet]
    up, down = draw.integers(0, 16, (2, len(close))) * ~quiet / 64
    high, low = np.maximum(opened, close) + up, np.minimum(opened, close) - down
    volume, trades = _amounts(draw, len(close)) * ~quiet, draw.integers(1, 50, len(close)) * ~quiet
    return np.column_stack([opened, high, low, close, volume, trades, _times(len(close), 60.0)])


def _trades(draw: np.random.Generator, close: Floats, _quiet: NDArray[np.bool_], _stream: Stream) -> Floats:
    side = draw.choice([-1.0, 1.0], len(close))
    mid = close - side * draw.integers(-1, 4, len(close)) / 64
    return np.column_stack([close, _amounts(draw, len(close)), side, _times(len(close), 1.0), mid])


def _quotes(draw: np.random.Generator, close: Floats, quiet: NDArray[np.bool_], _stream: Stream) -> Floats:
    spread = np.where(quiet, 1, draw.integers(1, 9, len(close))) / 64
    sizes = _amounts(draw, (2, len(close)))
    bid, ask = close, close + spread
    return np.column_stack([bid, sizes[0], ask, sizes[1], (bid + ask) / 2, _times(len(close), 1.0)])


def _books(draw: np.random.Generator, close: Floats, _quiet: NDArray[np.bool_], stream: Stream) -> Floats:
    count, depth = len(close), stream.depth
    gaps = draw.integers(1, 4, (2, count, depth)).cumsum(axis=2) / 64
    bids, asks = close[:, None] - gaps[0], close[:, None] + gaps[1]
    sizes = _amounts(draw, (2, count, depth))
    blocks = dict(zip(SIDES, (bids, sizes[0], asks, sizes[1]), strict=True))
    bid, ask = bids[:, 0], asks[:, 0]
    bought, sold = _amounts(draw, (2, count)) * draw.integers(0, 2, (2, count))
    buys, sells = (bought > 0) * draw.integers(1, 4, count), (sold > 0) * draw.integers(1, 4, count)
    rest = [bid, ask, (bid + ask) / 2, bought, sold, buys, sells, _times(count, 1.0)]
    return np.column_stack([*(blocks[side] for side in SIDES), *rest])
