"""Binance's rules by which differences of a book continue a snapshot, and each other.

Source: "How to manage a local order book correctly" of the exchange's documentation, for spot and for futures.
"""

from enum import Enum

from tickloom_plugins.dialects.binance import Difference


class Verdict(Enum):
    """What the rules of sequence say about a `Difference`."""

    #: It continues the book.
    NEXT = 1
    #: There is no book yet that it could continue: keep it until a snapshot comes.
    WAIT = 2
    #: The snapshot already holds it.
    OLD = 3
    #: It has been applied before.
    REPEATED = 4
    #: At least one update before it is missing.
    GAP = 5


class Sequence:
    """The venue's rules by which differences continue a snapshot and each other.

    Spot: drop those with ``last <= snapshot``; the first one applied has ``first <= snapshot + 1 <= last``; from then
    on ``first`` is the previous ``last`` + 1. Futures: drop those with ``last < snapshot``; the first one applied has
    ``first <= snapshot <= last``; from then on ``previous`` is the previous ``last``.

    Parameters
    ----------
    futures : bool
        Whose rules.
    """

    def __init__(self, futures: bool) -> None:
        self._futures = futures
        self._last: int | None = None
        self._fresh = False

    @property
    def whole(self) -> bool:
        """Whether there is a book, with nothing missing so far."""
        return self._last is not None

    def start(self, last: int) -> None:
        """Begin with a snapshot that holds everything up to update ``last``."""
        self._last, self._fresh = last, True

    def judge(self, difference: Difference) -> Verdict:
        """Say what to do with the next difference; after GAP there is no book until `start`."""
        if self._last is None:
            return Verdict.WAIT
        if difference.last < self._last or (difference.last == self._last and not (self._futures and self._fresh)):
            return Verdict.OLD if self._fresh else Verdict.REPEATED
        if not self._continues(difference, self._last):
            self._last = None
            return Verdict.GAP
        self._last, self._fresh = difference.last, False
        return Verdict.NEXT

    def _continues(self, difference: Difference, last: int) -> bool:
        """Tell whether nothing is missing between update ``last`` and a difference that ends later."""
        if self._futures:
            return difference.previous == last or (self._fresh and difference.first <= last)
        return difference.first == last + 1 or (self._fresh and difference.first <= last)
