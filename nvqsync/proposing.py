"""From verdicts to claims: what is proposed, refreshed, put on hold or flagged, decided before anything is written.

The same facts always lead to the same proposal, so a second pass over unchanged facts changes nothing. At most one
full-award claim of a learner and qualification is open or certificated at a time. Unit claims are never proposed by a
pass: a person requests them, and from then on they follow their units' facts as a full award follows its rule's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from nvqsync.adjustments import adjustment_json
from nvqsync.claims import CLOSED, GONE, WAITING, Event, Status, advance
from nvqsync.clock import day
from nvqsync.gates import ClaimFacts, Finding, Severity
from nvqsync.gating import four_eyes
from nvqsync.holding import REASONS, HoldCode, code_of_gates
from nvqsync.judging import verdict_json
from nvqsync.model import ClaimKind, UnitOutcome, UnitStatus
from nvqsync.progress import LearnerProgress, achieved, basis, held_already, progressed_from


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim as it is stored. ``facts`` is the JSON it rests on (``claim_facts_json``), without personal data.

    Days are ISO texts, empty where nothing happened. Receiving the certificate and handing it over are no statuses:
    ``received_by`` and ``handed_over_by`` say who did it, as ``keyed_by`` says who keyed the claim by hand.
    ``declarations`` are those that its approver has to make. ``provisional``: the certificate waits for a verification
    visit to confirm it.
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
    hold_code: HoldCode = HoldCode.NONE
    keyed_on: str = ""
    keyed_by: str = ""
    authorised_on: str = ""
    returned_on: str = ""
    recalled_on: str = ""
    revoked_on: str = ""
    received_on: str = ""
    received_by: str = ""
    handed_over_on: str = ""
    handed_over_by: str = ""
    provisional: bool = False
    confirmed_on: str = ""
    declarations: tuple[Finding, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that stands against it: what blocks, what cautions, what is to be declared."""
        return (*self.blockers, *self.cautions, *self.declarations)

    @property
    def recall_notice(self) -> str:
        """What was lost under a claim that has gone, and what to do about it; empty where nothing was."""
        return next((finding.says for finding in self.cautions if finding.id == RECALL_NOTICE), "")

    @property
    def unit_references(self) -> frozenset[str]:
        """The regulator's references of the units the claim names."""
        return frozenset(unit["unit_reference"] for unit in self.facts["units"])


RECALL_NOTICE = "CERT-1"
"""The rule that a certificate without entitlement is revoked: the caution under which a recall notice stands."""


class Move(StrEnum):
    """What is to happen to a claim at the end of a pass."""

    PROPOSE = "propose"
    REFRESH = "refresh"
    HOLD = "hold"
    NOTICE = "recall_notice"
    LIFT = "recall_notice_lifted"


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
    hold_code: HoldCode = HoldCode.NONE


@dataclass(frozen=True, slots=True)
class _Case:
    """What there is to say about one claim now: whose, on which facts, with what against it, and whether it is due."""

    row: LearnerProgress
    kind: ClaimKind
    met: bool
    facts: Mapping[str, Any]
    looked_at: ClaimFacts
    mark: str
    findings: tuple[Finding, ...]

    def same_registration(self, claim: Claim) -> bool:
        """Whether the registration is still the one under which the claim was made."""
        return fingerprint(claim.facts, self.looked_at) == claim.fingerprint


def claim_facts_json(row: LearnerProgress, units: Sequence[UnitOutcome] | None = None) -> dict[str, Any]:
    """What a claim rests on: its units, a digest of each one's evidence, and the verdict.

    Without ``units`` it is a full award on the units that the verdict counts.
    """
    counted = row.counted if units is None else tuple(units)
    told = [_unit(row, outcome) for outcome in counted]
    return {
        "units": told,
        "credits": row.verdict.credits_counted if units is None else sum(unit["credit_value"] for unit in told),
        "basis": {outcome.code: basis(outcome) for outcome in counted},
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
        "held": held_already(row, outcome.unit_reference),
        "progressed_from": progressed_from(row, outcome),
    }


def fingerprint(facts: Mapping[str, Any], claim_facts: ClaimFacts) -> str:
    """A digest of the facts a claim rests on, its registration included."""
    registration = claim_facts.registration
    registered = registration and [
        registration.candidate_number, registration.registered_on.isoformat(), registration.entry.value,
        registration.name, str(registration.date_of_birth), registration.uln, registration.site,
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
        f"grades or transfers changed under: {', '.join(changed)}" if changed else "",
        f"newly counted: {', '.join(added)}" if added else "",
    ]
    return "; ".join(part for part in parts if part)


