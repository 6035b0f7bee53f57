"""Made-up facts around one claim: a learner who meets a small invented rule, and whatever a test changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nvqsync.centre import CentreFacts, EndDate
from nvqsync.claims import Status
from nvqsync.gates import ClaimFacts, Finding
from nvqsync.model import (
    ClaimKind,
    Decision,
    Kind,
    LmsMember,
    Qualification,
    Registration,
    Requirement,
    Rule,
    RuleUnit,
    UnitOutcome,
    UnitStatus,
)
from nvqsync.progress import LearnerProgress, progress
from nvqsync.progression import AchievedElsewhere, Elsewhere
from nvqsync.proposing import Claim, ClaimMove, claim_facts_json, fingerprint
from tests.unit import made_up

TODAY = dt.date(2026, 11, 20)
SIGNED = int(dt.datetime(2026, 10, 5, 12, tzinfo=dt.UTC).timestamp())
RULE = Rule(
    tuple(RuleUnit(u.code, u.unit.credit_value, u.unit.level, u.unit.glh, u.groups) for u in made_up.UNITS),
    (
        Requirement("MANDATORY", Kind.ALL_OF, "Every mandatory unit", made_up.SOURCE, units=("A3", "F1")),
        Requirement("CREDITS", Kind.MIN_CREDITS, "At least 12 credits", made_up.SOURCE, need=12),
    ),
)
ENOUGH = ("A3", "F1", "C1")
"""Units that just meet the rule: 12 credits with both mandatory ones."""

LEARNER = LmsMember("7", "Sasha Invented", "S7", ("student",), True, "1000000094", "10000007", dt.date(2007, 3, 1))
REGISTRATION = Registration(
    "7", "OCR/90001", "OCR", dt.date(2026, 9, 14), candidate_number="10000007", name="Sasha Invented"
)
CENTRE = CentreFacts(
    centre_number="12345",
    approved_on=dt.date(2024, 9, 1),
    direct_claim_from=dt.date(2025, 9, 1),
    registration_end=EndDate(known=True, checked_on=dt.date(2026, 9, 1)),
    certification_end=EndDate(known=True, on=dt.date(2028, 8, 31), checked_on=dt.date(2026, 9, 1)),
)


def qualification(body: str = "OCR") -> Qualification:
    """The invented qualification with a rule that asks for something."""
    return replace(made_up.qualification(f"{body}/90001"), rule=RULE)


def outcome(code: str, *, grade: str = "Competent", cautions: tuple[str, ...] = (), at: int = SIGNED) -> UnitOutcome:
    """A unit achieved by a whole-unit grade on what the assessor observed."""
    listed = next(one for one in made_up.UNITS if one.code == code)
    decision = Decision(listed.unit.reference, "", True, "1", f"i-{code}", f"g-{code}", 0, grade, "3", ("3",), at, "O")
    return UnitOutcome(
        "7", "OCR/90001", listed.unit.reference, code, UnitStatus.ACHIEVED, (), None, at, "3", (decision,), cautions
    )


def row(*codes: str, grades: Mapping[str, str] | None = None, learner: LmsMember = LEARNER) -> LearnerProgress:
    """The learner's progress with these units achieved, each with the grade given or the usual one."""
    held = tuple(outcome(code, grade=(grades or {}).get(code, "Competent")) for code in codes)
    return progress(qualification(), [learner], {learner.lms_id: held})[0]


def elsewhere(*references: str, body: str = "OCR", claim_id: int = 0) -> Elsewhere:
    """Units achieved under another qualification: on their evidence, or certificated by a claim of that number."""
    evidence = replace(outcome("A3"), qualification_id=f"{body}/90002", code="elsewhere")
    return {
        reference: (
            AchievedElsewhere(
                reference, f"{body}/90002", body, SIGNED,
                None if claim_id else replace(evidence, unit_reference=reference), claim_id,
            ),
        )
        for reference in references
    }  # fmt: skip


def facts(**changes: Any) -> ClaimFacts:
    """Facts that nothing stops or cautions, but for the changes."""
    usual: dict[str, Any] = {
        "learner": LEARNER, "qualification": qualification(), "kind": ClaimKind.FULL_AWARD,
        "registrations": (REGISTRATION,), "centre": CENTRE, "met": True, "undecided": False,
        "units": tuple(outcome(code) for code in ENOUGH), "verdict_cautions": (), "same_uln": (), "today": TODAY,
    }  # fmt: skip
    return ClaimFacts(**{**usual, **changes})


def facts_of(progress_row: LearnerProgress, **changes: Any) -> ClaimFacts:
    """The facts around a progress row."""
    return facts(met=progress_row.verdict.met, units=progress_row.counted, **changes)


def claim(
    progress_row: LearnerProgress, status: Status, findings: tuple[Finding, ...] = (), number: int = 1, **fields: Any
) -> Claim:
    """A stored claim that rests on the progress row."""
    told = claim_facts_json(progress_row)
    mark = fingerprint(told, facts_of(progress_row))
    blockers = tuple(finding for finding in findings if finding.severity == "blocks")
    cautions = tuple(finding for finding in findings if finding.severity == "cautions")
    values: dict[str, Any] = {
        "id": number, "key": f"key-{number}", "learner_id": "7", "qualification_id": "OCR/90001",
        "awarding_body": "OCR", "kind": ClaimKind.FULL_AWARD, "status": status, "fingerprint": mark, "facts": told,
        "blockers": blockers, "cautions": cautions,
        "declarations": tuple(finding for finding in findings if finding.severity == "declares"),
    }  # fmt: skip
    return Claim(**{**values, **fields})


def after(move: ClaimMove, number: int = 1) -> Claim:
    """The claim as it is stored once a move was made."""
    blockers = tuple(finding for finding in move.findings if finding.severity == "blocks")
    cautions = tuple(finding for finding in move.findings if finding.severity == "cautions")
    return Claim(
        number, f"key-{number}", move.learner_id, move.qualification_id, move.awarding_body, move.kind, move.status,
        move.fingerprint, move.facts, blockers, cautions, move.why if move.move == "hold" else "",
        hold_code=move.hold_code,
        declarations=tuple(finding for finding in move.findings if finding.severity == "declares"),
    )  # fmt: skip
