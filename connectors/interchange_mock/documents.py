"""The batch document as this portal reads it: strict, by hand, and without a word shared with whoever wrote it.

``read_batch`` turns bytes into a ``SentBatch`` or raises ``Malformed`` with the place (``claims[3].units[0].level``)
and what is wrong there. ``docs/batch.schema.json`` describes the same document to machines.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

FORMAT, VERSION = "nvqsync-batch", 1
KINDS = ("full_award", "units")
MOST_CLAIMS = 10_000


class Malformed(Exception):
    """The document is not a batch. ``place`` says where, ``says`` what is wrong there."""

    def __init__(self, place: str, says: str) -> None:
        super().__init__(f"{place}: {says}" if place else says)


@dataclass(frozen=True, slots=True)
class SentUnit:
    """A unit as it was sent."""

    code: str
    unit_reference: str
    title: str
    level: int
    credit_value: int
    achieved_on: dt.date
    transferred: bool
    held: bool = False
    progressed_from: str | None = None


@dataclass(frozen=True, slots=True)
class SentClaim:
    """A claim as it was sent. Two claims under one key must be equal in all of this."""

    key: str
    claim_id: int
    kind: str
    candidate_number: str
    name: str
    date_of_birth: dt.date | None
    uln: str | None
    units: tuple[SentUnit, ...]
    credits: int


@dataclass(frozen=True, slots=True)
class SentBatch:
    """A batch as it was sent: one body, one centre, one qualification (by the body's own code)."""

    id: str
    awarding_body: str
    centre_number: str
    qualification: str
    route: str
    claims: tuple[SentClaim, ...]


Reader = Callable[[Any, str], Any]


def read_batch(document: bytes) -> SentBatch:
    """The batch in these bytes. Raises ``Malformed``."""
    try:
        payload = json.loads(document, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as problem:
        raise Malformed("", f"not a JSON document ({type(problem).__name__})") from None
    found = _record(_BATCH)(payload, "")
    claims = tuple(SentClaim(**claim) for claim in found["claims"])
    _refuse_repeated_keys(claims)
    return SentBatch(
        id=found["batch"],
        awarding_body=found["awarding_body"],
        centre_number=found["centre_number"],
        qualification=found["qualification"]["code"],
        route=found["route"],
        claims=claims,
    )


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("", "a field is given twice in one object")
    return found


def _refuse_repeated_keys(claims: tuple[SentClaim, ...]) -> None:
    seen: set[str] = set()
    for place, claim in enumerate(claims):
        if claim.key in seen:
            _wrong(f"claims[{place}].key", "an earlier claim of this batch has the same key")
        seen.add(claim.key)


# ---------------------------------------------------------------- small readers, put together below


def _wrong(place: str, says: str) -> NoReturn:
    raise Malformed(place, says)


def _text(value: Any, place: str) -> str:
    return value if isinstance(value, str) else _wrong(place, "must be text")


def _some_text(value: Any, place: str) -> str:
    return _text(value, place) or _wrong(place, "must not be empty")


def _token(value: Any, place: str) -> str:
    text = _some_text(value, place)
    if len(text) > 200 or any(not "!" <= character <= "~" for character in text):
        _wrong(place, "must be at most 200 printable ASCII characters without blanks")
    return text


def _count(value: Any, place: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        _wrong(place, "must be a whole number, zero or more")
    return value


def _flag(value: Any, place: str) -> bool:
    return value if isinstance(value, bool) else _wrong(place, "must be true or false")


def _day(value: Any, place: str) -> dt.date:
    try:
        day = dt.date.fromisoformat(_text(value, place))
    except ValueError:
        day = None
    return day if day and day.isoformat() == value else _wrong(place, "must be a day, YYYY-MM-DD")


def _one_of(*allowed: Any) -> Reader:
    def read(value: Any, place: str) -> Any:
        same = [one for one in allowed if one == value and type(one) is type(value)]
        return same[0] if same else _wrong(place, f"must be {' or '.join(map(repr, allowed))}")

    return read


def _or_null(reader: Reader) -> Reader:
    return lambda value, place: None if value is None else reader(value, place)


def _record(fields: dict[str, Reader]) -> Reader:
    def read(value: Any, place: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            _wrong(place, "must be an object")
        dot = f"{place}." if place else ""
        for name in value.keys() ^ fields.keys():
            _wrong(f"{dot}{name}", "is missing" if name in fields else "is not a field of this document")
        return {name: reader(value[name], f"{dot}{name}") for name, reader in fields.items()}

    return read


def _list_of(reader: Reader, most: int) -> Reader:
    def read(value: Any, place: str) -> tuple[Any, ...]:
        if not isinstance(value, list) or not 1 <= len(value) <= most:
            _wrong(place, f"must be a list of 1 to {most}")
        return tuple(reader(item, f"{place}[{number}]") for number, item in enumerate(value))

    return read


def _unit(value: Any, place: str) -> SentUnit:
    return SentUnit(**_record(_UNIT)(value, place))


_UNIT: dict[str, Reader] = {
    "code": _some_text,
    "unit_reference": _some_text,
    "title": _text,
    "level": _count,
    "credit_value": _count,
    "achieved_on": _day,
    "transferred": _flag,
    "held": _flag,
    "progressed_from": _or_null(_some_text),
}
_CLAIM: dict[str, Reader] = {
    "key": _token,
    "claim_id": _count,
    "kind": _one_of(*KINDS),
    "candidate_number": _text,
    "name": _some_text,
    "date_of_birth": _or_null(_day),
    "uln": _or_null(_some_text),
    "credits": _count,
    "units": _list_of(_unit, 200),
}
_BATCH: dict[str, Reader] = {
    "format": _one_of(FORMAT),
    "version": _one_of(VERSION),
    "batch": _token,
    "created_at": _some_text,
    "awarding_body": _some_text,
    "centre_number": _some_text,
    "qualification": _record({"id": _some_text, "number": _or_null(_some_text), "code": _some_text, "title": _text}),
    "route": _text,
    "audit_head": _or_null(_text),
    "claims": _list_of(_record(_CLAIM), MOST_CLAIMS),
}
