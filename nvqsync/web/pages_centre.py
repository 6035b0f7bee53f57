"""Registrations, and what is on record of the centre: lists, facts, and what is missing with its commands."""

from __future__ import annotations

from flask import Blueprint, abort, render_template

from nvqsync.sign_in.accounts import Right
from nvqsync.web import entering_pages, office_queries
from nvqsync.web.access import needs
from nvqsync.web.context import app, asked, asked_page, store
from nvqsync.web.finding import matching_learners
from nvqsync.web.lists import PAGE_SIZE, cut_pages

centre = Blueprint("centre", __name__)


@centre.get("/registrations")
@needs(Right.EVERYTHING)
def registrations() -> str:
    """Who is registered with an awarding body, newest first; ULNs and dates of birth are not shown."""
    text, qualification = asked("q"), asked("qualification")
    with store() as opened:
        counts = office_queries.registered_by_qualification(opened)
        qualification = qualification if qualification in counts else ""
        only = matching_learners(opened, text)
        cut = cut_pages(office_queries.count_registrations(opened, qualification, only), asked_page())
        rows = office_queries.registrations(opened, qualification, only, first=cut.offset, most=PAGE_SIZE)
    return render_template(
        "registrations.html", rows=rows, cut=cut, text=text, chosen=qualification, counts=counts,
        args={key: value for key, value in (("q", text), ("qualification", qualification)) if value},
    )  # fmt: skip


@centre.get("/centre")
@needs(Right.EVERYTHING)
def facts() -> str:
    """Everything recorded about the centre, and what claims wait for, each with the command that enters it."""
    with store() as opened:
        return entering_pages.facts_page(opened)


@centre.get("/centre/<body>/<code>")
@needs(Right.EVERYTHING)
def one(body: str, code: str) -> str:
    """The terms of one qualification: approval, direct claims, end dates, visits, sanctions."""
    if f"{body}/{code}" not in app().plugins.catalogue.qualifications:
        abort(404)
    with store() as opened:
        return entering_pages.one_page(opened, body, code)
