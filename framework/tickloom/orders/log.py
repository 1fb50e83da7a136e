"""What kernels have named of the outcome stream, in words; it becomes events when somebody looks."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from numpy.typing import NDArray

from tickloom.events import (
    AccountChanged,
    AmendOrder,
    CancelOrder,
    Event,
    Fill,
    OrderUpdate,
    PositionChanged,
    SubmitOrder,
)
from tickloom.ledger import Ledger
from tickloom.orders.gate import IS_OVER, KILLED, NO_SUCH_ORDER
from tickloom_kernels.compiled import log as lg
from tickloom_kernels.venue import outcomes as o

if TYPE_CHECKING:
    from tickloom.engine.stream import Named

Rows = NDArray[np.int64]
Column = list[int]
#: Makes the text of a refusal of the numbers behind it.
Explain = Callable[[Sequence[int]], str]
#: Algorithm and tag of an order.
Texts = tuple[str, str]

#: What an order has that says nothing else.
PLAIN: Texts = ("direct", "")
_ENTRIES = 1024
# Made of words whose number a type checker cannot see.
_make: dict[int, Callable[..., Event]] = {
    kind.TYPE_ID: kind
    for kind in (SubmitOrder, CancelOrder, AmendOrder, OrderUpdate, Fill, PositionChanged, AccountChanged)
}
#: Words of those that are made of words only.
_WIDTHS = {lg.CANCEL_ORDER: 2, lg.AMEND_ORDER: 4, lg.POSITION_CHANGED: 6}


@attrs.frozen(eq=False)
class Logged(Sequence["Named"]):
    """A stretch of the outcome stream as kernels wrote it; its events are made when they are asked for.

    Attributes
    ----------
    log : int64, shape (n, ENTRY_WORDS)
        `tickloom_kernels.compiled.log`.
    texts : sequence of (algorithm, tag)
        What orders refer to.
    explain : callable
        What a refusal of the gate says, where kernels have written such.
    """

    log: Rows
    ledger: Ledger
    texts: Sequence[Texts] = (PLAIN,)
    explain: Explain = str

    def __len__(self) -> int:
        return int(np.count_nonzero(self.log[:, lg.TYPE_ID] != lg.DETAIL))

    def __getitem__(self, index: Any) -> Any:
        return list(self)[index]

    def __iter__(self) -> "Iterator[Named]":
        numbers = self.log[:, lg.TYPE_ID]
        kinds = set(numbers.tolist())
        events: list[Any] = [None] * len(numbers)
        # Kind by kind, a column at a time: an event costs a third of what it does by itself.
        for kind in kinds - {lg.DETAIL}:
            places = np.flatnonzero(numbers == kind)
            columns = self.log[places, lg.FIELDS :].T.tolist()
            for place, event in zip(places.tolist(), self._events(kind, columns, places), strict=True):
                events[place] = event
        named = zip(*self.log[:, : lg.TYPE_ID].T.tolist(), events, strict=True)
        return (one for one in named if one[4] is not None) if lg.DETAIL in kinds else named

    def _events(self, kind: int, f: list[Column], places: Rows) -> Iterable[Event]:
        """Make the events of one kind of the columns of their fields."""
        make, instruments = _make[kind], self.ledger.instruments
        if kind == lg.SUBMIT_ORDER:
            algorithms, tags = zip(*[self.texts[n] for n in f[12]], strict=True)
            return map(make, *f[:9], map(bool, f[9]), *f[10:12], algorithms, tags)
        if kind == lg.ORDER_UPDATE:
            return map(make, *f[:9], map(self._reason, f[10], f[9], places.tolist()))
        if kind == lg.FILL:
            return map(make, *f[:10], [instruments[i].settle for i in f[4]], map(bool, f[10]))
        if kind == lg.ACCOUNT_CHANGED:
            return map(make, *f[:2], [instruments[i].settle for i in f[2]], f[3])
        return map(make, *f[: _WIDTHS[kind]])

    def _reason(self, by: int, number: int, place: int) -> str:
        if by == lg.BY_VENUE:
            return o.REASONS[number]
        if by == lg.BY_GATE:
            # The numbers stand behind it.
            return self.explain(self.log[place + 1, lg.FIELDS :].tolist())
        return SAID[by]


#: What a refusal says that is none of the limits'.
SAID = {lg.NO_SUCH_ORDER: NO_SUCH_ORDER, lg.IS_OVER: IS_OVER, lg.KILLED: KILLED}


class Log:
    """Room for what kernels name, which is shown with what Python has named in between.

    Attributes
    ----------
    rows, head : int64
        For kernels: entries, and `tickloom_kernels.compiled.log`'s head.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.rows = np.zeros((_ENTRIES, lg.ENTRY_WORDS), np.int64)
        self.head = np.zeros(lg.STREAM_SUB + 1, np.int64)
        self._ledger = ledger
        self._numbers = {PLAIN: 0}
        self._texts = [PLAIN]
        self._parts: list[Logged] = []

    def number(self, texts: Texts) -> int:
        """Return the number of the texts of an order."""
        number = self._numbers.setdefault(texts, len(self._texts))
        if number == len(self._texts):
            self._texts.append(texts)
        return number

    def make_room(self, count: int) -> None:
        """Make room for so many entries."""
        if self.head.item(lg.LOGGED) + count > len(self.rows):
            self.cut()

    def take(self) -> Sequence[Logged]:
        """Return what has been logged since the last time."""
        self.cut()
        parts, self._parts = self._parts, []
        return parts

    def cut(self) -> None:
        """Put what has been logged aside."""
        count = self.head.item(lg.LOGGED)
        if count:
            self._parts.append(Logged(self.rows[:count].copy(), self._ledger, self._texts))
            self.head[lg.LOGGED] = 0
