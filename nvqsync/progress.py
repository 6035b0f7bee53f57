"""Where each learner stands with each qualification: evidence and verdict side by side. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nvqsync.clock import day, iso
from nvqsync.judging import Judgement, verdict_json
from nvqsync.model import Decision, LmsMember, Qualification, UnitOutcome, UnitStatus
from nvqsync.rules import Verdict, judge

COUNTS = frozenset({UnitStatus.ACHIEVED, UnitStatus.TRANSFERRED})
"""The statuses with which a unit counts towards a rule of combination."""


@dataclass(frozen=True, slots=True)
class LearnerProgress:
    """One learner's evidence for one qualification, the verdict on it, and the units held under another qualification.

    ``offered`` are body codes of this qualification's units that the learner achieved elsewhere and that count here
    only once that has been confirmed; ``elsewhere`` are the references of all units achieved elsewhere.
    """

    learner: LmsMember
    qualification: Qualification
    outcomes: tuple[UnitOutcome, ...]
    verdict: Verdict
    offered: tuple[str, ...] = ()
    elsewhere: frozenset[str] = frozenset()

    @property
    def judgement(self) -> Judgement:
        """The verdict with its cautions, a unit held that the rule leaves out on purpose among them."""
        rule, verdict = self.qualification.rule, self.verdict
        left_out = [held.says for held in rule.outside if held.reference in self.elsewhere]
        return Judgement(self.qualification, verdict, verdict.unused, (*verdict.cautions, *left_out))

    @property
    def counted(self) -> tuple[UnitOutcome, ...]:
        """The outcomes of the units that the verdict counts."""
        codes = set(self.verdict.counted)
        return tuple(outcome for outcome in self.outcomes if outcome.code in codes)


def achieved(outcomes: Iterable[UnitOutcome]) -> dict[str, str]:
    """The units that count, as ``{body code: unit reference}``."""
    return {outcome.code: outcome.unit_reference for outcome in outcomes if outcome.status in COUNTS}


def progress(
    qualification: Qualification,
    learners: Sequence[LmsMember],
    outcomes: Mapping[str, Sequence[UnitOutcome]],
    elsewhere: Mapping[str, frozenset[str]] | None = None,
) -> tuple[LearnerProgress, ...]:
    """Judge every learner of one qualification, in the order given.

    ``outcomes`` maps a learner's id to one outcome a unit; ``elsewhere`` to the unit references they achieved under
    other qualifications.
    """
    return tuple(
        _one(
            qualification,
            learner,
            tuple(outcomes.get(learner.lms_id, ())),
            (elsewhere or {}).get(learner.lms_id, frozenset()),
        )
        for learner in learners
    )


def _one(
    qualification: Qualification, learner: LmsMember, outcomes: tuple[UnitOutcome, ...], other: frozenset[str]
) -> LearnerProgress:
    held = achieved(outcomes)
    moved = [outcome.code for outcome in outcomes if outcome.status is UnitStatus.TRANSFERRED]
    offered = tuple(u.code for u in qualification.units if u.code not in held and u.unit.reference in other)
    verdict = judge(qualification.rule, held, transferred=moved)
    return LearnerProgress(learner, qualification, outcomes, verdict, offered, other)


# ---------------------------------------------------------------- as JSON


def progress_json(row: LearnerProgress) -> dict[str, Any]:
    """One row of ``nvqsync progress --json``. ``credits_to_go`` is ``None`` where nothing on offer finishes."""
    return {
        "learner": {"lms_id": row.learner.lms_id, "id_number": row.learner.id_number, "name": row.learner.name},
        "active": row.learner.active,
        "qualification": row.qualification.id,
        "units": [unit_json(outcome) for outcome in row.outcomes],
        "units_achieved": sum(outcome.status in COUNTS for outcome in row.outcomes),
        "offered": list(row.offered),
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
        "assessor": decision.assessor_id,
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
    facts = [outcome.status.value, outcome.signed_off_by, list(outcome.criteria_met), decisions]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]
