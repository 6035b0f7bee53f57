"""A centre's facts as one TOML document: written whole, read as far as it goes; ``docs/centre.md`` has the keys. Pure.

A file says what is so; what it does not mention stays as it is recorded. A fact is the same one as a recorded one where
the two agree in the fields that ``centre_record.KEYS`` names.
"""

from __future__ import annotations

import datetime as dt
import difflib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, replace
from typing import Any, NoReturn

from nvqsync.centre import Account, EndDate, Sanction, Staff, StaffRole, Visit
from nvqsync.centres.centre_record import Approval, CentreNumber, CentreRecord, Item, key_of
from nvqsync.errors import InputError
from nvqsync.toml_lines import line_of

TABLES: Mapping[str, type[Item]] = {
    "number": CentreNumber,
    "qualification": Approval,
    "staff": Staff,
    "sanction": Sanction,
    "visit": Visit,
    "account": Account,
}
WRITTEN = {
    "lms_id": "moodle_id", "from_on": "from", "to_on": "to", "qualification_id": "qualification",
    "no_lms_user": "no_moodle", "countersigner": "countersigner_moodle_id",
}  # fmt: skip
"""Keys that are called otherwise in the file than in the record."""

CHECKED = "_checked_on"
NO_DATE = "none"
FORMS = {
    "str": 'text in quotes: "..."', "bool": "true or false", "dt.date": "a day without quotes: 2026-09-14",
    "dt.date | None": "a day without quotes: 2026-09-14", "tuple[str, ...]": 'a list of Moodle ids: ["7", "12"]',
    "StaffRole": '"assessor" or "iqa"', "EndDate": 'a day without quotes, or "none"', "str | None": "text in quotes",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Told:
    """One table of the file: which kind of fact, the fields it gives, and its line."""

    kind: type[Item]
    given: Mapping[str, Any]
    line: int


@dataclass(frozen=True, slots=True)
class CentreFile:
    """What a file says, and what messages call it."""

    name: str
    told: tuple[Told, ...]

    def onto(self, before: CentreRecord) -> CentreRecord:
        """The record with what the file says. Raises ``InputError`` where a new fact lacks something."""
        known = {key_of(item): item for item in before}
        seen: dict[tuple[Any, ...], int] = {}
        for one in self.told:
            item = self._item(one, known)
            if (line := seen.setdefault(key_of(item), one.line)) != one.line:
                says = f"{self.name}, line {one.line}: this says again what line {line} is about."
                raise InputError(says, "Put both into one table.")
            before = before.with_items(item)
        return before

    def people(self) -> tuple[str, ...]:
        """The Moodle ids the file names, each once."""
        found: dict[str, None] = {}
        for one in self.told:
            names = (one.given.get("lms_id"), one.given.get("countersigner"), *one.given.get("learners", ()))
            found.update((name, None) for name in names if name)
        return tuple(found)

    def _item(self, one: Told, known: Mapping[tuple[Any, ...], Item]) -> Item:
        defaults = {field.name: field.default for field in fields(one.kind) if field.default is not MISSING}
        if missing := [field.name for field in fields(one.kind) if field.name not in {**defaults, **one.given}]:
            names = ", ".join(_written(name) for name in missing)
            raise InputError(
                f"{self.name}, line {one.line}: {names} is missing.", "See 'nvqsync centre import --help'."
            )
        new = one.kind(**one.given)
        before = known.get(key_of(new))
        return replace(before, **one.given) if before else new


# ---------------------------------------------------------------- reading


def read(text: str, name: str) -> CentreFile:
    """What the text of a file says. Raises ``InputError`` with the line and what is wrong there."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(
            f"{name} is not TOML: {error}.", "Compare it with what 'nvqsync centre export' prints."
        ) from None
    reading = _Reading(text, name)
    return CentreFile(name, tuple(reading.tables(document)))


@dataclass(frozen=True, slots=True)
class _Reading:
    text: str
    name: str

    def tables(self, document: Mapping[str, Any]) -> Iterator[Told]:
        for table, entries in document.items():
            if table not in TABLES:
                self._unknown(table, (table,), TABLES)
            if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
                self._fail((table,), f"{table} is not a list of tables.", f"Write [[{table}]] above each.")
            for number, entry in enumerate(entries):
                yield self._told(table, number, entry)

    def _told(self, table: str, number: int, entry: Mapping[str, Any]) -> Told:
        kind = TABLES[table]
        known = dict(_keys(kind))
        given: dict[str, Any] = {}
        for key, value in entry.items():
            if key not in known:
                self._unknown(key, (table, number, key), known)
            field = known[key]
            read = _value(field, value, checked=key.endswith(CHECKED) and field.type == "EndDate")
            if read is None:
                says = f"{key} is not as it should be."
                self._fail((table, number, key), says, f"Write {FORMS[str(field.type)]}.")
            given[field.name] = _joined(given.get(field.name), read)
        for name in [name for name, value in given.items() if isinstance(value, EndDate) and not value.known]:
            self._fail((table, number), f"{name}{CHECKED} stands without {name}.", f"Give {name} too.")
        return Told(kind, given, line_of(self.text, (table, number)))

    def _unknown(self, key: str, place: tuple[str | int, ...], known: Mapping[str, Any]) -> NoReturn:
        near = difflib.get_close_matches(key, known, 1)
        hint = f"Did you mean {near[0]}? " if near else ""
        self._fail(place, f"there is no {key[:40]!r}.", f"{hint}What may stand here: {', '.join(known)}.")

    def _fail(self, place: tuple[str | int, ...], says: str, step: str) -> NoReturn:
        raise InputError(f"{self.name}, line {line_of(self.text, place)}: {says}", step)


def _written(name: str) -> str:
    return WRITTEN.get(name, name)


def _keys(kind: type[Item]) -> Iterator[tuple[str, Field[Any]]]:
    """Every key a table of this kind may have, with the field it fills."""
    for field in fields(kind):
        if field.name != "id":
            yield _written(field.name), field
        if field.type == "EndDate":
            yield field.name + CHECKED, field


def _value(field: Field[Any], value: Any, *, checked: bool) -> Any:
    """A value as the record holds it, or ``None`` where it is of another form."""
    kind = str(field.type)
    is_day = isinstance(value, dt.date) and not isinstance(value, dt.datetime)
    if checked:
        return EndDate(checked_on=value) if is_day else None
    if kind == "EndDate":
        return EndDate(known=True, on=value if is_day else None) if is_day or value == NO_DATE else None
    if kind.startswith("dt.date"):
        return value if is_day else None
    if kind.startswith("tuple"):
        good = isinstance(value, list) and all(isinstance(one, str) and one for one in value)
        return tuple(dict.fromkeys(value)) if good else None
    if kind == "StaffRole":
        return StaffRole(value) if value in tuple(StaffRole) else None
    return value if isinstance(value, bool if kind == "bool" else str) else None


def _joined(before: Any, value: Any) -> Any:
    """The two keys of an end date as one."""
    if not isinstance(before, EndDate):
        return value
    day, checked = (before, value) if before.known else (value, before)
    return replace(day, checked_on=checked.checked_on)


# ---------------------------------------------------------------- writing


def written(record: CentreRecord) -> str:
    """The whole record as a document that ``read`` understands; where nothing is recorded there is no key."""
    names = {kind: table for table, kind in TABLES.items()}
    tables = []
    for item in record:
        lines = [line for field in fields(item) for line in _lines(field.name, getattr(item, field.name))]
        tables.append("\n".join([f"[[{names[type(item)]}]]", *lines]) + "\n")
    return "\n".join(tables)


def _lines(name: str, value: Any) -> Iterator[str]:
    if name == "id" or value is None or value in ("", ()):
        return
    if not isinstance(value, EndDate):
        yield f"{_written(name)} = {_toml(value)}"
    elif value.known:
        yield f"{name} = {_toml(value.on or NO_DATE)}"
        if value.checked_on:
            yield f"{name}{CHECKED} = {_toml(value.checked_on)}"


def _toml(value: Any) -> str:
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    text = json.dumps(value, ensure_ascii=False)
    return re.sub("\x7f", r"\\u007f", text)
