"""What an account can afford at a simulated venue, by the venue's own books: locks for spot, margin for contracts."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from decimal import Decimal

from tickloom.instruments import Contract, Instrument
from tickloom.ledger import Ledger
from tickloom.orders.table import Order

Price = Callable[[int], int]


class Funds:
    """Keeps spot orders from spending twice, and contracts within the account's leverage.

    A resting spot order locks what it may cost: quote and taker fee for a buy, base for a sale. Contracts need
    ``value / leverage`` of equity in their settlement asset for the largest position that the account's resting
    orders could lead to; an order that makes no larger position possible always passes.

    Parameters
    ----------
    price_of : callable
        Newest price (ticks) of an instrument, 0 before the first.
    """

    def __init__(
        self, instruments: Sequence[Instrument | None], ledger: Ledger, leverage: int, price_of: Price
    ) -> None:
        self._instruments = instruments
        self._ledger = ledger
        self._leverage = leverage
        self._price_of = price_of
        self._contracts = [i for i, one in enumerate(instruments) if one and one.contract is not Contract.SPOT]
        self._locks: dict[int, tuple[int, str, int]] = {}
        self._working: defaultdict[tuple[int, int, int], int] = defaultdict(int)
        self._resting: dict[int, tuple[int, int, int, int]] = {}

    def affords(self, order: Order, cost: int, price: int, quantity: int, already: int = 0) -> bool:
        """Whether the account can pay for an order.

        Parameters
        ----------
        order : Order
        cost : int
            What a spot buy would pay now, in smallest units of quote.
        price : int
            Price (ticks) a contract is valued at.
        quantity : int
            Lots that the order would add.
        already : int
            Lots of the same order that are counted as resting.
        """
        instrument = self._instruments[order.instrument]
        assert instrument is not None
        if instrument.contract is not Contract.SPOT:
            return self._margin_suffices(order, instrument, price, quantity - already)
        locked = self._locks.get(order.order_id, (0, "", 0))[2]
        if order.side > 0:
            need = cost + self._taker_fee(instrument, cost)
            return max(0, self._ledger.free(order.account, instrument.quote)) + locked >= need
        return max(0, self._ledger.free(order.account, instrument.base)) + locked >= instrument.base_units(quantity)

    def _taker_fee(self, instrument: Instrument, cost: int) -> int:
        rate = max(instrument.taker_fee, instrument.maker_fee, Decimal(0))
        return int(cost * rate) + 1 if rate else 0

    def _margin_suffices(self, order: Order, instrument: Instrument, price: int, quantity: int) -> bool:
        account, asset = order.account, instrument.settle
        before = self._worst(account, order.instrument, 0, 0)
        after = self._worst(account, order.instrument, order.side, quantity)
        if after <= before:
            return True
        prices = {i: self._price_of(i) or price for i in self._contracts if self._price_of(i) or i == order.instrument}
        need = instrument.value(price, after)
        for i in self._contracts:
            other = self._instruments[i]
            assert other is not None
            if i != order.instrument and other.settle == asset and i in prices:
                need += other.value(prices[i], self._worst(account, i, 0, 0))
        return need <= self._leverage * self._ledger.equity(account, asset, prices)

    def _worst(self, account: int, instrument: int, side: int, quantity: int) -> int:
        """Return the largest position (lots, unsigned) that resting orders and ``quantity`` more could lead to."""
        held = self._ledger.position(account, instrument).quantity
        buys = self._working.get((account, instrument, 1), 0) + (quantity if side > 0 else 0)
        sells = self._working.get((account, instrument, -1), 0) + (quantity if side < 0 else 0)
        return max(abs(held), held + buys, sells - held)

    def rests(self, order_id: int, account: int, index: int, side: int, price: int, leaves: int) -> None:
        """Keep what an order's rest (lots) may need; 0 lets go of it."""
        instrument = self._instruments[index]
        assert instrument is not None
        if instrument.contract is not Contract.SPOT:
            before = self._resting.pop(order_id, (0, 0, 0, 0))[3]
            self._working[(account, index, side)] += leaves - before
            if leaves:
                self._resting[order_id] = (account, index, side, leaves)
            return
        held = self._locks.pop(order_id, None)
        if held is not None:
            self._ledger.unlock(*held)
        if leaves == 0:
            return
        if side > 0:
            cost = instrument.value(price, leaves)
            lock = (account, instrument.quote, cost + self._taker_fee(instrument, cost))
        else:
            lock = (account, instrument.base, instrument.base_units(leaves))
        self._ledger.lock(*lock)
        self._locks[order_id] = lock
