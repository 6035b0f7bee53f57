"""Setting a simulated college up: accounts, courses, groups, scales, assignments, rubrics and marking guides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors.moodle.simulator.records import (
    Assignment,
    Competency,
    Course,
    Criterion,
    Form,
    Group,
    Level,
    Outcome,
    Scale,
    User,
)
from connectors.moodle.simulator.site import FIRST_CMID, AnyAssignment, AnyCourse, Site, locked


class Building(Site):
    """Everything that adds to the site."""

    @locked
    def add_user(self, /, first_name: str, last_name: str, **facts: Any) -> User:
        """A new account. ``facts``: username, email, id_number, profile."""
        number = self.new_id("user") + 2  # 1 is the guest, 2 the administrator
        username = facts.pop("username", f"u{number:05d}")
        email = facts.pop("email", f"{username}@students.example.test")
        user = User(number, username, first_name, last_name, email, **facts)
        self.users[number] = user
        return user

    @locked
    def add_course(
        self,
        short_name: str,
        full_name: str,
        id_number: str = "",
        *,
        at: int | None = None,
        start: int = 0,
        end: int = 0,
        visible: bool = True,
    ) -> Course:
        """A new course with its gradebook."""
        moment, number = self._moment(at), self.new_id("course")
        course = Course(number, short_name, full_name, id_number, moment, moment, start, end, visible)
        course.total_item_id = self.new_id("item")
        self.courses[number] = course
        return course

    @locked
    def add_group(self, course: AnyCourse, name: str, id_number: str = "") -> Group:
        """A new group of a course."""
        group = Group(self.new_id("group"), name, id_number)
        self.course(course).groups[group.id] = group
        return group

    @locked
    def add_scale(self, name: str, items: Sequence[str]) -> Scale:
        """A new site scale, items from the lowest."""
        scale = Scale(self.new_id("scale"), name, tuple(items))
        self.scales[scale.id] = scale
        return scale

    @locked
    def add_assignment(
        self,
        /,
        course: AnyCourse,
        name: str,
        id_number: str = "",
        *,
        grade: int = 100,
        at: int | None = None,
        **settings: Any,
    ) -> Assignment:
        """A new assignment; ``settings`` are further fields of it. ``grade``: points, or minus a scale id."""
        place, number = self.course(course), self.new_id("assignment")
        if id_number and any(self.assignments[other].id_number == id_number for other in place.assignment_ids):
            raise ValueError(f"ID number {id_number} is already used in course {place.short_name}")
        item = self.new_id("item")
        made = Assignment(
            number, FIRST_CMID + number, item, place.id, name, id_number, grade, self._moment(at), **settings
        )
        self.assignments[number] = made
        place.assignment_ids.append(number)
        return made

    @locked
    def add_rubric(
        self,
        assignment: AnyAssignment,
        rows: Sequence[str],
        *,
        levels: Sequence[tuple[int, str]] = ((0, "Not met"), (1, "Met")),
        at: int | None = None,
    ) -> Form:
        """Give the assignment a rubric with one row a text."""
        criteria = [
            Criterion(
                self.new_id("rubric_criterion"),
                text,
                tuple(Level(self.new_id("rubric_level"), score, says) for score, says in levels),
            )
            for text in rows
        ]
        return self._attach(assignment, "rubric", criteria, at)

    @locked
    def add_guide(self, assignment: AnyAssignment, rows: Sequence[tuple[str, int]], at: int | None = None) -> Form:
        """Give the assignment a marking guide: (text, maximum score) a row; its short name is the text's first word."""
        criteria = [
            Criterion(self.new_id("guide_criterion"), text, short_name=text.split(" ")[0], max_score=most)
            for text, most in rows
        ]
        return self._attach(assignment, "guide", criteria, at)

    @locked
    def add_outcome(self, assignment: AnyAssignment, name: str, scale: Scale, id_number: str = "") -> Outcome:
        """Have an outcome rated beside the assignment's grade."""
        made = Outcome(self.new_id("item"), self.new_id("outcome"), name, id_number, scale.id)
        self.assignment(assignment).outcomes.append(made)
        return made

    @locked
    def add_competency(
        self,
        course: AnyCourse,
        short_name: str,
        scale: Scale,
        id_number: str = "",
        *,
        proficient: Sequence[int] = (2,),
        at: int | None = None,
    ) -> Competency:
        """A new competency of the framework, and of the course. ``proficient``: the places of the scale that count."""
        number = self.new_id("competency")
        made = Competency(number, short_name, id_number, scale.id, frozenset(proficient), self._moment(at))
        self.competencies[number] = made
        self.course(course).competency_ids.append(number)
        return made

    def _attach(self, ref: AnyAssignment, method: str, criteria: list[Criterion], at: int | None) -> Form:
        assignment, moment = self.assignment(ref), self._moment(at)
        name = f"{assignment.name} {method}"
        assignment.form = Form(self.new_id("definition"), method, name, criteria, moment, moment)
        return assignment.form
