"""What a centre has not recorded although claims wait for it, each fact with the command that enters it. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from nvqsync.centre import CentreFacts, EndDate, StaffRole
from nvqsync.model import Qualification

APPROVAL, NUMBER, CERTIFICATION_END, REGISTRATION_END = "approval", "number", "certification_end", "registration_end"
ASSESSOR, IQA = "assessor", "iqa"


@dataclass(frozen=True, slots=True)
class Lack:
    """A fact that is missing: its name, the sentence that says so, and the command that enters it."""

    name: str
    says: str
    command: str

    def __str__(self) -> str:
        return f"{self.says} Enter it: '{self.command}'."


def lacks(facts: CentreFacts, qualification: Qualification, site: str = "") -> tuple[Lack, ...]:
    """What is missing on one qualification, for claims of one site."""
    return tuple(_lacks(facts, qualification, site))


def lack(name: str, facts: CentreFacts, qualification: Qualification, site: str = "") -> Lack | None:
    """One missing fact by its name; ``None`` where it is recorded or not needed."""
    return next((one for one in _lacks(facts, qualification, site) if one.name == name), None)


def _lacks(facts: CentreFacts, qualification: Qualification, site: str) -> Iterator[Lack]:
    id_, body = qualification.id, qualification.awarding_body
    if not facts.centre_number:
        where, option = (f" for the site {site}", f" --site {shlex.quote(site)}") if site else ("", "")
        says = f"The centre's number with {body}{where} is not recorded."
        yield Lack(NUMBER, says, f"nvqsync centre number {body} NUMBER{option}")
    if facts.approved_on is None:
        says = f"The centre's approval for {id_} is not recorded."
        yield Lack(APPROVAL, says, f"nvqsync centre approve {id_} --on DATE")
    for name, which, end, is_published in (
        (CERTIFICATION_END, "certification", facts.certification_end, qualification.certification_end_on is not None),
        (REGISTRATION_END, "registration", facts.registration_end, _registration_told(qualification)),
    ):
        if not is_published and (says := _unknown(which, id_, end)):
            yield Lack(name, says, f"nvqsync centre end-date {id_} {which} DATE|none --checked-on DATE")
    for role in StaffRole:
        if not any(one.role is role for one in facts.staff):
            says = f"No {'IQA' if role is StaffRole.IQA else role.value} is recorded for {id_}."
            command = f"nvqsync centre staff add MOODLE_ID --role {role.value} --from DATE --qualification {id_}"
            yield Lack(role.value, says, command)


def _registration_told(qualification: Qualification) -> bool:
    """Whether the body has said that it takes no more registrations, with or without the day."""
    return qualification.registration_closed or qualification.registration_end_on is not None


def _unknown(which: str, qualification_id: str, end: EndDate) -> str:
    if not end.known:
        return f"The last day of {which} for {qualification_id} is not known: look it up in the regulator's register."
    if end.checked_on is None:
        return f"When the last day of {which} for {qualification_id} was looked up in the register is not recorded."
    return ""
