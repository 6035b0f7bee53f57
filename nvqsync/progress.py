"""Where each learner stands with each qualification: evidence and verdict side by side. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nvqsync.adjustments import COUNTS, NOWHERE, Adjustment, adjustment_json, apply
from nvqsync.clock import day, iso
from nvqsync.judging import Judgement, verdict_json
from nvqsync.model import Decision, LmsMember, Qualification, Unit, UnitOutcome, UnitStatus
from nvqsync.progression import PROGRESSED, Elsewhere, held_by, on_offer
from nvqsync.rules import Verdict, judge


@dataclass(frozen=True, slots=True)
class LearnerProgress:
    """One learner's evidence for one qualification, the verdict on it, and the units held under another qualification.

    ``offered`` are body codes of this qualification's units that the learner achieved elsewhere and that count here
    only once that has been confirmed; ``transferable`` those that another body has certificated, which count once
    declared as credit transfer; ``elsewhere`` all units achieved elsewhere, by reference. Where
    ``adjustments`` are in force, ``qualification`` is the one that holds for this learner, the body's exceptions
    included, and ``says`` names each.
    """

    learner: LmsMember
    qualification: Qualification
    outcomes: tuple[UnitOutcome, ...]
    verdict: Verdict
    offered: tuple[str, ...] = ()
    transferable: tuple[str, ...] = ()
    elsewhere: Elsewhere = field(default_factory=dict)
    adjustments: tuple[Adjustment, ...] = ()
    says: tuple[str, ...] = ()

    @property
    def judgement(self) -> Judgement:
        """The verdict with its cautions: adjustments, and a unit held that the rule leaves out on purpose, included."""
        rule, verdict = self.qualification.rule, self.verdict
        left_out = [held.says for held in rule.outside if held.reference in self.elsewhere]
        return Judgement(self.qualification, verdict, verdict.unused, (*verdict.cautions, *left_out, *self.says))

    @property
    def counted(self) -> tuple[UnitOutcome, ...]:
        """The outcomes of the units that the verdict counts."""
        codes = set(self.verdict.counted)
        return tuple(outcome for outcome in self.outcomes if outcome.code in codes)


def achieved(outcomes: Iterable[UnitOutcome]) -> dict[str, str]:
    """The units that count, as ``{body code: unit reference}``."""
    return {outcome.code: outcome.unit_reference for outcome in outcomes if outcome.status in COUNTS}


def transferred(outcomes: Iterable[UnitOutcome]) -> tuple[str, ...]:
    """The body codes of the units that count by credit transfer."""
    return tuple(outcome.code for outcome in outcomes if outcome.status is UnitStatus.TRANSFERRED)


def progress(
    qualification: Qualification,
    learners: Sequence[LmsMember],
    outcomes: Mapping[str, Sequence[UnitOutcome]],
    elsewhere: Mapping[str, Elsewhere] | None = None,
    adjustments: Mapping[str, Sequence[Adjustment]] | None = None,
    bank: Mapping[str, Unit] | None = None,
) -> tuple[LearnerProgress, ...]:
    """Judge every learner of one qualification, in the order given.

    ``outcomes`` maps a learner's id to one outcome a unit; ``elsewhere`` to the units they achieved under
    other qualifications; ``adjustments`` to those in force here. ``bank`` holds the units by reference.
    """
    return tuple(
        judged(
            qualification,
            learner,
            outcomes.get(learner.lms_id, ()),
            (elsewhere or {}).get(learner.lms_id, NOWHERE),
            (adjustments or {}).get(learner.lms_id, ()),
            bank or {},
        )
        for learner in learners
    )


def judged(
    qualification: Qualification,
    learner: LmsMember,
    outcomes: Sequence[UnitOutcome],
    elsewhere: Elsewhere,
    adjustments: Sequence[Adjustment],
    bank: Mapping[str, Unit],
) -> LearnerProgress:
    """One learner's progress: adjustments first, then the verdict on what they leave."""
    case = apply(qualification, outcomes, adjustments, bank, elsewhere)
    units, held = case.qualification.units, achieved(case.outcomes)
    body = qualification.awarding_body
    missing = [u for u in units if u.code not in held and u.unit.reference in elsewhere]
    offered = tuple(u.code for u in missing if on_offer(elsewhere, u.unit.reference, body))
    rest = tuple(u.code for u in missing if u.code not in offered)
    verdict = judge(case.qualification.rule, held, transferred=transferred(case.outcomes))
    return LearnerProgress(
        learner, case.qualification, case.outcomes, verdict, offered, rest, elsewhere, case.applied, case.says
    )


