"""What is on record of the centre, as JSON and for a terminal, with what is missing and the commands that enter it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import click

from nvqsync.bootstrap import App
from nvqsync.centre import EndDate, Sanction, Staff, Visit
from nvqsync.centres.centre_lacks import lacks
from nvqsync.centres.centre_record import CentreRecord
from nvqsync.commands.tables import table
from nvqsync.model import Qualification
from nvqsync.storage import store_centre
from nvqsync.store import Store

NO_DATE = "none"


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


# ---------------------------------------------------------------- for a terminal

STAFF_HEADS = ("No.", "Moodle id", "Name", "Role", "For", "From", "To", "Qualified", "Countersigner", "Signature")
HEADS = ("Qualification", "Number", "Approved", "Direct claims", "Registration ends", "Certification ends", "Missing")


def staff_row(one: Staff) -> tuple[object, ...]:
    """An assessor or IQA under ``STAFF_HEADS``."""
    return (one.id, one.lms_id, one.name, one.role.value, one.qualification_id or "all", one.from_on, one.to_on,
            one.qualified_on, one.countersigner or None, one.signature_on)  # fmt: skip


def print_centre(document: Mapping[str, Any]) -> None:
    """Everything, a line for each qualification, and what is missing."""
    if not document["qualifications"]:
        click.echo("No course is followed yet. 'nvqsync centre show OCR/03455' tells what one qualification needs.")
    else:
        rows = [
            (one["qualification"], one["centre_number"], one["approved_on"], _direct(one),
             _end(one["registration_end"]), _end(one["certification_end"]), len(one["missing"]))
            for one in document["qualifications"]
        ]  # fmt: skip
        click.echo(table(HEADS, rows))
    _print_sites(document["numbers"])
    _print_staff(document["staff"])
    _print_accounts(document["accounts"])
    for one in document["qualifications"]:
        _print_events(one)
    if document["qualifications"]:
        _print_missing(lack for one in document["qualifications"] for lack in one["missing"])


def print_qualification(document: Mapping[str, Any], one: Mapping[str, Any]) -> None:
    """All about one qualification."""
    click.echo(f"{one['qualification']}  {one['title']}")
    lines = {
        "Centre number": one["centre_number"],
        "Approved on": one["approved_on"],
        "Direct claims": _direct(one),
        "Registration ends": _end(one["registration_end"]),
        "Certification ends": _end(one["certification_end"]),
        "IQA releases": "a whole cohort" if one["iqa_by_cohort"] else "learner by learner",
    }
    for label, value in lines.items():
        click.echo(f"{label:20}{value or '-'}")
    body = one["qualification"].partition("/")[0]
    _print_sites(number for number in document["numbers"] if number["awarding_body"] == body)
    _print_staff(document["staff"])
    _print_events(one)
    _print_missing(one["missing"])


def _direct(one: Mapping[str, Any]) -> str | None:
    start, end = one["direct_claim_from"], one["direct_claim_to"]
    if not start:
        return None
    suspended = any(s["stands"] and s["stops_direct_claims"] for s in one["sanctions"])
    return f"from {start}{f' to {end}' if end else ''}{' (suspended by a sanction)' if suspended else ''}"


def _end(end: Mapping[str, Any]) -> str | None:
    if not end["known"]:
        return None
    how = "published" if end["published"] else f"checked {end['checked_on']}" if end["checked_on"] else "not checked"
    return f"{end['on'] or NO_DATE} ({how})"


def _print_sites(numbers: Iterable[Mapping[str, Any]]) -> None:
    if rows := [(one["awarding_body"], one["site"], one["number"]) for one in numbers if one["site"]]:
        click.echo("\nOther sites")
        click.echo(table(("Body", "Site", "Number"), rows))


def _print_staff(staff: Iterable[Mapping[str, Any]]) -> None:
    if rows := [(*list(one.values())[:4], one["qualification"] or "all", *list(one.values())[5:]) for one in staff]:
        click.echo("\nStaff")
        click.echo(table(STAFF_HEADS, rows))


def _print_accounts(accounts: Iterable[Mapping[str, Any]]) -> None:
    if rows := [(one["name"], one["moodle_id"] or "nobody there") for one in accounts]:
        click.echo("\nAccounts")
        click.echo(table(("Account", "In Moodle"), rows))


def _print_events(one: Mapping[str, Any]) -> None:
    if one["visits"]:
        click.echo(f"\nVisits for {one['qualification']}")
        rows = [(v["id"], v["on"], v["visitor"], _visited(v), _authorised(v), v["note"]) for v in one["visits"]]
        click.echo(table(("No.", "Day", "Visitor", "State", "Authorised", "Note"), rows))
    if one["sanctions"]:
        click.echo(f"\nSanctions on {one['qualification']}")
        rows = [(s["id"], s["level"], s["from"], s["lifted_on"], _stops(s), s["actions"]) for s in one["sanctions"]]
        click.echo(table(("No.", "Level", "From", "Lifted", "Stops", "Actions"), rows))


def _visited(visit: Mapping[str, Any]) -> str:
    return f"{'done' if visit['done'] else 'planned'}{', final' if visit['final'] else ''}"


def _authorised(visit: Mapping[str, Any]) -> str | None:
    everyone = f"everyone up to {visit['everyone_up_to']}" if visit["everyone_up_to"] else ""
    count = len(visit["learners"])
    some = f"{count} {'learner' if count == 1 else 'learners'}" if count else ""
    return ", ".join(part for part in (everyone, some) if part) or None


def _stops(sanction: Mapping[str, Any]) -> str | None:
    return "every claim" if sanction["stops_claims"] else "direct claims" if sanction["stops_direct_claims"] else None


def _print_missing(missing: Iterable[Mapping[str, str]]) -> None:
    lines = {lack["command"]: lack["says"] for lack in missing}  # one body's number is missing once
    if not lines:
        click.echo("\nNothing is missing.")
        return
    click.echo("\nMissing, and claims wait for it:")
    for command, says in lines.items():
        click.echo(f"  {says}\n    {command}")
