"""Guesses about courses and assignments: sure where the name says so, silent where it names nothing real."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvqsync.mapping import map_course
from nvqsync.matching.discovering import CourseFound, Discoverer, ItemFound, mapping_toml
from nvqsync.matching.guesses import Confidence, Guess
from nvqsync.matching.guessing_courses import guess_course
from nvqsync.matching.guessing_items import ItemGuesser
from nvqsync.matching.id_numbers import Notation
from nvqsync.matching.mapping_file import parse_mapping
from nvqsync.model import Grading, LmsCourse, LmsItem
from nvqsync.plugin_manager import load_catalogue

QUALIFICATIONS = load_catalogue(entry_points=False).qualifications
REPLIES = Path(__file__).parents[1] / "replies"


def course(full_name: str, short_name: str = "C1", id_number: str = "") -> LmsCourse:
    return LmsCourse("7", short_name, full_name, id_number)


def item(name: str, id_number: str = "", grading: Grading = Grading.SCALE, lms_id: str = "1") -> LmsItem:
    return LmsItem(lms_id, "7", name, id_number, grading)


def guess(name: str, qualification: str = "OCR/03455", id_number: str = "") -> tuple[str, str] | None:
    found = ItemGuesser(QUALIFICATIONS[qualification], QUALIFICATIONS.values()).guess(item(name, id_number))
    return found and (found.text, found.confidence.value)


COURSES = [
    ("OCR03455-26", "Customer Service", "OCR/03455", "high"),
    ("X", "Customer Service 500/8625/X", "OCR/03455", "high"),
    ("X", "Customer Service 5008625X", "OCR/03455", "high"),
    ("N", "NCFE Level 1 NVQ Certificate in Customer Service", "NCFE/50102874", "high"),
    ("EDI-CS-26", "EDI Level 2 Certificate in Customer Service", "EDI/L2-CS", "medium"),
    ("L3", "OCR L3 Diploma Customer Service", "OCR/03456", "medium"),
    ("CS1", "OCR Level 1 Certificate in Customer Service", "OCR/10378", "medium"),  # or the NVQ, shortened
    ("OCR-IT-26", "OCR Level 2 Cambridge Technical in IT (03455)", "OCR/03455", "low"),
    ("L3", "OCR Level 3 Customer Service 03455", "OCR/03455", "low"),
    ("CS-L2-EVE", "Customer Service Level 2 evening", "EDI/L2-CS", "low"),  # or OCR's
]


@pytest.mark.parametrize(
    ("short", "full", "qualification", "confidence"), COURSES, ids=[f"{s} {f}" for s, f, *_ in COURSES]
)
def test_a_course_is_guessed_from_what_its_names_say(
    short: str, full: str, qualification: str, confidence: str
) -> None:
    """Number and code weigh most, then the title with level and body; what speaks against it makes it unsure."""
    best = guess_course(course(full, short), QUALIFICATIONS)[0]
    assert (best.text, best.confidence) == (qualification, confidence)


@pytest.mark.parametrize(
    "full",
    ["NCFE CACHE Level 2 Diploma in Care", "Lab of experiments", "Realbridge College", "Performance PERF-500x30",
     "Team Leading Level 2 with OCR", "Customer Service", "Hidden course", "Room 10378", ""],
)  # fmt: skip
def test_a_course_that_names_no_qualification_is_not_guessed(full: str) -> None:
    """Another subject, a level alone, a body alone: none of them is enough for more than a hint."""
    found = guess_course(course(full, "ANY"), QUALIFICATIONS)
    assert [g for g in found if g.confidence is not Confidence.LOW and "10378" not in full] == []
    assert not found or "10378" in full


def test_equally_likely_qualifications_are_both_unsure_and_name_each_other() -> None:
    """Where only subject and level are said, two bodies offer it: neither is more than a hint."""
    found = guess_course(course("Customer Service Level 2"), QUALIFICATIONS)
    assert [(one.text, one.confidence.value) for one in found] == [("EDI/L2-CS", "low"), ("OCR/03455", "low")]
    assert "OCR/03455" in found[0].reason
    assert "EDI/L2-CS" in found[1].reason


ITEMS = [
    ("F1 Portfolio sign-off", ("F1", "high")),
    ("Deal with customers face to face: sign-off", ("A10", "high")),
    ("R/601/1212 sign-off", ("A3", "high")),
    ("Unit A3 - criteria 1.1 to 1.4", ("A3:1.1-1.4", "high")),
    ("Unit A3 \u2013 criteria 1.1, 1.2 and 2.1", ("A3:1.1-1.2,2.1", "high")),
    ("A3 1.1, 1.2, 2.1", ("A3:1.1-1.2,2.1", "medium")),
    ("A3 1.1 and F1 3.2", ("A3:1.1;F1:3.2", "medium")),
    ("A3 LO2", ("A3:2.1-2.12", "medium")),
    ("Observation for A3: AC 1.1\u20131.3", ("A3:1.1-1.3", "medium")),
    ("A3 Communicate effectively with customers", ("A3", "medium")),
    ("Comunicate efectively with customers - unit sign off", ("A3", "medium")),
    ("F2 Assignment brief", ("F2", "low")),  # a unit, but nothing says that it signs off all of it
    ("F1 unit sign-off (copy)", ("F1", "low")),
    ("F1 sign-off, practice run", ("F1", "low")),
    ("A3 Make telephone calls to customers: sign-off", ("A3", "low")),  # that is the title of A12
    ("F1 and A3 sign-off", ("F1;A3", "low")),
    ("CU791 sign-off", ("F1", "low")),  # another body's code
    ("B2 week 1.1", ("B2", "low")),  # no criterion
    ("A4 poster v1.2", ("A4", "low")),
]


@pytest.mark.parametrize(("name", "expected"), ITEMS, ids=[name for name, _ in ITEMS])
def test_an_assignment_is_guessed_from_its_name(name: str, expected: tuple[str, str]) -> None:
    """Unit codes, criterion numbers and titles are read; a whole unit is only sure where a sign-off is spoken of."""
    assert guess(name) == expected


@pytest.mark.parametrize(
    "name", ["Unit A3 criteria 9.9", "Unit A99 sign-off", "A3.1 task", "Assignment 1", "Feedback only"]
)
def test_what_does_not_exist_is_not_guessed(name: str) -> None:
    """A unit or criterion that the qualification lacks makes no guess, not the nearest one."""
    assert guess(name) is None


def test_a_code_of_digits_counts_only_after_the_word_unit() -> None:
    """Units called 1 to 18 are not read out of any number in a name."""
    assert guess("Unit 3 sign-off", "OCR/10378") == ("3", "high")
    assert guess("Task 3 sign-off", "OCR/10378") is None


def test_the_bodys_own_and_printed_codes_are_both_read() -> None:
    """EDI prints A3 beside CU795; the guess answers in the body's own code."""
    assert guess("Unit A3 - criteria 1.1 to 1.4", "EDI/L2-CS") == ("CU795:1.1-1.4", "high")
    assert guess("CU 791 sign-off", "EDI/L2-CS") == ("CU791", "high")


