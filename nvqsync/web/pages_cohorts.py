"""Cohorts: a qualification's learners unit by unit, who is nearly there and what holds back most."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, render_template

from nvqsync.bootstrap import App
from nvqsync.sign_in.accounts import Right
from nvqsync.store import Store
from nvqsync.web import cohort_page
from nvqsync.web.access import current, needs
from nvqsync.web.context import app, asked, asked_page, store

cohorts = Blueprint("cohorts", __name__)


@cohorts.get("/cohorts")
@needs(Right.READ)
def every() -> str:
    """Every qualification that a course stands for."""
    with store() as opened:
        found = cohort_page.cohorts(app(), opened, current().courses)
    return render_template("cohorts.html", cohorts=found)


@cohorts.get("/cohorts/<body>/<code>")
@needs(Right.READ)
def one(body: str, code: str) -> str:
    """The heat map of one qualification, or of one course of it (``course``), a page of learners at a time."""
    return _shown("cohort.html", f"{body}/{code}", cohort_page.ROWS, cohort_page.heat_map)


@cohorts.get("/cohorts/<body>/<code>/nearly")
@needs(Right.READ)
def nearly(body: str, code: str) -> str:
    """Who is nearly there, and which single grades hold back most."""
    return _shown("nearly.html", f"{body}/{code}", cohort_page.MOST_AT_ONCE, cohort_page.nearly_there)


def _shown(
    template: str, qualification_id: str, size: int, look: Callable[[App, Store, cohort_page.Slice], dict[str, Any]]
) -> str:
    """A page about ``size`` learners of a cohort at a time: what ``look`` finds about them."""
    with store() as opened:
        courses = cohort_page.followed(app(), opened, current().courses).get(qualification_id, ())
        part = cohort_page.cohort(app(), opened, qualification_id, courses, asked("course"), asked_page(), size)
        found = look(app(), opened, part)
    return render_template(template, part=part, **_address(part), **found)


def _address(part: cohort_page.Slice) -> dict[str, dict[str, str]]:
    """What names the cohort in an address: ``address`` the whole of it, ``narrowed`` the course chosen as well."""
    body, _, code = part.qualification.id.partition("/")
    address = {"body": body, "code": code}
    return {"address": address, "narrowed": {**address, "course": part.course} if part.course else address}
