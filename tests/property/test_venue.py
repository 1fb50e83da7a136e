"""Laws of the simulated venue: blocks and rollbacks change nothing, and it does what a literal reference does."""

from collections.abc import Iterator
from itertools import cycle
from random import Random
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from reference_venue import INITIAL, PPM, Outcome, Reference, Resting
from venues import BUY, FAR, MARKET, SELL, Row, array, candle, level, quote, status, trade

from tickloom_kernels import rows as r
from tickloom_kernels.market import book
from tickloom_kernels.venue import arrival, scan
from tickloom_kernels.venue import outcomes as o
from tickloom_kernels.venue import state as v

INSTRUMENTS = 2
State = NDArray[np.int64]
#: What arrives before a row: submit, cancel or amend, with its numbers.
Command = tuple[str, tuple[int, ...]]

#: How often each kind of step comes, by what the data of a world have.
KINDS = ("level", "trade", "quote", "candle", "clear", "status", "submit", "cancel", "amend", "less")
WEIGHTS = {
    "book": (40, 12, 3, 1, 1, 1, 25, 4, 6, 4),
    "quotes": (0, 15, 40, 1, 0, 1, 25, 4, 6, 4),
    "trades": (0, 50, 0, 0, 0, 1, 30, 4, 6, 4),
    "candles": (0, 0, 0, 50, 0, 1, 30, 4, 6, 4),
    "all": (20, 12, 12, 2, 3, 1, 25, 4, 6, 4),
}
FLAGS = (0, 0, r.FLAG_LAST, r.FLAG_LAST, r.FLAG_LAST, r.FLAG_LAST, r.FLAG_CLEAR | r.FLAG_LAST)


def drawn(seed: int, count: int, data: str) -> list[Any]:
    """Draw rows, and commands that arrive between two rows: prices near 100, so that everything meets."""
    draw = Random(seed)
    made: list[Any] = []
    submitted = 0
    for kind in draw.choices(KINDS, WEIGHTS[data], k=count):
        i = int(draw.random() < 0.15)
        price = round(draw.gauss(100, 2.5))
        quantity = draw.randrange(1, 9)
        side = draw.choice((BUY, SELL))
        order_id = draw.randrange(max(1, submitted - 8), submitted + 2)
        if kind == "level":
            # mostly on its own side of 100
            price = price if draw.random() < 0.15 else 100 - side * (1 + abs(price - 100))
            made += level(side, price, draw.choice((0, quantity, quantity)), draw.choice(FLAGS), i)
        elif kind == "trade":
            made += trade(price, quantity, draw.choice((-1, -1, 0, 1, 1)), i)
        elif kind == "quote":
            bid_quantity, ask_quantity = draw.choice((0, 5, quantity)), draw.choice((0, 5, quantity))
            made += quote(price, bid_quantity, price + draw.choice((1, 1, 2, 3, 0, -1)), ask_quantity, i)
        elif kind == "candle":
            made += candle(price - draw.randrange(3), price + draw.randrange(3), price, quantity, draw.randrange(2), i)
        elif kind == "clear":
            made += level(0, 0, 0, r.FLAG_CLEAR | draw.choice((0, r.FLAG_LAST)), i)
        elif kind == "status":
            made += status(draw.random() < 0.7, i)
        elif kind == "submit":
            submitted += 1
            price = price if draw.random() < 0.4 else 100 - side * draw.randrange(4)
            force, post_only = draw.choice((1, 1, 1, 3)), draw.choice((0, 0, 0, 1))
            made.append((kind, i, side, draw.choice((2, 2, 2, 2, 2, MARKET)), force, post_only, price, quantity))
        elif kind == "amend":
            made.append((kind, order_id, price, quantity))
        else:
            made.append((kind, order_id))
    return made


worlds = st.builds(drawn, st.integers(0, 1 << 32), st.integers(1, 90), st.sampled_from(sorted(WEIGHTS)))
blocks = st.lists(st.integers(1, 20), min_size=1, max_size=9)


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
        return (head.tolist(), *live, *(self.side(n) for n in range(2 * INSTRUMENTS)))

    def side(self, n: int) -> list[list[int]]:
        """Price, quantity and consumed of the levels of a side, best first."""
        at = int(self.a[v.BOOKS_AT]) + n * book.SIDE_WORDS
        found, level = [], book.best(self.a, at)
        while level != 0:
            found.append(self.a[level : level + book.LEVEL_WORDS].tolist())
            level = book.worse(self.a, at, level)
        return found

    def levels(self) -> dict[tuple[int, int, int], tuple[int, int]]:
        """(instrument, side, price) to (quantity, consumed)."""
        found = {}
        for n in range(2 * INSTRUMENTS):
            for price, quantity, consumed in self.side(n):
                found[n // 2, SELL if n % 2 else BUY, price] = quantity, consumed
        return found


def stepped(world: World) -> Kernels:
    """Run a world row by row."""
    kernels = Kernels(world)
    for _ in kernels.step():
        pass
    return kernels


@settings(max_examples=500)
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
        at = v.HEAD_WORDS + i * v.INSTRUMENT_WORDS
        bounds = [max([v.NO_BUY, *market.queue_prices(BUY)]), min([v.NO_SELL, *market.queue_prices(SELL)])]
        assert kernels.a[at + v.BUY_BOUND : at + v.SELL_BOUND + 1].tolist() == bounds
        told = {(i, side, price): tuple(one) for side, own in market.book.items() for price, one in own.items()}
        assert {key: one for key, one in kernels.levels().items() if key[0] == i} == told


@settings(max_examples=100)
@given(worlds, blocks, blocks)
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
            kept = before
            if row[r.KIND] == r.BOOK_DELTA:
                told = row[r.INSTRUMENT], row[r.DELTA_SIDE], row[r.DELTA_PRICE]
                clear = row[r.DELTA_FLAGS] & r.FLAG_CLEAR
                kept = {key: one for key, one in before.items() if key != told and not (clear and key[0] == told[0])}
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
