"""Everything read of one course before it is put together: plain rows, as each function answered them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from connectors.moodle.forms import Form, Marking
from connectors.moodle.gradebook import Report
from connectors.moodle.replies import Assignment, GradeRow, Later
from connectors.moodle.sources import Sources
from connectors.moodle.wire import Answered
from nvqsync.columns import Columns
from nvqsync.model import LmsCourse, LmsItem, LmsMember


@dataclass(slots=True)
class Gathered:
    """Everything read of one course, by assignment id (``forms`` by course module id, ``markings`` by grade row id).

    What is left at its default was asked for of the whole course. ``known`` are the items as last read, which stand in
    for details not asked for now; ``fresh`` the assignments whose details (form, scale, pass mark) were asked for;
    ``complete`` those whose grades were all asked for, not only the changed ones; ``earlier`` the grade of the attempt
    before, where the latest attempt was reopened and has none, by assignment and user; ``teams`` who is in each group
    that is on a later attempt.
    """

    course: LmsCourse
    server_time: int
    assignments: tuple[Assignment, ...] = ()
    denied_modules: frozenset[int] = frozenset()
    members: tuple[LmsMember, ...] = ()
    hidden: Mapping[int, bool] = field(default_factory=dict)
    grades: Answered[Columns[GradeRow]] = field(default_factory=Answered)
    flags: Answered[dict[int, str]] = field(default_factory=Answered)
    forms: Answered[Form | None] = field(default_factory=Answered)
    scales: Mapping[int, tuple[str, ...] | None] = field(default_factory=dict)
    pass_marks: Mapping[int, Decimal | None] = field(default_factory=dict)
    markings: dict[int, Marking] = field(default_factory=dict)
    unmarked_forms: frozenset[int] = frozenset()
    report: Report = field(default_factory=Report)
    policy_open: bool = False
    known: Mapping[int, LmsItem] = field(default_factory=dict)
    fresh: frozenset[int] | None = None
    complete: frozenset[int] | None = None
    earlier: dict[tuple[int, int], GradeRow] = field(default_factory=dict)
    unread_attempts: set[int] = field(default_factory=set)
    later: Answered[Later] = field(default_factory=Answered)
    teams: dict[int, set[int]] = field(default_factory=dict)
    roster_read: bool = True
    numbers_read: bool = True
    gradebook_read: bool = True
    learners: frozenset[str] | None = None
    sources: Sources = field(default_factory=Sources)

    def form_of(self, assignment: Assignment) -> Form | None:
        """The rubric or guide an assignment is marked with, if any."""
        return self.forms.rows.get(assignment.cmid)

    def is_fresh(self, assignment: Assignment) -> bool:
        """Whether the assignment's details were asked for, or nothing is known that could stand in for them."""
        return self.fresh is None or assignment.id in self.fresh or assignment.id not in self.known

    def is_complete(self, assignment_id: int) -> bool:
        """Whether all the assignment's grades were asked for."""
        return self.complete is None or assignment_id in self.complete

    def rows(self) -> Iterable[tuple[Assignment, GradeRow]]:
        """Every grade row that was told, with its assignment; those of earlier attempts last."""
        for assignment in self.assignments:
            for row in self.grades.rows.get(assignment.id, ()):
                yield assignment, row
        by_id = {assignment.id: assignment for assignment in self.assignments}
        yield from ((by_id[assignment_id], row) for (assignment_id, _), row in self.earlier.items())
