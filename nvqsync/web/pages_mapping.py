"""Mapping: what each course's assignments stand for, what is unmapped and why, and criteria nobody assesses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from flask import Blueprint, abort, render_template

from nvqsync.bootstrap import App
from nvqsync.mapping import CourseMapping, Problem, unused_rules
from nvqsync.matching.coverage import GAPS, coverage
from nvqsync.sign_in.accounts import Right
from nvqsync.web.access import needs
from nvqsync.web.context import app, asked, asked_page, store
from nvqsync.web.evidence_view import address
from nvqsync.web.lists import cut_pages
from nvqsync.web.queries import item_links

A_PAGE = 20
SHOWN = ("", "problems", "unfollowed")
"""Which courses: those that stand for a qualification, those with something to put right, those that stand for none."""

mapping = Blueprint("mapping", __name__)


@mapping.get("/mapping")
@needs(Right.EVERYTHING)
def courses() -> str:
    """Each course with what its assignments stand for and what keeps others from being mapped."""
    here, show = app(), asked("show")
    show = show if show in SHOWN else ""
    with store() as opened:
        every = here.reader(opened).mappings()
        wanted = [one for one in every if _shown(one, show)]
        cut = cut_pages(len(wanted), asked_page(), A_PAGE)
        page = wanted[cut.offset : cut.last]
        links = item_links(opened, {problem.item_id for one in page for problem in one.problems})
    return render_template(
        "mapping.html",
        show=show,
        cut=cut,
        courses=page,
        links={item: address(here.settings.moodle.url, path) for item, (_, path) in links.items()},
        counts={one: sum(_shown(each, one) for each in every) for one in SHOWN},
        codes=Counter(p.code for one in every for p in one.problems if p.severity == "problem").most_common(),
        unused=_unused(here, every),
        qualifications=sorted({one.qualification_id for one in every if one.qualification_id}),
    )


@mapping.get("/mapping/<body>/<code>")
@needs(Right.EVERYTHING)
def gaps(body: str, code: str) -> str:
    """What nobody assesses of one qualification, over all its courses together."""
    here = app()
    found = here.plugins.catalogue.qualifications.get(f"{body}/{code}")
    if found is None:
        abort(404)
    with store() as opened:
        reader = here.reader(opened)
        mine, gone = [one for one in reader.mappings() if one.qualification_id == found.id], reader.gone()
    every = coverage(found, mine, gone)
    units: dict[str, list[Any]] = {}
    for one in mine:
        for item in one.items:
            for target in () if item.item_id in gone else item.targets:
                units.setdefault(target.unit_reference, []).append((item, target, one.course))
    return render_template(
        "mapping_gaps.html",
        qualification=found,
        courses=mine,
        gaps=[(gap, GAPS[gap.kind]) for gap in every if gap.kind != "unit" or gap.mandatory],
        not_offered=[gap for gap in every if gap.kind == "unit" and not gap.mandatory],
        units=units,
    )


def _shown(one: CourseMapping, show: str) -> bool:
    if show == "problems":
        return any(problem.severity == "problem" for problem in one.problems)
    return bool(one.qualification_id) is (show == "")


def _unused(here: App, every: Sequence[CourseMapping]) -> Iterable[Problem]:
    """The rules of the mapping file that pick nothing."""
    return unused_rules(here.mapping_file, every) if here.mapping_file else ()
