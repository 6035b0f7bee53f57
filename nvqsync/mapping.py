"""Which LMS item stands for which unit and criteria. Pure: the centre's mapping file is read by ``mapping_file``.

What a course or assignment stands for is said by, in this order: the centre's mapping file, its ID number
(``id_numbers``), a plugin's ``match_unit``. Nothing is guessed: whatever is not mapped comes back as a ``Problem`` with
the reason, the next step and the nearest valid text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from nvqsync.matching.id_numbers import IdNumber, Notation, NotUnderstood, Target, notation, parse_course, split_tail
from nvqsync.matching.mapping_rules import (
    AssignmentRule,
    Combine,
    CourseRule,
    MappingFile,
    PassRule,
    Selector,
    SignOffBy,
    folded,
)
from nvqsync.model import ItemKind, LmsCourse, LmsItem, Notice, Qualification

Origin = Literal["mapping file", "ID number", "plugin"]
ID_NUMBER_LIMIT = 100  # characters, in Moodle
MatchUnit = Callable[[Qualification, LmsItem], str | None]

__all__ = [
    "AssignmentRule",
    "CourseMapping",
    "CourseRule",
    "MappedItem",
    "MappingFile",
    "PassRule",
    "Problem",
    "Selector",
    "gone_items",
    "kinds_asked",
    "map_course",
    "map_courses",
    "unused_rules",
]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something about the mapping that a person should know; ``severity`` is ``"problem"`` or ``"note"``."""

    code: str
    says: str
    next_step: str = ""
    nearest: str = ""
    course_id: str = ""
    item_id: str = ""
    severity: str = "problem"

    def notice(self) -> Notice:
        """The same as a line of a pass report."""
        near = f"Nearest valid text: {self.nearest}" if self.nearest else ""
        says = " ".join(part for part in (self.says, self.next_step, near) if part)
        return Notice(self.code, says, self.course_id, self.item_id, severity=self.severity)


@dataclass(frozen=True, slots=True)
class MappedItem:
    """An item and what it stands for. ``text`` is that in the notation, in the body's own codes."""

    item_id: str
    course_id: str
    name: str
    targets: tuple[Target, ...]
    text: str
    pass_rule: PassRule
    origin: Origin
    kind: ItemKind = ItemKind.ASSIGNMENT

    @property
    def combine(self) -> Combine:
        """How many met decisions a criterion needs: ``"any"``, ``"all"`` or a number."""
        return self.pass_rule.met_when or "any"

    @property
    def method(self) -> str:
        """The method code that every target shares, or ``""``."""
        return IdNumber(self.targets).method


@dataclass(frozen=True, slots=True)
class CourseMapping:
    """A course and what its items stand for. ``qualification_id`` is empty where the course is none of ours.

    ``ignored`` are the items that the file sets aside; ``rules_used`` the lines of its rules that picked something.
    """

    course: LmsCourse
    qualification_id: str
    sign_off: SignOffBy = "assessor"
    items: tuple[MappedItem, ...] = ()
    problems: tuple[Problem, ...] = ()
    ignored: tuple[str, ...] = ()
    rules_used: frozenset[int] = frozenset()


def map_course(
    course: LmsCourse,
    items: Sequence[LmsItem],
    qualifications: Mapping[str, Qualification],
    file: MappingFile | None = None,
    match_unit: MatchUnit | None = None,
) -> CourseMapping:
    """What a course and each of its items stand for, and everything that keeps one of them from being mapped."""
    file = file or MappingFile("")
    rules = [rule for rule in file.courses if _picks_course(rule.selector, course)]
    used = frozenset(rule.line for rule in rules)
    if any(rule.ignore for rule in rules):
        return CourseMapping(course, "", rules_used=used)
    qualification_id, problems = _qualification(course, rules, qualifications, file.path)
    if not qualification_id:
        return CourseMapping(course, "", problems=tuple(problems), rules_used=used)
    reader = _Reader(
        course,
        qualifications[qualification_id],
        qualifications=qualifications,
        file=file,
        course_rule=_course_rule(rules),
        match_unit=match_unit,
    )
    mapped = [one for item in items if (one := reader.read(item))]
    sign_offs: list[SignOffBy] = [rule.sign_off for rule in rules if rule.sign_off]
    return CourseMapping(
        course,
        qualification_id,
        sign_offs[-1] if sign_offs else "assessor",
        tuple(mapped),
        (*problems, *reader.problems, *_left_over(reader, items, mapped)),
        tuple(reader.ignored),
        used | reader.rules_used,
    )


