"""What is entered about the centre, each as a change of its record, which adds to what was recorded before. Pure.

The commands and the pages make the same edits; ``nvqsync.centres.centre_entering`` checks and records them.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from nvqsync.centre import EndDate, Sanction, Staff, Visit
from nvqsync.centres.centre_record import Approval, CentreNumber, CentreRecord, key_of
from nvqsync.errors import NotAllowed, UnknownName

Edit = Callable[[CentreRecord], CentreRecord]
Numbered = TypeVar("Numbered", Staff, Sanction, Visit)


def number(body: str, of_centre: str, site: str = "") -> Edit:
    """The centre's number with an awarding body, at a site."""
    new = CentreNumber(body.strip().upper(), of_centre.strip(), site.strip())
    return lambda before: before.with_items(new)


# ---------------------------------------------------------------- terms of a qualification


def _terms(qualification_id: str, change: Callable[[Approval], Approval]) -> Edit:
    return lambda before: before.with_items(change(before.approval(qualification_id)))


def approved(qualification_id: str, on: dt.date) -> Edit:
    """The body approved the centre for a qualification."""
    return _terms(qualification_id, lambda known: replace(known, approved_on=on))


def direct_claims(qualification_id: str, start: dt.date | None, end: dt.date | None) -> Edit:
    """Direct claim status, from its first day to its last (``None``: it goes on). No ``start``: it is not held."""
    return _terms(qualification_id, lambda known: replace(known, direct_claim_from=start, direct_claim_to=end))


def end_date(qualification_id: str, which: str, on: dt.date | None, checked_on: dt.date) -> Edit:
    """The last day of ``registration`` or ``certification``, ``None`` where the register gives none."""
    end = EndDate(True, on, checked_on)
    if which == "registration":
        return _terms(qualification_id, lambda known: replace(known, registration_end=end))
    return _terms(qualification_id, lambda known: replace(known, certification_end=end))


def iqa_by(qualification_id: str, *, cohort: bool) -> Edit:
    """Whether the IQA releases a whole cohort at once."""
    return _terms(qualification_id, lambda known: replace(known, iqa_by_cohort=cohort))


# ---------------------------------------------------------------- staff, sanctions, visits


def staff(new: Staff) -> Edit:
    """An assessor or IQA; the same person, role, qualification and first day adds to what is on record."""

    def edit(before: CentreRecord) -> CentreRecord:
        for known in before.staff:
            if key_of(known) == key_of(new):
                return before.with_items(replace(
                    new, name=new.name or known.name, to_on=new.to_on or known.to_on,
                    qualified_on=new.qualified_on or known.qualified_on,
                    countersigner=new.countersigner or known.countersigner,
                    signature_on=new.signature_on or known.signature_on,
                ))  # fmt: skip
        return before.with_items(new)

    return edit


def staff_ended(which: int, on: dt.date) -> Edit:
    """The last day of a staff entry, by its number. The edit raises ``UnknownName``."""
    return lambda before: before.with_items(replace(numbered(before.staff, which, "staff entry"), to_on=on))


def sanction(new: Sanction) -> Edit:
    """A sanction; the same level and day corrects the one on record, which stays lifted where it was."""

    def edit(before: CentreRecord) -> CentreRecord:
        lifted = next((known.lifted_on for known in before.sanctions if key_of(known) == key_of(new)), None)
        return before.with_items(replace(new, lifted_on=lifted))

    return edit


def lifted(which: int, on: dt.date) -> Edit:
    """The first day without a sanction, by its number. The edit raises ``UnknownName``."""
    return lambda before: before.with_items(replace(numbered(before.sanctions, which, "sanction"), lifted_on=on))


def visit(new: Visit) -> Edit:
    """A visit; the same qualification, day and visitor adds to it: learners join those it authorised already."""

    def edit(before: CentreRecord) -> CentreRecord:
        for known in before.visits:
            if key_of(known) == key_of(new):
                return before.with_items(replace(
                    new, final=known.final or new.final, note=new.note or known.note,
                    learners=tuple(dict.fromkeys((*known.learners, *new.learners))),
                    everyone_up_to=new.everyone_up_to or known.everyone_up_to,
                ))  # fmt: skip
        return before.with_items(new)

    return edit


def numbered(known: Sequence[Numbered], which: int, what: str) -> Numbered:
    """The fact of this number. Raises ``UnknownName``."""
    for one in known:
        if one.id == which:
            return one
    raise UnknownName(f"There is no {what} {which}.", "'nvqsync centre show' lists them with their numbers.")


# ---------------------------------------------------------------- two people at once


def seen(record: CentreRecord, qualification_id: str = "") -> str:
    """What is on record of a qualification, as a digest to compare with later; without one: its numbers and staff."""
    of_it = [one for one in record if getattr(one, "qualification_id", "") == qualification_id]
    told = repr(of_it if qualification_id else (record.numbers, record.staff))
    return hashlib.sha256(told.encode()).hexdigest()


def unless_changed(edit: Edit, matches: Callable[[CentreRecord], bool]) -> Edit:
    """The same edit, refused with ``NotAllowed`` where what is on record is not what was looked at."""

    def careful(before: CentreRecord) -> CentreRecord:
        if not matches(before):
            says = "Somebody changed what is on record since you opened the page."
            raise NotAllowed(says, "Nothing was done. Look at it as it is now, then enter yours.")
        return edit(before)

    return careful
