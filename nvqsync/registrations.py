"""Registrations from a file: what each row says, and whose it is. Pure; reading the file is the command's business.

A row names its learner by Moodle ID number, else by ULN, else by candidate number, never by name. A row that fits no
learner, or two, is an error that says so; the other rows still count.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from nvqsync.catalogue import Catalogue
from nvqsync.check_characters import PLACEHOLDER_ULN
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

IDENTIFIERS = ("id_number", "uln", "candidate_number")
REQUIRED = ("qualification", "registered_on")
OPTIONAL = ("candidate_number", "name", "date_of_birth", "uln")
COLUMNS_STEP = "Print the columns with 'nvqsync registrations template'."
ENTRIES = {"full_award": Entry.FULL_AWARD, "full": Entry.FULL_AWARD, "": Entry.FULL_AWARD, "units": Entry.UNITS}


class _Lines(Protocol):
    """What ``csv.reader`` gives: rows, and how many lines they took so far."""

    line_num: int

    def __iter__(self) -> Iterator[list[str]]: ...


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
    """The registrations in the text of a CSV file. Raises ``InputError`` when the file or its columns are wrong.

    ``known`` are the registrations stored already: their numbers identify learners too, and what a file has no column
    for stays as they have it.
    """
    if "\0" in text:
        raise InputError("The file is not UTF-8 text.", "Save the sheet as 'CSV UTF-8' and try again.")
    lines = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    reading = _Reading(
        catalogue, _Finder(learners, known), {_key(registration): registration for registration in known}
    )
    try:
        rows = _rows(lines)
        _, head = next(rows, (0, None))
        if head is None:
            raise InputError("The file is empty.", COLUMNS_STEP)
        columns = _columns(head)
        for line, cells in rows:
            reading.take(line, columns, cells)
    except csv.Error as error:
        says = f"Line {lines.line_num} is not CSV: {error}."
        raise InputError(says, "Look for a quotation mark without its partner. Save the sheet as CSV UTF-8.") from error
    return Import(tuple(reading.found.values()), tuple(reading.errors))


def _rows(lines: _Lines) -> Iterator[tuple[int, list[str]]]:
    """Every row with something in it, and the line on which it starts: a cell may hold line breaks."""
    start = 1
    for cells in lines:
        if any(cell.strip() for cell in cells):
            yield start, cells
        start = lines.line_num + 1


def _columns(head: Sequence[str]) -> list[str]:
    """The columns' names, forgiving in form. A column without a name must be empty."""
    names = ["_".join(name.casefold().split()) for name in head]
    for separator, called in ((";", "semicolons"), ("\t", "tabs")):
        if len(names) == 1 and separator in head[0].strip():
            says = f"The columns are separated by {called}, not by commas."
            raise InputError(says, "Save the sheet as 'CSV UTF-8 (comma delimited)', or replace the separators.")
    missing = [name for name in REQUIRED if name not in names]
    unknown = [name[:40] for name in names if name and name not in COLUMNS]
    doubled = sorted({name for name in names if name and names.count(name) > 1})
    told = [
        f"{what} column: {', '.join(found)}"
        for what, found in (("missing", missing), ("unknown", unknown), ("doubled", doubled))
        if found
    ]
    if told:
        raise InputError(f"{'; '.join(told).capitalize()}.", COLUMNS_STEP)
    return names


def _key(registration: Registration) -> tuple[str, str, Entry]:
    return registration.learner_id, registration.qualification_id, registration.entry


class _Reading:
    """The rows of one file, taken one by one."""

    def __init__(
        self, catalogue: Catalogue, finder: _Finder, known: Mapping[tuple[str, str, Entry], Registration]
    ) -> None:
        self._catalogue, self._finder, self._known = catalogue, finder, known
        self.found: dict[tuple[str, str, Entry], Registration] = {}
        self.errors: list[RowError] = []

    def take(self, line: int, columns: Sequence[str], cells: Sequence[str]) -> None:
        """One row: a registration more, or an error that says what is wrong with it."""
        try:
            registration = self._registration(_named(columns, cells))
            if self.found.setdefault(_key(registration), registration) != registration:
                raise InputError("An earlier line says something else of the same learner and qualification.")
        except (InputError, UnknownName) as error:
            self.errors.append(RowError(line, " ".join(str(error).split())))

    def _registration(self, row: Mapping[str, str]) -> Registration:
        qualification = self._catalogue.find_qualification(row["qualification"])
        entry = ENTRIES.get(row.get("entry", "").casefold().replace(" ", "_"))
        if entry is None:
            raise InputError(f"{row['entry']!r} is not an entry.", "Write full_award or units.")
        new = Registration(
            learner_id=self._finder.find(row, qualification.awarding_body),
            qualification_id=qualification.id,
            awarding_body=qualification.awarding_body,
            registered_on=read_day(row["registered_on"]),
            entry=entry,
            candidate_number=row.get("candidate_number", ""),
            name=" ".join(row.get("name", "").split()),
            date_of_birth=read_day(row["date_of_birth"]) if row.get("date_of_birth") else None,
            uln=_squeezed(row.get("uln", "")),
        )
        if new.date_of_birth and new.date_of_birth >= new.registered_on:
            raise InputError(f"Born on {new.date_of_birth}, not before the registration.", "Correct one of the days.")
        if before := self._known.get(_key(new)):
            return replace(new, **{name: getattr(before, name) for name in OPTIONAL if name not in row})
        return new


