"""The order in which each awarding body's portal is keyed, as data for the keying sheet. Our words, not the bodies'."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nvqsync.model import BatchClaim, BatchUnit, ClaimKind

HELD_UNITS = "Units held already under this candidate number: check that they are there, do not claim them again"

_UNDER_TEN = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_TEENS = ("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


@dataclass(frozen=True, slots=True)
class Screens:
    """How one portal is keyed. ``before`` are the steps made once a batch, as heading and what to do there.

    ``moved_units`` and ``own_units`` head the two lists of units, transferred ones first where the portal wants them
    first. ``initials`` asks for assessor's, learner's and verifier's initials beside each unit.
    """

    portal: str
    candidate_number: str
    full_award: str
    some_units: str
    before: tuple[tuple[str, str], ...]
    find: str
    moved_units: str
    own_units: str
    submit: str
    qualification_code: str = "Qualification code"
    initials: bool = False

    def kind(self, claim: BatchClaim) -> str:
        """How the portal says what is claimed."""
        return self.full_award if claim.kind is ClaimKind.FULL_AWARD else self.some_units

    def lists(self, claim: BatchClaim) -> Iterator[tuple[str, list[BatchUnit]]]:
        """One candidate's units by the screen on which they are dealt with, in the portal's order; no list is empty."""
        moved = [unit for unit in claim.units if unit.transferred]
        held = [unit for unit in claim.units if unit.held and not unit.transferred]
        own = [unit for unit in claim.units if not unit.transferred and not unit.held]
        screens = ((self.moved_units, moved), (HELD_UNITS, held), (self.own_units, own))
        return ((title, units) for title, units in screens if units)

    def check(self, claim: BatchClaim) -> list[tuple[str, str]]:
        """What to compare with the portal's own summary before the claim is submitted."""
        held = sum(unit.held and not unit.transferred for unit in claim.units)
        return [
            ("Claim", self.kind(claim)),
            ("Units to claim" if held else "Units", counted(len(claim.units) - held)),
            *([("Units held already", counted(held))] if held else []),
            ("Credits in all" if held else "Credits", str(claim.credits)),
        ]


OCR = Screens(
    portal="OCR Interchange",
    candidate_number="OCR candidate number",
    full_award="Full award",
    some_units="Units only",
    before=(
        ("Choose the qualification", "Open a claim for the scheme and check the title."),
        ("Set up the personnel", "Check that every assessor and internal quality assurer of these units is listed."),
    ),
    find="Find the named entry",
    moved_units="Add units from another awarding body",
    own_units="Add the OCR units",
    submit="A submitted claim cannot be changed: it is withdrawn and made again.",
    qualification_code="Scheme code",
)

EDI = Screens(
    portal="EDI Campus",
    candidate_number="Learner registration number",
    full_award="Full award: yes",
    some_units="Full award: no",
    before=(
        ("Check the sign-off", "Without direct claim status the Quality Advisor signs off before anything is claimed."),
        ("Choose the qualification", "Open the centre's registrations for it."),
    ),
    find="Find the learner",
    moved_units="Enter credit transfers",
    own_units="Enter the units of the claim to competence",
    submit="Check that learner and assessor have made their statements, then submit.",
    initials=True,
)

NCFE = Screens(
    portal="NCFE portal",
    candidate_number="NCFE learner number",
    full_award="Full certificate",
    some_units="Partial certificate",
    before=(("Choose the qualification", "Open the learners registered on it and note their batch number."),),
    find="Find the learner",
    moved_units="Name the units gained by credit transfer",
    own_units="Tick the units achieved",
    submit="The portal decides full or partial from the units ticked: check that it says the same, then submit.",
)

OTHER = Screens(
    portal="the awarding body's portal",
    candidate_number="Candidate number",
    full_award="Full award",
    some_units="Units only",
    before=(("Choose the qualification", "Check the title."),),
    find="Find the candidate",
    moved_units="Add the units transferred",
    own_units="Add the units",
    submit="Compare with the portal's own summary first.",
)

SCREENS = {"OCR": OCR, "EDI": EDI, "NCFE": NCFE}


def counted(number: int) -> str:
    """A number in figures and, up to 99, in words: ``5 (five)``."""
    return f"{number} ({in_words(number)})"


def in_words(number: int) -> str:
    """A number from 0 to 99 in words, as a claim to competence wants it; figures beyond."""
    if not 0 <= number <= 99:
        return str(number)
    if number < 20:
        return (*_UNDER_TEN, *_TEENS)[number]
    tens, ones = divmod(number, 10)
    return _TENS[tens] + (f"-{_UNDER_TEN[ones]}" if ones else "")
