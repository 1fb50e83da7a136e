"""What the documentation shows is what happens: its files are written, its configs wired, its commands run.

A page is a folder. A block of Python or TOML whose first line is a comment with a file name is that file; other Python
runs in the page's namespace, other TOML is laid over the config file that the page showed last. In a block of
``console``, lines after ``$`` are run, and what stands below them must be in what they print.
"""

import inspect
import json
import re
import runpy
import shlex
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from click.testing import CliRunner
from sybil import Example, Sybil
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.myst import CodeBlockParser

from tickloom.cli import main
from tickloom.config import Config, config_from, sections
from tickloom.engine.wiring.build import Wiring
from tickloom.events import KINDS
from tickloom.features.inspection.catalogue import installed, page
from tickloom.kinds import KINDS as PLUGIN_KINDS
from tickloom.kinds import Kind
from tickloom.plugins import load_plugins

TOP = Path(__file__).resolve().parents[2]
PAGES = [TOP / "README.md", *(path for path in sorted((TOP / "docs").rglob("*.md")) if "_build" not in path.parts)]
#: Pages whose commands install something: tests/packaging/test_projects.py follows them, in an environment of its own.
FOLLOWED = {TOP / "docs" / "tutorials" / "first_plugin.md"}
#: The page that `make docs` makes of the records of all features.
MADE = "features.md"
FILE_NAME = re.compile(r"# (\S+\.(?:py|toml))\n")
#: What a page without a config of its own lays its pieces over.
PLAIN = """
[sources.main]
kind = "synthetic"
[venues.perp]
kind = "simulated"
[accounts.main]
"""


def named(page: Path) -> str:
    return str(page.relative_to(TOP))


def written(example: Example) -> str | None:
    """Write a block that names its file; return the name."""
    match = FILE_NAME.match(example.parsed)
    if match is None:
        return None
    Path(match[1]).write_text(example.parsed, encoding="utf-8")
    return match[1]


def python(example: Example) -> None:
    name = written(example)
    if name is None:
        PythonEvaluator()(example)
    else:
        compile(example.parsed, name, "exec")


def toml(example: Example) -> None:
    """Wire the config: every name is looked up, every plugin built, with its options checked."""
    name = written(example)
    if name is not None:
        example.namespace["config"] = name
    file = example.namespace.get("config")
    shown = tomllib.loads(Path(file).read_text(encoding="utf-8") if file else PLAIN)
    merged = over(shown, tomllib.loads(example.parsed))
    if file and not name:
        Path(file).write_text("\n".join(dotted("", merged)), encoding="utf-8")
    Wiring(config_from(Path(file or "piece.toml"), merged), load_plugins())


def dotted(place: str, value: Any) -> Iterator[str]:
    """Write a table as lines of TOML."""
    if not isinstance(value, dict):
        yield f"{place.removeprefix('.')} = {inline(value)}"
    elif not value:
        yield f"{place.removeprefix('.')} = {{}}"
    for key, item in value.items() if isinstance(value, dict) else ():
        yield from dotted(f"{place}.{key}", item)


