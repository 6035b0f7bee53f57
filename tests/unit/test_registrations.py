"""Registrations from a file: whose each row is, what it says, and what is wrong with it on which line."""

from __future__ import annotations

import csv
import datetime as dt
import io
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvqsync.catalogue import Catalogue
from nvqsync.cli import main
from nvqsync.errors import InputError
from nvqsync.model import CourseReading, Entry, LmsCourse, LmsMember, Registration
from nvqsync.plugin_manager import load_catalogue
from nvqsync.registrations import COLUMNS, Import, read, read_day, template
from nvqsync.storage.store_audit import audit_entries
from nvqsync.storage.store_claims import registrations
from nvqsync.storage.store_lms import begin_pass, record
from nvqsync.store import Store
from nvqsync.uln_owners import uln_mark

CATALOGUE: Catalogue = load_catalogue(entry_points=False)
ANN = LmsMember("1", "Ann Invented", "S1", ("student",), uln="1000000094", candidate_number="10000001")
BEN = LmsMember("2", "Ben Invented", "S2", ("student",), uln="1000000108", candidate_number="10000002")
TWIN = LmsMember("3", "Twin Invented", "S3", ("student",), uln="1000000116")
TWIN_TOO = LmsMember("4", "Twin Invented", "S3", ("student",), uln="1000000116")
EVERYONE = (ANN, BEN, TWIN, TWIN_TOO)
FULL = {
    "id_number": "S1", "uln": "1000000094", "candidate_number": "10000001", "qualification": "OCR/03455",
    "registered_on": "2026-09-14", "entry": "full_award", "name": "Ann Invented", "date_of_birth": "2007-03-01",
    "start": "2026-09-21", "end": "31/08/2028", "site": "North",
}  # fmt: skip
EXPECTED = Registration(
    "1", "OCR/03455", "OCR", dt.date(2026, 9, 14), Entry.FULL_AWARD, "10000001", "Ann Invented", dt.date(2007, 3, 1),
    "1000000094", dt.date(2026, 9, 21), dt.date(2028, 8, 31), "North",
)  # fmt: skip


def written(*rows: dict[str, str], columns: tuple[str, ...] = tuple(COLUMNS)) -> str:
    page = io.StringIO(newline="")
    sheet = csv.DictWriter(page, columns, extrasaction="ignore", restval="")
    sheet.writeheader()
    sheet.writerows(rows)
    return page.getvalue()


def imported(*rows: dict[str, str], known: tuple[Registration, ...] = ()) -> Import:
    return read(written(*rows), CATALOGUE, EVERYONE, known)


def test_nobody_is_registered_on_a_day_to_come() -> None:
    """The day itself is good; the day before it is not yet, and the line says so."""
    on = dt.date(2026, 9, 14)
    assert read(written(FULL), CATALOGUE, EVERYONE, today=on).errors == ()
    (error,) = read(written(FULL), CATALOGUE, EVERYONE, today=on - dt.timedelta(days=1)).errors
    assert (error.line, "not come yet" in error.says) == (2, True)


def fault(**changes: str) -> str:
    """The words of the one error that a full row gets when it is changed so."""
    found = imported({**FULL, **changes})
    assert found.registrations == ()
    (error,) = found.errors
    assert error.line == 2
    return error.says


def test_every_column_is_read() -> None:
    """A full row becomes a registration with each field in its place."""
    assert imported(FULL) == Import((EXPECTED,), (), (2,))


def test_the_columns_may_come_in_any_order_and_case_and_most_may_be_missing() -> None:
    """Two columns and one that identifies are enough; the rest has its default."""
    text = "Registered On,QUALIFICATION, id_number \n14/09/2026,03455,S1\n"
    assert read(text, CATALOGUE, EVERYONE).registrations == (
        Registration("1", "OCR/03455", "OCR", dt.date(2026, 9, 14)),
    )


