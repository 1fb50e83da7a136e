"""Candles from files: when each bar is known, what is deduced, what is left out; small files worked by hand."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tickloom.codes import BadInput, Feed
from tickloom.config.settings import build
from tickloom.errors import ConfigError, DataError
from tickloom.events import Bar, SourceStatus
from tickloom_kernels import rows as r
from tickloom_plugins.sources import candle_files
from tickloom_plugins.sources.candles import Candles

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
#: 2024-01-01, UNIX time in nanoseconds (UTC).
DAY = 1_704_067_200 * SECOND
Row = Sequence[object]
Write = Callable[..., Path]

GOOD: tuple[Row, ...] = (
    ("2024-01-01 00:00:00", 10.0, 10.5, 9.75, 10.25, 3.0),
    ("2024-01-01 00:05:00", 10.25, 11.0, 10.25, 11.0, 0.5),
    ("2024-01-01 00:10:00", 11.0, 11.25, 10.0, 10.0, 0.0),
)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write rows of (time, open, high, low, close, volume) to a CSV file: ``write(rows, name, header)``."""

    def csv(
        rows: Sequence[Row], name: str = "BTC_USDT-5m.csv", header: str = "date,open,high,low,close,volume"
    ) -> Path:
        path = tmp_path / name
        path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")
        return path

    return csv


def events(source: Candles) -> list[Bar | SourceStatus]:
    """All rows of a source as events; the laws of a source's chunks are checked on the way."""
    made: list[Bar | SourceStatus] = []
    earliest = 0
    for rows, watermark in source.chunks():
        assert rows.shape[1] == 12
        assert rows.flags.c_contiguous
        assert rows[0, r.TS_INIT] >= earliest
        assert (np.diff(rows[:, r.TS_INIT]) >= 0).all()
        earliest = watermark
        for row in rows.tolist():
            kind, fields = (Bar, 11) if row[r.KIND] == r.BAR else (SourceStatus, 7)
            made.append(kind(*row[:fields]))
    return made


def skipped(source: Candles) -> list[tuple[int, BadInput]]:
    """Place and reason of what was left out."""
    statuses = [event for event in events(source) if isinstance(event, SourceStatus)]
    assert all(event.status == Feed.SKIPPED for event in statuses)
    return [(event.place, BadInput(event.reason)) for event in statuses]


def bars(source: Candles) -> list[Bar]:
    return [event for event in events(source) if isinstance(event, Bar)]


def test_a_bar_is_known_when_it_closes_and_says_when_it_opened(write: Write) -> None:
    # Prices are quarters, so ticks of 0.01; volumes are halves, so lots of 0.1.
    assert events(Candles(write(GOOD))) == [
        Bar(DAY + 5 * MINUTE, DAY, 0, 0, 1000, 1050, 975, 1025, 30, 0, 0),
        Bar(DAY + 10 * MINUTE, DAY + 5 * MINUTE, 0, 0, 1025, 1100, 1025, 1100, 5, 0, 0),
        Bar(DAY + 15 * MINUTE, DAY + 10 * MINUTE, 0, 0, 1100, 1125, 1000, 1000, 0, 0, 0),
    ]


