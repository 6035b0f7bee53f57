"""Registrations from a table: what each row says, and whose it is. Pure; reading the file is the command's business.

A row names its learner by Moodle ID number, else by ULN, else by candidate number, never by name. A row that fits no
learner, or two, is an error that says so; the other rows still count.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from nvqsync.catalogue import Catalogue
from nvqsync.check_characters import PLACEHOLDER_ULN
from nvqsync.csv_rows import Row, csv_rows
from nvqsync.errors import InputError, UnknownName
from nvqsync.gating.candidate_numbers import number_misfit
from nvqsync.model import Entry, LmsMember, Registration
from nvqsync.number_holders import shared_by_two
from nvqsync.uln_owners import Owners, squeezed, uln_mark

COLUMNS = {
    "id_number": "Moodle ID number of the learner (or leave empty and give the ULN or the candidate number)",
    "uln": "unique learner number, ten digits; empty where there is none",
    "candidate_number": "the awarding body's number for the candidate; empty where it has given none yet",
    "qualification": "which qualification, e.g. OCR/03455",
    "registered_on": "day of the registration, e.g. 2026-09-14 or 14/09/2026",
    "entry": "full_award or units",
    "name": "name as registered, as the certificate will print it",
    "date_of_birth": "e.g. 2007-03-01 or 01/03/2007; may be empty",
    "start": "day on which the learner starts; may be empty",
    "end": "last day on which the registration holds; may be empty",
    "site": "the centre's site, where it has several with numbers of their own; empty for the main one",
}
"""The columns of the file and what goes into each. The first three identify the learner: one of them is enough."""

IDENTIFIERS = ("id_number", "uln", "candidate_number")
REQUIRED = ("qualification", "registered_on")
OPTIONAL = ("candidate_number", "name", "date_of_birth", "uln", "start", "end", "site")
DAYS = frozenset({"registered_on", "date_of_birth", "start", "end"})
ONE_ENTRY = frozenset({"OCR"})
"""The bodies that take an entry for the full award or for units, never both (rule ENT-1)."""

COLUMNS_STEP = "Print the columns with 'nvqsync registrations template'. Of a workbook only the first sheet is read."
ENTRIES = {"full_award": Entry.FULL_AWARD, "full": Entry.FULL_AWARD, "": Entry.FULL_AWARD, "units": Entry.UNITS}

SPREADSHEET_ERRORS = frozenset(
    {"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#SPILL!", "#CALC!", "#GETTING_DATA"}
)
"""What stands in a cell whose formula failed, in a workbook and in the CSV saved from one."""

NOBODY: Owners = MappingProxyType({})
"""No ULN was said to be anyone's."""


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong with one line of a file (one row of a sheet), and the remedy."""

    line: int
    says: str


@dataclass(frozen=True, slots=True)
class Import:
    """What a file amounts to: the registrations it holds, the line of each, and the lines that cannot be used."""

    registrations: tuple[Registration, ...]
    errors: tuple[RowError, ...]
    lines: tuple[int, ...] = ()


def template() -> str:
    """An empty file with the columns, and a comment line that says what goes where."""
    return ",".join(COLUMNS) + "\n"


def read(
    text: str, catalogue: Catalogue, learners: Iterable[LmsMember], known: Sequence[Registration] = (),
    owners: Owners = NOBODY, today: dt.date = dt.date.max,
) -> Import:  # fmt: skip
    """The registrations in the text of a CSV file, as ``read_rows`` finds them."""
    return read_rows(csv_rows(text), catalogue, learners, known, owners, today)


def read_rows(
    rows: Iterator[Row], catalogue: Catalogue, learners: Iterable[LmsMember], known: Sequence[Registration] = (),
    owners: Owners = NOBODY, today: dt.date = dt.date.max,
) -> Import:  # fmt: skip
    """The registrations in a table whose first row is its head. Raises ``InputError`` for a wrong file or columns.

    ``known`` are the registrations stored already: their numbers identify learners too, and what a table has no column
    for stays as they have it. ``owners`` says whose a ULN is, where a person recorded it. Nobody was registered after
    ``today``.
    """
    people = {one.lms_id: one for one in learners}
    reading = _Reading(catalogue, _Finder(people.values(), known, owners), known, today)
    _, head = next(rows, (0, None))
    if head is None:
        raise InputError("The file is empty.", COLUMNS_STEP)
    columns = _columns(head)
    for line, cells in rows:
        reading.take(line, columns, cells)
    reading.refuse_shared_numbers(people)
    return Import(tuple(reading.found.values()), tuple(reading.errors), tuple(reading.lines.values()))


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

    def __init__(self, catalogue: Catalogue, finder: _Finder, known: Sequence[Registration], today: dt.date) -> None:
        self._catalogue, self._finder, self._today = catalogue, finder, today
        self._known = {_key(registration): registration for registration in known}
        self.found: dict[tuple[str, str, Entry], Registration] = {}
        self.lines: dict[tuple[str, str, Entry], int] = {}
        self.errors: list[RowError] = []

    def take(self, line: int, columns: Sequence[str], cells: Sequence[str]) -> None:
        """One row: a registration more, or an error that says what is wrong with it."""
        try:
            registration = self._registration(_named(columns, cells))
            self._check_entry(registration)
            if self.found.setdefault(_key(registration), registration) != registration:
                raise InputError("An earlier line says something else of the same learner and qualification.")
            self.lines.setdefault(_key(registration), line)
        except (InputError, UnknownName) as error:
            self.errors.append(RowError(line, " ".join(str(error).split())))

    def refuse_shared_numbers(self, people: Mapping[str, LmsMember]) -> None:
        """Once every row is read: two people under one candidate number are an error of each row that says so."""
        for key, other in list(shared_by_two(self.found, self._known, people)):
            body = self.found.pop(key).awarding_body
            says = (
                f"Moodle user {other} is registered with {body} under the same candidate number, and is somebody else "
                "by name or date of birth. Find out whose number it is; if they are one person, give both the same."
            )
            self.errors.append(RowError(self.lines.pop(key), says))
        self.errors.sort(key=lambda error: error.line)

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
            candidate_number=squeezed(row.get("candidate_number", "")),
            name=" ".join(row.get("name", "").split()),
            date_of_birth=_day_or_none(row, "date_of_birth"),
            uln=squeezed(row.get("uln", "")),
            start=_day_or_none(row, "start"),
            end=_day_or_none(row, "end"),
            site=" ".join(row.get("site", "").split()),
        )
        if before := self._known.get(_key(new)):
            new = replace(new, **{name: getattr(before, name) for name in OPTIONAL if name not in row})
        _check_sense(new)
        if new.registered_on > self._today:
            raise InputError(f"Registered on {new.registered_on}, a day that has not come yet.", "Correct the day.")
        return new

    def _check_entry(self, new: Registration) -> None:
        """OCR: an entry for the full award or for units, never both, whatever the file or the store says."""
        if new.awarding_body not in ONE_ENTRY:
            return
        other = Entry.UNITS if new.entry is Entry.FULL_AWARD else Entry.FULL_AWARD
        key = (new.learner_id, new.qualification_id, other)
        if (key in self.found or key in self._known) and _key(new) not in self._known:
            says = f"ENT-1: the candidate is entered with {new.awarding_body} for {_ENTRY_WORDS[other]} already, and it"
            raise InputError(
                f"{says} takes one entry or the other.",
                f"A leaver's units can be claimed as it is. Otherwise have {new.awarding_body} amend the entry, then "
                f"record it: 'nvqsync registrations amend LEARNER {new.qualification_id} {new.entry.value} --why ...'.",
            )


_ENTRY_WORDS = {Entry.FULL_AWARD: "the full award", Entry.UNITS: "units"}


def _day_or_none(row: Mapping[str, str], name: str) -> dt.date | None:
    return read_day(row[name]) if row.get(name) else None


def _check_sense(new: Registration) -> None:
    """Days in an order that can be, and a candidate number in the body's form. Raises ``InputError``."""
    if new.date_of_birth and new.date_of_birth >= new.registered_on:
        raise InputError(f"Born on {new.date_of_birth}, not before the registration.", "Correct one of the days.")
    if new.end and any(day and new.end < day for day in (new.registered_on, new.start)):
        raise InputError(f"The registration ends on {new.end}, before it begins.", "Correct one of the days.")
    if misfit := number_misfit(new.awarding_body, new.candidate_number):
        raise InputError(misfit.says, misfit.next_step)


