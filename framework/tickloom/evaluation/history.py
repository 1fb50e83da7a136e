"""How cash and positions came to be what they are: the run's fills booked once more, each step kept.

A `RunRecord` holds the ledger at the end only. Booking its fills and funding payments in a fresh ledger gives every
state in between, in the same ints, and a second way to the same end: `History.agrees` compares the two.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import attrs
import numpy as np
from numpy.typing import NDArray

from tickloom.evaluation.returns import as_of
from tickloom.events import Event, Fill, Funding
from tickloom.instruments import Contract
from tickloom.ledger import Ledger
from tickloom.money.positions import Position

if TYPE_CHECKING:
    from tickloom.record import RunRecord


@attrs.frozen
class Steps:
    """A step function of time in whole units: ``values[k]`` holds from ``times[k]`` on (UNIX ns, UTC; ascending)."""

    times: list[int]
    values: list[int]

    def at(self, times: NDArray[np.int64]) -> NDArray[np.float64]:
        """Values at some moments (UNIX time in nanoseconds, UTC): float64 of the same shape, exact below 2**53."""
        return as_of(np.array(self.times, np.int64), np.array(self.values, np.float64), times)


class Change(NamedTuple):
    """One booking on a position: the fill or funding payment, and the position before and after it."""

    event: Fill | Funding
    before: Position
    after: Position


@attrs.frozen
class History:
    """All bookings of a run.

    Attributes
    ----------
    cash : dict
        (account, asset) to cash in smallest units over time.
    changes : dict
        (account, instrument) to its bookings, in order.
    agrees : bool
        Whether booking the events again ends in the run's own ledger, to the unit.
    """

    cash: Mapping[tuple[int, str], Steps]
    changes: Mapping[tuple[int, int], Sequence[Change]]
    agrees: bool

    def position(self, account: int, instrument: int, field: str, start: int) -> Steps:
        """One field of a position over time, from 0 at ``start`` (UNIX time in nanoseconds, UTC)."""
        changes = self.changes[account, instrument]
        return Steps(
            [start, *(change.event.ts_init for change in changes)],
            [0, *(int(getattr(change.after, field)) for change in changes)],
        )


def book_again(record: "RunRecord") -> History:
    """Book a run's fills and funding payments in a fresh ledger.

    Parameters
    ----------
    record : RunRecord
        The run.

    Returns
    -------
    History
        Every state of cash and positions, as known to the run.
    """
    ledger = Ledger(record.instruments, record.accounts)
    cash: dict[tuple[int, str], Steps] = {}
    changes: defaultdict[tuple[int, int], list[Change]] = defaultdict(list)
    for (account, asset), units in sorted(record.deposits.items()):
        ledger.deposit(account, asset, units)
        cash[account, asset] = Steps([record.first], [units])
    for entry in record.entries:
        event = entry.event
        if isinstance(event, Fill | Funding):
            before = ledger.position(event.account, event.instrument)
            for asset in _book(ledger, event):
                steps = cash.setdefault((event.account, asset), Steps([record.first], [0]))
                steps.times.append(event.ts_init)
                steps.values.append(ledger.cash(event.account, asset))
            after = ledger.position(event.account, event.instrument)
            changes[event.account, event.instrument].append(Change(event, before, after))
    return History(cash, dict(changes), _same(ledger, record))


def _book(ledger: Ledger, event: Fill | Funding) -> Sequence[str]:
    """Book one event, and say which cash it may have changed, in an order that is the same in every process."""
    terms = ledger.instruments[event.instrument]
    if isinstance(event, Funding):
        ledger.funding(event.account, event.instrument, event.amount)
        return (terms.settle,)
    ledger.fill(event.account, event.instrument, event.side, event.price, event.quantity, event.fee, event.fee_asset)
    moved = {terms.settle, event.fee_asset or terms.settle}
    return sorted(moved | {terms.base} if terms.contract is Contract.SPOT else moved)


def _same(ledger: Ledger, record: "RunRecord") -> bool:
    """Compare cash and positions of all accounts with the run's own ledger."""
    assets = sorted(ledger.precisions)
    return all(
        ledger.cash(account, asset) == record.ledger.cash(account, asset)
        for account in range(len(record.accounts))
        for asset in assets
    ) and all(
        ledger.position(account, instrument) == record.ledger.position(account, instrument)
        for account in range(len(record.accounts))
        for instrument in range(len(record.instruments))
    )


def last_moment(record: "RunRecord") -> int:
    """When a run ended: its last row or last event, whichever is later (UNIX time in nanoseconds, UTC)."""
    return max([record.last, *(_ts(entry.event) for entry in record.entries[-1:])])


def _ts(event: Event) -> int:
    """Logical time of an event; every kind has one."""
    return int(event.ts_init)  # type: ignore[attr-defined]
