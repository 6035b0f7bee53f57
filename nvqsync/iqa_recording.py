"""What internal quality assurers record, carried out: checked, stored, and the claims that rest on it settled."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from nvqsync import releasing
from nvqsync.bootstrap import App
from nvqsync.errors import InputError, UnknownName
from nvqsync.model import LmsMember, Qualification, UnitOutcome
from nvqsync.quality import Release
from nvqsync.settling import settle
from nvqsync.storage import store_centre, store_lms, store_quality
from nvqsync.store import Store

Check = Callable[[Store], None]


def _nothing(_: Store) -> None:
    """No check of one's own."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What becomes of one release: recorded, or why not, and for what another IQA is needed (units, or learners)."""

    release: Release
    learner: LmsMember | None = None
    refused: str = ""
    others_needed: tuple[str, ...] = ()


def record_release(
    app: App, store: Store, new: Release, learners: Iterable[LmsMember] = (), *, by: str, why: str = "",
    dry_run: bool = False, check: Check = _nothing,
) -> list[Answer]:  # fmt: skip
    """Record that an IQA looked at the evidence of these learners, or of everybody on the release's course.

    A learner whom this IQA may not release is refused; the others are recorded. ``check`` runs in the transaction,
    before anything is written: what it raises leaves everything as it was. Raises ``InputError`` or ``UnknownName``.
    """
    found = app.plugins.catalogue.find_qualification(new.qualification_id)
    releasing.check_words(new)
    centre = store_centre.facts(store, found)
    releasing.check_iqa(new.iqa_id, found.id, new.on, centre.staff, app.today)
    if new.course_id and not centre.iqa_by_cohort:
        step = f"Name the learners, or set it with 'nvqsync centre iqa-by {found.id} cohort'."
        raise InputError(f"The centre does not record IQA by cohort for {found.id}.", step)
    answers = [_cohort(app, store, new)] if new.course_id else _learners(app, store, new, learners)
    if not dry_run:
        with store.writing(durable=True):
            check(store)
            answers = _record(app, store, answers, by=by, why=why)
        _settle(app, store, found.id, [one.release for one in answers if not one.refused])
    return answers


def record_action_done(
    app: App, store: Store, release_id: int, on: dt.date, iqa: str = "", *, by: str, why: str = "",
    dry_run: bool = False,
) -> Release:  # fmt: skip
    """Record that what a release asked for was done, and that an IQA (the one who asked, unless named) saw it.

    Raises ``InputError`` or ``UnknownName``.
    """
    known = store_quality.release(store, release_id)
    if not known.open_action:
        raise InputError(f"Release {release_id} has no open action.", store_quality.LIST_THEM)
    if on < known.on:
        raise InputError(f"{on} lies before the release of {known.on}.", "Correct the day (--on).")
    found = app.plugins.catalogue.qualifications[known.qualification_id]
    seen_by = iqa or known.iqa_id
    releasing.check_iqa(seen_by, found.id, on, store_centre.facts(store, found).staff, app.today)
    if not dry_run:
        known = store_quality.action_done(store, release_id, on=on, iqa=seen_by, by=by, at=app.now(), why=why)
        _settle(app, store, found.id, [known])
    return known


def take_back(app: App, store: Store, release_id: int, *, by: str, why: str, dry_run: bool = False) -> Release:
    """Take a release back; it stays on record, and waiting claims are held. Raises ``InputError``, ``UnknownName``."""
    if not why.strip():
        raise InputError("To take a release back, say why.", 'Add --why "...".')
    known = store_quality.release(store, release_id)
    if not dry_run:
        store_quality.take_back_release(store, release_id, on=app.today, by=by, at=app.now(), why=why)
        _settle(app, store, known.qualification_id, [known])
    return known


# ---------------------------------------------------------------- whose evidence


def rows_of(
    app: App, store: Store, qualification_id: str, learners: Collection[str]
) -> dict[str, tuple[UnitOutcome, ...]]:
    """By learner, what their evidence for a qualification amounts to. Who is on no course of it is missing."""
    standings = app.reader(store).learners(learners, [qualification_id])
    return {row.learner.lms_id: row.outcomes for standing in standings for row in standing.rows}


def units_of(app: App, qualification: Qualification, names: Iterable[str]) -> tuple[str, ...]:
    """The references of units named by code, alias or reference. Raises ``UnknownName``."""
    found = [app.plugins.catalogue.find_unit(qualification, name).unit.reference for name in names]
    return tuple(dict.fromkeys(found))


def courses_for(app: App, store: Store, qualification_id: str) -> list[str]:
    """The courses that are mapped to a qualification."""
    mapped = app.reader(store).mappings()
    return sorted(one.course.lms_id for one in mapped if one.qualification_id == qualification_id)


def _learners(app: App, store: Store, new: Release, learners: Iterable[LmsMember]) -> list[Answer]:
    """An answer for each learner, once."""
    whom = list(dict.fromkeys(learners))
    rows = rows_of(app, store, new.qualification_id, {who.lms_id for who in whom})
    return [_one(who, rows.get(who.lms_id), replace(new, learner_id=who.lms_id)) for who in whom]


def _one(who: LmsMember, outcomes: Sequence[UnitOutcome] | None, new: Release) -> Answer:
    if outcomes is None:
        return Answer(new, who, f"Not on a course for {new.qualification_id}. Check both, or run 'nvqsync sync'.")
    refused = releasing.own_work(new.iqa_id, new.units, outcomes)
    return Answer(new, who, refused, releasing.other_hands(new.iqa_id, new.units, outcomes))


def _cohort(app: App, store: Store, new: Release) -> Answer:
    courses = courses_for(app, store, new.qualification_id)
    if new.course_id not in courses:
        known = ", ".join(courses) or "none"
        says = f"Course {new.course_id} is not mapped to {new.qualification_id}. Its courses: {known}."
        raise UnknownName(says, "Correct --course.")
    rows = rows_of(app, store, new.qualification_id, _everybody(store, new.course_id))
    own = sorted(who for who, outcomes in rows.items() if releasing.own_work(new.iqa_id, new.units, outcomes))
    return Answer(new, others_needed=tuple(own))


def _everybody(store: Store, course: str) -> set[str]:
    return {member.lms_id for member in store_lms.members(store, course, gone=True)}


# ---------------------------------------------------------------- stored


def _record(app: App, store: Store, answers: Sequence[Answer], *, by: str, why: str) -> list[Answer]:
    """Store what is not refused; returns the answers with the numbers the releases were given."""
    good = [answer.release for answer in answers if not answer.refused]
    numbered = iter(store_quality.record_releases(store, good, by=by, at=app.now(), why=why))
    return [answer if answer.refused else replace(answer, release=next(numbered)) for answer in answers]


def _settle(app: App, store: Store, qualification_id: str, releases: Sequence[Release]) -> None:
    """Bring the claims of those concerned in line; a cohort's release concerns everybody on its course."""
    learners = {one.learner_id for one in releases if one.learner_id}
    learners = learners.union(*(_everybody(store, one.course_id) for one in releases if one.course_id))
    if learners:
        settle(app, store, by="nvqsync", qualification_ids=[qualification_id], learners=learners, propose_new=False)
