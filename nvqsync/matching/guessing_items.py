"""What an assignment seems to stand for, from its name: unit codes, criterion numbers, unit titles. Pure.

Strict where it matters most: an assignment that stands for a whole unit signs it off, so a guess for a whole unit is
sure only where the name itself speaks of a sign-off. A unit or criterion that does not exist makes no guess at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

from nvqsync.matching.guesses import Confidence, Guess, words
from nvqsync.matching.id_numbers import Notation, NotUnderstood, plain
from nvqsync.model import Grading, LmsItem, Qualification, QualificationUnit

_SIGN_OFF = re.compile(r" (?:sign(?:ed)? ?off|signoff|unit achieved|unit complete|unit completion|whole unit) ")
_NO_EVIDENCE = re.compile(
    r" (practice|practise|mock|draft|example|sample|formative|induction|template|old|archived?|do not use|demo) "
)
_COPY = re.compile(r" (?:copy|duplicate)(?: \d+)? ?$|^ copy of ")
_CRITERIA = re.compile(r"(?<![\w.])(\d{1,2}\.\d{1,2})(?:\s*(?:-|to)\s*(\d{1,2}\.\d{1,2}))?(?![\w.]*\d)", re.IGNORECASE)
_OTHER_NUMBERS = re.compile(r"\b(?:v|ver|version|week|wk|release|room|£)\.?\s*\d+(?:\.\d+)*", re.IGNORECASE)
_SAYS_CRITERIA = re.compile(r"criteri|\bacs?\b", re.IGNORECASE)
_OUTCOME = re.compile(r"\b(?:lo|learning outcome|outcome)\s*(\d{1,2})\b(?!\.\d)", re.IGNORECASE)
_LEADS = re.compile(r"(?:^|\bunits?\b|\bu)[\s:#.\-\[(]*$", re.IGNORECASE)
_ALIKE, _MARGIN = 0.86, 0.08


@dataclass(frozen=True, slots=True)
class _Mention:
    """Where a name speaks of a unit. ``leads``: at its beginning, or after the word unit. ``foreign``: whose code."""

    start: int
    end: int
    unit: QualificationUnit
    leads: bool
    foreign: str = ""


class ItemGuesser:
    """Guesses for the assignments of courses for one qualification. ``qualifications`` tell other bodies' codes."""

    def __init__(self, qualification: Qualification, qualifications: Iterable[Qualification] = ()) -> None:
        self._notation = Notation(qualification)
        self._units = {listed.unit.reference: listed for listed in qualification.units}
        self._own = _patterns(_own_names(qualification))
        self._foreign = _patterns(_foreign_names(qualification, qualifications, self._units))
        self._titles = {words(listed.unit.title): listed for listed in qualification.units}

    def guess(self, item: LmsItem) -> Guess | None:
        """What an item seems to stand for, or ``None``. Called for items that neither ID number nor file maps."""
        if item.grading is Grading.NONE:
            return None
        name = plain(item.name)
        found = self._by_mention(name) or self._by_title(name) or self._by_id_number(item)
        return None if found is None else _held_back(found, words(name))

    # ------------------------------------------------------------ by code

    def _by_mention(self, name: str) -> Guess | None:
        mentions = self._mentions(name, self._own) or self._mentions(name, self._foreign)
        if not mentions:
            return None
        ends = [*(mention.start for mention in mentions[1:]), len(name)]
        parts = [self._part(mention, name[mention.end : end]) for mention, end in zip(mentions, ends, strict=True)]
        text = self._checked(";".join(part for part, _ in parts))
        if text is None:
            return None
        reason = f"its name says {', '.join(name[one.start : one.end] for one in mentions)}"
        by_criteria = [":" in part for part, _ in parts]
        if not any(by_criteria):
            guess = self._whole_unit(text, name, mentions, reason)
        elif not all(by_criteria):
            guess = Guess(text, Confidence.LOW, f"{reason}, criteria for some of them only")
        else:
            sure = len(parts) == 1 and parts[0][1] and mentions[0].leads
            guess = Guess(text, Confidence.HIGH if sure else Confidence.MEDIUM, f"{reason} and which criteria")
        return self._weighed(guess, name, mentions)

    def _mentions(
        self, name: str, patterns: Iterable[tuple[re.Pattern[str], QualificationUnit, str]]
    ) -> list[_Mention]:
        found = [
            _Mention(match.start(1), match.end(1), unit, _LEADS.search(name[: match.start(1)]) is not None, body)
            for pattern, unit, body in patterns
            for match in pattern.finditer(name)
        ]
        first: dict[str, _Mention] = {}
        for mention in sorted(found, key=lambda one: (one.start, -one.end)):
            first.setdefault(mention.unit.unit.reference, mention)
        return list(first.values())

    def _part(self, mention: _Mention, after: str) -> tuple[str, bool]:
        """The notation for one unit and what follows it in the name; whether its numbers are said to be criteria."""
        text = _OTHER_NUMBERS.sub(" ", after)
        ranges = [f"{first}-{last}" if last else first for first, last in _CRITERIA.findall(text)]
        if ranges:
            return f"{mention.unit.code}:{','.join(ranges)}", bool(_SAYS_CRITERIA.search(text))
        counts = dict(mention.unit.unit.outcomes or ())
        whole = [f"{o}.1-{o}.{counts[o]}" if counts[o] > 1 else f"{o}.1" for o in _OUTCOME.findall(text) if o in counts]
        return mention.unit.code + (f":{','.join(whole)}" if whole else ""), False

    def _checked(self, text: str) -> str | None:
        """The text in its shortest form, or ``None`` where a unit or criterion in it does not exist."""
        try:
            return self._notation.format(self._notation.parse(text))
        except NotUnderstood:
            return None

    def _whole_unit(self, text: str, name: str, mentions: list[_Mention], reason: str) -> Guess:
        if len(mentions) > 1:
            return Guess(text, Confidence.LOW, f"{reason}, several units without criteria")
        titled = self._titled(name) is mentions[0].unit
        if _SIGN_OFF.search(words(name)):
            sure = Confidence.HIGH if mentions[0].leads or titled else Confidence.MEDIUM
            return Guess(text, sure, f"{reason} and speaks of a sign-off")
        if titled:
            return Guess(text, Confidence.MEDIUM, f"{reason} and the unit's title, but not that it signs off all of it")
        return Guess(text, Confidence.LOW, f"{reason}, but not that it stands for all of the unit")

    def _weighed(self, guess: Guess, name: str, mentions: list[_Mention]) -> Guess:
        """The guess, less sure where its code is another body's, stands in passing, or beside another unit's title."""
        for mention in mentions:
            if mention.foreign:
                guess = guess.at_most(Confidence.LOW, f"that is {mention.foreign}'s code for it")
            elif not mention.leads:
                guess = guess.at_most(Confidence.MEDIUM)
        titled = self._titled(name)
        if titled and all(mention.unit is not titled for mention in mentions):
            guess = guess.at_most(Confidence.LOW, f"its words are the title of {titled.code}")
        return guess

    # ------------------------------------------------------------ by title, by ID number

    def _titled(self, name: str) -> QualificationUnit | None:
        """The unit whose whole title stands in the name, the longest where one title holds another."""
        text = words(name)
        return self._titles.get(max((title for title in self._titles if title in text), key=len, default=""))

    def _by_title(self, name: str) -> Guess | None:
        unit, how = self._titled(name), "says the unit's title"
        if unit is None:
            unit, how = self._nearly_titled(name), "nearly says the unit's title"
        if unit is None:
            return None
        numbers, sure = self._part(_Mention(0, 0, unit, leads=True), name)
        text = self._checked(numbers)
        if text is None:
            return None
        if ":" in text:
            confidence, reason = (Confidence.HIGH if sure else Confidence.MEDIUM), f"{how} and which criteria"
        elif _SIGN_OFF.search(words(name)):
            confidence, reason = Confidence.HIGH, f"{how} and speaks of a sign-off"
        elif words(name) == words(unit.unit.title):
            confidence, reason = Confidence.MEDIUM, f"{how} and nothing else, but not that it signs off all of it"
        else:
            confidence, reason = Confidence.LOW, f"{how}, but not that it stands for all of it"
        guess = Guess(text, confidence, f"its name {reason} ({unit.unit.title})")
        return guess.at_most(Confidence.MEDIUM) if how.startswith("nearly") else guess

    def _nearly_titled(self, name: str) -> QualificationUnit | None:
        """The one unit whose title is spelt much like the name without its other words, well before any other."""
        bare = _SIGN_OFF.sub(" ", words(_CRITERIA.sub(" ", name))).removeprefix(" unit ")
        alike = sorted(((_likeness(bare, title), title) for title in self._titles), reverse=True)[:2]
        if not alike or alike[0][0] < _ALIKE or (len(alike) > 1 and alike[0][0] - alike[1][0] < _MARGIN):
            return None
        return self._titles[alike[0][1]]

    def _by_id_number(self, item: LmsItem) -> Guess | None:
        """The nearest valid text to a misspelt ID number, where it is near indeed."""
        try:
            self._notation.parse(item.id_number)
        except NotUnderstood as fault:
            if fault.nearest and _likeness(plain(item.id_number).upper(), fault.nearest.upper()) >= 0.79:
                return Guess(fault.nearest, Confidence.LOW, f"its ID number {item.id_number} is nearly that")
        return None


