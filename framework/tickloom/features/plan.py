"""What a view computes, before anything is compiled: its columns, units, version and lineage."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Literal

import attrs

from tickloom.errors import ConfigError, nearest
from tickloom.features.columns import Stream, checked
from tickloom.features.declare import Use
from tickloom.features.fitted.table import FittedTable
from tickloom.features.fused.fingerprint import fingerprint
from tickloom.features.fused.generate import Unit, generate, generate_across, split
from tickloom.features.graph import Graph, Value

#: What becomes of a row with an input that is no finite number: it is an error, it is passed over, or the value of the
#: row before stands in for it. In the last two cases the row is not ready.
Policy = Literal["raise", "skip", "hold"]


@attrs.frozen
class Scale:
    """What an output is multiplied by and moved by, so that a model gets it as it was trained: ``a * x + b``."""

    factor: float
    offset: float


@attrs.frozen
class Column:
    """One number of a view's vector.

    Attributes
    ----------
    name : str
        ``LABEL`` or ``LABEL.OUTPUT``, unique in the view; what scales are keyed by.
    use : Use
    output : str
    first : int
        Rows before its first value.
    converged : int
        Rows after which it no longer matters (by 1e-6) where the stream began.
    power : int or None
        Power of the scale of prices in it; None: it has none.
    unit : str
    """

    name: str
    use: Use
    output: str
    first: int
    converged: int
    power: float | None
    unit: str


class ViewPlan:
    """An ordered set of features on one stream.

    Parameters
    ----------
    stream : Stream
    features : sequence of Use
        In the order of the vector; a `Use` without a chosen output gives all of its outputs.
    policy : str
        See `Policy`.
    scales : mapping of str to Scale
        By column name; columns that are not named stay as they are.

    Raises
    ------
    ConfigError
        A feature needs what the stream does not give, one stands there twice, or a scale is of no column.
    """

    def __init__(
        self,
        stream: Stream,
        features: Sequence[Use],
        policy: Policy = "raise",
        scales: Mapping[str, Scale] | None = None,
    ) -> None:
        self.stream = stream
        self.features = tuple(features)
        self.policy = policy
        self.graph = Graph(stream)
        self.columns = [column for use in self.features for column in self._columns(use)]
        twice = [name for name in self.names if self.names.count(name) > 1]
        if twice:
            raise ConfigError(f"feature {twice[0]!r} stands in the view twice")
        self.scales = dict(scales or {})
        for name in self.scales:
            if name not in self.names:
                known = nearest(name, self.names)
                raise ConfigError(f"a scale is of {name!r}, which is no column of the view; {known}")
            if self.columns[self.names.index(name)].use.feature.across:
                raise ConfigError(f"a scale is of {name!r}, which is of several symbols, and scaled already")
        self._own = [use for use in self.features if not use.feature.across]
        self._across = [use for use in self.features if use.feature.across]
        # Outputs of the per-symbol units: those of the view, and then what only cross-symbol features look at.
        self._shown = [value for use in self._own for value in self.graph.values(use)]
        self.hidden = self._looked_at()

    def _columns(self, use: Use) -> list[Column]:
        names, found = use.feature.outputs, []
        for value in self.graph.values(use):
            node = self.graph.nodes[value.node]
            name = use.label if len(names) == 1 else f"{use.label}.{names[value.place]}"
            power = use.feature.powers[value.place]
            unit, first = use.feature.units[value.place], node.first[value.place]
            found.append(Column(name, use, names[value.place], first, node.converged, power, unit))
        return found

    def _looked_at(self) -> list[Value]:
        """Return what cross-symbol features look at and the view itself does not show."""
        found: dict[Value, None] = {}
        for use in self._across:
            for reading in self.graph.nodes[self.graph.add(use)].readings:
                if reading.depth or reading.levels:
                    raise ConfigError(f"feature {use.feature.name!r} is of several symbols, and can have no window")
                if reading.value not in self._shown:
                    found[reading.value] = None
        return list(found)

    @cached_property
    def units(self) -> list[Unit]:
        """Source of the fused units of one symbol, in the order of `first_columns`."""
        units = []
        scaled = {self._own_columns.index(name) for name in self.scales if name in self._own_columns}
        for at, group in zip(self.first_columns, self._groups, strict=True):
            units.append(generate(self.graph, group, [n - at for n in scaled if at <= n < at + len(group)]))
        return units

    @cached_property
    def across(self) -> Unit | None:
        """Source of the unit that runs once per instant, where there are cross-symbol features."""
        if not self._across:
            return None
        places = {value: n for n, value in enumerate([*self._shown, *self.hidden])}
        return generate_across(self.graph, [self.graph.add(use) for use in self._across], places)

    @property
    def all_units(self) -> list[Unit]:
        """Everything that has to be compiled."""
        return self.units if self.across is None else [*self.units, self.across]

    @cached_property
    def _groups(self) -> list[list[Value]]:
        groups = [self.graph.values(use) for use in self._own]
        return split([*groups, *([value] for value in self.hidden)])

    @cached_property
    def first_columns(self) -> list[int]:
        """First output of each unit, among the outputs of one symbol."""
        firsts, at = [], 0
        for group in self._groups:
            firsts.append(at)
            at += len(group)
        return firsts

    @property
    def own_width(self) -> int:
        """Outputs of the per-symbol units, those that only cross-symbol features look at included."""
        return len(self._shown) + len(self.hidden)

    @cached_property
    def _own_columns(self) -> list[str]:
        return [column.name for column in self.columns if not column.use.feature.across]

    @cached_property
    def order(self) -> list[int]:
        """Where each column of the view stands among all outputs: per symbol, looked at only, across symbols."""
        own, across = iter(range(len(self._shown))), iter(range(self.own_width, self.own_width + len(self.columns)))
        return [next(across) if column.use.feature.across else next(own) for column in self.columns]

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return [column.name for column in self.columns]

    @property
    def lookback(self) -> int:
        """Rows before the first vector without NaN."""
        return max(column.first for column in self.columns)

    @property
    def converged(self) -> int:
        """Rows that a live start should load, so that it no longer matters where the stream began."""
        return max(column.converged for column in self.columns)

    @cached_property
    def used(self) -> list[int]:
        """Places of the columns of the stream whose numbers must be finite."""
        places = [one.value.place for node in self.graph.nodes for one in node.readings if one.value.node < 0]
        return checked(places, self.stream)

    @cached_property
    def lineage(self) -> list[dict[str, Any]]:
        """The graph of inputs: per node its feature, version, code, parameters, and what it is computed from."""
        found = []
        for node in self.graph.nodes:
            found.append(
                {
                    "feature": node.feature.name,
                    "version": node.feature.version,
                    "code": fingerprint(node.feature.step),
                    "parameters": {name: _said(value) for name, value in node.use.parameters},
                    "inputs": [self._named(one.value, one.depth) for one in node.readings],
                }
            )
        return found

    def _named(self, value: Value, depth: int) -> list[Any]:
        if value.node >= 0:
            return [value.node, value.place, depth]
        places = {self.stream.column(name): name for name in self.stream.columns}
        return [places.get(value.place, f"level {value.place}"), depth]

    @cached_property
    def version(self) -> str:
        """16 hexadecimal digits of what the view computes: code, parameters, tables, inputs, scales and policy."""
        said = {
            "stream": [self.stream.name, self.stream.depth],
            "policy": self.policy,
            "nodes": self.lineage,
            "columns": self.names,
            "scales": {name: [scale.factor, scale.offset] for name, scale in sorted(self.scales.items())},
        }
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


def _said(value: Any) -> Any:
    """Say a parameter as JSON can; a fitted table by its version."""
    return value.lineage if isinstance(value, FittedTable) else value
