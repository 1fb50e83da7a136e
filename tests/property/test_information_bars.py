"""Laws of information bars: any split of the rows gives the same bars, and they are those of a plain loop over lists.

The loop keeps all trades and all bars, and works every expectation out from the first trade on.
"""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tickloom_kernels import bars, rows

#: Method, size, span, clamp.
Series = tuple[int, int, int, int]
#: Wait, ours, is a trade, change of price, quantity, aggressor.
Row = tuple[int, bool, bool, int, int, int]
#: Event time, price, quantity, who began it.
Trade = tuple[int, int, int, int]
#: Row, then the words of the bar from its ``ts_init`` on.
Found = tuple[int, list[int]]

IMBALANCES = (bars.TICK_IMBALANCE, bars.VOLUME_IMBALANCE, bars.DOLLAR_IMBALANCE)
RUNS = (bars.TICK_RUN, bars.VOLUME_RUN, bars.DOLLAR_RUN)

row = st.tuples(
    st.integers(0, 3),
    st.sampled_from([True, True, True, False]),
    st.sampled_from([True, True, True, False]),
    st.sampled_from([-7, -2, -1, 0, 0, 0, 1, 2, 9]),
    st.integers(1, 4),
    st.sampled_from([-1, 0, 1, 1]),
)
expecting = st.tuples(
    st.sampled_from([*IMBALANCES, *RUNS]), st.integers(1, 6), st.integers(1, 5), st.sampled_from([1, 2, 3])
)
by_price = st.tuples(st.sampled_from([bars.RANGE, bars.RENKO, bars.CUSUM]), st.integers(1, 5), st.just(20), st.just(4))


def table(drawn: list[Row]) -> NDArray[np.int64]:
    """Make rows of what was drawn: instrument 0 is ours."""
    made, now, price = np.zeros((len(drawn), rows.WORDS), np.int64), 100, 50
    for k, (wait, ours, is_trade, change, quantity, aggressor) in enumerate(drawn):
        now, price = now + wait, max(1, price + change)
        words = now, now - 1, 0 if ours else 1, price, quantity, aggressor
        made[k, : len(words)] = words
        made[k, rows.KIND] = rows.TRADE if is_trade else rows.QUOTE
    return made


def run(setting: Series, chunk: NDArray[np.int64], cuts: list[int]) -> list[Found]:
    """Bars of the kernel over the pieces between cuts."""
    method, size, span, clamp = setting
    state = bars.new_state(method, size, 0, 0, 2, span, clamp)
    found: list[Found] = []
    for start, end in pairwise([0, *sorted(cuts), len(chunk)]):
        piece = chunk[start:end]
        places = bars.room(state, piece, len(piece))
        out, where = np.zeros((places, rows.WORDS), np.int64), np.zeros((places, 2), np.int64)
        count = bars.build(state, piece, len(piece), out, where)
        assert (where[:count, 1] == bars.BY_TRADE).all()
        found += [(start + k, bar) for k, bar in zip(where[:count, 0].tolist(), out[:count].tolist(), strict=True)]
    return found


