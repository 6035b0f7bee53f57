"""A qualification's learners unit by unit, who is nearly there, what holds back most. Reads; never writes.

A page looks at a slice of the cohort, cut by SQLite: evidence is never assessed for more learners than are shown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nvqsync.bootstrap import App
from nvqsync.errors import UnknownName
from nvqsync.model import LmsCourse, LmsMember, Qualification, UnitOutcome, UnitStatus
from nvqsync.nearly import HeldBack, held_back, nearly, on_offer, together
from nvqsync.progress import LearnerProgress
from nvqsync.standing import Standing
from nvqsync.store import Store
from nvqsync.web import people_queries
from nvqsync.web.evidence_view import UNIT_WORDS
from nvqsync.web.lists import Cut, cut_pages

ROWS = 20
"""Learners on one page of a heat map: so few are looked up, not searched for among everybody's grades."""
MOST_AT_ONCE = 100
"""Learners looked at together for who is nearly there."""

SYMBOLS = {UnitStatus.ACHIEVED: "✓", UnitStatus.TRANSFERRED: "✓", UnitStatus.HELD: "✓", UnitStatus.READY: "!"}


@dataclass(frozen=True, slots=True)
class Slice:
    """Part of one qualification's learners: its courses, the course it is narrowed to (or empty), and who."""

    qualification: Qualification
    courses: tuple[LmsCourse, ...]
    course: str
    cut: Cut
    people: tuple[LmsMember, ...]

    def standing(self, app: App, store: Store) -> Standing | None:
        """Everybody's progress, in the slice's own order; ``None`` where there is nobody."""
        ids = {one.lms_id for one in self.people}
        found = app.reader(store).learners(ids, [self.qualification.id]) if ids else []
        return next(iter(found), None)


def cohorts(app: App, store: Store, seen: Collection[str] | None) -> list[dict[str, Any]]:
    """Every qualification that is followed, with its courses and how many learn on each; a learner may be on two."""
    sizes = people_queries.course_sizes(store, app.settings.moodle.learner_roles)
    catalogue = app.plugins.catalogue.qualifications
    return [
        {"qualification": catalogue[q], "courses": [(one, sizes.get(one.lms_id, 0)) for one in courses]}
        for q, courses in sorted(followed(app, store, seen).items())
    ]


def followed(app: App, store: Store, seen: Collection[str] | None) -> dict[str, tuple[LmsCourse, ...]]:
    """The courses that may be seen, by the qualification each stands for."""
    found: dict[str, list[LmsCourse]] = defaultdict(list)
    for course, qualification_id in app.reader(store).qualifications():
        if qualification_id and (seen is None or course.lms_id in seen):
            found[qualification_id].append(course)
    return {q: tuple(courses) for q, courses in found.items()}


def cohort(
    app: App, store: Store, qualification_id: str, courses: Sequence[LmsCourse], course: str, page: int, size: int
) -> Slice:
    """The page asked for of a qualification's learners. Raises ``UnknownName`` where no course stands for it."""
    if not courses:
        says = f"No course is followed that stands for {qualification_id}."
        raise UnknownName(says, "See the list of cohorts.")
    here = course if course in {one.lms_id for one in courses} else ""
    ids = [here] if here else [one.lms_id for one in courses]
    roles = app.settings.moodle.learner_roles
    cut = cut_pages(people_queries.count_learners(store, roles, ids), page, size)
    people = people_queries.learners(store, roles, ids, first=cut.offset, most=cut.last - cut.offset)
    found = app.plugins.catalogue.qualifications[qualification_id]
    return Slice(found, tuple(courses), here, cut, tuple(people))


# ---------------------------------------------------------------- the heat map


