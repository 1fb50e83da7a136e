"""Plugins are found, a broken one stays alone, and a name or a file leads to one factory."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tickloom.config import Config, load_config
from tickloom.errors import ConfigError
from tickloom.plugins import Plugin, Registry, load_plugins

Install = Callable[..., None]

GOOD = """
from tickloom import hookimpl

@hookimpl
def tickloom_register(register):
    register.model("acme_one", "acme_models:One")
    register.model("acme_two", "acme_models:Two")
    register.model("acme_broken", "acme_torch:Model")
    register.feature("acme_fast", "acme_models:Fast")
"""

MODELS = """
class One:
    def __init__(self, level: int = 1):
        self.level = level

    def predict(self, features):
        return self.level

class Two(One):
    pass
"""


def found(registry: Registry, name: str) -> Plugin:
    return next(plugin for plugin in registry.plugins if plugin.name == name)


def fault(registry: Registry, name: str) -> str:
    return found(registry, name).fault or ""


@pytest.fixture
def acme(install: Install) -> Registry:
    install("acme-models", "1.2", "acme", acme=GOOD, acme_models=MODELS, acme_torch="import no_such_library")
    return load_plugins()


def config(folder: Path, text: str) -> Config:
    path = folder / "run.toml"
    path.write_text(text + "\n[sources.main]\nkind = 'x'\n[views.v]\non = 'trade'\nfeatures = [{name = 'f'}]\n")
    return load_config(path)


def test_a_plugin_is_found_with_its_distribution_and_what_it_offers(acme: Registry) -> None:
    plugin = found(acme, "acme")
    assert (plugin.distribution, plugin.version, plugin.fault) == ("acme-models", "1.2", None)
    assert plugin.kinds == {"feature": ("acme_fast",), "model": ("acme_one", "acme_two", "acme_broken")}


def test_nothing_behind_a_name_is_imported_before_it_is_looked_up(acme: Registry) -> None:
    assert "acme_models" not in sys.modules
    assert acme.lookup("model", "acme_two", "run.toml: models.m.kind").__name__ == "Two"


def test_looking_a_name_up_marks_its_distribution_as_used(
    acme: Registry, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("tickloom", "9.9", "ours", ours="")
    assert acme.versions == {"tickloom": "9.9"}
    acme.lookup("model", "acme_one", "run.toml: models.m.kind")
    assert acme.versions == {"tickloom": "9.9", "acme-models": "1.2"}


REGISTERS = "from tickloom import hookimpl\n@hookimpl\ndef tickloom_register(register): "


# Each source is wrong in one way; the cause is what a person needs to mend it.
@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("import no_such_library", "ModuleNotFoundError: No module named 'no_such_library'"),
        ("def broken(:", "SyntaxError: invalid syntax (broken.py, line 1)"),
        (
            "from tickloom import hookimpl\n@hookimpl\ndef tickloom_regster(register): ...",
            "unknown hook 'tickloom_regster' in plugin",
        ),
        (
            "from tickloom import hookimpl\n@hookimpl\ndef tickloom_register(registry): ...",
            "Argument(s) {'registry'} are declared in the hookimpl but can not be found in the hookspec",
        ),
        (
            REGISTERS + "register.modle('a', 'b:C')",
            "AttributeError: register.modle: no such kind of plugin; did you mean 'model'?",
        ),
        (
            REGISTERS + "register.model('a', 'b.C')",
            "ValueError: model 'a': 'b.C' is no place of a factory; write it as 'module:Name'",
        ),
        (
            REGISTERS + "register.model('a b', 'b:C')",
            "ValueError: model 'a b': a name has letters, digits, _ and -",
        ),
        (
            REGISTERS + "register.model('a', 'b:C'); register.model('a', 'b:D')",
            "ValueError: model 'a' is registered twice",
        ),
    ],
)
def test_a_broken_plugin_is_kept_with_its_cause_and_the_others_start(install: Install, source: str, cause: str) -> None:
    install("broken-dist", "0.1", "broken", broken=source)
    install("acme-models", "1.2", "acme", acme=GOOD)
    registry = load_plugins()
    assert cause in fault(registry, "broken")
    assert "\n" not in fault(registry, "broken")
    assert (found(registry, "broken").distribution, found(registry, "broken").offers) == ("broken-dist", ())
    assert "acme_one" in registry.names("model")
    assert "a" not in registry.names("model")


def test_a_plugin_that_failed_hears_no_further_hook(install: Install) -> None:
    source = """
