"""The batch as CSV: one row for each unit of each claim, headed in the awarding body's own words.

A worksheet for people and their spreadsheets, not any body's upload layout: none is public. UTF-8 with a byte order
mark (without it Excel misreads names with accents), CRLF line ends, days as ``YYYY-MM-DD``. Nothing in a cell can act
as a formula: see ``fields.cell``. ``docs/export.md`` lists the columns.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass

from nvqsync import hookimpl
from nvqsync.exports.fields import cell, uln
from nvqsync.hookspecs import ExportFormat
from nvqsync.model import Batch, BatchClaim, BatchUnit, ClaimKind

Cell = Callable[[Batch, BatchClaim, BatchUnit], str]


@dataclass(frozen=True, slots=True)
class Headings:
    """What one body calls the columns that differ. ``unit_code`` is ``None`` where units have no code of their own."""

    qualification: str = "Qualification code"
    candidate_number: str = "Candidate number"
    kind: str = "Claim"
    full_award: str = "Full award"
    units: str = "Units"
    unit_code: str | None = "Unit code"
    transferred: str = "Credit transfer"


HEADINGS = {
    "OCR": Headings(
        qualification="Scheme code",
        candidate_number="OCR candidate number",
        unit_code="OCR unit code",
        transferred="From another awarding body",
    ),
    "EDI": Headings(
        candidate_number="Learner registration number",
        kind="Full award",
        full_award="Yes",
        units="No",
        unit_code="Unit number",
    ),
    "NCFE": Headings(
        candidate_number="NCFE learner number",
        kind="Certificate",
        full_award="Full",
        units="Partial",
        unit_code=None,
    ),
}


@hookimpl
def register_export_formats(register: Callable[[ExportFormat], None]) -> None:
    """Offer the CSV worksheet."""
    register(ExportFormat("claims_csv", "csv", "text/csv", "A row for each unit claimed, for spreadsheets.", render))


def render(batch: Batch) -> bytes:
    """The batch as CSV. The same batch gives the same bytes."""
    columns = columns_of(batch.awarding_body)
    page = io.StringIO(newline="")
    writer = csv.writer(page)
    writer.writerow(columns)
    for claim in batch.claims:
        for unit in claim.units:
            writer.writerow([cell(value(batch, claim, unit)) for value in columns.values()])
    return page.getvalue().encode("utf-8-sig")


def columns_of(awarding_body: str) -> dict[str, Cell]:
    """The columns for a body, in order: heading and where the cell comes from."""
    says = HEADINGS.get(awarding_body, Headings())
    unit_code: dict[str, Cell] = {says.unit_code: lambda batch, claim, unit: unit.code} if says.unit_code else {}
    return {
        "Batch": lambda batch, claim, unit: batch.id,
        "Route": lambda batch, claim, unit: batch.route,
        "Awarding body": lambda batch, claim, unit: batch.awarding_body,
        "Centre number": lambda batch, claim, unit: batch.centre_number,
        says.qualification: lambda batch, claim, unit: batch.qualification_code,
        "Qualification number": lambda batch, claim, unit: batch.qualification_number or "",
        "Qualification title": lambda batch, claim, unit: batch.qualification_title,
        "Claim key": lambda batch, claim, unit: claim.key,
        "Our claim": lambda batch, claim, unit: str(claim.claim_id),
        says.kind: lambda batch, claim, unit: says.full_award if _is_full(claim) else says.units,
        says.candidate_number: lambda batch, claim, unit: claim.candidate_number,
        "Name": lambda batch, claim, unit: claim.name,
        "Date of birth": lambda batch, claim, unit: claim.date_of_birth.isoformat() if claim.date_of_birth else "",
        "ULN": lambda batch, claim, unit: uln(claim),
        "Credits claimed": lambda batch, claim, unit: str(claim.credits),
        **unit_code,
        "Unit reference number": lambda batch, claim, unit: unit.unit_reference,
        "Unit title": lambda batch, claim, unit: unit.title,
        "Level": lambda batch, claim, unit: str(unit.level),
        "Credit value": lambda batch, claim, unit: str(unit.credit_value),
        "Achieved on": lambda batch, claim, unit: unit.achieved_on.isoformat(),
        says.transferred: lambda batch, claim, unit: "Yes" if unit.transferred else "No",
        "Held already": lambda batch, claim, unit: "Yes" if unit.held else "No",
        "Progressed from": lambda batch, claim, unit: unit.progressed_from or "",
    }


def _is_full(claim: BatchClaim) -> bool:
    return claim.kind is ClaimKind.FULL_AWARD