@pytest.mark.parametrize(
    ("given_numbers", "expected"),
    [
        ({"id_number": "S2"}, "2"),
        ({"id_number": " S2 "}, "2"),
        ({"uln": "100 000 0108"}, "2"),
        ({"candidate_number": "10000002"}, "2"),
        ({"id_number": "S2", "candidate_number": "10000001"}, "2"),
        ({"uln": "1000000108", "candidate_number": "10000001"}, "2"),
        ({"id_number": "unknown", "uln": "1000000108"}, "2"),
        ({"uln": "9999999999", "candidate_number": "10000002"}, "2"),
    ],
)
def test_the_id_number_goes_before_the_uln_and_that_before_the_candidate_number(
    given_numbers: dict[str, str], expected: str
) -> None:
    """The first number that is known decides; blanks and a placeholder are no number."""
    row = {"qualification": "OCR/03455", "registered_on": "2026-09-14", **given_numbers}
    (found,) = imported(row).registrations
    assert found.learner_id == expected


@pytest.mark.parametrize(
    ("given_numbers", "says"),
    [
        ({"id_number": "S9"}, "No learner has this id_number"),
        ({"id_number": "S9", "uln": "1"}, "No learner has this id_number"),
        ({"uln": "1000000116"}, "Two accounts carry this uln"),
        ({"id_number": "S3"}, "Two accounts carry this id_number"),
        ({"id_number": "S1", "uln": "1000000108"}, "belong to two accounts"),
        ({}, "names no learner"),
        ({"uln": "9999999999"}, "names no learner"),
        ({"name": "Ann Invented"}, "names no learner"),
    ],
)
def test_none_two_and_contradiction_are_errors_and_a_name_never_matches(
    given_numbers: dict[str, str], says: str
) -> None:
    """Nobody is guessed: the row is refused with what to do, and no number is repeated in the message."""
    row = {"qualification": "OCR/03455", "registered_on": "2026-09-14", **given_numbers}
    found = imported(row)
    assert found.registrations == ()
    assert says in found.errors[0].says
    assert "1000000" not in found.errors[0].says


@pytest.mark.parametrize("column", ["id_number", "uln", "name", "site", "registered_on"])
@pytest.mark.parametrize("cell", ["#N/A", "#REF!"])
def test_a_formula_that_failed_is_neither_a_number_nor_a_name(column: str, cell: str) -> None:
    """Nobody is registered, and no certificate is printed, under what a spreadsheet writes for an error."""
    row = {"id_number": "S1", "qualification": "OCR/03455", "registered_on": "2026-09-14", column: cell}
    found = imported(row)
    assert found.registrations == ()
    assert f"could not work out this {column}: {cell}" in found.errors[0].says


BENS = {"id_number": "S2", "uln": "", "name": "Ben Invented", "date_of_birth": "2007-05-05"}


@pytest.mark.parametrize(
    ("bens", "refused"),
    [
        (BENS, True),
        (BENS | {"date_of_birth": ""}, True),
        (BENS | {"name": "", "date_of_birth": ""}, True),
        (BENS | {"date_of_birth": "2007-03-01"}, False),
        (BENS | {"name": "ann  INVENTED", "date_of_birth": ""}, False),
        (BENS | {"candidate_number": "10000002"}, False),
        (BENS | {"qualification": "NCFE/50102874"}, False),
    ],
)
def test_two_people_never_share_a_candidate_number(bens: dict[str, str], refused: bool) -> None:
    """Neither row is taken where a date of birth, or else a name, tells them apart; two accounts of one person may."""
    found = imported(FULL, FULL | bens)
    assert [error.line for error in found.errors] == ([2, 3] if refused else [])
    assert all("same candidate number" in error.says for error in found.errors)
    assert len(found.registrations) == len(found.lines) == (0 if refused else 2)
    assert len(imported(FULL | bens, known=(EXPECTED,)).errors) == refused


def test_a_candidate_number_is_put_right_in_one_file() -> None:
    """Whose number it was on record is what the file says of them, in whatever order its rows stand."""
    wrong = replace(EXPECTED, candidate_number="10000002")
    rows = [FULL | BENS | {"candidate_number": "10000002"}, FULL]
    for order in (rows, rows[::-1]):
        assert imported(*order, known=(wrong,)).errors == ()


