"""Reading qualification files: what is wrong is named by file, line and key."""

from __future__ import annotations

import json
import tomllib
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from nvqsync.errors import CatalogueError
from nvqsync.model import Kind
from nvqsync.plugin_manager import load_catalogue
from nvqsync.specification import qualification_schema, read_qualification, read_units
from nvqsync.toml_lines import line_of, spelt

GOOD = """\
awarding_body = "INV"
code = "7"
title = "An invented award"
level = 1
credits = 9

[source]
document = "An invented handbook"
section = "1"

[groups.A]
title = "Mandatory"
units = [
    { code = "X1", reference = "F/601/1609" },
]

[groups.B]
title = "Optional"
units = [
    { code = "X2", reference = "R/601/1209" },
    # a remark between rows
    { code = "X3", reference = "L/601/1211", aliases = ["Y3"] },
]

[rule]

[[rule.requirements]]
id = "INV-1/mandatory"
kind = "all_of"
says = "Unit X1"
units = ["X1"]
section = "2"

[[rule.requirements]]
id = "INV-1/credits"
kind = "min_credits"
says = "At least 9 credits"
need = 9
section = "2"
"""
UNITS = load_catalogue(entry_points=False).units
DOCS = Path(__file__).parents[2] / "docs"


def read(folder: Path, text: str) -> str:
    """What reading such a file complains of."""
    file = folder / "inv.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CatalogueError) as caught:
        read_qualification(file, UNITS)
    assert caught.value.next_step
    return caught.value.says


def test_a_good_file_becomes_a_qualification(tmp_path: Path) -> None:
    """Every part of the file arrives in the record, sources included."""
    file = tmp_path / "inv.toml"
    file.write_text(GOOD, encoding="utf-8")
    found = read_qualification(file, UNITS)
    assert (found.id, found.credits, found.group_titles) == ("INV/7", 9, {"A": "Mandatory", "B": "Optional"})
    assert [(u.code, u.groups, u.mandatory, u.aliases) for u in found.units] == [
        ("X1", ("A",), True, ()),
        ("X2", ("B",), False, ()),
        ("X3", ("B",), False, ("Y3",)),
    ]
    assert [r.kind for r in found.rule.requirements] == [Kind.ALL_OF, Kind.MIN_CREDITS]
    assert found.rule.requirements[0].source.document == "An invented handbook"
    assert [(u.code, u.credits) for u in found.rule.units] == [("X1", 4), ("X2", 5), ("X3", 5)]


def test_a_unit_in_two_groups_is_one_unit_of_both(tmp_path: Path) -> None:
    """Listed twice under one code, it is kept once with both groups."""
    file = tmp_path / "inv.toml"
    row = '    { code = "X2", reference = "R/601/1209" },\n'
    file.write_text(GOOD.replace('    { code = "X1"', row + '    { code = "X1"'), encoding="utf-8")
    found = read_qualification(file, UNITS)
    assert {u.code: u.groups for u in found.units} == {"X2": ("A", "B"), "X1": ("A",), "X3": ("B",)}


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "says"),
    [
        ("level = 1", "levl = 1", 4, "levl", "Did you mean level?"),
        ("level = 1", 'level = "1"', 4, "level", "integer"),
        ('code = "7"', 'code = "7/8"', 2, "code", "'7/8' cannot stand in an id"),
        ('awarding_body = "INV"', 'awarding_body = "In V"', 1, "awarding_body", "'In V' cannot stand in an id"),
        ("level = 1", "level = 9", 4, "level", "less than or equal to 8"),
        ('title = "An invented award"\n', "", 1, "title", "missing"),
        ('title = "Mandatory"', 'titel = "Mandatory"', 12, "groups.A.titel", "Did you mean title?"),
        ('kind = "all_of"', 'kind = "all_off"', 29, "rule.requirements[1].kind", "all_of"),
        ("need = 9", "need = true", 38, "rule.requirements[2].need", "integer"),
        ('code = "X3", ', 'code = "X3", kode = 1, ', 22, "groups.B.units[2].kode", "no such key"),
        ("L/601/1211", "L/601/1212", 22, "groups.B.units[2].reference", " or L/601/1211?"),
        ('code = "X3"', 'code = "x 2"', 20, "groups", "stands for two units"),
        ('units = ["X1"]', 'units = ["X9"]', 28, "rule.requirements", "no unit X9"),
        ("INV-1/credits", "INV-1/mandatory", 28, "rule.requirements", "two requirements"),
        ("need = 9", "need = 8", 5, "credits", "asks for 8 credits in all, not 9"),
        ("need = 9", "need = 9\nunits = ['X1']", 34, "rule.requirements[2]", "`units` means nothing to min_credits"),
        ("[rule]", "[[rule]]", 1, "rule", "should be a table"),
        ("need = 9", 'need = 9\ngroups = ["Z"]', 35, "rule.requirements", "no group Z"),
        ("need = 9", 'need = 9\ngroups = ["A"]', 35, "rule.requirements", "at most 4"),
        ("level = 1", 'level = 1\nqualification_number = "500/8625/1"', 5, "qualification_number", "X would fit"),
    ],
)
def test_what_is_wrong_is_named_by_file_line_and_key(
    tmp_path: Path, old: str, new: str, line: int, key: str, says: str
) -> None:
    """A person can go straight to it."""
    assert old in GOOD
    complaint = read(tmp_path, GOOD.replace(old, new, 1) if old != "INV-1/credits" else GOOD.replace(old, new))
    assert f"inv.toml, line {line}, {key}: " in complaint
    assert says in complaint


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ('kind = "min_credits_at_level"\nneed = 4\nlevel = 1', "needs a `comparison`: exactly or at_least"),
        ('kind = "max_credits"\ngroups = ["B"]', "max_credits needs a `need`"),
        ('kind = "barred"\nunits = ["X2", "X3"]\ngroups = ["B"]', "`groups` means nothing to barred"),
        ('kind = "equivalent"\nunits = ["X2", "X3"]\nneed = 1', "`need` means nothing to equivalent"),
        ('kind = "min_units"\nneed = 1\ncomparison = "at_least"', "`comparison` means nothing to min_units"),
    ],
)
def test_a_requirement_says_all_its_kind_uses_and_nothing_else(tmp_path: Path, keys: str, says: str) -> None:
    """Else a bar would seem to hold in one group only, or a reading would be one that nobody declared."""
    entry = f'[[rule.requirements]]\nid = "INV-2"\nsays = "Something"\nsection = "2"\n{keys}\n'
    complaint = read(tmp_path, f"{GOOD}\n{entry}")
    assert "inv.toml, line 41, rule.requirements[3]: INV-2: " in complaint
    assert says in complaint


