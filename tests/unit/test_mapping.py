"""Which item stands for what: the mapping file, ID numbers, plugins last; and everything that is not mapped."""

from __future__ import annotations

from decimal import Decimal

import pytest

from nvqsync.mapping import CourseMapping, Problem, map_course, map_courses
from nvqsync.matching.coverage import coverage
from nvqsync.matching.mapping_file import parse_mapping
from nvqsync.matching.mapping_rules import PassRule
from tests.unit import made_up

CATALOGUE = made_up.catalogue()


def mapped(*items, text: str = "", course=None, match_unit=None) -> CourseMapping:
    file = parse_mapping(text, "mapping.toml") if text else None
    return map_course(course or made_up.course(), items, CATALOGUE, file, match_unit)


def only(mapping: CourseMapping) -> Problem:
    (problem,) = mapping.problems
    return problem


def test_an_id_number_maps_an_item():
    """The convention needs no file at all."""
    found = mapped(made_up.item("70", "a3:1.1 – 1.3@o #2026"))
    assert [(one.item_id, one.text, one.origin) for one in found.items] == [("70", "A3:1.1-1.3@O", "ID number")]
    assert found.items[0].combine == "any"
    assert (found.qualification_id, found.sign_off, found.problems) == ("OCR/90001", "assessor", ())


def test_a_course_that_is_none_of_ours_maps_nothing_and_complains_of_nothing():
    """A college has many other courses."""
    found = mapped(made_up.item(), course=made_up.course(id_number="ENG-2"))
    assert (found.qualification_id, found.items, found.problems) == ("", (), ())


def test_a_misspelt_qualification_is_reported_with_the_nearest():
    """A course meant for us but misspelt must not be overlooked."""
    problem = only(mapped(made_up.item(), course=made_up.course(id_number="OCR/9001#b")))
    assert (problem.code, problem.nearest, problem.severity) == ("unknown-qualification", "OCR/90001#b", "problem")


def test_an_item_without_id_number_is_noted():
    """It may be practice work, so it is a note and no problem; its own tail is no mapping."""
    found = mapped(made_up.item("70", ""), made_up.item("71", "# practice"))
    assert [(one.code, one.severity, one.item_id) for one in found.problems] == [
        ("unmapped", "note", "70"),
        ("unmapped", "note", "71"),
    ]


def test_an_id_number_that_is_not_understood_is_refused_whole():
    """F1 is right, A3:9.9 is not: neither counts, and the nearest text puts it right."""
    found = mapped(made_up.item("70", "F1;A3:9.9"))
    assert found.items == ()
    problem = only(found)
    assert (problem.code, problem.nearest, problem.item_id) == ("not-understood", "F1;A3:3.9", "70")


def test_a_unit_of_another_qualification_says_where_it_belongs():
    """E5 is a real unit, but not of this course's qualification."""
    problem = only(mapped(made_up.item("70", "E5")))
    assert problem.code == "unit-not-in-qualification"
    assert "E/100/0055" in problem.says
    assert "OCR/90002" in problem.says


@pytest.mark.parametrize(
    "name", ["Greeting (copy)", "greeting", "Copy of Greeting", "Greeting - copy 2", "Greeting (2)"]
)
def test_an_unmapped_item_that_looks_like_a_copy_is_named(name):
    """A restored copy loses its ID number; the suggestion differs from the original's by its tail."""
    found = mapped(
        made_up.item("70", "A3:1.1", name="Greeting"),
        made_up.item("71", "A3:1.2#2", name="Other"),
        made_up.item("72", "", name=name),
    )
    problem = only(found)
    assert (problem.code, problem.item_id, problem.nearest) == ("looks-like-a-copy", "72", "A3:1.1#2")


def test_two_copies_get_two_suggestions():
    """The LMS refuses one ID number twice in a course, so neither may be suggested twice or be taken already."""
    items = [made_up.item("70", "A3", name="Greet"), made_up.item("71", "F1#2"), made_up.item("74", "A3#2", name="Z")]
    copies = [made_up.item(n, "", name="Greet (copy)") for n in ("72", "73")]
    assert [one.nearest for one in mapped(*items, *copies).problems] == ["A3#3", "A3#4"]


def test_two_unmapped_items_of_one_name_are_no_copies():
    """With no mapped original there is nothing to be a copy of."""
    found = mapped(made_up.item("70", "", name="Quiz"), made_up.item("71", "", name="Quiz (copy)"))
    assert {one.code for one in found.problems} == {"unmapped"}


def test_criteria_of_a_unit_with_unknown_criteria_are_kept_and_noted():
    """They stand in the mapping, and the note says that they cannot achieve the unit."""
    found = mapped(made_up.item("70", "D4:1.1"))
    assert found.items[0].text == "D4:1.1"
    assert (only(found).code, only(found).severity) == ("criteria-unknown", "note")


