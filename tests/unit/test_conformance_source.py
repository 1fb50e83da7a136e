"""The conformance suite of sources finds every planted fault, and passes ours."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tickloom.testing import ConformanceError, Rows, check_source
from tickloom.testing.ticks import INSTRUMENTS, MS, START
from tickloom_kernels import rows as r
from tickloom_plugins.sources.synthetic import Synthetic


def good() -> Rows:
    """Twelve trades of two instruments, and twelve bars of a second, told when they close."""
    rows = np.zeros((24, r.WORDS), np.int64)
    rows[:, r.TS_INIT] = rows[:, r.TS_EVENT] = START + np.arange(24) * 500 * MS
    rows[:, r.INSTRUMENT] = np.arange(24) // 2 % 2
    rows[::2, 3 : r.KIND] = [100, 5, 1, 0, 0, 0, 0, 0]
    rows[::2, r.KIND] = r.TRADE
    rows[1::2, 3 : r.KIND] = [0, 10, 12, 9, 11, 4, 2, 0]
    rows[1::2, r.KIND] = r.BAR
    rows[1::2, r.TS_EVENT] -= 1000 * MS
    rows[1::2, r.INSTRUMENT] = 0
    return rows


class Given:
    """Gives rows in chunks of eight; what is wrong with them is each test's own."""

    def __init__(self, change: Callable[[Rows], None] | None = None, **parts: Any) -> None:
        self.rows = good()
        if change is not None:
            change(self.rows)
        self.instruments = parts.get("instruments", INSTRUMENTS)
        self.series = parts.get("series", ("1s",))
        self.watermarks = parts.get("watermarks", (self.rows[7, 0], self.rows[15, 0], self.rows[23, 0]))
        self.parts = iter(parts.get("progress", (0.3, 0.7, 1.0)))
        self.shape = parts.get("shape", lambda rows: rows)
        self.read = parts.get("files", [])

    def chunks(self) -> Iterator[tuple[Rows, int]]:
        for chunk in range(3):
            yield self.shape(self.rows[8 * chunk : 8 * chunk + 8]), self.watermarks[chunk]

    def progress(self) -> float:
        return next(self.parts)

    def files(self) -> list[Any]:
        return self.read


def put(row: int, word: int, value: int) -> Callable[[Rows], None]:
    def change(rows: Rows) -> None:
        rows[row, word] = value

    return change


def breach(factory: Callable[[], Any]) -> str:
    with pytest.raises(ConformanceError) as caught:
        check_source(factory)
    return str(caught.value)


def test_a_good_source_passes() -> None:
    check_source(Given)
    check_source(Synthetic, duration="5s")


FAULTS = {
    "ts_init steps back": (put(10, r.TS_INIT, START), "chunk 1, row 2: ts_init"),
    "an instrument that is not there": (put(2, r.INSTRUMENT, 2), "chunk 0, row 2: instrument, of 2"),
    "no instrument for a trade": (put(2, r.INSTRUMENT, -1), "-1"),
    "a kind that is none": (put(4, r.KIND, 99), "chunk 0, row 4: kind"),
    "a trade of nothing": (put(4, r.TRADE_QUANTITY, 0), "row 4: trade"),
    "a series that is not there": (put(3, r.BAR_SERIES, 1), "bar series, of 1"),
    "a high below the close": (put(3, r.BAR_HIGH, 10), "row 3: bar"),
    "a bar before it opened": (put(3, r.TS_EVENT, START + 9**18), "bar before its open time"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_row_is_found_with_its_place(fault: str) -> None:
    change, told = FAULTS[fault]
    assert told in breach(lambda: Given(change))


def test_bars_stamped_at_their_open_time_are_found() -> None:
    def open_time(rows: Rows) -> None:
        rows[1::2, r.TS_EVENT] = rows[1::2, r.TS_INIT]

    assert "series 1s: the bar that opened at" in breach(lambda: Given(open_time))


PARTS: dict[str, tuple[dict[str, Any], str]] = {
    "a broken promise": ({"watermarks": (START + 10**12, 0, 0)}, "chunk 1, row 0: ts_init"),
    "a promise taken back": ({"watermarks": (START, START - 1, START + 1)}, "chunk 1: watermark"),
    "a promise that is no number": ({"watermarks": (1.5, 2, 3)}, "chunk 0: watermark 1.5"),
    "progress that falls": ({"progress": (0.5, 0.4, 1.0)}, "progress after chunk 1: 0.4 after 0.5"),
    "progress in percent": ({"progress": (30, 70, 100)}, "progress after chunk 0: 30"),
    "rows of another type": ({"shape": lambda rows: rows.astype(float)}, "chunk 0: is float64"),
    "rows of another shape": ({"shape": lambda rows: rows[:, :11]}, "of shape (8, 11)"),
    "rows that are not contiguous": ({"shape": np.asfortranarray}, "C-contiguous"),
    "no instrument": ({"instruments": ()}, "instruments: has others"),
    "an instrument twice": ({"instruments": (INSTRUMENTS[0],) * 2}, "names one twice"),
    "a series twice": ({"series": ("1s", "1s")}, "series: is"),
    "no row": ({"shape": lambda rows: rows[:0]}, "gave no rows"),
    "a file that is not there": ({"files": [Path("no such file")]}, "files: is"),
}


@pytest.mark.parametrize("fault", PARTS)
def test_a_wrong_part_is_found(fault: str) -> None:
    parts, told = PARTS[fault]
    assert told in breach(lambda: Given(**parts))


def test_two_instances_that_differ_are_found() -> None:
    made: list[Given] = []

    def factory() -> Given:
        made.append(Given(put(4, r.TRADE_PRICE, 100 + len(made))))
        return made[-1]

    assert "chunk 0, row 4: is" in breach(factory)


def test_another_cut_of_the_same_rows_is_no_fault() -> None:
    made: list[Given] = []

    class Whole(Given):
        def chunks(self) -> Iterator[tuple[Rows, int]]:
            yield self.rows, self.watermarks[2]

    def factory() -> Given:
        made.append(Whole() if made else Given())
        return made[-1]

    check_source(factory)


def test_an_error_is_told_with_its_place() -> None:
    class Broken(Given):
        def chunks(self) -> Iterator[tuple[Rows, int]]:
            yield self.rows[:8], 0
            raise OSError("gone")

    assert "source Broken: chunks: raised OSError('gone')" in breach(Broken)
