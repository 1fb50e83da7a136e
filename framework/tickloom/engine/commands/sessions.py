"""Sessions with venues: the lines to them, and how several come to the same row."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickloom.interfaces import Venue
from tickloom_kernels.orders import line as ln

Rows = NDArray[np.int64]

FOREVER = ln.FOREVER
#: What kernels do in place of a venue in flat state.
_REPLACED = ("flat", "arrive", "advance", "commit")


class Session:
    """One venue and the two lines to it.

    Parameters
    ----------
    lines : tuple of int64 arrays
        Out and back, as `tickloom.interfaces.Venue.open` gave them.
    """

    def __init__(self, name: str, venue: Venue, lines: tuple[Rows, Rows]) -> None:
        self.name = name
        self.venue = venue
        self.out, self.back = lines
        #: The arrays that are the venue, where kernels may take commands to it in its place.
        self.flat: tuple[Rows, Rows, Rows] | None = _flat(venue)
        #: What the road and the desk lend to kernels for it (`tickloom_kernels.lending`), and the arrays that they do.
        self.lent: tuple[Rows, tuple[Rows, ...]] | None = None
        self.lent_out: tuple[Rows, tuple[Rows, ...]] | None = None


def _flat(venue: Any) -> tuple[Rows, Rows, Rows] | None:
    """Return the arrays that are a venue; of one that does some of it in its own way they are not all."""
    of = {next((one for one in type(venue).__mro__ if name in vars(one)), None) for name in _REPLACED}
    return venue.flat() if len(of) == 1 and None not in of else None


def advance(
    sessions: Sequence[Session], rows: Rows, start: int, limit: int, ts_next: int
) -> tuple[int, Sequence[Session]]:
    """Run the venues ahead to the first row at which one of them has an outcome, all to the same row.

    Returns
    -------
    tuple of int and sequence of Session
        The row stopped at, and who has an outcome there.
    """
    if len(sessions) == 1:
        venue = sessions[0].venue
        if limit > start + 1:
            # A single row is never taken back.
            venue.checkpoint()
        return venue.advance(rows, start, limit, ts_next), sessions if venue.pending else ()
    for session in sessions:
        session.venue.checkpoint()
    stops = [session.venue.advance(rows, start, limit, ts_next) for session in sessions]
    stop = min(stops, default=limit)
    hit = [s for s, at in zip(sessions, stops, strict=True) if at == stop and s.venue.pending]
    for session, at in zip(sessions, stops, strict=True):
        if at > stop:
            session.venue.rollback()
            session.venue.advance(rows, start, stop + 1 if hit else stop, FOREVER)
        elif hit and not session.venue.pending:
            session.venue.advance(rows, stop, stop + 1, FOREVER)
    return stop, [session for session in sessions if hit and session.venue.pending]


def first(sessions: Sequence[Session], ts: int, line: str) -> Session | None:
    """Session on whose line something is due at a time; of several, whose was scheduled first."""
    found: Session | None = None
    for one in sessions:
        at = getattr(one, line)
        if at.item(ln.DUE) <= ts and (found is None or at.item(ln.NUMBER) < getattr(found, line).item(ln.NUMBER)):
            found = one
    return found