def test_an_id_number_that_fills_its_field_is_noted():
    """The form cuts at 100 characters, and what is left may still be valid."""
    full = "A3:" + ",".join(["1.1"] * 24) + "#"
    found = mapped(made_up.item("70", full.ljust(100, "x")), made_up.item("71", full.ljust(99, "x")))
    assert (only(found).code, only(found).item_id) == ("id-number-full", "70")
    assert len(found.items) == 2


def test_the_file_maps_courses_and_assignments_by_name():
    """Where a college cannot change its ID numbers, the file says the same things."""
    text = """
        [[course]]
        short_name = "cs7"
        qualification = "OCR/90001"
        sign_off = "criteria"

        [[assignment]]
        course_short_name = "CS7"
        name = "Week * greeting"
        units = "A3:1.1-1.4@O"
    """
    course = made_up.course(id_number="TIMETABLE 12")
    found = mapped(made_up.item("70", "COLLEGE-1", name="Week 3  Greeting"), text=text, course=course)
    assert (found.qualification_id, found.sign_off, found.problems) == ("OCR/90001", "criteria", ())
    assert [(one.text, one.origin) for one in found.items] == [("A3:1.1-1.4@O", "mapping file")]


def test_the_file_wins_over_an_id_number_and_says_so():
    """Both are valid and differ: the file counts, with a note."""
    text = '[[assignment]]\nid = "70"\nunits = "F1"'
    found = mapped(made_up.item("70", "A3"), text=text)
    assert found.items[0].text == "F1"
    assert (only(found).code, only(found).severity) == ("file-overrides-id-number", "note")


def test_the_file_wins_over_a_courses_id_number_and_says_so():
    """The same for a course's qualification."""
    text = '[[course]]\nid = "7"\nqualification = "OCR/90002"'
    found = mapped(text=text)
    assert found.qualification_id == "OCR/90002"
    assert only(found).code == "file-overrides-id-number"


def test_two_rules_that_disagree_map_nothing():
    """Nothing is guessed: an item with two meanings has none until a person leaves one."""
    text = '[[assignment]]\nname = "Task*"\nunits = "A3"\n[[assignment]]\nid = 70\nunits = "F1"'
    found = mapped(made_up.item("70", ""), text=text)
    assert found.items == ()
    assert only(found).code == "rules-disagree"
    assert "lines 1, 4" in only(found).says


def test_two_qualifications_for_one_course_map_nothing():
    """The same for courses."""
    text = '[[course]]\nid = 7\nqualification = "OCR/90001"\n[[course]]\nname = "*"\nqualification = "OCR/90002"'
    found = mapped(made_up.item(), text=text)
    assert (found.qualification_id, only(found).code) == ("", "rules-disagree")


def test_a_mistake_in_the_files_notation_names_the_line():
    """The person has the file open, and needs the line."""
    problem = only(mapped(made_up.item("70", ""), text='\n[[assignment]]\nid = 70\nunits = "A3:9.1"'))
    assert (problem.code, problem.nearest) == ("not-understood", "A3:3.1")
    assert "mapping.toml, line 2" in problem.says


def test_an_unknown_qualification_in_the_file_names_line_and_nearest():
    """It is not replaced by what the ID number says: the file was meant."""
    found = mapped(made_up.item(), text='[[course]]\nid = 7\nqualification = "OCR/9001"')
    assert found.qualification_id == ""
    assert "mapping.toml, line 1" in only(found).says
    assert only(found).nearest == "OCR/90001"


def test_pass_rules_of_course_and_assignment_add_up():
    """The course's rule holds wherever the assignment's says nothing; a later rule overrides an earlier one."""
    text = """
        [[course]]
        id_number = "OCR/90001*"
        pass_mark = 40
        scale_pass = ["Secure"]
        [[assignment]]
        name = "Task*"
        pass_mark = 45.5
        [[assignment]]
        id = 71
        pass_mark = 60
        met_when = "all"
    """
    one, two = mapped(made_up.item("70", "A3"), made_up.item("71", "F1"), text=text).items
    assert one.pass_rule == PassRule(Decimal("45.5"), ("Secure",))
    assert two.pass_rule == PassRule(Decimal(60), ("Secure",), met_when="all")
    assert (one.origin, two.combine) == ("ID number", "all")


def test_what_the_file_ignores_is_neither_mapped_nor_reported():
    """A practice assignment, or a whole course, is set aside on purpose."""
    found = mapped(made_up.item("70", "A3"), text="[[assignment]]\nid = 70\nignore = true")
    assert (found.items, found.problems, found.ignored) == ((), (), ("70",))
    assert mapped(made_up.item(), text="[[course]]\nid = 7\nignore = true").qualification_id == ""


