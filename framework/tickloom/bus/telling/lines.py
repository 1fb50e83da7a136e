"""One line per event: as JSON for programs, or as text for people."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import click
import msgspec

from tickloom.bus.following.items import Message
from tickloom.bus.telling.words import Words
from tickloom.report.texts import when

#: Makes a line, without its end, of an event and its words.
Line = Callable[[Words, Message], str]

#: Columns that the name of a kind takes; the longest is InstrumentStatus.
_KIND_WIDTH = 16
_COLOURS = {"buy": "green", "sell": "red"}
_encode = msgspec.json.Encoder().encode


def json_line(words: Words, message: Message) -> str:
    """Write an event as one JSON object.

    Returns
    -------
    str
        ``kind``, ``topic``, ``epoch``, ``seq``, ``row``, ``sub``, ``cause`` (row and sub of what caused it), then the
        event's fields in words, decimals as text, times as UNIX time in nanoseconds (UTC).
    """
    told = {name: _plain(value) for name, value in words.fields(message.event).items()}
    envelope = {
        "kind": type(message.event).__name__,
        "topic": message.topic,
        "epoch": message.epoch,
        "seq": message.seq,
        "row": message.row,
        "sub": message.sub,
        "cause": (message.cause_row, message.cause_sub),
    }
    return _encode(envelope | told).decode()


def text_line(words: Words, message: Message) -> str:
    """Write an event for people: when, what, which instrument, and then its other fields by name, without empty ones.

    Returns
    -------
    str
        With colours; `tickloom.bus.telling.listener` takes them out where no terminal shows them.
    """
    told = words.fields(message.event)
    moment = when(told.pop("ts_init"))
    kind = click.style(f"{type(message.event).__name__:<{_KIND_WIDTH}}", bold=True)
    parts = [one for one in (told.pop("instrument", None),) if one]
    parts += [_said(words, name, value) for name, value in told.items() if _worth(name, value)]
    return "  ".join((moment, kind, *parts))


def _worth(name: str, value: Any) -> bool:
    """Whether a field says something: no other times, no empty texts, no parent where there is none."""
    return not (name.startswith("ts_") or value is None or value == "" or (name == "parent_id" and value == 0))


def _said(words: Words, name: str, value: Any) -> str:
    """Write a field; a side speaks for itself."""
    if isinstance(value, str) and value in _COLOURS:
        return click.style(value, fg=_COLOURS[value])
    if name in ("order_id", "parent_id"):
        return f"{name.removesuffix('_id')} {words.order(value)}"
    if isinstance(value, bool):
        return name.replace("_", " ") if value else f"not {name.replace('_', ' ')}"
    if isinstance(value, list):
        return f"{name} {', '.join(f'{one:.10g}' for one in value)}"
    return f"{name.replace('_', ' ')} {_plain(value)}"


def _plain(value: Any) -> Any:
    """Write a decimal as text, never with an exponent."""
    return f"{value:f}" if isinstance(value, Decimal) else value
