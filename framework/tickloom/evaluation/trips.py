"""Round trips: each position from flat to flat, with what it earned, how long it lasted and how far it swung."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

import attrs
import numpy as np
from numpy.typing import NDArray

from tickloom.evaluation.history import Change, History
from tickloom.evaluation.valuation import END, HIGHEST, LOWEST, Valuation, unrealised
from tickloom.events import Fill
from tickloom.money.positions import Position


@attrs.frozen(kw_only=True)
class Trip:
    """One position of one account in one instrument, from its first fill until it is flat or changes side.

    Attributes
    ----------
    account, instrument : int
        Indices.
    side : int
        +1 long, -1 short.
    opened, closed : int
        First and last fill (UNIX time in nanoseconds, UTC).
    quantity : int
        Largest size it had (lots).
    entry, exit : Decimal or None
        Average prices (quote per base) of the fills that opened and that closed it.
    pnl : int
        Profit realised, before fees: smallest units of the settlement asset, the ledger's own.
    fees : dict
        Asset to fees paid (smallest units); of a fill that turned the position, to the trip that it closed.
    funding : int
        Funding received less paid (smallest units of the settlement asset).
    best, worst : int
        Largest and smallest profit (realised and unrealised, before fees) while it lasted: maximum favourable and
        adverse excursion. Seen at the fills and in every cell of marks that lies between two of them.
    fills : int
        Number of fills.
    open : bool
        Whether the run ended before it did; then ``pnl`` counts only what was closed.
    """

    account: int
    instrument: int
    side: int
    opened: int
    closed: int
    quantity: int
    entry: Decimal | None
    exit: Decimal | None
    pnl: int
    fees: dict[str, int]
    funding: int
    best: int
    worst: int
    fills: int
    open: bool


def round_trips(history: History, valuation: Valuation) -> list[Trip]:
    """Cut the bookings of every position into round trips.

    Parameters
    ----------
    history : History
        The bookings.
    valuation : Valuation
        Marks and end of the run.

    Returns
    -------
    list of Trip
        By the time they opened. Their ``pnl`` adds up to the realised profit of the ledger's positions, to the unit.
    """
    trips = [
        _trip(account, instrument, bookings, valuation)
        for (account, instrument), changes in sorted(history.changes.items())
        for bookings in _cut(changes)
    ]
    return sorted(trips, key=lambda trip: (trip.opened, trip.closed, trip.account, trip.instrument))


def _cut(changes: Sequence[Change]) -> Iterator[list[Change]]:
    """Yield the bookings of each trip; a fill that turns a position ends one trip and begins the next."""
    bookings: list[Change] = []
    for change in changes:
        before, after = change.before.quantity, change.after.quantity
        if not before and not after:
            continue
        bookings.append(change)
        if before * after < 0 or not after:
            yield bookings
            bookings = [change] if after else []
    if bookings:
        yield bookings


def _trip(account: int, instrument: int, bookings: list[Change], valuation: Valuation) -> Trip:
    """Sum up one trip."""
    terms = valuation.record.instruments[instrument]
    side = 1 if bookings[0].after.quantity > 0 else -1
    # A trip that begins by turning the one before owns only what that fill opened.
    turned = bookings[0].before.quantity != 0
    start = bookings[0].after if turned else bookings[0].before
    opening, closing = _legs(bookings, side)
    fills = [change.event for change in bookings if isinstance(change.event, Fill)]
    fees: dict[str, int] = {}
    for fill in fills[turned:]:
        if fill.fee:
            asset = fill.fee_asset or terms.settle
            fees[asset] = fees.get(asset, 0) + fill.fee
    end = bookings[-1].after
    best, worst = _excursions(instrument, bookings, start, side, valuation)
    return Trip(
        account=account,
        instrument=instrument,
        side=side,
        opened=bookings[0].event.ts_init,
        closed=bookings[-1].event.ts_init,
        quantity=max(side * change.after.quantity for change in bookings),
        entry=_average(opening, terms.tick_size),
        exit=_average(closing, terms.tick_size),
        pnl=end.realised - start.realised,
        fees=fees,
        funding=end.funding - start.funding,
        best=best,
        worst=worst,
        fills=len(fills),
        open=side * end.quantity > 0,
    )


def _legs(bookings: Sequence[Change], side: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Price (ticks) and lots of what opened a trip and of what closed it; a turning fill belongs to both in part."""
    opening: list[tuple[int, int]] = []
    closing: list[tuple[int, int]] = []
    for event, before, after in bookings:
        if isinstance(event, Fill):
            moved = max(side * after.quantity, 0) - max(side * before.quantity, 0)
            (opening if moved > 0 else closing).append((event.price, abs(moved)))
    return opening, closing


def _average(leg: Sequence[tuple[int, int]], tick: Decimal) -> Decimal | None:
    """Average price (quote per base, to 28 digits) of price (ticks) and lots."""
    lots = sum(quantity for _, quantity in leg)
    return sum(price * quantity for price, quantity in leg) * tick / lots if lots else None


def _excursions(
    instrument: int, bookings: Sequence[Change], start: Position, side: int, valuation: Valuation
) -> tuple[int, int]:
    """Largest and smallest profit of a trip (smallest units of the settlement asset), realised and unrealised."""
    terms = valuation.record.instruments[instrument]
    cells = valuation.record.marks.get(instrument, np.empty((0, 5), np.int64))
    seen = [0]
    for number, (event, _before, after) in enumerate(bookings):
        realised = after.realised - start.realised
        if side * after.quantity <= 0:
            seen.append(realised)
            continue
        if isinstance(event, Fill):
            seen.append(realised + unrealised(after, terms, 2 * event.price))
        until = bookings[number + 1].event.ts_init if number + 1 < len(bookings) else valuation.end
        seen += [
            realised + unrealised(after, terms, mark)
            for mark in _extreme_marks(cells, event.ts_init, until, valuation.record.cell)
        ]
    return max(seen), min(seen)


def _extreme_marks(cells: NDArray[np.int64], since: int, until: int, length: int) -> list[int]:
    """Highest and lowest mark (half ticks) in the cells that begin and end between two moments; none without such."""
    first = int(np.searchsorted(cells[:, END], since + length, side="left"))
    stop = int(np.searchsorted(cells[:, END], until, side="right"))
    if first >= stop:
        return []
    return [int(cells[first:stop, HIGHEST].max()), int(cells[first:stop, LOWEST].min())]
