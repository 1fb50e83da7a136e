"""What a step function is, as text: its own code and that of everything of ours or its author's that it calls.

A view's version is made from these texts, and so is the name of its compiled code: an edit anywhere below a feature
gives it another version and another name, which is what numba's own cache would not notice.
"""

import ast
import hashlib
import inspect
import textwrap
from collections.abc import Callable
from functools import cache
from types import CodeType, FunctionType
from typing import Any

import numpy as np


def python(step: Callable[..., Any]) -> FunctionType:
    """Return the Python function behind a compiled one."""
    found: FunctionType = getattr(step, "py_func", step)  # type: ignore[arg-type]
    return found


@cache
def fingerprint(step: Callable[..., Any]) -> str:
    """Return 16 hexadecimal digits that change with the code of a function, or of a function or number that it uses."""
    seen: dict[str, str] = {}
    _collect(python(step), seen)
    text = "\n".join(f"{name}\n{seen[name]}" for name in sorted(seen))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _collect(function: FunctionType, seen: dict[str, str]) -> None:
    name = f"{function.__module__}.{function.__qualname__}"
    if name in seen:
        return
    seen[name] = _code(function)
    for used, value in _used(function).items():
        behind = getattr(value, "py_func", value)
        # What comes from a library is pinned by its version, not by its code.
        if isinstance(behind, FunctionType) and behind.__module__.partition(".")[0] not in ("numba", "numpy", "math"):
            _collect(behind, seen)
        elif isinstance(value, bool | int | float | str | tuple):
            seen[f"{name}:{used}"] = repr(value)
        elif isinstance(value, np.ndarray):
            seen[f"{name}:{used}"] = f"{value.shape} {hashlib.sha256(value.tobytes()).hexdigest()}"


def _code(function: FunctionType) -> str:
    """Return the code without comments, docstrings and layout; of a function without source its bytecode."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, SyntaxError, TypeError):
        return _bytecode(function.__code__)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.decorator_list = []
            if ast.get_docstring(node) is not None:
                node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)


def _bytecode(code: CodeType) -> str:
    inner = [_bytecode(one) if isinstance(one, CodeType) else repr(one) for one in code.co_consts]
    return f"{code.co_code.hex()} {code.co_names} {inner}"


def _used(function: FunctionType) -> dict[str, Any]:
    """Return what a function refers to outside of itself: globals and closed-over names."""
    names = set(function.__code__.co_names)
    found = {name: function.__globals__[name] for name in names if name in function.__globals__}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        found[name] = cell.cell_contents
    return found
