"""The rows behind a simulated Moodle: users, courses, assignments, attempts, grades, flags, gradebook cells.

Plain mutable records, named after what Moodle keeps rather than after its tables. Times are whole seconds since
1970 (UTC). Grades are kept as Moodle's database prints them: text with five decimals, ``"-1.00000"`` for no grade.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from decimal import Decimal

NO_GRADE = "-1.00000"
WORKFLOW_STATES = ("notmarked", "inmarking", "readyforreview", "inreview", "readyforrelease", "released")
ROLE_IDS = {"manager": 1, "editingteacher": 3, "teacher": 4, "student": 5}
PROFILE_FIELDS = {
    "uln": ("text", "ULN"),
    "ocr_candidate_number": ("text", "OCR candidate number"),
    "dob": ("datetime", "Date of birth"),
}


class Clock:
    """The server's clock. Frozen it moves only when driven; ticking it also runs with the wall clock."""

    def __init__(self, start: int, *, ticking: bool = False) -> None:
        self._base = int(start)
        self._ticking = ticking
        self._since = time.monotonic()
        self._lock = threading.Lock()

    def now(self) -> int:
        """Whole seconds since 1970."""
        with self._lock:
            return self._read()

    def _read(self) -> int:
        return self._base + (int(time.monotonic() - self._since) if self._ticking else 0)

    def set(self, moment: int) -> None:
        """Put the clock to ``moment``."""
        with self._lock:
            self._base, self._since = int(moment), time.monotonic()

    def advance(self, seconds: int) -> int:
        """Move on by ``seconds`` and say what the time is now."""
        with self._lock:
            self._base = self._read() + int(seconds)
            self._since = time.monotonic()
            return self._base


@dataclass(slots=True)
class User:
    """A person with an account. ``profile`` holds custom fields by short name; empty ones are not shown."""

    id: int
    username: str
    first_name: str
    last_name: str
    email: str
    id_number: str = ""
    profile: dict[str, str] = field(default_factory=dict)
    suspended: bool = False
    deleted: bool = False

    @property
    def full_name(self) -> str:
        """First name, blank, last name."""
        return f"{self.first_name} {self.last_name}"


@dataclass(frozen=True, slots=True)
class Finisher:
    """A generated learner who finished and is registered, with nothing unusual about them: what they took, where."""

    user_id: int
    qualification: str
    units: tuple[str, ...]
    course_id: int
    assessors: tuple[int, ...]


@dataclass(slots=True)
class Enrolment:
    """A user on a course in one role."""

    user_id: int
    role: str = "student"
    suspended: bool = False
    groups: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Group:
    """A group of a course."""

    id: int
    name: str
    id_number: str = ""


@dataclass(slots=True)
class Outcome:
    """An outcome rated beside one assignment's grade: a grade item of its own, on a scale of its own."""

    item_id: int
    outcome_id: int
    name: str
    id_number: str
    scale_id: int
    cells: dict[int, Cell] = field(default_factory=dict)


@dataclass(slots=True)
class CompetencyRating:
    """What one user was rated in one course. ``grade`` is a place of the framework's scale, ``None`` for no rating."""

    id: int
    grade: int | None
    time_modified: int
    modified_by: int
    evidence: list[tuple[int, int, int]] = field(default_factory=list)  # evidence id, grade, who


@dataclass(slots=True)
class Competency:
    """A competency of the one framework, on its scale; ``proficient`` are the places that count."""

    id: int
    short_name: str
    id_number: str
    scale_id: int
    proficient: frozenset[int]
    time_modified: int


@dataclass(slots=True)
class Course:
    """A course. ``separate_groups`` needs ``moodle/site:accessallgroups`` of whoever reads."""

    id: int
    short_name: str
    full_name: str
    id_number: str
    time_created: int
    time_modified: int
    start: int
    end: int
    visible: bool = True
    separate_groups: bool = False
    total_item_id: int = 0
    enrolments: dict[int, Enrolment] = field(default_factory=dict)
    groups: dict[int, Group] = field(default_factory=dict)
    assignment_ids: list[int] = field(default_factory=list)
    competency_ids: list[int] = field(default_factory=list)
    competency_ratings: dict[tuple[int, int], CompetencyRating] = field(default_factory=dict)  # by user, competency


