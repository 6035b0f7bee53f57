"""The text of a file, and rows out of the text of a CSV file, each with the line it starts on. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import TypeAlias

from nvqsync.errors import InputError

Row: TypeAlias = tuple[int, list[str]]
"""Where a row starts (the line of a file, the row of a sheet, from 1), and its cells as text."""


_OTHER_KINDS = {b"%PDF": "a PDF", b"\xd0\xcf\x11\xe0": "an Excel workbook of the old kind (.xls)"}
"""What people take for a list, by how such files begin."""


def as_text(content: bytes, called: str) -> str:
    """What was read from a file, as text; ``called`` is the file's name. Raises ``InputError`` if it is not UTF-8."""
    kind = next((kind for start, kind in _OTHER_KINDS.items() if content.startswith(start)), "")
    if kind:
        raise InputError(f"{called} is {kind}.", "Save the list as 'CSV UTF-8' and try again.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{called} is not UTF-8 text.", "Save it as UTF-8 ('CSV UTF-8') and try again.") from error


def csv_rows(text: str) -> Iterator[Row]:
    """Every row with something in it. Raises ``InputError`` where the text is not CSV.

    A cell may hold line breaks, so a row's line is the one on which it starts.
    """
    if "\0" in text:
        raise InputError("The file is not UTF-8 text.", "Save the sheet as 'CSV UTF-8' and try again.")
    lines = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    start = 1
    try:
        for cells in lines:
            if any(cell.strip() for cell in cells):
                yield start, cells
            start = lines.line_num + 1
    except csv.Error as error:
        says = f"Line {lines.line_num} is not CSV: {error}."
        raise InputError(says, "Look for a quotation mark without its partner. Save the sheet as CSV UTF-8.") from error
