"""What an IQA records on the pages: a release of learners or of a cohort, an action that was done, one taken back.

Whoever is signed in is the IQA, under the Moodle user their account is linked to: nobody records for somebody else, and
nobody releases what they assessed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from nvqsync import iqa_recording
from nvqsync.bootstrap import App
from nvqsync.errors import InputError, NotAllowed, NvqsyncError, UnknownName
from nvqsync.iqa_recording import Answer
from nvqsync.model import LmsCourse, LmsMember, Qualification, UnitStatus
from nvqsync.quality import IqaOutcome, Release
from nvqsync.sign_in.accounts import Right
from nvqsync.storage import store_centre, store_claims, store_lms
from nvqsync.store import Store
from nvqsync.web import access, context, office_queries, queries, typed
from nvqsync.web.lists import PAGE_SIZE

releasing = Blueprint("releasing", __name__)
Refused = (InputError, NotAllowed, UnknownName)

OUTCOME_WORDS = {
    IqaOutcome.AGREED: "Agreed: the evidence is good, claims may go",
    IqaOutcome.ACTION: "Action: it releases once the assessor has done what is asked for",
    IqaOutcome.REFERRED: "Referred: claims wait until an IQA has looked again",
}
"""What each outcome means, as the form offers it."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Whose evidence a release is about: learners, or everybody on a course, of one qualification."""

    qualification: Qualification
    learners: tuple[LmsMember, ...] = ()
    course: str = ""


@releasing.get("/iqa/release")
@access.needs(Right.QUALITY)
def form() -> str:
    """The form for a release of the learners, claims or course in the address."""
    with context.store() as store:
        return _shown(store, _from_claims(store) or _named(store, request.args.getlist("learner"), request.args))


@releasing.post("/iqa/release")
@access.needs(Right.QUALITY)
def record() -> str | tuple[str, int]:
    """Record it. A learner whom this IQA may not release is named with the reason; the others are recorded."""
    app, by = context.app(), access.current().name
    context.store().close()  # says how to set nvqsync up, where it is not
    with app.open_store() as store:
        chosen = _named(store, request.form.getlist("learner"), request.form)
        try:
            new = _release(app, store, chosen)
            answers = iqa_recording.record_release(
                app, store, new, chosen.learners, by=by, why=typed.line("why"), check=lambda now: _unseen(now, chosen)
            )
        except Refused as error:
            return _shown(store, chosen, error), 400 if isinstance(error, InputError) else 409
        course = _course(store, chosen)
    return _told(chosen, course, answers)


@releasing.get("/iqa/releases/<int:release_id>")
@access.needs(Right.EVERYTHING)
def one(release_id: int) -> str:
    """One release, and what may still be recorded of it."""
    with context.store() as store:
        return _one(store, release_id)


@releasing.post("/iqa/releases/<int:release_id>/<any(done, back):what>")
@access.needs(Right.QUALITY)
def follow_up(release_id: int, what: str) -> tuple[str, int] | AnyResponse:
    """Record that its action was done, or take it back."""
    app, by = context.app(), access.current().name
    context.store().close()
    with app.open_store() as store:
        if office_queries.release(store, context.checked_number(release_id)) is None:
            abort(404)
        try:
            if what == "done":
                iqa_recording.record_action_done(
                    app, store, release_id, typed.day("on") or app.today, me(store), by=by, why=typed.line("why")
                )
                told = f"The action of release {release_id} is recorded as done. To undo it: take the release back."
            else:
                iqa_recording.take_back(app, store, release_id, by=by, why=typed.line("why"))
                told = f"Release {release_id} is taken back; it stays on record. To undo it: record a new release."
        except Refused as error:
            return _one(store, release_id, error), 400 if isinstance(error, InputError) else 409
    flash(told)
    return redirect(url_for("releasing.one", release_id=release_id), 303)


def me(store: Store) -> str:
    """The Moodle id of whoever is signed in. Raises ``NotAllowed`` where it is not on record."""
    name = access.current().name
    account = store_centre.account(store, name)
    if account is None or not account.lms_id:
        says = f"It is not on record who {name} is in Moodle, so that nobody knows which IQA this is."
        raise NotAllowed(says, f"Whoever looks after accounts links it: 'nvqsync centre account {name} --moodle ID'.")
    return account.lms_id


# ---------------------------------------------------------------- whose


def _from_claims(store: Store) -> Chosen | None:
    """The learners of the claims in the address. Raises ``InputError`` where they are for several qualifications."""
    ids = [int(one) for one in request.args.getlist("claim") if one.isascii() and one.isdigit() and len(one) < 19]
    if not ids:
        return None
    claims = store_claims.some_claims(store, ids[:PAGE_SIZE])
    qualifications = {claim.qualification_id for claim in claims}
    if len(qualifications) != 1:
        abort(400, "Choose claims of one qualification, then go on.")
    people = queries.people(store, (claim.learner_id for claim in claims))
    return Chosen(_qualification(qualifications.pop()), tuple(people.values()))


