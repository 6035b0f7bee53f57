"""From recorded replies to plain rows, and what odd replies come to."""

from __future__ import annotations

import contextlib
import copy
import datetime as dt
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.moodle import bulk, forms, gradebook, replies, sources
from connectors.moodle.replies import ProfileFields
from connectors.moodle.wire import Row, grade_of, stripped
from nvqsync.errors import LmsUnreadable
from nvqsync.model import GradebookEntry, Grading

REPLIES = Path(__file__).parents[1] / "replies"
RELEASES = ("4.3.0", "4.5.6")
PARSERS: dict[str, Callable[[Any], Any]] = {
    "core_webservice_get_site_info": replies.site,
    "core_course_get_courses": replies.courses,
    "core_course_get_courses_by_field": lambda payload: replies.courses(payload, by_field=True),
    "core_course_get_contents": replies.hidden_activities,
    "core_course_get_course_module__with_manageactivities_points": replies.pass_mark,
    "core_enrol_get_enrolled_users__options": lambda payload: replies.members(payload, ProfileFields()),
    "mod_assign_get_assignments": lambda payload: replies.assignments(payload, [2])[2],
    "mod_assign_get_grades__scale": replies.grades,
    "mod_assign_get_user_flags": replies.flags,
    "core_competency_get_scale_values": replies.scale,
    "core_grading_get_definitions__all_cms": forms.definitions,
    "core_grading_get_gradingform_instances__rubric": forms.markings,
    "core_grading_get_gradingform_instances__guide": forms.markings,
    "gradereport_user_get_grade_items": lambda payload: gradebook.report(payload, outcomes=True),
    "mod_assign_get_submissions": replies.later_attempts,
    "mod_assign_get_submission_status__multi_3": lambda payload: (replies.superseded(payload),),
    "mod_assign_get_submission_status__team_6": lambda payload: (replies.superseded(payload),),
    "core_competency_list_course_competencies": sources.competencies,
    "tool_lp_data_for_user_competency_summary_in_course": (
        lambda payload: sources.proficiency(payload, course=2, user=3, competency=1)
    ),
}


def recorded(name: str, release: str = "4.5.6") -> Any:
    """The body of a recorded reply."""
    text = (REPLIES / release / f"{name}.json").read_text("utf-8")
    return json.loads(text, parse_float=Decimal)["response"]


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("name", PARSERS)
def test_every_recorded_reply_is_understood(name: str, release: str) -> None:
    """Both releases' real answers are read without complaint, and not as nothing."""
    found = PARSERS[name](recorded(name, release))
    assert found is not None
    assert found != []


# ---------------------------------------------------------------- what they say


@pytest.mark.parametrize("release", RELEASES)
def test_the_site_is_known_without_its_secret(release: str) -> None:
    """Who answers and what the service offers; the private access key stays out of every record."""
    payload = recorded("core_webservice_get_site_info", release)
    payload["userprivateaccesskey"] = "feedfacefeedfacefeedfacefeedface"
    site = replies.site(payload)
    assert site.name == "Realbridge College"
    assert site.release.startswith(release[:3])
    assert "mod_assign_get_grades" in site.functions
    assert site.policy_agreed is (None if release == "4.3.0" else False)
    assert "feedface" not in repr(site)


def test_a_course_list_leaves_out_the_front_page_and_says_what_it_did_not_tell() -> None:
    """Without the right to edit courses their ID numbers are absent, which is not the same as empty."""
    payload = [
        {"id": 1, "shortname": "RC", "fullname": "College"},
        {"id": 2, "shortname": "HSC", "fullname": "Health &amp; Social Care"},
        {"id": 3, "shortname": "IT", "fullname": "IT", "idnumber": ""},
    ]
    (health, told), (_, told_empty) = replies.courses(payload)
    assert (health.lms_id, health.full_name, told, told_empty) == ("2", "Health & Social Care", False, True)


