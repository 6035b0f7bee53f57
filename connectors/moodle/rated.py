"""Outcomes and competencies of one course as items and observations: pure, and only where they were asked for.

What was not read this time is listed as it was known, so that nothing about it can look withdrawn; and since a learner
who is suspended is missing from what Moodle tells, an absent rating never proves anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from connectors.moodle.advice import as_lms_error
from connectors.moodle.errors import MoodleError
from connectors.moodle.gathered import Gathered
from connectors.moodle.gradebook import Outcome
from connectors.moodle.replies import Assignment
from connectors.moodle.sources import Competency
from nvqsync.model import GradebookEntry, Grading, ItemKind, LmsItem, Notice, Observation

PROFICIENCY = ("not proficient", "proficient")


def rated_items(gathered: Gathered) -> list[LmsItem]:
    """Every outcome and competency known of the course, those that were read as they are now."""
    sources = gathered.sources
    known = {item.lms_id: item for item in sources.known}
    found: list[LmsItem] = []
    if _outcomes_read(gathered):
        found += [_outcome(gathered, one, known) for one in gathered.report.outcomes.values()]
    else:
        found += [_shared(gathered, item) for item in sources.known if item.kind is ItemKind.OUTCOME]
    if _competencies_read(gathered):
        found += [_competency(gathered, one) for one in sources.competencies or ()]
    else:
        found += [item for item in sources.known if item.kind is ItemKind.COMPETENCY]
    return found


def ratings(gathered: Gathered) -> Iterator[Observation]:
    """What everyone on the roster was given, also where that is nothing: the gradebook bumps no time for it."""
    roster = {int(member.lms_id) for member in gathered.members}
    for (user, number), rating in gathered.report.ratings.items():
        if user in roster:
            grade = None if rating.place is None else Decimal(rating.place)
            book = GradebookEntry(grade, hidden=rating.hidden)
            yield Observation(_outcome_id(number), str(user), f"o{number}-{user}", 0, grade, rating.at, gradebook=book)
    if not _competencies_read(gathered):
        return
    for (user, number), given in gathered.sources.ratings.items():
        place = None if given.proficient is None else Decimal(1 + given.proficient)
        by = str(given.by) if given.by else ""
        if user in roster:
            yield Observation(_competency_id(gathered, number), str(user), f"c{number}-{user}", 0, place, given.at, by)


def unread_ratings(gathered: Gathered) -> list[str]:
    """The items that were asked for and could not be read."""
    if ItemKind.COMPETENCY not in gathered.sources.asked or _competencies_read(gathered):
        return []
    return [item.lms_id for item in gathered.sources.known if item.kind is ItemKind.COMPETENCY]


def rating_notices(gathered: Gathered) -> Iterator[Notice]:
    """Why competencies could not be read, and ratings that nobody gave."""
    course, problem = gathered.course, gathered.sources.problem
    if problem is not None:
        error = as_lms_error(problem) if isinstance(problem, MoodleError) else problem
        says = f"Course {course.short_name}: competencies are not read, and decide nothing new. {error}"
        yield Notice("moodle-no-competencies", says, course.lms_id)
    automatic = sum(given.automatic for given in gathered.sources.ratings.values())
    if automatic:
        says = (
            f"Course {course.short_name}: {automatic} competency ratings were set by Moodle in the learner's own "
            "session, not by an assessor. They decide nothing."
        )
        yield Notice("moodle-automatic-rating", says, course.lms_id, severity="note")


def ratings_read(gathered: Gathered) -> bool:
    """Whether everything that was asked for beside assignments was read."""
    asked = gathered.sources.asked
    return bool(asked) and (ItemKind.COMPETENCY not in asked or _competencies_read(gathered))


def _outcomes_read(gathered: Gathered) -> bool:
    return ItemKind.OUTCOME in gathered.sources.asked and bool(gathered.report.rated)


def _competencies_read(gathered: Gathered) -> bool:
    sources = gathered.sources
    listed = ItemKind.COMPETENCY in sources.asked and sources.competencies is not None
    return listed and sources.problem is None


def _outcome_id(number: int) -> str:
    return f"outcome-{number}"


def _competency_id(gathered: Gathered, number: int) -> str:
    """A competency may be in several courses, and is rated in each."""
    return f"competency-{gathered.course.lms_id}-{number}"


def _outcome(gathered: Gathered, one: Outcome, known: dict[str, LmsItem]) -> LmsItem:
    before = known.get(_outcome_id(one.item_id))
    item = LmsItem(
        lms_id=_outcome_id(one.item_id),
        course_id=gathered.course.lms_id,
        name=one.name,
        id_number=one.id_number,
        grading=Grading.SCALE,
        scale=_filled(one.scale, before.scale if before else ()),
        url_path=f"grade/report/user/index.php?id={gathered.course.lms_id}",
        kind=ItemKind.OUTCOME,
        part_of=str(one.assignment),
    )
    return _shared(gathered, item)


def _filled(now: tuple[str, ...], before: tuple[str, ...]) -> tuple[str, ...]:
    """The words as they are now, and those of before where nobody holds that place now."""
    if len(now) != len(before):
        return now
    return tuple(word or earlier for word, earlier in zip(now, before, strict=True))


def _shared(gathered: Gathered, item: LmsItem) -> LmsItem:
    """An outcome with what it shares with its assignment: workflow, blind marking, team, hidden or not."""
    parent = next((a for a in gathered.assignments if str(a.id) == item.part_of), None)
    if parent is None:
        return item
    return replace(
        item,
        workflow=parent.workflow,
        identities_hidden=parent.identities_hidden,
        team=parent.team,
        hidden=_is_hidden(gathered, parent),
    )


def _is_hidden(gathered: Gathered, assignment: Assignment) -> bool | None:
    known = gathered.known.get(assignment.id)
    return gathered.hidden.get(assignment.id, known.hidden if known else None)


def _competency(gathered: Gathered, one: Competency) -> LmsItem:
    return LmsItem(
        lms_id=_competency_id(gathered, one.id),
        course_id=gathered.course.lms_id,
        name=one.name,
        id_number=one.id_number,
        grading=Grading.SCALE,
        scale=PROFICIENCY,
        url_path=f"admin/tool/lp/coursecompetencies.php?courseid={gathered.course.lms_id}",
        kind=ItemKind.COMPETENCY,
    )
