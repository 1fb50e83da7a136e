"""What cash and positions are worth in one asset: as floats along a run for pictures, in whole units at its ends.

Marks are ``bid + ask`` in ticks, that is prices in half ticks, so that a middle between two ticks is no rounding.
Where it lies on a tick, `Valuation.exact` gives what `tickloom.ledger.Ledger.equity` gives, to the unit.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import attrs
import numpy as np
from numpy.typing import NDArray

from tickloom.evaluation.history import History
from tickloom.instruments import Contract, Instrument, decimal_amount
from tickloom.money.exact import half_even
from tickloom.money.positions import Position

if TYPE_CHECKING:
    from tickloom.record import RunRecord

#: Columns of `RunRecord.marks`.
END, FIRST, HIGHEST, LOWEST, LAST = range(5)


def headline_asset(record: "RunRecord") -> str:
    """Choose the asset that a run's result is told in.

    Parameters
    ----------
    record : RunRecord
        The run.

    Returns
    -------
    str
        Of the deposited assets in which something of the run is priced or settled, the one with the largest number
        deposited; without any, the largest deposit; without deposits, what the first instrument settles in. Empty
        where there is no instrument either.
    """
    priced = {asset for terms in record.instruments for asset in (terms.quote, terms.settle)}
    sums: dict[str, Decimal] = {}
    for (_, asset), units in sorted(record.deposits.items()):
        sums[asset] = sums.get(asset, Decimal(0)) + decimal_amount(units, record.ledger.precisions[asset])
    candidates = {asset: number for asset, number in sums.items() if asset in priced} or sums
    if candidates:
        return max(candidates, key=lambda asset: candidates[asset])
    return record.instruments[0].settle if record.instruments else ""


def marks_at(cells: NDArray[np.int64], times: NDArray[np.int64], last: int) -> NDArray[np.float64]:
    """Look up the newest mark of an instrument.

    Parameters
    ----------
    cells : int64, shape (n, 5)
        Its marks per cell (see `RunRecord.marks`); n at least 1.
    times : int64, shape (m,)
        Moments (UNIX time in nanoseconds, UTC).
    last : int
        End of the run (UNIX time in nanoseconds, UTC): a cell that it cuts short ends there.

    Returns
    -------
    float64, shape (m,)
        Half ticks: the last mark of the newest cell that has ended, before that the first mark of all.
    """
    newest = np.searchsorted(np.minimum(cells[:, END], last), times, side="right") - 1
    marks: NDArray[np.float64] = np.where(newest < 0, cells[0, FIRST], cells[np.maximum(newest, 0), LAST]).astype(
        np.float64
    )
    return marks


class Quotation(NamedTuple):
    """The instrument that prices an asset, and whether the asset is its base (else it is its quote)."""

    instrument: int
    direct: bool


@attrs.frozen
class Valuation:
    """Values everything in one asset, through at most one instrument per step.

    Attributes
    ----------
    record : RunRecord
        The run.
    asset : str
        What everything is told in.
    end : int
        When the run ended (UNIX time in nanoseconds, UTC).
    """

    record: "RunRecord"
    asset: str
    end: int

    @property
    def precision(self) -> int:
        """Decimals of the smallest unit of `asset`."""
        return self.record.ledger.precisions.get(self.asset, 0)

    def quotation(self, account: int, asset: str) -> Quotation | None:
        """Find what prices an asset that an account holds: spot of its own venue, other spot, then contracts."""
        venue = self.record.venues[self.record.account_venues[account]]
        best: tuple[tuple[bool, bool, bool], Quotation] | None = None
        for index, terms in enumerate(self.record.instruments):
            direct = (terms.base, terms.quote) == (asset, self.asset)
            if (direct or (terms.quote, terms.base) == (asset, self.asset)) and self.marked(index):
                rank = (terms.contract is not Contract.SPOT, terms.venue != venue, not direct)
                if best is None or rank < best[0]:
                    best = (rank, Quotation(index, direct))
        return best and best[1]

    def marked(self, instrument: int) -> bool:
        """Whether an instrument ever had a price in the run."""
        return instrument in self.record.marks and len(self.record.marks[instrument]) > 0

    def prices(self, instrument: int, times: NDArray[np.int64]) -> NDArray[np.float64]:
        """Mark prices of an instrument (quote per base): float64, at moments in UNIX nanoseconds (UTC)."""
        marks = marks_at(self.record.marks[instrument], times, self.end)
        top, bottom = self.record.instruments[instrument].price_ratio
        return marks * top / (2 * bottom)

    def rates(self, account: int, asset: str, times: NDArray[np.int64]) -> NDArray[np.float64] | None:
        """Worth of one whole unit of an asset over time, in `asset`: float64; None where nothing prices it."""
        if asset == self.asset:
            return np.ones(times.shape)
        found = self.quotation(account, asset)
        if found is None:
            return None
        prices = self.prices(found.instrument, times)
        return prices if found.direct else 1 / prices

    def convert(self, account: int, asset: str, units: int, marks: Mapping[int, int]) -> int | None:
        """Convert smallest units of an asset into smallest units of `asset`, rounded once.

        Parameters
        ----------
        account : int
            Whose units.
        asset : str
            Of what.
        units : int
            How many.
        marks : dict
            Instrument to mark (half ticks).

        Returns
        -------
        int or None
            None where nothing prices the asset.
        """
        if asset == self.asset or not units:
            return units
        found = self.quotation(account, asset)
        if found is None:
            return None
        terms = self.record.instruments[found.instrument]
        top, bottom = terms.price_ratio
        above = marks[found.instrument] * top * 10**terms.quote_precision
        below = 2 * bottom * 10**terms.base_precision
        return half_even(units * above, below) if found.direct else half_even(units * below, above)

    def exact(
        self,
        cash: Mapping[tuple[int, str], int],
        positions: Mapping[tuple[int, int], Position],
        marks: Mapping[int, int],
    ) -> int:
        """Add up what accounts hold.

        Parameters
        ----------
        cash : dict
            (account, asset) to smallest units.
        positions : dict
            (account, instrument) to position; of spot it is cash that counts, of contracts the unrealised profit.
        marks : dict
            Instrument to mark (half ticks).

        Returns
        -------
        int
            Smallest units of `asset`. What nothing prices counts nothing.
        """
        owned = [(account, asset, units) for (account, asset), units in cash.items()]
        for (account, index), held in positions.items():
            terms = self.record.instruments[index]
            if terms.contract is not Contract.SPOT and self.marked(index):
                owned.append((account, terms.settle, unrealised(held, terms, marks[index])))
        return sum(self.convert(account, asset, units, marks) or 0 for account, asset, units in owned)

    @cached_property
    def opening_marks(self) -> dict[int, int]:
        """First mark (half ticks) of every instrument that has one."""
        return {index: int(cells[0, FIRST]) for index, cells in sorted(self.record.marks.items()) if len(cells)}

    @cached_property
    def closing_marks(self) -> dict[int, int]:
        """Last mark (half ticks) of every instrument that has one."""
        return {index: int(cells[-1, LAST]) for index, cells in sorted(self.record.marks.items()) if len(cells)}

    def apart(self, cash: Iterable[tuple[int, str]]) -> list[str]:
        """Names of the assets among (account, asset) pairs that nothing prices in `asset`, sorted."""
        return sorted(
            {asset for account, asset in cash if asset != self.asset and self.quotation(account, asset) is None}
        )

    def equity(self, history: History, times: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Value a run along its time.

        Parameters
        ----------
        history : History
            Cash and positions over time.
        times : int64, shape (n,)
            Moments (UNIX time in nanoseconds, UTC), ascending.

        Returns
        -------
        equity, exposure : float64, shape (n,)
            In whole units of `asset`. Exposure is gross: the sizes of all holdings of other assets (deposits
            included) and of all open contracts, added up.
        """
        equity, exposure = np.zeros(times.shape), np.zeros(times.shape)
        for (account, asset), steps in history.cash.items():
            rates = self.rates(account, asset, times)
            if rates is not None:
                worth = steps.at(times) / 10 ** self.record.ledger.precisions[asset] * rates
                equity += worth
                exposure += 0 if asset == self.asset else np.abs(worth)
        for account, index in history.changes:
            gain, size = self._contract(history, account, index, times)
            equity += gain
            exposure += size
        return equity, exposure

    def _contract(
        self, history: History, account: int, index: int, times: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Unrealised profit and size of an open contract over time, in whole units of `asset`; 0 for spot."""
        terms = self.record.instruments[index]
        nothing = np.zeros(times.shape)
        rates = self.rates(account, terms.settle, times)
        if terms.contract is Contract.SPOT or rates is None or not self.marked(index):
            return nothing, nothing
        top, bottom = terms.value_ratio
        prices = marks_at(self.record.marks[index], times, self.end) / 2
        lots = history.position(account, index, "quantity", self.record.first).at(times)
        cost = history.position(account, index, "cost", self.record.first).at(times)
        value = lots * top / (prices * bottom) if terms.contract is Contract.INVERSE else lots * prices * top / bottom
        gain = cost - value if terms.contract is Contract.INVERSE else value - cost
        scale = rates / 10**terms.settle_precision
        return gain * scale, np.abs(value) * scale


def unrealised(held: Position, terms: Instrument, mark: int) -> int:
    """Profit that closing a position at a mark (half ticks) would realise (smallest units of the settlement asset)."""
    if not held.quantity:
        return 0
    top, bottom = terms.value_ratio
    lots = abs(held.quantity)
    inverse = terms.contract is Contract.INVERSE
    value = half_even(2 * lots * top, mark * bottom) if inverse else half_even(lots * mark * top, 2 * bottom)
    gain = (value if held.quantity > 0 else -value) - held.cost
    return -gain if inverse else gain
