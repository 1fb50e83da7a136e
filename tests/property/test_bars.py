"""Laws of bars: any split of the rows gives the same bars, and they are those of a plain loop over decimals."""

from decimal import Decimal
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tickloom_kernels import bars, rows

INTERVAL = 10

#: Wait, skew, ours, is a trade, price, quantity, step of the id.
Row = tuple[int, int, bool, bool, int, int, int]
#: Method, size, grace.
Series = tuple[int, int, int]
#: Row, T, bytes of the bar.
Emission = tuple[int, int, bytes]
Outcome = tuple[list[Emission], int]

#: A row: time since the row before, event time against it, own instrument, is a trade, price, quantity, step of the id.
row = st.tuples(
    st.integers(0, 6),
    st.integers(-14, 6),
    st.sampled_from([True, True, False]),
    st.sampled_from([True, True, True, False]),
    st.integers(1, 6),
    st.integers(1, 4),
    st.sampled_from([1, 1, 1, 2, 0]),
)
series = st.one_of(
    st.tuples(st.just(bars.TIME), st.just(INTERVAL), st.sampled_from([0, 1, 5, 25])),
    st.tuples(st.sampled_from([bars.TICK, bars.VOLUME, bars.DOLLAR]), st.sampled_from([1, 2, 3, 5, 9]), st.just(0)),
)


def table(drawn: list[Row]) -> NDArray[np.int64]:
    """Make rows of what was drawn: instrument 0 is ours."""
    made, now, trade_id = np.zeros((len(drawn), rows.WORDS), np.int64), 100, 1
    for k, (wait, skew, ours, is_trade, price, quantity, step) in enumerate(drawn):
        now, trade_id = now + wait, trade_id + step
        kind = rows.TRADE if is_trade else rows.QUOTE
        made[k, : rows.TRADE_ID + 1] = now, now + skew, 0 if ours else 1, price, quantity, 0, trade_id
        made[k, rows.KIND] = kind
    return made


def run(setting: Series, chunk: NDArray[np.int64], cuts: list[int], flushed: bool) -> Outcome:
    """Emissions of the kernel over the pieces between cuts: (absolute row, T, bytes of the bar, or none if late)."""
    state = bars.new_state(*setting, 0, 2)
    found: list[Emission] = []
    edges = [0, *sorted(cuts), len(chunk)]
    for start, end in pairwise(edges):
        piece = chunk[start:end]
        out, where = np.zeros((len(piece) + 1, rows.WORDS), np.int64), np.zeros((len(piece) + 1, 2), np.int64)
        count = bars.build(state, piece, len(piece), out, where)
        for (k, t), bar in zip(where[:count].tolist(), out[:count], strict=True):
            found.append((start + k, t, b"" if t == bars.LATE_TRADE else bar.tobytes()))
        # The highest watermark that a source could promise here: the time of the next row.
        if flushed and end < len(chunk) and bars.flush(state, chunk[end, rows.TS_INIT], out[0]):
            found.append((end, int(out[0, rows.TS_INIT]), out[0].tobytes()))
    return found, bars.late(state)


def literal(setting: Series, chunk: NDArray[np.int64]) -> Outcome:
    """Build the same by lists of (event time, Decimal price, Decimal quantity, id), with no carried sums."""
    method, size, grace = setting
    found: list[Emission] = []
    trades: list[tuple[int, Decimal, Decimal, int]] = []
    over, late = -(1 << 62), 0

    def close(k: int, t: int, ts_init: int) -> int:
        prices = [price for _, price, _, _ in trades]
        ids = [one for _, _, _, one in trades]
        start = trades[0][0] // size * size if method == bars.TIME else trades[0][0]
        gap = any(b - a != 1 for a, b in pairwise(ids))
        volume = sum(quantity for _, _, quantity, _ in trades)
        words = (ts_init, start, 0, 2, prices[0], max(prices), min(prices), prices[-1], volume, len(trades), gap)
        found.append((k, t, np.array([*map(int, words), rows.BAR], np.int64).tobytes()))
        trades.clear()
        return start + size

    for k, (ts_init, ts_event, instrument, price, quantity, _, trade_id, *_, kind) in enumerate(chunk.tolist()):
        if method == bars.TIME and trades and ts_init >= (end := trades[0][0] // size * size + size + grace):
            over = close(k, end, end)
        if kind != rows.TRADE or instrument != 0:
            continue
        if method == bars.TIME:
            start = ts_event // size * size
            begun = trades[0][0] // size * size if trades else over
            if start < begun or start + size + grace <= ts_init:
                late += 1
                found.extend([(k, bars.LATE_TRADE, b"")] if late == 1 else [])
                continue
            if trades and start > begun:
                over = close(k, bars.BY_TRADE, ts_init)
        trades.append((ts_event, Decimal(price), Decimal(quantity), trade_id))
        full = {
            bars.TIME: Decimal(-1),
            bars.TICK: Decimal(len(trades)),
            bars.VOLUME: sum(quantity for _, _, quantity, _ in trades),
            bars.DOLLAR: sum(price * quantity for _, price, quantity, _ in trades),
        }[method]
        if full >= size:
            close(k, bars.BY_TRADE, ts_init)
    return found, late


@given(series, st.lists(row, min_size=20, max_size=40), st.data(), st.booleans())
def test_any_split_with_any_flush_gives_the_bars_of_a_literal_loop(
    setting: Series, drawn: list[Row], data: st.DataObject, flushed: bool
) -> None:
    chunk = table(drawn)
    cuts = data.draw(st.lists(st.integers(0, len(chunk)), max_size=8))
    expected = literal(setting, chunk)
    assert run(setting, chunk, [], False) == expected
    assert run(setting, chunk, cuts, flushed) == expected
