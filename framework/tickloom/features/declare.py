"""What a feature says of itself: one record with its step function, from which everything else is made.

The catalogue in the docs, the fused code, the conformance suite and the messages about wrong parameters all read these
records. Nothing here imports numba.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import attrs

from tickloom.errors import ConfigError, nearest
from tickloom.features.fitted.table import FittedTable, Table

#: How near to its oracle a feature is, and which tests it gets. ``exact``: compares, copies or repeats the oracle's own
#: operations, bit for bit. ``epsilon``: 1e-12 of the output's scale. ``converging``: depends on where the stream began,
#: less and less. ``path``: depends on where it began for ever.
Stability = Literal["exact", "epsilon", "converging", "path"]

Number = int | float


@attrs.frozen
class Int:
    """A whole-number parameter: its default and the range that is valid, ends included."""

    default: int
    least: int = 1
    most: int = 100_000

    def check(self, value: object) -> int:
        """Return the value, or raise a ValueError that says what is valid."""
        if isinstance(value, bool) or not isinstance(value, int) or not self.least <= value <= self.most:
            raise ValueError(f"is {value!r}, it must be {self}")
        return value

    def __str__(self) -> str:
        return f"a whole number from {self.least} to {self.most}"


@attrs.frozen
class Float:
    """A parameter that is a number: its default and the range that is valid, ends included."""

    default: float
    least: float = 0.0
    most: float = 1e12

    def check(self, value: object) -> float:
        """Return the value as a float, or raise a ValueError that says what is valid."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not self.least <= value <= self.most:
            raise ValueError(f"is {value!r}, it must be {self}")
        return float(value)

    def __str__(self) -> str:
        return f"a number from {self.least:g} to {self.most:g}"


@attrs.frozen
class Choice:
    """A parameter that is one of some words; a step function gets its place among them."""

    default: str
    options: tuple[str, ...]

    def check(self, value: object) -> str:
        """Return the word, or raise a ValueError that says which are valid."""
        if value not in self.options:
            raise ValueError(f"is {value!r}, it must be {self}")
        return str(value)

    def __str__(self) -> str:
        return "one of " + ", ".join(self.options)


Parameter = Int | Float | Choice | Table


@attrs.frozen
class Window:
    """An input with its past: the step function gets a window, and `lag(window, k)` is its value k rows ago.

    Attributes
    ----------
    of : str or Use
        A column of the stream, or another feature.
    depth : int
        How far back `lag` may reach.
    """

    of: "Source"
    depth: int


@attrs.frozen
class Ladder:
    """One side of the book, best level first: ``bid_price``, ``bid_size``, ``ask_price`` or ``ask_size``."""

    side: str


@attrs.frozen
class Use:
    """A feature with its parameters, and what it is computed from.

    Attributes
    ----------
    feature : Feature
    parameters : tuple of (str, value)
        All of them, in the order of the declaration.
    of : tuple
        What stands in place of the columns that the feature is made of, in their order; empty: nothing does.
    wired : tuple
        What stands in place of the feature's inputs, whatever these are, from the first on; empty: nothing does.
    output : str
        Which output is meant, where it serves as an input; empty: the only one.
    """

    feature: "Feature"
    parameters: tuple[tuple[str, Any], ...] = ()
    of: tuple["Source", ...] = ()
    wired: tuple["Source", ...] = ()
    output: str = ""

    def __getattr__(self, output: str) -> "Use":
        """Choose one output: ``macd(n=12).signal``."""
        if output in self.feature.outputs:
            return attrs.evolve(self, output=output)
        raise AttributeError(f"{self.feature.name} has no output {output!r}; {nearest(output, self.feature.outputs)}")

    @property
    def values(self) -> dict[str, Any]:
        """The parameters by name."""
        return dict(self.parameters)

    @property
    def label(self) -> str:
        """What it is called in a view: ``rsi_14``; parameters at their defaults are told, too."""
        return self._labelled(_word)

    @property
    def code_label(self) -> str:
        """What it is called in compiled code, which knows the shape of a fitted table and not its numbers."""
        return self._labelled(_shape)

    def _labelled(self, word: Callable[[Any], str]) -> str:
        base = "_".join([self.feature.name, *(word(value) for _, value in self.parameters)])
        told = [
            one if isinstance(one, str) else "_".join(filter(None, (one._labelled(word), one.output)))
            for one in self.of or self.wired
        ]
        return f"{base}_of_{'_'.join(told)}" if told else base


