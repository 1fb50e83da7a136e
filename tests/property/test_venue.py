"""Laws of the simulated venue: blocks and rollbacks change nothing, and it does what a literal reference does."""

from collections.abc import Iterator
from itertools import cycle
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from reference_venue import INITIAL, PPM, Outcome, Reference, Resting
from tickloom_kernels import arrival, book, scan
from tickloom_kernels import outcomes as o
from tickloom_kernels import rows as r
from tickloom_kernels import venue_state as v
from venues import BUY, FAR, MARKET, SELL, Row, array, candle, level, quote, status, trade

INSTRUMENTS = 2
State = NDArray[np.int64]
#: What arrives before a row: submit, cancel or amend, with its numbers.
Command = tuple[str, tuple[int, ...]]

prices = st.integers(95, 105)
lots = st.integers(0, 6)
some = st.integers(1, 9)
sides = st.sampled_from([BUY, SELL])
instruments = st.sampled_from([0, 0, 0, 1])
ids = st.integers(1, 12)
flags = st.sampled_from([0, r.FLAG_LAST, r.FLAG_LAST, r.FLAG_LAST, r.FLAG_CLEAR, r.FLAG_CLEAR | r.FLAG_LAST])

levels = st.builds(lambda i, *x: level(*x, instrument=i)[0], instruments, sides, prices, lots, flags)
prints = st.builds(lambda i, *x: trade(*x, instrument=i)[0], instruments, prices, some, st.sampled_from([-1, 0, 1]))
others = st.one_of(
    st.builds(lambda i, bid, b, gap, a: quote(bid, b, bid + gap, a, i)[0], instruments, prices, lots, lots, lots),
    st.builds(
        lambda i, low, up, volume, series: candle(low, low + up, low + up // 2, volume, series, i)[0],
        instruments, prices, lots, some, st.integers(0, 1),
    ),
    st.builds(lambda i, x: level(0, 0, 0, r.FLAG_CLEAR | x, i)[0], instruments, st.sampled_from([0, r.FLAG_LAST])),
    st.builds(lambda i, trading: status(trading, i)[0], instruments, st.sampled_from([False, True, True])),
)  # fmt: skip
submits = st.tuples(
    st.just("submit"), instruments, sides, st.sampled_from([2, 2, 2, 2, 1]), st.sampled_from([1, 1, 1, 3]),
    st.sampled_from([0, 0, 0, 1]), prices, some,
)  # fmt: skip
changes = st.one_of(
    st.tuples(st.just("cancel"), ids), st.tuples(st.just("amend"), ids, prices, some), st.tuples(st.just("less"), ids)
)
#: Rows, and commands that arrive between two rows.
worlds = st.lists(st.one_of(levels, levels, prints, prints, submits, submits, others, changes), max_size=50)


class World:
    """What was drawn, run through the reference: rows, the commands before each row, and what is to be said."""

    def __init__(self, steps: list[Any]) -> None:
        drawn: list[Row] = [one for one in steps if isinstance(one[0], list)]
        self.rows = array(drawn, 0, [60 if words[1] else 5 for words, _ in drawn])
        self.commands: list[list[Command]] = [[] for _ in range(len(drawn) + 1)]
        self.expected: list[list[Outcome]] = []
        self.markets = [Reference(i) for i in range(INSTRUMENTS)]
        self._of: dict[int, int] = {}
        at = 0
        for one in steps:
            if isinstance(one[0], list):
                words = one[0]
                ts = self.rows[at, r.TS_INIT], self.rows[at, r.TS_EVENT]
                self.markets[words[0]].row(one[1], words[1:], ts)
                at += 1
            else:
                self.commands[at].append(self._command(*one))
            said = [outcome for market in self.markets for outcome in market.said]
            for market in self.markets:
                market.said.clear()
            if said:
                self.expected.append(said)

    def _command(self, what: str, *numbers: int) -> Command:
        """Carry out a command in the reference, and return it with every number that it needs."""
        if what == "submit":
            instrument, side, kind, force, post_only, price, quantity = numbers
            price = 0 if kind == MARKET else price
            order_id = len(self._of) + 1
            self._of[order_id] = instrument
            order = Resting(order_id, instrument, side, price, quantity, quantity, post_only)
            self.markets[instrument].submit(order, kind, force)
            return what, (instrument, side, kind, force, post_only, price, quantity, order_id)
        order_id = numbers[0]
        market = self.markets[self._of.get(order_id, 0)]
        queue, found = next((one for one in market.resting() if one[1].order_id == order_id), ([], None))
        price, quantity = numbers[1:] or ((found.price, found.quantity - 1) if found else (100, 1))
        if what == "cancel":
            if found:
                market.cancel(queue, found)
            else:
                market.say(o.CANCEL_REJECTED, order_id, 0, 0, 0, 0, o.UNKNOWN_ORDER)
            return what, (market.index, order_id)
        if found:
            market.amend(queue, found, price, quantity)
        else:
            market.say(o.AMEND_REJECTED, order_id, price, 0, 0, 0, o.UNKNOWN_ORDER)
        return "amend", (market.index, order_id, price, quantity)


class Kernels:
    """The venue's kernels over a world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.a = a = v.new_state(INSTRUMENTS)
        for i in range(INSTRUMENTS):
            at = v.HEAD_WORDS + i * v.INSTRUMENT_WORDS
            a[at + v.MINE], a[at + v.INITIAL_QUEUE], a[at + v.HALF_SPREAD_PPM] = 1, INITIAL, PPM
        self.said: list[list[Outcome]] = []
        self._kept = a[:0]

    def hear(self) -> list[Outcome]:
        """Take note of the outcomes of the last call."""
        count, at = int(self.a[v.OUTCOMES]), int(self.a[v.OUTCOMES_AT])
        said = [tuple(one) for one in self.a[at : at + count * o.WORDS].reshape(count, o.WORDS).tolist()]
        if said:
            self.said.append(said)
        return said

    def carry_out(self, at: int) -> Iterator[list[Outcome]]:
        """Carry out the commands that arrive before a row."""
        for what, numbers in self.world.commands[at]:
            getattr(arrival, what)(self.a, *numbers)
            yield self.hear()

    def checkpoint(self) -> None:
        """As `Simulated.checkpoint`."""
        self.a[self.a[v.UNDO_AT]] = 0
        self._kept = self.a[: self.a[v.ORDERS_AT] + self.a[v.HIGH] * v.ORDER_WORDS].copy()

    def rollback(self) -> None:
        """As `Simulated.rollback`."""
        book.undo_all(self.a, self.a.item(v.UNDO_AT))
        self.a[: len(self._kept)] = self._kept

    def advance(self, start: int, limit: int) -> int:
        """Run ahead."""
        stop: int = scan.advance(self.a, self.world.rows, start, limit, FAR)
        return stop

    def step(self) -> Iterator[tuple[int, list[Outcome]]]:
        """Go through rows (their number) and commands (-1) one by one, with what is said of each."""
        for at in range(len(self.world.rows) + 1):
            for said in self.carry_out(at):
                yield -1, said
            if at < len(self.world.rows):
                self.checkpoint()
                self.advance(at, at + 1)
                yield at, self.hear()

    def run_in_blocks(self, sizes: Iterator[int], backs: Iterator[int]) -> None:
        """Run ahead in blocks, and take them back to a row in their middle where there is one."""
        count = len(self.world.rows)
        at = 0
        for end in [k for k, commands in enumerate(self.world.commands) if commands or k == count]:
            while at < end:
                self.checkpoint()
                stop = self.advance(at, min(end, at + next(sizes)))
                after = stop + 1 if self.a[v.OUTCOMES] else stop
                back = at + next(backs)
                if back < after:
                    self.rollback()
                    assert self.advance(at, back) == back
                    after = back
                self.hear()
                at = after
            for _ in self.carry_out(end):
                pass

    def state(self) -> tuple[list[int], ...]:
        """Everything that later rows can meet: head, instruments, live orders, levels."""
        a = self.a
        head = a[: a[v.ORDERS_AT]].copy()
        head[v.OUTCOMES] = 0
        orders = a[a[v.ORDERS_AT] :][: a[v.HIGH] * v.ORDER_WORDS].reshape(-1, v.ORDER_WORDS)
        live = [one for one in orders.tolist() if one[v.LIVE]]
        offsets = [int(a[v.BOOKS_AT]) + n * book.SIDE_WORDS for n in range(2 * INSTRUMENTS)]
        held = [a[at : at + 1 + book.LEVEL_WORDS * a[at]].tolist() for at in offsets]
        return (head.tolist(), *live, *held)

    def levels(self) -> dict[tuple[int, int, int], tuple[int, int]]:
        """(instrument, side, price) to (quantity, consumed)."""
        found = {}
        for n in range(2 * INSTRUMENTS):
            at = int(self.a[v.BOOKS_AT]) + n * book.SIDE_WORDS
            told = self.a[at + 1 : at + 1 + book.LEVEL_WORDS * self.a[at]].reshape(-1, book.LEVEL_WORDS)
            for price, quantity, consumed in told.tolist():
                found[n // 2, SELL if n % 2 else BUY, price] = quantity, consumed
        return found


def stepped(world: World) -> Kernels:
    """A world run row by row."""
    kernels = Kernels(world)
    for _ in kernels.step():
        pass
    return kernels


@settings(max_examples=150)
@given(worlds)
def test_the_kernels_do_what_the_reference_does(steps: list[Any]) -> None:
    """The oracle is `Reference`."""
    world = World(steps)
    kernels = stepped(world)
    assert kernels.said == world.expected
    resting = {one.order_id: (one.price, one.leaves) for market in world.markets for _, one in market.resting()}
    orders = kernels.state()[1 : -2 * INSTRUMENTS]
    assert {one[v.ORDER_ID]: (one[v.PRICE], one[v.LEAVES]) for one in orders} == resting
    for i, market in enumerate(world.markets):
        told = {(i, side, price): tuple(one) for side, own in market.book.items() for price, one in own.items()}
        assert {key: one for key, one in kernels.levels().items() if key[0] == i} == told


@settings(max_examples=100)
@given(worlds, st.lists(st.integers(1, 20), min_size=1, max_size=9), st.lists(st.integers(1, 9), min_size=1, max_size=9))
def test_blocks_and_rollbacks_change_nothing(steps: list[Any], sizes: list[int], backs: list[int]) -> None:
    """The oracle is stepping."""
    world = World(steps)
    kernels = Kernels(world)
    kernels.run_in_blocks(cycle(sizes), cycle(backs))
    straight = stepped(world)
    assert kernels.said == straight.said
    assert kernels.state() == straight.state()


@settings(max_examples=40)
@given(worlds)
def test_a_rollback_restores_everything(steps: list[Any]) -> None:
    """At every row: the state before a run ahead of any length is the state after it has been taken back.

    But for a row that empties a book: it is a block of its own, and nobody takes a block of one row back.
    """
    world = World(steps)
    kernels = Kernels(world)
    for at in range(len(world.rows)):
        for _ in kernels.carry_out(at):
            pass
        row = world.rows[at]
        if row[r.KIND] != r.BOOK_DELTA or not row[r.DELTA_FLAGS] & r.FLAG_CLEAR:
            before = kernels.state()
            kernels.checkpoint()
            kernels.advance(at, len(world.rows))
            kernels.rollback()
            assert kernels.state() == before
        kernels.checkpoint()
        kernels.advance(at, at + 1)


@settings(max_examples=100)
@given(worlds)
def test_nobody_takes_more_than_was_shown_or_printed(steps: list[Any]) -> None:
    """By the books and the rows alone: what levels lost to us is what we got, prints and candles bound the rest."""
    world = World(steps)
    kernels = Kernels(world)
    before: dict[tuple[int, int, int], tuple[int, int]] = {}
    for at, said in kernels.step():
        after = kernels.levels()
        assert all(0 <= consumed <= quantity for quantity, consumed in after.values())
        got = sum(one[o.QUANTITY] for one in said if one[o.CODE] == o.FILL)
        row = world.rows[at].tolist() if at >= 0 else [0] * r.WORDS
        if row[r.KIND] == r.TRADE:
            assert got <= row[r.TRADE_QUANTITY]
        elif row[r.KIND] == r.BAR:
            assert got <= row[r.BAR_VOLUME]
        else:
            kept = {} if row[r.DELTA_FLAGS] & r.FLAG_CLEAR and row[r.KIND] == r.BOOK_DELTA else dict(before)
            if row[r.KIND] == r.BOOK_DELTA:
                kept.pop((row[r.INSTRUMENT], row[r.DELTA_SIDE], row[r.DELTA_PRICE]), None)
            lost = sum(
                consumed - (kept[key][1] if key in kept and kept[key][0] == quantity else 0)
                for key, (quantity, consumed) in after.items()
            )
            # without any book a taker pays the last price
            assert got == lost or (at < 0 and lost == 0 and not any(key[0] == said[0][o.INSTRUMENT] for key in before))
        before = after


def test_a_block_ends_before_its_log_is_full() -> None:
    """A block of many changes comes back whole; the oracle is the state before it."""
    draw = np.random.default_rng(3)
    count = 3 * v.UNDO_CAPACITY
    world = World([])
    world.rows = np.zeros((count, r.WORDS), np.int64)
    world.rows[:, r.DELTA_PRICE] = draw.integers(1, 3 * book.DEPTH, count)
    world.rows[:, r.DELTA_QUANTITY] = draw.integers(0, 4, count)
    world.rows[:, r.DELTA_SIDE] = draw.choice([BUY, SELL], count)
    world.rows[:, r.KIND] = r.BOOK_DELTA
    kernels = Kernels(world)
    at = stops = 0
    while at < count:
        before = kernels.state()
        kernels.checkpoint()
        stop = kernels.advance(at, count)
        after = kernels.state()
        kernels.rollback()
        assert kernels.state() == before
        kernels.checkpoint()
        assert kernels.advance(at, stop) == stop
        assert kernels.state() == after
        at, stops = stop, stops + 1
    assert stops > 2