from tickloom import hookimpl

@hookimpl
def tickloom_register(register):
    raise RuntimeError("no")

@hookimpl
def tickloom_startup(run):
    run.append("called")
"""
    install("broken-dist", "0.1", "broken", broken=source)
    run: list[str] = []
    load_plugins().call("tickloom_startup", run=run)
    assert run == []


def test_a_second_plugin_of_the_same_name_is_a_fault(install: Install) -> None:
    install("first", "1", "twin", twin_one="")
    install("second", "1", "twin", twin_two="")
    faults = {plugin.fault for plugin in load_plugins().plugins if plugin.name == "twin"}
    assert faults == {None, "another distribution has a plugin called 'twin' too"}


def test_a_disabled_plugin_is_not_imported(install: Install) -> None:
    install("acme-models", "1.2", "acme", acme=GOOD)
    registry = load_plugins(["acme"])
    assert "acme" not in {plugin.name for plugin in registry.plugins}
    assert "acme" not in sys.modules


def test_disabling_what_is_not_there_names_what_was_meant(install: Install) -> None:
    install("acme-models", "1.2", "acme_models", acme=GOOD)
    with pytest.raises(ConfigError, match=r"^run\.toml: plugins\.disable: no plugin 'acme_model'; did you mean"):
        load_plugins(["acme_model"], "run.toml: plugins.disable")


def test_an_unknown_name_lists_the_known_ones_and_who_failed_to_load(acme: Registry, install: Install) -> None:
    install("broken-dist", "0.1", "broken", broken="import no_such_library")
    with pytest.raises(ConfigError) as caught:
        load_plugins().lookup("model", "acme_onee", "run.toml: models.m.kind")
    text = str(caught.value)
    assert text.startswith(
        "run.toml: models.m.kind: no model 'acme_onee'; did you mean 'acme_one'? (known: acme_broken,"
    )
    assert text.endswith(
        "; plugin 'broken' (broken-dist 0.1) failed to load: ModuleNotFoundError: No module named 'no_such_library'"
    )


def test_a_factory_that_cannot_be_imported_names_its_plugin_and_the_cause(acme: Registry) -> None:
    with pytest.raises(ConfigError) as caught:
        acme.lookup("model", "acme_broken", "run.toml: models.m.kind")
    assert str(caught.value) == (
        "run.toml: models.m.kind: model 'acme_broken' of plugin 'acme' (acme-models 1.2) cannot be imported: "
        "ModuleNotFoundError: No module named 'no_such_library'"
    )


def test_a_name_that_two_plugins_registered_names_both(acme: Registry, install: Install) -> None:
    install("zeta", "3", "zeta", zeta=GOOD)
    with pytest.raises(ConfigError) as caught:
        load_plugins().lookup("model", "acme_one", "run.toml: models.m.kind")
    text = str(caught.value)
    assert text.startswith("run.toml: models.m.kind: model 'acme_one' is registered by plugin ")
    assert "plugin 'acme' (acme-models 1.2)" in text
    assert "plugin 'zeta' (zeta 3)" in text
    assert text.endswith("; put one into plugins.disable")


def test_a_section_becomes_its_plugin_with_its_options(acme: Registry, tmp_path: Path) -> None:
    settings = config(tmp_path, "[models.m]\nkind = 'acme_one'\nview = 'v'\nlevel = 3")
    assert acme.make("model", settings.models["m"].plugin, settings).level == 3


def test_a_wrong_option_is_told_together_with_the_keys_of_the_wiring(acme: Registry, tmp_path: Path) -> None:
    settings = config(tmp_path, "[models.m]\nkind = 'acme_one'\nview = 'v'\nlevle = 3")
    with pytest.raises(ConfigError) as caught:
        acme.make("model", settings.models["m"].plugin, settings)
    assert str(caught.value) == (
        "run.toml: models.m.levle: unknown key; did you mean 'level'? (known: class, file, kind, level, view)"
    )


def test_a_feature_that_nobody_registered_is_told_by_its_place_in_the_view(acme: Registry, tmp_path: Path) -> None:
    settings = config(tmp_path, "")
    with pytest.raises(ConfigError, match=r"^run\.toml: views\.v\.features\[0\]\.name: no feature 'f'"):
        acme.make("feature", settings.views["v"].features[0], settings)


def from_file(folder: Path, source: str, class_name: str | None = None) -> Callable[..., Any]:
    path = folder / "mine.py"
    path.write_text(source)
    return load_plugins().from_file(path, "strategy", class_name, "run.toml: strategies.s")


ONE_STRATEGY = """
import attrs
from tickloom import Strategy, Trade

