"""A unit opened down to its criteria, and each criterion to the grades it rests on. Reads; never writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from nvqsync.bootstrap import App
from nvqsync.model import LmsMember, Qualification, UnitStatus
from nvqsync.store import Store
from nvqsync.web import queries

WHOLE_UNIT = "Whole unit"
ASSIGNMENT_PAGE = "/mod/assign/view.php"

UNIT_WORDS = {
    UnitStatus.NOT_STARTED: "Not started",
    UnitStatus.IN_PROGRESS: "In progress",
    UnitStatus.READY: "Ready to sign off",
    UnitStatus.ACHIEVED: "Achieved",
    UnitStatus.TRANSFERRED: "Transferred",
    UnitStatus.HELD: "Held already",
}
"""What each status of a unit is called."""

WORKFLOW_WORDS = {
    "notmarked": "not marked",
    "inmarking": "in marking",
    "readyforreview": "marking completed",
    "inreview": "in review",
    "readyforrelease": "ready for release",
    "released": "released",
}
"""Moodle's states of marking workflow, as its pages name them. Another word is shown as it is."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One criterion and the decisions on it.

    ``state`` is ``met``, ``whole`` (met with the unit, which was decided as a whole), ``unmet`` (graded, not met) or
    ``open``.
    """

    number: str
    state: str
    decisions: tuple[Mapping[str, Any], ...] = ()

    @property
    def says(self) -> str:
        """The state in words."""
        return {"met": "Met", "whole": "Met with the whole unit", "unmet": "Not met", "open": "Not assessed"}[
            self.state
        ]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What decisions of one learner rest on: people, items, grades and methods, each by its id."""

    people: Mapping[str, LmsMember] = field(default_factory=dict)
    items: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    methods: Mapping[str, str] = field(default_factory=dict)


def criteria(
    decisions: Iterable[Mapping[str, Any]], numbers: Sequence[str] | None, met: Iterable[str] | None = None
) -> tuple[Criterion, ...]:
    """Every criterion of a unit in order, what is decided of the whole unit first.

    ``numbers`` are those the unit has (``None``: unknown, so only what was decided is told); ``met`` those that count
    as met, where the evidence says more than single decisions do.
    """
    by_number: dict[str, list[Mapping[str, Any]]] = {number: [] for number in numbers or ()}
    for one in decisions:
        by_number.setdefault(one["criterion"] or "", []).append(one)
    whole = by_number.pop("", [])
    counts = set(met) if met is not None else {n for n, all_ in by_number.items() if any(one["met"] for one in all_)}
    stands = any(one["met"] for one in whole)
    first = [Criterion("", _state(stands, whole), tuple(whole))] if whole else []
    each = [
        Criterion(n, "whole" if stands and not all_ else _state(n in counts, all_), tuple(all_))
        for n, all_ in by_number.items()
    ]
    return (*first, *each)


def _state(met: bool, decisions: Sequence[Mapping[str, Any]]) -> str:
    return "met" if met else "unmet" if decisions else "open"


def evidence(
    app: App,
    store: Store,
    learner_id: str,
    decisions: Sequence[Mapping[str, Any]],
    qualifications: Iterable[Qualification],
    others: Iterable[str | None] = (),
) -> Evidence:
    """What the given decisions on one learner rest on; ``others`` are people to name beside the assessors."""
    items = {one["item"] for one in decisions}
    graders = {grader for one in decisions for grader in (one["assessor"], *one["graders_seen"])}
    return Evidence(
        people=queries.people(store, {one for one in (*graders, *others) if one}),
        items={
            item: (name, grade_address(app.settings.moodle.url, path, learner_id))
            for item, (name, path) in queries.item_links(store, items).items()
        },
        states={
            item: WORKFLOW_WORDS.get(state, state)
            for item, state in queries.workflow_states(store, learner_id, items).items()
        },
        methods={method.code: method.title for one in qualifications for method in one.methods},
    )


def address(site: str, path: str) -> str:
    """Where a person finds a page of the LMS; empty where the site is not set, or is no web address."""
    if not path or urlsplit(site).scheme not in {"http", "https"}:
        return ""
    return f"{site.rstrip('/')}/{path.lstrip('/')}"


def grade_address(site: str, path: str, learner_id: str) -> str:
    """Where a person finds one learner's grade on an item; the item's own page where grades have none of their own."""
    found = address(site, path)
    if not found or urlsplit(path).path != ASSIGNMENT_PAGE or not learner_id.isdigit():
        return found
    return f"{found}&{urlencode({'action': 'grader', 'userid': learner_id})}"
