"""Four eyes by data: whoever approves a claim has neither assessed nor verified anything it rests on. Pure.

It is decided from the claim's own facts, which hold by unit who had a hand in it and who verified it (Moodle ids, no
names), and from the account that wants to approve: linked to a Moodle user, or recorded as having none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from nvqsync.centre import Account
from nvqsync.gates import ClaimFacts
from nvqsync.gating.evidence_gates import assessed_here
from nvqsync.gating.quality_gates import resting_on, verifiers
from nvqsync.quality import graders


def people_json(facts: ClaimFacts) -> dict[str, Any]:
    """Who stands behind a claim: ``hands`` by unit code, ``verifiers``, and ``releases`` by number.

    An empty id among the hands is somebody whom the LMS does not name.
    """
    return {
        "hands": {unit.code: sorted(graders(unit)) for unit in assessed_here(facts)},
        "verifiers": sorted(verifiers(facts)),
        "releases": sorted(one.id for one in resting_on(facts)),
    }


def why_not(account: Account | None, people: Mapping[str, Any]) -> str | None:
    """Why an account may not approve a claim with these people behind it (``people_json``), or ``None``."""
    if account is None or not account.known:
        return (
            "It is not recorded who you are in Moodle, so nobody can tell whether you assessed or verified this. "
            "Record it: 'nvqsync centre account NAME --moodle ID', or '--no-moodle'."
        )
    if "hands" not in people:
        return "It is not recorded who assessed this claim. Run 'nvqsync sync', then look again."
    if unknown := _units_with("", people):
        return (
            f"Moodle does not say who graded {', '.join(unknown)}: it could have been you. Have an assessor grade it "
            "again under their own name."
        )
    return _part_in_it(account.lms_id, people) if account.lms_id else None


def has_part(lms_id: str, people: Mapping[str, Any]) -> bool:
    """Whether a Moodle user assessed or verified what a claim with these people behind it rests on."""
    return bool(lms_id) and _part_in_it(lms_id, people) is not None


def _part_in_it(lms_id: str, people: Mapping[str, Any]) -> str | None:
    if own := _units_with(lms_id, people):
        return f"You assessed, graded or signed off {', '.join(own)}: somebody else has to approve this claim."
    if lms_id in people.get("verifiers", ()):
        return "You verified this learner's evidence as IQA: somebody else has to approve this claim."
    return None


def changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """A sentence on how the people behind a claim differ from those it was proposed or approved with; empty if not.

    A claim on which nobody is recorded has nothing to compare.
    """
    if not before or not now:
        return ""
    hands, hands_now = before.get("hands", {}), now.get("hands", {})
    units = [code for code in hands_now if code in hands and hands[code] != hands_now[code]]
    old, new = set(before.get("releases", ())), set(now.get("releases", ()))
    parts = [
        f"other people had a hand in {', '.join(units)}" if units else "",
        f"release {_numbers(old - new)} no longer stands" if old - new else "",
        f"release {_numbers(new - old)} was recorded" if new - old else "",
        "others verified it" if before.get("verifiers") != now.get("verifiers") and old == new else "",
    ]
    told = "; ".join(part for part in parts if part)
    return f"{told[0].upper()}{told[1:]}." if told else ""


def _units_with(lms_id: str, people: Mapping[str, Any]) -> list[str]:
    return [code for code, hands in people.get("hands", {}).items() if lms_id in hands]


def _numbers(ids: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(ids)))
