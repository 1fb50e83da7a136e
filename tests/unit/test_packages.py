"""What goes into the distribution: `setup.cfg` lists packages by hand, so this holds the list against the folders."""

import configparser
import importlib.util
import re
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
ROOTS = {"framework": "tickloom", "plugins": "tickloom_plugins", "kernels": "tickloom_kernels"}
# Places of one machine, and hosts that packages come from: neither means anything to another reader. The parts are
# joined here, so that this file does not find itself.
NOT_OURS = re.compile(
    "|".join(["/" + "home/", "/" + "root/", "/" + "work/", "/" + "tmp/", "pypi" + r"\.org", r"\bindex" + "-url"])
)
READABLE = {"", ".py", ".md", ".toml", ".cfg", ".txt", ".yml", ".yaml"}


def setup_cfg() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(delimiters=("=",))
    parser.read(TOP / "setup.cfg", encoding="utf-8")
    return parser


def git(*arguments: str) -> list[str]:
    run = subprocess.run(["git", *arguments], cwd=TOP, capture_output=True, text=True, check=False)
    if run.returncode:
        pytest.skip(f"not a git checkout: {run.stderr.strip()}")
    return run.stdout.splitlines()


def test_list_of_packages_is_the_list_of_folders() -> None:
    folders = {
        ".".join(init.parent.relative_to(TOP / root).parts)
        for root, package in ROOTS.items()
        for init in (TOP / root / package).rglob("__init__.py")
    }
    assert sorted(setup_cfg()["options"]["packages"].split()) == sorted(folders)


def test_every_folder_with_modules_is_a_package() -> None:
    folders = {path.parent for root in ROOTS for path in (TOP / root).rglob("*.py")}
    assert [str(folder.relative_to(TOP)) for folder in folders if not (folder / "__init__.py").exists()] == []


@pytest.mark.parametrize(("root", "package"), ROOTS.items())
def test_packages_tell_type_checkers_that_they_are_typed(root: str, package: str) -> None:
    assert (TOP / root / package / "py.typed").exists()


def test_every_entry_point_names_a_module_that_exists() -> None:
    lines = setup_cfg()["options.entry_points"]["tickloom"].split("\n")
    modules = [line.partition("=")[2].strip() for line in lines if line]
    assert [name for name in modules if importlib.util.find_spec(name) is None] == []


def test_no_tracked_file_names_a_place_of_one_machine() -> None:
    found = []
    for name in git("ls-files", "--cached", "--others", "--exclude-standard"):
        path = TOP / name
        if path.suffix in READABLE and path.is_file():
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            found += [
                f"{name}:{number}: {line.strip()[:80]}" for number, line in enumerate(lines, 1) if NOT_OURS.search(line)
            ]
    assert found == []


def test_nothing_is_tracked_that_gitignore_names() -> None:
    assert git("ls-files", "--cached", "--ignored", "--exclude-standard") == []
