"""``tickloom bench``: figures of the engine and of a plugin; how large they are is the machine's business."""

import json
from collections.abc import Sequence

import pytest
from click.testing import CliRunner, Result

from tickloom.cli import main
from tickloom.testing import speed


def bench(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["bench", *arguments])


def test_the_engine_is_measured_beside_its_bare_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "TICKS", 3_000)
    monkeypatch.setattr(speed, "_QUOTED", 200)
    monkeypatch.setattr(speed, "ROUNDS", 1)
    result = bench("--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert [one["unit"] for one in found] == ["tick", "tick", "command"]
    assert all(one["ns"] > 0 and one["bare_ns"] > 0 for one in found)


def test_an_installed_plugin_is_measured_with_its_settings() -> None:
    result = bench("feature", "ema", "--set", "n=3", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["name"] == "feature ema"
    assert told["bare_ns_per_tick"] > 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("feture", "ema"), "no kind of plugin 'feture'; did you mean 'feature'?"),
        (("feature", "emma"), "no feature 'emma'; did you mean "),
        (("feature",), "which feature? 3"),
        (("feature", "ema", "--set", "n"), "'n' is no setting; write KEY=VALUE, such as n=20"),
    ],
)
def test_what_cannot_be_measured_is_said_in_one_line(arguments: Sequence[str], said: str) -> None:
    result = bench(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
