"""Rubrics and marking guides: how an activity is marked (definitions) and what each learner was given (markings)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from connectors.moodle.functions import DEFINITIONS, INSTANCES
from connectors.moodle.wire import Answered, Row, as_row, stripped
from nvqsync.model import Grading, GradingRow

_READY = 20
_ACTIVE = 1
_PLAIN_TEXT = 2


@dataclass(frozen=True, slots=True)
class Form:
    """A rubric or marking guide: its rows, for a rubric what each level scores (by row id and level id), and when it
    was last changed."""

    definition_id: int
    grading: Grading
    rows: tuple[GradingRow, ...]
    levels: Mapping[tuple[int, int], Decimal] = field(default_factory=dict)
    modified: int = 0


def definitions(payload: Any) -> Answered[Form | None]:
    """``core_grading_get_definitions`` by course module id; ``None`` where grading is plain or the form is no rubric or
    guide (another plugin's form: its computed grade counts), or is still a draft, which Moodle does not use either."""
    top = as_row(DEFINITIONS, "", payload)
    answer = Answered[Form | None]()
    for area in top.rows("areas"):
        answer.rows[area.identifier("cmid")] = _active_form(area)
    answer.take_warnings(top)
    return answer


def _active_form(area: Row) -> Form | None:
    method = area.text("activemethod", default="")
    for definition in area.rows("definitions"):
        if definition.text("method") == method and definition.integer("status") == _READY:
            if method == "rubric":
                return _rubric(definition)
            if method == "guide":
                return _guide(definition)
    return None


def _rubric(definition: Row) -> Form:
    rows, levels = [], {}
    for criterion in definition.row("rubric").rows("rubric_criteria"):
        row_id = criterion.identifier("id")
        scores = {level.identifier("id"): level.number("score") for level in criterion.rows("levels")}
        if not scores:
            raise criterion.wrong("levels", "is empty")
        levels.update({(row_id, level): score for level, score in scores.items()})
        rows.append(GradingRow(str(row_id), _words(criterion, "description"), max(scores.values())))
    modified = definition.integer("timemodified", default=0)
    return Form(definition.identifier("id"), Grading.RUBRIC, tuple(rows), levels, modified)


def _guide(definition: Row) -> Form:
    criteria = definition.row("guide").rows("guide_criteria")
    rows = tuple(GradingRow(str(c.identifier("id")), _guide_text(c), c.number("maxscore")) for c in criteria)
    modified = definition.integer("timemodified", default=0)
    return Form(definition.identifier("id"), Grading.GUIDE, rows, modified=modified)


def _guide_text(criterion: Row) -> str:
    """A guide row's short name and description; a short name without any digit stands behind (it numbers nothing)."""
    name, says = stripped(criterion.text("shortname", default="")), _words(criterion, "description")
    if not name or says.startswith(name):
        return says
    if says and not any(c.isdigit() for c in name) and any(c.isdigit() for c in says.split()[0]):
        return f"{says} ({name})"
    return f"{name} {says}".strip()


def _words(row: Row, key: str) -> str:
    text = row.text(key, default="")
    is_plain = row.integer(f"{key}format", default=1) == _PLAIN_TEXT
    return " ".join(text.split()) if is_plain else stripped(text)


@dataclass(frozen=True, slots=True)
class Marking:
    """One filled-in form: the grade row it belongs to, and (row, level, score) as far as each was filled in."""

    instance_id: int
    grade_id: int
    modified: int
    filled: tuple[tuple[int, int | None, Decimal | None], ...]


def markings(payload: Any) -> dict[int, Marking]:
    """``core_grading_get_gradingform_instances``: the latest marking by grade row id."""
    latest: dict[int, Marking] = {}
    for row in as_row(INSTANCES, "", payload).rows("instances"):
        if row.integer("status") != _ACTIVE:
            continue
        marking = _marking(row)
        held = latest.get(marking.grade_id)
        if held is None or (marking.modified, marking.instance_id) > (held.modified, held.instance_id):
            latest[marking.grade_id] = marking
    return latest


def _marking(row: Row) -> Marking:
    kind = "rubric" if row.data.get("rubric") is not None else "guide"
    filled: Sequence[Row] = row.row(kind).rows("criteria", default=[]) if row.data.get(kind) is not None else ()
    return Marking(
        instance_id=row.identifier("id"),
        grade_id=row.identifier("itemid"),
        modified=row.integer("timemodified"),
        filled=tuple(_filled(entry, kind) for entry in filled),
    )


def _filled(row: Row, kind: str) -> tuple[int, int | None, Decimal | None]:
    level = row.integer("levelid") if kind == "rubric" and row.data.get("levelid") is not None else None
    score = row.number("score") if kind == "guide" and row.data.get("score") is not None else None
    return row.identifier("criterionid"), level, score
