"""What a site's courses and assignments stand for, and what the unmapped ones seem to: proposals, never more. Pure.

``discover`` tells what is mapped and guesses at the rest (``guessing_courses``, ``guessing_items``). ``mapping_toml``
writes chosen guesses as a mapping file, each line with its confidence and reason; the unsure ones as comments, for a
person to uncomment. Nothing here is ever applied by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from nvqsync.mapping import CourseMapping, MatchUnit, map_course
from nvqsync.matching.guesses import Confidence, Guess
from nvqsync.matching.guessing_courses import doubts, guess_course
from nvqsync.matching.guessing_items import ItemGuesser
from nvqsync.matching.mapping_rules import CourseRule, MappingFile, Selector
from nvqsync.model import LmsCourse, LmsItem, Qualification


@dataclass(frozen=True, slots=True)
class ItemFound:
    """An assignment: what it stands for already (with who says so), or a guess, or neither."""

    item: LmsItem
    stands_for: str = ""
    origin: str = ""
    guess: Guess | None = None


@dataclass(frozen=True, slots=True)
class CourseFound:
    """A course: the qualification it is mapped to, or guesses (the surest first), and its assignments.

    ``doubts`` is what in its names speaks against the qualification it is mapped to. ``ignored``: the mapping file
    sets it aside.
    """

    course: LmsCourse
    qualification_id: str = ""
    guesses: tuple[Guess, ...] = ()
    doubts: tuple[str, ...] = ()
    items: tuple[ItemFound, ...] = ()
    ignored: bool = False

    @property
    def supposed(self) -> str:
        """The qualification it is mapped to, or the surest guess, or ``""``."""
        return self.qualification_id or (self.guesses[0].text if self.guesses else "")


class Discoverer:
    """Looks at one course after the other, with the catalogue and the mapping file there is."""

    def __init__(
        self,
        qualifications: Mapping[str, Qualification],
        file: MappingFile | None = None,
        match_unit: MatchUnit | None = None,
    ) -> None:
        self._qualifications = qualifications
        self._file = file or MappingFile("")
        self._match_unit = match_unit
        self._guessers: dict[str, ItemGuesser] = {}

    def course(self, course: LmsCourse) -> CourseFound:
        """What a course is for, or seems to be; its assignments come later."""
        ignored = any(
            rule.ignore and rule.selector.picks(course.lms_id, course.short_name, course.id_number, course.full_name)
            for rule in self._file.courses
        )
        mapped = self._map(course, (), self._file)
        if ignored:
            return CourseFound(course, ignored=True)
        if mapped.qualification_id:
            qualification = self._qualifications[mapped.qualification_id]
            against = doubts(course, qualification, self._qualifications.values())
            return CourseFound(course, mapped.qualification_id, doubts=against)
        return CourseFound(course, guesses=guess_course(course, self._qualifications))

    def with_items(self, found: CourseFound, items: Sequence[LmsItem]) -> CourseFound:
        """The same course with what its assignments stand for, or seem to if it is what it is supposed to be."""
        if not found.supposed:
            return replace(found, items=tuple(ItemFound(item) for item in items))
        file = self._file
        if not found.qualification_id:
            rule = CourseRule(Selector(id=found.course.lms_id), found.supposed)
            file = replace(file, courses=(*file.courses, rule))
        mapping = self._map(found.course, items, file)
        return replace(found, items=tuple(self._items(found, items, mapping)))

    def _map(self, course: LmsCourse, items: Sequence[LmsItem], file: MappingFile) -> CourseMapping:
        return map_course(course, items, self._qualifications, file, self._match_unit)

    def _items(self, found: CourseFound, items: Iterable[LmsItem], mapping: CourseMapping) -> Iterator[ItemFound]:
        mapped = {one.item_id: one for one in mapping.items}
        taken = {one.text for one in mapping.items}
        ceiling = found.guesses[0].confidence if found.guesses else Confidence.HIGH
        why = "its course is itself a guess"
        if found.doubts:
            ceiling, why = Confidence.LOW, "its course may be mapped wrongly"
        guesser = self._guesser(found.supposed)
        for item in items:
            if one := mapped.get(item.lms_id):
                yield ItemFound(item, one.text, one.origin)
            elif item.lms_id in mapping.ignored:
                yield ItemFound(item, origin="set aside")
            else:
                guess = guesser.guess(item)
                if guess and guess.text in taken and ":" not in guess.text:
                    guess = guess.at_most(Confidence.LOW, f"another assignment stands for {guess.text} already")
                yield ItemFound(item, guess=guess and _capped(guess, ceiling, why))

    def _guesser(self, qualification_id: str) -> ItemGuesser:
        if qualification_id not in self._guessers:
            qualifications = self._qualifications
            self._guessers[qualification_id] = ItemGuesser(qualifications[qualification_id], qualifications.values())
        return self._guessers[qualification_id]


def _capped(guess: Guess, ceiling: Confidence, why: str) -> Guess:
    """An assignment's guess is never surer than its course's."""
    return guess if guess.confidence.rank >= ceiling.rank else guess.at_most(ceiling, why)


def found_json(found: CourseFound) -> dict[str, object]:
    """One course's part of ``nvqsync moodle discover --json``."""
    return {
        "id": found.course.lms_id,
        "short_name": found.course.short_name,
        "full_name": found.course.full_name,
        "id_number": found.course.id_number,
        "qualification": found.qualification_id or None,
        "ignored": found.ignored,
        "doubts": list(found.doubts),
        "proposals": [_guess_json(guess) for guess in found.guesses],
        "assignments": [
            {
                "id": one.item.lms_id,
                "name": one.item.name,
                "id_number": one.item.id_number,
                "stands_for": one.stands_for or None,
                "origin": one.origin or None,
                "proposal": one.guess and _guess_json(one.guess),
            }
            for one in found.items
        ],
    }


