"""What a course seems to be for, from its names: qualification number, code, title, level, awarding body. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from nvqsync.matching.guesses import Confidence, Guess, says, words
from nvqsync.matching.id_numbers import plain
from nvqsync.model import LmsCourse, Qualification

_KINDS = frozenset({"award", "certificate", "diploma"})
_FILLING = frozenset({"nvq", "in", "level", "the", "of", "and", "for", "group", "year", "evening", "day", "course"})
_LEVEL = re.compile(r" (?:level|lvl|l) ?([1-8]) ")
_SHORTEST_CODE = 4


@dataclass(frozen=True, slots=True)
class _Names:
    """A course's names, as words and as written, and what in them speaks of any qualification."""

    text: str
    written: str
    levels: frozenset[int]
    kinds: frozenset[str]
    bodies: frozenset[str]


def guess_course(course: LmsCourse, qualifications: Mapping[str, Qualification]) -> tuple[Guess, ...]:
    """Which qualifications a course may be for, the surest first; empty where its names speak of none.

    Where several are equally likely none is more than ``LOW``, and each reason names the others.
    """
    names = _names(course, qualifications.values())
    stated = [one.id for one in qualifications.values() if _stated(names, one)]
    found = [_beside(guess, stated) for one in qualifications.values() if (guess := _guess(names, one))]
    found.sort(key=lambda guess: (guess.confidence.rank, guess.text))
    ranks = [guess.confidence for guess in found[:2]]
    if len(found) < 2 or ranks in ([Confidence.HIGH, Confidence.LOW], [Confidence.MEDIUM, Confidence.LOW]):
        return tuple(found)
    ceiling = Confidence.LOW if ranks[0] is ranks[1] else Confidence.MEDIUM
    return tuple(
        guess.at_most(ceiling, f"it may as well be {' or '.join(other.text for other in found if other is not guess)}")
        for guess in found
    )


def doubts(course: LmsCourse, qualification: Qualification, qualifications: Iterable[Qualification]) -> tuple[str, ...]:
    """What in a course's names speaks against its being for this qualification."""
    names = _names(course, qualifications)
    return (*_contradictions(names, qualification), *_silence(names, qualification))


def _names(course: LmsCourse, qualifications: Iterable[Qualification]) -> _Names:
    written = plain(f"{course.short_name} | {course.full_name} | {course.id_number}")
    text = words(re.sub(r"(?<=[a-z])(?=[0-9])", " ", written.casefold()))  # L2, CS2
    bodies = {one.awarding_body for one in qualifications}
    return _Names(
        words(written),
        written,
        frozenset(int(found) for found in _LEVEL.findall(text)),
        frozenset(kind for kind in _KINDS if says(text, kind)),
        frozenset(body for body in bodies if says(text, body)),
    )


def _guess(names: _Names, qualification: Qualification) -> Guess | None:
    against = list(_contradictions(names, qualification))
    stated = _stated(names, qualification)
    if stated is None:
        return None if against else _by_title(names, qualification)
    against += _silence(names, qualification)
    guess = stated.at_most(Confidence.LOW, ", and ".join(against)) if against else stated
    if guess.confidence is Confidence.MEDIUM and says(names.text, _subject(qualification)):
        return replace(guess, confidence=Confidence.HIGH, reason=f"{guess.reason} and speaks of its subject")
    return guess


def _beside(guess: Guess, stated: list[str]) -> Guess:
    """A guess from a title is a hint at most where the names hold another qualification's code or number."""
    if not stated or guess.text in stated:
        return guess
    return guess.at_most(Confidence.LOW, f"the name holds the code of {' and '.join(stated)}")


def _stated(names: _Names, qualification: Qualification) -> Guess | None:
    """A guess from the qualification's number or code, where it stands in the names."""
    number = qualification.qualification_number
    if number and _holds(names.written, number, qualification.awarding_body):
        return Guess(qualification.id, Confidence.HIGH, f"holds the qualification number {number}")
    code = qualification.code
    if len(code) < _SHORTEST_CODE or not _holds(names.written, code, qualification.awarding_body):
        return None
    if qualification.awarding_body in names.bodies:
        reason = f"holds {qualification.awarding_body}'s code {code} and names {qualification.awarding_body}"
        return Guess(qualification.id, Confidence.HIGH, reason)
    return Guess(qualification.id, Confidence.MEDIUM, f"holds {qualification.awarding_body}'s code {code}")


def _holds(written: str, name: str, body: str) -> bool:
    """Whether a number or code stands in a text, by itself or behind its body's name, with or without strokes."""
    parts = r"[ /_-]?".join(map(re.escape, re.split(r"[ /_-]", name)))
    return re.search(rf"(?:(?<![^\W_])|(?<={re.escape(body)})){parts}(?![^\W_])", written, re.IGNORECASE) is not None


def _by_title(names: _Names, qualification: Qualification) -> Guess | None:
    """A guess from title, level and body. Only called where nothing speaks against it."""
    subject = _subject(qualification)
    if not subject or not says(names.text, subject):
        return None
    if says(names.text, qualification.title):
        return Guess(qualification.id, Confidence.HIGH, f"says its whole title, {qualification.title}")
    level, body = qualification.level in names.levels, qualification.awarding_body in names.bodies
    if not level and not body:
        return None
    told = [f"speaks of {subject}"]
    told += [f"level {qualification.level}"] if level else []
    told += [f"names {qualification.awarding_body}"] if body else []
    unsaid = ["the awarding body"] if not body else []
    unsaid += [] if level else ["the level"]
    unsaid += ["NVQ"] if _is_nvq(qualification) and not says(names.text, "nvq") else []
    reason = ", ".join(told) + (f", but does not say {' or '.join(unsaid)}" if unsaid else "")
    return Guess(qualification.id, Confidence.MEDIUM if level and body else Confidence.LOW, reason)


def _contradictions(names: _Names, qualification: Qualification) -> Iterator[str]:
    if names.levels and qualification.level not in names.levels:
        yield f"it says level {' and '.join(map(str, sorted(names.levels)))}"
    if names.bodies and qualification.awarding_body not in names.bodies:
        yield f"it names {' and '.join(sorted(names.bodies))}"
    if names.kinds and not names.kinds & set(words(qualification.title).split()):
        yield f"it says {' and '.join(sorted(names.kinds))}"
    if says(names.text, "nvq") and not _is_nvq(qualification):
        yield "it says NVQ, which this is not"


def _silence(names: _Names, qualification: Qualification) -> Iterator[str]:
    """A name that has a subject, but another one."""
    subject = _subject(qualification)
    known = {*_FILLING, *_KINDS, *words(qualification.id).split(), *(body.casefold() for body in names.bodies)}
    telling = [word for word in names.text.split() if len(word) > 2 and word.isalpha() and word not in known]
    if subject and telling and not says(names.text, subject):
        yield f"its name does not speak of {subject}"


def _is_nvq(qualification: Qualification) -> bool:
    return says(words(qualification.title), "nvq")


def _subject(qualification: Qualification) -> str:
    """What is left of a title without body, level and kind: ``customer service``."""
    drop = {qualification.awarding_body.casefold(), *_FILLING, *_KINDS}
    return " ".join(w for w in words(qualification.title).split() if w not in drop and not w.isdigit())
