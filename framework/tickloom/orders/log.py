"""What kernels have named of the outcome stream, in words; it becomes events when somebody looks."""

from collections.abc import Callable, Iterator, Sequence
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
#: Makes the text of a refusal of the numbers behind it.
Explain = Callable[[Sequence[int]], str]
#: Algorithm and tag of an order.
Texts = tuple[str, str]

#: What an order has that says nothing else.
PLAIN: Texts = ("direct", "")
_ENTRIES = 1024
# Made of words whose number a type checker cannot see.
_submit: Callable[..., Event] = SubmitOrder
_update: Callable[..., Event] = OrderUpdate
_fill: Callable[..., Event] = Fill


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
        entries: list[list[Any]] = self.log.tolist()
        instruments, texts = self.ledger.instruments, self.texts
        event: Event
        # In one piece and with words by their number: a journal makes an event of every one of them.
        for n, e in enumerate(entries):
            kind = e[4]
            if kind == lg.ORDER_UPDATE:
                reason = o.REASONS[e[14]] if e[15] == lg.BY_VENUE else self._reason(e[15], n)
                event = _update(*e[5:14], reason)
            elif kind == lg.SUBMIT_ORDER:
                event = _submit(*e[5:14], e[14] == 1, e[15], e[16], *texts[e[17]])
            elif kind == lg.CANCEL_ORDER:
                event = CancelOrder(e[5], e[6])
            elif kind == lg.FILL:
                event = _fill(*e[5:15], instruments[e[9]].settle, e[15] == 1)
            elif kind == lg.POSITION_CHANGED:
                event = PositionChanged(*e[5:11])
            elif kind == lg.ACCOUNT_CHANGED:
                event = AccountChanged(e[5], e[6], instruments[e[7]].settle, e[8])
            elif kind == lg.AMEND_ORDER:
                event = AmendOrder(*e[5:9])
            else:
                continue
            yield (e[0], e[1], e[2], e[3], event)

    def _reason(self, by: int, place: int) -> str:
        """Say why we have refused; the numbers that the gate compared stand behind the entry."""
        return self.explain(self.log[place + 1, lg.FIELDS :].tolist()) if by == lg.BY_GATE else SAID[by]


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