def test_a_delay_lets_every_bar_be_known_later(write: Write) -> None:
    known = [bar.ts_init for bar in bars(Candles(write(GOOD), delay="250ms"))]
    assert known == [DAY + n * 5 * MINUTE + SECOND // 4 for n in (1, 2, 3)]


def test_the_interval_is_the_commonest_distance_of_open_times(write: Write) -> None:
    # A missing bar makes one distance longer, a stray row one shorter; neither decides when bars are known.
    rows = [("2024-01-01 00:00:00", *GOOD[0][1:]), ("2024-01-01 00:00:01", *GOOD[0][1:]), *GOOD[1:]]
    rows += [("2024-01-01 00:20:00", *GOOD[0][1:]), ("2024-01-01 00:25:00", *GOOD[0][1:])]
    source = Candles(write(rows))
    assert [bar.ts_init - bar.ts_event for bar in bars(source)] == [5 * MINUTE] * 5
    assert skipped(source) == [(2, BadInput.INCONSISTENT)]


def test_the_interval_can_be_set(write: Write) -> None:
    source = Candles(write(GOOD[:1]), interval="1h")
    assert [bar.ts_init - bar.ts_event for bar in bars(source)] == [60 * MINUTE]
    assert source.series == ("1h",)


def test_one_bar_alone_needs_an_interval(write: Write) -> None:
    with pytest.raises(ConfigError, match="one bar does not show how long it is; set interval, such as '5m'"):
        events(Candles(write(GOOD[:1])))


@pytest.mark.parametrize(
    ("name", "series"), [("BTC_USDT-5m.csv", "5m"), ("BTC_USDT.csv", "5min"), ("BTC_USDT-1h.csv", "5min")]
)
def test_the_series_is_called_as_the_file_says_where_that_is_true(write: Write, name: str, series: str) -> None:
    assert Candles(write(GOOD, name)).series == (series,)


@pytest.mark.parametrize(
    "times",
    [
        ("2024-01-01T00:00:00Z", "2024-01-01T00:05:00Z", "2024-01-01T00:10:00Z"),
        ("2024-01-01 00:00:00+00:00", "2024-01-01 00:05:00+00:00", "2024-01-01 00:10:00+00:00"),
        ("2024-01-01", "2024-01-01 00:05", "2024-01-01T00:10:00.000"),
        (1704067200, 1704067500, 1704067800),
        (1704067200000, 1704067500000, 1704067800000),
        (1704067200000000, 1704067500000000, 1704067800000000),
        (1704067200000000000, 1704067500000000000, 1704067800000000000),
    ],
)
def test_times_are_read_in_every_usual_form(write: Write, times: Sequence[object]) -> None:
    rows = [(time, *row[1:]) for time, row in zip(times, GOOD, strict=True)]
    source = Candles(write(rows, header="Timestamp,Open,High,Low,Close,Volume"))
    assert [bar.ts_event for bar in bars(source)] == [DAY, DAY + 5 * MINUTE, DAY + 10 * MINUTE]


@pytest.mark.parametrize(
    "times",
    [
        [datetime(2024, 1, 1, 0, minute, tzinfo=UTC) for minute in (0, 5, 10)],
        [datetime(2024, 1, 1, 0, minute) for minute in (0, 5, 10)],
        [1704067200, 1704067500, 1704067800],
    ],
    ids=["UTC", "no zone", "seconds"],
)
def test_parquet_and_csv_give_the_same_rows(write: Write, tmp_path: Path, times: list[object]) -> None:
    columns = dict(zip(candle_files._NUMBERS, map(list, zip(*(row[1:] for row in GOOD), strict=True)), strict=True))
    pl.DataFrame({"date": times, **columns}).write_parquet(tmp_path / "BTC_USDT-5m.parquet")
    assert events(Candles(tmp_path / "BTC_USDT-5m.parquet")) == events(Candles(write(GOOD)))


def test_daily_bars_may_have_dates(tmp_path: Path) -> None:
    days = {"date": [date(2024, 1, 1), date(2024, 1, 2)]}
    columns = {name: [1.0, 1.0] for name in candle_files._NUMBERS}
    pl.DataFrame(days | columns).write_parquet(tmp_path / "BTC_USDT-1d.parquet")
    source = Candles(tmp_path / "BTC_USDT-1d.parquet")
    assert [bar.ts_init for bar in bars(source)] == [DAY + 24 * 60 * MINUTE, DAY + 48 * 60 * MINUTE]
    assert source.series == ("1d",)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (("soon", 10, 11, 9, 10, 1), BadInput.MALFORMED),
        (("2024-13-01 00:00:00", 10, 11, 9, 10, 1), BadInput.MALFORMED),
        (("2024-01-01 00:05:00", "NaN", 11, 9, 10, 1), BadInput.NOT_A_NUMBER),
        (("2024-01-01 00:05:00", 10, "inf", 9, 10, 1), BadInput.NOT_A_NUMBER),
        (("2024-01-01 00:05:00", 10, 11, "", 10, 1), BadInput.NOT_A_NUMBER),
        (("2024-01-01 00:05:00", 10, 11, 9, 10, "much"), BadInput.NOT_A_NUMBER),
        (("2024-01-01 00:05:00", 10, 11), BadInput.NOT_A_NUMBER),
        (("2024-01-01 00:05:00", 10, 11, 0, 10, 1), BadInput.NOT_POSITIVE),
        (("2024-01-01 00:05:00", 10, 11, 9, 10, -1), BadInput.NOT_POSITIVE),
        (("2024-01-01 00:05:00", 10, 9, 11, 10, 1), BadInput.INCONSISTENT),
        (("2024-01-01 00:05:00", 12, 11, 9, 10, 1), BadInput.INCONSISTENT),
        (("2024-01-01 00:05:00", 10, 11, 9, 8, 1), BadInput.INCONSISTENT),
        (("2024-01-01 00:05:01", 10, 11, 9, 10, 1), BadInput.INCONSISTENT),
        (("2024-01-01 00:00:00", 10, 11, 9, 10, 1), BadInput.DUPLICATE),
        (("2023-12-31 23:55:00", 10, 11, 9, 10, 1), BadInput.UNSORTED),
    ],
)
def test_a_row_that_makes_no_sense_is_left_out_and_told(write: Write, row: Row, reason: BadInput) -> None:
    source = Candles(write([GOOD[0], row, *GOOD[1:], ("2024-01-01 00:15:00", 10, 11, 9, 10, 1)]))
    assert skipped(source) == [(2, reason)]
    assert [bar.ts_event for bar in bars(source)] == [DAY + n * 5 * MINUTE for n in range(4)]