def test_a_member_carries_what_profile_fields_hold() -> None:
    """ULN, candidate number and date of birth come from the fields the settings name."""
    first = replies.members(recorded("core_enrol_get_enrolled_users__options"), ProfileFields())[0]
    assert (first.lms_id, first.name, first.id_number, first.roles) == ("3", "Aisha Ahmed", "310240", ("student",))
    assert (first.uln, first.candidate_number) == ("1000000000", "2000")
    assert first.date_of_birth == dt.date(2007, 1, 1)
    other = replies.members(recorded("core_enrol_get_enrolled_users__options"), ProfileFields(uln="nhs"))[0]
    assert other.uln == ""


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("1167609600", dt.date(2007, 1, 1)),
        (str(int(dt.datetime(2005, 6, 30, 23, 0, tzinfo=dt.UTC).timestamp())), dt.date(2005, 7, 1)),
        (str(int(dt.datetime(2005, 12, 31, 23, 0, tzinfo=dt.UTC).timestamp())), dt.date(2005, 12, 31)),
        ("-86400", dt.date(1969, 12, 31)),
        ("0", None),
        ("20050314", dt.date(2005, 3, 14)),
        ("20904400", dt.date(1970, 8, 30)),
        ("-99999999999", None),
        ("", None),
        ("2005-03-14", dt.date(2005, 3, 14)),
        ("14/03/2005", dt.date(2005, 3, 14)),
        ("99999999999", dt.date(5138, 11, 16)),
        ("a while ago", None),
        ("31/02/2005", None),
    ],
)
def test_a_date_of_birth_is_a_london_day(value: str, day: dt.date | None) -> None:
    """Midnight in British summer time is 23:00 UTC the day before; unset and nonsense are no day at all."""
    entry = {"shortname": "dob", "value": value, "type": "datetime", "name": "Date of birth"}
    row = {"id": 3, "fullname": "A B", "roles": [], "customfields": [entry]}
    assert replies.members([row], ProfileFields())[0].date_of_birth == day


@pytest.mark.parametrize(
    "name",
    ["Zoë Ó Briain", "محمد علي", "李小龍", "Anna\u200bMaria 😀", "O'Neill <b>", "Robert'); DROP TABLE learners;--"],
)
def test_names_survive_as_they_are(name: str) -> None:
    """Right-to-left, four-byte and invisible characters, quotes and brackets are all parts of a name."""
    payload = json.loads(json.dumps([{"id": 3, "fullname": name, "roles": []}]))
    assert replies.members(payload, ProfileFields())[0].name == name


def test_half_a_character_does_not_travel_on() -> None:
    """A lone surrogate, which no encoding can carry, becomes a question mark and not a crash when it is stored."""
    name = replies.members([{"id": 3, "fullname": "A\ud800B", "roles": []}], ProfileFields())[0].name
    assert name.encode() == b"A?B"


def test_no_access_to_a_course_is_told_from_a_course_without_assignments() -> None:
    """Warning 1 or 2 about the course is no access; an answer that names the course is an answer."""
    denied = recorded("mod_assign_get_assignments__without_includenotenrolled")
    assert replies.assignments(denied, [2]) == {2: None}
    empty = recorded("mod_assign_get_assignments__hidden_course")
    found = replies.assignments(empty, [6])[6]
    assert found is not None
    assert found.assignments == ()
    with pytest.raises(LmsUnreadable, match="says nothing about course 2"):
        replies.assignments(recorded("mod_assign_get_assignments__no_params"), [2])


def test_grades_are_decimals_and_minus_one_is_none() -> None:
    """The text "2.00000" is 2, "-1.00000" is no grade, "0.00000" a real zero; nothing else below zero is a grade."""
    assert [grade_of(text) for text in ("2.00000", "-1.00000", "0.00000", "55.5")] == [
        Decimal(2),
        None,
        Decimal(0),
        Decimal("55.5"),
    ]
    for nonsense in ("-2.00000", "-0.5", "NaN", "Infinity", "1e3", "", "2,5", "٢", " 2"):
        with pytest.raises(ValueError, match=r".*"):
            grade_of(nonsense)


odd_grades = st.fixed_dictionaries({
    "id": st.integers(1, 10**6) | st.sampled_from([0, -1, True, None, 10**18]),
    "userid": st.integers(1, 10**6) | st.sampled_from([0, 2.5, False]),
    "attemptnumber": st.integers(0, 3) | st.sampled_from([-1, []]),
    "grade": st.sampled_from(["2.00000", "-1.00000", "55.5"]) | st.sampled_from([2, "", "-3", None, ["1"]]),
    "timemodified": st.integers(-1, 2**40) | st.sampled_from([10**19, -(10**18), "x"]),
    "grader": st.integers(-1, 900) | st.just({}),
})  # fmt: skip
sound_grades = st.fixed_dictionaries({
    "id": st.integers(1, 10**6), "userid": st.integers(1, 10**6), "attemptnumber": st.integers(0, 3),
    "grade": st.sampled_from(["2.00000", "-1.00000", "55.5"]), "timemodified": st.integers(0, 2**40),
    "grader": st.integers(-1, 900),
})  # fmt: skip