def test_a_candidate_number_belongs_to_its_awarding_body() -> None:
    """One number is Ann's with OCR and Ben's with NCFE: neither body's row reaches the other learner."""
    known = (
        Registration("1", "OCR/03455", "OCR", dt.date(2026, 9, 1), candidate_number="50000000"),
        Registration("2", "NCFE/50102874", "NCFE", dt.date(2026, 9, 1), candidate_number="50000000"),
    )
    row = {"candidate_number": "50000000", "registered_on": "2026-09-14"}
    for qualification, learner in (("OCR/03455", "1"), ("NCFE/50102874", "2")):
        (found,) = imported({**row, "qualification": qualification}, known=known).registrations
        assert found.learner_id == learner


def test_an_unknown_qualification_comes_with_the_nearest() -> None:
    """A slip in the code is answered with what was probably meant."""
    says = fault(qualification="OCR/03545")
    assert "OCR/03545" in says
    assert "OCR/03455" in says


@pytest.mark.parametrize(
    "text", ["2026-02-30", "31/04/2026", "09/14/2026", "14/09/26", "tomorrow", "45914", "0206-09-14"]
)
def test_what_is_no_day_is_refused(text: str) -> None:
    """Days that do not exist, months first, two-digit years and a spreadsheet's day numbers."""
    assert text in fault(registered_on=text)
    assert text in fault(date_of_birth=text)


def test_a_missing_day_and_a_birth_after_the_registration_are_refused() -> None:
    """The day of registration is required; a birthday after it is a slip."""
    assert "missing" in fault(registered_on="")
    assert "Born on 2027-03-01" in fault(date_of_birth="2027-03-01")


@given(st.dates(dt.date(1900, 1, 1), dt.date(2100, 1, 1)))
def test_both_forms_of_a_day_are_the_same_day(day: dt.date) -> None:
    """Year first with hyphens, or day first with strokes."""
    assert read_day(day.isoformat()) == read_day(f"{day:%d/%m/%Y}") == day


@pytest.mark.parametrize(
    ("text", "entry"), [("units", Entry.UNITS), ("Full Award", Entry.FULL_AWARD), ("", Entry.FULL_AWARD)]
)
def test_the_entry_is_forgiving_in_form(text: str, entry: Entry) -> None:
    """Case and a blank do not matter; an empty cell means the full award."""
    (found,) = imported({**FULL, "entry": text}).registrations
    assert found.entry is entry


def test_another_word_for_the_entry_is_refused() -> None:
    """With the two words there are."""
    assert "full_award or units" in fault(entry="certificate")


@pytest.mark.parametrize("column", ["id_number", "uln", "candidate_number"])
def test_a_number_that_a_spreadsheet_shortened_is_refused(column: str) -> None:
    """1.0E+09 is what is left of a long number: it identifies nobody."""
    assert "spreadsheet" in fault(**{column: "1.00E+09"})


def test_a_byte_order_mark_changes_nothing() -> None:
    """Excel writes one."""
    assert read("\ufeff" + written(FULL), CATALOGUE, EVERYONE).registrations == (EXPECTED,)


def test_the_same_line_twice_is_one_registration_and_another_word_on_it_an_error() -> None:
    """What both lines agree on is imported once; a contradiction is reported on the later line."""
    assert imported(FULL, FULL) == Import((EXPECTED,), (), (2,))
    found = imported(FULL, {**FULL, "registered_on": "2026-09-15"})
    assert found.registrations == (EXPECTED,)
    assert [error.line for error in found.errors] == [3]


def test_an_error_names_the_line_its_row_starts_on() -> None:
    """Even when earlier cells hold line breaks and empty lines stand between."""
    broken = {**FULL, "name": "Ann\r\nInvented"}
    text = written(broken, {**FULL, "entry": "x"}) + "\r\n,,,,,,,\r\n" + "S9,,,OCR/03455,2026-09-14,,,\r\n"
    found = read(text, CATALOGUE, EVERYONE)
    assert [registration.name for registration in found.registrations] == ["Ann Invented"]
    assert [error.line for error in found.errors] == [4, 7]


def test_quotes_commas_and_formulas_in_a_name_are_only_text() -> None:
    """Nothing is run, cut or dropped."""
    for name in ('O\'Invented, "Ann"', "=HYPERLINK(1)", "+1", "@ann", "Zoë Ünwin-Ødegård", "אן"):
        (found,) = imported({**FULL, "name": name}).registrations
        assert found.name == name


