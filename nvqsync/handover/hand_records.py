"""What a person records of a claim that has gone: keyed, authorised, certificated, received and so on. Pure.

A record is a word, a day and what belongs to it. ``decide`` says what it changes: the same record again changes
nothing, and one that says otherwise than what is recorded is refused unless it is given as a correction. A sheet of
records is CSV, one a line.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from nvqsync import certificates
from nvqsync.claims import RECORDED, TRANSITIONS, Status, advance
from nvqsync.errors import InputError, NotAllowed
from nvqsync.proposing import Claim

RECEIVED, HANDED_OVER, CONFIRMED = "received", "handed_over", "confirmed"
WORDS = (*RECORDED, RECEIVED, HANDED_OVER, CONFIRMED)
"""What can be recorded. The last three are about the paper: the claim stays certificated."""

COLUMNS = {
    "claim": "our claim's number, or its key (NVQ-...): both stand on the keying sheet",
    "event": f"one of {', '.join(WORDS)}",
    "on": "the day it happened: 2026-11-20 or 20/11/2026",
    "reference": "the portal's reference, if it gave one",
    "certificate": "the certificate's number; needed with certificated",
    "words": "the body's words, or the reason; needed with returned, recalled and revoked",
    "who": "who did it; left empty it is whoever imports the file",
    "provisional": "yes or no, with certificated; left empty it is as the rules say",
}
"""The columns of a sheet of records, and what goes into each."""

NEEDED = ("claim", "event", "on")
WORDS_DUE = frozenset({"returned", "recalled", "revoked"})
_DAYS = {"keyed": "keyed_on", "authorised": "authorised_on", "certificated": "certificated_on",
         "returned": "returned_on", "recalled": "recalled_on", "revoked": "revoked_on", RECEIVED: "received_on",
         HANDED_OVER: "handed_over_on", CONFIRMED: "confirmed_on"}  # fmt: skip
_PEOPLE = {"keyed": "keyed_by", RECEIVED: "received_by", HANDED_OVER: "handed_over_by"}


@dataclass(frozen=True, slots=True)
class Record:
    """One thing a person records. ``claim`` is a number or a key; ``line`` is its line in a sheet, 0 outside one.

    ``provisional``: whether a certificate waits for a verification visit; ``None`` where it is not said.
    """

    claim: str
    word: str
    on: dt.date
    reference: str = ""
    certificate: str = ""
    words: str = ""
    who: str = ""
    line: int = 0
    provisional: bool | None = None

    def check(self, today: dt.date) -> None:
        """Whether the record holds what it must. Raises ``InputError`` with the remedy."""
        if self.word not in WORDS:
            raise InputError(f"{self.word!r} cannot be recorded.", f"Write one of {', '.join(WORDS)}.")
        if self.on > today:
            raise InputError(f"{self.on} is still to come.", "Record what has happened, with its day.")
        if self.word == "certificated" and not self.certificate:
            raise InputError(
                "The certificate's number is missing.", "Give it: --certificate, or the column of a sheet."
            )
        if self.certificate and self.word != "certificated":
            raise InputError("A certificate's number is recorded with 'certificated'.", "Leave it out here.")
        if self.provisional is not None and self.word != "certificated":
            raise InputError("Whether it is provisional is recorded with 'certificated'.", "Leave it out here.")
        if self.word in WORDS_DUE and not self.words.strip():
            raise InputError(f"To record {self.word}, give the words.", 'Add --words "...": they are kept as they are.')


@dataclass(frozen=True, slots=True)
class Step:
    """What a record changes: the claim's status afterwards, columns to set, and a sentence for the audit log."""

    status: Status
    fields: Mapping[str, str | bool]
    says: str


def decide(claim: Claim, record: Record, *, by: str, route: str = "", correct: bool = False) -> Step | None:
    """What recording this does to the claim; ``None`` when it is recorded already. ``route`` is the way it went out.

    Raises ``NotAllowed`` where the claim's status forbids it, and where something else is recorded and ``correct`` is
    not given.
    """
    given = _fields(record)
    event = RECORDED.get(record.word)
    if event is not None and event in TRANSITIONS[claim.status]:
        mark = certificates.provisional(claim, route, record.provisional)
        marked = {"provisional": mark} if record.word == "certificated" else {}
        told = _with_who(record, given, by) | marked
        return Step(advance(claim.status, event), told, _says(replace(record, provisional=mark)))
    recorded = bool(getattr(claim, _DAYS[record.word])) if record.word in _DAYS else _is_there(claim, record.word)
    if recorded:
        return _again(claim, record, given, correct=correct)
    if event is not None:
        advance(claim.status, event)  # refuses, and says what is possible
    _check_paper(claim, record)
    return Step(claim.status, _with_who(record, given, by), _says(record))


def _fields(record: Record) -> dict[str, str | bool]:
    """The columns that the record itself names."""
    found: dict[str, str | bool] = {_DAYS[record.word]: record.on.isoformat()} if record.word in _DAYS else {}
    if record.word == CONFIRMED or record.provisional is not None:
        found["provisional"] = bool(record.provisional)
    named = {
        "reference": record.reference,
        "certificate_number": record.certificate,
        "portal_words": record.words if record.word in {"returned", "revoked"} else "",
        _PEOPLE.get(record.word, ""): record.who,
    }
    return found | {name: value for name, value in named.items() if name and value}


def _with_who(record: Record, given: Mapping[str, str | bool], by: str) -> dict[str, str | bool]:
    people = {_PEOPLE[record.word]: record.who or by} if record.word in _PEOPLE else {}
    return {**given, **people}


