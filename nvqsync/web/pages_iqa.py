"""Internal quality assurance: who waits for a release, and what was recorded. And what to look at this week."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Blueprint, render_template

from nvqsync.iqa_recording import courses_for
from nvqsync.model import Qualification
from nvqsync.sign_in.accounts import Right
from nvqsync.storage import store_centre
from nvqsync.store import Store
from nvqsync.web import cohort_page, office_queries, queries
from nvqsync.web.access import current, needs
from nvqsync.web.context import app, asked, asked_page, store
from nvqsync.web.lists import PAGE_SIZE, cut_pages
from nvqsync.web.weekly_page import weekly_lists

A_SLICE = 50
"""Learners looked at together for the weekly lists."""

iqa = Blueprint("iqa", __name__)


@iqa.get("/iqa")
@needs(Right.EVERYTHING)
def waiting() -> str:
    """The claims that only an IQA's record can let go, oldest first."""
    with store() as opened:
        cut = cut_pages(office_queries.count_waiting(opened), asked_page())
        rows = office_queries.waiting(opened, first=cut.offset, most=PAGE_SIZE)
        cohorts = _cohorts(opened)
    return render_template("iqa.html", rows=rows, cut=cut, cohorts=cohorts)


def _cohorts(opened: Store) -> list[tuple[str, str, str]]:
    """Each course of a qualification whose IQA is by cohort: qualification, course and its short name."""
    wanted = [one.qualification_id for one in store_centre.read(opened).approvals if one.iqa_by_cohort]
    courses = [(id_, course) for id_ in wanted for course in courses_for(app(), opened, id_)]
    names = office_queries.names_of_courses(opened, (course for _, course in courses))
    return [(id_, course, names.get(course, course)) for id_, course in courses]


@iqa.get("/iqa/records")
@needs(Right.EVERYTHING)
def records() -> str:
    """The releases and simulated activities recorded, newest first, those taken back included."""
    with store() as opened:
        cut = cut_pages(office_queries.count(opened, "releases"), asked_page())
        releases = office_queries.releases(opened, first=cut.offset, most=PAGE_SIZE)
        simulations = office_queries.simulations(opened, PAGE_SIZE) if cut.page == 1 else []
        who = {one.iqa_id for one, _ in releases} | {one.agreed_by for one, _ in simulations}
        people = queries.people(opened, who)
    return render_template(
        "iqa_records.html", releases=releases, simulations=simulations, cut=cut, people=people,
        codes=_codes(app().plugins.catalogue.qualifications.values()),
    )  # fmt: skip


@iqa.get("/weekly")
@needs(Right.READ)
def weekly() -> str:
    """What to look at this week, one qualification (``qualification``) and, where named, one ``course`` at a time."""
    here, seen, chosen = app(), current().courses, asked("qualification")
    with store() as opened:
        courses = cohort_page.followed(here, opened, seen)
        chosen = chosen if chosen in courses else min(courses, default="")
        part = None
        if chosen:
            part = cohort_page.cohort(here, opened, chosen, courses[chosen], asked("course"), asked_page(), A_SLICE)
        lists = weekly_lists(here, opened, part) if part else ()
    return render_template("weekly.html", part=part, lists=lists, followed=sorted(courses), chosen=chosen)


def _codes(qualifications: Iterable[Qualification]) -> dict[tuple[str, str], str]:
    """The body's own code of each unit, by qualification and reference."""
    found: dict[tuple[str, str], str] = {}
    for one in qualifications:
        found |= {(one.id, unit.unit.reference): unit.code for unit in one.units}
    return found
