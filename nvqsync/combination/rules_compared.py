"""Two versions of one qualification's rule: how they differ, and whose verdict differs under them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nvqsync.model import LmsMember, Qualification
from nvqsync.progress import LearnerProgress
from nvqsync.rules import Verdict


@dataclass(frozen=True, slots=True)
class RuleChange:
    """A requirement, unit or setting (``what``) that was added, removed or changed."""

    change: str
    what: str
    id: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One learner whose verdict differs.

    ``change`` is ``lost`` (met before, not now), ``gained``, ``undecided`` (one of the two is) or ``credits`` (met or
    unmet as before, with other credits). ``says`` is the new verdict's sentence.
    """

    learner: LmsMember
    change: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    says: str


def compare_rules(old: Qualification, new: Qualification) -> tuple[RuleChange, ...]:
    """How the rules differ: requirements by id, units by code, and the rule's own settings."""
    return (
        *_compared("requirement", {r.id: r for r in old.rule.requirements}, {r.id: r for r in new.rule.requirements}),
        *_compared("unit", {u.code: u for u in old.rule.units}, {u.code: u for u in new.rule.units}),
        *_compared("setting", _settings(old), _settings(new)),
    )


def _settings(qualification: Qualification) -> dict[str, object]:
    rule = qualification.rule
    return {
        "credits": qualification.credits,
        "groups_overlap": rule.groups_overlap,
        "allows_exemptions": rule.allows_exemptions,
        "outside": rule.outside,
    }


def _compared(what: str, old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[RuleChange]:
    for identity in dict.fromkeys([*old, *new]):
        if identity not in new:
            yield RuleChange("removed", what, identity)
        elif identity not in old:
            yield RuleChange("added", what, identity)
        elif old[identity] != new[identity]:
            yield RuleChange("changed", what, identity)


def compare_verdicts(old: Mapping[str, LearnerProgress], new: Mapping[str, LearnerProgress]) -> tuple[Difference, ...]:
    """The learners (by id, judged under both) whose verdict differs: those who lose first, then those who gain."""
    found = [
        Difference(after.learner, change, _told(before.verdict), _told(after.verdict), after.verdict.says)
        for learner, before in old.items()
        if (after := new.get(learner)) and (change := _change(before.verdict, after.verdict))
    ]
    order = ("lost", "undecided", "gained", "credits")
    return tuple(sorted(found, key=lambda one: order.index(one.change)))


def _change(before: Verdict, after: Verdict) -> str:
    if before.undecided or after.undecided:
        return "undecided"
    if before.met != after.met:
        return "gained" if after.met else "lost"
    return "" if _told(before) == _told(after) else "credits"


def _told(verdict: Verdict) -> dict[str, Any]:
    return {
        "met": verdict.met,
        "undecided": verdict.undecided,
        "credits_counted": verdict.credits_counted,
        "credits_to_go": verdict.route.credits if verdict.route else None,
    }
