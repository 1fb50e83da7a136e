"""What a market looks like in figures: spread, depth, trades, volatility and the memory of trade signs.

The same functions measure recorded and generated markets, so that one can be held against the other.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tickloom_kernels import rows as r
from tickloom_kernels.market.book import BOOK_WORDS, SIDE_WORDS, apply_delta, best, worse

_SECOND = 1_000_000_000


class Figures(NamedTuple):
    """Figures of one instrument over a stretch of time.

    Attributes
    ----------
    spread : float
        Best ask less best bid (ticks), mean over time.
    best_depth : float
        Value at the best bid or ask (quote units; mean of both sides), mean over time.
    depth : float
        Value at the ten best levels of a side (quote units; mean of both sides), mean over whole seconds.
    trade_size : float
        Median quantity of a trade (lots).
    mean_trade_size : float
        Mean quantity of a trade (lots).
    trades : float
        Trades per second.
    quotes : float
        Changes of the best bid or ask, or of a quantity there, per second.
    volatility : float
        Standard deviation of the logarithmic return of the mid price over one second (basis points).
    sign_memory_1, sign_memory_10 : float
        Autocorrelation of the trades' aggressors, one trade and ten trades apart.
    """

    spread: float
    best_depth: float
    depth: float
    trade_size: float
    mean_trade_size: float
    trades: float
    quotes: float
    volatility: float
    sign_memory_1: float
    sign_memory_10: float


@njit(cache=True, nogil=True)
def depth_each_second(rows: NDArray[np.int64], instrument: int, levels: int) -> NDArray[np.int64]:
    """Value of a book at whole seconds, from its BOOK_DELTA rows.

    Parameters
    ----------
    rows : int64, shape (n, 12)
        Of any kinds and instruments.
    instrument : int
        Whose book.
    levels : int
        Levels per side that count.

    Returns
    -------
    int64, shape (seconds,)
        Price (ticks) times quantity (lots), summed over the best ``levels`` of both sides, after the last complete
        update before each whole second (of ``ts_init``) that follows the first update.
    """
    book = np.zeros(BOOK_WORDS, np.int64)
    out = np.zeros(2 + (rows[-1, r.TS_INIT] - rows[0, r.TS_INIT]) // _SECOND, np.int64)
    found = 0
    value = 0
    second = np.int64(-1)
    for k in range(rows.shape[0]):
        if rows[k, r.KIND] != r.BOOK_DELTA or rows[k, r.INSTRUMENT] != instrument:
            continue
        reached = rows[k, r.TS_INIT] // _SECOND
        # Only the first row of a second needs the book's value, which then holds for all seconds passed.
        if second >= 0 and reached > second:
            value = 0
            for side in range(2):
                at = side * SIDE_WORDS
                entry, seen = best(book, at), 0
                while entry != 0 and seen < levels:
                    value += book[entry] * book[entry + 1]
                    entry, seen = worse(book, at, entry), seen + 1
            while second < reached:
                out[found] = value
                found += 1
                second += 1
        apply_delta(book, 0, 0, rows, k)
        second = reached
    return out[:found]


def mids(rows: NDArray[np.int64], instrument: int, times: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mid prices in force at given times.

    Parameters
    ----------
    rows : int64, shape (n, 12)
        With QUOTE rows of the instrument.
    instrument : int
        Whose.
    times : int64, shape (m,)
        UNIX time in nanoseconds (UTC), by ``ts_init``; none before the first quote.

    Returns
    -------
    float64, shape (m,)
        Half of best bid plus best ask (ticks).
    """
    quotes = rows[(rows[:, r.KIND] == r.QUOTE) & (rows[:, r.INSTRUMENT] == instrument)]
    newest = quotes[np.searchsorted(quotes[:, r.TS_INIT], times, side="right") - 1]
    return 0.5 * (newest[:, r.QUOTE_BID_PRICE] + newest[:, r.QUOTE_ASK_PRICE])


def returns(rows: NDArray[np.int64], instrument: int, first: int, last: int) -> NDArray[np.float64]:
    """Logarithmic returns of the mid price over one second, one for each tenth of a second.

    They overlap, because what lies between two grids of whole seconds differs much in a few minutes of data.

    Parameters
    ----------
    rows, instrument
        As for `mids`.
    first, last : int
        When the first return begins and the last one may end (UNIX time in nanoseconds, UTC); there is a quote
        before ``first``.

    Returns
    -------
    float64, one dimension
        Value k is the return from ``first + k / 10 s`` on: those k, k + 10, ... apart do not overlap.
    """
    prices = np.log(mids(rows, instrument, np.arange(first, last + 1, _SECOND // 10)))
    return prices[10:] - prices[:-10]


def autocorrelation(values: NDArray[np.float64], lag: int) -> float:
    """Correlation of a series with itself ``lag`` places later; ``values`` is float64, shape (n,), and not constant."""
    centred = values - values.mean()
    return float((centred[:-lag] * centred[lag:]).mean() / values.var())


def measure(rows: NDArray[np.int64], instrument: int, tick_size: float, lot_size: float) -> Figures:
    """Measure one instrument.

    Parameters
    ----------
    rows : int64, shape (n, 12)
        In the order of ``ts_init``, with TRADE, QUOTE and BOOK_DELTA rows of the instrument over some minutes.
    instrument : int
        Whose rows count.
    tick_size, lot_size : float
        Step of prices (quote units) and of quantities (base units): only depths are scaled by them.

    Returns
    -------
    Figures
    """
    own = rows[rows[:, r.INSTRUMENT] == instrument]
    quotes, trades = own[own[:, r.KIND] == r.QUOTE], own[own[:, r.KIND] == r.TRADE]
    last = int(own[-1, r.TS_INIT])
    lasted = np.diff(quotes[:, r.TS_INIT], append=last)
    seconds = (last - int(own[0, r.TS_INIT])) / _SECOND
    best = (
        quotes[:, r.QUOTE_BID_PRICE] * quotes[:, r.QUOTE_BID_QUANTITY]
        + quotes[:, r.QUOTE_ASK_PRICE] * quotes[:, r.QUOTE_ASK_QUANTITY]
    )
    signs = trades[:, r.TRADE_AGGRESSOR].astype(np.float64)
    unit = 0.5 * tick_size * lot_size
    return Figures(
        spread=float(np.average(quotes[:, r.QUOTE_ASK_PRICE] - quotes[:, r.QUOTE_BID_PRICE], weights=lasted)),
        best_depth=float(np.average(best, weights=lasted)) * unit,
        depth=float(depth_each_second(own, instrument, 10).mean()) * unit,
        trade_size=float(np.median(trades[:, r.TRADE_QUANTITY])),
        mean_trade_size=float(trades[:, r.TRADE_QUANTITY].mean()),
        trades=len(trades) / seconds,
        quotes=len(quotes) / seconds,
        volatility=float(returns(own, instrument, int(quotes[0, r.TS_INIT]), last).std()) * 1e4,
        sign_memory_1=autocorrelation(signs, 1),
        sign_memory_10=autocorrelation(signs, 10),
    )
