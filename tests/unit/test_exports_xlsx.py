"""The workbook and the keying list: read back by another library, run as nothing, say what the others say."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import openpyxl
import pytest
from hypothesis import given

from nvqsync.exports import claims_csv, claims_xlsx, keying_csv, keying_sheet
from nvqsync.exports.fields import cell, text
from nvqsync.model import Batch
from tests.unit.portal_batches import a_batch, a_claim, batches, few, for_units


def sheet(batch: Batch) -> list[list[str]]:
    """The claims as openpyxl reads them; an empty cell is an empty text."""
    book = openpyxl.load_workbook(io.BytesIO(claims_xlsx.render(batch)))
    try:
        rows = [[one.value or "" for one in row] for row in book["Claims"].iter_rows()]
        assert {one.data_type for row in book["Claims"].iter_rows(min_row=2) for one in row} <= {"s", "n"}
        assert not [one for row in book["Claims"].iter_rows() for one in row if isinstance(one.value, (int, float))]
    finally:
        book.close()
    return rows


@few
@given(batches())
def test_the_workbook_says_what_the_csv_says(batch: Batch) -> None:
    """Cell by cell, but for the apostrophe that a CSV needs against formulas."""
    content = claims_csv.render(batch).decode("utf-8-sig")
    expected = list(csv.reader(io.StringIO(content, newline=""), strict=True))
    found = sheet(batch)
    assert [[cell(str(value)) for value in row] for row in found[1:]] == expected[1:]
    assert found[0] == expected[0]


def test_a_formula_in_a_name_stays_text() -> None:
    """What would be a formula is a text in the workbook, without an apostrophe."""
    batch = a_batch(replace(a_claim("k-1", "1"), name='=HYPERLINK("http://example.test")'))
    (name,) = {row[sheet(batch)[0].index("Name")] for row in sheet(batch)[1:]}
    assert name == '=HYPERLINK("http://example.test")'


@few
@given(batches())
def test_the_same_batch_gives_the_same_bytes(batch: Batch) -> None:
    """A second rendering is recognised as the same file."""
    assert claims_xlsx.render(batch) == claims_xlsx.render(batch)
    assert keying_csv.render(batch) == keying_csv.render(batch)


@few
@given(batches())
def test_every_name_and_unit_is_in_the_keying_list(batch: Batch) -> None:
    """In the order of the claims, each candidate with all of their units."""
    rows = list(csv.DictReader(io.StringIO(keying_csv.render(batch).decode("utf-8-sig"), newline=""), strict=True))
    names = [row["Value"].removeprefix("'") for row in rows if row["Field"] == "Name"]
    assert names == [text(claim.name) for claim in batch.claims]
    for place, claim in enumerate(batch.claims, 1):
        whose = f"{place} of {len(batch.claims)}"
        units = [row for row in rows if row["Candidate"] == whose and row["Field"] == "Unit"]
        assert len(units) == len(claim.units)
        steps = [int(row["Step"]) for row in rows if row["Candidate"] == whose]
        assert steps == sorted(steps)


def test_the_list_starts_with_what_holds_for_the_whole_batch() -> None:
    """Which centre number and which qualification: a centre may have several of each."""
    rows = [row for row in keying_csv.rows(replace(a_batch(), sheet=7)) if row[:2] == ("", 1)]
    assert {("Centre number", "12345"), ("Scheme code", "03455"), ("Sheet", "7")} <= {row[3:] for row in rows}


@pytest.mark.parametrize("body", ["OCR", "EDI", "NCFE"])
def test_the_list_names_the_screens_of_the_printed_sheet(body: str) -> None:
    """Every screen of the list is a heading on the sheet."""
    batch = a_batch(a_claim("k-1", "1"), for_units(a_claim("k-2", "2")), body=body)
    printed = keying_sheet.render(batch).decode()
    for _, step, screen, _, _ in keying_csv.rows(batch):
        assert f"{step}. {screen}" in printed
