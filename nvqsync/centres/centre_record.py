"""Everything a centre has on record about itself, as one value: read from it, changed into another, compared. Pure.

The database holds one ``CentreRecord``; a command or a file makes another of it, and ``differences`` says what that
amounts to. What is recorded, in the audit log and in a dry run, is the same list of changes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from nvqsync.centre import Account, CentreFacts, EndDate, Sanction, Staff, Visit
from nvqsync.model import Qualification

NOBODY_LOOKED = EndDate()


@dataclass(frozen=True, slots=True)
class CentreNumber:
    """The centre's number with a body, at one of its sites; ``site`` is empty for the main one."""

    awarding_body: str
    number: str
    site: str = ""


@dataclass(frozen=True, slots=True)
class Approval:
    """On what terms the centre offers a qualification. The end dates are those that a person looked up."""

    qualification_id: str
    approved_on: dt.date | None = None
    direct_claim_from: dt.date | None = None
    direct_claim_to: dt.date | None = None
    registration_end: EndDate = NOBODY_LOOKED
    certification_end: EndDate = NOBODY_LOOKED
    iqa_by_cohort: bool = False


Item = CentreNumber | Approval | Staff | Sanction | Visit | Account

KEYS: Mapping[type[Item], tuple[str, ...]] = {
    CentreNumber: ("awarding_body", "site"),
    Approval: ("qualification_id",),
    Staff: ("lms_id", "role", "qualification_id", "from_on"),
    Sanction: ("qualification_id", "level", "from_on"),
    Visit: ("qualification_id", "on", "visitor"),
    Account: ("name",),
}
"""By kind, the fields that say which fact it is. Two that agree in them are the same fact, told twice."""

KINDS: Mapping[type[Item], str] = {
    CentreNumber: "number",
    Approval: "qualification",
    Staff: "staff",
    Sanction: "sanction",
    Visit: "visit",
    Account: "account",
}
"""What each kind is called on the command line and in the audit log."""


@dataclass(frozen=True, slots=True)
class CentreRecord:
    """What a centre has on record about itself, each kind in the order in which it was entered."""

    numbers: tuple[CentreNumber, ...] = ()
    approvals: tuple[Approval, ...] = ()
    staff: tuple[Staff, ...] = ()
    sanctions: tuple[Sanction, ...] = ()
    visits: tuple[Visit, ...] = ()
    accounts: tuple[Account, ...] = ()

    def __iter__(self) -> Iterator[Item]:
        """Every fact, kind by kind."""
        for field in fields(self):
            yield from getattr(self, field.name)

    def __contains__(self, item: Item) -> bool:
        return item in tuple(self)

    def number(self, awarding_body: str, site: str = "") -> str:
        """The centre's number with a body at a site; empty where none is recorded."""
        return next((n.number for n in self.numbers if (n.awarding_body, n.site) == (awarding_body, site)), "")

    def sites(self, awarding_body: str) -> dict[str, str]:
        """The centre's numbers with a body, by site."""
        return {one.site: one.number for one in self.numbers if one.awarding_body == awarding_body}

    def approval(self, qualification_id: str) -> Approval:
        """The terms of one qualification; where nothing is recorded, terms that say nothing."""
        found = (one for one in self.approvals if one.qualification_id == qualification_id)
        return next(found, Approval(qualification_id))

    def facts(self, qualification: Qualification, site: str = "") -> CentreFacts:
        """What bears on one qualification. An end date that the body published goes before one that was entered."""
        own, id_ = self.approval(qualification.id), qualification.id
        return CentreFacts(
            centre_number=self.number(qualification.awarding_body, site),
            approved_on=own.approved_on,
            direct_claim_from=own.direct_claim_from,
            direct_claim_to=own.direct_claim_to,
            registration_end=_end(qualification.registration_end_on, own.registration_end),
            certification_end=_end(qualification.certification_end_on, own.certification_end),
            iqa_by_cohort=own.iqa_by_cohort,
            staff=tuple(one for one in self.staff if one.qualification_id in ("", id_)),
            sanctions=tuple(one for one in self.sanctions if one.qualification_id == id_),
            visits=tuple(one for one in self.visits if one.qualification_id == id_),
        )

    def with_items(self, *items: Item) -> CentreRecord:
        """The record with these facts, each in place of the one with the same key."""
        known = {key_of(item): item for item in self}
        for item in items:
            known[key_of(item)] = _numbered(item, known.get(key_of(item)))
        return _record(known.values())

    def without(self, item: Item) -> CentreRecord:
        """The record without one fact."""
        return _record(one for one in self if key_of(one) != key_of(item))