def propose(
    row: LearnerProgress,
    claims: Sequence[Claim],
    facts: ClaimFacts,
    findings: tuple[Finding, ...],
    *,
    again: bool = False,
    here: Collection[int] = (),
) -> ClaimMove | None:
    """What is to happen to this learner's full-award claim, or ``None``.

    ``claims`` are all this learner's full-award claims for the qualification, oldest first. ``again``: a person wants
    a new one although one on the very same facts was closed before. ``here`` are the exported claims, by number, whose
    batch has certainly not been handed over: they follow the facts as approved ones do.
    """
    now = claim_facts_json(row) | {"people": four_eyes.people_json(facts)}
    case = _Case(row, ClaimKind.FULL_AWARD, row.verdict.met, now, facts, fingerprint(now, facts), findings)
    current = next((claim for claim in claims if claim.status not in CLOSED), None)
    if current is not None:
        return _follow(case, current, here)
    if not row.verdict.met or (not again and any(claim.fingerprint == case.mark for claim in claims)):
        return None
    return _move(Move.PROPOSE, case, None, Status.PROPOSED, "The rule of combination is met.")


def request(
    row: LearnerProgress, units: Sequence[UnitOutcome], facts: ClaimFacts, findings: tuple[Finding, ...], why: str
) -> ClaimMove:
    """A new unit claim for these achieved units, because a person asked for it."""
    now = claim_facts_json(row, units) | {"people": four_eyes.people_json(facts)}
    case = _Case(row, ClaimKind.UNITS, True, now, facts, fingerprint(now, facts), findings)
    return _move(Move.PROPOSE, case, None, Status.PROPOSED, why)


def claimed_units(row: LearnerProgress, claim: Claim) -> tuple[UnitOutcome, ...]:
    """How the learner stands now with each unit of a unit claim; one that is on offer no more is not started."""
    known = {outcome.code: outcome for outcome in row.outcomes}
    who, what = row.learner.lms_id, row.qualification.id
    return tuple(
        known.get(code) or UnitOutcome(who, what, reference, code, UnitStatus.NOT_STARTED)
        for code, reference in ((unit["code"], unit["unit_reference"]) for unit in claim.facts["units"])
    )


def units_met(units: Sequence[UnitOutcome]) -> bool:
    """Whether a claim may rest on these units: each achieved here, none merely transferred."""
    return bool(units) and all(unit.status is UnitStatus.ACHIEVED for unit in units)


def follow(
    row: LearnerProgress, claim: Claim, facts: ClaimFacts, findings: tuple[Finding, ...], here: Collection[int] = ()
) -> ClaimMove | None:  # fmt: skip
    """What is to happen to a unit claim that is not closed, or ``None``. It keeps the units it was made for.

    ``here`` as ``propose`` takes it.
    """
    units = claimed_units(row, claim)
    now = claim_facts_json(row, [unit for unit in units if unit.status is UnitStatus.ACHIEVED])
    known = {unit["code"]: unit for unit in now["units"]}
    told = [known.get(unit["code"], {**unit, "achieved_on": None}) for unit in claim.facts["units"]]
    now |= {"units": told, "credits": sum(unit["credit_value"] for unit in told)}
    now |= {"people": four_eyes.people_json(facts)}
    case = _Case(row, ClaimKind.UNITS, units_met(units), now, facts, fingerprint(now, facts), findings)
    return _follow(case, claim, here)


def _follow(case: _Case, claim: Claim, here: Collection[int]) -> ClaimMove | None:
    if claim.status in WAITING:
        return _waiting(case, claim)
    if claim.status is Status.EXPORTED and claim.id in here:
        marks = tuple(finding for finding in claim.cautions if finding.id != RECALL_NOTICE)  # no gate says that one
        return _waiting(case, replace(claim, cautions=marks)) or _sent(case, claim)
    return _sent(case, claim)


def _waiting(case: _Case, claim: Claim) -> ClaimMove | None:
    people = four_eyes.changed(claim.facts.get("people", {}), case.facts["people"])
    held = _held_changed(claim.facts["units"], case.facts["units"])
    if claim.fingerprint == case.mark and case.findings == claim.findings and not people and not held:
        return None
    was, now = claim.facts["basis"], case.facts["basis"]
    only_more = not any(now.get(code) != digest for code, digest in was.items())
    told = "; ".join(part for part in (difference(was, now), held) if part)
    if case.met and claim.status not in {Status.APPROVED, Status.EXPORTED} and (only_more or not told):
        return _move(Move.REFRESH, case, claim, claim.status, told or people or "What stands on it changed.")
    code, why = _cause(case, claim, told, people)
    by_person = claim.hold_code in REASONS and REASONS[claim.hold_code].by_person
    said_before = claim.fingerprint == case.mark and claim.hold_reason == why
    if claim.status is Status.ON_HOLD and (by_person or said_before):
        return _move(Move.REFRESH, case, claim, claim.status, why)  # what it is held for still stands
    return _move(Move.HOLD, case, claim, advance(claim.status, Event.FACTS_CHANGED), why, code)