def test_feedback_without_a_grade_stands_for_nothing() -> None:
    """An activity whose grade type is none cannot decide anything, whatever it is called."""
    guesser = ItemGuesser(QUALIFICATIONS["OCR/03455"])
    assert guesser.guess(item("F1 sign-off", grading=Grading.NONE)) is None


def test_a_misspelt_id_number_is_a_hint_only_where_it_is_near() -> None:
    """A slip of one letter suggests the text meant; another scheme of numbers suggests nothing."""
    assert guess("witness statement", id_number="A3x") == ("A3", "low")
    assert guess("Reflective account", id_number="U3:3.1,3.2") is None


@pytest.mark.parametrize("version", ["4.3.0", "4.5.6"])
def test_recorded_assignments_that_match_no_unit_are_left_alone(version: str) -> None:
    """A real site's course under a real code for another subject: U3 to U10 are no units, and nothing is sure there."""
    reply = json.loads((REPLIES / version / "mod_assign_get_assignments.json").read_text("utf-8"))["response"]
    (row,) = reply["courses"]
    discoverer = Discoverer(QUALIFICATIONS)
    found = discoverer.course(LmsCourse(str(row["id"]), row["shortname"], row["fullname"]))
    assert [(one.text, one.confidence.value) for one in found.guesses] == [("OCR/03455", "low")]
    items = [item(one["name"], lms_id=str(one["id"])) for one in row["assignments"]]
    guesses = {one.item.name: one.guess for one in discoverer.with_items(found, items).items if one.guess}
    assert {name: (one.text, one.confidence.value) for name, one in guesses.items()} == {
        "F1 Portfolio sign-off": ("F1", "low"),
        "F2 Assignment brief": ("F2", "low"),
    }


def test_a_course_mapped_against_its_own_name_is_doubted() -> None:
    """An ID number can be wrong: the course stays mapped, is told, and its assignments' guesses are unsure."""
    discoverer = Discoverer(QUALIFICATIONS)
    found = discoverer.course(course("OCR Level 2 Cambridge Technical in IT (03455)", id_number="OCR-03455"))
    assert found.qualification_id == "OCR/03455"
    assert found.doubts == ("its name does not speak of customer service",)
    (one,) = discoverer.with_items(found, [item("F1 Portfolio sign-off")]).items
    assert one.guess is not None
    assert one.guess.confidence is Confidence.LOW
    fine = discoverer.course(course("Customer Service, level 2", id_number="OCR/03455"))
    assert fine.doubts == ()


