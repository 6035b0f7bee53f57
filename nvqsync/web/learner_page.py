"""The page of one learner: each qualification, how far, the cheapest way to finish, claims. Reads; never writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nvqsync.bootstrap import App
from nvqsync.errors import NvqsyncError, UnknownName
from nvqsync.model import Qualification, UnitOutcome, UnitStatus
from nvqsync.nearly import on_offer, route_for
from nvqsync.progress import LearnerProgress, decision_json
from nvqsync.rules import Route, Verdict
from nvqsync.sign_in.accounts import SignedIn
from nvqsync.standing import Standing
from nvqsync.store import Store
from nvqsync.web import people_queries, queries, scope
from nvqsync.web.claim_page import requirements
from nvqsync.web.evidence_view import UNIT_WORDS, criteria, evidence
from nvqsync.web.words import counted

DONE = frozenset({UnitStatus.ACHIEVED, UnitStatus.TRANSFERRED, UnitStatus.HELD})


def learner_page(app: App, store: Store, learner_id: str, who: SignedIn, *, unfolded: bool) -> dict[str, Any]:
    """Everything ``learner.html`` prints of what ``who`` may see. Raises ``UnknownName`` where nobody is called so."""
    known = queries.people(store, [learner_id])
    if learner_id not in known:
        raise UnknownName("No learner of this number was ever on a course we follow.", "Look them up by name.")
    standings, trouble = _standings(app, store, learner_id, who)
    gone = app.reader(store).gone() if standings else frozenset()
    claims = people_queries.claims_of(store, [learner_id], scope.given(app, store, who)).get(learner_id, [])
    shown = [_qualification(standing, row, gone) for standing, row in standings]
    decisions = [one for each in shown for unit in each["units"] for one in unit["decisions"]]
    return {
        "learner": known[learner_id],
        "places": [one for one in people_queries.places(store, learner_id) if who.may_see(one["lms_id"])],
        "qualifications": shown,
        "claims": claims,
        "certificates": [claim for claim in claims if claim["certificate_number"]],
        "evidence": evidence(
            app, store, learner_id, decisions, [standing.qualification for standing, _ in standings],
            [unit["signed_off_by"] for each in shown for unit in each["units"]],
        ),
        "trouble": trouble,
        "unfolded": unfolded,
    }  # fmt: skip


def _standings(
    app: App, store: Store, learner_id: str, who: SignedIn
) -> tuple[list[tuple[Standing, LearnerProgress]], str]:
    """The learner's progress on each qualification that a course in sight stands for, and what went wrong if it did."""
    try:
        found = app.reader(store).learners({learner_id})
    except NvqsyncError as error:
        return [], str(error)
    seen = [one for one in found if any(who.may_see(mapping.course.lms_id) for mapping in one.mappings)]
    return [(standing, row) for standing in seen for row in standing.rows], ""


def _qualification(standing: Standing, row: LearnerProgress, gone: frozenset[str]) -> dict[str, Any]:
    """One qualification: the verdict as the rule has it, the way to finish, and its units down to the criteria."""
    judgement, rule = row.judgement, row.qualification
    told = {
        "counted": judgement.verdict.counted,
        "requirements": [
            {"id": r.id, "met": r.met, "have": r.have, "need": r.need, "short": r.short, "says": r.says}
            for r in judgement.verdict.requirements
        ],
    }
    units = [_unit(outcome, rule, row) for outcome in row.outcomes]
    return {
        "id": rule.id,
        "title": rule.title,
        "met": judgement.verdict.met,
        "says": _says(judgement.verdict),
        "cautions": judgement.cautions,
        "active": row.learner.active,
        "requirements": requirements(told, rule),
        "unused": judgement.unused,
        "achieved": sum(outcome.status in DONE for outcome in row.outcomes),
        "units": [unit for unit in units if unit["status"] is not UnitStatus.NOT_STARTED or unit["decisions"]],
        "untouched": [unit for unit in units if unit["status"] is UnitStatus.NOT_STARTED and not unit["decisions"]],
        "route": None if judgement.verdict.met else _route(row, standing, gone),
    }


def _says(verdict: Verdict) -> str:
    """The verdict in a sentence, without repeating what each requirement says below it."""
    if verdict.met or verdict.route is None:
        return verdict.says
    counts, to_go = counted(verdict.credits_counted, "credit"), counted(verdict.route.credits, "credit")
    return (
        f"{counts} {'counts' if verdict.credits_counted == 1 else 'count'} so far. {to_go} to go, by the shortest way."
    )


def _unit(outcome: UnitOutcome, qualification: Qualification, row: LearnerProgress) -> dict[str, Any]:
    listed = next(unit for unit in qualification.units if unit.code == outcome.code)
    decisions = [decision_json(one) for one in outcome.decisions]
    met, total = len(outcome.criteria_met), outcome.criteria_total
    done = outcome.status in DONE
    return {
        "code": outcome.code,
        "title": listed.unit.title,
        "level": listed.unit.level,
        "credits": listed.unit.credit_value,
        "mandatory": listed.mandatory,
        "status": outcome.status,
        "words": UNIT_WORDS[outcome.status],
        "counted": outcome.code in row.verdict.counted,
        "met": met,
        "total": total,
        "share": 100 if done else round(100 * met / total) if total else 0,
        "done": done,
        "achieved_at": outcome.achieved_at,
        "signed_off_by": outcome.signed_off_by,
        "decisions": decisions,
        "criteria": criteria(decisions, listed.unit.criteria, outcome.criteria_met),
    }


# ---------------------------------------------------------------- the way to finish


def _route(row: LearnerProgress, standing: Standing, gone: frozenset[str]) -> dict[str, Any]:
    """The route that leaves least to do, and the same among the units that some assignment assesses."""
    offered = on_offer(row.qualification, standing.mappings, gone)
    best, here = route_for(row, prefer_started=True), route_for(row, prefer_started=True, offered=offered)
    same = best is not None and here is not None and set(best.units) == set(here.units)
    return {
        "best": _told(best, row, offered) if best else None,
        "here": _told(here, row, offered) if here and not same else None,
        "nothing_here": here is None,
    }


def _told(route: Route, row: LearnerProgress, offered: Sequence[str]) -> dict[str, Any]:
    units = {listed.code: listed.unit for listed in row.qualification.units}
    outcomes: Mapping[str, UnitOutcome] = {outcome.code: outcome for outcome in row.outcomes}
    return {
        "credits": route.credits,
        "glh": route.glh,
        "units": [
            {
                "code": code,
                "title": units[code].title,
                "credits": units[code].credit_value,
                "to_do": _to_do(outcomes.get(code), units[code].criteria),
                "offered": code in offered,
            }
            for code in route.units
        ],
    }


def _to_do(outcome: UnitOutcome | None, numbers: tuple[str, ...] | None) -> str:
    """What is left of a unit, in words."""
    if outcome is not None and outcome.status is UnitStatus.READY:
        return "Every criterion is met: an assessor signs it off"
    if numbers is None:
        return "All of it: its criteria are not on record"
    open_ = [number for number in numbers if outcome is None or number not in outcome.criteria_met]
    if len(open_) == len(numbers):
        return f"All {len(numbers)} criteria"
    return f"{len(open_)} of {len(numbers)} criteria: {', '.join(open_)}"
