"""What is on record of the centre, as JSON and for a terminal, with what is missing and the commands that enter it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import click

from nvqsync.centre import Staff
from nvqsync.commands.tables import table

NO_DATE = "none"


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