@given(st.lists(sound_grades, max_size=4) | st.lists(sound_grades | odd_grades, max_size=3))
def test_grades_read_from_their_bytes_are_those_read_one_by_one(rows: list[dict[str, Any]]) -> None:
    """Straight from the bytes comes the same as by the careful way, or nothing at all where anything is odd."""
    payload = {"assignments": [{"assignmentid": 6, "grades": rows}], "warnings": []}
    found = bulk.grades(json.dumps(payload).encode())
    if found is not None:
        assert found == replies.grades(payload)


@settings(max_examples=200)
@given(st.data())
def test_a_grade_reply_with_one_thing_wrong_reads_alike_both_ways(data: st.DataObject) -> None:
    """Whatever is missing, null or of another type anywhere: never another reading than the careful one."""
    payload = recorded("mod_assign_get_grades__scale")
    path = data.draw(st.sampled_from(list(spots(payload))))
    change = data.draw(st.sampled_from([..., None, True, "", "x", "7", 0, -1, 2.5, 10**19, [], {}, [None]]))
    odd = json.loads(json.dumps(altered(payload, path, change)), parse_float=Decimal)

    def read(understand: Callable[[], Any]) -> Any:
        try:
            return understand()
        except LmsUnreadable as refusal:
            return refusal.says

    quickly = read(lambda: bulk.grades(json.dumps(odd, default=float).encode()))
    if quickly is not None:
        assert quickly == read(lambda: replies.grades(odd))


@pytest.mark.parametrize("release", RELEASES)
def test_recorded_grades_are_read_from_their_bytes(release: str) -> None:
    """What real Moodle sends never has to go the careful way."""
    payload = recorded("mod_assign_get_grades__scale", release)
    assert bulk.grades(json.dumps(payload).encode()) == replies.grades(payload)


@pytest.mark.parametrize("raw", [
    b"", b"[]", b"null", b"<html>", b"\xff\xfe", b'Notice: x {"assignments":[]}', b'{"assignments":[]',
    b'{"warnings":[]}',
    b'{"exception":"x","errorcode":"invalidtoken"}', b'{"assignments":[],"exception":"x"}',
    b'{"assignments":[],"error":"x","errorcode":"y"}', b'{"assignments":[{"assignmentid":1,"grades":[NaN]}]}',
    b"[" * 100_000,
])  # fmt: skip
def test_what_is_no_answer_is_left_to_the_careful_way(raw: bytes) -> None:
    """Errors, damage and stray output are told apart there, and there alone."""
    assert bulk.grades(raw) is None


@pytest.mark.parametrize("told", [None, {}, "", 0, {"id": 1}, [[]], [None]])
def test_grades_that_are_no_list_of_objects_are_refused(told: Any) -> None:
    """Nothing that merely looks empty is taken for an assignment without grades."""
    with pytest.raises(LmsUnreadable):
        replies.grades({"assignments": [{"assignmentid": 6, "grades": told}]})


def test_nothing_found_and_no_access_are_kept_apart() -> None:
    """Warning 3 is an ungraded assignment, warning 1 a lost right, and an id in neither was cut off."""
    payload = {
        "assignments": [{"assignmentid": 1, "grades": []}],
        "warnings": [
            {"item": "assignment", "itemid": 2, "warningcode": "3", "message": "No grades found"},
            {"item": "assignment", "itemid": 3, "warningcode": "1", "message": "No access rights in module context"},
        ],
    }
    found = replies.grades(payload)
    assert (set(found.rows), found.empty, found.denied, found.silent([1, 2, 3, 4])) == ({1}, {2}, {3}, {4})


def test_the_latest_attempt_counts() -> None:
    """Should two rows of one user come, the later attempt's is kept, in whatever order they stand."""
    rows = [
        {"id": i, "userid": 3, "attemptnumber": n, "timemodified": 9, "grader": 28, "grade": g}
        for i, n, g in ((7, 1, "2.00000"), (6, 0, "1.00000"))
    ]
    found = replies.grades({"assignments": [{"assignmentid": 6, "grades": rows}], "warnings": []})
    assert [(row.id, row.grade) for row in found.rows[6]] == [(7, Decimal(2))]


def test_a_rubric_and_a_guide_are_read_with_their_top_scores() -> None:
    """Rows in order, the highest level's score or the guide row's maximum; plain grading is told apart."""
    found = forms.definitions(recorded("core_grading_get_definitions__all_cms")).rows
    rubric, guide = found[2], found[3]
    assert rubric is not None
    assert guide is not None
    assert found[1] is None
    assert rubric.grading is Grading.RUBRIC
    assert [(row.row_id, row.text, row.top_score) for row in rubric.rows][2] == ("3", "2.1 Explain a risk", Decimal(2))
    assert guide.grading is Grading.GUIDE
    assert [(row.text, row.top_score) for row in guide.rows] == [
        ("3.1 Plan a care activity", Decimal(10)),
        ("3.2 Review the activity", Decimal(15)),
    ]


