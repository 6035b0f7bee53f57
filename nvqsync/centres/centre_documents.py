"""What is on record of the centre as one document, with what is missing and the commands that enter it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from nvqsync.bootstrap import App
from nvqsync.centre import EndDate, Sanction, Staff, Visit
from nvqsync.centres.centre_lacks import lacks
from nvqsync.centres.centre_record import CentreRecord
from nvqsync.model import Qualification
from nvqsync.storage import store_centre
from nvqsync.store import Store


def shown(app: App, store: Store, qualification: str | None = None) -> dict[str, Any]:
    """The document ``centre show --json`` prints."""
    record, catalogue = store_centre.read(store), app.plugins.catalogue
    if qualification:
        wanted = [catalogue.find_qualification(qualification)]
    else:
        ids = _followed(app, store) | {getattr(item, "qualification_id", "") for item in record}
        wanted = [one for one in catalogue.qualifications.values() if one.id in ids]
    only = wanted[0].id if qualification else ""
    return {
        "name": app.settings.centre.name,
        "numbers": [
            {"awarding_body": one.awarding_body, "site": one.site, "number": one.number} for one in record.numbers
        ],
        "qualifications": [_qualification_json(one, record, app.today) for one in wanted],
        "staff": [staff_json(one) for one in record.staff if not only or one.qualification_id in ("", only)],
        "accounts": [
            {"name": one.name, "moodle_id": one.lms_id or None, "no_moodle": one.no_lms_user} for one in record.accounts
        ],
    }


def _followed(app: App, store: Store) -> set[str]:
    return {named for _, named in app.reader(store).qualifications() if named}


def _qualification_json(one: Qualification, record: CentreRecord, today: dt.date) -> dict[str, Any]:
    facts = record.facts(one)
    return {
        "qualification": one.id,
        "title": one.title,
        "centre_number": facts.centre_number or None,
        "approved_on": _day(facts.approved_on),
        "direct_claim_from": _day(facts.direct_claim_from),
        "direct_claim_to": _day(facts.direct_claim_to),
        "direct_claims": facts.direct_claims(today),
        "registration_end": _end_json(facts.registration_end, one.registration_end_on),
        "certification_end": _end_json(facts.certification_end, one.certification_end_on),
        "iqa_by_cohort": facts.iqa_by_cohort,
        "sanctions": [_sanction_json(sanction, today) for sanction in facts.sanctions],
        "visits": [_visit_json(visit) for visit in facts.visits],
        "missing": [{"name": lack.name, "says": lack.says, "command": lack.command} for lack in lacks(facts, one)],
    }


def _day(value: dt.date | None) -> str | None:
    return value.isoformat() if value else None


def _end_json(end: EndDate, published: dt.date | None) -> dict[str, Any]:
    return {
        "known": end.known,
        "on": _day(end.on),
        "checked_on": _day(end.checked_on),
        "published": published is not None,
    }


def _sanction_json(one: Sanction, today: dt.date) -> dict[str, Any]:
    return {
        "id": one.id, "level": one.level, "actions": one.actions, "from": _day(one.from_on),
        "lifted_on": _day(one.lifted_on), "stands": one.stands(today), "stops_direct_claims": one.stops_direct_claims,
        "stops_claims": one.stops_claims,
    }  # fmt: skip


def _visit_json(one: Visit) -> dict[str, Any]:
    return {
        "id": one.id, "on": _day(one.on), "visitor": one.visitor, "done": one.done, "final": one.final,
        "learners": list(one.learners), "everyone_up_to": _day(one.everyone_up_to), "note": one.note,
    }  # fmt: skip


def staff_json(one: Staff) -> dict[str, Any]:
    """An assessor or IQA as ``centre staff list --json`` prints them; ``qualification`` is null for every one."""
    return {
        "id": one.id, "moodle_id": one.lms_id, "name": one.name, "role": one.role.value,
        "qualification": one.qualification_id or None, "from": _day(one.from_on), "to": _day(one.to_on),
        "qualified_on": _day(one.qualified_on), "countersigner_moodle_id": one.countersigner or None,
        "signature_on": _day(one.signature_on),
    }  # fmt: skip
