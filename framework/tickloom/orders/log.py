"""What kernels have named of the outcome stream, in words; it becomes events when somebody looks."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import attrs
import msgspec
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
from tickloom_kernels.compiled import packing as p
from tickloom_kernels.venue import outcomes as o

if TYPE_CHECKING:
    from tickloom.engine.stream import Name, Named

Rows = NDArray[np.int64]
#: Makes the text of a refusal of the numbers behind it.
Explain = Callable[[Sequence[int]], str]
#: Algorithm and tag of an order.
Texts = tuple[str, str]

#: What an order has that says nothing else.
PLAIN: Texts = ("direct", "")
_ENTRIES = 1024
_encode = msgspec.msgpack.Encoder().encode
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
    words : Vocabulary
        What entries refer to.
    explain : callable
        What a refusal of the gate says, where kernels have written such.
    """

    log: Rows
    words: "Vocabulary"
    explain: Explain = str

    @property
    def first(self) -> "Name":
        """Name of the first event."""
        row, sub = self.log[0, :2].tolist()
        return row, sub

    def __len__(self) -> int:
        return int(np.count_nonzero(self.log[:, lg.TYPE_ID] != lg.DETAIL))

    def __getitem__(self, index: Any) -> Any:
        return list(self)[index]

    def __iter__(self) -> "Iterator[Named]":
        entries: list[list[Any]] = self.log.tolist()
        assets, texts = self.words.assets, self.words.orders
        event: Event
        # In one piece and with words by their number: an observer of single events makes every one of them.
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
                event = _fill(*e[5:15], assets[e[9]], e[15] == 1)
            elif kind == lg.POSITION_CHANGED:
                event = PositionChanged(*e[5:11])
            elif kind == lg.ACCOUNT_CHANGED:
                event = AccountChanged(e[5], e[6], assets[e[7]], e[8])
            elif kind == lg.AMEND_ORDER:
                event = AmendOrder(*e[5:9])
            else:
                continue
            yield (e[0], e[1], e[2], e[3], event)

    def packed(self) -> tuple[int, bytes]:
        """Return how many events these are, and each encoded as (row, sub, cause row, cause sub, type id, event)."""
        log, table = self.log, self.words.table()
        out = np.empty(len(log) * (p.MOST_BYTES + self.words.longest), np.uint8)
        parts, count, at = [], 0, 0
        while at < len(log):
            at, more, size = p.pack(log, at, _LAYOUTS, *table, out)
            parts.append(out[:size].tobytes())
            count += more
            if at < len(log):
                # What the gate says is none of the words.
                ((*name, event),) = Logged(log[at : at + 2], self.words, self.explain)
                parts.append(_encode((*name, event.TYPE_ID, event)))
                count, at = count + 1, at + 2
        return count, b"".join(parts)

    def _reason(self, by: int, place: int) -> str:
        """Say why we have refused; the numbers that the gate compared stand behind the entry."""
        return self.explain(self.log[place + 1, lg.FIELDS :].tolist()) if by == lg.BY_GATE else SAID[by]


@attrs.frozen(eq=False)
class Mixed(Sequence["Named"]):
    """What Python named in a turn and what kernels did in between, put in order when somebody looks.

    Attributes
    ----------
    named : list of Named
    parts : sequence of Logged
        Both in the order of their names.
    """

    named: "list[Named]"
    parts: Sequence[Logged]

    @property
    def first(self) -> "Name":
        """Name of the first event."""
        return min(self.named[0][:2], *(part.first for part in self.parts)) if self.named else self.parts[0].first

    def __len__(self) -> int:
        return len(self.named) + sum(map(len, self.parts))

    def __getitem__(self, index: Any) -> Any:
        return list(self)[index]

    def __iter__(self) -> "Iterator[Named]":
        return iter(sorted(chain(self.named, *self.parts)))


def _layout(kind: type[Event], *steps: int) -> Rows:
    """Lay out the fields of a kind, the steps that make each of its word."""
    row = np.zeros(p.LAYOUT_WORDS, np.int64)
    row[p.COUNT], row[p.STEPS] = len(kind.__struct_fields__), len(steps)
    row[p.FIRST_STEP : p.FIRST_STEP + len(steps)] = steps
    return row


def _layouts() -> Rows:
    """Lay out all kinds, by type id; what `Logged` makes of the same words are their events."""
    of = {what: what * p.STEP for what in (p.INT, p.FLAG, p.REASON, p.ASSET, p.TEXTS)}
    layouts = np.zeros((lg.ACCOUNT_CHANGED + 1, p.LAYOUT_WORDS), np.int64)
    for kind, steps in (
        (SubmitOrder, [*range(5, 14), of[p.FLAG] + 14, 15, 16, of[p.TEXTS] + lg.TEXTS]),
        (CancelOrder, [5, 6]),
        (AmendOrder, [*range(5, 9)]),
        (OrderUpdate, [*range(5, 14), of[p.REASON] + lg.REASON]),
        (Fill, [*range(5, 15), of[p.ASSET] + 9, of[p.FLAG] + 15]),
        (PositionChanged, [*range(5, 11)]),
        (AccountChanged, [5, 6, of[p.ASSET] + 7, 8]),
    ):
        layouts[kind.TYPE_ID] = _layout(kind, *steps)
    return layouts


_LAYOUTS = _layouts()

#: What a refusal says that is none of the limits'.
SAID = {lg.NO_SUCH_ORDER: NO_SUCH_ORDER, lg.IS_OVER: IS_OVER, lg.KILLED: KILLED}


class Vocabulary:
    """The texts that entries refer to by number.

    Attributes
    ----------
    assets : sequence of str
        Settlement asset by instrument.
    orders : list of (algorithm, tag)
    """

    def __init__(self, ledger: Ledger) -> None:
        self.assets: Sequence[str] = [one.settle for one in ledger.instruments]
        self.orders = [PLAIN]
        self._numbers = {PLAIN: 0}
        self._table: tuple[Rows, Rows, NDArray[np.uint8]] | None = None
        #: Bytes of the longest text.
        self.longest = 0

    def number(self, texts: Texts) -> int:
        """Return the number of the texts of an order."""
        number = self._numbers.setdefault(texts, len(self.orders))
        if number == len(self.orders):
            self.orders.append(texts)
            self._table = None
        return number

    def table(self) -> tuple[Rows, Rows, NDArray[np.uint8]]:
        """Return all texts encoded, as `tickloom_kernels.compiled.packing.pack` takes them."""
        if self._table is None:
            orders = [_encode(algorithm) + _encode(tag) for algorithm, tag in self.orders]
            refusals = ["", "", *(SAID[by] for by in sorted(SAID))]
            sorts = [[*map(_encode, o.REASONS)], [*map(_encode, self.assets)], orders, [*map(_encode, refusals)]]
            texts = [text for one in sorts for text in one]
            begins = np.cumsum([0, *map(len, sorts[:-1])])
            bounds = np.cumsum([0, *map(len, texts)])
            self._table = begins, bounds, np.frombuffer(b"".join(texts), np.uint8)
            self.longest = max(map(len, texts))
        return self._table


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
        self.words = Vocabulary(ledger)
        self._parts: list[Logged] = []

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
            self._parts.append(Logged(self.rows[:count].copy(), self.words))
            self.head[lg.LOGGED] = 0
