"""Workbooks: rows out of a sheet as text, files made to harm refused, and the template."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from nvqsync import registrations, workbooks
from nvqsync.errors import InputError
from nvqsync.workbooks import is_workbook, template, xlsx_rows


def workbook(*rows: list[object], more_sheets: tuple[str, ...] = ()) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    for name in more_sheets:
        book.create_sheet(name).append(["not", "read"])
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def repacked(content: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    """The same workbook with each part changed."""
    kept = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            new.writestr(part.filename, change(part.filename, old.read(part)))
    return kept.getvalue()


def test_the_first_sheets_rows_come_as_text_with_their_place() -> None:
    """Days, whole numbers and texts; an empty row is skipped and the next keeps its number."""
    day = dt.datetime(2026, 9, 14, 12, tzinfo=dt.UTC).replace(tzinfo=None)
    content = workbook(["id_number", "uln"], [], ["S1", 1000000094, None, dt.date(2026, 9, 14), day, ""])
    rows = list(xlsx_rows(content))
    assert rows == [(1, ["id_number", "uln"]), (3, ["S1", "1000000094", "", "2026-09-14", "2026-09-14"])]


def test_only_the_first_sheet_is_read() -> None:
    """Notes on further sheets are nobody's registrations."""
    assert list(xlsx_rows(workbook(["a"], more_sheets=("Notes",)))) == [(1, ["a"])]


def test_a_number_that_was_shortened_stays_recognisable() -> None:
    """Stored with an exponent, a long number has lost its digits: it comes with the exponent."""

    def shortened(name: str, part: bytes) -> bytes:
        return part.replace(b"<v>1000000094</v>", b"<v>1.0E9</v>") if "sheet1" in name else part

    ((_, cells),) = xlsx_rows(repacked(workbook([1000000094, 2.5]), shortened))
    assert cells == ["1.000000e+09", "2.5"]


def test_a_formulas_answer_is_what_counts() -> None:
    """A cell that holds a formula without a stored answer is empty; nothing is worked out or run."""
    assert list(xlsx_rows(workbook(["a", '=HYPERLINK("http://127.0.0.1")', "b"]))) == [(1, ["a", "", "b"])]


def test_what_is_no_workbook_is_refused_in_words() -> None:
    """Another zip file, an empty one, and a workbook cut short."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as packed:
        packed.writestr("content.xml", "<a/>")
    whole = workbook(["a"])
    for content in (kept.getvalue(), whole[:-30], whole[:200], b"PK\x03\x04", b""):
        with pytest.raises(InputError, match="not a workbook") as refused:
            list(xlsx_rows(content))
        assert "CSV UTF-8" in refused.value.next_step


def test_a_bomb_is_refused_before_it_unpacks(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its size unpacked, and by the number of its parts."""
    content = repacked(workbook(["a"]), lambda name, part: part + b" " * 500_000)
    assert len(content) < 60_000
    monkeypatch.setattr(workbooks, "MOST_UNPACKED", 1_000_000)
    with pytest.raises(InputError, match="unpacks to more"):
        list(xlsx_rows(content))
    monkeypatch.setattr(workbooks, "MOST_PARTS", 3)
    with pytest.raises(InputError, match="unpacks to more"):
        list(xlsx_rows(workbook(["a"])))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("part", ["sheet1.xml", "styles.xml", "workbook.xml.rels", "Content_Types"])
def test_a_document_type_is_refused_in_every_part(part: str, encoding: str) -> None:
    """Entities that unfold without end, or that fetch a file, need one; in whatever encoding."""
    declared = '<!DOCTYPE a [<!ENTITY x "y">]>'

    def change(name: str, content: bytes) -> bytes:
        if part not in name:
            return content
        text = content.decode().partition("?>")
        body = text[2] or text[0]
        return f'<?xml version="1.0" encoding="{encoding}"?>{declared}{body}'.encode(encoding)

    with pytest.raises(InputError, match="document type"):
        list(xlsx_rows(repacked(workbook(["a", "b"]), change)))


WHOLE = workbook(["id_number", "registered_on"], ["S1", dt.date(2026, 9, 14)])


@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=12))
@settings(deadline=None)
def test_no_damage_makes_it_stumble(changes: list[tuple[int, int]]) -> None:
    """A workbook damaged anywhere is read, or refused in words."""
    damaged = bytearray(WHOLE)
    for place, value in changes:
        damaged[place] = value
    try:
        rows = list(xlsx_rows(bytes(damaged)))
    except InputError as error:
        assert error.next_step
        return
    assert all(number >= 1 and cells for number, cells in rows)


def test_the_template_explains_its_columns_and_keeps_long_numbers_whole() -> None:
    """The head alone on the first sheet; each column told on the second; numbers are text, days are days."""
    content = template(registrations.COLUMNS, registrations.DAYS)
    assert is_workbook(content)
    assert list(xlsx_rows(content)) == [(1, list(registrations.COLUMNS))]
    book = load_workbook(io.BytesIO(content))
    told = {row[0].value: row[1].value for row in book.worksheets[1].iter_rows(min_row=2)}
    assert told == registrations.COLUMNS
    formats = {cell.value: book.worksheets[0].column_dimensions[cell.column_letter].number_format
               for cell in book.worksheets[0][1]}  # fmt: skip
    assert formats["uln"] == "@"
    assert formats["registered_on"] == "yyyy-mm-dd"