def test_a_comma_without_quotation_marks_is_noticed() -> None:
    """A shifted row has a cell too many: it is refused, not read askew."""
    text = written(FULL).replace("Ann Invented", "Invented, Ann")
    (error,) = read(text, CATALOGUE, EVERYONE).errors
    assert "quotation marks" in error.says


@pytest.mark.parametrize(("separator", "called"), [(";", "semicolons"), ("\t", "tabs")])
def test_another_separator_is_named(separator: str, called: str) -> None:
    """What Excel writes in many countries, and as 'Unicode text'."""
    with pytest.raises(InputError, match=called):
        read(written(FULL).replace(",", separator), CATALOGUE, EVERYONE)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("\n\n", "empty"),
        ("id_number,qualification\n", "Missing column: registered_on"),
        ("id_number,qualification,registered_on,grade\n", "Unknown column: grade|unknown column: grade"),
        ("qualification,registered_on,Qualification\n", "[Dd]oubled column: qualification"),
        ('id_number,qualification,registered_on\n"S1,OCR/03455,2026-09-14\n', "not CSV"),
        ("i\0d\0_\0n\0u\0m\0", "UTF-8"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused_whole(text: str, says: str) -> None:
    """With what is wrong and what to do; no row of it is read."""
    with pytest.raises(InputError, match=says) as refused:
        read(text, CATALOGUE, EVERYONE)
    assert refused.value.next_step


def test_the_template_is_a_file_without_rows() -> None:
    """It can be filled in and imported as it is."""
    assert read(template(), CATALOGUE, EVERYONE) == Import((), ())


def test_what_a_file_has_no_column_for_stays_as_it_was() -> None:
    """A list of candidate numbers that arrives later does not wipe names and birthdays out; an empty cell does."""
    columns = ("id_number", "qualification", "registered_on", "candidate_number")
    text = written({**FULL, "candidate_number": "77700000"}, columns=columns)
    (found,) = read(text, CATALOGUE, EVERYONE, (EXPECTED,)).registrations
    assert (found.candidate_number, found.name, found.date_of_birth) == (
        "77700000",
        EXPECTED.name,
        EXPECTED.date_of_birth,
    )
    (emptied,) = imported({**FULL, "name": ""}, known=(EXPECTED,)).registrations
    assert emptied.name == ""


@given(st.text(max_size=200))
def test_no_text_makes_it_stumble(text: str) -> None:
    """Any text is either refused whole in words, or read with errors by line."""
    try:
        found = read(text, CATALOGUE, EVERYONE)
    except InputError:
        return
    assert all(error.line >= 1 and error.says for error in found.errors)


cells = st.text(st.characters(codec="utf-8"), max_size=12)


@given(st.lists(st.fixed_dictionaries(dict.fromkeys(COLUMNS, cells)), max_size=4))
def test_every_row_is_a_registration_an_error_or_empty(rows: list[dict[str, str]]) -> None:
    """Whatever stands in the cells, no row is dropped silently."""
    try:
        found = imported(*rows, {**FULL})
    except InputError as error:
        assert "CSV" in error.says or "UTF-8" in error.says
        return
    full = [row for row in rows if any(cell.strip() for cell in row.values())]
    assert len(found.errors) == len(full)
    assert found.registrations == (EXPECTED,)


ROWS = (
    FULL,
    {"id_number": "S2", "qualification": "OCR/03455", "registered_on": "2026-09-14", "entry": "units"},
    {"id_number": "S2", "qualification": "OCR/10378", "registered_on": "2026-09-14", "site": "South"},
    {"id_number": "S1", "qualification": "NCFE/50102874", "registered_on": "2026-09-14", "entry": "units"},
    {"id_number": "S1", "qualification": "NCFE/50102874", "registered_on": "2026-09-14"},
    {"id_number": "S9", "qualification": "OCR/03455", "registered_on": "2026-09-14"},
)


@given(st.permutations(ROWS), st.permutations(ROWS))
def test_neither_order_nor_repetition_makes_a_difference(
    first: list[dict[str, str]], again: list[dict[str, str]]
) -> None:
    """The same rows in any order are the same registrations, and over what they left behind they change nothing."""
    found = imported(*first)
    assert set(found.registrations) == set(imported(*again).registrations)
    assert len(found.registrations) == 5
    over = imported(*again, known=found.registrations)
    assert set(over.registrations) == set(found.registrations)
    assert [error.says for error in over.errors] == [error.says for error in found.errors]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"end": "2026-09-01"}, "before it begins"),
        ({"start": "2028-09-01"}, "before it begins"),
        ({"candidate_number": "681990012058G"}, "This is a UCI; OCR's number has eight digits"),
        ({"candidate_number": "681990012058H"}, "check letter"),
        ({"candidate_number": "0042"}, "centre's own candidate number"),
    ],
)
def test_days_out_of_order_and_numbers_of_another_form_are_refused(changes: dict[str, str], says: str) -> None:
    """Each with what to do."""
    assert says in fault(**changes)


