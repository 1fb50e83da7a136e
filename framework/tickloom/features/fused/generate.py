"""Writes the source of a fused unit: one function that runs some nodes over rows, their state in local variables.

Batch and stream are the same function, called with many rows or with one: that the bits agree needs no proof beyond
that state and windows live in the arena between calls. A unit knows nothing of where it stands in a view, so views
share it.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence

import attrs

from tickloom.features.declare import Use
from tickloom.features.fitted.table import FittedTable
from tickloom.features.fused.fingerprint import fingerprint
from tickloom.features.graph import Argument, Graph, Node, Reading, Value

#: Outputs of a unit at most: compiling takes longer than in proportion.
MOST_OUTPUTS = 25
#: Units of so many nodes at most have their loop twice, once for rows at which everything is warm: that saves a fifth
#: of the time of a single feature and nothing in a large unit, which would take much longer to compile.
_FEW_NODES = 12
#: Raised when generated code changes without its text: with the intrinsics that it is made of.
_REVISION = 4


@attrs.frozen
class Unit:
    """Source of a fused function, and what is needed to call it.

    Attributes
    ----------
    key : str
        Names the compiled code: a hash of the source and of all that it calls.
    source : str
    uses : tuple of Use
        Whose step functions are called ``step_0``, ``step_1``, ... in it.
    words : int
        Words of its part of an arena.
    columns : int
        Outputs that it writes.
    scales : dict
        Word of the arena that holds the factor of each scaled output, by column; the offset is in the next one.
    tables : dict
        Fitted tables by the word of the arena that they begin at.
    """

    key: str
    source: str
    uses: tuple[Use, ...]
    words: int
    columns: int
    scales: dict[int, int] = attrs.field(hash=False)
    tables: dict[int, FittedTable] = attrs.field(factory=dict, hash=False)

    @property
    def name(self) -> str:
        """Name of its module and of its file."""
        return f"tickloom_unit_{self.key}"


def split(groups: Sequence[Sequence[Value]], most: int = MOST_OUTPUTS) -> list[list[Value]]:
    """Put the outputs of features into units of at most ``most``; a feature that has more stands alone."""
    units: list[list[Value]] = []
    for group in groups:
        if not units or len(units[-1]) + len(group) > most:
            units.append([])
        units[-1] += group
    return units


def generate(graph: Graph, outputs: Sequence[Value], scaled: Collection[int] = ()) -> Unit:
    """Write the unit that computes some values of a graph.

    Parameters
    ----------
    graph : Graph
    outputs : sequence of Value
        What it gives, in this order.
    scaled : collection of int
        Columns that are multiplied by a factor and moved by an offset; both are data of the arena.

    Returns
    -------
    Unit
    """
    return _Writer(graph, outputs, scaled).unit()


def generate_across(graph: Graph, nodes: Sequence[int], columns: Mapping[Value, int]) -> Unit:
    """Write the unit of cross-symbol features, which runs once per instant.

    Parameters
    ----------
    graph : Graph
    nodes : sequence of int
        Places of the features, in the order of their outputs.
    columns : mapping of Value to int
        Where in the newest vector of a symbol each of their inputs stands.

    Returns
    -------
    Unit
        Called with its arena, the newest vectors, its outputs, the number of symbols and the width of a vector. Its
        arena has one word, and for each symbol the others.
    """
    lines, words, column = [], 1, 0
    wide = sum(len(graph.nodes[place].feature.outputs) for place in nodes)
    for number, place in enumerate(nodes):
        node = graph.nodes[place]
        arguments = ["k"]
        if node.memory:
            # Each symbol has as many words; those of the first one come first.
            arguments.append(f"(arena + 8 + {8 * (words - 1)} * symbols, {node.memory - 1})")
            words += node.memory
        arguments.append("symbols")
        arguments += [f"(newest + {8 * columns[one.value]}, own)" for one in node.readings]
        for _ in node.feature.outputs:
            arguments.append(f"(given + {8 * column}, {wide})")
            column += 1
        lines.append(f" step_{number}({', '.join([*arguments, *map(repr, node.arguments)])})")
    uses = [graph.nodes[place].use for place in nodes]
    source = "\n".join(
        [
            *_head(uses),
            _SIGNATURE,
            "def unit(arena, newest, given, symbols, own, _none, _nor_this):",
            " k = int(load(arena, 0))",
            *lines,
            " store(arena, 0, k + 1.0)",
            "",
        ]
    )
    return Unit(_key(source, uses), source, tuple(uses), words, wide, {})


_SIGNATURE = f"@cfunc('void({', '.join(['int64'] * 7)})', error_model='numpy')"


def _head(uses: Sequence[Use]) -> list[str]:
    names = ", ".join(f"step_{n}={use.code_label}" for n, use in enumerate(uses))
    return [
        f'"""A fused unit of features: {names}."""',
        "from numba import cfunc",
        "from tickloom_kernels.indicators.window import assume, fma, load, store",
        "NAN = float('nan')",
    ]


def _key(source: str, uses: Sequence[Use]) -> str:
    marks = [f"{use.feature.version} {fingerprint(use.feature.step)}" for use in uses]
    return hashlib.sha256("\n".join([str(_REVISION), source, *marks]).encode()).hexdigest()[:24]


class _Writer:
    """Lines of one unit, with the words of the arena given out on the way."""

    def __init__(self, graph: Graph, outputs: Sequence[Value], scaled: Collection[int]) -> None:
        self._nodes = graph.nodes
        self._outputs = list(outputs)
        self._places = graph.needed([value.node for value in outputs if value.node >= 0])
        self._words = 1
        self._scales = {column: self._take(2) for column in sorted(scaled)}
        # States lie together: a call for one row reads and writes all of them, but little of the rings and memories.
        self._states = {place: self._take(self._nodes[place].state) for place in self._places}
        self._tables: dict[int, FittedTable] = {}
        self._setup: list[str] = []
        self._before: list[str] = []
        self._body: list[str] = []
        self._after: list[str] = []
        # A row goes into the rings when everybody has looked: they are no deeper than the deepest look.
        self._kept: list[str] = []
        self._loaded: set[int] = set()
        self._starts: set[str] = set()
        self._windows: dict[Value, tuple[str, int]] = {}

    def unit(self) -> Unit:
        """Write everything."""
        self._rings()
        for place in self._places:
            self._node(place, self._nodes[place])
        self._write_outputs()
        uses = [self._nodes[place].use for place in self._places]
        source = "\n".join([*_head(uses), *self._lines(), ""])
        key = _key(source, uses)
        return Unit(key, source, tuple(uses), self._words, len(self._outputs), self._scales, self._tables)

    # --- parts -------------------------------------------------------------------------------------------------------

    def _lines(self) -> list[str]:
        return [
            _SIGNATURE,
            "def unit(arena, rows, between, beside, out, count, stride):",
            " i = int(load(arena, 0))",
            *[f" {line}" for line in (*self._setup, *self._before)],
            *self._loops(),
            *[f" {line}" for line in self._after],
            " store(arena, 0, float(i))",
        ]

    def _loops(self) -> list[str]:
        body = ["at = j * between", "to = out + 8 * j * stride", *self._body, *self._kept, "i += 1"]
        lines = [f"  {line}" for line in body]
        if len(self._places) > _FEW_NODES:
            return [" for j in range(count):", "  assume(i >= 0)", *lines]
        # Steps compare the number of the row with their length; two rows later that is over, too.
        warm = max((first for place in self._places for first in self._nodes[place].first), default=0) + 2
        return [
            f" cold = min(count, max(0, {warm} - i))",
            " for j in range(cold):",
            "  assume(i >= 0)",
            *lines,
            " for j in range(cold, count):",
            f"  assume(i >= {warm})",
            *lines,
        ]

    def _take(self, words: int) -> int:
        """Give out words of the arena."""
        first = self._words
        self._words += words
        return first

    def _rings(self) -> None:
        """Lay out a ring for each value that somebody looks back at, as deep as the deepest look."""
        depths: dict[Value, int] = {}
        for place in self._places:
            for reading in self._nodes[place].readings:
                if reading.depth:
                    depths[reading.value] = max(depths.get(reading.value, 0), reading.depth)
        for value, depth in depths.items():
            size = 1 << (depth - 1).bit_length()
            name = f"ring_{len(self._windows)}"
            self._setup.append(f"{name} = arena + {8 * self._take(size)}")
            self._windows[value] = (name, size - 1)
        for value in self._windows:
            if value.node < 0:
                self._column(value.place)

    def _column(self, place: int) -> str:
        """Load a column of the row, once, and put it into its ring where it has one."""
        name = f"x{place}"
        if place not in self._loaded:
            self._loaded.add(place)
            self._body.append(f"{name} = load({self._start(place)} + at, 0)")
            self._ring(Value(-1, place), name)
        return name

    def _start(self, place: int) -> str:
        """Name the address of a column in the first row."""
        name = f"c{place}"
        if name not in self._starts:
            self._starts.add(name)
            self._setup.append(f"{name} = rows + {place} * beside")
        return name

    def _ring(self, value: Value, name: str, start: int = 0) -> None:
        if value in self._windows:
            ring, mask = self._windows[value]
            self._kept += [f"if i >= {start}:"] if start else []
            self._kept.append(f"{' ' if start else ''}store({ring}, i & {mask}, {name})")

    def _node(self, place: int, node: Node) -> None:
        """Write the call of a step function, from the row at which its inputs are there."""
        number = self._places.index(place)
        outs = [f"y{place}_{n}" for n in range(len(node.feature.outputs))]
        inputs = [self._input(one, node) for one in node.readings]
        arguments = ["i" if node.start == 0 else f"i - {node.start}"]
        states = [f"s{place}_{n}" for n in range(node.state)]
        if states:
            first = self._states[place]
            self._before += [f"{name} = load(arena, {first + n})" for n, name in enumerate(states)]
            self._after += [f"store(arena, {first + n}, {name})" for n, name in enumerate(states)]
            arguments.append(f"({', '.join(states)},)")
        if node.memory:
            self._setup.append(f"memory_{place} = arena + {8 * self._take(node.memory)}")
            arguments.append(f"(memory_{place}, {node.memory - 1})")
        arguments += [*inputs, *map(self._argument, node.arguments)]
        indent = ""
        if node.start:
            self._body += [f"{out} = NAN" for out in outs]
            self._body.append(f"if i >= {node.start}:")
            indent = " "
        results = ", ".join([f"t{place}", *outs] if states else outs)
        self._body.append(f"{indent}{results} = step_{number}({', '.join(arguments)})")
        if states:
            self._body.append(f"{indent}{', '.join(states)}{',' if len(states) == 1 else ''} = t{place}")
        for n, out in enumerate(outs):
            self._ring(Value(place, n), out, node.start)

    def _argument(self, argument: Argument) -> str:
        """Write a parameter: a number as it is, of a table where it lies, its words and its shape."""
        if not isinstance(argument, FittedTable):
            return repr(argument)
        word, name = self._take(len(argument.words)), f"table_{len(self._tables)}"
        self._tables[word] = argument
        self._setup.append(f"{name} = arena + {8 * word}")
        return f"({', '.join([name, str(len(argument.words)), *map(str, argument.shape)])})"

    def _input(self, reading: Reading, node: Node) -> str:
        value = reading.value
        if reading.levels:
            return f"({self._start(value.place)} + at, {reading.levels}, beside)"
        name = self._column(value.place) if value.node < 0 else f"y{value.node}_{value.place}"
        if not reading.depth:
            return name
        ring, mask = self._windows[value]
        return f"({ring}, i, {mask}, {name})"

    def _write_outputs(self) -> None:
        for column, output in enumerate(self._outputs):
            if output.node < 0:
                first, value = 0, self._column(output.place)
            else:
                first, value = self._nodes[output.node].first[output.place], f"y{output.node}_{output.place}"
            if column in self._scales:
                word = self._scales[column]
                self._before += [f"a{column} = load(arena, {word})", f"b{column} = load(arena, {word + 1})"]
                value = f"fma({value}, a{column}, b{column})"
            shown = f"{value} if i >= {first} else NAN" if first else value
            self._body.append(f"store(to, {column}, {shown})")