def _word(value: Any) -> str:
    """Write a parameter so that a label stays one word: ``0.5`` is ``0p5``."""
    if isinstance(value, FittedTable):
        return value.word
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text.replace(".", "p").replace("-", "m")


def _shape(value: Any) -> str:
    return "x".join(map(str, value.shape)) if isinstance(value, FittedTable) else _word(value)


Source = str | Use
Input = str | Use | Window | Ladder


@attrs.frozen(eq=False, repr=False)
class Feature:
    """A feature, declared once.

    Attributes
    ----------
    name : str
        What a config calls it. Where libraries disagree, it ends with the convention, such as ``ema_first``.
    step : callable
        The step function; its arguments are described in `feature`.
    inputs : tuple, or callable
        Columns of the stream by name, `Window`, `Ladder`, or other features. A callable gets the parameters.
    outputs : tuple of str
    parameters : mapping
        Name to `Int`, `Float`, `Choice` or `Table`, in the order in which the step function takes them.
    state, memory : int or callable
        Words of the state that a step returns, and of the memory that it owns; a callable gets the parameters.
    lookback : int, tuple of int, or callable
        Rows of its inputs before the first value; a tuple has one number per output.
    converge : int or callable
        Rows until it no longer matters (by 1e-6) where the stream began; 0: the lookback. Live warm-up loads as many.
    unit : str or tuple of str
        Such as ``price``, ``percent``, ``ratio``, ``volume``; a tuple has one per output.
    power : number, None, or tuple
        The power of the scale of prices in each output: 1 for a price, 2 for a variance of prices, 0 for a ratio; None
        where there is none.
    stability : str
        See `Stability`.
    convention, oracle, reference : str
        Whose definition it follows; what it is compared with in the tests; the paper or document.
    version : int
        Raised when the meaning changes though the code does not, such as a default.
    across : bool
        Whether it looks at all symbols of one instant together (see `feature`).
    """

    name: str
    step: Callable[..., Any]
    inputs: tuple[Input, ...] | Callable[..., tuple[Input, ...]]
    outputs: tuple[str, ...]
    parameters: Mapping[str, Parameter] = attrs.field(factory=dict)
    state: int | Callable[..., int] = 0
    memory: int | Callable[..., int] = 0
    lookback: int | tuple[int, ...] | Callable[..., int | tuple[int, ...]] = 0
    converge: int | Callable[..., int] = 0
    unit: str | tuple[str, ...] = "number"
    power: float | tuple[float | None, ...] | None = 0
    stability: Stability = "epsilon"
    convention: str = ""
    oracle: str = ""
    reference: str = ""
    version: int = 1
    across: bool = False

    def __attrs_post_init__(self) -> None:
        if not self.outputs or len(set(self.outputs)) != len(self.outputs):
            raise ValueError(f"feature {self.name}: outputs are {self.outputs!r}: names, each once, at least one")
        if self.across and any(isinstance(one, Table) for one in self.parameters.values()):
            raise ValueError(f"feature {self.name}: what looks at several symbols can have no fitted table")

    def __repr__(self) -> str:
        return f"<feature {self.name}>"

    def __call__(self, *of: Source, **parameters: Any) -> Use:
        """Choose parameters, and what it is computed from in place of its columns, in the order of its inputs.

        Raises
        ------
        ConfigError
            Names the parameter that is unknown or out of range, and what is valid.
        """
        for name in parameters:
            if name not in self.parameters:
                known = nearest(name, self.parameters) if self.parameters else "it has no parameters"
                raise ConfigError(f"feature {self.name!r} has no parameter {name!r}; {known}")
        chosen = []
        for name, declared in self.parameters.items():
            try:
                chosen.append((name, declared.check(parameters.get(name, declared.default))))
            except ValueError as error:
                raise ConfigError(f"feature {self.name!r}: {name} {error}") from None
        return Use(self, tuple(chosen), of)

    def wired(self, *inputs: Source, **parameters: Any) -> Use:
        """Choose parameters and give the step function other inputs: for the parts of which features are composed."""
        return attrs.evolve(self(**parameters), wired=inputs)

    @property
    def about(self) -> str:
        """The first line of the step function's docstring."""
        return (inspect.getdoc(_python(self.step)) or "").partition("\n")[0]

    @property
    def text(self) -> str:
        """The step function's docstring."""
        return inspect.getdoc(_python(self.step)) or ""

    def inputs_of(self, use: Use) -> tuple[Input, ...]:
        """Return the inputs under some parameters, with those of `Use.of` in place of the columns they are made of.

        What is given stands for the columns in the order in which the inputs name them, also where an input is another
        feature: the bands of an RSI have the RSI's average in the middle, and its deviation about it.
        """
        own = self.inputs(**use.values) if callable(self.inputs) else self.inputs
        if use.wired:
            if len(use.wired) > len(own):
                raise ConfigError(f"feature {self.name!r} has {len(own)} inputs, {len(use.wired)} are given")
            pairs = zip(own, use.wired, strict=False)
            own = (
                *(attrs.evolve(one, of=new) if isinstance(one, Window) else new for one, new in pairs),
                *own[len(use.wired) :],
            )
        if not use.of:
            return own
        named = tuple(dict.fromkeys(name for one in own for name in _columns(one)))
        if len(use.of) > len(named):
            raise ConfigError(f"feature {self.name!r} is made of {', '.join(named)}, {len(use.of)} inputs are given")
        places = dict(zip(named, use.of, strict=False))
        return tuple(_placed(one, places) for one in own)

    def size(self, which: Literal["state", "memory", "converge"], use: Use) -> int:
        """Return a number that may depend on parameters."""
        declared = getattr(self, which)
        return int(declared(**use.values)) if callable(declared) else int(declared)

    def lookbacks(self, use: Use) -> tuple[int, ...]:
        """Return the lookback of each output."""
        found = self.lookback(**use.values) if callable(self.lookback) else self.lookback
        return found if isinstance(found, tuple) else (found,) * len(self.outputs)

    @property
    def units(self) -> tuple[str, ...]:
        """The unit of each output."""
        return self.unit if isinstance(self.unit, tuple) else (self.unit,) * len(self.outputs)

    @property
    def powers(self) -> tuple[float | None, ...]:
        """The unit power of each output."""
        return self.power if isinstance(self.power, tuple) else (self.power,) * len(self.outputs)