def test_a_byte_order_mark_as_windows_writes_it_does_no_harm(tmp_path: Path) -> None:
    """Neither in a good file nor before the lines of a bad one."""
    file = tmp_path / "inv.toml"
    file.write_text(GOOD, encoding="utf-8-sig")
    assert read_qualification(file, UNITS).id == "INV/7"
    file.write_text(GOOD.replace("level = 1", "level = 9"), encoding="utf-8-sig")
    with pytest.raises(CatalogueError, match="line 4, level"):
        read_qualification(file, UNITS)


def test_broken_toml_names_the_line(tmp_path: Path) -> None:
    """The TOML reader's own words carry the line."""
    complaint = read(tmp_path, GOOD.replace("level = 1", "level = "))
    assert "inv.toml" in complaint
    assert "line 4" in complaint


def test_a_file_that_is_no_text_or_not_there_is_told(tmp_path: Path) -> None:
    """Latin-1 bytes and a missing file are refused in words."""
    file = tmp_path / "inv.toml"
    file.write_bytes(b'title = "caf\xe9"')
    with pytest.raises(CatalogueError, match="not UTF-8"):
        read_qualification(file, UNITS)
    with pytest.raises(CatalogueError, match="cannot be read"):
        read_qualification(tmp_path / "none.toml", UNITS)


UNIT = """\
[source]
document = "An invented handbook"
section = "1"

[[units]]
reference = "F/601/1609"
title = "A unit"
level = 1
credit_value = 4
glh = 30
outcomes = { 1 = 3, 2 = 3 }
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("F/601/1609", "A/601/1609", 6, "F would fit"),
        ("F/601/1609", "F6011609", 6, "not a unit reference"),
        ("2 = 3", "3 = 3", 6, "numbered 1, 2, 3"),
        ("2 = 3", "two = 3", 11, "pattern"),
        ("2 = 3", "2 = 0", 11, "greater than or equal to 1"),
        ("glh = 30", "glh = 30.5", 10, "integer"),
    ],
)
def test_a_wrong_unit_is_refused_at_import(tmp_path: Path, old: str, new: str, line: int, says: str) -> None:
    """Check letters, outcome numbers and figures are checked where the bank is read."""
    file = tmp_path / "units.toml"
    file.write_text(UNIT.replace(old, new), encoding="utf-8")
    with pytest.raises(CatalogueError) as caught:
        read_units(file)
    assert f"units.toml, line {line}, units" in caught.value.says
    assert says in caught.value.says


def test_the_published_schema_is_the_programs() -> None:
    """docs/qualification.schema.json is what qualification_schema() gives; write it anew when this fails."""
    assert (DOCS / "qualification.schema.json").read_text(encoding="utf-8") == qualification_schema()


def test_every_shipped_file_satisfies_the_published_schema() -> None:
    """An editor that checks against the schema accepts ours, and refuses a misspelt key."""
    validator = jsonschema.Draft202012Validator(json.loads(qualification_schema()))
    shipped = [
        file
        for body in ("ocr", "edi", "ncfe")
        for file in (files("nvqsync.plugins") / body / "qualifications").iterdir()
    ]
    assert len(shipped) == 6
    for file in shipped:
        table = json.loads(json.dumps(tomllib.loads(file.read_text(encoding="utf-8")), default=str))
        assert list(validator.iter_errors(table)) == []
        assert not validator.is_valid(table | {"levl": 1})


def test_lines_are_found_through_tables_and_arrays() -> None:
    """Nested arrays of tables are counted, the nearest parent answers for a key that is not there."""
    assert line_of(GOOD, ("rule", "requirements", 1, "need")) == 38
    assert line_of(GOOD, ("groups", "B", "units", 1, "aliases")) == 22
    assert line_of(GOOD, ("rule", "requirements", 1, "level")) == 34
    assert line_of(GOOD, ("nowhere",)) == 1
    assert spelt(("groups", "B", "units", 1, "code")) == "groups.B.units[2].code"
