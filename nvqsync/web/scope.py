"""What of the queue somebody may see: everything, or for a viewer the claims that rest on the courses given to them."""

from __future__ import annotations

import json
from dataclasses import dataclass

from flask import abort

from nvqsync.bootstrap import App
from nvqsync.sign_in.accounts import SignedIn
from nvqsync.storage import store_lms
from nvqsync.store import Store


@dataclass(frozen=True, slots=True)
class Scope:
    """The claims that may be seen: ``courses`` is a JSON list of pairs, course and the qualification it is mapped to.

    ``None`` is every claim. A claim is seen when its learner is on such a course and it is for that qualification.
    """

    courses: str | None = None

    def sql(self) -> tuple[str, list[str]]:
        """A condition on claims and its parameters."""
        if self.courses is None:
            return "1", []
        return f"(claims.learner_id, claims.qualification_id) IN ({SEEN})", [self.courses]


SEEN = """SELECT learner_id, json_extract(given.value, '$[1]') FROM json_each(?) AS given
    JOIN memberships ON course_id = json_extract(given.value, '$[0]')"""
"""Who may be seen, and for which qualification; asked with a scope's ``courses``. Whoever is on two comes twice."""

WHOLE = Scope()


def given(app: App, store: Store, who: SignedIn) -> Scope:
    """The scope of somebody who is signed in."""
    if who.courses is None:
        return WHOLE
    known = app.reader(store).qualifications(who.courses)
    return Scope(json.dumps([(course.lms_id, qualification) for course, qualification in known if qualification]))


def check_learner(store: Store, who: SignedIn, learner_id: str) -> None:
    """Refuse a learner who is on no course that may be looked into exactly as one who does not exist: 404."""
    if who.courses is not None and not who.courses & store_lms.courses_of_learner(store, learner_id):
        abort(404, f"There is no learner {learner_id}.")


def check_claim(app: App, store: Store, who: SignedIn, claim_id: int) -> None:
    """Refuse a claim that is out of sight exactly as one that does not exist: 404."""
    condition, parameters = given(app, store, who).sql()
    if not store.rows(f"SELECT 1 FROM claims WHERE id = ? AND {condition}", [claim_id, *parameters]):  # noqa: S608
        abort(404, f"There is no claim {claim_id}.")
