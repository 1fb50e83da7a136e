"""The table of kinds, the hooks and the public names agree with what they stand for."""

import ast
import inspect
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules, resolve_name

import pytest

import tickloom
import tickloom_plugins
from tickloom import hookspecs, interfaces
from tickloom.config.settings import build
from tickloom.events import Trade
from tickloom.features import Use
from tickloom.kinds import BY_NAME, KINDS
from tickloom.plugins import Offer, Register

TOP = Path(__file__).resolve().parents[2]
# What the loop gives plugins, rather than what a plugin is.
GIVEN = {"Context", "GateContext"}
ROOMS = [
    f"tickloom_plugins.{room.name}"
    for room in iter_modules(tickloom_plugins.__path__)
    if hasattr(import_module(f"tickloom_plugins.{room.name}"), "tickloom_register")
]
# Everything of ours that registers something.
ANNOUNCING = [*ROOMS, "tickloom.report.builtin"]
HOOKS = {
    name: hook for name, hook in vars(hookspecs).items() if inspect.isfunction(hook) and name.startswith("tickloom_")
}


def offers(module: str) -> list[Offer]:
    register = Register()
    import_module(module).tickloom_register(register)
    return list(register.offers.values())


def test_every_protocol_of_a_plugin_is_a_kind_and_every_kind_has_one() -> None:
    declared = {name for name, found in vars(interfaces).items() if is_interface(found)}
    # A feature is a record, not an object with methods.
    assert {kind.resolve().__name__ for kind in KINDS} == (declared - GIVEN) | {"Feature"}


def is_interface(found: object) -> bool:
    return isinstance(found, type) and found.__module__ == interfaces.__name__


def test_register_has_a_method_for_every_kind() -> None:
    register = Register()
    for kind in BY_NAME:
        getattr(register, kind)("mine", "my_package.mine:Mine")
    assert list(register.offers.values()) == [Offer(kind, "mine", "my_package.mine:Mine") for kind in BY_NAME]


def test_a_strategy_that_writes_no_handler_does_nothing() -> None:
    class Idle(interfaces.Strategy):
        """Says nothing."""

    idle = build(Idle, {}, "run.toml: strategies.idle")
    idle.on_start()
    idle.on_trade(Trade(0, 0, 0, 1, 1, 1, 1))
    idle.on_stop()
    assert vars(idle) == {}


def test_the_hooks_are_the_five_of_the_design_with_their_arguments() -> None:
    assert {name: list(inspect.signature(hook).parameters) for name, hook in HOOKS.items()} == {
        "tickloom_register": ["register"],
        "tickloom_configure": ["config"],
        "tickloom_startup": ["run"],
        "tickloom_shutdown": ["run"],
        "tickloom_plugin_fault": ["fault"],
    }


@pytest.mark.parametrize("name", HOOKS)
def test_the_text_of_a_hook_is_a_contract(name: str) -> None:
    text = inspect.getdoc(HOOKS[name]) or ""
    missing = [part for part in ("When: ", "Thread: ", "Parameters", "Returns") if part not in text]
    assert missing == []


@pytest.mark.parametrize("module", ANNOUNCING)
def test_every_factory_of_ours_is_where_it_says(module: str) -> None:
    for offer in offers(module):
        found = resolve_name(offer.place)
        # A preset is no factory, but the features that it stands for.
        assert callable(found) or all(isinstance(one, Use) for one in found)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_announces_only_what_stands_in_it(room: str) -> None:
    assert [offer.place for offer in offers(room) if not offer.place.startswith(f"{room}.")] == []


def test_every_section_of_the_report_is_announced() -> None:
    folder = TOP / "framework/tickloom/report/sections"
    written = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert {offer.name for offer in offers("tickloom.report.builtin")} == written


def test_the_rooms_offer_what_a_config_uses_by_default() -> None:
    offered = {(offer.kind, offer.name) for room in ROOMS for offer in offers(room)}
    assert offered >= {("algo", "direct"), ("router", "direct"), ("risk_check", "limits"), ("venue", "simulated")}


def test_announcing_what_is_there_imports_nothing_that_computes() -> None:
    program = "import sys\n" + "".join(f"import {module}\n" for module in ANNOUNCING) + "print(*sys.modules)"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(str(TOP / root) for root in ("framework", "plugins"))}
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert {"numpy", "numba", "polars", "torch"} & set(run.stdout.split()) == set()


def test_every_public_name_is_there_and_comes_from_where_type_checkers_think() -> None:
    tree = ast.parse((TOP / "framework/tickloom/__init__.py").read_text(encoding="utf-8"))
    guarded = next(node for node in tree.body if isinstance(node, ast.If))
    homes = {
        alias.name: node.module for node in guarded.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert homes == tickloom._HOMES
    assert sorted(homes) == tickloom.__all__
    for name, home in homes.items():
        assert getattr(tickloom, name) is getattr(import_module(home or ""), name)
        assert name in dir(tickloom)


def test_a_name_that_is_not_public_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="module 'tickloom' has no attribute 'Stratgy'"):
        _ = tickloom.Stratgy
