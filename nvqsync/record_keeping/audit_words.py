"""The audit log in sentences, for whoever has to understand years later what was done: dates, who, what and why. Pure.

An action that has no words of its own is told by its name, so that a plugin's or a later version's entries read too.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from typing import Any

from nvqsync.clock import LONDON, iso

ACTIONS = {
    "propose": "proposed the claim",
    "refresh": "brought the claim in line with the facts of that day",
    "hold": "put the claim on hold",
    "flag": "flagged the claim, which had gone out already",
    "approve": "approved the claim",
    "release": "released the claim from hold",
    "withdraw": "withdrew the claim",
    "export": "put the claim into a batch for the awarding body",
    "submit": "handed the claim to the awarding body",
    "acknowledge": "recorded that the awarding body has received the claim",
    "await_authorisation": "recorded that the claim waits for the external quality assurer",
    "certificate": "recorded the certificate",
    "return": "recorded that the awarding body returned the claim",
    "no_answer": "recorded that no usable answer came from the awarding body",
    "not_found": "recorded that the awarding body never received the claim",
    "recall": "called the claim back",
    "recall_notice": "noted that the claim no longer stands on what it was sent with",
    "recall_notice_lifted": "noted that the claim stands again on what it was sent with",
    "declare": "made the declarations that the claim asks for",
    "note": "wrote what they found about the claim's cautions",
    "keyed": "recorded that the claim was keyed into the portal",
    "acknowledged": "recorded that the awarding body has received the claim",
    "awaiting": "recorded that the claim waits for the external quality assurer",
    "authorised": "recorded that the external quality assurer authorised the claim",
    "certificated": "recorded the certificate",
    "returned": "recorded that the awarding body returned the claim",
    "recalled": "recorded that the awarding body was asked to stop the claim",
    "revoked": "recorded that the awarding body revoked the certificate",
    "received": "recorded that the certificate came to the centre",
    "handed_over": "recorded that the certificate was handed over",
    "confirmed": "recorded that the certificate is not provisional any more",
    "sheet-printed": "printed a keying sheet",
    "files-deleted": "deleted the files of a batch",
    "export-after-restore": "exported after a backup was restored",
    "restore": "restored a backup",
    "batch": "made a batch",
    "registration-recorded": "recorded a registration with the awarding body",
    "registration-changed": "changed a registration",
    "registration-amended": "recorded that the awarding body amended an entry",
    "sign-off": "recorded that a unit was signed off",
    "centre-number-recorded": "recorded the centre's number with an awarding body",
    "centre-approval-recorded": "recorded what the centre is approved for",
    "centre-staff-recorded": "recorded an assessor or an IQA",
    "centre-sanction-recorded": "recorded a sanction on the centre",
    "centre-visit-recorded": "recorded an external visit",
    "centre-account-recorded": "recorded who an account is",
    "centre-number-changed": "changed the centre's number with an awarding body",
    "centre-approval-changed": "changed what is on record about the centre's approval",
    "centre-staff-changed": "changed what is on record about an assessor or an IQA",
    "centre-sanction-changed": "changed what is on record about a sanction",
    "centre-visit-changed": "changed what is on record about an external visit",
    "centre-account-changed": "changed who an account is",
    "centre-number-removed": "took out the centre's number with an awarding body",
    "centre-approval-removed": "took out what was on record about the centre's approval",
    "centre-staff-removed": "took out an assessor or an IQA",
    "centre-sanction-removed": "took out a sanction",
    "centre-visit-removed": "took out an external visit",
    "centre-account-removed": "took out who an account is",
    "confirm-status": "recorded where the learner stands",
    "confirm-gone": "confirmed that a grade stands which the LMS no longer shows",
    "confirm-gradebook": "recorded which of two grades is right",
    "confirm-unmapped": "confirmed that a course is no longer mapped",
    "confirm-uln": "recorded whose a ULN is",
    "iqa-released": "recorded an IQA's decision",
    "iqa-action-done": "recorded that what an IQA asked for was done",
    "iqa-taken-back": "took an IQA's decision back",
    "simulation-agreed": "recorded that an IQA agreed a simulation",
    "simulation-sampled": "recorded that an IQA sampled simulated evidence",
    "simulation-taken-back": "took a simulation record back",
    "claims-authorised": "recorded that a visitor authorised the learner's claims",
    "claims-authorisation-removed": "took a visitor's authorisation of the learner's claims back",
    "adjustment-recorded": "recorded an adjustment",
    "adjustment-removed": "took an adjustment back",
    "erase": "erased personal data",
    "anonymise": "left of the claim what names nobody",
    "readmit": "recorded that the learner has come back",
    "portfolio-request": "recorded that the candidate was asked to keep their portfolio",
}
"""What each action did, after the name of whoever did it."""

STATUSES = {
    "proposed": "waiting for a person's approval",
    "on_hold": "on hold",
    "exported": "in a batch",
    "submitted": "with the awarding body",
    "awaiting_authorisation": "waiting for authorisation",
    "unknown": "without an answer",
}
"""A claim's statuses where their own word says too little."""


