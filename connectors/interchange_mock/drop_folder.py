"""Batches that arrive as CSV files in a folder: the way of bodies that take files and answer with files.

``BATCH.csv`` is read, taken into the books, answered in ``answers/BATCH.csv`` and moved to ``taken/``. A file that
cannot be read is moved to ``refused/`` beside a ``.txt`` that says why, and nothing of it is accepted. Write a file
under another ending and rename it to ``.csv`` when it is whole. ``README.md`` lists the columns.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from connectors.interchange_mock.bodies import BODIES, Body
from connectors.interchange_mock.documents import KINDS, Malformed, SentBatch, SentClaim, SentUnit
from connectors.interchange_mock.keep import answer_json
from connectors.interchange_mock.records import Answer, Conflict, Unknown

if TYPE_CHECKING:
    from connectors.interchange_mock.portal import Portal

LOOK_EVERY = 0.25


class DropFolder:
    """Watches a folder and feeds what it finds to a portal."""

    def __init__(self, folder: Path, portal: Portal) -> None:
        self._folder, self._portal = folder, portal
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def start(self) -> None:
        """Make the folders and start to look."""
        for folder in ("answers", "taken", "refused"):
            (self._folder / folder).mkdir(parents=True, exist_ok=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop looking. The portal has said that it is stopping."""
        self._thread.join()

    def take_all(self) -> None:
        """Take every file that is there now."""
        for path in sorted(self._folder.glob("*.csv")):
            if path.is_file():
                self._take(path)

    def _watch(self) -> None:
        while not self._portal.stopping.wait(LOOK_EVERY):
            try:
                self.take_all()
            except OSError as problem:  # a full disk, a folder named like a file: told, and tried again
                self._portal.log(f"drop folder: {problem}")

    def _take(self, path: Path) -> None:
        try:
            batch = read_csv(path.read_bytes())
            with self._portal.open_books() as state:
                answers = state.submit(batch, self._portal.clock.now())
        except (Malformed, Conflict, Unknown) as problem:
            (self._folder / "refused" / f"{path.stem}.txt").write_text(f"{problem}\n", encoding="utf-8")
            path.replace(self._folder / "refused" / path.name)
            return
        beside = self._folder / "answers" / f"{path.name}.new"
        beside.write_bytes(answers_csv(answers))
        beside.replace(self._folder / "answers" / path.name)
        path.replace(self._folder / "taken" / path.name)


def read_csv(content: bytes) -> SentBatch:
    """The batch in a CSV file, one row a unit. Raises ``Malformed`` with the line."""
    try:
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as problem:
        raise Malformed("", f"not a CSV file in UTF-8 ({problem})") from None
    if not rows:
        raise Malformed("", "no rows")
    first = _Row(rows[0], 2)
    body = BODIES.get(first["Awarding body"]) or first.wrong("Awarding body", "is not known here")
    shared = ("Batch", "Awarding body", "Centre number", body.columns.qualification, "Route")
    claims: dict[str, SentClaim] = {}
    for row in (_Row(values, line) for line, values in enumerate(rows, 2)):
        for heading in shared:
            if row[heading] != first[heading]:
                row.wrong(heading, "differs within one file")
        _add(claims, row, body)
    batch_id, name, centre, qualification, route = (first[heading] for heading in shared)
    return SentBatch(batch_id, name, centre, qualification, route, tuple(claims.values()))


def answers_csv(answers: Sequence[Answer]) -> bytes:
    """The answers as CSV, headed as the JSON answers are."""
    rows = [answer_json(answer) for answer in answers]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


class _Row:
    """One row by its headings, the apostrophe that disarms formulas taken away.

    What is wrong in it is raised as ``Malformed`` with line and heading.
    """

    def __init__(self, values: Mapping[str, str | None], line: int) -> None:
        self._values, self._line = values, line
        if None in values.values() or None in values:
            self.wrong("", "has another number of cells than the headings")

    def __getitem__(self, heading: str) -> str:
        value = self._values.get(heading)
        if value is None:
            self.wrong(heading, "is missing")
        return value.removeprefix("'")

    def wrong(self, heading: str, says: str) -> NoReturn:
        raise Malformed(f"line {self._line}, {heading}", says)

    def number(self, heading: str) -> int:
        text = self[heading]
        small = text.isascii() and text.isdigit() and len(text) < 10
        return int(text) if small else self.wrong(heading, "must be a whole number")

    def day(self, heading: str) -> dt.date:
        try:
            return dt.date.fromisoformat(self[heading])
        except ValueError:
            self.wrong(heading, "must be a day, YYYY-MM-DD")


def _add(claims: dict[str, SentClaim], row: _Row, body: Body) -> None:
    """Add the unit of this row to its claim, the claim's own cells being the same in all its rows."""
    claim = _claim(row, body)
    known = claims.get(claim.key, claim)
    if replace(known, units=()) != replace(claim, units=()):
        row.wrong("Claim key", "has other cells than an earlier row of this claim")
    claims[claim.key] = replace(known, units=(*known.units, _unit(row, body)))


def _claim(row: _Row, body: Body) -> SentClaim:
    columns = body.columns
    return SentClaim(
        key=row["Claim key"] or row.wrong("Claim key", "must not be empty"),
        claim_id=row.number("Our claim"),
        kind=KINDS[0] if row[columns.kind] == columns.full else KINDS[1],
        candidate_number=row[columns.candidate_number],
        name=row["Name"],
        date_of_birth=row.day("Date of birth") if row["Date of birth"] else None,
        uln=row["ULN"] or None,
        units=(),
        credits=row.number("Credits claimed"),
    )


def _unit(row: _Row, body: Body) -> SentUnit:
    return SentUnit(
        code=row[body.columns.unit_code],
        unit_reference=row["Unit reference number"],
        title=row["Unit title"],
        level=row.number("Level"),
        credit_value=row.number("Credit value"),
        achieved_on=row.day("Achieved on"),
        transferred=row[body.columns.transferred] == "Yes",
        held=row["Held already"] == "Yes",
        progressed_from=row["Progressed from"] or None,
    )
