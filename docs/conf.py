"""How Sphinx builds these pages: `make docs`, where every warning is an error."""

import configparser
from pathlib import Path

_setup = configparser.ConfigParser(delimiters=("=",))
_setup.read(Path(__file__).resolve().parents[1] / "setup.cfg", encoding="utf-8")

project = "tickloom"
release = version = _setup["metadata"]["version"]
author = "The tickloom authors"
copyright = f"2026, {author}"

extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
# What stands in single backticks in a docstring is code; links are written in the pages.
default_role = "literal"
numpydoc_show_class_members = False
autodoc_member_order = "bysource"
# Protocols have no constructors to show.
autodoc_class_signature = "separated"
nitpicky = True
# Signatures name many types that no page describes. Links written by hand are checked all the same.
nitpick_ignore_regex = [("py:class", ".*")]


def _write_catalogue(_app: object) -> None:
    """Write the page of all features from their records, before Sphinx looks for pages."""
    from tickloom.features.inspection.catalogue import page
    from tickloom.plugins import load_plugins

    (Path(__file__).parent / "reference" / "features.md").write_text(page(load_plugins()), encoding="utf-8")


def setup(app: object) -> None:
    """Connect what this file adds to Sphinx."""
    app.connect("builder-inited", _write_catalogue)  # type: ignore[attr-defined]


html_theme = "furo"
html_title = f"tickloom {release}"
html_show_sourcelink = False
