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
nitpicky = True

html_theme = "furo"
html_title = f"tickloom {release}"
html_show_sourcelink = False