def _is_there(claim: Claim, word: str) -> bool:
    return {"acknowledged": Status.ACKNOWLEDGED, "awaiting": Status.AWAITING_AUTHORISATION}.get(word) is claim.status


def _again(claim: Claim, record: Record, given: Mapping[str, str | bool], *, correct: bool) -> Step | None:
    other = {name: getattr(claim, name) for name, value in given.items() if getattr(claim, name) != value}
    if not other:
        return None
    told = {name: {True: "yes", False: "no"}.get(value, value or "nothing") for name, value in other.items()}
    stands = ", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in told.items())
    if not correct:
        says = f"Claim {claim.id} is recorded as {record.word.replace('_', ' ')} already ({stands})."
        raise NotAllowed(says, 'If that is wrong, correct it: add --correct and --words "why".')
    if not record.words.strip():
        raise NotAllowed("A correction needs its reason.", 'Add --words "...".')
    return Step(claim.status, given, f"Corrected, before: {stands}. {_says(record)}")


def _check_paper(claim: Claim, record: Record) -> None:
    """A certificate is received, handed over and confirmed after it was issued. Raises ``NotAllowed``."""
    word, on = record.word.replace("_", " "), record.on.isoformat()
    if claim.status is not Status.CERTIFICATED:
        says = f"Claim {claim.id} has no certificate: it is {claim.status.value.replace('_', ' ')}."
        raise NotAllowed(says, "Record 'certificated' with its number first.")
    if record.word == CONFIRMED and not claim.provisional:
        raise NotAllowed(f"The certificate of claim {claim.id} is not provisional.", "There is nothing to confirm.")
    after = claim.received_on or claim.certificated_on if record.word == HANDED_OVER else claim.certificated_on
    if after and on < after:
        raise NotAllowed(f"Claim {claim.id} cannot be {word} on {on}, before {after}.", "Correct the day.")


def _says(record: Record) -> str:
    parts = [
        f"{record.word.replace('_', ' ').capitalize()} on {record.on}",
        f"by {record.who}" if record.who else "",
        f"certificate {record.certificate}" if record.certificate else "",
        "provisional until a visit confirms it" if record.provisional else "",
        f"reference {record.reference}" if record.reference else "",
    ]
    told = ", ".join(part for part in parts if part)
    return f"{told}. {record.words}".strip() if record.words else f"{told}."


# ---------------------------------------------------------------- a sheet of records


@dataclass(slots=True)
class Sheet:
    """What a file amounts to: its records, and by line what is wrong with the others."""

    records: list[Record] = field(default_factory=list)
    errors: dict[int, str] = field(default_factory=dict)


def template() -> str:
    """The columns, ready to fill in."""
    return ",".join(COLUMNS) + "\n"


def read_sheet(text: str, today: dt.date, read_day: Callable[[str], dt.date]) -> Sheet:
    """The records in the text of a CSV file. Raises ``InputError`` when the file or its columns are wrong."""
    lines = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    sheet = Sheet()
    try:
        rows = _rows(lines)
        columns = _columns(next(rows, (0, []))[1])
        for line, cells in rows:
            try:
                record = _record(line, columns, cells, read_day)
                record.check(today)
                sheet.records.append(record)
            except InputError as error:
                sheet.errors[line] = " ".join(str(error).split())
    except csv.Error as error:
        says = f"Line {lines.line_num} is not CSV: {error}."
        raise InputError(says, "Look for a quotation mark without its partner. Save the sheet as CSV UTF-8.") from error
    return sheet


def _rows(lines: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    start = 1
    for cells in lines:
        if any(cell.strip() for cell in cells):
            yield start, [cell.strip() for cell in cells]
        start = lines.line_num + 1  # type: ignore[attr-defined]  # what csv.reader gives counts its lines


def _columns(head: Sequence[str]) -> list[str]:
    names = ["_".join(name.casefold().split()) for name in head]
    unknown = [name for name in names if name and name not in COLUMNS]
    missing = [name for name in NEEDED if name not in names]
    if unknown or missing or len(set(names)) < len(names):
        told = [f"unknown column: {', '.join(unknown)}"] * bool(unknown)
        told += [f"missing column: {', '.join(missing)}"] * bool(missing)
        says = "; ".join(told or ["a column stands there twice"]).capitalize() + "."
        raise InputError(says, "'nvqsync claims record --template' prints the columns. Save the sheet as CSV UTF-8.")
    return names


def _record(line: int, columns: Sequence[str], cells: Sequence[str], read_day: Callable[[str], dt.date]) -> Record:
    if any(cells[len(columns) :]):
        raise InputError("There are more cells than columns.", "A comma inside a cell needs quotation marks around it.")
    row = dict(zip(columns, [*cells, *[""] * len(columns)], strict=False))
    word = row["event"].casefold().replace(" ", "_")
    if not row["claim"]:
        raise InputError("The row names no claim.", "Write our claim's number, or its key.")
    return Record(
        row["claim"], word, read_day(row["on"]), row.get("reference", ""), row.get("certificate", ""),
        row.get("words", ""), row.get("who", ""), line, _yes_or_no(row.get("provisional", "")),
    )  # fmt: skip


def _yes_or_no(text: str) -> bool | None:
    if text.casefold() not in {"", "yes", "no"}:
        raise InputError(f"{text!r} is neither yes nor no.", "Write yes or no under provisional, or leave it empty.")
    return text.casefold() == "yes" if text else None