def test_what_is_mapped_or_set_aside_is_not_guessed_at() -> None:
    """ID numbers and the centre's file have the word; a second whole-unit assignment is only a hint."""
    file = parse_mapping('[[assignment]]\nname = "Unit A5*"\nignore = true\n', "m.toml")
    discoverer = Discoverer(QUALIFICATIONS, file)
    found = discoverer.course(course("Customer Service", id_number="OCR/03455"))
    items = [
        item("First", "A3", lms_id="1"),
        item("Unit A3 sign-off", lms_id="2"),
        item("Unit A5 sign-off", lms_id="3"),
    ]
    one, two, three = discoverer.with_items(found, items).items
    assert (one.stands_for, one.origin, one.guess) == ("A3", "ID number", None)
    assert two.guess is not None
    assert two.guess.confidence is Confidence.LOW
    assert (three.origin, three.guess) == ("set aside", None)


# ---------------------------------------------------------------- the file


def test_the_written_file_maps_what_is_sure_and_keeps_the_rest_as_comments() -> None:
    """Read back, the file maps the sure assignment; uncommented, it maps the unsure one too."""
    discoverer = Discoverer(QUALIFICATIONS)
    place = course("OCR Customer Service 03455")
    items = [item("Unit A3 - criteria 1.1 to 1.4", lms_id="11"), item("F2 Assignment brief", lms_id="12")]
    found = discoverer.with_items(discoverer.course(place), items)
    text = mapping_toml([found], Confidence.HIGH, "2026-11-22")
    mapping = map_course(place, items, QUALIFICATIONS, parse_mapping(text, "m.toml"))
    assert mapping.qualification_id == "OCR/03455"
    assert [(one.item_id, one.text) for one in mapping.items] == [("11", "A3:1.1-1.4")]
    for line in text.splitlines():
        if line.lstrip("# ").startswith(("units =", "qualification =")):
            assert any(f"# {one.value}: " in line for one in Confidence)
    every = mapping_toml([found], Confidence.LOW, "2026-11-22")
    mapping = map_course(place, items, QUALIFICATIONS, parse_mapping(every, "m.toml"))
    assert [one.item_id for one in mapping.items] == ["11", "12"]


ANY_TEXT = st.text(max_size=30)


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT, st.sampled_from(list(Confidence)))
def test_no_name_can_break_out_of_its_comment_or_string(name: str, reason: str, lms_id: str, sure: Confidence) -> None:
    """Whatever stands in names and ids, the file is TOML and says nothing but its own keys."""
    one = Guess("A3", Confidence.MEDIUM, reason)
    found = CourseFound(
        LmsCourse(lms_id, name, name), guesses=(Guess("OCR/03455", Confidence.MEDIUM, reason),),
        items=(ItemFound(item(name, lms_id=lms_id), guess=one),),
    )  # fmt: skip
    read = tomllib.loads(mapping_toml([found], sure, "2026-11-22"))
    if Confidence.MEDIUM.rank <= sure.rank:
        assert read["course"] == [{"id": lms_id, "qualification": "OCR/03455"}]
        assert read["assignment"] == [{"course_id": lms_id, "id": lms_id, "units": "A3"}]
    else:
        assert read == {}


NAMES = st.lists(
    st.sampled_from(["Unit", "F1", "A3", "A10", "CU791", "1.1", "to", "1.4", "criteria", "LO1", "sign-off", "-", "9.9",
                     "v2.1",
                     "Communicate effectively with customers", "copy", "practice", "u3", "R/601/1212"]),
    max_size=7,
).map(" ".join)  # fmt: skip


@given(NAMES, st.sampled_from(sorted(QUALIFICATIONS)))
def test_every_guess_is_valid_notation(name: str, qualification: str) -> None:
    """Whatever a name says, what is guessed from it exists; a sure whole unit always speaks of a sign-off."""
    found = ItemGuesser(QUALIFICATIONS[qualification], QUALIFICATIONS.values()).guess(item(name))
    if found is None:
        return
    notation = Notation(QUALIFICATIONS[qualification])
    targets = notation.parse(found.text).targets
    assert notation.format(notation.parse(found.text)) == found.text
    if found.confidence is Confidence.HIGH and any(target.criteria is None for target in targets):
        assert "sign-off" in name
