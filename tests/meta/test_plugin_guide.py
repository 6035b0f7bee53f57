"""The plugin guide shows the worked example as it is: every excerpt is in the file it names."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from nvqsync import hookspecs
from tests.meta.repository import ROOT

EXAMPLE = ROOT / "examples" / "awarding-body"


def excerpts() -> Iterator[tuple[str, str]]:
    """Each block of the guide that names a file of the example, with that file's name."""
    text = (ROOT / "docs" / "plugin-guide.md").read_text(encoding="utf-8")
    yield from re.findall(r"^```\w+ (\S+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_the_guide_shows_every_kind_of_file() -> None:
    """Package, hooks, data, gates, declarations and tests: nothing of the example is left untold."""
    shown = {name for name, _ in excerpts()}
    there = {path.relative_to(EXAMPLE).as_posix() for path in EXAMPLE.rglob("*") if path.suffix in {".py", ".toml"}}
    assert there - shown == {"merrowdown_awards/units/front_desk.toml"}


@pytest.mark.parametrize(("name", "text"), list(excerpts()))
def test_an_excerpt_is_in_its_file(name: str, text: str) -> None:
    """Word for word, so that a reader may copy either."""
    assert text in (EXAMPLE / name).read_text(encoding="utf-8")


def test_versioning_tells_the_present_contract_and_version() -> None:
    """The page about versions names those of today."""
    import nvqsync

    text = (ROOT / "docs" / "versioning.md").read_text(encoding="utf-8")
    assert f"| plugin contract | `CONTRACT_VERSION` in `nvqsync/hookspecs.py` | {hookspecs.CONTRACT_VERSION} |" in text
    assert f"`CHANGELOG.md` | {nvqsync.__version__} |" in text
