"""The one answer that comes by the hundred thousand rows, read straight from its bytes: ``mod_assign_get_grades``.

pydantic decodes and checks such an answer in one go, three times as fast as json and our own checks one after the
other. It takes only what is exactly as Moodle has always sent it. Of anything else ``grades`` says nothing at all, and
the answer is read the careful way (``client.decode``, ``replies.grades``): that understands more, and refuses in words.
"""

from __future__ import annotations

from operator import itemgetter
from typing import Annotated, Any, NotRequired

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from connectors.moodle import functions as fn
from connectors.moodle.replies import GradeRow, latest
from connectors.moodle.wire import TOO_BIG, Answered, Row, grade_of
from nvqsync.columns import Columns

_EXACTLY = ConfigDict(strict=True)
_Id = Annotated[int, Field(ge=1, lt=TOO_BIG)]
_Number = Annotated[int, Field(gt=-TOO_BIG, lt=TOO_BIG)]


class _Grade(TypedDict):
    __pydantic_config__ = _EXACTLY  # type: ignore[misc]
    id: _Id
    userid: _Id
    attemptnumber: Annotated[int, Field(ge=0, lt=TOO_BIG)]
    timemodified: _Number
    grader: _Number
    grade: str


class _Assignment(TypedDict):
    __pydantic_config__ = _EXACTLY  # type: ignore[misc]
    assignmentid: _Id
    grades: list[_Grade]


class _Answer(TypedDict):
    __pydantic_config__ = _EXACTLY  # type: ignore[misc]
    assignments: list[_Assignment]
    warnings: NotRequired[Any]
    exception: NotRequired[Any]
    error: NotRequired[Any]


_understand = TypeAdapter(_Answer).validate_json
_fields_of = itemgetter("id", "userid", "attemptnumber", "grade", "timemodified", "grader")
"""In the order of ``GradeRow``'s fields."""


def grades(raw: bytes) -> Answered[Columns[GradeRow]] | None:
    """As ``replies.grades`` of the decoded answer; ``None`` where it is anything but what is always sent.

    Raises ``LmsUnreadable`` for warnings that make no sense.
    """
    try:
        told = _understand(raw)
        if told.keys() - {"assignments", "warnings"}:
            return None
        found = {one["assignmentid"]: latest(_rows(one["grades"])) for one in told["assignments"]}
    except (ValidationError, ValueError):
        return None
    answer = Answered[Columns[GradeRow]](found)
    answer.take_warnings(Row(fn.GRADES, "", {**told}))
    return answer


def _rows(told: list[_Grade]) -> Columns[GradeRow]:
    if not told:
        return Columns.of(GradeRow, ())
    ids, users, attempts, texts, modified, graders = map(list, zip(*map(_fields_of, told), strict=True))
    values = {text: grade_of(text) for text in set(texts)}
    return Columns(GradeRow, (ids, users, attempts, [values[text] for text in texts], modified, graders))
