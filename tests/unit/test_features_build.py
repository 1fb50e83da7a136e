"""Compiled units where they cannot be kept, and where no worker can help: they are compiled all the same."""

import sys
from pathlib import Path

import pytest

from tickloom.errors import ConfigError
from tickloom.features import Int, feature
from tickloom.features.columns import BAR
from tickloom.features.fused import build as fused
from tickloom.features.plan import ViewPlan
from tickloom.features.view import FeatureView
from tickloom.testing.numbers import rows_of
from tickloom_plugins.features.indicators.averages import ema, sma


def plan(first: int) -> ViewPlan:
    """Make a plan of two units that no other test has."""
    return ViewPlan(BAR, [sma(n=n) for n in range(first, first + 20)] + [ema(n=n) for n in range(first, first + 20)])


def test_a_folder_that_cannot_be_written_costs_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file where the folder should be")
    out, _ = FeatureView(ViewPlan(BAR, [sma(n=7013)]), folder=taken).run(rows_of(BAR, 10))
    assert out.shape == (10, 1)
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith(f"compiled features cannot be kept in {taken}: ")


def test_what_workers_fail_at_is_compiled_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    told: list[tuple[int, int]] = []
    made = plan(7100)
    assert len(fused.build(made.all_units, lambda done, of: told.append((done, of)), tmp_path)) == 2
    assert all(fused.is_compiled(unit, tmp_path) for unit in made.all_units)


def test_workers_compile_side_by_side_and_tell_of_each(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    made = plan(7200)
    fused.build(made.all_units, lambda done, of: told.append((done, of)), tmp_path)
    assert told == [(1, 2), (2, 2)]
    assert all(fused.is_compiled(unit, tmp_path) for unit in made.all_units)


def test_a_step_function_that_cannot_be_compiled_is_named_whoever_tries(tmp_path: Path) -> None:
    wrong = feature(name="wrong", inputs=("close",), parameters={"n": Int(1)})(lambda k, close, n: {"a": object()})
    with pytest.raises(ConfigError, match="feature 'wrong' cannot be compiled: ") as caught:
        fused.build([*plan(7300).all_units, *ViewPlan(BAR, [wrong()]).all_units], None, tmp_path)
    assert "\n" not in str(caught.value)
