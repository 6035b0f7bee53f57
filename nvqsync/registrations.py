"""Registrations from a file: what each row says, and whose it is. Pure; reading the file is the command's business.

A row names its learner by Moodle ID number, else by ULN, else by candidate number, never by name. A row that fits no
learner, or two, is an error that says so; the other rows still count.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from nvqsync.catalogue import Catalogue
from nvqsync.errors import InputError, UnknownName
from nvqsync.model import Entry, LmsMember, Registration

COLUMNS = {
    "id_number": "Moodle ID number of the learner (or leave empty and give the ULN or the candidate number)",
    "uln": "unique learner number, ten digits; empty where there is none",
    "candidate_number": "the awarding body's number for the candidate; empty where it has given none yet",
    "qualification": "which qualification, e.g. OCR/03455",
    "registered_on": "day of the registration, e.g. 2026-09-14 or 14/09/2026",
    "entry": "full_award or units",
    "name": "name as registered, as the certificate will print it",
    "date_of_birth": "e.g. 2007-03-01 or 01/03/2007; may be empty",
}
"""The columns of the file and what goes into each. The first three identify the learner: one of them is enough."""

REQUIRED = ("qualification", "registered_on")
ENTRIES = {"full_award": Entry.FULL_AWARD, "full": Entry.FULL_AWARD, "": Entry.FULL_AWARD, "units": Entry.UNITS}


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong with one line of the file, and the remedy."""

    line: int
    says: str


@dataclass(frozen=True, slots=True)
class Import:
    """What a file amounts to: the registrations it holds and the lines that cannot be used."""

    registrations: tuple[Registration, ...]
    errors: tuple[RowError, ...]


def template() -> str:
    """An empty file with the columns, and a comment line that says what goes where."""
    return ",".join(COLUMNS) + "\n"


def read(text: str, catalogue: Catalogue, learners: Iterable[LmsMember], known: Sequence[Registration] = ()) -> Import:
    """The registrations in the text of a CSV file. Raises ``InputError`` when the columns themselves are wrong.

    ``known`` are the registrations stored already: their candidate numbers identify learners too.
    """
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    try:
        _check_columns(rows.fieldnames or [])
        finder = _Finder(learners, known)
        found: dict[tuple[str, str, Entry], Registration] = {}
        errors: list[RowError] = []
        for row in rows:
            _read_row(row, rows.line_num, catalogue, finder, found, errors)
    except csv.Error as error:
        says = f"Line {rows.line_num} is not CSV: {error}."
        raise InputError(says, "Save the sheet as CSV (comma, UTF-8).") from error
    return Import(tuple(found.values()), tuple(errors))


def _check_columns(names: Sequence[str]) -> None:
    missing = [name for name in REQUIRED if name not in names]
    unknown = [name for name in names if name not in COLUMNS]
    if missing or unknown:
        parts = [f"missing column: {', '.join(missing)}" if missing else "",
                 f"unknown column: {', '.join(map(repr, unknown))}" if unknown else ""]  # fmt: skip
        step = "Print the columns with 'nvqsync registrations template'."
        raise InputError("; ".join(part for part in parts if part).capitalize() + ".", step)


def _read_row(
    row: Mapping[str, str | None], line: int, catalogue: Catalogue, finder: _Finder,
    found: dict[tuple[str, str, Entry], Registration], errors: list[RowError],
) -> None:  # fmt: skip
    cells = {key: (value or "").strip() for key, value in row.items() if key}
    try:
        registration = _registration(cells, catalogue, finder)
    except (InputError, UnknownName) as error:
        errors.append(RowError(line, str(error).replace("\n", " ")))
        return
    key = (registration.learner_id, registration.qualification_id, registration.entry)
    if key in found and found[key] != registration:
        errors.append(RowError(line, "An earlier line says something else of the same learner and qualification."))
    found.setdefault(key, registration)


def _registration(row: Mapping[str, str], catalogue: Catalogue, finder: _Finder) -> Registration:
    qualification = catalogue.find_qualification(row["qualification"])
    entry = ENTRIES.get(row.get("entry", "").casefold().replace(" ", "_"))
    if entry is None:
        raise InputError(f"{row['entry']!r} is not an entry.", "Write full_award or units.")
    return Registration(
        learner_id=finder.find(row),
        qualification_id=qualification.id,
        awarding_body=qualification.awarding_body,
        registered_on=read_day(row["registered_on"]),
        entry=entry,
        candidate_number=row.get("candidate_number", ""),
        name=" ".join(row.get("name", "").split()),
        date_of_birth=read_day(row["date_of_birth"]) if row.get("date_of_birth") else None,
        uln=_squeezed(row.get("uln", "")),
    )


def read_day(text: str) -> dt.date:
    """A day written 2026-09-14 or 14/09/2026. Raises ``InputError``."""
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            return dt.datetime.strptime(text, form).date()  # noqa: DTZ007  (a day has no zone)
        except ValueError:
            continue
    raise InputError(f"{text!r} is not a day." if text else "The day is missing.", "Write 2026-09-14 or 14/09/2026.")


def _squeezed(text: str) -> str:
    return "".join(text.split())


class _Finder:
    """Finds whose a row is, by ID number, then ULN, then candidate number."""

    def __init__(self, learners: Iterable[LmsMember], known: Sequence[Registration]) -> None:
        self._by: dict[str, dict[str, set[str]]] = {name: defaultdict(set) for name in list(COLUMNS)[:3]}
        for learner in learners:
            self._add(learner.lms_id, learner.id_number, learner.uln, learner.candidate_number)
        for registration in known:
            self._add(registration.learner_id, "", registration.uln, registration.candidate_number)

    def _add(self, learner_id: str, *values: str) -> None:
        for name, value in zip(self._by, values, strict=True):
            if value.strip():
                self._by[name][_squeezed(value)].add(learner_id)

    def find(self, row: Mapping[str, str]) -> str:
        """The learner's LMS id. Raises ``InputError`` for none or several."""
        names = list(self._by)
        for place, (name, known) in enumerate(self._by.items()):
            if value := _squeezed(row.get(name, "")):
                matches = known.get(value, set())
                if len(matches) == 1:
                    return next(iter(matches))
                if matches:
                    raise InputError(f"Two accounts carry this {name}.", "Clear the wrong one in Moodle, then sync.")
                if any(row.get(other, "") for other in names[place + 1 :]):
                    continue  # unknown by this number, but the row gives another
                raise InputError(f"No learner has this {name}.", "Check it, or run 'nvqsync sync' first.")
        raise InputError("The row names no learner.", "Give an id_number, a uln or a candidate_number.")
