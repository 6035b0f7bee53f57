"""Reading one CSV file strictly: its columns, its cells by kind, and every fault with file, line and column. Pure.

A fault never quotes a cell: cells hold names, ULNs and dates of birth, and faults end in logs and reports.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import get_close_matches
from zoneinfo import ZoneInfo

from nvqsync.errors import LmsUnreadable

LONDON = ZoneInfo("Europe/London")
MOST_TOLD = 10
YES = frozenset({"yes", "y", "true", "1"})
NO = frozenset({"no", "n", "false", "0"})
EARLIEST = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
_WHOLE = re.compile(r"0*[1-9][0-9]{0,5}")


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of one file: those it must have and those it may have."""

    file: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()


@dataclass(slots=True)
class Faults:
    """What is wrong with the files, gathered so that one look mends them all."""

    found: list[str] = field(default_factory=list)

    def add(self, file: str, line: int, column: str, says: str) -> None:
        """One fault."""
        where = f"{file}, line {line}" + (f", column {column}" if column else "")
        self.found.append(f"{where}: {says}")

    def refuse(self) -> None:
        """Raise ``LmsUnreadable`` with the first of them, if there are any."""
        if not self.found:
            return
        more = len(self.found) - MOST_TOLD
        shown = [*self.found[:MOST_TOLD], *([f"... and {more} more"] if more > 0 else [])]
        step = "Nothing was taken from the folder. Correct the export and run it again."
        raise LmsUnreadable("\n".join(shown), step)


@dataclass(frozen=True, slots=True)
class Cells:
    """One line of a file: its cells by column, stripped. A column the file does not have reads as empty."""

    file: str
    line: int
    data: Mapping[str, str]
    faults: Faults

    def wrong(self, column: str, says: str) -> None:
        """Keep a fault about one cell."""
        self.faults.add(self.file, self.line, column, says)

    def text(self, column: str) -> str:
        """The cell as it stands; may be empty."""
        return self.data.get(column, "")

    def needed(self, column: str) -> str:
        """The cell, with a fault where it is empty."""
        value = self.text(column)
        if not value:
            self.wrong(column, "is empty.")
        return value

    def truth(self, column: str, default: bool) -> bool:
        """Yes or no."""
        value = self.text(column).casefold()
        if value and value not in YES | NO:
            self.wrong(column, "is neither yes nor no.")
        return value in YES if value else default

    def number(self, column: str) -> Decimal | None:
        """A number of zero or more, with a point; ``None`` where the cell is empty."""
        value = self.text(column)
        if value and not _NUMBER.fullmatch(value):
            self.wrong(column, "is not a number such as 62 or 62.5.")
            return None
        return Decimal(value) if value else None

    def whole(self, column: str, default: int) -> int:
        """A whole number from 1."""
        value = self.text(column)
        if value and not _WHOLE.fullmatch(value):
            self.wrong(column, "is not a whole number from 1.")
            return default
        return int(value) if value else default

    def choice(self, column: str, choices: Sequence[str], default: str) -> str:
        """One of some words."""
        value = self.text(column).casefold() or default
        if value not in choices:
            self.wrong(column, f"is none of: {', '.join(choices)}.")
            return default
        return value

    def day(self, column: str) -> dt.date | None:
        """A day, as 2007-03-01 or 01/03/2007."""
        value = self.text(column)
        for form in ("%Y-%m-%d", "%d/%m/%Y") if value else ():
            try:
                return dt.datetime.strptime(value, form).date()  # noqa: DTZ007 - a day has no time zone
            except ValueError:
                continue
        if value:
            self.wrong(column, "is not a day such as 2007-03-01 or 01/03/2007.")
        return None

    def moment(self, column: str) -> int:
        """A day, or a day and a time (2026-11-20T14:30), in London unless it says otherwise; seconds since 1970."""
        value = self.text(column)
        try:
            moment = dt.datetime.fromisoformat(value)
        except ValueError:
            moment = dt.datetime.combine(self.day(column) or EARLIEST.date(), dt.time())
        moment = moment if moment.tzinfo else moment.replace(tzinfo=LONDON)
        if moment < EARLIEST:
            self.wrong(column, "is before the year 2000.")
            moment = EARLIEST
        return int(moment.timestamp())


def rows(raw: bytes, columns: Columns, faults: Faults) -> list[Cells]:
    """The lines of a file. What is wrong with its text or its columns becomes faults, and then there are no lines."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        faults.add(columns.file, line, "", "is not UTF-8 text. Save the sheet as 'CSV UTF-8'.")
        return []
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        heads = [head.strip().casefold() for head in next(reader, [])]
        if not _columns_fit(heads, columns, faults):
            return []
        return list(_lines(reader, heads, columns.file, faults))
    except csv.Error as error:
        faults.add(columns.file, reader.line_num, "", f"is not CSV: {error}.")
        return []


def _columns_fit(heads: Sequence[str], columns: Columns, faults: Faults) -> bool:
    known = (*columns.required, *columns.optional)
    before = len(faults.found)
    if len(heads) == 1 and ";" in heads[0]:
        faults.add(columns.file, 1, "", "has semicolons between its columns. Save it with commas.")
        return False
    for head in heads:
        if head not in known:
            near = get_close_matches(head, known, 1)
            hint = f" Did you mean {near[0]}?" if near else f" Columns are: {', '.join(known)}."
            faults.add(columns.file, 1, head or "(no name)", f"there is no such column.{hint}")
        elif heads.count(head) > 1:
            faults.add(columns.file, 1, head, "stands twice.")
    for name in columns.required:
        if name not in heads:
            faults.add(columns.file, 1, name, "is missing.")
    return len(faults.found) == before


def _lines(reader: Iterator[list[str]], heads: Sequence[str], file: str, faults: Faults) -> Iterator[Cells]:
    for cells in reader:
        line = reader.line_num  # type: ignore[attr-defined]
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(heads):
            faults.add(file, line, "", f"has {len(cells)} cells where the first line has {len(heads)}.")
            continue
        yield Cells(file, line, dict(zip(heads, (cell.strip() for cell in cells), strict=True)), faults)
