"""The gradebook's user report: ID numbers, and what the gradebook says beside an activity's own grade."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from connectors.moodle.functions import REPORT
from connectors.moodle.wire import Row, as_row
from nvqsync.model import GradebookEntry


@dataclass(slots=True)
class Report:
    """A gradebook report: ID numbers of course and assignments, and the cells by (user id, assignment id).

    ``course_id_number`` is ``None`` where the report covers nobody, and so says nothing.
    """

    course_id_number: str | None = None
    id_numbers: dict[int, str] = field(default_factory=dict)
    cells: dict[tuple[int, int], GradebookEntry] = field(default_factory=dict)
    users: set[int] = field(default_factory=set)

    def add(self, other: Report) -> None:
        """Take in another learner's report of the same course."""
        self.cells.update(other.cells)
        self.users |= other.users


def report(payload: Any) -> Report:
    """``gradereport_user_get_grade_items`` for one user or for all. ``gradeformatted`` and ``scaleid`` are not used:
    the one is markup, the other wrong. Outcomes (item number 1000 and above) and manual items are left out."""
    found = Report()
    for user in as_row(REPORT, "", payload).rows("usergrades"):
        user_id = user.identifier("userid")
        found.users.add(user_id)
        found.course_id_number = user.text("courseidnumber", default="")
        for item in user.rows("gradeitems"):
            if _is_assignment(item):
                assignment = item.identifier("iteminstance")
                found.id_numbers[assignment] = item.text("idnumber", default="")
                found.cells[user_id, assignment] = _cell(item)
    return found


def _is_assignment(item: Row) -> bool:
    is_assign = item.text("itemtype") == "mod" and item.text("itemmodule", default="") == "assign"
    return is_assign and item.integer("itemnumber", default=0) == 0


def _cell(item: Row) -> GradebookEntry:
    return GradebookEntry(
        grade=item.number_or_none("graderaw"),
        hidden=item.truth("gradeishidden"),
        overridden=item.truth("gradeisoverridden"),
    )
