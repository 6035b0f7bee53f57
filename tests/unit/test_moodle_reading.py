"""Putting one course together: pure, from plain rows; and the connector's settings and memory."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.moodle.connector import open_connector, register_lms_connectors
from connectors.moodle.forms import Form, Marking
from connectors.moodle.gathered import Gathered
from connectors.moodle.gradebook import Report
from connectors.moodle.memory import Memory
from connectors.moodle.options import Options
from connectors.moodle.reading import assemble
from connectors.moodle.replies import Assignment, GradeRow
from connectors.moodle.wire import Answered
from nvqsync.errors import SettingsError
from nvqsync.hookspecs import LmsOffer
from nvqsync.model import GradebookEntry, Grading, GradingRow, LmsCourse, LmsMember, RowScore

COURSE = LmsCourse("2", "HSC-2", "Health", "OCR/03455")
MEMBERS = tuple(LmsMember(str(n), f"Learner {n}", id_number=str(n), roles=("student",)) for n in range(3, 6))
PLAIN = Assignment(1, 901, "Test", 60, workflow=False, identities_hidden=False, team=False)
REVIEWED = replace(PLAIN, id=2, cmid=902, name="Reviewed", workflow=True)
SIGNED = replace(PLAIN, id=3, cmid=903, name="Sign-off", grade=-4)
MARKED = replace(PLAIN, id=4, cmid=904, name="Rubric", grade=100)
ALL = (PLAIN, REVIEWED, SIGNED, MARKED)
ROWS = (GradingRow("11", "1.1 Plan", Decimal(2)), GradingRow("12", "1.2 Do", Decimal(2)))
RUBRIC = Form(
    7, Grading.RUBRIC, ROWS, {(11, 1): Decimal(0), (11, 2): Decimal(2), (12, 3): Decimal(0), (12, 4): Decimal(2)}
)


def grade(number: int, user: int, value: int | None) -> GradeRow:
    return GradeRow(number, user, 0, None if value is None else Decimal(value), 1000, 28)


def gathered(**changes: Any) -> Gathered:
    """A course in which everything was answered."""
    rows = {a.id: [grade(a.id * 10, 3, 2)] for a in ALL}
    facts: dict[str, Any] = {
        "course": COURSE,
        "server_time": 5000,
        "assignments": ALL,
        "members": MEMBERS,
        "hidden": {a.id: False for a in ALL},
        "grades": Answered(rows),
        "flags": Answered({2: {3: "released"}}),
        "forms": Answered({901: None, 902: None, 903: None, 904: RUBRIC}),
        "scales": {4: ("Not yet competent", "Competent")},
        "markings": {40: Marking(9, 40, 1000, ((11, 2, None), (12, 3, None)))},
        "report": Report(
            "OCR/03455", {1: "F1", 2: "F2", 3: "A3", 4: "A3:1.1-1.2"}, {(3, 1): GradebookEntry(Decimal(2))}, {3}
        ),
    }
    return Gathered(**(facts | changes))


def test_all_answered_is_all_read() -> None:
    """Nothing unread, nothing to tell, one observation a grade."""
    reading = assemble(gathered())
    assert (reading.unread_items, reading.notices) == ((), ())
    assert [(o.item_id, o.learner_id, o.grade) for o in reading.observations] == [
        (str(n), "3", 2) for n in (1, 2, 3, 4)
    ]
    assert reading.observations[3].rows == (RowScore("11", Decimal(2)), RowScore("12", Decimal(0)))
    assert [o.gradebook is None for o in reading.observations] == [False, True, True, True]


GAPS = {
    "grades denied": ({"grades": Answered({2: [], 3: [], 4: []}, denied={1})}, "1", "moodle-no-access"),
    "grades cut": ({"grades": Answered({1: [], 2: [], 3: []})}, "4", "moodle-cut-short"),
    "flags denied": ({"flags": Answered(denied={2})}, "2", "moodle-no-access"),
    "flags cut": ({"flags": Answered()}, "2", "moodle-cut-short"),
    "form denied": ({"forms": Answered({901: None, 902: None, 903: None}, denied={904})}, "4", "moodle-no-access"),
    "form cut": ({"forms": Answered({902: None, 903: None, 904: RUBRIC})}, "1", "moodle-cut-short"),
    "scale gone": ({"scales": {4: None}}, "3", "moodle-no-scale"),
    "no ID number told": ({"report": Report("X", {1: "F1", 2: "F2", 3: "A3"})}, "4", "moodle-no-access"),
}


@pytest.mark.parametrize("gap", GAPS)
def test_silence_counts_as_unread(gap: str) -> None:
    """What was not answered for gets no observation, is listed as unread, and a person is told which activity."""
    changes, item, code = GAPS[gap]
    reading = assemble(gathered(**changes))
    assert reading.unread_items == (item,)
    assert item not in {o.item_id for o in reading.observations}
    (notice,) = reading.notices
    assert (notice.code, notice.severity, notice.course_id) == (code, "problem", "2")
    assert "HSC-2" in notice.says
    assert next(a.name for a in ALL if str(a.id) == item) in notice.says


def test_nothing_found_is_not_silence() -> None:
    """Warning 3 on grades and on flags: an ungraded assignment, read."""
    reading = assemble(gathered(grades=Answered({1: []}, empty={2, 3, 4}), flags=Answered(empty={2})))
    assert (reading.unread_items, reading.observations) == ((), ())


def test_an_item_without_grades_needs_no_scale_nor_form() -> None:
    """A feedback-only assignment is grading "none", whatever else hangs on it."""
    ungraded = replace(MARKED, grade=0)
    reading = assemble(gathered(assignments=(ungraded,), scales={}, grades=Answered(empty={4}), forms=Answered()))
    assert [(i.grading, i.rows, i.maximum) for i in reading.items] == [(Grading.NONE, (), None)]
    assert reading.unread_items == ()


def test_a_level_that_is_no_longer_on_the_rubric_gives_no_score() -> None:
    """A rubric that was edited after marking: the row counts as not given, and a note says so."""
    reading = assemble(gathered(markings={40: Marking(9, 40, 1000, ((11, 77, None), (12, 4, None), (13, 4, None)))}))
    assert reading.observations[3].rows == (RowScore("12", Decimal(2)),)
    assert [(n.code, n.severity) for n in reading.notices] == [("moodle-form-changed", "note")]


def test_a_level_of_another_row_gives_no_score() -> None:
    """A level counts only in its own row."""
    reading = assemble(gathered(markings={40: Marking(9, 40, 1000, ((11, 4, None),))}))
    assert reading.observations[3].rows == ()


def test_a_withdrawn_grade_has_no_rows() -> None:
    """Rows of a marking that was reset do not outlive the grade."""
    rows = {a.id: [grade(a.id * 10, 3, None)] for a in ALL}
    reading = assemble(gathered(grades=Answered(rows)))
    assert [(o.grade, o.rows) for o in reading.observations] == [(None, ())] * 4


def test_the_course_number_is_the_one_just_read() -> None:
    """An ID number changed since the list was made is the new one; where nobody could tell, the old one stays."""
    assert assemble(gathered(report=Report("NEW/1", {1: "", 2: "", 3: "", 4: ""}))).course.id_number == "NEW/1"
    assert assemble(gathered(report=Report())).course.id_number == "OCR/03455"


ANSWERS = st.sampled_from(["rows", "empty", "denied", "silent"])


@given(grades=st.lists(ANSWERS, min_size=4, max_size=4), flag=ANSWERS, forms=st.lists(ANSWERS, min_size=4, max_size=4))
def test_every_item_is_answered_for_or_unread(grades: list[str], flag: str, forms: list[str]) -> None:
    """Whatever combination of answers comes: an item with an observation is never unread, and no unreleased workflow
    grade is shown with a state that nobody told."""
    found = assemble(
        gathered(
            grades=answered(dict(zip([1, 2, 3, 4], grades, strict=True)), lambda i: [grade(i * 10, 3, 2)]),
            flags=answered({2: flag}, lambda _: {3: "inreview"}),
            forms=answered(dict(zip([901, 902, 903, 904], forms, strict=True)), lambda c: RUBRIC if c == 904 else None),
        )
    )
    shown = {o.item_id for o in found.observations}
    assert not shown & set(found.unread_items)
    for index, item in enumerate(("1", "2", "3", "4")):
        whole = grades[index] == "rows" and forms[index] == "rows" and (item != "2" or flag in ("rows", "empty"))
        assert (item in shown) is whole
    states = {o.workflow_state for o in found.observations if o.item_id == "2"}
    assert states <= ({"inreview"} if flag == "rows" else {"notmarked"})


def answered(how: dict[int, str], row: Any) -> Answered[Any]:
    """An answer in which each id was treated as ``how`` says."""
    return Answered(
        {i: row(i) for i, what in how.items() if what == "rows"},
        {i for i, what in how.items() if what == "denied"},
        {i for i, what in how.items() if what == "empty"},
    )


# ---------------------------------------------------------------- settings and memory


class Secret:
    """What a settings library wraps a secret in."""

    def get_secret_value(self) -> str:
        return " tok "


def test_settings_are_taken_with_their_defaults() -> None:
    """Unset values fall back, a wrapped token is unwrapped, and neither token nor proxy shows in a repr."""
    options = Options.from_settings(
        {
            "url": "https://m.example.test",
            "token": Secret(),
            "proxy": "http://u:p@proxy:1",
            "ca_bundle": None,
            "uln_field": "nhs",
        }
    )
    assert (options.token, options.connections, options.fields.uln, options.fields.date_of_birth) == (
        "tok",
        4,
        "nhs",
        "dob",
    )
    assert "tok" not in repr(options)
    assert "u:p" not in repr(options)


@pytest.mark.parametrize(
    "wrong",
    [{"url": ""}, {"token": ""}, {"url": "moodle"}, {"timeout": "soon"}, {"connections": 0}, {"max_reply_mb": -1}],
)
def test_an_impossible_setting_is_named(wrong: dict[str, Any]) -> None:
    """The message names the key; nothing is sent."""
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        open_connector({"url": "https://m.example.test", "token": "t", **wrong})


def test_the_connector_is_offered_under_its_name() -> None:
    """The host finds it as "moodle"."""
    offers: list[LmsOffer] = []
    register_lms_connectors(offers.append)
    assert [offer.name for offer in offers] == ["moodle"]
    connector = offers[0].open({"url": "https://m.example.test", "token": "secret"})
    assert "secret" not in repr(connector)
    connector.close()


def test_an_answer_is_kept_until_it_is_old_and_nothing_is_not_kept() -> None:
    """Twelve hours later it is asked for again; "not told" is asked for every time."""
    now, asked = [0.0], []
    memory = Memory(clock=lambda: now[0])

    def ask(answer: int | None) -> int | None:
        asked.append(answer)
        return answer

    assert [memory.recall("a", lambda: ask(1)), memory.recall("a", lambda: ask(2))] == [1, 1]
    now[0] = 12 * 3600.0
    assert memory.recall("a", lambda: ask(3)) == 3
    assert [memory.recall("b", lambda: ask(None)), memory.recall("b", lambda: ask(4))] == [None, 4]
    assert asked == [1, 3, None, 4]
