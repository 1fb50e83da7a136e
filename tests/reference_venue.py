"""The simulated venue once more, literally: books are dicts, and the queue at a price is a list of lots.

It is the oracle of `tests/property/test_venue.py`. A queue holds others' lots one by one and our orders, in the order
in which they trade, where the kernels count what is ahead of each order; no code is shared.
"""

from collections.abc import Iterator
from typing import Any

import attrs
from venues import BUY, FAR, IOC, MARKET, SELL

from tickloom_kernels import rows as r
from tickloom_kernels.venue import outcomes as o

#: Settings of the reference: lots ahead at a level that nobody shows, and half of the spread without a book (1e-6).
INITIAL, PPM = 3, 15_000
Outcome = tuple[int, ...]


@attrs.define(eq=False)
class Resting:
    """An order in its queue; what stands before it there is ahead of it."""

    order_id: int
    instrument: int
    side: int
    price: int
    quantity: int
    leaves: int
    post_only: int


#: One lot of somebody else, and somebody else's lots of which nobody knows the number.
OTHER, UNKNOWN = "other", "unknown"


class Reference:
    """The rules of `tickloom_plugins.venues.simulated`, spelled out for one instrument."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.book: dict[int, dict[int, list[int]]] = {BUY: {}, SELL: {}}
        self.queues: dict[tuple[int, int], list[Any]] = {}
        self.told = self.ticks = self.renewed = self.halted = False
        self.last = 0
        self.series: tuple[int, int] | None = None
        self.said: list[Outcome] = []

    def say(self, code: int, order_id: int, price: int, quantity: int, leaves: int, maker: int, why: int) -> None:
        """Add an outcome."""
        self.said.append((code, order_id, price, quantity, leaves, maker, why, self.index))

    # the queues

    def queue_prices(self, side: int) -> list[int]:
        """Prices at which orders of one side rest, best first."""
        return sorted((price for at, price in self.queues if at == side), key=lambda price: -side * price)

    def resting(self) -> Iterator[tuple[list[Any], Resting]]:
        """Every resting order with its queue."""
        for queue in self.queues.values():
            for one in queue:
                if isinstance(one, Resting):
                    yield queue, one

    def tidy(self) -> None:
        """Drop what stands behind the last of our orders."""
        for queue in self.queues.values():
            while queue and not isinstance(queue[-1], Resting):
                queue.pop()
        self.queues = {key: queue for key, queue in self.queues.items() if queue}

    def in_sight(self, side: int, price: int) -> int | None:
        """Quantity that a level shows, None where it is out of sight."""
        own = self.book[side]
        if not own:
            return 0 if self.told else None
        worst = min(own, key=lambda one: side * one)
        if (price - worst) * side < 0:
            return None
        return own[price][0] if price in own else 0

    def shown(self, side: int, price: int, quantity: int) -> None:
        """Let no more be ahead of anybody than a level shows; what was unknown may be all of it."""
        kept: list[Any] = []
        for one in self.queues.get((side, price), []):
            if one is UNKNOWN:
                kept += [OTHER] * (quantity - kept.count(OTHER))
            elif one is not OTHER or kept.count(OTHER) < quantity:
                kept.append(one)
        if (side, price) in self.queues:
            self.queues[side, price] = kept

    def rest(self, order: Resting) -> None:
        """Stand behind everybody."""
        shown = self.in_sight(order.side, order.price)
        queue = self.queues.setdefault((order.side, order.price), [])
        queue += [UNKNOWN, order]
        if shown is not None:
            self.shown(order.side, order.price, shown)

    def leave(self, queue: list[Any], order: Resting) -> None:
        """Take an order out; what was ahead of it alone was ahead of the next one only if that one knows."""
        at = queue.index(order)
        del queue[at]
        if at < len(queue) and queue[at] is UNKNOWN:
            while at > 0 and not isinstance(queue[at - 1], Resting):
                at -= 1
                del queue[at]
        self.tidy()

    def fill(self, order: Resting, quantity: int) -> None:
        """Fill a resting order; whoever asks for it takes it out of its queue when it is full."""
        order.leaves -= quantity
        self.say(o.FILL, order.order_id, order.price, quantity, order.leaves, 1, 0)

    def traded(self, side: int, price: int, quantity: int, initial: int) -> int:
        """Let a print go through the queues of one side, lot by lot; return what we left of it."""
        ours = 0
        for at in self.queue_prices(side):
            queue = self.queues[side, at]
            if (at - price) * side > 0:
                ours += self.swept(queue, quantity - ours)
            elif at == price:
                ours += self.popped(queue, quantity - ours, initial)
        self.tidy()
        return quantity - ours

    def swept(self, queue: list[Any], quantity: int) -> int:
        """Print beyond a queue's price: nobody else is left in it."""
        ours = 0
        queue[:] = [one for one in queue if isinstance(one, Resting)]
        while queue and ours < quantity:
            part = min(quantity - ours, queue[0].leaves)
            ours += part
            self.fill(queue[0], part)
            if queue[0].leaves == 0:
                queue.pop(0)
        return ours

    def popped(self, queue: list[Any], quantity: int, initial: int) -> int:
        """Print at a queue's price: its first lots trade, and an unknown number of them is the configured one."""
        ours = gone = others = 0
        left: list[Any] = []
        for one in list(queue):
            if not isinstance(one, Resting):
                for _ in range(1 if one is OTHER else max(0, initial - others)):
                    others += 1
                    if gone < quantity:
                        gone += 1
                    else:
                        left.append(OTHER)
            else:
                part = min(quantity - gone, one.leaves)
                gone += part
                ours += part
                if part:
                    self.fill(one, part)
                if one.leaves:
                    left.append(one)
        queue[:] = left
        return ours

    # rows

    def row(self, kind: int, words: list[int], ts: tuple[int, int]) -> None:
        """Take in a row: its words behind the instrument, ``ts_init`` and ``ts_event``."""
        if kind == r.TRADE:
            price, quantity, aggressor = words
            self.ticks, self.last = True, price
            for side in BUY, SELL:
                if aggressor != side:
                    quantity = self.traded(side, price, quantity, INITIAL)
        elif kind == r.BOOK_DELTA:
            self.delta(*words)
        elif kind == r.QUOTE:
            self.quote(*words)
        elif kind == r.BAR and not self.ticks:
            self.candle(words, ts[0] - ts[1])
        elif kind == r.INSTRUMENT_STATUS:
            self.halted = not words[0]

    def delta(self, price: int, quantity: int, side: int, flag: int) -> None:
        """Take in a level."""
        self.ticks = True
        if flag & r.FLAG_CLEAR or not self.told:
            self.book = {BUY: {}, SELL: {}}
        self.renewed |= bool(flag & r.FLAG_CLEAR)
        self.told = side != 0
        if side:
            self.book[side].pop(price, None)
            if quantity:
                self.book[side][price] = [quantity, 0]
            self.shown(side, price, quantity)
        if flag & r.FLAG_LAST:
            if self.renewed and side:
                self.renewed = False
                for at, place in list(self.queues):
                    shows = self.in_sight(at, place)
                    if shows is not None:
                        self.shown(at, place, shows)
            self.meet()

    def quote(self, bid: int, bid_quantity: int, ask: int, ask_quantity: int) -> None:
        """Take in the best prices: the top of a told book, or all there is of one."""
        self.ticks = True
        for side, price, quantity in (BUY, bid, bid_quantity), (SELL, ask, ask_quantity):
            if not self.tops(side, price, quantity):
                continue
            for at in self.queue_prices(side):
                if not quantity or (at - price) * side > 0:
                    self.shown(side, at, 0)
                elif at == price:
                    self.shown(side, at, quantity)
        self.meet()

    def tops(self, side: int, price: int, quantity: int) -> bool:
        """Put the best price of a side into the book; say whether orders there should take note of it."""
        own = self.book[side]
        if not self.told:
            best = {price: [quantity, 0]} if quantity else {}
            if {at: one[0] for at, one in own.items()} == {at: one[0] for at, one in best.items()}:
                return False
            self.book[side] = best
            return True
        if quantity:
            for at in [at for at in own if (at - price) * side > 0]:
                del own[at]
            if price not in own or own[price][0] != quantity:
                own[price] = [quantity, 0]
        return bool(quantity)

    def candle(self, words: list[int], length: int) -> None:
        """Take in a candle of the shortest series."""
        series, _, high, low, close, volume = words
        if self.series is None or (series != self.series[0] and length < self.series[1]):
            self.series = series, length
        if series == self.series[0]:
            self.last = close
            volume = self.traded(BUY, low + 1, volume, 0)
            self.traded(SELL, high - 1, volume, 0)

    def meet(self) -> None:
        """Fill what the other side of the book has come to stand at or beyond."""
        for side in BUY, SELL:
            for price in self.queue_prices(side):
                queue = self.queues[side, price]
                for order in [one for one in queue if isinstance(one, Resting)]:
                    taken = sum(part for _, part in self.take(side, price, order.leaves))
                    if taken:
                        self.fill(order, taken)
                    if order.leaves == 0:
                        self.leave(queue, order)

    # commands

    def open(self, side: int) -> list[tuple[int, list[int]]]:
        """Levels of the other side that are not used up, best first."""
        found = [(price, one) for price, one in self.book[-side].items() if one[0] > one[1]]
        return sorted(found, key=lambda one: side * one[0])

    def take(self, side: int, limit: int, quantity: int) -> list[tuple[int, int]]:
        """Use up what the other side shows within a limit: (price, quantity) of each part."""
        parts = []
        for price, one in self.open(side):
            part = min(quantity, one[0] - one[1])
            if part and (limit - price) * side >= 0:
                one[1] += part
                quantity -= part
                parts.append((price, part))
        return parts

    def touch(self, side: int) -> int | None:
        """Price at which an order would begin to take."""
        if self.told or self.book[BUY] or self.book[SELL]:
            return next((price for price, _ in self.open(side)), None)
        return self.last + side * -(-self.last * PPM // 1_000_000) if self.last else None

    def market(self, side: int, limit: int, quantity: int, order_id: int) -> int:
        """Take, and return what is left."""
        if not (self.told or self.book[BUY] or self.book[SELL]):
            price = self.touch(side)
            assert price is not None
            parts = [(price, quantity)] if (limit - price) * side >= 0 else []
        else:
            parts = self.take(side, limit, quantity)
        for price, part in parts:
            quantity -= part
            self.say(o.FILL, order_id, price, part, quantity, 0, 0)
        return quantity

    def submit(self, order: Resting, kind: int, force: int) -> None:
        """Meet a new order."""
        touch = self.touch(order.side)
        takes = kind == MARKET or (touch is not None and (order.price - touch) * order.side >= 0)
        reason = o.NO_REASON
        if self.halted:
            reason = o.HALTED
        elif not (self.last or self.book[BUY] or self.book[SELL]):
            reason = o.NO_MARKET
        elif order.post_only and takes:
            reason = o.WOULD_TAKE
        if reason:
            self.say(o.REJECTED, order.order_id, order.price, 0, 0, 0, reason)
            return
        self.say(o.ACCEPTED, order.order_id, order.price, 0, order.leaves, 0, 0)
        if takes:
            limit = order.side * FAR if kind == MARKET else order.price
            order.leaves = self.market(order.side, limit, order.leaves, order.order_id)
        if order.leaves and (kind == MARKET or force == IOC):
            reason = o.NO_LIQUIDITY if kind == MARKET else o.NOT_IMMEDIATE
            self.say(o.EXPIRED, order.order_id, order.price, 0, order.leaves, 0, reason)
        elif order.leaves:
            self.rest(order)

    def cancel(self, queue: list[Any], order: Resting) -> None:
        """Meet a cancellation."""
        self.say(o.CANCELED, order.order_id, order.price, 0, order.leaves, 1, 0)
        self.leave(queue, order)

    def amend(self, queue: list[Any], order: Resting, price: int, quantity: int) -> None:
        """Meet an amendment."""
        leaves = quantity - (order.quantity - order.leaves)
        stays = price == order.price and leaves <= order.leaves
        touch = self.touch(order.side)
        takes = touch is not None and (price - touch) * order.side >= 0
        reason = o.HALTED if self.halted else o.TOO_SMALL if leaves <= 0 else o.NO_REASON
        if not reason and takes and order.post_only and not stays:
            reason = o.WOULD_TAKE
        if reason:
            self.say(o.AMEND_REJECTED, order.order_id, order.price, 0, order.leaves, 1, reason)
            return
        self.say(o.AMENDED, order.order_id, price, 0, leaves, int(stays), 0)
        order.quantity, order.leaves = quantity, leaves
        if stays:
            return
        self.leave(queue, order)
        order.price = price
        if takes:
            order.leaves = self.market(order.side, price, leaves, order.order_id)
        if order.leaves:
            self.rest(order)