@pytest.mark.parametrize(("method", "status"), [("rubric", 10), ("btec", 20), (None, 20)])
def test_a_form_that_moodle_does_not_use_is_plain_grading(method: str | None, status: int) -> None:
    """A draft, another plugin's form, a form that is switched off: the computed or plain grade counts."""
    payload = recorded("core_grading_get_definitions__all_cms")
    area = next(area for area in payload["areas"] if area["cmid"] == 2)
    area["activemethod"] = method
    area["definitions"][0]["status"] = status
    assert forms.definitions(payload).rows[2] is None


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>1.1 Identify <b>risks</b></p>", "1.1 Identify risks"),
        ("<div><b>1</b>.1&nbsp;Plan</div>", "1.1 Plan"),
        ("1.1 Plan<br>a visit", "1.1 Plan a visit"),
        ("<ul><li>1.1</li><li>1.2</li></ul>", "1.1 1.2"),
        ("A &amp; B &lt; C", "A & B < C"),
        ("  1.1\n  Plan ", "1.1 Plan"),
        ("x < y", "x < y"),
    ],
)
def test_markup_becomes_text(html: str, text: str) -> None:
    """What a person reads on the rubric is what the mapping sees."""
    assert stripped(html) == text


@pytest.mark.parametrize(
    ("short_name", "description", "text"),
    [
        ("3.1", "3.1 Plan", "3.1 Plan"),
        ("3.1", "Plan", "3.1 Plan"),
        ("Planning", "3.1 Plan", "3.1 Plan (Planning)"),
        ("Planning", "Plan", "Planning Plan"),
        ("3.1", "", "3.1"),
        ("", "3.1 Plan", "3.1 Plan"),
    ],
)
def test_a_guide_row_starts_with_its_number(short_name: str, description: str, text: str) -> None:
    """Whether the number stands in the short name or in the description, the row's text starts with it."""
    payload = recorded("core_grading_get_definitions__all_cms")
    area = next(area for area in payload["areas"] if area["cmid"] == 3)
    area["definitions"][0]["guide"]["guide_criteria"][0] |= {"shortname": short_name, "description": description}
    guide = forms.definitions(payload).rows[3]
    assert guide is not None
    assert guide.rows[0].text == text


def test_the_latest_marking_of_a_grade_counts() -> None:
    """Marking again makes a new instance for the same grade row; archived ones are passed over."""

    def instance(number: int, when: int, level: int, status: int = 1) -> dict[str, Any]:
        filled = {"criteria": [{"criterionid": 1, "levelid": level}]}
        return {"id": number, "itemid": 84, "status": status, "timemodified": when, "rubric": filled}

    payload = {"instances": [instance(99, 50, 2), instance(98, 40, 1), instance(100, 60, 3, status=3)]}
    assert forms.markings(payload)[84].filled == ((1, 2, None),)


def test_the_gradebook_gives_id_numbers_and_cells_of_assignments_alone() -> None:
    """Outcomes share the assignment's ids but not its ID number; manual and course items are passed over."""
    report = gradebook.report(recorded("gradereport_user_get_grade_items"))
    assert report.course_id_number == "OCR-03455"
    assert report.id_numbers[2] == "F2:1.1,1.2,2.1"
    assert report.id_numbers[1] == "F1"
    assert report.cells[3, 1] == GradebookEntry(Decimal(2), hidden=False, overridden=False)
    assert report.cells[3, 8] == GradebookEntry(None)


def test_a_pass_mark_the_token_may_not_read_is_unknown() -> None:
    """Absent is unknown; "0.00", which Moodle keeps for "none set", is handed on as the zero it is."""
    assert replies.pass_mark(recorded("core_course_get_course_module")) is None
    assert replies.pass_mark(recorded("core_course_get_course_module__with_manageactivities_points")) == Decimal(24)
    rubric = recorded("core_course_get_course_module__with_manageactivities_rubric")
    assert replies.pass_mark(rubric) == 0