def _named(columns: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """The cells by column, stripped. Raises ``InputError`` for a cell that stands under no column."""
    stripped = [cell.strip() for cell in cells]
    row = dict(zip(columns, [*stripped, *[""] * len(columns)], strict=False))
    if row.pop("", "") or any(stripped[len(columns) :]):
        raise InputError("There are more cells than columns.", "A comma inside a cell needs quotation marks around it.")
    for name, cell in row.items():
        if cell in SPREADSHEET_ERRORS:
            raise InputError(f"The spreadsheet could not work out this {name}: {cell}.", "Mend the cell's formula.")
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


class _Finder:
    """Finds whose a row is, by ID number, then ULN, then candidate number.

    Two bodies may give the same candidate number to two learners, so a registered one counts for its own body.
    """

    def __init__(self, learners: Iterable[LmsMember], known: Sequence[Registration], owners: Owners) -> None:
        self._owners = owners
        self._by: dict[tuple[str, str], set[str]] = defaultdict(set)
        for learner in learners:
            self._add("id_number", learner.id_number, learner.lms_id)
            self._add("uln", learner.uln, learner.lms_id)
            self._add("candidate_number", learner.candidate_number, learner.lms_id)
        for one in known:
            self._add("registered uln", one.uln, one.learner_id)
            self._add(f"{one.awarding_body} candidate_number", one.candidate_number, one.learner_id)

    def _add(self, name: str, value: str, learner_id: str) -> None:
        if squeezed(value) not in {"", PLACEHOLDER_ULN}:
            self._by[name, squeezed(value)].add(learner_id)

    def find(self, row: Mapping[str, str], awarding_body: str) -> str:
        """The learner's LMS id. Raises ``InputError`` for none, for several, and for somebody else's ULN."""
        given = {name: value for name in IDENTIFIERS if (value := squeezed(row.get(name, "")))}
        given = {name: value for name, value in given.items() if value != PLACEHOLDER_ULN}
        if not given:
            raise InputError("The row names no learner.", "Give an id_number, a uln or a candidate_number.")
        matches = ((name, self._matches(name, value, awarding_body)) for name, value in given.items())
        name, found = next(((name, found) for name, found in matches if found), ("", set()))
        if not found:
            raise InputError(f"No learner has this {next(iter(given))}.", "Check it, or run 'nvqsync sync' first.")
        if len(found) > 1:
            step = "Clear the wrong one in Moodle, then sync."
            step += " Or say whose it is: 'nvqsync confirm uln ULN LEARNER'." if name == "uln" else ""
            raise InputError(f"Two accounts carry this {name}.", step)
        uln = given.get("uln", "")
        owners = {self._owners[uln_mark(uln)]} if uln_mark(uln) in self._owners else self._by.get(("uln", uln), found)
        if not found & owners:
            raise InputError(f"The {name} and the ULN belong to two accounts.", "Find out whose row this is.")
        return next(iter(found))

    def _matches(self, name: str, value: str, awarding_body: str) -> set[str]:
        known = self._by.get((name, value), set())
        if name == "uln" and (owner := self._owners.get(uln_mark(value))):
            return {owner}
        if name == "uln":
            return known | self._by.get(("registered uln", value), set())
        return self._by.get((f"{awarding_body} {name}", value), known)
