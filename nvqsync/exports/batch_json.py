"""The batch as JSON: nvqsync's own documented format, not any awarding body's upload layout.

``docs/batch.schema.json`` is its JSON Schema. UTF-8, one object, fields always in the order of the schema, all of them
always present, days as ``YYYY-MM-DD``, unknown things ``null``. An NVQ unit is achieved or it is not: there is no mark.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

from nvqsync import hookimpl
from nvqsync.exports.fields import text, uln
from nvqsync.hookspecs import ExportFormat
from nvqsync.model import Batch, BatchClaim, BatchUnit

FORMAT, VERSION = "nvqsync-batch", 1


@hookimpl
def register_export_formats(register: Callable[[ExportFormat], None]) -> None:
    """Offer the JSON batch."""
    register(
        ExportFormat("batch_json", "json", "application/json", "A batch as JSON, for portals with an API.", render)
    )


def render(batch: Batch) -> bytes:
    """The batch as a JSON document, one claim a line. The same batch gives the same bytes."""
    payload = as_payload(batch)
    claims = ",\n".join(f"  {json.dumps(claim, ensure_ascii=False)}" for claim in payload.pop("claims"))
    head = json.dumps(payload, ensure_ascii=False, indent=1).removesuffix("\n}")
    return f'{head},\n "claims": [\n{claims}\n ]\n}}\n'.encode()


def as_payload(batch: Batch) -> dict[str, Any]:
    """The batch as plain JSON values, as ``docs/batch.schema.json`` describes them."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "batch": batch.id,
        "created_at": dt.datetime.fromtimestamp(batch.created_at, dt.UTC).isoformat().replace("+00:00", "Z"),
        "awarding_body": text(batch.awarding_body),
        "centre_number": text(batch.centre_number),
        "qualification": {
            "id": text(batch.qualification_id),
            "number": batch.qualification_number,
            "code": text(batch.qualification_code),
            "title": text(batch.qualification_title),
        },
        "route": text(batch.route),
        "audit_head": batch.audit_head or None,
        "claims": [_claim(claim) for claim in batch.claims],
    }


def _claim(claim: BatchClaim) -> dict[str, Any]:
    return {
        "key": claim.key,
        "claim_id": claim.claim_id,
        "kind": claim.kind.value,
        "candidate_number": text(claim.candidate_number),
        "name": text(claim.name),
        "date_of_birth": claim.date_of_birth.isoformat() if claim.date_of_birth else None,
        "uln": uln(claim) or None,
        "credits": claim.credits,
        "units": [_unit(unit) for unit in claim.units],
    }


def _unit(unit: BatchUnit) -> dict[str, Any]:
    return {
        "code": text(unit.code),
        "unit_reference": text(unit.unit_reference),
        "title": text(unit.title),
        "level": unit.level,
        "credit_value": unit.credit_value,
        "achieved_on": unit.achieved_on.isoformat(),
        "transferred": unit.transferred,
        "held": unit.held,
        "progressed_from": unit.progressed_from,
    }
