"""Captures made by hand: lines of Binance streams with a few numbers in them, written as gzip, read back as rows."""

import gzip
import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickloom.codes import BadInput, Feed
from tickloom_kernels import rows as r
from tickloom_plugins.sources.binance_raw import BinanceRaw

#: Receive time of the first line (UNIX time in nanoseconds, UTC), and exchange time of all (ms).
START = 1_723_161_255_000_000_000
MS = 1_723_161_256_300

Pairs = Sequence[tuple[str, str]]


def stream(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"stream": f"{data['s'].lower()}@{kind}", "data": data}


def spot_trade(number: int, price: str = "61800.00", quantity: str = "0.5", *, m: bool = False, **more: Any) -> Any:
    """Make a spot trade; ``m`` says that the buyer is the maker."""
    data = {"e": "trade", "E": MS, "s": "BTCUSDT", "t": number, "p": price, "q": quantity, "T": MS, "m": m, "M": True}
    return stream("trade", data | more)


def futures_trade(number: int, kind: str = "MARKET", price: str = "61800.00", quantity: str = "0.500") -> Any:
    data = {
        "e": "trade",
        "E": MS,
        "T": MS,
        "s": "BTCUSDT",
        "t": number,
        "p": price,
        "q": quantity,
        "X": kind,
        "m": True,
    }
    return stream("trade", data)


def spot_quote(number: int, bid: str = "61800.00", ask: str = "61800.01", *, sizes: Pairs = (("1", "2"),)) -> Any:
    return stream("bookTicker", {"u": number, "s": "BTCUSDT", "b": bid, "B": sizes[0][0], "a": ask, "A": sizes[0][1]})


def spot_diff(first: int, last: int, bids: Pairs = (), asks: Pairs = ()) -> Any:
    data = {"e": "depthUpdate", "E": MS, "s": "BTCUSDT", "U": first, "u": last, "b": list(bids), "a": list(asks)}
    return stream("depth@100ms", data)


def futures_diff(first: int, last: int, previous: int, bids: Pairs = (), asks: Pairs = ()) -> Any:
    data = {"e": "depthUpdate", "E": MS + 7, "T": MS, "s": "BTCUSDT", "U": first, "u": last, "pu": previous}
    return stream("depth@0ms", data | {"b": list(bids), "a": list(asks)})


def snapshot(last: int, bids: Pairs = (("61800.00", "1"),), asks: Pairs = (("61801.00", "2"),)) -> Any:
    return {"lastUpdateId": last, "bids": list(bids), "asks": list(asks)}


def lines(messages: Iterable[Any]) -> list[bytes]:
    """Write messages one microsecond apart; bytes are a line as it is, a pair is (ns after the first, message)."""
    out = []
    for number, message in enumerate(messages):
        if isinstance(message, bytes):
            out.append(message)
            continue
        offset, body = message if isinstance(message, tuple) else (1000 * number, message)
        out.append(b"%d %s" % (START + offset, json.dumps(body, separators=(",", ":")).encode()))
    return out


def write(path: Path, messages: Iterable[Any]) -> Path:
    path.write_bytes(gzip.compress(b"\n".join(lines(messages)) + b"\n"))
    return path


def read(path: Path, **settings: Any) -> NDArray[np.int64]:
    """All rows of a capture."""
    chunks = [rows for rows, _ in BinanceRaw(path=path, **({"cache": None} | settings)).chunks()]
    return np.concatenate(chunks)


def news(rows: NDArray[np.int64]) -> list[tuple[str, str, int]]:
    """List what a source said of itself: status, reason, place."""
    told = rows[rows[:, r.KIND] == r.SOURCE_STATUS]
    return [
        (Feed(row[r.SOURCE_FEED]).name, BadInput(row[r.SOURCE_REASON]).name, int(row[r.SOURCE_PLACE])) for row in told
    ]


def levels(rows: NDArray[np.int64]) -> list[tuple[int, int, int, int]]:
    """List the rows of the book: side, price, quantity, flags."""
    deltas = rows[rows[:, r.KIND] == r.BOOK_DELTA]
    return [(int(row[5]), int(row[3]), int(row[4]), int(row[6])) for row in deltas]


def of_kind(rows: NDArray[np.int64], kind: int) -> list[list[int]]:
    """List the rows of one kind, without the words after its payload."""
    return [row[:7].tolist() for row in rows if row[r.KIND] == kind]


def exact(text: str, step: str) -> int:
    """Count steps with decimals only."""
    steps = Decimal(text) / Decimal(step)
    assert steps == int(steps)
    return int(steps)