@dataclass(slots=True)
class Scale:
    """A scale, its items from the lowest."""

    id: int
    name: str
    items: tuple[str, ...]


@dataclass(slots=True)
class Level:
    """A level of a rubric criterion."""

    id: int
    score: int
    definition: str


@dataclass(slots=True)
class Criterion:
    """A row of a rubric (with ``levels``) or of a marking guide (with ``max_score``)."""

    id: int
    text: str
    levels: tuple[Level, ...] = ()
    short_name: str = ""
    max_score: int = 0

    @property
    def top_score(self) -> int:
        """The most this row can give."""
        return max((level.score for level in self.levels), default=self.max_score)


@dataclass(slots=True)
class Filling:
    """What one row was given: ``level_id`` for a rubric, ``score`` for a guide."""

    id: int
    criterion_id: int
    level_id: int
    score: int
    remark: str


@dataclass(slots=True)
class Instance:
    """One marking of one grade row with a rubric or guide. A re-marking is a new one."""

    id: int
    rater: int
    grade_id: int
    time_modified: int
    fillings: tuple[Filling, ...]


@dataclass(slots=True)
class Form:
    """A rubric or marking guide. ``instances`` holds the current one for each grade row."""

    id: int
    method: str
    name: str
    criteria: list[Criterion]
    time_created: int
    time_modified: int
    instances: dict[int, Instance] = field(default_factory=dict)


@dataclass(slots=True)
class Grade:
    """One attempt's grade row."""

    id: int
    user_id: int
    attempt: int
    time_created: int
    time_modified: int
    grader: int
    grade: str
    feedback: str = ""


@dataclass(slots=True)
class Submission:
    """One attempt. ``status`` is new, draft, submitted or reopened."""

    id: int
    user_id: int
    attempt: int
    time_created: int
    time_modified: int
    status: str
    group_id: int = 0


@dataclass(slots=True)
class Flag:
    """Workflow state and extension of one user in one assignment."""

    id: int
    user_id: int
    state: str = ""
    extension: int = 0


@dataclass(slots=True)
class Cell:
    """What the gradebook shows for one user and assignment. ``grade`` is ``None`` when empty."""

    grade: str | None = None
    graded_at: int | None = None
    submitted_at: int | None = None
    overridden: bool = False
    hidden: bool = False
    feedback: str = ""


@dataclass(slots=True)
class Assignment:
    """An assignment activity. ``grade`` is points, minus a scale's id, or 0 for feedback only.

    ``old_team_grades_stay``: whether grades given before a team's attempt was reopened stay in the list of grades. For
    single learners they were seen to go; for teams nobody has looked.
    """

    id: int
    cmid: int
    item_id: int
    course_id: int
    name: str
    id_number: str
    grade: int
    time_modified: int
    pass_mark: Decimal = Decimal(0)
    form: Form | None = None
    workflow: bool = False
    blind: bool = False
    revealed: bool = False
    team: bool = False
    reopen: str = "none"
    max_attempts: int = 1
    visible: bool = True
    item_hidden: bool = False
    takes_submissions: bool = True
    due: int = 0
    opens: int = 0
    latest_change: int = 0
    grades: dict[int, list[Grade]] = field(default_factory=dict)
    submissions: dict[int, list[Submission]] = field(default_factory=dict)
    team_submissions: dict[int, list[Submission]] = field(default_factory=dict)  # by group, 0: whoever is in none
    team_attempts: dict[int, int] = field(default_factory=dict)  # by member, from the team's second attempt on
    old_team_grades_stay: bool = False
    flags: dict[int, Flag] = field(default_factory=dict)
    cells: dict[int, Cell] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)

    def current_grade(self, user_id: int) -> Grade | None:
        """The grade row of the latest submission attempt, the only one the web service gives away."""
        rows, attempts = self.grades.get(user_id), self.submissions.get(user_id)
        if not rows or not attempts or rows[-1].attempt != attempts[-1].attempt:
            return None
        behind = rows[-1].attempt < self.team_attempts.get(user_id, 0)
        return None if behind and not self.old_team_grades_stay else rows[-1]

    @property
    def releases_to_gradebook(self) -> bool:
        """False while blind marking keeps every grade out of the gradebook."""
        return not self.blind or self.revealed
