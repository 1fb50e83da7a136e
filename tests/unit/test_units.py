"""Texts with units become exact numbers, or one line that says how to write them."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickloom.errors import ConfigError
from tickloom.units import amount, duration, expand, moment, percent, rate, show_duration


# Worked by hand: the number times the nanoseconds of the unit.
@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("10ns", 10),
        ("250us", 250_000),
        ("5ms", 5_000_000),
        ("1s", 1_000_000_000),
        ("1.5s", 1_500_000_000),
        ("1.1s", 1_100_000_000),
        ("0.000000001s", 1),
        ("1min", 60_000_000_000),
        ("1m", 60_000_000_000),
        ("1h", 3_600_000_000_000),
        ("0.5d", 43_200_000_000_000),
        (" 5 ms ", 5_000_000),
        ("0s", 0),
    ],
)
def test_a_duration_is_read_exactly(text: str, nanoseconds: int) -> None:
    assert duration(text) == nanoseconds


# Worked by hand: 90 s are one and a half minutes; 100 s are no short number of minutes, so they stay seconds.
@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0s"),
        (1, "1ns"),
        (1_500, "1.5us"),
        (5_000_000, "5ms"),
        (90_000_000_000, "1.5min"),
        (100_000_000_000, "100s"),
        (7_200_000_000_000, "2h"),
        (864_000_000_000_000, "10d"),
    ],
)
def test_a_duration_is_shown_in_the_unit_that_suits_it(nanoseconds: int, text: str) -> None:
    assert show_duration(nanoseconds) == text


@given(st.integers(min_value=0, max_value=2**63 - 1))
def test_a_duration_that_was_shown_reads_back_as_itself(nanoseconds: int) -> None:
    assert duration(show_duration(nanoseconds)) == nanoseconds


# Oracle: `date -u -d TEXT +%s` of GNU coreutils, nanoseconds appended by hand.
@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("1970-01-01", 0),
        ("2024-02-29", 1_709_164_800_000_000_000),
        ("2024-03-01T12:30Z", 1_709_296_200_000_000_000),
        ("2024-03-01 12:30:05", 1_709_296_205_000_000_000),
        ("2024-03-01T12:30:05.000000001Z", 1_709_296_205_000_000_001),
        ("2024-03-01T12:30:05.25+00:00", 1_709_296_205_250_000_000),
        ("1969-12-31T23:59:59.5Z", -500_000_000),
    ],
)
def test_a_moment_is_read_to_the_nanosecond(text: str, nanoseconds: int) -> None:
    assert moment(text) == nanoseconds


@pytest.mark.parametrize(
    ("text", "share"),
    [("2 %", "0.02"), ("2%", "0.02"), ("20 bp", "0.002"), ("-0.5 bp", "-0.00005"), ("0.1 %", "0.001")],
)
def test_a_share_is_read_exactly(text: str, share: str) -> None:
    assert percent(text) == Decimal(share)


def test_a_rate_is_a_count_in_a_time() -> None:
    assert rate("100 / 1s") == (100, 1_000_000_000)
    assert rate("5/250ms") == (5, 250_000_000)


def test_an_amount_is_a_number_of_an_asset() -> None:
    assert amount("50000.10 USDT") == (Decimal("50000.10"), "USDT")


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        (duration, "5", "'5' is no duration; write a number and ns, us, ms, s, min, h or d, such as '5ms'"),
        (duration, "-5ms", "'-5ms' is no duration; write a number and ns, us, ms, s, min, h or d, such as '5ms'"),
        (duration, "5 parsecs", "'5 parsecs' is no duration"),
        (duration, "1.5ns", "'1.5ns' is no whole number of nanoseconds"),
        (duration, "1.0000000000000000000000000000000001s", "is no whole number of nanoseconds"),
        (duration, "200000d", "'200000d' is longer than 292 years"),
        (moment, "yesterday", "'yesterday' is no moment in UTC; write it as '2024-03-01' or '2024-03-01T12:30:00Z'"),
        (moment, "2024-03-01T12:30:00+02:00", "is no moment in UTC; write it as"),
        (moment, "2023-02-29", "'2023-02-29' is no moment in UTC: day is out of range for month"),
        (rate, "100", "'100' is no rate; write a number per duration, such as '100 / 1s'"),
        (rate, "0 / 1s", "'0 / 1s' is no rate; both numbers must be above 0"),
        (rate, "100 / week", "'week' is no duration"),
        (percent, "2", "'2' is no share; write it in percent or basis points, such as '2 %' or '20 bp'"),
        (amount, "50000", "'50000' is no amount; write a number and its asset, such as '50000 USDT'"),
        (amount, "1e3 USDT", "'1e3 USDT' is no amount"),
    ],
)
def test_a_wrong_text_is_shown_with_how_to_write_it(read: Callable[[str], object], text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_path_takes_variables_and_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKLOOM_DATA", "/somewhere")
    monkeypatch.setenv("HOME", "/elsewhere")
    assert expand("$TICKLOOM_DATA/a.gz") == Path("/somewhere/a.gz")
    assert expand("x${TICKLOOM_DATA}x") == Path("x/somewherex")
    assert expand("~/a.gz") == Path("/elsewhere/a.gz")
    assert expand("a.gz") == Path("a.gz")


def test_a_variable_that_is_not_set_is_named_with_the_path_that_needs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TICKLOOM_DATA", raising=False)
    with pytest.raises(ConfigError) as caught:
        expand("$TICKLOOM_DATA/a.gz")
    assert str(caught.value) == "TICKLOOM_DATA is not set (needed by path '$TICKLOOM_DATA/a.gz')"
