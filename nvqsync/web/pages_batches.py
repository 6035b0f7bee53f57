"""Batches: what went out, its digest and files, and what the awarding body answered."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, abort, render_template, send_file

from nvqsync.sign_in.accounts import Right
from nvqsync.storage import store_claims
from nvqsync.web import batch_records, office_queries
from nvqsync.web.access import current, needs
from nvqsync.web.context import app, asked_page, store
from nvqsync.web.lists import PAGE_SIZE, cut_pages

STATES = {
    "prepared": "Made, not written yet",
    "written": "Written, not handed over",
    "sending": "Handed over, no answer yet",
    "answered": "Answered",
}
"""What each state of a batch is called."""

batches = Blueprint("batches", __name__)


@batches.get("/batches")
@needs(Right.EVERYTHING)
def every() -> str:
    """Every batch, newest first."""
    with store() as opened:
        cut = cut_pages(office_queries.count(opened, "batches"), asked_page())
        found = office_queries.batches(opened, first=cut.offset, most=PAGE_SIZE)
        approved = store_claims.count_by_status(opened).get("approved", 0)
    return render_template("batches.html", batches=found, cut=cut, states=STATES, approved=approved)


@batches.get("/batches/<batch_id>")
@needs(Right.EVERYTHING)
def one(batch_id: str) -> str:
    """One batch: its files and digest, and each claim with the answer to it."""
    with store() as opened:
        row = office_queries.batch(opened, batch_id)
        if row is None:
            abort(404)
        cut = cut_pages(sum(row["claims"].values()), asked_page())
        claims = office_queries.claims_in(opened, batch_id, first=cut.offset, most=PAGE_SIZE)
        to_record = batch_records.offered(opened, batch_id) if current().may(Right.RECORD) else []
    folder, days = app().settings.export.folder, app().settings.export.keep_files_days
    return render_template(
        "batch.html", one=row, claims=claims, cut=cut, states=STATES, keep_days=days,
        files=[_file(folder, name) for name in row["files"]], may_fetch=current().may(Right.PRIVATE),
        to_record=to_record,
    )  # fmt: skip


@batches.get("/batches/<batch_id>/files/<name>")
@needs(Right.PRIVATE)
def file(batch_id: str, name: str) -> Response | tuple[str, int]:
    """One file of a batch, as it was written. Only for those who may have ULNs and dates of birth.

    The address only chooses among the names that the export stored. The JSON document must have the batch's digest.
    """
    with store() as opened:
        row = office_queries.batch(opened, batch_id)
    known = next((one for one in row["files"] if one == name), None) if row else None
    path = app().settings.export.folder / (known or "")
    if row is None or known is None or not path.is_file():
        abort(404)
    if known == f"{row['id']}.json" and _digest(path) != row["digest"]:
        says = "Its digest is not the batch's: it was changed since it was written. Do not send it to anybody."
        return render_template("problem.html", heading="This file is not as it was written", says=says), 409
    answer: Response = send_file(path.absolute(), as_attachment=True, download_name=name, etag=False, max_age=None)
    return answer


def _digest(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _file(folder: Path, name: str) -> dict[str, Any]:
    """A file of a batch by its name; no ``size`` where it is not there any more."""
    path = folder / name
    return {"name": name, "size": path.stat().st_size if path.is_file() else None}
