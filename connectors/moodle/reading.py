"""What was read of one course, put together: pure, from plain rows to the records of ``nvqsync.model``.

An item that could not be read in full gets no observations at all and is listed as unread, so that nothing about it
can look withdrawn. Three kinds of silence count as unread: access denied, an id that came back neither with data nor
with a warning, and anything that leaves the meaning of a grade open (workflow states, scale, grading method).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from connectors.moodle.gaps import denial_notices, gap_notice, gaps, odd_row_notes, roster_gap, stranger_notes
from connectors.moodle.gathered import Gathered
from connectors.moodle.rated import rated_items, rating_notices, ratings, ratings_read, unread_ratings
from connectors.moodle.replies import Assignment, GradeRow
from nvqsync.columns import Columns
from nvqsync.model import (
    GRADEBOOK,
    GRADES,
    NUMBERS,
    ROSTER,
    SOURCES,
    CourseReading,
    Covers,
    GradebookEntry,
    Grading,
    LmsItem,
    Notice,
    Observation,
    RowScore,
)

NOT_MARKED = "notmarked"
RELEASED = "released"


def assemble(gathered: Gathered) -> CourseReading:
    """One course as the host wants it."""
    found = list(gaps(gathered))
    unread = {assignment for gap in found for assignment in gap.items}
    short_roster = roster_gap(gathered)
    if short_roster:
        unread |= {a.id for a in gathered.assignments}
    observations, notes = _observations(gathered, unread)
    rated_too = [*ratings(gathered)]
    if rated_too:
        observations = Columns.of(Observation, [*observations, *rated_too])
    number = gathered.report.course_id_number
    members = gathered.members
    if gathered.learners is not None:
        members = tuple(m for m in members if m.lms_id in gathered.learners)
        observations = Columns.of(Observation, [o for o in observations if o.learner_id in gathered.learners])
    unseen, rated = _unseen(gathered), rated_items(gathered)
    return CourseReading(
        course=gathered.course if number is None else replace(gathered.course, id_number=number),
        items=(*(_item(gathered, a) for a in gathered.assignments), *unseen, *rated),
        members=members,
        observations=observations,
        server_time=gathered.server_time,
        unread_items=(
            *(str(a.id) for a in gathered.assignments if a.id in unread),
            *(item.lms_id for item in unseen),
            *unread_ratings(gathered),
        ),
        notices=(
            *(gap_notice(gathered, gap) for gap in found),
            *short_roster,
            *denial_notices(gathered),
            *notes,
            *rating_notices(gathered),
        ),
        covers=_covers(gathered, ratings_too=bool(rated)),
        states=_states(gathered, unread),
        bookmarks=_bookmarks(gathered),
    )


def _unseen(gathered: Gathered) -> list[LmsItem]:
    """Items that are known and that Moodle now refuses to show: they are not deleted, and nothing is known of them."""
    paths = {_path(cmid) for cmid in gathered.denied_modules}
    listed = {a.id for a in gathered.assignments}
    return [item for n, item in gathered.known.items() if n not in listed and item.url_path in paths]


def _covers(gathered: Gathered, *, ratings_too: bool) -> Covers:
    complete = gathered.complete
    if complete is None and ratings_too:
        complete = frozenset(a.id for a in gathered.assignments)  # an absent rating proves nothing
    return Covers(
        roster=gathered.roster_read,
        grades=None if complete is None else frozenset(map(str, complete)),
        gradebook=gathered.gradebook_read,
        learners=gathered.learners,
    )


def _bookmarks(gathered: Gathered) -> dict[str, int]:
    """Where the next reading goes on from. A few learners read again move nothing."""
    if gathered.learners is not None:
        return {}
    read = {
        GRADES: True,
        ROSTER: gathered.roster_read,
        NUMBERS: gathered.numbers_read and gathered.fresh is None,
        GRADEBOOK: gathered.gradebook_read,
        SOURCES: ratings_read(gathered),
    }
    return {what: gathered.server_time for what, done in read.items() if done}


def _states(gathered: Gathered, unread: Collection[int]) -> dict[str, dict[str, str]]:
    """For each item with workflow, everyone's state now: it changes without any time being bumped."""
    only = gathered.learners
    people = {int(m.lms_id): m.lms_id for m in gathered.members if only is None or m.lms_id in only}
    return {
        str(a.id): dict(zip(people.values(), _workflow_states(gathered, a, people), strict=True))
        for a in gathered.assignments
        if a.workflow and a.id not in unread
    }


# ---------------------------------------------------------------- items


def _item(gathered: Gathered, assignment: Assignment) -> LmsItem:
    known, form = gathered.known.get(assignment.id), gathered.form_of(assignment)
    number = gathered.report.id_numbers.get(assignment.id, "")
    if known is not None and not gathered.is_complete(assignment.id):
        scale, pass_mark = known.scale, gathered.pass_marks.get(assignment.id, known.pass_mark)
    else:
        scale = gathered.scales.get(-assignment.grade) or () if assignment.grade < 0 else ()
        pass_mark = gathered.pass_marks.get(assignment.id)
    if known is not None and not gathered.is_fresh(assignment):
        grading, rows = known.grading, known.rows
    else:
        grading, rows, form = _plain(assignment), (), form if assignment.grade else None
    return LmsItem(
        lms_id=str(assignment.id),
        course_id=gathered.course.lms_id,
        name=assignment.name,
        id_number=known.id_number if known is not None and not gathered.numbers_read else number,
        grading=form.grading if form else grading,
        maximum=Decimal(assignment.grade) if assignment.grade > 0 else None,
        scale=scale,
        pass_mark=pass_mark,
        rows=form.rows if form else rows,
        workflow=assignment.workflow,
        identities_hidden=assignment.identities_hidden,
        team=assignment.team,
        hidden=gathered.hidden.get(assignment.id, known.hidden if known else None),
        url_path=_path(assignment.cmid),
    )