def _held_back(guess: Guess, text: str) -> Guess:
    """The guess, less sure where the name speaks of practice, or of a copy."""
    if practice := _NO_EVIDENCE.search(text):
        guess = guess.at_most(Confidence.LOW, f"it says “{practice[1]}”")
    return guess.at_most(Confidence.LOW, "it looks like a copy") if _COPY.search(text) else guess


def _own_names(qualification: Qualification) -> Iterator[tuple[str, QualificationUnit, str]]:
    for listed in qualification.units:
        for name in (listed.code, *listed.aliases, listed.unit.reference):
            yield name, listed, ""


def _foreign_names(
    qualification: Qualification, others: Iterable[Qualification], units: Mapping[str, QualificationUnit]
) -> Iterator[tuple[str, QualificationUnit, str]]:
    """Other bodies' codes for units of this qualification, where they are no name of one here."""
    own = {name.casefold() for name, _, _ in _own_names(qualification)}
    for other in others:
        for listed in other.units if other.awarding_body != qualification.awarding_body else ():
            for name in (listed.code, *listed.aliases):
                if listed.unit.reference in units and name.casefold() not in own and not name.isdigit():
                    yield name, units[listed.unit.reference], other.awarding_body


def _patterns(
    names: Iterable[tuple[str, QualificationUnit, str]],
) -> tuple[tuple[re.Pattern[str], QualificationUnit, str], ...]:
    """A pattern for each name, in brackets what is the name. A code of digits alone only counts after the word unit."""
    made = {}
    for name, unit, body in names:
        bare = r"[ /]?".join(map(re.escape, re.findall(r"[A-Za-z]+|[0-9]+", name)))
        before = r"(?:\bunits?\s*|(?<![^\W_])u)0?" if name.isdigit() else r"(?<![^\W_])(?<!/)"
        made[name] = (re.compile(rf"{before}({bare})(?![^\W_]|/|\.\d)", re.IGNORECASE), unit, body)
    return tuple(made.values())


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other).ratio()