def test_what_is_left_out_is_told_right_after_the_bar_before_it(write: Write) -> None:
    rows = [("?", *GOOD[0][1:]), GOOD[0], ("2024-01-01 00:05:00", -1, *GOOD[0][2:]), GOOD[1]]
    told = [(type(event).__name__, event.ts_init - DAY) for event in events(Candles(write(rows, "ETH_USDT-5m.csv")))]
    # The first row stands before every bar, and so with the first one.
    five, ten = 5 * MINUTE, 10 * MINUTE
    assert told == [("SourceStatus", five), ("Bar", five), ("SourceStatus", five), ("Bar", ten)]


def test_a_bad_row_cannot_put_off_the_rows_after_it(write: Write) -> None:
    # A row far in the future with impossible prices must not make all that follows look unsorted.
    rows = [GOOD[0], ("2099-01-01 00:00:00", 10, 9, 11, 10, 1), *GOOD[1:]]
    source = Candles(write(rows))
    assert skipped(source) == [(2, BadInput.INCONSISTENT)]
    assert len(bars(source)) == 3


def test_a_configured_grid_leaves_out_what_is_off_it(write: Write) -> None:
    # Of the prices 10 .. 11.25 only the second bar's (10.25, 11, 10.25, 11) miss a grid of halves in no other row than
    # the first (9.75) and third (11.25).
    path = write([*GOOD, ("2024-01-01 00:15:00", 10.5, 11.0, 10.0, 10.5, 2.0)])
    source = Candles(path, instruments={"BTCUSDT": {"tick_size": "0.5", "taker_fee": "0.001"}})
    assert skipped(source) == [(1, BadInput.OFF_GRID), (2, BadInput.OFF_GRID), (3, BadInput.OFF_GRID)]
    assert [(bar.open, bar.high, bar.low, bar.close) for bar in bars(source)] == [(21, 22, 20, 21)]
    assert str(source.instruments[0].taker_fee) == "0.001"


def test_a_volume_off_the_lots_is_left_out(write: Write) -> None:
    source = Candles(write(GOOD), instruments={"BTCUSDT": {"lot_size": "1"}})
    assert skipped(source) == [(2, BadInput.OFF_GRID)]
    assert [bar.volume for bar in bars(source)] == [3, 0]


def test_a_deduced_grid_bears_the_noise_of_sums_of_floats(write: Write) -> None:
    # 0.1 + 0.2 is 0.30000000000000004 in floats: three lots of 0.1, not of 1e-17.
    source = Candles(write([*GOOD, ("2024-01-01 00:15:00", 10, 10, 10, 10, 0.1 + 0.2)]))
    assert str(source.instruments[0].lot_size) == "0.1"
    assert bars(source)[3].volume == 3


def test_numbers_with_too_many_decimals_need_a_grid(write: Write) -> None:
    path = write([*GOOD, ("2024-01-01 00:15:00", 10, 10, 10, 10, 1 / 3)])
    with pytest.raises(ConfigError, match="some volumes have more than 8 decimals; say what the steps are"):
        events(Candles(path))
    assert skipped(Candles(path, instruments={"BTCUSDT": {"lot_size": "0.1"}})) == [(4, BadInput.OFF_GRID)]


