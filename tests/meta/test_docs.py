"""What the documentation names is what the program has: hooks, settings, commands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

import click
import pytest
from pydantic import BaseModel

from nvqsync import hookspecs
from nvqsync.cli import program
from nvqsync.health.metrics import exposition
from nvqsync.health.watching import Backups, PassSeen, Watched
from nvqsync.settings import Settings
from tests.meta.repository import ROOT

HOOKS = sorted(name for name in vars(hookspecs) if hasattr(getattr(hookspecs, name), "nvqsync_spec"))


def _headings(document: str) -> str:
    text = (ROOT / "docs" / document).read_text(encoding="utf-8")
    return "\n".join(re.findall(r"^#+ .+$", text, re.MULTILINE))


def _sections(annotation: Any) -> Iterator[type[BaseModel]]:
    """The settings tables in a field's annotation, inside ``dict[str, ...]`` and the like as well."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _sections(inner)


def _settings(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, field in model.model_fields.items():
        sections = list(_sections(field.annotation))
        for section in sections:
            yield from _settings(section, f"{prefix}{name}.")
        if not sections:
            yield f"{prefix}{name}", field


def test_there_are_hooks_to_document() -> None:
    """The list the next test walks is not empty by mistake."""
    assert len(HOOKS) >= 5


@pytest.mark.parametrize("hook", HOOKS)
def test_each_hook_has_a_heading(hook: str) -> None:
    """A plugin's author finds every hook in docs/hooks.md."""
    assert re.search(rf"\b{hook}\b", _headings("hooks.md"))


@pytest.mark.parametrize("hook", HOOKS)
def test_each_hook_explains_itself(hook: str) -> None:
    """A hook's docstring is its documentation in the program: a sentence at least."""
    assert (getattr(hookspecs, hook).__doc__ or "").strip().endswith(".")


def test_each_setting_describes_itself() -> None:
    """A setting without a description would be a blank line in `nvqsync settings example`."""
    settings = dict(_settings(Settings))
    assert len(settings) >= 20
    assert not [name for name, field in settings.items() if not field.description]


def test_each_setting_is_documented() -> None:
    """docs/settings.md names every setting there is."""
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    names = [name for name, _ in _settings(Settings)]
    assert not [name for name in names if not re.search(rf"\b{name.rsplit('.', 1)[-1]}\b", text)]


def _commands(command: click.Command, name: str = "nvqsync") -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            assert found, f"{name} {inner} is listed and not there"
            yield from _commands(found, f"{name} {inner}")
    else:
        yield name, command


def test_each_command_has_help_and_a_place_in_the_documentation() -> None:
    """docs/cli.md names every command there is, and every command and option says what it does."""
    commands = dict(_commands(program))
    assert len(commands) >= 10
    assert not [name for name, command in commands.items() if not command.help]
    options = [(name, option) for name, command in commands.items() for option in command.params]
    assert not [(name, option.name) for name, option in options if isinstance(option, click.Option) and not option.help]
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert not [name for name in commands if name not in text]


def test_no_documentation_link_is_broken() -> None:
    """Every relative link in a Markdown file leads to a file that is there."""
    papers = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "connectors").rglob("*.md")]
    broken = [
        (paper.name, target)
        for paper in papers
        for target in re.findall(r"\]\(([^)#\s]+)", paper.read_text(encoding="utf-8"))
        if "://" not in target and not target.startswith("mailto:") and not (paper.parent / target).exists()
    ]
    assert not broken


def test_what_the_tour_points_at_is_there() -> None:
    """Every file, folder and name that the tour of the source sends its reader to exists."""
    text = (ROOT / "docs" / "source-tour.md").read_text(encoding="utf-8").partition("## Every module")[0]
    paths = re.findall(r"`((?:nvqsync|connectors|tests|docs)/[\w./*<>-]+)`", text)
    assert len(paths) >= 20
    assert not [path for path in paths if not list(ROOT.glob(path.replace("<body>", "*").rstrip("/")))]
    for name, path in re.findall(r"`(\w+)`(?: and `\w+`)? (?:in|of) `([\w/]+\.py)`", text):
        assert re.search(rf"\b{name}\b", (ROOT / path).read_text(encoding="utf-8")), (name, path)


def test_every_paper_is_in_the_index() -> None:
    """docs/index.md leads to every page and every decision."""
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    papers = [path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")]
    assert len(papers) >= 15
    assert not [paper for paper in papers if f"({paper})" not in index and paper != "index.md"]


def test_decisions_are_numbered_and_short() -> None:
    """Records of decisions are numbered without a gap, say their number, and can be read standing."""
    papers = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(paper.name[:4]) for paper in papers] == list(range(1, len(papers) + 1))
    for number, paper in enumerate(papers, 1):
        lines = paper.read_text(encoding="utf-8").splitlines()
        assert lines[0].startswith(f"# {number}. "), paper.name
        assert len(lines) < 60, paper.name


def test_every_metric_is_documented_and_every_documented_one_exists() -> None:
    """docs/watching.md, its alert rules included, names the metrics there are and no others."""
    seen = PassSeen(1, "done", "changes", 0, 1, 1, 1, 1, 1)
    claims = {"unknown": 1}
    all_known = Watched(1, "", (seen,), seen, claims, 1, 1, 1, {"vanished": 1}, 1, 1, 1, 1, Backups(1, 1, 1))
    told = {line.split()[2] for line in exposition(all_known, "1").splitlines() if line.startswith("# TYPE ")}
    page = (ROOT / "docs" / "watching.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\bnvqsync_[a-z_]+", page)) == told
    assert len(told) >= 25
