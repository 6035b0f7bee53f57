"""What every part of the simulated college stands on: its clock, its lock, its numbers, and how to find a thing."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from connectors.moodle.simulator.records import Assignment, Clock, Competency, Course, Finisher, Scale, User

AnyAssignment = Assignment | int
AnyCourse = Course | int | str
AnyUser = User | int | str
Points = Decimal | int | str

FIRST_CMID = 900  # course module ids and instance ids never coincide, so that nobody mixes them up unnoticed
S = TypeVar("S", bound="Site")
P = ParamSpec("P")
R = TypeVar("R")


def locked(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """Let one thread at a time into ``method``."""

    @wraps(method)
    def guarded(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self.lock:
            return method(self, *args, **kwargs)

    return guarded


class Site:
    """The tables of a simulated site."""

    def __init__(self, *, name: str = "Realbridge College", now: int = 1_795_000_000, ticking: bool = False) -> None:
        self.name = name
        self.clock = Clock(now, ticking=ticking)
        self.lock = threading.RLock()
        self.users: dict[int, User] = {}
        self.courses: dict[int, Course] = {}
        self.assignments: dict[int, Assignment] = {}
        self.scales: dict[int, Scale] = {}
        self.competencies: dict[int, Competency] = {}
        self.registrations: list[dict[str, Any]] = []
        self.finishers: list[Finisher] = []
        self._ids: dict[str, Iterator[int]] = {}

    def new_id(self, kind: str) -> int:
        """The next number of a table, as a database sequence would give it."""
        first = 2 if kind == "course" else 1
        return next(self._ids.setdefault(kind, itertools.count(first)))

    def _moment(self, at: int | None) -> int:
        return self.clock.now() if at is None else at

    # ------------------------------------------------------------ finding things

    def course(self, ref: AnyCourse) -> Course:
        """By record, id, ID number or short name."""
        if isinstance(ref, Course):
            return ref
        if isinstance(ref, int):
            return self.courses[ref]
        return next(course for course in self.courses.values() if ref in (course.id_number, course.short_name))

    def user(self, ref: AnyUser) -> User:
        """By record, id, ID number or username."""
        if isinstance(ref, User):
            return ref
        if isinstance(ref, int):
            return self.users[ref]
        return next(user for user in self.users.values() if ref in (user.id_number, user.username))

    def assignment(self, ref: AnyAssignment) -> Assignment:
        """By record or instance id."""
        return ref if isinstance(ref, Assignment) else self.assignments[ref]

    def find(self, course: AnyCourse, id_number: str) -> Assignment:
        """The assignment of a course that carries this ID number."""
        mine = (self.assignments[number] for number in self.course(course).assignment_ids)
        return next(assignment for assignment in mine if assignment.id_number == id_number)

    def by_cmid(self, cmid: int) -> Assignment | None:
        """The assignment behind a course module id."""
        number = cmid - FIRST_CMID
        found = self.assignments.get(number)
        return found if found is not None and found.cmid == cmid else None

    def register(self) -> list[dict[str, Any]]:
        """The registrations the awarding bodies hold: one row a learner and qualification, as plain data.

        Keys: ``id_number``, ``name``, ``date_of_birth`` (date), ``uln``, ``candidate_number``, ``qualification``,
        ``registered_on`` (date), ``entry`` (``"full"``).
        """
        return [dict(row) for row in self.registrations]
