"""The journal of a run as a reader sees it: what it consisted of, what happened, and how it ended, if it has."""

from collections.abc import Container, Iterator
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

import attrs
import msgspec
import numpy as np

from tickloom.errors import TickloomError
from tickloom.events import KINDS, Event, Features, Fill, Funding
from tickloom.ledger import Ledger
from tickloom.record import Entry, RunRecord
from tickloom.storage import layout, manifest
from tickloom.storage.environment import Environment
from tickloom.storage.layout import ABOUT, HISTORY, INPUTS, OUTCOMES, End, Given, Progress, Summary
from tickloom.storage.manifest import Manifest

if TYPE_CHECKING:
    from tickloom.interfaces import Source

_Read = TypeVar("_Read")

#: Bytes of rows that a source made from the journal hands over at once, at least.
_PIECE = 1 << 21

_blocks = msgspec.msgpack.Decoder(list[msgspec.Raw])
_entry = msgspec.msgpack.Decoder(tuple[int, int, int, int, int, msgspec.Raw])
_events = {number: msgspec.msgpack.Decoder(kind) for number, kind in KINDS.items()}


def decode(entry: bytes) -> Entry:
    """Make an entry of the outcome stream of its bytes."""
    row, sub, cause_row, cause_sub, number, event = _entry.decode(entry)
    return Entry(row, sub, cause_row, cause_sub, _events[number].decode(event))


def decode_one_of(entry: bytes, kinds: Container[int]) -> Entry | None:
    """Make an entry of its bytes, unless its event is of none of these kinds (type ids): then look no further."""
    row, sub, cause_row, cause_sub, number, event = _entry.decode(entry)
    return Entry(row, sub, cause_row, cause_sub, _events[number].decode(event)) if number in kinds else None


