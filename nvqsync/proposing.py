"""From verdicts to claims: what is proposed, refreshed, put on hold or flagged, decided before anything is written.

The same facts always lead to the same proposal, so a second pass over unchanged facts changes nothing. At most one
full-award claim of a learner and qualification is open or certificated at a time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from nvqsync.adjustments import adjustment_json
from nvqsync.claims import CLOSED, GONE, WAITING, Event, Status, advance
from nvqsync.clock import day
from nvqsync.gates import ClaimFacts, Finding, Severity
from nvqsync.judging import verdict_json
from nvqsync.model import ClaimKind, UnitOutcome, UnitStatus
from nvqsync.progress import LearnerProgress, basis


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim as it is stored. ``facts`` is the JSON it rests on (``claim_facts_json``), without personal data.

    ``declarations`` are those that its approver has to make.
    """

    id: int
    key: str
    learner_id: str
    qualification_id: str
    awarding_body: str
    kind: ClaimKind
    status: Status
    fingerprint: str
    facts: Mapping[str, Any]
    blockers: tuple[Finding, ...] = ()
    cautions: tuple[Finding, ...] = ()
    hold_reason: str = ""
    batch_id: str = ""
    reference: str = ""
    portal_words: str = ""
    certificate_number: str = ""
    certificated_on: str = ""
    created_at: int = 0
    updated_at: int = 0
    version: int = 1
    declarations: tuple[Finding, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that stands against it: what blocks, what cautions, what is to be declared."""
        return (*self.blockers, *self.cautions, *self.declarations)


class Move(StrEnum):
    """What is to happen to a claim at the end of a pass."""

    PROPOSE = "propose"
    REFRESH = "refresh"
    HOLD = "hold"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class ClaimMove:
    """One change to make: the claim as it stands (``None`` when it is new), what it becomes, and why in plain words."""

    move: Move
    before: Claim | None
    status: Status
    facts: Mapping[str, Any]
    fingerprint: str
    findings: tuple[Finding, ...]
    why: str
    learner_id: str
    qualification_id: str
    awarding_body: str
    kind: ClaimKind = ClaimKind.FULL_AWARD


def claim_facts_json(row: LearnerProgress) -> dict[str, Any]:
    """What a full-award claim rests on: the counted units, a digest of each one's evidence, and the verdict."""
    return {
        "units": [_unit(row, outcome) for outcome in row.counted],
        "credits": row.verdict.credits_counted,
        "basis": {outcome.code: basis(outcome) for outcome in row.counted},
        "verdict": verdict_json(row.judgement),
        "adjustments": [adjustment_json(one, row.qualification) for one in row.adjustments],
    }


def _unit(row: LearnerProgress, outcome: UnitOutcome) -> dict[str, Any]:
    unit = next(u.unit for u in row.qualification.units if u.code == outcome.code)
    return {
        "code": outcome.code,
        "unit_reference": unit.reference,
        "title": unit.title,
        "level": unit.level,
        "credit_value": unit.credit_value,
        "achieved_on": day(outcome.achieved_at).isoformat() if outcome.achieved_at else None,
        "transferred": outcome.status is UnitStatus.TRANSFERRED,
    }


def fingerprint(facts: Mapping[str, Any], claim_facts: ClaimFacts) -> str:
    """A digest of the facts a claim rests on, its registration included."""
    registration = claim_facts.registration
    registered = registration and [
        registration.candidate_number, registration.registered_on.isoformat(), registration.entry.value,
        registration.name, str(registration.date_of_birth), registration.uln,
    ]  # fmt: skip
    text = json.dumps([facts["basis"], facts["credits"], registered], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def difference(old: Mapping[str, str], new: Mapping[str, str]) -> str:
    """In words, how the evidence under a claim differs: units lost, changed, added."""
    lost = [code for code in old if code not in new]
    changed = [code for code in old if code in new and old[code] != new[code]]
    added = [code for code in new if code not in old]
    parts = [
        f"no longer counted: {', '.join(lost)}" if lost else "",
        f"grades changed under: {', '.join(changed)}" if changed else "",
        f"newly counted: {', '.join(added)}" if added else "",
    ]
    return "; ".join(part for part in parts if part)


def propose(
    row: LearnerProgress, claims: Sequence[Claim], facts: ClaimFacts, findings: tuple[Finding, ...]
) -> ClaimMove | None:
    """What is to happen to this learner's full-award claim, or ``None``.

    ``claims`` are all this learner's full-award claims for the qualification, oldest first.
    """
    now = claim_facts_json(row)
    mark = fingerprint(now, facts)
    current = next((claim for claim in claims if claim.status not in CLOSED), None)
    if current is None:
        return _new(row, claims, now, mark, findings)
    if current.status in WAITING:
        return _waiting(row, current, now, mark, findings)
    return _sent(row, current, now, findings)


def _new(
    row: LearnerProgress, claims: Sequence[Claim], now: Mapping[str, Any], mark: str, findings: tuple[Finding, ...]
) -> ClaimMove | None:
    """A met verdict proposes a claim, unless one on the very same facts was withdrawn or returned before."""
    if not row.verdict.met or any(claim.fingerprint == mark for claim in claims):
        return None
    return _move(Move.PROPOSE, row, None, Status.PROPOSED, now, mark, findings, "The rule of combination is met.")


def _waiting(
    row: LearnerProgress, claim: Claim, now: Mapping[str, Any], mark: str, findings: tuple[Finding, ...]
) -> ClaimMove | None:
    told = difference(claim.facts["basis"], now["basis"])
    only_more = not any(now["basis"].get(code) != digest for code, digest in claim.facts["basis"].items())
    if claim.fingerprint == mark and findings == claim.findings:
        return None
    if not row.verdict.met:
        told = f"The rule of combination is no longer met ({told})." if told else "The rule is no longer met."
    elif claim.status is not Status.APPROVED and (only_more or not told):
        return _move(Move.REFRESH, row, claim, claim.status, now, mark, findings, told or "What stands on it changed.")
    elif told:
        told = f"The facts changed: {told}."
    else:
        told = "The registration changed." if claim.fingerprint != mark else _gates_changed(claim, findings)
    if claim.status is Status.ON_HOLD and claim.fingerprint == mark and claim.hold_reason == told:
        return _move(Move.REFRESH, row, claim, claim.status, now, mark, findings, "What stands on it changed.")
    status = advance(claim.status, Event.FACTS_CHANGED)
    return _move(Move.HOLD, row, claim, status, now, mark, findings, told)


def adrift(claim: Claim) -> ClaimMove | None:
    """What is to happen to a claim whose learner is on no course that is mapped to its qualification any more."""
    if claim.status not in WAITING - {Status.ON_HOLD}:
        return None
    why = (
        f"The learner is on no course that is mapped to {claim.qualification_id} any more. Run 'nvqsync mapping check'."
    )
    status = advance(claim.status, Event.FACTS_CHANGED)
    findings = claim.findings
    return ClaimMove(
        Move.HOLD, claim, status, claim.facts, claim.fingerprint, findings, why,
        claim.learner_id, claim.qualification_id, claim.awarding_body, claim.kind,
    )  # fmt: skip


def _gates_changed(claim: Claim, findings: tuple[Finding, ...]) -> str:
    before = {finding.id for finding in claim.findings}
    after = {finding.id for finding in findings}
    new, gone = ", ".join(sorted(after - before)), ", ".join(sorted(before - after))
    parts = [f"now standing: {new}" if new else "", f"no longer: {gone}" if gone else ""]
    told = "; ".join(part for part in parts if part)
    return f"What stops or cautions it changed ({told or 'its wording'})."


def _sent(
    row: LearnerProgress, claim: Claim, now: Mapping[str, Any], findings: tuple[Finding, ...]
) -> ClaimMove | None:
    """A claim that has gone is never edited; what it lost since is flagged for a person to recall it."""
    if claim.status not in GONE | {Status.CERTIFICATED}:
        return None
    held = {outcome.code for outcome in row.outcomes if outcome.status in {UnitStatus.ACHIEVED, UnitStatus.TRANSFERRED}}
    lost = [code for code in claim.facts["basis"] if code not in held]
    says = f"No longer achieved since it was sent: {', '.join(lost)}. Ask the body to recall it."
    flags = (Finding("CERT-1", Severity.CAUTIONS, says),) if lost else ()
    if flags == tuple(finding for finding in claim.cautions if finding.id == "CERT-1"):
        return None
    marks = (*(finding for finding in claim.findings if finding.id != "CERT-1"), *flags)
    why = says if lost else "What was lost since it was sent is achieved again."
    return _move(Move.FLAG, row, claim, claim.status, claim.facts, claim.fingerprint, marks, why)


def _move(
    move: Move, row: LearnerProgress, before: Claim | None, status: Status, facts: Mapping[str, Any], mark: str,
    findings: tuple[Finding, ...], why: str,
) -> ClaimMove:  # fmt: skip
    body = row.qualification.awarding_body
    return ClaimMove(move, before, status, facts, mark, findings, why, row.learner.lms_id, row.qualification.id, body)
