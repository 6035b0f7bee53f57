"""Approving many claims at once: choose in the queue, see what would happen, declare, say yes, see what happened."""

from __future__ import annotations

import re

from flask import Blueprint, abort, render_template, request

from nvqsync.answering import Said
from nvqsync.errors import InputError
from nvqsync.sign_in.accounts import Right
from nvqsync.storage import store_claims
from nvqsync.store import Store
from nvqsync.web import access, approving_many, context, filters, queries, queue_page, scope
from nvqsync.web.approving_many import MOST, Preview
from nvqsync.web.offers import summed
from nvqsync.web.typed import words

approving = Blueprint("approving", __name__)
_CHOSEN = re.compile(r"(\d{1,18})@(\d{1,9})", re.ASCII)


@approving.post("/approve")
@access.needs(Right.CLAIMS)
def preview() -> str | tuple[str, int]:
    """What approving the chosen claims would do; nothing is written."""
    with context.store() as store:
        versions = _ready(store) if request.form.get("every") else chosen()
        if not versions:
            says = "No claim was chosen. Go back, tick those you want to approve, and try again."
            return render_template("problem.html", heading="Nothing is chosen", says=says), 400
        return _shown(approving_many.preview(context.app(), store, versions, access.current().name))


@approving.post("/approve/yes")
@access.needs(Right.CLAIMS)
def approve() -> str | tuple[str, int]:
    """Approve what the preview showed, with the declarations and the note that go for all of it."""
    app, by, versions = context.app(), access.current().name, chosen()
    context.store().close()  # says how to set nvqsync up, where it is not
    with app.open_store() as store:
        said = Said(frozenset(request.form.getlist("declare")), words("note"))
        seen = approving_many.preview(app, store, versions, by)
        if still := seen.unanswered(said):
            return _shown(seen, still, said), 400
        results = approving_many.approve(app, store, versions, said, by=by, why=words("why"))
        names = {one.lms_id: one.name for one in queries.people(store, _learners(store, versions)).values()}
    done = [one.claim for one in results if one.claim is not None and not one.refused]
    refused = [(one.claim, one.refused) for one in results if one.refused]
    told = summed([claim.id for claim in done])
    return render_template("approved.html", told=told, done=done, refused=refused, names=names)


def _shown(seen: Preview, error: str = "", said: Said | None = None) -> str:
    return render_template("approve.html", seen=seen, error=error, said=said or Said(), most=MOST)


def chosen() -> dict[int, int]:
    """The claims that were ticked, by number with the version that was shown."""
    found = {}
    for text in request.form.getlist("claim"):
        parts = _CHOSEN.fullmatch(text)
        if parts is None:
            abort(400)
        found[context.checked_number(int(parts[1]))] = int(parts[2])
    if len(found) > MOST:
        raise InputError(f"More than {MOST} claims were chosen.", "Approve them in several goes.")
    return found


def _ready(store: Store) -> dict[int, int]:
    app = context.app()
    catalogue = app.plugins.catalogue.qualifications
    bodies = {one.awarding_body for one in catalogue.values()}
    asked, _ = filters.read_filters(request.form, bodies, catalogue, queue_page.blockers(app.gates))
    return approving_many.ready_claims(app, store, asked, scope.given(app, store, access.current()))


def _learners(store: Store, versions: dict[int, int]) -> list[str]:
    return [claim.learner_id for claim in store_claims.some_claims(store, versions)]
