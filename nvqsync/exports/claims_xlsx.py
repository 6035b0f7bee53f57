"""The batch as an Excel workbook: the columns of the CSV worksheet, every cell text.

Nothing is a formula, a number or a link, so that codes such as ``03455`` keep their zeros and no text from a learner
can run. A second sheet says what the workbook is. No awarding body takes it as an upload: no such layout is public.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Iterable, Sequence

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from nvqsync import hookimpl
from nvqsync.exports.claims_csv import columns_of
from nvqsync.exports.fields import text
from nvqsync.hookspecs import ExportFormat
from nvqsync.model import Batch

MOST = 32_767
"""Characters that a cell can hold."""

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PLAIN = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}


@hookimpl
def register_export_formats(register: Callable[[ExportFormat], None]) -> None:
    """Offer the workbook."""
    register(ExportFormat("claims_xlsx", "xlsx", MEDIA_TYPE, "The CSV's rows as an Excel workbook, all text.", render))


def render(batch: Batch) -> bytes:
    """The batch as a workbook. The same batch gives the same bytes."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, PLAIN) as book:
        book.set_properties({"title": text(batch.id), "created": dt.datetime.fromtimestamp(batch.created_at, dt.UTC)})
        claims, about = book.add_worksheet("Claims"), book.add_worksheet("About")
        columns = columns_of(batch.awarding_body)
        rows = [
            [value(batch, claim, unit) for value in columns.values()] for claim in batch.claims for unit in claim.units
        ]
        bold = book.add_format({"bold": True})
        for place, heading in enumerate(columns):
            claims.write_string(0, place, heading, bold)
        _write(claims, rows, first=1)
        claims.freeze_panes(1, 0)
        claims.autofilter(0, 0, len(rows), len(columns) - 1)
        claims.autofit(max_width=320)
        _write(about, _about(batch))
        about.set_column(0, 0, 100)
    return file.getvalue()


def _write(sheet: Worksheet, rows: Iterable[Sequence[str]], *, first: int = 0) -> None:
    for number, row in enumerate(rows, first):
        for place, value in enumerate(row):
            sheet.write_string(number, place, text(value)[:MOST])


def _about(batch: Batch) -> list[list[str]]:
    return [
        [f"Batch {batch.id}: {len(batch.claims)} claims for {batch.awarding_body} {batch.qualification_code}."],
        ["A worksheet made by nvqsync. It is not an upload file, and no portal takes it as one."],
        ["It holds personal data: keep it locked away, and delete it when the claims are keyed."],
    ]
