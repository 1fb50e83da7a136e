"""Values from a config become the arguments of a factory, or one line with file and key."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, Protocol

import attrs
import pytest

from tickloom.config.settings import build, convert
from tickloom.errors import ConfigError
from tickloom.units import duration

WHERE = "run.toml: strategies.cross"


def positive(instance: object, field: object, value: int) -> None:
    if value <= 0:
        raise ValueError("must be above 0")


@attrs.frozen
class Latency:
    """A nested table."""

    out: int = attrs.field(converter=duration)


@attrs.frozen
class Cross:
    """What the tests configure."""

    fast: int = attrs.field(validator=positive)
    slow: int = attrs.field(default=100, validator=attrs.validators.gt(1))
    pause: int = attrs.field(default="1s", converter=duration)  # type: ignore[assignment]
    latency: Latency | None = None


class Plain:
    """The same without attrs."""

    def __init__(self, fast: int, *, label: str = "") -> None:
        if fast > 1_000:
            raise LookupError("too fast")
        self.fast, self.label = fast, label


class Contract(Protocol):
    """A Protocol that plugins inherit from."""

    ctx: int

    def handle(self) -> None:
        """Handle something."""


class Follower(Contract):
    """A plugin without settings, whose __init__ is the Protocol's."""


def open_ended(**options: object) -> dict[str, object]:
    return options


def refused(factory: Callable[..., Any], options: Mapping[str, object]) -> str:
    with pytest.raises(ConfigError) as caught:
        build(factory, options, WHERE, besides=("accounts",))
    return str(caught.value)


def test_an_attrs_class_and_a_plain_class_are_built_alike() -> None:
    assert build(Cross, {"fast": 5, "pause": "5ms"}, WHERE) == Cross(5, 100, "5ms")
    assert build(Plain, {"fast": 5, "label": "x"}, WHERE).label == "x"


def test_a_table_becomes_the_attrs_class_that_is_asked_for() -> None:
    assert build(Cross, {"fast": 5, "latency": {"out": "5ms"}}, WHERE).latency.out == 5_000_000


def test_a_class_that_inherits_from_a_protocol_and_has_no_settings_takes_none() -> None:
    assert isinstance(build(Follower, {}, WHERE), Follower)
    assert refused(Follower, {"fast": 5}) == f"{WHERE}.fast: unknown key; known: accounts"


def test_a_factory_that_takes_any_key_gets_any_key() -> None:
    assert build(open_ended, {"a": 1, "b": [2]}, WHERE) == {"a": 1, "b": [2]}


@pytest.mark.parametrize(
    ("factory", "options", "message"),
    [
        (
            Cross,
            {"fats": 5},
            ".fats: unknown key; did you mean 'fast'? (known: accounts, fast, latency, pause, slow)",
        ),
        (Cross, {"fast": 5, "acounts": []}, ".acounts: unknown key; did you mean 'accounts'?"),
        (Plain, {"fast": 5, "lable": ""}, ".lable: unknown key; did you mean 'label'? (known: accounts, fast, label)"),
        (Cross, {"slow": 5}, ".fast: missing; it must be a whole number"),
        (Plain, {}, ".fast: missing; it must be a whole number"),
        (Cross, {"fast": "5"}, ".fast: must be a whole number, not '5'"),
        (Cross, {"fast": True}, ".fast: must be a whole number, not true"),
        (Plain, {"fast": 5.0}, ".fast: must be a whole number, not 5.0"),
        (Plain, {"fast": 5, "label": 5}, ".label: must be text, not 5"),
        (Cross, {"fast": 0}, ".fast: must be above 0"),
        (Cross, {"fast": 5, "slow": 1}, ".slow: 'slow' must be > 1: 1"),
        (Cross, {"fast": 5, "pause": "5"}, ".pause: '5' is no duration;"),
        (Cross, {"fast": 5, "latency": {"out": "5"}}, ".latency.out: '5' is no duration;"),
        (Cross, {"fast": 5, "latency": {"ou": "5"}}, ".latency.ou: unknown key; did you mean 'out'?"),
        (Cross, {"fast": 5, "latency": "5ms"}, ".latency: must be a table, not '5ms'"),
        (Plain, {"fast": 2_000}, ": LookupError: too fast"),
    ],
)
def test_a_mistake_is_one_line_with_file_key_and_what_would_be_valid(
    factory: Callable[..., Any], options: Mapping[str, object], message: str
) -> None:
    text = refused(factory, options)
    assert text.startswith(WHERE + message)
    assert "\n" not in text


