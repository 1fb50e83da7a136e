"""Several sources, one order of rows: what may be released when, by hand on a few rows at times 1, 2, 3."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from tickloom.engine.merge import FOREVER, Feed, merged
from tickloom_kernels import rows as r

#: A chunk as a test writes it: times of its rows, and its watermark.
Chunk = tuple[list[int], int]
#: (time, source) of a row.
Mark = tuple[int, int]


def rows_at(times: Sequence[int], source: int, kind: int = r.TRADE) -> np.ndarray:
    """Make rows that say in their price which source they are from, and in their quantity which of its rows."""
    rows = np.zeros((len(times), r.WORDS), np.int64)
    rows[:, r.TS_INIT] = times
    rows[:, r.TRADE_PRICE] = source
    rows[:, r.KIND] = kind
    return rows


def feeds(*sources: list[Chunk]) -> list[Feed]:
    return [
        Feed(iter([(rows_at(times, source), watermark) for times, watermark in chunks]), source, [0], [])
        for source, chunks in enumerate(sources)
    ]


def released(*sources: list[Chunk]) -> list[list[Mark]]:
    """Return (time, source) of the rows of each turn, turns without rows left out."""
    turns = [rows[:, [r.TS_INIT, r.TRADE_PRICE]].tolist() for rows, _ in merged(feeds(*sources))]
    return [[(ts, source) for ts, source in turn] for turn in turns if turn]


def flat(*sources: list[Chunk]) -> list[Mark]:
    return [mark for turn in released(*sources) for mark in turn]


def test_rule_04_equal_times_keep_the_order_of_the_sources():
    assert flat([([1, 2, 2], 9)], [([2, 2, 3], 9)], [([1, 2], 9)]) == [
        (1, 0), (1, 2), (2, 0), (2, 0), (2, 1), (2, 1), (2, 2), (3, 1)
    ]  # fmt: skip


def test_rule_04_a_row_waits_for_every_earlier_source_to_pass_its_time():
    """Source 0 has promised 2: it may still bring a row at 2, which comes before the one that waits in source 1."""
    turns = released([([1], 2), ([2], 5)], [([2], 5)])
    assert turns == [[(1, 0)], [(2, 0), (2, 1)]]


def test_rule_04_a_row_need_not_wait_for_a_later_source_to_pass_its_time():
    """Whatever source 1 still brings at 2 comes after the row at 2 of source 0."""
    turns = released([([2], 5)], [([1], 2), ([2], 5)])
    assert turns == [[(1, 1), (2, 0)], [(2, 1)]]


def test_a_row_waits_for_a_later_source_that_may_come_before_it():
    assert released([([3], 5)], [([1], 2), ([], 4)]) == [[(1, 1)], [(3, 0)]]


def test_a_watermark_without_rows_releases_what_waits():
    assert released([([], 1), ([], 3), ([3], 9)], [([1, 2], 2), ([], 9)]) == [[(1, 1), (2, 1)], [(3, 0)]]


def test_a_source_that_has_ended_holds_nobody_up():
    """Source 0 ends after its row at 1, source 1 has none at all."""
    assert flat([([1], 1)], [], [([1, 2, 3], 1)]) == [(1, 0), (1, 2), (2, 2), (3, 2)]


def test_sources_that_all_end_at_once_leave_nothing_behind():
    """Promises are weak: each source promises only the time of its last row, and ends there."""
    assert flat([([1, 3], 3)], [([2, 3], 3)]) == [(1, 0), (2, 1), (3, 0), (3, 1)]


def test_no_sources_end_at_once():
    assert list(merged([])) == []


def test_the_watermark_of_a_turn_is_the_least_of_all():
    assert [watermark for _, watermark in merged(feeds([([1], 4), ([6], 7)], [([2], 3), ([], 8)]))] == [
        -FOREVER,  # source 1 has promised nothing yet
        3, 4, 7, 8, FOREVER,
    ]  # fmt: skip


def test_every_row_is_released_at_or_above_the_watermark_of_the_turn_before():
    """What a turn promises, later turns keep; the draw is seeded, the law is the oracle."""
    draw = np.random.default_rng(5)
    for _ in range(50):
        promised = -FOREVER
        for rows, watermark in merged(feeds(*(random_chunks(draw) for _ in range(3)))):
            assert (rows[:, r.TS_INIT] >= promised).all()
            assert watermark >= promised
            promised = watermark


def random_chunks(draw: np.random.Generator) -> list[Chunk]:
    """Draw a source of up to six chunks whose promises are true, and as weak or strong as it happens."""
    chunks: list[Chunk] = []
    now = 0
    for _ in range(draw.integers(0, 7)):
        times = (now + np.sort(draw.integers(0, 4, draw.integers(0, 4)))).tolist()
        now = (times[-1] if times else now) + int(draw.integers(0, 2))
        chunks.append((times, now))
    return chunks


def test_rows_take_the_runs_numbers_of_instruments_and_series():
    """Source 1 calls 0 and 1 what the run calls 4 and 2; -1 is no instrument, and other kinds have no series."""
    rows = rows_at([1, 1, 1, 1], 0)
    rows[:, r.INSTRUMENT] = [0, 1, -1, 1]
    rows[:, r.KIND] = [r.TRADE, r.BAR, r.KILL_SWITCH, r.TRADE]
    rows[:, r.BAR_SERIES] = [7, 1, 1, 990]
    kept = rows.copy()
    feed = Feed(iter([(rows, 1)]), 1, [4, 2], [3, 5])
    feed.pull()
    assert feed.waiting[:, r.INSTRUMENT].tolist() == [4, 2, -1, 2]
    assert feed.waiting[:, r.BAR_SERIES].tolist() == [7, 5, 1, 990]
    # The source's own rows are its own: they may be a cache.
    assert (rows == kept).all()


def test_news_of_a_source_names_the_source_by_its_place_in_the_run():
    rows = rows_at([1], 0, r.SOURCE_STATUS)
    feed = Feed(iter([(rows, 1)]), 2, [0], [])
    feed.pull()
    assert feed.waiting[0, r.SOURCE_SOURCE] == 2


@pytest.mark.parametrize("chunks", [[[1, 2, 3]], [[1], [2, 3]], [[1], [2], [3]], [[], [1, 2], [], [3]]])
def test_one_source_is_passed_on_chunk_by_chunk(chunks: list[list[int]]):
    """However weak its promises: nobody else can come before."""
    feed = feeds([(times, -FOREVER) for times in chunks])
    assert [rows[:, 0].tolist() for rows, _ in merged(feed) if len(rows)] == [times for times in chunks if times]


def test_a_source_is_asked_only_when_its_promise_is_the_least():
    """So that nobody is read far ahead of the others: a file of a year stays closed while another is behind."""
    asked: list[str] = []

    def telling(name: str, chunks: list[Chunk]) -> Iterator[tuple[np.ndarray, int]]:
        for times, watermark in chunks:
            asked.append(f"{name}{watermark}")
            yield rows_at(times, 0), watermark

    both = [telling("a", [([1], 5), ([6], 9)]), telling("b", [([1], 2), ([3], 4), ([5], 6)])]
    list(merged([Feed(chunks, place, [0], []) for place, chunks in enumerate(both)]))
    assert asked == ["a5", "b2", "b4", "b6", "a9"]
