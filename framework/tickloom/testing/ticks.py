"""Ticks for tests: given prices as rows, and a small market in which much happens at once."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tickloom.instruments import Instrument
from tickloom.interfaces import Amount
from tickloom.testing.runs import Rows, RowSource
from tickloom_kernels import rows as r

#: One millisecond (ns).
MS = 1_000_000
#: Where the clock of these ticks begins (UNIX time in nanoseconds, UTC).
START = 1_700_000_000_000 * MS

#: What `market` trades, unless told otherwise: two perpetual contracts paid in USDT.
INSTRUMENTS = tuple(
    Instrument(
        symbol=f"{base}USDT",
        base=base,
        quote="USDT",
        contract="linear",
        tick_size=tick,
        lot_size="0.001",
        maker_fee="0.0002",
        taker_fee="0.0005",
    )
    for base, tick in (("BTC", "0.1"), ("ETH", "0.01"))
)

#: Where the walk of each instrument begins (ticks); further instruments begin at the last of them.
_PRICES = (600_000, 250_000)
#: Distances of one step from the next (ms): several at one time, and now and then a pause.
_STEPS = (0, 0, 1, 2, 5, 40)
#: Every so many steps the book is told anew.
_BOOK_EVERY = 4
#: Levels of the book on each side.
_LEVELS = 3


def trades(prices: Sequence[Amount], every: int = MS, instrument: Instrument = INSTRUMENTS[0]) -> RowSource:
    """Make trades of given prices, one after the other.

    Parameters
    ----------
    prices : sequence of decimal, text or int
        An int counts ticks. Every trade is for 10 lots; a price above the one before was bought, any other sold.
    every : int
        Distance of two trades (ns), 0 or more.
    instrument : Instrument

    Returns
    -------
    RowSource
    """
    ticks = np.array([instrument.ticks(price) for price in prices], np.int64)
    rows = _empty(len(ticks), r.TRADE, START + np.arange(len(ticks)) * every)
    rows[:, r.TRADE_PRICE] = ticks
    rows[:, r.TRADE_QUANTITY] = 10
    rows[:, r.TRADE_AGGRESSOR] = np.where(np.diff(ticks, prepend=ticks[:1]) > 0, 1, -1)
    rows[:, r.TRADE_ID] = np.arange(len(ticks))
    return RowSource((instrument,), rows)


def quotes(
    prices: Sequence[tuple[Amount, Amount]], every: int = MS, instrument: Instrument = INSTRUMENTS[0]
) -> RowSource:
    """Make quotes of given bids and asks, one after the other, with 100 lots on both sides.

    Parameters
    ----------
    prices : sequence of (bid, ask)
        Decimals, text, or ints of ticks.
    every : int
        Distance of two quotes (ns), 0 or more.
    instrument : Instrument

    Returns
    -------
    RowSource
    """
    rows = _empty(len(prices), r.QUOTE, START + np.arange(len(prices)) * every)
    rows[:, r.QUOTE_BID_PRICE] = [instrument.ticks(bid) for bid, _ in prices]
    rows[:, r.QUOTE_ASK_PRICE] = [instrument.ticks(ask) for _, ask in prices]
    rows[:, r.QUOTE_BID_QUANTITY] = rows[:, r.QUOTE_ASK_QUANTITY] = 100
    return RowSource((instrument,), rows)


def market(steps: int = 600, seed: int = 7, instruments: Sequence[Instrument] = INSTRUMENTS) -> RowSource:
    """Make a random market: quotes, trades and a book of each instrument, with many equal times and some pauses.

    Parameters
    ----------
    steps : int
        Moves of each instrument. A step has a quote and a trade, every fourth one the whole book before them.
    seed : int
        The same seed gives the same rows.
    instruments : sequence of Instrument

    Returns
    -------
    RowSource
        Some 4 rows per step and instrument, for as many seconds as there are hundreds of steps, roughly.
    """
    draw = np.random.default_rng(seed)
    ts = START + np.cumsum(draw.choice(_STEPS, steps)) * MS
    parts = []
    for i in range(len(instruments)):
        mid = _PRICES[min(i, len(_PRICES) - 1)] + np.cumsum(draw.integers(-3, 4, steps))
        parts += [_book(draw, ts, mid), _quotes(draw, ts, mid), _trades(draw, ts, mid)]
        for part in parts[-3:]:
            part[:, r.INSTRUMENT] = i
    rows = np.concatenate(parts)
    rows = rows[np.argsort(rows[:, r.TS_INIT], kind="stable")]
    rows[:, r.TS_EVENT] = rows[:, r.TS_INIT] - draw.integers(0, 4, len(rows)) * MS
    return RowSource(tuple(instruments), rows)


def _empty(count: int, kind: int, ts: NDArray[np.int64]) -> Rows:
    rows = np.zeros((count, r.WORDS), np.int64)
    rows[:, r.TS_INIT] = rows[:, r.TS_EVENT] = ts
    rows[:, r.KIND] = kind
    return rows


def _quotes(draw: np.random.Generator, ts: NDArray[np.int64], mid: NDArray[np.int64]) -> Rows:
    rows = _empty(len(ts), r.QUOTE, ts)
    rows[:, r.QUOTE_BID_PRICE] = mid - 1
    rows[:, r.QUOTE_ASK_PRICE] = mid + 1
    rows[:, r.QUOTE_BID_QUANTITY] = draw.integers(1, 80, len(ts))
    rows[:, r.QUOTE_ASK_QUANTITY] = draw.integers(1, 80, len(ts))
    return rows


def _trades(draw: np.random.Generator, ts: NDArray[np.int64], mid: NDArray[np.int64]) -> Rows:
    rows = _empty(len(ts), r.TRADE, ts)
    side = draw.choice([-1, 1], len(ts))
    rows[:, r.TRADE_PRICE] = mid + side
    rows[:, r.TRADE_QUANTITY] = draw.integers(1, 60, len(ts))
    rows[:, r.TRADE_AGGRESSOR] = side
    rows[:, r.TRADE_ID] = np.arange(len(ts))
    return rows


def _book(draw: np.random.Generator, ts: NDArray[np.int64], mid: NDArray[np.int64]) -> Rows:
    """Make snapshots: a row that empties the book, then its levels, the last of which ends the update."""
    ts, mid = ts[::_BOOK_EVERY], mid[::_BOOK_EVERY]
    levels = [(side, depth) for depth in range(1, _LEVELS + 1) for side in (1, -1)]
    size = 1 + len(levels)
    rows = _empty(len(ts) * size, r.BOOK_DELTA, np.repeat(ts, size))
    rows[:, r.DELTA_FLAGS] = r.FLAG_SNAPSHOT
    rows[::size, r.DELTA_FLAGS] |= r.FLAG_CLEAR
    rows[size - 1 :: size, r.DELTA_FLAGS] |= r.FLAG_LAST
    for place, (side, depth) in enumerate(levels, 1):
        rows[place::size, r.DELTA_PRICE] = mid - side * depth
        rows[place::size, r.DELTA_QUANTITY] = draw.integers(5, 90, len(ts))
        rows[place::size, r.DELTA_SIDE] = side
    return rows