def inline(value: Any) -> str:
    """Write a value within a line of TOML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {inline(item)}" for key, item in value.items()) + "}"
    return f"[{', '.join(map(inline, value))}]" if isinstance(value, list) else json.dumps(value)


def over(below: Any, above: Any) -> Any:
    """Lay one table over another; another plugin loses the options of the one before."""
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above
    if any(below.get(key) != above[key] for key in ("kind", "file") if key in above):
        return above
    return below | {key: over(below.get(key), value) for key, value in above.items()}


def console(example: Example) -> None:
    """Run the commands and look for the lines shown below each."""
    for block in re.split(r"^\$ ", example.parsed, flags=re.MULTILINE)[1:]:
        command, _, shown = block.partition("\n")
        printed = " ".join(run(shlex.split(command), fails="Error: " in shown).split())
        for line in shown.splitlines():
            assert line == "..." or " ".join(line.split()) in printed, f"{line!r} is not in: {printed}"


def run(words: list[str], fails: bool) -> str:
    """Run one of the few programs that pages may name; return what it prints."""
    program, *arguments = words
    if Path(program).name == "tickloom":
        result = CliRunner().invoke(main, arguments)
        assert bool(result.exit_code) == fails, result.output
        return result.output
    if program == "make":
        targets = (TOP / "Makefile").read_text(encoding="utf-8")
        assert all(re.search(rf"^{target}:", targets, re.MULTILINE) for target in arguments)
        return ""
    assert program == "pytest", f"no test knows how to run {program}"
    # A pytest of its own would take seconds to start.
    tests = [one for name, one in runpy.run_path(arguments[-1]).items() if name.startswith("test_")]
    for test in tests:
        test()
    return f"{len(tests)} passed"


LANGUAGES: dict[str, Callable[[Example], None]] = {"python": python, "toml": toml, "console": console}
READER = Sybil([CodeBlockParser(language, evaluator) for language, evaluator in LANGUAGES.items()])


@pytest.mark.parametrize("page", [page for page in PAGES if page not in FOLLOWED], ids=named)
def test_what_a_page_shows_is_what_happens(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    if "$TICKLOOM_DATA" in page.read_text(encoding="utf-8"):
        request.getfixturevalue("market_data")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "110")
    # Files of the page may be imported by their names, and are forgotten with it.
    monkeypatch.syspath_prepend(tmp_path)
    for example in READER.parse(page).examples():
        example.evaluate()
    for name in [
        name for name, one in sys.modules.items() if (getattr(one, "__file__", "") or "").startswith(f"{tmp_path}/")
    ]:
        del sys.modules[name]


@pytest.mark.parametrize("page", [*PAGES, *sorted((TOP / "examples").rglob("*.md"))], ids=named)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if not (page.parent / link).exists()]
    assert [link for link in missing if Path(link).name != MADE] == []


def rows(page: str, heading: str | None = None) -> list[list[str]]:
    """Cells of the table rows of a page, or of its part under one heading, without heads."""
    text = (TOP / "docs" / "reference" / page).read_text(encoding="utf-8")
    if heading is not None:
        text = re.split(r"^#+ ", text.partition(f"# {heading}\n")[2], flags=re.MULTILINE)[0]
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def keys(page: str, heading: str | None = None) -> list[str]:
    return [row[0].strip("`") for row in rows(page, heading)]


SECTIONS = {
    "`[run]`": sections.RunSection,
    "`[sources.NAME]`": sections.SourceSection,
    "`[accounts.NAME]`": sections.AccountSection,
    "`[bars.NAME]`": sections.BarSection,
    "`[views.NAME]`": sections.ViewSection,
    "`[models.NAME]`": sections.ModelSection,
    "`[strategies.NAME]`": sections.StrategySection,
    "`[report]`": sections.ReportSections,
    "`[plugins]`": sections.PluginsSection,
    "`[bus]`": sections.BusSection,
}


@pytest.mark.parametrize("heading", SECTIONS)
def test_config_page_has_every_key_of_a_section(heading: str) -> None:
    expected = [field.name for field in attrs.fields(SECTIONS[heading]) if field.name != "plugin"]
    assert keys("config.md", heading) == expected


def test_config_page_has_every_section() -> None:
    text = (TOP / "docs" / "reference" / "config.md").read_text(encoding="utf-8")
    shown = re.findall(r"^## `\[([a-z_]+)", text, re.MULTILINE)
    assert shown == [field.name for field in attrs.fields(Config) if field.name not in ("path", "raw", "name")]


def test_events_page_has_every_kind_with_its_number_topic_and_fields() -> None:
    expected = [
        [f"`{kind.__name__}`", str(number), f"`{kind.TOPIC}`", ", ".join(f"`{one}`" for one in kind.__struct_fields__)]
        for number, kind in sorted(KINDS.items())
    ]
    assert [row[:4] for row in rows("events.md")] == expected


def test_metrics_page_has_every_metric_in_its_order() -> None:
    from tickloom.engine import run_config

    quick = config_from(Path("quick.toml"), over(tomllib.loads(PLAIN), {"sources": {"main": {"duration": "2s"}}}))
    metrics = run_config(quick, load_plugins()).evaluation.metrics
    assert [row[:2] for row in rows("metrics.md")] == [[f"`{one.key}`", one.label] for one in metrics.values()]


def test_the_page_of_features_has_every_feature_with_its_parameters() -> None:
    registry = load_plugins()
    text = page(registry)
    for name, feature in installed(registry).items():
        section = text.partition(f"\n`{name}`: ")[2].partition("\n## ")[0]
        assert [key for key in feature.parameters if f"- `{key}` = " not in section] == [], name


@pytest.mark.parametrize("kind", [one for one in PLUGIN_KINDS if one.name != "feature"], ids=lambda kind: kind.name)
def test_page_of_a_kind_has_what_is_registered_with_all_of_its_settings(kind: Kind) -> None:
    registry = load_plugins()
    for name in registry.names(kind.name):
        page = kind.page.removeprefix("reference/")
        assert f"`{name}`" in (TOP / "docs" / kind.page).read_text(encoding="utf-8")
        settings = inspect.signature(registry.lookup(kind.name, name, "test")).parameters
        assert keys(page, f"`{name}`") == [one for one in settings if one not in ("args", "kwargs")]


def test_cli_page_has_every_option_of_every_command() -> None:
    page = (TOP / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    for command in main.list_commands(None):  # type: ignore[arg-type]  # the group does not look at it
        options = [name for one in main.get_command(None, command).params for name in one.opts]  # type: ignore
        assert [name for name in options if name.startswith("--") and f"`{name}" not in page] == []
