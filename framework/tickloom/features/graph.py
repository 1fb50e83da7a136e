"""From chosen features to nodes in the order of computation: what several of them need is there once."""

from collections.abc import Sequence
from typing import Any

import attrs

from tickloom.errors import ConfigError
from tickloom.features.columns import Stream
from tickloom.features.declare import Choice, Feature, Ladder, Use, Window
from tickloom.features.fitted.table import FittedTable

#: A parameter as a step function gets it; of a table, code gets the shape, and an arena the numbers.
Argument = int | float | FittedTable


@attrs.frozen
class Value:
    """Where a number comes from: a column of the row (``node`` -1), or an output of a node."""

    node: int
    place: int


@attrs.frozen
class Reading:
    """An input of a node: a value (``depth`` 0), a window of so many values, or a ladder of so many levels."""

    value: Value
    depth: int = 0
    levels: int = 0


@attrs.frozen
class Node:
    """One step function with its parameters and inputs.

    Attributes
    ----------
    use : Use
        The feature and its parameters.
    readings : tuple of Reading
        Its inputs.
    arguments : tuple of numbers and fitted tables
        Its parameters as the step function gets them.
    start : int
        Rows before the first at which all of its inputs are there.
    first : tuple of int
        Rows before the first value of each output.
    converged : int
        Rows after which it no longer matters where the stream began.
    """

    use: Use
    readings: tuple[Reading, ...]
    arguments: tuple[Argument, ...]
    start: int
    first: tuple[int, ...]
    converged: int

    @property
    def feature(self) -> Feature:
        """The feature's record."""
        return self.use.feature

    @property
    def state(self) -> int:
        """Words of its state."""
        return self.feature.size("state", self.use)

    @property
    def memory(self) -> int:
        """Words of its memory, a power of two, or 0."""
        words = self.feature.size("memory", self.use)
        return 1 << (words - 1).bit_length() if words else 0


@attrs.define
class Graph:
    """Nodes of some features on one stream, in an order in which each stands after what it needs."""

    stream: Stream
    nodes: list[Node] = attrs.field(factory=list)
    _known: dict[tuple[Any, ...], int] = attrs.field(factory=dict)
    _open: list[str] = attrs.field(factory=list)

    def add(self, use: Use) -> int:
        """Enter a feature and all that it needs; return the place of its node.

        Raises
        ------
        ConfigError
            The stream lacks an input, or a feature needs itself.
        """
        if use.label in self._open and len(self._open) > 64:
            raise ConfigError(f"feature {use.feature.name!r} needs itself: {' -> '.join(self._open[:4])} ...")
        self._open.append(use.label)
        readings = tuple(self._reading(one, use) for one in use.feature.inputs_of(use))
        self._open.pop()
        arguments = tuple(
            declared.options.index(value) if isinstance(declared, Choice) else value
            for declared, (_, value) in zip(use.feature.parameters.values(), use.parameters, strict=True)
        )
        # What two declarations of one step function differ in must not be lost, such as another lookback.
        declared = (use.feature.lookbacks(use), use.feature.size("state", use), use.feature.size("memory", use))
        key = (id(use.feature.step), use.feature.across, declared, arguments, readings)
        if key not in self._known:
            self._known[key] = len(self.nodes)
            self.nodes.append(self._node(use, readings, arguments))
        return self._known[key]

    def _node(self, use: Use, readings: tuple[Reading, ...], arguments: tuple[Argument, ...]) -> Node:
        needed = [self.nodes[one.value.node] for one in readings if one.value.node >= 0]
        places = [one.value for one in readings if one.value.node >= 0]
        start = max((node.first[value.place] for node, value in zip(needed, places, strict=True)), default=0)
        first = tuple(start + rows for rows in use.feature.lookbacks(use))
        settled = max((node.converged for node in needed), default=0)
        own = use.feature.size("converge", use)
        return Node(use, readings, arguments, start, first, max(settled + max(own, max(first) - start), *first))

    def _reading(self, one: Any, use: Use) -> Reading:
        who = f"feature {use.feature.name!r}"
        if isinstance(one, Ladder):
            place = self.stream.ladder(one.side)
            if place is None:
                lacking = f"which a view on {self.stream.name!r} does not have; use on = 'book'"
                raise ConfigError(f"{who} needs levels of the book, {lacking}")
            return Reading(Value(-1, place), levels=self.stream.depth)
        if isinstance(one, Window):
            return Reading(self._value(one.of, who), depth=max(1, one.depth))
        return Reading(self._value(one, who))

    def _value(self, source: str | Use, who: str) -> Value:
        if isinstance(source, str):
            return Value(-1, self.stream.need(source, who))
        outputs = source.feature.outputs
        if source.feature.across:
            raise ConfigError(f"{who} cannot be computed from {source.feature.name!r}, which is of several symbols")
        if not source.output and len(outputs) > 1:
            raise ConfigError(f"{who} takes one output of {source.feature.name!r}; name one of {', '.join(outputs)}")
        return Value(self.add(source), outputs.index(source.output) if source.output else 0)

    def needed(self, places: Sequence[int]) -> list[int]:
        """Return the places of all nodes that some nodes need, themselves included, in order."""
        found: set[int] = set()
        waiting = list(places)
        while waiting:
            place = waiting.pop()
            if place not in found:
                found.add(place)
                waiting += [one.value.node for one in self.nodes[place].readings if one.value.node >= 0]
        return sorted(found)

    def values(self, use: Use) -> list[Value]:
        """Return what a feature gives: its chosen output, or all of them."""
        place, names = self.add(use), use.feature.outputs
        return [Value(place, names.index(use.output))] if use.output else [Value(place, n) for n in range(len(names))]
