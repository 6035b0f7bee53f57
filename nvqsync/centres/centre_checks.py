"""What a centre may not record about itself: days in the wrong order, days to come, what a body has published. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import fields

from nvqsync.centre import Account, EndDate, Sanction, Staff, Visit
from nvqsync.centres.centre_record import Approval, CentreNumber, CentreRecord, Change, Item, differences, title
from nvqsync.errors import InputError, UnknownName
from nvqsync.model import Qualification


def checked(
    edit: Callable[[CentreRecord], CentreRecord], qualifications: Mapping[str, Qualification], today: dt.date
) -> Callable[[CentreRecord], CentreRecord]:
    """The same edit, refused where what it makes cannot be. It raises ``InputError`` or ``UnknownName``."""

    def checking(before: CentreRecord) -> CentreRecord:
        after = edit(before)
        refuse(differences(before, after), qualifications, today)
        return after

    return checking


def refuse(changes: Iterable[Change], qualifications: Mapping[str, Qualification], today: dt.date) -> None:
    """Raise ``InputError`` or ``UnknownName`` for the first fact that cannot be; what is taken out may be anything."""
    for item in (change.after for change in changes if change.after is not None):
        _known(item, qualifications)
        for says, step in _faults(item, qualifications, today):
            raise InputError(f"{title(item)}: {says}", step)


def _known(item: Item, qualifications: Mapping[str, Qualification]) -> None:
    bodies = {one.awarding_body for one in qualifications.values()}
    if isinstance(item, CentreNumber):
        _among(item.awarding_body, bodies, "awarding body")
    elif wanted := getattr(item, "qualification_id", ""):
        _among(wanted, qualifications, "qualification")


def _among(name: str, known: Collection[str], what: str) -> None:
    if name not in known:
        raise UnknownName(f"There is no {what} {name!r}.", f"Known: {', '.join(sorted(known))}.")


def _faults(item: Item, qualifications: Mapping[str, Qualification], today: dt.date) -> Iterator[tuple[str, str]]:
    for name in (field.name for field in fields(item)):
        value = getattr(item, name)
        if isinstance(value, str) and value != " ".join(value.split()) and name not in ("actions", "note"):
            yield f"{name.replace('_', ' ')} holds blanks too many.", "Take them out."
    match item:
        case CentreNumber():
            yield from _of_number(item)
        case Approval():
            yield from _of_approval(item, qualifications[item.qualification_id], today)
        case Staff():
            yield from _of_staff(item)
        case Sanction():
            yield from _of_sanction(item)
        case Visit():
            yield from _of_visit(item, today)
        case Account():
            yield from _of_account(item)


def _of_number(item: CentreNumber) -> Iterator[tuple[str, str]]:
    if not item.number:
        yield "the number is empty.", "Give the number as the body writes it."


def _of_approval(item: Approval, published: Qualification, today: dt.date) -> Iterator[tuple[str, str]]:
    start, end = item.direct_claim_from, item.direct_claim_to
    if end and (start is None or end < start):
        yield f"direct claim status ends on {end}, before it starts.", "Give both days."
    if start and item.approved_on and start < item.approved_on:
        yield f"direct claim status from {start}, before the approval of {item.approved_on}.", "Correct one of them."
    ends = (
        ("registration", item.registration_end, published.registration_end_on),
        ("certification", item.certification_end, published.certification_end_on),
    )
    for name, entered, day in ends:
        yield from _of_end_date(name, entered, day, published, today)


def _of_end_date(
    name: str, entered: EndDate, day: dt.date | None, published: Qualification, today: dt.date
) -> Iterator[tuple[str, str]]:
    if entered.known and day is not None:
        source = f"{published.source.document}, {published.source.section}"
        yield f"the {name} end date is published: {day} ({source}).", "Nothing that is entered goes before it."
    if entered.checked_on and entered.checked_on > today:
        yield f"the {name} end date was checked on {entered.checked_on}, a day to come.", "Give the day you looked."


def _of_staff(item: Staff) -> Iterator[tuple[str, str]]:
    if not item.lms_id:
        yield "the Moodle id is empty.", "It is the number in the address of their profile page."
    if not item.name:
        yield "the name is missing.", "Give --name: no course that was read has them on its roster."
    if item.to_on and item.to_on < item.from_on:
        yield f"they end on {item.to_on}, before they start.", "Correct one of the days."
    if item.countersigner and item.countersigner == item.lms_id:
        yield "nobody countersigns their own decisions.", "Name somebody else who is qualified."


def _of_sanction(item: Sanction) -> Iterator[tuple[str, str]]:
    if not item.actions.strip() or not item.level:
        yield "a sanction has a level and asks for actions (VIS-3).", "Give --level and --actions from its letter."
    if item.lifted_on and item.lifted_on < item.from_on:
        yield f"it was lifted on {item.lifted_on}, before it began.", "Correct one of the days."


def _of_visit(item: Visit, today: dt.date) -> Iterator[tuple[str, str]]:
    if not item.visitor:
        yield "the visitor is missing.", "Give --visitor: who came, or will come, for the awarding body."
    if item.done and item.on > today:
        yield "the day has not come yet.", "Record it with --planned; once it is over, as done."
    if not item.done and (item.learners or item.everyone_up_to):
        yield "a visit that has not taken place authorises nothing.", "Record what it authorised once it is done."
    if item.everyone_up_to and item.everyone_up_to > item.on:
        yield f"it authorises work up to {item.everyone_up_to}, after the visit.", "Give a day up to the visit."


def _of_account(item: Account) -> Iterator[tuple[str, str]]:
    if not item.name:
        yield "the name is empty.", "It is the system account, or what $NVQSYNC_ACTOR says."
    if bool(item.lms_id) == item.no_lms_user:
        yield "they are somebody in Moodle or nobody.", "Give --moodle ID or --no-moodle."