def test_symbols_are_merged_by_the_time_they_are_known_then_by_their_order(write: Write, tmp_path: Path) -> None:
    write(GOOD, "BTC_USDT-5m.csv")
    write([GOOD[1], GOOD[2], ("2024-01-01 00:15:00", *GOOD[0][1:])], "ADA_USDT-5m.csv")
    paths = (tmp_path / "BTC_USDT-5m.csv", tmp_path / "ADA_USDT-5m.csv")
    source = Candles(paths)
    assert [one.symbol for one in source.instruments] == ["BTCUSDT", "ADAUSDT"]
    merged = [((bar.ts_init - DAY) // MINUTE, bar.instrument) for bar in bars(source)]
    assert merged == [(5, 0), (10, 0), (10, 1), (15, 0), (15, 1), (20, 1)]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_slices_of_files_do_not_show(write: Write, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    bad = ("x", *GOOD[0][1:])
    write([bad, GOOD[0], bad, GOOD[0], *GOOD[1:], bad], "BTC_USDT-5m.csv")
    path = write([GOOD[0], GOOD[1], GOOD[0], GOOD[2]], "ETH_USDT-5m.csv").with_name("*.csv")
    whole = events(Candles(path, interval="5m"))
    assert len(whole) == 11
    monkeypatch.setattr(candle_files, "SLICE", size)
    assert events(Candles(path, interval="5m")) == whole


def test_patterns_take_files_by_name_and_the_name_tells_the_symbol(write: Write, tmp_path: Path) -> None:
    for name in ("eth-btc-5m.csv", "BTC_USDT-5m.csv", "1INCH_USDT.csv"):
        write(GOOD, name)
    facts = [(one.symbol, one.base, one.quote) for one in Candles(tmp_path / "*.csv").instruments]
    assert facts == [("1INCHUSDT", "1INCH", "USDT"), ("BTCUSDT", "BTC", "USDT"), ("ETHBTC", "ETH", "BTC")]


def test_symbols_can_be_written_down_for_files_of_any_name(write: Write) -> None:
    source = Candles((write(GOOD, "a.csv"), write(GOOD, "b.csv")), symbols=("SOL/USDT", "XRP/EUR"))
    assert [(one.symbol, one.base, one.quote) for one in source.instruments] == [
        ("SOLUSDT", "SOL", "USDT"),
        ("XRPEUR", "XRP", "EUR"),
    ]


def test_environment_variables_in_a_path_are_expanded(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_CANDLES", str(write(GOOD).parent))
    assert len(bars(Candles(Path("$MY_CANDLES/BTC_USDT-5m.csv")))) == 3
    with pytest.raises(ConfigError, match="NO_SUCH_FOLDER is not set"):
        Candles(Path("$NO_SUCH_FOLDER/BTC_USDT-5m.csv"))


def test_settings_come_from_a_config_with_paths_beside_it(write: Write) -> None:
    folder = write(GOOD).parent
    facts = {"BTCUSDT": {"tick_size": "0.01", "lot_size": "0.1", "taker_fee": "0.001"}}
    for path in ("BTC_USDT-5m.csv", ["BTC_USDT-*.csv"]):
        source = build(
            Candles, {"path": path, "interval": "5m", "instruments": facts}, "run.toml: sources.main", folder
        )
        assert len(bars(source)) == 3


def test_progress_counts_the_rows_handed_over(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tickloom_plugins.sources.candles.CHUNK", 2)
    source = Candles(write(GOOD))
    assert source.progress() == 0
    assert [source.progress() for _ in source.chunks()] == [2 / 3, 1]


@pytest.mark.parametrize(
    ("name", "settings", "error", "message"),
    [
        ("prices.csv", {}, ConfigError, "the file name prices.csv does not show base and quote"),
        ("BTCUSDT-5m.csv", {}, ConfigError, "the file name BTCUSDT-5m.csv does not show base and quote"),
        ("a.csv", {"symbols": ("BTCUSDT",)}, ConfigError, "symbol 'BTCUSDT' does not show base and quote"),
        ("a.csv", {"symbols": ("A/B", "C/D")}, ConfigError, "symbols names 2 files, but path finds 1"),
        ("A_B.txt", {}, DataError, "A_B.txt: must end in .parquet or .csv"),
        ("A_B.csv", {"instruments": {"AC": {}}}, ConfigError, "instruments.AC: no file of that symbol; known: AB"),
        ("A_B.csv", {"instruments": {"AB": {"tick": "1"}}}, ConfigError, "instruments.AB.tick: unknown key"),
        ("A_B.csv", {"interval": "0s"}, ConfigError, "'0s' is no length of a bar"),
        ("A_B.csv", {"interval": "5 minutes"}, ConfigError, "'5 minutes' is no duration"),
        ("A_B.csv", {"delay": "soon"}, ConfigError, "'soon' is no duration"),
    ],
)
def test_settings_that_make_no_sense_are_refused(
    write: Write, name: str, settings: dict[str, object], error: type[Exception], message: str
) -> None:
    path = write(GOOD, name)
    with pytest.raises(error, match=re.escape(message)):
        events(Candles(path, **settings))  # type: ignore[arg-type]


def test_files_that_are_not_there_or_not_what_they_should_be_are_named(write: Write, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"A_B\.parquet: cannot be read"):
        events(Candles(tmp_path / "A_B.parquet"))
    with pytest.raises(ConfigError, match="path names no file"):
        events(Candles(()))
    with pytest.raises(ConfigError, match=r"no file is called .*\*\.parquet"):
        events(Candles(tmp_path / "*.parquet"))
    (tmp_path / "A_B.parquet").write_bytes(b"PAR1 but no more")
    with pytest.raises(DataError, match=r"A_B\.parquet: cannot be read"):
        events(Candles(tmp_path / "A_B.parquet"))
    with pytest.raises(DataError, match="no column close; it has date, open, high, low, volume"):
        events(Candles(write([row[:5] for row in GOOD], header="date,open,high,low,volume")))
    with pytest.raises(DataError, match="no column date or timestamp; it has when, open"):
        events(Candles(write(GOOD, header="when,open,high,low,close,volume")))
    with pytest.raises(DataError, match="no row with a time and five numbers"):
        events(Candles(write([])))
    with pytest.raises(DataError, match="none of its 2 rows is a bar"):
        events(Candles(write([(row[0], 10, 9, 11, 10, 1) for row in GOOD[:2]])))


def test_two_files_of_one_symbol_or_of_two_intervals_are_refused(write: Write) -> None:
    one = write(GOOD, "BTC_USDT-5m.csv")
    with pytest.raises(ConfigError, match="two files are of BTCUSDT"):
        events(Candles((one, write(GOOD, "btc-usdt.csv"))))
    rows = [(f"2024-01-01 0{hour}:00:00", *GOOD[0][1:]) for hour in range(3)]
    with pytest.raises(ConfigError, match=r"BTC_USDT-5m.csv has bars of 5min and ETH_USDT-1h.csv of 1h"):
        events(Candles((one, write(rows, "ETH_USDT-1h.csv"))))


def test_half_a_year_of_real_candles_is_read_as_polars_reads_it(market_data: Path) -> None:
    folder = market_data / "candles_5m"
    source = Candles(path=(folder / "BTC_USDT-5m.parquet", folder / "TRX_USDT-5m.parquet"))
    # The venue's own steps in 2024.
    assert [str(one.tick_size) for one in source.instruments] == ["0.01", "0.00001"]
    assert source.series == ("5m",)
    rows = np.concatenate([rows for rows, _ in source.chunks()])
    assert (rows[:, r.KIND] == r.BAR).all()
    for i, (name, facts) in enumerate(zip(("BTC", "TRX"), source.instruments, strict=True)):
        own = rows[rows[:, r.INSTRUMENT] == i]
        table = pl.read_parquet(folder / f"{name}_USDT-5m.parquet")
        assert len(own) == len(table) == 52_416
        assert (np.diff(own[:, r.TS_EVENT]) == 5 * MINUTE).all()
        assert (own[:, r.TS_EVENT] == table["date"].dt.epoch("ns").to_numpy()).all()
        assert (own[:, r.TS_INIT] == own[:, r.TS_EVENT] + 5 * MINUTE).all()
        for word, column in enumerate(("open", "high", "low", "close"), start=r.BAR_OPEN):
            assert (facts.prices(own[:, word]) == table[column].to_numpy()).all(), column
        assert (facts.quantities(own[:, r.BAR_VOLUME]) == table["volume"].to_numpy()).all()
