"""Compiled units where they cannot be kept, and where no worker can help: they are compiled all the same."""

import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tickloom.errors import ConfigError
from tickloom.features import Int, feature
from tickloom.features.columns import BAR
from tickloom.features.fused import build as fused
from tickloom.features.fused.generate import MOST_OUTPUTS
from tickloom.features.plan import ViewPlan
from tickloom.features.view import FeatureView
from tickloom.testing.numbers import rows_of
from tickloom_plugins.features.indicators.averages import sma
from tickloom_plugins.features.indicators.momentum import mom


def plan(first: int) -> ViewPlan:
    """Make a plan of two units that no other test has."""
    return ViewPlan(BAR, [mom(n=n) for n in range(first, first + MOST_OUTPUTS + 1)])


def test_a_folder_that_cannot_be_written_costs_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file where the folder should be")
    out, _ = FeatureView(ViewPlan(BAR, [sma(n=7013)]), folder=taken).run(rows_of(BAR, 10))
    assert out.shape == (10, 1)
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith(f"compiled features cannot be kept in {taken}: ")


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    """Let the disk be full (Python ignores the signal that comes with it)."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_named_with_its_place_and_nothing_half_written_stays(tmp_path: Path) -> None:
    made = ViewPlan(BAR, [sma(n=7014)])
    with no_file_longer_than(100), pytest.raises(OSError, match="compiled features cannot be kept") as caught:
        FeatureView(made, folder=tmp_path)
    assert caught.value.filename == str(tmp_path)
    assert not list(tmp_path.iterdir())
    assert len(FeatureView(made, folder=tmp_path).run(rows_of(BAR, 10))[0]) == 10


@pytest.mark.parametrize("content", [b"", b"{}", b"[]\n", b'{"hash": "0", "entry": "", "needs": []}\ncode'])
def test_a_damaged_file_is_compiled_again(tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes) -> None:
    made = ViewPlan(BAR, [sma(n=7015 + len(content))])
    (unit,) = made.all_units
    path = fused._path(unit.name, tmp_path)
    path.write_bytes(content)
    assert len(FeatureView(made, folder=tmp_path).run(rows_of(BAR, 10))[0]) == 10
    assert [record.getMessage()[:14] for record in caplog.records] == ["compiled again"]
    assert path.stat().st_size > len(content)


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
