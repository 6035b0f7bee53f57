"""The JSON that other programs read: explained, as the schema says, and unchanged since a person last looked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.json_documents import SNAPSHOTS, documents, text_of
from tests.meta.repository import ROOT

SCHEMA = json.loads((ROOT / "docs" / "schemas" / "json-output.schema.json").read_text(encoding="utf-8"))
PAGE = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
DEFINITIONS = {
    "judge-met": "verdict", "judge-unmet": "verdict", "judge-outside": "verdict", "judge-error": "error",
    "sync-held": "sync", "claims-show-proposed": "claims_show", "claims-show-certificated": "claims_show",
    "claims-approve": "claims_act", "export": "batches", "reconcile": "batches",
    "export-planned": "planned", "reconcile-planned": "planned",
}  # fmt: skip
"""The definition of a document whose name is not the definition's own."""

COUNTED = ("criteria", "answers", "claims")
"""Objects whose keys are data (outcomes, statuses): the values are described, the keys are not."""

KEPT = ("facts", "record")
"""Objects that an entry of the log keeps in the shape of its day: the page says so, and describes no key in them."""


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return documents(tmp_path_factory.mktemp("college"))


def test_each_document_is_what_it_was(printed: dict[str, Any]) -> None:
    """Whoever changes a shape or a word sees it here, and keeps it with `python -m tests.json_documents`."""
    kept = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in SNAPSHOTS.glob("*.json")}
    assert kept.keys() == printed.keys()
    for name, document in printed.items():
        assert text_of(document) == text_of(kept[name]), name


def test_each_document_is_as_the_schema_says(printed: dict[str, Any]) -> None:
    """docs/schemas/json-output.schema.json is valid and describes what is printed, dates and moments included."""
    Draft202012Validator.check_schema(SCHEMA)
    lines = printed["judge-jsonl"]["lines"]
    told = [(name, DEFINITIONS.get(name, name.replace("-", "_")), document)
            for name, document in printed.items() if name != "judge-jsonl"]  # fmt: skip
    told += [("judge-jsonl", "error" if "error" in line else "verdict", line) for line in lines]
    for name, definition, document in told:
        schema = {"$defs": SCHEMA["$defs"], "$ref": f"#/$defs/{definition}"}
        validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
        found = list(validator.iter_errors(document))
        assert not found, (name, found[0].message, list(found[0].absolute_path))


def test_every_key_is_in_the_schema(printed: dict[str, Any]) -> None:
    """A key that is printed and that no definition names would be an undocumented promise."""
    described = {key for object_ in _objects(SCHEMA["$defs"]) for key in object_.get("properties", {})}
    assert not {key for document in printed.values() for key in _keys(document)} - described - {"status", "lines"}


def test_every_key_is_explained(printed: dict[str, Any]) -> None:
    """docs/json.md names every key that occurs in any document."""
    explained = set(re.findall(r"`(\w+)`", PAGE))
    assert not {key for document in printed.values() for key in _keys(document)} - explained - {"lines"}


def test_every_definition_is_named_on_the_page() -> None:
    """A reader of docs/json.md finds the schema of each document."""
    documented = {name for name in SCHEMA["$defs"] if f"`{name}`" in PAGE}
    parts = {"learner", "finding", "requirement", "route", "notice", "course", "claim", "decision", "adjustment"}
    assert SCHEMA["$defs"].keys() - documented <= parts


def test_judging_line_by_line_answers_every_line_and_exits_1(printed: dict[str, Any]) -> None:
    """Five questions, five answers in their order; the three that cannot be answered make the exit status 1."""
    answered = printed["judge-jsonl"]
    assert answered["status"] == 1
    assert ["error" in line for line in answered["lines"]] == [False, False, True, True, True]


def test_personal_data_stays_where_it_belongs(printed: dict[str, Any]) -> None:
    """No ULN and no date of birth in any document, and no name in a pass report, a status or an error."""
    everything = json.dumps(printed)
    assert not [secret for secret in ("9276308686", "1000000094", "2006-03-01") if secret in everything]
    nameless = [printed[name] for name in ("sync", "sync-held", "status", "registrations-import", "export")]
    assert not [name for name in ("Amira", "Carrow", "Dunn", "Reyes") if name in json.dumps(nameless)]


def _keys(document: Any) -> Iterator[str]:
    if isinstance(document, list):
        for entry in document:
            yield from _keys(entry)
    elif isinstance(document, dict):
        for key, value in document.items():
            yield key
            if key in KEPT:
                continue
            if not (key in COUNTED and isinstance(value, dict) and all(isinstance(n, int) for n in value.values())):
                yield from _keys(value)


def _objects(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, list):
        for entry in schema:
            yield from _objects(entry)
    elif isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from _objects(value)