def _named(columns: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """The cells by column, stripped. Raises ``InputError`` for a cell that stands under no column."""
    stripped = [cell.strip() for cell in cells]
    row = dict(zip(columns, [*stripped, *[""] * len(columns)], strict=False))
    if row.pop("", "") or any(stripped[len(columns) :]):
        raise InputError("There are more cells than columns.", "A comma inside a cell needs quotation marks around it.")
    for name in IDENTIFIERS:
        if re.fullmatch(r"\d([.,]\d+)?e\+?\d+", row.get(name, ""), re.IGNORECASE):
            says = f"A spreadsheet turned this {name} into {row[name]}."
            raise InputError(says, "Make the column text and enter the number again.")
    return row


def read_day(text: str) -> dt.date:
    """A day written 2026-09-14 or 14/09/2026. Raises ``InputError``."""
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            found = dt.datetime.strptime(text, form).date()  # noqa: DTZ007  (a day has no zone)
        except ValueError:
            continue
        if found.year >= 1900:
            return found
    raise InputError(f"{text!r} is not a day." if text else "The day is missing.", "Write 2026-09-14 or 14/09/2026.")


def _squeezed(text: str) -> str:
    return "".join(text.split())


class _Finder:
    """Finds whose a row is, by ID number, then ULN, then candidate number.

    Two bodies may give the same candidate number to two learners, so a registered one counts for its own body.
    """

    def __init__(self, learners: Iterable[LmsMember], known: Sequence[Registration]) -> None:
        self._by: dict[tuple[str, str], set[str]] = defaultdict(set)
        for learner in learners:
            self._add("id_number", learner.id_number, learner.lms_id)
            self._add("uln", learner.uln, learner.lms_id)
            self._add("candidate_number", learner.candidate_number, learner.lms_id)
        for one in known:
            self._add("registered uln", one.uln, one.learner_id)
            self._add(f"{one.awarding_body} candidate_number", one.candidate_number, one.learner_id)

    def _add(self, name: str, value: str, learner_id: str) -> None:
        if _squeezed(value) not in {"", PLACEHOLDER_ULN}:
            self._by[name, _squeezed(value)].add(learner_id)

    def find(self, row: Mapping[str, str], awarding_body: str) -> str:
        """The learner's LMS id. Raises ``InputError`` for none, for several, and for somebody else's ULN."""
        given = {name: value for name in IDENTIFIERS if (value := _squeezed(row.get(name, "")))}
        given = {name: value for name, value in given.items() if value != PLACEHOLDER_ULN}
        if not given:
            raise InputError("The row names no learner.", "Give an id_number, a uln or a candidate_number.")
        matches = ((name, self._matches(name, value, awarding_body)) for name, value in given.items())
        name, found = next(((name, found) for name, found in matches if found), ("", set()))
        if not found:
            raise InputError(f"No learner has this {next(iter(given))}.", "Check it, or run 'nvqsync sync' first.")
        if len(found) > 1:
            raise InputError(f"Two accounts carry this {name}.", "Clear the wrong one in Moodle, then sync.")
        owners = self._by.get(("uln", given.get("uln", "")), found)
        if not found & owners:
            raise InputError(f"The {name} and the ULN belong to two accounts.", "Find out whose row this is.")
        return next(iter(found))

    def _matches(self, name: str, value: str, awarding_body: str) -> set[str]:
        known = self._by.get((name, value), set())
        if name == "uln":
            return known | self._by.get(("registered uln", value), set())
        return self._by.get((f"{awarding_body} {name}", value), known)
