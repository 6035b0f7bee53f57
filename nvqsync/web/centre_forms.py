"""The forms of the centre's pages, each read into the edit of the centre's record that it stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import request

from nvqsync.bootstrap import App
from nvqsync.centre import Sanction, Staff, StaffRole, Visit
from nvqsync.centres import centre_edits
from nvqsync.centres.centre_edits import Edit
from nvqsync.errors import InputError
from nvqsync.gating.centre_gates import visit_in_closed_weeks
from nvqsync.people import find_learner, known_people, person
from nvqsync.store import Store
from nvqsync.web import typed


@dataclass(frozen=True, slots=True)
class Entry:
    """What a form stands for: the edit, and what is worth telling besides."""

    edit: Edit
    told: str = ""


Read = Callable[[App, Store, str], Entry]
"""Reads the form; the last argument is the qualification's id, empty where the form is about none."""


def _approved(_: App, __: Store, id_: str) -> Entry:
    return Entry(centre_edits.approved(id_, typed.day_due("on")))


def _direct_claims(_: App, __: Store, id_: str) -> Entry:
    return Entry(centre_edits.direct_claims(id_, typed.day("from"), typed.day("to")))


def _end_date(app: App, _: Store, id_: str) -> Entry:
    which, none = request.form.get("which", ""), typed.ticked("none")
    if which not in {"registration", "certification"}:
        raise InputError("It is not said which date this is.", "Choose registration or certification.")
    if bool(typed.day("date")) == none:
        raise InputError("Give the day, or tick that the register gives none.", "One of the two.")
    return Entry(centre_edits.end_date(id_, which, typed.day("date"), typed.day("checked_on") or app.today))


def _iqa_by(_: App, __: Store, id_: str) -> Entry:
    return Entry(centre_edits.iqa_by(id_, cohort=request.form.get("by") == "cohort"))


def _visit(_: App, store: Store, id_: str) -> Entry:
    names = typed.words("learners").replace(",", " ").split()
    learners = tuple(dict.fromkeys(find_learner(store, one).lms_id for one in names))
    new = Visit(
        id_, typed.day_due("date"), typed.line("visitor"), not typed.ticked("planned"), typed.ticked("final"), learners,
        typed.day("everyone_up_to"), typed.line("note"),
    )  # fmt: skip
    closed = "OCR's external quality assurers do not visit between 18 and 31 August (VIS-2): agree another day."
    return Entry(centre_edits.visit(new), closed if visit_in_closed_weeks(new) else "")


def _sanction(_: App, __: Store, id_: str) -> Entry:
    new = Sanction(
        id_, typed.line("level"), typed.words("actions"), typed.day_due("from"), None,
        typed.ticked("stops_direct_claims"), typed.ticked("stops_claims"),
    )  # fmt: skip
    return Entry(centre_edits.sanction(new))


def _lifted(_: App, __: Store, ___: str) -> Entry:
    return Entry(centre_edits.lifted(_number("number"), typed.day_due("on")))


OF_QUALIFICATION: Mapping[str, Read] = {
    "approved": _approved,
    "direct-claims": _direct_claims,
    "end-date": _end_date,
    "iqa-by": _iqa_by,
    "visit": _visit,
    "sanction": _sanction,
    "lifted": _lifted,
}
"""What can be entered on the page of a qualification, by the last word of the form's address."""


def _centre_number(_: App, __: Store, ___: str) -> Entry:
    return Entry(centre_edits.number(typed.line("body"), typed.line("number"), typed.line("site")))


def _staff(app: App, store: Store, _: str) -> Entry:
    people, role = known_people(store), request.form.get("role", "")
    if role not in set(StaffRole):
        raise InputError("It is not said what they do.", "Choose assessor or IQA.")
    who, other = person(people, typed.line("who")), person(people, typed.line("countersigner"))
    q = typed.line("qualification")
    new = Staff(
        who.lms_id, typed.line("name") or who.name, StaffRole(role), typed.day_due("from"), typed.day("to"),
        app.plugins.catalogue.find_qualification(q).id if q else "", typed.day("qualified_on"), other.lms_id,
        typed.day("signature_on"),
    )  # fmt: skip
    strangers = [one for one in (who.lms_id, other.lms_id) if one and people and one not in people]
    told = "".join(f" Nobody with the Moodle id {one} is on a course that was read: check it." for one in strangers)
    return Entry(centre_edits.staff(new), told.strip())


def _staff_ended(_: App, __: Store, ___: str) -> Entry:
    return Entry(centre_edits.staff_ended(_number("number"), typed.day_due("on")))


OF_CENTRE: Mapping[str, Read] = {"number": _centre_number, "staff": _staff, "staff-ended": _staff_ended}
"""What can be entered on the centre's own page."""


def _number(name: str) -> int:
    text = request.form.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
