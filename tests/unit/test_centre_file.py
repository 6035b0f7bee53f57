"""The centre's facts as a file: written and read again, and what a person is told whose file cannot be used."""

from __future__ import annotations

import datetime as dt
import tomllib

import pytest
from hypothesis import given

from nvqsync.centre import EndDate, Staff, StaffRole
from nvqsync.centres.centre_file import read, written
from nvqsync.centres.centre_record import Approval, CentreNumber, CentreRecord, differences
from nvqsync.errors import InputError
from tests.unit.centre_strategies import records

EXAMPLE = """
[[number]]
awarding_body = "OCR"
number = "12345"

[[qualification]]
qualification = "OCR/03455"
approved_on = 2020-09-01
certification_end = "none"
certification_end_checked_on = 2026-11-01

[[staff]]
moodle_id = "3"
name = "Morgan Reyes"
role = "assessor"
from = 2020-09-01
countersigner_moodle_id = "4"
"""


def test_a_file_says_what_it_says() -> None:
    """Each kind of fact, under the words a person would use."""
    record = read(EXAMPLE, "centre.toml").onto(CentreRecord())
    assert record.numbers == (CentreNumber("OCR", "12345"),)
    end = EndDate(True, None, dt.date(2026, 11, 1))
    assert record.approvals == (Approval("OCR/03455", dt.date(2020, 9, 1), certification_end=end),)
    assert record.staff == (
        Staff("3", "Morgan Reyes", StaffRole.ASSESSOR, dt.date(2020, 9, 1), countersigner="4"),
    )  # fmt: skip
    assert read(EXAMPLE, "centre.toml").people() == ("3", "4")


def test_what_a_file_does_not_mention_stays() -> None:
    """A file with one key changes that one; facts it is silent about are left alone."""
    before = read(EXAMPLE, "centre.toml").onto(CentreRecord())
    text = '[[qualification]]\nqualification = "OCR/03455"\ndirect_claim_from = 2021-09-01\n'
    (change,) = differences(before, read(text, "centre.toml").onto(before))
    assert change.says == "What is known of OCR/03455 changed: direct claim from 2021-09-01 (was not recorded)."


@given(records)
def test_what_is_exported_is_imported_as_it_was(record: CentreRecord) -> None:
    """Into an empty database it makes the same record; into the one it came from it changes nothing."""
    text = written(record)
    tomllib.loads(text)
    file = read(text, "centre.toml")
    assert differences(record, file.onto(CentreRecord())) == ()
    assert differences(record, file.onto(record)) == ()
    assert written(file.onto(CentreRecord())) == text


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("[[number]\n", 1, "not TOML"),
        ('[[numbr]]\nawarding_body = "OCR"\n', 1, "Did you mean number?"),
        ("number = 5\n", 1, "[[number]]"),
        ('[[number]]\nawarding_body = "OCR"\nnumbr = "1"\n', 3, "Did you mean number?"),
        ('[[number]]\nawarding_body = "OCR"\n', 1, "number is missing"),
        ('[[number]]\nawarding_body = "OCR"\nnumber = 12345\n', 3, "text in quotes"),
        ('[[qualification]]\nqualification = "OCR/03455"\napproved_on = "2020-09-01"\n', 3, "a day without quotes"),
        ('[[qualification]]\nqualification = "OCR/03455"\napproved_on = 2020-09-01T10:00:00\n', 3, "a day"),
        ('[[qualification]]\nqualification = "OCR/03455"\ncertification_end = "never"\n', 3, '"none"'),
        ('[[qualification]]\nqualification = "OCR/03455"\ncertification_end_checked_on = 2026-11-01\n', 1, "without"),
        ('[[staff]]\nmoodle_id = "3"\nname = "M"\nrole = "tutor"\nfrom = 2020-09-01\n', 4, '"assessor" or "iqa"'),
        ('[[visit]]\nqualification = "OCR/03455"\non = 2026-10-01\nvisitor = "O"\nlearners = [7]\n', 5, "Moodle ids"),
        ('[[visit]]\nqualification = "OCR/03455"\non = 2026-10-01\nvisitor = "O"\ndone = "yes"\n', 5, "true or false"),
        ('[[account]]\nname = "a"\nno_moodle = true\n[[account]]\nname = "a"\nmoodle_id = "3"\n', 4, "line 1"),
    ],
)
def test_a_slip_is_told_with_its_line_and_the_remedy(text: str, line: int, says: str) -> None:
    """And nothing of the file is taken over."""
    with pytest.raises(InputError) as error:
        read(text, "centre.toml").onto(CentreRecord())
    assert f"line {line}" in str(error.value)
    assert says in str(error.value)
    assert "centre.toml" in str(error.value)