def sentence(entry: Mapping[str, Any]) -> str:
    """One entry of a story (``store_audit.audit_story``) as a sentence or two."""
    who = "nvqsync itself" if entry["actor"] == "nvqsync" else entry["actor"]
    action = entry["action"]
    done = ACTIONS.get(action, f"recorded '{action.replace('_', ' ').replace('-', ' ')}'")
    parts = [
        f"On {_moment(entry['at'])}, {who} {done}.",
        _words(entry),
        _moved(entry["from_status"], entry["to_status"]),
    ]
    return " ".join(part for part in parts if part)


def story(entries: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The entries as JSON values: the parts, the sentence, and what it rested on where that is new."""
    told: list[dict[str, Any]] = []
    resting: dict[str, str | None] = {}
    for entry in entries:
        rests = rested_on(entry)
        told.append({
            "entry": entry["id"], "at": iso(entry["at"]), "who": entry["actor"], "about": entry["subject"],
            "action": entry["action"], "from": entry["from_status"] or None, "to": entry["to_status"] or None,
            "why": entry["text"], "erased_by": entry["erased_by"], "fingerprint": entry["fingerprint"] or None,
            "says": sentence(entry),
            "rested_on": None if rests == resting.get(entry["subject"]) else rests,
            "facts": json.loads(entry["facts"]) if entry["facts"] else None,
            "record": json.loads(entry["record"]) if entry["record"] else None,
        })  # fmt: skip
        resting[entry["subject"]] = rests or resting.get(entry["subject"])
    return told


def rested_on(entry: Mapping[str, Any]) -> str | None:
    """In words, the units, sign-off days and registrations a claim rested on at that entry."""
    facts = json.loads(entry["facts"]) if entry["facts"] and entry["subject"].startswith("claim:") else {}
    if not facts.get("units"):
        return None
    units = ", ".join(_unit(unit) for unit in facts["units"])
    registered = json.loads(entry["record"]).get("registrations", []) if entry["record"] else []
    under = " and ".join(
        f"candidate {one['candidate_number'] or 'without a number'}, registered on {_day(one['registered_on'])}"
        for one in registered
    )
    registration = f"{under[:1].upper()}{under[1:]}" if under else "No registration was recorded"
    return f"It rested on {facts['credits']} credits: {units}. {registration}."


def _unit(unit: Mapping[str, Any]) -> str:
    how = "transferred" if unit.get("transferred") else "signed off"
    return (
        f"{unit['code']} {unit['title']} ({how} {_day(unit['achieved_on'])})" if unit["achieved_on"] else unit["code"]
    )


def _words(entry: Mapping[str, Any]) -> str:
    if entry["erased_by"]:
        return f"The words were erased: entry {entry['erased_by']} names the rule."
    if entry["text"] is None:
        return "The words are missing: see 'nvqsync audit verify'."
    text = " ".join(str(entry["text"]).split())
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."


def _moved(before: str, after: str) -> str:
    if not after or before == after:
        return ""
    if not before:
        return f"It was then {_status(after)}."
    return f"It went from {_status(before)} to {_status(after)}."


def _status(status: str) -> str:
    return STATUSES.get(status, status.replace("_", " "))


def _moment(at: int) -> str:
    moment = dt.datetime.fromtimestamp(at, LONDON)
    return f"{moment.day} {moment:%B %Y} at {moment:%H:%M}"


def _day(text: str) -> str:
    day = dt.date.fromisoformat(text)
    return f"{day.day} {day:%B %Y}"