def _numbered(item: Item, before: Item | None) -> Item:
    """The fact under the number it has already."""
    number = getattr(before, "id", 0)
    return replace(item, id=number) if number and isinstance(item, Staff | Sanction | Visit) else item


def _record(items: Iterable[Item]) -> CentreRecord:
    kinds: dict[type[Item], list[Any]] = {kind: [] for kind in KEYS}
    for item in items:
        kinds[type(item)].append(item)
    return CentreRecord(*(tuple(found) for found in kinds.values()))


def _end(published: dt.date | None, entered: EndDate) -> EndDate:
    return entered if published is None else EndDate(known=True, on=published)


def key_of(item: Item) -> tuple[Any, ...]:
    """Which fact it is, whatever it says."""
    return (KINDS[type(item)], *(getattr(item, name) for name in KEYS[type(item)]))


# ---------------------------------------------------------------- differences


@dataclass(frozen=True, slots=True)
class Change:
    """One fact that is new (``before`` is ``None``), says something else, or is taken out (``after`` is ``None``)."""

    before: Item | None
    after: Item | None

    @property
    def item(self) -> Item:
        """The fact as it becomes, or as it was where it is taken out."""
        found = self.after or self.before
        assert found is not None  # noqa: S101  (a change is of something)
        return found

    @property
    def qualification_id(self) -> str:
        """Which qualification it concerns; empty where all, or all of a body."""
        return getattr(self.item, "qualification_id", "")

    @property
    def action(self) -> str:
        """What happened, in a word."""
        return "recorded" if self.before is None else "removed" if self.after is None else "changed"

    @property
    def says(self) -> str:
        """The change in plain words, with what the fact said before."""
        parts = "; ".join(self._parts())
        return f"{title(self.item)} {self.action}{f': {parts}' if parts else ''}."

    @property
    def learners(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Those whose claims a visit now authorises, and those whose it no longer does."""
        before, after = (one.learners if isinstance(one, Visit) else () for one in (self.before, self.after))
        new = tuple(one for one in after if one not in before)
        return new, tuple(one for one in before if one not in after)

    def _parts(self) -> Iterator[str]:
        for field in fields(self.item):
            if field.name in (*KEYS[type(self.item)], "id"):
                continue
            was, now = (told(getattr(one, field.name)) if one else "" for one in (self.before, self.after))
            label = {"from_on": "from", "to_on": "to"}.get(field.name) or field.name.replace("_", " ")
            if self.after is None and was not in ("", "no"):
                yield f"it said {label} {was}"
            elif self.before is None and now not in ("", "no"):
                yield f"{label} {now}"
            elif self.before and self.after and was != now:
                yield f"{label} {now or 'not recorded'} (was {was or 'not recorded'})"
        new, gone = self.learners
        if new and gone:  # as many as before, but others
            yield f"of the learners {len(new)} new and {len(gone)} no longer"


def differences(before: CentreRecord, after: CentreRecord) -> tuple[Change, ...]:
    """What leads from one record to the other, kind by kind."""
    old, new = ({key_of(item): item for item in record} for record in (before, after))
    keys = dict.fromkeys((*old, *new))
    return tuple(Change(old.get(key), new.get(key)) for key in keys if old.get(key) != new.get(key))


def told(value: Any) -> str:
    """A field's value as a person reads it; empty where nothing is recorded. Learners are counted, never named."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return f"{len(value)} {'learner' if len(value) == 1 else 'learners'}" if value else ""
    return "" if value is None else str(value)


def title(item: Item) -> str:
    """Which fact it is, in words."""
    match item:
        case CentreNumber():
            return f"Centre number with {item.awarding_body}" + (f" for the site {item.site}" if item.site else "")
        case Approval():
            return f"What is known of {item.qualification_id}"
        case Staff():
            where = f" for {item.qualification_id}" if item.qualification_id else ""
            role = "IQA" if item.role == "iqa" else "Assessor"
            return f"{role} {item.lms_id}{where} from {item.from_on}"
        case Sanction():
            return f"Sanction {item.level} on {item.qualification_id} from {item.from_on}"
        case Visit():
            what = "Visit" if item.done else "Planned visit"
            return f"{what} of {item.on} by {item.visitor} for {item.qualification_id}"
        case Account():
            return f"Account {item.name}"
