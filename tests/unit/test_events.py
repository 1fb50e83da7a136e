"""Events and their records: kernels and Python must mean the same word, and every kind must survive its encoding."""

from typing import Any, get_type_hints

import msgspec
import numpy as np
import pytest

from tickloom.events import KINDS, MARKET_KINDS, Event, Market, record_dtype
from tickloom_kernels import rows

# Which constants of the kernels name the words of which kind, written down by hand: the prefix, and where the field's
# name is not the constant's.
WORDS_OF = {
    "Trade": ("TRADE", {"trade_id": "ID"}),
    "Quote": ("QUOTE", {}),
    "BookDelta": ("DELTA", {}),
    "Bar": ("BAR", {}),
}

ONE_OF: dict[Any, Any] = {int: -(2**62), float: 0.1, str: "tick|é", bool: True, tuple[float, ...]: (0.5, -1e300)}

KIND_NAMES = [kind.__name__ for kind in KINDS.values()]


def declared(root: type[Event]) -> list[type[Event]]:
    """Every kind below ``root``, without the classes that only group others."""
    below = [kind for child in root.__subclasses__() for kind in (declared(child) or [child])]
    return [kind for kind in below if kind.__module__ == Event.__module__]


def example(kind: type[Event]) -> Event:
    hints = get_type_hints(kind)
    return kind(*(ONE_OF[hints[field]] for field in kind.__struct_fields__))


def test_every_declared_kind_has_a_type_id_of_its_own() -> None:
    ids = [kind.TYPE_ID for kind in declared(Event)]
    assert len(set(ids)) == len(ids)
    assert 0 not in ids
    assert set(ids) == set(KINDS)


def test_every_kind_names_a_topic_without_the_bar_that_ends_one() -> None:
    assert [kind.__name__ for kind in KINDS.values() if not kind.TOPIC or "|" in kind.TOPIC] == []


def test_market_kinds_are_the_ones_whose_type_id_the_kernels_know() -> None:
    names = {
        "Trade": rows.TRADE,
        "Quote": rows.QUOTE,
        "BookDelta": rows.BOOK_DELTA,
        "Bar": rows.BAR,
        "MarkPrice": rows.MARK_PRICE,
        "FundingRate": rows.FUNDING_RATE,
        "InstrumentStatus": rows.INSTRUMENT_STATUS,
        "Liquidation": rows.LIQUIDATION,
        "SourceStatus": rows.SOURCE_STATUS,
        "KillSwitch": rows.KILL_SWITCH,
    }
    assert {kind.__name__: number for number, kind in MARKET_KINDS.items()} == names


@pytest.mark.parametrize("kind", MARKET_KINDS.values(), ids=lambda kind: kind.__name__)
def test_first_words_of_a_market_row_are_time_time_and_instrument(kind: type[Market]) -> None:
    dtype = record_dtype(kind)
    offsets = {name: dtype.fields[name][1] for name in dtype.names or ()} if dtype.fields else {}
    assert offsets["ts_init"] == 8 * rows.TS_INIT
    assert offsets["ts_event"] == 8 * rows.TS_EVENT
    assert offsets["instrument"] == 8 * rows.INSTRUMENT
    assert min(offset for name, offset in offsets.items() if name not in Market.__struct_fields__) == 8 * rows.PAYLOAD


@pytest.mark.parametrize("kind", MARKET_KINDS.values(), ids=lambda kind: kind.__name__)
def test_fields_of_a_market_kind_leave_the_last_word_to_its_type_id(kind: type[Market]) -> None:
    dtype = record_dtype(kind)
    assert dtype.itemsize == 8 * rows.WORDS
    assert len(kind.__struct_fields__) <= rows.KIND
    assert rows.KIND == rows.WORDS - 1


@pytest.mark.parametrize("name", WORDS_OF)
def test_kernels_read_the_word_that_the_kind_declares(name: str) -> None:
    (kind,) = (kind for kind in MARKET_KINDS.values() if kind.__name__ == name)
    prefix, renamed = WORDS_OF[name]
    fields = kind.__struct_fields__[rows.PAYLOAD :]
    expected = {f"{prefix}_{renamed.get(field, field.upper())}": rows.PAYLOAD + i for i, field in enumerate(fields)}
    known = {constant: value for constant, value in vars(rows).items() if constant.startswith(f"{prefix}_")}
    assert known == expected


@pytest.mark.parametrize("kind", MARKET_KINDS.values(), ids=lambda kind: kind.__name__)
def test_row_of_int64_words_is_the_record_and_the_event(kind: type[Market]) -> None:
    # Eleven different words: two fields that changed places would show.
    row = np.arange(101, 101 + rows.WORDS, dtype=np.int64).reshape(1, rows.WORDS)
    count = len(kind.__struct_fields__)
    record = row.view(record_dtype(kind))[0, 0]
    event = kind(*row[0, :count].tolist())
    assert record.item()[:count] == msgspec.structs.astuple(event) == tuple(range(101, 101 + count))


@pytest.mark.parametrize("name", KIND_NAMES)
def test_event_comes_back_from_msgpack_as_it_went(name: str) -> None:
    (kind,) = (kind for kind in KINDS.values() if kind.__name__ == name)
    event = example(kind)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(event), type=kind) == event


@pytest.mark.parametrize("name", KIND_NAMES)
def test_encoded_event_is_an_array_of_its_fields_in_order(name: str) -> None:
    (kind,) = (kind for kind in KINDS.values() if kind.__name__ == name)
    event = example(kind)
    plain = msgspec.msgpack.decode(msgspec.msgpack.encode(event))
    assert plain == [list(v) if isinstance(v, tuple) else v for v in msgspec.structs.astuple(event)]


def test_event_cannot_be_changed() -> None:
    event = example(KINDS[rows.TRADE])
    with pytest.raises(AttributeError, match="immutable"):
        event.ts_init = 0  # type: ignore[attr-defined]
