"""The JSON batch: what its schema promises, and what a reader who shares no code with it finds in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from connectors.interchange_mock.documents import Malformed, read_batch
from nvqsync.exports import batch_json
from nvqsync.exports.fields import text
from nvqsync.model import Batch
from tests.unit.portal_batches import A3, F1, a_batch, a_claim, batches, few

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/batch.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)


def test_the_schema_is_a_schema() -> None:
    """docs/batch.schema.json is valid JSON Schema 2020-12."""
    Draft202012Validator.check_schema(SCHEMA)


@few
@given(batches())
def test_every_batch_conforms_to_the_schema(batch: Batch) -> None:
    """Whatever the names and titles, the document is what the schema says."""
    VALIDATOR.validate(json.loads(batch_json.render(batch)))


@few
@given(batches())
def test_the_same_batch_gives_the_same_bytes(batch: Batch) -> None:
    """Rendering is a function of the batch alone."""
    assert batch_json.render(batch) == batch_json.render(batch)


@few
@given(batches())
def test_a_stranger_reads_back_what_was_written(batch: Batch) -> None:
    """The portal's own reader finds each claim's key, name, days and units as they were."""
    read = read_batch(batch_json.render(batch))
    assert (read.id, read.awarding_body, len(read.claims)) == (batch.id, batch.awarding_body, len(batch.claims))
    for sent, claim in zip(read.claims, batch.claims, strict=True):
        assert (sent.key, sent.kind, sent.date_of_birth) == (claim.key, claim.kind, claim.date_of_birth)
        assert sent.name == text(claim.name)
        assert [unit.achieved_on for unit in sent.units] == [unit.achieved_on for unit in claim.units]
        assert [unit.transferred for unit in sent.units] == [unit.transferred for unit in claim.units]


@few
@given(batches())
def test_a_placeholder_learner_number_never_leaves(batch: Batch) -> None:
    """9999999999 becomes null."""
    assert {claim["uln"] for claim in batch_json.as_payload(batch)["claims"]} <= {None, "9276308686"}


def test_the_document_reads_as_documented() -> None:
    """One small batch, in full: what integrators copy from."""
    payload = json.loads(batch_json.render(a_batch(a_claim(units=(A3,)))))
    assert payload["qualification"] == {
        "id": "OCR/03455",
        "number": "500/8625/X",
        "code": "03455",
        "title": "Level 2 NVQ Certificate in Customer Service",
    }
    assert payload["created_at"] == "2026-10-26T07:33:20Z"
    assert payload["claims"][0]["units"] == [
        {
            "code": "A3",
            "unit_reference": "M/601/1511",
            "title": "Communicate effectively with customers",
            "level": 2,
            "credit_value": 5,
            "achieved_on": "2026-02-01",
            "transferred": True,
            "held": False,
            "progressed_from": None,
        }
    ]


def _spoil(path: str, value: Any) -> bytes:
    payload = batch_json.as_payload(a_batch(a_claim(units=(F1,))))
    *parents, last = path.split("/")
    place: Any = payload
    for part in parents:
        place = place[int(part)] if part.isdigit() else place[part]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return json.dumps(payload).encode()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("version", 2),
        ("version", True),
        ("format", "a2c"),
        ("batch", "has blanks"),
        ("claims", []),
        ("claims", ...),
        ("created_at", ""),
        ("qualification/code", ""),
        ("claims/0/name", ""),
        ("claims/0/kind", "partial"),
        ("claims/0/uln", ""),
        ("claims/0/date_of_birth", "31/08/2007"),
        ("claims/0/date_of_birth", "2007-02-30"),
        ("claims/0/units/0/achieved_on", "20260305"),
        ("claims/0/units/0/level", "2"),
        ("claims/0/units/0/credit_value", -1),
        ("claims/0/units/0/transferred", 0),
        ("claims/0/units/0/mark", "Pass"),
    ],
)
def test_schema_and_portal_refuse_the_same_misuse(path: str, value: Any) -> None:
    """The schema and the portal's reader, written apart, agree on what is not a batch."""
    document = _spoil(path, value)
    assert not VALIDATOR.is_valid(json.loads(document))
    with pytest.raises(Malformed):
        read_batch(document)


@pytest.mark.parametrize("document", [b"", b"null", b"[]", b"<html>", b"\xff", b'{"a":1,"a":2}', b"[" * 100_000])
def test_what_is_no_document_is_refused_with_a_reason(document: bytes) -> None:
    """Bytes that are no JSON object raise Malformed, never anything else."""
    with pytest.raises(Malformed) as refusal:
        read_batch(document)
    assert str(refusal.value)


def test_two_claims_under_one_key_are_refused_by_the_portal() -> None:
    """One key, one claim: also within a batch."""
    with pytest.raises(Malformed, match=r"claims\[1\]\.key"):
        read_batch(batch_json.render(a_batch(a_claim("k", "1"), a_claim("k", "2"))))