def _cause(case: _Case, claim: Claim, told: str, people: str) -> tuple[HoldCode, str]:
    """Why a waiting claim cannot stay where it is: the code, and what changed in words."""
    if not case.met and case.kind is ClaimKind.UNITS:
        lost = [unit["code"] for unit in case.facts["units"] if not _held(case.row, unit["code"])]
        return HoldCode.NOT_ACHIEVED, f"No longer achieved: {', '.join(lost)}."
    if not case.met:
        more = f"The rule of combination is no longer met ({told})." if told else "The rule is no longer met."
        return HoldCode.NOT_ACHIEVED, more
    if told:
        return HoldCode.EVIDENCE_CHANGED, f"The facts changed: {told}."
    if people:
        return HoldCode.PEOPLE_CHANGED, people
    if claim.fingerprint != case.mark:
        return HoldCode.REGISTRATION_CHANGED, "The registration changed."
    before = {finding.id for finding in claim.findings}
    after = {finding.id for finding in case.findings}
    return code_of_gates(after - before), _gates_changed(after - before, before - after)


def _held_changed(before: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]]) -> str:
    """In words, which units the body certificated under another qualification meanwhile, or no longer; or nothing."""
    was = {unit["code"]: unit.get("held", False) for unit in before}
    new = [unit["code"] for unit in now if unit["held"] and not was.get(unit["code"], True)]
    gone = [unit["code"] for unit in now if not unit["held"] and was.get(unit["code"], False)]
    parts = [
        f"certificated under another qualification, so not to be claimed again: {', '.join(new)}" if new else "",
        f"no longer certificated under another qualification: {', '.join(gone)}" if gone else "",
    ]
    return "; ".join(part for part in parts if part)


def _held(row: LearnerProgress, code: str) -> bool:
    return any(unit.code == code and unit.status is UnitStatus.ACHIEVED for unit in row.outcomes)


def adrift(claim: Claim, here: Collection[int] = ()) -> ClaimMove | None:
    """What is to happen to a claim whose learner is on no course that is mapped to its qualification any more.

    ``here`` as ``propose`` takes it.
    """
    still_here = claim.status is Status.EXPORTED and claim.id in here
    if claim.status not in WAITING - {Status.ON_HOLD} and not still_here:
        return None
    why = (
        f"The learner is on no course that is mapped to {claim.qualification_id} any more. Run 'nvqsync mapping check'."
    )
    status = advance(claim.status, Event.FACTS_CHANGED)
    findings = claim.findings
    return ClaimMove(
        Move.HOLD, claim, status, claim.facts, claim.fingerprint, findings, why,
        claim.learner_id, claim.qualification_id, claim.awarding_body, claim.kind, HoldCode.MAPPING_LOST,
    )  # fmt: skip


def _gates_changed(appeared: Collection[str], went: Collection[str]) -> str:
    new, gone = ", ".join(sorted(appeared)), ", ".join(sorted(went))
    parts = [f"now standing: {new}" if new else "", f"no longer: {gone}" if gone else ""]
    told = "; ".join(part for part in parts if part)
    return f"What stops or cautions it changed ({told or 'its wording'})."


def _sent(case: _Case, claim: Claim) -> ClaimMove | None:
    """A claim that has gone is never edited; what it lost since raises a recall notice, which says what to do."""
    if claim.status not in GONE | {Status.CERTIFICATED}:
        return None
    held = achieved(case.row.outcomes)
    lost = [code for code in claim.facts["basis"] if code not in held]
    says = _notice(claim, lost) if lost else ""
    if claim.status is Status.EXPORTED and not case.same_registration(claim):
        says = f"{says} {_REGISTERED_OTHERWISE}".strip()
    if says == claim.recall_notice:
        return None
    raised = (Finding(RECALL_NOTICE, Severity.CAUTIONS, says),) if says else ()
    marks = (*(finding for finding in claim.findings if finding.id != RECALL_NOTICE), *raised)
    as_sent = replace(case, facts=claim.facts, mark=claim.fingerprint, findings=marks)
    why = says or "What had changed since it was sent is as it was."
    return _move(Move.NOTICE if says else Move.LIFT, as_sent, claim, claim.status, why)


_REGISTERED_OTHERWISE = (
    "The registration changed since it was exported: what was written names the candidate as registered then. If it is "
    "neither keyed nor sent, withdraw it ('nvqsync claims withdraw'): it is proposed again, as registered now."
)


def _notice(claim: Claim, lost: Sequence[str]) -> str:
    certified = claim.status is Status.CERTIFICATED
    return (
        f"No longer achieved since it was sent: {', '.join(lost)}. Find out which is right. If the grade was lost "
        f"rightly, tell {claim.awarding_body}, then record it: 'nvqsync claims record "
        f'{"revoked" if certified else "recalled"} {claim.id} --why "..."\'.'
    )


def _move(
    move: Move, case: _Case, before: Claim | None, status: Status, why: str, code: HoldCode = HoldCode.NONE
) -> ClaimMove:
    row = case.row
    return ClaimMove(
        move, before, status, case.facts, case.mark, case.findings, why, row.learner.lms_id, row.qualification.id,
        row.qualification.awarding_body, case.kind, code,
    )  # fmt: skip
