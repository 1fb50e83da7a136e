"""Views that are warm at the first row: the source is asked for what happened before, where it can tell."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from journals import again, journalled
from loops import AAA, BBB, NONE, at, candle, go, table
from loops import CONFIG as LOOP

from tickloom.errors import ConfigError, DataError
from tickloom.events import Features
from tickloom.interfaces import Strategy
from tickloom.testing.runs import Finished, Tape, prepare
from tickloom_kernels import rows as r
from tickloom_plugins.sources.candles import Candles

#: Closes of bars of a minute: 1, 2, 3, ... so that a mean of 5 ends 2 behind.
BARS = 60
MINUTE = 60 * 10**9
START = 1_704_067_200 * 10**9

CONFIG = """
[sources.main]
kind = "candles"
path = "{folder}/*.csv"
{more}
[views.v]
on = "bar"
bars = "1m"
features = [{{ name = "sma", n = 5 }}]
[strategies.one]
kind = "hearing"
"""


class Hearing(Strategy):
    """Hears vectors, so that there are some."""

    def on_features(self, features: Features) -> None:
        """Hear."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for symbol, first in (("AAA_USD", 1), ("BBB_USD", 101)):
        lines = ["timestamp,open,high,low,close,volume"]
        for n in range(BARS):
            close = first + n
            lines.append(f"{START // 10**9 + 60 * n},{close},{close},{close},{close},1")
        (tmp_path / f"{symbol}-1m.csv").write_text("\n".join(lines))
    return tmp_path


def run(folder: Path, more: str) -> Finished:
    tape = Tape()
    text = CONFIG.format(folder=folder, more=more)
    return Finished(prepare(text, {"hearing": Hearing}, observers=(tape,)).execute().record, tape)


def test_a_view_is_warm_at_the_first_bar_where_there_is_history(folder: Path) -> None:
    finished = run(folder, 'start = "2024-01-01T00:30"\nend = "2024-01-01T00:32"')
    # Bars 31 and 32 of each symbol: their means are of 27 to 31 and of 28 to 32.
    assert [(one.instrument, one.values) for one in finished.features] == [
        (0, (29.0,)), (1, (129.0,)), (0, (30.0,)), (1, (130.0,)),
    ]  # fmt: skip
    assert finished.record.rows == {"Bar": 4}
    assert not any("history" in note for note in finished.record.notes)


def test_a_view_waits_where_history_is_too_short(folder: Path) -> None:
    finished = run(folder, 'start = "2024-01-01T00:03"\nend = "2024-01-01T00:06"')
    assert [one.values for one in finished.features] == [(3.0,), (103.0,), (4.0,), (104.0,)]


def test_a_source_without_history_is_named(folder: Path) -> None:
    extra = '[views.v]\non = "bar"\nbars = "1ms"\nfeatures = [{ name = "sma", n = 3 }]\n'
    finished = go({"one": Hearing}, [candle(n, 7 + n) for n in range(4)], series=["1ms"], extra=extra)
    (note,) = [one for one in finished.record.notes if "history" in one]
    assert note.startswith("views.v: source ")
    assert note.endswith(" has no history; it is ready after 2 more bars")


class Line:
    """A live source: bars from now on, and of the past what its venue says today, which is something else each day."""

    instruments = (AAA, BBB)
    series = ("1ms",)
    said = 0

    def chunks(self) -> Iterator[tuple[Any, int]]:
        yield table(*(candle(n, 50 + n) for n in range(20, 24))), at(30)

    def history(self, instrument: int, until: int, rows: int) -> Any:
        Line.said += 1
        if Line.said > 4:
            raise DataError("the venue does not answer")
        return table(*(candle(n, 10 * Line.said + n) for n in range(10, 10 + rows)))[: rows if instrument == 0 else 0]

    def progress(self) -> float:
        return 1.0


def live_config() -> str:
    extra = '[views.v]\non = "bar"\nbars = "1ms"\nfeatures = [{ name = "sma", n = 3 }]\n'
    strategy = '[strategies.one]\nkind = "hearing"'
    return LOOP.format(seed=3, tail="", on_fault="stop", latency=NONE, strategies=strategy, extra=extra)


def test_what_a_live_source_said_of_the_past_is_journalled_and_replayed(tmp_path: Path) -> None:
    Line.said = 0
    tape = Tape()
    journalled(tmp_path, live_config(), {"rows": Line, "hearing": Hearing}, observers=(tape,))
    first = next(one.event for one in tape.entries if isinstance(one.event, Features))
    # Two bars of the past, of 20 and 21, and the first of the present, of 70.
    assert first.values == ((20 + 21 + 70) / 3,)

    assert again(tmp_path, {"hearing": Hearing}).difference is None
    assert Line.said == 2


def test_a_live_source_that_does_not_answer_stops_the_run_with_its_reason(tmp_path: Path) -> None:
    Line.said = 4
    record = journalled(tmp_path, live_config(), {"rows": Line, "hearing": Hearing})
    assert "the venue does not answer" in record.status
    # It had not begun: a replay has nothing to hold it against, and asks nobody.
    Line.said = 0
    verdict = again(tmp_path, {"hearing": Hearing})
    assert (verdict.difference, verdict.events, Line.said) == (None, 0, 0)


def test_a_live_source_is_asked_the_same_once(tmp_path: Path) -> None:
    """Two views that want the same bars get the same, and so does a replay."""
    Line.said = 0
    other = '[views.w]\non = "bar"\nbars = "1ms"\nfeatures = [{ name = "wma", n = 3 }]\n'
    tape = Tape()
    journalled(tmp_path, live_config() + other, {"rows": Line, "hearing": Hearing}, observers=(tape,))
    first = {one.event.view: one.event.values for one in reversed(tape.entries) if isinstance(one.event, Features)}
    # Bars of 20, 21 and 70, the newest of which weighs 3.
    assert first == {0: ((20 + 21 + 70) / 3,), 1: pytest.approx(((20 + 2 * 21 + 3 * 70) / 6,))}
    assert again(tmp_path, {"hearing": Hearing}).difference is None
    assert Line.said == 2


def test_candles_give_the_newest_bars_before_a_moment(folder: Path) -> None:
    source = Candles(path=folder / "AAA_USD-1m.csv", start="2024-01-01T00:30")
    (first, _) = next(source.chunks())
    assert first[0, r.BAR_CLOSE] == 31
    found = source.history(0, int(first[0, r.TS_INIT]), 3)
    assert found[:, r.BAR_CLOSE].tolist() == [28, 29, 30]
    assert (np.diff(found[:, r.TS_INIT]) == MINUTE).all()
    assert len(Candles(path=folder / "AAA_USD-1m.csv").history(0, START, 3)) == 0


def test_candles_from_no_moment_are_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match="soon"):
        Candles(path=folder / "AAA_USD-1m.csv", start="soon")
