"""Learners: found by name or ID number, and each with their way to the certificate."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from nvqsync.sign_in.accounts import Right
from nvqsync.web import people_queries, scope
from nvqsync.web.access import current, needs
from nvqsync.web.context import app, asked, asked_page, store
from nvqsync.web.finding import matching_learners
from nvqsync.web.learner_page import learner_page
from nvqsync.web.lists import cut_pages

learners = Blueprint("learners", __name__)


@learners.get("/learners")
@needs(Right.READ)
def every() -> str:
    """Everyone who learns or learned on a followed course, by name; ``q`` searches names and ID numbers."""
    text, roles, seen = asked("q"), app().settings.moodle.learner_roles, current().courses
    with store() as opened:
        found = matching_learners(opened, text)
        cut = cut_pages(people_queries.count_learners(opened, roles, seen, found), asked_page())
        people = people_queries.learners(opened, roles, seen, found, first=cut.offset, most=cut.last - cut.offset)
        claims = people_queries.claims_of(opened, [one.lms_id for one in people], scope.given(app(), opened, current()))
    return render_template("learners.html", text=text, cut=cut, people=people, claims=claims)


@learners.get("/learners/<path:learner_id>")
@needs(Right.READ)
def one(learner_id: str) -> str:
    """One learner. ``?open=all`` unfolds every unit, for printing."""
    with store() as opened:
        unfolded = request.args.get("open") == "all"
        scope.check_learner(opened, current(), learner_id)
        shown = learner_page(app(), opened, learner_id, current(), unfolded=unfolded)
        return render_template("learner.html", **shown)