def _path(cmid: int) -> str:
    return f"mod/assign/view.php?id={cmid}"


def _plain(assignment: Assignment) -> Grading:
    if assignment.grade == 0:
        return Grading.NONE
    return Grading.SCALE if assignment.grade < 0 else Grading.POINTS


# ---------------------------------------------------------------- observations


def _observations(gathered: Gathered, unread: Collection[int]) -> tuple[Columns[Observation], list[Notice]]:
    """An observation for each grade of someone on the roster, and notes on what was left out."""
    roster = {int(member.lms_id): member.lms_id for member in gathered.members}
    found: tuple[list[Any], ...] = tuple([] for _ in Observation._fields)
    strangers: set[int] = set()
    odd_rows = 0
    for assignment in gathered.assignments:
        if assignment.id in unread:
            continue
        rows = Columns.of(GradeRow, gathered.grades.rows.get(assignment.id, ()))
        absent = set(rows.columns[1]) - roster.keys()
        if absent or gathered.earlier:
            known = (r for r in rows if r.user_id in roster and (assignment.id, r.user_id) not in gathered.earlier)
            rows = Columns.of(GradeRow, known)
        told, odd = _told(gathered, assignment, rows, roster)
        again = Columns.of(Observation, _resubmitted(gathered, assignment, roster)).columns if gathered.earlier else ()
        for more in filter(None, (told, again)):
            for column, values in zip(found, more, strict=True):
                column.extend(values)
        strangers |= absent
        odd_rows += odd
    notes = [*stranger_notes(gathered, strangers), *odd_row_notes(gathered, odd_rows)]
    return Columns(Observation, found), notes


def _told(
    gathered: Gathered, assignment: Assignment, rows: Columns[GradeRow], roster: Mapping[int, str]
) -> tuple[tuple[list[Any], ...], int]:
    """An assignment's grades as the columns of observations, and how many fillings of its form were odd."""
    ids, users, attempts, grades, modified, graders = rows.columns
    many, odd = len(rows), 0
    states = [""] * many
    scores: list[tuple[RowScore, ...]] = [()] * many
    entries: list[GradebookEntry | None] = [None] * many
    if assignment.workflow:
        states = _workflow_states(gathered, assignment, users)
    if gathered.form_of(assignment) is not None:
        given = [_row_scores(gathered, assignment, row) for row in rows]
        scores, odd = [score for score, _ in given], sum(n for _, n in given)
    if gathered.gradebook_read:
        entries = [gathered.report.cells.get((user, assignment.id)) for user in users]
    named = {grader: str(grader) if grader > 0 else "" for grader in set(graders)}
    return (
        [str(assignment.id)] * many, [roster[user] for user in users], list(map(str, ids)), attempts, grades, modified,
        [named[grader] for grader in graders], states, scores, entries, [False] * many,
    ), odd  # fmt: skip


def _resubmitted(gathered: Gathered, assignment: Assignment, roster: Collection[int]) -> Iterator[Observation]:
    """The last grade of whoever is working on a reopened attempt. It was released where the gradebook still has it."""
    for (assignment_id, user_id), row in gathered.earlier.items():
        if assignment_id != assignment.id or user_id not in roster:
            continue
        seen = _observation(gathered, assignment, row, _row_scores(gathered, assignment, row)[0])
        cell = gathered.report.cells.get((user_id, assignment.id))
        if assignment.workflow and cell is not None and cell.grade is not None:
            seen = seen._replace(workflow_state=RELEASED)
        yield seen._replace(resubmitting=True)


def _observation(
    gathered: Gathered, assignment: Assignment, row: GradeRow, scores: tuple[RowScore, ...]
) -> Observation:
    return Observation(
        item_id=str(assignment.id),
        learner_id=str(row.user_id),
        grade_id=str(row.id),
        attempt=row.attempt,
        grade=row.grade,
        graded_at=row.modified,
        grader_id=str(row.grader) if row.grader > 0 else "",
        workflow_state=_workflow_states(gathered, assignment, [row.user_id])[0] if assignment.workflow else "",
        rows=scores,
        gradebook=gathered.report.cells.get((row.user_id, assignment.id)) if gathered.gradebook_read else None,
    )


def _workflow_states(gathered: Gathered, assignment: Assignment, users: Iterable[int]) -> list[str]:
    """Each user's workflow state; nobody has set one yet where there is no row, or only one for an extension."""
    told = gathered.flags.rows.get(assignment.id, {})
    return [told.get(user) or NOT_MARKED for user in users]


def _row_scores(gathered: Gathered, assignment: Assignment, row: GradeRow) -> tuple[tuple[RowScore, ...], int]:
    """What each row of the form was given, and how many fillings fit no row or level of the form as it is now."""
    form, marking = gathered.form_of(assignment), gathered.markings.get(row.id)
    if form is None or marking is None or row.grade is None:
        return (), 0
    known = {int(r.row_id) for r in form.rows}
    scores, odd = [], 0
    for row_id, level, score in marking.filled:
        given = form.levels.get((row_id, level)) if level is not None else score
        if given is None or row_id not in known:
            odd += level is not None or score is not None
        else:
            scores.append(RowScore(str(row_id), given))
    return tuple(scores), odd