@attrs.frozen
class Settings:
    n: int = 1

class _Private(Strategy):
    pass

class Mine(Strategy):
    def on_trade(self, trade): ...
"""


def test_a_file_gives_the_one_class_that_looks_like_the_kind(tmp_path: Path) -> None:
    assert from_file(tmp_path, ONE_STRATEGY).__name__ == "Mine"
    assert from_file(tmp_path, "class Alike:\n    def on_bar(self, bar): ...").__name__ == "Alike"


def test_a_file_is_a_module_of_its_own_name_and_leaves_the_search_path_alone(tmp_path: Path) -> None:
    before = list(sys.path)
    made = from_file(tmp_path, ONE_STRATEGY)
    assert sys.modules[made.__module__].__file__ == str(tmp_path / "mine.py")
    assert "mine" not in sys.modules
    assert sys.path == before


def test_two_sections_of_one_file_share_the_module(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(ONE_STRATEGY)
    registry = load_plugins()
    first, second = (registry.from_file(path, "strategy", None, "run.toml: strategies.s") for _ in range(2))
    assert first is second


def test_the_config_chooses_among_several_classes(tmp_path: Path) -> None:
    source = ONE_STRATEGY + "\nclass Other(Mine): ...\n"
    assert from_file(tmp_path, source, "Other").__name__ == "Other"


@pytest.mark.parametrize(
    ("source", "class_name", "message"),
    [
        (
            ONE_STRATEGY + "\nclass Other(Mine): ...\n",
            None,
            ".file: mine.py defines several classes; add one of class = 'Mine', class = 'Other'",
        ),
        (ONE_STRATEGY, "Mien", ".class: no class 'Mien' in mine.py; did you mean 'Mine'? (known: Mine, Settings)"),
        ("from tickloom import Strategy", None, ".file: mine.py defines no class that looks like a strategy"),
        ("x = 1\ny = x / 0\n", None, ".file: mine.py cannot be loaded: ZeroDivisionError: division by zero (line 2)"),
        ("class A(:", None, ".file: mine.py cannot be loaded: SyntaxError: invalid syntax (mine.py, line 1)"),
    ],
)
def test_a_file_that_gives_no_class_says_why(tmp_path: Path, source: str, class_name: str | None, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        from_file(tmp_path, source, class_name)
    assert str(caught.value) == "run.toml: strategies.s" + message


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^run\.toml: strategies\.s\.file: no Python file '.*/none\.py'$"):
        load_plugins().from_file(tmp_path / "none.py", "strategy", None, "run.toml: strategies.s")


HOOKS = """
from tickloom import hookimpl

@hookimpl
def tickloom_configure(config):
    if "{name}" in config.raw["refuse"]:
        raise ValueError("not with me")

@hookimpl
def tickloom_startup(run):
    run.append("{name} up")

@hookimpl
def tickloom_shutdown(run):
    run.append("{name} down")
    if "{name}" == "hook_b":
        raise RuntimeError("stuck")
"""


@pytest.fixture
def hooked(install: Install) -> Registry:
    install("hook-a", "1", "hook_a", hook_a=HOOKS.replace("{name}", "hook_a"))
    install("hook-b", "1", "hook_b", hook_b=HOOKS.replace("{name}", "hook_b"))
    return load_plugins()


def test_shutdown_goes_in_the_reverse_order_and_one_that_raises_stops_no_other(hooked: Registry) -> None:
    run: list[str] = []
    hooked.call("tickloom_startup", run=run)
    up = [line.removesuffix(" up") for line in run]
    failed = hooked.call("tickloom_shutdown", run=run)
    assert [line.removesuffix(" down") for line in run[2:]] == up[::-1]
    assert [(plugin.name, plugin.fault) for plugin in failed] == [("hook_b", "RuntimeError: stuck")]


def test_a_plugin_that_refuses_a_config_is_named(hooked: Registry, tmp_path: Path) -> None:
    class Refused:
        path = tmp_path / "run.toml"
        raw = {"refuse": ["hook_b"]}  # noqa: RUF012

    with pytest.raises(ConfigError) as caught:
        hooked.configure(Refused())  # type: ignore[arg-type]
    assert str(caught.value) == "run.toml: plugin 'hook_b' (hook-b 1) refuses the config: ValueError: not with me"
