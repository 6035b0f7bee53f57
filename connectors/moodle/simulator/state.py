"""The simulated college: what people do in Moodle, and what each deed leaves behind.

Every method that changes something takes ``at``, the moment it happens (now, by the college's clock, when left out),
and touches exactly those rows and times that real Moodle was seen to touch. Objects or ids are accepted alike.
All methods may be called while the server runs; ``College.lock`` guards them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from decimal import Decimal

from connectors.moodle.simulator.building import Building
from connectors.moodle.simulator.marking import Marking
from connectors.moodle.simulator.rating import RatingDeeds
from connectors.moodle.simulator.records import ROLE_IDS, Course, Enrolment
from connectors.moodle.simulator.site import AnyAssignment, AnyCourse, AnyUser, Points, locked


class College(Building, Marking, RatingDeeds):
    """A whole simulated site. Start from an empty one, or from ``generate_college``."""

    # ------------------------------------------------------------ people

    @locked
    def enrol(self, course: AnyCourse, user: AnyUser, role: str = "student", groups: Sequence[int] = ()) -> Enrolment:
        """Put a user on a course. After an earlier ``unenrol`` the grades are back, the gradebook is empty."""
        if role not in ROLE_IDS:
            raise ValueError(f"no such role: {role}")
        enrolment = Enrolment(self.user(user).id, role, groups=list(groups))
        self.course(course).enrolments[enrolment.user_id] = enrolment
        return enrolment

    reenrol = enrol

    @locked
    def suspend(self, course: AnyCourse, user: AnyUser, *, suspended: bool = True) -> None:
        """Suspend (or take up again) an enrolment; its grades stay."""
        self.course(course).enrolments[self.user(user).id].suspended = suspended

    @locked
    def suspend_user(self, user: AnyUser, *, suspended: bool = True) -> None:
        """Suspend an account at site level; its enrolments still count as active."""
        self.user(user).suspended = suspended

    @locked
    def unenrol(self, course: AnyCourse, user: AnyUser) -> None:
        """Take a user off a course: gradebook and groups go, the assignments' grades stay."""
        place, person = self.course(course), self.user(user)
        place.enrolments.pop(person.id)
        for number in place.assignment_ids:
            self.assignments[number].cells.pop(person.id, None)
            for outcome in self.assignments[number].outcomes:
                outcome.cells.pop(person.id, None)

    @locked
    def delete_user(self, user: AnyUser, *, at: int | None = None) -> None:
        """Delete an account. Its assignment grades stay; asking for it by id still answers."""
        person = self.user(user)
        for course in self.courses.values():
            if person.id in course.enrolments:
                self.unenrol(course, person)
        person.deleted = True
        person.username = f"{person.email}.{self._moment(at)}"
        person.email = hashlib.md5(person.username.encode(), usedforsecurity=False).hexdigest()
        person.id_number, person.profile = "", {}

    # ------------------------------------------------------------ courses and activities

    @locked
    def rename(self, assignment: AnyAssignment, name: str, *, at: int | None = None) -> None:
        """Rename an assignment; this bumps its time."""
        changed = self.assignment(assignment)
        changed.name, changed.time_modified = name, self._moment(at)

    @locked
    def set_id_number(self, assignment: AnyAssignment, id_number: str) -> None:
        """Change an assignment's ID number; this bumps nothing."""
        self.assignment(assignment).id_number = id_number

    @locked
    def set_course_id_number(self, course: AnyCourse, id_number: str, *, at: int | None = None) -> None:
        """Change a course's ID number; this bumps the course's time."""
        changed = self.course(course)
        changed.id_number, changed.time_modified = id_number, self._moment(at)

    @locked
    def set_pass_mark(self, assignment: AnyAssignment, pass_mark: Points) -> None:
        """Change the pass mark; this bumps nothing."""
        self.assignment(assignment).pass_mark = Decimal(pass_mark)

    @locked
    def show_activity(self, assignment: AnyAssignment, *, visible: bool) -> None:
        """Show or hide the activity on the course page."""
        self.assignment(assignment).visible = visible

    @locked
    def delete_assignment(self, assignment: AnyAssignment) -> None:
        """Delete an assignment with everything in it."""
        gone = self.assignment(assignment)
        del self.assignments[gone.id]
        self.courses[gone.course_id].assignment_ids.remove(gone.id)

    @locked
    def reword(self, assignment: AnyAssignment, row: int, text: str, *, at: int | None = None) -> None:
        """Reword a rubric or guide row; every id stays, the form's time is bumped."""
        form = self.assignment(assignment).form
        if form is None:
            raise ValueError("the assignment has no rubric or guide")
        form.criteria[row].text, form.time_modified = text, self._moment(at)


def members(course: Course, *, active_only: bool = False) -> list[int]:
    """User ids on a course, lowest first."""
    return sorted(n for n, enrolment in course.enrolments.items() if not (active_only and enrolment.suspended))