def test_an_entry_stored_already_stays_importable_beside_its_other_kind() -> None:
    """ENT-1 is about adding: who has both can still correct either, and the gate stops the award."""
    both = (EXPECTED, replace(EXPECTED, entry=Entry.UNITS))
    assert imported(FULL, {**FULL, "entry": "units"}, known=both).errors == ()
    assert "ENT-1" in imported({**FULL, "entry": "units"}, known=(EXPECTED,)).errors[0].says


def test_a_uln_with_an_owner_finds_its_owner() -> None:
    """Two accounts carry it, and a person said whose it is."""
    row = {"uln": "1000 000116", "qualification": "OCR/03455", "registered_on": "2026-09-14"}
    assert "confirm uln" in imported(row).errors[0].says
    (found,) = read(written(row), CATALOGUE, EVERYONE, (), {uln_mark("1000000116"): "4"}).registrations
    assert found.learner_id == "4"


# ---------------------------------------------------------------- the command, on a real database


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NVQSYNC_DATABASE", str(tmp_path / "nvqsync.db"))
    with Store(tmp_path / "nvqsync.db") as store:
        reading = CourseReading(LmsCourse("1", "CS2", "Customer Service"), (), (ANN, BEN), (), 5)
        record(store, reading, (), begin_pass(store, 1))
    return tmp_path


def stored(folder: Path) -> tuple[list[Registration], int]:
    with Store(folder / "nvqsync.db") as store:
        return registrations(store), len(audit_entries(store))


def test_a_dry_run_says_what_would_happen_and_writes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One new registration is announced; neither it nor an audit entry is stored."""
    (folder / "r.csv").write_text(written(FULL), encoding="utf-8")
    assert main(["registrations", "import", str(folder / "r.csv"), "--dry-run"]) == 0
    assert "1 new" in capsys.readouterr().out
    assert stored(folder) == ([], 0)


def test_importing_the_same_file_again_changes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The second import finds nothing new and adds nothing to the audit log; a bad line makes the exit status 1."""
    (folder / "r.csv").write_text(written(FULL, {**FULL, "id_number": "S9", "uln": ""}), encoding="utf-8")
    for told in ("1 new, 0 changed", "0 new, 0 changed"):
        assert main(["registrations", "import", str(folder / "r.csv")]) == 1
        captured = capsys.readouterr()
        assert told in captured.out
        assert "r.csv, line 3" in captured.err
        assert stored(folder)[1] == 1


@pytest.mark.parametrize(("encoding", "word"), [("utf-16", "UTF-8"), ("cp1252", "UTF-8")])
def test_excels_other_encodings_are_refused_with_the_remedy(
    folder: Path, capsys: pytest.CaptureFixture[str], encoding: str, word: str
) -> None:
    """Status 2, the word 'CSV UTF-8' to look for in Excel, and nothing stored."""
    (folder / "r.csv").write_text(written({**FULL, "name": "Zoë"}), encoding=encoding)
    assert main(["registrations", "import", str(folder / "r.csv")]) == 2
    assert word in capsys.readouterr().err
    assert stored(folder) == ([], 0)


def test_a_file_that_is_not_there_is_a_sentence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 2 and the file's name."""
    for name in ("nowhere.csv", "."):
        assert main(["registrations", "import", str(folder / name)]) == 2
        assert "cannot be read" in capsys.readouterr().err