def map_courses(
    courses: Iterable[tuple[LmsCourse, Sequence[LmsItem]]],
    qualifications: Mapping[str, Qualification],
    file: MappingFile | None = None,
    match_unit: MatchUnit | None = None,
) -> tuple[tuple[CourseMapping, ...], tuple[Problem, ...]]:
    """Every course's mapping, and the rules of the file that picked nothing in any of them."""
    mappings = tuple(map_course(course, items, qualifications, file, match_unit) for course, items in courses)
    return mappings, unused_rules(file, mappings) if file else ()


def unused_rules(file: MappingFile, mappings: Iterable[CourseMapping]) -> tuple[Problem, ...]:
    """A problem for each rule of the file that picked nothing in any of these courses (all the followed ones)."""
    used = {line for mapping in mappings for line in mapping.rules_used}
    kinds = [("[[course]]", rule.line) for rule in file.courses]
    kinds += [(f"[[{rule.kind.value}]]", rule.line) for rule in file.assignments]
    return tuple(
        Problem(
            "rule-matches-nothing",
            f"{file.path}, line {line}: this {kind} picks nothing.",
            "Compare its id, names and patterns with the LMS; it may have been renamed or deleted there.",
        )
        for kind, line in kinds
        if line not in used
    )


def gone_items(mappings: Iterable[CourseMapping], gone: Collection[str]) -> Iterator[Problem]:
    """A note for each mapped item that the LMS no longer shows: nobody can be graded there any more."""
    for mapping in mappings:
        for item in mapping.items:
            if item.item_id in gone:
                says = (
                    f"{mapping.course.short_name}, {item.name}: the LMS no longer shows it. What was graded on it "
                    f"stands, and whoever was not graded on it still waits for {item.text}."
                )
                step = (
                    "Restore it there, or give what takes its place the same ID number with a tail (#2). If nobody was "
                    f"graded on it, set ignore = true for id {item.item_id} in the mapping file."
                )
                yield Problem("item-gone", says, step, "", item.course_id, item.item_id, "note")


def kinds_asked(course: LmsCourse, file: MappingFile | None) -> frozenset[ItemKind]:
    """What beside assignments the mapping file asks to be read in a course: nothing, unless a rule picks the course."""
    rules = file.assignments if file else ()
    asked = {rule.kind for rule in rules if not rule.ignore and _picks_course(rule.course, course)}
    return frozenset(asked - {ItemKind.ASSIGNMENT})


def _picks_course(selector: Selector, course: LmsCourse) -> bool:
    return selector.picks(course.lms_id, course.short_name, course.id_number, course.full_name)


def _picks_item(rule: AssignmentRule, item: LmsItem) -> bool:
    return rule.item.picks(item.lms_id, "", item.id_number, item.name)


def _course_rule(rules: Iterable[CourseRule]) -> PassRule:
    merged = PassRule()
    for rule in rules:
        merged = rule.pass_rule.over(merged)
    return merged


def _qualification(
    course: LmsCourse, rules: Iterable[CourseRule], qualifications: Mapping[str, Qualification], path: str
) -> tuple[str, list[Problem]]:
    """The qualification a course is for: the file's word first, then its ID number's."""
    by_file: dict[str, int] = {}
    for rule in (rule for rule in rules if rule.qualification):
        try:
            by_file[parse_course(rule.qualification, qualifications) or ""] = rule.line
        except NotUnderstood as fault:
            return "", [_unknown_qualification(course, f"{path}, line {rule.line}: {fault.reason}", fault.nearest)]
    if "" in by_file:
        return "", [_unknown_qualification(course, f"{path}, line {by_file['']}: no such qualification.", "")]
    if len(by_file) > 1:
        lines = " and ".join(f"line {line} ({name})" for name, line in by_file.items())
        says = f"{course.short_name}: {path} gives it two qualifications, {lines}."
        return "", [Problem("rules-disagree", says, "Leave one of them.", course_id=course.lms_id)]
    named = next(iter(by_file), "")
    try:
        by_id_number = parse_course(course.id_number, qualifications) or ""
    except NotUnderstood as fault:
        return named, [] if named else [_unknown_qualification(course, fault.reason, fault.nearest)]
    if named and by_id_number and named != by_id_number:
        says = f"{course.short_name}: its ID number says {by_id_number}, {path} says {named}, which counts."
        return named, [Problem("file-overrides-id-number", says, course_id=course.lms_id, severity="note")]
    return named or by_id_number, []