@pytest.mark.parametrize(("visible", "section", "hidden"), [(1, 1, False), (0, 1, True), (1, 0, True)])
def test_a_hidden_activity_or_section_hides(visible: int, section: int, hidden: bool) -> None:
    """An activity in a hidden section is hidden too."""
    module = {"id": 9, "instance": 4, "modname": "assign", "visible": visible}
    other = {"id": 8, "instance": 4, "modname": "quiz", "visible": 1}
    assert replies.hidden_activities([{"visible": section, "modules": [module, other]}]) == {4: hidden}


# ---------------------------------------------------------------- odd shapes


def spots(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a payload."""
    yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield from spots(member, (*path, key))


def altered(payload: Any, path: tuple[Any, ...], change: Any) -> Any:
    """A copy with one place removed (``change`` is ``...``) or replaced."""
    if not path:
        return None if change is ... else change
    changed = copy.deepcopy(payload)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    if change is ...:
        del holder[path[-1]]
    else:
        holder[path[-1]] = change
    return changed


ODD = st.sampled_from([..., None, True, "", "x", "-1", 0, -5, 2**70, Decimal("1.5"), [], {}, [None], {"a": 1}, [[]]])


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_an_odd_reply_is_refused_or_read_and_never_breaks_the_reader(data: st.DataObject) -> None:
    """Whatever place is missing, null or of another type: a clear refusal naming the function, or a reading."""
    name = data.draw(st.sampled_from(sorted(PARSERS)))
    payload = recorded(name, data.draw(st.sampled_from(RELEASES)))
    path = data.draw(st.sampled_from(list(spots(payload))))
    try:
        PARSERS[name](altered(payload, path, data.draw(ODD)))
    except LmsUnreadable as refusal:
        assert name.split("__")[0] in refusal.says
        assert refusal.next_step


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_no_oddity_invents_a_grade(data: st.DataObject) -> None:
    """A damaged grades reply yields only (assignment, user, grade) triples that the sound one held, or that the damage
    spells out in full: never a grade for another person, never a number out of nothing."""
    payload = recorded("mod_assign_get_grades__scale")
    sound = triples(payload)
    path = data.draw(st.sampled_from([p for p in spots(payload) if p[-1:] not in (("userid",), ("assignmentid",))]))
    change = data.draw(st.sampled_from([..., None, True, "", "x", [], {}, Decimal("NaN"), [None]]))
    with contextlib.suppress(LmsUnreadable):
        assert triples(altered(payload, path, change)) <= sound


def triples(payload: Any) -> set[tuple[int, int, Decimal | None]]:
    """Who got what where."""
    rows = replies.grades(payload).rows
    return {(assignment, row.user_id, row.grade) for assignment, found in rows.items() for row in found}


@given(st.dictionaries(st.text(min_size=1), st.none() | st.integers() | st.text() | st.lists(st.integers())))
def test_further_keys_are_welcome(extra: dict[str, Any]) -> None:
    """A later release may add keys anywhere in a grade row; what is known is read as before."""
    row = {"id": 1, "userid": 3, "attemptnumber": 0, "timemodified": 9, "grader": 28, "grade": "2.00000"}
    payload = {"assignments": [{"assignmentid": 1, "grades": [extra | row]}], "warnings": []}
    assert triples(extra | payload) == {(1, 3, Decimal(2))}


@pytest.mark.parametrize(
    ("ask", "value", "found"),
    [
        ("integer", "12", 12),
        ("integer", -3, -3),
        ("truth", 1, True),
        ("truth", "0", False),
        ("truth", False, False),
        ("number", "24.00", Decimal("24.00")),
        ("number", 2, Decimal(2)),
        ("text", 7, "7"),
    ],
)
def test_a_value_in_another_dress_is_the_same_value(ask: str, value: Any, found: Any) -> None:
    """Moodle sends ids as text here and there, and truth in three ways."""
    assert getattr(Row("f", "", {"k": value}), ask)("k") == found


@pytest.mark.parametrize(
    ("ask", "value"),
    [
        ("integer", True),
        ("integer", Decimal("1.5")),
        ("integer", "1.0"),
        ("integer", "٣"),
        ("identifier", 0),
        ("truth", 2),
        ("truth", "yes"),
        ("number", True),
        ("number", Decimal("Infinity")),
        ("number", "1e5"),
        ("text", []),
        ("text", True),
        ("rows", {}),
        ("row", []),
    ],
)
def test_a_value_of_another_kind_is_refused_by_name(ask: str, value: Any) -> None:
    """The refusal names the place: the function, the object and the key."""
    with pytest.raises(LmsUnreadable, match=r"mod_f.*grades\[3\]\.k"):
        getattr(Row("mod_f", "grades[3]", {"k": value}), ask)("k")
