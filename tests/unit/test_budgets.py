"""The budgets of length, and what every module owes its reader: a place to look first when a part grows."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
LONGEST_FILE = {"framework": 400, "plugins": 400, "kernels": 800, "tests": 400}
LONGEST_FUNCTION = {"framework": 60, "plugins": 60, "kernels": 120, "tests": 60}
MOST_FILES = 12
# A folder with one file per indicator, or one per subject under test, is read by name and not as a whole.
MANY_FILES = re.compile(r"indicators|tests")
LEFT_OVER = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|raise NotImplementedError")
# Names that say nothing about what a thing is for.
EMPTY_NAME = re.compile(r"Manager|Helper|Util|Common|^_?Base[A-Z]|Base$")


def sources(*roots: str) -> Iterator[tuple[str, Path]]:
    for root in roots:
        for path in sorted((TOP / root).rglob("*.py")):
            yield root, path


def say(path: Path) -> str:
    return str(path.relative_to(TOP))


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=say(path))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("root", LONGEST_FILE)
def test_no_file_is_longer_than_its_budget(root: str) -> None:
    lengths = {say(path): len(path.read_text(encoding="utf-8").splitlines()) for _, path in sources(root)}
    assert {path: n for path, n in lengths.items() if n > LONGEST_FILE[root]} == {}


@pytest.mark.parametrize("root", LONGEST_FUNCTION)
def test_no_function_is_longer_than_its_budget(root: str) -> None:
    long = {}
    for _, path in sources(root):
        for function in functions(parse(path)):
            length = (function.end_lineno or function.lineno) - function.lineno + 1
            if length > LONGEST_FUNCTION[root]:
                long[f"{say(path)}:{function.lineno} {function.name}"] = length
    assert long == {}


def test_no_folder_holds_more_files_than_a_reader_can_survey() -> None:
    folders = Counter(say(path.parent) for _, path in sources("framework", "plugins", "kernels", "tests"))
    assert {name: n for name, n in folders.items() if n > MOST_FILES and not MANY_FILES.search(name)} == {}


def test_every_module_says_why_it_exists() -> None:
    silent = [
        say(path)
        for _, path in sources("framework", "plugins", "kernels", "tests", "examples")
        if not ast.get_docstring(parse(path))
    ]
    assert silent == []


def test_nothing_is_left_over() -> None:
    found = [
        f"{say(path)}:{number}: {line.strip()}"
        for _, path in sources("framework", "plugins", "kernels", "examples")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if LEFT_OVER.search(line)
    ]
    assert found == []


def test_no_class_or_module_has_an_empty_name() -> None:
    found = []
    for _, path in sources("framework", "plugins", "kernels"):
        if EMPTY_NAME.search(path.stem.title()):
            found.append(say(path))
        classes = (node for node in ast.walk(parse(path)) if isinstance(node, ast.ClassDef))
        found += [f"{say(path)}:{node.lineno} {node.name}" for node in classes if EMPTY_NAME.search(node.name)]
    assert found == []


def test_no_exception_is_swallowed() -> None:
    found = [
        f"{say(path)}:{node.lineno}"
        for _, path in sources("framework", "plugins", "kernels", "examples")
        for node in ast.walk(parse(path))
        if isinstance(node, ast.ExceptHandler) and all(isinstance(line, ast.Pass) for line in node.body)
    ]
    assert found == []
