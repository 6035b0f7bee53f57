"""What was read of one course, put together: pure, from plain rows to the records of ``nvqsync.model``.

An item that could not be read in full gets no observations at all and is listed as unread, so that nothing about it
can look withdrawn. Three kinds of silence count as unread: access denied, an id that came back neither with data nor
with a warning, and anything that leaves the meaning of a grade open (workflow states, scale, grading method).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from decimal import Decimal

from connectors.moodle.forms import Form
from connectors.moodle.gaps import denial_notices, gap_notice, gaps, odd_row_notes, roster_gap, stranger_notes
from connectors.moodle.gathered import Gathered
from connectors.moodle.replies import Assignment, GradeRow
from nvqsync.model import (
    CourseReading,
    Grading,
    LmsItem,
    Notice,
    Observation,
    RowScore,
)

NOT_MARKED = "notmarked"


def assemble(gathered: Gathered) -> CourseReading:
    """One course as the host wants it."""
    found = list(gaps(gathered))
    unread = {assignment for gap in found for assignment in gap.items}
    short_roster = roster_gap(gathered)
    if short_roster:
        unread |= {a.id for a in gathered.assignments}
    observations, notes = _observations(gathered, unread)
    number = gathered.report.course_id_number
    return CourseReading(
        course=gathered.course if number is None else replace(gathered.course, id_number=number),
        items=tuple(_item(gathered, a) for a in gathered.assignments),
        members=gathered.members,
        observations=tuple(observations),
        server_time=gathered.server_time,
        unread_items=tuple(str(a.id) for a in gathered.assignments if a.id in unread),
        notices=(*(gap_notice(gathered, gap) for gap in found), *short_roster, *denial_notices(gathered), *notes),
    )


# ---------------------------------------------------------------- items


def _item(gathered: Gathered, assignment: Assignment) -> LmsItem:
    form = gathered.form_of(assignment) if assignment.grade else None
    return LmsItem(
        lms_id=str(assignment.id),
        course_id=gathered.course.lms_id,
        name=assignment.name,
        id_number=gathered.report.id_numbers.get(assignment.id, ""),
        grading=_grading(assignment, form),
        maximum=Decimal(assignment.grade) if assignment.grade > 0 else None,
        scale=gathered.scales.get(-assignment.grade) or () if assignment.grade < 0 else (),
        pass_mark=gathered.pass_marks.get(assignment.id),
        rows=form.rows if form else (),
        workflow=assignment.workflow,
        identities_hidden=assignment.identities_hidden,
        team=assignment.team,
        hidden=gathered.hidden.get(assignment.id),
        url_path=f"mod/assign/view.php?id={assignment.cmid}",
    )


def _grading(assignment: Assignment, form: Form | None) -> Grading:
    if assignment.grade == 0:
        return Grading.NONE
    if form:
        return form.grading
    return Grading.SCALE if assignment.grade < 0 else Grading.POINTS


# ---------------------------------------------------------------- observations


def _observations(gathered: Gathered, unread: Collection[int]) -> tuple[list[Observation], list[Notice]]:
    """An observation for each grade of someone on the roster, and notes on what was left out."""
    roster = {int(member.lms_id) for member in gathered.members}
    found: list[Observation] = []
    strangers: set[int] = set()
    odd_rows = 0
    for assignment in gathered.assignments:
        if assignment.id in unread:
            continue
        for row in gathered.grades.rows.get(assignment.id, ()):
            if row.user_id not in roster:
                strangers.add(row.user_id)
                continue
            scores, odd = _row_scores(gathered, assignment, row)
            odd_rows += odd
            found.append(_observation(gathered, assignment, row, scores))
    return found, [*stranger_notes(gathered, strangers), *odd_row_notes(gathered, odd_rows)]


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
        workflow_state=_state(gathered, assignment, row.user_id),
        rows=scores,
        gradebook=gathered.report.cells.get((row.user_id, assignment.id)),
    )


def _state(gathered: Gathered, assignment: Assignment, user_id: int) -> str:
    """The workflow state; nobody has set one yet where there is no row, or only one that grants an extension."""
    if not assignment.workflow:
        return ""
    return gathered.flags.rows.get(assignment.id, {}).get(user_id) or NOT_MARKED


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
