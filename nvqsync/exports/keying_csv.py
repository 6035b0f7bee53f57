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
from nvqsync.exports.screens import OTHER, SCREENS, Screens, in_words
from nvqsync.hookspecs import ExportFormat
from nvqsync.model import Batch, BatchClaim, BatchUnit, ClaimKind

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
        yield "", step, title, screens.qualification_code, batch.qualification_code
        yield "", step, title, "Do", says
    for place, claim in enumerate(batch.claims, 1):
        whose = f"{place} of {len(batch.claims)}"
        for step, (title, fields) in enumerate(_screens(screens, claim), len(screens.before) + 1):
            for name, value in fields:
                yield whose, step, title, name, value


def _screens(screens: Screens, claim: BatchClaim) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """One candidate's screens and the fields on each."""
    kind = screens.full_award if claim.kind is ClaimKind.FULL_AWARD else screens.some_units
    born = claim.date_of_birth.isoformat() if claim.date_of_birth else "not known here"
    yield screens.find, [
        (screens.candidate_number, claim.candidate_number or "none yet"), ("Name", claim.name), ("Date of birth", born),
        ("ULN", uln(claim) or "leave blank"), ("Claim", kind),
    ]  # fmt: skip
    for title, moved in ((screens.moved_units, True), (screens.own_units, False)):
        if units := [unit for unit in claim.units if unit.transferred is moved]:
            yield title, [("Unit", _unit(unit)) for unit in units]
    count = len(claim.units)
    yield "Check and submit", [
        ("Claim", kind), ("Units", f"{count} ({in_words(count)})"), ("Credits", str(claim.credits)),
        ("Do", screens.submit), ("Our key", claim.key),
    ]  # fmt: skip


def _unit(unit: BatchUnit) -> str:
    codes = " ".join(part for part in (unit.code, unit.unit_reference) if part)
    return f"{codes}, {unit.title}, level {unit.level}, {unit.credit_value} credits, achieved {unit.achieved_on}"
