"""The assignments of a generated course: which units are assessed how, and under which ID numbers.

Every second unit with known criteria is assessed by criteria (rubric, scale and marking guide in turn, covering them
all) and signed off by a whole-unit assignment; every other unit by its whole-unit assignment alone. Beside them stand
the awkward ones of every real course: a test in points, a team task, a blind-marked one, a copy without ID number, a
misspelt ID number, activities that stand for nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from connectors.moodle.simulator.records import Assignment, Course
from connectors.moodle.simulator.state import College

DAY = 86400
LONGEST_ID_NUMBER = 100
Unit = Mapping[str, Any]


@dataclass(slots=True)
class Coursework:
    """A course's assignments: those each unit needs, in order with the sign-off last, and the odd ones."""

    course: Course
    by_unit: dict[str, list[Assignment]] = field(default_factory=dict)
    points: list[Assignment] = field(default_factory=list)
    team: list[Assignment] = field(default_factory=list)
    blind: list[Assignment] = field(default_factory=list)
    joint: list[Assignment] = field(default_factory=list)
    unmapped: list[Assignment] = field(default_factory=list)


def units_on_offer(qualification: Mapping[str, Any]) -> tuple[list[Unit], list[Unit]]:
    """The units a course teaches (those of the example selections), and up to three it merely dabbles in."""
    units: Sequence[Unit] = qualification["units"]
    wanted = {code for selection in selections(qualification) for code in selection}
    taught = [unit for unit in units if unit["code"] in wanted]
    return taught, [unit for unit in units if unit["code"] not in wanted][:3]


def selections(qualification: Mapping[str, Any]) -> list[list[str]]:
    """Lists of unit codes that satisfy the rule, as the caller gave them; without any, every unit."""
    given = qualification.get("example_selections") or qualification.get("example_selection")
    if not given:
        return [[unit["code"] for unit in qualification["units"]]]
    return [list(given)] if isinstance(given[0], str) else [list(each) for each in given]


def chunks(criteria: Mapping[str, int]) -> list[list[tuple[str, int]]]:
    """Learning outcomes split over two or three assignments."""
    outcomes = list(criteria.items())
    parts = min(3, len(outcomes))
    return [outcomes[place::parts] for place in range(parts)]


def criteria_text(outcomes: Sequence[tuple[str, int]]) -> str:
    """``1.1-1.3,2.1``: the criteria of outcomes as ranges."""
    return ",".join(f"{n}.1-{n}.{count}" if count > 1 else f"{n}.1" for n, count in outcomes)


def numbers(outcomes: Sequence[tuple[str, int]]) -> list[str]:
    """Every criterion number of outcomes."""
    return [f"{outcome}.{place}" for outcome, count in outcomes for place in range(1, count + 1)]


class CourseworkBuilder:
    """Sets up the assignments of one course."""

    def __init__(self, college: College, course: Course, qualification: Mapping[str, Any], scale_id: int) -> None:
        self.college, self.qualification, self.scale = college, qualification, -scale_id
        self.work = Coursework(course)
        self.methods: Sequence[str] = qualification.get("methods") or ()
        self._turn = 0

    def build(self) -> Coursework:
        """Everything."""
        taught, extra = units_on_offer(self.qualification)
        known = [unit for unit in taught if unit.get("criteria")]
        for unit in taught:
            by_criteria = unit in known and known.index(unit) % 2 == 0
            parts = list(self._criteria(unit)) if by_criteria else []
            self.work.by_unit[unit["code"]] = [*parts, self._sign_off(unit)]
        self._joint(known)
        self._extra(extra)
        self._odd(taught)
        return self.work

    def _add(self, name: str, id_number: str, **settings: Any) -> Assignment:
        if len(id_number) > LONGEST_ID_NUMBER:
            raise ValueError(f"ID number longer than {LONGEST_ID_NUMBER} characters: {id_number}")
        course = self.work.course
        settings = {"grade": self.scale, "due": course.end - 30 * DAY, "opens": course.start, **settings}
        return self.college.add_assignment(course, name, id_number, at=course.time_created, **settings)

    def _method(self) -> str:
        self._turn += 1
        plain = [code for code in self.methods if code != "S"]
        return f"@{plain[self._turn % len(plain)]}" if plain and self._turn % 2 else ""

    def _criteria(self, unit: Unit) -> Iterator[Assignment]:
        for place, outcomes in enumerate(chunks(unit["criteria"])):
            kind = ("rubric", "scale", "guide")[place % 3]
            id_number = f"{unit['code']}:{criteria_text(outcomes)}{self._method()}"
            name = f"{unit['code']} evidence {place + 1}"
            yield self._marked(kind, name, id_number, [f"{each} Evidence for {each}" for each in numbers(outcomes)])

    def _marked(self, kind: str, name: str, id_number: str, rows: list[str]) -> Assignment:
        if kind == "scale":
            return self._add(name, id_number, reopen="manual", max_attempts=3)
        made = self._add(name, id_number, grade=100, reopen="manual", max_attempts=3)
        if kind == "rubric":
            self.college.add_rubric(made, rows, at=made.time_modified)
        else:
            self.college.add_guide(made, [(row, 5) for row in rows], at=made.time_modified)
        return made

    def _sign_off(self, unit: Unit) -> Assignment:
        first = not self.work.by_unit
        workflow = first or len(self.work.by_unit) % 3 == 2
        method = "" if unit.get("criteria") else self._method()
        name = f"{unit['code']} unit sign-off"
        return self._add(name, f"{unit['code']}{method}", workflow=workflow, reopen="manual", max_attempts=3)

    def _joint(self, known: Sequence[Unit]) -> None:
        """One task for two units assessed by criteria as well, so that nobody who missed it has a criterion open."""
        by_criteria = known[::2]
        if len(by_criteria) < 2:
            return
        one, two = by_criteria[0]["code"], by_criteria[1]["code"]
        made = self._add("Joint workplace project", f"{one}:1.1;{two}:1.1", grade=100)
        self.college.add_rubric(made, [f"{one} 1.1 Shown at work", f"{two} 1.1 Shown at work"], at=made.time_modified)
        self.work.joint.append(made)

    def _extra(self, extra: Sequence[Unit]) -> None:
        codes = [unit["code"] for unit in extra]
        if codes:
            self.work.points.append(self._add(f"{codes[0]} written test", codes[0], grade=60, pass_mark=Decimal(36)))
        if len(codes) > 1:
            self.work.team.append(self._add(f"{codes[1]} team task", codes[1], team=True))
        if len(codes) > 2:
            self.work.blind.append(self._add(f"{codes[2]} anonymous assessment", codes[2], blind=True))

    def _odd(self, taught: Sequence[Unit]) -> None:
        code = taught[-1]["code"]
        odd = self.work.unmapped
        odd.append(self._add("Induction checklist", "INDUCTION", grade=10))
        odd.append(self._add("Practice task", "", grade=100))
        odd.append(self._add("Tutor's comments", "", grade=0, takes_submissions=False))
        odd.append(self._add("Draft brief, not in use yet", "", visible=False))
        odd.append(self._add(f"{taught[0]['code']} unit sign-off (copy)", ""))
        odd.append(self._add(f"{code} witness statement", f"{code}x"))
