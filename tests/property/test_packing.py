"""What kernels name is encoded as its events would be; the oracle is msgspec on the events."""

from typing import Any

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tickloom.instruments import Instrument
from tickloom.ledger import Ledger
from tickloom.orders.log import PLAIN, SAID, Logged, Vocabulary
from tickloom_kernels.compiled import log as lg
from tickloom_kernels.compiled import packing
from tickloom_kernels.venue import outcomes as o

LEDGER = Ledger(
    [
        Instrument(symbol="BTCUSDT", base="BTC", quote="USDT", tick_size="0.1", lot_size="0.001"),
        Instrument(symbol="ETHJPY", base="ETH", quote="JPY", tick_size="1", lot_size="0.001"),
    ],
    ["main"],
)
TEXTS = [PLAIN, ("twap", "t" * 40), ("direct", "täg")]
KINDS = [kind for name, kind in vars(lg).items() if name in (
    "SUBMIT_ORDER", "CANCEL_ORDER", "AMEND_ORDER", "ORDER_UPDATE", "FILL", "POSITION_CHANGED", "ACCOUNT_CHANGED"
)]  # fmt: skip

#: Around every size that MessagePack knows.
ints = st.one_of(
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.sampled_from([sign * (1 << bits) + near for bits in (5, 7, 8, 15, 16, 31, 32, 62) for sign in (1, -1)
                     for near in (-1, 0, 1)]),
)  # fmt: skip


@st.composite
def logs(draw: Any) -> list[list[int]]:
    entries = []
    for kind in draw(st.lists(st.sampled_from(KINDS), max_size=12)):
        entry = [draw(ints) for _ in range(lg.ENTRY_WORDS)]
        entry[lg.TYPE_ID] = kind
        if kind == lg.ORDER_UPDATE:
            by = draw(st.sampled_from([lg.BY_VENUE, lg.BY_GATE, *SAID]))
            entry[lg.REASON], entry[lg.REASON_BY] = draw(st.integers(0, len(o.REASONS) - 1)), by
            entries.append(entry)
            if by == lg.BY_GATE:
                entries.append([lg.DETAIL] * lg.FIELDS + [draw(ints) for _ in range(lg.ENTRY_WORDS - lg.FIELDS)])
            continue
        if kind == lg.SUBMIT_ORDER:
            entry[lg.TEXTS], entry[14] = draw(st.integers(0, len(TEXTS) - 1)), draw(st.integers(0, 1))
        elif kind == lg.FILL:
            entry[9], entry[15] = draw(st.integers(0, 1)), draw(st.integers(0, 1))
        elif kind == lg.ACCOUNT_CHANGED:
            entry[7] = draw(st.integers(0, 1))
        entries.append(entry)
    return entries


@given(logs())
def test_entries_are_encoded_as_their_events_are(entries: list[list[int]]) -> None:
    words = Vocabulary(LEDGER)
    assert [words.number(one) for one in TEXTS] == list(range(len(TEXTS)))
    logged = Logged(np.array(entries, np.int64).reshape(-1, lg.ENTRY_WORDS), words, lambda detail: f"limit {detail}")
    count, packed = logged.packed()
    events = list(logged)
    assert count == len(events) == len(logged)
    assert packed == b"".join(msgspec.msgpack.encode((*name, event.TYPE_ID, event)) for *name, event in events)


@given(ints)
def test_an_int_takes_as_few_bytes_as_it_can(value: int) -> None:
    out = np.zeros(9, np.uint8)
    assert out[: packing.put_int(out, 0, np.int64(min(max(value, -(1 << 63)), (1 << 63) - 1)))].tobytes() == (
        msgspec.msgpack.encode(value)
    )