def _named(store: Store, learners: Sequence[str], said: object) -> Chosen:
    """The learners or the course that an address or a form names. Anything else is not ours: 400 or 404."""
    get = getattr(said, "get")  # noqa: B009  (a multi-valued mapping: the first value)
    found, course = _qualification(get("qualification", "")), get("course", "")
    people = queries.people(store, learners)
    known = not course or course in iqa_recording.courses_for(context.app(), store, found.id)
    if bool(learners) == bool(course) or len(people) != len(set(learners)) or len(people) > PAGE_SIZE or not known:
        abort(400, "Nobody is chosen, or somebody who is not known. Go back and choose again.")
    return Chosen(found, tuple(people.values()), course)


def _qualification(id_: str) -> Qualification:
    found = context.app().plugins.catalogue.qualifications.get(id_)
    if found is None:
        abort(400, "Nobody is chosen. Go back to the list, tick those you mean, and go on.")
    return found


# ---------------------------------------------------------------- what was typed


def _release(app: App, store: Store, chosen: Chosen) -> Release:
    outcome = request.form.get("outcome", "")
    if outcome not in set(IqaOutcome):
        raise InputError("No outcome was chosen.", "Say what you concluded.")
    units = iqa_recording.units_of(app, chosen.qualification, request.form.getlist("unit"))
    return Release(
        chosen.qualification.id, me(store), typed.day("on") or app.today, IqaOutcome(outcome), "", chosen.course,
        units, typed.line("action"),
    )  # fmt: skip


def _latest(store: Store, chosen: Chosen) -> int:
    """The number of the last release of any of these; 0 where there is none."""
    sql = """SELECT COALESCE(MAX(id), 0) AS n FROM releases WHERE qualification_id = ?
        AND (course_id = ? OR learner_id IN (SELECT value FROM json_each(?)))"""
    learners = json.dumps([one.lms_id for one in chosen.learners])
    return int(store.rows(sql, [chosen.qualification.id, chosen.course, learners])[0]["n"])


def _unseen(store: Store, chosen: Chosen) -> None:
    """Whether nobody recorded a release of any of these since the form was made. Raises ``NotAllowed``."""
    if request.form.get("seen", "") != str(_latest(store, chosen)):
        says = "A release of one of these was recorded since you opened the form."
        raise NotAllowed(
            says, "Nothing was done. Look at what is recorded; if yours is due all the same, send it again."
        )


# ---------------------------------------------------------------- answers


def _shown(store: Store, chosen: Chosen, error: NvqsyncError | None = None) -> str:
    return render_template(
        "release.html", chosen=chosen, error=error, units=_units(store, chosen), outcomes=OUTCOME_WORDS,
        course=_course(store, chosen), seen=_latest(store, chosen),
        typed=request.form, today=f"{context.app().today:%d/%m/%Y}",
    )  # fmt: skip


def _course(store: Store, chosen: Chosen) -> LmsCourse | None:
    courses = store_lms.courses(store) if chosen.course else ()
    return next((one for one in courses if one.lms_id == chosen.course), None)


def _units(store: Store, chosen: Chosen) -> list[tuple[str, str]]:
    """The units that somebody chosen has evidence for, as code and title."""
    whom = {one.lms_id for one in chosen.learners}
    if chosen.course:
        whom = {one.lms_id for one in store_lms.members(store, chosen.course)}
    rows = iqa_recording.rows_of(context.app(), store, chosen.qualification.id, whom)
    begun = {one.code for all_ in rows.values() for one in all_ if one.status is not UnitStatus.NOT_STARTED}
    return [(one.code, one.unit.title) for one in chosen.qualification.units if one.code in begun]


def _told(chosen: Chosen, course: LmsCourse | None, answers: Sequence[Answer]) -> str | tuple[str, int]:
    done = [one for one in answers if not one.refused]
    refused = [one for one in answers if one.refused]
    page = render_template("released.html", chosen=chosen, course=course, done=done, refused=refused)
    return page if done else (page, 409)


def _one(store: Store, release_id: int, error: NvqsyncError | None = None) -> str:
    found = office_queries.release(store, context.checked_number(release_id))
    if found is None:
        abort(404)
    release, row = found
    people = queries.people(store, [release.iqa_id])
    listed = context.app().plugins.catalogue.qualifications.get(release.qualification_id)
    codes = {unit.unit.reference: unit.code for unit in listed.units} if listed else {}
    return render_template(
        "release_one.html", one=release, row=row, error=error, people=people, codes=codes, typed=request.form,
        today=f"{context.app().today:%d/%m/%Y}",
    )  # fmt: skip
