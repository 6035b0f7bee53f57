"""The one answer that comes by the hundred thousand rows, read straight from its bytes: ``mod_assign_get_grades``.

msgspec decodes and checks such an answer in one go, several times as fast as json and our own checks one after the
other. It takes only what is exactly as Moodle has always sent it. Of anything else ``grades`` says nothing at all, and
the answer is read the careful way (``client.decode``, ``replies.grades``): that understands more, and refuses in words.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from connectors.moodle import functions as fn
from connectors.moodle.replies import GradeRow, latest
from connectors.moodle.wire import TOO_BIG, Answered, Row, grade_of
from nvqsync.columns import Columns

_Id = Annotated[int, msgspec.Meta(ge=1, lt=TOO_BIG)]
_Number = Annotated[int, msgspec.Meta(gt=-TOO_BIG, lt=TOO_BIG)]


class _Grade(msgspec.Struct, gc=False):
    id: _Id
    userid: _Id
    attemptnumber: Annotated[int, msgspec.Meta(ge=0, lt=TOO_BIG)]
    grade: str
    timemodified: _Number
    grader: _Number


class _Assignment(msgspec.Struct):
    assignmentid: _Id
    grades: list[_Grade]


class _Answer(msgspec.Struct):
    assignments: list[_Assignment]
    warnings: Any = None
    exception: Any = msgspec.UNSET
    error: Any = msgspec.UNSET


_answer = msgspec.json.Decoder(_Answer)


def grades(raw: bytes) -> Answered[Columns[GradeRow]] | None:
    """As ``replies.grades`` of the decoded answer; ``None`` where it is anything but what is always sent.

    Raises ``LmsUnreadable`` for warnings that make no sense.
    """
    try:
        told = _answer.decode(raw)
        found = {one.assignmentid: latest(_rows(one.grades)) for one in told.assignments}
    except (ValueError, RecursionError):  # msgspec's own errors are ValueErrors
        return None
    if told.exception is not msgspec.UNSET or told.error is not msgspec.UNSET:
        return None
    answer = Answered[Columns[GradeRow]](found)
    answer.take_warnings(Row(fn.GRADES, "", {"warnings": told.warnings}))
    return answer


def _rows(told: list[_Grade]) -> Columns[GradeRow]:
    texts = [row.grade for row in told]
    values = {text: grade_of(text) for text in set(texts)}
    return Columns(
        GradeRow,
        (
            [row.id for row in told], [row.userid for row in told], [row.attemptnumber for row in told],
            [values[text] for text in texts], [row.timemodified for row in told], [row.grader for row in told],
        ),
    )  # fmt: skip
