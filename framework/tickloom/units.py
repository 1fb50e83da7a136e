"""Texts with units, as people write them in a config, made into exact numbers: times, amounts, rates, shares, paths.

Nothing goes through a float, so ``"1.1s"`` is 1,100,000,000 ns and not a neighbour of it.
All functions raise `ConfigError` with one line that shows the text and how it should have looked; who calls them
puts file and key in front.
"""

import os
import re
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from tickloom.errors import ConfigError

#: Nanoseconds of each unit of time; the first spelling of a length is the one that is shown.
NANOSECONDS = {
    "ns": 1,
    "us": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "min": 60_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
}

#: The units that `show_duration` uses, longest first.
_SHOWN = ("d", "h", "min", "s", "ms", "us", "ns")

_LONGEST = 2**63 - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ns|us|ms|s|min|m|h|d)\s*")
_MOMENT = re.compile(r"\s*(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?(?:Z|\+00:00)?\s*")
_RATE = re.compile(r"\s*(\d+)\s*/(.*)")
_SHARE = re.compile(r"\s*([+-]?\d+(?:\.\d+)?)\s*(%|bp)\s*")
_AMOUNT = re.compile(r"\s*([+-]?\d+(?:\.\d+)?)\s+([A-Za-z0-9]+)\s*")
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


def duration(text: str) -> int:
    """Read a length of time.

    Parameters
    ----------
    text : str
        A decimal number and one of ``ns us ms s min m h d``, such as ``"5ms"`` or ``"1.5s"``.

    Returns
    -------
    int
        Nanoseconds, not negative.

    Raises
    ------
    ConfigError
        Where the text is something else, is no whole number of nanoseconds, or does not fit 64 bits.
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ConfigError(f"{text!r} is no duration; write a number and ns, us, ms, s, min, h or d, such as '5ms'")
    nanoseconds = Fraction(match[1]) * NANOSECONDS[match[2]]
    if nanoseconds.denominator != 1:
        raise ConfigError(f"{text!r} is no whole number of nanoseconds")
    if nanoseconds > _LONGEST:
        raise ConfigError(f"{text!r} is longer than 292 years, the longest duration that can be counted in nanoseconds")
    return int(nanoseconds)


def show_duration(nanoseconds: int) -> str:
    """Write a length of time in the longest unit that suits it; `duration` reads the text back exactly.

    Parameters
    ----------
    nanoseconds : int
        Not negative.

    Returns
    -------
    str
        Such as ``5ms``, ``1.5s``, ``1d`` or ``0s``.
    """
    for unit in _SHOWN:
        length = NANOSECONDS[unit]
        # 1.5h reads well, but 1.016666h does not: from minutes up, one decimal.
        parts = 10 if length > NANOSECONDS["s"] else 1_000_000_000
        if nanoseconds >= length and nanoseconds * parts % length == 0:
            return f"{Decimal(nanoseconds) / length:f}{unit}"
    return "0s"


def moment(text: str) -> int:
    """Read a moment in UTC.

    Parameters
    ----------
    text : str
        ISO 8601: a date, or date and time to the minute, second or any part of it down to a nanosecond, such as
        ``"2024-03-01"`` or ``"2024-03-01T12:30:00.000000001Z"``. No zone means UTC; other zones are refused.

    Returns
    -------
    int
        UNIX time in nanoseconds (UTC).

    Raises
    ------
    ConfigError
        Where the text is something else, or the date or time does not exist.
    """
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise ConfigError(f"{text!r} is no moment in UTC; write it as '2024-03-01' or '2024-03-01T12:30:00Z'")
    date, clock, seconds, fraction = match.groups()
    try:
        then = datetime.fromisoformat(f"{date}T{clock or '00:00'}:{seconds or '00'}+00:00")
    except ValueError as error:
        raise ConfigError(f"{text!r} is no moment in UTC: {error}") from error
    since = then - _EPOCH
    return (since.days * 86_400 + since.seconds) * NANOSECONDS["s"] + int((fraction or "").ljust(9, "0"))


def rate(text: str) -> tuple[int, int]:
    """Read how often something may happen.

    Parameters
    ----------
    text : str
        A whole number, a slash and a duration, such as ``"100 / 1s"``.

    Returns
    -------
    count, per : int
        How often, at least 1, in how long (ns), at least 1.

    Raises
    ------
    ConfigError
        Where the text is something else.
    """
    match = _RATE.fullmatch(text)
    if match is None:
        raise ConfigError(f"{text!r} is no rate; write a number per duration, such as '100 / 1s'")
    count, per = int(match[1]), duration(match[2].strip())
    if not count or not per:
        raise ConfigError(f"{text!r} is no rate; both numbers must be above 0")
    return count, per


def percent(text: str) -> Decimal:
    """Read a share: ``"2 %"`` is 0.02 and ``"20 bp"`` (basis points) is 0.002, exactly.

    Parameters
    ----------
    text : str
        A decimal number, which may have a sign, and ``%`` or ``bp``.

    Returns
    -------
    Decimal
        The share, 1 being the whole.

    Raises
    ------
    ConfigError
        Where the text is something else.
    """
    match = _SHARE.fullmatch(text)
    if match is None:
        raise ConfigError(f"{text!r} is no share; write it in percent or basis points, such as '2 %' or '20 bp'")
    return Decimal(match[1] + ("e-2" if match[2] == "%" else "e-4"))


def amount(text: str) -> tuple[Decimal, str]:
    """Read an amount of an asset.

    Parameters
    ----------
    text : str
        A decimal number, a blank and the asset, such as ``"50000 USDT"``.

    Returns
    -------
    number : Decimal
        Exactly as written.
    asset : str
        Its name, in the case it was written in.

    Raises
    ------
    ConfigError
        Where the text is something else.
    """
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise ConfigError(f"{text!r} is no amount; write a number and its asset, such as '50000 USDT'")
    return Decimal(match[1]), match[2]


def expand(path_text: str) -> Path:
    """Put environment variables and the home folder into a path.

    Parameters
    ----------
    path_text : str
        May hold ``$NAME``, ``${NAME}`` and a leading ``~``.

    Returns
    -------
    Path
        Not made absolute: relative to what is the caller's to say.

    Raises
    ------
    ConfigError
        Where a variable is not set: an empty piece in a path would name some other file.
    """

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name not in os.environ:
            raise ConfigError(f"{name} is not set (needed by path {path_text!r})")
        return os.environ[name]

    return Path(os.path.expanduser(_VARIABLE.sub(value, path_text)))
