"""Everything read of one course before it is put together: plain rows, as each function answered them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from connectors.moodle.forms import Form, Marking
from connectors.moodle.gradebook import Report
from connectors.moodle.replies import Assignment, GradeRow
from connectors.moodle.wire import Answered
from nvqsync.model import LmsCourse, LmsMember


@dataclass(slots=True)
class Gathered:
    """Everything read of one course, by assignment id (``forms`` by course module id, ``markings`` by grade row id)."""

    course: LmsCourse
    server_time: int
    assignments: tuple[Assignment, ...] = ()
    denied_modules: frozenset[int] = frozenset()
    members: tuple[LmsMember, ...] = ()
    hidden: Mapping[int, bool] = field(default_factory=dict)
    grades: Answered[list[GradeRow]] = field(default_factory=Answered)
    flags: Answered[dict[int, str]] = field(default_factory=Answered)
    forms: Answered[Form | None] = field(default_factory=Answered)
    scales: Mapping[int, tuple[str, ...] | None] = field(default_factory=dict)
    pass_marks: Mapping[int, Decimal | None] = field(default_factory=dict)
    markings: dict[int, Marking] = field(default_factory=dict)
    unmarked_forms: frozenset[int] = frozenset()
    report: Report = field(default_factory=Report)
    policy_open: bool = False

    def form_of(self, assignment: Assignment) -> Form | None:
        """The rubric or guide an assignment is marked with, if any."""
        return self.forms.rows.get(assignment.cmid)
