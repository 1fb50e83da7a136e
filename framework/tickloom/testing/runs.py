"""Run plugins on rows given in a test: no file, no packaging, the same engine."""

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import msgspec
import numpy as np
from numpy.typing import NDArray

from tickloom.config import Config, config_from
from tickloom.config.settings import build
from tickloom.engine.stream import Observer
from tickloom.events import Event, Features, Fill, OrderUpdate, PluginFault, Signal, SubmitOrder
from tickloom.features import Feature
from tickloom.instruments import Instrument
from tickloom.plugins import Registry, load_plugins
from tickloom.record import Entry, RunRecord

if TYPE_CHECKING:
    from tickloom.config.sections import PluginSection

Rows = NDArray[np.int64]
_ENCODER = msgspec.msgpack.Encoder()


@attrs.define(eq=False)
class RowSource:
    """A source that hands over given rows in given chunks.

    Parameters
    ----------
    instruments : sequence of Instrument
        By the index in the rows.
    rows : int64, shape (n, 12)
        Ordered by ``ts_init``.
    plan : sequence of (count, watermark), optional
        How many rows each chunk takes, and its watermark (None: the ``ts_init`` of its last row, or the last
        watermark). What the plan leaves comes as one last chunk.
    series : sequence of str
        Names of the bar series in the rows.
    """

    instruments: Sequence[Instrument]
    rows: Rows
    plan: Sequence[tuple[int, int | None]] = ()
    series: Sequence[str] = ()

    def chunks(self) -> Iterator[tuple[Rows, int]]:
        """Yield the rows as planned."""
        at, promised = 0, -(1 << 62)
        for count, watermark in self.plan:
            part = self.rows[at : at + count]
            at += len(part)
            last = int(part[-1, 0]) if len(part) else promised
            promised = max(promised, last if watermark is None else watermark)
            yield part, promised
        if at < len(self.rows):
            yield self.rows[at:], max(promised, int(self.rows[-1, 0]))

    def progress(self) -> float:
        """Nothing is read: it is all there."""
        return 1.0


class Tape(Observer):
    """Keeps the whole outcome stream; the record of a run leaves feature vectors out."""

    name = "tape"

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def event(self, row: int, sub: int, cause_row: int, cause_sub: int, event: Event) -> None:
        """Take an event down."""
        self.entries.append(Entry(row, sub, cause_row, cause_sub, event))


@attrs.frozen
class Finished:
    """A run that has ended: its record, and what happened in it.

    Attributes
    ----------
    record : RunRecord
    tape : Tape or None
        The whole outcome stream; without one there are no `features`.
    """

    record: RunRecord
    tape: Tape | None = attrs.field(default=None, repr=False)

    @property
    def entries(self) -> Sequence[Entry]:
        """Every event with its name and the name of its cause, in order."""
        return self.record.entries if self.tape is None else self.tape.entries

    @property
    def stream(self) -> list[bytes]:
        """Every event of the outcome stream with its name and cause, encoded: equal runs have equal bytes."""
        return [_ENCODER.encode((*entry[:4], type(entry.event).TYPE_ID, entry.event)) for entry in self.entries]

    def events(self, kind: type[Any]) -> list[Any]:
        """Events of one kind, in order."""
        return [entry.event for entry in self.entries if type(entry.event) is kind]

    @property
    def orders(self) -> list[SubmitOrder]:
        """Orders as they were sent, by whomever."""
        return self.events(SubmitOrder)

    @property
    def updates(self) -> list[OrderUpdate]:
        """News of orders that is no fill: accepted, amended, canceled, denied and so on."""
        return self.events(OrderUpdate)

    @property
    def fills(self) -> list[Fill]:
        """Executions, as the news of them arrived."""
        return self.events(Fill)

    @property
    def signals(self) -> list[Signal]:
        """What models said."""
        return self.events(Signal)

    @property
    def features(self) -> list[Features]:
        """Vectors of feature views, where `tickloom.testing.run_plugin` or a `Tape` has kept them."""
        return self.events(Features)

    @property
    def faults(self) -> list[PluginFault]:
        """Plugins that raised, with what was done about it."""
        return self.events(PluginFault)


class GivenPlugins(Registry):
    """The installed plugins, and those that a test gives by name."""

    def __init__(self, installed: Registry, given: Mapping[str, Callable[..., Any]]) -> None:
        super().__init__(installed.plugins, installed._hooks)
        self._given = given

    def make(self, kind: str, section: "PluginSection", config: Config) -> Any:
        """Build a given plugin, or an installed one."""
        if section.kind in self._given:
            return build(self._given[section.kind], section.options, section.where, config.folder, section.wiring)
        return super().make(kind, section, config)

    def feature(self, section: "PluginSection", config: Config) -> Any:
        """Return a given feature, or what a given function makes, or an installed one."""
        if section.kind not in self._given:
            return super().feature(section, config)
        found: Any = self._given[section.kind]
        return found if isinstance(found, Feature) else found()


class Prepared:
    """A run that is wired and has not run: wiring takes a while, and timing should leave it out."""

    def __init__(self, wiring: Any) -> None:
        self._wiring = wiring

    def execute(self) -> Finished:
        """Run it to its end."""
        self._wiring.run.execute()
        return Finished(self._wiring.record())


def prepare(
    text: str | Mapping[str, Any],
    plugins: Mapping[str, Callable[..., Any]],
    block: int = 1 << 16,
    observers: Sequence[Observer] = (),
    installed: Registry | None = None,
) -> Prepared:
    """Wire a config given as text, with plugins given by name.

    Parameters
    ----------
    text : str, or mapping
        TOML, or what TOML would read; ``kind`` may name a given plugin.
    plugins : mapping of str to callable
        Factories by the name that the text uses.
    block : int
        Rows that the loop runs ahead at most; 1 steps row by row. It changes no outcome.
    observers : sequence of Observer
        As `tickloom.engine.run_config` takes them.
    installed : Registry, optional
        The installed plugins, where they have been looked for already.

    Returns
    -------
    Prepared
    """
    from tickloom.engine.wiring.build import Wiring

    config = config_from(Path("test.toml"), tomllib.loads(text) if isinstance(text, str) else text)
    return Prepared(Wiring(config, GivenPlugins(installed or load_plugins(), plugins), observers, block))


def run_text(
    text: str | Mapping[str, Any],
    plugins: Mapping[str, Callable[..., Any]],
    block: int = 1 << 16,
    observers: Sequence[Observer] = (),
) -> Finished:
    """Wire and run a config given as text; parameters as `prepare`."""
    return prepare(text, plugins, block, observers).execute()
