"""What assessors and IQAs do: mark, mark again, reopen, release, override, hide; and what each deed leaves behind.

Assignment grade, workflow flag and gradebook cell are three rows that drift apart in exactly the ways real Moodle's
do: a bare flag change bumps no time and tells the gradebook nothing, an override is unknown to the assignment.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from connectors.moodle.simulator.records import (
    NO_GRADE,
    WORKFLOW_STATES,
    Assignment,
    Cell,
    Criterion,
    Filling,
    Flag,
    Form,
    Grade,
    Instance,
    Submission,
    User,
)
from connectors.moodle.simulator.site import AnyAssignment, AnyUser, Points, Site, locked

FIVE_PLACES = Decimal("0.00001")


def five_decimals(value: Points) -> str:
    """A grade as Moodle's database prints it: ``"2.00000"``."""
    return str(Decimal(value).quantize(FIVE_PLACES, ROUND_HALF_UP))


class Marking(Site):
    """Everything that marks."""

    # ------------------------------------------------------------ attempts and grades

    @locked
    def submit(self, assignment: AnyAssignment, user: AnyUser, *, at: int | None = None) -> Submission:
        """Hand in the current attempt."""
        target, person, moment = self.assignment(assignment), self.user(user), self._moment(at)
        submission = self._attempt(target, person.id, moment)
        submission.status, submission.time_modified = "submitted", moment
        cell = self._cell(target, person)
        if cell is not None and target.releases_to_gradebook:
            cell.submitted_at = moment
        return submission

    def _attempt(self, target: Assignment, user_id: int, moment: int) -> Submission:
        attempts = target.submissions.setdefault(user_id, [])
        if not attempts:
            attempts.append(Submission(self.new_id("submission"), user_id, 0, moment, moment, "new"))
        team = self._team_attempt(target, user_id)
        if attempts[-1].attempt < team:
            attempts.append(Submission(self.new_id("submission"), user_id, team, moment, moment, "new"))
        return attempts[-1]

    def _team_attempt(self, target: Assignment, user_id: int) -> int:
        """The attempt that a user's team is on; whoever joins a team joins its attempt."""
        enrolment = self.courses[target.course_id].enrolments.get(user_id)
        if not target.team or enrolment is None:
            return 0
        rows = target.team_submissions.get(enrolment.groups[0] if enrolment.groups else 0)
        if rows and rows[-1].attempt:
            target.team_attempts[user_id] = rows[-1].attempt
        return rows[-1].attempt if rows else 0

    @locked
    def grade(
        self,
        assignment: AnyAssignment,
        user: AnyUser,
        value: Points | None,
        *,
        grader: AnyUser,
        at: int | None = None,
        state: str = "",
        feedback: str = "",
    ) -> Grade:
        """Save the grading form: ``value`` is points or a 1-based scale place, ``None`` for "no grade".

        ``state`` sets the workflow state in the same form; a first grade on a workflow assignment is ``inmarking``.
        """
        target, person, moment = self.assignment(assignment), self.user(user), self._moment(at)
        row = self._grade_row(target, person.id, moment)
        row.grade = NO_GRADE if value is None else five_decimals(value)
        row.grader, row.feedback = self.user(grader).id, feedback
        if target.workflow:
            self._set_state(target, person.id, state or ("" if person.id in target.flags else "inmarking"))
        self._touch(target, person, row, moment)
        return row

    def _grade_row(self, target: Assignment, user_id: int, moment: int) -> Grade:
        attempt = self._attempt(target, user_id, moment).attempt
        rows = target.grades.setdefault(user_id, [])
        if not rows or rows[-1].attempt != attempt:
            rows.append(Grade(self.new_id("grade"), user_id, attempt, moment, moment, -1, NO_GRADE))
        return rows[-1]

    def _touch(self, target: Assignment, person: User, row: Grade, moment: int) -> None:
        row.time_modified = moment
        target.latest_change = max(target.latest_change, moment)
        self._push(target, person, row, moment)

    def _push(self, target: Assignment, person: User, row: Grade, moment: int) -> None:
        """Hand a grade on to the gradebook, as the grading form does and a bare flag change does not."""
        cell = self._cell(target, person)
        if cell is None or cell.overridden:
            return
        flag = target.flags.get(person.id)
        released = not target.workflow or (flag is not None and flag.state == "released")
        if not released or not target.releases_to_gradebook:
            cell.grade = cell.graded_at = cell.submitted_at = None
            return
        cell.grade = None if row.grade == NO_GRADE else row.grade
        cell.feedback = row.feedback
        cell.graded_at = moment if cell.grade is not None or row.feedback else None
        cell.submitted_at = None

    def _cell(self, target: Assignment, person: User) -> Cell | None:
        if person.id not in self.courses[target.course_id].enrolments:
            return None
        cell = target.cells.get(person.id)
        if cell is None:
            cell = target.cells[person.id] = Cell()
        return cell

    @locked
    def grade_rows(
        self,
        assignment: AnyAssignment,
        user: AnyUser,
        scores: Sequence[int],
        *,
        grader: AnyUser,
        at: int | None = None,
        state: str = "",
    ) -> Grade:
        """Mark with the rubric or guide: one score a row, in the form's order. Each marking is a new instance."""
        target, moment = self.assignment(assignment), self._moment(at)
        form = target.form
        if form is None or len(scores) != len(form.criteria):
            raise ValueError("one score a row of the rubric or guide is needed")
        most = sum(criterion.top_score for criterion in form.criteria)
        row = self.grade(
            target, user, Decimal(sum(scores)) * target.grade / most, grader=grader, at=moment, state=state
        )
        fillings = tuple(self._filling(form, *pair) for pair in zip(form.criteria, scores, strict=True))
        form.instances[row.id] = Instance(self.new_id("instance"), row.grader, row.id, moment, fillings)
        return row

    def _filling(self, form: Form, criterion: Criterion, score: int) -> Filling:
        level = next((level.id for level in criterion.levels if level.score == score), 0)
        remark = f"Remark on {criterion.short_name or criterion.text.split(' ')[0]}"
        return Filling(self.new_id(f"{form.method}_filling"), criterion.id, level, score, remark)

    @locked
    def grade_team(
        self, assignment: AnyAssignment, group_id: int, value: Points | None, *, grader: AnyUser, at: int | None = None
    ) -> list[Grade]:
        """Grade a team with "apply to all": one row a member of the group at this moment."""
        target, moment = self.assignment(assignment), self._moment(at)
        if group_id not in target.team_submissions:
            number = self.new_id("submission")
            target.team_submissions[group_id] = [Submission(number, 0, 0, moment, moment, "submitted", group_id)]
        members = self._team(target, group_id)
        return [self.grade(target, member, value, grader=grader, at=moment) for member in members]

    def _team(self, target: Assignment, group_id: int) -> list[int]:
        """The members of a team at this moment: of the group, or (0) the learners who are in none."""
        people = [e for e in self.courses[target.course_id].enrolments.values() if e.role == "student"]
        return [e.user_id for e in people if (group_id in e.groups if group_id else not e.groups)]

    @locked
    def reopen_team(self, assignment: AnyAssignment, group_id: int, *, at: int | None = None) -> Submission:
        """Allow a team another attempt: the team's row moves on, the members' own rows stay as they are."""
        target, moment = self.assignment(assignment), self._moment(at)
        attempts = target.team_submissions[group_id]
        number = attempts[-1].attempt + 1
        attempts.append(Submission(self.new_id("submission"), 0, number, moment, moment, "reopened", group_id))
        for member in self._team(target, group_id):
            target.team_attempts[member] = number
            cell = self._cell(target, self.users[member])
            if cell is not None:
                cell.graded_at = cell.submitted_at = moment
        return attempts[-1]

    @locked
    def save_again(
        self, assignment: AnyAssignment, user: AnyUser, *, at: int | None = None, grader: AnyUser | None = None
    ) -> Grade:
        """Save the same grade once more: the value stays, the time is bumped (and the grader, when another saves)."""
        target, person, moment = self.assignment(assignment), self.user(user), self._moment(at)
        row = target.grades[person.id][-1]
        if grader is not None:
            row.grader = self.user(grader).id
        self._touch(target, person, row, moment)
        return row

    @locked
    def reset(self, assignment: AnyAssignment, user: AnyUser, *, grader: AnyUser, at: int | None = None) -> Grade:
        """Take the grade back to "no grade": the row stays."""
        return self.grade(assignment, user, None, grader=grader, at=at)

    @locked
    def reopen_attempt(self, assignment: AnyAssignment, user: AnyUser, *, at: int | None = None) -> Submission:
        """Allow another attempt: the old grade leaves the web service, the gradebook keeps it."""
        target, person, moment = self.assignment(assignment), self.user(user), self._moment(at)
        attempts = target.submissions[person.id]
        number = attempts[-1].attempt + 1
        attempts.append(Submission(self.new_id("submission"), person.id, number, moment, moment, "reopened"))
        cell = self._cell(target, person)
        if cell is not None:
            cell.graded_at = cell.submitted_at = moment
        return attempts[-1]

    # ------------------------------------------------------------ workflow, blind marking, gradebook

    def _set_state(self, target: Assignment, user_id: int, state: str) -> None:
        if state and state not in WORKFLOW_STATES:
            raise ValueError(f"no such workflow state: {state}")
        flag = target.flags.get(user_id)
        if flag is None:
            flag = target.flags[user_id] = Flag(self.new_id("flag"), user_id)
        flag.state = state or flag.state

    @locked
    def set_workflow(self, assignment: AnyAssignment, user: AnyUser, state: str, *, at: int | None = None) -> None:
        """Set the marking-workflow state by the page's batch action, which also saves the grade again."""
        target, person, moment = self.assignment(assignment), self.user(user), self._moment(at)
        self._set_state(target, person.id, state)
        row = target.current_grade(person.id)
        if row is not None:
            self._touch(target, person, row, moment)

    @locked
    def set_flag_only(self, assignment: AnyAssignment, user: AnyUser, state: str) -> None:
        """Set the state by the web service: no time is bumped and the gradebook hears nothing."""
        self._set_state(self.assignment(assignment), self.user(user).id, state)

    @locked
    def extend(self, assignment: AnyAssignment, user: AnyUser, until: int) -> None:
        """Grant an extension: a flag row without a state."""
        target, person = self.assignment(assignment), self.user(user)
        self._set_state(target, person.id, "")
        target.flags[person.id].extension = until

    @locked
    def reveal(self, assignment: AnyAssignment, *, at: int | None = None) -> None:
        """Reveal identities after blind marking: the gradebook fills, the assignment's time stays."""
        target, moment = self.assignment(assignment), self._moment(at)
        target.revealed = True
        for user_id in target.grades:
            row = target.current_grade(user_id)
            if row is not None:
                self._push(target, self.users[user_id], row, moment)

    @locked
    def override(
        self, assignment: AnyAssignment, user: AnyUser, value: Points | None, *, at: int | None = None
    ) -> None:
        """Override in the gradebook: the assignment's own grade never hears of it, now or later."""
        cell = self._cell(self.assignment(assignment), self.user(user))
        if cell is None:
            raise ValueError("the user is not enrolled")
        cell.grade = None if value is None else five_decimals(value)
        cell.overridden, cell.graded_at = True, self._moment(at)

    @locked
    def hide(self, assignment: AnyAssignment, user: AnyUser | None = None, *, hidden: bool = True) -> None:
        """Hide one grade in the gradebook, or (without ``user``) the whole item."""
        target = self.assignment(assignment)
        if user is None:
            target.item_hidden = hidden
            return
        cell = self._cell(target, self.user(user))
        if cell is not None:
            cell.hidden = hidden
