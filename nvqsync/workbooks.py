"""Spreadsheets (.xlsx): the rows of a workbook's first sheet as text, and the template people fill in.

A workbook is a zip of XML files, so a small one can be made to unpack without end and to point outside itself. Before
openpyxl sees it, its size is checked unpacked, and a document type declaration (which no spreadsheet program writes,
and without which no entity can be declared) is refused in every part.
"""

from __future__ import annotations

import datetime as dt
import io
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any
from xml.etree.ElementTree import ParseError
from xml.parsers import expat

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils.exceptions import InvalidFileException

from nvqsync.csv_rows import Row
from nvqsync.errors import InputError

SIGNATURE = b"PK\x03\x04"
"""How a workbook begins: as every zip file."""

MOST_PARTS = 1000
MOST_UNPACKED = 128 * 2**20
MOST_ROWS = 1_048_576
MOST_COLUMNS = 64
REMEDY = "Open it in your spreadsheet program and save it as 'Excel workbook (.xlsx)' or as 'CSV UTF-8'."
_UNREADABLE = (
    InvalidFileException, zipfile.BadZipFile, zlib.error, ParseError, expat.ExpatError, LookupError, ValueError,
    TypeError, AttributeError, ArithmeticError, OSError, EOFError, NotImplementedError, RuntimeError,
)  # fmt: skip
"""What a workbook that is none raises somewhere in zipfile, expat and openpyxl."""


def is_workbook(content: bytes) -> bool:
    """Whether the content of a file is a workbook rather than text."""
    return content.startswith(SIGNATURE)


def xlsx_rows(content: bytes) -> Iterator[Row]:
    """Every row of the first sheet with something in it. Raises ``InputError`` where it is no workbook, or too large.

    A day in a cell becomes ``2026-09-14``. A number with a fraction or an exponent stays one, so that a long number
    which a spreadsheet shortened is recognised.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            _check(packed)
        yield from _rows(content)
    except _UNREADABLE as error:
        raise InputError("The file is not a workbook that can be read.", REMEDY) from error


def _check(packed: zipfile.ZipFile) -> None:
    """Refuse what unpacks to more than any list of people needs, and what declares a document type."""
    parts = packed.infolist()
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        says = f"The workbook unpacks to more than {MOST_UNPACKED // 2**20} MB: no list of people does."
        raise InputError(says, "Copy the rows into a new workbook and try again.")
    for part in parts:
        _refuse_declarations(packed, part)


def _refuse_declarations(packed: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Whatever a part is called: any may be named as the sheet. One that is no XML, such as a picture, passes."""
    parser = expat.ParserCreate()

    def declared(*_: object) -> None:
        raise InputError("The workbook declares a document type, which no spreadsheet does.", REMEDY)

    parser.StartDoctypeDeclHandler = declared
    with packed.open(part) as opened, suppress(expat.ExpatError):
        parser.ParseFile(opened)


def _rows(content: bytes) -> Iterator[Row]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # parts of a workbook that openpyxl leaves out, such as drop-down lists
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        try:
            if not book.worksheets:
                raise InputError("The workbook has no sheet.", REMEDY)
            rows = book.worksheets[0].iter_rows(max_row=MOST_ROWS, max_col=MOST_COLUMNS, values_only=True)
            for number, row in enumerate(rows, 1):
                cells = [_text(value) for value in row]
                if any(cell.strip() for cell in cells):
                    yield number, _without_the_empty_end(cells)
        finally:
            book.close()


def _without_the_empty_end(cells: list[str]) -> list[str]:
    last = max(place for place, cell in enumerate(cells, 1) if cell.strip())
    return cells[:last]


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return f"{value:e}"
    return str(value)


# ---------------------------------------------------------------- the template


def template(columns: Mapping[str, str], days: frozenset[str]) -> bytes:
    """A workbook to fill in: the columns on its first sheet, what goes into each on its second.

    Columns hold text, so that long numbers stay whole; those in ``days`` hold days.
    """
    book = Workbook()
    sheet, told = book.active, book.create_sheet("What goes where")
    sheet.title = "Registrations"
    for place, name in enumerate(columns, 1):
        cell = sheet.cell(1, place, name)
        cell.font = Font(bold=True)
        column = sheet.column_dimensions[cell.column_letter]
        column.width, column.number_format = 18, "yyyy-mm-dd" if name in days else "@"
    sheet.freeze_panes = "A2"
    for row, (name, says) in enumerate([("Column", "What goes into it"), *columns.items()], 1):
        told.cell(row, 1, name).font = Font(bold=True)
        told.cell(row, 2, says).alignment = Alignment(wrap_text=True, vertical="top")
    told.column_dimensions["A"].width, told.column_dimensions["B"].width = 20, 80
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()
