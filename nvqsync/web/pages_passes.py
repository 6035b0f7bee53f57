"""Passes: what each sync saw, what changed, and what it could not read."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, render_template

from nvqsync.sign_in.accounts import Right
from nvqsync.web import office_queries
from nvqsync.web.access import needs
from nvqsync.web.context import asked_page, checked_number, store
from nvqsync.web.lists import cut_pages

A_PAGE = 20
MANY = 200

passes = Blueprint("passes", __name__)


@passes.get("/passes")
@needs(Right.EVERYTHING)
def every() -> str:
    """The passes, newest first, and what the last one left unread."""
    with store() as opened:
        cut = cut_pages(office_queries.count(opened, "passes"), asked_page(), A_PAGE)
        found = office_queries.passes(opened, first=cut.offset, most=A_PAGE)
        unread = office_queries.unread(opened)
    return render_template("passes.html", passes=[_told(row) for row in found], cut=cut, unread=unread)


@passes.get("/passes/<int:pass_id>")
@needs(Right.EVERYTHING)
def one(pass_id: int) -> str:
    """One pass: each course with what was seen and what changed, and everything that needs a person."""
    with store() as opened:
        row = office_queries.one_pass(opened, checked_number(pass_id))
        if row is None:
            abort(404)
        told = _told(row)
        named = office_queries.names_of_courses(opened, [course["id"] for course in told["courses"]])
    return render_template("pass.html", one=told, names=named, many=MANY)


def _told(row: dict[str, Any]) -> dict[str, Any]:
    """A pass with its sums: courses read and not, grades that are new, changed or gone."""
    report = row["report"]
    courses = report.get("courses") or []
    return {
        **row,
        "courses": courses,
        "read": sum(bool(course.get("read")) for course in courses),
        "changed": {
            kind: sum(course.get(kind) or 0 for course in courses) for kind in ("appeared", "altered", "vanished")
        },
        "problems": report.get("problems") or [],
        "notes": report.get("notes") or [],
        "claims": report.get("claims") or {},
        "seconds": row["finished_at"] - row["started_at"] if row["finished_at"] else None,
    }
