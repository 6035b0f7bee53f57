"""``rules new`` writes a specification that says what to fill in, and that ``rules check`` accepts once it is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nvqsync.cli import program
from nvqsync.model import Kind
from nvqsync.new_specification import qualification_template, units_template
from nvqsync.specification import QualificationFile, UnitsFile

ANSWERS = (
    ("title", '"Exampleton Level 1 Award in Greeting"'), ("level", "1"), ("credits", "10"),
    ("document", '"Handbook of Exampleton"'), ("section", '"2"'),
    ("title", '"Mandatory units"'), ("units", '[{ code = "G1", reference = "H/700/0001" }]'),
    ("title", '"Optional units"'), ("units", '[{ code = "G2", reference = "F/601/1609" }]'),
    ("says", '"Unit G1"'), ("units", '["G1"]'), ("section", '"2.1"'),
    ("says", '"At least 10 credits in all"'), ("need", "10"), ("section", '"2.1"'),
)  # fmt: skip
"""What somebody with the handbook before them writes, from the first line to the last."""

UNIT_ANSWERS = (
    ("document", '"Handbook of Exampleton"'), ("section", '"5"'), ("reference", '"H/700/0001"'),
    ("title", '"Greet"'), ("level", "1"), ("credit_value", "6"), ("glh", "20"),
)  # fmt: skip


def run(*arguments: object) -> Result:
    return CliRunner().invoke(program, ["rules", *map(str, arguments)], catch_exceptions=False)


def fill(path: Path, *answers: tuple[str, str]) -> None:
    """Write each answer where the next empty value of its key stands, from the top down."""
    text, place = path.read_text(encoding="utf-8"), 0
    for key, answer in answers:
        empty = re.compile(rf'^{key} = (""|0|\[\]|\[\n(?: *#.*\n)*\])', re.MULTILINE)
        found = empty.search(text, place)
        assert found, f"nothing is left to fill in for {key}"
        text = f"{text[: found.start(1)]}{answer}{text[found.end(1) :]}"
        place = found.start(1)
    path.write_text(text, encoding="utf-8")


def uncommented(text: str, kind: str) -> str:
    """The template with one of its suggested requirements put to use."""
    block = next(block for block in text.split("\n\n") if f'# kind = "{kind}"' in block)
    plain = "\n".join(line.removeprefix("# ") for line in block.splitlines())
    return text.replace(block, plain.replace('says = ""', 'says = "So it is"').replace('section = ""', 'section = "3"'))


@pytest.fixture
def written(tmp_path: Path) -> tuple[Path, Path]:
    """A unit file and a qualification file, fresh from the command."""
    units, qualification = tmp_path / "units.toml", tmp_path / "G9.toml"
    done = run("new", qualification, "--body", "EXA", "--id", "G9", "--units", units)
    assert done.exit_code == 0
    assert f"nvqsync rules check {units} {qualification}" in done.stderr
    return units, qualification


def test_filled_in_it_is_sound(written: tuple[Path, Path]) -> None:
    """Every blank once, nothing else touched: `rules check` accepts both files and names the cheapest selection."""
    units, qualification = written
    fill(qualification, *ANSWERS)
    fill(units, *UNIT_ANSWERS)
    done = run("check", units, qualification)
    assert done.exit_code == 0, done.stdout
    assert "Cheapest selection: G1 G2 (10 credits, 50 GLH)." in done.stdout


def test_nothing_empty_is_accepted_and_all_of_it_is_named(written: tuple[Path, Path]) -> None:
    """As written both files are refused, each blank with its line."""
    units, qualification = written
    done = run("check", units, qualification)
    assert done.exit_code == 1
    assert done.stdout.count("is empty: fill it in") == len(UNIT_ANSWERS) + len(ANSWERS) - 2
    for number, line in enumerate(qualification.read_text(encoding="utf-8").splitlines(), 1):
        if re.match(r'(title|level|credits|document|section|says) = ""', line):
            assert f"line {number}, " in done.stdout


@pytest.mark.parametrize("left", range(len(ANSWERS)))
def test_each_blank_alone_is_noticed(written: tuple[Path, Path], left: int) -> None:
    """One answer left out, whichever it is, and the specification is refused with the key it belongs to."""
    units, qualification = written
    fill(units, *UNIT_ANSWERS)
    fill(qualification, *ANSWERS)
    text = qualification.read_text(encoding="utf-8")
    key, answer = ANSWERS[left]
    before = [one for one in ANSWERS[:left] if one == (key, answer)]
    parts = text.split(f"{key} = {answer}")
    empty = {"units": "[]", "need": "0"}.get(key, '""')
    joined = f"{key} = {answer}".join(parts[: len(before) + 1])
    rest = f"{key} = {answer}".join(parts[len(before) + 1 :])
    qualification.write_text(f"{joined}{key} = {empty}{rest}", encoding="utf-8")
    done = run("check", units, qualification)
    assert done.exit_code == 1
    assert key in done.stdout


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in (Kind.ALL_OF, Kind.MIN_CREDITS)])
def test_every_kind_of_requirement_can_be_put_to_use(written: tuple[Path, Path], kind: Kind) -> None:
    """The suggestion of each kind, without its number signs, is read as a requirement of that kind."""
    _, qualification = written
    fill(qualification, *ANSWERS)
    text = uncommented(qualification.read_text(encoding="utf-8"), kind)
    table = QualificationFile.model_validate(tomllib.loads(text))
    assert [one.kind for one in table.rule.requirements] == [Kind.ALL_OF, Kind.MIN_CREDITS, kind]


def test_the_templates_name_every_key_there_is() -> None:
    """A key added to the shape of a file is told to whoever fills one in."""
    for model, text in (
        (QualificationFile, qualification_template("E", "1", "x")),
        (UnitsFile, units_template("E", "1")),
    ):
        schema = model.model_json_schema()
        tables = [schema, *schema["$defs"].values()]
        keys = {key for table in tables for key in table.get("properties", {})}
        assert len(keys) > 5
        unknown = keys - set(re.findall(r"[a-z_]+", text))
        assert unknown <= {"criteria_source"}, unknown


def test_a_file_that_is_there_stays_as_it_is(written: tuple[Path, Path]) -> None:
    """Neither file is written when either is there: nobody loses an afternoon's reading."""
    units, qualification = written
    qualification.write_text("mine", encoding="utf-8")
    units.unlink()
    done = CliRunner().invoke(program, ["rules", "new", str(qualification), "--body", "EXA", "--id", "G9",
                                        "--units", str(units)])  # fmt: skip
    assert done.exit_code != 0
    assert (qualification.read_text(encoding="utf-8"), units.exists()) == ("mine", False)


def test_a_dash_prints_it(tmp_path: Path) -> None:
    """For a look, or a pipe: standard output holds the file and nothing else."""
    done = run("new", "-", "--body", "EXA", "--id", "G9")
    assert done.stdout == qualification_template("EXA", "G9", "-")


@pytest.mark.parametrize(("body", "code"), [("OCR", "03455"), ("Ex/A", "1"), ("EXA", "two words"), ("", "1")])
def test_names_that_cannot_stand_in_an_id_or_are_taken_are_refused(tmp_path: Path, body: str, code: str) -> None:
    """Before anything is written."""
    path = tmp_path / "new.toml"
    done = CliRunner().invoke(program, ["rules", "new", str(path), "--body", body, "--id", code])
    assert done.exit_code != 0
    assert not path.exists()