def _guess_json(guess: Guess) -> dict[str, str]:
    return {"stands_for": guess.text, "confidence": guess.confidence.value, "reason": guess.reason}


# ---------------------------------------------------------------- the mapping file

HEAD = """\
# Proposed by 'nvqsync moodle discover' on {day}, from names and ID numbers. Nobody has checked it yet.
# Check every line. A line that begins with "#" counts for nothing: proposals that are less than {sure} begin with one;
# take it away, from each line of a block, where a proposal is right. Then name this file as mapping.file in the
# settings (or copy its blocks into the mapping file you have) and see 'nvqsync mapping check'.
"""


def mapping_toml(courses: Iterable[CourseFound], sure: Confidence, day: str) -> str:
    """A mapping file with every proposal, those less than ``sure`` commented out. ``day`` is written into its head."""
    blocks = [HEAD.format(day=day, sure=sure.value)]
    for found in courses:
        proposals = [*_course_blocks(found, sure), *_item_blocks(found, sure)]
        if proposals:
            names = f"{found.course.short_name}: {found.course.full_name}"
            blocks += [f"\n# ---- {_line(names)}\n", *proposals]
    return "\n".join(blocks)


def _course_blocks(found: CourseFound, sure: Confidence) -> Iterator[str]:
    for guess in found.guesses[:1]:
        keys = [f"id = {_quoted(found.course.lms_id)}", f"qualification = {_quoted(guess.text)}  # {_why(guess)}"]
        yield _block("[[course]]", keys, guess, sure)


def _item_blocks(found: CourseFound, sure: Confidence) -> Iterator[str]:
    for one in found.items:
        if one.guess:
            keys = [
                f"course_id = {_quoted(found.course.lms_id)}",
                f"id = {_quoted(one.item.lms_id)}  # {_line(one.item.name)}",
                f"units = {_quoted(one.guess.text)}  # {_why(one.guess)}",
            ]
            yield _block("[[assignment]]", keys, one.guess, sure)


def _block(head: str, keys: Iterable[str], guess: Guess, sure: Confidence) -> str:
    mark = "" if guess.confidence.rank <= sure.rank else "# "
    return "\n".join(f"{mark}{line}" for line in (head, *keys)) + "\n"


def _why(guess: Guess) -> str:
    return f"{guess.confidence.value}: {_line(guess.reason)}"


def _line(text: str) -> str:
    """A text on one line, without anything that could end a comment."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _quoted(text: str) -> str:
    """A TOML string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08X}" for c in escaped) + '"'
