"""Bokeh figures as text for a page: the same figures give the same bytes, in any process and at any time."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bokeh.document import Document
from bokeh.embed.bundle import bundle_for_objs_and_resources
from bokeh.models import LayoutDOM
from bokeh.resources import INLINE

from tickloom.report.markup import script_json


def figure_json(figure: LayoutDOM) -> str:
    """Write a figure as what ``Bokeh.embed.embed_item`` reads.

    Bokeh numbers its models by a counter of the process, and writes each where it meets it first. Here keys are
    sorted, models numbered in that order, and each is written where it comes first in it.

    Parameters
    ----------
    figure : LayoutDOM
        A figure or layout that belongs to no document yet.

    Returns
    -------
    str
        JSON that may stand in a ``script`` element.
    """
    document = Document()
    document.add_root(figure)
    content = document.to_json(deferred=False)
    document.clear()
    models = {node["id"]: node for node in _models(content) if len(node) > 1}
    names: dict[str, str] = {}
    return script_json({"doc": _in_order(content, models, names), "root_id": names[figure.id]})


def _models(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every JSON object that has an id: models, and references to them, which have nothing else."""
    if isinstance(node, dict):
        if isinstance(node.get("id"), str):
            yield node
        for value in node.values():
            yield from _models(value)
    elif isinstance(node, list):
        for value in node:
            yield from _models(value)


def _in_order(node: Any, models: Mapping[str, dict[str, Any]], names: dict[str, str]) -> Any:
    """Copy JSON with sorted keys; models get new ids (``names``) and move to where they are met first."""
    if isinstance(node, list):
        return [_in_order(value, models, names) for value in node]
    if not isinstance(node, dict):
        return node
    old = node.get("id")
    if isinstance(old, str):
        if old in names:
            return {"id": names[old]}
        names[old] = f"m{len(names)}"
        node = models[old] | {"id": names[old]}
    return {key: node[key] if key == "id" else _in_order(node[key], models, names) for key in sorted(node)}


def bokeh_library(figures: Sequence[LayoutDOM]) -> str:
    """Return BokehJS from the installed package, with the parts that these figures need."""
    bundle = bundle_for_objs_and_resources(list(figures), INLINE)
    # Setting the level of its log is the one thing that BokehJS writes to the console; the page's script does it aside.
    return "\n".join(code for code in bundle.js_raw if not code.startswith("Bokeh.set_log_level"))
