"""Claims as JSON documents: a row of the list, and the whole story of one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nvqsync.claims import actions
from nvqsync.clock import iso
from nvqsync.gates import Finding
from nvqsync.model import LmsMember
from nvqsync.progress import LearnerProgress, decision_json
from nvqsync.proposing import Claim
from nvqsync.storage import store_audit, store_declarations
from nvqsync.store import Store


def findings_json(findings: Iterable[Finding]) -> list[dict[str, str]]:
    """Blockers or cautions as JSON: the rule's id and what it says."""
    return [{"id": finding.id, "says": finding.says} for finding in findings]


def claim_json(claim: Claim, learner: LmsMember) -> dict[str, Any]:
    """A row of ``claims list --json``. The ULN and the date of birth are in no list."""
    return {
        "id": claim.id,
        "version": claim.version,
        "key": claim.key,
        "learner": {"lms_id": learner.lms_id, "id_number": learner.id_number, "name": learner.name},
        "awarding_body": claim.awarding_body,
        "qualification": claim.qualification_id,
        "kind": claim.kind.value,
        "status": claim.status.value,
        "credits": claim.facts["credits"],
        "units": [unit["code"] for unit in claim.facts["units"]],
        "blockers": findings_json(claim.blockers),
        "cautions": findings_json(claim.cautions),
        "hold_code": claim.hold_code.value or None,
        "hold_reason": claim.hold_reason or None,
        "recall_notice": claim.recall_notice or None,
        "batch": claim.batch_id or None,
        "reference": claim.reference or None,
        "portal_words": claim.portal_words or None,
        "keyed_on": claim.keyed_on or None,
        "keyed_by": claim.keyed_by or None,
        "authorised_on": claim.authorised_on or None,
        "returned_on": claim.returned_on or None,
        "recalled_on": claim.recalled_on or None,
        "revoked_on": claim.revoked_on or None,
        "certificate_number": claim.certificate_number or None,
        "certificated_on": claim.certificated_on or None,
        "provisional": claim.provisional,
        "confirmed_on": claim.confirmed_on or None,
        "received_on": claim.received_on or None,
        "received_by": claim.received_by or None,
        "handed_over_on": claim.handed_over_on or None,
        "handed_over_by": claim.handed_over_by or None,
        "created_at": iso(claim.created_at),
        "updated_at": iso(claim.updated_at),
    }


def claim_story_json(claim: Claim, learner: LmsMember, row: LearnerProgress | None, store: Store) -> dict[str, Any]:
    """``claims show ID --json``: the claim, the verdict, each unit down to the grades it rests on, and its history."""
    outcomes = {outcome.code: outcome for outcome in row.outcomes} if row else {}
    return {
        **claim_json(claim, learner),
        "verdict": claim.facts["verdict"],
        "units": [
            {**unit, "status": outcomes[unit["code"]].status.value if unit["code"] in outcomes else None,
             "signed_off_by": (outcomes[unit["code"]].signed_off_by or None) if unit["code"] in outcomes else None,
             "decisions": [decision_json(d) for d in outcomes[unit["code"]].decisions]
             if unit["code"] in outcomes else []}
            for unit in claim.facts["units"]
        ],
        **_answers_json(claim, store),
        "actions": sorted(event.value for event in actions(claim.status)),
        "history": [
            {"at": iso(entry["at"]), "who": entry["actor"], "action": entry["action"],
             "from": entry["from_status"] or None, "to": entry["to_status"] or None, "why": entry["text"]}
            for entry in store_audit.audit_story(store, f"claim:{claim.id}")
        ],
    }  # fmt: skip


def _answers_json(claim: Claim, store: Store) -> dict[str, Any]:
    """What the claim asks its approver to declare, who declared it, and the notes; ``stands``: on the facts of now."""
    answers = store_declarations.answers(store, claim.id)
    made = {(one.declaration, one.says): one for one in answers.declared if one.fingerprint == claim.fingerprint}
    asked = [(one, made.get((one.id, one.says))) for one in claim.declarations]
    return {
        "declarations": [
            {"id": one.id, "says": one.says, "said_by": said.said_by if said else None,
             "said_at": iso(said.said_at) if said else None}
            for one, said in asked
        ],
        "notes": [
            {"note": one.note, "about": [name for name, _ in one.about], "said_by": one.said_by,
             "said_at": iso(one.said_at), "stands": one.fingerprint == claim.fingerprint}
            for one in answers.notes
        ],
    }  # fmt: skip
