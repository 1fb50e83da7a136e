"""Made-up books and trades like real ones: prices that stand for a while, uneven times, empty levels, unknown sides."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tickloom.features.columns import QUOTE, TRADE, Stream, book
from tickloom.features.declare import Use
from tickloom.features.plan import ViewPlan
from tickloom.features.view import FeatureView

Floats = NDArray[np.float64]
Row = dict[str, float]

TICK = 0.01
DEPTH = 5
BOOK = book(DEPTH)


def book_rows(count: int, seed: int = 1) -> Floats:
    """Make updates of a book of 5 levels whose best prices move at one update of four, by one tick or two."""
    draw = np.random.default_rng(seed)
    middle = 10_000 + np.cumsum(draw.choice([-1, 0, 0, 0, 0, 0, 0, 1], count))
    wide = 1 + (draw.random(count) < 0.3)
    steps = draw.integers(1, 3, (2, count, DEPTH)).cumsum(axis=2) - 1
    steps -= steps[:, :, :1]
    bids, asks = (middle[:, None] - steps[0]) * TICK, (middle[:, None] + wide[:, None] + steps[1]) * TICK
    sizes = draw.gamma(1.5, 2.0, (2, count, DEPTH)).round(3) + 0.001
    # A book may be thin: levels beyond the last have its price and no size.
    levels = draw.choice([2, 3, DEPTH, DEPTH, DEPTH], (2, count))
    for side, prices in enumerate((bids, asks)):
        for k in range(count):
            prices[k, levels[side, k] :] = prices[k, levels[side, k] - 1]
            sizes[side, k, levels[side, k] :] = 0.0
    bought, sold = draw.gamma(1.0, 1.0, (2, count)).round(3) * (draw.random((2, count)) < 0.4)
    bid, ask = bids[:, 0], asks[:, 0]
    rest = [bid, ask, (bid + ask) / 2, bought, sold, bought > 0, 2.0 * (sold > 0), times(count, draw)]
    return np.column_stack([bids, sizes[0], asks, sizes[1], *rest])


def trade_rows(count: int, seed: int = 1) -> Floats:
    """Make trades at a bid or an ask that move now and then, one of ten with an unknown side, with the mid before."""
    draw = np.random.default_rng(seed)
    mid = 100 + TICK / 2 * np.cumsum(draw.choice([-1, 0, 0, 0, 1], count))
    side = draw.choice([-1.0, 1.0, 0.0], count, p=[0.45, 0.45, 0.1])
    price = mid + draw.choice([-0.5, 0.5, 0.0], count) * TICK * (side == 0) + side * TICK / 2
    quantity = draw.choice([0.001, 0.01, 0.5, 1.0, 2.75, 30.0], count)
    return np.column_stack([price, quantity, side, times(count, draw), mid])


def market_with_a_lesson(count: int, seed: int = 4) -> Floats:
    """Quotes of which a heavy bid is often followed by a rise, a heavy ask by a fall; a wide spread closes again."""
    draw = np.random.default_rng(seed)
    rows = np.zeros((count, QUOTE.width))
    bid, wide, lean = 10_000, 1, 0.0
    for k in range(count):
        if draw.random() < 0.3 * abs(lean):
            bid += 1 if lean > 0 else -1
            lean = -0.4 * lean
        wide = 1 if draw.random() < 0.6 else 2
        lean = float(np.clip(0.8 * lean + draw.normal(0, 0.3), -0.99, 0.99))
        rows[k] = bid * TICK, 1 + lean, (bid + wide) * TICK, 1 - lean, (bid + wide / 2) * TICK, k
    return rows


def times(count: int, draw: np.random.Generator) -> Floats:
    """Make times in seconds, some of them equal."""
    return 1_700_000_000.0 + np.cumsum(draw.exponential(0.5, count).round(1))


def named(stream: Stream, rows: Floats) -> list[Row]:
    """Return rows as words and numbers; levels are ``bid_price_0``, ``bid_price_1``, ..."""
    levels = [f"{side}_{j}" for side in ("bid_price", "bid_size", "ask_price", "ask_size") for j in range(stream.depth)]
    return [dict(zip([*levels, *stream.columns], row, strict=True)) for row in rows.tolist()]


def run(stream: Stream, rows: Floats, uses: Sequence[Use]) -> dict[str, Floats]:
    """Return what features give, by the names of the columns."""
    plan = ViewPlan(stream, uses)
    return dict(zip(plan.names, FeatureView(plan).run(rows)[0].T, strict=True))


def of_trades(*trades: Sequence[float]) -> Floats:
    """Make rows of trades: price, quantity, aggressor, time, mid."""
    return np.array(trades, float).reshape(-1, TRADE.width)


def agrees(got: Floats, expected: Sequence[float | None], tolerance: float = 1e-11) -> None:
    """Require the values of a reference, None before the first one; within a part of the largest."""
    first = next(k for k, value in enumerate(expected) if value is not None)
    assert np.isnan(got[:first]).all()
    truth = np.array(expected[first:], float)
    assert len(truth) > 1
    assert np.abs(truth).max() > 0
    np.testing.assert_allclose(got[first:], truth, rtol=0, atol=tolerance * np.abs(truth).max())
