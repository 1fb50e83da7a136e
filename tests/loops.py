"""The smallest runs in which a rule of the loop shows: a few rows, an instrument or two, one strategy."""

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from tickloom.config import config_from
from tickloom.engine.stream import Observer
from tickloom.engine.wiring.build import Wiring
from tickloom.events import Event
from tickloom.instruments import Instrument
from tickloom.interfaces import Strategy
from tickloom.plugins import Registry, load_plugins
from tickloom.record import RunRecord
from tickloom.testing import Finished, Rows, RowSource
from tickloom.testing.runs import GivenPlugins
from tickloom_kernels import rows as r

MS = 1_000_000
#: Where the clock of these runs begins: rows and timers are given in milliseconds after it.
START = 1_700_000_000_000 * MS

#: Round numbers: one tick is 1 USD, one lot 1 AAA, no fees.
AAA = Instrument(symbol="AAA", base="AAA", quote="USD", tick_size="1", lot_size="1")
BBB = Instrument(symbol="BBB", base="BBB", quote="USD", tick_size="1", lot_size="1")

CONFIG = """
[run]
seed = {seed}
{tail}
on_fault = "{on_fault}"
[sources.main]
kind = "rows"
venue = "sim"
[venues.sim]
kind = "simulated"
latency = {latency}
[accounts.main]
venue = "sim"
deposits = ["1000000 USD", "1000 AAA", "1000 BBB"]
{strategies}
{extra}
"""

#: Latencies as a config writes them.
NONE = '{ out = "0ms", back = "0ms" }'
SLOW = '{ out = "2ms", back = "3ms" }'

Row = list[int]
Plugins = Mapping[str, Callable[..., Any]]


def at(ms: float) -> int:
    """UNIX time (ns) so many milliseconds after the start."""
    return START + int(ms * MS)


def trade(
    ms: float,
    price: int = 1000,
    quantity: int = 10,
    aggressor: int = 1,
    *,
    instrument: int = 0,
    event: float | None = None,
    number: int = 0,
) -> Row:
    """Return a public trade: ticks and lots; ``event`` is its time at the exchange, where that is another."""
    ts = at(ms)
    told = ts if event is None else at(event)
    return [ts, told, instrument, price, quantity, aggressor, number, 0, 0, 0, 0, r.TRADE]


def quote(ms: float, bid: int = 999, ask: int = 1001, size: int = 10, *, instrument: int = 0) -> Row:
    """Return a best bid and ask with ``size`` lots on both sides."""
    return [at(ms), at(ms), instrument, bid, size, ask, size, 0, 0, 0, 0, r.QUOTE]


def delta(ms: float, price: int, quantity: int, side: int, flags: int = r.FLAG_LAST, *, instrument: int = 0) -> Row:
    """Return a change of one level of the book."""
    return [at(ms), at(ms), instrument, price, quantity, side, flags, 0, 0, 0, 0, r.BOOK_DELTA]


def candle(ms: float, close: int = 1000, *, series: int = 0, instrument: int = 0) -> Row:
    """Return a bar among the input rows, known at ``ms``, one millisecond long."""
    return [at(ms), at(ms - 1), instrument, series, close, close + 2, close - 2, close, 50, 5, 0, r.BAR]


def kill(ms: float, engaged: int = 1) -> Row:
    """Return the operator's hand at the kill switch."""
    return [at(ms), at(ms), -1, engaged, 0, 0, 0, 0, 0, 0, 0, r.KILL_SWITCH]


def table(*rows: Row) -> Rows:
    """Make rows a chunk."""
    return np.array(rows, np.int64).reshape(-1, r.WORDS)


@attrs.define(eq=False)
class Telling:
    """A source that hands over given chunks and does something between them."""

    parts: Sequence[tuple[Rows, int]]
    between: Callable[[int], None]
    instruments: Sequence[Instrument] = (AAA, BBB)
    series: Sequence[str] = ()

    def chunks(self) -> Iterator[tuple[Rows, int]]:
        """Yield the chunks; ``between(n)`` is called when the loop comes back for more after the n-th."""
        for n, part in enumerate(self.parts):
            yield part
            self.between(n)

    def progress(self) -> float:
        """Nothing is read: it is all there."""
        return 1.0


class Listener(Strategy):
    """Notes what it hears, as (handler, milliseconds after the start), in a list that others may share."""

    def __init__(self, heard: list[tuple[str, float]] | None = None) -> None:
        self.heard = [] if heard is None else heard

    def note(self, what: str) -> None:
        """Note something at the time of the event being handled."""
        self.heard.append((what, (self.ctx.clock - START) / MS))


@cache
def _installed() -> Registry:
    return load_plugins()


def run_wired(text: str, plugins: Plugins, block: int, observers: Sequence[Observer]) -> RunRecord:
    """Do as `tickloom.testing.run_text` does, but look for the installed plugins once for all tests."""
    config = config_from(Path("test.toml"), tomllib.loads(text))
    wiring = Wiring(config, GivenPlugins(_installed(), plugins), observers, block)
    wiring.run.execute()
    return wiring.record()


def go(
    strategies: Mapping[str, Callable[[], Any]],
    rows: Sequence[Row] | Callable[..., Any],
    *,
    latency: str = NONE,
    extra: str = "",
    plugins: Plugins | None = None,
    instruments: Sequence[Instrument] = (AAA, BBB),
    settings: Mapping[str, str] | None = None,
    plan: Sequence[tuple[int, int | None]] = (),
    series: Sequence[str] = (),
    observers: Sequence[Observer] = (),
    block: int = 1 << 16,
    tail: str | None = "10ms",
    on_fault: str = "stop",
    seed: int = 1,
) -> Finished:
    """Run strategies, by name and in this order, on rows of one source.

    Parameters
    ----------
    rows : list of rows, or callable
        The rows, or a source's factory.
    extra : str
        Further sections of the config.
    plugins : dict
        Further factories by the names that the config uses.
    settings : dict
        Further lines of a strategy's section, by its name.
    """
    source = rows if callable(rows) else partial(RowSource, instruments, table(*rows), plan, series)
    sections = [f'[strategies.{name}]\nkind = "{name}"\n{(settings or {}).get(name, "")}' for name in strategies]
    text = CONFIG.format(
        seed=seed,
        tail=f'tail = "{tail}"' if tail else "",
        on_fault=on_fault,
        latency=latency,
        strategies="\n".join(sections),
        extra=extra,
    )
    return Finished(run_wired(text, {"rows": source, **strategies, **(plugins or {})}, block, observers))


def names(finished: Finished, *kinds: type[Event]) -> list[str]:
    """Kinds of the events of a run in order, or of those among them that are asked for."""
    entries = finished.record.entries
    return [type(entry.event).__name__ for entry in entries if not kinds or isinstance(entry.event, kinds)]