def heat_map(app: App, store: Store, part: Slice) -> dict[str, Any]:
    """The table of learners by units: the units that are assessed here or under way, with a cell for each learner."""
    standing = part.standing(app, store)
    rows = {row.learner.lms_id: row for row in standing.rows} if standing else {}
    mappings = standing.mappings if standing else ()
    offered = set(on_offer(part.qualification, mappings, app.reader(store).gone()))
    touched = {o.code for row in rows.values() for o in row.outcomes if o.status is not UnitStatus.NOT_STARTED}
    units = [unit for unit in part.qualification.units if unit.code in offered | touched]
    cells = {learner: {o.code: cell(o) for o in row.outcomes} for learner, row in rows.items()}
    return {
        "units": units,
        "groups": _groups(units, part.qualification),
        "rows": [
            {
                "learner": one,
                "met": rows[one.lms_id].verdict.met,
                "active": rows[one.lms_id].learner.active,
                "to_go": _to_go(rows[one.lms_id]),
                "cells": [cells[one.lms_id][unit.code] for unit in units],
            }
            for one in part.people
            if one.lms_id in rows
        ],
        "done": [sum(cells[one][unit.code]["heat"] == 5 for one in cells) for unit in units],
        "left_out": len(part.qualification.units) - len(units),
    }


def cell(outcome: UnitOutcome) -> dict[str, Any]:
    """One learner's unit: how warm (0 not begun, 1-4 by quarters of the criteria met, 5 done), as text and in words."""
    met, total = len(outcome.criteria_met), outcome.criteria_total
    words = UNIT_WORDS[outcome.status]
    if outcome.status in {UnitStatus.ACHIEVED, UnitStatus.TRANSFERRED, UnitStatus.HELD}:
        return {"heat": 5, "text": SYMBOLS[outcome.status], "words": words}
    if outcome.status is UnitStatus.NOT_STARTED:
        return {"heat": 0, "text": "·", "words": words}
    heat = 4 if outcome.status is UnitStatus.READY else 1 + min(2, 3 * met // total) if total else 1
    text = SYMBOLS.get(outcome.status) or (f"{met}/{total}" if total else "…")
    told = f"{words}: {met} of {total} criteria met" if total else words
    return {"heat": heat, "text": text, "words": told}


def _groups(units: Sequence[Any], qualification: Qualification) -> list[tuple[str, int]]:
    """The headings over neighbouring columns, and over how many."""
    found: list[tuple[str, int]] = []
    for unit in units:
        group = next(iter(unit.groups), "")
        name = f"{group}: {qualification.group_titles[group]}" if group in qualification.group_titles else group
        if found and found[-1][0] == name:
            found[-1] = (name, found[-1][1] + 1)
        else:
            found.append((name, 1))
    return found


def _to_go(row: LearnerProgress) -> str:
    if row.verdict.met:
        return "Rule met"
    return f"{row.verdict.route.credits} credits to go" if row.verdict.route else "No way to finish on record"


# ---------------------------------------------------------------- who is nearly there


def nearly_there(app: App, store: Store, part: Slice) -> dict[str, Any]:
    """Who is nearly there, and the assignments whose single grades hold back most, among the learners of a slice."""
    standing = part.standing(app, store)
    if standing is None:
        return {"near": (), "held": (), "most": (), "certificates": 0, "names": {}}
    ids = {one.lms_id for one in part.people}
    gathered = app.reader(store).gather(part.qualification.id, standing.mappings, ids)
    held = held_back(gathered, standing.rows, app.plugins.catalogue.units)
    chosen, certificates = together(held)
    return {
        "near": nearly(standing.rows),
        "held": [_held(one, part.courses) for one in held],
        "most": [one.item.name for one in chosen],
        "certificates": certificates,
        "names": {one.lms_id: one for one in part.people},
    }


def _held(one: HeldBack, courses: Sequence[LmsCourse]) -> Mapping[str, Any]:
    course = next((each for each in courses if each.lms_id == one.item.course_id), None)
    return {
        "name": one.item.name,
        "course": course.short_name if course else one.item.course_id,
        "stands_for": one.item.text,
        "learners": one.learners,
        "unreleased": len(one.unreleased),
    }