def literal(setting: Series, chunk: NDArray[np.int64]) -> list[Found]:
    method, size = setting[:2]
    found: list[Found] = []
    past: list[Trade] = []
    closed = [0]
    sums = {1: 0, -1: 0}
    brick: tuple[int, int] | None = None
    for k, (ts_init, ts_event, instrument, price, quantity, aggressor, *_, kind) in enumerate(chunk.tolist()):
        if kind != rows.TRADE or instrument != 0:
            continue
        past.append((ts_event, price, quantity, aggressor or by_tick_rule([one[1] for one in past] + [price])))
        own = past[closed[-1] :]
        prices = [one[1] for one in own]
        if method == bars.RENKO:
            brick = brick or (price // size * size,) * 2
            laid = []
            while price >= max(brick) + size or price <= min(brick) - size:
                begin = max(brick) if price > max(brick) else min(brick)
                brick = (begin, begin + size if price > begin else begin - size)
                laid.append(brick)
            for n, (begin, end) in enumerate(laid):
                volume = sum(one[2] for one in own) if n == 0 else 0
                words = [own[0][0] if n == 0 else ts_event, 0, 2, begin, max(begin, end), min(begin, end), end, volume]
                found.append((k, [ts_init, *words, len(own) if n == 0 else 0, 0, rows.BAR]))
            closed += [len(past)] if laid else []
            continue
        if method == bars.CUSUM:
            change = price - past[-2][1] if len(past) > 1 else 0
            sums = {1: max(0, sums[1] + change), -1: max(0, sums[-1] - change)}
            side = next((one for one in (1, -1) if sums[one] >= size), 0)
            full = side != 0
            sums |= {side: 0} if full else {}
        elif method == bars.RANGE:
            full = max(prices) - min(prices) >= size
        else:
            full = is_uneven(setting, past, closed)
        if full:
            words = [own[0][0], 0, 2, prices[0], max(prices), min(prices), prices[-1], sum(one[2] for one in own)]
            found.append((k, [ts_init, *words, len(own), 0, rows.BAR]))
            closed.append(len(past))
    return found


def by_tick_rule(prices: list[int]) -> int:
    """Sign of the last change of price; 0 where there was none."""
    changes = [b - a for a, b in pairwise(prices) if a != b]
    return (changes[-1] > 0) - (changes[-1] < 0) if changes else 0


def is_uneven(setting: Series, past: list[Trade], closed: list[int]) -> bool:
    """Whether the trades since the last bar are as uneven as those of all bars before let expect."""
    method, size, span, clamp = setting
    unit = (IMBALANCES + RUNS).index(method) % 3

    def amount(trade: Trade) -> int:
        return (1, trade[2], trade[1] * trade[2])[unit]

    def total(trades: list[Trade], side: int) -> int:
        return sum(amount(one) for one in trades if one[3] == side)

    def average(side: int) -> float:
        found = 0.0
        known = [one for one in past[: closed[-1]] if one[3]]
        for n, one in enumerate(known, 1):
            found += max(1 / n, 2 / (span * size + 1)) * ((amount(one) if one[3] == side else 0) - found)
        return found

    trades = float(size)
    for begin, end in pairwise(closed):
        trades += 2 / (span + 1) * (end - begin - trades)
        trades = min(max(trades, size / clamp), size * clamp)
    own, up, down = past[closed[-1] :], average(1), average(-1)
    bought, sold = total(own, 1), total(own, -1)
    if method in RUNS:
        theta, expected = max(bought, sold), trades * max(up, down)
    else:
        theta, expected = abs(bought - sold), trades * abs(up - down)
    return (theta >= expected and len(own) >= size / clamp) if expected else len(own) >= size


@given(st.one_of(expecting, by_price), st.lists(row, min_size=20, max_size=60), st.data())
def test_any_split_gives_the_bars_of_a_literal_loop(setting: Series, drawn: list[Row], data: st.DataObject) -> None:
    chunk = table(drawn)
    cuts = data.draw(st.lists(st.integers(0, len(chunk)), max_size=8))
    expected = literal(setting, chunk)
    assert run(setting, chunk, []) == expected
    assert run(setting, chunk, cuts) == expected


@given(st.integers(1, 5), st.lists(row, min_size=20, max_size=60))
def test_bricks_follow_each_other_and_only_a_turn_leaves_out_a_brick(size: int, drawn: list[Row]) -> None:
    bricks = [bar[rows.BAR_OPEN : rows.BAR_CLOSE + 1] for _, bar in run((bars.RENKO, size, 20, 4), table(drawn), [])]
    for (begin, _, _, end), (next_begin, _, _, next_end) in pairwise(bricks):
        assert next_begin == (end if (end > begin) == (next_end > next_begin) else begin)
    assert all(abs(end - begin) == high - low == size for begin, high, low, end in bricks)
