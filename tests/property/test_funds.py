"""What an account can afford, by the kernels and by the same rules said again in Python ints and dictionaries."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

import attrs
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from venues import FAR, GTC, IOC, LIMIT, MARKET, array, snapshot, trade
from worlds import examples

from tickloom.instruments import Contract, Instrument
from tickloom.ledger import Ledger
from tickloom_kernels.money import ledger as lg
from tickloom_kernels.orders import table as t
from tickloom_kernels.venue import arrival, funds, scan
from tickloom_kernels.venue import outcomes as o
from tickloom_kernels.venue import state as v

_ONE = Instrument(symbol="S", base="COIN", quote="USD", tick_size="1", lot_size="1", quote_precision=0)
#: One tick times one lot is one unit, or a bit less, so that a few orders are more than there is.
INSTRUMENTS = tuple(
    attrs.evolve(_ONE, **fields)  # type: ignore[arg-type]  # converted
    for fields in (
        {"taker_fee": "0.011", "maker_fee": "-0.002", "min_notional": "150"},
        {"symbol": "L", "contract": "linear", "taker_fee": "0.003", "multiplier": "0.7"},
        {"symbol": "M", "contract": "linear", "maker_fee": "0.004", "min_quantity": "2"},
        {
            "symbol": "I",
            "contract": "inverse",
            "settle": "COIN",
            "quote": "PTS",
            "multiplier": "100",
            "quote_precision": 8,
        },
        {"symbol": "T", "base": "OTHER", "maker_fee": "0.02"},
        {"symbol": "F", "contract": "linear"},
    )
)
#: The last one belongs to another venue.
MINE = (0, 1, 2, 3, 4)
LEVERAGE = 5
ACCOUNTS = ("a", "b")
ASSETS = ("COIN", "OTHER", "USD")


class _Said:
    """The rules said again: the oracle of `tickloom_kernels.venue.funds`, on books of its own."""

    def __init__(self, a: Any, ledger: Ledger) -> None:
        self.a, self.ledger = a, ledger
        self.locks: dict[int, tuple[int, str, int]] = {}
        self.resting: dict[int, tuple[int, int, int, int]] = {}

    def refusal(self, row: int, order: dict[int, int]) -> int:
        index, side, price, quantity = (order[word] for word in (t.INSTRUMENT, t.SIDE, t.PRICE, t.QUANTITY))
        terms = INSTRUMENTS[index]
        at = price or arrival.touch(self.a, index, side)
        if not at:
            return o.NO_REASON
        if quantity < terms.min_lots or terms.value(at, quantity) < terms.min_value:
            return o.BELOW_MINIMUM
        cost = 0
        if side > 0 and terms.contract is Contract.SPOT:
            left, paid = arrival.take(self.a, index, 1, price or 1 << 61, quantity, row, True)
            cost = terms.value(paid, 1) + (terms.value(price, left) if price else 0)
        return o.NO_REASON if self.affords(row, order, cost, at, quantity, 0) else o.NO_FUNDS

    def objection(self, row: int, order: dict[int, int], slot: int, price: int, quantity: int) -> int:
        terms = INSTRUMENTS[order[t.INSTRUMENT]]
        resting = int(self.a[slot + v.LEAVES])
        leaves = quantity - (int(self.a[slot + v.QUANTITY]) - resting)
        if leaves <= 0:
            return o.TOO_SMALL
        if quantity < terms.min_lots or terms.value(price, quantity) < terms.min_value:
            return o.BELOW_MINIMUM
        enough = self.affords(row, order, terms.value(price, leaves), price, leaves, resting)
        return o.NO_REASON if enough else o.NO_FUNDS

    def affords(self, row: int, order: dict[int, int], cost: int, price: int, quantity: int, already: int) -> bool:
        account, index, side = order[t.ACCOUNT], order[t.INSTRUMENT], order[t.SIDE]
        terms = INSTRUMENTS[index]
        if terms.contract is not Contract.SPOT:
            return self.margin_suffices(account, index, side, price, quantity - already)
        locked = self.locks.get(row, (0, "", 0))[2]
        asset, need = (
            (terms.quote, cost + self.fee(terms, cost)) if side > 0 else (terms.base, terms.base_units(quantity))
        )
        return max(0, self.ledger.free(account, asset)) + locked >= need

    @staticmethod
    def fee(terms: Instrument, cost: int) -> int:
        rate = max(terms.taker_fee, terms.maker_fee, Decimal(0))
        return int(cost * rate) + 1 if rate else 0

    def margin_suffices(self, account: int, index: int, side: int, price: int, more: int) -> bool:
        after = self.worst(account, index, side, more)
        if after <= self.worst(account, index, 0, 0):
            return True
        contracts = [i for i in MINE if INSTRUMENTS[i].contract is not Contract.SPOT]
        prices = {i: self.price(i) for i in contracts if self.price(i)}
        prices.setdefault(index, price)
        settle = INSTRUMENTS[index].settle
        need = INSTRUMENTS[index].value(price, after)
        for i in set(prices) - {index}:
            if INSTRUMENTS[i].settle == settle:
                need += INSTRUMENTS[i].value(prices[i], self.worst(account, i, 0, 0))
        return need <= LEVERAGE * self.ledger.equity(account, settle, prices)

    def price(self, index: int) -> int:
        last = int(self.a[v.HEAD_WORDS + index * v.INSTRUMENT_WORDS + v.LAST])
        return last or arrival.touch(self.a, index, 1) or arrival.touch(self.a, index, -1)

    def worst(self, account: int, index: int, side: int, more: int) -> int:
        held = self.ledger.position(account, index).quantity
        buys, sells = (
            sum(rest[3] for rest in self.resting.values() if rest[:3] == (account, index, one))
            + (more if side == one else 0)
            for one in (1, -1)
        )
        return max(abs(held), held + buys, sells - held)

    def rests(self, row: int, order: dict[int, int], price: int, leaves: int) -> None:
        account, index, side = order[t.ACCOUNT], order[t.INSTRUMENT], order[t.SIDE]
        terms = INSTRUMENTS[index]
        self.resting.pop(row, None)
        if row in self.locks:
            self.ledger.unlock(*self.locks.pop(row))
        if leaves and terms.contract is not Contract.SPOT:
            self.resting[row] = (account, index, side, leaves)
        elif leaves:
            cost = terms.value(price, leaves)
            asset, need = (
                (terms.quote, cost + self.fee(terms, cost)) if side > 0 else (terms.base, terms.base_units(leaves))
            )
            self.ledger.lock(account, asset, need)
            self.locks[row] = (account, asset, need)


class _Both:
    """One venue with two sets of books: those that the kernels keep, and those of `_Said`."""

    def __init__(self, deposits: list[int]) -> None:
        self.ledger, other = (Ledger(INSTRUMENTS, ACCOUNTS) for _ in range(2))
        for books in (self.ledger, other):
            for n, units in enumerate(deposits):
                books.deposit(n // len(ASSETS), ASSETS[n % len(ASSETS)], units * (10**8 if n % len(ASSETS) < 2 else 1))
        self.a = v.new_state(len(INSTRUMENTS))
        for i in MINE:
            self.a[v.HEAD_WORDS + i * v.INSTRUMENT_WORDS + v.MINE] = 1
        self.funds = funds.new_funds(len(ACCOUNTS), len(INSTRUMENTS), LEVERAGE)
        self.table = np.zeros((64, t.ROW_WORDS), np.int64)
        self.orders: list[dict[int, int]] = []
        self.said = _Said(self.a, other)
        self.reasons: defaultdict[int, int] = defaultdict(int)
        self.now = 0

    def see(self, index: int, middle: int, sizes: list[int], last: int) -> None:
        """Tell a book of two levels a side, and perhaps a print."""
        bids = {middle - 1: sizes[0], middle - 2: sizes[1]}
        asks = {middle + 1: sizes[2], middle + 2: sizes[3]}
        told = snapshot(bids, asks, index) + (trade(middle, sizes[0], 1 if last > 1 else -1, index) if last else [])
        rows = array(told, self.now)
        at = 0
        while at < len(rows):
            self.a[self.a[v.UNDO_AT]] = 0
            at = scan.advance(self.a, rows, at, len(rows), FAR)
            if self.a[v.OUTCOMES]:
                self.commit()
                at += 1
        self.now += len(rows)

    def submit(self, order: dict[int, int]) -> None:
        row = len(self.orders)
        self.orders.append(order)
        for word, value in order.items():
            self.table[row, word] = value
        reason = funds.refusal(self.a, self.ledger.state, self.funds, self.table, row)
        assert reason == self.said.refusal(row, order)
        self.reasons[reason] += 1
        if reason == o.NO_REASON:
            words = (t.INSTRUMENT, t.SIDE, t.ORDER_TYPE, t.TIME_IN_FORCE, t.POST_ONLY, t.PRICE, t.QUANTITY)
            arrival.submit(self.a, *(order[word] for word in words), row)
            self.commit()

    def change(self, nth: int, price: int, quantity: int) -> None:
        """Amend an order that rests, or cancel it (quantity 0)."""
        live = [row for row in range(len(self.orders)) if v.slot_of(self.a, row)]
        if not live:
            return
        row = live[nth % len(live)]
        order = self.orders[row]
        if quantity == 0:
            arrival.cancel(self.a, order[t.INSTRUMENT], row)
        else:
            slot = v.slot_of(self.a, row)
            at = int(self.a[slot + v.PRICE]) + price
            reason = funds.objection(self.a, self.ledger.state, self.funds, self.table, row, slot, at, quantity)
            assert reason == self.said.objection(row, order, slot, at, quantity)
            self.reasons[reason] += 1
            if reason != o.NO_REASON:
                return
            arrival.amend(self.a, order[t.INSTRUMENT], row, at, quantity)
        self.commit()

    def commit(self) -> None:
        """Book what the venue says, in both sets of books."""
        a, at = self.a, self.a.item(v.OUTCOMES_AT)
        outcomes = a[at : at + a.item(v.OUTCOMES) * o.WORDS].reshape(-1, o.WORDS).tolist()
        for code, row, price, quantity, _, maker, _, index in outcomes:
            order = self.orders[row]
            account, side = order[t.ACCOUNT], order[t.SIDE]
            if code == o.FILL:
                fee = lg.fee(self.ledger.state, index, price, quantity, maker)
                assert lg.fill(self.ledger.state, account, index, side, price, quantity, fee, lg.IN_SETTLEMENT) == 1
                fee = INSTRUMENTS[index].fee(price, quantity, maker == 1)
                self.said.ledger.fill(account, index, side, price, quantity, fee)
            slot = v.slot_of(a, row)
            rest = (a.item(slot + v.PRICE), a.item(slot + v.LEAVES)) if slot else (0, 0)
            assert funds.follow(self.ledger.state, self.funds, self.table, row, *rest) == 1
            self.said.rests(row, order, *rest)
        a[v.OUTCOMES] = 0
        assert (self.ledger.state == self.said.ledger.state).all()


ORDERS = st.builds(
    lambda account, index, side, offset, quantity, ioc, post_only, middle: {
        t.ACCOUNT: account,
        t.INSTRUMENT: index,
        t.SIDE: side,
        t.ORDER_TYPE: MARKET if offset is None else LIMIT,
        t.TIME_IN_FORCE: IOC if ioc else GTC,
        t.POST_ONLY: int(post_only and offset is not None),
        t.PRICE: 0 if offset is None else middle + offset,
        t.QUANTITY: quantity,
    },
    st.integers(0, 1),
    st.sampled_from(MINE),
    st.sampled_from([1, -1]),
    st.none() | st.integers(-3, 3),
    st.integers(1, 9) | st.integers(1, 60),
    st.booleans(),
    st.booleans(),
    st.sampled_from([100, 101, 120]),
)
BOOKS = st.tuples(
    st.sampled_from(MINE),
    st.sampled_from([90, 100, 101, 120]),
    st.lists(st.integers(1, 30), min_size=4, max_size=4),
    st.integers(0, 2),
)
CHANGES = st.tuples(st.integers(0, 9), st.integers(-3, 3), st.integers(0, 40))
FIRST = st.lists(BOOKS, min_size=3, max_size=9)
STEPS = st.lists(ORDERS | ORDERS | BOOKS | CHANGES, min_size=20, max_size=60)
DEPOSITS = st.lists(st.integers(0, 3_000) | st.integers(0, 30), min_size=6, max_size=6)


def play(deposits: list[int], steps: list[Any]) -> _Both:
    both = _Both(deposits)
    for step in steps:
        if isinstance(step, dict):
            both.submit(step)
        elif len(step) == len(("index", "middle", "sizes", "last")):
            both.see(*step)
        else:
            both.change(*step)
    return both


@examples(60)
@given(DEPOSITS, FIRST, STEPS)
def test_the_kernels_refuse_and_hold_back_what_the_rules_say(
    deposits: list[int], first: list[Any], steps: list[Any]
) -> None:
    both = play(deposits, [*first, *steps])
    working = sum(rest[3] for rest in both.said.resting.values())
    assert both.funds[funds.WORKING_AT :].sum() == working
    both.ledger.check()


def test_what_is_locked_for_an_order_counts_for_it_even_where_the_account_owes_more() -> None:
    both = _Both([0, 0, 1_000, 0, 0, 0])
    both.see(0, 100, [5, 5, 5, 5], 2)
    order = dict.fromkeys((t.ACCOUNT, t.POST_ONLY, t.INSTRUMENT), 0) | {t.SIDE: 1, t.ORDER_TYPE: LIMIT}
    both.submit(order | {t.TIME_IN_FORCE: GTC, t.PRICE: 90, t.QUANTITY: 5})
    for books in (both.ledger, both.said.ledger):
        books.deposit(0, "USD", -900)
    both.change(0, 0, 4)
    both.change(0, 1, 5)
    assert both.reasons == {o.NO_REASON: 2, o.NO_FUNDS: 1}


def test_an_order_too_large_for_int64_is_refused_for_want_of_funds() -> None:
    both = _Both([10**9] * 6)
    both.see(1, 100, [5, 5, 5, 5], 2)
    order = dict.fromkeys((t.ACCOUNT, t.POST_ONLY), 0) | {t.SIDE: 1, t.ORDER_TYPE: LIMIT, t.TIME_IN_FORCE: GTC}
    for index in MINE:
        both.submit(order | {t.INSTRUMENT: index, t.PRICE: 50, t.QUANTITY: 2**62})
        both.submit(order | {t.INSTRUMENT: index, t.PRICE: 50, t.QUANTITY: 2**62, t.SIDE: -1})
    assert both.reasons == {o.NO_FUNDS: 2 * len(MINE)}
