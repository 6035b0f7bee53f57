"""The documentation as a site of plain pages: ``make site``. Sphinx reads this file; see ``tools/site``.

The source folder is the project itself, so that a link from one paper to another is the same link here and in the
repository. What the site holds and how its navigation runs stands in ``docs/index.md`` alone: a paper that is not
linked from there is a warning, and every warning is an error. Nothing comes from elsewhere: no font, no script, no
picture; the search is a file beside the pages, so that all of it works from a folder on a disk.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

import nvqsync

ROOT = Path(__file__).resolve().parents[2]

project = "nvqsync"
author = "the nvqsync contributors"
copyright = "the nvqsync contributors, Apache-2.0"  # Sphinx's name for it
version = release = nvqsync.__version__
language = "en_GB"

extensions = ["myst_parser"]
root_doc = "docs/index"
include_patterns = [
    "*.md", "docs/*.md", "docs/decisions/*.md", "connectors/moodle/README.md", "connectors/moodle/simulator/README.md",
    "connectors/interchange_mock/README.md", "examples/awarding-body/README.md",
]  # fmt: skip
exclude_patterns = [
    ".*", "build", "dist", "demo-data", "nvqsync", "tests", "bench", "requirements", "systemd", "tools",
    "**/__pycache__",
]  # fmt: skip
nitpicky = True
myst_heading_anchors = 4
myst_enable_extensions = ["strikethrough"]

html_theme = "alabaster"
html_theme_options = {
    "description": "From a grade in Moodle to a reviewed NVQ certificate claim",
    "fixed_sidebar": False, "page_width": "66rem", "sidebar_width": "15rem", "show_powered_by": False,
    "show_related": False, "font_family": "system-ui, sans-serif", "head_font_family": "system-ui, sans-serif",
    "sidebar_collapse": True,
}  # fmt: skip
html_sidebars = {"**": ["about.html", "searchfield.html", "navigation.html"]}
html_static_path = ["static"]
html_css_files = ["site.css"]
html_additional_pages = {"index": "start.html"}
templates_path = ["templates"]
html_show_sourcelink = False
html_copy_source = False
html_use_index = False
html_domain_indices = False

_PART = re.compile(r"^\*\*(?P<title>[^*\n]+)\*\*.*$", re.MULTILINE)
_PAPER = re.compile(r"\]\((?P<path>[^)#:]+)\.md\)")
_DIAGRAM = re.compile(r"^```mermaid\n.*?^```$", re.MULTILINE | re.DOTALL)
_NAMED = re.compile(r"\[[\w./-]+\.md\](?=\([\w./#-]+\))")
_ROAD = "`proposed` → `approved` → `exported` → `submitted` → `acknowledged` → `certificated` is the straight road."


def navigation(index: str) -> str:
    """``docs/index.md`` with a hidden table of contents behind each of its parts, of the papers that it links there."""
    first, *parts = re.split(r"(?m)^(?=\*\*)", index)
    return first + "".join(f"{part.rstrip()}\n\n{_contents(part)}\n" for part in parts)


def _contents(part: str) -> str:
    title = _PART.match(part)
    papers = [f"/docs/{path}" for path in dict.fromkeys(_PAPER.findall(part))]
    if title is None or not papers:
        return ""
    lines = "\n".join(str(Path(paper)) if "../" not in paper else _outside(paper) for paper in papers)
    return f"```{{toctree}}\n:hidden:\n:caption: {title['title']}\n\n{lines}\n```\n"


def _outside(paper: str) -> str:
    """``/docs/../SECURITY`` as Sphinx wants it: ``/SECURITY``."""
    return f"/{(ROOT / paper.lstrip('/')).resolve().relative_to(ROOT).as_posix()}"


def read(app: Sphinx, name: str, text: list[str]) -> None:
    """A paper on its way to the site: navigation for the index; links by title, not file; a diagram as a sentence."""
    if name == root_doc:
        text[0] = navigation(text[0])
    text[0] = _DIAGRAM.sub(_ROAD, _NAMED.sub("[]", text[0]))


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.add_lexer("csv", TextLexer)
    app.connect("source-read", read)
    return {"parallel_read_safe": True}