def _columns(one: Input) -> tuple[str, ...]:
    """Names of the columns that an input is made of, each once, in the order in which they are met."""
    if isinstance(one, str):
        return (one,)
    if isinstance(one, Window):
        return _columns(one.of)
    if isinstance(one, Use):
        return tuple(dict.fromkeys(name for inner in one.feature.inputs_of(one) for name in _columns(inner)))
    return ()


def _placed(one: Any, places: Mapping[str, Source]) -> Any:
    """Put other sources in the place of columns, however deep they stand."""
    if isinstance(one, str):
        return places.get(one, one)
    if isinstance(one, Window):
        return attrs.evolve(one, of=_placed(one.of, places))
    if isinstance(one, Use):
        plain = _columns(attrs.evolve(one, of=()))
        return attrs.evolve(one, of=tuple(_placed(source, places) for source in (*one.of, *plain[len(one.of) :])))
    return one


def _python(step: Callable[..., Any]) -> Callable[..., Any]:
    """Return the Python function behind a compiled one."""
    return getattr(step, "py_func", step)


def feature(*, name: str = "", outputs: Sequence[str] = (), **declared: Any) -> Callable[[Callable[..., Any]], Feature]:
    """Declare a step function to be a feature.

    The step function is plain Python that numba can compile, or is compiled already. Its arguments are, in this order:

    - ``k`` : int, the number of rows of its inputs that it has seen before this one;
    - the state, a tuple of floats that begins as zeros, where ``state`` is above 0;
    - the memory, for `tickloom_kernels.indicators.window.get` and ``put``, where ``memory`` is above 0;
    - the inputs: float64 each, or a window, or a ladder;
    - the parameters.

    It returns its outputs; with a state: the new state, a tuple, and then the outputs. What it returns before its
    lookback is over is not shown. It must not keep anything elsewhere.

    With ``across=True`` it looks at all symbols of one ``ts_init`` together, after all of its rows. The step function
    then gets ``k``, the memory where there is one, the number of symbols, a column per input, a column per output
    (`tickloom_kernels.indicators.window.at` and ``give``), and the parameters; it returns nothing. The memory is
    that of the first symbol; each has as much, by ``window.own``.

    Parameters
    ----------
    name : str
        The function's own name by default.
    outputs : sequence of str
        The feature's name by default.
    **declared
        The other attributes of `Feature`.

    Returns
    -------
    callable
        Takes the step function and returns the `Feature`.
    """

    def declare(step: Callable[..., Any]) -> Feature:
        own = name or _python(step).__name__
        return Feature(own, step, outputs=tuple(outputs) or (own,), **declared)

    return declare
