"""The keying sheet as CSV: one row for each thing to key, in the order of the portal's screens.

For people who key with a spreadsheet beside the portal. UTF-8 with a byte order mark, CRLF line ends; nothing in a cell
can act as a formula. It says what the printed sheet (``keying_sheet``) says, from the same data (``screens.py``).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator

from nvqsync import hookimpl
from nvqsync.exports.fields import cell, uln
from nvqsync.exports.screens import OTHER, SCREENS, Screens
from nvqsync.hookspecs import ExportFormat
from nvqsync.model import Batch, BatchClaim, BatchUnit

COLUMNS = ("Candidate", "Step", "Screen", "Field", "Value", "Keyed")
Row = tuple[str, int, str, str, str]


@hookimpl
def register_export_formats(register: Callable[[ExportFormat], None]) -> None:
    """Offer the keying list."""
    says = "What to key, row by row, in the order of the portal's screens."
    register(ExportFormat("keying_csv", "keying.csv", "text/csv", says, render))


def render(batch: Batch) -> bytes:
    """The batch as a list to key. The same batch gives the same bytes."""
    page = io.StringIO(newline="")
    writer = csv.writer(page)
    writer.writerow(COLUMNS)
    for row in rows(batch):
        writer.writerow([cell(str(value)) for value in (*row, "")])
    return page.getvalue().encode("utf-8-sig")


def rows(batch: Batch) -> Iterator[Row]:
    """Each thing to key: whose (``1 of 12``, empty once a batch), step, screen, field, value."""
    screens = SCREENS.get(batch.awarding_body, OTHER)
    for step, (title, says) in enumerate(screens.before, 1):
        for name, value in [*(_whole(screens, batch) if step == 1 else ()), ("Do", says)]:
            yield "", step, title, name, value
    for place, claim in enumerate(batch.claims, 1):
        whose = f"{place} of {len(batch.claims)}"
        for step, (title, fields) in enumerate(_screens(screens, claim), len(screens.before) + 1):
            for name, value in fields:
                yield whose, step, title, name, value


def _whole(screens: Screens, batch: Batch) -> Iterator[tuple[str, str]]:
    """What holds for the whole batch, as the head of the printed sheet says it."""
    told = {
        "Batch": batch.id, "Sheet": str(batch.sheet or ""), "Centre number": batch.centre_number,
        screens.qualification_code: batch.qualification_code,
        "Qualification number": batch.qualification_number or "", "Qualification": batch.qualification_title,
        "Route": batch.route, "Candidates": str(len(batch.claims)),
    }  # fmt: skip
    return ((name, value) for name, value in told.items() if value)


def _screens(screens: Screens, claim: BatchClaim) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """One candidate's screens and the fields on each."""
    born = claim.date_of_birth.isoformat() if claim.date_of_birth else "not known here"
    yield screens.find, [
        (screens.candidate_number, claim.candidate_number or "none yet"), ("Name", claim.name), ("Date of birth", born),
        ("ULN", uln(claim) or "leave blank"), ("Claim", screens.kind(claim)),
    ]  # fmt: skip
    for title, units in screens.lists(claim):
        yield title, [("Unit", _unit(unit)) for unit in units]
    yield "Check and submit", [*screens.check(claim), ("Do", screens.submit), ("Our key", claim.key)]


def _unit(unit: BatchUnit) -> str:
    codes = " ".join(part for part in (unit.code, unit.unit_reference) if part)
    return f"{codes}, {unit.title}, level {unit.level}, {unit.credit_value} credits, achieved {unit.achieved_on}"