def _unknown_qualification(course: LmsCourse, says: str, nearest: str) -> Problem:
    step = "Correct it, or ask for the plugin that offers this qualification."
    return Problem("unknown-qualification", f"{course.short_name}: {says}", step, nearest, course.lms_id)


class _Reader:
    """Reads the items of one course one by one, keeping what it could not map and why."""

    def __init__(
        self,
        course: LmsCourse,
        qualification: Qualification,
        *,
        qualifications: Mapping[str, Qualification],
        file: MappingFile,
        course_rule: PassRule,
        match_unit: MatchUnit | None,
    ) -> None:
        self.course = course
        self.notation = notation(qualification)
        self.problems: list[Problem] = []
        self.ignored: list[str] = []
        self.unmapped: list[LmsItem] = []
        self.rules_used: frozenset[int] = frozenset()
        self._picked: dict[int, LmsItem] = {}
        self._qualifications = qualifications
        self._others: list[Notation] = []
        self._file = file
        self._rules = [rule for rule in file.assignments if _picks_course(rule.course, course)]
        self._course_rule = course_rule
        self._match_unit = match_unit

    def read(self, item: LmsItem) -> MappedItem | None:
        """What one item stands for, or ``None`` with the reason among the problems."""
        rules = [rule for rule in self._rules if rule.kind is item.kind and _picks_item(rule, item)]
        if not rules and item.kind is not ItemKind.ASSIGNMENT:
            return None
        self.rules_used |= {rule.line for rule in rules}
        self._note_several(rules, item)
        if any(rule.ignore for rule in rules):
            self.ignored.append(item.lms_id)
            return None
        said = self._by_file(item, rules) if any(rule.units for rule in rules) else self._by_id_number(item)
        if said is None:
            return None
        id_number, origin = said
        pass_rule = self._course_rule
        for rule in rules:
            pass_rule = rule.pass_rule.over(pass_rule)
        self._note_unknown_criteria(item, id_number)
        text = self.notation.format(replace(id_number, tail=""))
        targets = id_number.targets
        return MappedItem(item.lms_id, self.course.lms_id, item.name, targets, text, pass_rule, origin, item.kind)

    def report(
        self, item: LmsItem, code: str, says: str, step: str = "", near: str = "", *, note: bool = False
    ) -> None:
        """Keep a problem (or a note) about one item."""
        severity = "note" if note else "problem"
        subject = f"{self.course.short_name}, {item.name}: {says}"
        self.problems.append(Problem(code, subject, step, near, self.course.lms_id, item.lms_id, severity))

    def _by_file(self, item: LmsItem, rules: Sequence[AssignmentRule]) -> tuple[IdNumber, Origin] | None:
        saying = [rule for rule in rules if rule.units]
        read = [self._parse(item, rule.units, f"{self._file.path}, line {rule.line}: ") for rule in saying]
        if None in read:
            return None
        said = [one.targets for one in read if one]
        if any(targets != said[0] for targets in said):
            lines = ", ".join(str(rule.line) for rule in saying)
            self.report(item, "rules-disagree", f"{self._file.path} gives it different units in lines {lines}.",
                        "Leave one of them.")  # fmt: skip
            return None
        self._note_overridden(item, said[0])
        return IdNumber(said[0]), "mapping file"

    def _by_id_number(self, item: LmsItem) -> tuple[IdNumber, Origin] | None:
        if split_tail(item.id_number)[0]:
            read = self._parse(item, item.id_number)
            if len(item.id_number) >= ID_NUMBER_LIMIT:
                says = f"its ID number fills all {ID_NUMBER_LIMIT} characters, so its end may have been cut off."
                self.report(item, "id-number-full", says, "If so, map it in the mapping file.", note=True)
            return (read, "ID number") if read else None
        suggestion = self._match_unit and self._match_unit(self.notation.qualification, item)
        read = self._parse(item, suggestion, "a plugin suggests ") if suggestion else None
        if read is None:
            self.unmapped.append(item)
            return None
        self.report(item, "mapped-by-plugin", f"a plugin maps it to {self.notation.format(read)}.", note=True)
        return read, "plugin"

    def _parse(self, item: LmsItem, text: str, where: str = "") -> IdNumber | None:
        try:
            return self.notation.parse(text)
        except NotUnderstood as fault:
            elsewhere = [place for name in fault.unknown_units if (place := self._elsewhere(name))]
            code = "unit-not-in-qualification" if elsewhere else "not-understood"
            says = " ".join([f"{where}“{text}” was not understood.", fault.reason, *elsewhere])
            self.report(item, code, says, "Correct it; until then its grades decide nothing.", fault.nearest)
            return None

    def _elsewhere(self, name: str) -> str:
        """Where a unit that this qualification lacks is to be found, the body's own qualifications first."""
        ours = self.notation.qualification.awarding_body
        if not self._others:
            others = sorted(self._qualifications.values(), key=lambda other: (other.awarding_body != ours, other.id))
            self._others = [notation(other) for other in others]
        for other in self._others:
            if listed := other.unit(name):
                return f"{name} ({listed.unit.reference}, {listed.unit.title}) is a unit of {other.qualification.id}."
        return ""

    def _note_overridden(self, item: LmsItem, targets: tuple[Target, ...]) -> None:
        own = self.notation.read(item.id_number)
        if own and own.targets != targets:
            says = f"its ID number says {self.notation.format(own)}, {self._file.path} says otherwise, which counts."
            self.report(item, "file-overrides-id-number", says, note=True)

    def _note_several(self, rules: Iterable[AssignmentRule], item: LmsItem) -> None:
        for rule in rules:
            first = self._picked.setdefault(rule.line, item)
            if rule.item.literal and first is not item:
                says = f"line {rule.line} of {self._file.path} also picks {first.name} in this course."
                self.report(item, "rule-matches-several", says, "If only one is meant, select it by id.", note=True)

    def _note_unknown_criteria(self, item: LmsItem, id_number: IdNumber) -> None:
        units = [self.notation.by_reference(target.unit_reference) for target in id_number.targets if target.criteria]
        codes = ", ".join(listed.code for listed in units if listed.unit.criteria is None)
        if codes:
            says = f"the criteria of {codes} are unknown here; they are kept but cannot achieve the unit."
            self.report(item, "criteria-unknown", says, "Add the criteria, or map a whole-unit assignment.", note=True)


