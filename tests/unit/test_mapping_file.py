"""The centre's mapping file: what it may say, and how a mistake in it is told (file, line, key, nearest valid key)."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvqsync.errors import MappingFileError
from nvqsync.mapping import map_course
from nvqsync.matching.mapping_file import COURSE_KEYS, RULE_KEYS, parse_mapping, read_mapping_file
from nvqsync.matching.mapping_rules import AssignmentRule, CourseRule, PassRule, Selector
from nvqsync.model import LmsCourse
from tests.unit import made_up

DOCS = Path(__file__).parents[2] / "docs" / "mapping.md"

EVERYTHING = """\
# the centre's mapping
[[course]]
short_name = "CS2*"
qualification = "OCR/90001"
sign_off = "criteria"
scale_pass = ["Secure", "Exceeding"]

[[assignment]]
course_id = 7
name = "Observation*"
units = "A3:1.1-1.4@O"
pass_mark = 62.5
rubric_pass = 2
guide_pass = 0.6
met_when = 2
gradebook = "assignment"

[[assignment]]
id = "71"
ignore = true
"""


def refusal(text: str) -> MappingFileError:
    with pytest.raises(MappingFileError) as caught:
        parse_mapping(text, "mapping.toml")
    return caught.value


def test_everything_it_may_say_becomes_records():
    """Selectors, pass rules and where each rule stands."""
    file = parse_mapping(EVERYTHING, "mapping.toml")
    assert file.courses == (
        CourseRule(
            Selector(short_name="CS2*"),
            "OCR/90001",
            "criteria",
            pass_rule=PassRule(scale_pass=("Secure", "Exceeding")),
            line=2,
        ),
    )
    assert file.assignments == (
        AssignmentRule(
            Selector(id="7"),
            Selector(name="Observation*"),
            "A3:1.1-1.4@O",
            pass_rule=PassRule(Decimal("62.5"), None, Decimal(2), Decimal("0.6"), 2, "assignment"),
            line=8,
        ),
        AssignmentRule(Selector(), Selector(id="71"), ignore=True, line=18),
    )


@pytest.mark.parametrize(
    ("wrong", "right", "line", "key", "hint"),
    [
        ("qualifcation =", "qualification =", 4, "course[1].qualifcation", "Did you mean qualification?"),
        ("pasmark =", "pass_mark =", 12, "assignment[1].pasmark", "Did you mean pass_mark?"),
        ("Unit =", "units =", 11, "assignment[1].Unit", "Did you mean units?"),
        ('= "criterion"', '= "criteria"', 5, "course[1].sign_off", 'Did you mean "criteria"?'),
        ('= "asignment"', '= "assignment"', 16, "assignment[1].gradebook", 'Did you mean "assignment"?'),
        ("met_when = 0", "met_when = 2", 15, "assignment[1].met_when", '"any", "all"'),
        ("met_when = true", "met_when = 2", 15, "assignment[1].met_when", '"any", "all"'),
        ("pass_mark = 0", "pass_mark = 62.5", 12, "assignment[1].pass_mark", ""),
        ('pass_mark = "60"', "pass_mark = 62.5", 12, "assignment[1].pass_mark", ""),
        ("guide_pass = 60", "guide_pass = 0.6", 14, "assignment[1].guide_pass", '"full"'),
        ("rubric_pass = nan", "rubric_pass = 2", 13, "assignment[1].rubric_pass", '"highest"'),
        ("scale_pass = []", 'scale_pass = ["Secure", "Exceeding"]', 6, "course[1].scale_pass", '["Competent", "Met"]'),
        ('units = " "', 'units = "A3:1.1-1.4@O"', 11, "assignment[1].units", "quotes"),
        ("ignore = 1", "ignore = true", 20, "assignment[2].ignore", "true or false"),
        ("ignore = true\nunits = 'A3'", "ignore = true", 20, "assignment[2].ignore", "Leave ignore or units."),
        ('course_name = "x"', 'id = "71"', 18, "assignment[2]", "Give one or more of: id, id_number, name."),
        ("[[cours]]", "[[course]]", 2, "cours", "Did you mean course?"),
        ("[course]", "[[course]]", 2, "course", "[[course]]"),
    ],
)
def test_a_mistake_is_told_with_file_line_key_and_remedy(wrong, right, line, key, hint):
    """A person with the file open finds the place and knows what to type."""
    assert right in EVERYTHING
    fault = refusal(EVERYTHING.replace(right, wrong, 1))
    assert f"mapping.toml, line {line}, key {key}:" in fault.says
    assert hint in fault.next_step


def test_broken_toml_is_told_with_the_line_as_it_reads():
    """A missing quote, in the file's own words."""
    fault = refusal('[[course]]\nid = "7"\nqualification = "OCR/90001\n')
    assert "mapping.toml, line 3: not valid TOML" in fault.says
    assert 'qualification = "OCR/90001' in fault.next_step


def test_a_key_given_twice_is_refused():
    """TOML itself forbids it; nobody has to guess which one counts."""
    assert "not valid TOML" in refusal('[[course]]\nid = "7"\nid = "8"\n').says


def test_a_missing_file_and_one_that_is_not_text_are_refused(tmp_path):
    """Both name the file."""
    with pytest.raises(MappingFileError, match="cannot be read"):
        read_mapping_file(tmp_path / "none.toml")
    (tmp_path / "odd.toml").write_bytes(b"# fine\n# caf\xe9\n")
    with pytest.raises(MappingFileError, match=r"odd\.toml, line 2: not UTF-8"):
        read_mapping_file(tmp_path / "odd.toml")


def test_a_byte_order_mark_does_no_harm(tmp_path):
    """Some editors leave one at the start of the file."""
    (tmp_path / "mapping.toml").write_bytes(b"\xef\xbb\xbf" + EVERYTHING.encode())
    assert len(read_mapping_file(tmp_path / "mapping.toml").assignments) == 2


def test_an_empty_file_says_nothing():
    """It is a start, not a mistake."""
    assert parse_mapping("# nothing yet\n", "m.toml").courses == ()


@given(st.text(max_size=60) | st.text(alphabet='[]course=asignmtd"\n{},.1 ', max_size=80))
def test_any_text_is_a_mapping_or_a_mapping_file_error(text):
    """Whatever is in the file, a person gets a sentence about it, never a traceback."""
    try:
        parse_mapping(text, "m.toml")
    except MappingFileError as fault:
        assert fault.says.startswith("m.toml")


def test_the_example_in_the_documentation_is_valid_and_shows_every_key():
    """The commented example is what people copy."""
    (example,) = re.findall(r"```toml\n(.*?)```", DOCS.read_text(encoding="utf-8"), flags=re.DOTALL)
    file = parse_mapping(example, "docs/mapping.md")
    assert file.courses
    assert file.assignments
    for key in {*COURSE_KEYS, *(key for keys in RULE_KEYS.values() for key in keys)}:
        assert re.search(rf"^#? ?{key} = ", example, flags=re.MULTILINE), key


def test_a_file_in_use_maps_a_course():
    """From text to mapping, with nothing in between."""
    file = parse_mapping(EVERYTHING, "mapping.toml")
    course = LmsCourse("7", "CS2-evening", "Callers")
    items = [made_up.item("70", "", name="Observation 1"), made_up.item("71", "A3")]
    found = map_course(course, items, made_up.catalogue(), file)
    assert [one.item_id for one in found.items] == ["70"]
    assert (found.items[0].combine, found.items[0].pass_rule.scale_pass) == (2, ("Secure", "Exceeding"))