def test_a_literal_name_that_picks_several_is_noted():
    """Both are mapped, but perhaps only one was meant; a pattern may well mean many."""
    items = made_up.item("70", "", name="Task"), made_up.item("71", "", name="TASK")
    both = mapped(*items, text='[[assignment]]\nname = "Task"\nunits = "A3"')
    assert len(both.items) == 2
    assert (only(both).code, only(both).item_id) == ("rule-matches-several", "71")
    many = mapped(*items, text='[[assignment]]\nname = "Task*"\nunits = "A3"')
    assert (len(many.items), many.problems) == (2, ())


def test_brackets_in_a_name_may_be_meant_as_brackets():
    """`Task [1]` picks the item of that very name."""
    found = mapped(made_up.item("70", "", name="Task [1]"), text='[[assignment]]\nname = "Task [1]"\nunits = "A3"')
    assert [one.item_id for one in found.items] == ["70"]


def test_a_rule_that_picks_nothing_in_any_course_is_reported():
    """A renamed assignment would silently lose its mapping; over all courses this shows."""
    text = '[[course]]\nid = 9\n[[assignment]]\nname = "Gone"\n[[assignment]]\nid = 70'
    file = parse_mapping(text, "m.toml")
    courses = [(made_up.course(), [made_up.item("70")]), (made_up.course("8"), [made_up.item("80", course_id="8")])]
    mappings, problems = map_courses(courses, CATALOGUE, file)
    assert [mapping.qualification_id for mapping in mappings] == ["OCR/90001"] * 2
    assert [one.says for one in problems] == [
        "m.toml, line 1: this [[course]] picks nothing.",
        "m.toml, line 3: this [[assignment]] picks nothing.",
    ]


def test_a_plugin_gets_the_last_word_and_is_named():
    """Only for items that nothing else maps, in the same notation, and never silently."""
    asked = []

    def match(qualification, item):
        asked.append(item.lms_id)
        return "F1@O" if item.name == "Callers" else None

    items = [made_up.item("70", "A3"), made_up.item("71", "", name="Callers"), made_up.item("72", "")]
    found = mapped(*items, match_unit=match)
    assert asked == ["71", "72"]
    assert [(one.text, one.origin) for one in found.items] == [("A3", "ID number"), ("F1@O", "plugin")]
    assert {one.code for one in found.problems} == {"mapped-by-plugin", "unmapped"}


def test_a_problem_reads_as_a_line_of_a_report():
    """Subject, next step and nearest text, with course and item to find it by."""
    notice = only(mapped(made_up.item("70", "A9"))).notice()
    assert (notice.course_id, notice.item_id, notice.severity) == ("7", "70", "problem")
    assert "CS7, Task 70" in notice.says
    assert notice.says.endswith("Nearest valid text: A3")


def gaps(*items, text: str = ""):
    qualification = CATALOGUE["OCR/90001"]
    return {(gap.code, gap.kind, gap.criteria) for gap in coverage(qualification, [mapped(*items, text=text)])}


def test_coverage_names_units_and_criteria_that_nobody_assesses():
    """A3 lacks some criteria, D4 a whole-unit assignment, C1 everything; F1 is whole."""
    found = gaps(made_up.item("70", "A3:1.1-1.4,3.1-3.11"), made_up.item("71", "F1"), made_up.item("72", "D4:1.1"))
    assert found == {("A3", "criteria", ("2.1", "2.2", "2.3")), ("D4", "whole unit", ()), ("C1", "unit", ())}


def test_coverage_is_over_all_courses_of_a_qualification():
    """Two courses of one qualification merge."""
    qualification = CATALOGUE["OCR/90001"]
    one = mapped(made_up.item("70", "F1:1.1-1.2,2.1"))
    two = mapped(made_up.item("80", "F1:3.1-3.2"), course=made_up.course("8", "OCR/90001#evening"))
    other = mapped(course=made_up.course("9", "OCR/90002"))
    assert "F1" in {gap.code for gap in coverage(qualification, [one])}
    assert "F1" not in {gap.code for gap in coverage(qualification, [one, two, other])}


def test_coverage_does_not_count_simulation_that_cannot_count():
    """Simulated evidence for F1 decides nothing, for C1 it may."""
    assert ("F1", "unit", ()) in gaps(made_up.item("70", "F1@S"))
    assert ("C1", "unit", ()) not in gaps(made_up.item("70", "C1@S"))


def test_coverage_names_a_number_that_cannot_be_reached():
    """Three met decisions are asked for, and two assignments are all there are."""
    items = [made_up.item(n, "C1:1.1") for n in ("70", "71")] + [made_up.item("72", "C1:1.2")]
    found = gaps(*items, text='[[assignment]]\nid_number = "C1:1.1"\nmet_when = 3')
    assert ("C1", "number", ("1.1",)) in found
