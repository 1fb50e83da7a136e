"""The one gate in front of every venue: the kill switch, then the checks of the run, in order; it fails closed."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tickloom.events import AmendOrder, Quote, SubmitOrder, Trade
from tickloom.instruments import Instrument
from tickloom.interfaces import RiskCheck
from tickloom.ledger import Ledger
from tickloom.orders.table import Order, OrderTable

if TYPE_CHECKING:
    from tickloom.engine.context import Moment
    from tickloom.engine.market import Market

#: What the gate answers while the kill switch is engaged.
KILLED = "kill switch engaged"
#: Why a change of an order is refused on our side of the line.
NO_SUCH_ORDER = "no such order of this strategy"
IS_OVER = "the order is over"


class GateContext:
    """What the checks see: `tickloom.interfaces.GateContext`."""

    def __init__(
        self,
        instruments: Sequence[Instrument],
        moment: "Moment",
        market: "Market",
        orders: OrderTable,
        ledger: Ledger,
    ) -> None:
        self.instruments = instruments
        self._moment = moment
        self._market = market
        self._orders = orders
        self._ledger = ledger

    @property
    def clock(self) -> int:
        """Logical time of the command (UNIX time in nanoseconds, UTC)."""
        return self._moment.clock

    def exposure(self, account: int, instrument: int) -> NDArray[np.int64]:
        """Position, working buys, working sells (lots)."""
        row: NDArray[np.int64] = self._orders.exposure[account, instrument]
        return row

    def order(self, order_id: int) -> Order:
        """Return the order that an amendment concerns."""
        return self._orders[order_id]

    def trade(self, instrument: int) -> Trade | None:
        """Return the newest trade."""
        return self._market.trade(instrument)

    def quote(self, instrument: int) -> Quote | None:
        """Return the newest best bid and ask."""
        return self._market.quote(instrument)

    def last_price(self, instrument: int) -> tuple[int, int] | None:
        """Price (ticks) and ``ts_init`` of the newest row that had one."""
        return self._market.newest(instrument)

    def equity(self, account: int, asset: str) -> int:
        """Cash, holdings and unrealised profit in one asset, smallest units, at the newest prices."""
        marks = {i: price[0] for i in range(len(self.instruments)) if (price := self.last_price(i)) is not None}
        return self._ledger.equity(account, asset, marks)


class Gate:
    """Asks every check about every command; the first objection stands.

    Parameters
    ----------
    checks : mapping of str to RiskCheck
        By instance name, in the order they are asked.
    """

    def __init__(self, checks: Mapping[str, RiskCheck]) -> None:
        self.checks = dict(checks)
        self.killed = False
        self._failed: set[str] = set()

    def objection(self, command: SubmitOrder | AmendOrder) -> tuple[str, str, Exception | None]:
        """Return why a command must not pass (empty: it may), who says so, and the error where a check failed."""
        if self.killed:
            return KILLED, "gate", None
        for name, check in self.checks.items():
            if name in self._failed:
                return f"risk check {name} has failed", name, None
            try:
                reason = check.check(command)
            except Exception as error:
                self._failed.add(name)
                return f"risk check {name} failed: {error!r}", name, error
            if reason is not None:
                return str(reason) or f"risk check {name} objects without a reason", name, None
        return "", "", None