class JournalReader:
    """Reads one journal, also while it is being written. Use it as a context: leaving it closes the files.

    Parameters
    ----------
    folder : Path
        The folder ``journal`` of a run.
    environment : Environment, optional
        The writer's own, for a reader in the same process: LMDB allows no second one there.

    Raises
    ------
    TickloomError
        There is no journal, or what is there cannot be read.
    """

    def __init__(self, folder: Path, environment: Environment | None = None) -> None:
        self._folder = folder
        self._owned = environment is None
        self._environment = environment or Environment(folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._owned:
            self._environment.close()

    # --- about the run -----------------------------------------------------------------------------------------------

    @property
    def begun(self) -> bool:
        """Whether the run came as far as its manifest."""
        return self._environment.get(ABOUT, layout.MANIFEST) is not None

    @cached_property
    def manifest(self) -> Manifest:
        """What the run consists of."""
        text = self._environment.get(ABOUT, layout.MANIFEST)
        if text is None:
            raise TickloomError(f"{self._folder}: no manifest in it; the run was stopped before it began")
        try:
            return manifest.load(text)
        except TickloomError as error:
            raise TickloomError(f"{self._folder}: {error}") from error

    @property
    def progress(self) -> Progress:
        """How far the run has come."""
        return self._about(layout.PROGRESS, Progress) or Progress(0, 0, 0, {})

    @property
    def end(self) -> End | None:
        """How the run ended; None while it runs, and of one that could not say."""
        return self._about(layout.END, End)

    def _about(self, key: bytes, kind: type[_Read]) -> _Read | None:
        value = self._environment.get(ABOUT, key)
        with self._damage():
            return None if value is None else msgspec.msgpack.decode(value, type=kind)

    # --- the outcome stream ------------------------------------------------------------------------------------------

    def entries(self, row: int = -1, sub: int = 0) -> Iterator[bytes]:
        """Yield the entries of the outcome stream from the name (row, sub) on, each as it was encoded.

        `decode` makes an `Entry` of one. Those that are committed meanwhile follow.
        """
        sought = layout.outcome_key(0, row, sub)
        before = self._environment.last_before(OUTCOMES, sought)
        skipping = before is not None and before[0] != sought
        for _, block in self._environment.items(OUTCOMES, before[0] if before else sought):
            with self._damage():
                parts = [bytes(one) for one in _blocks.decode(block)]
            if skipping:
                with self._damage():
                    parts = [one for one in parts if tuple(_entry.decode(one)[:2]) >= (row, sub)]
                skipping = False
            yield from parts

    def entry(self, row: int, sub: int) -> Entry | None:
        """Return the event with a name, or None."""
        first = next(self.entries(row, sub), None)
        if first is None:
            return None
        found = self._decoded(first)
        return found if found[:2] == (row, sub) else None

    def last_entry(self) -> Entry | None:
        """Return the last event that was committed, or None."""
        found = self._environment.last_before(OUTCOMES, b"\xff" * 16)
        if found is None:
            return None
        with self._damage():
            return decode(bytes(_blocks.decode(found[1])[-1]))

    def _decoded(self, entry: bytes) -> Entry:
        with self._damage():
            return decode(entry)

    # --- inputs ------------------------------------------------------------------------------------------------------

    def source(self, name: str) -> "Source":
        """Return a source that gives the rows which the journal holds of the source of this name."""
        # Imported here: what only lists runs needs no engine.
        from tickloom.storage.inputs import Recorded

        index = list(self.manifest.inputs).index(name)
        given = self.progress.sources.get(name, Given(0, 0, ""))
        return Recorded(
            self.manifest.inputs[name],
            partial(self._rows, index),
            given.rows,
            given.watermark,
            given.fault,
            partial(self._told, index),
        )

    def _told(self, source: int, instrument: int, until: int, rows: int) -> bytes | None:
        """Return what a source said of the past when it was asked just this; None where it did not say."""
        return self._environment.get(HISTORY, layout.history_key(source, instrument, until, rows))

    def _rows(self, source: int) -> Iterator[bytes]:
        """Yield the rows of a source in pieces of some size."""
        piece: list[bytes] = []
        end = layout.input_key(source + 1, 0)
        for key, block in self._environment.items(INPUTS, layout.input_key(source, 0)):
            if key >= end:
                break
            piece.append(block)
            if len(piece) * len(block) >= _PIECE:
                yield b"".join(piece)
                piece.clear()
        if piece:
            yield b"".join(piece)

    # --- the record of a run that has ended ---------------------------------------------------------------------------

    def record(self) -> RunRecord | None:
        """Make the record of the run again, the same that it had at its end; None where it was not sealed."""
        end, summary = self.end, self._about(layout.SUMMARY, Summary)
        if end is None or summary is None:
            return None
        tables = self.manifest.tables
        every = map(self._decoded, self.entries())
        entries = [entry for entry in every if type(entry.event) is not Features]
        ledger = Ledger(tables.instruments, tables.accounts, [tables.venues[venue] for venue in tables.account_venues])
        for (account, asset), units in tables.deposits.items():
            ledger.deposit(account, asset, units)
        for entry in entries:
            _book(ledger, entry.event)
        return RunRecord(
            **attrs.asdict(tables, recurse=False),
            entries=entries,
            marks={i: np.frombuffer(cells, "<i8").reshape(-1, 5) for i, cells in summary.marks.items()},
            cell=summary.cell,
            arrivals=summary.arrivals,
            ledger=ledger,
            rows=summary.rows,
            bad_inputs={(source, reason): count for source, reason, count in summary.bad_inputs},
            first=summary.first,
            last=summary.last,
            notes=summary.notes,
            status=end.status,
        )

    @contextmanager
    def _damage(self) -> Iterator[None]:
        """Say in one line that what is read is no journal's content."""
        try:
            yield
        except (msgspec.MsgspecError, KeyError, ValueError) as error:
            raise TickloomError(f"{self._folder} is damaged: {error}") from error


def _book(ledger: Ledger, event: Event) -> None:
    """Book what moved money."""
    if isinstance(event, Fill):
        ledger.fill(
            event.account, event.instrument, event.side, event.price, event.quantity, event.fee, event.fee_asset
        )
    elif isinstance(event, Funding):
        ledger.funding(event.account, event.instrument, event.amount)
