"""Writes a project from its templates: names are checked first, and nothing that exists is touched."""

import keyword
import re
import sys
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from tickloom.errors import ConfigError

_NAME = re.compile(r"[a-z][a-z0-9_]*")
#: Names that a package of a user's would hide.
_TAKEN = frozenset({*sys.stdlib_module_names, "numpy", "pytest", "tests", "bench"})
_TEMPLATES = files("tickloom.projects") / "templates"

#: Files of a project with a plugin, and the template of each.
_PLUGIN = {
    ".gitignore": "plugin/gitignore.txt",
    "Makefile": "plugin/Makefile.txt",
    "README.md": "plugin/README.txt",
    "local.mk": "plugin/local.txt",
    "pyproject.toml": "plugin/pyproject.txt",
    "@name@/__init__.py": "plugin/init.txt",
    "@name@/@kind@.py": "kinds/@kind@/plugin.txt",
    "tests/test_@name@.py": "kinds/@kind@/test.txt",
    "bench/test_bench_@name@.py": "plugin/bench.txt",
}
#: Files of a project with a strategy, which needs no packaging: a config names its file.
_STRATEGY = {
    ".gitignore": "plugin/gitignore.txt",
    "Makefile": "strategy/Makefile.txt",
    "README.md": "strategy/README.txt",
    "local.mk": "plugin/local.txt",
    "run.toml": "strategy/run.txt",
    "strategy.py": "kinds/strategy/plugin.txt",
    "test_strategy.py": "strategy/test.txt",
    "bench_strategy.py": "strategy/bench.txt",
}


def write_plugin(name: str, kind: str, folder: Path) -> Path:
    """Write a project with a plugin of one kind.

    Parameters
    ----------
    name : str
        Of the package, and of the plugin in a config.
    kind : str
        A name from the table of kinds.
    folder : Path
        Where the project's own folder is made.

    Returns
    -------
    Path
        The project's folder.

    Raises
    ------
    ConfigError
        The name is none, or the folder is there already.
    """
    say = kind.replace("_", " ")
    article = "an" if say[0] in "aeiou" else "a"
    words = {"kind": kind, "a_kind": f"{article} {say}", "A_kind": f"{article.capitalize()} {say}"}
    if kind == "feature":
        # No class but a record, which is called what its step function is called.
        words["Class"] = name
    use = _filled(f"kinds/{kind}/use.txt", _words(name))
    return _write(_PLUGIN, name, folder, {**words, "use": use})


def write_strategy(name: str, folder: Path) -> Path:
    """Write a project with a strategy, its config and its test; the rest is as with `write_plugin`."""
    return _write(_STRATEGY, name, folder, {"kind": "strategy"})


def _write(listed: Mapping[str, str], name: str, folder: Path, words: Mapping[str, str]) -> Path:
    _check(name)
    project = folder / name
    if project.exists():
        raise ConfigError(f"{project} is there already; choose another name, or another folder with --in")
    words = {**_words(name), **words}
    texts = {_fill(path, words): _filled(_fill(template, words), words) for path, template in listed.items()}
    try:
        for path, text in texts.items():
            (project / path).parent.mkdir(parents=True, exist_ok=True)
            (project / path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{project}: cannot be written: {error.strerror}") from error
    return project


def _words(name: str) -> dict[str, str]:
    """Return what stands for the marks of a template."""
    parts = [part for part in name.split("_") if part]
    return {
        "name": name,
        "Class": "".join(part.capitalize() for part in parts),
        "id": "-".join(parts),
        "python": sys.executable,
    }


def _filled(template: str, words: Mapping[str, str]) -> str:
    return _fill((_TEMPLATES / template).read_text(encoding="utf-8"), words)


def _fill(text: str, words: Mapping[str, str]) -> str:
    for mark, word in words.items():
        text = text.replace(f"@{mark}@", word)
    return text


def _check(name: str) -> None:
    """Refuse what is no name of a package, and show the nearest that is."""
    if not _NAME.fullmatch(name):
        wrong = "is no name of a package: lower-case letters, digits and _, a letter first"
    elif keyword.iskeyword(name) or name in _TAKEN or name.startswith("tickloom"):
        wrong = "is taken by Python, or by what tickloom uses"
    else:
        return
    raise ConfigError(f"{name!r} {wrong}; {_nearest(name)!r} would do")


def _nearest(name: str) -> str:
    """Return the nearest name that would do."""
    near = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()).strip("_")
    if not near or keyword.iskeyword(near) or near in _TAKEN or not near[0].isalpha() or near.startswith("tickloom"):
        return f"my_{near}" if near else "my_plugin"
    return near