_COPY = re.compile(r"\s*(?:\((?:copy|\d+)\)|-?\s*copy)(?:\s*\(?\d+\)?)?\s*$|^\s*copy of\s+", re.IGNORECASE)


def _left_over(reader: _Reader, items: Iterable[LmsItem], mapped: Iterable[MappedItem]) -> Iterator[Problem]:
    """A line for each item that nothing maps; one that looks like a copy of a mapped item says of which."""
    originals: dict[str, MappedItem] = {}
    for one in mapped:
        originals.setdefault(_uncopied(one.name), one)
    taken = {folded(item.id_number) for item in items}
    for item in reader.unmapped:
        original = originals.get(_uncopied(item.name))
        subject = f"{reader.course.short_name}, {item.name}: "
        if original is None:
            says, step = "no ID number and no rule maps it.", "Map it, or leave it if no criteria rest on it."
            yield Problem("unmapped", subject + says, step, "", item.course_id, item.lms_id, "note")
            continue
        nearest = next(t for n in range(2, 1000) if folded(t := f"{original.text}#{n}") not in taken)
        taken.add(folded(nearest))
        says = f"{subject}it has no ID number and looks like a copy of {original.name} ({original.text})."
        step = (
            "If it stands for the same, give it the ID number below: the LMS refuses one ID number twice in a course."
        )
        yield Problem("looks-like-a-copy", says, step, nearest, item.course_id, item.lms_id)


def _uncopied(name: str) -> str:
    """A name without what a copy adds to it."""
    while (shorter := _COPY.sub("", name).strip()) != name.strip() and shorter:
        name = shorter
    return folded(name)
