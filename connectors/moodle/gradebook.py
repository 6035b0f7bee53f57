"""The gradebook's user report: ID numbers, what the gradebook says beside an activity's own grade, and outcomes."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from connectors.moodle.functions import REPORT
from connectors.moodle.wire import Row, as_row, name_of, stripped
from nvqsync.model import GradebookEntry

FIRST_OUTCOME = 1000
"""Moodle's number of an activity's first outcome among its grade items; the activity's own grade is number 0."""
MOST_PLACES = 1000


_NOT_A_WORD = re.compile(r"[-+0-9.,\s%]*")


@dataclass(slots=True)
class Outcome:
    """An outcome rated beside an assignment's grade. ``words`` are what each place of its scale was seen to be called.

    Its ``top`` place is known; which scale it is, no report tells (``scaleid`` repeats ``outcomeid``).
    """

    item_id: int
    assignment: int
    name: str
    id_number: str
    top: int
    words: dict[int, set[str]] = field(default_factory=dict)

    @property
    def scale(self) -> tuple[str, ...]:
        """The scale from the lowest, a place nobody was given empty; nothing where its words cannot be trusted."""
        told = [self.words.get(place, set()) for place in range(1, self.top + 1)]
        sure = all(len(words) < 2 for words in told) and bool(told and told[-1])
        if not sure or any(_NOT_A_WORD.fullmatch(word) for words in told for word in words):
            return ()
        return tuple(next(iter(words), "") for words in told)


class Rating(NamedTuple):
    """One learner's place on an outcome's scale (``None``: not rated), when it was given, and whether it is hidden."""

    place: int | None
    at: int
    hidden: bool


@dataclass(slots=True)
class Report:
    """A gradebook report: ID numbers of course and assignments, and the cells by (user id, assignment id).

    ``course_id_number`` is ``None`` where the report covers nobody, and so says nothing. ``outcomes`` are by grade item
    id, ``ratings`` by user and grade item, and ``rated`` the users whose outcomes were looked for.
    """

    course_id_number: str | None = None
    id_numbers: dict[int, str] = field(default_factory=dict)
    cells: dict[tuple[int, int], GradebookEntry] = field(default_factory=dict)
    users: set[int] = field(default_factory=set)
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    ratings: dict[tuple[int, int], Rating] = field(default_factory=dict)
    rated: set[int] = field(default_factory=set)

    def add(self, other: Report) -> None:
        """Take in another learner's report of the same course."""
        self.cells.update(other.cells)
        self.users |= other.users
        self.ratings.update(other.ratings)
        self.rated |= other.rated
        for item_id, outcome in other.outcomes.items():
            for place, words in outcome.words.items():
                self.outcomes.setdefault(item_id, outcome).words.setdefault(place, set()).update(words)


def report(payload: Any, *, outcomes: bool = False) -> Report:
    """``gradereport_user_get_grade_items`` for one user or for all. ``gradeformatted`` and ``scaleid`` are not used for
    grades: the one is markup, the other wrong. Outcomes (item number 1000 and above) are told where they are asked for;
    manual items and other modules' are left out."""
    found = Report()
    for user in as_row(REPORT, "", payload).rows("usergrades"):
        user_id = user.identifier("userid")
        found.users.add(user_id)
        found.course_id_number = user.text("courseidnumber", default="")
        found.rated |= {user_id} if outcomes else set()
        for item in user.rows("gradeitems"):
            if _is_assignment(item):
                assignment = item.identifier("iteminstance")
                found.id_numbers[assignment] = item.text("idnumber", default="")
                found.cells[user_id, assignment] = _cell(item)
            elif outcomes and _is_outcome(item):
                _take_rating(found, user_id, item)
    return found


def _is_assignment(item: Row) -> bool:
    return _of_assignment(item) and item.integer("itemnumber", default=0) == 0


def _is_outcome(item: Row) -> bool:
    return _of_assignment(item) and item.integer("itemnumber", default=0) >= FIRST_OUTCOME


def _of_assignment(item: Row) -> bool:
    return item.text("itemtype") == "mod" and item.text("itemmodule", default="") == "assign"


def _take_rating(found: Report, user_id: int, item: Row) -> None:
    """One learner's cell of an outcome, and what it tells about the outcome's scale."""
    item.identifier("outcomeid")
    number, top, value = item.identifier("id"), item.integer("grademax"), item.number_or_none("graderaw")
    if item.integer("grademin") != 1 or not 1 <= top <= MOST_PLACES:
        raise item.wrong("grademax", "is not the end of a scale")
    if value is not None and (value != int(value) or not 1 <= value <= top):
        raise item.wrong("graderaw", "is not a place of the scale")
    name, id_number = name_of(item.text("itemname")), item.text("idnumber", default="")
    made = Outcome(number, item.identifier("iteminstance"), name, id_number, top)
    outcome = found.outcomes.setdefault(number, made)
    place = None if value is None else int(value)
    if place is not None:
        outcome.words.setdefault(place, set()).add(stripped(item.text("gradeformatted")))
    ends = [stripped(end) for end in html.unescape(item.text("rangeformatted")).split("\N{EN DASH}")]
    if len(ends) == 2 and all(ends):
        outcome.words.setdefault(1, set()).add(ends[0])
        outcome.words.setdefault(top, set()).add(ends[1])
    at = 0 if item.data.get("gradedategraded") is None else item.integer("gradedategraded")
    found.ratings[user_id, number] = Rating(place, at, item.truth("gradeishidden"))


def _cell(item: Row) -> GradebookEntry:
    return GradebookEntry(
        grade=item.number_or_none("graderaw"),
        hidden=item.truth("gradeishidden"),
        overridden=item.truth("gradeisoverridden"),
    )
