"""The format of a journal: its tables, its keys, and what stands in it besides the manifest, the events and the rows.

Apart from the writer, so that listing runs need not load the engine. `docs/reference/journal.md` describes it.
"""

import struct

import msgspec

#: Tables of the environment.
ABOUT, OUTCOMES, INPUTS, HISTORY = "about", "outcomes", "inputs", "history"
#: Keys of the table `ABOUT`.
MANIFEST, PROGRESS, END, SUMMARY = b"manifest", b"progress", b"end", b"summary"

_OUTCOME_KEY = struct.Struct(">IQI")
_INPUT_KEY = struct.Struct(">IQ")
_HISTORY_KEY = struct.Struct(">IIqQ")


class Given(msgspec.Struct, frozen=True):
    """How far a source has come: rows it gave, its last promise (UNIX ns, UTC), and why it gave up, or empty."""

    rows: int
    watermark: int
    fault: str


class Progress(msgspec.Struct, frozen=True):
    """How far a run has come: rows it consumed, ``ts_init`` of the first and last of them, and of each source."""

    rows: int
    first: int
    last: int
    sources: dict[str, Given]


class End(msgspec.Struct, frozen=True):
    """How a run ended, and when by the wall clock (ISO 8601, UTC)."""

    status: str
    at: str


class Summary(msgspec.Struct, frozen=True):
    """What a report needs and the outcome stream does not hold: fields of `RunRecord`, with marks as bytes."""

    marks: dict[int, bytes]
    cell: int
    arrivals: dict[int, int]
    rows: dict[str, int]
    bad_inputs: list[tuple[str, str, int]]
    first: int
    last: int
    notes: list[str]


def outcome_key(epoch: int, row: int, sub: int) -> bytes:
    """Key of an event: big-endian, so that keys sort like names; what precedes the first row has row -1."""
    return _OUTCOME_KEY.pack(epoch, row + 1, sub)


def input_key(source: int, row: int) -> bytes:
    """Key of a block of a source's rows by the number of its first row, counted from 0 for each source."""
    return _INPUT_KEY.pack(source, row)


def history_key(source: int, instrument: int, until: int, rows: int) -> bytes:
    """Key of what a source said of the past: what it was asked (`tickloom.engine.wiring.warm.Historical.history`)."""
    return _HISTORY_KEY.pack(source, instrument, until, rows)
