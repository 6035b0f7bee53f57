"""The page of one claim: its verdict as the rule has it, and each unit down to the grades. Reads; never writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nvqsync.bootstrap import App
from nvqsync.claim_documents import claim_story_json
from nvqsync.errors import NvqsyncError
from nvqsync.model import Comparison, Kind, LmsMember, Qualification, QualificationUnit, Requirement
from nvqsync.progress import LearnerProgress, decision_json
from nvqsync.proposing import Claim
from nvqsync.storage import store_claims
from nvqsync.store import Store
from nvqsync.web import queries
from nvqsync.web.evidence_view import Evidence, criteria, evidence
from nvqsync.web.words import counted

_NAMES_UNITS = frozenset({Kind.ALL_OF, Kind.BARRED, Kind.EQUIVALENT})
_COUNTS_UNITS = _NAMES_UNITS | {Kind.MIN_UNITS, Kind.MAX_UNITS}
_AT_MOST = frozenset({Kind.MAX_CREDITS, Kind.MAX_UNITS, Kind.MAX_TRANSFERRED_CREDITS, Kind.BARRED})


def claim_page(app: App, store: Store, claim_id: int, *, unfolded: bool) -> dict[str, Any]:
    """Everything ``claim.html`` prints. Raises ``UnknownName`` where there is no such claim."""
    claim = store_claims.claim(store, claim_id)
    learner = queries.people(store, [claim.learner_id]).get(claim.learner_id, LmsMember(claim.learner_id, ""))
    row, trouble = _row(app, store, claim)
    story = claim_story_json(claim, learner, row, store)
    qualification = app.plugins.catalogue.qualifications.get(claim.qualification_id)
    held = [*story["units"], *_unused(story, row, qualification)]
    return {
        "claim": story,
        "qualification": qualification,
        "requirements": requirements(story["verdict"], qualification),
        "groups": unit_groups([_opened(one, qualification) for one in story["units"]], qualification),
        "unused": [_opened(one, qualification) for one in held[len(story["units"]) :]],
        "evidence": _evidence(app, store, claim, held, qualification),
        "trouble": trouble,
        "unfolded": unfolded,
    }


def _unused(
    story: Mapping[str, Any], row: LearnerProgress | None, qualification: Qualification | None
) -> list[dict[str, Any]]:
    """The units that the verdict leaves out, in the shape of a claim's own."""
    units = {unit.code: unit.unit for unit in qualification.units} if qualification else {}
    outcomes = {outcome.code: outcome for outcome in row.outcomes} if row else {}
    return [
        {
            "code": code,
            **({"title": units[code].title, "unit_reference": units[code].reference, "level": units[code].level,
                "credit_value": units[code].credit_value} if code in units else {}),
            "status": outcomes[code].status.value if code in outcomes else None,
            "signed_off_by": (outcomes[code].signed_off_by or None) if code in outcomes else None,
            "decisions": [decision_json(one) for one in outcomes[code].decisions] if code in outcomes else [],
        }
        for code in story["verdict"]["unused"]
    ]  # fmt: skip


def _opened(unit: Mapping[str, Any], qualification: Qualification | None) -> dict[str, Any]:
    """A unit with each of its criteria and what decided it."""
    listed = qualification.units if qualification else ()
    known = next((one.unit.criteria for one in listed if one.code == unit["code"]), None)
    return {**unit, "criteria": criteria(unit["decisions"], known) if unit["decisions"] else ()}


def _evidence(
    app: App, store: Store, claim: Claim, units: Sequence[Mapping[str, Any]], qualification: Qualification | None
) -> Evidence:
    decisions = [decision for unit in units for decision in unit["decisions"]]
    signers = [unit["signed_off_by"] for unit in units]
    return evidence(app, store, claim.learner_id, decisions, [qualification] if qualification else [], signers)


def _row(app: App, store: Store, claim: Claim) -> tuple[LearnerProgress | None, str]:
    """The learner's standing now, and why it could not be worked out if it could not: the page shows the rest."""
    try:
        standings = app.reader(store).learners({claim.learner_id}, [claim.qualification_id])
    except NvqsyncError as error:
        return None, str(error)
    return next((row for standing in standings for row in standing.rows), None), ""


# ---------------------------------------------------------------- the verdict as the rule has it


def requirements(verdict: Mapping[str, Any], qualification: Qualification | None) -> list[dict[str, Any]]:
    """Each requirement of the rule as it stands, with the units that count towards it and how full its bar is (0-100).

    A requirement that the rule no longer has is shown as it was judged.
    """
    rule = {one.id: one for one in qualification.rule.requirements} if qualification else {}
    counts = set(verdict["counted"])
    units = [unit for unit in qualification.units if unit.code in counts] if qualification else []
    return [_requirement(told, rule.get(told["id"]), units) for told in verdict["requirements"]]


def _requirement(
    told: Mapping[str, Any], asks: Requirement | None, units: Sequence[QualificationUnit]
) -> dict[str, Any]:
    have, need = told["have"], told["need"]
    at_most = asks is not None and asks.kind in _AT_MOST
    thing = "unit" if asks and asks.kind in _COUNTS_UNITS else "credit"
    return {
        **told,
        "share": min(100, round(100 * have / need)) if need else 100,
        "measure": f"Have {have}, {'at most' if at_most else 'need'} {counted(need, thing)}",
        "units": [unit.code for unit in units if asks and _counts_towards(unit, asks)],
        "source": asks.source if asks else None,
    }


def _counts_towards(unit: QualificationUnit, asks: Requirement) -> bool:
    """Whether a counted unit is named in a list beside the requirement. One on the whole rule names none: all are."""
    if asks.kind in _NAMES_UNITS:
        return unit.code in asks.units
    if asks.kind is Kind.MIN_CREDITS_AT_LEVEL and asks.level is not None:
        level = unit.unit.level
        fits = level == asks.level if asks.comparison is Comparison.EXACTLY else level >= asks.level
        return fits and (not asks.groups or bool(set(unit.groups) & set(asks.groups)))
    return bool(set(unit.groups) & set(asks.groups))


def unit_groups(units: Sequence[dict[str, Any]], qualification: Qualification | None) -> list[tuple[str, list[Any]]]:
    """The counted units under the headings of the rule's groups, in the rule's order; what is in none comes last."""
    homes = {unit.code: unit.groups for unit in qualification.units} if qualification else {}
    titles = qualification.group_titles if qualification else {}
    found: dict[str, list[Any]] = {group: [] for group in titles}
    for unit in units:
        group = next(iter(homes.get(unit["code"], ())), "")
        found.setdefault(group, []).append(unit)
    return [(f"{group}: {titles[group]}" if group in titles else group, held) for group, held in found.items() if held]
