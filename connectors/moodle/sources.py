"""Competencies: what Moodle says of a course's and of who is proficient, validated, without any I/O.

Rated once in a course, apart from any assignment. Which ratings count as proficient is set in the competency framework;
Moodle's own word on it is taken, and no scale is read. ``rated.py`` makes items and observations of this.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from connectors.moodle.errors import MoodleError
from connectors.moodle.functions import COMPETENCIES, RATING
from connectors.moodle.wire import Row, as_row, as_rows, name_of
from nvqsync.errors import LmsError
from nvqsync.model import ItemKind, LmsItem


@dataclass(frozen=True, slots=True)
class Competency:
    """A competency as a course lists it."""

    id: int
    name: str
    id_number: str


class Proficiency(NamedTuple):
    """One learner's rating in a course: proficient or not (``None``: not rated by anybody), when and by whom.

    ``automatic``: it was last set in the learner's own session, as Moodle's rules on completion do it.
    """

    proficient: bool | None
    at: int
    by: int
    automatic: bool = False


@dataclass(slots=True)
class Sources:
    """What beside assignments was asked of a course, what was known, and what came back.

    ``asked`` is empty where nothing was asked this time. ``competencies`` are ``None`` until they are listed;
    ``problem`` is what kept them, or a rating, from being read.
    """

    asked: frozenset[ItemKind] = frozenset()
    known: tuple[LmsItem, ...] = ()
    competencies: list[Competency] | None = None
    ratings: dict[tuple[int, int], Proficiency] = field(default_factory=dict)
    problem: MoodleError | LmsError | None = None


def is_source(item_id: str) -> bool:
    """Whether an item's id is that of an outcome or competency: an assignment's is a number."""
    return not item_id.isdecimal()


def competencies(payload: Any) -> list[Competency]:
    """``core_competency_list_course_competencies``: those of one course."""
    rows = (row.row("competency") for row in as_rows(COMPETENCIES, "", payload))
    return [
        Competency(row.identifier("id"), name_of(row.text("shortname")), row.text("idnumber", default=""))
        for row in rows
    ]


def proficiency(payload: Any, *, course: int, user: int, competency: int) -> Proficiency:
    """``tool_lp_data_for_user_competency_summary_in_course``. The ``user`` part, which names the learner, is left."""
    row = as_row(RATING, "", payload).row("usercompetencysummary").row("usercompetencycourse")
    for key, asked in (("courseid", course), ("userid", user), ("competencyid", competency)):
        if row.identifier(key) != asked:
            raise row.wrong(key, "is another one than was asked for")
    proficient = _proficient(row)
    by, at = row.integer("usermodified", default=0), row.integer("timemodified", default=0)
    if proficient is not None and by == user:
        return Proficiency(None, at, 0, automatic=True)
    return Proficiency(proficient, at, max(0, by))


def _proficient(row: Row) -> bool | None:
    """Whether the learner is proficient. Without a rating nothing is said, and nothing may seem to be."""
    for key in ("grade", "proficiency"):
        if key not in row.data:
            raise row.wrong(key, "is missing")
    if row.data["grade"] is None:
        if row.data["proficiency"] is not None and row.truth("proficiency"):
            raise row.wrong("proficiency", "is told without a rating")
        return None
    row.identifier("grade")
    return row.truth("proficiency")