# ---------------------------------------------------------------- as JSON


def held_already(row: LearnerProgress, reference: str) -> bool:
    """Whether the body has certificated the unit under another qualification: it is not claimed again."""
    return held_by(row.elsewhere, reference, row.qualification.awarding_body) is not None


def progressed_from(row: LearnerProgress, outcome: UnitOutcome) -> str | None:
    """The qualification under which a unit that counts again was achieved; ``None`` where it was this one."""
    if outcome.status is not UnitStatus.HELD and PROGRESSED not in outcome.cautions:
        return None
    found = on_offer(row.elsewhere, outcome.unit_reference, row.qualification.awarding_body)
    return found.qualification_id if found else None


def progress_json(row: LearnerProgress) -> dict[str, Any]:
    """One row of ``nvqsync progress --json``. ``credits_to_go`` is ``None`` where nothing on offer finishes."""
    return {
        "learner": {"lms_id": row.learner.lms_id, "id_number": row.learner.id_number, "name": row.learner.name},
        "active": row.learner.active,
        "qualification": row.qualification.id,
        "units": [{**unit_json(outcome), "progressed_from": progressed_from(row, outcome)} for outcome in row.outcomes],
        "units_achieved": sum(outcome.status in COUNTS for outcome in row.outcomes),
        "offered": list(row.offered),
        "transferable": list(row.transferable),
        "adjustments": [adjustment_json(one, row.qualification) for one in row.adjustments],
        "met": row.verdict.met,
        "credits_counted": row.verdict.credits_counted,
        "credits_to_go": row.verdict.route.credits if row.verdict.route else None,
        "verdict": verdict_json(row.judgement),
    }


def unit_json(outcome: UnitOutcome) -> dict[str, Any]:
    """One unit of a progress row. ``criteria_total`` is ``None`` where the unit's criteria are unknown."""
    return {
        "code": outcome.code,
        "unit_reference": outcome.unit_reference,
        "status": outcome.status.value,
        "criteria_met": len(outcome.criteria_met),
        "criteria_total": outcome.criteria_total,
        "achieved_on": day(outcome.achieved_at).isoformat() if outcome.achieved_at else None,
    }


def decision_json(decision: Decision) -> dict[str, Any]:
    """One criterion decision and the grade it rests on, as ``claims show`` prints it."""
    return {
        "criterion": decision.criterion or None,
        "met": decision.met,
        "course": decision.course_id,
        "item": decision.item_id,
        "grade_id": decision.grade_id,
        "attempt": decision.attempt,
        "grade": decision.grade_text,
        "assessor": decision.assessor_id or None,
        "graders_seen": list(decision.graders_seen),
        "decided_at": iso(decision.decided_at),
        "method": decision.method or None,
        "cautions": list(decision.cautions),
    }


# ---------------------------------------------------------------- what a claim rests on


def basis(outcome: UnitOutcome) -> str:
    """A short digest of everything one unit's achievement rests on: when it changes, the claim's facts changed."""
    decisions = sorted(
        [d.criterion, str(d.met), d.item_id, d.grade_id, str(d.attempt), d.grade_text, d.assessor_id]
        for d in outcome.decisions
    )
    facts: list[Any] = [outcome.status.value, outcome.signed_off_by, list(outcome.criteria_met), decisions]
    if outcome.status in {UnitStatus.TRANSFERRED, UnitStatus.HELD}:
        facts.append(outcome.achieved_at)  # all that is known of it here is the day on its certificate
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]
