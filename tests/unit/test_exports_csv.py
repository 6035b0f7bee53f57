"""The CSV worksheet: reads back as it was, runs as nothing, and says the same as the JSON batch."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given

from connectors.interchange_mock.documents import read_batch
from connectors.interchange_mock.drop_folder import read_csv
from nvqsync.exports import batch_json, claims_csv
from nvqsync.exports.fields import cell, text
from nvqsync.model import Batch
from tests.unit.portal_batches import F1, F2, a_batch, a_claim, batches, few, for_units, texts


def _rows(batch: Batch) -> list[dict[str, str]]:
    content = claims_csv.render(batch).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(content, newline=""), strict=True))


@few
@given(batches())
def test_one_row_for_each_unit_of_each_claim(batch: Batch) -> None:
    """Rows follow the claims and their units, whatever stands in the names."""
    expected = [(claim.claim_id, unit.achieved_on) for claim in batch.claims for unit in claim.units]
    assert [(int(row["Our claim"]), row["Achieved on"]) for row in _rows(batch)] == [
        (claim, day.isoformat()) for claim, day in expected
    ]


@few
@given(batches())
def test_every_name_reads_back(batch: Batch) -> None:
    """A reader that takes one leading apostrophe away has the text again."""
    names = [claim.name for claim in batch.claims for _ in claim.units]
    assert [row["Name"].removeprefix("'") for row in _rows(batch)] == [text(name) for name in names]


@few
@given(batches())
def test_no_cell_can_act_as_a_formula(batch: Batch) -> None:
    """No cell starts, even after blanks, with what a spreadsheet takes for a formula."""
    for row in _rows(batch):
        for value in row.values():
            assert not value.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))
            assert not value.startswith(("\t", "\r", "\n"))


@few
@given(texts)
def test_disarming_a_cell_loses_nothing(value: str) -> None:
    """Taking one apostrophe away from a disarmed cell gives the text back, and an ordinary one is untouched."""
    assert cell(value).removeprefix("'") == text(value)


@pytest.mark.parametrize("name", ["O'Neill", "Ada Example", "van 't Hoff", "Zoë", "3M"])
def test_an_ordinary_name_is_left_alone(name: str) -> None:
    """Only what is dangerous changes."""
    assert cell(name) == name


@few
@given(batches())
def test_a_placeholder_learner_number_is_left_blank(batch: Batch) -> None:
    """9999999999 is never written; nothing stands in its place."""
    assert {row["ULN"] for row in _rows(batch)} <= {"", "9276308686"}


@pytest.mark.parametrize("body", ["OCR", "EDI", "NCFE"])
def test_csv_and_json_tell_the_portal_the_same(body: str) -> None:
    """The portal's two readers find the same claims in the two formats."""
    batch = a_batch(a_claim("k-1", "1"), for_units(a_claim("k-2", "2")), body=body)
    nameless = replace(a_claim("k-3", ""), uln=None, date_of_birth=None)
    held = a_claim("k-4", "4", (replace(F1, held=True, progressed_from=f"{body}/03454"), F2))
    both = replace(batch, claims=(*batch.claims, *a_batch(nameless, held, body=body).claims))
    assert read_csv(claims_csv.render(both)) == read_batch(batch_json.render(both))


def test_the_file_opens_well_in_spreadsheets() -> None:
    """A byte order mark, CRLF line ends, and the same bytes each time."""
    content = claims_csv.render(a_batch())
    assert content.startswith(b"\xef\xbb\xbf") and content.count(b"\r\n") == content.count(b"\n") == 3
    assert content == claims_csv.render(a_batch())


@pytest.mark.parametrize("body", ["OCR", "EDI", "NCFE", "VTCT"])
def test_every_column_is_documented(body: str) -> None:
    """docs/export.md names each heading."""
    page = (Path(__file__).parents[2] / "docs/export.md").read_text(encoding="utf-8")
    assert [heading for heading in claims_csv.columns_of(body) if heading not in page] == []


def test_ncfe_units_have_no_code_of_their_own() -> None:
    """NCFE prints unit references only, so there is one column for a unit, not two."""
    assert "Unit code" not in claims_csv.columns_of("NCFE")
    assert _rows(a_batch(body="NCFE"))[0]["Unit reference number"] == "F/601/1609"
