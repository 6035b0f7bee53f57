"""What to ask of one course, decided before anything is sent: which details, which grades from the start. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from connectors.moodle.errors import MoodleError
from connectors.moodle.forms import Form
from connectors.moodle.gathered import Gathered
from connectors.moodle.replies import Assignment, AssignmentList
from connectors.moodle.sources import Sources, is_source
from nvqsync.errors import LmsError
from nvqsync.model import (
    DETAILS,
    GRADEBOOK,
    GRADES,
    NUMBERS,
    ROSTER,
    SOURCES,
    Asked,
    Grading,
    ItemKind,
    LmsItem,
    LmsMember,
)

OVERLAP = 300
"""Seconds asked for twice: Moodle's times are whole seconds taken before the change is committed, perhaps on another
server of the same site with a clock of its own. Rows seen twice are compared by value, so it costs next to nothing."""


ANY_ATTEMPT = 2**31
"""Later than any attempt: whatever grade is shown, it may be of an attempt that has been reopened since."""


@dataclass(slots=True)
class Work:
    """One course on its way to a reading: what was asked, what is still to be asked, what came back."""

    asked: Asked
    gathered: Gathered
    since: int
    want_roster: bool
    want_numbers: bool
    want_hidden: bool
    want_gradebook: bool
    failed: MoodleError | LmsError | None = None

    @property
    def course_id(self) -> int:
        """Moodle's id of the course."""
        return int(self.gathered.course.lms_id)

    @property
    def want_outcomes(self) -> bool:
        """Whether the mapping asks for outcomes, and they are to be read this time."""
        return ItemKind.OUTCOME in self.gathered.sources.asked

    @property
    def want_competencies(self) -> bool:
        """The same for competencies."""
        return ItemKind.COMPETENCY in self.gathered.sources.asked

    @property
    def rows_expected(self) -> int:
        """About how many rows the answers about this course will hold."""
        members = max(1, len(self.gathered.members))
        return sum(members * (self.gathered.is_complete(a.id) + a.workflow) for a in self.gathered.assignments)

    def from_the_start(self) -> None:
        """Ask for every grade, whatever is known: somebody is on the roster whose grades nobody kept."""
        self.gathered.complete = None


def prepare(asked: Asked, listed: AssignmentList, denied: frozenset[int], clock: int, *, policy_open: bool) -> Work:
    """Decide what to ask of a course whose assignments have just been listed, at ``clock`` by the server."""
    marks = asked.bookmarks
    ahead = any(at > clock + OVERLAP for at in marks.values())  # the clock has been put back since
    whole = ahead or GRADES not in marks or GRADES in asked.refresh or asked.learners is not None
    since = 0 if whole else max(0, marks[GRADES] - OVERLAP)
    known = {int(item.lms_id): item for item in asked.items if item.kind is ItemKind.ASSIGNMENT}
    changed = frozenset(a.id for a in listed.assignments if _changed(a, known.get(a.id), since))
    due = whole or NUMBERS not in marks or NUMBERS in asked.refresh or listed.modified >= marks[NUMBERS] - OVERLAP
    unread = frozenset(int(item) for item in asked.unread if not is_source(item))
    gathered = Gathered(
        course=asked.course,
        server_time=clock,
        assignments=listed.assignments,
        denied_modules=denied,
        members=asked.members,
        known=known,
        fresh=None if due else changed | unread,
        complete=None if whole else changed | unread,
        roster_read=False,
        numbers_read=False,
        gradebook_read=asked.learners is not None or GRADEBOOK in asked.refresh,
        learners=asked.learners,
        policy_open=policy_open,
        sources=Sources(known=tuple(item for item in asked.items if item.kind is not ItemKind.ASSIGNMENT)),
    )
    gathered.sources.asked = asked.also if whole or _sources_due(asked) else frozenset()
    return Work(
        asked=asked,
        gathered=gathered,
        since=since,
        want_roster=whole or ROSTER not in marks or ROSTER in asked.refresh,
        want_numbers=due or bool(changed),
        want_hidden=whole or DETAILS in asked.refresh or any(a.id not in known for a in listed.assignments),
        want_gradebook=gathered.gradebook_read,
    )


def _sources_due(asked: Asked) -> bool:
    """Whether outcomes and competencies are to be read: never read, their turn, or left unread last time."""
    return SOURCES not in asked.bookmarks or SOURCES in asked.refresh or any(map(is_source, asked.unread))


def _changed(assignment: Assignment, known: LmsItem | None, since: int) -> bool:
    """Whether an assignment is new, or its settings may have changed since it was last read."""
    return known is None or assignment.modified >= since or known.workflow != assignment.workflow


def forms_wanted(work: Work) -> list[int]:
    """Course modules whose forms are to be read: details asked for, or a changed grade on what has a form."""
    gathered = work.gathered
    touched = {assignment.id for assignment, row in gathered.rows() if row.grade is not None}
    return [
        a.cmid for a in gathered.assignments
        if a.grade and a.cmid not in gathered.forms.rows
        and (gathered.is_fresh(a) or (a.id in touched and _has_form(gathered.known.get(a.id))))
    ]  # fmt: skip


def _has_form(known: LmsItem | None) -> bool:
    return known is None or known.grading in (Grading.RUBRIC, Grading.GUIDE)


def marks_may_be_read(work: Work) -> bool:
    """Whether pass marks are worth asking for in a course whose turn it is: they could be read when all of it was."""
    known = work.gathered.known.values()
    return work.gathered.complete is None or not known or any(item.pass_mark is not None for item in known)


def reworded(work: Work) -> set[int]:
    """Assignments whose form is another than when grades were last read: what its rows were given may mean another."""
    gathered = work.gathered
    told = [a for a in gathered.assignments if a.cmid in gathered.forms.rows and not gathered.is_complete(a.id)]
    return {a.id for a in told if _other_form(work, gathered.form_of(a), gathered.known.get(a.id))}


def _other_form(work: Work, form: Form | None, known: LmsItem | None) -> bool:
    rows = form.rows if form else ()
    return known is None or known.rows != rows or (form is not None and form.modified >= work.since)


def speaks_of(work: Work, member: LmsMember) -> bool:
    """Whether the reading is about this member at all."""
    return work.gathered.learners is None or member.lms_id in work.gathered.learners


def to_rate(work: Work, roles: Collection[str]) -> list[tuple[int, int]]:
    """Each learner (user id) and competency whose rating is to be asked for; the suspended only when it is for them."""
    members = [m for m in work.gathered.members if speaks_of(work, m) and set(roles) & set(m.roles)]
    whom = [int(m.lms_id) for m in members if m.active or work.gathered.learners is not None]
    return [(user, one.id) for one in work.gathered.sources.competencies or () for user in whom]


def teams_wanted(work: Work) -> list[int]:
    """The groups whose members are to be asked for: a team of theirs is on a later attempt."""
    return sorted({group for later in work.gathered.later.rows.values() for group in later.teams if group})


def later_attempts(work: Work) -> dict[tuple[int, int], int]:
    """By assignment and user: who may be on a later attempt than their grade, and on which where a team tells it.

    The team of those who are in no group may hold anybody.
    """
    everyone = {int(member.lms_id) for member in work.gathered.members}
    found = {(number, user): 0 for number, later in work.gathered.later.rows.items() for user in later.users}
    for number, later in work.gathered.later.rows.items():
        for group, attempt in later.teams.items():
            for user in work.gathered.teams.get(group, set()) if group else everyone:
                found[number, user] = max(attempt, found.get((number, user), 0))
    return found