@pytest.mark.parametrize(
    ("value", "hint", "result"),
    [
        (3, float, 3.0),
        ("0.10", Decimal, Decimal("0.10")),
        (7, Decimal, Decimal(7)),
        ("a/b.gz", Path, Path("/run/a/b.gz")),
        ("/a/b.gz", Path, Path("/a/b.gz")),
        (["a"], tuple[str, ...], ("a",)),
        (["a", 1], tuple[str, int], ("a", 1)),
        (["a"], Sequence[str], ["a"]),
        (["a", "a"], frozenset[str], frozenset({"a"})),
        ([[1], [2]], list[list[float]], [[1.0], [2.0]]),
        ({"a": 1}, dict[str, float], {"a": 1.0}),
        ({"a": [1]}, Mapping[str, object], {"a": [1]}),
        ("5", int | str, "5"),
        ("5", Decimal | str, "5"),
        (5, Decimal | float, Decimal(5)),
        ({"out": "1s"}, Latency | str, Latency("1s")),
        ("b", Literal["a", "b"], "b"),
        (1, Any, 1),
    ],
)
def test_a_value_becomes_what_the_annotation_asks_for(value: object, hint: object, result: object) -> None:
    converted = convert(value, hint, "run.toml: a.b", Path("/run"))
    assert converted == result
    assert type(converted) is type(result)


@pytest.mark.parametrize(
    ("value", "hint", "message"),
    [
        (1, bool, "must be true or false, not 1"),
        ("x", float, "must be a number, not 'x'"),
        (True, float, "must be a number, not true"),
        (0.1, Decimal, "must be a decimal number as text, such as '0.1', not 0.1"),
        ("NaN", Decimal, "must be a decimal number as text, such as '0.1', not 'NaN'"),
        (1, Path, "must be a path (text), not 1"),
        ("$TICKLOOM_NOWHERE/x", Path, "TICKLOOM_NOWHERE is not set (needed by path '$TICKLOOM_NOWHERE/x')"),
        ("abc", Sequence[str], "must be a list, not 'abc'"),
        (["a"], tuple[str, str], "must have 2 entries, not 1"),
        ([1], dict[str, int], "must be a table, not a list"),
        (0.5, int | str | None, "must be a whole number or text, not 0.5"),
        ("hlat", Literal["stop", "halt"], "'hlat' is not valid; did you mean 'halt'? (known: halt, stop)"),
        (True, Literal[1, 2], "must be one of 1, 2, not true"),
        ("x", range, "must be a range, which a config cannot hold, not 'x'"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(value: object, hint: object, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        convert(value, hint, "run.toml: a.b")
    assert str(caught.value) == f"run.toml: a.b: {message}"


def test_a_wrong_entry_is_named_by_its_place() -> None:
    with pytest.raises(ConfigError, match=r"^run\.toml: a\.b\[1\]: must be text, not 2$"):
        convert(["a", 2], list[str], "run.toml: a.b")


def test_settings_whose_types_cannot_be_read_are_the_plugins_mistake() -> None:
    class Unreadable:
        def __init__(self, fast: "Nowhere") -> None:  # type: ignore[name-defined]  # noqa: F821
            self.fast = fast

    text = refused(Unreadable, {"fast": 1})
    assert text.startswith(f"{WHERE}: the settings of ")
    assert text.endswith("Unreadable cannot be read: name 'Nowhere' is not defined")
